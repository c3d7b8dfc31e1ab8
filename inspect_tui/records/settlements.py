"""Conflicts that were settled: how, by whom and why; and settling one differently.

A settlement cannot be undone, for the log forgets nothing; another one, with a reason of its own, stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.conflicts import row_title, settle
from inspect_tui.texts import Refused
from sync.changeset import canonical_value
from sync.replica import Conflict, Head, Row

if TYPE_CHECKING:
    import sqlite3

    from inspect_tui.records.workspace import Workspace
    from sync.replica import HistoryEntry


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One settlement in a list. `at` is UTC.

    Attributes:
        id: Row id in `resolutions`.
        version: Of the changeset that settled the conflict.
        current: Whether nobody has written the cell since.
    """

    id: str
    table: str
    row: str
    cell: str
    title: str
    reason: str
    at: str
    officer: str
    badge: str
    version: str
    current: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement with what was to choose from.

    Attributes:
        conflict: What both had seen, and each value, those that earlier settlements of the cell chose included.
        value: The value chosen.
        subject: The row as it stands, to be given back as `basis`.
        inspection: Row id of the inspection that it belongs to, for its photos.
        item: Id of its item.
        earlier: Settlements of the same cell before this one, the latest first.
    """

    line: SettlementLine
    conflict: Conflict
    value: Any
    subject: Row
    inspection: str | None
    item: str | None
    earlier: tuple[SettlementLine, ...]


_FIELDS: Final = "SELECT * FROM resolutions WHERE row_id IS NOT NULL AND table_name IS NOT NULL"


def list_settlements(workspace: Workspace, *, limit: int = 200, offset: int = 0) -> list[SettlementLine]:
    """Settled conflicts, the latest first."""
    rows = workspace.select(f"{_FIELDS} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?", limit, offset)
    return [line for row in rows if (line := _line(workspace, row)) is not None]


def _line(workspace: Workspace, row: sqlite3.Row) -> SettlementLine | None:
    table = row["table_name"]
    subject = workspace.replica.row(table, row["row_id"]) if table in workspace.replica.schema.by_name else None
    if subject is None:
        return None
    return SettlementLine(
        id=row["id"],
        table=table,
        row=row["row_id"],
        cell=row["cell_name"] or "",
        title=row_title(workspace, subject),
        reason=row["reason"] or "",
        at=row["at"] or "",
        officer=row["officer"] or "",
        badge=row["badge"] or "",
        version=row["created"],
        current=subject.seen(row["cell_name"] or "") == [row["created"]],
    )


def settlement(workspace: Workspace, row_id: str) -> Settlement:
    """One settled conflict with its values.

    Raises:
        Refused: There is none, or what it settled is not here.
    """
    rows = workspace.select(f"{_FIELDS} AND id = ?", row_id)
    line = _line(workspace, rows[0]) if rows else None
    if line is None:
        raise Refused(f"没有已解决的冲突 {row_id[:80]}。", f"There is no settled conflict {row_id[:80]}.")
    subject = workspace.row(line.table, line.row)
    # a settlement and an ordinary change of the row may share a version; the one with the cell says its value
    entries = [
        one for one in workspace.replica.history(line.row) if one.table == line.table and line.cell in one.set
    ]
    history = {one.version: one for one in entries}
    others = [one for each in _of_cell(workspace, line) if (one := _line(workspace, each)) is not None]
    settled = {one.version for one in others}
    settling = history.get(line.version)
    if settling is None:
        raise Refused(f"没有已解决的冲突 {row_id[:80]}。", f"There is no settled conflict {row_id[:80]}.")
    return Settlement(
        line=line,
        conflict=_conflict(line, history, settling, settled),
        value=settling.set[line.cell],
        subject=subject,
        inspection=subject.id if line.table == "inspections" else subject.values.get("inspection"),
        item=subject.values.get("item"),
        earlier=tuple(one for one in others if (one.at, one.id) < (line.at, line.id)),
    )


def _of_cell(workspace: Workspace, line: SettlementLine) -> list[sqlite3.Row]:
    return workspace.select(
        f"{_FIELDS} AND table_name = ? AND row_id = ? AND cell_name = ? ORDER BY at DESC, id DESC",
        line.table,
        line.row,
        line.cell,
    )


def _conflict(
    line: SettlementLine, history: dict[str, HistoryEntry], settling: HistoryEntry, settled: set[str]
) -> Conflict:
    """What was to choose from, through all earlier settlements back to the values in conflict; each value once."""
    heads: dict[bytes, Head] = {}
    bases: set[str] | None = None
    pending, met = [settling.version], set()
    while pending:
        version = pending.pop()
        entry = history.get(version)
        if entry is None or version in met:
            continue
        met.add(version)
        value = entry.set[line.cell]
        head = Head(version, value, entry.time_ms, entry.device, entry.device_name, entry.officer)
        known = heads.setdefault(canonical_value(value), head)
        if version in settled:
            pending += entry.seen.get(line.cell, ())
            continue
        if known.version in settled:
            # whoever recorded a value comes before who chose it
            heads[canonical_value(value)] = head
        seen = set(entry.seen.get(line.cell, ()))
        bases = seen if bases is None else bases & seen
    base = next((history[one].set[line.cell] for one in sorted(bases or ()) if one in history), None)
    ordered = sorted(heads.values(), key=lambda one: (one.time_ms, one.version), reverse=True)
    return Conflict(line.table, line.row, line.cell, base, ordered)


def settle_again(
    workspace: Workspace,
    row_id: str,
    *,
    version: str | None = None,
    value: Any = None,
    reason: str = "",
    basis: Row | None = None,
) -> None:
    """Settle a settled conflict differently; the earlier settlement stays in the log and in the list.

    Args:
        workspace: Where.
        row_id: Of the settlement.
        version: The version whose value is right; None: `value` is.
        value: As for `conflicts.resolve`.
        reason: Why; never empty.
        basis: The row as the officer saw it.

    Raises:
        RefusedByRules: `value` breaks a rule.
        Refused: No reason, no such settlement, the value stands already, the cell is in conflict again, or somebody has
            changed it since.
    """
    with workspace.writing():
        found = settlement(workspace, row_id)
        line = found.line
        if line.cell in found.subject.conflict:
            raise Refused(
                "该单元格又有冲突，请先解决冲突。", "The cell is in conflict again; settle the conflict itself."
            )
        if not line.current:
            raise Refused(
                "解决之后该单元格又改过，不能再重新解决；请直接修改。",
                "The cell was changed since it was settled; change it in the usual way.",
            )
        chosen = [head.value for head in found.conflict.heads if head.version == version]
        if chosen and canonical_value(chosen[0]) == canonical_value(found.value):
            raise Refused("当前就是这一取值。", "That is the value as it stands.")
        settle(workspace, found.conflict, version=version, value=value, reason=reason, basis=basis)
