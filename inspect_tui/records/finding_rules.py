"""The life of a finding, as pure functions: what it must say, which event may follow, what becomes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records.model import FOLLOW_UP_KINDS, STATUSES, Problem

if TYPE_CHECKING:
    from inspect_tui.records.model import FindingInput, FollowUpKind


def finding_problems(said: FindingInput, *, found: dt.date) -> list[Problem]:
    """Why a finding cannot be recorded as it stands."""
    problems: list[Problem] = []
    if not said.description:
        problems.append(
            Problem("description_missing", "问题缺少描述。", "The finding has no description.", field="description")
        )
    if said.disposal == "transfer" and not said.transfer_to:
        problems.append(
            Problem("transfer_to", "移送须写明移送单位。", "A transfer must say to whom.", field="transfer_to")
        )
    if said.due_date is not None and said.due_date:
        try:
            due = dt.date.fromisoformat(said.due_date)
        except ValueError:
            problems.append(
                Problem(
                    "due_date",
                    f"整改期限“{said.due_date[:20]}”不是日期。",
                    f"The due date “{said.due_date[:20]}” is not a day.",
                    field="due_date",
                )
            )
        else:
            if due < found:
                problems.append(
                    Problem(
                        "due_before_found",
                        f"整改期限 {due} 早于发现日期 {found}。",
                        f"The due date {due} is before the day of the finding, {found}.",
                        field="due_date",
                    )
                )
    return problems


STATUS_OF_DISPOSAL: Final = {"corrected": "corrected", "order": "open", "transfer": "transferred", "case": "case"}
"""The status that a finding starts with."""

_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "open": frozenset({"notice", "reply", "recheck", "extension", "closing", "void"}),
    "replied": frozenset({"notice", "reply", "recheck", "extension", "closing", "void"}),
    "corrected": frozenset({"notice", "recheck", "closing", "void"}),
    "transferred": frozenset({"notice", "reply", "recheck", "closing", "void"}),
    "case": frozenset({"notice", "reply", "recheck", "extension", "closing", "void"}),
    "closed": frozenset({"recheck", "void"}),
    "void": frozenset(),
}


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What a follow-up needs to know of its finding.

    Attributes:
        ordered: An order to correct was given: the disposal, or a notice since.
        recheck: Result of the latest recheck: `passed`, `failed` or None; a failed one or a new notice outdates it.
        recorded_by: Badge number of who recorded the finding.
    """

    status: str
    ordered: bool
    due_date: str | None
    recheck: str | None
    recorded_by: str | None


def follow_up_refusals(
    facts: FindingFacts, kind: FollowUpKind, *, by: str, text: str, result: str | None, new_due_date: str | None
) -> list[Problem]:
    """Why an event cannot follow in the life of a finding; empty when it can.

    Args:
        facts: The finding as it stands.
        kind: The event.
        by: Badge number of who acts.
        text: What is said with it; the reason, for an extension or a voiding.
        result: Of a recheck.
        new_due_date: Of an extension.
    """
    problems: list[Problem] = []
    name = FOLLOW_UP_KINDS[kind]
    if kind not in _ALLOWED.get(facts.status, frozenset()):
        status = STATUSES[facts.status]
        return [
            Problem(
                "status",
                f"问题状态为“{status.zh}”，不能登记“{name.zh}”。",
                f"The finding is “{status.en}”; “{name.en}” cannot follow.",
            )
        ]
    if kind in {"extension", "void"} and not text:
        problems.append(
            Problem(
                "reason_missing", f"{name.zh}须写明理由。", f"{name.en.capitalize()} needs a reason.", field="text"
            )
        )
    if kind == "recheck" and result not in {"passed", "failed"}:
        problems.append(
            Problem(
                "result", "复查须写明结论：通过或未通过。", "A recheck must say passed or failed.", field="result"
            )
        )
    if kind == "extension":
        problems += _extension_problems(facts, new_due_date)
    if kind == "closing":
        problems += _closing_problems(facts, by)
    return problems


def _extension_problems(facts: FindingFacts, new_due_date: str | None) -> list[Problem]:
    try:
        new = dt.date.fromisoformat(new_due_date or "")
    except ValueError:
        return [
            Problem(
                "due_date", "延期须写明新的期限。", "An extension must give the new due date.", field="new_due_date"
            )
        ]
    if facts.due_date and new.isoformat() <= facts.due_date:
        return [
            Problem(
                "due_date",
                f"新期限 {new} 不晚于原期限 {facts.due_date}。",
                f"The new due date {new} is not after the old one, {facts.due_date}.",
                field="new_due_date",
            )
        ]
    return []


def _closing_problems(facts: FindingFacts, by: str) -> list[Problem]:
    problems: list[Problem] = []
    if facts.ordered and facts.recheck != "passed":
        problems.append(
            Problem(
                "recheck_missing",
                "责令改正的问题须先复查通过，才能销号。",
                "A finding that was ordered to be corrected must pass a recheck before it is closed.",
            )
        )
    if facts.recorded_by and by == facts.recorded_by:
        problems.append(
            Problem(
                "same_person",
                "记录问题的人不能自己销号；请由另一名执法人员以其姓名和执法证号办理。",
                "Whoever recorded a finding cannot close it; another officer must, under their own name and badge.",
            )
        )
    return problems


def status_after(kind: FollowUpKind, status: str, result: str | None) -> str:
    """The status of a finding after an event that the rules let through."""
    match kind:
        case "notice":
            return "open"
        case "reply":
            return "replied" if status in {"open", "replied"} else status
        case "recheck":
            return "open" if result == "failed" else status
        case "closing":
            return "closed"
        case "void":
            return "void"
        case _:
            return status


def overdue_days(status: str, due_date: str | None, today: dt.date) -> int:
    """By how many days a finding that waits for correction is overdue; 0 when it is not."""
    if status not in {"open", "replied"} or not due_date:
        return 0
    try:
        return max(0, (today - dt.date.fromisoformat(due_date)).days)
    except ValueError:
        # Another device may have written anything there.
        return 0
