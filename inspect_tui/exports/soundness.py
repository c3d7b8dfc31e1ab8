"""Whether a database file is whole, as SQLite itself sees it: pages, rows and indexes, not who wrote what."""

from __future__ import annotations

import sqlite3
from typing import Final

_AT_MOST: Final = 3
_LONGEST: Final = 200


def damage(connection: sqlite3.Connection) -> str | None:
    """What SQLite's integrity check says of an open database; None where all is well."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode(errors="backslashreplace")
    try:
        rows = connection.execute(f"PRAGMA integrity_check({_AT_MOST})").fetchall()
    except sqlite3.DatabaseError as error:
        return str(error)[:_LONGEST]
    finally:
        connection.text_factory = before
    said = "; ".join(" ".join(str(row[0]).split()) for row in rows)
    return None if said == "ok" else said[:_LONGEST]


def sqlite_version() -> str:
    """Of the SQLite that Python uses."""
    return sqlite3.sqlite_version
