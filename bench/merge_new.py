"""Merging 100,000 new findings, against SQLite copying the log rows alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench import attach, logs, merging
from bench.harness import in_turns, ratio, settle

if TYPE_CHECKING:
    from bench.harness import Bench


def measure(bench: Bench) -> float:
    """Checked, folded into the tables, durable and checkpointed; each run into a new, empty replica."""
    source, count = merging.new_findings(bench), merging.count(bench)

    def ours(_: int) -> float:
        here = bench.fresh("here.db")
        with contextlib.closing(logs.new_replica(here)):
            pass
        settle()
        return merging.merge_into(here, source, count)

    def floor(_: int) -> float:
        here = bench.fresh("floor.db")
        attach.new_log(here)
        settle()
        return attach.copy_rows(here, source)

    runs = in_turns(merging.ROUNDS, ("merge of new findings", ours), ("floor: ATTACH, log rows alone", floor))
    return ratio(*runs, count=count, what="rows")
