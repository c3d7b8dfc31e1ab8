"""One sheet of an XLSX workbook as rows of text, without unpacking more than a list of sites can need."""

from __future__ import annotations

import datetime as dt
import os
import warnings
import zipfile
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from inspect_tui.exports.sheets import need_openpyxl
from inspect_tui.imports.table_files import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, Line, Mark, too_many_rows
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_UNPACKED: Final = 256 << 20
MAX_STRINGS: Final = 64 << 20
MAX_PART: Final = 16 << 20
"""Styles and the like, which are held in memory as a tree."""
MAX_PARTS: Final = 1000
MAX_EMPTY_ROWS: Final = 1 << 20
"""As many as a spreadsheet has."""
_CHUNK: Final = 1 << 20


def read_workbook(file: BinaryIO, name: str, sheet: str | None) -> tuple[str, tuple[str, ...], list[Line]]:
    """The name of the sheet read, those of all sheets, and the rows that hold something.

    Args:
        file: Open for reading.
        name: What it is called.
        sheet: Name of the sheet, or its number from 1; None: the first one.

    Raises:
        Refused: openpyxl is missing; or it is no workbook, a larger one than a list needs, or has no such sheet.
    """
    need_openpyxl()
    _refuse_hostile(file, name)
    file.seek(0)
    # What openpyxl leaves out, such as drop-down lists, is of no concern to whoever imports.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _read(file, name, sheet)


def _refuse_hostile(file: BinaryIO, name: str) -> None:
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise Refused(f"{name} 超过 64 MiB，请分成几个文件。", f"{name} is larger than 64 MiB; split it.")
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _too_large(name)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _scan(archive, part, name)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise _no_workbook(name) from error


def _too_large(name: str) -> Refused:
    return Refused(
        f"{name} 解压后过大，未打开；检查对象名单没有这么大，请只留名单一张工作表，删去图片。",
        f"Unpacked, {name} is far larger than a list of sites and was not opened; keep only the sheet with the list and"
        " take out pictures.",
    )


def _scan(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    """Refuse a part that is too large for what it is, or declares XML entities; it is read through, never kept."""
    most = MAX_PART
    if "sharedStrings" in part.filename:
        most = MAX_STRINGS
    elif "/worksheets/" in part.filename:
        most = MAX_UNPACKED
    if part.file_size > most:
        raise _too_large(name)
    with archive.open(part) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
                raise Refused(
                    f"{name} 里有 XML 声明（DOCTYPE），办公软件不会写出这样的文件，未打开；请另存后再导入。",
                    f"{name} holds an XML declaration (DOCTYPE) that no office programme writes, so it was not opened; save"
                    " it anew and import that.",
                )
            tail = text[-16:]


def _no_workbook(name: str) -> Refused:
    return Refused(
        f"{name} 不是能打开的 .xlsx 工作簿（或已损坏、加密）；请在表格软件中另存为 .xlsx 后再导入。",
        f"{name} is no .xlsx workbook that can be opened (or it is damaged or encrypted); save it as .xlsx in a spreadsheet"
        " and import that.",
    )


def _read(file: BinaryIO, name: str, sheet: str | None) -> tuple[str, tuple[str, ...], list[Line]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
    # openpyxl lets any error of a malformed file through
    except Exception as error:
        raise _no_workbook(name) from error
    try:
        names = tuple(one for one in book.sheetnames if hasattr(book[one], "iter_rows"))
        chosen = _chosen(name, names, sheet)
        try:
            return chosen, names, list(_lines(name, book[chosen]))
        except Refused:
            raise
        # as above: the rows are parsed only now
        except Exception as error:
            raise _no_workbook(name) from error
    finally:
        book.close()


def _chosen(name: str, names: Sequence[str], sheet: str | None) -> str:
    if sheet is None and names:
        return names[0]
    if sheet is not None:
        if sheet in names:
            return sheet
        if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
            return names[int(sheet) - 1]
    listed = "、".join(names)[:200]
    raise Refused(
        f"{name} 没有工作表“{(sheet or '1')[:40]}”；现有：{listed}。",
        f"{name} has no sheet “{(sheet or '1')[:40]}”; it has {listed.replace('、', ', ') or 'none'}.",
    )


def _lines(name: str, raw: Any) -> Iterator[Line]:
    # What a file says about its own size is not to be trusted.
    raw.reset_dimensions()
    kept = 0
    for number, cells in enumerate(raw.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
        if number > MAX_EMPTY_ROWS:
            raise too_many_rows(name)
        texts: list[str] = []
        marks: dict[int, Mark] = {}
        for index, cell in enumerate(cells):
            text, mark = _told(cell)
            texts.append(text)
            if mark is not None:
                marks[index] = mark
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if len(texts) > MAX_COLUMNS:
            raise Refused(
                f"{name} 第 {number} 行超过 {MAX_COLUMNS} 列，未载入任何一行；请删去多余的列。",
                f"{name} row {number} has more than {MAX_COLUMNS} columns, no row was taken; delete what is not needed.",
            )
        kept += 1
        if kept > MAX_ROWS:
            raise too_many_rows(name)
        yield Line(number, texts, marks)


def _told(cell: Any) -> tuple[str, Mark | None]:
    """The text of a cell, and what it is where it is no text."""
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return "=…", "formula"
    if cell.data_type == "e":
        return str(value)[:20], "error"
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return str(value), "date"
    if isinstance(value, bool):
        return ("true" if value else "false"), "truth"
    if isinstance(value, int):
        return str(value), "integer"
    if isinstance(value, float):
        return _number(value), "float"
    return (value.strip(), None) if isinstance(value, str) else ("=…", "formula")


def _number(value: float) -> str:
    """As a person writes it where that says all of it; with its exponent where digits are lost."""
    text = repr(value)
    return text if "e" not in text or abs(value) >= 1 else format(Decimal(text), "f")
