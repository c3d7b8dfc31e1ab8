"""Reading a bundle through once before anything is taken: is it whole, and what does it bring?

Everything is checked that the container itself promises: order, lengths, counts, the hash over all, the hash of each
photo. Memory is bounded whatever the bundle says of itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from sync.bundles.frames import (
    CERTIFICATES,
    CHANGESETS,
    DATA,
    END,
    HEADER,
    MAX_PHOTOS,
    PHOTO,
    Frame,
    Unpacker,
    certificates_decoder,
    damaged,
    decoded,
    end_decoder,
    entries_decoder,
    photo_decoder,
    signed_decoder,
)
from sync.bundles.header import Header, read_header
from sync.changeset import Entry, Seq, TimeMs, digest
from sync.errors import CertificateError
from sync.keys import Certificate, read_certificate
from sync.receipts import Area, Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.bundles.frames import Source
    from sync.peers import ChainKey, Place

MAX_TIPS: Final = 100_000
MAX_CERTIFICATES: Final = 10_000
_MAX_ADOPTIONS: Final = 16 << 20
"""Bytes of adoptions that are looked at ahead; they come in with all others whatever their number."""


class _Table(msgspec.Struct):
    """A change, read only so far as its table."""

    table: str


class _Head(msgspec.Struct):
    """A header, read only so far as its place."""

    area: Area
    device: Device
    prev: str | None
    seq: Seq
    time: TimeMs


class _Outline(msgspec.Struct):
    """A changeset in outline; the door reads it in full when it comes in."""

    header: _Head
    changes: list[_Table] = []


_outline: Final = msgspec.json.Decoder(_Outline)


@dataclass
class Survey:
    """What a bundle holds.

    Attributes:
        header: What it says of itself, signed.
        maker: The certificate of the device that made it.
        certificates: Those of the devices whose changesets it brings; what does not check is left out.
        tips: Area, device → the last changesets that it brings of each chain.
        adoptions: Changesets with adoptions of other teams.
        photos: SHA-256 → bytes.
        earliest: The time of the earliest changeset, by its author's clock; None where there is none.
    """

    header: Header
    maker: Certificate
    certificates: list[Certificate] = field(default_factory=list)
    tips: dict[ChainKey, list[Place]] = field(default_factory=dict)
    adoptions: list[Entry] = field(default_factory=list)
    photos: dict[str, int] = field(default_factory=dict)
    changesets: int = 0
    photo_bytes: int = 0
    earliest: int | None = None
    latest: int | None = None


def survey(source: Source, progress: Callable[[int], None] | None = None) -> Survey:
    """Read a stream to its end.

    Args:
        source: The stream inside the bundle.
        progress: Told the bytes of the stream read so far.

    Raises:
        BundleError: It is damaged, cut off or lies about itself.
    """
    return _Surveyor(Unpacker(source), progress).run()


class _Surveyor:
    """The state of one reading."""

    def __init__(self, unpacker: Unpacker, progress: Callable[[int], None] | None) -> None:
        self._unpacker = unpacker
        self._progress = progress
        self._found: Survey | None = None
        self._tips: dict[ChainKey, dict[str, int]] = {}
        self._tip_count = 0
        self._adopted = 0
        self._certificates = 0
        self._photo: tuple[str, int] | None = None
        self._hasher = hashlib.sha256()
        self._left = 0
        self._ended = False

    def run(self) -> Survey:
        """Read it all."""
        for frame in self._unpacker.frames():
            self._take(frame)
            if self._progress is not None:
                self._progress(self._unpacker.taken)
        if self._found is None or not self._ended:
            raise damaged("没有内容", "there is nothing in it")
        self._found.tips = {
            key: sorted((seq, hash_) for hash_, seq in tips.items()) for key, tips in self._tips.items()
        }
        return self._found

    def _take(self, frame: Frame) -> None:
        kind, payload = frame
        if kind == HEADER:
            header, maker = read_header(decoded(signed_decoder, payload))
            self._found = Survey(header, maker, [maker])
            return
        if self._found is None:
            raise damaged("缺少头部", "its header is missing")
        if kind == CERTIFICATES:
            self._take_certificates(self._found, payload)
        elif kind == CHANGESETS:
            self._take_entries(self._found, decoded(entries_decoder, payload))
        elif kind == PHOTO:
            self._end_photo()
            self._begin_photo(self._found, payload)
        elif kind == DATA:
            self._take_bytes(payload)
        elif kind == END:
            self._end_photo()
            self._end(self._found, payload)

    def _take_certificates(self, found: Survey, payload: bytes) -> None:
        texts = decoded(certificates_decoder, payload)
        self._certificates += len(texts)
        if self._certificates > MAX_CERTIFICATES:
            raise damaged("证书过多", "there are too many certificates")
        for text in texts:
            try:
                certificate = read_certificate(text)
            except CertificateError:
                continue
            if certificate not in found.certificates[:1]:
                found.certificates.append(certificate)

    def _take_entries(self, found: Survey, entries: list[Entry]) -> None:
        found.changesets += len(entries)
        for entry in entries:
            try:
                outline = _outline.decode(entry.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue  # the door will say what is wrong with it
            head = outline.header
            tips = self._tips.setdefault((head.area, head.device), {})
            before = len(tips)
            if head.prev is not None:
                tips.pop(head.prev, None)
            tips[digest(entry.body).hex()] = head.seq
            self._tip_count += len(tips) - before
            if self._tip_count > MAX_TIPS:
                raise damaged("链条过多", "there are too many chains")
            found.earliest = head.time if found.earliest is None else min(found.earliest, head.time)
            found.latest = head.time if found.latest is None else max(found.latest, head.time)
            if self._adopted < _MAX_ADOPTIONS and any(each.table == "adoptions" for each in outline.changes):
                self._adopted += len(entry.body)
                found.adoptions.append(entry)

    def _begin_photo(self, found: Survey, payload: bytes) -> None:
        photo = decoded(photo_decoder, payload)
        last = next(reversed(found.photos), "")
        if photo.sha256 <= last:
            raise damaged("照片重复或次序不对", "photos are doubled or stand in the wrong order")
        if len(found.photos) == MAX_PHOTOS:
            raise damaged("照片过多", "there are too many photos")
        found.photos[photo.sha256] = photo.size
        found.photo_bytes += photo.size
        self._photo, self._left = (photo.sha256, photo.size), photo.size
        self._hasher = hashlib.sha256()

    def _take_bytes(self, payload: bytes) -> None:
        if not payload or len(payload) > self._left:
            raise damaged("照片的长度不实", "it lies about the length of a photo")
        self._left -= len(payload)
        self._hasher.update(payload)

    def _end_photo(self) -> None:
        if self._photo is None:
            return
        if self._left or self._hasher.hexdigest() != self._photo[0]:
            raise damaged(
                f"照片 {self._photo[0][:12]}… 与其校验值不符",
                f"photo {self._photo[0][:12]}… does not match its hash",
            )
        self._photo = None

    def _end(self, found: Survey, payload: bytes) -> None:
        end = decoded(end_decoder, payload)
        if end.sha256 != self._unpacker.digest:
            raise damaged("内容与结尾的校验值不符", "its content does not match the hash at its end")
        told = (end.changesets, end.photos, end.photo_bytes)
        header = found.header
        if not (
            told
            == (found.changesets, len(found.photos), found.photo_bytes)
            == (header.changesets, header.photos, header.photo_bytes)
        ):
            raise damaged("数量与其所称不符", "its counts are not what it says")
        self._ended = True
