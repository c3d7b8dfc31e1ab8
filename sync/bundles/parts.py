"""The files of a bundle on a stick: `NAME.itb`, `NAME.itb.001` …, and `NAME.manifest.json`.

The parts are one stream cut where FAT ends; the manifest says how many there must be, their sizes and hashes, so that
a missing or damaged part can be named before anything is taken. Every bundle has a name of its own and old ones are
never written to: pulling the stick leaves them whole. Nothing that a file says ever becomes part of a path.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

import msgspec

from sync.blobs import sync_folder
from sync.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUFFIX: Final = ".itb"
MANIFEST: Final = ".manifest.json"
TEMPORARY: Final = ".part"
PART_BYTES: Final = 3_900_000_000
"""FAT32 takes files below 4 GiB (4 294 967 296 bytes)."""
MAX_PARTS: Final = 999
_MAX_MANIFEST: Final = 1 << 18
_CHUNK: Final = 1 << 20
_PART: Final = re.compile(r"(?P<main>.+\.itb)\.[0-9]{3}", re.DOTALL)


class PartNote(msgspec.Struct, frozen=True, array_like=True):
    """Size in bytes and SHA-256 of one part."""

    size: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts must be."""

    format: Literal[1] = 1
    bundle: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    sealed: bool
    parts: Annotated[tuple[PartNote, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTS + 1)]


def part_path(main: Path, number: int) -> Path:
    """Where part `number` lies; 0 is the main file."""
    return main if number == 0 else main.with_name(f"{main.name}.{number:03d}")


def manifest_path(main: Path) -> Path:
    """Where the manifest lies."""
    return main.with_name(main.name.removesuffix(SUFFIX) + MANIFEST)


def main_file(path: Path) -> Path:
    """The main file of the bundle of which somebody named any file."""
    if (match := _PART.fullmatch(path.name)) is not None:
        return path.with_name(match["main"])
    if path.name.endswith(MANIFEST):
        return path.with_name(path.name.removesuffix(MANIFEST) + SUFFIX)
    return path


def is_bundle(path: Path) -> bool:
    """Whether the name is that of a bundle's file."""
    return main_file(path).name.endswith(SUFFIX)


def bundles_in(folder: Path) -> list[Path]:
    """The main files of the bundles in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and not path.is_dir())


def open_regular(path: Path) -> BinaryIO:
    """A file that is one: a stranger's stick may hold a link to a device, or a pipe that never ends.

    Raises:
        OSError: It is missing, or something else.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(handle, "rb")


def read_small(path: Path, limit: int) -> bytes | None:
    """All of a small file; None where there is none or it is larger.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    return data if len(data) <= limit else None


class Writer:
    """Takes a stream and cuts it into parts under temporary names; `publish` gives them their own.

    Attributes:
        size: Bytes so far.
    """

    def __init__(self, main: Path, part_bytes: int) -> None:
        self.main = main
        self.size = 0
        self._part_bytes = part_bytes
        self._file: BinaryIO | None = None
        self._hasher = hashlib.sha256()
        self._room = 0
        self._notes: list[PartNote] = []
        self._temporary: list[Path] = []
        self._made: list[Path] = []

    def write(self, data: bytes, /) -> int:
        """Take all of `data`.

        Raises:
            BundleError: It takes more parts than a bundle may have.
            OSError: The stick does not take it.
        """
        rest = memoryview(data)
        while rest:
            if self._file is None or self._room == 0:
                self._next()
            assert self._file is not None  # noqa: S101  _next has opened it
            piece = rest[: self._room]
            self._file.write(piece)
            self._hasher.update(piece)
            self._room -= len(piece)
            rest = rest[len(piece) :]
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Parts are synced when they end."""

    def _next(self) -> None:
        self._end_part()
        number = len(self._temporary)
        if number > MAX_PARTS:
            raise BundleError(
                f"分卷超过 {MAX_PARTS} 个；请加大 --split，或用 --area、--since 分几次制作。",
                f"The bundle needs more than {MAX_PARTS} parts; give a larger --split, or make several with --area or --since.",
            )
        path = part_path(self.main, number)
        temporary = path.with_name(path.name + TEMPORARY)
        self._temporary.append(temporary)
        self._file = temporary.open("xb")
        self._hasher = hashlib.sha256()
        self._room = self._part_bytes

    def _end_part(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        with file:
            file.flush()
            os.fsync(file.fileno())
            self._notes.append(PartNote(file.tell(), self._hasher.hexdigest()))

    def publish(self, bundle: str, *, sealed: bool) -> Manifest:
        """Give the parts their names, the manifest last; all of it is on the stick on return.

        Raises:
            OSError: The stick does not take it.
        """
        self._end_part()
        for number, temporary in reversed(list(enumerate(self._temporary))):
            target = part_path(self.main, number)
            temporary.rename(target)
            self._made.append(target)
        sync_folder(self.main.parent)
        manifest = Manifest(bundle=bundle, sealed=sealed, parts=tuple(self._notes))
        self._made.append(manifest_path(self.main))
        write_file(manifest_path(self.main), msgspec.json.encode(manifest) + b"\n")
        return manifest

    def discard(self) -> None:
        """Take away whatever of this bundle stands on the stick; what cannot be taken away stays."""
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
        for path in (*self._temporary, *self._made):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def write_file(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all; on disk on return.

    Raises:
        OSError: The disk does not take it.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep(folder: Path, prefix: str) -> None:
    """Take away what a creation that was cut off has left of this device's bundles, whose names begin with `prefix`."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            orphan = _PART.fullmatch(path.name) is not None and not main_file(path).exists()
            if path.name.startswith(prefix) and (path.name.endswith(TEMPORARY) or orphan):
                with contextlib.suppress(OSError):
                    path.unlink()


@dataclass
class Parts:
    """The files of one bundle, read in order as one stream.

    Attributes:
        main: The main file.
        manifest: What the parts must be; None where it is missing.
        paths: The parts.
        sizes: Their sizes in bytes.
    """

    main: Path
    manifest: Manifest | None
    paths: list[Path]
    sizes: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(self.sizes)

    def stream(self) -> Joined:
        """All parts as one stream."""
        return Joined(self.paths)

    def damaged(self, progress: Callable[[int], None] | None = None) -> list[str]:
        """The names of the parts that are not what the manifest says; without a manifest nothing can be said.

        Raises:
            OSError: A part cannot be read at all.
        """
        if self.manifest is None:
            return []
        wrong: list[str] = []
        for path, note in zip(self.paths, self.manifest.parts, strict=True):
            hasher = hashlib.sha256()
            with open_regular(path) as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
                    if progress is not None:
                        progress(len(chunk))
            if hasher.hexdigest() != note.sha256:
                wrong.append(path.name)
        return wrong


def find_parts(path: Path) -> Parts:
    """The parts of the bundle of which somebody named any file, all there and of the right size.

    Raises:
        BundleError: A part is missing, or shorter or longer than it must be; each is named.
    """
    main = main_file(path)
    try:
        manifest = _manifest(main)
        count = len(manifest.parts) if manifest is not None else _count(main)
        paths = [part_path(main, number) for number in range(count)]
        lacking = [each.name for each in paths if not each.is_file()]
        if lacking:
            listed = "、".join(lacking[:10]) + (" …" if len(lacking) > 10 else "")
            raise BundleError(
                f"{path} 缺少分卷：{listed}；请把全部分卷放在同一文件夹后重试，未导入任何内容。",
                f"Parts of {path} are missing: {listed.replace('、', ', ')}; put all parts into one folder and try again, nothing"
                " was imported.",
            )
        sizes = [each.stat().st_size for each in paths]
    except OSError as error:
        raise _unreadable(path, error) from error
    if manifest is not None:
        wrong = [
            f"{each.name} ({size} / {note.size})"
            for each, size, note in zip(paths, sizes, manifest.parts, strict=True)
            if size != note.size
        ]
        if wrong:
            raise BundleError(
                f"分卷大小不符，可能没有拷完：{'、'.join(wrong[:10])} 字节；请重新拷贝后重试，未导入任何内容。",
                f"Parts have the wrong size and were perhaps not copied whole: {', '.join(wrong[:10])} bytes; copy them again,"
                " nothing was imported.",
            )
    return Parts(main, manifest, paths, sizes)


def _manifest(main: Path) -> Manifest | None:
    data = read_small(manifest_path(main), _MAX_MANIFEST)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BundleError(
            f"{manifest_path(main).name} 已损坏，无法读取；删去它可以不经核对地试读数据包。",
            f"{manifest_path(main).name} is damaged and cannot be read; take it away to read the bundle without it.",
        ) from error


def _count(main: Path) -> int:
    """How many parts there seem to be, where no manifest says so: up to the highest number."""
    numbers = [
        int(each.name[-3:])
        for each in main.parent.iterdir()
        if _PART.fullmatch(each.name) is not None and main_file(each).name == main.name
    ]
    return max(numbers, default=0) + 1


def _unreadable(path: Path, error: OSError) -> BundleError:
    reason = error.strerror or str(error)
    return BundleError(
        f"{path} 无法读取：{reason}；请检查路径和 U 盘。", f"{path} cannot be read: {reason}; check path and stick."
    )


class Joined:
    """Several files as one stream.

    Attributes:
        current: The file being read.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._waiting = list(reversed(paths))
        self._file: BinaryIO | None = None
        self.current = paths[0]

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            BundleError: A file cannot be read.
        """
        try:
            while True:
                if self._file is None:
                    if not self._waiting:
                        return b""
                    self.current = self._waiting.pop()
                    self._file = open_regular(self.current)
                if data := self._file.read(size):
                    return data
                self._file.close()
                self._file = None
        except OSError as error:
            raise _unreadable(self.current, error) from error

    def close(self) -> None:
        """Close the file being read."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._waiting.clear()
