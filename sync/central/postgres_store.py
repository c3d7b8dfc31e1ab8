"""The central store in PostgreSQL: any number of server processes beside each other, none of which keeps anything.

A batch of an area waits for the one before it; batches of other areas do not, until the last moment, when their
changesets are numbered and committed. What changes verdicts everywhere (adoptions, revocations, forks of devices that
they name) is taken while nobody else writes.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sync.central import postgres_append, postgres_rebuild
from sync.central.postgres_connections import Connections
from sync.central.postgres_errors import postgres_errors
from sync.central.postgres_ground import AloneNeeded, Kept
from sync.central.postgres_judge import EMPTY, Judge, load_judge
from sync.central.postgres_opening import prepared
from sync.central.postgres_reading import SEEN, read_after, seen_areas, tips
from sync.central.postgres_schema import name_of, names_of, one
from sync.central.postgres_write import write
from sync.central.sqlite_store import refused_change
from sync.central.store import Counts, Given, RefusedChange, Taken
from sync.errors import CertificateError
from sync.identity import now_ms
from sync.keys import read_certificate
from sync.schema import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sync.central.postgres_connections import Connection
    from sync.changeset import Entry
    from sync.identity import Identity
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place
    from sync.receipts import ChainEnd
    from sync.schema import Schema

T = TypeVar("T")
COUNT_AT_MOST: Final = 10_000
"""What a device is told of is counted up to here: nobody reads a larger number as anything but many."""
FORGET_MS: Final = 600_000
"""How long past its time a used token is remembered, for servers whose clocks differ."""
PAGE: Final = 2000


class PostgresStore:
    """A central store in a PostgreSQL database, for many threads and processes."""

    def __init__(self, connections: Connections, schema: Schema, team: str) -> None:
        self.team = team
        self._connections = connections
        self._kept = Kept(schema, team, EMPTY)

    @classmethod
    def open(cls, url: str, schema: Schema, *, team: str | None = None) -> PostgresStore:
        """Open the store in a database, or lay one out in an empty database.

        Args:
            url: `postgresql://user:password@host/database`, or what else libpq takes.
            schema: The folded tables; a store with others is folded anew.
            team: Id of the root key; needed where there is no store yet.

        Raises:
            StoreError: The database cannot be reached or is none for a store, the store is another team's or of a newer
                layout, or there is none and no team was named.
        """
        connections = Connections(url)
        try:
            found = connections.run(lambda connection: prepared(connection, schema, team))
        except BaseException:
            connections.close()
            raise
        return cls(connections, schema, found)

    def close(self) -> None:
        """Let go of the database."""
        self._connections.close()

    def _reading(self, work: Callable[[Connection], T]) -> T:
        return self._connections.run(work, reading=True)

    # the log

    def heads(self, areas: Sequence[str]) -> dict[ChainKey, list[Place]]:
        """The tips of the chains that a device with these areas may see."""
        return self._reading(lambda connection: tips(connection, areas))

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
        return self._reading(
            lambda connection: read_after(connection, known, areas, after=after, limit=limit, max_bytes=max_bytes)
        )

    def append(self, entries: Sequence[Entry]) -> Taken:
        """Let changesets in; what `ends` names is durable on return. Repeating it changes nothing."""
        return postgres_append.append(self._connections, self._kept, entries)

    def write(
        self, identity: Identity, area: str, table: str, row: str, values: Mapping[str, Any], *, officer: str
    ) -> str:
        """Record one change of the server's own, having seen the row as it stands; returns its version, durable."""

        def work(connection: Connection, *, alone: bool) -> str:
            return write(connection, self._kept, identity, area, (table, row, values), officer, alone=alone)

        try:
            return self._connections.run(lambda connection: work(connection, alone=False))
        except AloneNeeded:
            return self._connections.run(lambda connection: work(connection, alone=True))

    def certificates(self) -> list[Certificate]:
        """Of everybody who wrote here."""
        found: list[Certificate] = []
        for (text,) in self._connections.ask("SELECT jws FROM store_certificates ORDER BY id"):
            with suppress(CertificateError, ValueError):
                found.append(read_certificate(text))
        return found

    def revoked(self, device: str) -> bool:
        """Whether a revocation that counts names the device."""
        [(number,)] = self._connections.ask("SELECT value FROM store_meta WHERE key = 'context'")
        judge = self._kept.judge
        if judge.number != int(number):
            judge = self._kept.judge = self._reading(self._load_judge)
        return device in judge.context.revoked

    def _load_judge(self, connection: Connection) -> Judge:
        number = one(connection.execute("SELECT value FROM store_meta WHERE key = 'context'").fetchone())
        forks: Any = connection.execute("SELECT area, device FROM store_forks").fetchall()
        return load_judge(connection, self._kept.schema, self.team, set(forks), int(number))

    def refused_changes(self, areas: Sequence[str], limit: int) -> list[RefusedChange]:
        """What does not count in visible areas, newest first."""
        rows = self._connections.ask(
            "SELECT l.body, l.hash, l.area, l.device, r.code FROM (SELECT x.area, x.device, x.seq, x.hash, min(x.code) AS code"
            f" FROM store_refusals AS x WHERE {SEEN} GROUP BY x.area, x.device, x.seq, x.hash) AS r JOIN store_log AS l"
            " ON l.area = r.area AND l.device = r.device AND l.seq = r.seq AND l.hash = r.hash"
            " ORDER BY l.arrival DESC LIMIT %s",
            (*seen_areas(areas), limit),
        )
        return [refused_change(*row) for row in rows]

    def counts(self) -> Counts:
        """Counts of the whole store."""

        def count(connection: Connection) -> Counts:
            def number(query: str) -> int:
                return int(one(connection.execute(query).fetchone()))

            forks: Any = connection.execute("SELECT area, device FROM store_forks ORDER BY area, device").fetchall()
            return Counts(
                # every append takes as many numbers as it has changesets, and no append that failed keeps any
                changesets=number("SELECT last FROM store_arrivals"),
                held=number("SELECT count(*) FROM store_held"),
                refused=number(
                    "SELECT count(*) FROM (SELECT DISTINCT area, device, seq, hash FROM store_refusals) AS r"
                ),
                conflicts=number("SELECT count(*) FROM store_conflicts"),
                missing_photos=number(
                    f"SELECT count(DISTINCT n.sha256) FROM store_photo_names AS n WHERE {_MISSING}"
                ),
                devices=number("SELECT count(DISTINCT device) FROM store_tips"),
                forked=tuple(f"{area}/{device}" for area, device in forks),
            )

        return self._reading(count)

    def holds(self, ends: Sequence[ChainEnd]) -> list[ChainEnd]:
        """Those of the places that are in the log, durably, with all that came before them."""
        if not ends:
            return []
        rows = self._connections.ask(
            "SELECT l.area, l.device, l.seq, l.hash FROM store_log AS l"
            " JOIN unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[]) AS w (area, device, seq, hash)"
            " ON l.area = w.area AND l.device = w.device AND l.seq = w.seq AND l.hash = w.hash",
            (
                [end.area for end in ends],
                [end.device for end in ends],
                [end.seq for end in ends],
                [bytes.fromhex(end.hash) for end in ends],
            ),
        )
        there = {(area, device, seq, bytes(hash_).hex()) for area, device, seq, hash_ in rows}
        return [end for end in ends if (end.area, end.device, end.seq, end.hash) in there]

    def counts_for(self, areas: Sequence[str]) -> tuple[int, int, int]:
        """(missing photos, conflicts, refused changesets) as shown to a device with these areas; up to 10,000 each."""
        seen = seen_areas(areas)
        rows = self._connections.ask(
            "SELECT (SELECT count(*) FROM (SELECT DISTINCT x.sha256 FROM store_photo_names AS x"
            f" WHERE {_MISSING.replace('n.', 'x.')} AND {SEEN} LIMIT %s) AS m),"
            f" (SELECT count(*) FROM (SELECT 1 FROM store_conflicts AS x WHERE {SEEN} LIMIT %s) AS c),"
            " (SELECT count(*) FROM (SELECT DISTINCT x.area, x.device, x.seq, x.hash FROM store_refusals AS x"
            f" WHERE {SEEN} LIMIT %s) AS r)",
            (*seen, COUNT_AT_MOST) * 3,
        )
        missing, conflicts, refused = rows[0]
        return missing, conflicts, refused

    def dump(self) -> Iterator[str]:
        """The canonical dump of the folded tables: equal logs give equal lines, in every store."""
        tables = self._kept.schema.by_name
        with self._connections.borrow() as connection, postgres_errors(), connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for name in sorted(tables):
                columns = (*BOOKKEEPING, *tables[name].columns())
                listed = names_of(columns).replace('"id"', "id::text", 1)
                query = f"SELECT {listed} FROM {name_of(name)} AS t ORDER BY t.id"
                for row in _streamed(connection, query):
                    kept = {column: value for column, value in zip(columns, row, strict=True) if value is not None}
                    yield json.dumps([name, kept], ensure_ascii=False, sort_keys=True)
            query = "SELECT tbl, row_id::text, cell FROM store_conflicts ORDER BY tbl, row_id, cell"
            for row in _streamed(connection, query):
                yield json.dumps(["conflicts", *row], ensure_ascii=False)

    def rebuild(self) -> int:
        """Fold the whole log anew; returns the number of changesets."""
        return self._connections.run(lambda connection: postgres_rebuild.rebuild(connection, self._kept))

    # photos, of which the store only knows the names

    def missing_photos(self, areas: Sequence[str], after: str, limit: int) -> list[str]:
        """Hashes that visible rows name and whose bytes have not come, above `after`, in order."""
        rows = self._connections.ask(
            "SELECT DISTINCT x.sha256 FROM store_photo_names AS x"
            f" WHERE {_MISSING.replace('n.', 'x.')} AND {SEEN} AND x.sha256 > %s ORDER BY x.sha256 LIMIT %s",
            (*seen_areas(areas), after, limit),
        )
        return [row[0] for row in rows]

    def photo_wanted(self, sha256: str, areas: Sequence[str]) -> bool:
        """Whether a visible row names these bytes, or has named them, and nobody has purged them."""
        rows = self._connections.ask(
            f"SELECT 1 FROM store_photo_names AS x WHERE x.sha256 = %s AND {SEEN}"
            " AND NOT EXISTS (SELECT 1 FROM store_photos AS p WHERE p.sha256 = x.sha256 AND p.state = 'purged') LIMIT 1",
            (sha256, *seen_areas(areas)),
        )
        return bool(rows)

    def note_photo(self, sha256: str) -> None:
        """Note that the bytes have come and are durable."""
        self._note(sha256, "here", "NOTHING")

    def purged(self) -> list[str]:
        """Hashes whose bytes a purge that counts has named and that are not noted as purged yet."""
        rows = self._connections.ask(
            "SELECT DISTINCT u.sha256 FROM purges AS u WHERE length(u.sha256) = 64 AND NOT EXISTS"
            " (SELECT 1 FROM store_photos AS p WHERE p.sha256 = u.sha256 AND p.state = 'purged') ORDER BY u.sha256"
        )
        return [row[0] for row in rows]

    def note_purged(self, sha256: str) -> None:
        """Note that the bytes are gone."""
        self._note(sha256, "purged", "UPDATE SET state = 'purged'")

    def _note(self, sha256: str, state: str, otherwise: str) -> None:
        def note(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO store_photos (sha256, state) VALUES (%s, %s) ON CONFLICT (sha256) DO " + otherwise,
                (sha256, state),
            )
            connection.execute(
                "UPDATE store_photo_names SET missing = false WHERE sha256 = %s AND missing", (sha256,)
            )

        self._connections.run(note)

    # what only servers need

    def ready(self) -> None:
        """Look whether the database answers.

        Raises:
            StoreError: It does not.
        """
        self._connections.ask("SELECT 1 FROM store_meta WHERE key = 'team'")

    def secret(self, name: str) -> bytes:
        """32 random bytes that all processes share; `nonce` lasts as long as the memory of used tokens does."""
        table = "store_passing_secrets" if name == "nonce" else "store_secrets"

        query = f"SELECT value FROM {table} WHERE name = %s"

        def make(connection: Connection) -> bytes:
            connection.execute(
                f"INSERT INTO {table} (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (name, secrets.token_bytes(32)),
            )
            return bytes(one(connection.execute(query, (name,)).fetchone()))

        found = self._connections.ask(query, (name,))
        return bytes(found[0][0]) if found else self._connections.run(make)

    def first_use(self, token: str, until: int) -> bool:
        """Whether a request's token was never seen before; remembered until then or longer."""

        def use(connection: Connection) -> bool:
            # after a crash the tokens are gone, and with them the secret that they were signed for
            connection.execute("SET LOCAL synchronous_commit = off")
            if secrets.randbelow(256) == 0:
                connection.execute("DELETE FROM store_nonces WHERE until < %s", (now_ms() - FORGET_MS,))
            added = connection.execute(
                "INSERT INTO store_nonces (token, until) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1",
                (token, until),
            )
            return added.fetchone() is not None

        return self._connections.run(use)

    def invite(self, id_: str, invitation: bytes, expires: int) -> None:
        """Keep an invitation under the hash of its secret."""
        self._connections.run(
            lambda connection: connection.execute(
                "INSERT INTO store_invitations (id, invitation, expires) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (id_, invitation, expires),
            )
        )

    def invitation(self, id_: str) -> tuple[bytes, str | None] | None:
        """(invitation, public key in hex of the device that took it up), or None where there is none."""
        rows = self._connections.ask("SELECT invitation, taken_by FROM store_invitations WHERE id = %s", (id_,))
        return (bytes(rows[0][0]), rows[0][1]) if rows else None

    def take_up(self, id_: str, key: str) -> bool:
        """Note that the device with this key took the invitation up; False if another device has done so."""

        def take(connection: Connection) -> bool:
            taken = connection.execute(
                "UPDATE store_invitations SET taken_by = %s WHERE id = %s AND (taken_by IS NULL OR taken_by = %s)"
                " RETURNING 1",
                (key, id_, key),
            )
            return taken.fetchone() is not None

        return self._connections.run(take)

    def invitations(self) -> list[tuple[str, bytes, int, str | None]]:
        """(id, invitation, expires, key that took it up) of all, newest first."""
        rows = self._connections.ask(
            "SELECT id, invitation, expires, taken_by FROM store_invitations ORDER BY expires DESC, id"
        )
        return [(id_, bytes(said), expires, taken_by) for id_, said, expires, taken_by in rows]


_MISSING: Final = "n.missing AND NOT EXISTS (SELECT 1 FROM store_photos AS p WHERE p.sha256 = n.sha256)"


def _streamed(connection: Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a page at a time."""
    with connection.cursor("dump", binary=True) as cursor:
        cursor.itersize = PAGE
        cursor.execute(query)
        rows: Any = cursor
        yield from rows


__all__ = ["PostgresStore"]
