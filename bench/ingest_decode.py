"""Ingest of 200 photos, against the least that a thumbnail costs: decoding each at an eighth of its size."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from PIL import Image

from bench import ingesting
from bench.harness import in_turns, ratio, say, settle

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench


def measure(bench: Bench) -> float:
    """The floor keeps nothing of what it decodes; it works on as many threads as there are cores."""
    paths = ingesting.photos(bench)
    say(ingesting.told(paths))

    def floor(_: int) -> float:
        settle()
        start = time.perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            assert all(pool.map(_decode, paths))
        return time.perf_counter() - start

    runs = in_turns(
        ingesting.ROUNDS,
        ("ingest", lambda _: ingesting.take_in(bench, paths)),
        ("floor: DCT-scaled decode alone", floor),
    )
    return ratio(*runs, count=len(paths), what="photos")


def _decode(path: Path) -> bool:
    """Whether the picture came out an eighth as large."""
    with Image.open(path) as image:
        width = image.width
        image.draft("RGB", (image.width // 8, image.height // 8))
        image.load()
        return image.width == width // 8
