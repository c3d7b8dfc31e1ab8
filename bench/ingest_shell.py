"""Ingest of 200 photos, against what a shell does for the same: cp, sha256sum, exiftool, vipsthumbnail."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Final

from bench import ingesting
from bench.harness import in_turns, ratio, say, settle
from bench.tools import need

if TYPE_CHECKING:
    from bench.harness import Bench

SCRIPT: Final = """
set -e
cp "$1"/*.jpg "$2"/photos/
sha256sum "$2"/photos/*.jpg > "$2"/sha256.txt
exiftool -q -csv -r "$2"/photos > "$2"/exif.csv
vipsthumbnail "$2"/photos/*.jpg -s 512 -o "$2"/thumbnails/%s.jpg
"""


def measure(bench: Bench) -> float:
    """The shell syncs nothing and logs nothing; ours does both."""
    need("exiftool", "vipsthumbnail", "sha256sum")
    paths = ingesting.photos(bench)
    say(ingesting.told(paths))

    def shell(_: int) -> float:
        target = bench.fresh("shell")
        for name in ("photos", "thumbnails"):
            (target / name).mkdir(parents=True)
        settle()
        start = time.perf_counter()
        subprocess.run(["sh", "-c", SCRIPT, "sh", str(paths[0].parent), str(target)], check=True)
        seconds = time.perf_counter() - start
        assert len(list((target / "thumbnails").iterdir())) == len(paths)
        return seconds

    runs = in_turns(
        ingesting.ROUNDS,
        ("ingest", lambda _: ingesting.take_in(bench, paths)),
        ("cp, sha256sum, exiftool, vips", shell),
    )
    return ratio(*runs, count=len(paths), what="photos")
