"""JPEG: a walk over the marker segments."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from inspect_tui.photos.containers import flir
from inspect_tui.photos.containers.found import EXIF_PREFIX, Found, read_at, u16

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_PHOTOSHOP: Final = b"Photoshop 3.0\x00"
_SEGMENTS: Final = 4096
_HEAD: Final = 1 << 20
_SCAN_LIMIT: Final = 128 << 20
_KEPT_LIMIT: Final = 2 << 20
_RECORDS_LIMIT: Final = 4 << 20
_CHUNK: Final = 1 << 20
_SOI, _EOI, _SOS, _DNL = 0xD8, 0xD9, 0xDA, 0xDC
_APP0, _APP1, _APP13, _APP14, _APP15 = 0xE0, 0xE1, 0xED, 0xEE, 0xEF
_COM: Final = 0xFE
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STRAY: Final = re.compile(rb"Exif\x00\x00(?=II\*\x00|MM\x00\*)")


def scan(file: BinaryIO, size: int, start: int = 0) -> Found:
    """Look through the JPEG that begins at `start`."""
    found = Found("JPEG", "image/jpeg")
    kept = bytearray(b"\xff\xd8")
    at = start + 2
    for _ in range(_SEGMENTS):
        at, marker = _next_marker(file, at)
        if marker is None or marker == _EOI:
            found.damaged = True
            break
        if marker in _STANDALONE:
            continue
        length = u16(read_at(file, at, 2).ljust(2, b"\x00"), 0)
        if length < 2:
            found.damaged = True
            continue
        if marker == _SOS:
            if len(kept) <= _KEPT_LIMIT:
                found.picture_head, found.picture_at = bytes(kept), at - 2
            _walk_picture(file, at + length, found)
            break
        body = read_at(file, at + 2, length - 2)
        if len(body) < length - 2:
            found.truncated = True
        _segment(found, marker, body)
        if _needed_to_decode(marker) and len(kept) <= _KEPT_LIMIT:
            kept += bytes((0xFF, marker)) + length.to_bytes(2, "big") + body
        at += length
        if at >= size:
            found.truncated = True
            break
    if found.damaged and not found.blocks:
        _look_for_stray_exif(file, start, found)
    return found


def _next_marker(file: BinaryIO, at: int) -> tuple[int, int | None]:
    """The next marker at or after `at` and the offset behind it; stray bytes between segments are skipped."""
    window = read_at(file, at, 4)
    if len(window) >= 2 and window[0] == 0xFF and 0 < window[1] < 0xFF:
        return at + 2, window[1]
    window = read_at(file, at, 1 << 16)
    position = 0
    while (position := window.find(b"\xff", position)) >= 0:
        while position < len(window) and window[position] == 0xFF:
            position += 1
        if position < len(window) and window[position] != 0:
            return at + position + 1, window[position]
    return at, None


def _segment(found: Found, marker: int, body: bytes) -> None:
    if marker == _APP1 and body.startswith(EXIF_PREFIX):
        found.add_block(body)
    elif marker == _APP1 and body.startswith(_XMP) and found.xmp is None:
        found.xmp = body[len(_XMP) :]
    elif marker == _APP1 and body.startswith(flir.PREFIX) and len(found.flir) < _RECORDS_LIMIT:
        found.flir += body[flir.HEADER :]
    elif marker == _APP13 and body.startswith(_PHOTOSHOP) and len(found.iptc or b"") < _RECORDS_LIMIT:
        found.iptc = (found.iptc or b"") + body[len(_PHOTOSHOP) :]
    elif marker in _FRAMES and len(body) >= 6 and found.width is None:
        found.height, found.width = u16(body, 1), u16(body, 3)
        found.progressive = marker in {0xC2, 0xC6, 0xCA, 0xCE}


def _needed_to_decode(marker: int) -> bool:
    return marker in {_APP0, _APP14} or not (_APP1 <= marker <= _APP15 or marker == _COM)


def _walk_picture(file: BinaryIO, at: int, found: Found) -> None:
    """Whether the picture has an end, and for a progressive one in how many scans it comes."""
    if not found.progressive:
        file.seek(0, 2)
        tail_at = max(at, file.tell() - (1 << 16))
        if b"\xff\xd9" in read_at(file, tail_at, 1 << 16):
            return
    ended, reached_end, last = False, False, b""
    for offset in range(at, at + _SCAN_LIMIT, _CHUNK):
        chunk = last + read_at(file, offset, _CHUNK)
        if len(chunk) <= len(last):
            reached_end = True
            break
        ended = ended or b"\xff\xd9" in chunk
        found.scans += chunk.count(b"\xff\xda")
        last = chunk[-1:] if chunk[-1] == 0xFF else b""
        if ended and not found.progressive:
            break
    found.truncated = found.truncated or (reached_end and not ended)


def _look_for_stray_exif(file: BinaryIO, start: int, found: Found) -> None:
    """A JPEG whose segments do not add up may still hold its EXIF block whole, near the front."""
    head = read_at(file, start, _HEAD)
    if match := _STRAY.search(head):
        found.add_block(head[match.start() :])
