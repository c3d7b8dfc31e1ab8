"""Photos as a camera card holds them, and the product taking them in."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Final

from bench import house
from bench.harness import settle
from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records.attach import attach

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench

FULL: Final = 200
QUICK: Final = 24
SCENES: Final = 20
ROUNDS: Final = 3
SIZE: Final = (4000, 3000)
GRAIN: Final = 0.1
QUALITY: Final = 90


def photos(bench: Bench) -> list[Path]:
    """So many twelve-megapixel JPEGs of about 3.8 MB, no two of the same bytes; a few scenes serve for all."""
    count = bench.size(FULL, QUICK)

    def build(folder: Path) -> None:
        folder.mkdir()
        for scene in range(min(SCENES, count)):
            made = folder / "scene.jpg"
            make_photo(
                made,
                latitude=37.5189 + scene * 1e-5,
                longitude=111.1502,
                altitude=945,
                taken_at=house.VISIT + dt.timedelta(minutes=scene),
                text=f"scene {scene}",
                size=SIZE,
                seed=scene,
                grain=GRAIN,
                quality=QUALITY,
            )
            data = made.read_bytes()
            made.unlink()
            for number in range(scene, count, SCENES):
                (folder / f"IMG_{number:04d}.jpg").write_bytes(_apart(data, number))

    folder = bench.once("card", build)
    return sorted(folder.glob("*.jpg"))


def _apart(data: bytes, number: int) -> bytes:
    """The same picture with a comment after its EXIF, so that the bytes are others."""
    end = 4 + int.from_bytes(data[4:6])
    comment = f"frame {number}".encode()
    return data[:end] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + data[end:]


def take_in(bench: Bench, paths: list[Path]) -> float:
    """Seconds until all photos are attached to an item of a new workspace, on disk and in the log."""
    folder = bench.fresh("ingest")
    with house.make_workspace(folder) as workspace:
        inspection = house.open_inspections(workspace)[0]
        item = house.items(workspace, inspection)[0]
        settle()
        start = time.perf_counter()
        attached = attach(workspace, inspection, item, paths)
        seconds = time.perf_counter() - start
        thumbnails = len(list((folder / "thumbnails").iterdir()))
        hashes = workspace.select("SELECT count(DISTINCT sha256) FROM photos WHERE phash IS NOT NULL")[0][0]
    assert len(attached) == len(paths) == thumbnails == hashes
    return seconds


def told(paths: list[Path]) -> str:
    """What was measured."""
    megabytes = sum(path.stat().st_size for path in paths) / len(paths) / 1e6
    return f"  {len(paths)} JPEGs of {SIZE[0]} by {SIZE[1]} pixels, {megabytes:.1f} MB each"
