"""Logs of any length, signed and chained like any other, written faster than a person would.

The changesets are encoded, hashed and signed one by one with the product's own parts; only the tables are left out,
because a merge reads none of the other side's.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bench.house import AREA, BADGE, VISIT_MS
from inspect_tui.records.tables import SCHEMA
from sync.changeset import ALGORITHM, FORMAT, POLICY, Change, Changeset, Header, digest, encode, version_of
from sync.exchange import exchange
from sync.identity import Identity
from sync.keys import Key
from sync.peers import open_peer
from sync.replica import PROGRAMME, Replica

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sync.exchange import Exchanged

ROOT: Final = Key.from_seed(hashlib.sha256(b"inspect-tui bench").digest())
HERE: Final = "supervisor"
_BATCH: Final = 10_000
_INSERT: Final = "INSERT INTO log (chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, ?)"


def device(name: str) -> Identity:
    """A device of the one team of the benchmarks; the same name is the same device in every process."""
    key = Key.from_seed(hashlib.sha256(name.encode()).digest())
    return Identity.issue(ROOT, name, role="admin", key=key)


def new_replica(path: Path, name: str = HERE) -> Replica:
    """An empty replica of the house's tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Replica.create(path, SCHEMA, device(name), path.parent / f"{path.name}-photos")


def open_replica(path: Path, name: str = HERE) -> Replica:
    """A replica that is there."""
    return Replica.open(path, SCHEMA, device(name), path.parent / f"{path.name}-photos")


@dataclass(slots=True)
class Writer:
    """A device at work.

    Attributes:
        name: Of the device.
        seq: Number of its latest changeset.
        prev: Hash of it.
    """

    name: str
    seq: int = 0
    prev: bytes | None = None

    def entries(self, changes: Iterable[Change]) -> Iterator[tuple[int, bytes, str, bytes]]:
        """(seq, hash, body, signature) of one changeset a change."""
        identity = device(self.name)
        known, team, cert, jws = identity.device, identity.team, identity.cert, identity.jws
        sign = identity.key.sign
        for change in changes:
            header = Header(
                alg=ALGORITHM,
                area=AREA,
                cert=cert,
                device=known,
                format=FORMAT,
                jws=jws if self.prev is None else msgspec.UNSET,
                officer=BADGE,
                policy=POLICY,
                prev=None if self.prev is None else self.prev.hex(),
                programme=PROGRAMME,
                seq=self.seq + 1,
                team=team,
                time=VISIT_MS + self.seq,
            )
            body = encode(Changeset(changes=[change], header=header))
            self.prev = digest(body)
            self.seq += 1
            yield self.seq, self.prev, body.decode(), sign(self.prev)


def write_log(path: Path, writer: Writer, changes: Iterable[Change]) -> None:
    """A database file whose log holds what the device wrote, or holds it too where the file is there."""
    replica = open_replica(path) if path.exists() else new_replica(path)
    identity = device(writer.name)
    with contextlib.closing(replica), replica.writing():
        connection = replica.connection
        connection.execute("INSERT OR IGNORE INTO chains (area, device) VALUES (?, ?)", (AREA, identity.device))
        chain = connection.execute(
            "SELECT id FROM chains WHERE area = ? AND device = ?", (AREA, identity.device)
        ).fetchone()[0]
        connection.executemany(_INSERT, ((chain, *entry) for entry in writer.entries(changes)))
        connection.execute("DELETE FROM tips WHERE chain = ?", (chain,))
        connection.execute(
            "INSERT INTO tips (chain, hash, seq, cert) VALUES (?, ?, ?, ?)",
            (chain, writer.prev, writer.seq, identity.cert),
        )
        connection.execute(
            "INSERT OR IGNORE INTO certificates (id, device, team, jws) VALUES (?, ?, ?, ?)",
            (identity.cert, identity.device, identity.team, identity.jws),
        )


def resumed(path: Path, name: str) -> Writer:
    """The device as it stood when the file was written."""
    replica = open_replica(path)
    with contextlib.closing(replica):
        seq, hash_ = replica.connection.execute(
            "SELECT tips.seq, tips.hash FROM tips JOIN chains ON chains.id = tips.chain WHERE chains.device = ?",
            (device(name).device,),
        ).fetchone()
    return Writer(name, seq, bytes(hash_))


def versions(path: Path) -> list[str]:
    """The version of every changeset of a log, in order."""
    replica = open_replica(path)
    with contextlib.closing(replica):
        rows: Iterable[tuple[Any, ...]] = map(
            tuple,
            replica.connection.execute(
                "SELECT chains.device, log.seq, log.hash FROM log JOIN chains ON chains.id = log.chain ORDER BY log.id"
            ),
        )
        return [version_of(*row) for row in rows]


def merge(here: Replica, source: Path) -> Exchanged:
    """What `inspect-tui merge` does, with everything in the database file itself in the end."""
    with open_peer(source) as there:
        done = exchange(here, there)
    checkpoint(here.connection)
    return done


def checkpoint(connection: sqlite3.Connection) -> None:
    """Have the write-ahead log in the database file, synced."""
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    assert busy == 0
