"""Times of exposure: as the file states them, with their own zone or without one, or not at all.

Only a time that means "taken" counts. The time a scanner digitised a print or a programme saved the file is another
thing, and an offset that belongs to that other time is not borrowed.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from inspect_tui.photos.cleaning import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tui.photos.exif import Value
    from inspect_tui.photos.model import OffsetSource

_TAKEN, _OFFSET_TAKEN, _SUBSECONDS_TAKEN = 0x9003, 0x9011, 0x9291
_STAMP: Final = re.compile(
    r"(\d{4})[:/.-](\d{2})[:/.-](\d{2})[ T]+(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_OFFSET: Final = re.compile(r"(Z|[+-]\d{2}:?\d{2})")
_TOLERANCE: Final = timedelta(minutes=5)
"""How far an honest clock and a GPS stamp may be apart; phones keep the last fix for a while."""
_QUARTER: Final = timedelta(minutes=15)
_FURTHEST_ZONE: Final = timedelta(hours=14)


class Taken(NamedTuple):
    """A time of exposure."""

    time: str | None = None
    """ISO 8601."""
    offset_source: OffsetSource | None = None
    invalid: bool = False
    """The file has something in that place that is no time."""


def from_exif(tags: Mapping[int, Value]) -> Taken:
    """DateTimeOriginal with the offset and the fraction that belong to it."""
    text = _text(tags.get(_TAKEN))
    if text is None:
        raw = tags.get(_TAKEN)
        return Taken(invalid=bool(raw))
    fraction, offset = _text(tags.get(_SUBSECONDS_TAKEN)), _text(tags.get(_OFFSET_TAKEN))
    return parse(text, source="exif", fraction=fraction, offset=offset)


def parse(text: str, *, source: OffsetSource, fraction: str | None = None, offset: str | None = None) -> Taken:
    """`text` as a time; zeros, blanks, words and impossible dates are `invalid`.

    Args:
        text: Date and time as EXIF, XMP or IPTC write them, with or without fraction and offset.
        source: Where an offset found here comes from.
        fraction: Digits after the decimal point that stand elsewhere.
        offset: A zone offset that stands elsewhere; ignored unless well-formed.
    """
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return Taken(invalid=True)
    year, month, day, hour, minute, second, inner_fraction, inner_offset = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return Taken(invalid=True)
    digits = inner_fraction or (fraction if fraction and fraction.isascii() and fraction.isdigit() else None)
    zone = _zone(inner_offset or offset)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return Taken(stamp + (f".{digits[:6]}" if digits else "") + (zone or ""), source if zone else None)


def _zone(text: str | None) -> str | None:
    if text is None or not _OFFSET.fullmatch(text):
        return None
    if text == "Z":
        return "+00:00"
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59 or timedelta(hours=hours, minutes=minutes) > _FURTHEST_ZONE:
        return None
    return f"{text[0]}{hours:02d}:{minutes:02d}"


def _text(value: Value | None) -> str | None:
    return clean_text(value) if isinstance(value, bytes) else None


def clock_error(taken_at: str, gps_time: str, zone: timedelta | None = None) -> int | None:
    """By how many minutes camera clock and GPS disagree; none while they agree well enough.

    Args:
        taken_at: ISO 8601, with or without offset.
        gps_time: ISO 8601 in UTC.
        zone: Offset to assume for a time without one. Unknown: any quarter-hour offset up to 14 h is believed.
    """
    taken, gps = datetime.fromisoformat(taken_at), datetime.fromisoformat(gps_time)
    offset = taken.utcoffset()
    gap = taken.replace(tzinfo=None) - gps.replace(tzinfo=None)
    if offset is None and zone is None:
        nearest = round(gap / _QUARTER) * _QUARTER
        if abs(nearest) <= _FURTHEST_ZONE:
            gap -= nearest
    else:
        gap -= offset if offset is not None else zone or timedelta()
    return round(gap / timedelta(minutes=1)) if abs(gap) > _TOLERANCE else None


Order = Literal["before", "during", "after"]


def against(moment: datetime, start: datetime, end: datetime) -> Order:
    """Where `moment` lies relative to a span of time; a naive one is taken to be in the zone of `start`."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=start.tzinfo)
    if moment < start:
        return "before"
    return "after" if moment > end else "during"
