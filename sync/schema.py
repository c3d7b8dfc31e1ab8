"""The tables that a log is folded into, declared by whoever opens a replica.

A cell is one column or a declared group of columns that only make sense together (value, unit, comparator, limit)
and are written whole. Every folded table also has `id`, `area`, `created` (the version that created the row),
`heads` (cells whose heads are not just that version) and `conflict` (cells with several values).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sync.changeset import FORMAT, POLICY

Kind = Literal["text", "integer", "json", "blob"]

ROLES_WRITING: Final = frozenset({"inspector", "supervisor", "admin"})
BOOKKEEPING: Final = ("id", "area", "created", "heads", "conflict")


@dataclass(frozen=True)
class Cell:
    """A column, or a group of columns written whole.

    Attributes:
        name: As changesets name it.
        kind: `text` and `integer` as SQLite has them; `json` for lists and maps, kept as JSON text; `blob` for the
            SHA-256 of bytes that live beside the database (a photo, or a salted private value).
        columns: For a group, its columns with the kind of each; the value is then a map with these keys.
    """

    name: str
    kind: Kind = "text"
    columns: tuple[tuple[str, Kind], ...] = ()
    all_text: frozenset[str] | None = field(init=False, repr=False, compare=False, hash=False)
    """The columns of a group that are all text."""

    def __post_init__(self) -> None:
        texts = frozenset(name for name, kind in self.columns if kind == "text")
        object.__setattr__(self, "all_text", texts if len(texts) == len(self.columns) > 0 else None)

    def column_names(self) -> tuple[str, ...]:
        """The columns that the cell fills."""
        return tuple(name for name, _ in self.columns) or (self.name,)

    def column_kinds(self) -> tuple[Kind, ...]:
        """The kind of each column."""
        return tuple(kind for _, kind in self.columns) or (self.kind,)


@dataclass(frozen=True)
class Table:
    """A folded table.

    Attributes:
        name: Plural, as it stands in the database.
        cells: Its cells.
        roles: Who may write it.
        indexes: Column lists to index.
    """

    name: str
    cells: tuple[Cell, ...]
    roles: frozenset[str] = ROLES_WRITING
    indexes: tuple[tuple[str, ...], ...] = ()
    by_name: dict[str, Cell] = field(init=False, repr=False, compare=False, hash=False)
    blob_columns: tuple[str, ...] = field(init=False, repr=False, compare=False, hash=False)
    """The columns that hold the SHA-256 of bytes beside the database."""
    text_cells: frozenset[str] = field(init=False, repr=False, compare=False, hash=False)
    """The cells that are one column of text."""
    column_list: tuple[str, ...] = field(init=False, repr=False, compare=False, hash=False)
    """Every column that cells fill, in order."""
    json_columns: tuple[str, ...] = field(init=False, repr=False, compare=False, hash=False)
    """Those of them that hold JSON."""
    row_query: str = field(init=False, repr=False, compare=False, hash=False)
    """Reads one row: the bookkeeping columns, then `column_list`."""
    layout: tuple[tuple[str, Kind], ...] = field(init=False, repr=False, compare=False, hash=False)
    """Every column that cells fill, with its kind."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {cell.name: cell for cell in self.cells})
        names = [*BOOKKEEPING, *(name for cell in self.cells for name in cell.column_names())]
        if len(set(names)) != len(names):
            raise ValueError(f"two columns of table {self.name} have one name")
        layout = tuple(
            pair for cell in self.cells for pair in zip(cell.column_names(), cell.column_kinds(), strict=True)
        )
        object.__setattr__(self, "layout", layout)
        columns = [column for column, _ in layout]
        object.__setattr__(self, "column_list", tuple(columns))
        object.__setattr__(self, "json_columns", tuple(column for column, kind in layout if kind == "json"))
        query = f"SELECT {', '.join((*BOOKKEEPING, *columns))} FROM {self.name} WHERE id = ?"
        object.__setattr__(self, "row_query", query)
        object.__setattr__(self, "blob_columns", tuple(column for column, kind in layout if kind == "blob"))
        texts = frozenset(cell.name for cell in self.cells if cell.kind == "text" and not cell.columns)
        object.__setattr__(self, "text_cells", texts)

    def columns(self) -> tuple[str, ...]:
        """Every column that cells fill, in order."""
        return self.column_list


VOID: Final = Cell("void", columns=(("void_reason", "text"), ("void_at", "text"), ("void_by", "text")))
"""The cell by which a row is voided: nothing is ever deleted."""

ADMIN: Final = frozenset({"admin"})

SYSTEM_TABLES: Final = (
    Table("adoptions", (Cell("team"), Cell("accepted", "json"), Cell("name"), Cell("role")), roles=ADMIN),
    Table("revocations", (Cell("device"), Cell("accepted", "json"), Cell("reason")), roles=ADMIN),
    Table(
        "purges",
        (Cell("sha256", "blob"), Cell("reason"), Cell("officer"), Cell("at")),
        roles=ADMIN | {"supervisor"},
    ),
)
"""Tables that the log itself obeys: adopted teams, revoked devices, purged bytes."""


SYSTEM_NAMES: Final = frozenset(table.name for table in SYSTEM_TABLES)


@dataclass(frozen=True)
class Schema:
    """All tables of a replica."""

    tables: tuple[Table, ...]
    by_name: dict[str, Table] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        known = (*SYSTEM_TABLES, *self.tables)
        object.__setattr__(self, "by_name", {table.name: table for table in known})

    def fingerprint(self) -> str:
        """Changes whenever the folded tables would: a replica with another one folds its log anew."""
        shape: list[Any] = [
            # what a newer programme reads or judges anew must be folded anew
            [FORMAT, POLICY],
            *(
                [table.name, sorted(table.roles), [[c.name, c.kind, c.columns] for c in table.cells], table.indexes]
                for table in self.by_name.values()
            ),
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]
