"""TIFF and the raw formats built on it: only the pixel size is looked for here, the readers do the rest."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from inspect_tui.photos.containers.found import Found, read_at

_RAW_MAGIC: Final = {
    b"IIRO": ("ORF", "image/x-olympus-orf"),
    b"IIRS": ("ORF", "image/x-olympus-orf"),
    b"MMOR": ("ORF", "image/x-olympus-orf"),
    b"IIU\x00": ("RW2", "image/x-panasonic-rw2"),
}
_BY_SUFFIX: Final = {
    "nef": "nikon", "nrw": "nikon", "arw": "sony", "sr2": "sony", "pef": "pentax", "srw": "samsung",
}  # fmt: skip
"""Raw formats that only their name tells from a TIFF; by maker."""
_DIRECTORIES: Final = 16
_ENTRIES: Final = 512
_SUBFILE, _WIDTH, _HEIGHT, _MAKE, _SUB_IFDS, _DNG_VERSION = 0xFE, 0x100, 0x101, 0x10F, 0x14A, 0xC612
_XMP: Final = 0x2BC


def is_tiff(head: bytes) -> bool:
    """Whether `head` begins a TIFF, BigTIFF or TIFF-like raw file."""
    return head[:4] in {b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"} or head[:4] in _RAW_MAGIC


def scan(file: BinaryIO, size: int, suffix: str) -> Found:
    """The size of the main picture: the largest full-resolution one, else that of the first directory."""
    head = read_at(file, 0, 16)
    found = Found("TIFF", "image/tiff", is_tiff=True)
    if head[:4] in _RAW_MAGIC:
        found.format, found.media_type = _RAW_MAGIC[head[:4]]
        found.tiff_head = b"II*\x00" if head[:1] == b"I" else b"MM\x00*"
    if head[2:3] == b"+" or head[3:4] == b"+" or len(head) < 8:
        return found
    order = "<" if head[:1] == b"I" else ">"
    first = _directory(file, order, struct.unpack_from(order + "I", head, 4)[0])
    if not first:
        found.damaged = True
        return found
    if head[8:10] == b"CR":
        found.format, found.media_type = "CR2", "image/x-canon-cr2"
    elif _DNG_VERSION in first and suffix not in {"jpg", "jpeg"}:
        found.format, found.media_type = "DNG", "image/x-adobe-dng"
    elif suffix in _BY_SUFFIX and _MAKE in first:
        found.format, found.media_type = suffix.upper(), f"image/x-{_BY_SUFFIX[suffix]}-{suffix}"
    _size(found, file, order, first)
    xmp = first.get(_XMP)
    if xmp and xmp[1] > 4:
        found.xmp = read_at(file, xmp[2], min(xmp[1], 1 << 20))
    found.truncated = struct.unpack_from(order + "I", head, 4)[0] >= size
    return found


def _size(found: Found, file: BinaryIO, order: str, first: dict[int, tuple[int, int, int]]) -> None:
    candidates = [first]
    kind, count, value = first.get(_SUB_IFDS, (0, 0, 0))
    if kind:
        raw = struct.pack(order + "I", value) if count <= 4 else read_at(file, value, min(count, 4 * _DIRECTORIES))
        candidates += [
            _directory(file, order, int(at)) for (at,) in struct.iter_unpack(order + "I", raw[: len(raw) // 4 * 4])
        ]
    sizes = [
        (entries[_WIDTH][2], entries[_HEIGHT][2])
        for entries in candidates
        if _WIDTH in entries and _HEIGHT in entries and entries.get(_SUBFILE, (0, 0, 0))[2] == 0
    ]
    if not sizes and _WIDTH in first and _HEIGHT in first:
        sizes = [(first[_WIDTH][2], first[_HEIGHT][2])]
    if sizes:
        found.width, found.height = max(sizes, key=lambda size: size[0] * size[1])


def _directory(file: BinaryIO, order: str, at: int) -> dict[int, tuple[int, int, int]]:
    """Tag → (type, bytes, inline value or offset); the first of two equal tags counts."""
    count_bytes = read_at(file, at, 2)
    if len(count_bytes) < 2:
        return {}
    count = min(struct.unpack(order + "H", count_bytes)[0], _ENTRIES)
    raw = read_at(file, at + 2, 12 * count)
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 9: 4, 13: 4}
    entries: dict[int, tuple[int, int, int]] = {}
    for position in range(0, len(raw) - 11, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", raw, position)
        short = kind == 3 and number == 1
        value = struct.unpack_from(order + ("H" if short else "I"), raw, position + 8)[0]
        entries.setdefault(tag, (kind, number * sizes.get(kind, 1), value))
    return entries
