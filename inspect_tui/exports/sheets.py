"""A workbook of a stranger read as text cells, in bounded time and memory, and with nothing in it executed."""

from __future__ import annotations

import datetime as dt
import io
import re
import stat
import warnings
import zipfile
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES: Final = 8 << 20
MAX_UNPACKED: Final = 32 << 20
MAX_PARTS: Final = 200
MAX_SHEETS: Final = 30
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 100
MAX_CELLS: Final = 4_000_000
MAX_MISTAKES: Final = 1000
_LANGUAGE: Final = re.compile(r"(label|hint|guidance_hint|constraint_message)\s*::.*\((zh|en)\)")


class Spot(NamedTuple):
    """A cell, counted from 1."""

    sheet: str
    row: int
    column: int

    @property
    def letters(self) -> str:
        """The column as a spreadsheet names it: `A`, `AB`."""
        number, text = self.column, ""
        while number > 0:
            number, rest = divmod(number - 1, 26)
            text = chr(65 + rest) + text
        return text


class Mistake(NamedTuple):
    """One thing that is wrong with a workbook, and what to do."""

    spot: Spot
    item: str | None
    text: Text

    def show(self) -> Text:
        """The sentence with its place."""
        sheet, row, letters = self.spot.sheet, self.spot.row, self.spot.letters
        item = f" {self.item}" if self.item else ""
        return Text(
            f"工作表 {sheet} 第 {row} 行 {letters} 列{item}：{self.text.zh}",
            f"sheet {sheet}, row {row}, column {letters}{item}: {self.text.en}",
        )


class Row(msgspec.Struct):
    """A row below the headers; a cell that is empty is the empty text."""

    sheet: Sheet
    number: int
    cells: dict[str, str]
    numeric: frozenset[str] = frozenset()
    """Columns whose cell is a number to the spreadsheet, not text."""

    def spot(self, key: str) -> Spot:
        """The cell of a column; that of the first one where the sheet has no such column."""
        return Spot(self.sheet.name, self.number, self.sheet.columns.get(key, 1))

    def get(self, key: str) -> str:
        """The text of a cell, without blanks around it."""
        return self.cells.get(key, "")


class Sheet(msgspec.Struct):
    """A sheet whose first row names its columns."""

    name: str
    columns: dict[str, int]
    rows: list[Row]


def read_file(path: Path) -> bytes:
    """The bytes of a workbook.

    Raises:
        Refused: It cannot be read, is no regular file, or is larger than 8 MiB.
    """
    try:
        # A pipe or a device would be read for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused(
                f"{path} 不是普通文件，未读取；请给出 .xlsx 文件。",
                f"{path} is not a regular file; name an .xlsx file.",
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = reason_of(error)
        raise Refused(
            f"{path} 无法读取：{reason.zh}；请检查路径和权限。",
            f"{path} cannot be read: {reason.en}; check path and permissions.",
        ) from error
    if len(data) > MAX_BYTES:
        raise Refused(
            f"{path} 超过 {MAX_BYTES >> 20} MiB，未读取；检查表没有这么大，请删去图片等无关内容。",
            f"{path} is larger than {MAX_BYTES >> 20} MiB and was not read; no checklist is: take out pictures and the like.",
        )
    return data


def need_openpyxl() -> None:
    """Say what to install where openpyxl is missing.

    Raises:
        Refused: It is.
    """
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        raise Refused(
            "读写 .xlsx 需要 openpyxl；请运行 pip install 'inspect-tui[office]'。",
            "To read and write .xlsx, openpyxl is needed; run pip install 'inspect-tui[office]'.",
        ) from None


def _refuse_hostile(data: bytes) -> None:
    """Refuse what is no workbook, unpacks to too much, or declares XML entities; nothing is unpacked beyond the limit."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise Refused(
                    f"工作簿解压后超过 {MAX_UNPACKED >> 20} MiB 或 {MAX_PARTS} 个部件，未打开；检查表没有这么大。",
                    f"Unpacked, the workbook is larger than {MAX_UNPACKED >> 20} MiB or {MAX_PARTS} parts and was not opened;"
                    " no checklist is.",
                )
            for part in parts:
                with archive.open(part) as file:
                    text = file.read(MAX_UNPACKED + 1)
                if part.filename.endswith((".xml", ".rels")) and (
                    b"<!" in text.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\0" in text
                ):
                    raise Refused(
                        "工作簿里有 XML 声明（DOCTYPE），办公软件不会写出这样的文件，未打开；请另存后再导入。",
                        "The workbook holds an XML declaration (DOCTYPE) that no office programme writes, so it was not"
                        " opened; save it anew and import that.",
                    )
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise _no_workbook() from error


def _no_workbook() -> Refused:
    return Refused(
        "文件不是能打开的 .xlsx 工作簿（或已损坏、加密）；请在表格软件中另存为 .xlsx 后再导入。",
        "The file is no .xlsx workbook that can be opened (or it is damaged or encrypted); save it as .xlsx in a"
        " spreadsheet and import that.",
    )


def read_sheets(data: bytes, names: Sequence[str]) -> tuple[dict[str, Sheet], list[Mistake]]:
    """The sheets of those names and what is wrong with their cells.

    Raises:
        Refused: The bytes are no workbook, or one larger than any checklist.
    """
    need_openpyxl()
    _refuse_hostile(data)
    # What openpyxl leaves out, such as drop-down lists, is of no concern to whoever imports.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _read(data, names)


def _read(data: bytes, names: Sequence[str]) -> tuple[dict[str, Sheet], list[Mistake]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    # openpyxl lets any error of a malformed file through
    except Exception as error:
        raise _no_workbook() from error
    try:
        if len(book.sheetnames) > MAX_SHEETS:
            raise Refused(
                f"工作表超过 {MAX_SHEETS} 张，未读取。",
                f"There are more than {MAX_SHEETS} sheets; nothing was read.",
            )
        mistakes: list[Mistake] = []
        found: dict[str, Sheet] = {}
        for name in names:
            if name not in book.sheetnames or not hasattr(book[name], "iter_rows"):
                text = Text(
                    f"缺少工作表 {name}；请从导出的工作簿补上。",
                    f"The sheet {name} is missing; take it from an exported workbook.",
                )
                mistakes.append(Mistake(Spot(name, 1, 1), None, text))
                continue
            try:
                found[name] = _sheet(name, book[name], mistakes)
            except Refused:
                raise
            # as above: the rows are parsed only now
            except Exception as error:
                raise _no_workbook() from error
        return found, mistakes
    finally:
        book.close()


def _sheet(name: str, raw: Any, mistakes: list[Mistake]) -> Sheet:
    # What a file says about its own size is not to be trusted.
    raw.reset_dimensions()
    sheet = Sheet(name=name, columns={}, rows=[])
    size = 0
    for number, cells in enumerate(raw.iter_rows(), start=1):
        size += len(cells)
        if number > MAX_ROWS or size > MAX_CELLS:
            raise Refused(
                f"工作表 {name} 超过 {MAX_ROWS} 行或太宽，未读取；请删去空行和空列。",
                f"The sheet {name} has more than {MAX_ROWS} rows or is too wide and was not read; delete empty rows and columns.",
            )
        texts = list(_texts(name, number, cells, mistakes))
        if number == 1:
            _headers(sheet, texts, mistakes)
            continue
        row = Row(sheet=sheet, number=number, cells={}, numeric=frozenset())
        by_place = {place: key for key, place in sheet.columns.items()}
        for place, text, _ in texts:
            if place in by_place:
                row.cells[by_place[place]] = text
            elif text:
                what = Text(
                    "这一列没有列名；请在第 1 行写列名，或删去此格。",
                    "This column has no name; name it in row 1 or clear the cell.",
                )
                mistakes.append(Mistake(Spot(name, number, place), None, what))
        row.numeric = frozenset(by_place[place] for place, _, numeric in texts if numeric and place in by_place)
        if any(row.cells.values()):
            sheet.rows.append(row)
    return sheet


def _headers(sheet: Sheet, texts: list[tuple[int, str, bool]], mistakes: list[Mistake]) -> None:
    for place, text, _ in texts:
        key = column_key(text)
        if key in sheet.columns:
            what = Text(f"列名 {text} 重复；请只留一列。", f"The column {text} stands twice; keep one.")
            mistakes.append(Mistake(Spot(sheet.name, 1, place), None, what))
        elif key:
            sheet.columns[key] = place


def column_key(header: str) -> str:
    """The column that a header names: `label::中文 (zh)` is `label_zh`."""
    text = header.strip().casefold()
    match = _LANGUAGE.fullmatch(text)
    return f"{match[1]}_{match[2]}" if match else text


def _texts(name: str, row: int, cells: Sequence[Any], mistakes: list[Mistake]) -> Iterator[tuple[int, str, bool]]:
    """Column, text, and whether it is a number, of each cell that holds something."""
    for place, cell in enumerate(cells, start=1):
        value = cell.value
        if value is None:
            continue
        what = None
        text = ""
        numeric = False
        if cell.data_type == "f":
            what = Text(
                "这一格是公式，不读取；请改为文字（选择性粘贴为数值）。",
                "This cell is a formula and is not read; paste its value as text.",
            )
        elif cell.data_type == "e":
            what = Text("这一格是错误值；请改正或清空。", "This cell is an error value; correct or clear it.")
        elif isinstance(value, dt.date | dt.time | dt.timedelta):
            what = Text(
                "这一格成了日期；请把格式设为文本后重写。",
                "This cell became a date; format it as text and write it anew.",
            )
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int | float):
            numeric = True
            text = _number(value)
        elif isinstance(value, str):
            text = value.strip()
        if what is not None:
            mistakes.append(Mistake(Spot(name, row, place), None, what))
            continue
        if place > MAX_COLUMNS:
            far = Text(
                f"超过 {MAX_COLUMNS} 列；请删去此格。", f"This lies beyond {MAX_COLUMNS} columns; clear the cell."
            )
            mistakes.append(Mistake(Spot(name, row, place), None, far))
            continue
        yield place, text, numeric


def _number(value: float) -> str:
    """As a person writes it, without an exponent."""
    text = format(Decimal(repr(value)), "f") if abs(value) < 1e30 else repr(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
