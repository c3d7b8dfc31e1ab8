"""ISO base media files: HEIC, HEIF and AVIF, Canon CR3, JPEG XL and JPEG 2000 in boxes, and films."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, NamedTuple

from inspect_tui.photos.containers.found import BLOCK_LIMIT, Found, Role, read_at, u16, u32

_BOXES: Final = 2_000
_META_LIMIT: Final = 8 << 20
_ITEMS: Final = 20_000
_EXTENTS: Final = 64
_EXTENTS_IN_ALL: Final = 100_000
_READ_ITEMS: Final = 16
_CR3: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_JP2_EXIF: Final = b"JpgTiffExif->JP2"
_JP2_XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CMT_ROLES: Final[dict[bytes, Role]] = {b"CMT1": "image", b"CMT2": "exif", b"CMT4": "gps"}
_BRANDS: Final = {
    b"avif": ("AVIF", "image/avif"),
    b"avis": ("AVIF", "image/avif"),
    b"heic": ("HEIC", "image/heic"),
    b"heix": ("HEIC", "image/heic"),
    b"heim": ("HEIC", "image/heic"),
    b"heis": ("HEIC", "image/heic"),
    b"hevc": ("HEIC", "image/heic-sequence"),
    b"hevx": ("HEIC", "image/heic-sequence"),
    b"mif1": ("HEIF", "image/heif"),
    b"mif2": ("HEIF", "image/heif"),
    b"msf1": ("HEIF", "image/heif-sequence"),
    b"crx ": ("CR3", "image/x-canon-cr3"),
    b"jp2 ": ("JP2", "image/jp2"),
    b"jpx ": ("JPX", "image/jpx"),
    b"jxl ": ("JXL", "image/jxl"),
}
_STILL: Final = frozenset({"AVIF", "HEIC", "HEIF"})


class _Box(NamedTuple):
    name: bytes
    at: int
    """Where the content begins."""
    end: int


class _Item(NamedTuple):
    in_idat: bool
    extents: list[tuple[int, int]]


def is_bmff(head: bytes) -> bool:
    """Whether `head` begins a file of boxes."""
    return head[4:8] == b"ftyp" or head[:12] in {
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    }


def scan(file: BinaryIO, size: int) -> Found:
    """Look through the boxes; one that claims to reach beyond the file is read as far as the file goes."""
    found = Found(None, "application/octet-stream")
    seen_meta = False
    for box in _boxes(file, 0, size):
        if box.name == b"ftyp":
            _brand(found, read_at(file, box.at, min(box.end - box.at, 256)))
        elif box.name == b"meta" and found.format in _STILL and not seen_meta:
            seen_meta = True
            _meta(file, read_at(file, box.at, min(box.end - box.at, _META_LIMIT)), found)
        elif box.name == b"moov" and found.format == "CR3":
            _canon(file, box, found)
        elif box.name == b"Exif" and found.format == "JXL" and not found.full:
            _exif_item(found, read_at(file, box.at, min(box.end - box.at, BLOCK_LIMIT)))
        elif box.name == b"xml " and found.format == "JXL" and found.xmp is None:
            found.xmp = read_at(file, box.at, min(box.end - box.at, BLOCK_LIMIT))
        elif box.name == b"uuid" and not found.full and read_at(file, box.at, 16) in {_JP2_EXIF, _JP2_XMP}:
            _uuid(found, read_at(file, box.at, min(box.end - box.at, BLOCK_LIMIT)))
        elif box.name == b"jp2h":
            _jp2_size(found, read_at(file, box.at, 22))
        found.truncated = found.truncated or box.end > size
    return found


def _boxes(file: BinaryIO, at: int, end: int) -> list[_Box]:
    boxes: list[_Box] = []
    while at + 8 <= end and len(boxes) < _BOXES:
        header = read_at(file, at, 16)
        if len(header) < 8:
            break
        length, name, content = u32(header, 0), header[4:8], at + 8
        if length == 1 and len(header) == 16:
            length, content = struct.unpack_from(">Q", header, 8)[0], at + 16
        elif length == 0:
            length = end - at
        if length < content - at:
            break
        boxes.append(_Box(name, content, at + length))
        at += length
    return boxes


def _brand(found: Found, body: bytes) -> None:
    brands = [body[:4], *(body[at : at + 4] for at in range(8, len(body) - 3, 4))]
    # `mif1` only says "some still picture": a brand that names the coding is the better answer.
    for brand in sorted(brands, key=lambda name: name in {b"mif1", b"msf1", b"mif2"}):
        if brand in _BRANDS:
            found.format, found.media_type = _BRANDS[brand]
            return
    found.media_type = "video/quicktime" if body[:4] == b"qt  " else "video/mp4"


def _canon(file: BinaryIO, moov: _Box, found: Found) -> None:
    for uuid in _boxes(file, moov.at, moov.end):
        if uuid.name == b"uuid" and read_at(file, uuid.at, 16) == _CR3:
            # One such box is all a camera writes.
            for box in _boxes(file, uuid.at + 16, uuid.end):
                if box.name in _CMT_ROLES and not found.full:
                    found.add_block(read_at(file, box.at, min(box.end - box.at, BLOCK_LIMIT)), _CMT_ROLES[box.name])
            break


def _uuid(found: Found, body: bytes) -> None:
    if body.startswith(_JP2_EXIF):
        found.add_block(body[16:])
    elif body.startswith(_JP2_XMP):
        found.xmp = body[16:]


def _jp2_size(found: Found, body: bytes) -> None:
    if body[4:8] == b"ihdr" and len(body) >= 16:
        found.height, found.width = u32(body, 8), u32(body, 12)


def _meta(file: BinaryIO, body: bytes, found: Found) -> None:
    """The item tables of a HEIF file: which item is the picture, which is EXIF, where each one lies."""
    parts = dict(reversed(_children(body, 4)))
    try:
        kinds = _item_kinds(parts.get(b"iinf", b""))
        places = _item_places(parts.get(b"iloc", b""))
        primary = _primary(parts.get(b"pitm", b""))
        _picture_size(found, parts.get(b"iprp", b""), primary)
    except (struct.error, IndexError):
        found.damaged = True
        return
    idat = parts.get(b"idat", b"")
    wanted = [(item, kind) for item, kind in kinds.items() if kind in {b"Exif", b"mime"} and item in places]
    for item, kind in wanted[:_READ_ITEMS]:
        data = _item_bytes(file, places[item], idat)
        if kind == b"Exif":
            _exif_item(found, data)
        elif b"<x:xmpmeta" in data[:4096] or b"<rdf:RDF" in data[:4096]:
            found.xmp = found.xmp or data


def _children(body: bytes, at: int) -> list[tuple[bytes, bytes]]:
    children: list[tuple[bytes, bytes]] = []
    while at + 8 <= len(body) and len(children) < _BOXES:
        length, name, content = u32(body, at), body[at + 4 : at + 8], at + 8
        if length == 1 and at + 16 <= len(body):
            length, content = struct.unpack_from(">Q", body, at + 8)[0], at + 16
        elif length == 0:
            length = len(body) - at
        if length < content - at:
            break
        children.append((name, body[content : at + length]))
        at += length
    return children


def _primary(pitm: bytes) -> int | None:
    if len(pitm) < 6:
        return None
    return u16(pitm, 4) if pitm[0] == 0 else u32(pitm, 4)


def _item_kinds(iinf: bytes) -> dict[int, bytes]:
    if len(iinf) < 6:
        return {}
    kinds: dict[int, bytes] = {}
    for name, entry in _children(iinf, 6 if iinf[0] == 0 else 8):
        if name == b"infe" and entry[:1] in {b"\x02", b"\x03"}:
            wide = entry[0] == 3
            item = u32(entry, 4) if wide else u16(entry, 4)
            kinds[item] = entry[10:14] if wide else entry[8:12]
    return kinds


def _item_places(iloc: bytes) -> dict[int, _Item]:
    if len(iloc) < 8:
        return {}
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version in {1, 2} else 0
    reader = _Reader(iloc, 6)
    count = reader.take(4 if version == 2 else 2)
    places: dict[int, _Item] = {}
    left = _EXTENTS_IN_ALL
    for _ in range(min(count, _ITEMS)):
        item = reader.take(4 if version == 2 else 2)
        method = reader.take(2) & 15 if version in {1, 2} else 0
        reader.take(2)
        base = reader.take(base_size)
        extents: list[tuple[int, int]] = []
        number_of_extents = reader.take(2)
        left -= number_of_extents
        if left < 0:
            raise IndexError("more extents than any file needs")
        for number in range(number_of_extents):
            reader.take(index_size)
            extent = (base + reader.take(offset_size), reader.take(length_size))
            if number < _EXTENTS:
                extents.append(extent)
        if method in {0, 1}:
            places[item] = _Item(method == 1, extents)
    return places


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> int:
        """The next big-endian number of `size` bytes."""
        if self._at + size > len(self._data):
            raise IndexError("box ends early")
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big")


def _item_bytes(file: BinaryIO, item: _Item, idat: bytes) -> bytes:
    data = b""
    for offset, length in item.extents:
        # Length 0 means "up to the end"; the limit keeps that bounded.
        wanted = min(length or BLOCK_LIMIT, BLOCK_LIMIT - len(data))
        if wanted <= 0 or offset > 1 << 62:
            break
        data += idat[offset : offset + wanted] if item.in_idat else read_at(file, offset, wanted)
    return data


def _exif_item(found: Found, data: bytes) -> None:
    """An Exif item begins with the distance to its TIFF header; not every writer gets it right."""
    if len(data) < 8:
        return
    distance = u32(data, 0)
    before = len(found.blocks)
    if distance < len(data):
        found.add_block(data[4 + distance :])
    if len(found.blocks) == before:
        found.add_block(data[4:])
    if len(found.blocks) == before:
        found.add_block(data)


def _picture_size(found: Found, iprp: bytes, primary: int | None) -> None:
    """The size property of the primary item; a grid's tiles have smaller ones."""
    parts = _children(iprp, 0)
    properties = next((_children(content, 0) for name, content in parts if name == b"ipco"), [])
    associations = [content for name, content in parts if name == b"ipma"]
    sizes = {
        number: (u32(content, 4), u32(content, 8))
        for number, (name, content) in enumerate(properties, start=1)
        if name == b"ispe" and len(content) >= 12
    }
    for ipma in associations:
        for item, number in _associated(ipma):
            if item == primary and number in sizes:
                found.width, found.height = sizes[number]
                return


def _associated(ipma: bytes) -> list[tuple[int, int]]:
    reader = _Reader(ipma, 4)
    wide_item, wide_index = ipma[0] >= 1, bool(ipma[3] & 1)
    pairs: list[tuple[int, int]] = []
    for _ in range(min(reader.take(4), _ITEMS)):
        item = reader.take(4 if wide_item else 2)
        for _ in range(reader.take(1)):
            number = reader.take(2) & 0x7FFF if wide_index else reader.take(1) & 0x7F
            pairs.append((item, number))
    return pairs
