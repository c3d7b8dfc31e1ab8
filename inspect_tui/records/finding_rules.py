"""The life of a finding, as pure functions: what it must say, which event may follow, what becomes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records import times
from inspect_tui.records.model import FOLLOW_UP_KINDS, STATUSES, Problem
from inspect_tui.records.rules import badge_key, visible
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from inspect_tui.records.model import FindingInput, FollowUpKind

MAX_DUE_DAYS: Final = 1827
"""Five years: a longer term is a slip of the pen."""


def finding_problems(said: FindingInput, *, found: dt.date) -> list[Problem]:
    """Why a finding cannot be recorded as it stands."""
    problems: list[Problem] = []
    if not visible(said.description):
        problems.append(
            Problem("description_missing", "问题缺少描述。", "The finding has no description.", field="description")
        )
    if said.disposal == "transfer" and not visible(said.transfer_to):
        problems.append(
            Problem("transfer_to", "移送须写明移送单位。", "A transfer must say to whom.", field="transfer_to")
        )
    if said.due_date:
        problems += due_problems(said.due_date, found=found)
    return problems


def due_problems(text: str, *, found: dt.date | None, field: str = "due_date") -> list[Problem]:
    """Why `text` cannot be a due date, whoever sets it: a finding, a follow-up, or whoever settles a conflict.

    Args:
        text: As typed.
        found: Day on which the finding was found, where it is known.
        field: Of the form.
    """
    due = times.day_or_none(text)
    if due is None:
        return [
            Problem(
                "due_date",
                f"整改期限“{text[:20]}”不是日期；请写成 2026-11-20。",
                f"The due date “{text[:20]}” is not a day; write it as 2026-11-20.",
                field=field,
            )
        ]
    if found is not None and due < found:
        return [
            Problem(
                "due_before_found",
                f"整改期限 {due} 早于发现日期 {found}；请改为其后的日期。",
                f"The due date {due} is before the day of the finding, {found}; give a later one.",
                field=field,
            )
        ]
    if found is not None and (due - found).days > MAX_DUE_DAYS:
        return [
            Problem(
                "due_too_late",
                f"整改期限 {due} 距发现日期 {found} 超过五年；请核对。",
                f"The due date {due} is more than five years after the day of the finding, {found}; check it.",
                field=field,
            )
        ]
    return []


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
        recheck: Result of the latest recheck by its time: `passed`, `failed` or None; a new notice outdates it.
        recorded_by: Badge number of who recorded the finding.
        found: Day on which it was found, where that is known.
    """

    status: str
    ordered: bool
    due_date: str | None
    recheck: str | None
    recorded_by: str | None
    found: dt.date | None = None


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
        new_due_date: Of an extension, or of a notice that sets one.
    """
    problems: list[Problem] = []
    name = FOLLOW_UP_KINDS[kind]
    if kind not in _ALLOWED.get(facts.status, frozenset()):
        status = STATUSES.get(facts.status, Text(facts.status, facts.status))
        return [
            Problem(
                "status",
                f"问题状态为“{status.zh}”，不能登记“{name.zh}”。",
                f"The finding is “{status.en}”; “{name.en}” cannot follow.",
            )
        ]
    if kind in {"extension", "void"} and not visible(text):
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
    if kind != "recheck" and result:
        problems.append(
            Problem(
                "result",
                f"只有复查才有结论，“{name.zh}”没有。",
                f"Only a recheck has a result, “{name.en}” has none.",
                field="result",
            )
        )
    problems += _due_problems(facts, kind, new_due_date)
    if kind == "closing":
        problems += _closing_problems(facts, by)
    return problems


def _due_problems(facts: FindingFacts, kind: FollowUpKind, new_due_date: str | None) -> list[Problem]:
    if not new_due_date:
        if kind != "extension":
            return []
        zh, en = "延期须写明新的期限。", "An extension must give the new due date."
        return [Problem("due_date", zh, en, field="new_due_date")]
    if kind not in {"notice", "extension"}:
        name = FOLLOW_UP_KINDS[kind]
        return [
            Problem(
                "due_date",
                f"“{name.zh}”不能设定期限；请用“责令改正”或“延期”。",
                f"“{name.en}” sets no due date; use a notice or an extension.",
                field="new_due_date",
            )
        ]
    if problems := due_problems(new_due_date, found=facts.found, field="new_due_date"):
        return problems
    # Another device may have written anything there.
    old = times.day_or_none(facts.due_date)
    if kind == "extension" and old is not None and new_due_date <= old.isoformat():
        return [
            Problem(
                "due_date",
                f"新期限 {new_due_date} 不晚于原期限 {old}。",
                f"The new due date {new_due_date} is not after the old one, {old}.",
                field="new_due_date",
            )
        ]
    return []


def time_problems(at: dt.datetime, *, found_at: str | None, now: dt.datetime) -> list[Problem]:
    """Why an event cannot have happened at `at`: it lies ahead, or in a minute before that of the finding.

    People write times to the minute, while a finding has its second.

    Args:
        at: Aware time.
        found_at: When the finding was found, as stored; None where that is not known.
        now: The time of the device's clock.
    """
    if at > now + times.CLOCK_SLACK:
        shown = times.shown(times.stored(at))
        return [
            Problem(
                "at_future",
                f"时间 {shown} 在将来；请写实际发生的时间，或校准本机时钟。",
                f"The time {shown} is in the future; give the time when it happened, or set the clock right.",
                field="at",
            )
        ]
    shown, found = times.shown(times.stored(at)), times.shown(found_at)
    if found_at and shown < found:
        return [
            Problem(
                "at_before_found",
                f"时间 {shown} 早于发现问题的时间 {found}；请核对。",
                f"The time {shown} is before the finding was found, {found}; check it.",
                field="at",
            )
        ]
    return []


def _closing_problems(facts: FindingFacts, by: str) -> list[Problem]:
    problems: list[Problem] = []
    if facts.recheck == "failed":
        problems.append(RECHECK_FAILED)
    elif facts.ordered and facts.recheck != "passed":
        problems.append(
            Problem(
                "recheck_missing",
                "责令改正的问题须先复查通过，才能销号。",
                "A finding that was ordered to be corrected must pass a recheck before it is closed.",
            )
        )
    if not badge_key(by):
        problems.append(
            Problem(
                "badge_missing",
                "销号须写明办理人的执法证号。",
                "Closing needs the badge number of who closes.",
                field="by",
            )
        )
    elif badge_key(by) == badge_key(facts.recorded_by):
        problems.append(
            Problem(
                "same_person",
                "记录问题的人不能自己销号；请由另一名执法人员以其姓名和执法证号办理。",
                "Whoever recorded a finding cannot close it; another officer must, under their own name and badge.",
            )
        )
    return problems


RECHECK_FAILED: Final = Problem(
    "recheck_missing",
    "最近一次复查未通过，不能销号；请整改后再复查。",
    "The latest recheck failed, so the finding cannot be closed; recheck it once it is corrected.",
)


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
