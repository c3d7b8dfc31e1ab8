"""Photos: kept once under their hash, byte for byte, or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from typing import TYPE_CHECKING

import pytest

from sync.blobs import Blobs
from sync.errors import BlobError, StoreError
from sync.peers import ReplicaPeer
from tests.sync.support import Team, merge, merge_file, note, row_id

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"\xff\xd8\xff\xe0 a photo" * 100
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty folder of photos."""
    return Blobs(tmp_path / "photos")


def files(blobs: Blobs) -> list[str]:
    """Every file below the folder."""
    return sorted(str(path.relative_to(blobs.root)) for path in blobs.root.rglob("*") if path.is_file())


def test_what_is_put_is_read_back(blobs: Blobs) -> None:
    """The bytes lie under their hash, once, and nothing else stays behind."""
    assert blobs.put(DATA) == SHA
    assert blobs.put(DATA) == SHA
    assert blobs.read(SHA) == DATA
    assert files(blobs) == [f"{SHA[:2]}/{SHA[2:]}"]
    assert list(blobs.all()) == [SHA]


def test_what_is_received_is_checked(blobs: Blobs) -> None:
    """Bytes that hash to something else are not kept, not even in part."""
    with pytest.raises(BlobError):
        blobs.receive(SHA, io.BytesIO(DATA + b"x"))
    assert files(blobs) == []
    assert blobs.receive(SHA, io.BytesIO(DATA)) == len(DATA)
    assert blobs.receive(SHA, io.BytesIO(b"ignored, it is here")) == len(DATA)
    assert blobs.read(SHA) == DATA


def test_a_source_that_breaks_off_leaves_nothing(blobs: Blobs) -> None:
    """A stick pulled out while copying is one sentence, and no part of a photo stays."""

    class Pulled(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:  # noqa: ARG002  the signature of `read`
            raise OSError(5, "Input/output error")

    with pytest.raises((StoreError, OSError)):
        blobs.receive(SHA, Pulled())  # type: ignore[arg-type]  # only `read` is called
    assert files(blobs) == []


@pytest.mark.parametrize(
    "name", ["", "x", SHA.upper(), SHA + "0", "../" + SHA[3:], "/" * 64, SHA[:-1] + "\n", "．" * 64]
)
def test_only_a_hash_becomes_a_path(blobs: Blobs, name: str) -> None:
    """Nothing that a peer says leads out of the folder."""
    for action in (blobs.path_of, blobs.has, blobs.open, blobs.read, blobs.remove):
        with pytest.raises(BlobError):
            action(name)


def test_changed_bytes_are_not_handed_out(blobs: Blobs) -> None:
    """A photo altered on disk is an error, not evidence."""
    blobs.put(DATA)
    blobs.path_of(SHA).write_bytes(DATA + b"x")
    with pytest.raises(BlobError):
        blobs.read(SHA)
    blobs.path_of(SHA).unlink()
    with pytest.raises(BlobError):
        blobs.read(SHA)


def test_everything_is_synced_before_it_is_acknowledged(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it gets its name, its folder afterwards."""
    order: list[str] = []
    fsync, rename = os.fsync, type(blobs.root).replace

    def noted_sync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        order.append(kind)
        fsync(handle)

    def noted_rename(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(type(blobs.root), "replace", noted_rename)
    blobs.put(DATA)

    assert order[:3] == ["file", "rename", "folder"]


def test_a_full_disk_is_one_sentence(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space: what to do is said, nothing of the photo stays, earlier photos are untouched."""
    blobs.put(b"earlier")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        blobs.put(DATA)
    assert "No space" in caught.value.en
    assert len(files(blobs)) == 1


def test_photos_follow_their_rows(team: Team) -> None:
    """An exchange brings the photos that rows name and that are missing; what is nowhere is told and asked for again."""
    one, other, third = team.replica("one"), team.replica("other"), team.replica("third")
    sha256 = one.blobs.put(DATA)
    note(one, "a", photo=sha256)
    other_sha = "f" * 64
    note(one, "b", photo=other_sha)

    (done,) = merge(other, one)
    assert done.photos_received == 1
    assert done.photos_missing == [other_sha]
    assert other.status().missing_blobs == 1
    done_from_file = merge_file(third, one.path)
    assert third.blobs.read(sha256) == DATA
    assert done_from_file.photos_missing == [other_sha]
    assert ReplicaPeer(third).missing_blobs() == [other_sha]


def test_a_damaged_photo_is_not_taken_and_is_asked_for_again(team: Team) -> None:
    """Bytes changed on the stick are told as damaged; a good copy elsewhere still comes."""
    one, good, here = team.replica("one"), team.replica("good"), team.replica("here")
    sha256 = one.blobs.put(DATA)
    note(one, "a", photo=sha256)
    merge(good, one)
    one.blobs.path_of(sha256).write_bytes(b"changed")

    done = merge_file(here, one.path)
    assert (done.photos_damaged, done.photos_received) == ([sha256], 0)
    assert not here.blobs.has(sha256)

    merge_file(here, good.path)
    assert here.blobs.read(sha256) == DATA
    assert here.row("notes", row_id("a")) is not None


def test_a_damaged_photo_here_does_not_stop_sending(team: Team) -> None:
    """Sending goes on past a photo whose bytes are not what they were."""
    here, there = team.replica("here"), team.replica("there")
    shas = [here.blobs.put(bytes([number]) * 50) for number in range(3)]
    for number, sha256 in enumerate(shas):
        note(here, f"n{number}", photo=sha256)
    here.blobs.path_of(min(shas)).write_bytes(b"changed")

    merge(here, there)

    assert [there.blobs.has(sha256) for sha256 in sorted(shas)] == [False, True, True]
