"""Folding rows anew from the log: everything about a few thousand rows with a handful of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.central.postgres_copy import copy_rows, insert_missing
from sync.central.postgres_schema import name_of
from sync.fold import fold
from sync.schema import BOOKKEEPING
from sync.tables import flatten, one_a_version, stored_row, touches_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sync.central.postgres_connections import Connection
    from sync.fold import Touch
    from sync.schema import Schema, Table

ROWS: Final = 2000
"""Folded at a time."""

Place = tuple[str, str, int, bytes]
"""(area, device, seq, hash): a changeset of the log."""
Changes = dict[str, list[tuple[Place, Any, set[int]]]]
"""Row → (place, changeset as decoded, indexes of changes that do not count) of all that changes it."""


def refold(connection: Connection, schema: Schema, rows: Iterable[tuple[str, str]]) -> None:
    """Fold (table, row) anew from the log and write them; rows of unknown tables are passed over."""
    known = sorted({each for each in rows if each[0] in schema.by_name})
    for start in range(0, len(known), ROWS):
        keys = known[start : start + ROWS]
        _refold(connection, schema, keys, changes_of(connection, {row for _, row in keys}))


def fold_all(connection: Connection, schema: Schema) -> None:
    """Fold every row of the log; the tables are empty."""
    after = "00000000-0000-0000-0000-000000000000"
    while True:
        found: Any = connection.execute(
            "SELECT id::text FROM store_rows WHERE id > %s::uuid ORDER BY id LIMIT %s", (after, ROWS)
        ).fetchall()
        if not found:
            return
        changes = changes_of(connection, [row for (row,) in found])
        keys = {
            (change["table"], row)
            for row, each in changes.items()
            for _, said, _ in each
            for change in said["changes"]
            if change["row"] == row and change["table"] in schema.by_name
        }
        _refold(connection, schema, sorted(keys), changes)
        after = found[-1][0]


def _refold(connection: Connection, schema: Schema, keys: Sequence[tuple[str, str]], changes: Changes) -> None:
    written: dict[str, list[tuple[Any, ...]]] = {}
    names: set[tuple[str, str]] = set()
    conflicts: list[tuple[str, str, str, str]] = []
    standing: dict[tuple[str, str], set[str]] = {}
    for name, row in keys:
        table = schema.by_name[name]
        found: list[Touch] = []
        for place, said, refused in changes.get(row, ()):
            found += touches_in(said, place, table, row, refused)
            standing.setdefault((name, row), set()).add(place[0])
        touches = one_a_version(found)
        names |= photo_names(table, touches)
        folded = fold(touches)
        if folded is not None:
            columns, values, _ = stored_row(table, row, folded)
            full = dict(zip(columns, values, strict=True))
            written.setdefault(name, []).append(tuple(map(full.get, (*BOOKKEEPING, *table.column_list))))
            conflicts += [(name, row, cell, folded.area) for cell in folded.conflict]
    _write(connection, schema, keys, standing, written)
    connection.execute(
        "DELETE FROM store_conflicts AS c USING unnest(%s::text[], %s::uuid[]) AS v(tbl, row_id)"
        " WHERE c.tbl = v.tbl AND c.row_id = v.row_id",
        ([name for name, _ in keys], [row for _, row in keys]),
    )
    copy_rows(connection, "store_conflicts", ("tbl", "row_id", "cell", "area"), conflicts)
    name_photos(connection, names)


def _write(
    connection: Connection,
    schema: Schema,
    keys: Sequence[tuple[str, str]],
    standing: dict[tuple[str, str], set[str]],
    written: dict[str, list[tuple[Any, ...]]],
) -> None:
    """Put the rows in the place of what stood there."""
    by_table: dict[str, list[tuple[str, str]]] = {}
    for name, row in keys:
        # a row stands in the area of one of its changes, nowhere else
        by_table.setdefault(name, []).extend((row, area) for area in standing.get((name, row), ()))
    for name, pairs in by_table.items():
        connection.execute(
            f"DELETE FROM {name_of(name)} AS t USING unnest(%s::uuid[], %s::text[]) AS v(id, area)"
            " WHERE t.id = v.id AND t.area = v.area",
            ([row for row, _ in pairs], [area for _, area in pairs]),
        )
        columns = (*BOOKKEEPING, *schema.by_name[name].column_list)
        copy_rows(connection, name, columns, written.get(name, ()))


def changes_of(connection: Connection, rows: Collection[str]) -> Changes:
    """All that changes these rows."""
    ids = list(rows)
    touched: Any = connection.execute(
        "SELECT id::text, area, device, seq, hash FROM store_rows WHERE id = ANY(%s::uuid[])"
        " UNION SELECT row_id::text, area, device, seq, hash FROM store_changes WHERE row_id = ANY(%s::uuid[])",
        (ids, ids),
        binary=True,
    ).fetchall()
    places = sorted({place for _, *rest in touched for place in [tuple(rest)]})
    said = {place: msgspec.json.decode(body) for place, body in bodies_of(connection, places)}
    refused = refusals_of(connection, places)
    found: Changes = {}
    for row, *rest in touched:
        place: Place = tuple(rest)
        if place in said:
            found.setdefault(row, []).append((place, said[place], refused.get(place, set())))
    return found


_PLACES: Final = "unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[]) AS v(area, device, seq, hash)"
_SAME: Final = "x.area = v.area AND x.device = v.device AND x.seq = v.seq AND x.hash = v.hash"


def place_lists(places: Iterable[Place]) -> tuple[list[Any], ...]:
    """Places as the four arrays of a query."""
    columns = tuple(map(list, zip(*places, strict=True)))
    return columns or ([], [], [], [])


def bodies_of(connection: Connection, places: Collection[Place]) -> Iterable[tuple[Place, str]]:
    """The bodies of these changesets, as far as they are in the log."""
    rows: Any = connection.execute(
        f"SELECT x.area, x.device, x.seq, x.hash, x.body FROM {_PLACES} JOIN store_log AS x ON {_SAME}",
        place_lists(places),
        binary=True,
    )
    for *place, body in rows:
        yield tuple(place), body


def codes_of(connection: Connection, places: Collection[Place]) -> list[tuple[Place, int, str]]:
    """(changeset, index of the change or -1, code) of what does not count among these."""
    rows: Any = connection.execute(
        f"SELECT x.area, x.device, x.seq, x.hash, x.change, x.code FROM {_PLACES} JOIN store_refusals AS x ON {_SAME}",
        place_lists(places),
        binary=True,
    )
    return [(tuple(place), change, code) for *place, change, code in rows]


def refusals_of(connection: Connection, places: Collection[Place]) -> dict[Place, set[int]]:
    """Place → indexes of the changes that do not count, -1 for all."""
    found: dict[Place, set[int]] = {}
    for place, change, _ in codes_of(connection, places):
        found.setdefault(place, set()).add(change)
    return found


def photo_names(table: Table, touches: Iterable[Touch]) -> set[tuple[str, str]]:
    """(SHA-256, area) of all bytes that counted changes of a row have named, overwritten ones too: they are evidence."""
    if not table.blob_columns or table.name == "purges":
        return set()
    found: set[tuple[str, str]] = set()
    for touch in touches:
        if touch.counts:
            flat = flatten(table, touch.set)
            found.update((flat[column], touch.area) for column in table.blob_columns if flat.get(column))
    return found


def name_photos(connection: Connection, names: Collection[tuple[str, str]]) -> None:
    """Note that rows name these bytes."""
    if not names:
        return
    here: Any = connection.execute(
        "SELECT sha256 FROM store_photos WHERE sha256 = ANY(%s)", (sorted({sha256 for sha256, _ in names}),)
    ).fetchall()
    known = {sha256 for (sha256,) in here}
    insert_missing(
        connection,
        "store_photo_names",
        ("sha256", "area", "missing"),
        [(sha256, area, sha256 not in known) for sha256, area in names],
    )
