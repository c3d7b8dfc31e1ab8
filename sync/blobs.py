"""The bytes beside the database: photos and salted private values, each under its SHA-256.

`root/ab/cdef…`; written to a temporary file, synced, renamed. Nothing is ever rewritten but a damaged copy by the true
bytes; only an authorised purge takes bytes away. Where the laptop has a PIN, private values lie sealed in the folder
`private` beside, named by the hash of what is in them; while it is locked they are there but cannot be opened.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sync.errors import BlobError, SealError, StoreError
from sync.sealing import MAX_PLAIN, is_private_value, locked, read_envelope, wipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from sync.sealing import Vault

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1 << 20
PRIVATE: Final = "private"
_SALT: Final = b'{"salt": "'
_SEALED: Final = "sealed-"
"""How the open form of a value is called once its envelope stands, until it is overwritten."""
_MOST_SEALED: Final = 2 * MAX_PLAIN
_BINARY: Final = getattr(os, "O_BINARY", 0)
"""Windows alone would translate line ends."""


class Blobs:
    """A content-addressed folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.private = root.parent / PRIVATE
        """Where sealed private values lie."""
        self.vault: Vault | None = None
        """Who has their key."""

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, or would.

        Raises:
            BlobError: `sha256` is not 64 lower-case hex digits, so it never becomes part of a path.
        """
        if not _SHA256.fullmatch(sha256):
            raise BlobError(f"不是 SHA-256：{sha256!r}。", f"{sha256!r} is not a SHA-256.")
        return self.root / sha256[:2] / sha256[2:]

    def sealed_path_of(self, sha256: str) -> Path:
        """Where the envelope of the private value with this hash lies, or would.

        Raises:
            BlobError: As in `path_of`.
        """
        self.path_of(sha256)
        return self.private / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here, be it sealed."""
        return self.path_of(sha256).is_file() or self.sealed_path_of(sha256).is_file()

    def is_sealed(self, sha256: str) -> bool:
        """Whether the bytes are here in an envelope and not as they are."""
        if not _SHA256.fullmatch(sha256):
            return False
        return not self.path_of(sha256).is_file() and self.sealed_path_of(sha256).is_file()

    def is_locked(self, sha256: str) -> bool:
        """Whether the bytes are here in a sound envelope that cannot be opened without a PIN."""
        if not self.is_sealed(sha256) or (self.vault is not None and self.vault.sealer(ask=False) is not None):
            return False
        try:
            read_envelope(self._envelope(sha256))
        except (OSError, SealError):
            return False
        return True

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are here, can be read and still hash to their name."""
        try:
            with _regular(self.path_of(sha256)) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            pass
        try:
            return self.is_sealed(sha256) and hashlib.sha256(self._unsealed(sha256)).hexdigest() == sha256
        except (BlobError, SealError):
            return False

    def open(self, sha256: str) -> BufferedReader:
        """The bytes, for reading.

        Raises:
            LockedError: They are sealed and no PIN was entered.
            BlobError: They are not here.
        """
        try:
            return _regular(self.path_of(sha256))
        except OSError as error:
            if self.is_sealed(sha256):
                data: Any = io.BytesIO(self._unsealed(sha256))
                return io.BufferedReader(data)
            raise BlobError(f"照片 {sha256[:12]}… 不在本机。", f"Photo {sha256[:12]}… is not here.") from error

    def _envelope(self, sha256: str) -> bytes:
        with _regular(self.sealed_path_of(sha256)) as file:
            return file.read(_MOST_SEALED)

    def _unsealed(self, sha256: str) -> bytes:
        sealer = None if self.vault is None else self.vault.sealer(ask=False)
        if sealer is None:
            raise locked()
        try:
            return sealer.unseal(_purpose(sha256), self._envelope(sha256))
        except (OSError, SealError) as error:
            raise BlobError(
                f"加密保存的个人数据 {sha256[:12]}… 无法打开：{getattr(error, 'zh', error)}",
                f"The sealed private value {sha256[:12]}… cannot be opened: {getattr(error, 'en', error)}",
            ) from error

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
            self._write(self.root, self.path_of(sha256), data)
        return sha256

    def put_private(self, data: bytes) -> str:
        """Keep a private value: sealed where this laptop has a PIN, else as `put` does; on disk on return.

        Returns:
            The SHA-256 of `data` in hex.

        Raises:
            LockedError: There is a PIN, and it was not entered.
        """
        if self.vault is None or not self.vault.is_set():
            return self.put(data)
        sha256 = hashlib.sha256(data).hexdigest()
        sealer = self.vault.sealer(ask=True)
        if sealer is None:
            raise locked()
        if not self.intact(sha256):
            self._write(self.private, self.sealed_path_of(sha256), sealer.seal(_purpose(sha256), data))
        return sha256

    def seal_all(self) -> int:
        """Seal the private values that lie open here: envelope written and read back, then the open one overwritten.

        Returns:
            How many there were.

        Raises:
            LockedError: There is no key.
            StoreError: The disk failed; each value is there, sealed or open.
        """
        count = 0
        for left in (self.root / "incoming").glob("*"):
            if left.name.startswith(_SEALED) or _begins_private(left):
                wipe(left)
        for sha256 in self._hashes(self.root):
            path = self.path_of(sha256)
            try:
                data = path.read_bytes() if path.stat().st_size <= MAX_PLAIN else b""
            except OSError:
                continue
            if not is_private_value(data) or hashlib.sha256(data).hexdigest() != sha256:
                continue
            sealer = None if self.vault is None else self.vault.sealer(ask=False)
            if sealer is None:
                raise locked()
            if not self._opens(sha256, data):
                self._write(self.private, self.sealed_path_of(sha256), sealer.seal(_purpose(sha256), data))
            if not self._opens(sha256, data):
                raise StoreError(
                    f"个人数据 {sha256[:12]}… 加密后读不回来，原样保留。",
                    f"The private value {sha256[:12]}… cannot be read back sealed and was left as it is.",
                )
            # out of the way first: half overwritten it would stand before its envelope
            old = self.root / "incoming" / f"{_SEALED}{sha256}"
            old.parent.mkdir(exist_ok=True)
            path.replace(old)
            wipe(old)
            count += 1
        return count

    def unseal_all(self) -> int:
        """Lay the sealed private values open again, as they were before there was a PIN. Returns how many there were.

        Raises:
            LockedError: There is no key.
            StoreError: The disk failed; each value is there, sealed or open.
        """
        count = 0
        for sha256 in self._hashes(self.private):
            path = self.path_of(sha256)
            if not path.is_file():
                self._write(self.root, path, self.read(sha256))
            if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                raise StoreError(
                    f"个人数据 {sha256[:12]}… 写入后读不回来，仍加密保存。",
                    f"The private value {sha256[:12]}… cannot be read back and stays sealed.",
                )
            self.sealed_path_of(sha256).unlink(missing_ok=True)
            count += 1
        return count

    def _opens(self, sha256: str, data: bytes) -> bool:
        try:
            return self.sealed_path_of(sha256).is_file() and self._unsealed(sha256) == data
        except BlobError:
            return False

    def receive(self, sha256: str, source: BinaryIO) -> int:
        """Keep what `source` yields if it hashes to `sha256`; on disk on return, in the place of a damaged copy if there is one.

        Returns:
            The number of bytes.

        Raises:
            LockedError: It is a private value, there is a PIN, and it was not entered; nothing is kept.
            BlobError: The bytes hash to something else; nothing is kept.
        """
        if self.intact(sha256):
            path = self.path_of(sha256)
            return path.stat().st_size if path.is_file() else len(self._unsealed(sha256))
        head = b""
        while len(head) <= MAX_PLAIN and (chunk := source.read(_CHUNK)):
            head += chunk
        if self.vault is not None and self.vault.is_set() and is_private_value(head):
            # open bytes of a private value never reach a disk whose values lie sealed
            if hashlib.sha256(head).hexdigest() == sha256:
                self.put_private(head)
                return len(head)
            raise _wrong_bytes(sha256)
        hasher = hashlib.sha256(head)
        with self._incoming(self.root) as (file, temporary):
            file.write(head)
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
            if hasher.hexdigest() != sha256:
                raise _wrong_bytes(sha256)
            size = file.tell()
            self._keep(file, temporary, self.root, self.path_of(sha256))
        return size

    def remove(self, sha256: str) -> bool:
        """Take the bytes away; for a purge that is in the log. Returns whether they were here."""
        removed = False
        for path in (self.path_of(sha256), self.sealed_path_of(sha256)):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed = True
        return removed

    def all(self) -> Iterator[str]:
        """The hashes of everything here, in order."""
        if not self.private.is_dir():
            yield from self._hashes(self.root)
            return
        yield from sorted({*self._hashes(self.root), *self._hashes(self.private)})

    @staticmethod
    def _hashes(root: Path) -> Iterator[str]:
        if not root.is_dir():
            return
        for folder in sorted(root.iterdir()):
            if len(folder.name) == 2 and folder.is_dir():
                for file in sorted(folder.iterdir()):
                    sha256 = folder.name + file.name
                    if _SHA256.fullmatch(sha256):
                        yield sha256

    def _write(self, root: Path, target: Path, data: bytes) -> None:
        with self._incoming(root) as (file, temporary):
            file.write(data)
            self._keep(file, temporary, root, target)

    @contextlib.contextmanager
    def _incoming(self, root: Path) -> Iterator[tuple[BinaryIO, Path]]:
        incoming = root / "incoming"
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

    @staticmethod
    def _keep(file: BinaryIO, temporary: Path, root: Path, target: Path) -> None:
        file.flush()
        os.fsync(file.fileno())
        made = not target.parent.is_dir()
        target.parent.mkdir(exist_ok=True)
        if os.name == "nt":
            file.close()
        temporary.replace(target)
        sync_folder(target.parent)
        if made:
            sync_folder(root)


def _purpose(sha256: str) -> bytes:
    return b"private value " + sha256.encode()


def _begins_private(path: Path) -> bool:
    """Whether a file is a private value, or the beginning of one that was cut off while it was written."""
    try:
        with _regular(path) as file:
            return path.stat().st_size <= MAX_PLAIN and file.read(len(_SALT)) == _SALT
    except OSError:
        return False


def _wrong_bytes(sha256: str) -> BlobError:
    return BlobError(
        f"照片 {sha256[:12]}… 收到的字节与其校验值不符，未保存。",
        f"The bytes received for photo {sha256[:12]}… do not match their hash; they were not kept.",
    )


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
