"""Findings as CSV 问题清单: UTF-8 with byte order mark, CRLF, RFC 4180, columns of `exports.columns`.

Rows are read as bytes, 2,000 at a time, and joined and looked at 64 together; only where something in them must be
guarded, quoted or shown are they looked at in ever smaller parts, and only the rows that hold it are taken apart.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from inspect_tui.exports.cells import guarded, quoted
from inspect_tui.exports.columns import CODES, COLUMNS, Headers
from inspect_tui.exports.findings_query import PHOTO_CELL, findings_query
from inspect_tui.records import times
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace

Row = tuple[bytes, ...]

BLOCK: Final = 2000
CHUNK: Final = 64
"""Rows looked at together."""
BOM: Final = b"\xef\xbb\xbf"
END: Final = b"\r\n"
_STARTS: Final = b"=+-@\t\xef"
"""First bytes of what a spreadsheet may run; those in full width begin with the last."""
_SORTS: Final = bytes(
    code
    if code == ord(",")
    else ord("=")
    if code in _STARTS
    else ord("0")
    if chr(code) in "0123456789"
    else ord("!")
    if code < 0x20 or code in b'"\x7f'
    else ord("x")
    for code in range(256)
)
"""Each byte as its sort: what separates, starts formulas, is a digit, is odd anywhere, is harmless."""
_ZEROS: Final = re.compile(rb",0[0-9]+,")
_STEERING: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
"""C1 controls, and what embeds or overrides the direction of text."""


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
        Refused: The file cannot be written; what stood there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as target:
            count = write_findings(workspace, target, headers=headers, day=day, ids=ids, progress=progress)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(
            f"{path} 无法写入：{reason}；原有文件未改动。",
            f"{path} cannot be written: {reason}; what was there is untouched.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return count


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
    for block in _blocks(workspace, day, ids):
        target.write(block_bytes(block))
        count += len(block)
        if progress is not None:
            progress(count)
    return count


def finding_records(
    workspace: Workspace, *, day: dt.date | None = None, ids: Iterable[str] | None = None
) -> Iterator[dict[str, str]]:
    """The same findings in the same order, code → text as recorded; empty where there is nothing."""
    for block in _blocks(workspace, day, ids):
        for row in block:
            yield dict(zip(CODES, _texts(row), strict=True))


def _blocks(workspace: Workspace, day: dt.date | None, ids: Iterable[str] | None) -> Iterator[list[Row]]:
    from sync.errors import SyncError
    from sync.storage import store_errors

    areas = {code: area.name.zh for code, area in workspace.catalogue.areas.items()}
    query, values = findings_query(areas, day or times.today(), ids)
    try:
        with store_errors(workspace.replica.path), contextlib.closing(workspace.replica.connect_reader()) as reader:
            reader.row_factory = None
            reader.text_factory = bytes
            cursor: Any = reader.execute(query, values)
            while block := cursor.fetchmany(BLOCK):
                yield [_sorted(row) if b";" in row[PHOTO_CELL] else row for row in block]
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _sorted(row: Row) -> Row:
    """Hashes in order, which is the same on every device, and each warning code once, however many photos have it."""
    count, _, rest = row[PHOTO_CELL].partition(b",")
    hashes, _, codes = rest.partition(b",")
    lists = (b";".join(sorted(hashes.split(b";"))), b";".join(sorted(set(codes.split(b";")))))
    return (*row[:PHOTO_CELL], b",".join((count, *lists)), *row[PHOTO_CELL + 1 :])


def block_bytes(rows: list[Row]) -> bytes:
    """The lines of some rows.

    Args:
        rows: As `findings_query` gives them.
    """
    return b"".join(_lines(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))


def _lines(rows: list[Row]) -> bytes:
    """Harmless rows as they are; of others ever smaller parts, down to the rows that need care."""
    joined = [b",".join(row) for row in rows]
    if _harmless(b",".join([b"", *joined, b""]), len(rows)):
        return END.join(joined) + END
    if len(rows) == 1:
        return _careful(rows[0])
    part = max(1, len(rows) // 8)
    return b"".join(_lines(rows[start : start + part]) for start in range(0, len(rows), part))


def _harmless(cells: bytes, rows: int) -> bool:
    """Whether the cells of some rows, a comma before and after each, need neither guard nor quotes nor pictures.

    Every step is one pass in C.
    """
    sorts = cells.translate(_SORTS)
    return (
        b"!" not in sorts
        and b",=" not in sorts
        and b",000000000000" not in sorts
        and cells.count(b",") == len(COLUMNS) * rows + 1
        and _ZEROS.search(cells) is None
        and not ((b"\xc2" in cells or b"\xe2" in cells) and _STEERING.search(cells))
    )


def _texts(row: Row) -> list[str]:
    """The cells of a row as text, one for each column."""
    count, _, rest = row[PHOTO_CELL].partition(b",")
    hashes, _, codes = rest.partition(b",")
    cells = (*row[:PHOTO_CELL], count, hashes, codes, *row[PHOTO_CELL + 1 :])
    return [cell.decode("utf-8", "replace") for cell in cells]


def _careful(row: Row) -> bytes:
    pairs = zip(COLUMNS, _texts(row), strict=True)
    return ",".join(quoted(guarded(text, number=column.number)) for column, text in pairs).encode() + END
