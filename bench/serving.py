"""A central store in a process of its own: `python -m bench.serving PATH|postgresql://… PHOTOS`; prints its address."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import logs
from inspect_tui.records.tables import SCHEMA
from sync.central.app import Central
from sync.central.photos import FolderPhotos
from sync.central.serving import Where, bind, server
from sync.central.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from sync.central.store import CentralStore

SERVER = "central"


def store_at(target: str) -> CentralStore:
    """The store, made where there is none."""
    if target.startswith("postgresql://"):
        from sync.central.postgres_store import PostgresStore

        return PostgresStore.open(target, SCHEMA, team=logs.device(SERVER).team)
    path = Path(target)
    return SqliteStore(logs.open_replica(path, SERVER) if path.exists() else logs.new_replica(path, SERVER))


def main() -> None:
    """Serve until the pipe to standard input closes or a signal comes."""
    target, photos = sys.argv[1:]
    central = Central(
        store_at(target), FolderPhotos(Path(photos)), logs.device(SERVER), "bench", requests_a_minute=1_000_000
    )
    where = Where()
    listening = bind(where)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server(central, where).run(sockets=[listening])


if __name__ == "__main__":
    main()
