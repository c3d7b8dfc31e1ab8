"""A sync with nothing to do: round trips, as a share of the five that are allowed, whatever the size of the log."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench import logs, merge_one, storing
from bench.harness import copied, say

if TYPE_CHECKING:
    from bench.harness import Bench

ALLOWED = 5


def measure(bench: Bench) -> float:
    """The second of two syncs of a log of 1,000,000 changesets, and of one of 1,000."""
    most = 0
    for length in (bench.size(merge_one.FULL, merge_one.QUICK), merge_one.FEW):
        here = merge_one.replica(bench, length)
        folder = bench.fresh("idle")
        folder.mkdir()
        central = copied(here, folder / "central.db")
        with (
            contextlib.closing(logs.open_replica(here)) as replica,
            storing.serving(str(central), folder / "photos") as url,
        ):
            storing.sync(replica, url, logs.HERE)
            done = storing.sync(replica, url, logs.HERE)
        say(f"  {length:,} changesets: {done.requests} round trips, {done.bytes_received:,} bytes received")
        most = max(most, done.requests)
    return most / ALLOWED
