"""A photo is weighed against its site, its visit and its earlier uses."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from inspect_tui.photos.assess import PriorUse, assess
from inspect_tui.photos.model import LatLon, Look
from inspect_tui.photos.positions import Box, wgs84_to_gcj02
from inspect_tui.photos.warning_texts import TEXTS, warn
from inspect_tui.texts import Text

SITE = LatLon(37.524, 111.145)
SHANGHAI = timezone(timedelta(hours=8))
VISIT = (datetime(2026, 9, 1, 9, tzinfo=SHANGHAI), datetime(2026, 9, 1, 11, tzinfo=SHANGHAI))


def photo(point: LatLon | None = SITE, taken_at: str | None = "2026-09-01T10:00:00+08:00", **more: str) -> Look:
    """A photo with only what matters here."""
    return Look(
        name="IMG_0001.jpg",
        sha256="a" * 64,
        size=1,
        media_type="image/jpeg",
        kind="image",
        latitude=point.latitude if point else None,
        longitude=point.longitude if point else None,
        position_state="exif" if point else "missing",
        taken_at=taken_at,
        gps_time=more.get("gps_time"),
        warnings=() if point else (warn("position_missing"),),
    )


def codes(*args: Look, **context: object) -> list[str]:
    """The codes of an assessment."""
    return [warning.code for warning in assess(*args, **context)]  # type: ignore[arg-type]


def test_a_fitting_photo_has_no_warnings() -> None:
    """Near the site, inside the area and the visit, used nowhere else: nothing to say."""
    assert codes(photo(), site_position=SITE, visit=VISIT, area=Box(110, 36, 113, 39)) == []


def test_far_says_how_far() -> None:
    """Farther than the limit is named in metres, in both languages; the limit is the caller's."""
    away = photo(LatLon(37.534, 111.145))
    (warning,) = assess(away, site_position=SITE)
    assert warning.code == "far"
    assert "1112" in warning.text.zh
    assert "1112 m" in warning.text.en
    assert codes(away, site_position=SITE, far_m=2000) == []


def test_far_by_a_forgotten_shift_says_so() -> None:
    """A distance that GCJ-02 explains is said to be one."""
    (warning,) = assess(photo(wgs84_to_gcj02(SITE)), site_position=SITE)
    assert warning.code == "far_shift"
    assert "GCJ-02" in warning.text.zh
    assert "the photo's" in warning.text.en


def test_outside_the_area() -> None:
    """Outside the area's box or boundary is named."""
    assert codes(photo(), area=Box(116, 39, 117, 40)) == ["outside_area"]


@pytest.mark.parametrize(
    ("taken_at", "outside"),
    [
        ("2026-09-01T10:00:00+08:00", False),
        ("2026-09-01T02:00:00+00:00", False),
        ("2026-09-01T10:00:00", False),
        ("2026-09-01T10:00:00.978", False),
        ("2026-09-01T10:00:00+00:00", True),
        ("2026-09-01T08:59:59", True),
        ("2026-08-31T10:00:00+08:00", True),
    ],
)
def test_outside_the_visit(taken_at: str, *, outside: bool) -> None:
    """Times are compared with their zones; one without is read in the visit's."""
    assert codes(photo(taken_at=taken_at), visit=VISIT) == (["outside_visit"] if outside else [])


def test_clock_in_another_zone_than_the_visit() -> None:
    """A camera set to another zone betrays itself by its satellite time."""
    off = photo(taken_at="2026-09-01T10:00:00", gps_time="2026-09-01T03:00:00Z")
    assert codes(off, visit=VISIT) == ["clock_off"]
    right = photo(taken_at="2026-09-01T10:00:00", gps_time="2026-09-01T01:59:30Z")
    assert codes(right, visit=VISIT) == []


def test_reused_and_similar_say_where() -> None:
    """The same bytes and a like picture are told apart, each with the place of its other use."""
    uses = [
        PriorUse("a" * 64, "0f0f0f0f0f0f0f0f", Text("检查甲", "inspection A")),
        PriorUse("b" * 64, "0f0f0f0f0f0f0f0e", "检查乙"),
        PriorUse("c" * 64, "f0f0f0f0f0f0f0f0", "检查丙"),
        PriorUse("d" * 64, None, "检查丁"),
    ]
    warnings = assess(photo(), elsewhere=uses, phash="0f0f0f0f0f0f0f0f")
    assert [warning.code for warning in warnings] == ["reused", "similar"]
    assert "检查甲" in warnings[0].text.zh
    assert "inspection A" in warnings[0].text.en
    assert "检查乙" in warnings[1].text.zh


def test_a_typed_position_stands_in() -> None:
    """A position given by hand replaces the missing one and is judged instead."""
    assert codes(photo(None)) == ["position_missing"]
    assert codes(photo(None), site_position=SITE, position=SITE) == []
    assert codes(photo(None), site_position=SITE, position=LatLon(37.0, 111.0)) == ["far"]


def test_every_warning_has_both_languages() -> None:
    """Each sentence exists in Chinese and English with the same fields."""
    from string import Formatter

    for code, text in TEXTS.items():
        zh, en = ({field for _, field, _, _ in Formatter().parse(side) if field} for side in text)
        assert zh == en, code
