"""What a scan of a container found."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, Literal

import msgspec

EXIF_PREFIX: Final = b"Exif\x00\x00"
TIFF_HEADS: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
BLOCK_LIMIT: Final = 2 << 20
"""Bytes of one EXIF block or XMP packet that are looked at."""
BLOCKS: Final = 8
"""EXIF blocks of one file that are looked at; an honest file has one or two."""

Role = Literal["whole", "image", "exif", "gps"]


class Found(msgspec.Struct):
    """The result of one scan; what was not found stays empty."""

    format: str | None
    media_type: str
    width: int | None = None
    height: int | None = None
    blocks: list[tuple[Role, bytes]] = []
    """TIFF blocks, the one to trust first first. CR3 keeps its directories in blocks of their own, named by role."""
    is_tiff: bool = False
    """The file itself is a TIFF structure; no block is copied."""
    tiff_head: bytes = b""
    """First bytes to show readers instead of a raw format's private magic number."""
    xmp: bytes | None = None
    iptc: bytes | None = None
    flir: bytes = b""
    """JPEG: the joined records of a FLIR camera."""
    truncated: bool = False
    damaged: bool = False
    picture_head: bytes | None = None
    """JPEG: the segments a decoder needs, without the metadata."""
    picture_at: int = 0
    """JPEG: where the scan data begins."""
    progressive: bool = False
    scans: int = 1

    @property
    def full(self) -> bool:
        """Whether enough blocks were found."""
        return len(self.blocks) >= BLOCKS

    def add_block(self, data: bytes, role: Role = "whole") -> None:
        """Keep `data` if it holds a TIFF header, whatever prefix a writer put before it."""
        if self.full:
            return
        at = 0
        while data[at : at + 6] == EXIF_PREFIX:
            at += 6
        if data[at : at + 4] in TIFF_HEADS:
            self.blocks.append((role, data[at:]))


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Up to `size` bytes from `offset`; fewer at the end of the file."""
    file.seek(offset)
    return file.read(size)


def u16(data: bytes, at: int) -> int:
    """Big-endian 16 bits."""
    return int(struct.unpack_from(">H", data, at)[0])


def u32(data: bytes, at: int) -> int:
    """Big-endian 32 bits."""
    return int(struct.unpack_from(">I", data, at)[0])
