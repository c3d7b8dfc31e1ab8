"""The central store in one SQLite file: the same replica that every device has, behind the server's interface.

One process serves it. Writes go one after another, reads each on a connection of their thread.
"""

from __future__ import annotations

import heapq
import secrets
import threading
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.central.requests import PERIOD_MS
from sync.central.store import Counts, Given, RefusedChange, Taken, visible
from sync.keys import EVERYWHERE
from sync.peers import after_known, certificates_of, entries_by_id, tips_of
from sync.receipts import ChainEnd
from sync.replica import Edit
from sync.storage import store_errors
from sync.taking import look_at, take_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from sync.changeset import Entry
    from sync.door import Arrival
    from sync.identity import Identity
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place
    from sync.replica import Replica

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS invitations (
    id TEXT PRIMARY KEY, invitation BLOB NOT NULL, expires INTEGER NOT NULL, taken_by TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_COUNT_AT_MOST: Final = 10_000
"""What a device is told of is counted up to here: nobody reads a larger number as anything but many."""


class SqliteStore:
    """A replica as a central store."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.team = replica.team
        self._free: list[sqlite3.Connection] = []
        self._nonce = secrets.token_bytes(32)
        self._seen: dict[int, set[str]] = {}
        self._scanned: dict[str, tuple[int, frozenset[str]]] = {}
        self._seen_lock = threading.Lock()
        self._texts: dict[str, str] = {}
        with replica.writing():
            for statement in filter(str.strip, _TABLES.split(";\n")):
                replica.connection.execute(statement)

    def close(self) -> None:
        """Let go of the database."""
        while self._free:
            self._free.pop().close()
        self.replica.close()

    def readers(self) -> int:
        """How many connections wait to be read from."""
        return len(self._free)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the database, whatever is written meanwhile.

        Connections are lent, not kept by each thread: those come and go as long as the server runs.
        """
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self.replica.connect_reader()
        done = False
        try:
            with store_errors(self.replica.path):
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.execute("COMMIT")
                    done = True
        finally:
            if done:
                self._free.append(connection)
            else:
                connection.close()

    # the log

    def heads(self, areas: Sequence[str]) -> dict[ChainKey, list[Place]]:
        """The tips of the chains that a device with these areas may see."""
        with self._reading() as connection:
            return {key: places for key, places in tips_of(connection).items() if visible(areas, key[0])}

    def read(
        self,
        known: Mapping[ChainKey, Sequence[Place]],
        areas: Sequence[str],
        *,
        after: int,
        limit: int,
        max_bytes: int,
    ) -> Given:
        """Changesets in visible chains that are none of the known places and come before none of them."""
        with self._reading() as connection:
            tips = tips_of(connection)
            sources = []
            for number, area, device in map(
                tuple, connection.execute("SELECT id, area, device FROM chains").fetchall()
            ):
                places = known.get((area, device), ())
                if visible(areas, area) and not set(tips.get((area, device), ())) <= set(places):
                    sources.append(after_known(connection, number, places, after))
            ids = list(islice(heapq.merge(*sources), limit + 1))
            return _batch(connection, ids, limit, max_bytes, after)

    def append(self, entries: Sequence[Entry]) -> Taken:
        """Let changesets in; what `ends` names is durable on return. Repeating it changes nothing."""
        taken = take_in(self.replica, look_at(entries, self.replica, self._certificate_text))
        return Taken(taken.outcome, ends_of(taken.here), taken.not_counting)

    def _certificate_text(self, cert: str) -> str | None:
        text = self._texts.get(cert)
        if text is None:
            with self._reading() as connection:
                row = connection.execute("SELECT jws FROM certificates WHERE id = ?", (cert,)).fetchone()
            if row is not None:
                text = self._texts[cert] = str(row[0])
        return text

    def holds(self, ends: Sequence[ChainEnd]) -> list[ChainEnd]:
        """Those of the places that are in the log, durably, with all that came before them."""
        query = (
            "SELECT 1 FROM chains CROSS JOIN log ON log.chain = chains.id"
            " WHERE chains.area = ? AND chains.device = ? AND log.seq = ? AND log.hash = ?"
        )
        with self._reading() as connection:
            return [
                end
                for end in ends
                if connection.execute(query, (end.area, end.device, end.seq, bytes.fromhex(end.hash))).fetchone()
            ]

    def write(
        self, identity: Identity, area: str, table: str, row: str, values: Mapping[str, Any], *, officer: str
    ) -> str:
        """Record one change of the server's own, having seen the row as it stands; returns its version, durable."""
        replica = self.replica
        with replica.writing():
            before, replica.identity = replica.identity, identity
            try:
                return replica.write(area, [Edit(table, row, values)], officer=officer)
            finally:
                replica.identity = before

    def certificates(self) -> list[Certificate]:
        """Of everybody who wrote here."""
        with self._reading() as connection:
            return certificates_of(connection)

    def revoked(self, device: str) -> bool:
        """Whether a revocation that counts names the device."""
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'revoked'").fetchone()
        return row is not None and device in str(row[0]).split()

    def refused_changes(self, areas: Sequence[str], limit: int) -> list[RefusedChange]:
        """What does not count in visible areas, newest first."""
        found: list[RefusedChange] = []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT log.seq, log.hash, log.body, chains.area, chains.device, min(refusals.code) FROM refusals"
                " JOIN log ON log.id = refusals.log JOIN chains ON chains.id = log.chain GROUP BY log.id ORDER BY log.id DESC"
            )
            for _, hash_, body, area, device, code in map(tuple, rows):
                if len(found) == limit:
                    break
                if visible(areas, area):
                    found.append(refused_change(body, bytes(hash_), area, device, code))
        return found

    def counts(self) -> Counts:
        """Counts of the whole store."""
        with self._reading() as connection:

            def count(query: str) -> int:
                return int(connection.execute(query).fetchone()[0])

            forked = connection.execute("SELECT area, device FROM chains WHERE forked = 1").fetchall()
            return Counts(
                changesets=count("SELECT count(*) FROM log"),
                held=count("SELECT count(*) FROM held"),
                refused=count("SELECT count(DISTINCT log) FROM refusals"),
                conflicts=count("SELECT count(*) FROM conflicts"),
                missing_photos=count("SELECT count(*) FROM blobs WHERE state = 'missing'"),
                devices=count("SELECT count(DISTINCT device) FROM chains"),
                forked=tuple(f"{row[0]}/{row[1]}" for row in forked),
            )

    def counts_for(self, areas: Sequence[str]) -> tuple[int, int, int]:
        """(missing photos, conflicts, refused changesets) as shown to a device with these areas; up to 10,000 each."""
        with self._reading() as connection:
            missing = len(self._missing(connection, areas, "", _COUNT_AT_MOST))
            conflicts = sum(
                self._row_visible(connection, areas, table, row)
                for table, row in map(
                    tuple,
                    connection.execute("SELECT tbl, row FROM conflicts LIMIT ?", (_COUNT_AT_MOST,)).fetchall(),
                )
            )
            refused = connection.execute(
                "SELECT chains.area, count(*) FROM (SELECT DISTINCT log FROM refusals LIMIT ?) AS r"
                " JOIN log ON log.id = r.log JOIN chains ON chains.id = log.chain GROUP BY chains.area",
                (_COUNT_AT_MOST,),
            ).fetchall()
        return missing, conflicts, sum(row[1] for row in refused if visible(areas, row[0]))

    def _row_visible(self, connection: sqlite3.Connection, areas: Sequence[str], table: str, row: str) -> bool:
        if table not in self.replica.schema.by_name:
            return False
        found = connection.execute(f"SELECT area FROM {table} WHERE id = ?", (row,)).fetchone()
        return found is not None and visible(areas, str(found[0]))

    def dump(self) -> Iterator[str]:
        """The canonical dump of the folded tables."""
        with self.replica.lock:
            yield from self.replica.dump()

    def rebuild(self) -> int:
        """Fold the whole log anew; returns the number of changesets."""
        return self.replica.rebuild()

    # photos

    def missing_photos(self, areas: Sequence[str], after: str, limit: int) -> list[str]:
        """Hashes that visible rows name and whose bytes have not come, above `after`, in order."""
        with self._reading() as connection:
            return self._missing(connection, areas, after, limit)

    def _missing(self, connection: sqlite3.Connection, areas: Sequence[str], after: str, limit: int) -> list[str]:
        query = "SELECT sha256 FROM blobs WHERE state = 'missing' AND sha256 > ? ORDER BY sha256"
        everywhere = EVERYWHERE in areas
        found: list[str] = []
        for (sha256,) in map(tuple, connection.execute(query, (after,))):
            if everywhere or self._named(connection, sha256, areas):
                found.append(sha256)
                if len(found) == limit:
                    break
        return found

    def photo_wanted(self, sha256: str, areas: Sequence[str]) -> bool:
        """Whether the log names these bytes where the device may see it."""
        with self._reading() as connection:
            known = connection.execute(
                "SELECT 1 FROM blobs WHERE sha256 = ? AND state <> 'purged'", (sha256,)
            ).fetchone()
            return known is not None and self._named(connection, sha256, areas)

    def _named(self, connection: sqlite3.Connection, sha256: str, areas: Sequence[str]) -> bool:
        """Whether a visible row names the bytes, or a visible changeset where no row does any more.

        Bytes that only an earlier or conflicting value names stay evidence, of their area alone.
        """
        anywhere = False
        for query in naming_queries(self.replica.schema):
            for (area,) in map(tuple, connection.execute(query, (sha256,))):
                if visible(areas, str(area)):
                    return True
                anywhere = True
        return not anywhere and any(visible(areas, area) for area in self._logged(connection, sha256))

    def _logged(self, connection: sqlite3.Connection, sha256: str) -> frozenset[str]:
        """The areas of the changesets that name the bytes; what was looked through once is not looked through again."""
        upto, known = self._scanned.get(sha256, (0, frozenset()))
        top = int(connection.execute("SELECT coalesce(max(id), 0) FROM log").fetchone()[0])
        if top > upto:
            rows = connection.execute(
                "SELECT DISTINCT chains.area FROM log JOIN chains ON chains.id = log.chain"
                " WHERE log.id > ? AND instr(log.body, ?)",
                (upto, sha256),
            )
            known |= {str(row[0]) for row in rows}
            if len(self._scanned) >= _COUNT_AT_MOST:
                self._scanned.clear()
            self._scanned[sha256] = (top, known)
        return known

    def note_photo(self, sha256: str) -> None:
        """Note that the bytes have come and are durable."""
        self.replica.note_blob(sha256)

    def purged(self) -> list[str]:
        """Hashes whose bytes a purge that counts has named and that are not noted as purged yet."""
        query = (
            "SELECT DISTINCT purges.sha256 FROM purges LEFT JOIN blobs USING (sha256)"
            " WHERE length(purges.sha256) = 64 AND blobs.state IS NOT 'purged' ORDER BY 1"
        )
        with self._reading() as connection:
            return [str(row[0]) for row in connection.execute(query).fetchall()]

    def note_purged(self, sha256: str) -> None:
        """Note that the bytes are gone."""
        with self.replica.writing():
            self.replica.connection.execute(
                "INSERT OR REPLACE INTO blobs (sha256, state) VALUES (?, 'purged')", (sha256,)
            )

    # what only servers need

    def ready(self) -> None:
        """Look whether the database answers."""
        with self._reading() as connection:
            connection.execute("SELECT value FROM meta WHERE key = 'team'").fetchone()

    def secret(self, name: str) -> bytes:
        """32 random bytes, made when first asked for; `nonce` lives as long as the memory of used tokens does."""
        if name == "nonce":
            return self._nonce
        with self.replica.writing():
            connection = self.replica.connection
            connection.execute(
                "INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)", (name, secrets.token_bytes(32))
            )
            return bytes(connection.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()[0])

    def first_use(self, token: str, until: int) -> bool:
        """Whether a request's token was never seen before."""
        with self._seen_lock:
            if any(token in tokens for tokens in self._seen.values()):
                return False
            if until not in self._seen:
                # a nonce that was good two periods ago is good no more
                self._seen = {end: known for end, known in self._seen.items() if end > until - 2 * PERIOD_MS}
            self._seen.setdefault(until, set()).add(token)
            return True

    def remembered(self) -> int:
        """How many tokens are remembered."""
        with self._seen_lock:
            return sum(map(len, self._seen.values()))

    def invite(self, id_: str, invitation: bytes, expires: int) -> None:
        """Keep an invitation under the hash of its secret."""
        with self.replica.writing():
            self.replica.connection.execute(
                "INSERT OR IGNORE INTO invitations (id, invitation, expires) VALUES (?, ?, ?)",
                (id_, invitation, expires),
            )

    def invitation(self, id_: str) -> tuple[bytes, str | None] | None:
        """(invitation, public key in hex of the device that took it up), or None where there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT invitation, taken_by FROM invitations WHERE id = ?", (id_,)).fetchone()
        return None if row is None else (bytes(row[0]), row[1])

    def take_up(self, id_: str, key: str) -> bool:
        """Note that the device with this key took the invitation up; False if another device has done so."""
        with self.replica.writing():
            row = self.replica.connection.execute(
                "UPDATE invitations SET taken_by = ?1 WHERE id = ?2 AND (taken_by IS NULL OR taken_by = ?1) RETURNING id",
                (key, id_),
            ).fetchall()
        return bool(row)

    def invitations(self) -> list[tuple[str, bytes, int, str | None]]:
        """(id, invitation, expires, key that took it up) of all, newest first."""
        query = "SELECT id, invitation, expires, taken_by FROM invitations ORDER BY expires DESC, id"
        with self._reading() as connection:
            return [(row[0], bytes(row[1]), row[2], row[3]) for row in connection.execute(query).fetchall()]


def _batch(connection: sqlite3.Connection, ids: list[int], limit: int, max_bytes: int, after: int) -> Given:
    entries: list[Entry] = []
    size = 0
    last = after
    for number, entry in entries_by_id(connection, ids[:limit]):
        size += len(entry.body)
        if entries and size > max_bytes:
            return Given(entries, last, more=True)
        entries.append(entry)
        last = number
    return Given(entries, last, more=len(ids) > limit)


def ends_of(arrivals: Sequence[Arrival]) -> list[ChainEnd]:
    """The changesets of a batch that no other one of it follows: they speak for all that came before."""
    followed = {arrival.prev for arrival in arrivals}
    return sorted(
        {
            ChainEnd(arrival.area, arrival.device, arrival.seq, arrival.hash.hex())
            for arrival in arrivals
            if arrival.hash not in followed
        }
    )


def refused_change(body: str | bytes, hash_: bytes, area: str, device: str, code: str) -> RefusedChange:
    """A changeset of the log that does not count, for people."""
    said = msgspec.json.decode(body)
    header = said["header"]
    tables = sorted(
        {str(change.get("table", "")) for change in said.get("changes", ()) if isinstance(change, dict)}
    )
    return RefusedChange(
        version=f"{device}:{header['seq']}:{hash_.hex()[:32]}",
        area=area,
        device=device,
        officer=str(header["officer"]),
        time=int(header["time"]),
        tables=tuple(tables),
        code=code,
    )


@lru_cache(maxsize=8)
def naming_queries(schema: Any) -> tuple[str, ...]:
    """For each column that names bytes, the query for the areas of the rows that name some."""
    return tuple(
        f"SELECT DISTINCT area FROM {name} WHERE {column} = ?"
        for name, table in schema.by_name.items()
        if name != "purges"
        for column in table.blob_columns
    )


__all__ = ["SqliteStore", "ends_of", "refused_change"]
