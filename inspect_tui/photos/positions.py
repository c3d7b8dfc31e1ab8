"""Points on the ground: distance, the shifted Chinese map coordinates, and coordinates as people type them."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final, Literal, NamedTuple

from inspect_tui.photos.model import LatLon
from inspect_tui.texts import Refused

CoordinateSystem = Literal["wgs84", "gcj02", "bd09"]

_EARTH_RADIUS: Final = 6_371_008.8
"""Mean radius of the earth in metres (IUGG 1980)."""
_AXIS: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.00669342162296594323
"""Krasovsky 1940 ellipsoid, on which GCJ-02 is defined: semi-major axis in metres, first eccentricity squared."""
_BD_PI: Final = math.pi * 3000.0 / 180.0
_EXPLAINED_METRES: Final = 100.0
_EXPLAINED_SHARE: Final = 0.25


class Box(NamedTuple):
    """A rectangle in degrees; good enough to say "certainly not here", never more."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, point: LatLon) -> bool:
        """Whether `point` lies inside or on the edge."""
        return self.south <= point.latitude <= self.north and self.west <= point.longitude <= self.east


class ShiftHint(NamedTuple):
    """A forgotten conversion that would explain a distance."""

    side: Literal["photo", "site"]
    """Whose coordinates would really be in `system`."""
    system: CoordinateSystem
    rest: float
    """Metres that would remain."""


def distance(a: LatLon, b: LatLon) -> float:
    """Metres between two points by the haversine formula on a sphere; up to 0.6 % off the ellipsoid's."""
    south, north = math.radians(a.latitude), math.radians(b.latitude)
    half_north = (north - south) / 2
    half_east = math.radians(b.longitude - a.longitude) / 2
    h = math.sin(half_north) ** 2 + math.cos(south) * math.cos(north) * math.sin(half_east) ** 2
    return 2 * _EARTH_RADIUS * math.asin(min(1.0, math.sqrt(h)))


def wgs84_to_gcj02(point: LatLon) -> LatLon:
    """WGS-84 to the coordinates of Chinese maps (高德, 腾讯); outside China nothing is shifted.

    The published approximation of the unpublished transformation, as in wandergis/coordtransform (MIT) and
    googollee/eviltransform (MIT); a few metres off the maps' own.
    """
    if _outside_china(point):
        return point
    x, y = point.longitude - 105.0, point.latitude - 35.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + _waves(x, y)
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + _waves(x, x)
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    latitude = math.radians(point.latitude)
    magic = 1 - _ECCENTRICITY * math.sin(latitude) ** 2
    root = math.sqrt(magic)
    north = math.degrees(north / (_AXIS * (1 - _ECCENTRICITY) / (magic * root)))
    east = math.degrees(east / (_AXIS / root * math.cos(latitude)))
    return LatLon(point.latitude + north, point.longitude + east)


def _waves(x: float, along: float) -> float:
    """The sine terms that both directions share, then those along one axis."""
    shared = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    return shared + (20.0 * math.sin(along * math.pi) + 40.0 * math.sin(along / 3.0 * math.pi)) * 2.0 / 3.0


def gcj02_to_wgs84(point: LatLon) -> LatLon:
    """The inverse of `wgs84_to_gcj02`, by iteration, to 1e-9 degrees."""
    if _outside_china(point):
        return point
    guess = point
    for _ in range(20):
        shifted = wgs84_to_gcj02(guess)
        north, east = point.latitude - shifted.latitude, point.longitude - shifted.longitude
        guess = LatLon(guess.latitude + north, guess.longitude + east)
        if max(abs(north), abs(east)) < 1e-10:
            break
    return guess


def gcj02_to_bd09(point: LatLon) -> LatLon:
    """GCJ-02 to the coordinates of Baidu maps; same sources as `wgs84_to_gcj02`."""
    x, y = point.longitude, point.latitude
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _BD_PI)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _BD_PI)
    return LatLon(radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065)


def bd09_to_gcj02(point: LatLon) -> LatLon:
    """The inverse of `gcj02_to_bd09`, by iteration, to 1e-9 degrees."""
    guess = LatLon(point.latitude - 0.006, point.longitude - 0.0065)
    for _ in range(20):
        shifted = gcj02_to_bd09(guess)
        north, east = point.latitude - shifted.latitude, point.longitude - shifted.longitude
        guess = LatLon(guess.latitude + north, guess.longitude + east)
        if max(abs(north), abs(east)) < 1e-10:
            break
    return guess


def to_wgs84(point: LatLon, system: CoordinateSystem) -> LatLon:
    """`point`, given in `system`, in WGS-84."""
    if system == "bd09":
        point = bd09_to_gcj02(point)
    return point if system == "wgs84" else gcj02_to_wgs84(point)


def shift_that_explains(photo: LatLon, site: LatLon) -> ShiftHint | None:
    """Which forgotten conversion would bring photo and site together, if one would.

    It explains the distance when at most 100 m and at most a quarter of it remain.
    """
    apart = distance(photo, site)
    systems: tuple[CoordinateSystem, ...] = ("gcj02", "bd09")
    hints = [ShiftHint("photo", system, distance(to_wgs84(photo, system), site)) for system in systems]
    hints += [ShiftHint("site", system, distance(photo, to_wgs84(site, system))) for system in systems]
    best = min(hints, key=lambda hint: hint.rest)
    return best if best.rest <= min(_EXPLAINED_METRES, apart * _EXPLAINED_SHARE) else None


def _outside_china(point: LatLon) -> bool:
    return not (0.8293 <= point.latitude <= 55.8271 and 72.004 <= point.longitude <= 137.8347)


_WORDS: Final = (
    (r"北纬", "N"), (r"南纬", "S"), (r"东经", "E"), (r"西经", "W"), (r"纬度|latitude|lat\b", "Y"),
    (r"经度|longitude|lng\b|lon\b|long\b", "X"), (r"北", "N"), (r"南", "S"), (r"东", "E"), (r"西", "W"),
    (r"度", "°"), (r"分", "'"), (r"秒", '"'), ("[′’‘]", "'"), ("[″”“]|''", '"'), ("º|˚", "°"), (r"[:=：]", " "),
    (r"[,;、/|，；]", ","), ("−|–", "-"),
)  # fmt: skip
_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_COORDINATE: Final = re.compile(
    rf"""(?P<before>[NSEWXY])?\s*(?P<sign>[+-])?(?P<degrees>{_NUMBER})\s*(?P<degree_sign>°)?\s*
    (?:(?P<minutes>{_NUMBER})\s*(?:'|(?=\s|$|[NSEW,"]))\s*)?(?:(?P<seconds>{_NUMBER})\s*(?:"|(?=\s|$|[NSEW,]))\s*)?
    (?P<after>[NSEWXY])?""",
    re.VERBOSE,
)


def parse_position(text: str) -> LatLon:
    """The two coordinates in what a person typed, in the coordinate system in which they were typed.

    Decimal degrees or degrees, minutes and seconds; full-width digits; letters or Chinese words for the
    hemispheres in either order. Without them latitude comes first, unless only the other order is possible, as it
    always is in China. Two numbers without separator words need a comma or a blank between them.

    Raises:
        Refused: Not two coordinates, or not possible ones.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    for pattern, replacement in _WORDS:
        plain = re.sub(pattern, replacement, plain, flags=re.IGNORECASE)
    plain = plain.upper().strip(" ,()[]")
    for first, second in _halves(plain):
        matches = _COORDINATE.fullmatch(first), _COORDINATE.fullmatch(second)
        if matches[0] and matches[1]:
            point = _paired(_angle(matches[0]), _angle(matches[1]))
            if point is not None:
                return point
    raise Refused(
        f"看不懂坐标“{text[:60]}”：请写成 37.524,111.145 或 北纬37°31'26\" 东经111°08'42\"。",
        f"{text[:60]!r} is no position: write 37.524,111.145 or N37°31'26\" E111°08'42\".",
    )


def _halves(text: str) -> list[tuple[str, str]]:
    """The ways of cutting `text` in two: at its only comma, else at a blank or a letter, the middle first."""
    if len(text) > 120:
        return []
    if "," in text:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [(parts[0], parts[1])] if len(parts) == 2 else []
    cuts = [at for at in range(1, len(text)) if text[at - 1] in " NSEW\"'°" or text[at] in "NSEWXY"]
    halves = [(text[:at].strip(), text[at:].strip()) for at in cuts]
    balanced = [(a, b) for a, b in halves if a and b and len(re.findall(_NUMBER, a)) == len(re.findall(_NUMBER, b))]
    return list(dict.fromkeys(balanced))


class _Angle(NamedTuple):
    degrees: float
    axis: Literal["latitude", "longitude"] | None


def _angle(match: re.Match[str]) -> _Angle | None:
    letter = match["before"] or match["after"]
    if match["before"] and match["after"]:
        return None
    minutes, seconds = match["minutes"], match["seconds"]
    if (
        (minutes and "." in match["degrees"])
        or (seconds and "." in minutes)
        or (letter in set("NSEW") and match["sign"])
    ):
        return None
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        return None
    angle = float(match["degrees"]) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    negative = match["sign"] == "-" or letter in {"S", "W"}
    axis: Literal["latitude", "longitude"] | None = None
    if letter:
        axis = "latitude" if letter in "NSY" else "longitude"
    return _Angle(-angle if negative else angle, axis)


def _paired(first: _Angle | None, second: _Angle | None) -> LatLon | None:
    if first is None or second is None or (first.axis and first.axis == second.axis):
        return None
    swapped = first.axis == "longitude" or second.axis == "latitude"
    if first.axis is None and second.axis is None:
        swapped = abs(first.degrees) > 90
    if swapped:
        first, second = second, first
    if abs(first.degrees) > 90 or abs(second.degrees) > 180:
        return None
    return LatLon(first.degrees, second.degrees)
