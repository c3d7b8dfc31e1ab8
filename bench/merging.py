"""Databases to be merged: 100,000 new findings of one device, and as many later changes of them."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import house, logs
from bench.harness import copied
from sync.changeset import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.harness import Bench

FULL: Final = 100_000
QUICK: Final = 10_000
ROUNDS: Final = 5
WRITER: Final = "inspector"


def count(bench: Bench) -> int:
    """How many findings."""
    return bench.size(FULL, QUICK)


def new_findings(bench: Bench) -> Path:
    """A database file with that many findings of one device, one changeset each."""

    def build(path: Path) -> None:
        logs.write_log(path, logs.Writer(WRITER), creations(count(bench)))

    return bench.once("new.db", build)


def updated_findings(bench: Bench) -> Path:
    """The same file after each finding was changed once."""
    new = new_findings(bench)

    def build(path: Path) -> None:
        copied(new, path)
        logs.write_log(path, logs.resumed(new, WRITER), _updates(logs.versions(new)))

    return bench.once("updated.db", build)


def merged_before(bench: Bench) -> Path:
    """A replica that has merged the new findings and none of their changes."""
    new = new_findings(bench)

    def build(path: Path) -> None:
        with contextlib.closing(logs.new_replica(path)) as here:
            logs.merge(here, new)

    return bench.once("merged.db", build)


def creations(number: int) -> Iterator[Change]:
    """The changes that create so many findings."""
    for index, said in enumerate(house.many(_sets(), number)):
        yield Change(house.row_id(3, index), {}, said, "findings")


def _sets() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, house.make_workspace(Path(folder) / "workspace") as workspace:
        house.furnish(workspace)
        return house.finding_sets(workspace)


def _updates(created: list[str]) -> Iterator[Change]:
    """What happens to a finding later: a text is put right, the site replies, the date is put off."""
    kinds = itertools.cycle(range(3))
    for index, (version, kind) in enumerate(zip(created, kinds, strict=False)):
        cells: dict[str, Any]
        if kind == 0:
            cells = {
                "description": f"{house.DESCRIPTIONS[index % len(house.DESCRIPTIONS)]}（复核后更正，{index}）",
                "severity": "major",
            }
        elif kind == 1:
            cells = {"status": {"status": "replied", "status_at": "2026-11-28T02:15:00Z"}}
        else:
            cells = {"due_date": {"due_date": "2026-12-31", "due_reason": "雨雪天气，物料到场推迟"}}
        yield Change(house.row_id(3, index), {cell: [version] for cell in cells}, cells, "findings")


def merge_into(here: Path, source: Path, expected: int) -> float:
    """Seconds for merging a database file into a replica; nothing counts unless every change came in."""
    replica = logs.open_replica(here)
    with contextlib.closing(replica):
        start = time.perf_counter()
        done = logs.merge(replica, source)
        seconds = time.perf_counter() - start
    assert (done.received.appended, done.received.held, done.received.refused) == (expected, 0, [])
    return seconds
