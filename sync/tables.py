"""Folding into SQLite: changes of a batch go to their tables incrementally; what is not simple is folded anew.

Simple is: a change that creates a row, or one that has seen every head of the cells that it changes, in a row without
conflict or voiding. For these `heads − seen + new` is one version, and the full fold (`sync.fold`) would give the same.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.changeset import canonical_value, version_of
from sync.fold import Touch, fold
from sync.schema import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sync.fold import Folded
    from sync.plan import Plan, Rows, Update
    from sync.schema import Cell, Kind, Schema, Table

_heads_decoder: Final = msgspec.json.Decoder(dict[str, list[str]])
_list_decoder: Final = msgspec.json.Decoder(list[str])


_ONLY_TEXT: Final = {str}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class ShapeError(ValueError):
    """A value does not fit its cell."""


def flatten(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Column → stored value, for the cells that the table knows.

    Raises:
        ShapeError: A value is not of its cell's kind, or a group is not a map of its columns.
    """
    flat: dict[str, Any] = {}
    plain_text = table.text_cells
    by_name = table.by_name
    for name, value in values.items():
        if name in plain_text:
            if type(value) is not str and value is not None:
                raise ShapeError(name)
            flat[name] = value
        elif (cell := by_name.get(name)) is not None:
            if cell.columns:
                _flatten_group(cell, value, flat)
            else:
                flat[name] = None if value is None else _stored(cell.kind, value)
    return flat


def _flatten_group(cell: Cell, value: Any, flat: dict[str, Any]) -> None:
    if value is None:
        value = {}
    elif type(value) is not dict:
        raise ShapeError(cell.name)
    elif (
        cell.all_text is not None and value.keys() == cell.all_text and set(map(type, value.values())) == _ONLY_TEXT
    ):
        flat.update(value)
        return
    for column, kind in cell.columns:
        part = value.get(column)
        flat[column] = None if part is None else _stored(kind, part)


def _stored(kind: Kind, value: Any) -> Any:
    if kind == "json":
        return canonical_value(value).decode()
    if kind == "integer" and isinstance(value, int):
        return int(value)
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "blob" and isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    raise ShapeError(kind)


class Unusual(Exception):
    """A batch that was to be taken whole holds something out of the ordinary."""


@dataclass(slots=True)
class RowState:
    """What the incremental fold must know of a row."""

    area: str
    created: str
    heads: dict[str, list[str]]
    plain: bool
    """Neither in conflict nor voided."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One change on its way into the tables."""

    log: int
    version: str
    area: str
    table: str
    row: str
    set: Mapping[str, Any]
    seen: Mapping[str, Sequence[str]]
    code: str | None
    """Why it does not count, or None."""
    flat: dict[str, Any] | None
    """The set, flattened; None where the table is unknown or the change does not count."""


@dataclass
class Folder:
    """Takes changes into the folded tables, within the caller's transaction."""

    connection: sqlite3.Connection
    schema: Schema
    touched: set[tuple[str, str]] = field(default_factory=set)
    """(table, row) of everything changed."""
    _states: dict[tuple[str, str], RowState | None] = field(default_factory=dict)
    _inserts: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = field(default_factory=dict)
    _updates: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = field(default_factory=dict)
    _updated: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _index: list[tuple[str, int]] = field(default_factory=list)
    _births: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    _dirty: set[tuple[str, str]] = field(default_factory=set)
    _blobs: set[str] = field(default_factory=set)

    def prepare(self, changes: Iterable[Applied]) -> None:
        """Read the rows that a batch is about to touch."""
        wanted: dict[str, set[str]] = {}
        for change in changes:
            key = (change.table, change.row)
            if key not in self._states and change.table in self.schema.by_name:
                wanted.setdefault(change.table, set()).add(change.row)
        for name, rows in wanted.items():
            self._read_states(name, rows)

    def _read_states(self, name: str, rows: set[str]) -> None:
        void = "void_reason" if "void" in self.schema.by_name[name].by_name else "NULL"
        states = self._states
        chosen, parameter = _one_or_all("id", list(rows))
        query = f"SELECT id, area, created, heads, conflict, {void} FROM {name} WHERE {chosen}"
        for row, area, created, heads, conflict, voided in map(tuple, self.connection.execute(query, (parameter,))):
            states[name, row] = RowState(
                area,
                created,
                {} if heads is None else _heads_decoder.decode(heads),
                plain=conflict is None and voided is None,
            )
        unborn = [row for row in rows if (name, row) not in states]
        for row in unborn:
            states[name, row] = None
        if unborn:
            # a row whose changes were all refused stands in the index without standing in the table
            chosen, parameter = _one_or_all("row", unborn)
            query = f"SELECT DISTINCT row FROM changes WHERE {chosen}"
            for (row,) in map(tuple, self.connection.execute(query, (parameter,))):
                states[name, row] = RowState("", "", {}, plain=False)

    def area_of(self, table: str, row: str) -> str | None:
        """The area of a row that was read; None for one that is not there."""
        state = self._states.get((table, row))
        return None if state is None else state.area or None

    def seen(self, table: str, row: str, cells: Iterable[str]) -> dict[str, list[str]]:
        """For each cell the heads of a row that was read; empty for a row that is not there."""
        state = self._states.get((table, row))
        if state is None or not state.created:
            return {}
        return {cell: state.heads.get(cell) or [state.created] for cell in cells}

    def knows(self, table: str, row: str, area: str, version: str) -> bool:
        """Whether the version is among the heads of a row of the area that was read: then it is certainly in the log."""
        state = self._states.get((table, row))
        if state is None or state.area != area:
            return False
        return version == state.created or any(version in heads for heads in state.heads.values())

    def apply(self, change: Applied) -> None:
        """Take one change in; `prepare` has seen it."""
        table = self.schema.by_name.get(change.table)
        if table is None or change.flat is None:
            self._index.append((change.row, change.log))
            if table is not None:
                self._mark(change.table, change.row)
            return
        key = (change.table, change.row)
        self.touched.add(key)
        self._note_blobs(table, change.flat)
        state = self._states.get(key)
        if state is None:
            if change.seen or key in self._dirty:
                self._index.append((change.row, change.log))
                self._mark(*key)
                return
            self._create(key, change)
            return
        self._index.append((change.row, change.log))
        if key in self._dirty or not self._simple(state, change, table):
            self._mark(*key)
            return
        written = [cell for cell in change.set if cell in table.by_name]
        self._write_update(key, state, written, change.version, change.flat)

    def _write_update(
        self, key: tuple[str, str], state: RowState, cells: Sequence[str], version: str, flat: Mapping[str, Any]
    ) -> None:
        for cell in cells:
            state.heads[cell] = [version]
        columns = (*flat, "heads")
        if self._updated.get(key, columns) != columns:
            self._flush_rows()
        self._updated[key] = columns
        values = (*flat.values(), encode_heads(state.heads), key[1])
        self._updates.setdefault((key[0], columns), []).append(values)

    def _create(self, key: tuple[str, str], change: Applied) -> None:
        flat = change.flat or {}
        self._states[key] = RowState(change.area, change.version, {}, plain="void" not in change.set)
        columns = ("id", "area", "created", *flat)
        self._inserts.setdefault((change.table, columns), []).append(
            (change.row, change.area, change.version, *flat.values())
        )

    @staticmethod
    def _simple(state: RowState, change: Applied, table: Table) -> bool:
        if not state.plain or state.area != change.area or not change.seen or "void" in change.set:
            return False
        seen = change.seen
        for cell in change.set:
            if cell in table.by_name:
                versions = seen.get(cell, ())
                for head in state.heads.get(cell) or (state.created,):
                    if head not in versions:
                        return False
        return True

    def _mark(self, table: str, row: str) -> None:
        key = (table, row)
        self.touched.add(key)
        self._dirty.add(key)
        state = self._states.get(key)
        if state is not None and state.created:
            # the one change that the index may lack is the creation that the row names; it may name another soon
            device, seq, short = state.created.split(":")
            self._births.append((row, device, int(seq), bytes.fromhex(short)))

    def _note_blobs(self, table: Table, flat: Mapping[str, Any]) -> None:
        for column in table.blob_columns:
            sha256 = flat.get(column)
            if isinstance(sha256, str) and len(sha256) == 64:
                self._blobs.add(sha256)

    def take(self, plan: Plan, logs: Sequence[int], is_here: Callable[[str, str], bool]) -> None:
        """Take a planned batch in.

        Args:
            plan: The batch.
            logs: The log number of each changeset of it.
            is_here: Whether the log of an area has a version.

        Raises:
            Unusual: A row that it creates is here already, or an update is not simple.
        """
        connection = self.connection
        self._check_unborn(plan)
        try:
            for (name, columns), rows in plan.inserts.items():
                marks = ",".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {name} ({','.join(columns)}) VALUES ({marks})", rows)
        except sqlite3.IntegrityError as error:
            raise Unusual from error
        self._index += [(row, logs[place]) for row, place in plan.again]
        self._blobs.update(plan.blobs)
        for (name, _), rows in plan.inserts.items():
            self.touched.update((name, row[0]) for row in rows)
        if plan.firsts is not None and self._take_firsts(plan.firsts):
            self._index += [(update[1], logs[update[4]]) for update in plan.updates]
            self.touched.update((update[0], update[1]) for update in plan.updates)
        else:
            self.prepare(Applied(0, "", "", update[0], update[1], {}, {}, None, None) for update in plan.updates)
            for update in plan.updates:
                self._take_update(update, logs[update[4]], is_here)
        self.flush()

    def _take_firsts(self, firsts: Rows) -> bool:
        """Take first updates without reading the rows before.

        That each row still is as created is a condition of the UPDATE, and the number of rows changed says whether all
        were. Returns False, with nothing done, where they were not.
        """
        self.connection.execute("SAVEPOINT firsts")
        for (name, columns), values in firsts.items():
            void = " AND void_reason IS NULL" if "void" in self.schema.by_name[name].by_name else ""
            cursor = self.connection.executemany(
                f"UPDATE {name} SET {','.join(f'{column} = ?' for column in columns)}"
                f" WHERE id = ? AND area = ? AND created = ? AND heads IS NULL AND conflict IS NULL{void}",
                values,
            )
            if cursor.rowcount != len(values):
                self.connection.execute("ROLLBACK TO firsts")
                self.connection.execute("RELEASE firsts")
                return False
        self.connection.execute("RELEASE firsts")
        return True

    def _check_unborn(self, plan: Plan) -> None:
        """A refused change may stand in the log for a row that has no table row; such a row is folded with care."""
        if self.connection.execute("SELECT EXISTS (SELECT 1 FROM refusals)").fetchone()[0]:
            ids = json.dumps([row[0] for rows in plan.inserts.values() for row in rows])
            query = "SELECT EXISTS (SELECT 1 FROM changes WHERE row IN (SELECT value FROM json_each(?)))"
            if self.connection.execute(query, (ids,)).fetchone()[0]:
                raise Unusual

    def _take_update(self, update: Update, log: int, is_here: Callable[[str, str], bool]) -> None:
        name, row, area, version, _, seen, written, flat = update
        key = (name, row)
        state = self._states.get(key)
        if state is None or not state.plain or state.area != area:
            raise Unusual
        for cell, versions in seen.items():
            heads = state.heads.get(cell) or [state.created]
            if versions != heads and not (
                set(heads) <= set(versions) and all(each in heads or is_here(area, each) for each in versions)
            ):
                raise Unusual
        if any(cell not in seen for cell in written):
            raise Unusual
        self._index.append((key[1], log))
        self._write_update(key, state, written, version, flat)

    def mark(self, table: str, row: str) -> None:
        """Fold the row anew at the end of the batch."""
        if table in self.schema.by_name:
            self._mark(table, row)

    def flush(self) -> None:
        """Write what was applied, then fold anew what was not simple."""
        connection = self.connection
        self._flush_rows()
        if self._births:
            connection.executemany(
                "INSERT OR IGNORE INTO changes (row, log) SELECT ?, log.id FROM chains CROSS JOIN log"
                " ON log.chain = chains.id WHERE chains.device = ? AND log.seq = ? AND substr(log.hash, 1, 16) = ?",
                self._births,
            )
            self._births.clear()
        if self._index:
            connection.executemany("INSERT OR IGNORE INTO changes (row, log) VALUES (?, ?)", self._index)
            self._index.clear()
        if self._blobs:
            connection.executemany(
                "INSERT OR IGNORE INTO blobs (sha256, state) VALUES (?, 'missing')", [(sha,) for sha in self._blobs]
            )
            self._blobs.clear()
        for table, row in sorted(self._dirty):
            refold(connection, self.schema.by_name[table], row)
        self._dirty.clear()
        self._states.clear()

    def _flush_rows(self) -> None:
        for (name, columns), rows in self._inserts.items():
            marks = ",".join("?" * len(columns))
            self.connection.executemany(f"INSERT INTO {name} ({','.join(columns)}) VALUES ({marks})", rows)
        self._inserts.clear()
        for (name, columns), rows in self._updates.items():
            assignments = ",".join(f"{column} = ?" for column in columns)
            self.connection.executemany(f"UPDATE {name} SET {assignments} WHERE id = ?", rows)
        self._updates.clear()
        self._updated.clear()


def _one_or_all(column: str, rows: Sequence[str]) -> tuple[str, str]:
    """A condition for these rows and its parameter; a single one, as in every keypress, needs no list."""
    if len(rows) == 1:
        return f"{column} = ?", rows[0]
    return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(rows))


def encode_heads(heads: Mapping[str, Sequence[str]]) -> str | None:
    """What stands in the column `heads`; None where there is nothing to say."""
    return canonical_value(dict(heads)).decode() if heads else None


def touches_of(connection: sqlite3.Connection, table: Table, row: str) -> list[Touch]:
    """All changes of a row that stand in the log, from the index `changes`."""
    found: list[Touch] = []
    entries = connection.execute(
        "SELECT log.id, log.seq, log.hash, log.body, chains.area, chains.device FROM changes"
        " CROSS JOIN log ON log.id = changes.log CROSS JOIN chains ON chains.id = log.chain WHERE changes.row = ?",
        (row,),
    ).fetchall()
    for log, seq, hash_, body, area, device in map(tuple, entries):
        refused = {
            index for (index,) in connection.execute("SELECT change FROM refusals WHERE log = ?", (log,)).fetchall()
        }
        found += touches_in(msgspec.json.decode(body), (area, device, seq, hash_), table, row, refused)
    return one_a_version(found)


def touches_in(
    said: Any, place: tuple[str, str, int, bytes], table: Table, row: str, refused: Collection[int]
) -> Iterator[Touch]:
    """The changes of a row in one changeset.

    Args:
        said: The changeset, decoded.
        place: (area, device, seq, hash).
        table: The row's table.
        row: Its id.
        refused: The indexes of changes that do not count, -1 for all.
    """
    area, device, seq, hash_ = place
    for index, change in enumerate(said["changes"]):
        if change["row"] != row or change["table"] != table.name:
            continue
        known = {cell: value for cell, value in change["set"].items() if cell in table.by_name}
        yield Touch(
            version_of(device, seq, hash_),
            (said["header"]["time"], hash_.hex()),
            area,
            known,
            change["seen"],
            index not in refused and -1 not in refused,
        )


def one_a_version(touches: list[Touch]) -> list[Touch]:
    """A changeset may change several cells of a row in several changes: to the fold they are one."""
    merged: dict[tuple[str, bool], Touch] = {}
    for touch in touches:
        key = (touch.version, touch.counts)
        before = merged.get(key)
        if before is None:
            merged[key] = touch
        else:
            seen = dict(before.seen)
            for cell, versions in touch.seen.items():
                seen[cell] = [*seen.get(cell, ()), *versions]
            merged[key] = Touch(
                touch.version, touch.order, touch.area, {**before.set, **touch.set}, seen, touch.counts
            )
    return list(merged.values())


def refold(connection: sqlite3.Connection, table: Table, row: str) -> None:
    """Fold one row anew from the log and write it."""
    folded = fold(touches_of(connection, table, row))
    connection.execute("DELETE FROM conflicts WHERE tbl = ? AND row = ?", (table.name, row))
    if folded is None:
        connection.execute(f"DELETE FROM {table.name} WHERE id = ?", (row,))
        return
    columns, values, flat = stored_row(table, row, folded)
    marks = ",".join("?" * len(columns))
    connection.execute(f"INSERT OR REPLACE INTO {table.name} ({','.join(columns)}) VALUES ({marks})", values)
    named = [(flat[column],) for column in table.blob_columns if flat.get(column)]
    connection.executemany("INSERT OR IGNORE INTO blobs (sha256, state) VALUES (?, 'missing')", named)
    connection.executemany(
        "INSERT INTO conflicts (tbl, row, cell) VALUES (?, ?, ?)",
        [(table.name, row, cell) for cell in folded.conflict],
    )


def stored_row(table: Table, row: str, folded: Folded) -> tuple[tuple[str, ...], tuple[Any, ...], dict[str, Any]]:
    """(columns, values, column → value of the cells alone) of a folded row, as it stands in its table."""
    flat = flatten(table, folded.values)
    differing = {cell: heads for cell, heads in folded.heads.items() if heads != [folded.created]}
    conflict = canonical_value(folded.conflict).decode() if folded.conflict else None
    values = (row, folded.area, folded.created, encode_heads(differing), conflict, *flat.values())
    return (*BOOKKEEPING, *flat), values, flat


def decode_heads(text: str | None) -> dict[str, list[str]]:
    """Cell → heads, from the column `heads`."""
    return {} if text is None else _heads_decoder.decode(text)


def decode_conflict(text: str | None) -> list[str]:
    """The cells in conflict, from the column `conflict`."""
    return [] if text is None else _list_decoder.decode(text)
