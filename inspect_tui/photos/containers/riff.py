"""WebP: RIFF chunks."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from inspect_tui.photos.containers.found import BLOCK_LIMIT, Found, read_at

_CHUNKS: Final = 10_000
_NAMES: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "})


def scan(file: BinaryIO, size: int) -> Found:
    """Look through the chunks; writers that forget the padding byte of an odd chunk are forgiven."""
    found = Found("WEBP", "image/webp")
    declared = 8 + int.from_bytes(read_at(file, 4, 4), "little")
    at = 12
    for _ in range(_CHUNKS):
        header = read_at(file, at, 8)
        if len(header) < 8:
            break
        name, length = header[:4], int.from_bytes(header[4:], "little")
        if name == b"EXIF" and not found.full:
            found.add_block(read_at(file, at + 8, min(length, BLOCK_LIMIT)))
        elif name == b"XMP " and found.xmp is None:
            found.xmp = read_at(file, at + 8, min(length, BLOCK_LIMIT))
        elif name in {b"VP8X", b"VP8 ", b"VP8L"}:
            _dimensions(found, name, read_at(file, at + 8, 10))
        at += 8 + length
        if length % 2 and read_at(file, at, 4) not in _NAMES:
            at += 1
        if at >= size:
            break
    found.truncated = size < declared
    return found


def _dimensions(found: Found, name: bytes, body: bytes) -> None:
    if found.width is not None or len(body) < 10:
        return
    if name == b"VP8X":
        found.width = 1 + int.from_bytes(body[4:7], "little")
        found.height = 1 + int.from_bytes(body[7:10], "little")
    elif name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        found.width, found.height = width & 0x3FFF, height & 0x3FFF
    elif name == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        found.width, found.height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
