"""Folding the whole log anew: what comes out must be what stood there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sync.append import Appender
from sync.changeset import Entry
from sync.door import read
from sync.errors import StoreError
from sync.storage import BODY, HASH, SEQ, SIGNATURE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sync.door import Arrival
    from sync.replica import Replica

BATCH: Final = 1000


def rebuild(replica: Replica) -> int:
    """Drop the folded tables and fold the log again, in one transaction.

    Returns:
        The number of changesets folded.

    Raises:
        MalformedError: A changeset in the log is damaged; nothing was changed (`verify` names it).
        StoreError: The log has a gap, or the file is locked, full or faulty; nothing was changed.
    """
    connection = replica.connection
    count = 0
    with replica.writing():
        _move_chains(replica)
        # it is derived, too, and may be missing, damaged or another one of the same name
        connection.execute("DROP INDEX IF EXISTS log_place")
        connection.execute("CREATE UNIQUE INDEX log_place ON log (chain, seq, hash)")
        appender = Appender(connection, replica.schema, replica.team)
        for batch in _batches(connection):
            appender.refold([_arrival(row) for row in batch], [row[0] for row in batch])
            count += len(batch)
        appender.settle()
        if appender.outcome.appended != count:
            raise _gap(count - appender.outcome.appended)
        _note_blobs(replica)
        replica.set_meta("schema", replica.schema.fingerprint())
    return count


def _batches(connection: sqlite3.Connection) -> Iterator[list[tuple[Any, ...]]]:
    """(log number, seq, hash, body, signature, area, device), a batch at a time."""
    query = (
        f"SELECT log.id, {SEQ}, {HASH}, {BODY}, {SIGNATURE}, chains.area, chains.device FROM log"
        " LEFT JOIN chains ON chains.id = log.chain WHERE log.id > ? ORDER BY log.id LIMIT ?"
    )
    last = -(2**63)
    while batch := [tuple(row) for row in connection.execute(query, (last, BATCH)).fetchall()]:
        yield batch
        last = batch[-1][0]


def _arrival(row: tuple[Any, ...]) -> Arrival:
    _, seq, hash_, body, signature, area, device = row
    arrival = read(Entry(body, signature))
    if (arrival.seq, arrival.hash, arrival.area, arrival.device) != (seq, hash_, area, device):
        raise _gap(1)
    return arrival


def _gap(count: int) -> StoreError:
    return StoreError(
        f"日志有缺失或被改动，{count} 个变更无法接上；未重建，数据表未改动，请用 verify 查看是哪些变更。",
        f"The log has a gap or was changed, {count} changesets do not fit in; nothing was rebuilt or changed, verify says"
        " which they are.",
    )


def _note_blobs(replica: Replica) -> None:
    """A row whose change came to count only later names its photo here for the first time."""
    for name, table in replica.schema.by_name.items():
        for column in table.blob_columns if name != "purges" else ():
            replica.connection.execute(
                f"INSERT OR IGNORE INTO blobs (sha256, state) SELECT {column}, 'missing' FROM {name}"
                f" WHERE {column} IS NOT NULL"
            )


def _move_chains(replica: Replica) -> None:
    """Forget all that is derived; chains keep their numbers, because the log refers to them."""
    connection = replica.connection
    chains = connection.execute("SELECT id, area, device FROM chains").fetchall()
    replica.drop_folded()
    connection.executemany("INSERT INTO chains (id, area, device) VALUES (?, ?, ?)", [tuple(row) for row in chains])
