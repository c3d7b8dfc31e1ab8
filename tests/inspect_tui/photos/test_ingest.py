"""Originals are kept byte for byte, once, and looked at from the kept copy."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from inspect_tui.photos import store as store_module
from inspect_tui.photos.ingest import Ingested, ingest_file, ingest_many
from inspect_tui.photos.store import PhotoStore
from inspect_tui.texts import Refused
from tests.inspect_tui.photos import builders as make

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """An empty store."""
    return PhotoStore(tmp_path / "photos")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A good photo outside the store."""
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(make.jpeg(make.good_tiff(), plain=make.saved(make.scene((640, 400)), "JPEG")))
    return path


def files(store: PhotoStore) -> list[str]:
    """Every file in the store's folder, finished or not."""
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())


def test_the_copy_is_the_original(store: PhotoStore, source: Path) -> None:
    """The kept bytes are the source's, under their hash, and the source is untouched."""
    before = source.read_bytes(), source.stat().st_mtime_ns
    sha256, size = store.add(source)
    assert sha256 == hashlib.sha256(before[0]).hexdigest()
    assert size == len(before[0])
    assert store.path_of(sha256).read_bytes() == before[0]
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert files(store) == [f"{sha256[:2]}/{sha256[2:]}"]


def test_adding_twice_changes_nothing(store: PhotoStore, source: Path) -> None:
    """The same bytes are kept once, whatever they are called, and the first file stays."""
    sha256, _ = store.add(source)
    before = store.path_of(sha256).stat().st_mtime_ns
    copy = source.with_name("other name.jpg")
    copy.write_bytes(source.read_bytes())
    assert store.add(copy)[0] == sha256
    assert store.path_of(sha256).stat().st_mtime_ns == before
    assert len(files(store)) == 1


def test_a_damaged_object_is_replaced_by_the_good_copy(store: PhotoStore, source: Path) -> None:
    """An object of the wrong size is not taken for the photo that is being added."""
    sha256, _ = store.add(source)
    store.path_of(sha256).write_bytes(b"half")
    assert not store.verify(sha256)
    store.add(source)
    assert store.verify(sha256)


def test_copying_without_the_kernels_help(store: PhotoStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel cannot copy between two file systems, reading and writing gives the same bytes."""

    def refuses(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuses, raising=False)
    sha256, _ = store.add(source)
    assert store.path_of(sha256).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
def test_a_source_that_changes_meanwhile_is_refused(
    store: PhotoStore, source: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A file still being written is not kept, neither whole nor half."""
    genuine = store_module._copy

    def meanwhile(*arguments: object) -> int:
        copied = genuine(*arguments)  # type: ignore[arg-type]
        data = source.read_bytes()
        changed = {"grow": data + b"more", "shrink": data[:-9], "rewrite": data[::-1]}[change]
        source.write_bytes(changed)
        os.utime(source, ns=(1, 1))
        return copied

    monkeypatch.setattr(store_module, "_copy", meanwhile)
    with pytest.raises(Refused) as refused:
        store.add(source)
    assert source.name in refused.value.en
    assert files(store) == []


def test_synced_before_acknowledged(store: PhotoStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are synced before the rename, and the folders after it."""
    steps: list[str] = []
    genuine_sync, genuine_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        steps.append("sync")
        genuine_sync(handle)

    monkeypatch.setattr(os, "fsync", sync)

    def replace(*paths: str | os.PathLike[str]) -> None:
        steps.append("rename")
        genuine_replace(*paths)

    monkeypatch.setattr(os, "replace", replace)
    store.add(source)
    assert steps == ["sync", "rename", "sync", "sync"]


def test_a_full_disk_is_refused_in_words(store: PhotoStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space left gives a sentence saying what to do, and leaves no rest behind."""

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused) as refused:
        store.add(source)
    assert "disk" in refused.value.en
    assert files(store) == []


@pytest.mark.parametrize("name", ["", "abc", "../../etc/passwd", "G" * 64, "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_only_hashes_become_paths(store: PhotoStore, name: str) -> None:
    """Nothing but 64 lower-case hex digits is ever joined to the store's folder."""
    for question in (store.path_of, store.has, store.open, store.verify):
        with pytest.raises(Refused):
            question(name)


def test_missing_and_all(store: PhotoStore, source: Path) -> None:
    """The store says what it lacks and what it has."""
    absent = "0" * 64
    sha256, _ = store.add(source)
    assert store.missing([absent, sha256]) == [absent]
    assert list(store.all()) == [sha256]
    assert not store.verify(absent)
    with pytest.raises(Refused):
        store.open(absent)


def test_a_flipped_bit_is_found(store: PhotoStore, source: Path) -> None:
    """Verification hashes the bytes again."""
    sha256, _ = store.add(source)
    with store.open(sha256) as file:
        data = file.read()
    store.path_of(sha256).write_bytes(data[:-1] + b"\x00")
    assert not store.verify(sha256)


def test_ingest_knows_everything(store: PhotoStore, source: Path) -> None:
    """One call keeps the file and gives its look, thumbnail, hash and original name."""
    kept = ingest_file(source, store)
    assert store.has(kept.sha256)
    assert kept.look.name == "IMG_0001.jpg"
    assert kept.look.position == make.NORTH_EAST
    assert kept.thumbnail
    assert kept.phash
    assert not kept.warnings


def test_other_files_are_kept_without_a_picture(store: PhotoStore, tmp_path: Path) -> None:
    """A PDF is evidence by its hash."""
    path = tmp_path / "letter.pdf"
    path.write_bytes(b"%PDF-1.7\n%%EOF")
    kept = ingest_file(path, store)
    assert store.verify(kept.sha256)
    assert (kept.look.kind, kept.thumbnail, kept.warnings) == ("other", None, ())


def test_many_in_order_with_refusals_in_place(store: PhotoStore, source: Path, tmp_path: Path) -> None:
    """Results come in the order asked for; what cannot be read is a refusal, not the end."""
    paths = []
    for number in range(20):
        path = tmp_path / f"{number}.jpg"
        if number % 5:
            path.write_bytes(source.read_bytes() + bytes(number))
        paths.append(path)
    outcomes = list(ingest_many(paths, store, workers=3))
    assert [path for path, _ in outcomes] == paths
    assert [isinstance(outcome, Ingested) for _, outcome in outcomes] == [bool(n % 5) for n in range(20)]


def test_many_may_be_left_early(store: PhotoStore, source: Path) -> None:
    """Leaving the iteration ends the work, and what was kept is whole."""
    for _ in ingest_many([source] * 50, store, workers=2):
        break
    assert all(store.verify(sha256) for sha256 in store.all())
    assert len(files(store)) == 1
