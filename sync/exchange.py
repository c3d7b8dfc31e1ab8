"""exchange(here, there): the one algorithm for all ways of syncing.

Compare the tips of every chain, send what the other side lacks, both ways where the peer takes changesets, then the
photos that rows name and that are missing. Each step may be cut and repeated at any point: the outcome is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from sync.append import Outcome
from sync.changeset import Entry
from sync.door import read
from sync.errors import BlobError, LockedError, PeerError, UntrustedError
from sync.keys import signed
from sync.peers import FilePeer, ReplicaPeer, sample, tips_of
from sync.verdict import Context

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from sync.keys import Certificate
    from sync.peers import ChainKey, Peer, Place, WritablePeer
    from sync.replica import Conflict, Replica

BATCH: Final = 2000
BATCH_BYTES: Final = 32 << 20
"""A batch ends here, too, so that a peer's largest changesets do not fill memory."""


class Progress(Protocol):
    """Told how far an exchange is: `what` is `changesets` or `photos`; `total` may be None while unknown."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """So much is done."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A peer without a database that can show the adoptions in its log."""

    def adoptions(self) -> list[Entry]:
        """The changesets by which its writers adopted other teams."""
        ...


def silent(what: str, done: int, total: int | None) -> None:
    """No progress shown."""


@dataclass
class Exchanged:
    """What an exchange did.

    Attributes:
        received: What became of the peer's changesets here.
        sent: What became of ours there; None where the peer only gives.
        photos_received: Photos that came; `photos_missing` are still nowhere.
        adopted: Teams newly adopted or extended.
        conflicts: Cells that are in conflict now and were not before.
    """

    received: Outcome = field(default_factory=Outcome)
    sent: Outcome | None = None
    photos_received: int = 0
    photos_sent: int = 0
    photos_missing: list[str] = field(default_factory=list)
    photos_damaged: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True)
class Stranger:
    """Another root key whose devices' changes a peer brings.

    Attributes:
        team: Its id, the fingerprint that people compare.
        devices: The certificates of its devices.
        heads: Area → the versions that would be adopted.
    """

    team: str
    devices: list[Certificate]
    heads: dict[str, list[str]]

    @property
    def name(self) -> str:
        """The names of its devices."""
        return "、".join(sorted({certificate.name for certificate in self.devices}))

    @property
    def fingerprint(self) -> str:
        """The team's id in groups of four, for reading aloud."""
        return " ".join(self.team[start : start + 4] for start in range(0, len(self.team), 4))


def strangers(here: Replica, there: Peer) -> list[Stranger]:
    """The foreign roots of a peer's devices whose newest changes are not adopted here yet."""
    by_team: dict[str, Stranger] = {}
    foreign: dict[str, list[Certificate]] = {}
    for certificate in there.certificates():
        if certificate.team != here.team:
            foreign.setdefault(certificate.device, []).append(certificate)
    adopted = here.adopted_heads()
    theirs = _adopted_by_colleagues(here, there)
    for (area, device), places in _shown(there).items():
        versions = [f"{device}:{seq}:{hash_[:32]}" for seq, hash_ in places]
        for certificate in foreign.get(device, ()):
            known = [
                *adopted.get(certificate.team, {}).get(area, ()),
                *theirs.get(certificate.team, {}).get(area, ()),
            ]
            if all(each in known or _stands_for(here, each, known) for each in versions):
                continue
            stranger = by_team.setdefault(certificate.team, Stranger(certificate.team, [], {}))
            if certificate not in stranger.devices:
                stranger.devices.append(certificate)
            named = stranger.heads.setdefault(area, [])
            named.extend(each for each in versions if each not in named)
    return list(by_team.values())


def _connection(there: Peer) -> sqlite3.Connection | None:
    if isinstance(there, FilePeer):
        return there.connection
    return there.replica.connection if isinstance(there, ReplicaPeer) else None


def _shown(there: Peer) -> dict[ChainKey, list[Place]]:
    """The tips that the peer can show, instead of those that it only claims."""
    connection = _connection(there)
    heads = there.heads()
    if connection is None:
        return heads
    query = (
        "SELECT 1 FROM chains CROSS JOIN log ON log.chain = chains.id"
        " WHERE chains.area = ? AND chains.device = ? AND log.seq = ? AND log.hash = ?"
    )
    shown: dict[ChainKey, list[Place]] = {}
    for key, places in heads.items():
        found = [
            place
            for place in places
            if connection.execute(query, (*key, place[0], bytes.fromhex(place[1]))).fetchone()
        ]
        if found:
            shown[key] = found
    return shown


def _adopted_by_colleagues(here: Replica, there: Peer) -> dict[str, dict[str, list[str]]]:
    """Team → area → versions that devices of our own team adopted in the peer's log: those come along and count."""
    connection = _connection(there)
    found: dict[str, dict[str, list[str]]] = {}
    if connection is not None:
        query = "SELECT CAST(body AS BLOB), signature FROM log WHERE id IN (SELECT log FROM system_changes)"
        rows = [tuple(row) for row in connection.execute(query).fetchall()]
    elif isinstance(there, Telling):
        rows = [(each.body, each.signature) for each in there.adoptions()]
    else:
        return found
    own = {each.device: each for each in there.certificates() if each.team == here.team and each.role == "admin"}
    for body, signature in rows:
        try:
            arrival = read(Entry(body, signature))
        except (PeerError, TypeError):
            continue
        certificate = own.get(arrival.device)
        if (
            certificate is None
            or arrival.team != here.team
            or not signed(certificate, arrival.hash, arrival.signature)
        ):
            continue
        context = Context(here.team)
        for name, _, values, _ in arrival.changes:
            if name == "adoptions":
                context.learn(name, values)
        for team, areas in context.adopted.items():
            for area, versions in areas.items():
                found.setdefault(team, {}).setdefault(area, []).extend(versions)
    return found


def _stands_for(here: Replica, version: str, accepted: Iterable[str]) -> bool:
    """Whether an adopted version is this one, or a later one of the same chain that has it before it."""
    if version in accepted:
        return True
    device, seq, _ = version.split(":")
    later = any(each.startswith(f"{device}:") and int(each.split(":")[1]) > int(seq) for each in accepted)
    return later and here.entry(version) is not None


def adopt(here: Replica, found: Iterable[Stranger], *, area: str, officer: str) -> list[str]:
    """Log the adoption of each; what was adopted before stays adopted. Returns the team ids."""
    teams = []
    forked = {row[0] for row in here.connection.execute("SELECT device FROM chains WHERE forked = 1")}
    for stranger in found:
        before = here.adopted_heads().get(stranger.team, {})
        heads = {
            key: _newest(
                sorted({*before.get(key, ()), *stranger.heads.get(key, ())}), stranger.heads.get(key, []), forked
            )
            for key in {*before, *stranger.heads}
        }
        here.adopt(area, stranger.team, heads, name=stranger.name, officer=officer)
        teams.append(stranger.team)
    return teams


def _newest(versions: list[str], offered: list[str], forked: set[str]) -> list[str]:
    """Leave out the versions that a later one of the same device stands for; of a forked chain all stay."""
    devices = [each.split(":")[0] for each in offered]
    branching = forked | {device for device in devices if devices.count(device) > 1}
    tops: dict[str, int] = {}
    for version in versions:
        device, seq, _ = version.split(":")
        tops[device] = max(tops.get(device, 0), int(seq))
    return [
        each
        for each in versions
        if each.split(":")[0] in branching or int(each.split(":")[1]) == tops[each.split(":")[0]]
    ]


def exchange(
    here: Replica,
    there: Peer,
    *,
    trust: Callable[[Stranger], bool] | None = None,
    area: str = "000000",
    officer: str = "",
    progress: Progress = silent,
) -> Exchanged:
    """Bring both sides to the union of their logs, then the photos.

    Args:
        here: The local replica.
        there: The peer; if it takes changesets, it gets what it lacks.
        trust: Asked once for each foreign root that is not adopted yet; None refuses.
        area: Where an adoption is logged.
        officer: Badge number of who exchanges.
        progress: Told how far it is.

    Raises:
        UntrustedError: A foreign root was not trusted; nothing was taken.
        PeerError: The peer cannot be read.
        StoreError: This side cannot write; what came before is kept.
    """
    done = Exchanged()
    before = {(each.table, each.row, each.cell) for each in here.conflicts()}
    found = strangers(here, there)
    known = here.adopted_heads() if found else {}
    for stranger in found:
        if stranger.team not in known and not (trust is not None and trust(stranger)):
            raise UntrustedError(
                f"对方的变更属于另一根密钥（{stranger.name}，指纹 {stranger.fingerprint}），未合并；核对指纹后加 --trust 重试。",
                f"The changes stand under another root key ({stranger.name}, fingerprint {stranger.fingerprint}) and were"
                " not merged; compare the fingerprint, then try again with --trust.",
            )
    if found:
        done.adopted += adopt(here, found, area=area, officer=officer)
    arriving = frozenset(each for stranger in found for versions in stranger.heads.values() for each in versions)
    pull(here, there, done.received, progress, arriving)
    if isinstance(there, ReplicaPeer):
        done.sent = _push(here, there, progress)
    here.apply_purges()
    _pull_blobs(here, there, done, progress)
    if isinstance(there, ReplicaPeer):
        _push_blobs(here, there, done)
    done.conflicts = [each for each in here.conflicts() if (each.table, each.row, each.cell) not in before]
    return done


def pull(
    here: Replica, there: Peer, outcome: Outcome, progress: Progress, arriving: frozenset[str] = frozenset()
) -> None:
    """Take in what the peer has and we lack.

    Args:
        here: The local replica.
        there: The peer.
        outcome: Added to.
        progress: Told how far it is.
        arriving: Adopted versions that the peer is about to bring.
    """
    if isinstance(there, FilePeer):
        from sync.bulk import pull_file

        pull_file(here, there, outcome, progress, arriving)
        return
    known = known_places(here, there.heads())
    if known is not None:
        peer = ReplicaPeer(here)
        _feed(peer, there.read(known), outcome, progress)


def _push(here: Replica, there: WritablePeer, progress: Progress) -> Outcome:
    outcome = Outcome()
    lacking = _lacking(tips_of(here.connection), there.heads())
    if lacking:
        _feed(there, ReplicaPeer(here).read(there.heads()), outcome, progress)
    return outcome


def _feed(peer: WritablePeer, entries: Iterator[Entry], outcome: Outcome, progress: Progress) -> None:
    batch: list[Entry] = []
    count = size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.body)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            outcome.add(peer.append(batch))
            count += len(batch)
            progress("changesets", count, None)
            batch, size = [], 0
    if batch:
        outcome.add(peer.append(batch))
        progress("changesets", count + len(batch), None)


def _lacking(ours: dict[ChainKey, list[Place]], theirs: dict[ChainKey, list[Place]]) -> bool:
    return any(not set(places) <= set(theirs.get(key, ())) for key, places in ours.items())


def known_places(here: Replica, theirs: dict[ChainKey, list[Place]]) -> dict[ChainKey, list[Place]] | None:
    """For each chain of the peer, places that we have; None when it has nothing new for us."""
    ours = tips_of(here.connection)
    known: dict[ChainKey, list[Place]] = {}
    news = False
    for key, places in theirs.items():
        if set(places) <= set(ours.get(key, ())):
            known[key] = places
            continue
        known[key] = sample(here.connection, key)
        news = True
    return known if news else None


def _pull_blobs(here: Replica, there: Peer, done: Exchanged, progress: Progress) -> None:
    mine = ReplicaPeer(here)
    missing = mine.missing_blobs()
    for count, sha256 in enumerate(missing, start=1):
        if here.blobs.has(sha256):
            here.note_blob(sha256)
            continue
        source = there.blob(sha256)
        if source is None:
            done.photos_missing.append(sha256)
            continue
        with source:
            try:
                mine.receive_blob(sha256, source)
                done.photos_received += 1
            except LockedError:
                done.photos_missing.append(sha256)
            except BlobError:
                done.photos_damaged.append(sha256)
        progress("photos", count, len(missing))


def _push_blobs(here: Replica, there: WritablePeer, done: Exchanged) -> None:
    for sha256 in there.missing_blobs():
        if here.blobs.has(sha256) and not here.blobs.is_locked(sha256):
            try:
                with here.blobs.open(sha256) as source:
                    there.receive_blob(sha256, source)
            except LockedError:
                continue
            except BlobError:
                done.photos_damaged.append(sha256)
            else:
                done.photos_sent += 1
