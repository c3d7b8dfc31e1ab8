"""Two successors of one predecessor: a cloned laptop, a restored backup, deceit. Both are kept and the device is flagged."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sync.exchange import exchange
from sync.ids import new_id
from sync.keys import EVERYWHERE
from sync.peers import ReplicaPeer
from sync.replica import Edit
from tests.sync.support import (
    AREA,
    NOON,
    Author,
    Team,
    change,
    check_sound,
    device,
    entries,
    merge,
    merge_file,
    note,
    notes,
    offer,
    row_id,
    versions,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sync.replica import Replica


def copied(team: Team, replica: Replica, name: str) -> Replica:
    """The workspace copied as a folder, opened under the same identity."""
    target = team.folder / name
    replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(replica.path.parent, target)
    return team.reopen(target, replica.identity)


def test_a_cloned_laptop_loses_nothing(team: Team) -> None:
    """A workspace copied to a second laptop and edited on both: all there, both count, flagged, the clash in conflict."""
    original = team.replica("original")
    note(original, "a", title="base", body="base")
    clone = copied(team, original, "clone")
    written = [note(original, "a", title="original"), note(clone, "a", title="clone", time_ms=NOON + 1)]
    written += [note(original, "o", title="x"), *(note(clone, f"c{number}", title="y") for number in range(5))]
    supervisor = team.replica("supervisor")

    merge_file(supervisor, original.path)
    done = merge_file(supervisor, clone.path)

    assert done.received.forks == [f"{AREA}/{device('original').device}"]
    assert set(written) <= versions(supervisor)
    row = supervisor.row("notes", row_id("a"))
    assert row is not None
    assert (row.values["title"], row.values["body"], row.conflict) == ("clone", "base", ["title"])
    assert [head.value for head in supervisor.conflicts()[0].heads] == ["clone", "original"]
    assert supervisor.conflicts()[0].base == "base"
    assert supervisor.status().forked == [f"{AREA}/{device('original').device}"]
    assert [fault.code for fault in notes(supervisor)] == ["fork"]
    check_sound(supervisor)


def test_a_restored_backup_loses_nothing(team: Team) -> None:
    """Backup, more work, merge, restore, other work, merge: what was merged before the restore comes back, too."""
    laptop, supervisor = team.replica("laptop"), team.replica("supervisor")
    note(laptop, "a", title="1")
    backup = copied(team, laptop, "backup")
    lost = [note(laptop, "a", title="2"), note(laptop, "b", title="x")]
    merge_file(supervisor, laptop.path)
    after = [note(backup, "a", title="3"), note(backup, "c", title="y")]

    exchange(supervisor, ReplicaPeer(backup))

    for replica in (supervisor, backup):
        assert {*lost, *after} <= versions(replica)
        assert replica.status().forked == [f"{AREA}/{device('laptop').device}"]
    check_sound(supervisor, backup)


def test_writing_goes_on_after_a_fork(team: Team) -> None:
    """A device whose chain has forked builds on one branch and stays readable for everybody."""
    laptop, there = team.replica("laptop"), team.replica("there")
    note(laptop, "a", title="1")
    clone = copied(team, laptop, "clone")
    note(laptop, "b", title="x")
    note(clone, "c", title="y")
    merge(laptop, clone)
    for replica in (laptop, clone):
        note(replica, f"after {replica.path}", title="z")
    merge(laptop, clone, there)
    merge(laptop, clone)

    assert len(versions(there)) == 5
    check_sound(laptop, clone, there)


def test_a_copy_knows_that_it_is_one(team: Team) -> None:
    """A copied workspace is told from the one at home, so that it gets a device identity of its own."""
    original = team.replica("original")
    clone = copied(team, original, "clone")

    assert not original.home_changed()
    assert clone.home_changed()
    clone.settle_home()
    assert not clone.home_changed()


def test_two_first_changesets_are_a_fork(team: Team) -> None:
    """A chain begun twice with one key is two branches without a common root."""
    one, other, here = Author(device("twice")), Author(device("twice")), team.replica("here")
    offer(here, [one.say(change("a", {"title": "1"}))])
    offer(here, [other.say(change("b", {"title": "2"}))])

    assert here.status().forked == [f"{AREA}/{device('twice').device}"]
    assert here.row("notes", row_id("b")) is not None
    check_sound(here)


@pytest.mark.parametrize(("long", "short"), [(1, 1), (2, 1), (7, 1), (7, 3), (20, 6)])
@pytest.mark.parametrize("from_file", [True, False])
def test_forked_chains_are_exchanged_whole(team: Team, long: int, short: int, from_file: bool) -> None:
    """However far the branches run, whoever lacks one gets it, both ways, and a third party gets both."""
    author = Author(device("cloned"))
    first = [author.say(change(f"first{number}", {"title": "x"})) for number in range(3)]
    clone = author.fork()
    branches = [
        [who.say(change(f"{name}{number}", {"title": "x"})) for number in range(count)]
        for who, name, count in ((author, "long", long), (clone, "short", short))
    ]
    one, other, third = team.replica("one"), team.replica("other"), team.replica("third")
    offer(one, [*first, *branches[0]])
    offer(other, [*first, *branches[1]])

    def bring(here: Replica, there: Replica) -> None:
        if from_file:
            merge_file(here, there.path)
        else:
            exchange(here, ReplicaPeer(there))

    bring(one, other)
    bring(other, one)
    bring(third, one)

    assert len(versions(one)) == 3 + long + short
    check_sound(one, other, third)
    more = [author.say(change("more", {"title": "x"})), clone.say(change("more too", {"title": "x"}))]
    offer(one, more)
    bring(third, one)
    bring(other, third)
    check_sound(one, other, third)


def test_a_branch_of_a_branch_is_exchanged(team: Team) -> None:
    """Three branches, one of them off another: still everything, from whichever side one begins."""
    a = Author(device("cloned"))
    said = [a.say(change(f"a{number}", {"title": "x"})) for number in range(3)]
    b = a.fork()
    b_said = [b.say(change(f"b{number}", {"title": "x"})) for number in range(2)]
    c = b.fork()
    c_said = [c.say(change(f"c{number}", {"title": "x"})) for number in range(4)]
    said += [a.say(change(f"a{number}", {"title": "x"})) for number in range(3, 12)]
    b_said += [b.say(change("b2", {"title": "x"}))]
    one, other, third = team.replica("one"), team.replica("other"), team.replica("third")
    offer(one, said)
    offer(other, [*said[:3], *b_said])
    offer(third, [*said[:3], *b_said[:2], *c_said])

    merge(one, other, third)
    merge(one, other)

    assert len(entries(one)) == len(said) + len(b_said) + len(c_said)
    check_sound(one, other, third)


def test_a_revocation_accepts_one_branch_only(team: Team) -> None:
    """Naming the head of one branch refuses the other: the heads say what was accepted, not the numbers."""
    cloned, here = Author(device("cloned")), team.replica("here")
    first = cloned.say(change("first", {"title": "x"}))
    thief = cloned.fork()
    good = [cloned.say(change(f"good{number}", {"title": "x"})) for number in range(3)]
    offer(here, [first, *good])
    here.revoke(EVERYWHERE, device("cloned").device, reason="stolen", officer="9")

    offer(here, [thief.say(change(f"bad{number}", {"title": "x"})) for number in range(2)])

    assert here.row("notes", row_id("good2")) is not None
    assert here.row("notes", row_id("bad0")) is None
    check_sound(here)


def test_a_restored_workspace_that_became_a_new_device_does_not_fork(team: Team, tmp_path: Path) -> None:
    """With a new identity on the copy there are two chains, and nothing to flag."""
    laptop = team.replica("laptop")
    note(laptop, "a", title="1")
    clone = copied(team, laptop, "clone")
    clone.identity = device("new device")
    clone.write(AREA, [Edit("notes", new_id(), {"title": "x"})], officer="9")
    note(laptop, "b", title="y")

    merge(laptop, clone)

    assert laptop.status().forked == []
    check_sound(laptop, clone)
