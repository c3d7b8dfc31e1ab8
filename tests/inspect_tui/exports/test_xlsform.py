"""A checklist as an XLSForm workbook: pyxform takes it, nothing is lost, every mistake has its cell."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxform.xls2xform import convert

from checklists import yamltree
from checklists.catalogue import BUILT_IN, load_catalogue, read_checklist
from checklists.conditions import Condition, holds
from checklists.model import Checklist
from checklists.shape import fit
from inspect_tui.exports import sheets, xlsform, xpath
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CATALOGUE = load_catalogue()
DUST = CATALOGUE.checklist("construction-dust")


def workbook(checklist: Checklist = DUST) -> bytes:
    """As exported."""
    return xlsform.write_workbook(checklist, CATALOGUE.kinds)


@pytest.fixture(scope="module")
def dust() -> bytes:
    """Construction dust as exported."""
    return workbook()


class Book:
    """An exported workbook as a bureau edits it, by sheet, key of the row and column."""

    def __init__(self, data: bytes) -> None:
        self.book: Any = openpyxl.load_workbook(io.BytesIO(data))

    def column(self, sheet: str, key: str) -> int:
        """Its number."""
        headers = [sheets.column_key(str(cell.value)) for cell in self.book[sheet][1]]
        return headers.index(key) + 1

    def row(self, sheet: str, key: str, value: str) -> int:
        """The first row with that value."""
        place = self.column(sheet, key)
        return next(row for row in range(2, 2000) if self.book[sheet].cell(row, place).value == value)

    def put(self, sheet: str, row: int, key: str, value: object) -> tuple[str, int, int]:
        """Write a cell; returns where it is."""
        place = self.column(sheet, key)
        self.book[sheet].cell(row, place).value = value
        return sheet, row, place

    def save(self, path: Path) -> Path:
        """As WPS would."""
        self.book.save(path)
        return path


@pytest.mark.parametrize("checklist", CATALOGUE.checklists.values(), ids=lambda checklist: checklist.id)
def test_pyxform_takes_every_checklist_and_nothing_is_lost(checklist: Checklist, tmp_path: Path) -> None:
    """No error and no warning but that photos are not scaled down; read back it is the same and passes validate."""
    data = workbook(checklist)
    result = convert(xlsform=io.BytesIO(data), file_type=".xlsx", validate=False)
    assert [warning for warning in result.warnings if "max-pixels" not in warning] == []
    assert all(f"/{item.id.replace('-', '_')}" in result.xform for item in checklist.items())
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    read = xlsform.check_file(path)
    assert read.mistakes == []
    assert fit(read.value, Checklist) == checklist
    assert read.value == yamltree.read(BUILT_IN / f"{checklist.id}.yaml").value
    (tmp_path / "x.yaml").write_bytes(xlsform.as_yaml(read.value))
    assert read_checklist(tmp_path / "x.yaml") == checklist


def test_a_workbook_saved_by_a_spreadsheet_is_read_the_same(dust: bytes, tmp_path: Path) -> None:
    """Derived rows may go, figures may be numbers, an edit arrives."""
    book = Book(dust)
    first = book.row("survey", "name", "CD_001")
    book.put("survey", first, "hint_zh", "有方案")
    book.put("survey", first, "default_days", 9)
    book.book["survey"].delete_rows(book.row("survey", "name", "CD_001_REASON"))
    book.book["choices"].delete_rows(2, 500)
    read = xlsform.check_file(book.save(tmp_path / "x.xlsx"))
    assert [each.show().en for each in read.mistakes] == []
    checklist = fit(read.value, Checklist)
    assert isinstance(checklist, Checklist)
    item = checklist.item("CD-001")
    assert (item.pass_.zh, item.default_days) == ("有方案", 9)
    assert checklist.full()[1:] == DUST.full()[1:]


def _in_row(sheet: str, find: tuple[str, str], key: str, value: object) -> Callable[[Book], tuple[str, int, int]]:
    return lambda book: book.put(sheet, book.row(sheet, *find), key, value)


def _without_end(book: Book) -> tuple[str, int, int]:
    # That of the attributes, which stands right before the first section.
    book.book["survey"].delete_rows(book.row("survey", "name", "S_responsibility") - 1)
    return "survey", book.row("survey", "name", "S_responsibility"), book.column("survey", "type")


def _without_sheet(book: Book) -> tuple[str, int, int]:
    del book.book["limits"]
    return "limits", 1, 1


def _without_column(book: Book) -> tuple[str, int, int]:
    book.book["plan"].delete_cols(book.column("plan", "duties"))
    return "plan", 1, 4


def _far_away(book: Book) -> tuple[str, int, int]:
    book.book["legal"].cell(3, 300).value = "x"
    return "legal", 3, 300


def _column_too_many(book: Book) -> tuple[str, int, int]:
    place = book.book["survey"].max_column + 1
    book.book["survey"].cell(1, place).value = "appearance"
    book.book["survey"].cell(5, place).value = "minimal"
    return "survey", 1, place


CD1 = ("name", "CD_001")


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (_in_row("survey", CD1, "severity", "huge"), "critical"),
        (_in_row("survey", CD1, "severity", None), "empty"),
        (_in_row("survey", CD1, "default_days", "soon"), "whole number"),
        (_in_row("survey", CD1, "label_en", None), "empty"),
        (_in_row("survey", CD1, "label_zh", "=1+1"), "formula"),
        (_in_row("survey", CD1, "relevant", "${road_class} == 1"), "not understood"),
        (_in_row("survey", CD1, "relevant", "${colour} = 'red'"), "colour"),
        (_in_row("survey", CD1, "relevant", "${CD_999} = 'pass'"), "CD-999"),
        (_in_row("survey", CD1, "name", "CD1"), "capitals"),
        (_in_row("survey", CD1, "type", "select_multiple verdict"), "select_multiple"),
        (_in_row("survey", CD1, "type", "select_one verdict_always"), "n_a"),
        (_in_row("survey", CD1, "photo_count", "2"), "no place"),
        (_in_row("survey", ("name", "CD_001_PHOTO_1"), "photo_count", "0"), "at least 1"),
        (_in_row("survey", ("name", "CD_001_PHOTO_1"), "required", "maybe"), "follows"),
        (_in_row("survey", ("name", "CD_001_REASON"), "name", "CD_077_REASON"), "belong"),
        (_in_row("survey", ("name", "CD_002"), "name", "CD_001"), "twice"),
        (_in_row("survey", ("name", "S_responsibility"), "name", "Duties"), "S_"),
        (_in_row("survey", ("name", "road_class"), "label_en", "Street"), "follows"),
        (_in_row("choices", ("name", "n_a"), "name", "perhaps"), "kinds.yaml"),
        (_in_row("settings", ("form_id", "construction-dust"), "version", "1"), "as required"),
        (_in_row("settings", ("form_id", "construction-dust"), "site_kinds", "construction_site moon"), "moon"),
        (_in_row("limits", ("basis", "plan"), "comparator", "≤"), "<="),
        (_in_row("limits", ("basis", "plan"), "value", "1,8"), "not a number"),
        (_in_row("limits", ("basis", "plan"), "basis", "rumour"), "permit"),
        (_in_row("limits", ("basis", "plan"), "measurement", "speed"), "speed"),
        (_in_row("legal", ("item", "CD-001"), "law", "no-such-law"), "no-such-law"),
        (_in_row("legal", ("item", "CD-001"), "article", 7.1), "became a number"),
        (_in_row("plan", ("item", "CD-001"), "quote", "规划里没有的一句话"), "verbatim"),
        (_in_row("plan", ("item", "CD-001"), "item", "CD-998"), "CD-998"),
        (_in_row("plan", ("item", "CD-001"), "duties", "P9.9-99"), "P9.9-99"),
        (_without_end, "no end"),
        (_without_sheet, "missing"),
        (_without_column, "missing"),
        (_far_away, "beyond"),
        (_column_too_many, "appearance"),
    ],
)
def test_each_mistake_names_sheet_row_and_column(
    broken: Callable[[Book], tuple[str, int, int]], word: str, dust: bytes, tmp_path: Path
) -> None:
    """And says, in both languages, what to do."""
    book = Book(dust)
    spot = broken(book)
    read = xlsform.check_file(book.save(tmp_path / "x.xlsx"))
    at = {tuple(each.spot): each for each in read.mistakes}
    assert spot in at, [each.show().en for each in read.mistakes]
    shown = at[spot].show()
    assert word in shown.en
    assert f"row {spot[1]}, column {openpyxl.utils.get_column_letter(spot[2])}" in shown.en
    assert f"工作表 {spot[0]} 第 {spot[1]} 行" in shown.zh


def test_all_mistakes_are_told_at_once(dust: bytes, tmp_path: Path) -> None:
    """In the order in which they stand."""
    book = Book(dust)
    spots = [
        book.put("survey", book.row("survey", "name", "CD_002"), "severity", "x"),
        book.put("survey", book.row("survey", "name", "CD_003"), "severity", "x"),
        book.put("plan", 2, "duties", "P9.9-99"),
    ]
    read = xlsform.check_file(book.save(tmp_path / "x.xlsx"))
    assert [tuple(each.spot) for each in read.mistakes] == spots


def test_hostile_files_are_refused(dust: bytes, tmp_path: Path) -> None:
    """A bomb, a text, entities, too large a file, a pipe, a damaged workbook; each in one sentence."""

    def packed(**parts: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(f"{name}.xml", data)
        return out.getvalue()

    bad = {
        "bomb": packed(a=b"\0" * (sheets.MAX_UNPACKED + 1)),
        "many": packed(**{f"p{number}": b"x" for number in range(sheets.MAX_PARTS + 1)}),
        "text": "这不是工作簿".encode(),
        "empty": b"",
        "entity": packed(workbook=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"),
        "zip": packed(a=b"<x/>"),
        "cut": dust[: len(dust) // 2],
        "flipped": dust[:2000] + bytes(255 - byte for byte in dust[2000:2400]) + dust[2400:],
        "large": b"x" * (sheets.MAX_BYTES + 1),
    }
    words = {"bomb": "larger than 32", "many": "200 parts", "entity": "DOCTYPE", "large": "larger than 8"}
    for name, data in bad.items():
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(data)
        with pytest.raises(Refused) as refused:
            xlsform.check_file(path)
        assert words.get(name, "no .xlsx workbook") in refused.value.en
        assert refused.value.zh.endswith("。")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlsx")
        with pytest.raises(Refused):
            xlsform.check_file(tmp_path / "pipe.xlsx")
    with pytest.raises(Refused):
        xlsform.check_file(tmp_path / "none.xlsx")


def test_what_a_workbook_cannot_hold_is_not_exported() -> None:
    """A reference, control characters and blanks around a text would be lost or change the form."""
    for text in ("看 ${road_class}", "铃\a", " 空白 "):
        title = msgspec.structs.replace(DUST.title, zh=text)
        with pytest.raises(Refused):
            workbook(msgspec.structs.replace(DUST, title=title))


def test_text_that_looks_like_a_formula_stays_text() -> None:
    """It is never run, and comes back as it was."""
    title = msgspec.structs.replace(DUST.title, zh="=1+1", en="@SUM(A1)")
    checklist = msgspec.structs.replace(DUST, title=title)
    assert fit(xlsform.read_workbook(workbook(checklist), CATALOGUE.kinds).value, Checklist) == checklist


VALUES = st.lists(st.sampled_from(["a", "b", "1A"]), min_size=1, max_size=3).map(tuple)
LEAVES = st.builds(Condition, attribute=st.sampled_from(["x", "y_z"]), one_of=VALUES) | st.builds(
    Condition, item=st.sampled_from(["AB-001", "ABCD-123"]), one_of=VALUES
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Condition, all_=st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Condition, any_=st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.booleans())
def test_conditions_survive_xpath(condition: Condition, ask_unknown: bool) -> None:
    """Of any shape, with and without the empty answer."""
    assert msgspec.convert(xpath.read(xpath.write(condition, ask_unknown=ask_unknown)), Condition) == condition


@given(CONDITIONS, st.dictionaries(st.sampled_from(["x", "y_z"]), st.sampled_from(["", "a", "b"])))
def test_a_form_asks_what_the_programme_asks(condition: Condition, known: dict[str, str]) -> None:
    """The expression is true exactly where the condition is not known to be false."""
    answers = {"AB-001": "a"}
    names = {**known, **{name.replace("-", "_"): value for name, value in answers.items()}}
    text = xpath.write(condition, ask_unknown=True).replace("true()", "True").replace("false()", "False")
    for name in ("x", "y_z", "AB_001", "ABCD_123"):
        text = text.replace("${" + name + "}", repr(names.get(name, "")))
    asked = eval(text.replace(" = ", " == "))  # noqa: S307  our own text
    assert asked is (holds(condition, known, answers) is not False)


@given(st.text(alphabet="${}()='\"andor x1,", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else escapes."""
    try:
        found = xpath.read(text)
    except Refused:
        return
    assert isinstance(msgspec.convert(found, Condition), Condition)


def test_a_missing_column_is_one_mistake(dust: bytes, tmp_path: Path) -> None:
    """Not one for every row that has no such cell."""
    book = Book(dust)
    book.book["survey"].delete_cols(book.column("survey", "severity"))
    assert len(xlsform.check_file(book.save(tmp_path / "x.xlsx")).mistakes) == 1
