"""Pushing 100,000 changesets to a central store in PostgreSQL, against COPY and INSERT of the same rows with nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bench import merging, storing
from bench.harness import in_turns, ratio, settle
from sync.central.protocol import BATCH

if TYPE_CHECKING:
    from bench.harness import Bench

ROUNDS = 3
TABLES = ("store_log", "findings")


def measure(bench: Bench) -> float:
    """The same client and protocol as with SQLite; the floor has the rows ready in memory and goes on one connection."""
    import psycopg

    source, count = merging.new_findings(bench), merging.count(bench)
    with storing.postgres() as server:

        def new(name: str) -> str:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name}")
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            return str(server.get_uri(database=name))

        def ours(_: int) -> float:
            target = new("ours")
            return storing.push(source, merging.WRITER, count, target, bench.fresh("photos"))

        ours(-1)
        rows = _rows_of(str(server.get_uri(database="ours")))

        def floor(_: int) -> float:
            target = new("floor")
            with storing.serving(target, bench.fresh("photos")):
                pass  # the same tables with their partitions and indexes, laid out by the product
            return _insert(target, rows)

        runs = in_turns(ROUNDS, ("push over HTTP", ours), ("floor: COPY and INSERT of the same rows", floor))
        return ratio(*runs, count=count, what="changesets")


def _rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    import psycopg

    with psycopg.connect(url) as connection:
        return {
            "store_log": connection.execute("SELECT * FROM store_log ORDER BY arrival").fetchall(),
            "findings": connection.execute("SELECT * FROM findings ORDER BY id").fetchall(),
        }


def _insert(url: str, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds for COPY into a temporary table and INSERT … ON CONFLICT DO NOTHING, a transaction a batch."""
    import psycopg

    with psycopg.connect(url) as connection:
        settle()
        start = time.perf_counter()
        for begin in range(0, len(rows["store_log"]), BATCH):
            for name, all_rows in rows.items():
                connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS t_{name} (LIKE {name}) ON COMMIT DELETE ROWS")
                with connection.cursor().copy(f"COPY t_{name} FROM STDIN") as copy:
                    for row in all_rows[begin : begin + BATCH]:
                        copy.write_row(row)
                connection.execute(f"INSERT INTO {name} SELECT * FROM t_{name} ON CONFLICT DO NOTHING")
            connection.commit()
        return time.perf_counter() - start
