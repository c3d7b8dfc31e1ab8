"""Logs of several devices in any order, cut anyhow, with repeats: every store makes the tables that a device makes.

All randomness is Hypothesis's. What the devices write is made as in `tests.sync.test_convergence`: edits that have seen
all, some or nothing of what others did, voidings, refused and foreign changes, adoptions, revocations, forks.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.central.postgres_store import PostgresStore
from sync.central.sqlite_store import SqliteStore
from sync.changeset import Change, Entry
from sync.ids import derived_id
from sync.keys import EVERYWHERE
from sync.peers import ReplicaPeer
from sync.replica import Replica
from sync.tables import decode_heads
from tests.sync.central.conftest import TEAM
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    ISSUED,
    NOON,
    OTHER_AREA,
    SCHEMA,
    Author,
    device,
    row_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sync.central.store import CentralStore
    from tests.sync.central.conftest import Postgres

DEVICES: dict[str, dict[str, Any]] = {
    "admin": {},
    "second": {"issued": ISSUED + 1},
    "inspector": {"role": "inspector", "areas": (AREA,)},
    "foreign": {"root": FOREIGN_ROOT},
    "officer": {"officers": ("7",), "expires": NOON + 20},
}
PLACES = [(name, area) for name in DEVICES for area in (AREA, OTHER_AREA)]
"""Chains: several devices in two areas."""
VOID = {"void_reason": "错录", "void_at": "1", "void_by": "9"}

texts = st.fixed_dictionaries({"title": st.sampled_from(["a", "b", "t\t\\", None])})
plain_cells = st.one_of(
    texts,
    texts,
    st.fixed_dictionaries({"title": st.just("c"), "count": st.sampled_from([1, 2])}),
    st.fixed_dictionaries({"measurement": st.sampled_from([None, {"value": "1", "unit": "m"}])}),
    st.fixed_dictionaries({"title": st.just("d"), "body": st.sampled_from(["x", "y"])}),
    st.fixed_dictionaries({"body": st.sampled_from(["x", "y"])}),
    st.sampled_from([{"body": "x"}, {"body": "y"}, {"tags": ["u"]}, {"void": VOID}]),
)
cells = st.one_of(
    texts,
    st.fixed_dictionaries({"title": st.just("c"), "count": st.sampled_from([1, 2, "wrong"])}),
    st.fixed_dictionaries({"measurement": st.sampled_from([None, {"value": "1", "unit": "m"}])}),
    st.fixed_dictionaries({"tags": st.just(["u", 1]), "photo": st.just("ab" * 32)}),
    st.fixed_dictionaries({"void": st.sampled_from([VOID, None])}),
    st.fixed_dictionaries({"unknown": st.just("cell")}),
)
rows = st.sampled_from(["r", "s", "t"])
looking = st.sampled_from(["all", "all", "all", "some", "nothing"])


def actions(chain: st.SearchStrategy[int], *, ordinary: bool) -> st.SearchStrategy[Any]:
    """What devices do; ordinary is what goes the quick way."""
    said = plain_cells if ordinary else cells
    looks = st.sampled_from(["all", "all", "some"]) if ordinary else looking
    tables = st.just("notes") if ordinary else st.sampled_from(["notes", "notes", "notes", "reviews", "strange"])
    edit = st.tuples(
        st.just("edit"),
        chain,
        st.lists(st.tuples(rows, said), min_size=1, max_size=2, unique_by=lambda each: each[0]),
        tables,
        looks,
        st.integers(0, 30),
    )
    if ordinary:
        return edit
    return st.one_of(
        edit,
        edit,
        edit,
        edit,
        st.tuples(st.just("fork"), chain),
        st.tuples(st.just("adopt"), chain, chain, st.booleans()),
        st.tuples(st.just("revoke"), chain, chain, st.booleans()),
    )


scripts = st.one_of(
    st.lists(actions(st.sampled_from([0, 2]), ordinary=True), min_size=6, max_size=16),
    st.lists(actions(st.integers(0, len(PLACES) - 1), ordinary=False), min_size=1, max_size=25),
)


@dataclass
class World:
    """Devices that write, and a replica that sees all of it at once.

    Attributes:
        said: Everything that was written, predecessors and seen versions first.
    """

    replica: Replica
    authors: list[Author]
    said: list[Entry] = field(default_factory=list)

    def keep(self, entry: Entry) -> None:
        """Note what was written."""
        self.said.append(entry)
        ReplicaPeer(self.replica).append([entry])

    def play(self, script: list[Any]) -> None:
        """Do what the script says."""
        for step in script:
            author = self.authors[step[1]]
            match step[0]:
                case "edit":
                    self.edit(author, *step[2:])
                case "fork":
                    self.authors.append(author.fork())
                case "adopt":
                    self.judge(author, self.authors[step[2]], "adoptions", named=step[3])
                case _:
                    self.judge(author, self.authors[step[2]], "revocations", named=step[3])

    def edit(self, author: Author, rows: list[Any], table: str, looking: str, time: int) -> None:
        """One changeset of some rows."""
        changes = []
        for name, values in rows:
            said = {"remark": "x"} if table == "reviews" else values
            row = row_id(name)
            seen = (
                {} if looking == "nothing" else self.seen(table, row, author.area, [*said], whole=looking == "all")
            )
            changes.append(Change(row=row, seen=seen, set=said, table=table))
        self.keep(author.say(*changes, time=NOON + time))

    def seen(self, table: str, row: str, area: str, names: list[str], *, whole: bool) -> dict[str, list[str]]:
        """The heads of the cells; all of the row's where a voiding is under way, the birth alone for half a look."""
        if table not in SCHEMA.by_name:
            return {}
        query = f"SELECT created, heads, area FROM {table} WHERE id = ?"
        found = self.replica.connection.execute(query, (row,)).fetchone()
        if found is None or found[2] != area:
            return {}
        heads = decode_heads(found[1]) if whole else {}
        covered = [*SCHEMA.by_name[table].by_name] if "void" in names else names
        return {name: heads.get(name) or [found[0]] for name in covered}

    def judge(self, author: Author, other: Author, table: str, *, named: bool) -> None:
        """Adopt or revoke: with the last version of the other's chain, or with nothing."""
        accepted = {other.area: [other.version]} if named and other.prev is not None else {}
        who = {"team": other.identity.team} if table == "adoptions" else {"device": other.identity.device}
        row = derived_id(table, author.area, *who.values(), str(accepted))
        cells: dict[str, Any] = {**who, HEADS: accepted}
        self.keep(author.say(Change(row=row, seen={}, set=cells, table=table)))


def world(folder: Path) -> Iterator[World]:
    """A new world."""
    replica = Replica.create(folder / "all.db", SCHEMA, device("server"), folder / "photos")
    replica.connection.execute("PRAGMA synchronous = OFF")
    yield World(replica, [Author(device(name, **DEVICES[name]), area) for name, area in PLACES])
    replica.close()


def empty(postgres: Postgres, database: str) -> None:
    """Throw away all that a store holds, as if nothing had ever been appended."""
    tables = postgres.execute(
        "SELECT string_agg(format('%I', relname), ', ') FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND relname NOT IN ('store_meta', 'store_arrivals')",
        database,
    )
    statements = [f"DELETE FROM {table}" for table in tables[0][0].split(", ")]
    statements.append("UPDATE store_arrivals SET last = 0")
    statements.append("UPDATE store_meta SET value = (value::int + 1)::text WHERE key = 'context'")
    postgres.execute("; ".join(statements), database)


def offered(data: st.DataObject, said: list[Entry]) -> list[list[Entry]]:
    """Everything at least once, some of it twice, in some order and some batches."""
    order = data.draw(st.sampled_from(["one by one", "in order", "one by one", "mixed"]), label="order")
    if order == "one by one":
        return [[entry] for entry in said]
    everything = [*said, *data.draw(st.lists(st.sampled_from(said), max_size=6), label="again")]
    if order == "mixed":
        everything = data.draw(st.permutations(everything), label="permutation")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(everything)), max_size=6), label="cuts"))
    return [everything[start:end] for start, end in zip([0, *cuts], [*cuts, len(everything)], strict=True)]


def check(stores: list[CentralStore], said: list[Entry], world: World, data: st.DataObject) -> None:
    """All stores take all of it and end with the same tables, however it came."""
    expected = list(world.replica.dump())
    for store in stores:
        for batch in offered(data, said):
            store.append(batch)
        assert list(store.dump()) == expected
        assert store.counts().held == 0
        known = world.replica.status()
        counts = store.counts()
        assert (counts.changesets, counts.refused, counts.conflicts) == (
            known.changesets,
            known.refused,
            known.conflicts,
        )
        assert sorted(counts.forked) == sorted(known.forked)
        assert len(store.read({}, [EVERYWHERE], after=0, limit=10_000, max_bytes=1 << 30).entries) == len(said)
        if data.draw(st.sampled_from([False, False, True]), label="rebuilt"):
            store.rebuild()
            assert list(store.dump()) == expected
            assert store.counts() == counts


@pytest.fixture(scope="module")
def emptied(postgres: Postgres) -> Iterator[tuple[CentralStore, Callable[[], None]]]:
    """One store for all examples, and what empties it: making one for each would take most of the time."""
    database = postgres.laid_out()
    store = PostgresStore.open(postgres.url(database), SCHEMA, team=TEAM)
    yield store, lambda: empty(postgres, database)
    store.close()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=scripts, data=st.data())
def test_stores_make_the_tables_that_a_device_makes(
    script: list[Any], data: st.DataObject, emptied: tuple[CentralStore, Callable[[], None]]
) -> None:
    """Equal logs give equal dumps in PostgreSQL, in SQLite behind the server, and on a device."""
    store, forget = emptied
    folder = Path(tempfile.mkdtemp(prefix="stores-"))
    lite = SqliteStore(Replica.create(folder / "store.db", SCHEMA, device("server"), folder / "photos"))
    lite.replica.connection.execute("PRAGMA synchronous = OFF")
    forget()
    try:
        for made in world(folder):
            made.play(script)
            if made.said:
                check([store, lite], made.said, made, data)
    finally:
        lite.close()
        shutil.rmtree(folder)
