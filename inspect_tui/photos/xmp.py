"""The few properties of an XMP packet and an IPTC block that stand in for missing EXIF.

An XMP packet is searched with patterns, not parsed: a stranger's XML can cost a parser anything.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from inspect_tui.photos.model import LatLon
from inspect_tui.photos.times import Taken, parse

_PACKET_LIMIT: Final = 1 << 20
_COORDINATE: Final = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW]?)")
_DECIMAL: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)([NSEW])")
_RESOURCE: Final = b"8BIM"
_IPTC_RESOURCE: Final = 0x0404
_DATASETS: Final = 2_000
_DATE_CREATED, _TIME_CREATED = 55, 60


class Xmp(NamedTuple):
    """What an XMP packet says."""

    state: Literal["good", "missing", "invalid"] = "missing"
    position: LatLon | None = None
    unsigned: bool = False
    """A coordinate came without its hemisphere letter and was read as north or east."""
    altitude: float | None = None
    taken: Taken = Taken()
    created: Taken = Taken()
    """photoshop:DateCreated, when the content was made; weaker than the time of exposure."""
    orientation: int | None = None
    creator_tool: str | None = None
    gps_time: str | None = None
    """ISO 8601 in UTC."""


def read_xmp(packet: bytes | None) -> Xmp:
    """The properties of a packet; nothing found is `Xmp()`."""
    if not packet:
        return Xmp()
    text = packet[:_PACKET_LIMIT].decode("utf-8", "replace")
    latitude, longitude = _property(text, "exif:GPSLatitude"), _property(text, "exif:GPSLongitude")
    state, position = _position(latitude, longitude)
    orientation = _property(text, "tiff:Orientation")
    return Xmp(
        state,
        position,
        bool(position) and not (_lettered(latitude) and _lettered(longitude)),
        _altitude(text) if position else None,
        _time(_property(text, "exif:DateTimeOriginal")),
        _time(_property(text, "photoshop:DateCreated")),
        int(orientation) if orientation and re.fullmatch(r"[1-8]", orientation) else None,
        (_property(text, "xmp:CreatorTool") or "")[:200] or None,
        _gps_time(_property(text, "exif:GPSTimeStamp") or _property(text, "exif:GPSDateTime")),
    )


def read_iptc_time(resources: bytes | None) -> Taken:
    """Date and time created, from the IPTC block among Photoshop image resources; none unless both are there."""
    datasets = _datasets(_iptc_block(resources or b""))
    date, time = datasets.get(_DATE_CREATED, ""), datasets.get(_TIME_CREATED, "")
    day = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", date)
    clock = re.fullmatch(r"(\d{2})(\d{2})(\d{2})([+-]\d{4})?", time)
    if day is None or clock is None:
        return Taken()
    hour, minute, second, zone = clock.groups()
    return parse(f"{'-'.join(day.groups())} {hour}:{minute}:{second}{zone or ''}", source="iptc")


def _property(text: str, name: str) -> str | None:
    """The value of an attribute or element; an element inside a list is reached through its first `rdf:li`."""
    match = re.search(
        rf"""\b{re.escape(name)}\s*=\s*(?:"([^"<]{{0,200}})"|'([^'<]{{0,200}})')"""
        rf"""|<{re.escape(name)}(?:\s[^<>]{{0,200}})?>\s*(?:<rdf:\w{{3}}>\s*<rdf:li[^<>]{{0,99}}>)?([^<]{{0,200}})<""",
        text,
    )
    if match is None:
        return None
    return next((group for group in match.groups() if group is not None), "").strip() or None


def _position(
    latitude: str | None, longitude: str | None
) -> tuple[Literal["good", "missing", "invalid"], LatLon | None]:
    if latitude is None and longitude is None:
        return "missing", None
    north, east = _coordinate(latitude, "NS", 90), _coordinate(longitude, "EW", 180)
    if north is None or east is None:
        return "invalid", None
    return ("missing", None) if north == 0 and east == 0 else ("good", LatLon(north, east))


def _coordinate(text: str | None, letters: str, limit: int) -> float | None:
    """`37,31.44N` or `37,31,26N` as XMP defines it, or `37.524N` as some writers have it."""
    text = (text or "").replace(" ", "")
    if match := _COORDINATE.fullmatch(text):
        degrees, minutes, seconds, letter = match.groups()
    elif match := _DECIMAL.fullmatch(text):
        degrees, letter = match.groups()
        minutes = seconds = "0"
    else:
        return None
    if (letter and letter not in letters) or float(minutes) >= 60 or float(seconds or 0) >= 60:
        return None
    angle = float(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600
    return None if angle > limit else (-angle if letter == letters[1] else angle)


def _lettered(coordinate: str | None) -> bool:
    return coordinate is not None and coordinate[-1] in "NSEW"


def _gps_time(text: str | None) -> str | None:
    time = _time(text).time
    if time is None:
        return None
    moment = datetime.fromisoformat(time)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1980 else None


def _altitude(text: str) -> float | None:
    match = re.fullmatch(r"(-?\d{1,12})(?:/(\d{1,10}))?", _property(text, "exif:GPSAltitude") or "")
    if match is None or int(match[2] or 1) == 0:
        return None
    height = int(match[1]) / int(match[2] or 1)
    if _property(text, "exif:GPSAltitudeRef") == "1":
        height = -abs(height)
    return round(height, 3) if -1_000 <= height <= 30_000 else None


def _time(text: str | None) -> Taken:
    # A date alone is no time of exposure, and no fault either.
    return parse(text, source="xmp") if text and len(text) > 10 else Taken()


def _iptc_block(resources: bytes) -> bytes:
    at = 0
    while resources[at : at + 4] == _RESOURCE and at + 12 <= len(resources):
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = 1 + resources[at + 6]
        at += 6 + name + name % 2
        length = int.from_bytes(resources[at : at + 4], "big")
        if kind == _IPTC_RESOURCE:
            return resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return b""


def _datasets(block: bytes) -> dict[int, str]:
    datasets: dict[int, str] = {}
    at = 0
    for _ in range(_DATASETS):
        if block[at : at + 1] != b"\x1c" or at + 5 > len(block):
            break
        record, number, length = block[at + 1], block[at + 2], int.from_bytes(block[at + 3 : at + 5], "big")
        if record == 2 and length < 0x8000:
            datasets.setdefault(number, block[at + 5 : at + 5 + length].decode("ascii", "replace").strip())
        at += 5 + length
    return datasets
