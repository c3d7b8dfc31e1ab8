"""Syncing one new finding with a central store of 1,000,000 changesets, against one of 1,000."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from bench import house, logs, merge_one, merging, storing
from bench.harness import copied, in_turns, ratio, settle
from sync.ids import derived_id
from sync.replica import Edit

if TYPE_CHECKING:
    from bench.harness import Bench

ROUNDS = 20


def measure(bench: Bench) -> float:
    """Both sides have the same log; the device writes a finding, opens its workspace and syncs."""
    finding = next(merging.creations(1)).set
    lengths = (bench.size(merge_one.FULL, merge_one.QUICK), merge_one.FEW)
    with contextlib.ExitStack() as stack:
        sides = []
        for side, length in enumerate(lengths):
            source = merge_one.replica(bench, length)
            folder = bench.fresh(f"one-{side}")
            folder.mkdir()
            central = copied(source, folder / "central.db")
            here = copied(source, folder / "here.db")
            url = stack.enter_context(storing.serving(str(central), folder / "photos"))
            with contextlib.closing(logs.open_replica(here, merge_one.NEIGHBOUR)) as replica:
                storing.sync(replica, url, merge_one.NEIGHBOUR)
            sides.append((here, url))

        def one(side: int, number: int) -> float:
            here, url = sides[side]
            with contextlib.closing(logs.open_replica(here, merge_one.NEIGHBOUR)) as replica:
                edit = Edit("findings", derived_id("sync", str(side), str(number)), finding)
                replica.write(house.AREA, [edit], officer=house.BADGE)
            settle()
            start = time.perf_counter()
            with contextlib.closing(logs.open_replica(here, merge_one.NEIGHBOUR)) as replica:
                done = storing.sync(replica, url, merge_one.NEIGHBOUR)
            seconds = time.perf_counter() - start
            assert done.sent is not None
            assert done.sent.appended == 1
            return seconds

        for side in range(2):
            one(side, -1)
        runs = in_turns(
            bench.size(ROUNDS, 3),
            ("one finding, many changesets", lambda number: one(0, number)),
            ("one finding, few changesets", lambda number: one(1, number)),
        )
        return ratio(*runs)
