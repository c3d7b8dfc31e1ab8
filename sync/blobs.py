"""The bytes beside the database: photos and salted private values, each under its SHA-256.

`root/ab/cdef…`; written to a temporary file, synced, renamed. Nothing is ever rewritten but a damaged copy by the true
bytes; only an authorised purge takes bytes away.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from sync.errors import BlobError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1 << 20
_BINARY: Final = getattr(os, "O_BINARY", 0)
"""Windows alone would translate line ends."""


class Blobs:
    """A content-addressed folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, or would.

        Raises:
            BlobError: `sha256` is not 64 lower-case hex digits, so it never becomes part of a path.
        """
        if not _SHA256.fullmatch(sha256):
            raise BlobError(f"不是 SHA-256：{sha256!r}。", f"{sha256!r} is not a SHA-256.")
        return self.root / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return self.path_of(sha256).is_file()

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are here and still hash to their name."""
        try:
            with _regular(self.path_of(sha256)) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def open(self, sha256: str) -> BufferedReader:
        """The bytes, for reading.

        Raises:
            BlobError: They are not here.
        """
        try:
            return _regular(self.path_of(sha256))
        except OSError as error:
            raise BlobError(f"照片 {sha256[:12]}… 不在本机。", f"Photo {sha256[:12]}… is not here.") from error

    def read(self, sha256: str) -> bytes:
        """All the bytes, checked against their hash.

        Raises:
            BlobError: Missing, or changed on disk.
        """
        with self.open(sha256) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BlobError(
                f"照片 {sha256[:12]}… 的字节已被改动。", f"The bytes of photo {sha256[:12]}… were changed."
            )
        return data

    def put(self, data: bytes) -> str:
        """Keep `data`; on disk on return, in the place of a damaged copy if there is one.

        Returns:
            Its SHA-256 in hex.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.intact(sha256):
            with self._incoming() as (file, temporary):
                file.write(data)
                self._keep(file, temporary, sha256)
        return sha256

    def receive(self, sha256: str, source: BinaryIO) -> int:
        """Keep what `source` yields if it hashes to `sha256`; on disk on return, in the place of a damaged copy if there is one.

        Returns:
            The number of bytes.

        Raises:
            BlobError: The bytes hash to something else; nothing is kept.
        """
        if self.intact(sha256):
            return self.path_of(sha256).stat().st_size
        hasher = hashlib.sha256()
        with self._incoming() as (file, temporary):
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
            if hasher.hexdigest() != sha256:
                raise BlobError(
                    f"照片 {sha256[:12]}… 收到的字节与其校验值不符，未保存。",
                    f"The bytes received for photo {sha256[:12]}… do not match their hash; they were not kept.",
                )
            size = file.tell()
            self._keep(file, temporary, sha256)
        return size

    def remove(self, sha256: str) -> bool:
        """Take the bytes away; for a purge that is in the log. Returns whether they were here."""
        try:
            self.path_of(sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def all(self) -> Iterator[str]:
        """The hashes of everything here, in order."""
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            if len(folder.name) == 2 and folder.is_dir():
                for file in sorted(folder.iterdir()):
                    sha256 = folder.name + file.name
                    if _SHA256.fullmatch(sha256):
                        yield sha256

    @contextlib.contextmanager
    def _incoming(self) -> Iterator[tuple[BinaryIO, Path]]:
        incoming = self.root / "incoming"
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=incoming)
        except OSError as error:
            raise _cannot_write(error) from error
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file, temporary
        except OSError as error:
            raise _cannot_write(error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self, file: BinaryIO, temporary: Path, sha256: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        target = self.path_of(sha256)
        made = not target.parent.is_dir()
        target.parent.mkdir(exist_ok=True)
        if os.name == "nt":
            file.close()
        temporary.replace(target)
        sync_folder(target.parent)
        if made:
            sync_folder(self.root)


def _regular(path: Path) -> BufferedReader:
    """A file that is one: a stranger's folder may hold a link to a device, or a pipe that never ends.

    Raises:
        OSError: It is missing, or something else.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(handle, "rb")


def _cannot_write(error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"照片无法写入磁盘：{reason}；请腾出空间或检查磁盘后重试。",
        f"A photo cannot be written to disk: {reason}; free some space or check the disk, then try again.",
    )


def sync_folder(folder: Path) -> None:
    """Have the folder's entries on disk (POSIX; Windows keeps them with the file)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
