"""The rules of DESIGN part 10, held by pure functions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.records import uscc
from inspect_tui.records.finding_rules import (
    FindingFacts,
    finding_problems,
    follow_up_refusals,
    overdue_days,
    status_after,
)
from inspect_tui.records.model import FindingInput, FollowUpKind, Officer, Present, Problem, SiteInput
from inspect_tui.records.rules import (
    AnswerFacts,
    InspectionFacts,
    clean_line,
    clean_text,
    site_problems,
    submission_refusals,
    submission_warnings,
)
from inspect_tui.texts import Refused

GOOD = InspectionFacts(
    state="draft",
    officers=[Officer("甲", "1"), Officer("乙", "2")],
    started_at="2026-11-20T01:10:00Z",
    ended_at="2026-11-20T02:25:00Z",
    present=Present("负责人", "经理", "signed"),
    answers=[
        AnswerFacts("CD-001", "pass"),
        AnswerFacts("CD-101", "fail", reason="缺口", photos=1),
        AnswerFacts("CD-502", "n_a", reason="无拆除"),
    ],
)


def codes(problems: list[Problem]) -> list[str]:
    """Just the codes."""
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    "code", ["91130200699229617X", "911302307808371268", "91110000802100433B", "91350100M000100Y43"]
)
def test_uscc_accepts_the_vectors(code: str) -> None:
    """Every confirmed code of DOMAIN C.4 passes, among them one whose remainder is 0."""
    assert uscc.valid(code)


@pytest.mark.parametrize(
    "code", ["91350100M000100Y4Z", "", "91350100M000100Y4", "91350100I000100Y43", "91abc100M000100Y43", "０" * 18]
)
def test_uscc_refuses_what_is_no_code(code: str) -> None:
    """A wrong check character, length, letter or area is refused."""
    assert not uscc.valid(code)


@given(st.text(uscc.ALPHABET, min_size=9, max_size=9), st.text("0123456789", min_size=6, max_size=6))
def test_uscc_names_any_single_changed_character(rest: str, area: str) -> None:
    """The right check character passes, and no other does: it catches every mistake in one place."""
    first = "91" + area + rest
    right = uscc.check_character(first)

    assert [last for last in uscc.ALPHABET if uscc.valid(first + last)] == [right]


def test_a_complete_inspection_is_submitted() -> None:
    """Nothing is refused and nothing is warned about where everything is there."""
    assert submission_refusals(GOOD) == []
    assert submission_warnings(GOOD) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(GOOD, officers=[]), "two_officers"),
        (replace(GOOD, officers=[Officer("甲", "1")]), "two_officers"),
        (replace(GOOD, officers=[Officer("甲", "1"), Officer("乙", "1")]), "two_officers"),
        (replace(GOOD, officers=[Officer("甲", "1"), Officer("", "2")]), "officer_incomplete"),
        (replace(GOOD, ended_at="2026-11-20T01:09:59Z"), "end_before_start"),
        (replace(GOOD, ended_at=None), "end_missing"),
        (replace(GOOD, answers=[AnswerFacts("A", "fail", photos=1)]), "reason_missing"),
        (replace(GOOD, answers=[AnswerFacts("A", "n_a")]), "reason_missing"),
        (replace(GOOD, answers=[AnswerFacts("A", "fail", reason="x")]), "photo_missing"),
        (replace(GOOD, state="submitted"), "submitted"),
        (replace(GOOD, voided=True), "void"),
    ],
)
def test_submission_is_refused(facts: InspectionFacts, code: str) -> None:
    """Each breach of the rules is refused by its own code, and by nothing else."""
    assert codes(submission_refusals(facts)) == [code]


@pytest.mark.parametrize(
    "answer",
    [
        AnswerFacts("A", "fail", reason="x", waiver="设备故障"),
        AnswerFacts("A", "fail", reason="x", photo_required=False),
        AnswerFacts("A", "pass"),
        AnswerFacts("A", None),
    ],
)
def test_a_missing_photo_can_be_right(answer: AnswerFacts) -> None:
    """A stated reason or the item itself lets a fail stand without photo; a pass needs none."""
    assert submission_refusals(replace(GOOD, answers=[answer])) == []


def test_submission_names_every_reason_at_once() -> None:
    """An officer sees all refusals in one go."""
    facts = replace(GOOD, officers=[], ended_at=None, answers=[AnswerFacts("A", "fail"), AnswerFacts("B", "n_a")])

    assert codes(submission_refusals(facts)) == [
        "two_officers",
        "end_missing",
        "reason_missing",
        "photo_missing",
        "reason_missing",
    ]


def test_submission_warns_without_refusing() -> None:
    """Not checked is no n_a: it is warned about, as are far photos, suspicion, conflicts and an absent party."""
    far = Problem("far", "远", "far", "A")
    facts = replace(
        GOOD,
        present=None,
        unchecked=["CD-002"],
        conflicts=1,
        photo_warnings=[far],
        answers=[
            AnswerFacts("A", "pass", outside=True),
            AnswerFacts("B", "fail", reason="x", photos=1, unconfirmed=True),
        ],
    )

    assert submission_refusals(facts) == []
    assert codes(submission_warnings(facts)) == [
        "unchecked",
        "present_missing",
        "outside_limit",
        "suspected",
        "conflict",
        "far",
    ]


def test_a_refused_signature_needs_its_circumstances() -> None:
    """拒签、不在场须注明 (30号令 art. 28)."""
    facts = replace(GOOD, present=Present("负责人", "经理", "refused"))

    assert codes(submission_warnings(facts)) == ["present_reason"]


def test_site_needs_name_area_and_a_right_code() -> None:
    """A site without name, with a wrong area or a wrong credit code is refused by all three."""
    site = SiteInput(name="", kind="outfall", area="14110", uscc="91350100M000100Y4Z")

    assert codes(site_problems(site)) == ["name_missing", "area", "uscc"]


OPEN = FindingFacts("open", ordered=True, due_date="2026-11-21", recheck=None, recorded_by="1")


def refusals(
    facts: FindingFacts, kind: FollowUpKind, *, by: str = "2", text: str = "理由", **said: str
) -> list[str]:
    """Codes of what is refused."""
    return codes(
        follow_up_refusals(
            facts, kind, by=by, text=text, result=said.get("result"), new_due_date=said.get("new_due_date")
        )
    )


def test_closing_after_an_order_needs_a_recheck_by_somebody_else() -> None:
    """An ordered finding is closed only after it passed a recheck, and not by who recorded it."""
    passed = replace(OPEN, recheck="passed")

    assert refusals(OPEN, "closing") == ["recheck_missing"]
    assert refusals(replace(OPEN, recheck="failed"), "closing") == ["recheck_missing"]
    assert refusals(passed, "closing", by="1") == ["same_person"]
    assert refusals(passed, "closing") == []
    assert refusals(replace(OPEN, ordered=False, status="transferred"), "closing") == []


def test_extension_moves_the_due_date_onward_with_a_reason() -> None:
    """An extension gives a later day and says why."""
    assert refusals(OPEN, "extension", new_due_date="2026-11-30") == []
    assert refusals(OPEN, "extension", new_due_date="2026-11-21") == ["due_date"]
    assert refusals(OPEN, "extension") == ["due_date"]
    assert refusals(OPEN, "extension", text="", new_due_date="2026-11-30") == ["reason_missing"]


def test_a_recheck_says_how_it_went() -> None:
    """A recheck without result is refused."""
    assert refusals(OPEN, "recheck") == ["result"]
    assert refusals(OPEN, "recheck", result="failed") == []


@given(st.sampled_from(["notice", "reply", "recheck", "extension", "closing", "void"]))
def test_nothing_follows_a_void(kind: FollowUpKind) -> None:
    """A void finding stays void."""
    assert refusals(replace(OPEN, status="void"), kind, result="passed", new_due_date="2026-12-01") == ["status"]


def test_status_follows_the_events() -> None:
    """Reply, failed recheck, closing and voiding change the status; an extension and a passed recheck do not."""
    chain: list[tuple[FollowUpKind, str | None]] = [
        ("reply", None),
        ("recheck", "failed"),
        ("extension", None),
        ("reply", None),
        ("recheck", "passed"),
        ("closing", None),
        ("recheck", "failed"),
    ]
    status, seen = "open", []
    for kind, result in chain:
        status = status_after(kind, status, result)
        seen.append(status)

    assert seen == ["replied", "open", "open", "replied", "replied", "closed", "open"]


def test_a_finding_says_what_to_whom_and_until_when() -> None:
    """No description, a transfer to nobody, and a due date before the finding are refused."""
    day = dt.date(2026, 11, 20)

    assert codes(finding_problems(FindingInput("x", due_date="2026-11-20"), found=day)) == []
    assert codes(finding_problems(FindingInput("", disposal="transfer", due_date="2026-11-19"), found=day)) == [
        "description_missing",
        "transfer_to",
        "due_before_found",
    ]
    assert codes(finding_problems(FindingInput("x", due_date="明天"), found=day)) == ["due_date"]


@given(st.sampled_from(["open", "replied", "closed", "void", "corrected"]), st.dates(), st.dates())
def test_only_what_waits_is_overdue(status: str, due: dt.date, today: dt.date) -> None:
    """Overdue days are the days past the due date, of findings that wait for correction, never negative."""
    days = overdue_days(status, due.isoformat(), today)

    assert days == (max(0, (today - due).days) if status in {"open", "replied"} else 0)


@given(st.text())
def test_cleaning_settles(text: str) -> None:
    """Cleaned text is clean: cleaning it again changes nothing, and no control character is left."""
    try:
        line, lines = clean_line(text), clean_text(text)
    except Refused:
        return

    assert clean_line(line) == line
    assert clean_text(lines) == lines
    assert not any(ord(character) < 32 and character not in "\n\t" for character in lines)
    assert "\n" not in line


def test_hostile_text_is_refused_or_harmless() -> None:
    """NUL goes, a lone surrogate and an endless line are refused."""
    assert clean_text("a\x00b\x1b[31m") == "ab[31m"
    with pytest.raises(Refused):
        clean_text("\ud800")
    with pytest.raises(Refused):
        clean_line("长" * 501)
    with pytest.raises(Refused):
        clean_text("长" * 20_001)
