"""CSV of 1,000,000 findings, against the sqlite3 shell writing the same columns and joins."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from bench import large
from bench.harness import in_turns, ratio, say, settle
from bench.tools import need
from inspect_tui.records.workspace import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench, Timed

FULL: Final = 1_000_000
QUICK: Final = 200_000
ROUNDS: Final = 3
GROWTH_KIB: Final = 16 * 1024
"""What memory may grow by between 100,000 rows and all of them and still be called constant."""
_ZONED: Final = "strftime('%Y-%m-%dT%H:%M:%S+08:00', {0}, '+8 hours')"
_PHOTOS: Final = (
    "(SELECT {0} FROM photos AS p WHERE p.inspection = f.inspection AND p.item = f.item AND p.void_at IS NULL"
    " AND p.follow_up IS NULL AND (p.finding IS NULL OR p.finding = f.id))"
)
_COLUMNS: Final = (
    "f.id, f.inspection, f.area, a.name, f.site, s.name, s.kind, s.uscc, f.checklist, f.checklist_version, f.item,"
    " f.item_title, f.legal_basis, f.plan_section, f.severity, f.description, f.competent_authority, f.disposal,"
    " f.transfer_to, coalesce(f.value, '<' || f.below_detection), f.unit, f.limit_value, f.exceedance, f.status,"
    f" {_ZONED.format('f.found_at')}, f.due_date, {_ZONED.format('f.closed_at')},"
    " CASE WHEN f.status IN ('open', 'replied') AND f.due_date < date('now', '+8 hours')"
    " THEN CAST(julianday('now', '+8 hours') - julianday(f.due_date) AS INTEGER) ELSE 0 END,"
    " f.longitude, f.latitude, f.position_source, f.inspectors, f.badges, f.device"
)


def query(areas: dict[str, str], photos: str) -> str:
    """What somebody would type at the shell for the columns of the findings CSV.

    Args:
        areas: Code → name; the database does not hold them.
        photos: The expressions for number, hashes and warnings of a finding's photos.
    """
    values = ", ".join(f"('{code}', '{name}')" for code, name in areas.items())
    return (
        f"WITH a (code, name) AS MATERIALIZED (VALUES {values}) SELECT {_COLUMNS}, {photos}, f.conflict"
        " FROM findings AS f LEFT JOIN sites AS s ON s.id = f.site LEFT JOIN a ON a.code = f.area ORDER BY f.id"
    )


def measure(bench: Bench) -> float:
    """Both are whole processes, from start to end; ours guards every cell, syncs the file and renames it."""
    need("sqlite3")
    count = bench.size(FULL, QUICK)
    folder = large.workspace(bench, count)
    memory: list[tuple[int, int]] = []

    def ours(_: int) -> float:
        target = bench.fresh("ours.csv")
        settle()
        start = time.perf_counter()
        command = [sys.executable, "-m", "bench.exporting", str(folder), str(target)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - start
        rows, early, late = json.loads(said)
        assert rows == count
        memory.append((early, late))
        return seconds

    shell = _shell(bench, folder, count)
    runs = in_turns(ROUNDS, ("export csv", ours), ("sqlite3 -csv", shell))
    early, late = memory[-1]
    say(f"  memory: {early / 1024:.1f} MiB after 100,000 rows, {late / 1024:.1f} MiB after {count:,}")
    value = ratio(*runs, count=count, what="rows")
    if late - early > GROWTH_KIB:
        say("  memory grows with the number of rows")
        return math.inf
    return value


def _shell(bench: Bench, folder: Path, count: int) -> Timed:
    """The shell's run: photos as one subquery for all three of their columns, the quickest way for it."""
    from checklists.catalogue import load_catalogue

    areas = {code: area.name.zh for code, area in load_catalogue().areas.items()}
    photos = _PHOTOS.format(
        "count(*) || ',' || coalesce(group_concat(p.sha256, ';'), '') || ','"
        " || coalesce(group_concat(nullif(p.warning_codes, ''), ';'), '')"
    )
    command = ["sqlite3", "-readonly", "-csv", str(folder / DATABASE), query(areas, photos)]

    def run(_: int) -> float:
        target = bench.fresh("shell.csv")
        settle()
        start = time.perf_counter()
        with target.open("wb") as file:
            subprocess.run(command, check=True, stdout=file)
        seconds = time.perf_counter() - start
        assert target.stat().st_size > 100 * count
        return seconds

    return run
