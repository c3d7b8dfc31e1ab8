"""A list of sites as CSV, TSV or XLSX: read, mapped and held against what is recorded, then recorded whole.

`plan_import` writes nothing and decides every row; `record` writes the rows that are new, all or none. A recorded site
is never changed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.imports.columns import FIELDS, Attributes, Column, field_title, match_columns, understood
from inspect_tui.imports.duplicates import Entry, Index
from inspect_tui.imports.site_rows import NOWHERE, Options, Outcome, Planned, Reader, row_fault
from inspect_tui.imports.table_files import Table, read_table
from inspect_tui.photos.model import LatLon
from inspect_tui.records.positions import point_of
from inspect_tui.records.site_lists import (
    Recorded,
    add_sites,
    content_id,
    differing,
    listed_id,
    log_length,
    once_recorded,
    recorded_sites,
)
from inspect_tui.records.sites import site_cells
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tui.records.model import SiteInput
    from inspect_tui.records.workspace import Workspace

REASONS: Final[Mapping[str, Text]] = {
    "uscc": Text("统一社会信用代码相同", "same credit code"),
    "name": Text("名称相同", "same name"),
    "near": Text("位置接近且名称相似", "near, with a similar name"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A list as it would be taken.

    Attributes:
        notes: What should be known before it is.
        log: How far the log reached when it was made.
    """

    table: Table
    columns: list[Column]
    rows: list[Planned]
    notes: list[Text]
    log: int

    def count(self, outcome: Outcome) -> int:
        """How many rows become this."""
        return sum(row.outcome == outcome for row in self.rows)


def plan_import(
    workspace: Workspace, path: Path, options: Options, told: Callable[[int, int], None] = lambda _, __: None
) -> Plan:
    """What each row of a list of sites would become; nothing is written.

    Args:
        workspace: Held against it.
        path: CSV, TSV or XLSX.
        options: How it is read.
        told: Called with the rows looked at, and how many there are.

    Raises:
        Refused: The file cannot be read, is no table, has no column of names, or something said of it does not fit.
    """
    log = log_length(workspace)
    attributes = Attributes(workspace.catalogue.kinds)
    wanted = options.wanted
    form = wanted.options
    table = read_table(
        path,
        understood(attributes, wanted),
        sheet=form.get("sheet"),
        encoding=form.get("encoding"),
        delimiter=form.get("delimiter"),
    )
    columns = match_columns(table, attributes, wanted, offered=FIELDS)
    reader = Reader(workspace, attributes, columns, options)
    reader.refuse_incomplete(table)
    judge = _Judge(workspace, options)
    rows = []
    for number, line in enumerate(table.lines, 1):
        rows.append(judge.judged(reader.read(line.number, line.cells, line.marks)))
        told(number, len(table.lines))
    return Plan(table, columns, rows, [*reader.notes(table), *judge.notes()], log)


def record(workspace: Workspace, plan: Plan, told: Callable[[int, int], None] = lambda _, __: None) -> bool:
    """Record the new rows of a plan, all or none.

    Returns:
        False where something was recorded since the plan was made, so that it must be made anew; nothing is written then.

    Raises:
        Refused: The log or the disk does not take them; none is recorded.
    """
    fresh = [(row.row, row.site) for row in plan.rows if row.outcome == "new" and row.row and row.site]
    with workspace.writing():
        if log_length(workspace) != plan.log:
            return False
        add_sites(workspace, fresh, lambda done: told(done, len(fresh)))
    return True


class _Judge:
    """Holds rows against what is recorded and against each other."""

    def __init__(self, workspace: Workspace, options: Options) -> None:
        self._workspace = workspace
        self._options = options
        self._index = Index(options.near_m)
        self._taken: set[str] = set()
        self._recorded: dict[str, Recorded] = {}
        self._named: dict[tuple[str, str, str], list[Recorded]] = {}
        for one in recorded_sites(workspace):
            self._taken.add(one.id)
            if one.void:
                continue
            self._recorded[one.id] = one
            self._named.setdefault((one.area, str(one.values["kind"]), str(one.values["name"])), []).append(one)
            self._index.add(_recorded_entry(one))
        self._lines: dict[str, int] = {}

    def judged(self, planned: Planned) -> Planned:
        """The row with its outcome."""
        site = planned.site
        if site is None:
            return planned
        if self._known(planned, site):
            return planned
        entry = _entry(planned.line, site)
        planned.matches = self._index.find(entry)
        if planned.matches and not self._options.allow_duplicates:
            planned.outcome = "duplicate"
            other = self._recorded.get(planned.matches[0].entry.site or "")
            planned.differs = differing(self._workspace, other, site) if other is not None else []
            return planned
        planned.row = listed_id(site, self._taken)
        self._taken.add(planned.row)
        self._lines[planned.row] = planned.line
        self._index.add(entry)
        return planned

    def _known(self, planned: Planned, site: SiteInput) -> bool:
        """Whether the row says what is recorded, or was once, or what a row above has said already."""
        for one in self._named.get((site.area, site.kind, site.name), ()):
            cells = differing(self._workspace, one, site)
            if not cells or once_recorded(self._workspace, one, site, cells):
                planned.outcome, planned.row = "known", one.id
                if cells:
                    listed = "、".join(cells)
                    planned.faults.append(
                        row_fault(
                            "changed_since",
                            None,
                            f"登记后已改过 {listed}，未改回。",
                            f"{listed.replace('、', ', ')} changed since it was recorded and is left as it is.",
                        )
                    )
                return True
        again = content_id(site)
        if again in self._recorded:
            planned.outcome, planned.row = "known", again
            return True
        if self._options.allow_duplicates and again in self._lines:
            planned.outcome, planned.row = "known", again
            return True
        return False

    def notes(self) -> list[Text]:
        """What is to be known of the comparison as a whole."""
        if not self._index.crowded:
            return []
        return [
            Text(
                f"有 {self._index.crowded} 行所在位置附近对象过多，只比较了其中一部分；请检查是否都填了同一个坐标。",
                f"For {self._index.crowded} rows more sites stand near them than were compared; check whether one position"
                " was put in for all.",
            )
        ]


def _recorded_entry(one: Recorded) -> Entry:
    at = point_of(one.values)
    return Entry(
        site=one.id,
        line=None,
        area=one.area,
        name=str(one.values["name"] or ""),
        kind=str(one.values["kind"] or ""),
        uscc=str(one.values["uscc"] or ""),
        address=str(one.values["address"] or ""),
        point=None if at is None else LatLon(*at),
    )


def _entry(line: int, site: SiteInput) -> Entry:
    at = point_of(site_cells(site).get("position") or NOWHERE)
    return Entry(
        site=None,
        line=line,
        area=site.area,
        name=site.name,
        kind=site.kind,
        uscc=site.uscc,
        address=site.address,
        point=None if at is None else LatLon(*at),
    )


def column_title(column: Column) -> Text | None:
    """What a column is taken as; None where it is not."""
    return None if column.field is None else field_title(column.field)
