"""`photo check` without a workspace, made photos, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import msgspec
import pytest

from inspect_tui.photos.check import CheckRow, check
from inspect_tui.photos.look import look
from inspect_tui.photos.synthetic import make_photo
from inspect_tui.photos.warning_texts import LABELS, TEXTS, label
from inspect_tui.texts import Refused
from tests.inspect_tui.photos import builders as make

if TYPE_CHECKING:
    from pathlib import Path

TAKEN = datetime(2026, 9, 1, 6, 20, 30, 250_000, tzinfo=timezone(timedelta(hours=8)))


def test_rows_have_the_promised_names() -> None:
    """Scripts rely on these names in this order."""
    assert CheckRow.__struct_fields__ == (
        "path", "sha256", "latitude", "longitude", "altitude", "position_source", "taken_at", "orientation", "camera",
        "warnings",
    )  # fmt: skip


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    """Files of a folder and its folders come sorted; unreadable ones are rows with a warning."""
    for name in ("b/2.jpg", "b/1.jpg", "a.jpg", "c/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(make.jpeg(make.good_tiff()))
    rows = list(check([tmp_path, tmp_path / "gone.jpg"]))
    names = [row.path.removeprefix(str(tmp_path) + "/") for row in rows]
    assert names == ["a.jpg", "b/1.jpg", "b/2.jpg", "c/notes.txt", "gone.jpg"]
    assert rows[0].latitude == make.NORTH_EAST[0]
    assert rows[-1].warnings == ["cannot_read"]
    assert rows[-1].sha256 is None


def test_rows_are_json(tmp_path: Path) -> None:
    """A row becomes JSON with null where nothing is known."""
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    (row,) = check([tmp_path / "letter.pdf"])
    plain = msgspec.json.decode(msgspec.json.encode(row))
    assert plain["latitude"] is None
    assert plain["orientation"] is None
    assert plain["warnings"] == []


def test_a_photo_from_the_future_is_named(tmp_path: Path) -> None:
    """Ahead of this computer's clock, zones and slack allowed for, is said; a photo of just now is not."""
    now = datetime.now(TAKEN.tzinfo)
    for name, taken in (
        ("now.jpg", now),
        ("ahead.jpg", now + timedelta(hours=1)),
        ("old.jpg", TAKEN.replace(year=2024)),
    ):
        make_photo(tmp_path / name, latitude=37.5, longitude=111.1, taken_at=taken, size=(320, 240))
    warned = {row.path.rsplit("/", 1)[-1]: "future" in row.warnings for row in check([tmp_path])}
    assert warned == {"now.jpg": False, "ahead.jpg": True, "old.jpg": False}


def test_what_is_no_image_is_said_to_be_none(tmp_path: Path) -> None:
    """Text and tables are named; a PDF is evidence of another kind."""
    for name in ("notes.md", "list.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    assert [row.warnings for row in check([tmp_path])] == [[], ["not_image"], ["not_image"]]


def test_every_warning_has_a_few_words_for_a_table() -> None:
    """Each code has a label beside its sentence, and no label is about a code that is not there."""
    assert LABELS.keys() == TEXTS.keys()
    assert label("newer") == ("newer", "newer")


def test_a_made_photo_reads_back(tmp_path: Path) -> None:
    """A synthetic photo says exactly what it was given, and raises no warning."""
    path = tmp_path / "IMG_0001.jpg"
    make_photo(
        path, latitude=37.524, longitude=111.145, altitude=942.5, taken_at=TAKEN, text="离石 6#", orientation=6
    )
    seen = look(path)
    assert seen.position == (37.524, 111.145)
    assert seen.altitude == 942.5
    assert seen.taken_at == "2026-09-01T06:20:30.250+08:00"
    assert seen.gps_time == "2026-08-31T22:20:30Z"
    assert (seen.camera, seen.orientation, seen.datum) == ("HUAWEI ELE-L29", 6, "WGS-84")
    assert seen.warnings == ()


def test_made_photos_can_be_repeated(tmp_path: Path) -> None:
    """The same arguments give the same bytes, another seed others; no position stays none."""
    for name, seed in (("a.jpg", 1), ("b.jpg", 1), ("c.jpg", 2)):
        make_photo(tmp_path / name, latitude=None, longitude=None, seed=seed, size=(320, 240))
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.jpg", "b.jpg", "c.jpg"))
    assert a == b != c
    assert look(tmp_path / "a.jpg").position_state == "missing"


def test_a_photo_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is a refusal by name."""
    with pytest.raises(Refused, match=r"a\.jpg"):
        make_photo(tmp_path / "none" / "a.jpg", latitude=None, longitude=None)


@pytest.mark.parametrize(
    "module",
    ["photos", "photos.model", "photos.assess", "photos.positions", "photos.store", "photos.warning_texts"],
)
def test_light_modules_import_no_image_library(module: str) -> None:
    """What the screens import at the start loads neither Pillow nor exifread."""
    code = f"import sys, inspect_tui.{module}; print([m for m in ('PIL', 'exifread', 'pillow_heif') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
