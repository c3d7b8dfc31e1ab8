"""One cell: what a spreadsheet would run or alter is guarded, numbers are numbers, nothing is lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.exports.cells import guarded, quoted
from inspect_tui.exports.columns import COLUMNS
from inspect_tui.exports.findings_csv import block_bytes
from inspect_tui.exports.findings_query import PHOTO_CELL
from inspect_tui.exports.neutral import neutral, one_line

_UUID = b"01a1ec61-e100-8410-b2a1-9b9afdca493f"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-12 m", "'-12 m"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("-5", "-5"),
        ("+5.5", "+5.5"),
        ("1e5", "1e5"),
        ("a=b", "a=b"),
        ("007", "'007"),
        ("14110200001", "14110200001"),
        ("911403001234567890", "'911403001234567890"),
        ("+8613800000000", "'+8613800000000"),
        ("[HW49] [/] ✓", "[HW49] [/] ✓"),
        ("a\0b\x1b[2Jc\x9b", "a␀b␛[2Jc<U+009B>"),
        ("\u202egpj.exe", "<U+202E>gpj.exe"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_guard(text: str, cell: str) -> None:
    """The guard and the pictures, case by case."""
    assert guarded(text) == cell


def test_digits_of_a_number_column_stay_a_number() -> None:
    """A column to count with is never turned into text, but a formula in it is."""
    assert guarded("123456789012", number=True) == "123456789012"
    assert guarded("=1", number=True) == "'=1"


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_the_csv_module_reads_back_exactly_the_guarded_text(texts: list[str]) -> None:
    """RFC 4180 both ways, for any text."""
    cells = [guarded(text) for text in texts]
    line = ",".join(quoted(cell) for cell in cells) + "\r\n"
    assert next(csv.reader(io.StringIO(line, newline=""))) == (cells if cells != [""] else [])


_HOSTILE = st.text(
    alphabet=st.sampled_from(list("=+-@\t\r\n\",;'0159a中＝－\0\x1b\x85\u202e\u2066²“")), max_size=14
)


@given(st.lists(st.lists(_HOSTILE, min_size=35, max_size=35), min_size=1, max_size=70))
def test_blocks_give_what_cells_give(texts: list[list[str]]) -> None:
    """The quick way for whole blocks and the careful way for one cell write the same bytes."""
    rows, expected = [], b""
    for row in texts:
        cells = [_UUID, *(text.encode() for text in row)]
        photos = b",".join((b"2", b"aa;bb", b"far"))
        cells[PHOTO_CELL] = photos
        rows.append(tuple(cells))
        shown = [_UUID.decode(), *row[: PHOTO_CELL - 1], "2", "aa;bb", "far", *row[PHOTO_CELL:]]
        line = ",".join(
            quoted(guarded(text, number=column.number)) for column, text in zip(COLUMNS, shown, strict=True)
        )
        expected += line.encode() + b"\r\n"
    assert block_bytes(rows) == expected


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    """No control character, no override of direction, no break in a line; plain text is untouched."""
    line = one_line(text)
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 or each in "\u202e\u2066" for each in line)
    line.encode()
    assert neutral("安全 text ✓") == "安全 text ✓"
