"""Submissions out of the tables of an export: each row of a form with the rows of its repeats and its ids."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inspect_tui.imports.odk.columns import VALUE, Place, columns_of, item_names, meta_of
from inspect_tui.imports.odk.form import folded, form_of
from inspect_tui.imports.odk.problems import problem, where_of
from inspect_tui.records import times
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checklists.model import Catalogue, Checklist
    from inspect_tui.imports.odk.columns import Columns
    from inspect_tui.imports.odk.export import Export
    from inspect_tui.imports.odk.form import Form
    from inspect_tui.imports.odk.tables import Line, Table
    from inspect_tui.records.model import Problem
    from inspect_tui.texts import Text

MAX_REPEATED: Final = 64 << 20
"""Characters of the repeats of one form, which are held in memory until their submission comes by."""
_UUID: Final = re.compile(r"(?:uuid:?)?(?P<id>[0-9A-Za-z][0-9A-Za-z._-]{7,99})", re.IGNORECASE)
_PARENTS: Final = ("PARENT_KEY", "_parent_index", "_submission__uuid", "_submission__id")
_IDS: Final = ("KEY", "instanceID", "_uuid", "_id")
_EMPTY: Final = frozenset({"n/a"})
"""What Kobo's older exports write where nothing was answered."""

Values = dict[Place, str]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row of a repeat."""

    where: Text
    values: Values
    fault: Refused | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission.

    Attributes:
        file: What people call the table.
        row: Its row there.
        instance: The id of the submission as people look it up; empty where there is none.
        names: All that identifies it, the lasting one first.
        form: What was filled in.
        values: Of the questions outside of repeats.
        repeats: Repeat → its rows.
        meta: The server's columns.
        problems: Why it cannot be taken.
    """

    file: str
    row: int
    instance: str
    names: tuple[str, ...]
    form: Form
    values: Values
    repeats: dict[str, list[Repeated]]
    meta: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    @property
    def where(self) -> Text:
        """Where it stands, in words."""
        return where_of(self.file, self.row, self.instance)


@dataclass(frozen=True, slots=True)
class Filled:
    """A table of submissions with the tables of its repeats."""

    table: Table
    form: Form
    columns: Columns
    children: list[tuple[Table, Columns, str]]


def filled_forms(
    tables: Sequence[Table], catalogue: Catalogue, checklist: str | None, refused: list[Refused]
) -> tuple[list[Filled], list[Table]]:
    """The tables of submissions, and those that are none.

    Args:
        tables: All of the export.
        catalogue: What may have been filled in.
        checklist: Id of the checklist, where whoever imports says it.
        refused: Gets the tables that are of no checklist here.
    """
    roots, children, others = [], [], []
    for table in tables:
        meta = {name for header in table.header if (name := meta_of(header)) is not None}
        if meta.intersection(_PARENTS):
            children.append(table)
        elif meta.intersection(_IDS):
            roots.append(table)
        else:
            others.append(table)
    found = []
    for root in roots:
        try:
            form = form_of(_checklist(root, catalogue, checklist), catalogue.kinds)
        except Refused as unknown:
            refused.append(unknown)
            continue
        found.append(Filled(root, form, columns_of(root.header, form), []))
    for child in children:
        owner = _owner(child, found)
        if owner is None:
            others.append(child)
            continue
        columns = columns_of(child.header, owner.form)
        repeat = columns.repeat(owner.form)
        if repeat:
            owner.children.append((child, columns, repeat))
        else:
            others.append(child)
    return found, others


def _checklist(table: Table, catalogue: Catalogue, said: str | None) -> Checklist:
    """Which checklist a table is of: as said, by the names of its items, by their texts, by the name of the file."""
    if said is not None:
        return catalogue.checklist(said)
    counts: dict[str, int] = {}
    owners = {item.id.replace("-", "_"): each.id for each in catalogue.checklists.values() for item in each.items()}
    for name in item_names(table.header):
        item = name[: name.find("_", name.find("_") + 1)] if name.count("_") > 1 else name
        if (owner := owners.get(item)) is not None:
            counts[owner] = counts.get(owner, 0) + 1
    if not counts:
        headers = [folded(header) for header in table.header]
        for each in catalogue.checklists.values():
            labels = {folded(text) for item in each.items() for text in (item.question.zh, item.question.en)}
            counts[each.id] = sum(any(header.endswith(label) for label in labels) for header in headers)
        counts = {name: count for name, count in counts.items() if count}
    if counts:
        return catalogue.checklist(max(counts, key=lambda name: counts[name]))
    stem = table.stem
    for each in catalogue.checklists.values():
        if stem == each.id or stem.startswith((each.title.zh, each.title.en)):
            return each
    raise Refused(
        f"{table.title} 不是这里任何检查表的表单；请用 checklist export 写出的表单采集，或先用 checklist import 导入该检查表。",
        f"{table.title} is the form of no checklist here; collect with a form that checklist export wrote, or import the"
        " checklist first with checklist import.",
    )


def _owner(child: Table, roots: Sequence[Filled]) -> Filled | None:
    """The form that a repeat belongs to: that of its workbook, the one its file is named after, the only one."""
    for root in roots:
        if root.table.sheet and root.table.member == child.member:
            return root
    named = [root for root in roots if child.stem.startswith(f"{root.table.stem}-")]
    if named:
        return max(named, key=lambda root: len(root.table.stem))
    return roots[0] if len(roots) == 1 else None


def submissions(export: Export, filled: Filled, left: list[Text]) -> Iterator[Submission]:
    """Every submission of a form, in the order of its rows.

    Args:
        export: Where it lies.
        filled: The form.
        left: Gets where the rows of repeats stand whose submission is not in the export.

    Raises:
        Refused: A table cannot be read on.
    """
    repeats = [(repeat, _Index(export, table, columns, filled.form)) for table, columns, repeat in filled.children]
    for line in filled.table.lines(export):
        yield _submission(filled, line, repeats)
    for _, index in repeats:
        left.extend(index.left())


def ids_of(export: Export, filled: Filled) -> set[str]:
    """The ids of all submissions of a form, folded, as folders of media are named after them."""
    found: set[str] = set()
    for line in filled.table.lines(export):
        if line.fault is None:
            meta = _meta(filled.columns, line)
            found.update(
                _plain(meta.get(name, "")).casefold() for name in ("KEY", "instanceID", "_uuid", "rootUuid")
            )
    return found - {""}


class _Index:
    """The rows of a repeat by what they name as their parent."""

    def __init__(self, export: Export, table: Table, columns: Columns, form: Form) -> None:
        self.rows: dict[tuple[str, str], list[Repeated]] = {}
        self._met: set[tuple[str, str]] = set()
        size = 0
        for line in table.lines(export):
            size += sum(map(len, line.cells))
            if size > MAX_REPEATED:
                raise Refused(
                    f"{table.title} 超过 {MAX_REPEATED >> 20} MiB 文字，未载入；请分批导出。",
                    f"{table.title} holds more than {MAX_REPEATED >> 20} MiB of text and was not taken; export it in parts.",
                )
            meta = _meta(columns, line)
            row = Repeated(where_of(table.title, line.number, ""), _values(columns, line, form)[0], line.fault)
            for name in _PARENTS:
                if said := meta.get(name, ""):
                    parent = _plain(said.partition("/")[0]) if name in {"PARENT_KEY", "_submission__uuid"} else said
                    self.rows.setdefault((name, parent), []).append(row)
                    break
            else:
                self.rows.setdefault(("", ""), []).append(row)

    def of(self, meta: Mapping[str, str]) -> list[Repeated]:
        for name, own in (
            ("PARENT_KEY", _plain(meta.get("KEY") or meta.get("instanceID", ""))),
            ("_parent_index", meta.get("_index", "")),
            ("_submission__uuid", _plain(meta.get("_uuid", ""))),
            ("_submission__id", meta.get("_id", "")),
        ):
            if own and (found := self.rows.get((name, own))):
                self._met.add((name, own))
                return found
        return []

    def left(self) -> list[Text]:
        """Where the rows stand that no submission has asked for."""
        return [row.where for key, rows in self.rows.items() if key not in self._met for row in rows if row.values]


def _submission(filled: Filled, line: Line, repeats: list[tuple[str, _Index]]) -> Submission:
    meta = _meta(filled.columns, line)
    instance, names = _names(meta)
    values, clashing = _values(filled.columns, line, filled.form)
    rows: dict[str, list[Repeated]] = {}
    for repeat, index in repeats:
        rows.setdefault(repeat, []).extend(index.of(meta))
    found = Submission(filled.table.title, line.number, instance, names, filled.form, values, rows, meta)
    where = found.where
    if line.fault is not None:
        found.problems.append(problem(where, "", line.fault.zh, line.fault.en, code="cannot_read"))
        return found
    for name in clashing:
        found.problems.append(
            problem(where, name, "有几列，内容不同", "stands in several columns that say different things")
        )
    for each in (row for listed in rows.values() for row in listed if row.fault is not None):
        if each.fault is not None:
            found.problems.append(problem(each.where, "", each.fault.zh, each.fault.en, code="cannot_read"))
    if not names:
        found.problems.append(
            problem(
                where,
                "KEY / _uuid",
                "没有提交编号，无法认出它是否已导入；请连同 KEY 或 _uuid 一起导出",
                "there is no id of the submission by which to know it again; export KEY or _uuid as well",
                code="no_instance",
            )
        )
    return found


def _meta(columns: Columns, line: Line) -> dict[str, str]:
    cells = line.cells
    return {
        name: cells[index].strip()
        for name, index in columns.meta.items()
        if index < len(cells) and cells[index].strip() not in _EMPTY
    }


def _values(columns: Columns, line: Line, form: Form) -> tuple[Values, list[str]]:
    """What the cells say, and the questions of which two columns say different things."""
    found: Values = {}
    clashing: list[str] = []
    for place, cell in zip(columns.places, line.cells, strict=False):
        if place is None:
            continue
        text = cell.strip()
        kind = form.questions[place.name].kind
        if not text or (kind != "text" and text.casefold() in _EMPTY):
            continue
        if place.part.startswith("="):
            if text.casefold() in {"0", "false", "no", "否"}:
                continue
            text = place.part[1:]
        key = Place(place.name, VALUE) if place.part.startswith("=") else place
        if found.setdefault(key, text) != text:
            clashing.append(place.name)
    return found, clashing


def _names(meta: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The id of a submission as people look it up, and all that identifies it.

    Kobo gives an edited submission a new `_uuid`; `_id` with the time of submission stays, and so does `rootUuid`.
    """
    names: list[str] = []
    for key in ("rootUuid", "KEY", "instanceID", "_uuid"):
        said = meta.get(key, "")
        if _UUID.fullmatch(said):
            names.append("uuid:" + _plain(said).casefold())
    if (number := meta.get("_id", "")).isascii() and number.isdigit():
        names.append(f"kobo:{number}:{_moment(meta.get('_submission_time', ''))}")
    shown = next((meta[key] for key in ("KEY", "_uuid", "instanceID", "rootUuid", "_id") if meta.get(key)), "")
    return shown, tuple(dict.fromkeys(names))


def _plain(said: str) -> str:
    match = _UUID.fullmatch(said.strip())
    return match["id"] if match else ""


def _moment(text: str) -> str:
    """The time of submission however an export writes it, in UTC as Kobo means it."""
    try:
        found = dt.datetime.fromisoformat(text)
        return times.stored(found if found.tzinfo else found.replace(tzinfo=dt.UTC))
    except (ValueError, Refused):
        return ""


def strange_columns(filled: Filled) -> list[str]:
    """The columns of a form and its repeats that answer nothing."""
    return [
        columns.headers[index]
        for columns in (filled.columns, *(columns for _, columns, _ in filled.children))
        for index in columns.strange
    ]
