"""What is PostgreSQL's own: processes beside each other, a server that goes away, wrong addresses, other layouts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors

from sync.central.postgres_errors import sentence, shown
from sync.central.postgres_store import PostgresStore
from sync.door import read
from sync.errors import StoreError, SyncError
from sync.ids import derived_id
from sync.keys import EVERYWHERE, team_id
from sync.schema import Cell, Schema, Table
from tests.sync.central.conftest import TEAM, new_server
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    NOON,
    NOTES,
    OTHER_AREA,
    REVIEWS,
    SCHEMA,
    Author,
    change,
    device,
    dump,
    offer,
    row_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sync.changeset import Entry
    from tests.sync.central.conftest import Postgres
    from tests.sync.support import Team

ALL = (EVERYWHERE,)


@pytest.fixture
def opened(postgres_url: str) -> Iterator[Callable[[], PostgresStore]]:
    """Opens one store as often as asked, as so many processes would."""
    made: list[PostgresStore] = []

    def open_() -> PostgresStore:
        made.append(PostgresStore.open(postgres_url, SCHEMA))
        return made[-1]

    yield open_
    for store in made:
        store.close()


def said_by(name: str, count: int, area: str = AREA) -> list[Entry]:
    """So many new rows of a device."""
    author = Author(device(name), area)
    return [author.say(change(f"{name}{number}", {"title": area})) for number in range(count)]


def everything(store: PostgresStore) -> list[Entry]:
    """The log as the store gives it."""
    return store.read({}, ALL, after=0, limit=100_000, max_bytes=1 << 30).entries


def check_sound(store: PostgresStore, team: Team) -> None:
    """The tables are what a device makes of the log, and what a fresh fold makes of it."""
    found = list(store.dump())
    replica = team.replica(f"check{len(team.open)}", device("server"))
    offer(replica, everything(store))
    assert found == dump(replica)
    store.rebuild()
    assert list(store.dump()) == found


# opening


def test_an_empty_database_needs_a_team(postgres: Postgres) -> None:
    """A store is laid out for a team once; whoever names another is refused, and nothing is changed."""
    url = postgres.url(postgres.empty())
    with pytest.raises(StoreError, match="no central store in the database yet"):
        PostgresStore.open(url, SCHEMA)

    PostgresStore.open(url, SCHEMA, team=TEAM).close()
    with pytest.raises(StoreError, match="another team"):
        PostgresStore.open(url, SCHEMA, team=team_id(FOREIGN_ROOT.public))
    again = PostgresStore.open(url, SCHEMA)

    assert again.team == TEAM
    again.close()


def test_processes_may_lay_it_out_at_once(postgres: Postgres) -> None:
    """Several servers that start on an empty database make one store."""
    url = postgres.url(postgres.empty())
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: PostgresStore.open(url, SCHEMA, team=TEAM), range(4)))

    assert {store.secret("upload") for store in stores} == {stores[0].secret("upload")}
    for store in stores:
        store.close()


def test_a_newer_layout_is_left_alone(postgres: Postgres) -> None:
    """A database that a newer programme laid out is not touched."""
    name = postgres.laid_out()
    postgres.execute("UPDATE store_meta SET value = '2' WHERE key = 'layout'", name)

    with pytest.raises(StoreError, match="newer programme"):
        PostgresStore.open(postgres.url(name), SCHEMA)


def test_other_tables_are_folded_anew(postgres: Postgres, team: Team) -> None:
    """A programme with a new cell and table finds what the log says of them; the one before may not write any more."""
    url = postgres.url(postgres.laid_out())
    before = PostgresStore.open(url, SCHEMA)
    author = Author(device("a"))
    before.append(
        [
            author.say(change("n", {"title": "x", "weight": "5"})),
            author.say(change("w", {"x": "y"}, table="weights")),
        ]
    )
    assert not any("weight" in line for line in before.dump())
    notes = Table("notes", (*NOTES.cells, Cell("weight")))
    newer = Schema((notes, REVIEWS, Table("weights", (Cell("x"),))))

    after = PostgresStore.open(url, newer)

    lines = list(after.dump())
    assert any('"weight": "5"' in line for line in lines)
    assert any('"weights"' in line for line in lines)
    with pytest.raises(StoreError, match="made anew by another version"):
        before.append([author.say(change("m", {"title": "x"}))])
    assert after.append([author.say(change("k", {"title": "x"}))]).outcome.held == 1
    before.close()
    after.close()
    back = PostgresStore.open(url, SCHEMA)
    check_sound(back, team)
    back.close()


def test_a_database_of_somebody_else_is_left_alone(postgres: Postgres) -> None:
    """Tables of the same names that are not ours: a sentence, and nothing half made."""
    name = postgres.empty()
    postgres.execute("CREATE TABLE notes (mine text)", name)

    with pytest.raises(StoreError, match="of its own"):
        PostgresStore.open(postgres.url(name), SCHEMA, team=TEAM)

    tables = postgres.execute("SELECT relname FROM pg_class WHERE relname IN ('notes', 'store_log')", name)
    assert tables == [("notes",)]


def test_another_encoding_is_refused(postgres: Postgres) -> None:
    """What stands in the log is UTF-8 and must come out as it went in."""
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match="LATIN1"):
        PostgresStore.open(postgres.url("latin"), SCHEMA, team=TEAM)


# errors


def test_wrong_addresses_are_one_sentence(postgres: Postgres) -> None:
    """No server, no database, no rights: what is wrong, in both languages, and never a password."""
    name = postgres.laid_out()
    postgres.execute("CREATE ROLE nobody LOGIN")
    addresses = {
        "postgresql://u:geheim@127.0.0.1:1/x": "cannot be reached",
        postgres.url("no_such_database"): "does not exist",
        postgres.url(name, "nobody"): "lacks a right",
        "postgresql://u:geheim@[::1/x": "reached|failed",
        "host=127.0.0.1 port=1 password=geheim": "cannot be reached",
    }
    for address, words in addresses.items():
        with pytest.raises(StoreError, match=words) as caught:
            PostgresStore.open(address, SCHEMA, team=TEAM)
        assert "geheim" not in f"{caught.value.zh}{caught.value.en}"
        assert "\n" not in caught.value.zh


def test_a_wrong_password_is_said_without_it() -> None:
    """The server refuses the login."""
    with new_server() as server:
        server.execute("CREATE ROLE guarded LOGIN PASSWORD 'richtig'")
        rules = Path(server.server.pgdata) / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
        server.execute("SELECT pg_reload_conf()")
        url = server.url(server.laid_out(), "guarded:falsch")

        with pytest.raises(StoreError, match="refuses the login") as caught:
            PostgresStore.open(url, SCHEMA)
        assert "falsch" not in f"{caught.value.zh}{caught.value.en}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at postgresql://u:secret@host/db failed", "at postgresql://u:…@host/db failed"),
        ("password=secret host=x", "password=… host=x"),
        ("password = 'a b\\' c' host=x", "password = … host=x"),
        ("two\n  lines", "two lines"),
    ],
)
def test_passwords_are_not_shown(text: str, expected: str) -> None:
    """In whatever form libpq takes them."""
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.DiskFull("no space"), "short of disk"),
        (errors.TooManyConnections("x"), "connections"),
        (errors.LockNotAvailable("x"), "in use by another process"),
        (psycopg.OperationalError("server closed the connection"), "cannot be reached"),
        (errors.DataCorrupted("bad page"), "failed: bad page"),
    ],
)
def test_every_error_is_a_sentence(error: psycopg.Error, words: str) -> None:
    """In both languages, saying what to do."""
    said = sentence(error)
    assert words in said.en
    assert said.zh.endswith("。")


def test_a_read_only_database_says_so(postgres: Postgres) -> None:
    """As a standby server is."""
    name = postgres.laid_out()
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = PostgresStore.open(postgres.url(name), SCHEMA)

    with pytest.raises(StoreError, match="read-only"):
        store.append(said_by("a", 1))
    assert store.heads(ALL) == {}
    store.close()


def test_a_closed_store_says_so(postgres_url: str) -> None:
    """Whoever comes too late gets a sentence."""
    store = PostgresStore.open(postgres_url, SCHEMA)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.ready()


# processes


def test_what_one_process_judges_all_obey(opened: Callable[[], PostgresStore], team: Team) -> None:
    """A revocation and an adoption taken in by one server count at once at another that had asked before."""
    one, other = opened(), opened()
    lost, foreign = Author(device("lost")), Author(device("f", root=FOREIGN_ROOT))
    one.append([lost.say(change("n", {"title": "1"}))])
    other.append([foreign.say(change("f", {"title": "1"}))])
    assert not other.revoked(device("lost").device)
    values = {"device": device("lost").device, HEADS: {AREA: [lost.version]}, "reason": "丢失"}
    one.write(device("server"), EVERYWHERE, "revocations", derived_id("r"), values, officer="9")
    adopted = {"team": foreign.identity.team, HEADS: {AREA: [foreign.version]}, "name": "北队"}
    one.write(device("server"), EVERYWHERE, "adoptions", derived_id("a"), adopted, officer="9")

    assert other.revoked(device("lost").device)
    taken = other.append([lost.say(change("m", {"title": "1"}))])
    assert taken.not_counting == {lost.version: "revoked"}
    assert other.counts().refused == 1
    check_sound(other, team)


def test_a_row_taken_in_by_two_areas_at_once(opened: Callable[[], PostgresStore], team: Team) -> None:
    """Batches of two areas do not wait for each other, and still fold the rows that both create and change as one."""
    stores = [opened(), opened()]
    authors = [Author(device("a"), AREA), Author(device("b"), OTHER_AREA)]
    logs: list[list[Entry]] = [[], []]
    for log, author in zip(logs, authors, strict=True):
        for number in range(8):
            log.append(author.say(change(f"n{number}", {"title": "0"})))
            birth = {"title": [author.version]}
            log += [author.say(change(f"n{number}", {"title": str(step)}, birth)) for step in range(1, 8)]
    start = threading.Barrier(2)

    def push(number: int) -> None:
        start.wait()
        for entry in logs[number]:
            stores[number].append([entry])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(push, range(2)))

    assert len(everything(stores[0])) == 128
    check_sound(stores[1], team)


def test_readers_miss_nothing_while_others_append(opened: Callable[[], PostgresStore]) -> None:
    """Whoever reads on from the last number gets everything once, however appends of several areas overlap."""
    stores = [opened() for _ in range(3)]
    areas = [f"1411{number:02}" for number in range(1, 9)]
    logs = {area: said_by("a", 12, area) for area in areas}
    done = threading.Event()

    def push(area: str) -> None:
        for start in range(0, 12, 2):
            stores[int(area) % 2].append(logs[area][start : start + 2])

    def follow() -> list[Entry]:
        found: list[Entry] = []
        last = 0
        while True:
            ended = done.is_set()
            given = stores[2].read({}, ALL, after=last, limit=5, max_bytes=1 << 20)
            found += given.entries
            last = given.last
            if ended and not given.more:
                return found

    with ThreadPoolExecutor(9) as pool:
        following = pool.submit(follow)
        list(pool.map(push, areas))
        done.set()
        found = following.result()

    assert len(found) == 96
    assert {entry.body for entry in found} == {entry.body for log in logs.values() for entry in log}


_CHILD = """
import sys
from sync.central.postgres_store import PostgresStore
from tests.sync.central.test_postgres_store import said_by
from tests.sync.support import AREA, SCHEMA, device, row_id
url, name = sys.argv[1:]
store = PostgresStore.open(url, SCHEMA)
log = said_by("shared", 30)
for start in range(0, 30, 3):
    store.append(log[start : start + 3])
    store.append(said_by(name, start + 3))
    store.write(device("server"), AREA, "notes", row_id("n"), {"title": name + str(start)}, officer="9")
store.close()
"""


def test_two_processes_append_and_write(postgres_url: str, opened: Callable[[], PostgresStore], team: Team) -> None:
    """The same log, logs of their own, and changes of the one server identity, from two processes at once."""
    root = Path(__file__).parents[3]
    children = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", _CHILD, postgres_url, name], cwd=root)
        for name in ("p", "q")
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0]
    store = opened()

    assert store.counts().changesets == 30 + 2 * 30 + 20
    assert store.counts().forked == ()
    assert store.counts().conflicts == 0
    assert store.counts().held == 0
    assert store.heads(ALL)[AREA, device("server").device][0][0] == 20
    check_sound(store, team)


# a server that goes away


@pytest.fixture(scope="module")
def fragile() -> Iterator[Postgres]:
    """A server that may be stopped."""
    with new_server() as server:
        yield server


def test_a_restart_under_load_loses_nothing(fragile: Postgres, team: Team) -> None:
    """What was acknowledged is there after the restart, what failed said so, and a repetition succeeds."""
    store = PostgresStore.open(fragile.url(fragile.laid_out()), SCHEMA)
    logs = {number: said_by(f"d{number}", 60) for number in range(4)}
    acknowledged: list[str] = []
    failed: list[SyncError] = []
    under_way, again = threading.Semaphore(0), threading.Event()

    def push(number: int) -> None:
        for start in range(0, 60, 3):
            while True:
                try:
                    taken = store.append(logs[number][start : start + 3])
                except SyncError as error:
                    failed.append(error)
                    again.wait(30)
                    continue
                acknowledged.extend(end.version for end in taken.ends)
                under_way.release()
                break

    with ThreadPoolExecutor(4) as pool:
        pushing = [pool.submit(push, number) for number in range(4)]
        for _ in range(12):
            under_way.acquire(timeout=60)
        fragile.stop()
        with pytest.raises(StoreError, match="cannot be reached"):
            store.ready()
        fragile.start()
        again.set()
        for each in pushing:
            each.result()

    assert failed
    assert all(isinstance(error, StoreError) for error in failed)
    store.ready()
    there = {entry.body for entry in everything(store)}
    assert there == {entry.body for log in logs.values() for entry in log}
    assert len(acknowledged) == 80
    check_sound(store, team)
    store.close()


def test_a_crash_forgets_tokens_and_their_secret_together(fragile: Postgres) -> None:
    """After a crash a used token would pass again, so what it was signed for must be gone; the rest is durable."""
    store = PostgresStore.open(fragile.url(fragile.laid_out()), SCHEMA)
    nonce, lasting = store.secret("nonce"), store.secret("upload")
    assert store.first_use("token", NOON)
    store.append(said_by("a", 3))
    fragile.stop()
    fragile.start()
    assert store.secret("nonce") == nonce
    assert not store.first_use("token", NOON)

    fragile.crash()
    fragile.start()

    assert store.secret("nonce") != nonce
    assert store.first_use("token", NOON)
    assert store.secret("upload") == lasting
    assert len(everything(store)) == 3
    store.close()


# size


def test_one_new_changeset_of_many_is_found_by_its_index(postgres: Postgres) -> None:
    """Reading or appending a little looks at little, however long the log: PostgreSQL's own counters say so."""
    name = postgres.laid_out()
    store = PostgresStore.open(postgres.url(name), SCHEMA)
    log = said_by("a", 2000)
    store.append(log[:-1])
    known = store.heads(ALL)
    store.append(log[-1:])
    store.append(said_by("b", 50))
    known |= {key: places for key, places in store.heads(ALL).items() if key not in known}

    def rows_read() -> int:
        store.close()
        # a connection adds to the counters at its end
        while postgres.execute(
            f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        ):
            time.sleep(0.01)
        total: Any = postgres.execute(
            "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname LIKE 'store_log%')"
            " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'store_log%')",
            name,
        )
        return int(total[0][0])

    before = rows_read()
    store = PostgresStore.open(postgres.url(name), SCHEMA)
    given = store.read(known, ALL, after=0, limit=100, max_bytes=1 << 20)

    assert given.entries == log[-1:]
    assert store.append(log[-1:]).outcome.known == 1
    author = Author(device("c"))
    seen = {"title": [read(log[1000]).version]}
    assert store.append([author.say(change("a1000", {"title": "x"}, seen))]).outcome.appended == 1
    assert rows_read() - before < 30


def test_the_log_may_be_read_as_text(postgres: Postgres) -> None:
    """Whoever opens the database with psql reads the changesets and tables as they are."""
    name = postgres.laid_out()
    store = PostgresStore.open(postgres.url(name), SCHEMA)
    store.append([Author(device("a")).say(change("n", {"title": "粉尘\t\\"}))])
    store.close()

    assert postgres.execute("SELECT body::json -> 'changes' -> 0 -> 'set' ->> 'title' FROM store_log", name) == [
        ("粉尘\t\\",)
    ]
    assert postgres.execute("SELECT title FROM notes", name) == [("粉尘\t\\",)]
    assert postgres.execute(f"SELECT count(*) FROM notes WHERE id = '{row_id('n')}'", name) == [(1,)]
