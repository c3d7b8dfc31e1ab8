"""Peers: whatever can say which changesets it has, give them in its own order, and give photos.

A workspace folder or a bare `.db` file is read-only to us and never written: without a `-wal` beside it the file is
opened as immutable, with one a private copy is read, so that nothing is created or changed where the file lies.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import msgspec

from sync.blobs import Blobs
from sync.changeset import Entry
from sync.errors import BlobError, CertificateError, NotAReplicaError
from sync.keys import Certificate, read_certificate
from sync.storage import BODY, SIGNATURE, connect, is_replica, store_errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from sync.append import Outcome
    from sync.replica import Replica

DATABASE: Final = "workspace.db"
PHOTOS: Final = "photos"

ChainKey = tuple[str, str]
"""(area, device)."""
Place = tuple[int, str]
"""(seq, hash in hex)."""


class Peer(Protocol):
    """What `exchange` needs of the other side."""

    def heads(self) -> dict[ChainKey, list[Place]]:
        """The tips of every chain."""
        ...

    def read(self, known: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Entry]:
        """Changesets in the order of appending, without what comes before the known places of each chain named."""
        ...

    def blob(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo, if they are there."""
        ...

    def certificates(self) -> list[Certificate]:
        """Who wrote there, as the peer says."""
        ...


class WritablePeer(Peer, Protocol):
    """A peer that takes changesets, too."""

    def append(self, entries: list[Entry]) -> Outcome:
        """Let changesets in; durable on return."""
        ...

    def missing_blobs(self) -> list[str]:
        """The photos that its rows name and that it lacks."""
        ...

    def receive_blob(self, sha256: str, source: BinaryIO) -> int:
        """Take a photo; durable on return. Returns its size in bytes."""
        ...


_PLACED: Final = (
    "typeof(tips.seq) = 'integer' AND typeof(tips.hash) = 'blob' AND length(tips.hash) = 32"
    " AND typeof(chains.area) = 'text' AND length(chains.area) = 6"
    " AND typeof(chains.device) = 'text' AND length(chains.device) = 20"
)


def tips_of(connection: sqlite3.Connection) -> dict[ChainKey, list[Place]]:
    """The tips of every chain of a database.

    Raises:
        NotAReplicaError: What stands there is no list of tips.
    """
    source = "FROM tips JOIN chains ON chains.id = tips.chain"
    if connection.execute(f"SELECT EXISTS (SELECT 1 {source} WHERE NOT ({_PLACED}))").fetchone()[0]:
        raise NotAReplicaError(
            "数据库所登记的链尾已损坏；请在那台设备上用 verify 查看、用 rebuild 恢复后重试。",
            "The ends of the chains as the database notes them are damaged; see verify on that device, run rebuild"
            " there, then try again.",
        )
    heads: dict[ChainKey, list[Place]] = {}
    query = (
        f"SELECT chains.area, chains.device, tips.seq, tips.hash {source}"
        " ORDER BY chains.area, chains.device, tips.seq, tips.hash"
    )
    for area, device, seq, hash_ in map(tuple, connection.execute(query)):
        heads.setdefault((area, device), []).append((seq, bytes(hash_).hex()))
    return heads


def sample(connection: sqlite3.Connection, key: ChainKey) -> list[Place]:
    """Places of a chain at growing distance from its tips, so that a peer with a shorter or forked chain finds a common one."""
    row = connection.execute("SELECT id FROM chains WHERE area = ? AND device = ?", key).fetchone()
    if row is None:
        return []
    ends = connection.execute(
        "SELECT max(seq) FROM log WHERE chain = ?1 AND typeof(seq) = 'integer'"
        " UNION SELECT seq FROM tips WHERE chain = ?1 AND typeof(seq) = 'integer'",
        (row[0],),
    ).fetchall()
    wanted: set[int] = set()
    for (end,) in map(tuple, ends):
        at, step = end or 0, 1
        while at > 0:
            wanted.add(at)
            at, step = at - step, step * 2
    places: list[Place] = []
    query = "SELECT seq, hash FROM log WHERE chain = ? AND seq = ? AND typeof(hash) = 'blob'"
    for seq in sorted(wanted, reverse=True):
        found = connection.execute(query, (row[0], seq))
        places.extend((int(each[0]), bytes(each[1]).hex()) for each in found)
    return places


def wanted_ids(
    connection: sqlite3.Connection,
    known: Mapping[ChainKey, Sequence[Place]],
    skip: frozenset[ChainKey] = frozenset(),
) -> list[int]:
    """Log numbers, in order of appending, of what is none of the known places and comes before none of them.

    Args:
        connection: The database to read from.
        known: For each chain the places that the other side has.
        skip: Chains of which nothing is wanted.
    """
    ids: list[int] = []
    for number, area, device in map(tuple, connection.execute("SELECT id, area, device FROM chains").fetchall()):
        if (area, device) in skip:
            continue
        common = _common(connection, number, known.get((area, device), ()))
        after = max((seq for seq, _ in common), default=0)
        covered: set[int] = set()
        if common and _forked(connection, number, after):
            after, covered = _before_fork(connection, number, common)
        rows = connection.execute("SELECT id FROM log WHERE chain = ? AND seq > ?", (number, after))
        ids.extend(row[0] for row in rows if row[0] not in covered)
    ids.sort()
    return ids


def after_known(connection: sqlite3.Connection, chain: int, places: Sequence[Place], after: int) -> Iterator[int]:
    """Log numbers of one chain of our own database above `after`, rising, without what the known places have or follow.

    Of our own file what it notes of forks is believed, so that a long chain need not be counted.
    """
    common = _common(connection, chain, places)
    top = max((seq for seq, _ in common), default=0)
    forked = connection.execute(
        "SELECT forked IS NOT 0 OR (SELECT count(*) FROM tips WHERE chain = chains.id) > 1 FROM chains WHERE id = ?",
        (chain,),
    ).fetchone()[0]
    if forked:
        covered: set[int] = set()
        if common:
            top, covered = _before_fork(connection, chain, common)
        rows = connection.execute(
            "SELECT id FROM log WHERE chain = ? AND seq > ? AND id > ? ORDER BY id", (chain, top, after)
        )
        return (row[0] for row in rows.fetchall() if row[0] not in covered)
    # along one line log numbers rise with sequence numbers; a row at a time, so that nobody reads what is not sent
    rows = connection.execute(
        "SELECT id FROM log WHERE chain = ? AND seq > ? AND id > ? ORDER BY seq", (chain, top, after)
    )
    return (row[0] for row in rows)


def _common(connection: sqlite3.Connection, chain: int, places: Sequence[Place]) -> list[tuple[int, bytes]]:
    """Those of the places that stand in the chain here."""
    query = "SELECT 1 FROM log WHERE chain = ? AND seq = ? AND hash = ?"
    pairs = [(seq, bytes.fromhex(hash_)) for seq, hash_ in places]
    return [pair for pair in pairs if connection.execute(query, (chain, *pair)).fetchone()]


def _forked(connection: sqlite3.Connection, chain: int, top: int) -> bool:
    """Whether the chain branches at or below `top`; what a file notes of its forks is not believed alone."""
    noted = connection.execute(
        "SELECT forked IS NOT 0 OR (SELECT count(*) FROM tips WHERE chain = chains.id) > 1 FROM chains WHERE id = ?",
        (chain,),
    ).fetchone()[0]
    if noted:
        return True
    # more changesets than numbers: some number stands there twice
    count = connection.execute("SELECT count(*) FROM log WHERE chain = ? AND seq <= ?", (chain, top)).fetchone()[0]
    return int(count) > top


class _Link(msgspec.Struct):
    """The part of a header that says what came before."""

    prev: str | None


class _Linked(msgspec.Struct):
    """A changeset, read only so far as its predecessor's name."""

    header: _Link


_link_decoder: Final = msgspec.json.Decoder(_Linked)


def _before_fork(
    connection: sqlite3.Connection, chain: int, common: Sequence[tuple[int, bytes]]
) -> tuple[int, set[int]]:
    """(n, ids): the other side has the changesets up to number n, where one line leads, and those with these log numbers."""
    line = _line(connection, chain)
    after = 0
    covered: set[int] = set()
    query = f"SELECT id, {BODY} FROM log WHERE chain = ? AND seq = ? AND hash = ?"
    for place in common:
        seq, hash_ = place
        while seq > line:
            row = connection.execute(query, (chain, seq, hash_)).fetchone()
            if row is None or row[0] in covered:
                break
            covered.add(row[0])
            prev = _prev(row[1])
            if prev is None:
                break
            seq, hash_ = seq - 1, prev
        if seq <= line:
            after = max(after, seq)
    return after, covered


def _line(connection: sqlite3.Connection, chain: int) -> int:
    """The number up to which the chain is one line: below the first number that stands there twice."""
    first = connection.execute(
        "SELECT seq FROM log WHERE chain = ? AND typeof(seq) = 'integer' GROUP BY seq HAVING count(*) > 1"
        " ORDER BY seq LIMIT 1",
        (chain,),
    ).fetchone()
    if first is None:
        top = connection.execute("SELECT max(seq) FROM log WHERE chain = ? AND typeof(seq) = 'integer'", (chain,))
        return int(top.fetchone()[0] or 0)
    return int(first[0]) - 1


def _prev(body: bytes) -> bytes | None:
    try:
        prev = _link_decoder.decode(body).header.prev
        return None if prev is None else bytes.fromhex(prev)
    except (msgspec.DecodeError, ValueError):
        return None


def entries_by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> Iterator[tuple[int, Entry]]:
    """(log number, changeset) in order; what is not a changeset at all is handed over as one that no door lets in."""
    for start in range(0, len(ids), 1000):
        batch = ids[start : start + 1000]
        low, high = batch[0], batch[-1]
        wanted = set(batch) if high - low + 1 != len(batch) else None
        rows = connection.execute(
            f"SELECT id, {BODY}, {SIGNATURE} FROM log WHERE id BETWEEN ? AND ? ORDER BY id", (low, high)
        )
        for number, body, signature in map(tuple, rows):
            if wanted is None or number in wanted:
                yield number, Entry(body, signature)


def certificates_of(connection: sqlite3.Connection) -> list[Certificate]:
    """The certificates that a database lists; what does not check is left out."""
    query = (
        "SELECT CAST(jws AS BLOB) FROM certificates WHERE typeof(jws) = 'text' AND length(jws) <= 16384 ORDER BY id"
    )
    found: list[Certificate] = []
    for (text,) in map(tuple, connection.execute(query).fetchall()):
        with contextlib.suppress(CertificateError, ValueError):
            found.append(read_certificate(text.decode()))
    return found


@dataclass
class FilePeer:
    """A workspace folder or a bare database file of somebody, read-only.

    Attributes:
        source: What was named.
        database: The file that is read: the source's own, or a private copy of it.
        connection: Open on it.
    """

    source: Path
    database: Path
    connection: sqlite3.Connection
    photos: Blobs
    immutable: bool
    _private: Path | None
    _stamp: tuple[int, int]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and remove the private copy."""
        self.connection.close()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)

    def unchanged(self) -> bool:
        """Whether the file that was opened as immutable still is what it was."""
        return not self.immutable or _stamp(self.database) == self._stamp

    def heads(self) -> dict[ChainKey, list[Place]]:
        """The tips of every chain."""
        with store_errors(self.source):
            return tips_of(self.connection)

    def read(self, known: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Entry]:
        """Changesets in the order of appending."""
        with store_errors(self.source):
            ids = wanted_ids(self.connection, known)
            for _, entry in entries_by_id(self.connection, ids):
                yield entry

    def blob(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo, if they lie beside the database."""
        try:
            return self.photos.open(sha256) if self.photos.has(sha256) else None
        except (BlobError, OSError):
            return None

    def certificates(self) -> list[Certificate]:
        """Who wrote there, as the file says; what does not check is left out."""
        with store_errors(self.source):
            return certificates_of(self.connection)


def open_peer(path: Path, scratch: Path | None = None) -> FilePeer:
    """Open somebody's workspace folder or database file for reading.

    Args:
        path: A folder that holds `workspace.db`, or a database file, with or without its `-wal`.
        scratch: Folder for a private copy, where one is needed.

    Raises:
        NotAReplicaError: Nothing of ours lies there, or it is damaged.
    """
    database = path / DATABASE if path.is_dir() else path
    if not database.is_file():
        raise NotAReplicaError(
            f"{path} 不是工作区文件夹，也不是工作区数据库文件。",
            f"{path} is neither a workspace folder nor a database file.",
        )
    photos = Blobs(database.parent / PHOTOS)
    private: Path | None = None
    connection: sqlite3.Connection | None = None
    stamp = _stamp(database)
    wal = database.with_name(database.name + "-wal")
    try:
        if wal.is_file() and wal.stat().st_size > 0:
            private = Path(tempfile.mkdtemp(prefix=".merge-", dir=scratch))
            opened = private / DATABASE
            stamp = _copy(database, wal, opened)
            connection = connect(opened)
            connection.execute("PRAGMA query_only = ON")
        else:
            opened = database
            connection = connect(database, immutable=True)
        is_replica(connection, path)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if private is not None:
            shutil.rmtree(private, ignore_errors=True)
        if isinstance(error, OSError):
            raise NotAReplicaError(
                f"{path} 无法读取：{error.strerror}。", f"{path} cannot be read: {error.strerror}."
            ) from error
        raise
    return FilePeer(path, opened, connection, photos, private is None, private, stamp)


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def _copy(database: Path, wal: Path, target: Path) -> tuple[int, int]:
    """Copy a database with its write-ahead log, again if somebody wrote meanwhile."""
    for _ in range(5):
        before = _stamp(database), _stamp(wal)
        shutil.copyfile(database, target)
        shutil.copyfile(wal, target.with_name(target.name + "-wal"))
        if wal.is_file() and before == (_stamp(database), _stamp(wal)):
            return before[0]
    raise NotAReplicaError(
        f"{database} 正在被不断写入，无法取得一致的副本；请先关闭那边的程序。",
        f"{database} is being written all the time and cannot be copied consistently; close the programme there first.",
    )


class ReplicaPeer:
    """An open replica as a peer of another: both sides give and take."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica

    def heads(self) -> dict[ChainKey, list[Place]]:
        """The tips of every chain."""
        return tips_of(self.replica.connection)

    def read(self, known: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Entry]:
        """Changesets in the order of appending."""
        ids = wanted_ids(self.replica.connection, known)
        for _, entry in entries_by_id(self.replica.connection, ids):
            yield entry

    def append(self, entries: list[Entry]) -> Outcome:
        """Let changesets in; durable on return."""
        from sync.taking import look_at, take_in

        taken = take_in(self.replica, look_at(entries, self.replica, self._certificate_text))
        if self.replica.depth == 0:  # a preview is taken back, and removed bytes would not be
            self.replica.apply_purges()
        return taken.outcome

    def _certificate_text(self, cert: str) -> str | None:
        row = self.replica.connection.execute("SELECT jws FROM certificates WHERE id = ?", (cert,)).fetchone()
        return None if row is None else str(row[0])

    def blob(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo, if they are here and not locked."""
        blobs = self.replica.blobs
        return blobs.open(sha256) if blobs.has(sha256) and not blobs.is_locked(sha256) else None

    def missing_blobs(self) -> list[str]:
        """The photos that rows name and that are not here."""
        rows = self.replica.connection.execute("SELECT sha256 FROM blobs WHERE state = 'missing' ORDER BY sha256")
        return [row[0] for row in rows.fetchall()]

    def receive_blob(self, sha256: str, source: BinaryIO) -> int:
        """Take a photo; durable on return. Returns its size in bytes."""
        size = self.replica.blobs.receive(sha256, source)
        self.replica.note_blob(sha256)
        return size

    def certificates(self) -> list[Certificate]:
        """Who wrote here; what does not check is left out."""
        return certificates_of(self.replica.connection)


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths name one file."""
    try:
        return one.samefile(other)
    except OSError:
        return False
