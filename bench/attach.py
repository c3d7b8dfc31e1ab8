"""The floor of a merge: SQLite copies the rows of one log into another, and nobody looks at them."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from bench.harness import clear
from bench.logs import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

LOG: Final = (
    "CREATE TABLE log (id INTEGER PRIMARY KEY, chain INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,"
    " body TEXT NOT NULL, signature BLOB NOT NULL)"
)
PLACE: Final = "CREATE UNIQUE INDEX log_place ON log (chain, seq, hash)"


def new_log(path: Path) -> None:
    """A database that holds nothing but the product's log table and its index."""
    clear(path)
    with contextlib.closing(_connect(path)) as connection:
        connection.execute(LOG)
        connection.execute(PLACE)


def copy_rows(target: Path, source: Path, after: int = 0) -> float:
    """Seconds for copying the log rows that come after a number, durable and checkpointed."""
    start = time.perf_counter()
    with contextlib.closing(_connect(target)) as connection:
        connection.execute("ATTACH ? AS src", (str(source),))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR IGNORE INTO log SELECT * FROM src.log WHERE id > ?", (after,))
        connection.execute("COMMIT")
        checkpoint(connection)
        return time.perf_counter() - start


def _connect(path: Path) -> sqlite3.Connection:
    """As the product opens a database: write-ahead log, every commit synced."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
