"""A list of sites as CSV, read strictly: what is no CSV from beginning to end is refused with line and column."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from inspect_tui.records.load_json import utf8_text
from inspect_tui.records.rules import has_control
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from pathlib import Path

_SAVE: Final = Text("请另存为“CSV UTF-8”", "save it as “CSV UTF-8”")
_BREAK: Final = re.compile(r"\r\n|\r|\n")


def read_sites(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a CSV file and its rows, each with its first line, counted from 1; empty rows are left out.

    Raises:
        Refused: It cannot be read, is no regular file, larger than 64 MiB, not UTF-8, or no CSV.
    """
    text = utf8_text(file, _SAVE)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        line = reader.line_num + 1
        for fields in reader:
            if any(field.strip() for field in fields):
                rows.append((line, fields))
            line = reader.line_num + 1
    except csv.Error as error:
        at, column = _place(text, line)
        raise Refused(
            f"{file.name} 第 {at} 行第 {column} 列不是 CSV：引号不成对，或单元格过长；未载入任何一行，请改正。",
            f"{file.name} line {at}, column {column} is no CSV: quotes do not pair, or a cell is too long ({error});"
            " no row was taken, correct it.",
        ) from error
    for column, name in enumerate(header, 1):
        if has_control(name):
            raise Refused(
                f"{file.name} 第 1 行第 {column} 列的列名含有控制字符，请去掉。",
                f"{file.name} line 1: the name of column {column} holds control characters; take them out.",
            )
    return header, rows


def _place(text: str, line: int) -> tuple[int, int]:
    """Line and column of the cell that breaks the row beginning at `line`: its quote does not close, or it is too long."""
    breaks = islice(_BREAK.finditer(text), line - 1)
    start = max((one.end() for one in breaks), default=0)
    column, begun, quoted, after = 1, start, False, False
    for at in range(start, len(text)):
        character = text[at]
        if quoted:
            if character == '"':
                quoted, after = False, True
            continue
        if character == '"' and (at == begun or after):
            # A second quote behind the first is one that belongs to the text.
            quoted, after = True, False
        elif character == "," and at - begun <= csv.field_size_limit():
            column, begun, after = column + 1, at + 1, False
        elif after or character in "\r\n" or character == ",":
            break
    return line, column
