"""What a checked batch does to the tables, worked out without them.

A plan covers the ordinary: rows created, changes of rows created in the same batch by somebody who had seen every
head, and changes of older rows, which are left to whoever has the tables. Anything else gives no plan, and the batch
goes the careful way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sync.changeset import FORMAT, POLICY, canonical_value
from sync.schema import SYSTEM_NAMES
from sync.tables import ShapeError, encode_heads, flatten

if TYPE_CHECKING:
    from sync.door import Arrival
    from sync.schema import Schema, Table

Update = tuple[str, str, str, str, int, dict[str, list[str]], list[str], dict[str, Any]]
"""(table, row, area, version, place in the batch, seen of each cell, cells, column → value)."""

RunSummary = tuple[tuple[Any, ...], tuple[Any, ...], int, int, tuple[str, ...], tuple[str, ...]]
"""(first and last changeset without bytes, earliest and latest time, officers, tables)."""

Item = tuple[str, str, list[tuple[str, str, dict[str, Any], dict[str, list[str]]]]]
"""(version, area, changes)."""

Rows = dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]]
"""(table, columns) → values."""


class Plan(NamedTuple):
    """A batch, ready for the tables. Plain, so that it can cross to another process."""

    inserts: Rows
    """The rows that it creates."""
    again: list[tuple[str, int]]
    """(row, place in the batch) of rows that changed more than once."""
    updates: list[Update]
    """Changes of rows that the batch does not create."""
    firsts: Rows | None
    """The same updates as values, then `heads`, id, area and creation, if each is of another row and has seen nothing
    but its creation; else None."""
    blobs: list[str]
    """Hashes that cells name."""


Checked = tuple[list[RunSummary], list[str], Plan]
"""A batch that was checked: its runs, the versions in it, and what it does to the tables."""


class _Born:
    """A row that the batch creates: columns and values as they came, a map as soon as somebody changes it again."""

    __slots__ = ("area", "columns", "flat", "heads", "place", "places", "values", "version")
    heads: dict[str, list[str]]
    """Made, like `places`, when the row is changed again: most never are."""
    places: list[int]

    def __init__(
        self, area: str, version: str, columns: tuple[str, ...], values: tuple[Any, ...], place: int
    ) -> None:
        self.area = area
        self.version = version
        self.columns = columns
        self.values = values
        self.place = place
        self.flat: dict[str, Any] | None = None

    def follow(self, version: str, cells: Iterable[str], flat: dict[str, Any], place: int) -> None:
        """Take in a change whose author had seen every head."""
        if self.flat is None:
            self.flat = dict(zip(self.columns, self.values, strict=True))
            self.heads = {}
            self.places = [self.place]
        self.flat |= flat
        self.places.append(place)
        for cell in cells:
            self.heads[cell] = [version]


Shape = tuple[tuple[str, ...], Callable[[dict[str, Any]], tuple[Any, ...]], tuple[tuple[str, Any, int], ...]]
"""(columns, getter of the plain cells, (name, getter of the columns, number of columns) of each group)."""


class _Shapes:
    """Turns the `set` of a creation into a row; rows of one kind of creation all name the same cells."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], Shape | None] = {}

    def row(self, table: Table, values: dict[str, Any]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """(columns, values).

        Raises:
            ShapeError: A value does not fit its cell.
        """
        key = (table.name, tuple(values))
        try:
            shape = self._known[key]
        except KeyError:
            shape = self._known[key] = _shape(table, key[1])
        if shape is not None:
            columns, plain, groups = shape
            found = plain(values)
            for name, getter, count in groups:
                group = values[name]
                if type(group) is not dict or len(group) != count:
                    break
                try:
                    found += getter(group)
                except KeyError:
                    break
            else:
                if _TEXT_OR_NULL.issuperset(map(type, found)):
                    return columns, found
        flat = flatten(table, values)
        return tuple(flat), tuple(flat.values())


_TEXT_OR_NULL: Final = frozenset({str, type(None)})


def _shape(table: Table, names: tuple[str, ...]) -> Shape | None:
    """How to read such a set quickly; None where a cell is not text or not known."""
    plain = [name for name in names if name in table.text_cells]
    groups = [table.by_name[name] for name in names if name not in table.text_cells and name in table.by_name]
    if len(plain) + len(groups) != len(names) or any(cell.all_text is None for cell in groups):
        return None
    columns = (*plain, *(column for cell in groups for column in cell.column_names()))
    getters = tuple((cell.name, _getter(list(cell.column_names())), len(cell.columns)) for cell in groups)
    return columns, _getter(plain), getters


def _getter(names: list[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    if names:
        return lambda values, name=names[0]: (values[name],)  # type: ignore[misc]  # a default binds the name
    return lambda _: ()


def checked(runs: Iterable[list[Arrival]], arrivals: list[Arrival], schema: Schema) -> Checked | None:
    """What a proven batch says, or None where a changeset is of a newer programme or changes team, or there is no plan."""
    runs = list(runs)
    if any(arrival.format != FORMAT or arrival.policy > POLICY for arrival in arrivals):
        return None
    if any(arrival.team != run[0].team for run in runs for arrival in run):
        return None
    items = [
        (f"{arrival.device}:{arrival.seq}:{arrival.hash.hex()[:32]}", arrival.area, arrival.changes)
        for arrival in arrivals
    ]
    made = plan(items, schema)
    if made is None:
        return None
    return [_summary(run) for run in runs], [version for version, _, _ in items], made


def plan(items: list[Item], schema: Schema) -> Plan | None:
    """What a batch does, or None where something is out of the ordinary.

    Args:
        items: The batch in the order of the peer.
        schema: The tables here.
    """
    born: dict[tuple[str, str], _Born] = {}
    updates: list[Update] = []
    blobs: list[str] = []
    older: set[tuple[str, str]] = set()
    shapes = _Shapes()
    for place, (version, area, changes) in enumerate(items):
        for name, row, values, seen in changes:
            table = schema.by_name.get(name)
            if table is None or name in SYSTEM_NAMES or "void" in values:
                return None
            key = (name, row)
            known = born.get(key)
            try:
                if not seen:
                    if known is not None or key in older:
                        return None
                    columns, found = shapes.row(table, values)
                    born[key] = _Born(area, version, columns, found, place)
                    if table.blob_columns:
                        blobs += _blobs(table, dict(zip(columns, found, strict=True)))
                    continue
                flat = flatten(table, values)
            except ShapeError:
                return None
            blobs += _blobs(table, flat)
            cells = [cell for cell in values if cell in table.by_name]
            if known is None:
                older.add(key)
                updates.append((name, row, area, version, place, seen, cells, flat))
            elif _follows(known, area, seen, values):
                known.follow(version, cells, flat, place)
            else:
                return None
    inserts, index = _rows(born)
    return Plan(inserts, index, updates, _firsts(updates), blobs)


def _firsts(updates: Sequence[Update]) -> Rows | None:
    """Updates of rows that nobody changed since their creation, as far as their authors saw."""
    ready: Rows = {}
    rows: set[tuple[str, str]] = set()
    for name, row, area, version, _, seen, cells, flat in updates:
        births = next(iter(seen.values()), [])
        if (
            len(births) != 1
            or (name, row) in rows
            or not seen.keys() >= set(cells)
            or any(versions != births for versions in seen.values())
        ):
            return None
        rows.add((name, row))
        heads = encode_heads({cell: [version] for cell in cells})
        ready.setdefault((name, (*flat, "heads")), []).append((*flat.values(), heads, row, area, births[0]))
    return ready


def _blobs(table: Table, flat: dict[str, Any]) -> list[str]:
    return [flat[column] for column in table.blob_columns if flat.get(column)]


def _follows(known: _Born, area: str, seen: dict[str, list[str]], values: dict[str, Any]) -> bool:
    """Whether the author had seen exactly what the batch made of the row so far."""
    if area != known.area:
        return False
    birth = [known.version]
    heads = {} if known.flat is None else known.heads
    return all(seen.get(cell) == heads.get(cell, birth) for cell in values) and all(
        versions == heads.get(cell, birth) for cell, versions in seen.items()
    )


def _rows(
    born: dict[tuple[str, str], _Born],
) -> tuple[Rows, list[tuple[str, int]]]:
    inserts: Rows = {}
    index: list[tuple[str, int]] = []
    columns_of: Rows = {}
    for (name, row), made in born.items():
        if made.flat is not None:
            index += [(row, place) for place in made.places]
            made.flat["heads"] = canonical_value(made.heads).decode()
            made.columns, made.values = tuple(made.flat), tuple(made.flat.values())
        rows = columns_of.get((name, made.columns))
        if rows is None:
            rows = columns_of[name, made.columns] = inserts[name, ("id", "area", "created", *made.columns)] = []
        rows.append((row, made.area, made.version, *made.values))
    return inserts, index


def _plain(arrival: Arrival) -> tuple[Any, ...]:
    """The header, without changes and bytes."""
    return (*arrival[:12], [], b"", b"")


def _summary(run: list[Arrival]) -> RunSummary:
    times = [arrival.time for arrival in run]
    officers = tuple({arrival.officer for arrival in run})
    tables = tuple({change[0] for arrival in run for change in arrival.changes})
    return _plain(run[0]), _plain(run[-1]), min(times), max(times), officers, tables
