"""Inspections as they are listed, and one with its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records.duties import inspection_duties
from inspect_tui.records.frozen import frozen_of
from inspect_tui.records.inspections import authors_side, check
from inspect_tui.records.model import Officer
from inspect_tui.records.queries.common import area_name, checklist_title
from inspect_tui.records.queries.findings import FindingFilter, FindingLine, list_findings
from inspect_tui.records.rows import decoded, problems_of
from inspect_tui.records.submission import answers_of, items_asked, present_of
from inspect_tui.texts import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from checklists.freezing import Frozen
    from inspect_tui.records.model import Present, Problem, Submission
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


@dataclass(frozen=True, slots=True)
class InspectionLine:
    """One inspection in a list. Times are UTC.

    Attributes:
        answered: Items with a verdict.
        failed: Items with the verdict fail.
    """

    id: str
    area: str
    site: str
    site_name: str
    checklist: str
    checklist_title: Text
    checklist_version: str
    state: str
    started_at: str
    ended_at: str | None
    officers: tuple[Officer, ...]
    answered: int
    failed: int
    findings: int
    photos: int
    conflict: bool
    void: bool


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far one section is."""

    id: str
    title: Text
    asked: int
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """What a supervisor said: `approved`, `returned` or `note`."""

    id: str
    kind: str
    text: str
    at: str
    officer: str
    badge: str


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """When and why a draft went on with another version of its checklist."""

    old_version: str
    new_version: str
    reason: str
    at: str
    officer: str
    badge: str


@dataclass(frozen=True, slots=True)
class SampleResultLine:
    """A laboratory's result."""

    id: str
    item: str
    sample_number: str
    value: str | None
    below_detection: str | None
    unit: str
    limit_value: str | None
    judgement: str | None
    laboratory: str
    report_number: str
    finding: str | None


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """One inspection.

    Attributes:
        row: The row as it stands, to be given back as `basis` of a change.
        submission: What submitting would refuse and warn about; None once it is submitted or void.
        warnings: Those that went into the record when it was submitted.
        mine: Whether this device may amend it.
        duties: What marks it because one person did what two should.
    """

    line: InspectionLine
    row: Row
    area_name: Text
    present: Present | None
    note: str
    sections: tuple[SectionProgress, ...]
    submission: Submission | None
    warnings: tuple[Problem, ...]
    findings: tuple[FindingLine, ...]
    reviews: tuple[ReviewLine, ...]
    sample_results: tuple[SampleResultLine, ...]
    mine: bool
    duties: tuple[Problem, ...]
    carried_over: tuple[CarriedLine, ...] = ()


_QUERY: Final = (
    "SELECT inspections.*, sites.name AS site_name,"
    " (SELECT count(*) FROM answers WHERE inspection = inspections.id AND verdict IS NOT NULL) AS answered,"
    " (SELECT count(*) FROM answers WHERE inspection = inspections.id AND verdict = 'fail') AS failed,"
    " (SELECT count(*) FROM findings WHERE inspection = inspections.id AND void_at IS NULL) AS finding_count,"
    " (SELECT count(*) FROM photos WHERE inspection = inspections.id AND void_at IS NULL) AS photo_count"
    " FROM inspections LEFT JOIN sites ON sites.id = inspections.site"
)


def list_inspections(
    workspace: Workspace,
    *,
    states: Sequence[str] = (),
    site: str | None = None,
    include_void: bool = False,
    limit: int = 200,
    before: str | None = None,
) -> list[InspectionLine]:
    """Inspections, newest first.

    Args:
        workspace: Where.
        states: Only these.
        site: Only those of this site.
        include_void: Also voided ones.
        limit: At most so many.
        before: Id of the last one of the page before.
    """
    conditions: list[str] = ["1"]
    values: list[object] = []
    if states:
        conditions.append(f"state IN ({', '.join('?' * len(states))})")
        values += states
    if site is not None:
        conditions.append("inspections.site = ?")
        values.append(site)
    if before is not None:
        conditions.append("inspections.id < ?")
        values.append(before)
    if not include_void:
        conditions.append("inspections.void_at IS NULL")
    rows = workspace.select(
        f"{_QUERY} WHERE {' AND '.join(conditions)} ORDER BY inspections.id DESC LIMIT ?", *values, limit
    )
    return [_line(workspace, row) for row in rows]


def _line(workspace: Workspace, row: sqlite3.Row) -> InspectionLine:
    return InspectionLine(
        id=row["id"],
        area=row["area"],
        site=row["site"] or "",
        site_name=row["site_name"] or "",
        checklist=row["checklist"] or "",
        checklist_title=checklist_title(workspace, row["checklist"] or ""),
        checklist_version=row["checklist_version"] or "",
        state=row["state"] or "",
        started_at=row["started_at"] or "",
        ended_at=row["ended_at"],
        officers=tuple(
            Officer(said.get("name", ""), said.get("badge", "")) for said in decoded(row["officers"], [])
        ),
        answered=row["answered"],
        failed=row["failed"],
        findings=row["finding_count"],
        photos=row["photo_count"],
        conflict=row["conflict"] is not None,
        void=row["void_at"] is not None,
    )


def inspection_detail(workspace: Workspace, inspection_id: str) -> InspectionDetail:
    """One inspection with its progress, and what it lacks.

    Raises:
        Refused: There is none, or the text of its checklist is not here.
    """
    row = workspace.row("inspections", inspection_id)
    line = _line(workspace, workspace.select(f"{_QUERY} WHERE inspections.id = ?", inspection_id)[0])
    is_open = line.state != "submitted" and not line.void
    reviews = tuple(
        ReviewLine(
            one["id"],
            one["kind"] or "",
            one["text"] or "",
            one["at"] or "",
            one["officer"] or "",
            one["badge"] or "",
        )
        for one in workspace.select("SELECT * FROM reviews WHERE inspection = ? ORDER BY at, id", inspection_id)
    )
    return InspectionDetail(
        line=line,
        row=row,
        area_name=area_name(workspace, row.area),
        present=present_of(row),
        note=row.values["note"] or "",
        sections=section_progress(workspace, row, frozen_of(workspace, row)),
        submission=check(workspace, inspection_id) if is_open else None,
        warnings=problems_of(row.values["warnings"]),
        findings=list_findings(workspace, FindingFilter(inspection=inspection_id), sort="oldest", limit=1000).lines,
        reviews=reviews,
        sample_results=_sample_results(workspace, inspection_id),
        mine=authors_side(workspace, row),
        duties=inspection_duties(row.values, reviews),
        carried_over=tuple(
            CarriedLine(
                *(one[name] or "" for name in ("old_version", "new_version", "reason", "at", "officer", "badge"))
            )
            for one in workspace.select(
                "SELECT * FROM carry_overs WHERE inspection = ? ORDER BY at, id", inspection_id
            )
        ),
    )


def section_progress(workspace: Workspace, inspection: Row, frozen: Frozen) -> tuple[SectionProgress, ...]:
    """How far each section is, of the items that are asked."""
    verdicts = {row["item"]: row["verdict"] for row in answers_of(workspace, inspection.id)}
    asked = {item.id for item in items_asked(frozen, inspection, verdicts)}
    progress: list[SectionProgress] = []
    for section in frozen.checklist.sections:
        here = [item.id for item in section.items if item.id in asked or verdicts.get(item.id)]
        progress.append(
            SectionProgress(
                id=section.id,
                title=Text(section.title.zh, section.title.en),
                asked=len(here),
                answered=sum(bool(verdicts.get(item)) for item in here),
                failed=sum(verdicts.get(item) == "fail" for item in here),
            )
        )
    return tuple(progress)


def _sample_results(workspace: Workspace, inspection_id: str) -> tuple[SampleResultLine, ...]:
    rows = workspace.select(
        "SELECT * FROM sample_results WHERE inspection = ? AND void_at IS NULL ORDER BY id", inspection_id
    )
    return tuple(
        SampleResultLine(
            id=row["id"],
            item=row["item"] or "",
            sample_number=row["sample_number"] or "",
            value=row["value"],
            below_detection=row["below_detection"],
            unit=row["unit"] or "",
            limit_value=row["limit_value"],
            judgement=row["judgement"],
            laboratory=row["laboratory"] or "",
            report_number=row["report_number"] or "",
            finding=row["finding"],
        )
        for row in rows
    )
