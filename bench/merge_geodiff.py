"""Merging 100,000 new findings, against pygeodiff's create and rebase of the same rows.

Geodiff knows tables only: no log, no authors, nothing checked. It rebases them on 1,000 findings of somebody else.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from bench import logs, merging
from bench.harness import MissingPeerError, copied, in_turns, ratio, settle

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench

OTHERS: Final = 1_000


def measure(bench: Bench) -> float:
    """Both sides take in the same rows of the findings table; the ratio is that of the times."""
    try:
        import pygeodiff
    except ImportError as error:
        raise MissingPeerError("pygeodiff is not installed: pip install -e '.[bench]'") from error

    source, count = merging.new_findings(bench), merging.count(bench)
    empty, theirs, modified = (_table(bench, name) for name in ("empty", "theirs", "modified"))
    geodiff = pygeodiff.GeoDiff()

    def ours(_: int) -> float:
        here = bench.fresh("here.db")
        with contextlib.closing(logs.new_replica(here)):
            pass
        settle()
        return merging.merge_into(here, source, count)

    def peer(_: int) -> float:
        working = copied(modified, bench.scratch / "rebased.db")
        changes, conflicts = bench.fresh("changes.bin"), bench.fresh("conflicts.json")
        start = time.perf_counter()
        geodiff.create_changeset(str(empty), str(working), str(changes))
        geodiff.rebase(str(empty), str(theirs), str(working), str(conflicts))
        seconds = time.perf_counter() - start
        assert _rows(working) == count + OTHERS
        return seconds

    runs = in_turns(merging.ROUNDS, ("merge of new findings", ours), ("pygeodiff create + rebase", peer))
    geodiff.shutdown()
    return ratio(*runs, count=count, what="rows")


def _table(bench: Bench, which: str) -> Path:
    """A database of nothing but the findings table: empty, with the findings, or with 1,000 of somebody else's.

    Its rows have numbers for keys, none of them twice, because that is where geodiff is quickest: on text keys it
    takes longer, and rebasing drops the rows whose keys it takes for equal.
    """
    merged = merging.merged_before(bench)

    def build(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("ATTACH ? AS merged", (str(merged),))
            columns = [row[1] for row in connection.execute("PRAGMA merged.table_info(findings)")]
            connection.execute(
                f"CREATE TABLE findings (fid INTEGER PRIMARY KEY, {', '.join(f'{name} TEXT' for name in columns)})"
            )
            first, rows = {"empty": (0, 0), "modified": (0, -1), "theirs": (merging.FULL, OTHERS)}[which]
            connection.execute(
                "INSERT INTO findings SELECT ? + row_number() OVER (ORDER BY id), * FROM merged.findings LIMIT ?",
                (first, rows),
            )

    return bench.once(f"geodiff-{which}.db", build)


def _rows(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM findings").fetchone()[0])
