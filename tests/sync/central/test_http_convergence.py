"""The foundation's property over HTTP: edits, exchanges and syncs over a bad line in any order; all are equal in the end.

Scripts are made as in `tests.sync.test_convergence`; between them devices sync with a central store. On the line
answers are lost after the work was done, requests before it, and some arrive twice. `INSPECT_TUI_EXAMPLES` sets how many.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync import receipts
from sync.blobs import Blobs
from sync.central.app import Central, build
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection, RefusedByServer, UnreachableError
from sync.central.postgres_store import PostgresStore
from sync.central.serving import Running
from sync.central.sqlite_store import SqliteStore
from sync.central.syncing import synchronise
from sync.errors import PeerError
from sync.keys import EVERYWHERE
from sync.peers import ReplicaPeer
from sync.replica import Replica
from sync.verify import verify
from tests.sync.central.conftest import TEAM
from tests.sync.central.house import over, served_identity
from tests.sync.central.pushing import promises_hold
from tests.sync.central.test_store_convergence import empty
from tests.sync.support import versions
from tests.sync.test_convergence import SCHEMA, action, play, replicas, team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sync.central.store import CentralStore
    from tests.sync.central.conftest import Postgres

EXAMPLES = int(os.environ.get("INSPECT_TUI_EXAMPLES", "25"))

faults = st.lists(st.sampled_from(["", "", "", "lost", "unheard", "twice", "again"]), max_size=12)
"""What happens to the requests of a sync, one after the other; then all is well."""
syncing = st.one_of(
    st.tuples(st.just("sync"), replicas, faults),
    st.tuples(st.just("sync"), replicas, faults),
    st.tuples(st.just("push"), replicas, faults, st.randoms(use_true_random=False)),
)


class BadLine:
    """urllib3's pool as it is where the network is bad."""

    def __init__(self, pool: Any, faults: list[str]) -> None:
        self._pool = pool
        self._faults = list(faults)
        self._before: tuple[Any, Any] | None = None

    def request(self, *said: Any, **options: Any) -> Any:
        """A request, or what becomes of it."""
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "lost":
            raise urllib3.exceptions.ProtocolError("lost on the way there")
        before, self._before = self._before, (said, options)
        if fault == "again" and before is not None:
            # an old request comes once more, late: its signature was used before
            self._unasked(*before)
        answer = self._pool.request(*said, **options)
        if fault == "unheard":
            answer.drain_conn()
            answer.release_conn()
            raise urllib3.exceptions.ProtocolError("lost on the way back")
        if fault == "twice":
            self._unasked(said, options)
        return answer

    def _unasked(self, said: Any, options: Any) -> None:
        """Once more, and nobody listens to the answer."""
        answer = self._pool.request(*said, **options)
        assert answer.status in {200, 401}
        answer.drain_conn()
        answer.release_conn()

    def close(self) -> None:
        """Let go of the sockets."""
        self._pool.close()


class Switchboard(Running):
    """One server whose store can be exchanged: starting one for each example would take most of the time."""

    def __init__(self, first: Central) -> None:
        super().__init__(first)
        self.app = build(first)
        self._server.config.app = self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on to the store of the day."""
        await self.app(scope, receive, send)


@contextlib.contextmanager
def talking(url: str, replica: Replica, faults: list[str]) -> Iterator[HttpPeer]:
    """A connection over a bad line."""
    connection = Connection(Address(url), replica.identity, attempts=2)
    connection.wait = lambda _: None  # type: ignore[assignment,method-assign]  # nobody is in a hurry here
    connection._pool = BadLine(connection._pool, faults)  # type: ignore[assignment]
    try:
        yield HttpPeer(connection)
    finally:
        connection.close()


def go(made: list[Replica], url: str, step: tuple[Any, ...]) -> None:
    """One sync, or changesets pushed in the wrong order."""
    replica = made[step[1]]
    with talking(url, replica, step[2]) as peer, contextlib.suppress(UnreachableError, RefusedByServer):
        if step[0] == "sync":
            synchronise(replica, peer)
            return

        def keep(jws: str, certificate: str) -> None:
            with replica.writing():
                receipts.keep(replica.connection, jws, certificate, replica.team)

        peer.on_receipt = keep
        entries = list(ReplicaPeer(replica).read({}))
        step[3].shuffle(entries)
        for start in range(0, len(entries), 2):
            peer.append(entries[start : start + 2])


def check(made: list[Replica], store: CentralStore, written: list[str]) -> None:
    """Everybody has everything, the same tables, and what the server signed for is in its log."""
    expected = list(store.dump())
    assert [list(replica.dump()) for replica in made] == [expected] * len(made)
    log = store.read({}, (EVERYWHERE,), after=0, limit=10_000, max_bytes=1 << 30).entries
    counts = store.counts()
    assert counts.changesets == len(log) == len({entry.body for entry in log})
    assert counts.held == 0
    for replica in made:
        assert len(versions(replica)) == counts.changesets
        assert set(written) <= versions(replica)
        assert replica.status().held == 0
        assert [each for each in verify(replica.connection, SCHEMA, replica.blobs) if each.level == "fault"] == []
        assert receipts.broken_promises(replica.connection) == []
    store.rebuild()
    assert list(store.dump()) == expected


@contextlib.contextmanager
def lite() -> Iterator[CentralStore]:
    """A new store in SQLite."""
    folder = Path(tempfile.mkdtemp(prefix="central-"))
    store = SqliteStore(Replica.create(folder / "store.db", SCHEMA, served_identity(), folder / "photos"))
    store.replica.connection.execute("PRAGMA synchronous = OFF")
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_store(request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    """Makes a new store, of each driver in turn."""
    if request.param == "sqlite":
        yield lite
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    database = postgres.empty()
    store = PostgresStore.open(postgres.url(database), SCHEMA, team=TEAM)

    @contextlib.contextmanager
    def emptied() -> Iterator[CentralStore]:
        empty(postgres, database)
        yield store

    yield emptied
    store.close()


@pytest.fixture(scope="module")
def switchboard(new_store: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    """The server."""
    with new_store() as store:
        first = over(store, tmp_path_factory.mktemp("first"), served_identity())
    with Switchboard(first) as server:
        yield server


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rounds=st.lists(st.tuples(st.lists(action, max_size=6), st.lists(syncing, max_size=3)), min_size=1, max_size=5)
)
def test_replicas_that_synced_over_a_bad_line_are_equal(
    rounds: list[tuple[list[Any], list[Any]]], new_store: Callable[[], Any], switchboard: Switchboard
) -> None:
    """Equal dumps on both sides, nothing lost or twice, and what was signed for is there, in PostgreSQL and SQLite."""
    with team(3) as made, new_store() as store:
        photos = made[0].path.parent / "central"
        switchboard.app = build(over(store, photos, served_identity(), requests_a_minute=10**9))
        written: list[str] = []
        for actions, steps in rounds:
            written += play(made, actions)
            for step in steps:
                go(made, switchboard.url, step)
        promises_hold(made, store, Blobs(photos))
        for _ in range(2):
            for replica in made:
                with talking(switchboard.url, replica, []) as peer:
                    done = synchronise(replica, peer)
        assert done.received.appended == 0
        assert done.requests <= 5
        check(made, store, written)


def test_the_line_is_as_bad_as_it_claims(new_store: Callable[[], Any], switchboard: Switchboard) -> None:
    """Lost before, lost after, twice: the first is not done, the second is, the third is answered once."""
    with team(1) as (replica,), new_store() as store:
        photos = replica.path.parent / "central"
        switchboard.app = build(over(store, photos, served_identity()))
        play([replica], [("edit", 0, "018bcfe5-6800-7000-8000-000000000000", {"title": "a"}, 1)])
        entries = list(ReplicaPeer(replica).read({}))
        with talking(switchboard.url, replica, ["", "lost", "lost"]) as peer:
            with pytest.raises(UnreachableError):
                peer.append(entries)
            assert store.counts().changesets == 0
        with talking(switchboard.url, replica, ["", "unheard", "unheard"]) as peer:
            with pytest.raises(UnreachableError):
                peer.append(entries)
            assert store.counts().changesets == 1
        with talking(switchboard.url, replica, ["", "twice"]) as peer:
            assert peer.append(entries).known == 1
        with talking(switchboard.url, replica, []) as peer, pytest.raises(PeerError):
            peer.connection.send("GET", "/v1/nowhere")
