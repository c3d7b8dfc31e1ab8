"""A replica: one SQLite file with a log, the tables that it folds into, and the photos beside it.

One way in: `write` makes one signed changeset of a user's action, `merge` (in `sync.exchange`) takes in those of
others. Both append to the log and fold in one `BEGIN IMMEDIATE` transaction with `synchronous=FULL`, so that what is
acknowledged is on disk.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.append import Appender
from sync.blobs import Blobs
from sync.changeset import (
    ALGORITHM,
    FORMAT,
    MAX_SEEN,
    POLICY,
    Change,
    Changeset,
    Header,
    digest,
    encode,
    nfc,
    version_of,
)
from sync.door import Arrival, plain
from sync.errors import LockedError, MalformedError, StaleError, StoreError
from sync.identity import home_mark, now_ms
from sync.ids import derived_id
from sync.schema import BOOKKEEPING
from sync.storage import (
    connect,
    create,
    create_folded,
    is_empty,
    is_replica,
    quoted,
    store_errors,
    strange_triggers,
)
from sync.tables import Applied, Folder, ShapeError, decode_conflict, decode_heads, flatten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from sync.identity import Identity
    from sync.schema import Schema, Table

PROGRAMME: Final = "inspect-tui 0.1.0"


@dataclass(frozen=True, slots=True)
class Row:
    """A folded row as somebody looks at it.

    Attributes:
        values: Column → value; groups are flattened into their columns, `json` cells are decoded.
        created: The version that created the row.
        heads: Cells whose heads are not just that version → their heads.
        conflict: Cells with several values.
    """

    table: str
    id: str
    area: str
    values: dict[str, Any]
    created: str
    heads: dict[str, list[str]]
    conflict: list[str]

    def seen(self, cell: str) -> list[str]:
        """The versions of a cell that whoever looks at this row has seen."""
        return self.heads.get(cell) or [self.created]


@dataclass(frozen=True, slots=True)
class Edit:
    """New values for cells of a row.

    Attributes:
        table: Where.
        row: Its id; a row that is not there is created.
        set: Cell → value; a group's value is a map of its columns. No floats.
        basis: The row as the officer saw it; without it, as it is now.
        covers_row: Name the heads of all cells, as a voiding does.
    """

    table: str
    row: str
    set: Mapping[str, Any]
    basis: Row | None = None
    covers_row: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """One of the values of a cell in conflict, or one change in the history of a row."""

    version: str
    value: Any
    time_ms: int
    device: str
    device_name: str
    officer: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell to which two devices gave different values, neither having seen the other's.

    Attributes:
        base: The value that both had seen, if there was one.
        heads: The values, the one shown first.
    """

    table: str
    row: str
    cell: str
    base: Any
    heads: list[Head]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a row, as the log has it; `refused` is the code of `sync.verdict.REASONS`, or None."""

    version: str
    time_ms: int
    area: str
    device: str
    device_name: str
    officer: str
    table: str
    set: dict[str, Any]
    seen: dict[str, list[str]]
    refused: str | None


@dataclass
class Status:
    """Counts of a replica."""

    changesets: int
    held: int
    refused: int
    conflicts: int
    missing_blobs: int
    devices: int
    forked: list[str] = field(default_factory=list)


class Writing:
    """What `Replica.writing` gives: a class, because every keypress that records goes through two of them."""

    __slots__ = ("_inner", "_replica")

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._inner = False

    def __enter__(self) -> None:
        replica = self._replica
        if replica.triggers:
            names, drop = "、".join(replica.triggers), f"DROP TRIGGER {quoted(replica.triggers[0])}"
            raise StoreError(
                f"{replica.path.name} 里有外来的触发器 {names}，会绕过日志改表，因此拒绝写入；请先备份，用 sqlite3 执行 {drop} 后重试。",
                f"{replica.path.name} holds a foreign trigger ({names}) that would change tables behind the log, so nothing is"
                f" written; back it up, run {drop} with sqlite3, then try again.",
            )
        replica.lock.acquire()
        try:
            self._inner = replica.depth > 0
            with store_errors(replica.path):
                replica.connection.execute("SAVEPOINT inner_writing" if self._inner else "BEGIN IMMEDIATE")
                if not self._inner:
                    replica.check_team()
        except BaseException:
            replica.lock.release()
            raise
        replica.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        replica = self._replica
        try:
            with store_errors(replica.path):
                if error is None:
                    try:
                        replica.connection.execute("RELEASE inner_writing" if self._inner else "COMMIT")
                    except BaseException:
                        self._undo(replica.connection)
                        raise
                else:
                    self._undo(replica.connection)
                    if isinstance(error, sqlite3.DatabaseError):
                        raise error
        finally:
            replica.depth -= 1
            replica.lock.release()

    def _undo(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            if self._inner:
                connection.execute("ROLLBACK TO inner_writing")
                connection.execute("RELEASE inner_writing")
            else:
                connection.execute("ROLLBACK")


def header_after(
    identity: Identity,
    area: str,
    tip: tuple[int, bytes | None, str | None],
    officer: str,
    time_ms: int | None = None,
) -> Header:
    """The header of what a device writes next in an area.

    Args:
        identity: Who signs.
        area: GB/T 2260 code.
        tip: (seq, hash, certificate id) of what it wrote last there; (0, None, None) where nothing.
        officer: Badge number of who acts.
        time_ms: UTC in ms; now unless given.
    """
    seq, prev, cert = tip
    return Header(
        alg=ALGORITHM,
        area=area,
        cert=identity.cert,
        device=identity.device,
        format=FORMAT,
        jws=msgspec.UNSET if cert == identity.cert else identity.jws,
        officer=nfc(officer),
        policy=POLICY,
        prev=None if prev is None else prev.hex(),
        programme=PROGRAMME,
        seq=seq + 1,
        team=identity.team,
        time=now_ms() if time_ms is None else time_ms,
    )


class Replica:
    """An open replica. Writes are serialised; every thread reads on a connection of its own."""

    def __init__(self, path: Path, schema: Schema, identity: Identity | None, blobs: Path) -> None:
        self.path = path
        self.schema = schema
        self.identity = identity
        self.blobs = Blobs(blobs)
        self.connection = connect(path)
        self.reader = self.connection
        self.lock = threading.RLock()
        self.depth = 0
        self.triggers: list[str] = []
        self._names: dict[str, str] = {}
        self._team: str | None = None

    @classmethod
    def create(cls, path: Path, schema: Schema, identity: Identity, blobs: Path) -> Replica:
        """An empty replica in a new file.

        Raises:
            StoreError: The file is there already, or cannot be written.
        """
        if path.exists() and not is_empty(path):
            raise StoreError(f"{path} 已存在，未作改动。", f"{path} exists already; it was left as it is.")
        replica = cls(path, schema, identity, blobs)
        with replica.writing():
            create(replica.connection, schema)
            replica.set_meta("schema", schema.fingerprint())
            replica.set_meta("team", identity.team)
            replica.set_meta("home", home_mark(path))
        return replica

    @classmethod
    def open(cls, path: Path, schema: Schema, identity: Identity | None, blobs: Path) -> Replica:
        """An existing replica; one that an older or newer programme folded is folded anew.

        Raises:
            StoreError: Missing, locked or not writable.
            NotAReplicaError: Not one of ours, damaged, or of a newer layout.
        """
        if not path.is_file():
            raise StoreError(f"{path} 不存在。", f"{path} does not exist.")
        probe = connect(path, read_only=True)
        try:
            is_replica(probe, path)
            triggers = strange_triggers(probe)
        finally:
            probe.close()
        replica = cls(path, schema, identity, blobs)
        replica.triggers = triggers
        if replica.meta("schema") != schema.fingerprint():
            replica.rebuild()
        return replica

    def close(self) -> None:
        """Close the writing connection."""
        self.connection.close()

    def connect_reader(self) -> sqlite3.Connection:
        """A read-only connection for another thread, with rows by name."""
        return connect(self.path, read_only=True)

    # meta

    def meta(self, key: str) -> str | None:
        """A note of this file about itself; not replicated."""
        with store_errors(self.path):
            row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def set_meta(self, key: str, value: str) -> None:
        """Set a note; on disk when the transaction ends."""
        with self.writing():
            self.connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    @property
    def team(self) -> str:
        """The id of the team whose root this replica stands under."""
        if self._team is None:
            self._team = self.meta("team")
        return self._team or ""

    def forget_team(self) -> None:
        """Read the team's id anew when it is asked for next."""
        self._team = None

    def check_team(self) -> None:
        """Look, in a transaction just begun, whether another process has joined another team meanwhile; if so, end it.

        Raises:
            StoreError: One has: what were written now would be signed and judged under the old team.
        """
        if self._team is None:
            return
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'team'").fetchone()
        if row is not None and row[0] != self._team:
            self.connection.execute("ROLLBACK")
            raise StoreError(
                "此工作区已在另一窗口加入团队，本窗口未写入任何内容；请关闭后重新打开。",
                "This workspace has joined a team in another window; nothing was written here, close this one and open it anew.",
            )

    def set_team(self, team: str) -> None:
        """Stand under another root from now on: every verdict is made anew and the tables are folded again.

        In the caller's transaction: until that ends, the replica is what it was.
        """
        before = self._team
        try:
            with self.writing():
                self.set_meta("team", team)
                self._team = team
                self.rebuild()
        except BaseException:
            self._team = before
            raise

    def home_changed(self) -> bool:
        """Whether the file is a copy, or was restored: its device identity must not be used again."""
        return self.meta("home") != home_mark(self.path)

    def settle_home(self) -> None:
        """Note that the file is at home here, after a new device identity was made."""
        self.set_meta("home", home_mark(self.path))

    # writing

    def writing(self) -> Writing:
        """One transaction, begun IMMEDIATE; what is written inside is on disk when the outermost one ends.

        An inner one that fails leaves nothing behind in the outer one.

        Raises:
            StoreError: Locked, full or faulty; nothing was written.
        """
        return Writing(self)

    def write(self, area: str, edits: Sequence[Edit], *, officer: str, time_ms: int | None = None) -> str:
        """Record one user action as one signed changeset.

        Args:
            area: GB/T 2260 code; must be that of the rows.
            edits: What changes; cells of the same row may be spread over several.
            officer: Badge number of who acts.
            time_ms: UTC in ms; now unless given.

        Returns:
            The version of the changeset. It is on disk, unless an outer `writing` is open.

        Raises:
            MalformedError: A value cannot be encoded (float, larger than 1 MiB, …).
            StoreError: Locked, full or faulty; nothing was written.
        """
        identity = self.identity
        if identity is None:
            raise StoreError(
                "此工作区没有设备密钥，只能读取。", "This workspace has no device key; it can only be read."
            )
        _ = identity.key  # a key under a PIN is asked for before the file is locked
        with self.writing():
            folder = Folder(self.connection, self.schema)
            folder.prepare(Applied(0, "", "", edit.table, edit.row, {}, {}, None, None) for edit in edits)
            changes = [self._change(edit, folder, area) for edit in edits]
            chain, seq, prev, cert, revoked = self._own_tip(area, identity.device)
            header = header_after(identity, area, (seq, prev, cert), officer, time_ms)
            body = encode(Changeset(changes=changes, header=header))
            hash_ = digest(body)
            if (
                any(change.table in _SYSTEM for change in changes)
                or cert != identity.cert
                or identity.device in revoked
                or _judged(self, identity, header.time)
            ):
                self._append_own(changes, header, body, hash_)
            else:
                self._append_plain(folder, changes, header, body, hash_, chain)
            self._note_own_blobs(changes)
        return version_of(header.device, header.seq, hash_)

    def _note_own_blobs(self, changes: list[Change]) -> None:
        for change in changes:
            table = self.schema.by_name[change.table]
            if table.blob_columns:
                flat = flatten(table, change.set)
                for sha256 in filter(None, map(flat.get, table.blob_columns)):
                    if self.blobs.has(sha256):
                        self.note_blob(sha256)

    def _change(self, edit: Edit, folder: Folder, area: str) -> Change:
        stands_in = edit.basis.area if edit.basis is not None else folder.area_of(edit.table, edit.row)
        if stands_in not in {None, area}:
            raise MalformedError(
                f"记录属于行政区 {stands_in}，不能在 {area} 中改动。",
                f"The row belongs to area {stands_in}; it cannot be changed in {area}.",
            )
        table = self.schema.by_name[edit.table]
        values = {cell: nfc(value) for cell, value in edit.set.items()}
        try:
            flatten(table, values)
        except ShapeError as error:
            raise MalformedError(
                f"{edit.table} 的取值与表结构不符：{error}。", f"A value does not fit table {edit.table}: {error}."
            ) from error
        cells = sorted({*values, *table.by_name} if edit.covers_row else values)
        if edit.basis is None:
            seen = folder.seen(edit.table, edit.row, cells)
        else:
            seen = {cell: edit.basis.seen(cell) for cell in cells}
        return Change(
            row=edit.row,
            seen={cell: heads[:MAX_SEEN] for cell, heads in seen.items()},
            set=values,
            table=edit.table,
        )

    def _own_tip(self, area: str, device: str) -> tuple[int | None, int, bytes | None, str | None, str]:
        """(chain, seq, hash, certificate id) of what this device wrote last in the area, and the revoked devices."""
        row = self.connection.execute(
            "SELECT tips.chain, tips.seq, tips.hash, tips.cert, (SELECT value FROM meta WHERE key = 'revoked')"
            " FROM tips JOIN chains ON chains.id = tips.chain"
            " WHERE chains.area = ? AND chains.device = ? ORDER BY tips.seq DESC, tips.hash DESC LIMIT 1",
            (area, device),
        ).fetchone()
        return (None, 0, None, None, "") if row is None else (row[0], row[1], bytes(row[2]), row[3], row[4] or "")

    def _append_plain(
        self, folder: Folder, changes: list[Change], header: Header, body: bytes, hash_: bytes, chain: int | None
    ) -> None:
        identity = self.identity
        assert identity is not None  # noqa: S101  write has checked
        signature = identity.key.sign(hash_)
        cursor = self.connection.execute(
            "INSERT INTO log (chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, ?)",
            (chain, header.seq, hash_, body.decode(), signature),
        )
        version = version_of(header.device, header.seq, hash_)
        for change in changes:
            table = self.schema.by_name[change.table]
            flat = flatten(table, change.set)
            folder.apply(
                Applied(int(cursor.lastrowid or 0), version, header.area, *plain(change), code=None, flat=flat)
            )
        folder.flush()
        self.connection.execute(
            "UPDATE tips SET hash = ?, seq = ? WHERE chain = ? AND hash = ?",
            (hash_, header.seq, chain, bytes.fromhex(header.prev or "")),
        )

    def _append_own(self, changes: list[Change], header: Header, body: bytes, hash_: bytes) -> None:
        """The way for what a plain append does not cover: first of a chain, a new certificate, a system table."""
        identity = self.identity
        assert identity is not None  # noqa: S101  write has checked
        appender = Appender(self.connection, self.schema, self.team)
        appender.admit(
            [
                Arrival(
                    header.area,
                    header.device,
                    header.seq,
                    hash_,
                    None if header.prev is None else bytes.fromhex(header.prev),
                    header.time,
                    header.team,
                    header.cert,
                    None if header.jws is msgspec.UNSET else header.jws,
                    header.officer,
                    header.format,
                    header.policy,
                    [plain(change) for change in changes],
                    body,
                    identity.key.sign(hash_),
                )
            ]
        )
        if appender.outcome.refused:
            raise appender.outcome.refused[0].error
        if appender.outcome.held:
            raise StaleError("所依据的版本不在本机。", "A version that the change builds on is not here.")

    # reading

    def row(self, table: str, row: str) -> Row | None:
        """A folded row, or None."""
        with store_errors(self.path):
            known = self.schema.by_name[table]
            found = self.connection.execute(known.row_query, (row,)).fetchone()
        return None if found is None else _row(known, tuple(found))

    def history(self, row: str) -> list[HistoryEntry]:
        """All changes of a row, oldest first by (time, hash), refused ones included."""
        with store_errors(self.path):
            found = self._logged(row)
            entries = []
            for log, seq, hash_, body, device in found:
                said = msgspec.json.decode(body)
                header = said["header"]
                for index, change in enumerate(said["changes"]):
                    if change["row"] == row:
                        entries.append(
                            HistoryEntry(
                                version_of(device, seq, hash_),
                                header["time"],
                                header["area"],
                                device,
                                self.device_name(device),
                                header["officer"],
                                change["table"],
                                change["set"],
                                change["seen"],
                                self._refusal(log, index),
                            )
                        )
        return sorted(entries, key=lambda entry: (entry.time_ms, entry.version))

    def _logged(self, row: str) -> list[tuple[int, int, bytes, str, str]]:
        found = self.connection.execute(
            "SELECT log.id, log.seq, log.hash, log.body, chains.device FROM changes"
            " CROSS JOIN log ON log.id = changes.log CROSS JOIN chains ON chains.id = log.chain WHERE changes.row = ?",
            (row,),
        ).fetchall()
        entries = {entry[0]: tuple(entry) for entry in found}
        for table in self.schema.by_name:
            created = self.connection.execute(f"SELECT created FROM {table} WHERE id = ?", (row,)).fetchone()
            entry = None if created is None else self.entry(created[0])
            if entry is not None:
                entries[entry[0]] = entry
        return list(entries.values())

    def entry(self, version: str) -> tuple[int, int, bytes, str, str] | None:
        """(log number, seq, hash, body, device) of a version, or None."""
        device, seq, short = version.split(":")
        found = self.connection.execute(
            "SELECT log.id, log.seq, log.hash, log.body, chains.device FROM chains CROSS JOIN log ON log.chain = chains.id"
            " WHERE chains.device = ? AND log.seq = ? AND substr(log.hash, 1, 16) = ?",
            (device, int(seq), bytes.fromhex(short)),
        ).fetchone()
        return None if found is None else tuple(found)

    def _refusal(self, log: int, change: int) -> str | None:
        row = self.connection.execute(
            "SELECT code FROM refusals WHERE log = ? AND change IN (?, -1)", (log, change)
        ).fetchone()
        return None if row is None else row[0]

    def device_name(self, device: str) -> str:
        """What people call a device, from its newest certificate; its id where unknown."""
        if device not in self._names:
            rows = self.connection.execute("SELECT jws FROM certificates WHERE device = ?", (device,)).fetchall()
            self._names[device] = _newest_name([row[0] for row in rows]) or device
        return self._names[device]

    def conflicts(self) -> list[Conflict]:
        """Every cell in conflict, with all its values."""
        with store_errors(self.path):
            found = self.connection.execute(
                "SELECT tbl, row, cell FROM conflicts ORDER BY tbl, row, cell"
            ).fetchall()
            return [self._conflict(*found_row) for found_row in map(tuple, found)]

    def conflict(self, table: str, row: str, cell: str) -> Conflict | None:
        """The conflict of one cell, or None where it is in none."""
        with store_errors(self.path):
            query = "SELECT 1 FROM conflicts WHERE tbl = ? AND row = ? AND cell = ?"
            found = self.connection.execute(query, (table, row, cell)).fetchone()
            return None if found is None else self._conflict(table, row, cell)

    def _conflict(self, table: str, row: str, cell: str) -> Conflict:
        entries = [entry for entry in self.history(row) if entry.table == table]
        # a row may be changed by several changes of one changeset: the one with the cell says its value
        history = {entry.version: entry for entry in entries}
        history |= {entry.version: entry for entry in entries if cell in entry.set}
        folded = self.row(table, row)
        heads: list[Head] = []
        seen_by_all: set[str] | None = None
        for version in folded.seen(cell) if folded is not None else []:
            entry = history.get(version)
            if entry is None:
                continue
            heads.append(
                Head(version, entry.set.get(cell), entry.time_ms, entry.device, entry.device_name, entry.officer)
            )
            seen = set(entry.seen.get(cell, ()))
            seen_by_all = seen if seen_by_all is None else seen_by_all & seen
        bases = [history[version] for version in seen_by_all or () if version in history]
        base = next((entry.set[cell] for entry in bases if cell in entry.set), None)
        return Conflict(table, row, cell, base, heads)

    def status(self) -> Status:
        """Counts for people: what is here, waits, was refused, is in conflict, is missing."""
        with store_errors(self.path):
            count = self._count
            forked = self.connection.execute("SELECT area, device FROM chains WHERE forked = 1").fetchall()
            return Status(
                changesets=count("SELECT count(*) FROM log"),
                held=count("SELECT count(*) FROM held"),
                refused=count("SELECT count(DISTINCT log) FROM refusals"),
                conflicts=count("SELECT count(*) FROM conflicts"),
                missing_blobs=count("SELECT count(*) FROM blobs WHERE state = 'missing'"),
                devices=count("SELECT count(DISTINCT device) FROM chains"),
                forked=[f"{row[0]}/{row[1]}" for row in forked],
            )

    def _count(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    # private values and purges

    def put_private(self, text: str) -> str:
        """Keep a private value beside the log, salted; its hash is what a cell may hold.

        Raises:
            LockedError: Private values lie sealed here, and no PIN was entered.
        """
        import secrets

        sha256 = self.blobs.put_private(
            json.dumps({"salt": secrets.token_hex(16), "value": text}, ensure_ascii=False).encode()
        )
        self.note_blob(sha256)
        return sha256

    def get_private(self, sha256: str, *, ask: bool = False) -> str | None:
        """The private value under a hash, or None if it is not here, was purged, or lies sealed and is locked.

        Args:
            sha256: What the cell holds.
            ask: Let the PIN be asked for where that opens it.
        """
        if not self.blobs.has(sha256):
            return None
        try:
            if ask and self.blobs.vault is not None:
                self.blobs.vault.sealer(ask=True)
            return str(json.loads(self.blobs.read(sha256))["value"])
        except (LockedError, ValueError, KeyError, TypeError):
            return None

    def note_blob(self, sha256: str) -> None:
        """Note that the bytes with this hash are here."""
        with self.writing():
            self.connection.execute(
                "INSERT INTO blobs (sha256, state) VALUES (?, 'here') ON CONFLICT DO UPDATE SET state = 'here'"
                " WHERE state = 'missing'",
                (sha256,),
            )

    def purge(self, area: str, sha256: str, *, reason: str, officer: str) -> str:
        """Take the bytes of a photo or private value away, for good, with a reason in the log.

        Returns:
            The version of the purge.
        """
        path = self.blobs.path_of(sha256)
        edit = Edit(
            "purges",
            derived_id("purge", area, sha256),
            {"sha256": path.parent.name + path.name, "reason": reason, "officer": officer, "at": str(now_ms())},
        )
        version = self.write(area, [edit], officer=officer)
        self.apply_purges()
        return version

    def apply_purges(self) -> int:
        """Remove the bytes that counted purges name. Returns how many were here."""
        removed = 0
        with self.writing():
            rows = self.connection.execute(
                "SELECT purges.sha256 FROM purges LEFT JOIN blobs USING (sha256)"
                " WHERE purges.sha256 IS NOT NULL AND blobs.state IS NOT 'purged'"
            ).fetchall()
            for (sha256,) in map(tuple, rows):
                if len(sha256) == 64:
                    removed += self.blobs.remove(sha256)
                self.connection.execute(
                    "INSERT OR REPLACE INTO blobs (sha256, state) VALUES (?, 'purged')", (sha256,)
                )
        return removed

    # trust

    def adopt(
        self,
        area: str,
        team: str,
        heads: Mapping[str, Sequence[str]],
        *,
        name: str,
        officer: str,
        role: str | None = None,
    ) -> str:
        """Adopt what another team's devices wrote, up to the named heads.

        Args:
            area: In whose chain the adoption is logged.
            team: Id of the other team's root key.
            heads: Area → the versions adopted, with all that came before them.
            name: What people call the other side.
            officer: Who adopts.
            role: The role in which it counts at most; whatever its certificates say unless given.
        """
        said = {"team": team, "accepted": {key: list(value) for key, value in heads.items()}, "name": name}
        edit = Edit(
            "adoptions", derived_id("adoption", area, team), said if role is None else {**said, "role": role}
        )
        return self.write(area, [edit], officer=officer)

    def adopted_heads(self) -> dict[str, dict[str, list[str]]]:
        """Team → area → the versions adopted of it."""
        with store_errors(self.path):
            return Appender(self.connection, self.schema, self.team).context.adopted

    def revoke(self, area: str, device: str, *, reason: str, officer: str, time_ms: int | None = None) -> str:
        """Refuse what a device wrote after the heads known here now."""
        heads: dict[str, list[str]] = {}
        rows = self.connection.execute(
            "SELECT chains.area, tips.seq, tips.hash FROM tips JOIN chains ON chains.id = tips.chain"
            " WHERE chains.device = ? ORDER BY chains.area, tips.seq",
            (device,),
        ).fetchall()
        for own, seq, hash_ in map(tuple, rows):
            heads.setdefault(own, []).append(version_of(device, seq, bytes(hash_)))
        edit = Edit(
            "revocations",
            derived_id("revocation", area, device, json.dumps(heads)),
            {"device": device, "accepted": heads, "reason": reason},
        )
        return self.write(area, [edit], officer=officer, time_ms=time_ms)

    # rebuilding

    def rebuild(self) -> int:
        """Drop every folded table and fold the log again. Returns the number of changesets folded."""
        from sync.rebuild import rebuild

        return rebuild(self)

    def drop_folded(self) -> None:
        """Make the folded tables and everything derived with them empty, in the caller's transaction."""
        for name in self.schema.by_name:
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
        for name in ("changes", "system_changes", "refusals", "conflicts", "tips", "chains", "certificates"):
            self.connection.execute(f"DELETE FROM {name}")
        create_folded(self.connection, self.schema)

    def dump(self) -> Iterator[str]:
        """The canonical dump: every folded row, ordered, as JSON lines. Equal logs give equal dumps."""
        for name in sorted(self.schema.by_name):
            table = self.schema.by_name[name]
            columns = (*BOOKKEEPING, *table.columns())
            for row in self.connection.execute(f"SELECT {','.join(columns)} FROM {name} ORDER BY id"):
                kept = {
                    column: value for column, value in zip(columns, tuple(row), strict=True) if value is not None
                }
                yield json.dumps([name, kept], ensure_ascii=False, sort_keys=True)
        for row in self.connection.execute("SELECT tbl, row, cell FROM conflicts ORDER BY tbl, row, cell"):
            yield json.dumps(["conflicts", *tuple(row)], ensure_ascii=False)


_SYSTEM: Final = frozenset({"adoptions", "revocations", "purges"})


def _judged(replica: Replica, identity: Identity, time_ms: int) -> bool:
    """Whether own changes need the judge, because the certificate limits something."""
    certificate = identity.certificate
    return (
        certificate.role != "admin"
        or time_ms < certificate.issued
        or certificate.expires is not None
        or bool(certificate.officers)
        or certificate.areas != ("000000",)
        or identity.team != replica.team
    )


def _newest_name(texts: list[str]) -> str | None:
    from sync.keys import read_certificate

    certificates = sorted((read_certificate(text) for text in texts), key=lambda said: said.issued)
    return certificates[-1].name if certificates else None


__all__ = ["Conflict", "Edit", "Head", "HistoryEntry", "Replica", "Row", "Status"]


def _row(table: Table, found: tuple[Any, ...]) -> Row:
    """What `Table.row_query` gives, as a row. Read by place: looking a column up by name in `sqlite3.Row` walks all names."""
    id_, area, created, heads, conflict = found[: len(BOOKKEEPING)]
    values = dict(zip(table.column_list, found[len(BOOKKEEPING) :], strict=True))
    for column in table.json_columns:
        if values[column] is not None:
            values[column] = msgspec.json.decode(values[column])
    return Row(table.name, id_, area, values, created, decode_heads(heads), decode_conflict(conflict))
