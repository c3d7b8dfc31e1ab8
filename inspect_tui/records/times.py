"""Times: UTC in storage with the device's zone beside it, Asia/Shanghai on screen."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from inspect_tui.texts import Refused

SHANGHAI: Final = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")
"""China has had no summer time since 1991, so a fixed offset needs no time-zone data on Windows."""

CLOCK_SLACK: Final = dt.timedelta(minutes=10)
"""By how much the clocks of two laptops may differ without a word."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def now() -> dt.datetime:
    """The time of the device's clock, in UTC."""
    return dt.datetime.now(dt.UTC)


def stored(moment: dt.datetime) -> str:
    """`moment` as it is stored: `2026-11-20T01:10:00Z`.

    Raises:
        Refused: It has no zone, or lies outside the years 1990 to 2199.
    """
    if moment.tzinfo is None:
        raise Refused(f"时间 {moment} 缺少时区。", f"The time {moment} has no zone.")
    if not 1990 <= moment.year <= 2199:
        raise Refused(f"时间 {moment.year} 年不合理。", f"The year {moment.year} is not plausible.")
    return moment.astimezone(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def zone_of(moment: dt.datetime) -> str:
    """The offset of `moment` from UTC: `+08:00`."""
    offset = moment.utcoffset() or dt.timedelta()
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def device_zone() -> str:
    """The offset of the device's own clock from UTC."""
    return zone_of(dt.datetime.now().astimezone())


def moment(text: str) -> dt.datetime:
    """A stored time as an aware datetime in UTC."""
    return dt.datetime.fromisoformat(text)


def parse(text: str) -> dt.datetime:
    """A time as a person or a file writes it: ISO 8601; without an offset it is Asia/Shanghai.

    Raises:
        Refused: It is no time.
    """
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(
            f"“{text[:40]}”不是时间；请写成 2026-11-20 09:10。",
            f"“{text[:40]}” is not a time; write it as 2026-11-20 09:10.",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def parse_day(text: str) -> dt.date:
    """A day: `2026-11-20`.

    Raises:
        Refused: It is no day, or written in another way.
    """
    day = day_or_none(text.strip())
    if day is None:
        raise Refused(
            f"“{text[:40]}”不是日期；请写成 2026-11-20。", f"“{text[:40]}” is not a day; write it as 2026-11-20."
        )
    return day


def day_or_none(text: str | None) -> dt.date | None:
    """The day that `text` is, written `2026-11-20` and in no other way; None for anything else."""
    try:
        return dt.date.fromisoformat(text) if text and _DAY.fullmatch(text) else None
    except ValueError:
        return None


def shown(text: str | None) -> str:
    """A stored time for a screen, to the minute in Asia/Shanghai; empty when there is none."""
    local = _local(text)
    return local.strftime("%Y-%m-%d %H:%M") if local else text or ""


def exported(text: str | None) -> str:
    """A stored time as ISO 8601 with +08:00, for exports; empty when there is none."""
    local = _local(text)
    return local.isoformat() if local else text or ""


def _local(text: str | None) -> dt.datetime | None:
    """None where there is no time, or where another device wrote something else."""
    try:
        return moment(text or "").astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        return None


def day_of(text: str) -> dt.date:
    """The day in Asia/Shanghai on which a stored time falls."""
    return moment(text).astimezone(SHANGHAI).date()


def today() -> dt.date:
    """Today in Asia/Shanghai."""
    return now().astimezone(SHANGHAI).date()
