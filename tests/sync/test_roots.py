"""Workspaces of different roots that trust each other: they merge in any order, again and again, and lose nothing."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.exchange import exchange
from sync.identity import Identity
from sync.keys import Key
from sync.peers import open_peer
from sync.replica import Edit, Replica
from tests.sync.support import AREA, SCHEMA, faults, row_id

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = st.integers(0, 2)
STEP = st.one_of(
    st.tuples(st.just("note"), WHO, st.sampled_from("abc"), st.sampled_from(["x", "y", "z"])),
    st.tuples(st.just("merge"), WHO, WHO),
)


@contextlib.contextmanager
def strangers() -> Iterator[list[Replica]]:
    """Three workspaces, each its own root."""
    folder = Path(tempfile.mkdtemp(prefix="roots-"))
    made = []
    for number in range(3):
        place = folder / str(number)
        place.mkdir()
        root = Key.from_seed(bytes([number]) * 32)
        identity = Identity.issue(root, f"d{number}", role="admin", key=Key.from_seed(bytes([number + 9]) * 32))
        made.append(Replica.create(place / "workspace.db", SCHEMA, identity, place / "photos"))
        made[-1].connection.execute("PRAGMA synchronous = OFF")
    try:
        yield made
    finally:
        for replica in made:
            replica.close()
        shutil.rmtree(folder)


def merge(here: Replica, there: Replica) -> None:
    """As `merge --trust` does it."""
    with open_peer(there.path.parent) as peer:
        exchange(here, peer, trust=lambda _: True, area=AREA, officer="9")


def notes(replica: Replica) -> list[tuple[object, ...]]:
    """What people see."""
    return list(map(tuple, replica.connection.execute("SELECT id, title, conflict FROM notes ORDER BY id")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=24))
def test_roots_that_trust_each_other_see_the_same(steps: list[tuple[object, ...]]) -> None:
    """After everybody has merged everybody, all see the same notes and conflicts, and verify finds no fault."""
    with strangers() as made:
        written = []
        for step in steps:
            match step:
                case ("note", int(who), str(row), str(title)):
                    edit = Edit("notes", row_id(row), {"title": title}, basis=made[who].row("notes", row_id(row)))
                    written.append(made[who].write(AREA, [edit], officer="9"))
                case ("merge", int(who), int(other)) if who != other:
                    merge(made[who], made[other])
        for _ in range(3):
            for here in made:
                for there in made:
                    if here is not there:
                        merge(here, there)
        seen = [notes(replica) for replica in made]

        assert all(each == seen[0] for each in seen)
        for replica in made:
            assert all(replica.entry(version) is not None for version in written)
            assert faults(replica) == []
            before = list(replica.dump())
            replica.rebuild()
            assert list(replica.dump()) == before
