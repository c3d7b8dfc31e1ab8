"""Actions on findings 问题 and their follow-ups 整改跟踪."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.finding_rules import (
    STATUS_OF_DISPOSAL,
    FindingFacts,
    finding_problems,
    follow_up_refusals,
    status_after,
    time_problems,
)
from inspect_tui.records.frozen import frozen_of, item_of, legal_basis_text, plan_section_text
from inspect_tui.records.inspections import editable
from inspect_tui.records.model import FindingInput, Officer, Origin, Problem, RefusedByRules
from inspect_tui.records.officers import refuse_other
from inspect_tui.records.rows import current, decoded, group, void
from inspect_tui.records.rules import clean_badge, clean_line, clean_text, visible
from inspect_tui.records.sites import refuse_void
from inspect_tui.records.submission import officers_of
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from checklists.freezing import Frozen
    from checklists.model import Item
    from inspect_tui.records.model import FollowUpKind
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row

_MEASURED: Final = (
    "value",
    "unit",
    "below_detection",
    "comparator",
    "limit_value",
    "limit_source",
    "exceedance",
    "suspected",
)


def add_finding(
    workspace: Workspace,
    inspection_id: str,
    item_id: str,
    said: FindingInput,
    *,
    row: str | None = None,
    origin: Origin | None = None,
) -> str:
    """Record something that must be put right; one item may carry several.

    Args:
        workspace: Where.
        inspection_id: Row id; it must be open.
        item_id: Id of the item that it was found at.
        said: What the officer says; what is None comes from the item.
        row: Row id; a new one unless given.
        origin: Who recorded it, where it comes from a file.

    Returns:
        Its row id.

    Raises:
        RefusedByRules: No description, a transfer without addressee, a due date before the finding.
        Refused: The inspection is not open or has no such item.
    """
    with workspace.writing():
        inspection = editable(workspace, inspection_id)
        item = item_of(frozen_of(workspace, inspection), item_id)
        answers = workspace.select(
            "SELECT * FROM answers WHERE inspection = ? AND item = ?", inspection_id, item_id
        )
        measured = answers[0] if answers else None
        edit = finding_edit(workspace, inspection, item, said, answer=measured, row=row, origin=origin)
        workspace.write(inspection.area, [edit])
    return edit.row


def tidy_finding(said: FindingInput) -> FindingInput:
    """`said` with every text cleaned."""
    return replace(
        said,
        description=clean_text(said.description),
        transfer_to=clean_line(said.transfer_to),
        due_reason=clean_text(said.due_reason),
        competent_authority=None if said.competent_authority is None else clean_line(said.competent_authority),
    )


def finding_edit(
    workspace: Workspace,
    inspection: Row,
    item: Item,
    said: FindingInput,
    *,
    answer: Mapping[str, Any] | sqlite3.Row | None = None,
    row: str | None = None,
    ended_at: str | None = None,
    origin: Origin | None = None,
) -> Edit:
    """The edit that writes a finding, with everything that later readers need copied as it is now.

    Args:
        workspace: Where.
        inspection: Its row.
        item: What it was found at.
        said: What the officer says.
        answer: Columns of a measurement that stand behind it.
        row: Row id; a new one unless given.
        ended_at: End of the visit where the row does not have it yet, UTC.
        origin: Who recorded it, where it comes from a file.

    Raises:
        RefusedByRules: As `add_finding` says.
    """
    from sync.replica import Edit

    said = tidy_finding(said)
    found_at = found_time(inspection, ended_at, None if origin is None else origin.at)
    day = times.day_of(found_at)
    if problems := finding_problems(said, found=day):
        raise RefusedByRules([replace(problem, item=item.id) for problem in problems])
    cells: dict[str, Any] = {
        "inspection": inspection.id,
        "site": inspection.values["site"],
        "item": item.id,
        "checklist": {
            "checklist": inspection.values["checklist"],
            "checklist_version": inspection.values["checklist_version"],
        },
        "basis": group(
            "findings",
            "basis",
            _basis(frozen_of(workspace, inspection), item, day, decoded(inspection.values["attributes"], {})),
        ),
        "severity": said.severity or item.severity,
        "description": said.description,
        "competent_authority": said.competent_authority or item.authority.zh,
        "disposal": _disposal_cell(said),
        "status": {"status": STATUS_OF_DISPOSAL[said.disposal], "status_at": found_at},
        "due_date": {"due_date": _due(said, item, day), "due_reason": said.due_reason or None},
        "found_at": found_at,
        "position": _position(workspace, inspection, item.id),
        "people": group("findings", "people", _people(workspace, inspection, origin)),
    }
    if answer is not None and (answer["value"] is not None or answer["below_detection"] is not None):
        cells["measurement"] = {name: answer[name] for name in _MEASURED}
    return Edit("findings", row or new_id(), cells)


def _basis(frozen: Frozen, item: Item, day: dt.date, attributes: Mapping[str, str]) -> dict[str, str]:
    return {
        "item_title": item.question.zh,
        "item_title_en": item.question.en,
        "legal_basis": legal_basis_text(frozen, item, day, attributes),
        "plan_section": plan_section_text(item),
    }


def _people(workspace: Workspace, inspection: Row, origin: Origin | None) -> dict[str, str]:
    officers = officers_of(inspection)
    return {
        "inspectors": ";".join(officer.name for officer in officers),
        "badges": ";".join(officer.badge for officer in officers),
        "device": workspace.config.device if origin is None else origin.device,
        "recorded_by": (workspace.officer if origin is None else origin.officer).badge,
    }


def found_time(inspection: Row, ended_at: str | None = None, at: dt.datetime | None = None) -> str:
    """When something recorded at `at`, or now, was found: within the visit, also when it is written down after its end."""
    moment = times.stored(at or times.now())
    started, ended = str(inspection.values["started_at"]), inspection.values["ended_at"] or ended_at
    return max(started, min(moment, ended or moment))


def _disposal_cell(said: FindingInput) -> dict[str, Any]:
    return {"disposal": said.disposal, "transfer_to": said.transfer_to or None}


def _due(said: FindingInput, item: Item, day: dt.date) -> str | None:
    if said.due_date is not None:
        return said.due_date or None
    if said.disposal in {"corrected", "transfer"}:
        return None
    return (day + dt.timedelta(days=item.default_days)).isoformat()


def _position(workspace: Workspace, inspection: Row, item_id: str) -> dict[str, Any]:
    """Where it was found: as the item's first photo with a position says, else as the site is recorded."""
    photos = workspace.select(
        "SELECT longitude, latitude, datum, position_state AS position_source FROM photos WHERE inspection = ?"
        " AND item = ? AND void_at IS NULL AND longitude IS NOT NULL AND latitude IS NOT NULL"
        " AND instr(coalesce(warning_codes, ''), 'far') = 0 ORDER BY id LIMIT 1",
        inspection.id,
        item_id,
    )
    if photos:
        return group("findings", "position", dict(zip(photos[0].keys(), tuple(photos[0]), strict=True)))
    site = workspace.row("sites", inspection.values["site"]).values
    if site["longitude"] is None:
        return group("findings", "position", {"position_source": "missing"})
    said = {"longitude": site["longitude"], "latitude": site["latitude"], "datum": site["datum"]}
    return group("findings", "position", {**said, "position_source": "site"})


def edit_finding(
    workspace: Workspace, finding_id: str, said: FindingInput, *, basis: Row | None = None
) -> list[str]:
    """Change how a finding is described; only cells that differ are written. Its life goes through `follow_up`.

    Args:
        workspace: Where.
        finding_id: Row id.
        said: All of it as it should be; None leaves what is recorded.
        basis: The row as the officer saw it; without it, as it is now.

    Returns:
        The cells that changed.

    Raises:
        RefusedByRules: As `add_finding` says, or a new due date without a reason.
        Refused: No such finding, it is void or closed, its inspection is submitted, or a cell is in conflict.
    """
    from sync.replica import Edit

    said = tidy_finding(said)
    with workspace.writing():
        row = basis or workspace.row("findings", finding_id)
        refuse_void(row)
        editable(workspace, row.values["inspection"])
        unchanged = said.due_date is not None and (said.due_date or None) == row.values["due_date"]
        asked = replace(said, due_date=None) if unchanged else said
        if problems := finding_problems(asked, found=times.day_of(row.values["found_at"])):
            raise RefusedByRules(problems)
        cells = {cell: value for cell, value in _edited(said, row).items() if value != _recorded(row, cell)}
        if "due_date" in cells and not said.due_reason:
            reason = Problem(
                "due_reason",
                "更改整改期限须写明理由。",
                "Changing the due date needs a reason.",
                field="due_reason",
            )
            raise RefusedByRules([reason])
        if cells:
            refuse_disputed(workspace, "findings", finding_id, cells)
            workspace.write(row.area, [Edit("findings", finding_id, cells, basis=row)])
    return sorted(cells)


def _edited(said: FindingInput, row: Row) -> dict[str, Any]:
    cells: dict[str, Any] = {"description": said.description, "disposal": _disposal_cell(said)}
    if said.disposal != row.values["disposal"]:
        cells["status"] = {
            "status": STATUS_OF_DISPOSAL[said.disposal],
            "status_at": times.stored(times.now()),
        }
    if said.severity is not None:
        cells["severity"] = said.severity
    if said.competent_authority is not None:
        cells["competent_authority"] = said.competent_authority
    if said.due_date is not None and (said.due_date or None) != row.values["due_date"]:
        cells["due_date"] = {"due_date": said.due_date or None, "due_reason": said.due_reason or None}
    return cells


def _recorded(row: Row, cell: str) -> Any:
    return current("findings", cell, row.values) if cell in {"disposal", "status", "due_date"} else row.values[cell]


def follow_up(
    workspace: Workspace,
    finding_id: str,
    kind: FollowUpKind,
    *,
    text: str = "",
    result: str | None = None,
    new_due_date: str | None = None,
    by: Officer | None = None,
    at: dt.datetime | None = None,
    basis: Row | None = None,
) -> str:
    """Record one event in the life of a finding, and what it makes of the finding, in one changeset.

    Args:
        workspace: Where.
        finding_id: Row id.
        kind: notice, reply, recheck, extension, closing or void.
        text: What is said with it; the reason of an extension or a voiding.
        result: `passed` or `failed`, of a recheck.
        new_due_date: ISO date, of an extension; also of a notice, when it sets one.
        by: Who acted; the officer of this device unless given.
        at: When it happened; now unless given. Neither ahead of the clock nor before the finding.
        basis: The finding as the officer saw it; without it, as it is now.

    Returns:
        Row id of the follow-up.

    Raises:
        RefusedByRules: The event cannot follow, or lacks what it needs.
        Refused: No such finding, a cell that the event changes is in conflict, or `by` is another officer than the one
            who is switched in and a PIN is set.
    """
    from sync.replica import Edit

    text = clean_text(text)
    by = _acting(by or workspace.officer)
    refuse_other(workspace, by)
    moment = times.stored(at or times.now())
    with workspace.writing():
        row = basis or workspace.row("findings", finding_id)
        facts = _facts(workspace, row)
        refusals = follow_up_refusals(facts, kind, by=by.badge, text=text, result=result, new_due_date=new_due_date)
        if at is not None:
            # Without a time given it is the clock's, which is written as it is even where it runs behind.
            refusals += time_problems(at, found_at=row.values["found_at"], now=times.now())
        if refusals:
            raise RefusedByRules(refusals)
        status = status_after(kind, facts.status, result)
        cells: dict[str, Any] = {
            "finding": finding_id,
            "kind": kind,
            "at": moment,
            "people": {"officer": by.name, "badge": by.badge},
            "text": text or None,
            "result": result or None,
            "new_due_date": new_due_date or None,
            "status": status,
        }
        event = Edit("follow_ups", new_id(), cells)
        changed = _consequences(row, kind, status, moment, text, new_due_date, by)
        edits = [event]
        if changed:
            refuse_disputed(workspace, "findings", finding_id, changed)
            edits.append(Edit("findings", finding_id, changed, basis=basis, covers_row=kind == "void"))
        workspace.write(row.area, edits, by=by)
    return event.row


def _acting(by: Officer) -> Officer:
    """Who acts, cleaned.

    Raises:
        Refused: Name or badge number is missing, or the badge number is none.
    """
    person = Officer(clean_line(by.name), clean_badge(by.badge))
    if not person.name or not person.badge:
        raise Refused("办理人缺少姓名或执法证号；请补上。", "Who acts lacks a name or a badge number; give both.")
    return person


def _consequences(
    row: Row, kind: FollowUpKind, status: str, moment: str, text: str, new_due_date: str | None, by: Officer
) -> dict[str, Any]:
    """The cells of the finding that an event changes."""
    cells: dict[str, Any] = {}
    if status != row.values["status"]:
        cells["status"] = {"status": status, "status_at": moment}
    if kind == "closing":
        cells["closed_at"] = moment
    elif row.values["closed_at"] is not None and status == "open":
        cells["closed_at"] = None
    if new_due_date and kind in {"extension", "notice"}:
        cells["due_date"] = {"due_date": new_due_date, "due_reason": text or None}
    if kind == "void":
        cells["void"] = void(text, moment, by.badge)
    return cells


def _facts(workspace: Workspace, row: Row) -> FindingFacts:
    ordered = row.values["disposal"] == "order"
    recheck: str | None = None
    ahead = times.stored(times.now() + times.CLOCK_SLACK)
    events = workspace.select(
        "SELECT kind, result, at FROM follow_ups WHERE finding = ? AND void_at IS NULL ORDER BY at, id", row.id
    )
    for event in events:
        if event["kind"] == "notice":
            ordered, recheck = True, None
        elif event["kind"] == "recheck" and (event["result"] == "failed" or (event["at"] or "") <= ahead):
            # A pass that another device dated into the future has not happened yet.
            recheck = event["result"]
    return FindingFacts(
        status=row.values["status"] or "open",
        ordered=ordered,
        due_date=row.values["due_date"],
        recheck=recheck,
        recorded_by=row.values["recorded_by"],
        found=times.day_or_none((times.exported(row.values["found_at"]) or "")[:10]),
    )


def latest_recheck_failed(workspace: Workspace, row: Row) -> bool:
    """Whether the latest recheck of a finding failed: then nothing may close it."""
    return _facts(workspace, row).recheck == "failed"


def void_finding(workspace: Workspace, finding_id: str, reason: str) -> str:
    """Void a finding with a reason; returns the row id of the follow-up that says so."""
    if not visible(reason):
        raise Refused("作废须写明理由。", "Voiding needs a reason.")
    return follow_up(workspace, finding_id, "void", text=reason)
