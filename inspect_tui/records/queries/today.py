"""Today 今日: what waits, and what is wrong with the laptop."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records import times
from inspect_tui.records.model import Officer, Problem
from inspect_tui.records.queries.findings import FindingFilter, FindingLine, count_findings, list_findings
from inspect_tui.records.queries.inspections import InspectionLine, list_inspections
from inspect_tui.records.queries.tasks import TaskLine, list_tasks

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace

FREE_BYTES: Final = 1 << 30
CLOCK_SLACK_S: Final = 300
TASKS: Final = 50
_SYNCED: Final = "synced"


@dataclass(frozen=True, slots=True)
class Today:
    """What the first screen shows.

    Attributes:
        tasks: Tasks of the officer of this device that wait, the oldest due date first; at most 50.
        drafts: Inspections not submitted, or open for amendment, newest first.
        overdue: Findings past their due date, the oldest due date first; at most 50.
        overdue_count: How many there are, counted to 10,000.
        due_soon: The most urgent findings that fall due within seven days, today included.
        due_soon_count: How many of these there are, counted like the others.
        submitted_today: Inspections submitted today.
        conflicts: Cells in conflict.
        unsynced: Changesets of this device that no peer has been given yet.
        missing_photos: Photos whose bytes are not here.
        warnings: Storage and clock.
    """

    tasks: tuple[TaskLine, ...]
    drafts: tuple[InspectionLine, ...]
    overdue: tuple[FindingLine, ...]
    overdue_count: int
    due_soon: tuple[FindingLine, ...]
    due_soon_count: int
    submitted_today: int
    conflicts: int
    unsynced: int
    missing_photos: int
    warnings: tuple[Problem, ...]


def today(workspace: Workspace) -> Today:
    """What waits today, and what is wrong with the laptop."""
    late = FindingFilter(overdue=True)
    day = times.today()
    soon = FindingFilter(
        statuses=("open", "replied"),
        due_from=day.isoformat(),
        due_before=day.fromordinal(day.toordinal() + 7).isoformat(),
    )
    overdue_count = count_findings(workspace, late, at_most=10_000)
    start = times.stored(times.now().astimezone(times.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0))
    counts = workspace.select(
        "SELECT (SELECT count(*) FROM inspections WHERE state = 'submitted' AND state_at >= ? AND void_at IS NULL),"
        " (SELECT count(*) FROM conflicts), (SELECT count(*) FROM blobs WHERE state = 'missing')",
        start,
    )[0]
    return Today(
        tasks=tuple(
            list_tasks(workspace, states=("assigned", "started"), badge=workspace.officer.badge, limit=TASKS)
        ),
        drafts=tuple(list_inspections(workspace, states=("draft", "returned"), limit=100)),
        overdue=list_findings(workspace, late, sort="due_date", limit=50).lines,
        overdue_count=overdue_count,
        due_soon=list_findings(workspace, soon, sort="due_date", limit=20).lines,
        due_soon_count=count_findings(workspace, soon, at_most=10_000),
        submitted_today=counts[0],
        conflicts=counts[1],
        unsynced=unsynced(workspace),
        missing_photos=counts[2],
        warnings=tuple(laptop_warnings(workspace)),
    )


def unsynced(workspace: Workspace) -> int:
    """Changesets of this device that no peer has been given yet."""
    given = _given(workspace)
    return sum(max(0, seq - given.get(area, 0)) for area, seq in _own_tips(workspace).items())


def note_synced(workspace: Workspace) -> None:
    """Note that a peer now holds everything that this device wrote; call it after an exchange that sent all."""
    device = workspace.device
    workspace.replica.set_meta(_SYNCED, json.dumps({"device": device, "areas": _own_tips(workspace)}))


def _given(workspace: Workspace) -> dict[str, int]:
    """Area → how far a peer has what this device wrote: as was noted, or as somebody has signed for."""
    rows = workspace.select("SELECT value FROM meta WHERE key = ?", _SYNCED)
    said = json.loads(rows[0]["value"]) if rows else {}
    given: dict[str, int] = {}
    if said.get("device") == workspace.device:
        given = {str(area): int(seq) for area, seq in said["areas"].items()}
    if workspace.select("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'chain_receipts'"):
        query = "SELECT area, max(seq) FROM chain_receipts WHERE device = ? GROUP BY area"
        for area, seq in map(tuple, workspace.select(query, workspace.device)):
            given[area] = max(given.get(area, 0), int(seq))
    return given


def _own_tips(workspace: Workspace) -> dict[str, int]:
    rows = workspace.select(
        "SELECT chains.area, max(tips.seq) AS seq FROM tips JOIN chains ON chains.id = tips.chain"
        " WHERE chains.device = ? GROUP BY chains.area",
        workspace.device,
    )
    return {row["area"]: row["seq"] for row in rows}


def laptop_warnings(workspace: Workspace) -> list[Problem]:
    """Trouble ahead: a checklist left out, little free space, a clock that runs behind what this device wrote last."""
    problems = [Problem("catalogue", fault.zh, fault.en) for fault in workspace.catalogue.faults]
    free = shutil.disk_usage(workspace.folder).free
    if free < FREE_BYTES:
        mib = free >> 20
        problems.append(
            Problem(
                "storage",
                f"磁盘只剩 {mib} MiB，照片可能存不下；请腾出空间。",
                f"Only {mib} MiB are left on the disk, photos may not fit; free some space.",
            )
        )
    rows = workspace.select("SELECT json_extract(body, '$.header.time') AS time FROM log ORDER BY id DESC LIMIT 1")
    behind = int(rows[0]["time"]) / 1000 - times.now().timestamp() if rows else 0
    if behind > CLOCK_SLACK_S:
        problems.append(
            Problem(
                "clock",
                f"本机时钟比最近一条记录早 {round(behind / 60)} 分钟，请校准时间。",
                f"The clock is {round(behind / 60)} minutes behind the latest record; set it right.",
            )
        )
    return problems


def known_officers(workspace: Workspace, *, area: str | None = None) -> list[Officer]:
    """People met on inspections, to be offered when one starts; each badge once, by name."""
    condition, values = ("", []) if area is None else (" AND area = ?", [area])
    rows = workspace.select(
        f"SELECT DISTINCT name, badge FROM officers WHERE void_at IS NULL{condition} ORDER BY name, badge", *values
    )
    people: dict[str, Officer] = {}
    for row in rows:
        people.setdefault(row["badge"], Officer(row["name"], row["badge"]))
    return list(people.values())
