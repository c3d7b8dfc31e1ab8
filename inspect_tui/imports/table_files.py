"""A table of a stranger, CSV, TSV or XLSX, read whole as text cells in bounded time, or refused where it goes wrong."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from inspect_tui.photos.bounded import cannot_read, opened
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Mark = Literal["formula", "error", "date", "truth", "integer", "float"]
"""What a cell of a workbook is, where it is not text."""

MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 100
DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
ENCODINGS: Final = ("utf-8", "utf-16", "gb18030")
_LOOKED_AT: Final = 20
"""Rows among which the header is looked for: official lists begin with a title."""
_HEAD: Final = 64 << 10
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_SEPARATOR: Final = re.compile(r"sep=([,;\t])\r?\n")
_WRAPPED: Final = re.compile(r'="([^"]*)"')
"""`="0358"`, by which many systems keep a spreadsheet from turning digits into a number."""
_WIDE: Final = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


class Line(NamedTuple):
    """A row of the table.

    Attributes:
        number: Of the row in the sheet, or of its first line in the text, from 1.
        cells: Its texts.
        marks: Index of a cell → what it is, where it is not text.
    """

    number: int
    cells: Sequence[str]
    marks: dict[int, Mark]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it stands in its file; rows without any text are left out."""

    file: str
    encoding: str | None
    """None: a workbook."""
    delimiter: str | None
    """One of `DELIMITERS`; None: a workbook."""
    sheet: str | None
    sheets: tuple[str, ...]
    """All sheets of a workbook."""
    header: Line
    lines: list[Line]

    def letters(self, index: int) -> str:
        """A column as people name it: `C` in a workbook, `3` in a text file."""
        if self.sheet is None:
            return str(index + 1)
        number, text = index + 1, ""
        while number > 0:
            number, rest = divmod(number - 1, 26)
            text = chr(65 + rest) + text
        return text


def read_table(
    path: Path,
    known: Callable[[str], bool],
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """The table in a file.

    Args:
        path: A regular file; what it is is told by its content, never by its name.
        known: Whether a text is a header that somebody understands; by it delimiter and header row are found.
        sheet: Name or number of the sheet of a workbook; the first one unless given.
        encoding: One of `ENCODINGS`; found out unless given.
        delimiter: One of `DELIMITERS`; found out unless given.

    Raises:
        Refused: It cannot be read, is too large, or is no table from beginning to end.
    """
    with opened(path) as file:
        try:
            head = file.read(8)
            file.seek(0)
            if head.startswith(b"PK\x03\x04"):
                from inspect_tui.imports.workbooks import read_workbook

                name, names, lines = read_workbook(file, path.name, sheet)
                header, below = _header(path.name, lines, known)
                # a column without a header is shown as such; a row of a workbook cannot shift
                width = max(len(line.cells) for line in (header, *below))
                header = header._replace(cells=[*header.cells, *[""] * (width - len(header.cells))])
                return Table(
                    file=path.name,
                    encoding=None,
                    delimiter=None,
                    sheet=name,
                    sheets=names,
                    header=header,
                    lines=below,
                )
            # One byte more than allowed: a file that grows meanwhile is not read without end.
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise cannot_read(path, error) from error
    _refuse_other_formats(path.name, data)
    if sheet is not None:
        raise Refused(
            f"{path.name} 不是 .xlsx 工作簿，没有工作表；请去掉 --sheet。",
            f"{path.name} is no .xlsx workbook and has no sheets; leave out --sheet.",
        )
    text, used = _decoded(path.name, data, encoding)
    said = _SEPARATOR.match(text)
    sign = DELIMITERS[delimiter] if delimiter else said[1] if said else _sniffed(text, known)
    lines = list(_records(path.name, text, sign, skip=1 if said else 0))
    header, below = _header(path.name, lines, known)
    word = next(word for word, one in DELIMITERS.items() if one == sign)
    return Table(file=path.name, encoding=used, delimiter=word, sheet=None, sheets=(), header=header, lines=below)


def _refuse_other_formats(name: str, data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise Refused(f"{name} 超过 64 MiB，请分成几个文件。", f"{name} is larger than 64 MiB; split it.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(
            f"{name} 是旧式 .xls 或加密的工作簿，不能读取；请在表格软件中另存为不加密的 .xlsx 或“CSV UTF-8”。",
            f"{name} is an old .xls or an encrypted workbook and cannot be read; save it as .xlsx without a password or as"
            " “CSV UTF-8”.",
        )
    if re.match(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|html|table|\?xml)", data[:200], re.IGNORECASE):
        raise Refused(
            f"{name} 是网页或 XML，不是表格文件；请用表格软件打开后另存为 .xlsx 或“CSV UTF-8”。",
            f"{name} is a web page or XML, not a table; open it in a spreadsheet and save it as .xlsx or “CSV UTF-8”.",
        )


def _decoded(name: str, data: bytes, wanted: str | None) -> tuple[str, str]:
    """The text and its encoding; nothing is ever replaced by a question mark."""
    if wanted is None:
        wanted = _encoding_of(name, data)
    codec = {"utf-8": "utf-8-sig", "utf-16": _utf_16(data), "gb18030": "gb18030"}[wanted]
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise _undecodable(name, data, error.start, wanted) from error
    if wanted == "gb18030" and data.startswith(b"\x84\x31\x95\x33"):
        text = text.removeprefix("\ufeff")
    return text, wanted


def _encoding_of(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf_16(data):
        return "utf-16"
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Chinese that is UTF-8 up to here is a damaged UTF-8 file; read as GB18030 it would be other Chinese.
        if data.startswith(b"\xef\xbb\xbf") or len(_WIDE.findall(data[: error.start])) > 2:
            raise _undecodable(name, data, error.start, "utf-8") from error
        return "gb18030"
    return "utf-8"


def _looks_like_utf_16(data: bytes) -> bool:
    """Without a mark: every other byte of the commas, digits and line breaks is zero."""
    start = data[:4000]
    return (
        len(start) >= 4 and len(data) % 2 == 0 and max(start[0::2].count(0), start[1::2].count(0)) * 8 > len(start)
    )


def _utf_16(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:4000]
    return "utf-16-be" if start[0::2].count(0) > start[1::2].count(0) else "utf-16-le"


def _undecodable(name: str, data: bytes, start: int, encoding: str) -> Refused:
    line = data.count(b"\n", 0, start) + 1
    return Refused(
        f"{name} 第 {line} 行不是 {encoding.upper()} 文本，未载入任何一行；请在表格软件中另存为“CSV UTF-8”，"
        "或用 --encoding 指明编码。",
        f"{name} line {line} is not text in {encoding.upper()}, no row was taken; save it as “CSV UTF-8” in a spreadsheet,"
        " or name the encoding with --encoding.",
    )


def _sniffed(text: str, known: Callable[[str], bool]) -> str:
    """The delimiter by which most headers are understood, else the one that stands most often; a comma in doubt."""
    best, sign = (0, 0), ","
    head = text[:_HEAD]
    for candidate in DELIMITERS.values():
        rows: list[list[str]] = []
        # what is wrong there is told with its place once all is read
        with contextlib.suppress(csv.Error):
            rows.extend(islice(csv.reader(io.StringIO(head, newline=""), delimiter=candidate), _LOOKED_AT))
        score = (
            max((sum(known(cell) for cell in row) for row in rows), default=0),
            sum(len(row) - 1 for row in rows if row),
        )
        if score > best:
            best, sign = score, candidate
    return sign


def _records(name: str, text: str, delimiter: str, skip: int) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, kept = 1, 0
    none: dict[int, Mark] = {}
    try:
        for fields in reader:
            if len(fields) > MAX_COLUMNS and any(field.strip() for field in fields[MAX_COLUMNS:]):
                raise Refused(
                    f"{name} 第 {line} 行超过 {MAX_COLUMNS} 列，未载入任何一行；请删去多余的列。",
                    f"{name} line {line} has more than {MAX_COLUMNS} columns, no row was taken; delete what is not needed.",
                )
            if line > skip and any(field.strip() for field in fields):
                kept += 1
                if kept > MAX_ROWS:
                    raise too_many_rows(name)
                yield Line(line, [_bare(field) for field in fields[:MAX_COLUMNS]], none)
            line = reader.line_num + 1
    except csv.Error as error:
        at, column = _place(text, line, delimiter)
        raise Refused(
            f"{name} 第 {at} 行第 {column} 列不是 CSV：引号不成对，或单元格过长；未载入任何一行，请改正。",
            f"{name} line {at}, column {column} is no CSV: quotes do not pair, or a cell is too long ({error});"
            " no row was taken, correct it.",
        ) from error


def _bare(field: str) -> str:
    text = field.strip(" \t\u3000")
    match = _WRAPPED.fullmatch(text)
    return match[1] if match else text


def too_many_rows(name: str) -> Refused:
    """The refusal of a table longer than any list of sites."""
    return Refused(
        f"{name} 超过 {MAX_ROWS} 行，未载入任何一行；请分成几个文件。",
        f"{name} has more than {MAX_ROWS} rows, none was taken; split it.",
    )


def _place(text: str, line: int, delimiter: str) -> tuple[int, int]:
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
        elif character == delimiter and at - begun <= csv.field_size_limit():
            column, begun, after = column + 1, at + 1, False
        elif after or character in "\r\n" or character == delimiter:
            break
    return line, column


def _header(name: str, lines: list[Line], known: Callable[[str], bool]) -> tuple[Line, list[Line]]:
    """The header, and what stands below it: the first row with two headers that are understood, else the best, the first."""
    if not lines:
        raise Refused(f"{name} 是空的，没有表头。", f"{name} is empty and has no header.")
    counts = [sum(known(cell) for cell in line.cells) for line in lines[:_LOOKED_AT]]
    at = next((index for index, count in enumerate(counts) if count >= 2), counts.index(max(counts)))
    header, below = lines[at], lines[at + 1 :]
    if below and all(known(cell) for cell in below[0].cells if cell):
        # two rows of headers: 坐标 above 经度 and 纬度
        width = max(len(header.cells), len(below[0].cells))
        upper, lower = ([*line.cells, *[""] * (width - len(line.cells))] for line in (header, below[0]))
        joined = [under or over for over, under in zip(upper, lower, strict=True)]
        return Line(header.number, joined, header.marks), below[1:]
    return header, below
