"""The SQLite file of a replica: its layout, connections and errors.

`log` is the source of truth. Everything else is derived from it and can be folded anew, but for `held` (changesets
waiting for what they name) and `meta`. The plain tables are made with sqlite-utils, imported only then.
"""

from __future__ import annotations

import functools
import sqlite3
from typing import TYPE_CHECKING, Final

from sync.changeset import MAX_BYTES
from sync.errors import NotAReplicaError, StoreError, SyncError
from sync.schema import BOOKKEEPING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sync.schema import Kind, Schema, Table

APPLICATION_ID: Final = 0x49545549
"""`ITUI`: marks the file as a replica (SQLite header, offset 68)."""
LAYOUT: Final = 1
"""Version of the layout below, in SQLite's `user_version`."""
BUSY_MS: Final = 10_000
BULK_CACHE_KIB: Final = 262_144

LOG: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE chains (
    id INTEGER PRIMARY KEY, area TEXT NOT NULL, device TEXT NOT NULL, forked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (area, device)
);
CREATE TABLE log (
    id INTEGER PRIMARY KEY, chain INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    body TEXT NOT NULL, signature BLOB NOT NULL
);
CREATE UNIQUE INDEX log_place ON log (chain, seq, hash);
CREATE TABLE tips (
    chain INTEGER NOT NULL, hash BLOB NOT NULL, seq INTEGER NOT NULL, cert TEXT NOT NULL, PRIMARY KEY (chain, hash)
) WITHOUT ROWID;
CREATE TABLE certificates (id TEXT PRIMARY KEY, device TEXT NOT NULL, team TEXT NOT NULL, jws TEXT NOT NULL)
    WITHOUT ROWID;
-- which changesets change a row; only the creation that the row itself names may be missing here
CREATE TABLE changes (row TEXT NOT NULL, log INTEGER NOT NULL, PRIMARY KEY (row, log)) WITHOUT ROWID;
CREATE TABLE system_changes (log INTEGER PRIMARY KEY);
CREATE TABLE refusals (log INTEGER NOT NULL, change INTEGER NOT NULL, code TEXT NOT NULL, PRIMARY KEY (log, change))
    WITHOUT ROWID;
CREATE TABLE conflicts (tbl TEXT NOT NULL, row TEXT NOT NULL, cell TEXT NOT NULL, PRIMARY KEY (tbl, row, cell))
    WITHOUT ROWID;
CREATE TABLE held (
    hash BLOB NOT NULL, area TEXT NOT NULL, device TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
    signature BLOB NOT NULL, waits TEXT NOT NULL, PRIMARY KEY (hash, signature)
);
CREATE INDEX held_waits ON held (waits);
CREATE TABLE blobs (sha256 TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX blobs_missing ON blobs (state) WHERE state = 'missing';
"""

# What a file says of itself may be of any type and size: these give bytes of bounded length, or nothing that passes
# the door, and never decode text.
BODY: Final = (
    f"CASE typeof(log.body) WHEN 'text' THEN substr(CAST(log.body AS BLOB), 1, {MAX_BYTES + 1}) ELSE x'' END"
)
SIGNATURE: Final = "CASE typeof(log.signature) WHEN 'blob' THEN substr(log.signature, 1, 65) ELSE x'' END"
HASH: Final = "CASE typeof(log.hash) WHEN 'blob' THEN substr(log.hash, 1, 33) END"
SEQ: Final = "CASE typeof(log.seq) WHEN 'integer' THEN log.seq END"

_TYPES: Final[dict[Kind, type]] = {"text": str, "integer": int, "json": str, "blob": str}


def connect(path: Path, *, read_only: bool = False, immutable: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun by name, never implicitly.

    Args:
        path: The database file.
        read_only: Open for reading.
        immutable: The file will not change while it is open, so nothing is created beside it.

    Raises:
        StoreError: The file cannot be opened.
    """
    uri = path.resolve().as_uri()
    if immutable:
        uri += "?mode=ro&immutable=1"
    elif read_only:
        uri += "?mode=ro"
    with store_errors(path):
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        if read_only or immutable:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    return connection


class store_errors:  # noqa: N801  read as the function that `contextlib` would make of it, at a third of the time
    """Turn SQLite's errors into one sentence that says what to do."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.OperationalError):
            raise _operational(self.path, error) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise NotAReplicaError(
                f"{self.path.name} 不是工作区数据库或已损坏（{error}）；请从备份恢复，原文件未改动。",
                f"{self.path.name} is not a workspace database or is damaged ({error}); restore a backup, it was left as it"
                " is.",
            ) from error


def _operational(path: Path, error: sqlite3.OperationalError) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"{path.name} 正被另一程序占用，已等待 {BUSY_MS // 1000} 秒；请关闭另一窗口后重试，本次未写入。",
            f"{path.name} is in use by another programme for {BUSY_MS // 1000} s; close it and retry, nothing was written.",
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return StoreError(
            f"写入 {path.name} 失败：磁盘已满或磁盘出错（{error}）；此前的记录完好，请腾出空间后重试。",
            f"Writing {path.name} failed: the disk is full or faulty ({error}); earlier records are safe, free some space.",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(
            f"无法打开或写入 {path}：{error}；请检查路径和权限。",
            f"{path} cannot be opened or written: {error}; check the path and its permissions.",
        )
    return StoreError(f"数据库 {path.name} 出错：{error}。", f"The database {path.name} failed: {error}.")


def create(connection: sqlite3.Connection, schema: Schema) -> None:
    """Lay out an empty replica, in the caller's transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {LAYOUT}")
    for statement in LOG.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    create_folded(connection, schema)


def create_folded(connection: sqlite3.Connection, schema: Schema) -> None:
    """Make the folded tables and their indexes, empty."""
    import sqlite_utils

    database = sqlite_utils.Database(connection)
    for table in schema.by_name.values():
        made = database.table(table.name)
        made.create(column_types(table), pk="id")
        for columns in table.indexes:
            made.create_index(columns, index_name="_".join((table.name, *columns)))


def column_types(table: Table) -> dict[str, type]:
    """Column → Python type, the bookkeeping columns first."""
    types: dict[str, type] = {"id": str, "area": str}
    types |= {column: _TYPES[kind] for column, kind in table.layout}
    return types | dict.fromkeys(BOOKKEEPING[2:], str)


@functools.cache
def own_tables() -> dict[str, frozenset[str]]:
    """The tables that every replica has beside the folded ones, with their columns."""
    model = sqlite3.connect(":memory:")
    try:
        model.executescript(LOG)
        names = [row[0] for row in model.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: columns_of(model, name) for name in names}
    finally:
        model.close()


def columns_of(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The stored columns of a real table; none where it is missing, or where something computed stands in its place."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? AND rootpage > 0"
    if connection.execute(query, (table,)).fetchone() is None:
        return frozenset()
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
    return frozenset(row[0] for row in rows)


def strange_triggers(connection: sqlite3.Connection) -> list[str]:
    """Triggers, of which a replica has none: they would change tables behind the log."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [str(row[0]) for row in rows]


def quoted(name: str) -> str:
    """A name as SQL, for a command that people copy: whoever made it may have hidden another command in it."""
    return '"' + name.replace('"', '""') + '"'


def is_replica(connection: sqlite3.Connection, path: Path) -> None:
    """Check that an open database is one of ours.

    Raises:
        NotAReplicaError: It is another kind of file, lacks a table, or was made by a newer programme.
    """
    with store_errors(path):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        encoding = connection.execute("PRAGMA encoding").fetchone()[0]
        lacking = [name for name, columns in own_tables().items() if not columns <= columns_of(connection, name)]
    if application != APPLICATION_ID or encoding != "UTF-8":
        raise NotAReplicaError(
            f"{path.name} 不是 inspect-tui 工作区数据库。", f"{path.name} is not an inspect-tui workspace database."
        )
    if layout > LAYOUT:
        raise NotAReplicaError(
            f"{path.name} 由更新版本的程序建立（布局 {layout}）；请升级后再打开。",
            f"{path.name} was made by a newer programme (layout {layout}); upgrade before opening it.",
        )
    if lacking:
        raise NotAReplicaError(
            f"{path.name} 缺少工作区数据库的表 {'、'.join(lacking)} 或其列；请从备份恢复，原文件未改动。",
            f"{path.name} lacks tables of a workspace database or their columns ({', '.join(lacking)});"
            " restore a backup, it was left as it is.",
        )


def is_empty(path: Path) -> bool:
    """Whether a file is what a `create` that was cut off leaves behind: nothing stands in it that could be lost."""
    if not path.is_file():
        return False
    wal = path.with_name(path.name + "-wal")
    if path.stat().st_size == 0:
        # SQLite throws away the write-ahead log of an empty file: with one beside it, somebody has to look first
        return not (wal.is_file() and wal.stat().st_size > 0)
    try:
        connection = connect(path, read_only=True)
        try:
            with store_errors(path):
                application = connection.execute("PRAGMA application_id").fetchone()[0]
                tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            connection.close()
    except SyncError:
        return False
    return application in {0, APPLICATION_ID} and tables == 0
