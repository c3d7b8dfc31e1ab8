"""Pushing 100,000 changesets to a central store in SQLite, against inserting the same rows with nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from bench import merging, storing
from bench.harness import in_turns, ratio, settle
from sync.central.protocol import BATCH

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench

ROUNDS = 3
TABLES = ("log", "findings")


def measure(bench: Bench) -> float:
    """Signed requests, compressed batches, checks, fold, receipts; the floor has the rows ready in memory."""
    source, count = merging.new_findings(bench), merging.count(bench)
    result = bench.scratch / "pushed"

    def ours(_: int) -> float:
        folder = bench.fresh("pushed")
        folder.mkdir()
        return storing.push(source, merging.WRITER, count, str(folder / "central.db"), folder / "photos")

    ours(-1)
    rows, layout = _rows_of(result / "central.db")

    def floor(_: int) -> float:
        return _insert(bench.fresh("floor.db"), layout, rows)

    runs = in_turns(ROUNDS, ("push over HTTP", ours), ("floor: executemany of the same rows", floor))
    return ratio(*runs, count=count, what="changesets")


def _rows_of(path: Path) -> tuple[dict[str, list[tuple[Any, ...]]], list[str]]:
    """The rows of the log and of the table that it folds into, and what makes both with their indexes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in TABLES}
        chosen = ",".join("?" * len(TABLES))
        layout = [
            row[0]
            for row in connection.execute(
                f"SELECT sql FROM sqlite_master WHERE tbl_name IN ({chosen}) AND sql IS NOT NULL", TABLES
            )
        ]
    return rows, layout


def _insert(path: Path, layout: list[str], rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds for inserting the rows, a transaction a batch, every commit synced."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for statement in layout:
            connection.execute(statement)
        settle()
        start = time.perf_counter()
        for begin in range(0, len(rows["log"]), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for name, all_rows in rows.items():
                batch = all_rows[begin : begin + BATCH]
                places = ",".join("?" * len(batch[0]))
                connection.executemany(f"INSERT INTO {name} VALUES ({places})", batch)
            connection.execute("COMMIT")
        return time.perf_counter() - start
