"""A central store with its server on a thread, and devices that sync with it over HTTP."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sync.central.app import Central
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection
from sync.central.photos import FolderPhotos
from sync.central.serving import Running, Where
from sync.central.sqlite_store import SqliteStore
from sync.central.syncing import Synced, synchronise
from tests.sync.support import ROOT, device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.central.store import CentralStore
    from sync.identity import Identity
    from sync.replica import Replica
    from tests.sync.support import Team


def served_identity(*, root: bool = True) -> Identity:
    """The server's own device, with the root key unless told otherwise."""
    from dataclasses import replace

    identity = device("server")
    return replace(identity, root=ROOT) if root else identity


def central(team: Team, name: str = "central", **options: Any) -> Central:
    """A central store in SQLite."""
    identity = served_identity()
    replica = team.replica(name, identity)
    return over(SqliteStore(replica), team.folder / name / "photos", identity, **options)


def over(store: CentralStore, photos: Path, identity: Identity, **options: Any) -> Central:
    """A central store over a store."""
    return Central(store, FolderPhotos(photos), identity, "inspect-tui test", **options)


@contextlib.contextmanager
def running(central: Central, where: Where | None = None) -> Iterator[Running]:
    """Its server."""
    with Running(central, where) as server:
        yield server


def peer(server: Running, identity: Identity | None, *, attempts: int = 3, fingerprint: str = "") -> HttpPeer:
    """The store as a device sees it."""
    return HttpPeer(Connection(Address(server.url, fingerprint), identity, attempts=attempts))


def sync(replica: Replica, server: Running, **options: Any) -> Synced:
    """One sync."""
    there = peer(server, replica.identity)
    try:
        return synchronise(replica, there, **options)
    finally:
        there.connection.close()
