"""Distances, shifted map coordinates, typed coordinates and boundaries."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.photos import positions
from inspect_tui.photos.boundary import load_boundary
from inspect_tui.photos.model import LatLon
from inspect_tui.photos.positions import Box, distance, parse_position, shift_that_explains
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path

LISHI = LatLon(37.524, 111.145)
IN_CHINA = st.builds(LatLon, st.floats(18.5, 53), st.floats(74, 134))


def test_distance() -> None:
    """One degree of the meridian is 111.2 km, and a short step is right to a metre."""
    assert distance(LatLon(37, 111), LatLon(38, 111)) == pytest.approx(111_195, abs=1)
    assert distance(LISHI, LISHI) == 0
    assert distance(LatLon(0, 180), LatLon(0, -180)) == pytest.approx(0, abs=1e-6)
    assert distance(LatLon(90, 0), LatLon(-90, 0)) == pytest.approx(math.pi * 6_371_008.8)


def test_gcj_known_values() -> None:
    """The shift agrees with the published test vector of eviltransform."""
    shifted = positions.wgs84_to_gcj02(LatLon(31.1774276, 121.5272106))
    assert shifted == pytest.approx((31.17530398364597, 121.531541859215), abs=1e-10)


def test_nothing_is_shifted_outside_china() -> None:
    """The transformation is defined for China only."""
    assert positions.wgs84_to_gcj02(LatLon(48.85, 2.35)) == (48.85, 2.35)


@given(IN_CHINA)
def test_shifts_can_be_undone(point: LatLon) -> None:
    """GCJ-02 and BD-09 come back to the same WGS-84 point, to far below a millimetre."""
    gcj = positions.wgs84_to_gcj02(point)
    assert positions.to_wgs84(gcj, "gcj02") == pytest.approx(point, abs=1e-9)
    assert positions.to_wgs84(positions.gcj02_to_bd09(gcj), "bd09") == pytest.approx(point, abs=1e-9)
    assert positions.to_wgs84(point, "wgs84") == point


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_forgotten_shift_is_recognised(system: positions.CoordinateSystem) -> None:
    """A distance that one conversion explains is said to be one, and whose; any other is not."""
    shifted = positions.wgs84_to_gcj02(LISHI)
    if system == "bd09":
        shifted = positions.gcj02_to_bd09(shifted)
    near = LatLon(LISHI.latitude + 0.0003, LISHI.longitude)
    hint = shift_that_explains(shifted, near)
    assert hint is not None
    assert (hint.side, hint.system) == ("photo", system)
    assert hint.rest == pytest.approx(33, abs=2)
    hint = shift_that_explains(near, shifted)
    assert hint is not None
    assert (hint.side, hint.system) == ("site", system)
    assert shift_that_explains(LatLon(37.53, 111.14), LISHI) is None


TYPED = [
    "37.524,111.145",
    "111.145,37.524",
    "37.524 111.145",
    "３７．５２４，１１１．１４５",
    "(37.524, 111.145)",
    "37.524;111.145",
    "37.524°，111.145°",
    "N37.524 E111.145",
    "E111.145 N37.524",
    "37.524N,111.145E",
    "37°31'26.4\"N 111°8'42\"E",
    "N37°31′26.4″E111°08′42″",
    "37°31.44'N 111°8.7'E",
    "37 31 26.4 N 111 8 42 E",
    "37 31 26.4 111 8 42",
    "北纬37°31′26.4″ 东经111°08′42″",
    "东经111度8分42秒，北纬37度31分26.4秒",
    "北纬37.524度东经111.145度",
    "纬度：37.524 经度：111.145",
    "经度111.145，纬度37.524",
    "lat 37.524 lon 111.145",
]


@pytest.mark.parametrize("text", TYPED)
def test_typed_positions(text: str) -> None:
    """Every usual way of writing the same place is understood."""
    assert parse_position(text) == pytest.approx(LISHI, abs=1e-9)


def test_southern_and_western_positions() -> None:
    """Letters and signs turn the coordinates negative."""
    assert parse_position("33.9S 18.4W") == (-33.9, -18.4)
    assert parse_position("-33.9,-18.4") == (-33.9, -18.4)


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "37.5", "200,300", "91,91", "37°61'0\"N 111°E", "N37 N111", "37.5,111.1,3", "37.5.5,111", "nan,nan",
        "N-37,111", "37°31.5'26\"N 111°E", "1e5,3", "37.5N 111.1E 5", "37,524 111,145", "9" * 5000, "37.5，", "inf,1",
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    """What is not two possible coordinates is refused with an example."""
    with pytest.raises(Refused, match=r"37\.524"):
        parse_position(text)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_decimal_degrees_round_trip(latitude: float, longitude: float) -> None:
    """Coordinates written out with letters come back."""
    text = (
        f"{abs(latitude):.6f}{'N' if latitude >= 0 else 'S'} {abs(longitude):.6f}{'E' if longitude >= 0 else 'W'}"
    )
    assert parse_position(text) == pytest.approx((latitude, longitude), abs=1e-6)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything else or gives an impossible point."""
    try:
        point = parse_position(text)
    except Refused:
        return
    assert abs(point.latitude) <= 90
    assert abs(point.longitude) <= 180


def test_box() -> None:
    """A box contains what lies inside or on its edge."""
    box = Box(110.2, 36.6, 112.5, 38.9)
    assert box.contains(LISHI)
    assert box.contains(LatLon(36.6, 110.2))
    assert not box.contains(LatLon(39.9, 116.4))


SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [[[20, 20], [21, 20], [21, 21], [20, 20]]]]},
        {"type": "Feature", "properties": None, "geometry": {"type": "Polygon", "coordinates": [SQUARE, HOLE]}},
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": None},
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "GeometryCollection",
                        "geometries": [{"type": "Polygon", "coordinates": [SQUARE, HOLE]}],
                    },
                },
            ],
        },
    ],
)
def test_boundary(tmp_path: Path, document: object) -> None:
    """Points inside are contained, points outside and in holes are not, in every form of GeoJSON."""
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps(document), encoding="utf-8")
    area = load_boundary(path)
    assert area.contains(LatLon(2, 2))
    assert not area.contains(LatLon(5, 5))
    assert not area.contains(LatLon(15, 5))
    assert not area.contains(LatLon(5, -1))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "\x00", '{"type":"Point","coordinates":[1,2]}', '{"type":"Polygon","coordinates":[[[0,0]]]}',
     '{"type":"Polygon","coordinates":[[[0,0],[1e6,0],[1,1],[0,0]]]}', "[" * 100_000],
)  # fmt: skip
def test_a_useless_boundary_is_refused(tmp_path: Path, text: str) -> None:
    """A file without usable polygons is refused by name."""
    path = tmp_path / "area.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"area\.geojson"):
        load_boundary(path)
