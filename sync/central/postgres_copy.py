"""Many rows at once: as text for COPY, or as one JSON parameter for statements that need a table of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.central.postgres_schema import column_types, name_of, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.central.postgres_connections import Connection
    from sync.central.postgres_fold import Place
    from sync.schema import Table

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_encoder: Final = msgspec.json.Encoder()


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if type(value) is str:
        return value.translate(_ESCAPES) if "\\" in value or not value.isprintable() else value
    if type(value) is bytes:
        return "\\\\x" + value.hex()
    if value is True or value is False:
        return "t" if value else "f"
    return str(value)


def _line(row: Sequence[Any]) -> str:
    try:
        line = "\t".join(row)
    except TypeError:
        return "\t".join(map(_text, row)) + "\n"
    # nearly every row is texts that hold nothing to escape
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(row) - 1:
        return "\t".join(map(_text, row)) + "\n"
    return line + "\n"


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table; a key that is there already is an error of the whole."""
    copy_text(connection, table, columns, "".join(map(_line, rows)).encode())


def copy_places(connection: Connection, table: str, key: str, rows: Iterable[tuple[str, Place]]) -> None:
    """COPY which changeset touched which row."""
    lines = [f"{row}\t{area}\t{device}\t{seq}\t\\\\x{hash_.hex()}\n" for row, (area, device, seq, hash_) in rows]
    copy_text(connection, table, (key, "area", "device", "seq", "hash"), "".join(lines).encode())


def copy_text(connection: Connection, table: str, columns: Sequence[str], data: bytes) -> None:
    """COPY rows that stand ready in the text format."""
    if data:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {name_of(table)} ({names_of(columns)}) FROM STDIN") as copying,
        ):
            copying.write(data)


def update_rows(
    connection: Connection, table: Table, area: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Set columns of rows that are there; each row is its id, then the values in the order of `columns`.

    Returns:
        How many were there.
    """
    types = column_types(table)
    names = ("area", "id", *columns)
    values = _encoder.encode([dict(zip(names, (area, *row), strict=True)) for row in rows]).decode()
    sets = ", ".join(f"{name_of(column)} = v.{name_of(column)}" for column in columns)
    shape = ", ".join(f"{name_of(column)} {types[column].split()[0]}" for column in names)
    cursor = connection.execute(
        f"UPDATE {name_of(table.name)} AS t SET {sets} FROM json_to_recordset(%s::json) AS v({shape})"
        " WHERE t.id = v.id AND t.area = v.area",
        (values,),
    )
    return cursor.rowcount


def insert_missing(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of texts, numbers and truths whose keys are not there yet.

    In the order of their keys, so that two transactions never wait for each other.
    """
    ordered = sorted(set(map(tuple, rows)))
    if not ordered:
        return
    values = _encoder.encode([dict(zip(columns, row, strict=True)) for row in ordered]).decode()
    names = names_of(columns)
    connection.execute(
        f"INSERT INTO {name_of(table)} ({names}) SELECT {names}"
        f" FROM json_populate_recordset(NULL::{name_of(table)}, %s::json) ON CONFLICT DO NOTHING",
        (values,),
    )
