"""verify: is everything that stands here what its author signed, and are the tables the fold of the log?

Checks, in this order: the file's pages and indexes, every changeset (bytes, hash, place, certificate, signature, predecessor, seen versions, order),
every chain's tips, the folded tables and all bookkeeping against a fresh fold, every photo against its hash, and, where
another replica is at hand, whether it knows a changeset that does not stand here. A chain alone cannot show that its tail
is gone. What is read may have been written by anybody: wrong types and missing tables are named, not stumbled over.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from sync.append import Appender
from sync.changeset import Entry, version_of
from sync.door import Arrival, certificate_of, read
from sync.errors import PeerError, SyncError
from sync.keys import read_certificate, signed
from sync.promises import broken
from sync.schema import BOOKKEEPING
from sync.storage import (
    BODY,
    HASH,
    SEQ,
    SIGNATURE,
    columns_of,
    connect,
    create,
    own_tables,
    quoted,
    strange_triggers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sync.blobs import Blobs
    from sync.peers import ChainKey, Place
    from sync.schema import Schema

CLOCK_JUMP_MS: Final = 60_000
_CHUNK: Final = 2000
_NO_DAMAGE: Final = ("SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN")
"""Errors of the place where the log is folded anew, or of the moment."""

_DERIVED: Final[dict[str, str]] = {
    "certificates": "id, device, team, jws",
    "chains": "id, area, device, forked",
    "conflicts": "tbl, row, cell",
    "refusals": "log, change, code",
    "system_changes": "log",
    "tips": "chain, hash, seq, cert",
}
"""Table → columns of what is derived from the log and must be exactly what a fresh fold gives."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing found.

    Attributes:
        code: `changeset`, `signature`, `chain`, `order`, `seen`, `tail`, `table`, `photo`, `layout`, …
        where: Version, `table/row`, hash of a photo, or name of a table or index.
        level: `fault` for what must not be, `note` for what one should know (forks, clock jumps, purges, waiting).
    """

    code: str
    zh: str
    en: str
    where: str
    level: Literal["fault", "note"] = "fault"


def verify(
    connection: sqlite3.Connection,
    schema: Schema,
    blobs: Blobs,
    *,
    others: Sequence[Mapping[ChainKey, Sequence[Place]]] = (),
    progress: Callable[[int, int], None] | None = None,
) -> list[Fault]:
    """Everything that is wrong or worth knowing.

    Args:
        connection: Open on the replica's database; only read.
        schema: Its tables.
        blobs: Its photos.
        others: Tips of other replicas, or receipts, to compare with.
        progress: Told (done, total) changesets.
    """
    faults: list[Fault] = []
    try:
        for found in _sections(connection, schema, blobs, others, progress):
            faults += found
    except sqlite3.DatabaseError as error:
        if (getattr(error, "sqlite_errorname", None) or "").startswith(_NO_DAMAGE):
            raise
        faults.append(
            Fault(
                "damaged",
                f"数据库文件已损坏，无法读完（{error}）；请勿再写入，从备份恢复，或在新工作区里合并同事的副本。",
                f"The database file is damaged and cannot be read to its end ({error}); write no more to it: restore a backup,"
                " or merge a colleague's copy into a new workspace.",
                "workspace.db",
            )
        )
    return faults


def _sections(
    connection: sqlite3.Connection,
    schema: Schema,
    blobs: Blobs,
    others: Sequence[Mapping[ChainKey, Sequence[Place]]],
    progress: Callable[[int, int], None] | None,
) -> Iterator[Iterable[Fault]]:
    """What is found, part by part, so that a file that breaks off half-way still tells what came before."""
    with _any_text(connection):
        yield _check_file(connection)
        broken = {fault.where: fault for fault in _check_layout(connection, schema)}
        yield broken.values()
        if broken.keys() & {"log", "chains"}:
            return
        log = _Log(connection, progress)
        found = log.check()
        if "tips" not in broken:
            found += _check_tips(connection, log)
        sound = not any(fault.level == "fault" for fault in found)
        yield found
        yield _check_tables(connection, schema, broken.keys(), sound=sound)
        if "blobs" not in broken:
            yield _check_blobs(connection, blobs, purges="purges" not in broken)
        for other in others:
            yield behind(log, other)
        yield _check_promises(connection)
        yield _notes(connection, held="held" not in broken)


@contextlib.contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Text that is not UTF-8 reads as something that it should not be, instead of ending everything."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode(errors="backslashreplace")
    try:
        yield
    finally:
        connection.text_factory = before


def _check_file(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Pages and indexes as SQLite sees them, and triggers, of which a replica has none."""
    for row in connection.execute("PRAGMA integrity_check(10)"):
        if row[0] != "ok":
            yield Fault(
                "damaged",
                f"数据库文件已损坏（{row[0]}）；请从备份恢复，或在新工作区里合并同事的副本。",
                f"The database file is damaged ({row[0]}); restore a backup, or merge a colleague's copy into a new workspace.",
                "workspace.db",
            )
    for name in strange_triggers(connection):
        yield Fault(
            "layout",
            f"有外来的触发器 {name}，会绕过日志改表；请用 sqlite3 执行 DROP TRIGGER {quoted(name)}。",
            f"There is a foreign trigger {name} that would change tables behind the log; run DROP TRIGGER {quoted(name)} with sqlite3.",
            name,
        )


def _check_layout(connection: sqlite3.Connection, schema: Schema) -> Iterator[Fault]:
    """Tables, columns and the index that forbids a changeset to stand in the log twice."""
    tables = dict(own_tables())
    tables |= {name: frozenset((*BOOKKEEPING, *table.columns())) for name, table in schema.by_name.items()}
    for name, columns in tables.items():
        lacking = columns - columns_of(connection, name)
        if lacking:
            listed = sorted(lacking)
            zh, en = (
                ("请从备份恢复", "restore a backup")
                if name in own_tables()
                else ("用 rebuild 可恢复", "rebuild restores it")
            )
            yield Fault(
                "layout",
                f"表 {name} 缺失或缺少列（{'、'.join(listed)}）；{zh}。",
                f"Table {name} is missing or lacks columns ({', '.join(listed)}); {en}.",
                name,
            )
    index = connection.execute("SELECT name FROM pragma_index_info('log_place') ORDER BY seqno").fetchall()
    unique = connection.execute(
        "SELECT 1 FROM pragma_index_list('log') WHERE name = 'log_place' AND \"unique\" = 1 AND partial = 0"
    ).fetchone()
    if unique is None or [row[0] for row in index] != ["chain", "seq", "hash"]:
        yield Fault(
            "layout",
            "日志的唯一索引 log_place 缺失或被改动；用 rebuild 可恢复。",
            "The unique index log_place of the log is missing or was changed; rebuild restores it.",
            "log_place",
        )


class _Log:
    """The changesets, checked one by one."""

    def __init__(self, connection: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> None:
        self.connection = connection
        self.progress = progress
        self.places: dict[ChainKey, dict[int, dict[bytes, tuple[int, str]]]] = {}
        """Chain → seq → hash → (log number, certificate id)."""
        self.followed: set[tuple[ChainKey, bytes]] = set()
        self._texts: dict[str, str] = {}
        self._times: dict[tuple[ChainKey, bytes], int] = {}

    def check(self) -> list[Fault]:
        """Faults of the changesets, in the order of the log."""
        faults: list[Fault] = []
        total = self.connection.execute("SELECT count(*) FROM log").fetchone()[0]
        done = 0
        rows = self.connection.execute(
            f"SELECT log.id, {SEQ}, {HASH}, {BODY}, {SIGNATURE}, chains.area, chains.device FROM log"
            " LEFT JOIN chains ON chains.id = log.chain ORDER BY log.id"
        )
        with ThreadPoolExecutor(max_workers=2) as pool:
            while chunk := rows.fetchmany(_CHUNK):
                pairs = [self._one(tuple(row), faults) for row in chunk]
                proofs = [pair for pair in pairs if pair is not None]
                for (arrival, _), good in zip(proofs, pool.map(_proof, proofs, chunksize=256), strict=True):
                    if not good:
                        faults.append(
                            _fault("signature", arrival.version, "签名无效", "the signature is not valid")
                        )
                done += len(chunk)
                if self.progress is not None:
                    self.progress(done, total)
        return faults

    def _one(self, row: tuple[Any, ...], faults: list[Fault]) -> tuple[Arrival, Any] | None:
        number, seq, hash_, body, signature, area, device = row
        where = f"{device}:{seq}:{hash_.hex()[:32]}" if hash_ is not None else f"log {number}"
        try:
            arrival = read(Entry(body, signature))
        except PeerError as error:
            faults.append(_fault("changeset", where, error.zh.rstrip("。"), error.en.rstrip(".")))
            return None
        if (arrival.hash, arrival.area, arrival.device, arrival.seq) != (hash_, area, device, seq):
            faults.append(
                _fault(
                    "changeset",
                    where,
                    "内容与其哈希或位置不符，已被改动",
                    "its bytes do not match its hash or place: it was changed",
                )
            )
            return None
        return self._in_place(number, arrival, faults)

    def _in_place(self, number: int, arrival: Arrival, faults: list[Fault]) -> tuple[Arrival, Any] | None:
        key = (arrival.area, arrival.device)
        chain = self.places.setdefault(key, {})
        before: str | None = None
        if arrival.hash in chain.get(arrival.seq, {}):
            faults.append(_fault("order", arrival.version, "重复出现", "it stands in the log twice"))
        if arrival.prev is not None:
            found = chain.get(arrival.seq - 1, {}).get(arrival.prev)
            if found is None:
                faults.append(self._gap(arrival))
            else:
                before = found[1]
                self.followed.add((key, arrival.prev))
        named = {version for _, _, _, seen in arrival.changes for each in seen.values() for version in each}
        faults += [
            _fault(
                "seen",
                arrival.version,
                f"所依据的变更 {version} 不在它之前",
                f"{version}, which it builds on, does not stand before it",
            )
            for version in sorted(named)
            if not self.has(arrival.area, version)
        ]
        chain.setdefault(arrival.seq, {})[arrival.hash] = (number, arrival.cert)
        self._clock(key, arrival, faults)
        if arrival.jws is not None:
            self._texts[arrival.cert] = arrival.jws
        try:
            if before is None and arrival.prev is not None:
                text = self._texts.get(arrival.cert)
                return (arrival, read_certificate(text)) if text is not None else None
            return arrival, certificate_of(arrival, before, self._texts.get)
        except PeerError as error:
            faults.append(Fault("certificate", error.zh, error.en, arrival.version))
            return None

    def _gap(self, arrival: Arrival) -> Fault:
        later = self.connection.execute("SELECT 1 FROM log WHERE hash = ?", (arrival.prev,)).fetchone()
        if later is not None:
            return _fault(
                "order",
                arrival.version,
                "排在其前驱之前，顺序被改动",
                "it stands before its predecessor: the order was changed",
            )
        return _fault(
            "chain",
            arrival.version,
            f"其前驱（第 {arrival.seq - 1} 号）缺失；在新工作区里先后合并本库和有它的副本即可补回",
            f"its predecessor, number {arrival.seq - 1}, is missing; merge this file and a copy that has it into a new"
            " workspace to get it back",
        )

    def _clock(self, key: ChainKey, arrival: Arrival, faults: list[Fault]) -> None:
        self._times[key, arrival.hash] = arrival.time
        if arrival.prev is not None:
            earlier = self._times.pop((key, arrival.prev), None)
            if earlier is not None and arrival.time < earlier - CLOCK_JUMP_MS:
                seconds = (earlier - arrival.time) // 1000
                faults.append(
                    _fault(
                        "clock",
                        arrival.version,
                        f"设备时钟回拨 {seconds} 秒",
                        f"the device's clock went back by {seconds} s",
                        level="note",
                    )
                )

    def has(self, area: str, version: str) -> bool:
        """Whether a version was met so far."""
        device, seq, short = version.split(":")
        hashes = self.places.get((area, device), {}).get(int(seq), {})
        return any(hash_.hex().startswith(short) for hash_ in hashes)


def _proof(pair: tuple[Arrival, Any]) -> bool:
    arrival, certificate = pair
    return signed(certificate, arrival.hash, arrival.signature)


def _fault(
    code: str,
    where: str,
    zh: str,
    en: str,
    *,
    level: Literal["fault", "note"] = "fault",
    what: tuple[str, str] = ("变更", "Changeset"),
) -> Fault:
    return Fault(code, f"{what[0]} {where}：{zh}。", f"{what[1]} {where}: {en}.", where, level)


def _check_tips(connection: sqlite3.Connection, log: _Log) -> Iterator[Fault]:
    """The tips noted for each chain are the changesets without successor."""
    known: set[tuple[ChainKey, bytes]] = set()
    query = (
        "SELECT tips.chain, chains.area, chains.device, typeof(seq) = 'integer' AND typeof(hash) = 'blob'"
        " AND length(hash) = 32, seq, substr(hash, 1, 32) FROM tips LEFT JOIN chains ON chains.id = tips.chain"
    )
    for number, area, device, placed, seq, hash_ in map(tuple, connection.execute(query)):
        if area is None or not placed:
            yield _fault(
                "tail", f"tips/{number}", "登记有误", "it is not noted rightly", what=("链尾", "Chain end")
            )
            continue
        key = (area, device)
        known.add((key, hash_))
        chain = log.places.get(key, {})
        if hash_ not in chain.get(seq, {}):
            top = max(chain, default=0)
            yield _fault(
                "tail",
                version_of(device, seq, hash_),
                f"缺失；区域 {area} 的链止于第 {top} 号",
                f"it is missing; the chain of area {area} ends at number {top}",
            )
    for key, chain in log.places.items():
        for seq, hashes in chain.items():
            for end in hashes:
                if (key, end) not in log.followed and (key, end) not in known:
                    version = version_of(key[1], seq, end)
                    yield _fault(
                        "tail", version, "未登记为链尾", "it is the end of its chain but is not noted as such"
                    )


def behind(log: _Log, other: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Fault]:
    """Where another replica or a receipt knows a changeset, or a whole chain, that does not stand here."""
    for key, places in other.items():
        chain = log.places.get(key, {})
        for seq, hash_ in places:
            if hash_ in {each.hex() for each in chain.get(seq, {})}:
                continue
            top = max(chain, default=0)
            ends = f"的链止于第 {top} 号：尾部缺失", f"ends at number {top} here: its tail is missing"
            none = "没有该设备的任何变更：整条链缺失", "is not here at all: all of it is missing"
            zh, en = ends if chain else none
            yield _fault(
                "tail",
                f"{key[1]}:{seq}:{hash_[:32]}",
                f"另一副本存有，而此处区域 {key[0]} {zh}或尚未合并",
                f"another replica has it, but the chain of area {key[0]} {en} or was not merged yet",
            )


def _check_promises(connection: sqlite3.Connection) -> Iterator[Fault]:
    """What somebody has taken from here, over a signature, stands here still."""
    for each in broken(connection):
        end = each.end
        if each.giver:
            zh, en = f"已由 {each.giver} 于 {each.when} 签收", f"was acknowledged by {each.giver} on {each.when}"
        else:
            zh, en = "曾登记为已签收", "is noted as acknowledged"
        yield Fault(
            "tail",
            f"日志被截断或回退：变更 {end.version}（区域 {end.area}）{zh}，此处却没有；请合并对方的副本找回。",
            f"The log was cut or rolled back: {end.version} (area {end.area}) {en} and is not here; merge their copy to get it"
            " back.",
            end.version,
        )


def _check_tables(
    connection: sqlite3.Connection, schema: Schema, broken: Collection[str], *, sound: bool
) -> Iterator[Fault]:
    """The tables against a fresh fold of the log; a damaged log cannot be folded to compare with."""
    if not sound or "meta" in broken:
        yield Fault(
            "table",
            "日志有误，未比对数据表与日志；请先处理日志中的问题。",
            "The tables were not compared with the log, because the log itself is at fault.",
            "log",
            "note",
        )
        return
    folder = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        fresh = _fresh_fold(connection, schema, folder / "fold.db")
        try:
            yield from _differences(connection, fresh, schema, broken)
            yield from _derived(connection, fresh, broken)
            if "changes" not in broken:
                yield from _lost_changes(connection, fresh, schema)
            if "blobs" not in broken:
                yield from _lost_blobs(connection, fresh, schema)
        finally:
            fresh.close()
    except SyncError as error:
        yield Fault("table", error.zh, error.en, "log")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fresh_fold(connection: sqlite3.Connection, schema: Schema, path: Path) -> sqlite3.Connection:
    fresh = connect(path)
    fresh.execute("PRAGMA journal_mode = OFF")
    fresh.execute("PRAGMA synchronous = OFF")
    fresh.execute("BEGIN IMMEDIATE")
    create(fresh, schema)
    chains = connection.execute("SELECT id, area, device FROM chains").fetchall()
    fresh.executemany("INSERT INTO chains (id, area, device) VALUES (?, ?, ?)", [tuple(row) for row in chains])
    team = connection.execute("SELECT value FROM meta WHERE key = 'team'").fetchone()
    appender = Appender(fresh, schema, "" if team is None else str(team[0]))
    entries = connection.execute(f"SELECT id, chain, {SEQ}, {HASH}, {BODY}, {SIGNATURE} FROM log ORDER BY id")
    while chunk := [tuple(row) for row in entries.fetchmany(_CHUNK)]:
        fresh.executemany(
            "INSERT INTO log (id, chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, CAST(? AS TEXT), ?)", chunk
        )
        arrivals = [read(Entry(body, signature)) for _, _, _, _, body, signature in chunk]
        appender.refold(arrivals, [row[0] for row in chunk])
    appender.settle()
    fresh.execute("COMMIT")
    return fresh


def _differences(
    connection: sqlite3.Connection, fresh: sqlite3.Connection, schema: Schema, broken: Collection[str]
) -> Iterator[Fault]:
    """Rows that are not what the log makes of them."""
    for name, table in schema.by_name.items():
        if name in broken:
            continue
        columns = ",".join((*BOOKKEEPING, *table.columns()))
        query = f"SELECT {columns} FROM {name} ORDER BY id"
        here = (tuple(row) for row in connection.execute(query))
        there = (tuple(row) for row in fresh.execute(query))
        for stands, folded in _joined(here, there):
            if stands != folded:
                row = (stands or folded or ("",))[0]
                yield Fault(
                    "table",
                    f"表 {name} 的行 {row} 与日志不符，是绕过日志改动的；用 rebuild 可恢复。",
                    f"Row {row} of table {name} is not what the log says: it was changed behind the log; rebuild restores it.",
                    f"{name}/{row}",
                )


def _derived(connection: sqlite3.Connection, fresh: sqlite3.Connection, broken: Collection[str]) -> Iterator[Fault]:
    """Bookkeeping that is not what the log makes of it."""
    for name, columns in _DERIVED.items():
        if name in broken:
            continue
        query = f"SELECT {columns} FROM {name}"
        one, other = (set(map(tuple, each.execute(query).fetchall())) for each in (connection, fresh))
        for where in sorted({_where(fresh, name, row) for row in one ^ other}):
            yield Fault(
                "table",
                f"登记表 {name} 中关于 {where} 的内容与日志不符；用 rebuild 可恢复。",
                f"What table {name} notes of {where} is not what the log says; rebuild restores it.",
                where,
            )


def _where(fresh: sqlite3.Connection, name: str, row: tuple[Any, ...]) -> str:
    """What a row of the bookkeeping is about."""
    if name == "conflicts":
        return f"{row[0]}/{row[1]}"
    if name in {"refusals", "system_changes"}:
        return _named(fresh, row[0])
    return f"{name}/{row[0]}"


def _named(fresh: sqlite3.Connection, number: int) -> str:
    """The version of a log number."""
    found = fresh.execute(
        "SELECT device, seq, hash FROM log JOIN chains ON chains.id = log.chain WHERE log.id = ?", (number,)
    ).fetchone()
    return f"log {number}" if found is None else version_of(found[0], found[1], found[2])


def _lost_changes(connection: sqlite3.Connection, fresh: sqlite3.Connection, schema: Schema) -> Iterator[Fault]:
    """Changes that the index of changes lacks; it may hold more, and lack the creation that the row itself names."""
    here = connection.execute("SELECT row, log FROM changes ORDER BY row, log")
    stands = next(here, None)
    for row, number in map(tuple, fresh.execute("SELECT row, log FROM changes ORDER BY row, log")):
        while stands is not None and _before(tuple(stands), (row, number)):
            stands = next(here, None)
        if stands is not None and tuple(stands) == (row, number):
            continue
        version = _named(fresh, number)
        if not _creates(fresh, schema, row, version):
            yield Fault(
                "table",
                f"变更索引缺少变更 {version} 对行 {row} 的登记；用 rebuild 可恢复。",
                f"The index of changes lacks what {version} changed in row {row}; rebuild restores it.",
                version,
            )


def _before(one: tuple[Any, Any], other: tuple[str, int]) -> bool:
    """Whether SQLite sorts the first, of any types, before the second."""
    row, number = one
    if not isinstance(row, str):
        return not isinstance(row, bytes)
    if row != other[0]:
        return row < other[0]
    return isinstance(number, int | float) and number < other[1]


def _creates(fresh: sqlite3.Connection, schema: Schema, row: str, version: str) -> bool:
    return any(
        fresh.execute(f"SELECT 1 FROM {name} WHERE id = ? AND created = ?", (row, version)).fetchone()
        for name in schema.by_name
    )


def _lost_blobs(connection: sqlite3.Connection, fresh: sqlite3.Connection, schema: Schema) -> Iterator[Fault]:
    """Photos that rows name and that nobody would fetch or check, because they are not noted."""
    noted = {row[0] for row in connection.execute("SELECT sha256 FROM blobs")}
    for name, table in schema.by_name.items():
        for column in table.blob_columns:
            # a purge names what shall not be here
            if name == "purges":
                continue
            for (sha256,) in map(tuple, fresh.execute(f"SELECT DISTINCT {column} FROM {name}")):
                if sha256 is not None and sha256 not in noted:
                    yield _fault(
                        "photo",
                        sha256,
                        "有记录引用而未登记；用 rebuild 可恢复",
                        "rows name it but it is not noted; rebuild restores that",
                        what=("照片", "Photo"),
                    )


def _joined(
    one: Iterator[tuple[Any, ...]], other: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]]:
    """Pair rows of two results that are ordered by their first column."""
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        if right is None or (left is not None and str(left[0]) < str(right[0])):
            yield left, None
            left = next(one, None)
        elif left is None or str(right[0]) < str(left[0]):
            yield None, right
            right = next(other, None)
        else:
            yield left, right
            left, right = next(one, None), next(other, None)


def _check_blobs(connection: sqlite3.Connection, blobs: Blobs, *, purges: bool) -> Iterator[Fault]:
    rows = connection.execute("SELECT sha256, state FROM blobs ORDER BY sha256").fetchall()
    for sha256, state in map(tuple, rows):
        if state == "purged":
            if purges:
                yield _purged(connection, sha256)
        elif state not in {"here", "missing"}:
            yield _fault(
                "photo", str(sha256), "登记的状态不明", "its state is not one that there is", what=("照片", "Photo")
            )
        elif not _is_here(blobs, sha256):
            gone = state == "here"
            yield _fault(
                "photo",
                str(sha256),
                "曾在本机，现已缺失" if gone else "尚未收到",
                "it was here and is gone" if gone else "it has not come yet",
                level="fault" if gone else "note",
                what=("照片", "Photo"),
            )
        elif blobs.is_locked(sha256):
            yield _fault(
                "locked",
                sha256,
                "用 PIN 加密保存，未解锁，未核对",
                "it lies sealed under a PIN that was not entered, so it was not checked",
                level="note",
                what=("个人数据", "Private value"),
            )
        elif not blobs.intact(sha256):
            yield _fault("photo", sha256, "字节已被改动", "its bytes were changed", what=("照片", "Photo"))


def _is_here(blobs: Blobs, sha256: object) -> bool:
    with contextlib.suppress(SyncError):
        return isinstance(sha256, str) and blobs.has(sha256)
    return False


def _purged(connection: sqlite3.Connection, sha256: str) -> Fault:
    row = connection.execute("SELECT officer, reason FROM purges WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        return _fault(
            "photo",
            str(sha256),
            "登记为已清除，但日志中没有计入的清除记录",
            "it is noted as purged, but no purge in the log counts for it",
            what=("照片", "Photo"),
        )
    officer, reason = tuple(row)
    return Fault(
        "purged",
        f"照片或个人数据 {sha256}：由 {officer} 清除，理由：{reason}。",
        f"Photo or personal data {sha256}: purged by {officer}, reason: {reason}.",
        sha256,
        "note",
    )


def _notes(connection: sqlite3.Connection, *, held: bool) -> Iterator[Fault]:
    for area, device in map(
        tuple, connection.execute("SELECT area, device FROM chains WHERE forked = 1").fetchall()
    ):
        yield Fault(
            "fork",
            f"设备 {device} 在区域 {area} 的链有分叉（副本、恢复的备份或伪造）；两支均保留并计入。",
            f"The chain of device {device} in area {area} forks (a clone, a restored backup or deceit); both branches count.",
            f"{area}/{device}",
            "note",
        )
    query = "SELECT device, seq, waits FROM held ORDER BY device, seq"
    for device, seq, waits in map(tuple, connection.execute(query).fetchall() if held else ()):
        yield Fault(
            "held",
            f"设备 {device} 的第 {seq} 号变更在等待 {waits}。",
            f"Changeset {seq} of device {device} waits for {waits}.",
            f"{device}:{seq}",
            "note",
        )
