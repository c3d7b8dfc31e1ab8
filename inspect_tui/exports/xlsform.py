"""A checklist as an XLSForm workbook, the form of ODK and Kobo, and back.

Everything stands in one place only. `survey` has a group for each section, a question for each item, and below it the
reason, the photos and the measurements of the item; extra columns hold what XLSForm has no place for. `limits`, `legal`
and `plan` have a row each. `choices`, the first group and the rows of reasons follow from the rest: they are written
for the form, and only held against it on the way back.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from checklists import validation
from checklists.model import Basis, Checklist, Comparator, Severity
from checklists.shape import Misfit, fit
from checklists.yamltree import MAX_BYTES
from inspect_tui.exports import sheets, xpath
from inspect_tui.exports.sheets import Mistake, Row, Sheet, Spot
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from checklists import text as ground
    from checklists.conditions import Condition
    from checklists.model import Item, Limit, Measurement, PhotoNeed, SiteKind
    from checklists.yamltree import Plain, Where

Cells = dict[str, str]

_PAIR: Final = ("label", "hint", "guidance_hint")
_HEADERS: Final = {"zh": "中文 (zh)", "en": "English (en)"}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "settings": (
        *("form_title", "form_title_en", "form_id", "version", "default_language", "site_kinds"),
        *("plan_note_zh", "plan_note_en"),
    ),
    "survey": (
        *("type", "name", "label_zh", "label_en", "hint_zh", "hint_en", "guidance_hint_zh", "guidance_hint_en"),
        *("relevant", "required", "na_zh", "na_en", "severity", "authority_zh", "authority_en", "default_days"),
        *("photo_required_on_fail", "ambiguous_zh", "ambiguous_en", "note_zh", "note_en", "photo_count"),
        *("per_zh", "per_en", "decimals", "below_detection", "suffices"),
    ),
    "choices": ("list_name", "name", "label_zh", "label_en"),
    "limits": (
        *("item", "measurement", "comparator", "value", "low", "high", "basis", "source_zh", "source_en", "when"),
    ),
    "legal": ("item", "law", "article", "note_zh", "note_en", "when"),
    "plan": ("item", "section", "quote", "duties"),
}
"""Sheet → its columns; `label_zh` stands as `label::中文 (zh)`."""
_GROUP: Final = {"type", "name", "label_zh", "label_en"}
_ITEM: Final = {
    *_GROUP,
    *("hint_zh", "hint_en", "guidance_hint_zh", "guidance_hint_en", "relevant", "na_zh", "na_en", "severity"),
    *("authority_zh", "authority_en", "default_days", "photo_required_on_fail"),
    *("ambiguous_zh", "ambiguous_en", "note_zh", "note_en"),
}
_PHOTO: Final = {*_GROUP, "relevant", "required", "photo_count", "per_zh", "per_en"}
_MEASUREMENT: Final = {
    *_GROUP,
    *("hint_zh", "hint_en", "relevant", "decimals", "below_detection", "suffices"),
}
_FREE: Final = frozenset({"article", "version", "form_id", "name", "section", "quote"})
"""Columns in which a number is not what was typed: 7.10 becomes 7.1."""
_PREFIXES: Final = {
    "hint_zh": ("合格：", "合格:"),
    "hint_en": ("Pass: ", "Pass:"),
    "guidance_hint_zh": ("不合格：", "不合格:"),
    "guidance_hint_en": ("Fail: ", "Fail:"),
}
_VERDICTS: Final = (("pass", "合格", "pass"), ("fail", "不合格", "fail"), ("n_a", "不适用", "not applicable"))
_ATTRIBUTES: Final = "ATTRIBUTES"
_SECTION: Final = re.compile(r"S_(?P<id>[a-z][a-z0-9_]*)")
_BELOW: Final = re.compile(r"(?P<item>[A-Z]{2,4}_[0-9]{3})_(?P<rest>[A-Za-z][A-Za-z0-9_]*)")
_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_TRUTH: Final = ("true", "false")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "severity": get_args(Severity),
    "comparator": get_args(Comparator),
    "basis": get_args(Basis),
    "photo_required_on_fail": _TRUTH,
    "below_detection": _TRUTH,
    "suffices": _TRUTH,
}
_DEFAULTS: Final = {
    "photo_required_on_fail": "true",
    "photo_count": "1",
    "below_detection": "false",
    "suffices": "false",
}
"""What YAML leaves out."""
_WHOLE: Final = frozenset({"default_days", "photo_count", "decimals"})
_FIGURES: Final = frozenset({"value", "low", "high"})
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def write_workbook(checklist: Checklist, kinds: Mapping[str, SiteKind]) -> bytes:
    """The workbook; reading it gives an equal checklist.

    Args:
        checklist: It passes `validate`.
        kinds: Those of its catalogue.

    Raises:
        Refused: openpyxl is missing, or the checklist holds what a workbook would lose.
    """
    sheets.need_openpyxl()
    from openpyxl.utils.exceptions import IllegalCharacterError

    try:
        data = _workbook(
            {
                "settings": [_settings(checklist)],
                "survey": [*_survey(checklist, kinds)],
                "choices": [*_choices(checklist.site_kinds, kinds)],
                "limits": [*_limits(checklist)],
                "legal": [*_legal(checklist)],
                "plan": [*_plan(checklist)],
            }
        )
    except IllegalCharacterError as error:
        raise _cannot_hold(checklist, "control characters") from error
    found = read_workbook(data, kinds)
    again = fit(found.value, Checklist)
    if found.mistakes:
        raise _cannot_hold(checklist, found.mistakes[0].show().en)
    if isinstance(again, Misfit) or again != checklist:
        raise _cannot_hold(checklist, "blanks around a text, or a unit_en equal to its unit")
    return data


def _cannot_hold(checklist: Checklist, what: str) -> Refused:
    return Refused(
        f"检查表 {checklist.id} 含有工作簿存不下的内容（{what}），未导出；请先运行 checklist validate 并改正 YAML。",
        f"The checklist {checklist.id} holds what a workbook cannot ({what}), so nothing was exported; run checklist"
        " validate and correct the YAML first.",
    )


def _workbook(tables: Mapping[str, Sequence[Cells]]) -> bytes:
    import openpyxl
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook()
    for name in list(book.sheetnames):
        del book[name]
    bold, wrapped = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    # ODK's own tools look for `survey` first
    for name in ("survey", "choices", "settings", "limits", "legal", "plan"):
        sheet = book.create_sheet(name)
        columns = COLUMNS[name]
        for number, row in enumerate([{key: _header(key) for key in columns}, *tables[name]], start=1):
            for place, key in enumerate(columns, start=1):
                if not (text := row.get(key, "")):
                    continue
                if "${" in text and key not in {"relevant", "when"}:
                    raise Refused(
                        f"“{text[:40]}”含有 ${{，XLSForm 会当作引用，未导出；请先改写 YAML。",
                        f"'{text[:40]}' holds ${{, a reference to an XLSForm, so nothing was exported; reword the YAML first.",
                    )
                cell = sheet.cell(number, place)
                cell.value = text
                # Text stays text: nothing is a formula, and no spreadsheet rounds a figure.
                cell.data_type = "s"
                cell.number_format = "@"
                cell.alignment = wrapped
                if number == 1:
                    cell.font = bold
        for place, key in enumerate(columns, start=1):
            width = 40 if key.endswith(("_zh", "_en")) or key in {"quote", "relevant", "when"} else 16
            column = sheet.column_dimensions[openpyxl.utils.get_column_letter(place)]
            column.width = width
            column.number_format = "@"
        sheet.freeze_panes = "C2" if name == "survey" else "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _header(key: str) -> str:
    stem, _, language = key.rpartition("_")
    return f"{stem}::{_HEADERS[language]}" if stem in _PAIR else key


def _both(key: str, text: ground.Text | None) -> Cells:
    return {f"{key}_zh": text.zh, f"{key}_en": text.en} if text is not None else {}


def _said(truth: bool) -> str:
    return "true" if truth else "false"


def _settings(checklist: Checklist) -> Cells:
    return {
        "form_title": checklist.title.zh,
        "form_title_en": checklist.title.en,
        "form_id": checklist.id,
        "version": checklist.version,
        "default_language": _HEADERS["zh"],
        "site_kinds": " ".join(checklist.site_kinds),
        **_both("plan_note", checklist.plan_note),
    }


class _Question(NamedTuple):
    """An attribute of any of the kinds of site, with the values of all of them."""

    id: str
    title: ground.Text
    values: dict[str, ground.Text]


def _questions(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> list[_Question]:
    found: dict[str, _Question] = {}
    for kind in site_kinds:
        for attribute in kinds[kind].attributes if kind in kinds else ():
            question = found.setdefault(attribute.id, _Question(attribute.id, attribute.title, {}))
            for value in attribute.values:
                question.values.setdefault(value.id, value.title)
    # Free text selects nothing, so no condition can name it.
    return [question for question in found.values() if question.values]


def _attribute_rows(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    questions = _questions(site_kinds, kinds)
    if not questions:
        return
    yield {"type": "begin_group", "name": _ATTRIBUTES, "label_zh": "检查对象", "label_en": "The site"}
    for question in questions:
        yield {
            "type": f"select_one attribute_{question.id}",
            "name": question.id,
            **_both("label", question.title),
        }
    yield {"type": "end_group"}


def _choices(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    for name, verdicts in (("verdict", _VERDICTS), ("verdict_always", _VERDICTS[:2])):
        for verdict, zh, en in verdicts:
            yield {"list_name": name, "name": verdict, "label_zh": zh, "label_en": en}
    for question in _questions(site_kinds, kinds):
        for value, title in question.values.items():
            yield {"list_name": f"attribute_{question.id}", "name": value, **_both("label", title)}


def _survey(checklist: Checklist, kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    yield from _attribute_rows(checklist.site_kinds, kinds)
    for section in checklist.sections:
        yield {"type": "begin_group", "name": f"S_{section.id}", **_both("label", section.title)}
        for item in section.items:
            yield from _item_rows(item)
        yield {"type": "end_group"}


def _item_rows(item: Item) -> Iterator[Cells]:
    name = item.id.replace("-", "_")
    criteria = {
        "hint_zh": item.pass_.zh,
        "hint_en": item.pass_.en,
        "guidance_hint_zh": item.fail.zh,
        "guidance_hint_en": item.fail.en,
    }
    yield {
        "type": "select_one verdict" if item.na else "select_one verdict_always",
        "name": name,
        **_both("label", item.question),
        **{key: _PREFIXES[key][0] + text for key, text in criteria.items()},
        "relevant": _expression(item.when, ask_unknown=True),
        **_both("na", item.na),
        "severity": item.severity,
        **_both("authority", item.authority),
        "default_days": str(item.default_days),
        "photo_required_on_fail": _said(item.photo_required_on_fail),
        **_both("ambiguous", item.ambiguous),
        **_both("note", item.note),
    }
    yield _reason_row(name)
    for number, photo in enumerate(item.photos, start=1):
        yield _photo_row(name, number, photo, required=item.photo_required_on_fail)
    for measurement in item.measurements:
        yield _measurement_row(name, measurement)


def _reason_row(name: str) -> Cells:
    return {
        "type": "text",
        "name": f"{name}_REASON",
        "label_zh": "不合格或不适用的理由",
        "label_en": "Why it fails or does not apply",
        "relevant": f"${{{name}}} = 'fail' or ${{{name}}} = 'n_a'",
        "required": "yes",
    }


def _asked_photo(name: str, *, required: bool) -> Cells:
    if required:
        return {"relevant": f"${{{name}}} = 'fail'", "required": "yes"}
    return {"relevant": _answered(name), "required": ""}


def _answered(name: str) -> str:
    return f"${{{name}}} = 'pass' or ${{{name}}} = 'fail'"


def _photo_row(name: str, number: int, photo: PhotoNeed, *, required: bool) -> Cells:
    return {
        "type": "image",
        "name": f"{name}_PHOTO_{number}",
        **_both("label", photo.what),
        **_asked_photo(name, required=required),
        "photo_count": str(photo.count),
        **_both("per", photo.per),
    }


def _measurement_row(name: str, measurement: Measurement) -> Cells:
    return {
        "type": "decimal",
        "name": f"{name}_{measurement.id}",
        **_both("label", measurement.quantity),
        "hint_zh": measurement.unit,
        "hint_en": measurement.unit_en or measurement.unit,
        "relevant": _answered(name),
        "decimals": str(measurement.decimals),
        "below_detection": _said(measurement.allows_below_detection),
        "suffices": _said(measurement.suffices),
    }


def _expression(condition: Condition | None, *, ask_unknown: bool = False) -> str:
    if condition is None:
        return ""
    for part in condition.walk():
        for value in part.one_of or ():
            if not _VALUE.fullmatch(value):
                raise Refused(
                    f"条件里的值“{value[:40]}”不能作 XLSForm 选项，未导出；值只能由字母、数字和下划线组成。",
                    f"The value '{value[:40]}' of a condition cannot be a choice of an XLSForm, so nothing was exported;"
                    " values are letters, digits and underscores.",
                )
    return xpath.write(condition, ask_unknown=ask_unknown)


def _limits(checklist: Checklist) -> Iterator[Cells]:
    for item in checklist.items():
        for measurement in item.measurements:
            for limit in measurement.limits:
                yield {"item": item.id, "measurement": measurement.id, **_limit(limit)}


def _limit(limit: Limit) -> Cells:
    return {
        "comparator": limit.comparator,
        "value": limit.value or "",
        "low": limit.low or "",
        "high": limit.high or "",
        "basis": limit.basis,
        **_both("source", limit.source),
        "when": _expression(limit.when),
    }


def _legal(checklist: Checklist) -> Iterator[Cells]:
    for item in checklist.items():
        for reference in item.legal_basis:
            yield {
                "item": item.id,
                "law": reference.law,
                "article": reference.article,
                **_both("note", reference.note),
                "when": _expression(reference.when),
            }


def _plan(checklist: Checklist) -> Iterator[Cells]:
    for item in checklist.items():
        for citation in item.plan:
            yield {
                "item": item.id,
                "section": citation.section,
                "quote": citation.quote,
                "duties": " ".join(citation.duties),
            }


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


class _Reader:
    """Builds the plain values row by row; every mistake is kept, none stops it."""

    def __init__(self, tables: dict[str, Sheet], mistakes: list[Mistake], kinds: Mapping[str, SiteKind]) -> None:
        self._tables = tables
        self._kinds = kinds
        self._mistakes = mistakes
        self._told = {mistake.spot for mistake in mistakes}
        self._spots: dict[Where, Spot] = {}
        self._sections: list[Plain] = []
        self._value: dict[str, Plain] = {}
        self._items: dict[str, tuple[Where, dict[str, Plain]]] = {}
        self._site_kinds: list[str] = []
        self._path: Where = ()

    def read(self) -> Read:
        for name, sheet in self._tables.items():
            self._columns(name, sheet)
        self._settings()
        self._value["sections"] = self._sections
        self._survey()
        self._held(
            "choices",
            {(row["list_name"], row["name"]): row for row in _choices(self._site_kinds, self._kinds)},
        )
        for row in self._rows("limits"):
            self._limit(row)
        for row in self._rows("legal"):
            self._reference(row)
        for row in self._rows("plan"):
            self._citation(row)
        complete = len(self._tables) == len(COLUMNS) and all(
            set(COLUMNS[name]) <= set(sheet.columns) for name, sheet in self._tables.items()
        )
        return Read(self._value, self._spots, self._mistakes, complete)

    # What every sheet has in common.

    def _tell(self, spot: Spot, item: str | None, zh: str, en: str) -> None:
        if spot not in self._told and len(self._mistakes) < sheets.MAX_MISTAKES:
            self._told.add(spot)
            self._mistakes.append(Mistake(spot, item, Text(zh, en)))

    def _rows(self, name: str) -> list[Row]:
        return self._tables[name].rows if name in self._tables else []

    def _columns(self, name: str, sheet: Sheet) -> None:
        for key in COLUMNS[name]:
            if key not in sheet.columns:
                header = _header(key)
                # The place after the last column is where it can be added.
                spot = Spot(name, 1, max(sheet.columns.values(), default=0) + 1)
                self._told.discard(spot)
                self._tell(spot, None, f"缺少列 {header}；请补上此列。", f"The column {header} is missing; add it.")
        for key, place in sheet.columns.items():
            if key not in COLUMNS[name] and any(row.get(key) for row in sheet.rows):
                self._tell(
                    Spot(name, 1, place),
                    None,
                    f"检查表没有 {key[:40]} 这一列，内容无处可存；请删去此列。",
                    f"A checklist has no place for the column {key[:40]}; delete the column.",
                )

    def _check(self, row: Row, key: str, item: str | None) -> str:
        """The text of a cell, told of where it is not one that the column takes."""
        text = row.get(key)
        if not text:
            return text
        spot = row.spot(key)
        if key in _FREE and key in row.numeric:
            self._tell(
                spot,
                item,
                "这一格成了数字，可能已失去末尾的 0；请把格式设为文本后重写。",
                "This cell became a number and may have lost a trailing 0; format it as text and write it anew.",
            )
        if (words := _WORDS.get(key)) is not None:
            text = text.casefold()
            if text not in words:
                self._tell(
                    spot,
                    item,
                    f"“{text[:40]}”不能用；应为 {'、'.join(words)} 之一。",
                    f"'{text[:40]}' is not allowed; write one of {', '.join(words)}.",
                )
        elif key in _WHOLE and not (text.isascii() and text.isdigit()):
            self._tell(
                spot, item, f"“{text[:40]}”不是整数；请写整数。", f"'{text[:40]}' is not a whole number; write one."
            )
        elif key in _FIGURES and not _NUMBER.fullmatch(text):
            self._tell(
                spot,
                item,
                f"“{text[:40]}”不是数字；请只写数字，如 0.05。",
                f"'{text[:40]}' is not a number; write digits only, such as 0.05.",
            )
        return text

    def _put(
        self,
        into: dict[str, Plain],
        path: Where,
        row: Row,
        cells: Mapping[str, str],
        *,
        item: str | None = None,
        needed: Sequence[str] = (),
    ) -> None:
        """Take the cells of a row (column → key of the value); the empty ones are left out, and told where needed."""
        for column, key in cells.items():
            self._spots[*path, key] = row.spot(column)
            if text := self._check(row, column, item):
                if text != _DEFAULTS.get(column):
                    into[key] = text
            elif column in needed:
                self._missing(row, column, item)

    def _missing(self, row: Row, column: str, item: str | None) -> None:
        if column not in row.sheet.columns:
            return
        header = _header(column)
        self._tell(
            row.spot(column), item, f"{header} 不能为空；请填写。", f"{header} must not be empty; fill it in."
        )

    def _text(
        self,
        into: dict[str, Plain],
        path: Where,
        row: Row,
        column: str,
        *,
        item: str | None = None,
        columns: tuple[str, str] | None = None,
        needed: bool = False,
    ) -> None:
        """Take a text in both languages; none or both are given."""
        pair = columns or (f"{column}_zh", f"{column}_en")
        said = {}
        for language, key in zip(("zh", "en"), pair, strict=True):
            self._spots[*path, language] = row.spot(key)
            text = row.get(key)
            prefixes = _PREFIXES.get(key, ()) if row.get("type").startswith("select") else ()
            for prefix in prefixes:
                if text.startswith(prefix.strip()):
                    text = text.removeprefix(prefix.strip()).strip()
                    break
            if text:
                said[language] = text
        self._spots[path] = row.spot(pair[0])
        for language, key in zip(("zh", "en"), pair, strict=True):
            if language not in said and (said or needed):
                self._missing(row, key, item)
        if said:
            into[str(path[-1])] = {**said}

    def _when(self, into: dict[str, Plain], path: Where, row: Row, column: str, item: str | None) -> None:
        self._spots[*path, "when"] = row.spot(column)
        if text := row.get(column):
            try:
                into["when"] = xpath.read(text)
            except Refused as wrong:
                self._tell(row.spot(column), item, wrong.zh, wrong.en)

    def _only(self, row: Row, allowed: set[str], item: str | None) -> None:
        """Tell of cells that a row of this type has no use for: nothing is lost in silence."""
        for key, text in row.cells.items():
            if text and key in COLUMNS["survey"] and key not in allowed:
                self._tell(
                    row.spot(key),
                    item,
                    f"{row.get('type')[:40]} 行的 {_header(key)} 无处可存；请清空此格。",
                    f"A row of type {row.get('type')[:40]} has no place for {_header(key)}; clear the cell.",
                )

    def _same(self, row: Row, expected: Cells, item: str | None, *, keys: Sequence[str] | None = None) -> None:
        """Tell of cells that follow from others and say something else; empty ones are well."""
        for key in keys if keys is not None else COLUMNS[row.sheet.name]:
            text, wanted = row.get(key), expected.get(key, "")
            if text and " ".join(text.split()) != " ".join(wanted.split()):
                self._tell(
                    row.spot(key),
                    item,
                    f"此格由其他内容得出，改动不会被采用；请清空或恢复为“{wanted[:60]}”。",
                    f"This cell follows from others, so a change of it is not taken; clear it or restore '{wanted[:60]}'.",
                )

    def _held(self, name: str, expected: Mapping[tuple[str, str], Cells]) -> None:
        for row in self._rows(name):
            key = (row.get("list_name"), row.get("name"))
            if key not in expected:
                self._tell(
                    row.spot("name"),
                    None,
                    f"选项 {key[0][:40]} / {key[1][:40]} 不在目录中；选项由 kinds.yaml 得出，请删去此行。",
                    f"The choice {key[0][:40]} / {key[1][:40]} is not in the catalogue; choices follow from kinds.yaml:"
                    " delete the row.",
                )
            else:
                self._same(row, expected[key], None)

    # Sheet by sheet.

    def _settings(self) -> None:
        rows = self._rows("settings")
        if not rows:
            if "settings" in self._tables:
                self._tell(Spot("settings", 2, 1), None, "缺少第 2 行；请填写。", "Row 2 is missing; fill it in.")
            return
        row = rows[0]
        for extra in rows[1:]:
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
        self._same(row, {"default_language": _HEADERS["zh"]}, None, keys=("default_language",))

    def _survey(self) -> None:
        attributes = {row["name"]: row for row in _attribute_rows(self._site_kinds, self._kinds) if "name" in row}
        names: set[str] = set()
        opened: Row | None = None
        section: dict[str, Plain] | None = None
        item: dict[str, Plain] | None = None
        path: Where = ()
        for row in self._rows("survey"):
            kind, name = " ".join(row.get("type").split()), row.get("name")
            kind = {"begin group": "begin_group", "end group": "end_group"}.get(kind, kind)
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
            if kind == "begin_group":
                if opened is not None:
                    self._tell(
                        row.spot("type"),
                        None,
                        f"第 {opened.number} 行的分组没有结束；请在此行前加一行 end_group。",
                        f"The group of row {opened.number} has no end; put a row end_group before this one.",
                    )
                opened, section, item = row, None, None
                if name == _ATTRIBUTES:
                    self._same(row, attributes.get(name, {"type": "begin_group", "name": name}), None)
                    continue
                section, path = self._section(row, name), ("sections", len(self._sections) - 1)
            elif kind == "end_group":
                if opened is None:
                    self._tell(
                        row.spot("type"),
                        None,
                        "没有要结束的分组；请删去此行。",
                        "There is no group to end; delete the row.",
                    )
                self._only(row, {"type", "name"}, None)
                opened, section, item = None, None, None
            elif opened is not None and opened.get("name") == _ATTRIBUTES:
                self._attribute(row, name, attributes)
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
        if match := _SECTION.fullmatch(name):
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
        self._only(row, _GROUP, None)
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
        self._only(row, _ITEM, item_id)
        return item

    def _below(self, row: Row, kind: str, name: str, item: dict[str, Plain] | None) -> None:
        """A reason, photo or measurement of the item above."""
        above = str(item["id"]).replace("-", "_", 1) if item is not None else ""
        match = _BELOW.fullmatch(name)
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
            self._same(row, _reason_row(above), item_id)
        elif kind == "image":
            photos = item.setdefault("photos", [])
            if isinstance(photos, list):
                photos.append(self._photo(row, (*path, "photos", len(photos)), item, rest))
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
        self._same(row, _asked_photo(name, required=required), item_id, keys=("relevant", "required"))
        self._only(row, _PHOTO, item_id)
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
        expected = {"relevant": _answered(item_id.replace("-", "_", 1))}
        self._same(row, expected, item_id, keys=("relevant",))
        self._only(row, _MEASUREMENT, item_id)
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
