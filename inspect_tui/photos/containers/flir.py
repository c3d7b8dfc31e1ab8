"""FLIR thermal cameras: the time of exposure, which they write into records of their own instead of EXIF.

The layout is the one ExifTool documents (FLIR.pm): an index of records, of which the camera record carries a Unix
time, milliseconds and a zone at a fixed place.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Final

PREFIX: Final = b"FLIR\x00"
HEADER: Final = 8
"""Bytes before the payload of each APP1 segment: the prefix, a reserved byte, number and count of segments."""
_CAMERA_RECORD: Final = 0x20
_RECORDS: Final = 256
_TIME_AT: Final = 900


def taken_at(payload: bytes) -> str | None:
    """The time in the joined payload as `YYYY-MM-DD HH:MM:SS.mmm+HH:MM`, or none."""
    if payload[:4] not in {b"FFF\x00", b"AFF\x00"}:
        return None
    try:
        order = ">" if 100 <= struct.unpack_from(">I", payload, 0x14)[0] < 200 else "<"
        index, count = struct.unpack_from(order + "II", payload, 0x18)
        for number in range(min(count, _RECORDS)):
            kind = struct.unpack_from(order + "H", payload, index + 32 * number)[0]
            offset, length = struct.unpack_from(order + "II", payload, index + 32 * number + 12)
            if kind == _CAMERA_RECORD and length >= _TIME_AT + 10:
                return _time(payload[offset : offset + length])
    except struct.error:
        return None
    return None


def _time(record: bytes) -> str | None:
    order = "<" if record[:2] == b"\x02\x00" else ">"
    seconds, fraction, west = struct.unpack_from(order + "IIh", record, _TIME_AT)
    if seconds == 0 or abs(west) > 14 * 60:
        return None
    local = datetime.fromtimestamp(seconds, UTC) - timedelta(minutes=west)
    hours, minutes = divmod(abs(west), 60)
    sign = "-" if west > 0 else "+"
    return f"{local:%Y-%m-%d %H:%M:%S}.{(fraction & 0xFFFF) % 1000:03d}{sign}{hours:02d}:{minutes:02d}"
