"""EXIF through two independent readers, Pillow and exifread, brought to one neutral form.

Both are given the TIFF bytes found by our own container scan, inside a file that limits what they can read, because
both follow counts and offsets of a hostile file without a bound of their own, and both raise nearly anything.
"""

from __future__ import annotations

import io
import logging
import math
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import exifread
from PIL import Image

from inspect_tui.photos.bounded import SECONDS, BoundedFile
from inspect_tui.photos.quiet import quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from inspect_tui.photos.containers.found import Found, Role

# Without a handler of its own exifread's remarks about broken files would be printed over the screen.
logging.getLogger("exifread").addHandler(logging.NullHandler())
logging.getLogger("PIL").addHandler(logging.NullHandler())

_EXIF_IFD: Final = 0x8769
_GPS_IFD: Final = 0x8825
_ELEMENTS: Final = 4096
_IMAGE_TAGS: Final = (0x10E, 0x10F, 0x110, 0x112, 0x131, 0x132, 0x13B)
_EXIF_TAGS: Final = (0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9286)
_GPS_TAGS: Final = tuple(range(0x20))


class Rational(NamedTuple):
    """A number as EXIF stores it; `0/0` and `n/0` stay what they are."""

    numerator: int
    denominator: int

    def value(self) -> float | None:
        """The quotient, or none when there is none."""
        if self.denominator == 0:
            return None
        quotient = self.numerator / self.denominator
        return quotient if math.isfinite(quotient) else None


Value = bytes | tuple[Rational, ...]
"""Text and undefined bytes as bytes, numbers as rationals."""


class RawExif(NamedTuple):
    """The tags of the three directories that matter, by number."""

    image: Mapping[int, Value]
    exif: Mapping[int, Value]
    gps: Mapping[int, Value]

    def __bool__(self) -> bool:
        return bool(self.image or self.exif or self.gps)


class Readings(NamedTuple):
    """What each reader made of the same bytes."""

    pillow: RawExif
    exifread: RawExif


NOTHING: Final = RawExif({}, {}, {})


def read(file: BinaryIO, found: Found) -> Readings:
    """The EXIF of a file whose container was scanned, by both readers; empty where there is none."""
    if found.is_tiff:
        return Readings(
            _guarded(lambda: _by_pillow(BoundedFile(file, head=found.tiff_head))),
            _guarded(lambda: _by_exifread(BoundedFile(file, head=found.tiff_head))),
        )
    roles = {role for role, _ in found.blocks}
    if "whole" not in roles and roles:
        return Readings(_separate(found.blocks), NOTHING)
    began = time.monotonic()
    for _, block in found.blocks:
        if time.monotonic() - began > SECONDS:
            break
        readings = _both(block)
        if readings.pillow or readings.exifread:
            return readings
    # No block of ours: exifread knows a few containers that we do not.
    return Readings(NOTHING, _guarded(lambda: _by_exifread(BoundedFile(file))))


def _both(block: bytes) -> Readings:
    return Readings(
        _guarded(lambda: _by_pillow(BoundedFile(io.BytesIO(block)))),
        _guarded(lambda: _by_exifread(BoundedFile(io.BytesIO(block)))),
    )


def _separate(blocks: Iterable[tuple[Role, bytes]]) -> RawExif:
    """CR3: each directory is the first one of a TIFF block of its own."""
    tags: dict[Role, Mapping[int, Value]] = {}
    for role, block in blocks:
        tags.setdefault(role, _guarded(lambda block=block: _first_directory(block)).image)  # type: ignore[misc]
    return RawExif(tags.get("image", {}), tags.get("exif", {}), tags.get("gps", {}))


def _first_directory(block: bytes) -> RawExif:
    with quietly():
        exif = _loaded(BoundedFile(io.BytesIO(block)))
        return RawExif(_picked(exif, (*_IMAGE_TAGS, *_EXIF_TAGS, *_GPS_TAGS)), {}, {})


def _guarded(reader: Callable[[], RawExif]) -> RawExif:
    try:
        return reader()
    except Exception:  # noqa: BLE001  both libraries raise nearly any exception on a damaged file
        return NOTHING


def _by_pillow(file: BoundedFile) -> RawExif:
    with quietly():
        exif = _loaded(file)
        return RawExif(
            _picked(exif, _IMAGE_TAGS),
            _picked(_directory(exif, _EXIF_IFD), _EXIF_TAGS),
            _picked(_directory(exif, _GPS_IFD), _GPS_TAGS),
        )


def _loaded(file: BoundedFile) -> Image.Exif:
    exif = Image.Exif()
    try:
        head = file.read(16)
        file.seek(0)
        if head[2:4] in {b"+\x00", b"\x00+"}:
            # Pillow finds the first directory of a BigTIFF only when told where it is.
            exif.bigtiff, exif.endian = True, "<" if head[:2] == b"II" else ">"
            first = int.from_bytes(head[8:16], "little" if exif.endian == "<" else "big")
            exif.load_from_fp(file, first)  # type: ignore[arg-type]
        else:
            exif.load_from_fp(file)  # type: ignore[arg-type]
    except Exception:
        # The tags before the damage are loaded and still good.
        if exif._info is None:  # noqa: SLF001  tells whether there is anything to go on with
            raise
    return exif


def _directory(exif: Image.Exif, pointer: int) -> Mapping[int, Any]:
    try:
        return exif.get_ifd(pointer)
    except Exception:  # noqa: BLE001  one broken directory leaves the others readable
        return {}


def _picked(tags: Mapping[int, Any], wanted: Iterable[int]) -> dict[int, Value]:
    picked: dict[int, Value] = {}
    for tag in wanted:
        try:
            value = _neutral(tags[tag]) if tag in tags else None
        except Exception:  # noqa: BLE001, S112  values are decoded on access, each one can fail
            continue
        if value is not None:
            picked[tag] = value
    return picked


def _by_exifread(file: BoundedFile) -> RawExif:
    tags = exifread.process_file(file, details=False, extract_thumbnail=False)  # type: ignore[arg-type]
    groups: dict[str, dict[int, Value]] = {"Image": {}, "EXIF": {}, "GPS": {}}
    wanted = {"Image": _IMAGE_TAGS, "EXIF": _EXIF_TAGS, "GPS": _GPS_TAGS}
    for key, tag in tags.items():
        group = key.split(" ", 1)[0]
        number = getattr(tag, "tag", None)
        if group in groups and number in wanted[group]:
            value = _neutral(tag.values)
            if value is not None:
                groups[group][number] = value
    return RawExif(groups["Image"], groups["EXIF"], groups["GPS"])


def _neutral(value: Any) -> Value | None:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        # Pillow decodes text as Latin-1, exifread as UTF-8: back to the bytes both came from.
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogateescape")
    items = value if isinstance(value, list | tuple) else (value,)
    if len(items) > _ELEMENTS:
        return None
    return tuple(_rational(item) for item in items)


def _rational(item: Any) -> Rational:
    if isinstance(item, tuple):
        # exifread leaves floats as the one-tuple that struct gave.
        item = item[0]
    if isinstance(item, float):
        return Rational(*item.as_integer_ratio()) if math.isfinite(item) else Rational(0, 0)
    return Rational(int(item.numerator), int(item.denominator))
