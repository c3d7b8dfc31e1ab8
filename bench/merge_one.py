"""Merging one finding into a log of 1,000,000 changesets, against merging one into 1,000."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from typing import TYPE_CHECKING, Any, Final

from bench import house, logs, merging
from bench.harness import copied, in_turns, ratio, say, settle
from sync.changeset import Change
from sync.exchange import exchange
from sync.ids import derived_id
from sync.peers import open_peer
from sync.replica import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.harness import Bench

FULL: Final = 1_000_000
QUICK: Final = 50_000
FEW: Final = 1_000
ROUNDS: Final = 30
LAPTOPS: Final = ("laptop-1", "laptop-2")
NEIGHBOUR: Final = "neighbour"


def measure(bench: Bench) -> float:
    """Two laptops with the same log; one writes a finding, the other opens its database, merges and closes it."""
    count = bench.size(FULL, QUICK)
    finding = next(merging.creations(1)).set
    sides = []
    for name, length in (("many", count), ("few", FEW)):
        here = replica(bench, length)
        theirs = copied(here, bench.scratch / f"theirs-{name}.db")
        sides.append((here, theirs))
        say(f"  {length:,} changesets: {here.stat().st_size / 1e6:,.0f} MB")

    def one(side: int, number: int) -> float:
        here, theirs = sides[side]
        with contextlib.closing(logs.open_replica(theirs, NEIGHBOUR)) as neighbour:
            edit = Edit("findings", derived_id("bench", str(side), str(number)), finding)
            neighbour.write(house.AREA, [edit], officer=house.BADGE)
        settle()
        start = time.perf_counter()
        with contextlib.closing(logs.open_replica(here)) as opened, open_peer(theirs) as peer:
            done = exchange(opened, peer)
        seconds = time.perf_counter() - start
        assert done.received.appended == 1
        return seconds

    for side in range(len(sides)):
        one(side, -1)  # brings the neighbour's certificate
    runs = in_turns(
        bench.size(ROUNDS, 5),
        ("one finding into many changesets", lambda number: one(0, number)),
        ("one finding into few changesets", lambda number: one(1, number)),
    )
    return ratio(*runs)


def replica(bench: Bench, length: int) -> Path:
    """A replica whose log has so many changesets, half by each of two laptops: answers, as most of a log is."""

    def build(path: Path) -> None:
        sources = [bench.fresh(f"{name}-{length}.db") for name in LAPTOPS]
        jobs = [(source, name, length // len(LAPTOPS)) for source, name in zip(sources, LAPTOPS, strict=True)]
        with multiprocessing.get_context("spawn").Pool(len(LAPTOPS)) as pool:
            pool.starmap(_write, jobs)
        with contextlib.closing(logs.new_replica(path)) as here:
            for source in sources:
                logs.merge(here, source)
                bench.fresh(source.name)
            assert here.status().changesets == length

    return bench.once(f"log-{length}.db", build)


def _write(path: Path, name: str, count: int) -> None:
    logs.write_log(path, logs.Writer(name), _answers(name, count))


def _answers(name: str, count: int) -> Iterator[Change]:
    """Items found in order, forty-five an inspection."""
    kind = 5 + LAPTOPS.index(name)
    passed = {"verdict": "pass", "reason": None, "verdict_source": "officer"}
    for number in range(count):
        said: dict[str, Any] = {
            "inspection": house.row_id(2, number // 45),
            "item": f"CD-{number % 45 + 101}",
            "verdict": passed,
        }
        yield Change(house.row_id(kind, number), {}, said, "answers")
