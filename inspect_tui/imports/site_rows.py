"""One row of a list of sites as a site, or the reasons why it is none."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from inspect_tui.imports import values
from inspect_tui.imports.columns import ATTRIBUTE, FIELDS, Attributes, Column, Wanted, missing, target
from inspect_tui.records.model import Problem, RefusedByRules, SiteInput, TypedPosition
from inspect_tui.records.positions import box_problems, position_cell
from inspect_tui.records.rules import MAX_LINE, has_control
from inspect_tui.records.sites import site_cells, tidy_site
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tui.imports.duplicates import Match
    from inspect_tui.imports.table_files import Table
    from inspect_tui.records.workspace import Workspace

Outcome = Literal["new", "known", "duplicate", "refused"]
NEAR_M: Final = 50
NOTHING_SAID: Final = Wanted({}, {}, {})
_POSITION: Final = frozenset({"longitude", "latitude", "datum", "position"})


@dataclass(frozen=True, slots=True)
class Options:
    """How a list is read.

    Attributes:
        wanted: Columns, defaults and the form of the file, as somebody said.
        near_m: From how many metres on two sites of similar names are two; 0: positions do not count.
        allow_duplicates: Likely duplicates are taken.
    """

    wanted: Wanted = NOTHING_SAID
    near_m: float = NEAR_M
    allow_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong or odd about a row, and in which column."""

    problem: Problem
    column: Column | None = None


@dataclass(slots=True)
class Planned:
    """What becomes of one row.

    Attributes:
        line: Row of the file, from 1.
        name: Of the site, as far as it can be read.
        site: As it is recorded; None where it cannot be.
        row: Row id; None for one that is not taken.
        faults: Why it is refused; else what is odd about it.
        matches: Which other sites it may be.
        differs: Columns in which it says something else than the site that it may be.
    """

    line: int
    outcome: Outcome
    name: str
    site: SiteInput | None = None
    row: str | None = None
    faults: list[Fault] = dataclasses.field(default_factory=list)
    matches: list[Match] = dataclasses.field(default_factory=list)
    differs: list[str] = dataclasses.field(default_factory=list)


class _Cells(NamedTuple):
    """What a row says: field → text, and the column that says it."""

    said: dict[str, str]
    columns: dict[str, Column]


class Reader:
    """Turns rows into sites."""

    def __init__(
        self, workspace: Workspace, attributes: Attributes, columns: list[Column], options: Options
    ) -> None:
        self._workspace = workspace
        self._attributes = attributes
        self._columns = columns
        self._names = values.Names(workspace.catalogue.kinds, workspace.catalogue.areas)
        self._wanted = options.wanted
        defaults = {
            target(name, attributes, offered=FIELDS): value for name, value in options.wanted.defaults.items()
        }
        self._defaults = {name: value for name, value in defaults.items() if value.strip()}
        if datum := options.wanted.options.get("datum"):
            self._defaults.setdefault("datum", values.datum_of(datum))

    def refuse_incomplete(self, table: Table) -> None:
        """Raise Refused where no row of the table could become a site."""
        fields = {column.field for column in self._columns} | set(self._defaults)
        lacking = [name for name in ("name", "kind") if name not in fields]
        if not lacking:
            return
        titles = [FIELDS[name] for name in lacking]
        heads = values.words(column.header for column in self._columns if column.header)
        raise Refused(
            f"{table.file} 第 {table.header.number} 行的表头（{heads[:200]}）中找不到{'和'.join(one.zh for one in titles)}列；请用"
            f" --map 列名={lacking[0]} 指明"
            + ("，或用 --default kind=类型 给全部行。" if "kind" in lacking else "。"),
            f"The header of {table.file} in row {table.header.number} ({heads[:200].replace('、', ', ')}) has no column of the"
            f" {' and '.join(one.en for one in titles)}; name it with --map HEADER={lacking[0]}"
            + (", or give all rows one with --default kind=KIND." if "kind" in lacking else "."),
        )

    def notes(self, table: Table) -> list[Text]:
        """What should be known of the table as a whole."""
        notes = []
        fields = {column.field for column in self._columns}
        if absent := missing(self._wanted, self._columns):
            listed = "、".join(absent)[:200]
            notes.append(
                Text(
                    f"指明了而表中没有的列：{listed}。",
                    f"Columns that were named and are not in the table: {listed.replace('、', ', ')}.",
                )
            )
        if len(table.sheets) > 1:
            others = "、".join(name for name in table.sheets if name != table.sheet)[:200]
            notes.append(
                Text(f"还有工作表 {others}，未读取。", f"Other sheets were not read: {others.replace('、', ', ')}.")
            )
        if fields & {"longitude", "latitude", "position"} and not {"datum"} & (fields | set(self._defaults)):
            notes.append(
                Text(
                    "坐标系未说明，按 WGS-84；来自高德、腾讯、百度地图的请加 --datum gcj02 或 bd09。",
                    "The datum is not said and taken as WGS-84; where positions come from Amap, Tencent or Baidu maps, add"
                    " --datum gcj02 or bd09.",
                )
            )
        if "area" not in fields and "area" not in self._defaults:
            area = self._workspace.config.area
            notes.append(
                Text(
                    f"没有行政区列，全部按本工作区的 {area}。",
                    f"No column of areas: all rows are of {area}, as here.",
                )
            )
        return notes

    def read(self, line: int, cells: Any, marks: Any) -> Planned:
        """One row as a site, or with the reasons why it is none."""
        faults: list[Fault] = []
        found = self._cells(cells, marks, faults)
        planned = Planned(line, "refused", found.said.get("name", "")[:80], faults=faults)
        site = self._site(found, faults)
        if site is None or faults:
            return planned
        try:
            planned.site = tidy_site(self._workspace, site)
            site_cells(planned.site)
        except RefusedByRules as refused:
            planned.site = None
            faults += [Fault(one, self._column_of(one.field, found, site.kind)) for one in refused.problems]
        except Refused as refused:
            planned.site = None
            faults.append(Fault(Problem("refused", refused.zh, refused.en), None))
        if planned.site is not None:
            planned.outcome, planned.name = "new", planned.site.name
            faults += self._warnings(found, planned.site)
        return planned

    def _column_of(self, name: str | None, found: _Cells, kind: str) -> Column | None:
        """The column that a field of a site comes from; an attribute's stands under its label."""
        if name is None or not name.startswith(ATTRIBUTE):
            return found.columns.get(name or "")
        for key, column in found.columns.items():
            attribute = (
                self._attributes.find(kind, key.removeprefix(ATTRIBUTE)) if key.startswith(ATTRIBUTE) else None
            )
            if attribute is not None and name == ATTRIBUTE + attribute.id:
                return column
        return None

    def _cells(self, cells: Any, marks: Any, faults: list[Fault]) -> _Cells:
        said: dict[str, str] = {}
        columns: dict[str, Column] = {}
        for index, text in enumerate(cells):
            column = self._columns[index] if index < len(self._columns) else None
            if column is None or not column.header:
                # In a text file that is a delimiter too many, which shifts all that follows.
                if text and (column is None or column.letters.isdecimal()):
                    faults.append(
                        row_fault(
                            "no_header",
                            None,
                            f"第 {index + 1} 列“{text[:20]}”没有列名；请检查分隔符和表头。",
                            f"Column {index + 1}, “{text[:20]}”, has no name in the header; check delimiters and header.",
                        )
                    )
                continue
            name = column.field
            if name is None:
                continue
            if (
                refused := _cell_refusal(name, text, marks.get(index), text_file=column.letters.isdecimal())
            ) is not None:
                faults.append(Fault(Problem("cell", refused.zh, refused.en, field=name), column))
                continue
            if values.blank(name, text):
                continue
            said[name], columns[name] = text, column
        for name, default in self._defaults.items():
            if name not in said and not (name in _POSITION and name != "datum"):
                said[name] = default
        return _Cells(said, columns)

    def _site(self, found: _Cells, faults: list[Fault]) -> SiteInput | None:
        said = found.said

        def tried(name: str, how: Callable[[str], str], default: str = "") -> str:
            try:
                return how(said[name]) if name in said else default
            except Refused as refused:
                faults.append(Fault(Problem(name, refused.zh, refused.en, field=name), found.columns.get(name)))
                return ""

        before = len(faults)
        kind = tried("kind", self._names.kind)
        area = tried("area", self._names.area, self._workspace.config.area)
        position = self._position(found, tried, faults)
        for name in ("name", "kind"):
            if name not in said and len(faults) == before and not any(one.problem.field == name for one in faults):
                title = FIELDS[name]
                faults.append(
                    row_fault(
                        f"{name}_missing", None, f"缺少{title.zh}。", f"The {title.en} is missing.", field=name
                    )
                )
        if len(faults) > before or not kind:
            return None
        attributes = self._attributes_of(kind, found, faults)
        return SiteInput(
            name=said.get("name", ""),
            kind=kind,
            area=area,
            address=said.get("address", ""),
            position=position,
            uscc=said.get("uscc", "").removeprefix("'"),
            responsible_party=said.get("responsible_party", ""),
            attributes=attributes,
            contact_phone=said.get("contact_phone", "").removeprefix("'"),
            risk_class=said.get("risk_class", "").removesuffix("风险"),
        )

    def _attributes_of(self, kind: str, found: _Cells, faults: list[Fault]) -> dict[str, str]:
        attributes: dict[str, str] = {}
        for name, text in found.said.items():
            if not name.startswith(ATTRIBUTE):
                continue
            if (one := self._attributes.find(kind, name.removeprefix(ATTRIBUTE))) is None:
                continue
            value = values.attribute_value(one, text)
            if attributes.setdefault(one.id, value) != value:
                faults.append(
                    row_fault(
                        "attribute_twice",
                        found.columns.get(name),
                        f"{one.title.zh}在两列中不同：“{attributes[one.id][:40]}”和“{value[:40]}”；请只留一个。",
                        f"{one.title.en} differs in two columns, “{attributes[one.id][:40]}” and “{value[:40]}”; keep one.",
                        field=name,
                    )
                )
        return attributes

    def _position(self, found: _Cells, tried: Callable[..., str], faults: list[Fault]) -> TypedPosition | None:
        said = found.said
        datum: Any = tried("datum", values.datum_of, "WGS-84")
        if not datum:
            return None
        if "position" in said and not said.keys() & {"longitude", "latitude"}:
            column = found.columns["position"]
            try:
                return _checked(TypedPosition(*values.two_angles(said["position"], column.header), datum))
            except Refused as refused:
                faults.append(Fault(Problem("position", refused.zh, refused.en, field="position"), column))
                return None
        there = [name for name in ("longitude", "latitude") if name in said]
        if not there or any(one.problem.field in {"longitude", "latitude"} for one in faults):
            return None
        if len(there) == 1:
            lacking = "latitude" if there == ["longitude"] else "longitude"
            faults.append(
                row_fault(
                    "position",
                    found.columns.get(there[0]),
                    f"有{FIELDS[there[0]].zh}而没有{FIELDS[lacking].zh}。",
                    f"The {FIELDS[there[0]].en} stands without the {FIELDS[lacking].en}.",
                    field=lacking,
                )
            )
            return None
        try:
            return _checked(_two_cells(said["longitude"], said["latitude"], datum))
        except Refused as refused:
            at = found.columns.get("latitude" if refused.en.startswith("latitude") else "longitude")
            faults.append(Fault(Problem("position", refused.zh, refused.en, field="position"), at))
            return None

    def _warnings(self, found: _Cells, site: SiteInput) -> list[Fault]:
        catalogue = self._workspace.catalogue
        faults = [
            Fault(one, found.columns.get("latitude") or found.columns.get("position"))
            for one in box_problems(catalogue.areas.get(site.area), site_cells(site).get("position") or NOWHERE)
        ]
        if site.area not in catalogue.areas:
            faults.append(
                row_fault(
                    "area_unknown",
                    found.columns.get("area"),
                    f"行政区代码 {site.area} 不在目录中，请核对。",
                    f"The area code {site.area} is not in the catalogue; check it.",
                    field="area",
                )
            )
        for name, text in found.said.items():
            if (
                name.startswith(ATTRIBUTE)
                and self._attributes.find(site.kind, name.removeprefix(ATTRIBUTE)) is None
            ):
                title = catalogue.kinds[site.kind].title
                header = found.columns[name].header if name in found.columns else name
                faults.append(
                    row_fault(
                        "attribute_not_taken",
                        found.columns.get(name),
                        f"{title.zh}没有属性“{header[:40]}”，“{text[:40]}”未收。",
                        f"A {title.en} has no attribute “{header[:40]}”; “{text[:40]}” is not taken.",
                        field=name,
                    )
                )
        return faults


NOWHERE: Final = {"longitude": None, "latitude": None}


def row_fault(code: str, column: Column | None, zh: str, en: str, *, field: str | None = None) -> Fault:
    """A fault of a row, at a column where it has one."""
    return Fault(Problem(code, zh, en, field=field), column)


def _cell_refusal(name: str, text: str, mark: Any, *, text_file: bool) -> Refused | None:
    """Why a cell would be dropped or misread without a word."""
    if text_file and ("\n" in text or "\r" in text):
        return Refused(
            "单元格内有换行，可能缺了一个引号；请改成一行。",
            "holds a line break; a quote may be missing: make it one line.",
        )
    if has_control(text):
        return Refused("含有控制字符，请去掉。", "holds control characters; take them out.")
    if len(text) > MAX_LINE:
        return Refused(f"超过 {MAX_LINE} 个字符，请缩短。", f"is longer than {MAX_LINE} characters; shorten it.")
    return values.refused_cell(name, text, mark)


def _two_cells(longitude: str, latitude: str, datum: Any) -> TypedPosition:
    """Raise Refused where a cell is no coordinate, or says that it is the other one."""
    east = _named(longitude, "经度", "longitude")
    north = _named(latitude, "纬度", "latitude")
    if east.axis == "latitude" or north.axis == "longitude":
        raise Refused(
            f"经度“{longitude[:30]}”和纬度“{latitude[:30]}”写反了；请对调。",
            f"The longitude “{longitude[:30]}” and the latitude “{latitude[:30]}” are swapped; exchange them.",
        )
    return TypedPosition(east.degrees, north.degrees, datum)


def _named(text: str, zh: str, en: str) -> values.Angle:
    try:
        return values.angle(text)
    except Refused as refused:
        raise Refused(f"{zh}：{refused.zh}", f"{en}: {refused.en}") from None


def _checked(position: TypedPosition) -> TypedPosition:
    position_cell(position)
    return position
