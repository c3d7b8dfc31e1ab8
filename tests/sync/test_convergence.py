"""N replicas, random edits of the same rows, random partial, repeated and reordered exchanges: equal in the end.

All randomness is Hypothesis's. The adversary here is the order of things, not forgery.
"""

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
from sync.ids import derived_id
from sync.keys import Key
from sync.peers import ReplicaPeer, open_peer
from sync.replica import Edit, Replica, Row
from sync.schema import VOID, Cell, Schema, Table
from sync.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "141102"
SCHEMA = Schema(
    (
        Table(
            "notes",
            (
                Cell("title"),
                Cell("body"),
                Cell("measurement", columns=(("value", "text"), ("unit", "text"))),
                Cell("tags", "json"),
                VOID,
            ),
        ),
    )
)
ROOT = Key.from_seed(bytes(range(32)))
ROWS = [derived_id("row", str(number)) for number in range(2)]

cells = st.one_of(
    st.fixed_dictionaries({"title": st.sampled_from(["a", "b", None])}),
    st.fixed_dictionaries({"body": st.sampled_from(["x", "y"])}),
    st.fixed_dictionaries({"title": st.just("t"), "tags": st.just(["u", "v"])}),
    st.fixed_dictionaries(
        {"measurement": st.sampled_from([{"value": "1", "unit": "m"}, {"value": "2", "unit": "m"}])}
    ),
    st.fixed_dictionaries(
        {"void": st.sampled_from([{"void_reason": "wrong", "void_at": "1", "void_by": "9"}, None])}
    ),
)
replicas = st.integers(0, 2)
clock = st.integers(0, 5)
edit = st.tuples(st.just("edit"), replicas, st.sampled_from(ROWS), cells, clock)
action = st.one_of(
    edit,
    edit,
    edit,
    st.tuples(st.just("stale"), replicas, st.sampled_from(ROWS), cells, clock),
    st.tuples(st.just("file"), replicas, replicas),
    st.tuples(st.just("both"), replicas, replicas),
    st.tuples(st.just("scramble"), replicas, replicas, st.randoms(use_true_random=False)),
    st.tuples(st.just("revoke"), replicas, replicas),
)


def device(number: int) -> Identity:
    """The same key every time, so that Hypothesis can shrink."""
    return Identity.issue(ROOT, f"d{number}", role="admin", key=Key.from_seed(bytes([number] * 32)))


@contextlib.contextmanager
def team(count: int) -> Iterator[list[Replica]]:
    """Replicas of one team in a throw-away folder."""
    folder = Path(tempfile.mkdtemp(prefix="replicas-"))
    made = [
        Replica.create(
            folder / f"{number}.db", SCHEMA, Identity.issue(ROOT, f"d{number}", role="admin"), folder / "photos"
        )
        for number in range(count)
    ]
    for replica in made:
        replica.connection.execute("PRAGMA synchronous = OFF")
    try:
        yield made
    finally:
        for replica in made:
            replica.close()
        shutil.rmtree(folder)


def play(made: list[Replica], script: list[tuple[object, ...]]) -> list[str]:
    """Do what the script says; returns the versions of everything that was acknowledged."""
    written: list[str] = []
    looked_at: dict[tuple[int, str], Row | None] = {}
    for step in script:
        match step:
            case ("edit" | "stale" as kind, int(who), str(row), dict(values), int(time)):
                replica = made[who]
                seen = looked_at.get((who, row)) if kind == "stale" else None
                written.append(
                    replica.write(
                        AREA,
                        [Edit("notes", row, values, basis=seen, covers_row="void" in values)],
                        officer="9",
                        time_ms=1_800_000_000_000 + time,
                    )
                )
                looked_at[who, row] = replica.row("notes", row)
            case ("file", int(one), int(other)) if one != other:
                with open_peer(made[other].path) as peer:
                    exchange(made[one], peer)
            case ("both", int(one), int(other)) if one != other:
                exchange(made[one], ReplicaPeer(made[other]))
            case ("scramble", int(one), int(other), random) if one != other:
                entries = list(ReplicaPeer(made[other]).read({}))
                random.shuffle(entries)  # type: ignore[attr-defined]  # Hypothesis's random
                ReplicaPeer(made[one]).append(entries[: len(entries) // 2 + 1] * 2)
            case ("revoke", int(one), int(other)) if one != other:
                written.append(
                    made[one].revoke(
                        AREA,
                        device(other).device,
                        reason="lost",
                        officer="9",
                        time_ms=1_800_000_000_000 + len(written) % 3,
                    )
                )
            case _:
                pass
    return written


def settle(made: list[Replica]) -> None:
    """Exchange until everybody has everything."""
    for _ in range(2):
        for replica in made[1:]:
            exchange(made[0], ReplicaPeer(replica))
    for replica in made[1:]:
        with open_peer(made[0].path) as peer:
            exchange(replica, peer)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.lists(action, min_size=2, max_size=8), min_size=1, max_size=6))
def test_replicas_that_exchanged_everything_are_equal(rounds: list[list[tuple[object, ...]]]) -> None:
    """Equal canonical dumps, equal conflicts, nothing lost, a fresh fold the same, and nothing for verify to find."""
    with team(3) as made:
        written = play(made, [step for steps in rounds for step in steps])
        settle(made)

        dumps = [list(replica.dump()) for replica in made]
        conflicts = [replica.conflicts() for replica in made]
        assert all(dump == dumps[0] for dump in dumps)
        assert all(each == conflicts[0] for each in conflicts)
        for replica in made:
            assert all(replica.entry(version) is not None for version in written)
            assert replica.status().held == 0
            faults = [
                fault for fault in verify(replica.connection, SCHEMA, replica.blobs) if fault.level == "fault"
            ]
            assert faults == []
            replica.rebuild()
            assert list(replica.dump()) == dumps[0]
