"""When an event may have happened, until when something is due, and what keeps a finding open."""

from __future__ import annotations

import datetime as dt

import pytest

from inspect_tui.records import inspections, times
from inspect_tui.records.answers import answer
from inspect_tui.records.finding_rules import MAX_DUE_DAYS, due_problems, time_problems
from inspect_tui.records.findings import add_finding, edit_finding, follow_up
from inspect_tui.records.model import AnswerInput, FindingInput, FollowUpKind, Officer, RefusedByRules
from inspect_tui.records.workspace import Workspace  # noqa: TC001  pytest reads the annotations of fixtures
from inspect_tui.texts import Refused
from sync.replica import Edit

SECOND = Officer("检查员乙", "14110200002")
FOUND = dt.datetime(2026, 11, 20, 2, 30, tzinfo=dt.UTC)


@pytest.fixture
def finding(workspace: Workspace, inspection: str) -> str:
    """A finding of 2026-11-20 that was ordered to be corrected by 2026-11-25."""
    inspections.set_times(workspace, inspection, ended_at=FOUND)
    answer(workspace, inspection, "CD-101", AnswerInput(verdict="fail", note="缺口", photo_waiver="大雨"))
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", due_date="2026-11-25"))
    inspections.submit(workspace, inspection)
    return made


def codes(refused: pytest.ExceptionInfo[RefusedByRules]) -> list[str]:
    """Of all reasons."""
    return [problem.code for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (dt.datetime(1999, 1, 1, tzinfo=dt.UTC), "at_before_found"),
        (FOUND - dt.timedelta(seconds=1), "at_before_found"),
        (times.now() + dt.timedelta(days=1), "at_future"),
        (times.now() + dt.timedelta(minutes=20), "at_future"),
    ],
)
def test_an_event_lies_between_the_finding_and_now(
    workspace: Workspace, finding: str, at: dt.datetime, code: str
) -> None:
    """A time before the finding or ahead of the clock is refused, and nothing is written."""
    before = workspace.replica.status().changesets
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, "recheck", result="passed", at=at)

    assert codes(refused) == [code]
    assert workspace.replica.status().changesets == before


def test_a_few_minutes_of_clock_difference_are_no_matter(workspace: Workspace, finding: str) -> None:
    """What a colleague's clock says a little ahead of ours is taken, as is the very moment of the finding."""
    follow_up(workspace, finding, "reply", at=times.now() + dt.timedelta(minutes=5))
    follow_up(workspace, finding, "reply", at=FOUND)


def test_a_time_typed_to_the_minute_counts_as_its_minute() -> None:
    """Found at half past the minute, acted in the same one: nobody types seconds."""
    minute = dt.datetime(2026, 11, 20, 1, 10, tzinfo=dt.UTC)
    assert time_problems(minute, found_at="2026-11-20T01:10:30Z", now=minute) == []
    assert time_problems(minute, found_at="2026-11-20T01:11:00Z", now=minute) != []


def test_a_failed_recheck_keeps_a_finding_open(workspace: Workspace, finding: str) -> None:
    """The latest recheck by time decides, however late an earlier pass is written down; in a tie the last one does."""
    failed = FOUND + dt.timedelta(hours=5)
    follow_up(workspace, finding, "recheck", result="failed", at=failed)
    follow_up(workspace, finding, "recheck", result="passed", at=failed - dt.timedelta(hours=1))
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, "closing", by=SECOND)
    assert codes(refused) == ["recheck_missing"]
    follow_up(workspace, finding, "recheck", result="passed", at=failed)
    follow_up(workspace, finding, "closing", by=SECOND)

    assert workspace.row("findings", finding).values["status"] == "closed"


def test_a_pass_of_tomorrow_counts_for_nothing(workspace: Workspace, finding: str) -> None:
    """A pass that another device dated into the future does not outrank a failure of today."""
    follow_up(workspace, finding, "recheck", result="failed")
    ahead = times.stored(times.now() + dt.timedelta(days=200))
    cells = {"finding": finding, "kind": "recheck", "at": ahead, "result": "passed", "status": "open"}
    workspace.write("141102", [Edit("follow_ups", "01999999-0000-7000-8000-000000000000", cells)])
    with pytest.raises(RefusedByRules):
        follow_up(workspace, finding, "closing", by=SECOND)


def test_what_was_corrected_on_the_spot_and_failed_its_recheck_stays_open(
    workspace: Workspace, inspection: str
) -> None:
    """Without an order there need be no recheck, but one that failed bars closing."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", disposal="corrected"))
    follow_up(workspace, finding, "recheck", result="failed")
    with pytest.raises(RefusedByRules):
        follow_up(workspace, finding, "closing", by=SECOND)


BAD_DAYS = [
    "garbage",
    "2026/12/31",
    "20261231",
    "2026-12-31T10:00:00",
    "2026-13-01",
    "2026-W50-1",
    "２０２６-12-31",
]


@pytest.mark.parametrize("day", BAD_DAYS)
@pytest.mark.parametrize("kind", ["notice", "extension"])
def test_a_due_date_is_a_day(workspace: Workspace, finding: str, kind: FollowUpKind, day: str) -> None:
    """Whatever sets it, what is no ISO day is named as such and never written."""
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, kind, text="材料未到", new_due_date=day)

    assert codes(refused) == ["due_date"]
    assert day[:20] in refused.value.zh
    assert workspace.row("findings", finding).values["due_date"] == "2026-11-25"


@pytest.mark.parametrize(
    ("kind", "day", "code"),
    [
        ("notice", "2020-01-01", "due_before_found"),
        ("notice", "2026-11-19", "due_before_found"),
        ("extension", "2026-11-25", "due_date"),
        ("extension", "2026-11-24", "due_date"),
        ("extension", "9999-12-31", "due_too_late"),
        ("notice", "2031-11-30", "due_too_late"),
        ("reply", "2026-12-01", "due_date"),
    ],
)
def test_a_due_date_is_plausible(
    workspace: Workspace, finding: str, kind: FollowUpKind, day: str, code: str
) -> None:
    """Not before the finding, an extension only onward, never decades away, and only by what sets one."""
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, kind, text="材料未到", new_due_date=day)

    assert codes(refused) == [code]


def test_five_years_are_the_longest_term() -> None:
    """The last day of five years passes, the next does not; the first day is that of the finding."""
    found = dt.date(2026, 11, 20)
    last = found + dt.timedelta(days=MAX_DUE_DAYS)

    assert due_problems(found.isoformat(), found=found) == []
    assert due_problems(last.isoformat(), found=found) == []
    assert due_problems((last + dt.timedelta(days=1)).isoformat(), found=found)


def test_a_finding_edited_keeps_to_the_same_rule(workspace: Workspace, inspection: str) -> None:
    """Writing and changing a finding refuse the due dates that a follow-up refuses."""
    with pytest.raises(RefusedByRules):
        add_finding(workspace, inspection, "CD-101", FindingInput("缺口", due_date="20261231"))
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    with pytest.raises(RefusedByRules):
        edit_finding(workspace, finding, FindingInput("缺口", due_date="9999-12-31", due_reason="x"))


def test_only_a_recheck_has_a_result(workspace: Workspace, finding: str) -> None:
    """A result given with another event is refused, not dropped."""
    with pytest.raises(RefusedByRules):
        follow_up(workspace, finding, "reply", result="passed")


@pytest.mark.parametrize(
    "by", [Officer("", "14110200002"), Officer("乙", ""), Officer("乙", "a b!"), Officer("\u200b", "2")]
)
def test_who_acts_has_a_name_and_a_badge(workspace: Workspace, finding: str, by: Officer) -> None:
    """An event by nobody, or by a badge that is none, is refused."""
    with pytest.raises(Refused):
        follow_up(workspace, finding, "reply", by=by)
