"""A bundle as a peer: `exchange` takes it in like any other side that only gives."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, BinaryIO

from sync.bundles.frames import (
    CERTIFICATES,
    CHANGESETS,
    DATA,
    HEADER,
    PHOTO,
    Frame,
    PhotoHead,
    Unpacker,
    decoded,
    entries_decoder,
    photo_decoder,
)
from sync.bundles.parts import find_parts
from sync.bundles.seal import Opened
from sync.bundles.survey import Survey, survey
from sync.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from sync.bundles.parts import Parts
    from sync.changeset import Entry
    from sync.identity import Identity
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place


class BundlePeer:
    """A bundle that was read through and found whole.

    Attributes:
        parts: Its files.
        found: What it holds.
        sealed: Whether it is encrypted.
    """

    def __init__(self, parts: Parts, found: Survey, identity: Identity | None, *, sealed: bool) -> None:
        self.parts = parts
        self.found = found
        self.sealed = sealed
        self._identity = identity
        self._cursor: _Cursor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    def heads(self) -> dict[ChainKey, list[Place]]:
        """The ends of the chains as far as the bundle brings them."""
        return {key: list(places) for key, places in self.found.tips.items()}

    def read(self, known: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Entry]:
        """All its changesets, in the order in which its maker appended them; what is known comes, too, and is skipped there."""
        del known
        cursor = self._again()
        while (frame := cursor.peek()) is not None and frame.kind in HEADER + CERTIFICATES + CHANGESETS:
            cursor.take()
            if frame.kind == CHANGESETS:
                yield from decoded(entries_decoder, frame.payload)

    def blob(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo, if the bundle brings it. Asked for in rising order, the bundle is read once."""
        if sha256 not in self.found.photos:
            return None
        cursor = self._cursor
        if cursor is None or sha256 <= cursor.passed:
            cursor = self._again()
        return cursor.photo(sha256)

    def certificates(self) -> list[Certificate]:
        """Who wrote what it brings; what does not check is left out."""
        return list(self.found.certificates)

    def adoptions(self) -> list[Entry]:
        """The changesets by which its writers adopted other teams."""
        return list(self.found.adoptions)

    def _again(self) -> _Cursor:
        self.close()
        self._cursor = _Cursor(self.parts, self._identity)
        return self._cursor


class _Cursor:
    """One reading of the frames, forwards.

    Attributes:
        passed: The photo met last.
    """

    def __init__(self, parts: Parts, identity: Identity | None) -> None:
        self._joined = parts.stream()
        self._opened: Opened | None = None
        try:
            self._opened = Opened(self._joined, identity)
            self._frames = Unpacker(self._opened).frames()
        except BaseException:
            self.close()
            raise
        self._next: Frame | None = None
        self.passed = ""

    def peek(self) -> Frame | None:
        """The next frame, which stays; None at the end."""
        if self._next is None:
            self._next = next(self._frames, None)
        return self._next

    def take(self) -> Frame | None:
        """The next frame; None at the end."""
        frame = self.peek()
        self._next = None
        return frame

    def photo(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo that comes later; None where it does not."""
        while (frame := self.peek()) is not None:
            if frame.kind == PHOTO:
                head = decoded(photo_decoder, frame.payload)
                if head.sha256 > sha256:
                    return None
                self.passed = head.sha256
                if head.sha256 == sha256:
                    self.take()
                    return io.BufferedReader(_PhotoBytes(self, head), 1 << 20)
            self.take()
        return None

    def close(self) -> None:
        """Stop reading."""
        if self._opened is not None:
            self._opened.close()
        self._joined.close()


class _PhotoBytes(io.RawIOBase):
    """The data frames of one photo as a file."""

    def __init__(self, cursor: _Cursor, head: PhotoHead) -> None:
        super().__init__()
        self._cursor = cursor
        self._left = head.size
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`; 0 at the end."""
        if not self._rest and self._left > 0:
            frame = self._cursor.peek()
            if frame is None or frame.kind != DATA or not 0 < len(frame.payload) <= self._left:
                return 0
            self._cursor.take()
            self._rest = memoryview(frame.payload)
            self._left -= len(self._rest)
        piece = self._rest[: len(buffer)]
        buffer[: len(piece)] = piece
        self._rest = self._rest[len(piece) :]
        return len(piece)


def open_bundle(
    path: Path, identity: Identity | None, progress: Callable[[int, int | None], None] | None = None
) -> BundlePeer:
    """Open a bundle and read it through; nothing is taken from it yet.

    Args:
        path: Any of its files.
        identity: Of the device that reads; its keys open what is sealed for it.
        progress: Told bytes read and, as far as it is known, bytes in all.

    Raises:
        BundleError: A part is missing or damaged, each named; or it is not sealed for this device.
    """
    parts = find_parts(path)
    joined = parts.stream()
    opened: Opened | None = None

    def tell(taken: int) -> None:
        if progress is not None:
            progress(taken, max(parts.size, taken))

    try:
        opened = Opened(joined, identity)
        found = survey(opened, tell)
        _check_manifest(parts, found, sealed=opened.sealed)
        return BundlePeer(parts, found, identity, sealed=opened.sealed)
    except BundleError as error:
        reading = joined.current
        if opened is not None:
            opened.close()
        raise _named(parts, reading, error) from error
    finally:
        if opened is not None:
            opened.close()
        joined.close()


def _check_manifest(parts: Parts, found: Survey, *, sealed: bool) -> None:
    manifest = parts.manifest
    if manifest is not None and (manifest.bundle, manifest.sealed) != (found.header.bundle, sealed):
        raise BundleError(
            "清单与数据包不是一套；请重新拷贝全部文件。",
            "The manifest belongs to another bundle; copy all the files again.",
        )


def _named(parts: Parts, reading: Path, error: BundleError) -> BundleError:
    """The same error with the file, and the part that is damaged as far as it can be told."""
    damaged: list[str] = []
    with contextlib.suppress(OSError):
        damaged = parts.damaged()
    zh, en = error.zh, error.en
    if damaged:
        return BundleError(
            f"分卷 {'、'.join(damaged)} 已损坏；请重新拷贝或重新制作，未导入任何内容。（{zh.rstrip('。')}）",
            f"Damaged: {', '.join(damaged)}; copy it again or make the bundle again, nothing was imported."
            f" ({en.rstrip('.')})",
        )
    where = parts.main.name if len(parts.paths) == 1 else reading.name
    return BundleError(
        f"{where}：{zh.rstrip('。')}；未导入任何内容。", f"{where}: {en.rstrip('.')}; nothing was imported."
    )


__all__ = ["BundlePeer", "open_bundle"]
