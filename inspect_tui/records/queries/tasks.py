"""Tasks as they are listed, each with the state that follows from the inspections.

A task is done when a submitted inspection names it; or one that names no task, has its site and checklist, and started
after it was made (it was recorded on a laptop that did not know of the task, or loaded from a file). It has begun when
such an inspection is there but not submitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records import times
from inspect_tui.records.model import Officer
from inspect_tui.records.queries.common import area_condition, area_name, checklist_title
from inspect_tui.records.rows import decoded
from inspect_tui.records.rules import badge_key
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task.

    Attributes:
        state: `assigned`, `started`, `done` or `cancelled`.
        due_date: The last day.
        overdue_days: Days since then while it waits; 0 otherwise.
        inspection: The visit that it led to, None before.
        note: What the supervisor wrote.
        draw: The draw that it came from.
        made_at: UTC.
        made_by: Badge number of who made it.
        cancelled: Why it was cancelled; empty where it was not.
    """

    id: str
    area: str
    area_name: Text
    site: str
    site_name: str
    site_void: bool
    checklist: str
    checklist_title: Text
    officers: tuple[Officer, ...]
    due_date: str
    overdue_days: int
    state: str
    inspection: str | None
    note: str
    draw: str | None
    made_at: str
    made_by: str
    cancelled: str
    conflict: bool


_VISIT: Final = (
    "(SELECT id FROM inspections WHERE (task = tasks.id OR (site = tasks.site AND task IS NULL"
    " AND checklist = tasks.checklist AND started_at >= tasks.made_at)) AND void_at IS NULL"
    " ORDER BY state = 'submitted' DESC, task IS NULL, started_at, id LIMIT 1)"
)
_STATE: Final = (
    "CASE WHEN tasks.void_at IS NOT NULL THEN 'cancelled' WHEN visits.state = 'submitted' THEN 'done'"
    " WHEN visits.id IS NOT NULL THEN 'started' ELSE 'assigned' END"
)
_QUERY: Final = (
    f"SELECT tasks.*, sites.name AS site_name, sites.void_at AS site_void, visits.id AS visit, {_STATE} AS state"
    f" FROM tasks LEFT JOIN sites ON sites.id = tasks.site LEFT JOIN inspections AS visits ON visits.id = {_VISIT}"
)
_OPEN: Final = frozenset({"assigned", "started"})


def list_tasks(
    workspace: Workspace,
    *,
    states: Sequence[str] = (),
    badge: str | None = None,
    site: str | None = None,
    area: str | None = None,
    draw: str | None = None,
    overdue: bool = False,
    limit: int | None = None,
) -> list[TaskLine]:
    """Tasks, the oldest due date first.

    Args:
        workspace: Where.
        states: Only these.
        badge: Only those of the officer with this badge number.
        site: Only those of this site.
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        draw: Only those of this draw.
        overdue: Only those that wait although their day is past.
        limit: At most so many.
    """
    conditions: list[str] = ["1"]
    values: list[object] = []
    wanted = set(states) or {"assigned", "started", "done", "cancelled"}
    if overdue:
        wanted &= _OPEN
        conditions.append("tasks.due_date < ?")
        values.append(times.today().isoformat())
    if "cancelled" not in wanted:
        conditions.append("tasks.void_at IS NULL")
    for column, value in (("site", site), ("draw", draw)):
        if value is not None:
            conditions.append(f"tasks.{column} = ?")
            values.append(value)
    if area is not None:
        condition, prefix = area_condition("tasks.area", area)
        conditions.append(condition)
        values.append(prefix)
    if badge is not None:
        # Recorded badge numbers are cleaned, so this lets at most too many through; they are compared below.
        conditions.append("instr(replace(upper(tasks.officers), '-', ''), ?)")
        values.append(f'"{badge_key(badge)}"')
    conditions.append(f"{_STATE} IN ({', '.join('?' * len(wanted))})")
    rows = workspace.select(
        f"{_QUERY} WHERE {' AND '.join(conditions)} ORDER BY tasks.due_date, tasks.id LIMIT ?",
        *values,
        *sorted(wanted),
        -1 if limit is None else limit,
    )
    lines = [_line(workspace, row) for row in rows]
    if badge is not None:
        key = badge_key(badge)
        lines = [line for line in lines if key and any(badge_key(one.badge) == key for one in line.officers)]
    return lines


def task_detail(workspace: Workspace, task_id: str) -> TaskLine:
    """One task.

    Raises:
        Refused: There is none.
    """
    rows = workspace.select(f"{_QUERY} WHERE tasks.id = ?", task_id)
    if not rows:
        raise Refused(
            f"没有编号为 {task_id[:60]} 的任务；请用 inspect-tui task list 查看。",
            f"There is no task {task_id[:60]}; see inspect-tui task list.",
        )
    return _line(workspace, rows[0])


def _line(workspace: Workspace, row: sqlite3.Row) -> TaskLine:
    due = times.day_or_none(row["due_date"])
    late = (times.today() - due).days if due is not None and row["state"] in _OPEN else 0
    return TaskLine(
        id=row["id"],
        area=row["area"],
        area_name=area_name(workspace, row["area"]),
        site=row["site"] or "",
        site_name=row["site_name"] or "",
        site_void=row["site_void"] is not None,
        checklist=row["checklist"] or "",
        checklist_title=checklist_title(workspace, row["checklist"] or ""),
        officers=_officers(row["officers"]),
        due_date=row["due_date"] or "",
        overdue_days=max(0, late),
        state=row["state"],
        inspection=row["visit"],
        note=row["note"] or "",
        draw=row["draw"],
        made_at=row["made_at"] or "",
        made_by=row["made_by"] or "",
        cancelled=row["void_reason"] or "",
        conflict=row["conflict"] is not None,
    )


def _officers(value: str | None) -> tuple[Officer, ...]:
    """What another device wrote in another shape is left out."""
    said = decoded(value, [])
    return tuple(
        Officer(str(one.get("name", "")), str(one.get("badge", "")))
        for one in (said if isinstance(said, list) else [])
        if isinstance(one, dict)
    )
