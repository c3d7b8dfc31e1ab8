"""Taking in a database file: checked by a second process, copied by SQLite, folded here.

A second process reads the file, checks bytes, hashes, chain and the last signature of each run of a batch, and hands
over what the changes do to the tables. This process copies the checked rows with `INSERT … SELECT` and folds. Whatever is out of
the ordinary in a batch (held, known, refused, forked) sends that batch the careful way, changeset by changeset.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import multiprocessing
import queue
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

from sync.append import Appender
from sync.changeset import Entry
from sync.door import Arrival, authentic, read, runs
from sync.errors import NotAReplicaError, PeerError, SyncError
from sync.keys import certificate_id, read_certificate
from sync.peers import entries_by_id, tips_of, wanted_ids
from sync.plan import Plan, checked
from sync.storage import BULK_CACHE_KIB, connect, store_errors
from sync.tables import Unusual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from sync.append import Outcome
    from sync.exchange import Progress
    from sync.peers import FilePeer
    from sync.plan import Checked
    from sync.replica import Replica
    from sync.schema import Schema

BATCH: Final = 250
BATCHES_A_COMMIT: Final = 100
"""So that this side commits while the checker goes on; what is committed stays, and a repeated merge goes on from there."""
PIPE_BYTES: Final = 1 << 20
"""Room for a batch, so that the checker need not wait until it is fetched."""
AHEAD: Final = 100
"""How many batches the checker may be ahead, half a megabyte each."""
WORTH_A_PROCESS: Final = 4000


def pull_file(
    here: Replica, there: FilePeer, outcome: Outcome, progress: Progress, arriving: frozenset[str] = frozenset()
) -> None:
    """Take in what a database file has and we lack; `arriving` are adopted versions that it is about to bring.

    Raises:
        NotAReplicaError: The file is damaged, or was written to meanwhile.
        StoreError: This side cannot write; batches committed before are kept.
    """
    from sync.exchange import known_places

    theirs = there.heads()
    known = known_places(here, theirs)
    if known is None:
        return
    ours = tips_of(here.connection)
    with store_errors(there.source):
        skip = frozenset(
            key for key, places in known.items() if set(places) == set(ours.get(key, ())) == set(theirs[key])
        )
        ids = wanted_ids(there.connection, known, skip)
    # SQLite attaches no file inside a transaction: within one, as for a preview, every batch goes the careful way
    with_process = len(ids) >= WORTH_A_PROCESS and not here.connection.in_transaction
    batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
    said: Iterator[Checked | None] = (None for _ in batches)
    if with_process:
        said = _checked_elsewhere(there.database, there.immutable, here.schema, batches)
    _take_in(here, there, batches, said, outcome, progress, arriving, attached=with_process)


def _appender(here: Replica, arriving: frozenset[str]) -> Appender:
    return Appender(here.connection, here.schema, here.team, arriving)


def _settle_arrived(here: Replica, arriving: frozenset[str]) -> None:
    """What was adopted and did not come covers nothing: judge again the chains that counted on it."""
    lost = {version.split(":")[0] for version in arriving if here.entry(version) is None}
    if lost:
        with here.writing():
            Appender(here.connection, here.schema, here.team).judge_devices_again(lost)


def _check_unchanged(there: FilePeer) -> None:
    """Before what was copied is committed: the bytes must be those that were checked.

    Raises:
        NotAReplicaError: Somebody wrote to the file meanwhile.
    """
    if not there.unchanged():
        raise NotAReplicaError(
            f"{there.source} 在合并期间被改写，本批未收入；请关闭那边的程序后再合并一次。",
            f"{there.source} was written to during the merge, this part was not taken in; close the programme there and"
            " merge once more.",
        )


def _take_in(
    here: Replica,
    there: FilePeer,
    batches: list[list[int]],
    verdicts: Iterator[Checked | None],
    outcome: Outcome,
    progress: Progress,
    arriving: frozenset[str],
    *,
    attached: bool,
) -> None:
    connection = here.connection
    total = sum(map(len, batches))
    done = 0
    cache = connection.execute("PRAGMA cache_size").fetchone()[0]
    connection.execute(f"PRAGMA cache_size = -{BULK_CACHE_KIB if attached else 16_384}")
    if attached:
        uri = there.database.resolve().as_uri() + ("?mode=ro&immutable=1" if there.immutable else "?mode=ro")
        with store_errors(there.source):
            connection.execute("ATTACH ? AS source", (uri,))
    collecting = gc.isenabled()
    gc.disable()
    try:
        for start in range(0, len(batches), BATCHES_A_COMMIT):
            with here.writing():
                appender = _appender(here, arriving)
                for batch in batches[start : start + BATCHES_A_COMMIT]:
                    appender = _one_batch(here, there, appender, batch, next(verdicts), outcome)
                    done += len(batch)
                    progress("changesets", done, total)
                outcome.add(appender.outcome)
                _check_unchanged(there)
        _settle_arrived(here, arriving)
    finally:
        if collecting:
            gc.enable()
        if attached:
            connection.execute("DETACH source")
        connection.execute(f"PRAGMA cache_size = {cache}")


def _one_batch(
    here: Replica,
    there: FilePeer,
    appender: Appender,
    batch: list[int],
    said: Checked | None,
    outcome: Outcome,
) -> Appender:
    connection = here.connection
    if said is not None:
        connection.execute("SAVEPOINT batch")
        try:
            appender.copy_in(batch, said)
        except Unusual:
            connection.execute("ROLLBACK TO batch")
            connection.execute("RELEASE batch")
            outcome.add(appender.outcome)
            appender = _appender(here, appender.arriving)
        else:
            connection.execute("RELEASE batch")
            return appender
    with store_errors(there.source):
        entries = [entry for _, entry in entries_by_id(there.connection, batch)]
    appender.offer(entries)
    return appender


def _checked_elsewhere(
    database: Path, immutable: bool, schema: Schema, batches: list[list[int]]
) -> Iterator[Checked | None]:
    """For each batch what it says, or None where it needs the careful way."""
    # forking is much quicker than spawning, but only safe while there is one thread
    alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    # typed loosely: Process is declared only by the classes of contexts, not by their base
    context: Any = multiprocessing.get_context("fork" if alone else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    with contextlib.suppress(ImportError, AttributeError, OSError):  # only Linux lets a pipe grow
        import fcntl

        fcntl.fcntl(sender.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    process = context.Process(target=_check, args=(sender, database, immutable, schema, batches), daemon=True)
    process.start()
    sender.close()
    ahead: queue.Queue[bytes | None] = queue.Queue(AHEAD)
    fetching = threading.Thread(target=_fetch, args=(receiver, ahead, len(batches)), daemon=True)
    fetching.start()
    try:
        for _ in batches:
            message = ahead.get()
            if message is None:
                # the other process has ended: what it did not come to goes the careful way
                yield from (None for _ in batches)
                return
            said = marshal.loads(message)  # noqa: S302  our own process at the other end
            yield None if said is None else (said[0], said[1], Plan(*said[2]))
    finally:
        process.terminate()
        while fetching.is_alive():
            with contextlib.suppress(queue.Empty):
                ahead.get(timeout=0.02)
        process.join()
        receiver.close()


def _fetch(receiver: Connection, ahead: queue.Queue[bytes | None], count: int) -> None:
    """On a thread: fetch what the checker says, so that it need not wait while this side commits."""
    with contextlib.suppress(EOFError, OSError):
        for _ in range(count):
            ahead.put(receiver.recv_bytes())
    ahead.put(None)


def _check(
    sender: Connection, database: Path, immutable: bool, schema: Schema, batches: Sequence[Sequence[int]]
) -> None:
    """In the second process: check each batch and hand over what it says."""
    gc.disable()  # nothing here has cycles, and looking for some takes a third of the time
    try:
        connection = connect(database, read_only=True, immutable=immutable)
        connection.row_factory = None
        texts: dict[str, str] = {}
        for batch in batches:
            said = _checked(connection, schema, batch, texts)
            # marshal takes plain tuples only
            sender.send_bytes(marshal.dumps(None if said is None else (said[0], said[1], tuple(said[2]))))
    except (SyncError, sqlite3.Error, OSError):
        pass
    finally:
        sender.close()


def _checked(
    connection: sqlite3.Connection, schema: Schema, batch: Sequence[int], texts: dict[str, str]
) -> Checked | None:
    """What a batch says, if its rows are what they claim and every run in it is proven; else None."""
    arrivals: list[Arrival] = []
    rows = connection.execute(
        "SELECT log.id, log.seq, log.hash, CAST(log.body AS BLOB), log.signature, chains.area, chains.device FROM log"
        " CROSS JOIN chains ON chains.id = log.chain WHERE log.id BETWEEN ? AND ? AND typeof(log.body) = 'text' ORDER BY log.id",
        (batch[0], batch[-1]),
    )
    wanted = set(batch) if batch[-1] - batch[0] + 1 != len(batch) else None
    try:
        for number, seq, hash_, body, signature, area, device in rows:
            if wanted is not None and number not in wanted:
                continue
            arrival = read(Entry(body, signature))
            if (arrival.seq, arrival.hash, arrival.area, arrival.device) != (seq, hash_, area, device):
                return None
            arrivals.append(arrival)
        if len(arrivals) != len(batch):
            return None
        proven = runs(arrivals)
        for run in proven:
            if run[0].jws is not None:
                texts[run[0].cert] = run[0].jws
            text = texts.get(run[0].cert) or _certificate_text(connection, run[0].cert)
            if text is None or authentic(run, read_certificate(text))[1] is not None:
                return None
            texts[run[0].cert] = text
    except (PeerError, AttributeError, TypeError):
        return None
    return checked(proven, arrivals, schema)


def _certificate_text(connection: sqlite3.Connection, cert: str) -> str | None:
    """From the file's own list, if it has the hash that names it."""
    row = connection.execute("SELECT jws FROM certificates WHERE id = ?", (cert,)).fetchone()
    if row is None or not isinstance(row[0], str) or certificate_id(row[0]) != cert:
        return None
    return row[0]
