"""Taking photos in: copied, hashed, looked at and decoded once, from the very bytes that are kept."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from inspect_tui.photos.look import look_at
from inspect_tui.photos.model import Look, PhotoWarning, Picture
from inspect_tui.photos.pixels import picture_of
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from inspect_tui.photos.store import PhotoStore


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """A photo that is safely in the store, with all that is known of it."""

    look: Look
    picture: Picture

    @property
    def sha256(self) -> str:
        """Under which the store keeps it."""
        return self.look.sha256

    @property
    def phash(self) -> str | None:
        """The perceptual hash, 16 hex digits."""
        return self.picture.phash

    @property
    def thumbnail(self) -> bytes | None:
        """A JPEG of at most 512 pixels a side, upright."""
        return self.picture.thumbnail

    @property
    def warnings(self) -> tuple[PhotoWarning, ...]:
        """Those of the metadata and of the decode."""
        return self.look.warnings + self.picture.warnings


def ingest_file(path: Path, store: PhotoStore) -> Ingested:
    """Keep the file at `path` in `store` and look at the kept copy; durable when this returns.

    Raises:
        Refused: The file cannot be read or kept. Whatever is wrong inside it is a warning.
    """
    sha256, _ = store.add(path)
    with store.open(sha256) as file:
        look, found = look_at(file, path.name, sha256)
        return Ingested(look=look, picture=picture_of(file, look, found))


def ingest_many(
    paths: Iterable[Path], store: PhotoStore, *, workers: int | None = None
) -> Iterator[tuple[Path, Ingested | Refused]]:
    """`ingest_file` for many files on several threads; results in the order of `paths`, a refusal in its place.

    Args:
        paths: Taken a few at a time, so they may be a stream.
        store: Where to.
        workers: Threads; hashing and decoding leave the interpreter free. Default: one more than there are processors,
            so that there is work while one waits for the disk.
    """
    workers = workers or (os.cpu_count() or 1) + 1
    waiting: deque[tuple[Path, Future[Ingested]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="ingest") as pool:
        try:
            for path in paths:
                waiting.append((path, pool.submit(ingest_file, path, store)))
                if len(waiting) >= 3 * workers:
                    yield _outcome(*waiting.popleft())
            while waiting:
                yield _outcome(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()


def _outcome(path: Path, future: Future[Ingested]) -> tuple[Path, Ingested | Refused]:
    try:
        return path, future.result()
    except Refused as refused:
        return path, refused
