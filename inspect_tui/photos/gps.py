"""The GPS directory of EXIF: a position that is true to what the file says, or none.

Nothing is repaired: a coordinate without its hemisphere, with 60 seconds or more, or with a denominator of zero is
left out. Exactly 0,0 is what phones without a fix write, and counts as no position.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from inspect_tui.photos.cleaning import clean_text
from inspect_tui.photos.model import LatLon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tui.photos.exif import Value

_LAT_REF, _LAT, _LON_REF, _LON, _ALT_REF, _ALT, _TIME = range(1, 8)
_DIRECTION_REF, _DIRECTION, _DATUM, _DATE = 0x10, 0x11, 0x12, 0x1D
_LOWEST, _HIGHEST = -1_000.0, 30_000.0
"""Metres between which an altitude is believed: GPS heights err by hundreds of metres, not by more."""
_PAIRED_TEXT: Final = re.compile(r"(\d{1,3}),(\d{1,8}),(\d{1,2}),(\d{1,8}),(\d{1,2}),(\d{1,8})")
_PLAIN_TEXT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)[, ]+(\d{1,2}(?:\.\d+)?)[, ]+(\d{1,2}(?:\.\d+)?)")


class GpsReading(NamedTuple):
    """What one reader's GPS tags mean."""

    state: Literal["good", "missing", "invalid"] = "missing"
    position: LatLon | None = None
    from_text: bool = False
    altitude: float | None = None
    altitude_invalid: bool = False
    direction: float | None = None
    direction_reference: Literal["true", "magnetic"] | None = None
    datum: str | None = None
    time: str | None = None
    time_invalid: bool = False


def interpret(tags: Mapping[int, Value]) -> GpsReading:
    """The meaning of a GPS directory as one reader gave it."""
    if not tags:
        return GpsReading()
    state, position, from_text = _position(tags)
    altitude, altitude_invalid = _altitude(tags)
    direction = _one(tags.get(_DIRECTION))
    if direction is not None and not 0 <= direction <= 360:
        direction = None
    reference = (_text(tags.get(_DIRECTION_REF)) or "")[:1].upper()
    time, time_invalid = _time(tags)
    return GpsReading(
        state=state,
        position=position,
        from_text=from_text,
        altitude=altitude,
        altitude_invalid=altitude_invalid,
        direction=None if direction is None else round(direction % 360, 2),
        direction_reference={"T": "true", "M": "magnetic"}.get(reference) if direction is not None else None,  # type: ignore[arg-type]
        datum=_datum(tags.get(_DATUM)),
        time=time,
        time_invalid=time_invalid,
    )


def _position(tags: Mapping[int, Value]) -> tuple[Literal["good", "missing", "invalid"], LatLon | None, bool]:
    raw = tags.get(_LAT), tags.get(_LON)
    if all(value is None or _is_blank(value) for value in raw):
        return "missing", None, False
    latitude = _coordinate(raw[0], _text(tags.get(_LAT_REF)), "NS", 90)
    longitude = _coordinate(raw[1], _text(tags.get(_LON_REF)), "EW", 180)
    if latitude is None or longitude is None:
        return "invalid", None, False
    if latitude == 0 and longitude == 0:
        return "missing", None, False
    return "good", LatLon(latitude, longitude), isinstance(raw[0], bytes) or isinstance(raw[1], bytes)


def _is_blank(value: Value) -> bool:
    """Nothing but 0/0: written by phones that had no fix."""
    if isinstance(value, bytes):
        return not value.strip(b"\x00 ")
    return all(number.denominator == 0 and number.numerator == 0 for number in value)


def _coordinate(value: Value | None, reference: str | None, letters: str, limit: int) -> float | None:
    sign = {letters[0]: 1, letters[1]: -1}.get((reference or "")[:1].upper())
    parts = _degrees_minutes_seconds(value)
    if sign is None or parts is None:
        return None
    degrees, minutes, seconds = parts
    if degrees < 0 or not (0 <= minutes < 60 and 0 <= seconds < 60):
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    return sign * angle if angle <= limit else None


def _degrees_minutes_seconds(value: Value | None) -> tuple[float, float, float] | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return _from_text(clean_text(value) or "")
    numbers = [number.value() for number in value]
    if not 1 <= len(numbers) <= 3:
        return None
    degrees, minutes, seconds = (*numbers, 0.0, 0.0)[:3]
    if degrees is None or minutes is None or seconds is None:
        return None
    return degrees, minutes, seconds


def _from_text(text: str) -> tuple[float, float, float] | None:
    """`52,00000,50,00000,34,01180` with decimal commas, or `52.0, 50.0, 34.0118`; nothing less certain."""
    if match := _PAIRED_TEXT.fullmatch(text):
        whole = match.groups()
        degrees, minutes, seconds = (float(f"{whole[i]}.{whole[i + 1]}") for i in (0, 2, 4))
        return degrees, minutes, seconds
    if match := _PLAIN_TEXT.fullmatch(text):
        degrees, minutes, seconds = (float(part) for part in match.groups())
        return degrees, minutes, seconds
    return None


def _altitude(tags: Mapping[int, Value]) -> tuple[float | None, bool]:
    value = tags.get(_ALT)
    if value is None or _is_blank(value):
        return None, False
    height = _one(value)
    if height is None:
        return None, True
    if _code(tags.get(_ALT_REF)) in {1, 3}:
        # Some writers give the reference "below" and a signed number too.
        height = -abs(height)
    if not _LOWEST <= height <= _HIGHEST:
        return None, True
    return round(height, 3), False


def _code(value: Value | None) -> int:
    """A one-byte code; Pillow gives bytes, exifread a number, some writers nothing. Digits as text count too."""
    if isinstance(value, bytes):
        first = value[:1]
        return int(first) if first.isdigit() else int.from_bytes(first, "big")
    number = _one(value)
    return int(number) if number is not None else 0


def _one(value: Value | None) -> float | None:
    if value is None or isinstance(value, bytes) or len(value) != 1:
        return None
    return value[0].value()


def _text(value: Value | None) -> str | None:
    return clean_text(value) if isinstance(value, bytes) else None


def _datum(value: Value | None) -> str | None:
    datum = _text(value)
    if datum and re.sub(r"[^0-9A-Z]", "", datum.upper()) in {"WGS84", "WGS1984"}:
        return "WGS-84"
    return datum


def _time(tags: Mapping[int, Value]) -> tuple[str | None, bool]:
    """UTC from date and time stamps; one without the other says nothing and is no fault."""
    date, clock = _text(tags.get(_DATE)), tags.get(_TIME)
    if date is None or clock is None or _is_blank(clock):
        return None, False
    match = re.fullmatch(r"(\d{4})[:/.-](\d{2})[:/.-](\d{2})", date)
    parts = None if isinstance(clock, bytes) else [number.value() for number in clock]
    if match is None or parts is None or len(parts) != 3 or None in parts:
        return None, True
    hours, minutes, seconds = (part or 0.0 for part in parts)
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):
        return None, True
    try:
        day = datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        moment = day + timedelta(hours=hours, minutes=minutes, seconds=round(seconds, 3))
    except (ValueError, OverflowError):
        return None, True
    if moment.year < 1980:
        # GPS time begins in 1980.
        return None, True
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond >= 1000 else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z", False
