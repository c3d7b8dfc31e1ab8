"""Two people are two people, a reason can be read, and a photo shows something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.records import inspections, queries
from inspect_tui.records.answers import answer
from inspect_tui.records.attach import attach
from inspect_tui.records.findings import add_finding, follow_up, void_finding
from inspect_tui.records.model import AnswerInput, FindingInput, Officer, RefusedByRules
from inspect_tui.records.rules import (
    badge_key,
    clean_badge,
    clean_line,
    clean_text,
    officer_problems,
    shows_something,
    visible,
)
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.records.conftest import PhotoMaker

BADGE = "14110200001"
ALIKE = [
    "１４１１０２００００１",
    "14110200001\u200b",
    "1411 0200001",
    "1411-0200001",
    "\ufeff14110200001",
    "1411\u20130200001",
]
NO_BADGES = [
    "14110200001-",
    "-1",
    "[/]1",
    "x" * 33,
    "1;2",
    "１!",
    "1\u0301",
    "аб1",
    "11一01",
    "丨1",
    "晋环执-1-",
    "暂无",
]
INVISIBLE = [
    "",
    " ",
    "\u200b",
    "\u3164",
    "\u200b\u200d\ufeff",
    "\u2800",
    "\u115f\u1160\uffa0",
    "\u00ad",
    "\u202e",
    "\ufe0f",
]


@pytest.mark.parametrize("written", ALIKE)
def test_one_badge_written_otherwise_is_one_person(workspace: Workspace, site: str, written: str) -> None:
    """Width, blanks, hyphens and what nobody sees make no second officer, and no second person who closes."""
    people = [Officer("检查员甲", BADGE), Officer("检查员乙", written)]
    assert [problem.code for problem in officer_problems(people)] == ["two_officers"]
    inspection = inspections.start(workspace, site, "construction-dust", officers=people)
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    with pytest.raises(RefusedByRules):
        inspections.submit(workspace, inspection)
    stored = workspace.row("inspections", inspection).values["officers"]
    assert {one["badge"].replace("-", "") for one in stored} == {BADGE}
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", disposal="corrected"))
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, "closing", by=Officer("检查员乙", written))
    assert [problem.code for problem in refused.value.problems] == ["same_person"]


@pytest.mark.parametrize("written", NO_BADGES)
def test_what_is_no_badge_is_refused_at_the_door(
    workspace: Workspace, inspection: str, tmp_path: Path, written: str
) -> None:
    """One sentence wherever a badge comes in: at init, for an inspection, for an event."""
    with pytest.raises(Refused):
        Workspace.init(tmp_path / "x", name="甲", badge=written, area="141102")
    with pytest.raises(Refused):
        inspections.set_officers(workspace, inspection, [Officer("甲", written)])
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    with pytest.raises(Refused):
        follow_up(workspace, finding, "reply", by=Officer("甲", written))


@pytest.mark.parametrize(
    "badge", ["1", BADGE, "A-1", "14110000009", "未填", "x" * 32, "晋环执-001", "环执字第12号"]
)
def test_plausible_badges_stay_as_they_are(badge: str) -> None:
    """Letters, digits, Chinese characters and inner hyphens; also the word that stands where none was given."""
    assert clean_badge(badge) == badge


@given(st.text())
def test_a_cleaned_badge_is_clean(text: str) -> None:
    """Cleaning twice changes nothing, and compares as before."""
    try:
        badge = clean_badge(text)
    except Refused:
        return
    assert clean_badge(badge) == badge
    assert badge_key(badge) == "".join(one for one in badge.upper() if one.isalnum() and badge != "未填")


def test_a_badge_not_given_is_nobody(workspace: Workspace, inspection: str) -> None:
    """The placeholder counts neither as one of two officers nor as somebody else who closes."""
    people = [Officer("甲", BADGE), Officer("乙", "未填")]
    assert [problem.code for problem in officer_problems(people)] == ["two_officers", "officer_incomplete"]
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", disposal="corrected"))
    with pytest.raises(RefusedByRules) as refused:
        follow_up(workspace, finding, "closing", by=Officer("乙", "未填"))
    assert [problem.code for problem in refused.value.problems] == ["badge_missing"]


@pytest.mark.parametrize(
    ("name", "badge"), [("甲\u200b", "1"), ("甲\x1b[31m", "1"), ("甲", "1\u200b"), ("甲", "1\x00")]
)
def test_init_takes_nothing_that_nobody_sees(tmp_path: Path, name: str, badge: str) -> None:
    """Name and badge go into every signature, so they are typed anew rather than changed in silence."""
    with pytest.raises(Refused):
        Workspace.init(tmp_path / "x", name=name, badge=badge, area="141102")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_nobody_sees_is_empty(workspace: Workspace, inspection: str, text: str) -> None:
    """Invisible characters are no reason, no description, no note in its place, no waiver and no name."""
    assert not visible(text)
    assert (clean_line(text), clean_text(text)) == ("", "")
    answer(workspace, inspection, "CD-101", AnswerInput(verdict="fail", reason=text, note=text, photo_waiver=text))
    codes = [problem.code for problem in inspections.check(workspace, inspection).refusals]
    assert codes == ["reason_missing", "photo_missing"]
    with pytest.raises(RefusedByRules):
        add_finding(workspace, inspection, "CD-101", FindingInput(text))
    with pytest.raises(RefusedByRules):
        add_finding(workspace, inspection, "CD-101", FindingInput("x", disposal="transfer", transfer_to=text))
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    with pytest.raises(Refused):
        void_finding(workspace, finding, text)
    with pytest.raises(Refused):
        inspections.void_inspection(workspace, inspection, text)


@pytest.mark.parametrize("text", ["缺口", "x", "1", "…", "→", "👷", "\u200b缺"])
def test_what_can_be_read_is_text(text: str) -> None:
    """Letters of any script, numbers, punctuation and symbols count."""
    assert visible(text)
    assert clean_text(text) == text


def test_a_photo_that_shows_nothing_does_not_prove_a_fail(
    workspace: Workspace, inspection: str, make: PhotoMaker, tmp_path: Path
) -> None:
    """Junk stays attached, named in the refusal; a picture that can be looked at lifts it."""
    answer(workspace, inspection, "CD-101", AnswerInput(verdict="fail", reason="缺口"))
    good = make("good.jpg")
    (tmp_path / "x.pdf").write_bytes(b"x")
    (tmp_path / "stub.jpg").write_bytes(good.read_bytes()[:20])
    attach(workspace, inspection, "CD-101", [tmp_path / "x.pdf", tmp_path / "stub.jpg"])
    with pytest.raises(RefusedByRules) as refused:
        inspections.submit(workspace, inspection)
    assert [problem.code for problem in refused.value.problems] == ["photo_missing"]
    assert "x.pdf、stub.jpg" in refused.value.zh
    assert "x.pdf" in refused.value.en
    attach(workspace, inspection, "CD-101", [good])
    photos = queries.walk_item(workspace, inspection, "CD-101").photos
    assert [(photo.file_name, photo.proves) for photo in photos] == [
        ("x.pdf", False),
        ("stub.jpg", False),
        ("good.jpg", True),
    ]
    inspections.submit(workspace, inspection)


@pytest.mark.parametrize(
    ("media_type", "size", "codes", "shows"),
    [
        ("image/jpeg", (4000, 3000), ["truncated"], True),
        ("image/heic", (4032, 3024), [], True),
        ("image/x-nikon-nef", (None, None), ["no_preview"], True),
        ("image/jpeg", (60000, 60000), ["too_large"], True),
        ("image/jpeg", (None, None), ["truncated"], False),
        ("image/jpeg", (4000, 3000), ["truncated", "unreadable"], False),
        ("image/png", (1, 1), [], False),
        ("application/pdf", (None, None), [], False),
        ("video/mp4", (1920, 1080), [], False),
        (None, (None, None), [], False),
    ],
)
def test_a_damaged_photo_counts_while_it_shows_something(
    media_type: str | None, size: tuple[int | None, int | None], codes: list[str], shows: bool
) -> None:
    """An image that decodes counts, also cut off; what does not decode, is a dot, or is no image does not."""
    assert shows_something(media_type, *size, codes) is shows
