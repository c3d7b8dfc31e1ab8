"""The tables of an export, CSV with any of its separators or XLSX with a sheet for each repeat, one row at a time."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from inspect_tui.exports.sheets import need_openpyxl
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from inspect_tui.imports.odk.export import Export, Member

MAX_BYTES: Final = 1 << 30
"""Of a table, unpacked; a row at a time is held of it."""
MAX_WORKBOOK: Final = 64 << 20
MAX_UNPACKED: Final = 512 << 20
MAX_SHARED: Final = 64 << 20
"""Parts of a workbook that are held in memory."""
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 10_000
_CHUNK: Final = 1 << 20
_HEAD: Final = 256 << 10
_SIGNS: Final = (",", ";", "\t", "|")
_BYTES: Final = re.compile("[\ud800-\udfff]")
"""Bytes that are no text, as Python carries them."""
_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n")


class Line(NamedTuple):
    """A row: its number in a spreadsheet, the header being row 1, and its cells; `fault` where it is not to be trusted."""

    number: int
    cells: Sequence[str]
    fault: Refused | None = None


class Table(NamedTuple):
    """A table whose rows are read anew at every call of `lines`.

    Attributes:
        member: The file.
        sheet: Of a workbook; empty for a CSV.
        header: Its first row.
        delimiter: Of a CSV.
    """

    member: Member
    sheet: str
    header: list[str]
    delimiter: str

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.member.base} {self.sheet}".strip()

    @property
    def stem(self) -> str:
        """The name of its file without the ending, or that of the sheet."""
        return self.sheet or self.member.base.rpartition(".")[0]

    def lines(self, export: Export) -> Iterator[Line]:
        """The rows below the header that hold something.

        Raises:
            Refused: It cannot be read on.
        """
        rows = (
            _csv(export, self.member, self.delimiter) if not self.sheet else _sheet(export, self.member, self.sheet)
        )
        width = len(self.header)
        with contextlib.closing(rows):
            next(rows, None)
            for line in rows:
                if line.number > MAX_ROWS:
                    raise Refused(
                        f"{self.title} 超过 {MAX_ROWS} 行，未导入；请分批导出。",
                        f"{self.title} has more than {MAX_ROWS} rows, so none was taken; export it in parts.",
                    )
                if line.fault is not None:
                    yield line
                elif any(cell.strip() for cell in line.cells):
                    yield _fitted(line, width, exact=not self.sheet)


def tables_of(export: Export, member: Member) -> list[Table]:
    """The tables of a file, their headers read.

    Raises:
        Refused: It is no table, or too large.
    """
    with export.open(member) as file:
        head = file.read(4)
    if head == b"PK\x03\x04":
        return _sheets(export, member)
    if head == b"\xd0\xcf\x11\xe0":
        raise Refused(
            f"{member.base} 是旧式 .xls 或加密的工作簿；请导出为 .xlsx 或 CSV。",
            f"{member.base} is an old .xls or an encrypted workbook; export it as .xlsx or CSV.",
        )
    delimiter = _delimiter(export, member)
    with contextlib.closing(_csv(export, member, delimiter)) as rows:
        first = next(rows, None)
    if first is None:
        return []
    if first.fault is not None:
        raise first.fault
    return [Table(member, "", [*first.cells], delimiter)]


def _fitted(line: Line, width: int, *, exact: bool) -> Line:
    """A row as wide as the header; one of another width has moved, so nothing in it is where it seems."""
    cells = [*line.cells]
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) == width:
        return Line(line.number, cells)
    if len(cells) > width or exact:
        return Line(
            line.number,
            cells[:width] + [""] * (width - len(cells)),
            Refused(
                f"有 {len(cells)} 格，表头有 {width} 格；文件可能被截断或改动，请重新导出",
                f"it has {len(cells)} cells, the header {width}; the file may be cut short or edited, export it anew",
            ),
        )
    return Line(line.number, cells + [""] * (width - len(cells)))


# CSV.


class _Counted(io.RawIOBase):
    """A member that ends with an error where it is larger than any honest table."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__()
        self._file, self._left, self._name = file, MAX_BYTES, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Refused(
                f"{self._name} 超过 {MAX_BYTES >> 30} GiB，未导入；请分批导出。",
                f"{self._name} is larger than {MAX_BYTES >> 30} GiB, so nothing of it was taken; export it in parts.",
            )
        buffer[: len(data)] = data
        return len(data)


@contextlib.contextmanager
def _text(export: Export, member: Member) -> Iterator[io.TextIOWrapper]:
    with export.open(member) as start:
        head = start.read(4)
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    with (
        export.open(member) as file,
        io.TextIOWrapper(
            io.BufferedReader(_Counted(file, member.base), _CHUNK), encoding, "surrogateescape", newline=""
        ) as text,
    ):
        yield text


def _delimiter(export: Export, member: Member) -> str:
    """The sign that gives the header most columns."""
    try:
        with _text(export, member) as file:
            head = file.read(_HEAD)
    except (UnicodeError, zipfile.BadZipFile, zlib.error, OSError) as error:
        raise _unreadable(member, 1, error) from error
    if (said := _SEPARATOR.match(head)) is not None:
        return said[1]
    counts = {sign: len(_first(head, sign)) for sign in _SIGNS}
    return max(counts, key=lambda sign: counts[sign])


def _first(head: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _csv(export: Export, member: Member, delimiter: str) -> Generator[Line, None, None]:
    """Every record; one that is no text carries that fault, the last one what keeps the file from being read on."""
    number = 0
    try:
        with _text(export, member) as file:
            for cells in csv.reader(file, delimiter=delimiter, strict=True):
                if number == 0 and len(cells) <= 2 and "".join(cells).strip().casefold() in {"sep=", "sep"}:
                    continue
                number += 1
                if len(cells) > MAX_COLUMNS:
                    yield Line(number, (), _too_wide(member))
                    return
                broken = any(map(_BYTES.search, cells))
                yield Line(number, cells, _no_text(member) if broken else None)
    except (csv.Error, UnicodeError, EOFError, zipfile.BadZipFile, zlib.error, OSError) as error:
        yield Line(number + 1, (), _unreadable(member, number + 1, error))


def _too_wide(member: Member) -> Refused:
    return Refused(
        f"{member.base} 超过 {MAX_COLUMNS} 列，未读取；请只导出这一检查表。",
        f"{member.base} has more than {MAX_COLUMNS} columns and was not read; export this form only.",
    )


def _no_text(member: Member) -> Refused:
    return Refused(
        f"这一行不是 UTF-8 文字；请用服务器导出的原文件，或把 {member.base} 另存为“CSV UTF-8”",
        f"the row is not UTF-8 text; use the file as the server exported it, or save {member.base} as “CSV UTF-8”",
    )


def _unreadable(member: Member, row: int, error: Exception) -> Refused:
    if isinstance(error, csv.Error):
        return Refused(
            f"{member.base} 第 {row} 行起不是 CSV（引号不成对，或单元格过长），其后未读；请重新导出",
            f"{member.base} is no CSV from row {row} on (quotes do not pair, or a cell is too long), the rest was not read;"
            " export it anew",
        )
    return Refused(
        f"{member.base} 第 {row} 行起无法读取（zip 损坏，或没有下载完），其后未读；请重新下载",
        f"{member.base} cannot be read from row {row} on (the zip is damaged or cut short), the rest was not read; download"
        " it again",
    )


# XLSX.


@contextlib.contextmanager
def _book(export: Export, member: Member) -> Iterator[Any]:
    import openpyxl

    with export.open(member) as file:
        data = file.read(MAX_WORKBOOK + 1)
    _refuse_hostile(member, data)
    # What openpyxl leaves out, such as drop-down lists, is of no concern to whoever imports.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        # openpyxl lets any error of a malformed file through
        except Exception as error:
            raise _no_workbook(member) from error
        try:
            yield book
        finally:
            book.close()


def _refuse_hostile(member: Member, data: bytes) -> None:
    large = Refused(
        f"{member.base} 过大，未打开；请导出为 CSV。",
        f"{member.base} is too large and was not opened; export it as CSV.",
    )
    if len(data) > MAX_WORKBOOK:
        raise large
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > 1000 or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise large
            for part in parts:
                if not part.filename.endswith((".xml", ".rels")):
                    continue
                if "/worksheets/" not in part.filename and part.file_size > MAX_SHARED:
                    raise large
                with archive.open(part) as stream:
                    tail = b""
                    while chunk := stream.read(_CHUNK):
                        text = tail + chunk
                        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
                            raise _no_workbook(member)
                        tail = text[-16:]
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise _no_workbook(member) from error


def _no_workbook(member: Member) -> Refused:
    return Refused(
        f"{member.base} 不是能打开的 .xlsx 工作簿（或已损坏、加密）；请重新导出。",
        f"{member.base} is no .xlsx workbook that can be opened (or it is damaged or encrypted); export it anew.",
    )


def _sheets(export: Export, member: Member) -> list[Table]:
    need_openpyxl()
    with _book(export, member) as book:
        names = [name for name in book.sheetnames if hasattr(book[name], "iter_rows")]
    found = []
    for name in names:
        with contextlib.closing(_sheet(export, member, name)) as rows:
            first = next(rows, None)
        if first is not None and first.fault is None:
            found.append(Table(member, name, [*first.cells], ""))
    return found


def _sheet(export: Export, member: Member, name: str) -> Generator[Line, None, None]:
    with _book(export, member) as book:
        sheet = book[name]
        # What a file says about its own size is not to be trusted.
        sheet.reset_dimensions()
        try:
            for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1):
                texts = [_cell(value) for value in cells]
                while texts and not texts[-1]:
                    texts.pop()
                yield Line(number, texts)
        # as above: the rows are parsed only now
        except Exception as error:
            raise _no_workbook(member) from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float):
        text = repr(value)
        return format(Decimal(text), "f").removesuffix(".0") if abs(value) < 1e15 else text
    return str(value)
