"""Small image files made byte by byte, so that each test can break exactly one thing."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

from PIL import Image

ASCII, SHORT, LONG, RATIONAL, BYTE, UNDEFINED = 2, 3, 4, 5, 1, 7
Entry = tuple[int, int, bytes]
"""Type, count, bytes in big-endian order."""

NORTH_EAST: Final = (37.524, 111.145)


def text(value: str | bytes) -> Entry:
    """An ASCII entry with its final NUL."""
    raw = (value.encode() if isinstance(value, str) else value) + b"\x00"
    return ASCII, len(raw), raw


def short(value: int) -> Entry:
    """One 16-bit number."""
    return SHORT, 1, struct.pack(">H", value)


def rationals(*pairs: tuple[int, int]) -> Entry:
    """Numerators and denominators."""
    return RATIONAL, len(pairs), b"".join(struct.pack(">II", *pair) for pair in pairs)


def degrees(value: float) -> Entry:
    """Degrees, minutes and seconds to 1e-4 seconds."""
    parts = round(abs(value) * 3600 * 10_000)
    return rationals((parts // 36_000_000, 1), (parts // 600_000 % 60, 1), (parts % 600_000, 10_000))


def position(latitude: float = NORTH_EAST[0], longitude: float = NORTH_EAST[1]) -> dict[int, Entry]:
    """The four entries of a good position."""
    return {
        1: text("N" if latitude >= 0 else "S"),
        2: degrees(latitude),
        3: text("E" if longitude >= 0 else "W"),
        4: degrees(longitude),
    }


def tiff(
    image: dict[int, Entry] | None = None, exif: dict[int, Entry] | None = None, gps: dict[int, Entry] | None = None
) -> bytes:
    """A TIFF block with up to three directories."""
    image = dict(image or {})
    directories = [image]
    for pointer, directory in ((0x8769, exif), (0x8825, gps)):
        if directory is not None:
            image[pointer] = (LONG, 1, bytes(4))
            directories.append(directory)
    offsets, at = [], 8
    for directory in directories:
        offsets.append(at)
        at += (
            6
            + 12 * len(directory)
            + sum(len(raw) + len(raw) % 2 for _, _, raw in directory.values() if len(raw) > 4)
        )
    following = iter(offsets[1:])
    for pointer in (0x8769, 0x8825):
        if pointer in image:
            image[pointer] = (LONG, 1, struct.pack(">I", next(following)))
    blocks = (_directory(directory, offset) for directory, offset in zip(directories, offsets, strict=True))
    return b"MM\x00*\x00\x00\x00\x08" + b"".join(blocks)


def _directory(directory: dict[int, Entry], at: int) -> bytes:
    entries, data = b"", b""
    data_at = at + 6 + 12 * len(directory)
    for tag, (kind, count, raw) in sorted(directory.items()):
        if len(raw) <= 4:
            value = raw.ljust(4, b"\x00")
        else:
            value = struct.pack(">I", data_at + len(data))
            data += raw + b"\x00" * (len(raw) % 2)
        entries += struct.pack(">HHI", tag, kind, count) + value
    return struct.pack(">H", len(directory)) + entries + bytes(4) + data


def good_tiff() -> bytes:
    """A block with camera, time and position."""
    return tiff(
        {0x10F: text("HUAWEI"), 0x110: text("HUAWEI P30"), 0x112: short(6)},
        {0x9003: text("2026:09:01 10:20:30"), 0x9011: text("+08:00")},
        position(),
    )


def scene(size: tuple[int, int] = (64, 48), colour: str = "gray") -> Image.Image:
    """A picture whose upper left quarter is white, so that its turning can be seen."""
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 2, size[1] // 2))
    return image


def saved(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002  as Pillow calls it
    """The file that Pillow writes."""
    written = io.BytesIO()
    image.save(written, format, **options)
    return written.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg(block: bytes | None = None, *, before: bytes = b"", plain: bytes | None = None) -> bytes:
    """A JPEG with an EXIF segment, behind the segments `before`."""
    plain = plain or saved(scene(), "JPEG")
    exif = segment(0xE1, b"Exif\x00\x00" + block) if block is not None else b""
    return plain[:2] + before + exif + plain[2:]


def xmp_segment(properties: str) -> bytes:
    """An XMP segment with these attributes."""
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + xmp(properties))


def xmp(properties: str) -> bytes:
    """An XMP packet with these attributes."""
    return f"<x:xmpmeta><rdf:RDF><rdf:Description {properties}/></rdf:RDF></x:xmpmeta>".encode()


def chunk(name: bytes, body: bytes, *, good: bool = True) -> bytes:
    """One PNG chunk."""
    checksum = zlib.crc32(name + body) if good else 0
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(*chunks: bytes, end: bool = True) -> bytes:
    """A PNG with more chunks before its picture."""
    plain = saved(scene(), "PNG")
    return plain[:33] + b"".join(chunks) + (plain[33:] if end else b"")


def hexadecimal_profile(block: bytes, name: str = "exif") -> bytes:
    """The text of a legacy raw profile."""
    digits = (b"Exif\x00\x00" + block).hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"\n{name}\n{len(digits) // 2:8d}\n{lines}\n".encode()


def webp(block: bytes, *, padded: bool = True) -> bytes:
    """A WebP with an odd chunk before its EXIF chunk."""
    plain = saved(scene(), "WEBP", lossless=True)
    odd = b"ICCP" + struct.pack("<I", 3) + b"abc" + (b"\x00" if padded else b"")
    header = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes((8, 0, 0, 0))
        + (63).to_bytes(3, "little")
        + (47).to_bytes(3, "little")
    )
    body = b"WEBP" + header + odd + plain[12:] + b"EXIF" + struct.pack("<I", len(block)) + block
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(name: bytes, body: bytes) -> bytes:
    """One ISO box."""
    return struct.pack(">I", 8 + len(body)) + name + body


def heif(
    block: bytes, *, brand: bytes = b"heic", in_idat: bool = False, size: tuple[int, int] = (400, 300)
) -> bytes:
    """The boxes of a HEIF file with a primary item without pixels and an Exif item."""
    item = struct.pack(">I", 6) + b"Exif\x00\x00" + block
    infes = [
        struct.pack(">BBHHH", 2, 0, 0, number, 0) + kind + b"\x00" for number, kind in ((1, b"hvc1"), (2, b"Exif"))
    ]
    iinf = box(b"iinf", struct.pack(">IH", 0, 2) + b"".join(box(b"infe", infe) for infe in infes))
    pitm = box(b"pitm", struct.pack(">IH", 0, 1))
    ispe = box(b"ispe", struct.pack(">III", 0, *size))
    ipma = box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))
    iprp = box(b"iprp", box(b"ipco", ispe) + ipma)
    ftyp = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)

    def iloc(offset: int) -> bytes:
        head = struct.pack(">BBHBBH", 1, 0, 0, 0x44, 0, 1)
        return box(b"iloc", head + struct.pack(">HHHHII", 2, 1 if in_idat else 0, 0, 1, offset, len(item)))

    idat = box(b"idat", item) if in_idat else b""
    rest = pitm + iinf + iprp + idat
    length = 12 + len(rest) + len(iloc(0))
    offset = 0 if in_idat else len(ftyp) + length + 8
    meta = box(b"meta", bytes(4) + rest + iloc(offset))
    return ftyp + meta + (b"" if in_idat else box(b"mdat", item))


def cr3(image: bytes, exif: bytes, gps: bytes) -> bytes:
    """The boxes of a Canon raw file with its three separate directories."""
    uuid = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    blocks = box(b"CMT1", image) + box(b"CMT2", exif) + box(b"CMT4", gps)
    return box(b"ftyp", b"crx \x00\x00\x00\x01crx isom") + box(b"moov", box(b"uuid", uuid + blocks))
