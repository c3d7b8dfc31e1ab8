"""What the tests of the log share: a small schema, devices with fixed keys, and replicas made of them."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sync.changeset import ALGORITHM, FORMAT, POLICY, Change, Changeset, Entry, Header, digest, encode, version_of
from sync.exchange import exchange
from sync.identity import Identity
from sync.ids import derived_id
from sync.keys import EVERYWHERE, Key, certificate_id, device_id, team_id
from sync.peers import ReplicaPeer, open_peer, tips_of
from sync.replica import Edit, Replica
from sync.schema import SYSTEM_TABLES, VOID, Cell, Schema, Table
from sync.verify import Fault, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sync.append import Outcome
    from sync.exchange import Exchanged
    from sync.keys import Role
    from sync.peers import ChainKey, Place

AREA: Final = "141102"
OTHER_AREA: Final = "141122"
NOON: Final = 1_800_000_000_000
"""A time in 2027, UTC in ms."""
ISSUED: Final = 1_577_836_800_000

NOTES: Final = Table(
    "notes",
    (
        Cell("title"),
        Cell("body"),
        Cell("count", "integer"),
        Cell("measurement", columns=(("value", "text"), ("unit", "text"))),
        Cell("tags", "json"),
        Cell("photo", "blob"),
        VOID,
    ),
    indexes=(("title",),),
)
REVIEWS: Final = Table("reviews", (Cell("remark"),), roles=frozenset({"supervisor", "admin"}))
SCHEMA: Final = Schema((NOTES, REVIEWS))

ROOT: Final = Key.from_seed(bytes(range(32)))
FOREIGN_ROOT: Final = Key.from_seed(bytes(range(32, 64)))

HEADS: Final = next(cell.name for cell in SYSTEM_TABLES[0].cells if cell.kind == "json")
"""The cell by which an adoption or revocation names the last heads that count."""

Seen = dict[str, list[str]]


def row_id(name: str) -> str:
    """The same row id for the same name."""
    return derived_id("row", name)


def device(
    name: str,
    *,
    root: Key = ROOT,
    role: Role = "admin",
    areas: tuple[str, ...] = (EVERYWHERE,),
    officers: tuple[str, ...] = (),
    issued: int = ISSUED,
    expires: int | None = None,
) -> Identity:
    """A device whose key follows from its name: the same name is the same device."""
    key = Key.from_seed(hashlib.sha256(name.encode()).digest())
    jws = root.issue(
        key.public, name=name, role=role, areas=areas, officers=officers, issued=issued, expires=expires
    )
    return Identity(key, jws)


class Team:
    """Replicas in one folder, each in a folder of its own as a workspace is; closed when the test ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: list[Replica] = []

    def replica(self, name: str, identity: Identity | None = None, schema: Schema = SCHEMA) -> Replica:
        """A new workspace of the device."""
        place = self.folder / name
        place.mkdir(parents=True)
        replica = Replica.create(place / "workspace.db", schema, identity or device(name), place / "photos")
        return self._kept(replica)

    def reopen(self, path: Path, identity: Identity | None = None, schema: Schema = SCHEMA) -> Replica:
        """The workspace in a folder."""
        return self._kept(Replica.open(path / "workspace.db", schema, identity, path / "photos"))

    def _kept(self, replica: Replica) -> Replica:
        # these tests are about what is in the log; that it reaches the disk is shown in test_durability
        replica.connection.execute("PRAGMA synchronous = OFF")
        self.open.append(replica)
        return replica

    def close(self) -> None:
        """Close everything."""
        for replica in self.open:
            replica.close()


def note(replica: Replica, name: str, *, area: str = AREA, time_ms: int = NOON, **cells: Any) -> str:
    """Write cells of a row of `notes`; returns the version."""
    return replica.write(area, [Edit("notes", row_id(name), cells)], officer="9", time_ms=time_ms)


def merge(here: Replica, *others: Replica) -> list[Exchanged]:
    """Exchange both ways with each of the others in turn."""
    return [exchange(here, ReplicaPeer(other)) for other in others]


def merge_file(here: Replica, path: Path, **options: Any) -> Exchanged:
    """Merge a workspace folder or database file."""
    with open_peer(path) as peer:
        return exchange(here, peer, **options)


def entries(replica: Replica) -> list[Entry]:
    """All that a replica's log holds, in its order."""
    return list(ReplicaPeer(replica).read({}))


def offer(replica: Replica, offered: Iterable[Entry]) -> Outcome:
    """Offer changesets."""
    return ReplicaPeer(replica).append(list(offered))


def dump(replica: Replica) -> list[str]:
    """The canonical dump."""
    return list(replica.dump())


def tips(replica: Replica) -> Mapping[ChainKey, Sequence[Place]]:
    """The heads of a replica's chains."""
    return tips_of(replica.connection)


def faults(replica: Replica, others: Sequence[Mapping[ChainKey, Sequence[Place]]] = ()) -> list[Fault]:
    """What verify finds at fault, notes left out."""
    found = verify(replica.connection, replica.schema, replica.blobs, others=others)
    return [fault for fault in found if fault.level == "fault"]


def notes(replica: Replica) -> list[Fault]:
    """What verify finds worth knowing."""
    found = verify(replica.connection, replica.schema, replica.blobs)
    return [fault for fault in found if fault.level == "note"]


def refusals(replica: Replica) -> set[str]:
    """The codes of everything refused in the log."""
    return {row[0] for row in replica.connection.execute("SELECT code FROM refusals")}


def versions(replica: Replica) -> set[str]:
    """Every version in the log."""
    query = "SELECT device, seq, hash FROM log JOIN chains ON chains.id = log.chain"
    return {version_of(who, seq, bytes(hash_)) for who, seq, hash_ in map(tuple, replica.connection.execute(query))}


def check_sound(*replicas: Replica) -> None:
    """Equal dumps, nothing held, nothing for verify to find, and a rebuild changes nothing."""
    first = dump(replicas[0])
    for replica in replicas:
        assert dump(replica) == first
        assert replica.status().held == 0
        assert faults(replica) == []
        replica.rebuild()
        assert dump(replica) == first


@dataclass
class Author:
    """Signs changesets by hand, well-formed or not, as a device (or a forger) could.

    Attributes:
        identity: Whose key and certificate.
        area: Of its chain.
    """

    identity: Identity
    area: str = AREA
    seq: int = 0
    prev: bytes | None = None
    told: str | None = None
    """The certificate that the chain has brought last."""
    clock: itertools.count[int] = field(default_factory=lambda: itertools.count(NOON))

    def fork(self) -> Author:
        """Another author who goes on from the same place with the same key."""
        return Author(self.identity, self.area, self.seq, self.prev, self.told, itertools.count(NOON + 1000))

    def body(self, changes: list[Change], **header: Any) -> bytes:
        """The bytes of the next changeset, without taking the step."""
        own: dict[str, Any] = {
            "alg": ALGORITHM,
            "area": self.area,
            "cert": self.identity.cert,
            "device": device_id(self.identity.key.public),
            "format": FORMAT,
            "officer": "9",
            "policy": POLICY,
            "prev": None if self.prev is None else self.prev.hex(),
            "programme": "test",
            "seq": self.seq + 1,
            "team": self.identity.team,
            "time": next(self.clock),
        }
        if self.told != certificate_id(self.identity.jws):
            own["jws"] = self.identity.jws
        return encode(Changeset(changes=changes, header=Header(**(own | header))))

    def say(self, *changes: Change, key: Key | None = None, **header: Any) -> Entry:
        """The next changeset, signed; `key` signs in the device's place."""
        body = self.body(list(changes), **header)
        return self.step(body, key=key)

    def step(self, body: bytes, *, key: Key | None = None) -> Entry:
        """Sign these bytes and take them as the newest of the chain."""
        hash_ = digest(body)
        self.seq += 1
        self.prev = hash_
        self.told = self.identity.cert
        return Entry(body, (key or self.identity.key).sign(hash_))

    @property
    def version(self) -> str:
        """The version said last."""
        assert self.prev is not None
        return version_of(device_id(self.identity.key.public), self.seq, self.prev)


def change(name: str, cells: Mapping[str, Any], seen: Seen | None = None, table: str = "notes") -> Change:
    """One change of a row."""
    return Change(row=row_id(name), seen=seen or {}, set=dict(cells), table=table)


__all__ = [
    "AREA",
    "FOREIGN_ROOT",
    "HEADS",
    "ISSUED",
    "NOON",
    "NOTES",
    "OTHER_AREA",
    "REVIEWS",
    "ROOT",
    "SCHEMA",
    "Author",
    "Team",
    "change",
    "check_sound",
    "device",
    "dump",
    "entries",
    "faults",
    "merge",
    "merge_file",
    "note",
    "notes",
    "offer",
    "refusals",
    "row_id",
    "team_id",
    "tips",
    "versions",
]
