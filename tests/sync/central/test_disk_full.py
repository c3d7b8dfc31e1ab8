"""The disk full on either side: one sentence, nothing half, and once there is space a repeated sync completes."""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from sync import receipts
from sync.central.connection import RefusedByServer
from sync.central.photos import FolderPhotos
from sync.central.postgres_store import PostgresStore
from sync.central.syncing import Synced, synchronise
from sync.errors import StoreError
from tests.sync.central.conftest import TEAM, new_server
from tests.sync.central.disks import MIB, small_disk
from tests.sync.central.house import central, over, peer, running, served_identity
from tests.sync.central.pushing import check
from tests.sync.support import SCHEMA, Team, device, dump, faults, note, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.blobs import Blobs
    from sync.central.app import Central
    from sync.central.serving import Running
    from sync.replica import Replica

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")


def sync_once(replica: Replica, server: Running) -> Synced:
    """One sync that gives up soon."""
    there = peer(server, replica.identity, attempts=2)
    with contextlib.closing(there.connection):
        return synchronise(replica, there)


def fill_in(replica: Replica, megabytes: int) -> None:
    """Records that do not compress."""
    chance = random.Random(replica.path.parent.name)
    for number in range(megabytes * 20):
        note(replica, f"{replica.path.parent.name}{number}", body=chance.randbytes(25_000).hex())


def attach(replica: Replica, size: int) -> str:
    """A photo and the row that names it."""
    sha256 = replica.blobs.put(random.Random(size).randbytes(size))
    note(replica, "photo", photo=sha256)
    return sha256


def until_refused(replica: Replica, server: Running) -> RefusedByServer:
    """Sync more and more until the store does not take it."""
    for _ in range(20):
        try:
            sync_once(replica, server)
        except RefusedByServer as refused:
            return refused
        fill_in(replica, 4)
    raise AssertionError("the disk does not fill up")


def kept(store: Central) -> Blobs:
    """Where the store keeps its photos."""
    assert isinstance(store.photos, FolderPhotos)
    return store.photos.blobs


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Team]:
    """The devices on this machine's own disk, whatever happens to the other one."""
    folder = tmp_path / "devices"
    folder.mkdir()
    team = Team(folder)
    yield team
    team.close()


def test_the_servers_disk_is_full_of_changesets(tmp_path: Path, apart: Team) -> None:
    """The batch is refused whole, what was there can still be had, and afterwards it goes through."""
    one, two = apart.replica("one"), apart.replica("two")
    note(one, "a", title="before")
    with small_disk(tmp_path / "server", 32 * MIB) as disk:
        there = Team(disk.folder)
        store = central(there)
        with running(store) as server:
            sync_once(one, server)
            before = list(receipts.kept(one.connection))
            fill_in(one, 2)
            disk.fill(leave=MIB)
            with pytest.raises(RefusedByServer, match=r"full|disk") as refused:
                sync_once(one, server)
            assert (refused.value.status, refused.value.code) == (503, "store")
            assert list(receipts.kept(one.connection)) == before
            assert store.store.counts().changesets == 1
            assert sync_once(two, server).received.appended == 1
            disk.free()
            sync_once(one, server)
            sync_once(two, server)
            check([one, two], store.store, kept(store))
        assert faults(there.open[0]) == []
        there.close()


def test_the_servers_disk_is_full_of_photos(tmp_path: Path, apart: Team) -> None:
    """A photo that does not fit has no receipt and no name; what came of it is gone on with."""
    one = apart.replica("one")
    with small_disk(tmp_path / "server", 16 * MIB) as disk:
        there = Team(disk.folder)
        store = central(there)
        with running(store) as server:
            sha256 = attach(one, 5 * MIB)
            disk.fill(leave=3 * MIB)
            with pytest.raises(RefusedByServer, match="space") as refused:
                sync_once(one, server)
            assert (refused.value.status, refused.value.code) == (503, "disk")
            assert store.photos.size(sha256) is None
            assert receipts.photos_acknowledged(one.connection, [sha256]) == set()
            disk.free()
            assert sync_once(one, server).photos_sent == 1
            assert receipts.photos_acknowledged(one.connection, [sha256]) == {sha256}
            check([one], store.store, kept(store))
        there.close()


def test_postgresql_runs_out_of_disk(tmp_path: Path, apart: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it refuses or falls over: the device is told that the store fails, and nothing acknowledged is missing."""
    one, two = apart.replica("one"), apart.replica("two")
    note(one, "a", title="before")
    with small_disk(tmp_path / "server", 256 * MIB) as disk, monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(disk.folder))
        with new_server() as postgres:
            store = PostgresStore.open(postgres.url(postgres.laid_out()), SCHEMA, team=TEAM)
            served = over(store, tmp_path / "photos", served_identity(), requests_a_minute=10**6)
            with running(served) as server:
                sync_once(one, server)
                for round_ in range(2):
                    fill_in(one, 4)
                    disk.fill(leave=round_ * MIB)
                    refused = until_refused(one, server)
                    assert (refused.status, refused.code) == (503, "store")
                    disk.free()
                    postgres.start()
                sync_once(one, server)
                sync_once(two, server)
                check([one, two], store, kept(served))
            store.close()


def test_the_devices_disk_is_full_of_changesets(tmp_path: Path, apart: Team) -> None:
    """What does not fit is not taken in, not half either; what is there stays as it was, and the rest comes later."""
    one = apart.replica("one")
    fill_in(one, 3)
    store = central(apart)
    with running(store) as server, small_disk(tmp_path / "laptop", 32 * MIB) as disk:
        sync_once(one, server)
        laptop = Team(disk.folder)
        two = laptop.replica("two", device("two"))
        mine = note(two, "b", title="mine")
        disk.fill(leave=MIB)
        with pytest.raises(StoreError, match="disk is full"):
            sync_once(two, server)
        assert versions(two) == {mine}
        assert len([line for line in dump(two) if '"notes"' in line]) == 1
        disk.free()
        sync_once(two, server)
        sync_once(one, server)
        check([one, two], store.store, kept(store))
        assert faults(two) == []
        laptop.close()


def test_the_devices_disk_is_full_of_photos(tmp_path: Path, apart: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where it lands while it comes nor where it is kept: no part of it gets its name, and it comes later."""
    one = apart.replica("one")
    sha256 = attach(one, 20 * MIB)
    store = central(apart)
    with running(store) as server, small_disk(tmp_path / "laptop", 32 * MIB) as disk:
        sync_once(one, server)
        laptop = Team(disk.folder)
        two = laptop.replica("two", device("two"))
        for landing, sentence in (
            (None, "cannot be written"),
            (str(disk.folder), "disk failed while a photo came"),
        ):
            disk.fill(leave=2 * MIB)
            with monkeypatch.context() as patch:
                patch.setattr(tempfile, "tempdir", landing)
                with pytest.raises(StoreError, match=sentence):
                    sync_once(two, server)
            assert not two.blobs.has(sha256)
            assert list(two.blobs.root.glob("incoming/*")) == []
            disk.free()
        assert sync_once(two, server).photos_received == 1
        check([one, two], store.store, kept(store))
        laptop.close()


def test_the_devices_disk_is_full_when_the_receipt_comes(tmp_path: Path, apart: Team) -> None:
    """The store has it and says so again next time: the device ends with the receipt, nothing is there twice."""
    store = central(apart)
    with running(store) as server, small_disk(tmp_path / "laptop", 32 * MIB) as disk:
        laptop = Team(disk.folder)
        two = laptop.replica("two", device("two"))
        fill_in(two, 1)
        disk.fill()
        with pytest.raises(StoreError, match="disk is full"):
            sync_once(two, server)
        disk.free()
        sync_once(two, server)
        assert store.store.counts().changesets == len(versions(two))
        assert receipts.acknowledged(two.connection)
        check([two], store.store, kept(store))
        laptop.close()
