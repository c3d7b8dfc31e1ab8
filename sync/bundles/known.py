"""What another device is known to have: from the bundles that it made and the receipts that it gave.

Notes of one database about others, never replicated. Losing them costs nothing but a larger next bundle.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sync.receipts import present

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from sync.peers import ChainKey, Place

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS bundle_peers (
    peer TEXT NOT NULL, area TEXT NOT NULL, device TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    time INTEGER NOT NULL, PRIMARY KEY (peer, area, device, seq, hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bundle_photos (
    peer TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (peer, sha256)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bundles_made (bundle TEXT PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;
"""


@lru_cache(maxsize=1)
def _statements() -> list[str]:
    return [statement for statement in _TABLES.split(";\n") if statement.strip()]


def note(
    connection: sqlite3.Connection,
    peer: str,
    time_ms: int,
    heads: Mapping[ChainKey, Sequence[Place]],
    photos: Iterable[str],
) -> None:
    """Note, in the caller's transaction, what a device had at a time; what is known of a later time stays.

    Args:
        connection: Of our own database.
        peer: The device.
        time_ms: By its own clock.
        heads: The ends of the chains that it had.
        photos: Photos that it had.
    """
    _ensure(connection)
    for (area, device), places in heads.items():
        key = (peer, area, device)
        later = "SELECT 1 FROM bundle_peers WHERE peer = ? AND area = ? AND device = ? AND time > ?"
        if connection.execute(later, (*key, time_ms)).fetchone() is not None:
            continue
        connection.execute("DELETE FROM bundle_peers WHERE peer = ? AND area = ? AND device = ?", key)
        connection.executemany(
            "INSERT OR IGNORE INTO bundle_peers (peer, area, device, seq, hash, time) VALUES (?, ?, ?, ?, ?, ?)",
            [(*key, seq, hash_, time_ms) for seq, hash_ in places],
        )
    connection.executemany(
        "INSERT OR IGNORE INTO bundle_photos (peer, sha256) VALUES (?, ?)", [(peer, each) for each in photos]
    )


def note_made(connection: sqlite3.Connection, bundle: str, time_ms: int) -> None:
    """Note, in the caller's transaction, that this workspace made a bundle."""
    _ensure(connection)
    connection.execute("INSERT OR IGNORE INTO bundles_made (bundle, time) VALUES (?, ?)", (bundle, time_ms))


def was_made(connection: sqlite3.Connection, bundle: str) -> bool:
    """Whether this workspace made a bundle, as far as it remembers."""
    query = "SELECT 1 FROM bundles_made WHERE bundle = ?"
    return _noted(connection) and connection.execute(query, (bundle,)).fetchone() is not None


def _ensure(connection: sqlite3.Connection) -> None:
    for statement in _statements():
        connection.execute(statement)


def _noted(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bundles_made'"
    return connection.execute(query).fetchone() is not None


def places_of(connection: sqlite3.Connection, peer: str) -> dict[ChainKey, list[Place]]:
    """The places of each chain that a device is known to have."""
    found: dict[ChainKey, set[Place]] = {}
    if _noted(connection):
        query = "SELECT area, device, seq, hash FROM bundle_peers WHERE peer = ?"
        for area, device, seq, hash_ in map(tuple, connection.execute(query, (peer,)).fetchall()):
            found.setdefault((area, device), set()).add((int(seq), str(hash_)))
    if present(connection):
        query = "SELECT area, device, seq, hash FROM chain_receipts WHERE server = ?"
        for area, device, seq, hash_ in map(tuple, connection.execute(query, (peer,)).fetchall()):
            found.setdefault((area, device), set()).add((int(seq), bytes(hash_).hex()))
    return {key: sorted(places) for key, places in found.items()}


def photos_of(connection: sqlite3.Connection, peer: str) -> set[str]:
    """The photos that a device is known to have."""
    found: set[str] = set()
    if _noted(connection):
        found |= {
            str(row[0]) for row in connection.execute("SELECT sha256 FROM bundle_photos WHERE peer = ?", (peer,))
        }
    if present(connection):
        query = "SELECT sha256 FROM photo_receipts WHERE server = ?"
        found |= {str(row[0]) for row in connection.execute(query, (peer,))}
    return found
