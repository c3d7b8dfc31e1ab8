"""Actions on sites 检查对象: add, edit, void."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times, uscc
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.model import (
    RISK_CLASSES,
    Problem,
    RefusedByRules,
    SiteInput,
)
from inspect_tui.records.positions import box_problems, position_cell
from inspect_tui.records.rows import group, void
from inspect_tui.records.rules import clean_line, clean_text, site_problems
from inspect_tui.texts import Refused
from sync.ids import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


def tidy_site(workspace: Workspace, said: SiteInput) -> SiteInput:
    """`said` with every text cleaned.

    Raises:
        RefusedByRules: No name, an area code or credit code that fails its check, an unknown kind of site.
        Refused: A text is too long or not Unicode.
    """
    site = replace(
        said,
        name=clean_line(said.name),
        kind=clean_line(said.kind),
        area=clean_line(said.area),
        address=clean_line(said.address),
        uscc=uscc.tidy(clean_line(said.uscc)),
        responsible_party=clean_line(said.responsible_party),
        attributes=tidy_attributes(said.attributes),
        contact_phone=clean_line(said.contact_phone),
        risk_class=risk_class_of(said.risk_class),
    )
    problems = site_problems(site)
    if site.kind not in workspace.catalogue.kinds:
        known = "、".join(f"{kind.id}（{kind.title.zh}）" for kind in workspace.catalogue.kinds.values())
        problems.append(
            Problem(
                "kind",
                f"没有对象类型“{site.kind[:40]}”；现有：{known}。",
                f"There is no kind of site “{site.kind[:40]}”; known are {', '.join(workspace.catalogue.kinds)}.",
                field="kind",
            )
        )
    else:
        problems += _attribute_problems(workspace, site)
    if problems:
        raise RefusedByRules(problems)
    return site


_RISK_WORDS: Final = {
    word: code
    for code, title in RISK_CLASSES.items()
    for word in (code, title.zh, f"{title.zh}风险", f"{title.zh}风险等级")
}


def risk_class_of(text: str) -> str:
    """`high`, `medium` or `low`, however it is written (高, 高风险, High); empty where nothing is said.

    Raises:
        RefusedByRules: It is none of them.
    """
    word = clean_line(text).casefold()
    if not word or word in _RISK_WORDS:
        return _RISK_WORDS.get(word, "")
    listed = "、".join(f"{code}（{title.zh}）" for code, title in RISK_CLASSES.items())
    raise RefusedByRules(
        [
            Problem(
                "risk_class",
                f"风险等级不能是“{word[:20]}”；可选：{listed}，未定则留空。",
                f"The risk class cannot be “{word[:20]}”; one of {', '.join(RISK_CLASSES)}, or empty if not graded.",
                field="risk_class",
            )
        ]
    )


def tidy_attributes(said: Mapping[str, str]) -> dict[str, str]:
    """Names and values cleaned; those without a value are left out.

    Raises:
        Refused: One has no name, or two have the same.
    """
    cleaned: dict[str, str] = {}
    for key, value in said.items():
        name, text = clean_line(key), clean_line(value)
        if not text:
            continue
        if not name:
            raise Refused(f"属性值“{text[:20]}”没有名称。", f"The attribute value “{text[:20]}” has no name.")
        if name in cleaned:
            raise Refused(
                f"属性 {name[:40]} 给了两次，请只给一次。",
                f"The attribute {name[:40]} is given twice; give it once.",
            )
        cleaned[name] = text
    return cleaned


def _attribute_problems(workspace: Workspace, site: SiteInput) -> list[Problem]:
    """A value that the kind's attribute does not offer would silently select no limit."""
    kind = workspace.catalogue.kinds[site.kind]
    problems = []
    for name, value in site.attributes.items():
        attribute = kind.attribute(name)
        if attribute is None or not attribute.values or value in {allowed.id for allowed in attribute.values}:
            continue
        listed = "、".join(f"{allowed.id}（{allowed.title.zh}）" for allowed in attribute.values)
        problems.append(
            Problem(
                "attribute",
                f"{attribute.title.zh}不能是“{value[:40]}”；可选：{listed}。",
                f"{name} cannot be “{value[:40]}”; one of {', '.join(allowed.id for allowed in attribute.values)}.",
                field=f"attributes.{name}",
            )
        )
    return problems


def site_cells(site: SiteInput) -> dict[str, Any]:
    """Cell → value for a cleaned site, but for private values.

    Raises:
        Refused: The position is no position.
    """
    cells: dict[str, Any] = {
        "name": site.name,
        "kind": site.kind,
        "address": site.address or None,
        "uscc": site.uscc or None,
        "responsible_party": site.responsible_party or None,
        "risk_class": site.risk_class or None,
        "attributes": dict(site.attributes),
    }
    if site.position is not None:
        cells["position"] = position_cell(site.position)
    return cells


def add_site(workspace: Workspace, said: SiteInput, *, row: str | None = None) -> str:
    """Record a new site.

    Args:
        workspace: Where.
        said: What is known about it.
        row: Its id; a new one unless given.

    Returns:
        Its row id.

    Raises:
        RefusedByRules: As `tidy_site` says.
        Refused: A text or the position cannot be taken.
    """
    from sync.replica import Edit

    site = tidy_site(workspace, said)
    cells = site_cells(site)
    row = row or new_id()
    with workspace.writing():
        if site.contact_phone:
            cells["contact_phone"] = workspace.replica.put_private(site.contact_phone)
        workspace.write(site.area, [Edit("sites", row, cells)])
    return row


def edit_site(workspace: Workspace, site_id: str, said: SiteInput, *, basis: Row | None = None) -> list[str]:
    """Change what is known about a site; only cells that differ are written.

    Args:
        workspace: Where.
        site_id: Row id.
        said: All of it as it should be; an empty phone and a missing position leave what is recorded.
        basis: The row as the officer saw it; without it, as it is now.

    Returns:
        The cells that changed.

    Raises:
        RefusedByRules: As `tidy_site` says, or the area differs: a row never leaves its area.
        Refused: There is no such site, or it is void.
    """
    from sync.replica import Edit

    with workspace.writing():
        row = basis or workspace.row("sites", site_id)
        refuse_void(row)
        site = tidy_site(workspace, said)
        if site.area != row.area:
            raise Refused(
                f"对象属于行政区 {row.area}，不能改到 {site.area}；请作废后新建。",
                f"The site belongs to area {row.area} and cannot move to {site.area}; void it and record a new one.",
            )
        cells = {cell: value for cell, value in site_cells(site).items() if value != _recorded(row, cell)}
        if site.contact_phone:
            kept = row.values["contact_phone"]
            if kept is None or workspace.replica.get_private(kept, ask=True) != site.contact_phone:
                cells["contact_phone"] = workspace.replica.put_private(site.contact_phone)
        if cells:
            refuse_disputed(workspace, "sites", site_id, cells)
            workspace.write(row.area, [Edit("sites", site_id, cells, basis=row)])
    return sorted(cells)


def grade_site(workspace: Workspace, site_id: str, risk_class: str) -> None:
    """Give a site its risk class; empty takes it away.

    Raises:
        RefusedByRules: It is none.
        Refused: There is no such site, it is void, or its class is in conflict.
    """
    from sync.replica import Edit

    graded = risk_class_of(risk_class) or None
    with workspace.writing():
        row = workspace.row("sites", site_id)
        refuse_void(row)
        refuse_disputed(workspace, "sites", site_id, ["risk_class"])
        if row.values["risk_class"] != graded:
            workspace.write(row.area, [Edit("sites", site_id, {"risk_class": graded}, basis=row)])


def _recorded(row: Row, cell: str) -> Any:
    if cell == "position":
        return group("sites", "position", {name: row.values[name] for name in _POSITION})
    value = row.values[cell]
    return {} if cell == "attributes" and value is None else value


_POSITION: Final = (
    "longitude",
    "latitude",
    "datum",
    "position_source",
    "typed_longitude",
    "typed_latitude",
    "typed_datum",
)


def void_site(workspace: Workspace, site_id: str, reason: str) -> None:
    """Void a site; it stays in the log, and so do its inspections.

    Raises:
        Refused: No reason, no such site, or void already.
    """
    void_row(workspace, "sites", site_id, reason)


def void_row(workspace: Workspace, table: str, row_id: str, reason: str) -> None:
    """Void a row of any table, naming every head that the voiding covers.

    Raises:
        Refused: No reason, no such row, or void already.
    """
    from sync.replica import Edit

    reason = clean_text(reason)
    if not reason:
        raise Refused("作废须写明理由。", "Voiding needs a reason.")
    with workspace.writing():
        row = workspace.row(table, row_id)
        refuse_disputed(workspace, table, row_id, ["void"])
        refuse_void(row)
        cell = void(reason, times.stored(times.now()), workspace.config.badge)
        workspace.write(row.area, [Edit(table, row_id, {"void": cell}, covers_row=True)])


def refuse_void(row: Row) -> None:
    """Raise Refused when the row is void."""
    if row.values.get("void_at"):
        raise Refused(
            f"该记录已作废（{row.values['void_reason']}）。", f"This record is void ({row.values['void_reason']})."
        )


def same_site(workspace: Workspace, site: SiteInput) -> str | None:
    """The row id of a site recorded before under the same area, kind and name, not void; the oldest of several."""
    rows = workspace.select(
        "SELECT id FROM sites WHERE name = ? AND area = ? AND kind = ? AND void_at IS NULL ORDER BY id LIMIT 1",
        site.name,
        site.area,
        site.kind,
    )
    return rows[0]["id"] if rows else None


def site_id_of(workspace: Workspace, site: SiteInput) -> str:
    """The row id of a site that comes from a list: the same on every laptop, a new one where that row is void."""
    row = derived_id("site", site.area, site.kind, site.name)
    return row if workspace.replica.row("sites", row) is None else new_id()


def site_warnings(workspace: Workspace, site_id: str) -> list[Problem]:
    """What somebody should look at in a recorded site; none of it stops anybody.

    Its area is not in the catalogue, it lies outside its area, or another site of the area has its name.

    Raises:
        Refused: There is no such site.
    """
    row = workspace.row("sites", site_id)
    area = workspace.catalogue.areas.get(row.area)
    problems = box_problems(area, row.values)
    if area is None:
        problems.append(
            Problem(
                "area_unknown",
                f"行政区代码 {row.area} 不在目录中，请核对。",
                f"The area code {row.area} is not in the catalogue; check it.",
                field="area",
            )
        )
    from inspect_tui.records.same_sites import site_groups

    one = set(site_groups(workspace).group(site_id))
    rows = workspace.select(
        "SELECT id FROM sites WHERE name = ? AND area = ? AND id <> ? AND void_at IS NULL ORDER BY id LIMIT 50",
        row.values["name"],
        row.area,
        site_id,
    )
    others = [other["id"] for other in rows if other["id"] not in one][:5]
    if others:
        ids = ", ".join(others)
        problems.append(
            Problem(
                "same_name",
                f"本行政区已有同名对象 {ids}；如系同一对象，请归并（site same）。",
                f"The area has another site of that name, {ids}; join them if they are the same (site same).",
                field="name",
            )
        )
    return problems
