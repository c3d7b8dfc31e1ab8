"""Conflicts 冲突: two devices changed one cell to different values, neither having seen the other's."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.finding_rules import RECHECK_FAILED
from inspect_tui.records.model import RefusedByRules
from inspect_tui.records.rules import clean_text
from inspect_tui.records.tables import SCHEMA
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Conflict, Row


@dataclass(frozen=True, slots=True)
class ConflictView:
    """One conflict as people look at it.

    Attributes:
        conflict: The cell, what both had seen, and each value with who wrote it and when.
        row: The row as it stands, to be given back as `basis`.
        title: What the row is about: name of the site, item, description.
        inspection: Row id of the inspection that it belongs to, for its photos.
        item: Id of its item.
    """

    conflict: Conflict
    row: Row
    title: str
    inspection: str | None
    item: str | None


def list_conflicts(workspace: Workspace) -> list[ConflictView]:
    """Every cell in conflict, with all its values."""
    views: list[ConflictView] = []
    for conflict in workspace.replica.conflicts():
        row = workspace.replica.row(conflict.table, conflict.row)
        if row is None:
            continue
        inspection = row.id if conflict.table == "inspections" else row.values.get("inspection")
        views.append(ConflictView(conflict, row, row_title(workspace, row), inspection, row.values.get("item")))
    return views


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """One conflict in a list; `values` is how many there are to choose from."""

    table: str
    row: str
    cell: str
    title: str
    values: int


def conflict_lines(workspace: Workspace, *, limit: int = 200, offset: int = 0) -> list[ConflictLine]:
    """The cells in conflict without their values, which takes no longer for a long history."""
    found = workspace.select(
        "SELECT tbl, row, cell FROM conflicts ORDER BY tbl, row, cell LIMIT ? OFFSET ?", limit, offset
    )
    lines: list[ConflictLine] = []
    for table, row_id, cell in map(tuple, found):
        row = workspace.replica.row(table, row_id)
        if row is not None:
            lines.append(ConflictLine(table, row_id, cell, row_title(workspace, row), len(row.seen(cell))))
    return lines


def conflict_view(workspace: Workspace, table: str, row_id: str, cell: str) -> ConflictView:
    """One conflict with all its values.

    Raises:
        Refused: The cell is in none.
    """
    conflict = _find(workspace, table, row_id, cell)
    if conflict is None:
        raise _none()
    row = workspace.row(table, row_id)
    inspection = row.id if table == "inspections" else row.values.get("inspection")
    return ConflictView(conflict, row, row_title(workspace, row), inspection, row.values.get("item"))


def row_title(workspace: Workspace, row: Row) -> str:
    """What a row is about: site, item, description, day; its id where nothing says so."""
    if row.table == "same_sites":
        pair = [workspace.replica.row("sites", row.values[name] or "") for name in ("kept", "joined")]
        return " = ".join(site.values["name"] or site.id for site in pair if site is not None) or row.id
    if row.table in {"follow_ups", "photos"} and row.values.get("finding"):
        finding = workspace.replica.row("findings", row.values["finding"])
        if finding is not None and not row.values.get("file_name"):
            return row_title(workspace, finding)
    site = row if row.table == "sites" else None
    if site is None and row.values.get("site"):
        site = workspace.replica.row("sites", row.values["site"])
    if site is None and row.values.get("inspection"):
        inspection = workspace.replica.row("inspections", row.values["inspection"])
        site = workspace.replica.row("sites", inspection.values["site"] or "") if inspection is not None else None
    parts = [
        site.values["name"] if site is not None else None,
        row.values.get("item"),
        row.values.get("description"),
        row.values.get("file_name"),
        times.shown(row.values["started_at"])[:10] if row.table == "inspections" else None,
    ]
    return " ".join(part for part in parts if part) or row.id


def refuse_disputed(workspace: Workspace, table: str, row_id: str, cells: Iterable[str]) -> None:
    """Refuse to write a cell in conflict: whoever writes it would settle what nobody was shown.

    Raises:
        Refused: One of the cells is in conflict; the sentence gives its values and the command that settles it.
    """
    row = workspace.replica.row(table, row_id)
    disputed = sorted(set(cells) & set(row.conflict)) if row is not None else []
    if not disputed:
        return
    cell = disputed[0]
    found = _find(workspace, table, row_id, cell)
    heads = [] if found is None else found.heads
    shown = [f"{letter}={_short(table, cell, head.value)}" for letter, head in zip(LETTERS, heads, strict=False)]
    command = f"inspect-tui conflict resolve {table} {row_id} {cell}"
    raise Refused(
        f"{cell} 有冲突未解决（{'；'.join(shown)}），未作改动；请先解决：{command} a|b --reason 理由。",
        f"{cell} is in conflict ({'; '.join(shown)}) and was left as it is; settle it first: {command} a|b --reason WHY.",
    )


LETTERS: Final = string.ascii_lowercase
"""How the values of a conflict are called, the one shown first."""


def _short(table: str, cell: str, value: Any) -> str:
    known = SCHEMA.by_name[table].by_name.get(cell)
    if isinstance(value, dict) and known is not None and known.columns:
        text = ", ".join(str(value[name]) for name in known.column_names() if value.get(name) is not None)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


_SHORT: Final = 60


def _find(workspace: Workspace, table: str, row_id: str, cell: str) -> Conflict | None:
    return workspace.replica.conflict(table, row_id, cell)


def _none() -> Refused:
    return Refused("该单元格没有冲突，可能已解决。", "This cell is not in conflict; it may be settled already.")


def resolve(
    workspace: Workspace,
    table: str,
    row_id: str,
    cell: str,
    *,
    version: str | None = None,
    value: Any = None,
    reason: str = "",
    basis: Row | None = None,
) -> None:
    """Settle a conflict: a change that has seen all its values, and why, in one changeset.

    A voiding that is chosen covers everything that the row holds by now. One that is taken back gives a finding the
    status that it had before.

    Args:
        workspace: Where.
        table: Of the row.
        row_id: The row.
        cell: The cell in conflict.
        version: The version whose value is right; None: `value` is, a map of all its columns for a group.
        value: The right value, where it is neither of those recorded; held to the rules of the action that writes it.
        reason: Why; never empty.
        basis: The row as the officer saw it; a value that came since stays in conflict.

    Raises:
        RefusedByRules: `value` breaks a rule.
        Refused: No reason, the cell is not in conflict, has no such version, or `value` does not fit it.
    """
    with workspace.writing():
        found = _find(workspace, table, row_id, cell)
        if found is None:
            raise _none()
        settle(workspace, found, version=version, value=value, reason=reason, basis=basis)


def settle(
    workspace: Workspace, found: Conflict, *, version: str | None, value: Any, reason: str, basis: Row | None
) -> None:
    """Write the value of a cell that several people gave, and why, in one changeset; inside `writing`.

    Raises:
        RefusedByRules: As `resolve`.
        Refused: As `resolve`.
    """
    from inspect_tui.records.cell_values import checked_value
    from inspect_tui.records.findings import latest_recheck_failed
    from sync.replica import Edit

    table, row_id, cell = found.table, found.row, found.cell
    reason = clean_text(reason)
    if not reason:
        raise Refused("解决冲突须写明理由（--reason）。", "Settling a conflict needs a reason (--reason).")
    if cell not in SCHEMA.by_name[table].by_name:
        raise Refused(
            "同一记录在两个行政区各登记了一次，不能选择取值；请由管理员核对两台设备。",
            "The row was created in two areas, which no choice settles; an administrator has to look at both devices.",
        )
    row = workspace.row(table, row_id)
    if version is not None:
        chosen = [head.value for head in found.heads if head.version == version]
        if not chosen:
            raise Refused("没有这一版本。", "There is no such version.")
        value = chosen[0]
    else:
        value = checked_value(workspace, row, cell, value)
    if _closes(found, value) and latest_recheck_failed(workspace, row):
        raise RefusedByRules([RECHECK_FAILED])
    cells = {cell: value}
    if (table, cell, value) == ("findings", "void", None):
        cells |= _status_before(workspace, row)
    said = {
        "target": {"table_name": table, "row_id": row_id, "cell_name": cell},
        "reason": reason,
        "at": times.stored(times.now()),
        "people": {"officer": workspace.officer.name, "badge": workspace.officer.badge},
    }
    covers = cell == "void" and value is not None
    edits = [Edit(table, row_id, cells, basis=basis, covers_row=covers), Edit("resolutions", new_id(), said)]
    workspace.write(row.area, edits)


def _closes(found: Conflict, value: Any) -> bool:
    """Whether a value closes a finding that not all values of the conflict close: these can only be settled as closed."""
    if (found.table, found.cell) != ("findings", "status"):
        return False
    statuses = {(head.value or {}).get("status") for head in found.heads}
    return (value or {}).get("status") == "closed" and statuses != {"closed"}


def _status_before(workspace: Workspace, row: Row) -> dict[str, Any]:
    """The status cell as it was before a finding was voided; nothing where its status is not void, or in conflict."""
    if row.values["status"] != "void" or "status" in row.conflict:
        return {}
    history = {entry.version: entry for entry in workspace.replica.history(row.id) if "status" in entry.set}
    voiding = history.get(row.seen("status")[0])
    before = [history[one] for one in (voiding.seen.get("status", ()) if voiding else ()) if one in history]
    return {"status": before[0].set["status"]} if before else {}


def typed_value(table: str, cell: str, text: str) -> Any:
    """A value as it is typed for a cell: JSON for a group of columns or a list, else the text itself.

    Raises:
        Refused: There is no such cell, or the text is no JSON.
    """
    place = SCHEMA.by_name.get(table)
    known = place.by_name.get(cell) if place is not None else None
    if known is None:
        raise Refused(f"没有单元格 {table} {cell}。", f"There is no cell {table} {cell}.")
    if not known.columns and known.kind != "json":
        return text or None
    try:
        return json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        names = ", ".join(known.column_names()) if known.columns else ""
        zh, en = (f"，字段 {names}", f" with the keys {names}") if names else ("", "")
        raise Refused(f"{cell} 的取值须写成 JSON{zh}。", f"{cell} takes JSON{en}.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise Refused("JSON 中有重复的字段，请只写一次。", "A key stands twice in the JSON; write it once.")
    return said


def heads_in_conflict(workspace: Workspace) -> dict[tuple[str, str, str], frozenset[str]]:
    """The versions in conflict, by table, row and cell: held against those of another time, they tell what joined."""
    return {
        (one.table, one.row, one.cell): frozenset(head.version for head in one.heads)
        for one in workspace.replica.conflicts()
    }
