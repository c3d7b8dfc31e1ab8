"""Cells taken one by one, each mistake told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.exports import sheets, xpath
from inspect_tui.exports.sheets import Mistake, Spot
from inspect_tui.exports.xlsform.columns import (
    COLUMNS,
    DEFAULTS,
    FIGURES,
    FREE,
    NUMBER,
    OPTIONAL,
    PREFIXES,
    WHOLE,
    WORDS,
    header_of,
)
from inspect_tui.exports.xlsform.visit import ITEMS
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checklists.model import SiteKind
    from checklists.yamltree import Plain, Where
    from inspect_tui.exports.sheets import Row, Sheet
    from inspect_tui.exports.xlsform.columns import Cells


class CellReader:
    """What reading every sheet has in common; every mistake is kept, none stops it."""

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

    def _tell(self, spot: Spot, item: str | None, zh: str, en: str) -> None:
        if spot not in self._told and len(self._mistakes) < sheets.MAX_MISTAKES:
            self._told.add(spot)
            self._mistakes.append(Mistake(spot, item, Text(zh, en)))

    def _rows(self, name: str) -> list[Row]:
        return self._tables[name].rows if name in self._tables else []

    def _columns(self, name: str, sheet: Sheet) -> None:
        for key in COLUMNS[name]:
            if key not in sheet.columns and key not in OPTIONAL:
                header = header_of(key)
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
        if key in FREE and key in row.numeric:
            self._tell(
                spot,
                item,
                "这一格成了数字，可能已失去末尾的 0；请把格式设为文本后重写。",
                "This cell became a number and may have lost a trailing 0; format it as text and write it anew.",
            )
        if (words := WORDS.get(key)) is not None:
            text = text.casefold()
            if text not in words:
                self._tell(
                    spot,
                    item,
                    f"“{text[:40]}”不能用；应为 {'、'.join(words)} 之一。",
                    f"'{text[:40]}' is not allowed; write one of {', '.join(words)}.",
                )
        elif key in WHOLE and not (text.isascii() and text.isdigit()):
            self._tell(
                spot, item, f"“{text[:40]}”不是整数；请写整数。", f"'{text[:40]}' is not a whole number; write one."
            )
        elif key in FIGURES and not NUMBER.fullmatch(text):
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
                if text != DEFAULTS.get(column):
                    into[key] = text
            elif column in needed:
                self._missing(row, column, item)

    def _missing(self, row: Row, column: str, item: str | None) -> None:
        if column not in row.sheet.columns:
            return
        header = header_of(column)
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
            prefixes = PREFIXES.get(key, ()) if row.get("type").startswith("select") else ()
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
                    f"{row.get('type')[:40]} 行的 {header_of(key)} 无处可存；请清空此格。",
                    f"A row of type {row.get('type')[:40]} has no place for {header_of(key)}; clear the cell.",
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
            # The items to choose from are written anew; whoever rewords a question need not reword them.
            if key[0] == ITEMS:
                continue
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
