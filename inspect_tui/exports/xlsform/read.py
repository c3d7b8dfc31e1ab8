"""A workbook read back as a checklist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from checklists import validation
from checklists.yamltree import MAX_BYTES
from inspect_tui.exports import sheets, xpath
from inspect_tui.exports.sheets import Mistake, Spot
from inspect_tui.exports.xlsform import rows, visit
from inspect_tui.exports.xlsform.cells import CellReader
from inspect_tui.exports.xlsform.columns import (
    ATTRIBUTES,
    BELOW,
    BELOW_DETECTION,
    COLUMNS,
    GROUP,
    ITEM,
    LANGUAGES,
    MEASUREMENT,
    OPTIONAL,
    PHOTO,
    SECTION,
)
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from checklists.model import SiteKind
    from checklists.yamltree import Plain, Where
    from inspect_tui.exports.sheets import Row
    from inspect_tui.exports.xlsform.columns import Cells


class Read(NamedTuple):
    """What a workbook says."""

    value: dict[str, Plain]
    """The checklist in the plain values that its YAML gives."""
    spots: dict[Where, Spot]
    """Where each value stands."""
    mistakes: list[Mistake]
    complete: bool
    """Whether no sheet and no column is missing."""

    def spot(self, path: Where | None) -> Spot:
        """The cell of a value, or of the nearest one around it."""
        path = path or ()
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot("settings", 2, 1))


def check_file(path: Path) -> Read:
    """A workbook with all that is wrong with it, `checklist validate`'s checks included.

    Raises:
        Refused: It is no workbook, cannot be read, is larger than any checklist, or openpyxl is missing.
    """
    data = sheets.read_file(path)
    known, problems = validation.known_for(path)
    if problems:
        first = problems[0]
        raise Refused(
            f"{first.file} 第 {first.line} 行：{first.zh}请先改正或移走该文件。",
            f"{first.file}, line {first.line}: {first.en} Correct the file or take it away first.",
        )
    found = read_workbook(data, known.kinds)
    told = {mistake.spot for mistake in found.mistakes}
    # Without a column every row would be told of once more.
    for each in validation.check_value(found.value, known) if found.complete else ():
        spot = found.spot(each.path)
        if spot not in told:
            mistake = Mistake(spot, each.item, Text(each.text.zh, each.text.en))
            found.mistakes.append(mistake)
    order = {name: number for number, name in enumerate(COLUMNS)}
    found.mistakes.sort(key=lambda each: (order.get(each.spot.sheet, 99), each.spot.row, each.spot.column))
    del found.mistakes[sheets.MAX_MISTAKES :]
    return found


def read_workbook(data: bytes, kinds: Mapping[str, SiteKind]) -> Read:
    """The checklist of a workbook and the mistakes of its form; what it says is not checked yet.

    Raises:
        Refused: See `sheets.read_sheets`.
    """
    tables, mistakes = sheets.read_sheets(data, tuple(COLUMNS))
    return _Reader(tables, mistakes, kinds).read()


def as_yaml(value: dict[str, Plain]) -> bytes:
    """The YAML of a checklist.

    Raises:
        Refused: It would be larger than a catalogue file may be.
    """
    import yaml

    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1 << 20)
    data = text.encode()
    if len(data) > MAX_BYTES:
        raise Refused("检查表超过 2 MiB，未导入。", "The checklist is larger than 2 MiB, so nothing was imported.")
    return data


_SPACED: Final = frozenset({"begin group", "end group", "begin repeat", "end repeat"})
"""As XLSForm also lets them be written."""


class _Reader(CellReader):
    """Builds the plain values row by row."""

    def read(self) -> Read:
        for name, sheet in self._tables.items():
            self._columns(name, sheet)
        self._settings()
        self._value["sections"] = self._sections
        self._survey()
        self._held(
            "choices",
            {(row["list_name"], row["name"]): row for row in rows.choices(self._site_kinds, self._kinds)},
        )
        for row in self._rows("limits"):
            self._limit(row)
        for row in self._rows("legal"):
            self._reference(row)
        for row in self._rows("plan"):
            self._citation(row)
        complete = len(self._tables) == len(COLUMNS) and all(
            set(COLUMNS[name]) - OPTIONAL <= set(sheet.columns) for name, sheet in self._tables.items()
        )
        return Read(self._value, self._spots, self._mistakes, complete)

    def _settings(self) -> None:
        given = self._rows("settings")
        if not given:
            if "settings" in self._tables:
                self._tell(Spot("settings", 2, 1), None, "缺少第 2 行；请填写。", "Row 2 is missing; fill it in.")
            return
        row = given[0]
        for extra in given[1:]:
            self._tell(
                extra.spot("form_title"),
                None,
                "只能有一行；请删去此行。",
                "There is one row only; delete this one.",
            )
        self._put(self._value, (), row, {"form_id": "id", "version": "version"}, needed=("form_id", "version"))
        self._text(self._value, ("title",), row, "form_title", columns=("form_title", "form_title_en"), needed=True)
        self._spots["site_kinds",] = row.spot("site_kinds")
        if not row.get("site_kinds"):
            self._missing(row, "site_kinds", None)
        self._site_kinds = row.get("site_kinds").split()
        self._value["site_kinds"] = [*self._site_kinds]
        self._text(self._value, ("plan_note",), row, "plan_note", needed=True)
        self._same(row, {"default_language": LANGUAGES["zh"]}, None, keys=("default_language",))

    def _survey(self) -> None:
        attributes = {
            row["name"]: row for row in rows.attribute_rows(self._site_kinds, self._kinds) if "name" in row
        }
        asked = self._asked()
        names: set[str] = set()
        opened: Row | None = None
        section: dict[str, Plain] | None = None
        item: dict[str, Plain] | None = None
        path: Where = ()
        for row in self._rows("survey"):
            kind, name = " ".join(row.get("type").split()), row.get("name")
            kind = kind.replace(" ", "_") if kind in _SPACED else kind
            if not kind:
                self._missing(row, "type", None)
                continue
            if name and name in names:
                self._tell(
                    row.spot("name"),
                    None,
                    f"name {name[:60]} 重复；请改名。",
                    f"The name {name[:60]} stands twice; change it.",
                )
            names.add(name)
            if kind in {"begin_group", "begin_repeat"}:
                if opened is not None:
                    self._tell(
                        row.spot("type"),
                        None,
                        f"第 {opened.number} 行的分组没有结束；请在此行前加一行 end_group。",
                        f"The group of row {opened.number} has no end; put a row end_group before this one.",
                    )
                opened, section, item = row, None, None
                if name == ATTRIBUTES:
                    self._same(row, attributes.get(name, {"type": "begin_group", "name": name}), None)
                    continue
                if name in asked:
                    self._same(row, asked[name], None)
                    continue
                if kind == "begin_repeat":
                    self._unasked(row, name)
                    continue
                section, path = self._section(row, name), ("sections", len(self._sections) - 1)
            elif kind in {"end_group", "end_repeat"}:
                if opened is None:
                    self._tell(
                        row.spot("type"),
                        None,
                        "没有要结束的分组；请删去此行。",
                        "There is no group to end; delete the row.",
                    )
                self._only(row, {"type", "name"}, None)
                opened, section, item = None, None, None
            elif opened is not None and opened.get("name") == ATTRIBUTES:
                self._attribute(row, name, attributes)
            elif name in asked and section is None:
                # Whoever raises the version does so in settings; the export writes it here.
                self._same(row, asked[name], None, keys=[key for key in COLUMNS["survey"] if key != "calculation"])
            elif opened is not None and section is None:
                self._unasked(row, name)
            elif kind in {"select_one verdict", "select_one verdict_always"}:
                if section is None:
                    self._tell(
                        row.spot("type"),
                        None,
                        "检查项不在任何分组内；请移到 begin_group 和 end_group 之间。",
                        "The item is in no section; move it between begin_group and end_group.",
                    )
                    item = None
                    continue
                item = self._item(row, kind, name, section, path)
            elif kind in {"text", "image", "decimal"}:
                self._below(row, kind, name, item)
            else:
                self._tell(
                    row.spot("type"),
                    None,
                    f"不认识的类型 {kind[:40]}；应为 begin_group、end_group、select_one verdict、"
                    "select_one verdict_always、text、image、decimal 之一。",
                    f"The type {kind[:40]} has no place in a checklist; it is one of begin_group, end_group, select_one"
                    " verdict, select_one verdict_always, text, image, decimal.",
                )
        if opened is not None:
            self._tell(
                opened.spot("type"),
                None,
                "分组没有结束；请在末尾加一行 end_group。",
                "The group has no end; add a row end_group at the bottom.",
            )

    def _asked(self) -> dict[str, Cells]:
        """What a form asks beside the checklist, by name; it follows from the settings."""
        checklist, version = str(self._value.get("id", "")), str(self._value.get("version", ""))
        listed = (*visit.opening(checklist, version, self._site_kinds), *visit.closing())
        return {row["name"]: row for row in listed if "name" in row}

    def _unasked(self, row: Row, name: str) -> None:
        self._tell(
            row.spot("name"),
            None,
            f"这里没有问题 {name[:60] or '?'}；表单另外问的内容由程序写出，请删去此行。",
            f"There is no question {name[:60] or '?'} here; what the form asks beside the checklist is written by the"
            " programme: delete the row.",
        )

    def _attribute(self, row: Row, name: str, attributes: Mapping[str, Cells]) -> None:
        if name in attributes:
            self._same(row, attributes[name], None)
            return
        self._tell(
            row.spot("name"),
            None,
            f"检查对象没有属性 {name[:60]}；属性由 settings 的 site_kinds 和 kinds.yaml 得出，请删去此行。",
            f"The kinds of site have no attribute {name[:60]}; attributes follow from site_kinds in settings and from"
            " kinds.yaml: delete the row.",
        )

    def _section(self, row: Row, name: str) -> dict[str, Plain]:
        path: Where = ("sections", len(self._sections))
        items: list[Plain] = []
        section: dict[str, Plain] = {}
        self._sections.append(section)
        self._spots[path] = self._spots[*path, "id"] = row.spot("name")
        if match := SECTION.fullmatch(name):
            section["id"] = match["id"]
        else:
            self._tell(
                row.spot("name"),
                None,
                f"分组名“{name[:60]}”应写作 S_ 加小写英文编号，如 S_site_roads。",
                f"The group '{name[:60]}' is named S_ and an id in lower case, such as S_site_roads.",
            )
            section["id"] = f"section_{len(self._sections)}"
        self._text(section, (*path, "title"), row, "label", needed=True)
        self._only(row, GROUP, None)
        section["items"] = items
        return section

    def _item(
        self, row: Row, kind: str, name: str, section: dict[str, Plain], path: Where
    ) -> dict[str, Plain] | None:
        items = section["items"]
        if not isinstance(items, list):  # never: `_section` made it
            return None
        path = (*path, "items", len(items))
        item_id = name.replace("_", "-", 1)
        if not xpath.ITEM.fullmatch(name):
            self._tell(
                row.spot("name"),
                None,
                f"检查项名“{name[:60]}”应写作 2～4 个大写字母、下划线、3 位数字，如 CD_101。",
                f"The item '{name[:60]}' is named by 2 to 4 capitals, an underscore and 3 digits, such as CD_101.",
            )
        item: dict[str, Plain] = {}
        self._path = path
        items.append(item)
        self._items.setdefault(item_id, (path, item))
        self._spots[path] = row.spot("name")
        self._spots[*path, "id"] = row.spot("name")
        item["id"] = item_id
        for key, column, needed in (
            ("question", "label", True),
            ("pass", "hint", True),
            ("fail", "guidance_hint", True),
            ("na", "na", False),
        ):
            self._text(item, (*path, key), row, column, item=item_id, needed=needed)
        if (kind == "select_one verdict") != ("na" in item):
            zh, en = (
                (
                    "选项含“不适用”而 na 为空；请填写 na 两列，或改为 select_one verdict_always。",
                    "The verdicts include n_a but na is empty; fill in both na columns, or write select_one verdict_always.",
                )
                if "na" not in item
                else (
                    "na 已填写而选项不含“不适用”；请改为 select_one verdict，或清空 na 两列。",
                    "na is filled in but the verdicts do not include n_a; write select_one verdict, or clear both na columns.",
                )
            )
            self._tell(row.spot("type"), item_id, zh, en)
        self._put(
            item,
            path,
            row,
            {key: key for key in ("photo_required_on_fail", "severity", "default_days")},
            item=item_id,
            needed=("severity", "default_days"),
        )
        self._text(item, (*path, "authority"), row, "authority", item=item_id, needed=True)
        self._when(item, path, row, "relevant", item_id)
        for key in ("ambiguous", "note"):
            self._text(item, (*path, key), row, key, item=item_id)
        item["plan"] = []
        self._only(row, ITEM, item_id)
        return item

    def _below(self, row: Row, kind: str, name: str, item: dict[str, Plain] | None) -> None:
        """A reason, photo or measurement of the item above."""
        above = str(item["id"]).replace("-", "_", 1) if item is not None else ""
        match = BELOW.fullmatch(name)
        if item is None or match is None or match["item"] != above:
            self._tell(
                row.spot("name"),
                None,
                f"{name[:60] or '?'} 不属于它上面的检查项 {above or '（无）'}；名称应以该检查项名和下划线开头，并紧接其后。",
                f"{name[:60] or '?'} does not belong to the item above it ({above or 'none'}); its name begins with that of the"
                " item and an underscore, and it stands right below it.",
            )
            return
        item_id, rest = str(item["id"]), match["rest"]
        path = self._path
        if kind == "text":
            self._same(row, rows.reason_row(above), item_id)
        elif kind == "image":
            photos = item.setdefault("photos", [])
            if isinstance(photos, list):
                photos.append(self._photo(row, (*path, "photos", len(photos)), item, rest))
        elif rest.endswith(BELOW_DETECTION):
            self._same(row, {"relevant": rows.answered(above)}, item_id, keys=("relevant",))
        else:
            measurements = item.setdefault("measurements", [])
            if isinstance(measurements, list):
                where = (*path, "measurements", len(measurements))
                measurements.append(self._measurement(row, where, item_id, rest))

    def _photo(self, row: Row, path: Where, item: dict[str, Plain], rest: str) -> Plain:
        item_id = str(item["id"])
        name = item_id.replace("-", "_", 1)
        if not re.fullmatch(r"PHOTO_[0-9]{1,2}", rest):
            self._tell(
                row.spot("name"), item_id, f"照片名应写作 {name}_PHOTO_1。", f"A photo is named {name}_PHOTO_1."
            )
        photo: dict[str, Plain] = {}
        self._spots[path] = row.spot("name")
        self._text(photo, (*path, "what"), row, "label", item=item_id, needed=True)
        self._put(photo, path, row, {"photo_count": "count"}, item=item_id)
        self._text(photo, (*path, "per"), row, "per", item=item_id)
        required = item.get("photo_required_on_fail", "true") == "true"
        self._same(row, rows.asked_photo(name, required=required), item_id, keys=("relevant", "required"))
        self._only(row, PHOTO, item_id)
        return photo

    def _measurement(self, row: Row, path: Where, item_id: str, rest: str) -> Plain:
        measurement: dict[str, Plain] = {"id": rest}
        self._spots[path] = self._spots[*path, "id"] = row.spot("name")
        self._text(measurement, (*path, "quantity"), row, "label", item=item_id, needed=True)
        self._spots[*path, "unit"] = row.spot("hint_zh")
        self._spots[*path, "unit_en"] = row.spot("hint_en")
        zh, en = row.get("hint_zh"), row.get("hint_en")
        measurement["unit"] = zh
        if en and not zh:
            self._missing(row, "hint_zh", item_id)
        if en and en != zh:
            measurement["unit_en"] = en
        cells = {"decimals": "decimals", "below_detection": "allows_below_detection", "suffices": "suffices"}
        self._put(measurement, path, row, cells, item=item_id)
        expected = {"relevant": rows.answered(item_id.replace("-", "_", 1))}
        self._same(row, expected, item_id, keys=("relevant",))
        self._only(row, MEASUREMENT, item_id)
        return measurement

    def _of(self, row: Row) -> tuple[str, Where, dict[str, Plain]] | None:
        """The item that a row of another sheet is about."""
        said = row.get("item").replace("_", "-", 1)
        if said in self._items:
            return (said, *self._items[said])
        if not said:
            self._missing(row, "item", None)
        else:
            self._tell(
                row.spot("item"),
                None,
                f"survey 里没有检查项 {said[:40]}；请改正编号或删去此行。",
                f"There is no item {said[:40]} in survey; correct the id or delete the row.",
            )
        return None

    def _limit(self, row: Row) -> None:
        if (of := self._of(row)) is None:
            return
        item_id, path, item = of
        name = row.get("measurement")
        measurements = item.get("measurements")
        for number, each in enumerate(measurements if isinstance(measurements, list) else ()):
            if isinstance(each, dict) and each.get("id") == name:
                limits = each.setdefault("limits", [])
                if isinstance(limits, list):
                    where = (*path, "measurements", number, "limits", len(limits))
                    limits.append(self._figures(row, where, item_id))
                return
        self._tell(
            row.spot("measurement"),
            item_id,
            f"检查项没有测量项“{name[:40]}”；请改正，或在 survey 加一行 decimal。",
            f"The item has no measurement '{name[:40]}'; correct it, or add a decimal row to survey.",
        )

    def _figures(self, row: Row, path: Where, item_id: str) -> Plain:
        limit: dict[str, Plain] = {}
        self._spots[path] = row.spot("item")
        cells = {key: key for key in ("comparator", "value", "low", "high", "basis")}
        self._put(limit, path, row, cells, item=item_id, needed=("comparator", "basis"))
        self._text(limit, (*path, "source"), row, "source", item=item_id, needed=True)
        self._when(limit, path, row, "when", item_id)
        return limit

    def _reference(self, row: Row) -> None:
        if (of := self._of(row)) is None:
            return
        item_id, path, item = of
        references = item.setdefault("legal_basis", [])
        if not isinstance(references, list):
            return
        path = (*path, "legal_basis", len(references))
        reference: dict[str, Plain] = {}
        references.append(reference)
        self._spots[path] = row.spot("item")
        self._put(reference, path, row, {"law": "law", "article": "article"}, item=item_id, needed=("law",))
        self._text(reference, (*path, "note"), row, "note", item=item_id)
        self._when(reference, path, row, "when", item_id)

    def _citation(self, row: Row) -> None:
        if (of := self._of(row)) is None:
            return
        item_id, path, item = of
        citations = item["plan"]
        if not isinstance(citations, list):
            return
        path = (*path, "plan", len(citations))
        citation: dict[str, Plain] = {}
        citations.append(citation)
        self._spots[path] = row.spot("item")
        cells = {"section": "section", "quote": "quote"}
        self._put(citation, path, row, cells, item=item_id, needed=("section", "quote"))
        self._spots[*path, "duties"] = row.spot("duties")
        if duties := row.get("duties").split():
            citation["duties"] = [*duties]
