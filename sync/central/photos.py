"""Where the central store keeps the bytes: in a folder, or in object storage that speaks S3.

Uploads arrive in a staging folder, are checked against their hash there, and only then get their name. Several server
processes of one store share the staging folder, or a proxy keeps each upload with one of them (`docs/central.md`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from sync.blobs import Blobs, sync_folder
from sync.errors import BlobError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

STAGING: Final = "uploads"
LIFE_S: Final = 7 * 86_400
"""An upload that nobody went on with for a week is thrown away."""
MOST_OPEN: Final = 256
"""Uploads that one device may have open."""
MOST_BYTES: Final = 4 << 30
"""Bytes that they may come to."""
BLOCK: Final = 1 << 20
_syncing: Final = ThreadPoolExecutor(8, "photo-sync")
"""A file is hashed while the disk takes it."""
_UPLOAD: Final = re.compile(r"[A-Za-z0-9_-]{32}")


class PhotoStore(Protocol):
    """Bytes by SHA-256. Every method may be called from several threads and processes."""

    staging: Path

    def size(self, sha256: str) -> int | None:
        """Number of bytes, or None where they are not here."""
        ...

    def path(self, sha256: str) -> Path | None:
        """The file with the bytes, where there is one on this machine."""
        ...

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in blocks."""
        ...

    def keep(self, staged: Path, sha256: str) -> None:
        """Keep a staged file whose bytes were checked; durable on return, and the staged file is gone.

        Raises:
            StoreError: It cannot be kept; the staged file stays.
        """
        ...

    def remove(self, sha256: str) -> None:
        """Take the bytes away, for a purge."""
        ...


class FolderPhotos:
    """A content-addressed folder, the same that every workspace has."""

    def __init__(self, root: Path) -> None:
        self.blobs = Blobs(root)
        self.staging = root / STAGING

    def size(self, sha256: str) -> int | None:
        """Number of bytes, or None where they are not here."""
        try:
            return self.blobs.path_of(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def path(self, sha256: str) -> Path | None:
        """The file with the bytes."""
        return self.blobs.path_of(sha256)

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in blocks."""
        with self.blobs.open(sha256) as file:
            file.seek(start)
            left = end - start
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    def keep(self, staged: Path, sha256: str) -> None:
        """Keep a staged file whose bytes were checked and synced."""
        target = self.blobs.path_of(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
        sync_folder(target.parent)
        # always: another process may have made the folder a moment ago and not be done with it
        sync_folder(self.blobs.root)

    def remove(self, sha256: str) -> None:
        """Take the bytes away, for a purge."""
        self.blobs.remove(sha256)


class ObjectPhotos:
    """Object storage through obstore: S3 and what speaks it, Azure, Google, a folder, memory."""

    def __init__(self, url: str, staging: Path, **options: Any) -> None:
        """Args: `url` such as `s3://bucket/prefix`; keys come from the environment as obstore's documentation says.

        Raises:
            StoreError: obstore is not installed, or does not take the address.
        """
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise StoreError(
                "对象存储需要附加组件：pip install 'inspect-tui[central]'。",
                "Object storage needs an extra: pip install 'inspect-tui[central]'.",
            ) from error
        try:
            self._store: Any = from_url(url, **options)
        except Exception as error:
            raise StoreError(
                f"对象存储地址 {url} 无法使用：{error}。", f"The object storage {url} cannot be used: {error}."
            ) from error
        self.staging = staging

    @staticmethod
    def _key(sha256: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise BlobError(f"不是 SHA-256：{sha256!r}。", f"{sha256!r} is not a SHA-256.")
        return f"{sha256[:2]}/{sha256[2:]}"

    def size(self, sha256: str) -> int | None:
        """Number of bytes, or None where they are not here."""
        with _object_errors():
            try:
                return int(self._store.head(self._key(sha256))["size"])
            except FileNotFoundError:
                return None

    def path(self, sha256: str) -> Path | None:  # noqa: ARG002  the bytes are elsewhere
        """None: there is no file on this machine."""
        return None

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in blocks."""
        with _object_errors():
            for at in range(start, end, 8 * BLOCK):
                yield bytes(self._store.get_range(self._key(sha256), start=at, end=min(end, at + 8 * BLOCK)))

    def keep(self, staged: Path, sha256: str) -> None:
        """Put a staged file whose bytes were checked."""
        with _object_errors():
            self._store.put(self._key(sha256), staged)
        staged.unlink()

    def remove(self, sha256: str) -> None:
        """Take the bytes away, for a purge."""
        with _object_errors(), suppress(FileNotFoundError):
            self._store.delete(self._key(sha256))


class _object_errors:  # noqa: N801  read as the function that `contextlib` would make of it
    """Turn obstore's errors into one sentence."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        module = "" if error is None else type(error).__module__
        if error is not None and module.startswith("obstore") and not isinstance(error, FileNotFoundError):
            raise StoreError(
                f"对象存储出错：{error}；未确认任何内容，请稍后重试。",
                f"The object storage failed: {error}; nothing was acknowledged, try again later.",
            ) from error


@dataclass(frozen=True)
class Upload:
    """An upload under way.

    Attributes:
        id: Unguessable; whoever knows it may go on with it.
        sha256: What the bytes must hash to.
        size: How many there will be.
        device: Who began it.
    """

    id: str
    sha256: str
    size: int
    device: str


class Uploads:
    """The staging folder: for each upload a file of what has come, and a note of what it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, sha256: str, size: int, device: str, resume: bool = False) -> Upload:
        """Begin an upload.

        Args:
            sha256: What the bytes must hash to.
            size: How many there will be.
            device: Who sends them.
            resume: Rather go on with the one that the device has open for these bytes.

        Raises:
            BlobError: The device has too many open.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        own = [each for each in self._all() if each.device == device]
        same = next((each for each in own if resume and (each.sha256, each.size) == (sha256, size)), None)
        if same is not None:
            return same
        if len(own) >= MOST_OPEN or sum(each.size for each in own) + size > MOST_BYTES:
            raise BlobError(
                f"此设备有 {len(own)} 个上传未完成，已达上限；请先完成或取消其中一些。",
                f"The device has {len(own)} uploads open, as many as it may; finish or cancel some first.",
            )
        upload = Upload(secrets.token_urlsafe(24), sha256, size, device)
        self._data(upload.id).touch()
        note = self.folder / f"{upload.id}.json"
        temporary = self.folder / f".{upload.id}"
        temporary.write_text(json.dumps([upload.sha256, upload.size, upload.device]))
        temporary.replace(note)
        return upload

    def find(self, id_: str) -> Upload | None:
        """The upload with that id, or None."""
        if not _UPLOAD.fullmatch(id_):
            return None
        try:
            sha256, size, device = json.loads((self.folder / f"{id_}.json").read_text())
        except (OSError, ValueError):
            return None
        if not self._data(id_).exists():
            # it was finished, and the server was killed before it could take the note away
            return None
        return Upload(id_, sha256, size, device)

    def _data(self, id_: str) -> Path:
        return self.folder / f"{id_}.part"

    def data(self, upload: Upload) -> Path:
        """The file with what has come."""
        return self._data(upload.id)

    def offset(self, upload: Upload) -> int:
        """How many bytes have come."""
        try:
            return self._data(upload.id).stat().st_size
        except FileNotFoundError:
            return 0

    def write(self, upload: Upload, offset: int, blocks: list[bytes]) -> int:
        """Append what came at `offset`; returns the next offset.

        Raises:
            OSError: The disk does not take it; what it took stays.
        """
        with self._data(upload.id).open("r+b") as file:
            self._alone(file, upload)
            file.seek(offset)
            for block in blocks:
                file.write(block)
            return file.tell()

    def finish(self, upload: Upload, photos: PhotoStore) -> bool:
        """Check what has come and keep it; durable on return.

        Returns:
            False where the bytes hash to something else; they are thrown away.
        """
        path = self._data(upload.id)
        # for writing: Windows syncs no file that is only read
        with path.open("r+b") as file:
            self._alone(file, upload)
            synced = _syncing.submit(os.fsync, file.fileno())
            # what lies there is hashed, not what came: another process may have written to it, too
            try:
                good = hashlib.file_digest(file, "sha256").hexdigest() == upload.sha256
            finally:
                synced.result()
            if good and os.name != "nt":
                # still alone, so that nobody writes to it between the check and its name
                photos.keep(path, upload.sha256)
        if good and os.name == "nt":
            photos.keep(path, upload.sha256)
        self.drop(upload)
        return good

    def _alone(self, file: IO[bytes], upload: Upload) -> None:
        """Wait until no other process writes to the file or finishes it; until it is closed none does.

        Raises:
            FileNotFoundError: Meanwhile it was finished or thrown away.
        """
        if fcntl is None:
            return  # Windows: one process serves
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.path.samestat(os.fstat(file.fileno()), self._data(upload.id).stat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._data(upload.id)))

    def drop(self, upload: Upload) -> None:
        """Throw an upload away."""
        for name in (f"{upload.id}.part", f"{upload.id}.json"):
            (self.folder / name).unlink(missing_ok=True)

    def _all(self) -> list[Upload]:
        found = (self.find(path.stem) for path in self.folder.glob("*.json"))
        return [each for each in found if each is not None]

    def _sweep(self) -> None:
        old = time.time() - LIFE_S
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                data = self._data(path.stem.removeprefix("."))
                if max(path.stat().st_mtime, data.stat().st_mtime if data.exists() else 0) < old:
                    path.unlink()
