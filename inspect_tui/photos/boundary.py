"""The boundary of an area as the user supplies it, in GeoJSON; decides better than a box where a photo was taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inspect_tui.photos.bounded import opened
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tui.photos.model import LatLon

_LARGEST: Final = 64 << 20
Ring = list[tuple[float, float]]


class Boundary(NamedTuple):
    """Polygons in WGS-84; each an outer ring and its holes, as (longitude, latitude)."""

    polygons: list[list[Ring]]

    def contains(self, point: LatLon) -> bool:
        """Whether `point` lies in any polygon and not in its holes, by counting crossings (even-odd rule)."""
        return any(
            sum(_crossings(ring, point.longitude, point.latitude) for ring in polygon) % 2 == 1
            for polygon in self.polygons
        )


def load_boundary(path: Path) -> Boundary:
    """The polygons of a GeoJSON file (RFC 7946): a geometry, a feature, or a collection of them.

    Raises:
        Refused: Not readable, not GeoJSON, without a polygon, or with coordinates that are no degrees.
    """
    with opened(path) as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise Refused(
            f"边界文件 {path.name} 过大（上限 64 MB）。", f"{path.name} is too large for a boundary (64 MB)."
        )
    try:
        polygons = [_polygon(rings) for rings in _rings(json.loads(raw))]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _not_a_boundary(path) from error
    if not polygons:
        raise _not_a_boundary(path)
    return Boundary(polygons)


def _not_a_boundary(path: Path) -> Refused:
    return Refused(
        f"{path.name} 不是可用的边界文件：需要含多边形、经纬度坐标的 GeoJSON。",
        f"{path.name} is no boundary: GeoJSON with polygons in degrees is needed.",
    )


def _rings(node: dict[str, Any]) -> Iterator[list[Any]]:
    kind = node["type"]
    if kind == "FeatureCollection":
        for feature in node["features"]:
            yield from _rings(feature)
    elif kind == "Feature":
        if node["geometry"] is not None:
            yield from _rings(node["geometry"])
    elif kind == "GeometryCollection":
        for geometry in node["geometries"]:
            yield from _rings(geometry)
    elif kind == "Polygon":
        yield node["coordinates"]
    elif kind == "MultiPolygon":
        yield from node["coordinates"]


def _polygon(rings: list[Any]) -> list[Ring]:
    polygon = [[(float(point[0]), float(point[1])) for point in ring] for ring in rings]
    for ring in polygon:
        if len(ring) < 4 or not all(abs(east) <= 180 and abs(north) <= 90 for east, north in ring):
            raise ValueError("not a ring of degrees")
    return polygon


def _crossings(ring: Ring, east: float, north: float) -> int:
    """How often a ray to the east crosses the ring."""
    crossings = 0
    for (east_a, north_a), (east_b, north_b) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (north_a > north) != (north_b > north):
            crossings += east < (east_b - east_a) * (north - north_a) / (north_b - north_a) + east_a
    return crossings
