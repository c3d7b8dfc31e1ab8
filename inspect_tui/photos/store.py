"""The store of originals: every file under its SHA-256, `root/ab/cdef…`, written once and never rewritten."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from inspect_tui.photos.bounded import opened
from inspect_tui.photos.not_evidence import secret_in
from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedRandom, BufferedReader

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1 << 20
_INCOMING: Final = "incoming"
STALE_S: Final = 86_400.0
"""Nothing takes a day to be copied."""


class PhotoStore:
    """A content-addressed folder of original files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, sha256: str) -> Path:
        """Where the file with this hash lies, or would.

        Raises:
            Refused: `sha256` is not 64 lower-case hex digits, so it never becomes part of a path.
        """
        if not _SHA256.fullmatch(sha256):
            raise Refused(f"不是照片的校验值：{sha256[:80]!r}。", f"Not a photo's SHA-256: {sha256[:80]!r}.")
        return self.root / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether the file is here, as a file of its own and not as a link."""
        return _is_regular(self.path_of(sha256))

    def open(self, sha256: str) -> BufferedReader:
        """The original, for reading.

        Raises:
            Refused: It is not here.
        """
        self.path_of(sha256)
        found = regular_file(self.root, sha256)
        if found is None:
            raise Refused(f"照片 {sha256[:12]}… 不在本机。", f"Photo {sha256[:12]}… is not on this device.")
        return found

    def add(self, source: Path) -> tuple[str, int]:
        """Keep a copy of the file at `source`; it is on disk when this returns, and nothing happens if it was.

        The hash is that of the copy, and a source that changes meanwhile is refused, so that what is kept is what was
        there at one moment.

        Returns:
            SHA-256 in hex, and the size in bytes.

        Raises:
            Refused: The source cannot be read, is empty, holds a private key or a workspace, or changed while being
                read; or the store cannot be written.
        """
        with opened(source) as original, self._incoming() as (copy, temporary):
            before = os.fstat(original.fileno())
            if before.st_size == 0:
                raise Refused(
                    f"{source.name} 是空文件（0 字节），不能作为证据；请检查存储卡后重新复制。",
                    f"{source.name} is empty (0 bytes) and can be no evidence; check the card and copy it again.",
                )
            try:
                size = _copy(original, copy, before.st_size)
                copy.seek(0)
                sha256 = hashlib.file_digest(copy, "sha256").hexdigest()
            except OSError as error:
                raise _failed(source, error) from error
            after = os.fstat(original.fileno())
            if (size, after.st_size, after.st_mtime_ns) != (before.st_size, before.st_size, before.st_mtime_ns):
                raise Refused(
                    f"{source.name} 在读取时被改动，未保存；请等它写完再试。",
                    f"{source.name} changed while it was being read and was not kept; try again when it is complete.",
                )
            # Looked at in the copy: what is kept is what was looked at.
            if (what := secret_in(copy)) is not None:
                raise Refused(
                    f"{source.name} 是{what.zh}，不能作为证据附上，未保存。",
                    f"{source.name} is {what.en}; it cannot be attached as evidence and was not kept.",
                )
            self._keep(copy, temporary, sha256, size)
        return sha256, size

    def missing(self, hashes: Iterable[str]) -> list[str]:
        """Those of `hashes` that are not here, in their order."""
        return [sha256 for sha256 in hashes if not self.has(sha256)]

    def verify(self, sha256: str) -> bool:
        """Whether the file is here and still has the bytes it came with."""
        self.path_of(sha256)
        file = regular_file(self.root, sha256)
        if file is None:
            return False
        try:
            with file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def all(self) -> Iterator[str]:
        """The hashes of everything here, in order."""
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            if len(folder.name) == 2 and folder.is_dir():
                for file in sorted(folder.iterdir()):
                    if _SHA256.fullmatch(folder.name + file.name):
                        yield folder.name + file.name

    @contextmanager
    def _incoming(self) -> Iterator[tuple[BufferedRandom, Path]]:
        incoming = self.root / _INCOMING
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=incoming)
        except OSError as error:
            raise _failed(self.root, error) from error
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file, temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self, copy: BinaryIO, temporary: Path, sha256: str, size: int) -> None:
        target = self.path_of(sha256)
        try:
            if _is_regular(target) and target.lstat().st_size == size:
                return
            copy.flush()
            os.fsync(copy.fileno())
            made = not target.parent.is_dir()
            target.parent.mkdir(exist_ok=True)
            if os.name == "nt":
                copy.close()
            # A file of another size under this name is damaged: the good copy takes its place.
            temporary.replace(target)
            _sync_folder(target.parent)
            if made:
                _sync_folder(self.root)
        except OSError as error:
            raise _failed(target, error) from error


def regular_file(root: Path, sha256: str) -> BufferedReader | None:
    """A stored file, for reading; None where it is missing, or something else stands in its place.

    Neither a link nor a pipe is followed or waited for: whoever can write into the folder could lead anywhere with it.
    """
    if not _SHA256.fullmatch(sha256):
        return None
    path = root / sha256[:2] / sha256[2:]
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not _is_regular(path):
            return None
        handle = os.open(path, flags)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def _is_regular(path: Path) -> bool:
    """Whether a file of its own lies there, in a folder of its own."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and stat.S_ISDIR(path.parent.lstat().st_mode)
    except OSError:
        return False


def sweep_incoming(root: Path, older_than_s: float = STALE_S) -> int:
    """Take away what a killed process left half copied; returns how many files.

    Args:
        root: Of the store.
        older_than_s: What is younger may still be at work.
    """
    swept = 0
    with suppress(OSError), os.scandir(root / _INCOMING) as listing:
        for one in listing:
            with suppress(OSError):
                found = one.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > older_than_s:
                    Path(one.path).unlink()
                    swept += 1
    return swept


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> int:
    """Copy by the kernel where it can, the rest by reading; bytes copied."""
    copied = 0
    if hasattr(os, "copy_file_range"):
        try:
            while copied < size:
                done = os.copy_file_range(source.fileno(), target.fileno(), size - copied)
                if done == 0:
                    break
                copied += done
        except OSError:
            # Not between these file systems; what was copied so far is right.
            pass
    source.seek(copied)
    target.seek(copied)
    while copied <= size and (chunk := source.read(_CHUNK)):
        target.write(chunk)
        copied += len(chunk)
    return copied


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries on disk; Windows keeps them with the file."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(path: Path, error: OSError) -> Refused:
    reason = reason_of(error)
    return Refused(
        f"照片 {path.name} 未能保存：{reason.zh}；请检查磁盘空间和存储卡后重试。",
        f"{path.name} could not be kept: {reason.en}; check the disk's free space and the card, then try again.",
    )
