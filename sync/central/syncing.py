"""One sync with the central store: pull, push, photos both ways, receipts.

The same steps as `sync.exchange`, batch by batch over a connection that may be cut at any byte. Each step may be
repeated; what the server acknowledged is kept here as a receipt, so that nothing is claimed that nobody signed for.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync import receipts
from sync.central.connection import Cancelled
from sync.central.protocol import BATCH
from sync.central.store import visible
from sync.errors import BlobError, LockedError, PeerError, StoreError, UntrustedError
from sync.exchange import Exchanged, known_places, silent
from sync.peers import ReplicaPeer, entries_by_id, sample, tips_of, wanted_ids
from sync.receipts import ChainEnd
from sync.schema import SYSTEM_NAMES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from sync.central.client import HttpPeer
    from sync.changeset import Entry
    from sync.exchange import Progress
    from sync.peers import ChainKey, Place
    from sync.replica import Replica

PHOTOS_AT_ONCE: Final = 2
BATCH_BYTES: Final = 4 << 20
"""Bytes of bodies in a batch, about a megabyte when compressed: what a bad line carries before it breaks."""
GENTLE: Final = 250
"""Changesets taken in at once where somebody records meanwhile: each keeps the database for some milliseconds."""
BREATH_S: Final = 0.005
"""Between them, so that whoever waits for the database gets it: the lock is not fair."""


@dataclass
class Synced(Exchanged):
    """What a sync did.

    Attributes:
        not_counting: Version → code, of what was sent and has no effect.
        refused_there: Changesets without effect in the store, as far as this device may see.
        conflicts_there: Cells in conflict in the store, as far as this device may see.
        requests: Round trips.
        bytes_sent: Of bodies.
        bytes_received: Of bodies.
    """

    not_counting: dict[str, str] = field(default_factory=dict)
    refused_there: int = 0
    conflicts_there: int = 0
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


def synchronise(
    here: Replica,
    there: HttpPeer,
    *,
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
    at_once: int | None = None,
) -> Synced:
    """Bring both sides to the union of what this device may see, then the photos.

    Args:
        here: The local replica; it must belong to the store's team.
        there: The store.
        progress: Told how far it is: `pull`, `push`, `photos_in`, `photos_out`, in changesets and photos.
        stop: Asked between steps; True ends the sync.
        at_once: Changesets taken in in one transaction at most; a whole batch unless given.

    Raises:
        UntrustedError: The store belongs to another team; nothing was sent.
        UnreachableError: The store cannot be reached, or stopped answering.
        RefusedByServer: The store refuses this device.
        StoreError: This side cannot read or write; what came before is kept.
        Cancelled: `stop` said so.
    """
    return _Sync(here, there, progress, stop, at_once).run()


def pull(here: Replica, there: HttpPeer, *, progress: Progress = silent) -> Synced:
    """Only take what the store has, whatever team this side stands under: what does not count yet waits in the log."""
    one = _Sync(here, there, progress, lambda: False)
    there.look()
    one.pull()
    return one.done


class _Sync:
    def __init__(
        self,
        here: Replica,
        there: HttpPeer,
        progress: Progress,
        stop: Callable[[], bool],
        at_once: int | None = None,
    ) -> None:
        self.here = here
        self.at_once = at_once
        self.there = there
        self.progress = progress
        self.stop = stop
        self.mine = ReplicaPeer(here)
        self.done = Synced()
        self.areas = here.identity.certificate.areas if here.identity is not None else ()
        self.unseen: dict[ChainKey, list[Place]] = {}
        there.on_receipt = self._keep

    def run(self) -> Synced:
        here, there, done = self.here, self.there, self.done
        if there.team != here.team:
            raise UntrustedError(
                f"中心库属于另一团队（{there.team[:8]}…），本工作区尚未加入；请向管理员索取邀请码后运行 team join。",
                f"The central store belongs to another team ({there.team[:8]}…) that this workspace has not joined; ask the"
                " administrator for an invitation, then run team join.",
            )
        before = {(each.table, each.row, each.cell) for each in here.conflicts()}
        said = there.look()
        self._check_own_photos()
        self.pull()
        pushed = self._push()
        if pushed:
            said = there.look()
        here.apply_purges()
        self._pull_photos()
        if said.missing_photos:
            self._push_photos()
        self._confirm()
        done.refused_there, done.conflicts_there = said.refused, said.conflicts
        done.not_counting = {each: code for each, code in there.not_counting.items() if self._matters(each)}
        done.conflicts = [each for each in here.conflicts() if (each.table, each.row, each.cell) not in before]
        done.requests, done.bytes_sent, done.bytes_received = (
            there.meter.requests,
            there.meter.sent,
            there.meter.received,
        )
        return done

    def _keep(self, jws: str, certificate: str) -> receipts.Receipt:
        with self.here.writing():
            said = receipts.keep(self.here.connection, jws, certificate, self.here.team)
            if any(self.here.entry(end.version) is None for end in said.chains):
                raise PeerError(
                    "中心库的回执提到本机没有的变更，未采用；请告知管理员。",
                    "The store's receipt names changesets that never were here and was not kept; tell the administrator.",
                )
        return said

    def _matters(self, version: str) -> bool:
        """Whether somebody must know that it does not count: whom another team trusted before it was adopted binds nobody."""
        entry = self.here.entry(version)
        if entry is None:
            return True
        changes = msgspec.json.decode(entry[3]).get("changes", ())
        return not all(change["table"] in SYSTEM_NAMES for change in changes)

    def _may_go_on(self) -> None:
        if self.stop():
            raise Cancelled

    def _check_own_photos(self) -> None:
        """A photo that was here and is gone must be found before anybody believes that it was sent."""
        query = "SELECT sha256 FROM blobs WHERE state = 'here'"
        if receipts.present(self.here.connection):
            query += " AND sha256 NOT IN (SELECT sha256 FROM photo_receipts)"
        gone = [
            sha256
            for (sha256,) in map(tuple, self.here.connection.execute(query).fetchall())
            if not self.here.blobs.has(sha256)
        ]
        if gone:
            raise StoreError(
                f"本机有 {len(gone)} 张照片的文件不见了（{gone[0][:12]}… 等），尚未同步，未发送任何内容；请用 verify 查看，"
                "从备份或存储卡找回后再同步。",
                f"The files of {len(gone)} photos that were never sent are gone ({gone[0][:12]}…); nothing was sent, see"
                " verify, bring them back from a backup or the camera card, then sync.",
            )

    # changesets

    def pull(self) -> None:
        """Batch by batch; asking for the next one tells the store what has come."""
        theirs = self.there.heads()
        total = _ahead(theirs, tips_of(self.here.connection))
        known = known_places(self.here, theirs)
        after, count = 0, 0
        if total:
            self.progress("pull", 0, total)
        while known is not None:
            self._may_go_on()
            pulled = self.there.pull(known, after)
            for part in self._parts(pulled.entries):
                self.done.received.add(self.mine.append(part))
                count += len(part)
                self.progress("pull", count, max(total, count))
            if not pulled.more:
                return
            after = pulled.after
            known = known_places(self.here, theirs)

    def _parts(self, entries: list[Entry]) -> Iterator[list[Entry]]:
        """The batch, or pieces of it between which others may write."""
        if self.at_once is None or len(entries) <= self.at_once:
            yield from [entries] if entries else []
            return
        for start in range(0, len(entries), self.at_once):
            if start:
                self._may_go_on()
                time.sleep(BREATH_S)
            yield entries[start : start + self.at_once]

    def _push(self) -> bool:
        from sync.append import Outcome

        ours = tips_of(self.here.connection)
        theirs = dict(self.there.heads())
        unseen = {key: places for key, places in ours.items() if not visible(self.areas, key[0])}
        theirs |= self._held_unseen(unseen)
        skip = frozenset(key for key, places in ours.items() if set(places) <= set(theirs.get(key, ())))
        self.done.sent = Outcome()
        if len(skip) == len(ours):
            return False
        reader = self.here.connect_reader()
        try:
            ids = wanted_ids(reader, theirs, skip)
            self._send(reader, ids)
        finally:
            reader.close()
        return bool(ids)

    def _held_unseen(self, unseen: dict[ChainKey, list[Place]]) -> dict[ChainKey, list[Place]]:
        """Places that the store has in chains whose tips it does not show to us: own ones elsewhere, a colleague's.

        It is asked each time and no receipt is believed: a store that was restored has less than it once signed for.
        """
        held = self._held(unseen)
        lacking = [key for key, places in unseen.items() if not set(places) <= set(held.get(key, ()))]
        for key, places in self._held({key: sample(self.here.connection, key) for key in lacking}).items():
            held.setdefault(key, []).extend(places)
        self.unseen = held
        return held

    def _held(self, asked: dict[ChainKey, list[Place]]) -> dict[ChainKey, list[Place]]:
        held: dict[ChainKey, list[Place]] = {}
        ends = [ChainEnd(*key, *place) for key, places in asked.items() for place in places]
        for end in self.there.held(ends):
            held.setdefault((end.area, end.device), []).append((end.seq, end.hash))
        return held

    def _send(self, reader: sqlite3.Connection, ids: list[int]) -> None:
        """Batch by batch; while one is under way the next is read."""
        sent = 0
        outcome = self.done.sent
        assert outcome is not None  # noqa: S101  set by the caller
        if ids:
            self.progress("push", 0, len(ids))
        with ThreadPoolExecutor(1) as pool:
            waiting: tuple[Any, int] | None = None
            for batch in _batches(reader, ids):
                if waiting is not None:
                    outcome.add(waiting[0].result())
                    sent += waiting[1]
                    self.progress("push", sent, len(ids))
                self._may_go_on()
                waiting = (pool.submit(self.there.append, batch), len(batch))
            if waiting is not None:
                outcome.add(waiting[0].result())
                self.progress("push", sent + waiting[1], len(ids))

    # photos

    def _pull_photos(self) -> None:
        missing = self.mine.missing_blobs()
        if missing:
            self.progress("photos_in", 0, len(missing))
        for count, sha256 in enumerate(missing, start=1):
            self._may_go_on()
            if self.here.blobs.has(sha256):
                self.here.note_blob(sha256)
                continue
            source = self.there.blob(sha256)
            if source is None:
                self.done.photos_missing.append(sha256)
                continue
            with source:
                try:
                    self.mine.receive_blob(sha256, source)
                    self.done.photos_received += 1
                except LockedError:
                    self.done.photos_missing.append(sha256)
                except BlobError:
                    self.done.photos_damaged.append(sha256)
            self.progress("photos_in", count, len(missing))

    def _push_photos(self) -> None:
        """Two at a time: while the server has one on disk, the next is on its way."""
        wanted = [sha256 for sha256 in self.there.missing_blobs() if self.here.blobs.has(sha256)]
        if wanted:
            self.progress("photos_out", 0, len(wanted))
        with ThreadPoolExecutor(PHOTOS_AT_ONCE) as pool:
            try:
                for count, sent in enumerate(pool.map(self._push_photo, wanted), start=1):
                    self.done.photos_sent += sent
                    self.progress("photos_out", count, len(wanted))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _push_photo(self, sha256: str) -> bool:
        """Whether it was sent; a private value that is locked, or bytes that are damaged, are not."""
        self._may_go_on()
        try:
            with self.here.blobs.open(sha256) as source:
                self.there.receive_blob(sha256, source)
        except LockedError:
            return False
        except BlobError:
            self.done.photos_damaged.append(sha256)
            return False
        return True

    # receipts

    def _confirm(self) -> None:
        """Ask for receipts for what came to the store on another way: by a stick, by a colleague, from there to here."""
        connection = self.here.connection
        known = receipts.acknowledged(connection)
        theirs = self.there.heads() | self.unseen
        chains = [
            ChainEnd(area, device, seq, hash_)
            for (area, device), places in tips_of(connection).items()
            for seq, hash_ in places
            if (seq, bytes.fromhex(hash_)) not in known.get((area, device), ())
            and any(there >= seq for there, _ in theirs.get((area, device), ()))
        ]
        query = "SELECT sha256 FROM blobs WHERE state = 'here'"
        if receipts.present(connection):
            query += " AND sha256 NOT IN (SELECT sha256 FROM photo_receipts)"
        photos = [str(row[0]) for row in connection.execute(query).fetchall()]
        if chains or photos:
            self._may_go_on()
            self.there.confirm(chains, photos)


def _ahead(theirs: dict[ChainKey, list[Place]], ours: dict[ChainKey, list[Place]]) -> int:
    """About how many changesets they have and we lack."""
    total = 0
    for key, places in theirs.items():
        top = max((seq for seq, _ in ours.get(key, ())), default=0)
        total += max(0, max(seq for seq, _ in places) - top) if places else 0
    return total


def _batches(reader: sqlite3.Connection, ids: list[int]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for _, entry in entries_by_id(reader, ids):
        if batch and (len(batch) == BATCH or size + len(entry.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.body)
    if batch:
        yield batch
