"""Appending a batch: looked at before anything is locked, then the quick way if all is ordinary, else the careful one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.append import Outcome
from sync.central.postgres_careful import Careful
from sync.central.postgres_fold import codes_of
from sync.central.postgres_ground import AloneNeeded, begin, place_of
from sync.central.postgres_quick import take_quickly
from sync.central.sqlite_store import ends_of
from sync.central.store import Taken
from sync.changeset import digest
from sync.door import Refusal, authentic, read, runs
from sync.errors import PeerError
from sync.keys import read_certificate
from sync.plan import checked
from sync.schema import SYSTEM_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.central.postgres_connections import Connection, Connections
    from sync.central.postgres_ground import Ground, Kept
    from sync.changeset import Entry
    from sync.door import Arrival
    from sync.plan import Checked
    from sync.schema import Schema


@dataclass
class Batch:
    """A batch that was read.

    Attributes:
        arrivals: Those that can be read.
        refused: The others.
        ready: What it says, if all of it is proven and ordinary.
    """

    arrivals: list[Arrival] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ready: Checked | None = None


def look_at(entries: Sequence[Entry], kept: Kept) -> Batch:
    """Read and prove a batch as far as that needs no database."""
    batch = Batch()
    for entry in entries:
        try:
            batch.arrivals.append(read(entry))
        except PeerError as error:
            batch.refused.append(Refusal(digest(entry.body).hex()[:32], error))
    batch.ready = _ready(batch.arrivals, kept.texts, kept.schema)
    return batch


def _ready(arrivals: list[Arrival], texts: Mapping[str, str], schema: Schema) -> Checked | None:
    """What ordinary changesets say, if every run of them is proven; else None."""
    proven = runs(arrivals)
    offered = {run[0].cert: run[0].jws for run in proven if run[0].jws is not None}
    try:
        for run in proven:
            text = run[0].jws or texts.get(run[0].cert) or offered.get(run[0].cert)
            if text is None or authentic(run, read_certificate(text))[1] is not None:
                return None
    except PeerError:
        return None
    return checked(proven, arrivals, schema)


def append(connections: Connections, kept: Kept, entries: Sequence[Entry]) -> Taken:
    """As `CentralStore.append`."""
    batch = look_at(entries, kept)
    if not batch.arrivals:
        return Taken(Outcome(refused=batch.refused))
    alone = any(name in SYSTEM_NAMES for each in batch.arrivals for name, _, _, _ in each.changes)
    areas = {each.area for each in batch.arrivals}

    def take(connection: Connection) -> Taken:
        return _take(begin(connection, kept, areas, alone=alone), batch)

    try:
        return connections.run(take)
    except AloneNeeded:
        alone = True
        return connections.run(take)


def _take(ground: Ground, batch: Batch) -> Taken:
    outcome = Outcome(refused=[*batch.refused])
    known = ground.known(batch.arrivals)
    fresh = [each for each in batch.arrivals if each.hash not in known]
    ready = batch.ready
    if ready is None or known:
        ground.load_texts(each.cert for each in fresh)
        ready = _ready(fresh, ground.kept.texts, ground.schema)
    outcome.known = len(batch.arrivals) - len(fresh)
    codes: dict[str, str] = {}
    came: set[bytes] = set()
    if fresh:
        touched = None if ready is None else take_quickly(ground, fresh, ready)
        if touched is not None:
            outcome.add(Outcome(appended=len(fresh), touched=touched))
            came.update(each.hash for each in fresh)
        else:
            careful = Careful(ground)
            careful.offer(fresh)
            outcome.add(careful.outcome)
            came.update(each.hash for each in careful.new)
    here = [each for each in batch.arrivals if each.hash in known or each.hash in came]
    if known or (fresh and touched is None):
        codes = _codes(ground, here)
    return Taken(outcome, ends_of(here), codes)


def _codes(ground: Ground, here: Sequence[Arrival]) -> dict[str, str]:
    versions = {place_of(each): each.version for each in here}
    found: dict[str, str] = {}
    for place, _, code in codes_of(ground.connection, list(versions)):
        version = versions[place]
        found[version] = min(code, found.get(version, code))
    return found
