"""Conflicts 冲突: two devices changed one cell to different values, neither having seen the other's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.rules import clean_text
from inspect_tui.records.tables import SCHEMA
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
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
        views.append(ConflictView(conflict, row, _title(workspace, row), inspection, row.values.get("item")))
    return views


def _title(workspace: Workspace, row: Row) -> str:
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
    ]
    return " ".join(part for part in parts if part) or row.id


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

    Args:
        workspace: Where.
        table: Of the row.
        row_id: The row.
        cell: The cell in conflict.
        version: The version whose value is right; None: `value` is, a map of all its columns for a group.
        value: The right value, where it is neither of those recorded.
        reason: Why.
        basis: The row as the officer saw it; a value that came since stays in conflict.

    Raises:
        Refused: The cell is not in conflict, has no such version, or `value` does not fit it.
    """
    from sync.replica import Edit
    from sync.tables import ShapeError, flatten

    with workspace.writing():
        found = next(
            (
                one
                for one in workspace.replica.conflicts()
                if (one.table, one.row, one.cell) == (table, row_id, cell)
            ),
            None,
        )
        if found is None:
            raise Refused(
                "该单元格没有冲突，可能已解决。", "This cell is not in conflict; it may be settled already."
            )
        if version is not None:
            chosen = [head.value for head in found.heads if head.version == version]
            if not chosen:
                raise Refused("没有这一版本。", "There is no such version.")
            value = chosen[0]
        try:
            flatten(SCHEMA.by_name[table], {cell: value})
        except ShapeError as error:
            raise Refused(f"取值不适合 {cell}。", f"The value does not fit {cell}.") from error
        row = workspace.row(table, row_id)
        said = {
            "target": {"table_name": table, "row_id": row_id, "cell_name": cell},
            "reason": clean_text(reason) or None,
            "at": times.stored(times.now()),
            "people": {"officer": workspace.officer.name, "badge": workspace.officer.badge},
        }
        edits = [Edit(table, row_id, {cell: value}, basis=basis), Edit("resolutions", new_id(), said)]
        workspace.write(row.area, edits)
