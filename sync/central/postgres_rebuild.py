"""Folding the whole log anew, while nobody else writes; also when another version of the programme made the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sync.append import Chain, reason_of
from sync.central.postgres_copy import copy_places, copy_rows, insert_missing
from sync.central.postgres_fold import fold_all
from sync.central.postgres_ground import Ground, place_of
from sync.central.postgres_judge import Ancestry, Judge, find_places, numbered
from sync.central.postgres_schema import ALONE, make_folded_anew, meta
from sync.central.postgres_settle import Settling
from sync.changeset import FORMAT, Entry
from sync.door import certificate_of, read
from sync.errors import PeerError, StoreError
from sync.schema import SYSTEM_NAMES
from sync.verdict import Context, entry_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.central.postgres_connections import Connection
    from sync.central.postgres_fold import Place
    from sync.central.postgres_ground import Kept
    from sync.door import Arrival
    from sync.peers import ChainKey

BATCH: Final = 2000


def rebuild(connection: Connection, kept: Kept) -> int:
    """Drop the folded tables and fold the log again, in the caller's transaction.

    Returns:
        The number of changesets folded.

    Raises:
        MalformedError: A changeset in the log is damaged; the caller rolls back.
        StoreError: The log has a gap; the caller rolls back.
    """
    _alone(connection)
    notes = meta(connection) or {}
    make_folded_anew(connection, kept.schema, notes)
    # judged as if nobody were adopted or revoked; `settle` then turns what that changes
    judge = Judge(int(notes["context"]), Context(kept.team), frozenset())
    forks: set[ChainKey] = set()
    ancestry = Ancestry(connection, forks, judge.here)
    rebuilding = _Rebuilding(Ground(connection, kept, (), True, judge, forks, ancestry, any_held=False))
    for batch in _log(connection):
        rebuilding.take(batch)
    rebuilding.end()
    return rebuilding.count


def fold_for(connection: Connection, kept: Kept) -> None:
    """Make the folded tables those of this programme, unless another process has done so while we waited."""
    _alone(connection)
    if (meta(connection) or {}).get("schema") != kept.schema.fingerprint():
        rebuild(connection, kept)


def _alone(connection: Connection) -> None:
    # whoever waits for others to end has not done anything yet, so waiting long is no harm
    connection.execute("SET LOCAL lock_timeout = 0")
    connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (ALONE,))


def _log(connection: Connection) -> Iterator[list[Arrival]]:
    """The whole log, chain by chain."""
    after: tuple[Any, ...] = ("", "", 0, b"")
    while True:
        rows: Any = connection.execute(
            "SELECT area, device, seq, hash, body, signature FROM store_log WHERE (area, device, seq, hash) > (%s, %s, %s, %s)"
            " ORDER BY area, device, seq, hash LIMIT %s",
            (*after, BATCH),
            binary=True,
        ).fetchall()
        if not rows:
            return
        yield [_arrival(*row) for row in rows]
        after = rows[-1][:4]


def _arrival(area: str, device: str, seq: int, hash_: bytes, body: str, signature: bytes) -> Arrival:
    arrival = read(Entry(body.encode(), signature))
    if place_of(arrival) != (area, device, seq, hash_):
        raise _gap()
    return arrival


def _gap() -> StoreError:
    return StoreError(
        "日志有缺失或被改动，有变更无法接上；未重建，数据表未改动，请从备份恢复。",
        "The log has a gap or was changed, some changesets do not fit in; nothing was rebuilt or changed, restore a backup.",
    )


@dataclass
class _Rebuilding:
    """The log on its way through, chain by chain in the order of sequence numbers."""

    ground: Ground
    count: int = 0
    _chain: Chain | None = None
    _certs: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    _followed: set[bytes] = field(default_factory=set)
    _texts: dict[str, str] = field(default_factory=dict)

    def take(self, batch: list[Arrival]) -> None:
        """Note all that follows from some changesets but the tables."""
        ground = self.ground
        index: list[tuple[str, Place]] = []
        codes: list[tuple[Any, ...]] = []
        system: list[tuple[Any, ...]] = []
        for arrival in batch:
            place = place_of(arrival)
            self._follow(arrival)
            codes += [(*place, change, code) for change, code in self._codes(arrival)]
            index += [(row, place) for row in {row for _, row, _, _ in arrival.changes}]
            if any(name in SYSTEM_NAMES for name, _, _, _ in arrival.changes):
                system.append(place)
        self._check_seen(batch)
        ground.write_certificates(batch)
        connection, columns = ground.connection, ("area", "device", "seq", "hash")
        copy_places(connection, "store_changes", "row_id", index)
        copy_rows(connection, "store_refusals", (*columns, "change", "code"), codes)
        copy_rows(connection, "store_system_changes", columns, system)
        self.count += len(batch)

    def _follow(self, arrival: Arrival) -> None:
        """Check that it fits to its predecessor, and advance the chain."""
        chain = self._chain
        if chain is None or (chain.area, chain.device) != (arrival.area, arrival.device):
            self._certs, self._followed = {}, set()
            chain = self._chain = Chain(0, arrival.area, arrival.device, {}, forked=False, top=0)
            self.ground.chains[arrival.area, arrival.device] = chain
        before: str | None = None
        if arrival.prev is None:
            fork = bool(chain.tips)
        else:
            seq, before = self._certs.get(arrival.prev, (0, None))
            if seq != arrival.seq - 1:
                raise _gap()
            fork = arrival.prev in self._followed
            self._followed.add(arrival.prev)
            chain.tips.pop(arrival.prev, None)
        try:
            certificate_of(arrival, before, self._texts.get)
        except PeerError as error:
            raise _gap() from error
        if fork:
            chain.forked = True
            self.ground.forks.add((chain.area, chain.device))
        if arrival.seq > chain.top:
            # what lies further back can have no successor any more
            self._certs = {hash_: known for hash_, known in self._certs.items() if known[0] == chain.top}
            self._followed &= self._certs.keys()
        self._certs[arrival.hash] = (arrival.seq, arrival.cert)
        chain.tips[arrival.hash] = (arrival.seq, arrival.cert)
        chain.top = arrival.seq

    def _codes(self, arrival: Arrival) -> Iterator[tuple[int, str]]:
        if arrival.jws is not None:
            self._texts[arrival.cert] = arrival.jws
        if arrival.format > FORMAT:
            yield -1, "newer"
            return
        ground = self.ground
        certificate = certificate_of(arrival._replace(jws=None), arrival.cert, self._texts.get)
        code = entry_verdict(arrival, certificate, ground.judge.context, ground.ancestry)
        for number, (name, _, values, _) in enumerate(arrival.changes):
            reason = reason_of(ground.schema.by_name.get(name), values, code, certificate, ground.judge.context)
            if reason is not None:
                yield number, reason

    def _check_seen(self, batch: list[Arrival]) -> None:
        seen = {
            numbered(arrival.area, version)
            for arrival in batch
            for _, _, _, said in arrival.changes
            for versions in said.values()
            for version in versions
        }
        found = find_places(self.ground.connection, (place for place, _ in seen))
        if not all(any(hash_.hex().startswith(short) for hash_ in found[place]) for place, short in seen):
            raise _gap()

    def end(self) -> None:
        """Write where the chains end, turn verdicts, fold the rows."""
        ground = self.ground
        connection = ground.connection
        ground.write_tips(ground.chains.keys())
        insert_missing(connection, "store_forks", ("area", "device"), ground.forks)
        connection.execute(
            "INSERT INTO store_rows SELECT DISTINCT ON (row_id) row_id, area, device, seq, hash FROM store_changes"
            " ORDER BY row_id, area, device, seq, hash"
        )
        Settling(ground).settle((), system_changed=True)
        fold_all(connection, ground.schema)
