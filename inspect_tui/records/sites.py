"""Actions on sites 检查对象: add, edit, void, import a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times, uscc
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.model import ImportResult, Problem, RefusedByRules, SiteInput, TypedPosition
from inspect_tui.records.positions import box_problems, position_cell
from inspect_tui.records.rows import group, void
from inspect_tui.records.rules import MAX_LINE, clean_line, clean_text, has_control, site_problems
from inspect_tui.records.site_lists import read_sites
from inspect_tui.texts import Refused
from sync.ids import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row

COLUMNS: Final = (
    "name",
    "kind",
    "area",
    "address",
    "longitude",
    "latitude",
    "datum",
    "uscc",
    "responsible_party",
    "contact_phone",
)
"""Columns of an imported list; any further one is an attribute."""
_CHINESE: Final = {
    "名称": "name",
    "类型": "kind",
    "行政区": "area",
    "行政区代码": "area",
    "地址": "address",
    "经度": "longitude",
    "纬度": "latitude",
    "坐标系": "datum",
    "统一社会信用代码": "uscc",
    "责任单位": "responsible_party",
    "联系电话": "contact_phone",
}
_CELLS: Final = ("name", "kind", "address", "position", "uscc", "responsible_party", "attributes")


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
            if kept is None or workspace.replica.get_private(kept) != site.contact_phone:
                cells["contact_phone"] = workspace.replica.put_private(site.contact_phone)
        if cells:
            refuse_disputed(workspace, "sites", site_id, cells)
            workspace.write(row.area, [Edit("sites", site_id, cells, basis=row)])
    return sorted(cells)


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
    others = workspace.select(
        "SELECT id FROM sites WHERE name = ? AND area = ? AND id <> ? AND void_at IS NULL ORDER BY id LIMIT 5",
        row.values["name"],
        row.area,
        site_id,
    )
    if others:
        ids = ", ".join(other["id"] for other in others)
        problems.append(
            Problem(
                "same_name",
                f"本行政区已有同名对象 {ids}；如系重复登记，请作废其一。",
                f"The area has another site of that name, {ids}; void one of them if they are the same.",
                field="name",
            )
        )
    return problems


def import_sites(workspace: Workspace, file: Path) -> list[ImportResult]:
    """Record the sites of a CSV file, UTF-8, with a header of `COLUMNS` or their Chinese names.

    A row that names a site recorded before (same area, kind, name) is left alone; a row that fails is named and the
    others are taken. Each row is one changeset. Nothing is taken of a file that is no CSV from beginning to end.

    Raises:
        Refused: The file cannot be read, is no CSV, or its header lacks name or kind or names a column twice.
    """
    header, rows = read_sites(file)
    header = [_CHINESE.get(name, name) for name in header]
    if not {"name", "kind"} <= set(header):
        raise Refused(
            f"{file.name} 的表头须有 name（名称）和 kind（类型）列。",
            f"The header of {file.name} must have the columns name and kind.",
        )
    for column, name in enumerate(header):
        if name and name in header[:column]:
            first = header.index(name) + 1
            raise Refused(
                f"{file.name} 第 1 行：第 {first} 列和第 {column + 1} 列都是 {name}，请只留一列。",
                f"{file.name} line 1: columns {first} and {column + 1} are both {name}; keep one.",
            )
    results: list[ImportResult] = []
    for line, fields in rows:
        try:
            results.append(_import_row(workspace, line, header, fields))
        except RefusedByRules as refused:
            results.append(ImportResult(line, None, created=False, problems=refused.problems))
        except Refused as refused:
            results.append(
                ImportResult(line, None, created=False, problems=(Problem("refused", refused.zh, refused.en),))
            )
    return results


def _import_row(workspace: Workspace, line: int, header: list[str], fields: list[str]) -> ImportResult:
    _refuse_cells(header, fields)
    said = dict(zip(header, (field.strip() for field in fields), strict=False))
    site = tidy_site(workspace, _site_of(workspace, said))
    if (there := same_site(workspace, site)) is not None:
        return ImportResult(line, there, created=False)
    row = add_site(workspace, site, row=site_id_of(workspace, site))
    return ImportResult(line, row, created=True, problems=tuple(site_warnings(workspace, row)))


def _refuse_cells(header: list[str], fields: list[str]) -> None:
    """Raise Refused for what would be dropped or misread without a word; it names the column."""
    for column, field in enumerate(fields):
        name = header[column] if column < len(header) else ""
        if field.strip() and not name:
            raise Refused(
                f"第 {column + 1} 列“{field[:20]}”没有列名；请检查逗号和表头。",
                f"Column {column + 1}, “{field[:20]}”, has no name in the header; check commas and header.",
            )
        if "\n" in field or "\r" in field:
            raise Refused(
                f"第 {column + 1} 列 {name} 内有换行，可能缺了一个引号；请改成一行。",
                f"Column {column + 1}, {name}, holds a line break; a quote may be missing: make it one line.",
            )
        if has_control(field):
            raise Refused(
                f"第 {column + 1} 列 {name} 含有控制字符，请去掉。",
                f"Column {column + 1}, {name}, holds control characters; take them out.",
            )
        if len(field) > MAX_LINE:
            raise Refused(
                f"第 {column + 1} 列 {name} 超过 {MAX_LINE} 个字符，请缩短。",
                f"Column {column + 1}, {name}, is longer than {MAX_LINE} characters; shorten it.",
            )


def _site_of(workspace: Workspace, said: Mapping[str, str]) -> SiteInput:
    position = None
    if said.get("longitude") or said.get("latitude"):
        datum: Any = said.get("datum") or "WGS-84"
        position = TypedPosition(said.get("longitude", ""), said.get("latitude", ""), datum)
    return SiteInput(
        name=said.get("name", ""),
        kind=said.get("kind", ""),
        area=said.get("area") or workspace.config.area,
        address=said.get("address", ""),
        position=position,
        uscc=said.get("uscc", ""),
        responsible_party=said.get("responsible_party", ""),
        attributes={key: value for key, value in said.items() if key and key not in COLUMNS and value},
        contact_phone=said.get("contact_phone", ""),
    )
