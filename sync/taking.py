"""Taking changesets into a replica from memory: the quick way for ordinary batches, the careful one for the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.append import Appender
from sync.door import authentic, read, runs
from sync.errors import PeerError
from sync.keys import read_certificate
from sync.plan import checked
from sync.storage import store_errors
from sync.tables import Unusual

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.append import Outcome
    from sync.changeset import Entry
    from sync.door import Arrival
    from sync.plan import Checked
    from sync.replica import Replica


@dataclass
class Batch:
    """A batch that was read and checked as far as that needs no database but for certificates.

    Attributes:
        entries: As they came.
        arrivals: Those that can be read.
        ready: What they say, if all are proven and ordinary.
    """

    entries: Sequence[Entry]
    arrivals: list[Arrival] = field(default_factory=list)
    ready: Checked | None = None


@dataclass
class TakenIn:
    """What became of a batch.

    Attributes:
        outcome: Counts, refusals, forks, rows touched.
        here: Those of it that are in the log now.
        not_counting: Version → code, of those that have no effect, in whole or in part.
    """

    outcome: Outcome
    here: list[Arrival]
    not_counting: dict[str, str] = field(default_factory=dict)


def look_at(entries: Sequence[Entry], replica: Replica, known: Callable[[str], str | None]) -> Batch:
    """Read and prove a batch; nothing is locked meanwhile.

    Args:
        entries: In the order of the peer.
        replica: For its tables' shapes.
        known: From a certificate's id to its text, among those that the log has brought.
    """
    batch = Batch(entries)
    for entry in entries:
        try:
            batch.arrivals.append(read(entry))
        except PeerError:
            continue
    if len(batch.arrivals) == len(entries):
        batch.ready = _ready(batch.arrivals, replica, known)
    return batch


def _ready(arrivals: list[Arrival], replica: Replica, known: Callable[[str], str | None]) -> Checked | None:
    proven = runs(arrivals)
    offered: dict[str, str] = {run[0].cert: run[0].jws for run in proven if run[0].jws is not None}
    try:
        for run in proven:
            text = run[0].jws or known(run[0].cert) or offered.get(run[0].cert)
            if text is None or authentic(run, read_certificate(text))[1] is not None:
                return None
    except PeerError:
        return None
    return checked(proven, arrivals, replica.schema)


def take_in(replica: Replica, batch: Batch) -> TakenIn:
    """Append a batch in one transaction; durable on return, unless an outer one is open.

    Raises:
        StoreError: This side cannot write; nothing of the batch was taken.
    """
    with replica.writing(), store_errors(replica.path):
        appender = Appender(replica.connection, replica.schema, replica.team)
        if batch.ready is not None and batch.arrivals:
            if _insert(appender, batch.arrivals, batch.ready):
                return TakenIn(appender.outcome, batch.arrivals)
            appender = Appender(replica.connection, replica.schema, replica.team)
        appender.offer(batch.entries)
        here = [arrival for arrival in batch.arrivals if appender.known(arrival)]
        return TakenIn(appender.outcome, here, _codes(appender, here))


def _insert(appender: Appender, arrivals: list[Arrival], ready: Checked) -> bool:
    """Whether an ordinary batch went in; else nothing of it did."""
    connection = appender.connection
    connection.execute("SAVEPOINT batch")
    try:
        appender.insert(arrivals, ready)
    except Unusual:
        connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
        return False
    connection.execute("RELEASE batch")
    return True


def _codes(appender: Appender, arrivals: Sequence[Arrival]) -> dict[str, str]:
    connection = appender.connection
    if connection.execute("SELECT EXISTS (SELECT 1 FROM refusals)").fetchone()[0] == 0:
        return {}
    found: dict[str, str] = {}
    query = (
        "SELECT min(refusals.code) FROM log JOIN refusals ON refusals.log = log.id"
        " WHERE log.chain = ? AND log.seq = ? AND log.hash = ?"
    )
    for arrival in arrivals:
        chain = appender.chains[arrival.area, arrival.device]
        row = connection.execute(query, (chain.id, arrival.seq, arrival.hash)).fetchone()
        if row[0] is not None:
            found[arrival.version] = str(row[0])
    return found
