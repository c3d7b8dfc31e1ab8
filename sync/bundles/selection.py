"""What goes into a bundle: everything, what one device is not known to have, or what is newer than a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from sync.bundles.known import photos_of, places_of
from sync.door import read
from sync.errors import BlobError, LockedError, PeerError
from sync.keys import covers_area
from sync.peers import entries_by_id, tips_of, wanted_ids
from sync.receipts import GIVERS, ChainEnd
from sync.storage import BODY
from sync.tables import ShapeError, flatten

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from sync.blobs import Blobs
    from sync.bundles.header import Kind
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place
    from sync.schema import Schema


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        kind: `all`, `for` a device, `since` a time.
        peer: The certificate of the device that it is for; only areas that this covers go.
        since_ms: UTC in ms, by the authors' clocks.
        area: Only the chains of this area and those beneath it.
        photos: Whether photos go, too.
    """

    kind: Kind = "all"
    peer: Certificate | None = None
    since_ms: int | None = None
    area: str | None = None
    photos: bool = True

    def takes(self, area: str) -> bool:
        """Whether chains of an area go."""
        if self.area is not None and not covers_area(self.area, area):
            return False
        return self.peer is None or self.peer.covers(area)

    @property
    def whole(self) -> bool:
        """Whether the chains of all areas go."""
        return self.area is None and (self.peer is None or self.peer.covers("000000"))


@dataclass
class Choice:
    """What goes.

    Attributes:
        ids: Log numbers, rising.
        heads: The ends of the chains that it is about, as we have them.
        base: What its reader must have already, of the chains in it.
        areas: Those of the chains that go.
        certificates: The texts of the certificates of the devices that wrote there.
        photos: SHA-256 → bytes, rising.
        photos_missing: Photos that rows name and that are not here.
        photos_locked: Private values that lie sealed under a PIN that was not entered.
    """

    ids: list[int]
    heads: list[ChainEnd]
    base: list[ChainEnd]
    areas: list[str]
    certificates: list[str]
    photos: dict[str, int] = field(default_factory=dict)
    photos_missing: int = 0
    photos_locked: int = 0


class _Time(msgspec.Struct):
    """The part of a header that says when, and after what."""

    prev: str | None
    seq: int
    time: int


class _Timed(msgspec.Struct):
    """A changeset, read only so far."""

    header: _Time


_timed: Final = msgspec.json.Decoder(_Timed)


def choose(connection: sqlite3.Connection, schema: Schema, blobs: Blobs, wish: Wish) -> Choice:
    """What a wish comes to.

    Args:
        connection: Of the database, in a read transaction of the caller, so that all of it is of one moment.
        schema: Its tables.
        blobs: Its photos.
        wish: What was asked for.
    """
    tips = {key: places for key, places in tips_of(connection).items() if wish.takes(key[0])}
    every = frozenset(tips_of(connection))
    skip = frozenset(key for key in every if key not in tips)
    known: dict[ChainKey, list[Place]] = {}
    base: dict[ChainKey, list[Place]] = {}
    if wish.kind == "since":
        ids, base = _since(connection, wish)
    else:
        if wish.peer is not None:
            known = places_of(connection, wish.peer.device)
        ids = wanted_ids(connection, known, skip)
        base = {key: _here(connection, key, places) for key, places in known.items() if key in tips}
    sent = _chains_of(connection, ids)
    choice = Choice(
        ids=ids,
        heads=_ends(tips),
        base=_ends({key: places for key, places in base.items() if key in sent}),
        areas=sorted({area for area, _ in sent}),
        certificates=_certificates(connection, {device for _, device in tips}),
    )
    if wish.photos:
        _choose_photos(connection, schema, blobs, wish, choice, skip)
    return choice


def _ends(chains: dict[ChainKey, list[Place]]) -> list[ChainEnd]:
    return sorted(
        ChainEnd(area, device, seq, hash_)
        for (area, device), places in chains.items()
        for seq, hash_ in places
        if seq > 0
    )


def _since(connection: sqlite3.Connection, wish: Wish) -> tuple[list[int], dict[ChainKey, list[Place]]]:
    """From the first changeset of each chain that is as new as asked for, everything that follows it."""
    chains = {
        number: (area, device)
        for number, area, device in map(tuple, connection.execute("SELECT id, area, device FROM chains").fetchall())
        if wish.takes(area)
    }
    taken: dict[int, set[bytes]] = {number: set() for number in chains}
    base: dict[ChainKey, list[Place]] = {}
    ids: list[int] = []
    for number, chain, hash_, body in map(
        tuple, connection.execute(f"SELECT id, chain, hash, {BODY} FROM log ORDER BY id")
    ):
        if chain not in chains:
            continue
        said = _timed.decode(body).header
        prev = None if said.prev is None else bytes.fromhex(said.prev)
        follows = prev is not None and prev in taken[chain]
        if not follows and said.time < (wish.since_ms or 0):
            continue
        taken[chain].add(bytes(hash_))
        ids.append(number)
        if prev is not None and not follows:
            base.setdefault(chains[chain], []).append((said.seq - 1, prev.hex()))
    return ids, base


def _here(connection: sqlite3.Connection, key: ChainKey, places: Sequence[Place]) -> list[Place]:
    """Those of the places that stand in our own log."""
    query = (
        "SELECT 1 FROM chains CROSS JOIN log ON log.chain = chains.id"
        " WHERE chains.area = ? AND chains.device = ? AND log.seq = ? AND log.hash = ?"
    )
    return [
        (seq, hash_)
        for seq, hash_ in places
        if connection.execute(query, (*key, seq, bytes.fromhex(hash_))).fetchone() is not None
    ]


def _chains_of(connection: sqlite3.Connection, ids: Iterable[int]) -> set[ChainKey]:
    import json

    query = (
        "SELECT DISTINCT chains.area, chains.device FROM log JOIN chains ON chains.id = log.chain"
        " WHERE log.id IN (SELECT value FROM json_each(?))"
    )
    return {(row[0], row[1]) for row in connection.execute(query, (json.dumps(list(ids)),))}


def _certificates(connection: sqlite3.Connection, devices: set[str]) -> list[str]:
    rows = connection.execute("SELECT device, jws FROM certificates ORDER BY id").fetchall()
    return [str(row[1]) for row in rows if row[0] in devices]


def _choose_photos(
    connection: sqlite3.Connection,
    schema: Schema,
    blobs: Blobs,
    wish: Wish,
    choice: Choice,
    skip: frozenset[ChainKey],
) -> None:
    peer = wish.peer
    # a device that may not give receipts is sent the photos of what it lacks; others what they have not acknowledged
    acknowledging = peer is None or peer.role in GIVERS
    if wish.kind == "since" or not acknowledging:
        named = _named(connection, schema, choice.ids)
    elif wish.whole:
        named = {str(row[0]) for row in connection.execute("SELECT sha256 FROM blobs WHERE state IS NOT 'purged'")}
    else:
        named = _named(connection, schema, wanted_ids(connection, {}, skip))
    if peer is not None:
        named -= photos_of(connection, peer.device)
    purged = {str(row[0]) for row in connection.execute("SELECT sha256 FROM blobs WHERE state = 'purged'")}
    for sha256 in sorted(named - purged):
        try:
            choice.photos[sha256] = _size(blobs, sha256)
        except LockedError:
            choice.photos_locked += 1
        except (OSError, BlobError):
            choice.photos_missing += 1


def _size(blobs: Blobs, sha256: str) -> int:
    """Bytes of a photo or private value, as they are and not as they may lie sealed."""
    return len(blobs.read(sha256)) if blobs.is_sealed(sha256) else blobs.path_of(sha256).stat().st_size


def _named(connection: sqlite3.Connection, schema: Schema, ids: Sequence[int]) -> set[str]:
    """The photos and private values that changesets name."""
    return set(_blobs_of(connection, schema, ids))


def _blobs_of(connection: sqlite3.Connection, schema: Schema, ids: Sequence[int]) -> Iterator[str]:
    for _, entry in entries_by_id(connection, ids):
        try:
            arrival = read(entry)
        except PeerError:
            continue
        for name, _, values, _ in arrival.changes:
            table = schema.by_name.get(name)
            if table is None or not table.blob_columns or name == "purges":
                continue
            try:
                flat = flatten(table, values)
            except ShapeError:
                continue
            yield from filter(None, map(flat.get, table.blob_columns))
