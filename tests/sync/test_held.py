"""What names something that is not here yet is held, not refused, and let in when that has come."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from tests.sync.support import (
    AREA,
    OTHER_AREA,
    Author,
    Team,
    change,
    check_sound,
    device,
    dump,
    merge_file,
    note,
    notes,
    offer,
    row_id,
    versions,
)

if TYPE_CHECKING:
    from sync.changeset import Entry


def test_a_changeset_waits_for_its_predecessor(team: Team) -> None:
    """The second of a chain waits, is noted, and counts as soon as the first has come."""
    author, here = Author(device("author")), team.replica("here")
    first, second = author.say(change("a", {"title": "1"})), author.say(change("b", {"title": "2"}))

    outcome = offer(here, [second])
    assert (outcome.appended, outcome.held, here.status().held) == (0, 1, 1)
    assert [fault.code for fault in notes(here)] == ["held"]
    assert here.row("notes", row_id("b")) is None

    assert offer(here, [first]).appended == 2
    assert here.row("notes", row_id("b")) is not None
    check_sound(here)


def test_a_change_waits_for_what_it_has_seen(team: Team) -> None:
    """An edit of a row whose creation is still elsewhere waits; no half row is ever shown."""
    one, other, here = Author(device("one")), Author(device("other")), team.replica("here")
    birth = one.say(change("a", {"title": "1", "body": "whole"}))
    edit = other.say(change("a", {"title": "2"}, {"title": [one.version]}))

    offer(here, [edit])
    assert here.row("notes", row_id("a")) is None

    offer(here, [birth])
    row = here.row("notes", row_id("a"))
    assert row is not None
    assert (row.values["title"], row.values["body"]) == ("2", "whole")
    check_sound(here)


def test_a_version_of_another_area_is_not_the_one_seen(team: Team) -> None:
    """`seen` speaks of the changeset's own area: the same row written elsewhere does not let it in."""
    one, other, here = Author(device("one"), OTHER_AREA), Author(device("other"), AREA), team.replica("here")
    birth = one.say(change("a", {"title": "1"}))
    edit = other.say(change("a", {"title": "2"}, {"title": [one.version]}))

    offer(here, [birth, edit])

    assert here.status().held == 1


def test_held_changesets_are_proven_when_they_are_let_in(team: Team) -> None:
    """A forged changeset that came before its certificate waits, but never gets in."""
    author, here = Author(device("author")), team.replica("here")
    first = author.say(change("a", {"title": "1"}))
    forged = author.say(change("b", {"title": "forged"}), key=device("other").key)

    offer(here, [forged])
    outcome = offer(here, [first])

    assert [type(refusal.error).__name__ for refusal in outcome.refused] == ["SignatureError"]
    assert here.row("notes", row_id("b")) is None
    assert here.status().held == 0
    check_sound(here)


def test_offering_twice_changes_nothing(team: Team) -> None:
    """Whatever was taken in or is held is known the second time."""
    author, here = Author(device("author")), team.replica("here")
    said = [author.say(change(str(number), {"title": "x"})) for number in range(4)]
    offer(here, said[:2])
    offer(here, said[3:])
    before = dump(here)

    again = offer(here, said[:2] + said[3:])

    assert (again.appended, again.known) == (0, 2)
    assert here.status().held == 1
    assert dump(here) == before


def several(count: int) -> list[Entry]:
    """Changesets of two devices in two areas that build on each other."""
    one, other, far = Author(device("one")), Author(device("other")), Author(device("one"), OTHER_AREA)
    said = [one.say(change("a", {"title": "0", "body": "kept"})), far.say(change("far", {"title": "0"}))]
    last, far_last = one.version, far.version
    for number in range(1, count):
        author = (one, other)[number % 2]
        said.append(author.say(change("a", {"title": str(number)}, {"title": [last]})))
        last = author.version
        if number % 3 == 0:
            said.append(far.say(change("far", {"title": str(number)}, {"title": [far_last]})))
            far_last = far.version
    return said


def test_every_order_of_arrival_ends_the_same(team: Team) -> None:
    """All orders of five changesets that build on each other, one at a time: nothing lost, nothing held, equal tables."""
    said = several(4)
    dumps = set()
    for number, order in enumerate(itertools.permutations(said)):
        if number % 3:
            continue
        here = team.replica(f"here{number}")
        for entry in order:
            offer(here, [entry])
        assert here.status().held == 0
        assert here.status().changesets == len(said)
        dumps.add("\n".join(dump(here)))
        here.close()
    assert len(dumps) == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_scrambled_stick_ends_the_same(team: Team, seed: int) -> None:
    """Fifty changesets in random order, in random portions, some twice: all there in the end."""
    said = several(40)
    chance = random.Random(seed)
    scrambled = [*said, *chance.sample(said, 10)]
    chance.shuffle(scrambled)
    here, straight = team.replica("here"), team.replica("straight")
    offer(straight, said)
    while scrambled:
        size = chance.randint(1, 12)
        offer(here, scrambled[:size])
        del scrambled[:size]

    assert versions(here) == versions(straight)
    check_sound(here, straight)


def test_a_gap_is_filled_by_merging_the_damaged_and_a_whole_copy_into_a_new_one(team: Team) -> None:
    """What follows a lost changeset is held until another copy brings it; then nothing is missing."""
    whole, damaged, new = (team.replica(name) for name in ("whole", "damaged", "new"))
    for number in range(9):
        note(whole, f"n{number}", title="x")
    merge_file(damaged, whole.path)
    note(damaged, "own", title="y")
    damaged.connection.execute("DELETE FROM log WHERE seq = 4")

    merge_file(new, damaged.path)
    assert new.status().held == 5
    merge_file(new, whole.path)

    assert new.status().held == 0
    assert {row_id(f"n{number}") for number in range(9)} | {row_id("own")} == {
        row[0] for row in new.connection.execute("SELECT id FROM notes")
    }
    check_sound(new)
