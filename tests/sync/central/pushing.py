"""Devices that write and sync without end, and what must hold of them and of the store afterwards."""

from __future__ import annotations

import contextlib
import random
import threading
from typing import TYPE_CHECKING

from sync import receipts
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection, RefusedByServer, UnreachableError
from sync.central.syncing import Synced, synchronise
from tests.sync.central.house import served_identity
from tests.sync.support import dump, note, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sync.blobs import Blobs
    from sync.central.store import CentralStore
    from sync.replica import Replica


def work(replica: Replica, url: str, stop: threading.Event, seed: str, writes: int, photo: int) -> None:
    """Write, attach and sync until told to stop, whatever the server does."""
    chance = random.Random(seed)
    with contextlib.closing(Connection(Address(url), replica.identity, attempts=1)) as connection:
        while not stop.is_set():
            for _ in range(chance.randrange(1, writes)):
                note(replica, f"{seed}{chance.randrange(200)}", title=chance.randbytes(4).hex())
            if chance.random() < 0.3:
                sha256 = replica.blobs.put(chance.randbytes(chance.randrange(1, photo)))
                note(replica, f"{seed}photo", photo=sha256)
            # nothing else may happen to a device whose server comes and goes
            with contextlib.suppress(UnreachableError, RefusedByServer):
                synchronise(replica, HttpPeer(connection))


@contextlib.contextmanager
def working(devices: Sequence[tuple[Replica, str]], *, writes: int = 30, photo: int = 3_000_000) -> Iterator[None]:
    """Each device works against its address on a thread of its own; errors of theirs are raised at the end.

    Args:
        devices: With their addresses.
        writes: Changesets between two syncs, at most.
        photo: Bytes of a photo, at most.
    """
    stop = threading.Event()
    failed: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            failed.append(error)
            raise

    workers = [
        threading.Thread(
            target=run, args=(lambda r=replica, u=url, n=number: work(r, u, stop, f"{n}-", writes, photo),)
        )
        for number, (replica, url) in enumerate(devices)
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join(120)
    assert not any(worker.is_alive() for worker in workers)
    assert failed == []


class Promises:
    """What the store has signed for, looked at from time to time while the devices work.

    Again and again, because whatever gets lost the devices send once more: at the end all is there even so.
    """

    def __init__(self, devices: Iterable[Replica]) -> None:
        self._readers = [replica.connect_reader() for replica in devices]
        self._known: set[str] = set()

    def hold(self, store: CentralStore, photos: Blobs) -> int:
        """All that is new since the last look is in the store; returns how many receipts there were."""
        new = [kept for reader in self._readers for kept in receipts.kept(reader) if kept.jws not in self._known]
        for kept in new:
            said = receipts.read_receipt(kept.jws, served_identity().certificate)
            assert store.holds(said.chains) == list(said.chains)
            assert all(photos.intact(photo.sha256) for photo in said.photos)
        self._known |= {kept.jws for kept in new}
        return len(new)

    def close(self) -> None:
        """Let go of the workspaces."""
        for reader in self._readers:
            reader.close()


def promises_hold(devices: Iterable[Replica], store: CentralStore, photos: Blobs) -> None:
    """All that the store has ever signed for is in it."""
    with contextlib.closing(Promises(devices)) as promises:
        promises.hold(store, photos)


def finish(devices: Sequence[tuple[Replica, str]]) -> None:
    """Everybody syncs until the store has all of it and everybody has what the others wrote; then nothing is left to do."""
    done = Synced()
    for _ in range(2):
        for replica, url in devices:
            with contextlib.closing(Connection(Address(url), replica.identity)) as connection:
                done = synchronise(replica, HttpPeer(connection))
    assert done.requests <= 5


def check(devices: Sequence[Replica], store: CentralStore, photos: Blobs) -> None:
    """Nothing that was acknowledged is missing, nothing is there twice, and everybody has the same tables."""
    there = [
        f"{key[1]}:{seq}:{hash_[:32]}" for key, places in store.heads(("000000",)).items() for seq, hash_ in places
    ]
    given = store.read({}, ("000000",), after=0, limit=10**6, max_bytes=1 << 30).entries
    counts = store.counts()
    assert counts.changesets == len(given) == len({each.body for each in given})
    assert counts.held == 0
    assert counts.missing_photos == 0
    promises_hold(devices, store, photos)
    expected = list(store.dump())
    for replica in devices:
        mine = versions(replica)
        assert len(mine) == counts.changesets
        assert set(there) <= set(mine)
        assert dump(replica) == expected
        assert receipts.broken_promises(replica.connection) == []
        for row in replica.connection.execute("SELECT sha256 FROM blobs WHERE state = 'here'").fetchall():
            assert photos.intact(row[0])
    store.rebuild()
    assert list(store.dump()) == expected
