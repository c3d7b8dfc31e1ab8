"""One cell: what a spreadsheet would run or alter is guarded, numbers are numbers, nothing is lost."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.exports.cells import guarded, quoted, written
from inspect_tui.exports.columns import COLUMNS
from inspect_tui.exports.findings_csv import odd_ones
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
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'007", "''007"),
        ("'5", "''5"),
        ("'TRUE", "''TRUE"),
        ("'甲'", "'甲'"),
        ("'TRUE story'", "'TRUE story'"),
    ],
)
def test_guard(text: str, cell: str) -> None:
    """The guard and the pictures, case by case."""
    assert guarded(text) == cell


def test_digits_of_a_number_column_stay_a_number() -> None:
    """A column to count with is never turned into text, but a formula in it is."""
    assert guarded("123456789012", number=True) == "123456789012"
    assert guarded("=1", number=True) == "'=1"


@pytest.mark.parametrize(
    "text", ["1e10", "2026-11-20", "1/2", "TRUE", "false", "3.10", "12", "12:30", "5月1日", "1,000", "50%", "9 AM"]
)
def test_what_people_wrote_stays_text(text: str) -> None:
    """In a column of free text nothing becomes a number, a date or a truth value; elsewhere it may."""
    assert guarded(text, free=True) == f"'{text}"
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["12 m", "3 号门", "TRUE story", "2.6 m 高", "甲"])
def test_sentences_are_not_guarded(text: str) -> None:
    """What a spreadsheet leaves alone is left alone."""
    assert guarded(text, free=True) == text


_LIKE_A_GUARD = re.compile(r"'+(?:[=+\-@\t\r\n＝＋－＠0-9]|(?:true|false)\Z)", re.IGNORECASE)
"""The rule of docs/commands.md that takes a guard away."""
_TEMPTING = st.text(alphabet=st.sampled_from(list("'=+-@＝\t019./eTRUE ")), max_size=8)


@given(_TEMPTING | st.sampled_from(["TRUE", "'false", "''FALSE", "'TRUE "]), st.booleans(), st.booleans())
def test_the_guard_can_be_undone(text: str, number: bool, free: bool) -> None:
    """One rule gives back what was recorded, whatever stood there."""
    cell = guarded(text, number=number, free=free)
    assert (cell[1:] if _LIKE_A_GUARD.match(cell) else cell) == neutral(text)


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_the_csv_module_reads_back_exactly_the_guarded_text(texts: list[str]) -> None:
    """RFC 4180 both ways, for any text."""
    cells = [guarded(text) for text in texts]
    line = ",".join(quoted(cell) for cell in cells) + "\r\n"
    assert next(csv.reader(io.StringIO(line, newline=""))) == (cells if cells != [""] else [])


_HOSTILE = st.text(
    alphabet=st.sampled_from(list("=+-@\t\r\n\",;'0159a中（＝－\0\x1b\x85\u202e\u2066²“…")), max_size=14
)


@given(st.lists(st.lists(_HOSTILE, min_size=37, max_size=37), min_size=1, max_size=70))
def test_lines_that_are_not_odd_are_what_their_cells_give(texts: list[list[str]]) -> None:
    """The quick look at many lines lets none pass as it is that a careful look at each cell would write otherwise."""
    rows = [[_UUID.decode(), *row] for row in texts]
    lines = [",".join(row).encode() for row in rows]
    odd = odd_ones(lines)
    for place, row in enumerate(rows):
        careful = ",".join(
            quoted(guarded(text, number=column.number)) for column, text in zip(COLUMNS, row, strict=True)
        )
        assert place in odd or careful.encode() == lines[place]


@given(_HOSTILE | st.text(), st.booleans(), st.booleans())
def test_a_quick_look_at_a_cell_gives_what_a_careful_one_gives(text: str, number: bool, free: bool) -> None:
    """Only what needs neither guard nor quotes is taken as it is."""
    assert written(text, number=number, free=free) == quoted(guarded(text, number=number, free=free))


def test_plain_lines_are_not_odd() -> None:
    """Ordinary findings go the quick way, Chinese brackets and quotation marks, ellipses and superscripts among them."""
    line = ",".join([_UUID.decode(), *["（甲）“乙”……3 m²"] * 20, *["0"] * 16, "1.5"]).encode()
    assert odd_ones([line] * 100) == set()


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    """No control character, no override of direction, no break in a line; plain text is untouched."""
    line = one_line(text)
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 or each in "\u202e\u2066" for each in line)
    line.encode()
    assert neutral("安全 text ✓") == "安全 text ✓"
