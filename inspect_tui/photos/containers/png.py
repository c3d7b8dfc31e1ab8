"""PNG: chunks, including the hexadecimal profiles ImageMagick wrote before PNG had an EXIF chunk."""

from __future__ import annotations

import binascii
import re
import zlib
from typing import BinaryIO, Final

from inspect_tui.photos.containers.found import BLOCK_LIMIT, Found, read_at, u32

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS: Final = 20_000
_TEXTS: Final = 8
_XMP_KEY: Final = b"XML:com.adobe.xmp"
_PROFILES: Final = (b"Raw profile type exif", b"Raw profile type APP1", b"Raw profile type xmp")
_XMP_APP1: Final = b"http://ns.adobe.com/xap/1.0/\x00"


def scan(file: BinaryIO, size: int) -> Found:
    """Look through the chunks up to the end of the image, whatever their checksums say."""
    found = Found("PNG", "image/png")
    legacy: list[bytes] = []
    texts = 0
    at, ended = len(SIGNATURE), False
    for _ in range(_CHUNKS):
        header = read_at(file, at, 8)
        if len(header) < 8:
            break
        length, name = u32(header, 0), header[4:]
        if name == b"IHDR":
            _header(found, read_at(file, at + 8, 13))
        elif name == b"eXIf" and not found.full:
            found.add_block(read_at(file, at + 8, min(length, BLOCK_LIMIT)))
        elif name in {b"tEXt", b"zTXt", b"iTXt"} and _is_wanted(read_at(file, at + 8, 32)) and texts < _TEXTS:
            texts += 1
            _text(found, name, read_at(file, at + 8, min(length, BLOCK_LIMIT)), legacy)
        elif name == b"IEND":
            ended = True
            break
        at += 12 + length
        if at > size:
            break
    for profile in legacy:
        found.add_block(profile)
    found.truncated = not ended
    return found


def _header(found: Found, body: bytes) -> None:
    if len(body) >= 8:
        found.width, found.height = u32(body, 0), u32(body, 4)


def _is_wanted(start: bytes) -> bool:
    key = start.partition(b"\x00")[0]
    return key == _XMP_KEY or key in _PROFILES


def _text(found: Found, name: bytes, body: bytes, legacy: list[bytes]) -> None:
    key, _, rest = body.partition(b"\x00")
    text = _text_of(name, rest)
    if key == _XMP_KEY:
        found.xmp = found.xmp or text
        return
    profile = _unhex(text)
    if profile.startswith(_XMP_APP1):
        found.xmp = found.xmp or profile[len(_XMP_APP1) :]
    elif key.endswith(b"xmp"):
        found.xmp = found.xmp or profile
    else:
        legacy.append(profile)


def _text_of(name: bytes, rest: bytes) -> bytes:
    if name == b"tEXt":
        return rest
    if name == b"zTXt":
        return _inflate(rest[1:])
    compressed = rest[:1] == b"\x01"
    parts = rest[2:].split(b"\x00", 2)
    text = parts[2] if len(parts) == 3 else b""
    return _inflate(text) if compressed else text


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, BLOCK_LIMIT)
    except zlib.error:
        return b""


def _unhex(text: bytes) -> bytes:
    r"""The bytes of a profile written as `\nexif\n   1234\n` and hexadecimal digits."""
    match = re.match(rb"\s*[A-Za-z0-9]+\s+\d+\s", text)
    digits = re.sub(rb"\s+", b"", text[match.end() :]) if match else b""
    try:
        return binascii.unhexlify(digits[: len(digits) // 2 * 2])
    except binascii.Error:
        return b""
