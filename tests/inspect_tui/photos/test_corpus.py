"""Real photos against the truth about them: position, time and orientation, in bounded time and memory.

The folder is given by `INSPECT_TUI_PHOTO_CORPUS` and holds the files and a `truth.csv` made with ExifTool.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

CORPUS = os.environ.get("INSPECT_TUI_PHOTO_CORPUS")
SECONDS, MEGABYTES = 2.0, 500
STAMP = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)?([+-]\d\d:\d\d)?")
NOTED = re.compile(r"\((?:exifread )?(?:reads )?(-?\d+\.\d+), ?(-?\d+\.\d+)\)")

CHILD = """
import json, sys, time
from pathlib import Path
import msgspec
from inspect_tui.photos.pixels import picture
began = time.perf_counter()
look, decoded = picture(Path(sys.argv[1]))
seconds = time.perf_counter() - began
import re, resource
# The high-water mark of this program alone: the one of getrusage includes what it was forked from.
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
plain = {name: getattr(look, name) for name in ("latitude", "longitude", "taken_at", "orientation", "kind")}
codes = [warning.code for warning in look.warnings + decoded.warnings]
print(json.dumps(plain | {"seconds": seconds, "peak": peak / 1024, "codes": codes, "thumbnail": bool(decoded.thumbnail)}))
"""


def examined(path: Path) -> dict[str, Any]:
    """What a process of its own finds in one file, and what that cost it."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{path.name}: {done.stderr}"
    assert done.stderr == "", f"{path.name} wrote to the terminal: {done.stderr}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def true_position(row: dict[str, str]) -> tuple[float, float] | None:
    """The position as the truth has it, corrected by its note."""
    if note := NOTED.search(row["truth_note"]):
        return float(note[1]), float(note[2])
    if row["gps_class"] != "valid" or row["truth_note"].startswith("8 garbage"):
        return None
    return float(row["GPSLatitude"]), float(row["GPSLongitude"])


def true_time(row: dict[str, str]) -> str | None:
    """The time as the truth has it; where ExifTool gave up on the file, as exifread has it."""
    match = STAMP.fullmatch(row["DateTimeOriginal"])
    gave_up = "JPEG format error" in row["et_warning"] or "exiftool reads nothing" in row["truth_note"]
    if match is None and gave_up:
        match = STAMP.fullmatch(row["exifread_DateTimeOriginal"])
    if match is None or match[1] == "0000":
        return None
    offset = match[5] or (
        row["OffsetTimeOriginal"] if re.fullmatch(r"[+-]\d\d:\d\d", row["OffsetTimeOriginal"]) else ""
    )
    return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}{offset}"


def faults(row: dict[str, str], found: dict[str, Any]) -> list[str]:
    """Where the finding differs from the truth, or cost too much."""
    wrong: list[str] = []
    expected, got = true_position(row), (found["latitude"], found["longitude"])
    near = 1e-3 if expected and row["truth_note"] else 1e-5
    if expected is None:
        if got != (None, None):
            wrong.append(f"position {got}, truth has none")
    elif None in got or max(abs(a - b) for a, b in zip(expected, got, strict=True)) > near:
        wrong.append(f"position {got}, truth {expected}")
    taken = re.sub(r"\.\d+", "", found["taken_at"] or "") or None
    if taken != true_time(row):
        wrong.append(f"time {taken}, truth {true_time(row)}")
    orientation = int(row["Orientation"]) if row["Orientation"] in set("12345678") else 1
    if found["orientation"] != orientation:
        wrong.append(f"orientation {found['orientation']}, truth {orientation}")
    if found["seconds"] > SECONDS:
        wrong.append(f"{found['seconds']:.2f} s")
    if found["peak"] > MEGABYTES:
        wrong.append(f"{found['peak']:.0f} MB")
    return wrong


@pytest.mark.skipif(CORPUS is None, reason="INSPECT_TUI_PHOTO_CORPUS names no folder of real photos")
def test_real_photos_agree_with_the_truth(capsys: pytest.CaptureFixture[str]) -> None:
    """Every file agrees with the truth, raises nothing, and stays within 2 s and 500 MB."""
    folder = Path(CORPUS or "")
    wrong: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    slowest, largest = (0.0, ""), (0.0, "")
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        found = examined(folder / row["file"])
        if differences := faults(row, found):
            wrong[row["file"]] = differences
        counts["files"] += 1
        counts["with position"] += found["latitude"] is not None
        counts["with time"] += found["taken_at"] is not None
        counts["turned"] += found["orientation"] != 1
        counts["with thumbnail"] += found["thumbnail"]
        counts.update(f"warning {code}" for code in set(found["codes"]))
        slowest = max(slowest, (found["seconds"], row["file"]))
        largest = max(largest, (found["peak"], row["file"]))
    with capsys.disabled():
        print()
        for name, count in sorted(counts.items()):
            print(f"  {name}: {count}")
        print(f"  agreeing: {len(rows) - len(wrong)} of {len(rows)}")
        print(f"  slowest: {slowest[0]:.2f} s, {slowest[1]}")
        print(f"  largest: {largest[0]:.0f} MB, {largest[1]}")
    assert not wrong
