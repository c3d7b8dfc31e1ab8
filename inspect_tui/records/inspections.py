"""Actions on inspections 检查: start, say who and when, submit, return, amend, review, void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.frozen import freezing, frozen_of
from inspect_tui.records.model import Officer, Present, RefusedByRules, Submission
from inspect_tui.records.rows import decoded, group
from inspect_tui.records.rules import (
    badge_key,
    clean_badge,
    clean_line,
    clean_text,
    submission_refusals,
    submission_warnings,
)
from inspect_tui.records.sites import refuse_void, tidy_attributes, void_row
from inspect_tui.records.submission import facts_of, missing_findings
from inspect_tui.texts import Refused
from sync.ids import derived_id, new_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from inspect_tui.records.model import ItemSet, Origin
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row


def start(
    workspace: Workspace,
    site_id: str,
    checklist_id: str,
    *,
    officers: Sequence[Officer] | None = None,
    item_set: ItemSet = "full",
    attributes: Mapping[str, str] | None = None,
    started_at: dt.datetime | None = None,
    zone: str | None = None,
    row: str | None = None,
    loaded: Mapping[str, str] | None = None,
    origin: Origin | None = None,
    task: str | None = None,
) -> str:
    """Start an inspection of a site; the checklist is frozen with it.

    Args:
        workspace: Where.
        site_id: Row id of the site.
        checklist_id: Id in the catalogue.
        officers: Who inspects; the officer of this device unless given.
        item_set: `standard` (critical and major items) or `full`.
        attributes: What is true on the day, beside what is known about the site; both select limits.
        started_at: Aware time; now unless given.
        zone: Offset of the place, `+08:00`; that of `started_at` or of the device's clock unless given.
        row: Row id; a new one unless given.
        loaded: `loaded_file` and `loaded_digest`, when it comes from a file.
        origin: Who recorded it, where it comes from a file.
        task: Row id of the task that it is for; without one, the most urgent that waits here for this checklist. A
            file names none, so that two laptops loading it agree to the byte.

    Returns:
        The row id of the inspection.

    Raises:
        Refused: No such site or checklist, the site is void, a badge number is none, or the task does not fit.
    """
    from inspect_tui.records.tasks import task_of_visit
    from sync.replica import Edit

    with workspace.writing():
        site = workspace.row("sites", site_id)
        refuse_void(site)
        version, number, edits = freezing(workspace, site.area, checklist_id)
        people = [workspace.officer] if officers is None else list(officers)
        row = row or new_id()
        known = decoded(site.values["attributes"], {})
        cells: dict[str, Any] = {
            "site": site_id,
            "checklist": group(
                "inspections",
                "checklist",
                {"checklist": checklist_id, "checklist_version": number, "frozen": version, "item_set": item_set},
            ),
            "attributes": {**known, **(attributes or {})},
            "started_at": times.stored(started_at or times.now()),
            "zone": zone or (times.zone_of(started_at) if started_at else times.device_zone()),
            "officers": officers_cell(people),
            "state": state_cell(workspace, "draft", "", origin),
        }
        if loaded is not None:
            cells["loaded"] = group("inspections", "loaded", loaded)
        elif (named := task_of_visit(workspace, site, checklist_id, people, task)) is not None:
            cells["task"] = named
        edits.append(Edit("inspections", row, cells))
        edits += officer_edits(workspace, site.area, people)
        workspace.write(site.area, edits)
    return row


def officers_cell(officers: Sequence[Officer]) -> list[dict[str, str]]:
    """The value of the `officers` cell, texts cleaned.

    Raises:
        Refused: A badge number is none.
    """
    return [{"name": clean_line(officer.name), "badge": clean_badge(officer.badge)} for officer in officers]


def officer_edits(workspace: Workspace, area: str, officers: Sequence[Officer]) -> list[Edit]:
    """Edits that remember people not met in the area before; the first name seen for a badge stays."""
    from sync.replica import Edit

    edits: dict[str, Edit] = {}
    for officer in officers_cell(officers):
        row = derived_id("officer", area, officer["badge"])
        if officer["name"] and badge_key(officer["badge"]) and workspace.replica.row("officers", row) is None:
            edits[row] = Edit("officers", row, dict(officer))
    return list(edits.values())


def state_cell(workspace: Workspace, state: str, reason: str, origin: Origin | None = None) -> dict[str, Any]:
    """The value of the `state` cell, set now by the officer of this device unless a file says otherwise."""
    said = {
        "state": state,
        "state_at": times.stored(times.now() if origin is None else origin.at),
        "state_by": (workspace.officer if origin is None else origin.officer).badge,
        "state_reason": reason,
    }
    return group("inspections", "state", said)


def editable(workspace: Workspace, inspection_id: str) -> Row:
    """The inspection, when evidence may be recorded in it.

    Raises:
        Refused: There is none, it is void, or it is submitted and not open for amendment, or open for amendment and
            this device is not its author's side.
    """
    row = workspace.row("inspections", inspection_id)
    refuse_void(row)
    state = row.values["state"]
    if state == "submitted":
        raise Refused(
            "检查已提交，不能改动；如需更正，请先“更正”并写明理由。",
            "The inspection is submitted and cannot be changed; to correct it, amend it first, with a reason.",
        )
    if state == "returned" and not authors_side(workspace, row):
        raise _not_author()
    return row


def authors_side(workspace: Workspace, inspection: Row) -> bool:
    """Whether this device may amend the inspection: it made it, or its officer is one of the inspectors."""
    badges = {badge_key(officer.get("badge")) for officer in decoded(inspection.values["officers"], [])} - {""}
    return badge_key(workspace.config.badge) in badges or inspection.created.split(":")[0] == workspace.device


def _not_author() -> Refused:
    return Refused(
        "只有本次检查的执法人员可以更正检查内容。", "Only the officers of this inspection may amend what it says."
    )


def set_officers(
    workspace: Workspace, inspection_id: str, officers: Sequence[Officer], *, basis: Row | None = None
) -> None:
    """Say who inspected. Fewer than two is refused only when submitting."""
    from sync.replica import Edit

    with workspace.writing():
        row = editable(workspace, inspection_id)
        refuse_disputed(workspace, "inspections", inspection_id, ["officers"])
        edits = [Edit("inspections", inspection_id, {"officers": officers_cell(officers)}, basis=basis)]
        workspace.write(row.area, [*edits, *officer_edits(workspace, row.area, officers)])


def set_present(workspace: Workspace, inspection_id: str, present: Present, *, basis: Row | None = None) -> None:
    """Record the other party's representative, their refusal to sign, or their absence."""
    _set(workspace, inspection_id, {"present": present_cell(present)}, basis)


def present_cell(present: Present) -> dict[str, Any]:
    """The value of the `present` cell, texts cleaned."""
    said = {
        "present_name": clean_line(present.name),
        "present_role": clean_line(present.role),
        "signature": present.signature,
        "present_reason": clean_text(present.reason),
    }
    return group("inspections", "present", said)


def set_times(
    workspace: Workspace,
    inspection_id: str,
    *,
    started_at: dt.datetime | None = None,
    ended_at: dt.datetime | None = None,
    basis: Row | None = None,
) -> None:
    """Say when the visit began or ended; what is None stays. An end before the start is refused when submitting."""
    cells: dict[str, Any] = {}
    if started_at is not None:
        cells["started_at"] = times.stored(started_at)
    if ended_at is not None:
        cells["ended_at"] = times.stored(ended_at)
    _set(workspace, inspection_id, cells, basis)


def set_note(workspace: Workspace, inspection_id: str, note: str, *, basis: Row | None = None) -> None:
    """Write the note of the whole inspection."""
    _set(workspace, inspection_id, {"note": clean_text(note) or None}, basis)


def set_attributes(
    workspace: Workspace, inspection_id: str, attributes: Mapping[str, str], *, basis: Row | None = None
) -> None:
    """Say what is known about the site on this visit; recorded values are judged anew only when entered anew."""
    _set(workspace, inspection_id, {"attributes": tidy_attributes(attributes)}, basis)


def _set(workspace: Workspace, inspection_id: str, cells: dict[str, Any], basis: Row | None) -> None:
    from sync.replica import Edit

    if not cells:
        return
    with workspace.writing():
        row = editable(workspace, inspection_id)
        refuse_disputed(workspace, "inspections", inspection_id, cells)
        workspace.write(row.area, [Edit("inspections", inspection_id, cells, basis=basis)])


def check(workspace: Workspace, inspection_id: str) -> Submission:
    """What submitting would say now; nothing is written. A missing end counts as now, as `submit` takes it."""
    row = workspace.row("inspections", inspection_id)
    facts = facts_of(workspace, row, default_end=times.stored(times.now()))
    return Submission(inspection_id, tuple(submission_refusals(facts)), tuple(submission_warnings(facts)))


def submit(
    workspace: Workspace,
    inspection_id: str,
    *,
    ended_at: dt.datetime | None = None,
    origin: Origin | None = None,
) -> Submission:
    """Submit the inspection: state, warnings, the end, and a finding for each fail without one, in one changeset.

    Args:
        workspace: Where.
        inspection_id: Row id.
        ended_at: End of the visit, where none is recorded; now unless given.
        origin: Who submits it, where it comes from a file.

    Raises:
        RefusedByRules: With every reason at once.
        Refused: No such inspection, not the author's side, or its state is in conflict.
    """
    from sync.replica import Edit

    with workspace.writing():
        row = workspace.row("inspections", inspection_id)
        end = times.stored(ended_at or times.now())
        facts = facts_of(workspace, row, default_end=end)
        if refusals := submission_refusals(facts):
            raise RefusedByRules(refusals)
        editable(workspace, inspection_id)
        warnings = submission_warnings(facts)
        cells: dict[str, Any] = {
            "state": state_cell(workspace, "submitted", "", origin),
            "warnings": [warning.json() for warning in warnings],
        }
        if row.values["ended_at"] is None:
            cells["ended_at"] = end
        refuse_disputed(workspace, "inspections", inspection_id, cells)
        findings = missing_findings(workspace, row, frozen_of(workspace, row), end, origin)
        workspace.write(row.area, [Edit("inspections", inspection_id, cells), *findings])
    return Submission(inspection_id, (), tuple(warnings), tuple(edit.row for edit in findings))


def amend(workspace: Workspace, inspection_id: str, reason: str) -> None:
    """Open a submitted inspection for amendment by its author's side; what was submitted stays in the log.

    Raises:
        Refused: No reason, not submitted, not the author's side, or the state is in conflict.
    """
    _open(workspace, inspection_id, reason, by_author=True)


def return_inspection(workspace: Workspace, inspection_id: str, reason: str) -> None:
    """Return 退回 a submitted inspection to its officers: a supervisor's review, which opens it for amendment.

    Raises:
        Refused: No reason, not submitted, or the state is in conflict.
    """
    _open(workspace, inspection_id, reason, by_author=False)


def _open(workspace: Workspace, inspection_id: str, reason: str, *, by_author: bool) -> None:
    from sync.replica import Edit

    reason = clean_text(reason)
    if not reason:
        raise Refused("须写明理由。", "A reason is needed.")
    with workspace.writing():
        row = workspace.row("inspections", inspection_id)
        refuse_void(row)
        if row.values["state"] != "submitted":
            raise Refused("检查尚未提交。", "The inspection is not submitted.")
        if by_author and not authors_side(workspace, row):
            raise _not_author()
        refuse_disputed(workspace, "inspections", inspection_id, ["state"])
        edits = [Edit("inspections", inspection_id, {"state": state_cell(workspace, "returned", reason)})]
        if not by_author:
            edits.append(_review(workspace, inspection_id, "returned", reason))
        workspace.write(row.area, edits)


def approve(workspace: Workspace, inspection_id: str, text: str = "") -> str:
    """Record a supervisor's approval of a submitted inspection.

    Returns:
        Row id of the review.

    Raises:
        Refused: Not submitted.
    """
    with workspace.writing():
        row = workspace.row("inspections", inspection_id)
        refuse_void(row)
        if row.values["state"] != "submitted":
            raise Refused("检查尚未提交。", "The inspection is not submitted.")
        edit = _review(workspace, inspection_id, "approved", clean_text(text))
        workspace.write(row.area, [edit])
    return edit.row


def review_note(workspace: Workspace, inspection_id: str, text: str) -> str:
    """Record a supervisor's note on an inspection; it changes nothing of the evidence.

    Returns:
        Row id of the review.
    """
    text = clean_text(text)
    if not text:
        raise Refused("批注不能为空。", "The note is empty.")
    with workspace.writing():
        row = workspace.row("inspections", inspection_id)
        edit = _review(workspace, inspection_id, "note", text)
        workspace.write(row.area, [edit])
    return edit.row


def _review(workspace: Workspace, inspection_id: str, kind: str, text: str) -> Edit:
    from sync.replica import Edit

    people = {"officer": workspace.officer.name, "badge": workspace.officer.badge}
    cells = {
        "inspection": inspection_id,
        "kind": kind,
        "text": text,
        "at": times.stored(times.now()),
        "people": group("reviews", "people", people),
    }
    return Edit("reviews", new_id(), cells)


def void_inspection(workspace: Workspace, inspection_id: str, reason: str) -> None:
    """Void an inspection with a reason; its answers, findings and photos stay as they are.

    Raises:
        Refused: No reason, void already, or not the author's side.
    """
    with workspace.writing():
        if not authors_side(workspace, workspace.row("inspections", inspection_id)):
            raise _not_author()
        void_row(workspace, "inspections", inspection_id, reason)
