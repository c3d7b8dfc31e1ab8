"""Making a bundle: chosen at one moment, written under temporary names, published, and read back from the stick."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.bundles.frames import (
    CERTIFICATES,
    CHANGESETS,
    CHUNK,
    DATA,
    HEADER,
    MAGIC,
    MAX_PHOTOS,
    PHOTO,
    Packer,
    PhotoHead,
    batches,
    encode,
)
from sync.bundles.header import Header, sign
from sync.bundles.known import note_made
from sync.bundles.parts import PART_BYTES, SUFFIX, Writer, find_parts, manifest_path, sweep
from sync.bundles.peer import open_bundle
from sync.bundles.selection import choose
from sync.errors import BlobError, BundleError, StoreError
from sync.identity import now_ms
from sync.peers import entries_by_id
from sync.replica import PROGRAMME

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sync.bundles.selection import Choice, Wish
    from sync.identity import Identity
    from sync.replica import Replica

    Progress = Callable[[str, int, int | None], None]


@dataclass
class Made:
    """A bundle that lies on the stick and was read back.

    Attributes:
        path: Its main file.
        files: All its files.
        header: What it says of itself.
        size: Bytes of its parts.
        photos_missing: Photos that rows name and that are not here.
        photos_locked: Private values that lie sealed under a PIN that was not entered.
        photos_damaged: Photos whose bytes are not what their hash says, left out.
    """

    path: Path
    files: list[Path]
    header: Header
    size: int
    photos_missing: int
    photos_locked: int
    photos_damaged: list[str]


class _DamagedPhoto(Exception):
    """A photo whose bytes changed on this disk: the bundle is begun again without it."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


def silent(what: str, done: int, total: int | None) -> None:
    """No progress shown."""


def create(
    replica: Replica,
    folder: Path,
    wish: Wish,
    addresses: Callable[[Sequence[str]], Sequence[str] | None],
    *,
    part_bytes: int = PART_BYTES,
    progress: Progress = silent,
) -> Made:
    """Make a bundle in a folder of a stick.

    Args:
        replica: Whose.
        folder: Must be there; nothing in it is written to but new files.
        wish: What goes.
        addresses: From the areas in it to whom it is sealed for; None leaves it plain.
        part_bytes: At most so many bytes in one file.
        progress: Told `write` or `check`, bytes done and in all.

    Raises:
        BundleError: There is nothing to give, or too much for one bundle.
        StoreError: The stick does not take it, or does not give back what was written. Older bundles are untouched.
    """
    identity = replica.identity
    if identity is None:
        raise StoreError(
            "此工作区没有设备密钥，只能读取。", "This workspace has no device key; it can only be read."
        )
    prefix = f"bundle-{identity.device[:8]}-"
    sweep(folder, prefix)
    main = _free_name(folder, prefix)
    damaged: list[str] = []
    while True:
        reader = replica.connect_reader()
        try:
            reader.execute("BEGIN")
            choice = choose(reader, replica.schema, replica.blobs, wish)
            for each in damaged:
                choice.photos.pop(each, None)
            _check(choice, folder)
            made = _Making(replica, reader, identity, choice, wish)
            size = made.write(main, addresses(choice.areas), part_bytes, progress)
            files = _read_back(main, identity, made.header, size, progress)
            with replica.writing():
                note_made(replica.connection, made.header.bundle, made.header.time)
            return Made(main, files, made.header, size, choice.photos_missing, choice.photos_locked, damaged)
        except _DamagedPhoto as error:
            damaged.append(error.sha256)
        finally:
            reader.close()


def _free_name(folder: Path, prefix: str) -> Path:
    import datetime as dt

    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
    try:
        taken = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise _not_taken(folder, error) from error
    for number in range(1, 1000):
        name = f"{prefix}{stamp}" + ("" if number == 1 else f"-{number}")
        if not any(each.startswith(f"{name}.") for each in taken):
            return folder / (name + SUFFIX)
    raise StoreError(f"{folder} 中同名文件过多。", f"There are too many files of one name in {folder}.")


def _check(choice: Choice, folder: Path) -> None:
    if not choice.ids and not choice.photos:
        raise BundleError(
            "没有可带走的内容：所选范围内的记录对方都已有。",
            "There is nothing to take along: the other side has all of it.",
        )
    if len(choice.photos) > MAX_PHOTOS:
        raise BundleError(
            f"照片超过 {MAX_PHOTOS} 张，一个数据包放不下；请用 --area 或 --since 分几次制作。",
            f"There are more than {MAX_PHOTOS} photos, too many for one bundle; make several with --area or --since.",
        )
    needed = sum(choice.photos.values())
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StoreError(
                f"{folder} 空间不足：照片需 {needed // 2**20} MiB，剩余 {free // 2**20} MiB；请换盘，或用 --no-photos、--area。",
                f"{folder} lacks space: photos take {needed // 2**20} MiB, {free // 2**20} MiB are free; take another stick, or"
                " use --no-photos or --area.",
            )


class _Making:
    """One attempt."""

    def __init__(
        self, replica: Replica, reader: sqlite3.Connection, identity: Identity, choice: Choice, wish: Wish
    ) -> None:
        self._blobs = replica.blobs
        self._reader = reader
        self._identity = identity
        self._choice = choice
        self.header = Header(
            bundle=secrets.token_hex(16),
            team=identity.team,
            device=identity.device,
            cert=identity.cert,
            time=now_ms(),
            programme=PROGRAMME,
            kind=wish.kind,
            peer=None if wish.peer is None else wish.peer.device,
            since=wish.since_ms,
            area=wish.area,
            photos_left_out=not wish.photos,
            heads=tuple(choice.heads),
            base=tuple(choice.base),
            changesets=len(choice.ids),
            photos=len(choice.photos),
            photo_bytes=sum(choice.photos.values()),
        )

    def write(self, main: Path, addresses: Sequence[str] | None, part_bytes: int, progress: Progress) -> int:
        """Write and publish; returns the bytes of the parts."""
        from sync.bundles.seal import seal

        writer = Writer(main, part_bytes)
        total = self.header.photo_bytes
        try:
            seal(self._stream(lambda done: progress("write", done, max(total, done))), writer, addresses)
            writer.publish(self.header.bundle, sealed=addresses is not None)
        except OSError as error:
            writer.discard()
            raise _not_taken(main.parent, error) from error
        except BaseException:
            writer.discard()
            raise
        return writer.size

    def _stream(self, tell: Callable[[int], None]) -> Iterator[bytes]:
        packer = Packer()
        yield MAGIC
        yield packer.frame(HEADER, encode(sign(self.header, self._identity)))
        texts = self._choice.certificates
        for start in range(0, len(texts), 100):
            yield packer.frame(CERTIFICATES, encode(texts[start : start + 100]))
        done = 0
        for batch in batches(entry for _, entry in entries_by_id(self._reader, self._choice.ids)):
            yield packer.frame(CHANGESETS, encode(batch))
            done += sum(len(entry.body) for entry in batch)
            tell(done)
        for sha256, size in self._choice.photos.items():
            yield packer.frame(PHOTO, encode(PhotoHead(sha256, size)), pack=False)
            for chunk in self._photo(sha256, size):
                yield packer.frame(DATA, chunk, pack=False)
                done += len(chunk)
                tell(done)
        yield packer.end(self.header.changesets, self.header.photos, self.header.photo_bytes)

    def _photo(self, sha256: str, size: int) -> Iterator[bytes]:
        hasher = hashlib.sha256()
        left = size
        try:
            with self._blobs.open(sha256) as file:
                while left and (chunk := file.read(min(CHUNK, left))):
                    hasher.update(chunk)
                    left -= len(chunk)
                    yield chunk
        except (OSError, BlobError) as error:
            raise _DamagedPhoto(sha256) from error
        if left or hasher.hexdigest() != sha256:
            raise _DamagedPhoto(sha256)


def _read_back(main: Path, identity: Identity, header: Header, size: int, progress: Progress) -> list[Path]:
    """Read everything back from the stick, decrypt it and check it; what does not hold is taken away.

    Raises:
        StoreError: The stick does not give back what was written.
    """
    files = [main, manifest_path(main)]
    try:
        parts = find_parts(main)
        files = [*parts.paths, manifest_path(main)]
        for path in files:
            _forget(path)
        # sealed for this device, too, so that it can be opened here
        with open_bundle(main, identity, lambda done, _: progress("check", done, size)) as peer:
            _check_same(peer.found.header, header)
    except (OSError, BundleError) as error:
        for path in reversed(files):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        said = (error.zh, error.en) if isinstance(error, BundleError) else (str(error), str(error))
        raise StoreError(
            f"写入后读回核对失败（{said[0].rstrip('。')}），已撤去这个数据包；请换一个 U 盘重做，原有数据包未动。",
            f"What was written could not be read back ({said[1].rstrip('.')}); the bundle was taken away again. Take another"
            " stick; older bundles are untouched.",
        ) from error
    return files


def _check_same(found: Header, written: Header) -> None:
    if found != written:
        raise BundleError("读回的不是刚写入的数据包。", "What was read back is not what was written.")


def _forget(path: Path) -> None:
    """Have the system read a file from the stick and not from memory, where it can be asked to."""
    if hasattr(os, "posix_fadvise"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _not_taken(folder: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"数据包写入 {folder} 失败：{reason}；请检查 U 盘及其剩余空间后重做，原有数据包未动。",
        f"The bundle could not be written to {folder}: {reason}; check the stick and its free space, then try again. Older"
        " bundles are untouched.",
    )
