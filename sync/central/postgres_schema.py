"""The layout of a central store in PostgreSQL.

The log and the folded tables are hash-partitioned by area, and their keys hold the area, so that Citus or another
engine that speaks PostgreSQL can spread them over machines. `store_log` is the source of truth; all else but
`store_held`, `store_photos`, invitations and secrets can be made anew from it. Text sorts by code point, as in SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sync.errors import StoreError
from sync.schema import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.central.postgres_connections import Connection
    from sync.schema import Kind, Schema, Table

LAYOUT: Final = 1
"""Version of the layout below, in `store_meta`."""
PARTITIONS: Final = 16

_TEXT: Final = 'text COLLATE "C"'
_PLACE: Final = f"area {_TEXT} NOT NULL, device {_TEXT} NOT NULL, seq bigint NOT NULL, hash bytea NOT NULL"
_KEY: Final = "area, device, seq, hash"

_PARTITIONED: Final[dict[str, tuple[str, str]]] = {
    "store_log": (
        f"{_PLACE}, arrival bigint NOT NULL, body text NOT NULL, signature bytea NOT NULL, PRIMARY KEY ({_KEY})",
        "area",
    ),
    # the first changeset that touched a row, whether it counts or not: one entry a row in the whole store, so that two
    # areas cannot both take in a row without noticing
    "store_rows": (f"id uuid PRIMARY KEY, {_PLACE}", "id"),
    # all further ones
    "store_changes": (f"row_id uuid NOT NULL, {_PLACE}, PRIMARY KEY (row_id, {_KEY})", "area"),
}

# No two indexes of a table begin with the same columns, and rows are looked up by joining lists of keys: before there are
# statistics the planner would take the wrong index, or rather read an area whole than look up many keys.
_PLAIN: Final = f"""
CREATE TABLE store_meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE store_arrivals (last bigint NOT NULL);
INSERT INTO store_arrivals VALUES (0);
CREATE INDEX store_log_arrival ON store_log ((area || device), arrival);
CREATE TABLE store_tips (
    area {_TEXT} NOT NULL, device {_TEXT} NOT NULL, hash bytea NOT NULL, seq bigint NOT NULL, cert text NOT NULL,
    PRIMARY KEY (area, device, hash)
);
CREATE INDEX store_tips_device ON store_tips (device);
CREATE TABLE store_forks (area {_TEXT} NOT NULL, device {_TEXT} NOT NULL, PRIMARY KEY (area, device));
CREATE TABLE store_certificates (
    id {_TEXT} PRIMARY KEY, device {_TEXT} NOT NULL, team {_TEXT} NOT NULL, jws text NOT NULL
);
CREATE TABLE store_system_changes ({_PLACE}, PRIMARY KEY ({_KEY}));
CREATE TABLE store_refusals ({_PLACE}, change integer NOT NULL, code text NOT NULL, PRIMARY KEY ({_KEY}, change));
CREATE TABLE store_conflicts (
    tbl {_TEXT} NOT NULL, row_id uuid NOT NULL, cell {_TEXT} NOT NULL, area {_TEXT} NOT NULL,
    PRIMARY KEY (tbl, row_id, cell)
);
CREATE TABLE store_held (
    {_PLACE}, body text NOT NULL, signature bytea NOT NULL, waits {_TEXT} NOT NULL, PRIMARY KEY (hash, signature, area)
);
CREATE INDEX store_held_waits ON store_held (area, waits);
CREATE TABLE store_photo_names (
    sha256 {_TEXT} NOT NULL, area {_TEXT} NOT NULL, missing boolean NOT NULL, PRIMARY KEY (sha256, area)
);
CREATE INDEX store_photo_names_missing ON store_photo_names (sha256, area) WHERE missing;
CREATE TABLE store_photos (sha256 {_TEXT} PRIMARY KEY, state text NOT NULL);
CREATE TABLE store_invitations (id {_TEXT} PRIMARY KEY, invitation bytea NOT NULL, expires bigint NOT NULL, taken_by text);
CREATE TABLE store_secrets (name text PRIMARY KEY, value bytea NOT NULL);
-- after a crash both are empty: a token signed for a nonce that is gone is worth nothing, whether it was used or not
CREATE UNLOGGED TABLE store_nonces (token text PRIMARY KEY, until bigint NOT NULL);
CREATE INDEX store_nonces_until ON store_nonces (until);
CREATE UNLOGGED TABLE store_passing_secrets (name text PRIMARY KEY, value bytea NOT NULL)
"""

_TYPES: Final[dict[Kind, str]] = {"text": _TEXT, "integer": "bigint", "json": _TEXT, "blob": _TEXT}

ALONE: Final = 0x1757_0001
"""Advisory lock: shared by every batch, alone for whatever changes what counts anywhere."""
AREA: Final = 0x1757_0002
"""Advisory lock of an area, with the area's number: batches of one area go one after another."""


def name_of(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def names_of(names: Iterable[str]) -> str:
    """Names as a list in SQL."""
    return ", ".join(map(name_of, names))


def column_types(table: Table) -> dict[str, str]:
    """Column → type, the bookkeeping columns first."""
    types = {"id": "uuid", "area": _TEXT} | dict.fromkeys(BOOKKEEPING[2:], _TEXT)
    return types | {column: _TYPES[kind] for column, kind in table.layout}


def _partitioned(name: str, columns: str, key: str) -> str:
    own = name_of(name)
    parts = [f"CREATE TABLE {own} ({columns}) PARTITION BY HASH ({key})"]
    parts += [
        f"CREATE TABLE {name_of(f'{name}_p{number}')} PARTITION OF {own}"
        f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        for number in range(PARTITIONS)
    ]
    return ";\n".join(parts)


def _folded(table: Table) -> str:
    columns = ", ".join(f"{name_of(column)} {kind}" for column, kind in column_types(table).items())
    parts = [_partitioned(table.name, f"{columns}, PRIMARY KEY (id, area)", "area")]
    parts += [
        f"CREATE INDEX ON {name_of(table.name)} ({names_of((*(c for c in index if c != 'area'), 'area'))})"
        for index in table.indexes
    ]
    return ";\n".join(parts)


def create(connection: Connection, schema: Schema, team: str) -> None:
    """Lay out an empty store, in the caller's transaction."""
    script = [_partitioned(name, *shape) for name, shape in _PARTITIONED.items()]
    script += [_PLAIN, *map(_folded, schema.by_name.values())]
    connection.execute(";\n".join(script))
    for key, value in (
        ("layout", str(LAYOUT)),
        ("schema", schema.fingerprint()),
        ("tables", " ".join(schema.by_name)),
        ("team", team),
        ("context", "0"),
    ):
        connection.execute("INSERT INTO store_meta (key, value) VALUES (%s, %s)", (key, value))


def meta(connection: Connection) -> dict[str, str] | None:
    """What the store notes about itself; None where there is no store."""
    found = connection.execute("SELECT to_regclass('store_meta') IS NOT NULL").fetchone()
    if not one(found):
        return None
    rows: Any = connection.execute("SELECT key, value FROM store_meta").fetchall()
    return dict(rows)


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Set a note."""
    connection.execute("UPDATE store_meta SET value = %s WHERE key = %s", (value, key))


def make_folded_anew(connection: Connection, schema: Schema, notes: dict[str, str]) -> None:
    """Have the folded tables of this schema, empty, and forget all that is derived beside them.

    Args:
        connection: In a transaction, alone.
        schema: The tables.
        notes: What the store notes about itself.
    """
    derived = ["store_rows", "store_changes", "store_tips", "store_forks", "store_certificates"]
    derived += ["store_system_changes", "store_refusals", "store_conflicts", "store_photo_names"]
    if notes["schema"] == schema.fingerprint():
        connection.execute(f"TRUNCATE {names_of((*derived, *schema.by_name))}")
        return
    connection.execute(f"TRUNCATE {names_of(derived)}")
    for name in {*notes["tables"].split(), *schema.by_name}:
        connection.execute(f"DROP TABLE IF EXISTS {name_of(name)}")
    connection.execute(";\n".join(map(_folded, schema.by_name.values())))
    set_meta(connection, "tables", " ".join(schema.by_name))
    set_meta(connection, "schema", schema.fingerprint())


def check(connection: Connection) -> None:
    """Whether the server and the database will do.

    Raises:
        StoreError: They will not.
    """
    row: Any = connection.execute(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
    ).fetchone()
    if row[0] < 140000:
        raise StoreError("中心库需要 PostgreSQL 14 或更新版本。", "The central store needs PostgreSQL 14 or newer.")
    if row[1] != "UTF8":
        raise StoreError(
            f"数据库编码是 {row[1]}，须为 UTF8；请用 ENCODING 'UTF8' 新建数据库。",
            f"The database is encoded in {row[1]}; make one with ENCODING 'UTF8'.",
        )


def one(row: Any) -> Any:
    """The only value of a row."""
    return row[0]
