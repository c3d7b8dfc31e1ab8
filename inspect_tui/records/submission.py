"""What submitting looks at: the facts of an inspection, read once, and the findings still to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.frozen import frozen_of
from inspect_tui.records.model import VERDICTS, FindingInput, Officer, Present, Problem
from inspect_tui.records.rows import decoded, problems_of, timed_id
from inspect_tui.records.rules import AnswerFacts, InspectionFacts, shortened, shows_something, visible
from inspect_tui.texts import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from checklists.freezing import Frozen
    from checklists.model import Item
    from inspect_tui.records.model import Origin
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row


def facts_of(workspace: Workspace, inspection: Row, *, default_end: str | None = None) -> InspectionFacts:
    """Everything that the rules of submission need.

    Args:
        workspace: Where.
        inspection: Its row.
        default_end: End of the visit where none is recorded, UTC.
    """
    frozen = frozen_of(workspace, inspection)
    answers = answers_of(workspace, inspection.id)
    photos = photos_of(workspace, inspection.id)
    verdicts = {row["item"]: row["verdict"] for row in answers}
    unchecked = [item.id for item in items_asked(frozen, inspection, verdicts) if not verdicts.get(item.id)]
    evidence: dict[str, list[sqlite3.Row]] = {}
    warnings: list[Problem] = []
    for photo in photos:
        evidence.setdefault(photo["item"], []).append(photo)
        warnings += photo_problems(photo)
    required = {item.id: item.photo_required_on_fail for item in frozen.checklist.items()}
    # carried over to another version, or answered on a laptop that had not heard of that yet
    gone = [row for row in answers if row["item"] not in required]
    answers = [row for row in answers if row["item"] in required]
    return InspectionFacts(
        state=inspection.values["state"],
        officers=officers_of(inspection),
        started_at=inspection.values["started_at"],
        ended_at=inspection.values["ended_at"] or default_end,
        present=present_of(inspection),
        answers=[_answer(row, evidence.get(row["item"], ()), required.get(row["item"], True)) for row in answers],
        unchecked=unchecked,
        photo_warnings=warnings,
        conflicts=len(inspection.conflict) + sum(len(decoded(row["conflict"], [])) for row in answers),
        voided=bool(inspection.values["void_at"]),
        strays=_strays(workspace, inspection.id, verdicts),
        gone=[_gone(row, frozen) for row in gone if row["verdict"] is not None],
    )


def _gone(answer: sqlite3.Row, frozen: Frozen) -> Problem:
    """What the record says of an answer to an item that the checklist no longer has."""
    verdict = VERDICTS.get(answer["verdict"], Text(answer["verdict"], answer["verdict"]))
    reason = shortened(answer["reason"] or answer["note"] or "")
    zh, en = (f"（{reason}）", f" ({reason})") if reason else ("", "")
    return Problem(
        "item_gone",
        f"{answer['item']} 曾记为{verdict.zh}{zh}，{frozen.checklist.version} 版没有此项；原记录保留，不计入本次检查。",
        f"{answer['item']} was recorded as {verdict.en}{en}; version {frozen.checklist.version} has no such item. The record"
        " stays and does not count.",
    )


def _strays(workspace: Workspace, inspection: str, verdicts: Mapping[str, str | None]) -> list[tuple[str, str]]:
    rows = workspace.select(
        "SELECT item, description FROM findings WHERE inspection = ? AND void_at IS NULL"
        " AND status IN ('open', 'replied') ORDER BY item, id",
        inspection,
    )
    return [(row["item"], row["description"]) for row in rows if verdicts.get(row["item"]) != "fail"]


def _answer(row: sqlite3.Row, evidence: Sequence[sqlite3.Row], required: bool) -> AnswerFacts:
    further: Mapping[str, Mapping[str, Any]] = decoded(row["further"], {})
    others = [one["file_name"] or one["sha256"][:12] for one in evidence if not is_photo(one)]
    judgements = [row["judgement"], *(part.get("judgement") for part in further.values())]
    return AnswerFacts(
        item=row["item"],
        verdict=row["verdict"],
        reason=next((text for text in (row["reason"], row["note"]) if text and visible(text)), ""),
        photos=len(evidence) - len(others),
        other_files=others,
        waiver=row["photo_waiver"] or "",
        photo_required=required,
        outside="fail" in judgements,
        unconfirmed=row["verdict_source"] == "suspected",
    )


def answers_of(workspace: Workspace, inspection_id: str) -> list[sqlite3.Row]:
    """All rows of `answers` of an inspection, by item."""
    return workspace.select("SELECT * FROM answers WHERE inspection = ? ORDER BY item, id", inspection_id)


def photos_of(workspace: Workspace, inspection_id: str) -> list[sqlite3.Row]:
    """All rows of `photos` of an inspection that are not void, in the order in which they were attached."""
    return workspace.select(
        "SELECT * FROM photos WHERE inspection = ? AND void_at IS NULL ORDER BY id", inspection_id
    )


def is_photo(photo: sqlite3.Row) -> bool:
    """Whether a row of `photos` is a picture that can be looked at, as a failed item wants one."""
    codes = (photo["warning_codes"] or "").split(";")
    return shows_something(photo["media_type"], photo["width"], photo["height"], codes)


def photo_problems(photo: sqlite3.Row) -> list[Problem]:
    """The warnings kept with a photo, naming its file and item."""
    name = photo["file_name"] or photo["sha256"][:12]
    return [
        Problem(one.code, f"{name}：{one.zh}", f"{name}: {one.en}", photo["item"])
        for one in problems_of(photo["warnings"])
    ]


def items_asked(frozen: Frozen, inspection: Row, verdicts: Mapping[str, str | None]) -> list[Item]:
    """The items of the chosen set that are asked, given the site's attributes and the answers so far."""
    from checklists.judgement import asked_items

    standard = inspection.values["item_set"] == "standard"
    attributes = decoded(inspection.values["attributes"], {})
    shown = asked_items(frozen.checklist, attributes, verdicts)
    return [item for item in shown if not standard or item.severity != "minor"]


def officers_of(inspection: Row) -> list[Officer]:
    """Who inspected."""
    said: Sequence[Mapping[str, str]] = decoded(inspection.values["officers"], [])
    return [Officer(officer.get("name", ""), officer.get("badge", "")) for officer in said]


def present_of(inspection: Row) -> Present | None:
    """The other party as recorded, None when nothing is."""
    values = inspection.values
    if values["signature"] is None:
        return None
    return Present(
        values["present_name"] or "",
        values["present_role"] or "",
        values["signature"],
        values["present_reason"] or "",
    )


def missing_findings(
    workspace: Workspace, inspection: Row, frozen: Frozen, ended_at: str, origin: Origin | None = None
) -> list[Edit]:
    """The edits that write a finding for each failed item without one, from the item's own words."""
    from inspect_tui.records.findings import finding_edit

    written = {
        row["item"]
        for row in workspace.select(
            "SELECT DISTINCT item FROM findings WHERE inspection = ? AND void_at IS NULL", inspection.id
        )
    }
    known = {item.id for item in frozen.checklist.items()}
    edits: list[Edit] = []
    for answer in answers_of(workspace, inspection.id):
        if answer["verdict"] != "fail" or answer["item"] in written or answer["item"] not in known:
            continue
        item = frozen.checklist.item(answer["item"])
        reason = answer["reason"] or answer["note"] or ""
        criteria = {item.fail.zh, item.fail.en}
        said = FindingInput(
            reason if reason in criteria else f"{item.fail.zh}：{reason}" if reason else item.fail.zh
        )
        # Two laptops that submit the same inspection meet in one finding.
        row: str | None = timed_id(times.moment(inspection.values["started_at"]), "finding", inspection.id, item.id)
        if workspace.replica.row("findings", row or "") is not None:
            row = None
        edit = finding_edit(
            workspace, inspection, item, said, answer=answer, row=row, ended_at=ended_at, origin=origin
        )
        edits.append(edit)
    return edits
