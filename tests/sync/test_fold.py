"""The pure fold: heads, conflicts and voiding, whatever order the changes come in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.fold import Folded, Touch, fold, seen_by
from tests.sync.support import AREA, OTHER_AREA

if TYPE_CHECKING:
    import random


def touch(
    name: str,
    cells: dict[str, Any],
    seen: dict[str, list[str]] | None = None,
    *,
    time: int = 0,
    counts: bool = True,
    area: str = AREA,
) -> Touch:
    """A change; its version is its name."""
    return Touch(name, (time, name), area, cells, seen or {}, counts)


def folded(*touches: Touch) -> Folded:
    """The row, the same in every order of its changes."""
    orders = list(itertools.permutations(touches)) if len(touches) < 6 else [touches]
    results = [fold(order) for order in orders]
    first = results[0]
    assert first is not None
    assert all(result == first for result in results)
    return first


BIRTH = touch("1", {"a": "born", "b": "born"})


def test_nothing_that_counts_is_no_row() -> None:
    """No changes, or only refused ones, make no row."""
    assert fold([]) is None
    assert fold([touch("1", {"a": 1}, counts=False)]) is None


def test_one_head_gives_its_value() -> None:
    """The value is that of the change which nobody overwrote; cells go their own ways."""
    row = folded(BIRTH, touch("2", {"a": "x"}, {"a": ["1"]}), touch("3", {"a": "y"}, {"a": ["2"]}))

    assert row.values == {"a": "y", "b": "born"}
    assert row.heads == {"a": ["3"], "b": ["1"]}
    assert row.conflict == []
    assert (row.area, row.created) == (AREA, "1")


def test_a_wrong_clock_cannot_beat_somebody_who_saw() -> None:
    """A change dated ten years ahead loses to one dated years back that has seen it."""
    row = folded(
        BIRTH,
        touch("2", {"a": "future"}, {"a": ["1"]}, time=10**12),
        touch("3", {"a": "past"}, {"a": ["2"]}, time=-(10**12)),
    )

    assert (row.values["a"], row.heads["a"], row.conflict) == ("past", ["3"], [])


def test_several_values_are_a_conflict_and_the_later_is_shown() -> None:
    """Neither saw the other: both are kept, the later time first."""
    row = folded(BIRTH, touch("2", {"a": "x"}, {"a": ["1"]}, time=5), touch("3", {"a": "y"}, {"a": ["1"]}, time=4))

    assert (row.values["a"], row.heads["a"], row.conflict) == ("x", ["2", "3"], ["a"])


def test_equal_times_are_decided_by_the_hash() -> None:
    """The same millisecond on two laptops shows the same value on every replica."""
    row = folded(BIRTH, touch("2", {"a": "x"}, {"a": ["1"]}), touch("3", {"a": "y"}, {"a": ["1"]}))

    assert (row.values["a"], row.heads["a"]) == ("y", ["3", "2"])


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("x", "x", False),
        ({"u": 1, "v": 2}, {"v": 2, "u": 1}, False),
        (["x", 1], ["x", 1], False),
        (1, True, True),
        (1, "1", True),
        (None, "", True),
        (0, False, True),
        ([], {}, True),
    ],
)
def test_equal_encoded_values_are_no_conflict(one: Any, other: Any, conflict: bool) -> None:
    """Two heads with the same encoded value agree; 1, true and "1" do not."""
    row = folded(BIRTH, touch("2", {"a": one}, {"a": ["1"]}), touch("3", {"a": other}, {"a": ["1"]}))

    assert row.conflict == (["a"] if conflict else [])
    assert row.heads["a"] == ["3", "2"]


def test_resolving_is_a_change_that_has_seen_all_heads() -> None:
    """All heads seen: one head. One of two seen: still a conflict with the other."""
    two, three = touch("2", {"a": "x"}, {"a": ["1"]}), touch("3", {"a": "y"}, {"a": ["1"]})

    solved = folded(BIRTH, two, three, touch("4", {"a": "z"}, {"a": ["2", "3"]}))
    half = folded(BIRTH, two, three, touch("4", {"a": "z"}, {"a": ["2"]}))

    assert (solved.heads["a"], solved.conflict) == (["4"], [])
    assert (half.heads["a"], half.conflict) == (["4", "3"], ["a"])


def test_seeing_one_cell_is_not_seeing_another() -> None:
    """`seen` speaks of one cell: a change of `a` that names the head of `b` has not seen `a`."""
    row = folded(BIRTH, touch("2", {"a": "x"}, {"a": ["1"]}), touch("3", {"a": "y"}, {"a": ["1"], "b": ["2", "1"]}))

    assert row.conflict == ["a"]
    assert row.heads["b"] == ["1"]


def test_refused_changes_are_skipped() -> None:
    """A change that does not count shows nowhere, nor does what it saw disappear."""
    row = folded(BIRTH, touch("2", {"a": "x", "c": 1}, {"a": ["1"]}, counts=False))

    assert (row.values, row.heads) == ({"a": "born", "b": "born"}, {"a": ["1"], "b": ["1"]})


def test_who_has_seen_a_refused_change_has_seen_what_it_saw() -> None:
    """Through a chain of refused changes back to the last counted one; not beyond it."""
    refused = [
        touch("2", {"a": "x"}, {"a": ["1"]}, counts=False),
        touch("3", {"a": "y"}, {"a": ["2"]}, counts=False),
    ]
    after = touch("4", {"a": "z"}, {"a": ["3"]})

    row = folded(BIRTH, *refused, after)

    assert (row.values["a"], row.heads["a"], row.conflict) == ("z", ["4"], [])
    assert seen_by(after, "a", {each.version: each for each in (BIRTH, *refused, after)}) == {"3", "2", "1"}


def test_who_has_seen_a_counted_change_names_it_alone() -> None:
    """Two heads, of which one overwrote what the other saw: nothing is followed through changes that count."""
    row = folded(
        BIRTH,
        touch("2", {"a": "x"}, {"a": ["1"]}),
        touch("3", {"a": "y"}, {"a": ["2"]}),
        touch("4", {"a": "z"}, {"a": ["3"]}),
        touch("5", {"a": "w"}, {"a": ["1"]}),
    )

    assert row.heads["a"] == ["5", "4"]
    assert row.conflict == ["a"]


def test_a_voiding_that_covers_all_heads_is_no_conflict() -> None:
    """The row is voided 作废 and stays."""
    void = {"void": {"void_reason": "double"}}
    row = folded(BIRTH, touch("2", void, {"void": ["1"], "a": ["1"], "b": ["1"]}))

    assert row.values["void"] == {"void_reason": "double"}
    assert row.conflict == []


def test_a_voiding_that_was_overtaken_is_a_conflict() -> None:
    """What somebody changed without having seen the voiding is not buried by it, whichever is dated later."""
    void = {"void": {"void_reason": "double"}}
    for time in (-5, 5):
        row = folded(
            BIRTH,
            touch("2", void, {"void": ["1"], "a": ["1"], "b": ["1"]}),
            touch("3", {"a": "found"}, {"a": ["1"]}, time=time),
        )
        assert row.conflict == ["void"]
        assert row.values["a"] == "found"


def test_a_voiding_covers_refused_changes_through_what_they_saw() -> None:
    """A voiding that names a refused head covers the counted one behind it."""
    void = {"void": {"void_reason": "double"}}
    row = folded(
        BIRTH,
        touch("2", {"a": "x"}, {"a": ["1"]}, counts=False),
        touch("3", void, {"void": ["1"], "a": ["2"], "b": ["1"]}),
    )

    assert row.conflict == []


def test_a_voiding_taken_back_covers_nothing() -> None:
    """`void` set to null is no voiding; the row lives on without conflict."""
    row = folded(
        BIRTH,
        touch("2", {"void": {"void_reason": "double"}}, {"void": ["1"], "a": ["1"], "b": ["1"]}),
        touch("3", {"void": None}, {"void": ["2"]}),
        touch("4", {"a": "on"}, {"a": ["1"]}),
    )

    assert (row.values["void"], row.conflict) == (None, [])


def test_two_births_of_one_row_meet_cell_by_cell() -> None:
    """Two laptops answer the same item: equal cells agree, differing ones are in conflict, nothing is lost."""
    row = folded(
        touch("1", {"a": "same", "b": "one", "c": 1}, time=1),
        touch("2", {"a": "same", "b": "two", "d": 2}, time=2),
    )

    assert row.values == {"a": "same", "b": "two", "c": 1, "d": 2}
    assert (row.created, row.conflict) == ("1", ["b"])


def test_a_change_in_another_area_does_not_touch_the_row() -> None:
    """A row never leaves its area."""
    row = folded(BIRTH, touch("2", {"a": "x"}, {"a": ["1"]}, area=OTHER_AREA))

    assert (row.area, row.values["a"]) == (AREA, "born")


@st.composite
def histories(draw: st.DrawFn) -> list[Touch]:
    """A row's changes; each has seen some of those before it."""
    touches: list[Touch] = []
    for number in range(draw(st.integers(1, 9))):
        cells = draw(
            st.dictionaries(st.sampled_from(["a", "b", "void"]), st.sampled_from([None, 1, 2]), min_size=1)
        )
        before = [each.version for each in touches]
        seen = {cell: draw(st.lists(st.sampled_from(before), unique=True)) for cell in cells} if before else {}
        touches.append(
            touch(str(number), cells, seen, time=draw(st.integers(0, 3)), counts=draw(st.integers(0, 4)) > 0)
        )
    return touches


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_changes_do_not_matter(touches: list[Touch], chance: random.Random) -> None:
    """Any order, any repetition: the same row; and every counted value is a head or was seen by a counted change."""
    shuffled = [*touches, *touches[: len(touches) // 2]]
    chance.shuffle(shuffled)

    row = fold(shuffled)

    assert row == fold(touches)
    counted = [each for each in touches if each.counts]
    if row is not None:
        by_version = {each.version: each for each in touches}
        for each in counted:
            for cell in each.set:
                covered = any(
                    each.version in seen_by(other, cell, by_version) for other in counted if cell in other.set
                )
                assert (each.version in row.heads[cell]) != covered
