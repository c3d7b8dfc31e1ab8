"""Which kind of file this is, by its first bytes; the name is only asked where the bytes say nothing."""

from __future__ import annotations

import mimetypes
import struct
from typing import BinaryIO, Final

from inspect_tui.photos.containers import bmff, jpeg, png, riff, tiff
from inspect_tui.photos.containers.found import Found, read_at, u32

IMAGE_SUFFIXES: Final = {
    "jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "jfif": "JPEG", "mpo": "JPEG", "png": "PNG", "webp": "WEBP",
    "tif": "TIFF", "tiff": "TIFF", "heic": "HEIC", "heif": "HEIC", "hif": "HEIC", "avif": "AVIF", "gif": "GIF",
    "bmp": "BMP", "dng": "DNG", "cr2": "CR2", "cr3": "CR3", "nef": "NEF", "arw": "ARW", "jxl": "JXL",
}  # fmt: skip
"""What a name's suffix promises."""

_OTHER: Final = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)


def scan(file: BinaryIO, size: int, suffix: str) -> Found:
    """Everything the container tells about itself.

    Args:
        file: Open for reading.
        size: Its size in bytes.
        suffix: Of its name, lower case, without the dot.
    """
    head = read_at(file, 0, 32)
    if head.startswith(b"\xff\xd8"):
        return jpeg.scan(file, size)
    if head.startswith(png.SIGNATURE):
        return png.scan(file, size)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return riff.scan(file, size)
    if tiff.is_tiff(head):
        return tiff.scan(file, size, suffix)
    if bmff.is_bmff(head):
        return bmff.scan(file, size)
    if head.startswith(b"FUJIFILMCCD-RAW"):
        return _fujifilm(file, size)
    return _simple(head) or _unknown(head, suffix)


def _simple(head: bytes) -> Found | None:
    if head[:6] in {b"GIF87a", b"GIF89a"} and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        return Found("GIF", "image/gif", width=width, height=height)
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) >= 26:
        width, height = struct.unpack_from("<ii", head, 18)
        return Found("BMP", "image/bmp", width=abs(width), height=abs(height))
    if head[:2] == b"\xff\x0a":
        return Found("JXL", "image/jxl")
    if head[:4] == b"8BPS" and len(head) >= 22:
        return Found("PSD", "image/vnd.adobe.photoshop", width=u32(head, 18), height=u32(head, 14))
    return None


def _fujifilm(file: BinaryIO, size: int) -> Found:
    """RAF carries a whole JPEG, whose EXIF speaks for the raw picture too."""
    offset = int.from_bytes(read_at(file, 84, 4), "big")
    found = jpeg.scan(file, size, offset)
    found.format, found.media_type = "RAF", "image/x-fujifilm-raf"
    found.picture_head = None
    return found


def _unknown(head: bytes, suffix: str) -> Found:
    for magic, media_type in _OTHER:
        if head.startswith(magic):
            return Found(None, media_type)
    guess = mimetypes.guess_type(f"x.{suffix}")[0] if suffix else None
    # A name cannot make an image of bytes that are none.
    if guess is None or guess.startswith("image/"):
        guess = "application/octet-stream"
    return Found(None, guess)
