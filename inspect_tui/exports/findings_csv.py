"""Findings as CSV 问题清单: UTF-8 with byte order mark, CRLF, RFC 4180, columns of `exports.columns`.

SQLite joins the cells of a row to a line. Lines are looked at 128 together, every look one pass in C; only the rows of
those that hold something to be guarded, quoted or shown are read once more, cell by cell.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import re
from typing import TYPE_CHECKING, BinaryIO, Final

from inspect_tui.exports.cells import written
from inspect_tui.exports.columns import CODES, COLUMNS, Headers
from inspect_tui.exports.findings_query import PHOTO_CELL, findings_query
from inspect_tui.records import times
from inspect_tui.records.files import replacing
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace

Row = tuple[bytes, ...]

BLOCK: Final = 2048
CHUNK: Final = 128
"""Rows looked at together, small enough for the processor's cache."""
BOM: Final = b"\xef\xbb\xbf"
END: Final = b"\r\n"
_STARTS: Final = re.compile(rb",(?:[=+\-@\t']|\xef\xbc[\x8b\x8d\x9d\xa0])")
"""What a spreadsheet may run, also in full width, at the start of a cell; or an apostrophe, which a guard looks like."""
_STEERING: Final = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
"""What embeds, overrides or isolates the direction of text."""
_C1: Final = re.compile(rb"\xc2[\x80-\x9f]")


def _sort(code: int) -> str:
    """The sort of a byte: what separates, what may start a formula, digits, parts of steering signs, odd ones, the rest."""
    sorts = (
        (b",", ","),
        (b"=+-@\t'\xef", "="),
        (b"0123456789", "0"),
        (b"\xe2", "E"),
        (b"\x80\x81", "8"),
        (bytes(range(0xA6, 0xAF)), "a"),
        (bytes(range(0x20)) + b'"\x7f', "!"),
    )
    return next((sort for among, sort in sorts if code in among), "x")


_SORTS: Final = bytes(ord(_sort(code)) for code in range(256))
_ODD: Final = ((b"!", None), (b",=", _STARTS), (b",000000000000", None), (b"E8a", _STEERING))
"""What may be odd, in sorts, which is found quickly, and how to be sure."""
_FREE: Final = tuple(place for place, column in enumerate(COLUMNS) if column.free)
_TURNED: Final = re.compile(rb"[0-9]|(?:true|false)$", re.IGNORECASE)
_ZEROS: Final = re.compile(rb",0[0-9]+,")
_COMMAS: Final = len(COLUMNS) - 1


def export_findings(
    workspace: Workspace,
    path: Path,
    *,
    headers: Headers = "zh",
    day: dt.date | None = None,
    ids: Iterable[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the findings to a file, whole or not at all; arguments as for `write_findings`.

    Raises:
        Refused: The file lies in a workspace or cannot be written; what stood there before is untouched.
    """
    with replacing(path) as target:
        return write_findings(workspace, target, headers=headers, day=day, ids=ids, progress=progress)


def write_findings(
    workspace: Workspace,
    target: BinaryIO,
    *,
    headers: Headers = "zh",
    day: dt.date | None = None,
    ids: Iterable[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the findings, ordered by id; memory does not grow with their number.

    Args:
        workspace: Whose.
        target: Where to; left open.
        headers: What stands in the first line.
        day: On which days overdue are counted; today unless given.
        ids: Only these findings.
        progress: Called with the number of rows written.

    Returns:
        The number of rows.
    """
    target.write(BOM + ",".join(column.header(headers) for column in COLUMNS).encode() + END)
    count = 0
    areas = {code: area.name.zh for code, area in workspace.catalogue.areas.items()}
    day = day or times.today()
    with _reading(workspace) as reader:
        cursor = reader.execute(*findings_query(areas, day, ids, lines=True))
        while rows := cursor.fetchmany(BLOCK):
            target.write(_written(rows, lambda wanted: reader.execute(*findings_query(areas, day, wanted))))
            count += len(rows)
            if progress is not None:
                progress(count)
    return count


def finding_records(
    workspace: Workspace, *, day: dt.date | None = None, ids: Iterable[str] | None = None
) -> Iterator[dict[str, str]]:
    """The same findings in the same order, code → text as recorded; empty where there is nothing."""
    areas = {code: area.name.zh for code, area in workspace.catalogue.areas.items()}
    with _reading(workspace) as reader:
        for row in reader.execute(*findings_query(areas, day or times.today(), ids)):
            yield dict(zip(CODES, _texts(row), strict=True))


@contextlib.contextmanager
def _reading(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """A connection that gives bytes, all of them of one state of the database."""
    from sync.errors import SyncError
    from sync.storage import store_errors

    try:
        with store_errors(workspace.replica.path), contextlib.closing(workspace.replica.connect_reader()) as reader:
            reader.row_factory = None
            reader.text_factory = bytes
            reader.execute("BEGIN")
            yield reader
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _written(rows: Sequence[tuple[bytes, ...]], cells_of: Callable[[list[str]], Iterable[Row]]) -> bytes:
    """The lines of some rows as they stand in the file.

    Args:
        rows: As the query gives them for lines.
        cells_of: From the ids of findings to their cells, in the order of ids.
    """
    lines = [
        b",".join((line, photos(cell) if b";" in cell else cell, conflict)) for _, line, cell, conflict, _ in rows
    ]
    found = {
        start + place for start in range(0, len(lines), CHUNK) for place in odd_ones(lines[start : start + CHUNK])
    }
    found.update(place for place, row in enumerate(rows) if row[4] and turned(lines[place]))
    # where no cell holds a comma the line is taken apart; the others are read once more, cell by cell
    split = [place for place in found if lines[place].count(b",") == _COMMAS]
    for place in split:
        lines[place] = _careful(text.decode("utf-8", "replace") for text in lines[place].split(b","))
    odd = sorted(found.difference(split))
    if odd:
        ids = [rows[place][0].decode() for place in odd]
        for place, cells in zip(odd, cells_of(ids), strict=True):
            lines[place] = _careful(_texts(cells))
    lines.append(b"")
    return END.join(lines)


def odd_ones(lines: Sequence[bytes]) -> set[int]:
    """The places of lines in which something needs a guard, quotation marks or a picture, or may do so.

    Args:
        lines: Cells joined with commas.
    """
    cells = b",".join([b"", *lines, b""])
    sorts = cells.translate(_SORTS)
    found = [
        place
        for needle, sure in _ODD
        for place in _places(sorts, needle)
        if sure is None or sure.match(cells, place)
    ]
    found += [place for place in _places(cells, b"\xc2") if _C1.match(cells, place)]
    found += [match.start() for match in _ZEROS.finditer(cells)]
    odd: set[int] = set()
    if found:
        ends = list(itertools.accumulate(len(line) + 1 for line in lines))
        odd.update(bisect.bisect_right(ends, place) for place in found)
    if cells.count(b",") != len(lines) * (_COMMAS + 1) + 1:
        odd.update(place for place, line in enumerate(lines) if line.count(b",") != _COMMAS)
    return odd


def turned(line: bytes) -> bool:
    """Whether free text in a line may be what a spreadsheet turns into a number, a date or a truth value.

    Args:
        line: Cells joined with commas; where they hold commas themselves the line is odd anyway.
    """
    cells = line.split(b",")
    return any(_TURNED.match(cells[place]) for place in _FREE if place < len(cells))


def _places(text: bytes, needle: bytes) -> Iterator[int]:
    # backwards, since Python looks for the first byte then, which is rarer in each of the needles than the last
    place = text.rfind(needle)
    while place >= 0:
        yield place
        place = text.rfind(needle, 0, place + len(needle) - 1)


def photos(cell: bytes) -> bytes:
    """Hashes in order, which is the same on every device, and each warning code once, however many photos have it."""
    if b";" not in cell:
        return cell
    count, _, rest = cell.partition(b",")
    hashes, _, codes = rest.partition(b",")
    return b",".join((count, b";".join(sorted(hashes.split(b";"))), b";".join(sorted(set(codes.split(b";"))))))


def _texts(row: Row) -> list[str]:
    """The cells of a row as text, one for each column."""
    count, _, rest = photos(row[PHOTO_CELL]).partition(b",")
    hashes, _, codes = rest.partition(b",")
    cells = (*row[:PHOTO_CELL], count, hashes, codes, *row[PHOTO_CELL + 1 :])
    return [cell.decode("utf-8", "replace") for cell in cells]


def _careful(texts: Iterable[str]) -> bytes:
    pairs = zip(COLUMNS, texts, strict=True)
    return ",".join(written(text, number=column.number, free=column.free) for column, text in pairs).encode()
