"""A typed position as a cell: the WGS-84 value derived, what was typed kept beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.model import Problem
from inspect_tui.records.rows import group
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists.model import Area, Box
    from inspect_tui.photos.positions import CoordinateSystem
    from inspect_tui.records.model import TypedPosition

_SYSTEMS: Final[dict[str, CoordinateSystem]] = {
    "WGS-84": "wgs84",
    "CGCS2000": "wgs84",
    "GCJ-02": "gcj02",
    "BD-09": "bd09",
}
"""CGCS2000 agrees with WGS-84 within the accuracy of a field position."""


def position_cell(typed: TypedPosition) -> dict[str, Any]:
    """The `position` cell of a site: WGS-84 at six decimals, with what was typed and its datum.

    Raises:
        Refused: No number, out of range, or an unknown datum.
    """
    from inspect_tui.photos.model import LatLon
    from inspect_tui.photos.positions import to_wgs84

    system = _SYSTEMS.get(typed.datum)
    if system is None:
        raise Refused(
            f"坐标系“{typed.datum[:20]}”未知；可选：{'、'.join(_SYSTEMS)}。",
            f"The datum “{typed.datum[:20]}” is unknown; one of {', '.join(_SYSTEMS)}.",
        )
    longitude = degrees(typed.longitude, 180, "经度", "longitude")
    try:
        latitude = degrees(typed.latitude, 90, "纬度", "latitude")
    except Refused as refused:
        if not _swapped(longitude, typed.latitude):
            raise
        raise Refused(
            f"{refused.zh.rstrip('。')}；经度和纬度是否写反了？",
            f"{refused.en.rstrip('.')}; are longitude and latitude swapped?",
        ) from None
    shifted = system != "wgs84"
    point = to_wgs84(LatLon(float(latitude), float(longitude)), system)
    said = {
        "longitude": six(point.longitude) if shifted else six(longitude),
        "latitude": six(point.latitude) if shifted else six(latitude),
        "datum": "WGS-84" if shifted else typed.datum,
        "position_source": typed.source,
        "typed_longitude": longitude,
        "typed_latitude": latitude,
        "typed_datum": typed.datum,
    }
    return group("sites", "position", said)


def _swapped(longitude: str, latitude: str) -> bool:
    """Whether a latitude out of range would do as the longitude, and the longitude as the latitude."""
    try:
        degrees(longitude, 90, "", "")
        degrees(latitude, 180, "", "")
    except Refused:
        return False
    return True


def box_problems(area: Area | None, values: Mapping[str, Any]) -> list[Problem]:
    """What is odd about the position of a site: it lies outside its area's bounding box. That only warns.

    Args:
        area: As the catalogue has it.
        values: `longitude` and `latitude`, WGS-84 degrees.
    """
    point = point_of(values)
    if area is None or area.box is None or point is None or _inside(area.box, *point):
        return []
    latitude, longitude = point
    zh, en = "请核对坐标、坐标系和行政区", "check coordinates, datum and area"
    if _inside(area.box, longitude, latitude):
        zh, en = "经度和纬度可能写反了", "longitude and latitude may be swapped"
    return [
        Problem(
            "outside_area",
            f"位置 {values['longitude']}, {values['latitude']} 不在{area.name.zh}（{area.code}）范围内；{zh}。",
            f"The position {values['longitude']}, {values['latitude']} lies outside {area.name.en} ({area.code}); {en}.",
            field="position",
        )
    ]


def _inside(box: Box, latitude: float, longitude: float) -> bool:
    within = float(box.south) <= latitude <= float(box.north)
    return within and float(box.west) <= longitude <= float(box.east)


def degrees(text: str, most: int, zh: str, en: str) -> str:
    """Decimal degrees as plain text.

    Args:
        text: As typed; full-width digits are understood.
        most: Largest absolute value.
        zh: What it is called in Chinese.
        en: What it is called in English.

    Raises:
        Refused: No number, or out of range.
    """
    from checklists.errors import NotANumberError
    from checklists.numbers import parse_number

    try:
        number = parse_number(text)
    except NotANumberError as error:
        raise Refused(f"{zh}：{error.zh}", f"{en}: {error.en}") from error
    if abs(number) > most:
        raise Refused(f"{zh} {number} 超出 ±{most}。", f"{en} {number} is outside ±{most}.")
    return format(number, "f")


def point_of(values: Mapping[str, Any]) -> tuple[float, float] | None:
    """(latitude, longitude) of a row in degrees; None where it has none, or another device wrote no number there."""
    try:
        latitude, longitude = float(values["latitude"]), float(values["longitude"])
    except (TypeError, ValueError):
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def six(value: float | str) -> str:
    """A coordinate at six decimals, which is about 0.1 m."""
    from decimal import Decimal

    return f"{Decimal(value):.6f}"
