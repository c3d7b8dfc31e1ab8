"""Findings as they are listed: any number of rows, read by pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from inspect_tui.records import times
from inspect_tui.records.duties import finding_duties
from inspect_tui.records.finding_rules import overdue_days
from inspect_tui.records.queries.common import area_condition, area_name, like
from inspect_tui.records.queries.photos import PhotoLine, list_photos
from inspect_tui.records.rows import decoded

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3

    from inspect_tui.records.model import Problem
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text
    from sync.replica import Row

Sort = Literal["newest", "oldest", "due_date", "severity", "site", "status"]


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings to show; what is empty does not filter.

    Attributes:
        words: Each must stand in description, item, title, site's name or id.
        statuses: Any of these.
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        due_from: ISO date; due on or after it.
        due_before: ISO date; due on or before it.
        overdue: Waiting for correction and past the due date.
        include_void: Also voided ones.
    """

    words: str = ""
    statuses: tuple[str, ...] = ()
    severity: str | None = None
    area: str | None = None
    site: str | None = None
    inspection: str | None = None
    item: str | None = None
    disposal: str | None = None
    due_from: str | None = None
    due_before: str | None = None
    overdue: bool = False
    conflict: bool = False
    include_void: bool = True


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in a list. Times are UTC, days ISO dates."""

    id: str
    area: str
    inspection: str
    site: str
    site_name: str
    item: str
    item_title: str
    item_title_en: str
    severity: str
    description: str
    competent_authority: str
    disposal: str
    transfer_to: str | None
    status: str
    found_at: str
    due_date: str | None
    closed_at: str | None
    overdue_days: int
    conflict: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Some findings, and where the next ones begin.

    Attributes:
        next: For `after` of the next page; None at the end.
    """

    lines: tuple[FindingLine, ...]
    next: tuple[object, str] | None


@dataclass(frozen=True, slots=True)
class FollowUpLine:
    """One event in the life of a finding."""

    id: str
    kind: str
    at: str
    officer: str
    badge: str
    text: str
    result: str | None
    new_due_date: str | None
    status: str
    photos: tuple[PhotoLine, ...]


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """Everything about one finding.

    Attributes:
        row: The row as it stands, to be given back as `basis` of a change.
        photos: Those of the item and of the finding itself.
        duties: What marks it because one person did what two should.
    """

    line: FindingLine
    row: Row
    area_name: Text
    follow_ups: tuple[FollowUpLine, ...]
    photos: tuple[PhotoLine, ...]
    duties: tuple[Problem, ...]


_COLUMNS: Final = (
    "findings.id, findings.area, findings.inspection, findings.site, sites.name AS site_name, findings.item,"
    " item_title, item_title_en, severity, description, competent_authority, disposal, transfer_to, status, found_at,"
    " due_date, closed_at, findings.conflict"
)
_FROM: Final = "findings LEFT JOIN sites ON sites.id = findings.site"
_COLLECT: Final = 5000
_SEVERITY: Final = "CASE severity WHEN 'critical' THEN 0 WHEN 'major' THEN 1 ELSE 2 END"
_ORDERS: Final[dict[str, tuple[str, str]]] = {
    "newest": ("''", "DESC"),
    "oldest": ("''", "ASC"),
    "due_date": ("coalesce(due_date, '9999')", "ASC"),
    "severity": (_SEVERITY, "ASC"),
    "site": ("coalesce(sites.name, '')", "ASC"),
    "status": ("status", "ASC"),
}


def list_findings(
    workspace: Workspace,
    where: FindingFilter | None = None,
    *,
    sort: Sort = "newest",
    after: tuple[object, str] | None = None,
    limit: int = 200,
) -> FindingPage:
    """A page of findings. The first page of the default order costs the same in a table of a million rows.

    Args:
        workspace: Where.
        where: Which ones.
        sort: In which order; `newest` and `oldest` go by id.
        after: `next` of the page before.
        limit: At most so many.
    """
    where = where or FindingFilter()
    conditions, values = _conditions(where, by_id=sort in {"newest", "oldest"} and _many(workspace, where))
    key, direction = _ORDERS[sort]
    comparison = "<" if direction == "DESC" else ">"
    plain = sort in {"newest", "oldest"}
    if after is not None:
        if plain:
            conditions.append(f"findings.id {comparison} ?")
            values.append(after[1])
        else:
            conditions.append(f"({key}, findings.id) {comparison} (?, ?)")
            values += [after[0], after[1]]
    order = f"findings.id {direction}" if plain else f"{key} {direction}, findings.id {direction}"
    rows = workspace.select(
        f"SELECT {_COLUMNS}, {key} AS sort_key FROM {_FROM} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {order} LIMIT ?",
        *values,
        limit + 1,
    )
    day = times.today()
    following = (rows[limit - 1]["sort_key"], rows[limit - 1]["id"]) if len(rows) > limit else None
    return FindingPage(tuple(_line(row, day) for row in rows[:limit]), following)


def count_findings(workspace: Workspace, where: FindingFilter | None = None, *, at_most: int = 1_000_000) -> int:
    """How many findings there are, counted no further than `at_most`."""
    conditions, values = _conditions(where or FindingFilter())
    source = _FROM if where is not None and where.words else "findings"
    query = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {' AND '.join(conditions)} LIMIT ?)"
    return int(workspace.select(query, *values, at_most)[0][0])


def _many(workspace: Workspace, where: FindingFilter) -> bool:
    """Whether so many rows have one of the statuses that walking the ids beats collecting and sorting them."""
    if not where.statuses:
        return False
    marks = ", ".join("?" * len(where.statuses))
    query = f"SELECT count(*) FROM (SELECT 1 FROM findings WHERE status IN ({marks}) LIMIT ?)"
    return int(workspace.select(query, *where.statuses, _COLLECT)[0][0]) == _COLLECT


def _conditions(where: FindingFilter, *, by_id: bool = False) -> tuple[list[str], list[object]]:
    """Conditions with their values; `by_id` keeps SQLite from choosing the index on the status."""
    columns = ("description", "item", "item_title", "item_title_en", "sites.name", "findings.id")
    conditions, values = like(where.words, columns)
    for column, value in (
        ("severity", where.severity),
        ("findings.site", where.site),
        ("findings.inspection", where.inspection),
        ("findings.item", where.item),
        ("disposal", where.disposal),
    ):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if where.statuses:
        conditions.append(f"{'+' if by_id else ''}status IN ({', '.join('?' * len(where.statuses))})")
        values += where.statuses
    if where.area is not None:
        condition, prefix = area_condition("findings.area", where.area)
        conditions.append(condition)
        values.append(prefix)
    if where.due_from is not None:
        conditions.append("due_date >= ?")
        values.append(where.due_from)
    if where.due_before is not None:
        conditions.append("due_date <= ?")
        values.append(where.due_before)
    if where.overdue:
        conditions.append("status IN ('open', 'replied') AND due_date < ?")
        values.append(times.today().isoformat())
    if where.conflict:
        conditions.append("findings.conflict IS NOT NULL")
    if not where.include_void:
        conditions.append("findings.void_at IS NULL")
    return conditions or ["1"], values


def _line(row: sqlite3.Row, day: dt.date) -> FindingLine:
    return FindingLine(
        id=row["id"],
        area=row["area"],
        inspection=row["inspection"] or "",
        site=row["site"] or "",
        site_name=row["site_name"] or "",
        item=row["item"] or "",
        item_title=row["item_title"] or "",
        item_title_en=row["item_title_en"] or "",
        severity=row["severity"] or "",
        description=row["description"] or "",
        competent_authority=row["competent_authority"] or "",
        disposal=row["disposal"] or "",
        transfer_to=row["transfer_to"],
        status=row["status"] or "",
        found_at=row["found_at"] or "",
        due_date=row["due_date"],
        closed_at=row["closed_at"],
        overdue_days=overdue_days(row["status"] or "", row["due_date"], day),
        conflict=tuple(decoded(row["conflict"], [])),
    )


def finding_detail(workspace: Workspace, finding_id: str) -> FindingDetail:
    """Everything about one finding.

    Raises:
        Refused: There is none.
    """
    row = workspace.row("findings", finding_id)
    found = workspace.select(f"SELECT {_COLUMNS} FROM {_FROM} WHERE findings.id = ?", finding_id)
    own = list_photos(workspace, finding=finding_id)
    shared = list_photos(workspace, inspection=row.values["inspection"], item=row.values["item"])
    events = workspace.select(
        "SELECT * FROM follow_ups WHERE finding = ? AND void_at IS NULL ORDER BY at, id", finding_id
    )
    photos = [photo for photo in shared if photo.finding is None]
    photos += [photo for photo in own if photo.follow_up is None]
    follow_ups = tuple(_event(event, own) for event in events)
    return FindingDetail(
        line=_line(found[0], times.today()),
        row=row,
        area_name=area_name(workspace, row.area),
        follow_ups=follow_ups,
        photos=tuple(photos),
        duties=finding_duties(row.values, follow_ups),
    )


def _event(event: sqlite3.Row, photos: list[PhotoLine]) -> FollowUpLine:
    return FollowUpLine(
        id=event["id"],
        kind=event["kind"] or "",
        at=event["at"] or "",
        officer=event["officer"] or "",
        badge=event["badge"] or "",
        text=event["text"] or "",
        result=event["result"],
        new_due_date=event["new_due_date"],
        status=event["status"] or "",
        photos=tuple(photo for photo in photos if photo.follow_up == event["id"]),
    )
