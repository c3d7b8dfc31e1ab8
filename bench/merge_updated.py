"""Merging one change of each of 100,000 findings that are here, against SQLite copying those log rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import attach, merging
from bench.harness import copied, in_turns, ratio, settle

if TYPE_CHECKING:
    from bench.harness import Bench


def measure(bench: Bench) -> float:
    """Both sides start with the findings in their log, and take in only what comes after."""
    source, before, count = merging.updated_findings(bench), merging.merged_before(bench), merging.count(bench)
    new = merging.new_findings(bench)

    def ours(_: int) -> float:
        here = copied(before, bench.scratch / "here.db")
        return merging.merge_into(here, source, count)

    def floor(_: int) -> float:
        here = bench.fresh("floor.db")
        attach.new_log(here)
        attach.copy_rows(here, new)
        settle()
        return attach.copy_rows(here, source, after=count)

    runs = in_turns(merging.ROUNDS, ("merge of updated findings", ours), ("floor: ATTACH, log rows alone", floor))
    return ratio(*runs, count=count, what="rows")
