"""Reading a stranger's file with an upper bound on what it can cost."""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READS: Final = 40_000
"""Read calls allowed to one metadata reader; a camera's EXIF needs a few hundred."""
SINGLE_READ: Final = 1 << 20
"""Bytes one read returns at most; more is cut short, as at the end of a file."""
TOTAL_BYTES: Final = 2 << 20
"""Bytes one metadata reader is given in all; every decoded number costs it a hundred times its size."""
SECONDS: Final = 0.25


class OverBudgetError(OSError):
    """A file made its reader do more work than any honest file needs."""


class BoundedFile(io.RawIOBase):
    """A read-only view of a file that gives up after a number of reads, bytes or seconds.

    It is handed to metadata readers that follow offsets and counts found in the file without bounds of their own.
    """

    def __init__(self, file: BinaryIO, *, head: bytes = b"", seconds: float = SECONDS) -> None:
        super().__init__()
        self._file = file
        self._head = head
        self._reads = READS
        self._left = TOTAL_BYTES
        self._deadline = time.monotonic() + seconds
        file.seek(0)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """As for any file, but never telling an end further away than `TOTAL_BYTES`.

        Pillow asks for the end to know how much the tags may hold together, and skips what is beyond.
        """
        if whence == os.SEEK_END:
            return self._file.seek(min(self._file.seek(0, os.SEEK_END), TOTAL_BYTES) + offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As for any file."""
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        """At most `SINGLE_READ` bytes.

        Raises:
            OverBudgetError: The budget is spent.
        """
        self._reads -= 1
        if self._reads < 0 or self._left <= 0 or time.monotonic() > self._deadline:
            raise OverBudgetError("too much to read")
        at = self._file.tell()
        data = self._file.read(SINGLE_READ if size < 0 else min(size, SINGLE_READ))
        self._left -= len(data)
        if at < len(self._head):
            patch = self._head[at : at + len(data)]
            data = patch + data[len(patch) :]
        return data


class SplicedFile(io.RawIOBase):
    """`head`, then the bytes of `file` from `start`; reading stops with an error once `seconds` are over.

    Gives a decoder the picture without the metadata before it, and a decoder that runs long an end.
    """

    def __init__(self, file: BinaryIO, *, head: bytes, start: int, seconds: float) -> None:
        super().__init__()
        self._file = file
        self._head = head
        self._start = start
        self._at = 0
        self._size = len(head) + max(file.seek(0, os.SEEK_END) - start, 0)
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """As for any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """As for any file."""
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes.

        Raises:
            OverBudgetError: The time is over.
        """
        if time.monotonic() > self._deadline:
            raise OverBudgetError("too much to read")
        if size < 0:
            size = max(self._size - self._at, 0)
        data = self._head[self._at : self._at + size]
        if len(data) < size:
            self._file.seek(self._start + self._at + len(data) - len(self._head))
            data += self._file.read(size - len(data))
        self._at += len(data)
        return data


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The regular file at `path`, open for reading; a pipe or device is refused without ever being waited for.

    Raises:
        Refused: Missing, a folder, a pipe, a device, or not permitted.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        # Opening some devices has effects of its own, so the kind is asked for first and again once open.
        _require_regular(path, path.stat().st_mode)
        handle = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error
    with os.fdopen(handle, "rb") as file:
        _require_regular(path, os.fstat(handle).st_mode)
        yield file


def cannot_read(path: Path, error: OSError | ValueError) -> Refused:
    """The refusal that names `path` and what the system said about it."""
    reason = reason_of(error)
    return Refused(
        f"无法读取 {path.name}：{reason.zh}；请检查路径和权限。",
        f"Cannot read {path.name}: {reason.en}; check the path and its permissions.",
    )


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise cannot_read(path, IsADirectoryError(errno.EISDIR, "it is a folder"))
    if not stat.S_ISREG(mode):
        raise Refused(
            f"无法读取 {path.name}：不是普通文件（管道、设备等）；请给出文件。",
            f"Cannot read {path.name}: it is not a regular file but a pipe or device; name a file.",
        )
