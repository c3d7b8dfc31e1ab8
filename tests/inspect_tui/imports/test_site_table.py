"""A list of sites of any make is read whole, shown, held against what is recorded, and recorded all or nothing."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checklists.catalogue import load_catalogue
from inspect_tui.__main__ import main
from inspect_tui.imports import duplicates, values
from inspect_tui.imports.columns import FIELDS, SYNONYMS, Attributes, Wanted, folded, match_columns, understood
from inspect_tui.imports.site_rows import Options
from inspect_tui.imports.site_table import plan_import, record
from inspect_tui.imports.table_files import read_table
from inspect_tui.photos.model import LatLon
from inspect_tui.records import queries
from inspect_tui.records.model import SiteInput, TypedPosition
from inspect_tui.records.sites import add_site, edit_site, void_site
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused, set_language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = "企业名称,统一社会信用代码,对象类型,所属区县,详细地址,经度,纬度,排污口类型,联系电话,风险等级"
ROWS = (
    "甲焦化有限公司,91350100M000100Y43,入河排污口,离石区,滨河北路 1 号,111.150000,37.518900,工矿企业排污口,13800000000,高风险",
    "乙污水处理厂,,outfall,吕梁市孝义市,/,111°46′48″,37°08′24″,城镇污水处理厂排污口,,",
    "丙工地,,Construction site,141182,—,,,,,",
)
LIST = "\r\n".join((HEADER, *ROWS, ""))
CODE = "91350100M000100Y43"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace of officer 甲."""
    with Workspace.init(tmp_path / "workspace", name="检查员甲", badge="14110200001", area="141102") as opened:
        yield opened


def taken(workspace: Workspace, file: Path, **said: Any) -> list[tuple[int, str]]:
    """What each row of a file became, once it is recorded."""
    plan = plan_import(workspace, file, options(**said))
    assert record(workspace, plan)
    return [(row.line, row.outcome) for row in plan.rows]


def options(
    columns: Any = None, defaults: Any = None, near: float = 50, allow: bool = False, **form: str
) -> Options:
    """Options as the command makes them."""
    return Options(Wanted(columns or {}, defaults or {}, form), near, allow)


def csv(folder: Path, *rows: str, name: str = "sites.csv") -> Path:
    """A UTF-8 CSV of those lines."""
    file = folder / name
    file.write_bytes("\n".join((*rows, "")).encode())
    return file


def workbook(folder: Path, *rows: list[Any], sheets: tuple[str, ...] = ("名单",), name: str = "sites.xlsx") -> Path:
    """A workbook whose first sheet has those rows."""
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(row)
    for other in sheets[1:]:
        book.create_sheet(other)
    book.save(folder / name)
    return folder / name


def problems(workspace: Workspace, file: Path, **said: Any) -> list[tuple[int, str | None, str, str]]:
    """Row, column, and both sentences of all that is said about rows."""
    return [
        (row.line, fault.column.letters if fault.column else None, fault.problem.zh, fault.problem.en)
        for row in plan_import(workspace, file, options(**said)).rows
        for fault in row.faults
    ]


# forms of files


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (LIST.encode(), "utf-8"),
        (LIST.encode("utf-8-sig"), "utf-8"),
        (LIST.encode("utf-16"), "utf-16"),
        (LIST.encode("utf-16-le"), "utf-16"),
        (LIST.encode("utf-16-be"), "utf-16"),
        (LIST.encode("gb18030"), "gb18030"),
        (LIST.replace(",", ";").encode("gbk"), "gb18030"),
        (LIST.replace(",", "\t").encode("utf-16"), "utf-16"),
        (LIST.replace(",", "\t").encode(), "utf-8"),
        (b"sep=;\r\n" + LIST.replace(",", ";").encode(), "utf-8"),
        (LIST.replace("\r\n", "\r").encode("gb18030"), "gb18030"),
        (("附件 1：吕梁市监管对象名录" + "," * 9 + "\r\n\r\n" + LIST).encode("gb18030"), "gb18030"),
    ],
)
def test_every_encoding_and_delimiter_gives_the_same_sites(
    workspace: Workspace, tmp_path: Path, data: bytes, encoding: str
) -> None:
    """UTF-8, UTF-16 and GB18030, with commas, semicolons and tabs, with a title above: the same three sites."""
    file = tmp_path / "sites.csv"
    file.write_bytes(data)
    plan = plan_import(workspace, file, options())

    assert plan.table.encoding == encoding
    assert [row.outcome for row in plan.rows] == ["new"] * 3
    assert record(workspace, plan)
    first, second, third = (row.site for row in plan.rows)
    assert first == SiteInput(
        name="甲焦化有限公司",
        kind="outfall",
        area="141102",
        address="滨河北路 1 号",
        position=TypedPosition("111.150000", "37.518900"),
        uscc=CODE,
        attributes={"outfall_type": "industrial"},
        contact_phone="13800000000",
        risk_class="high",
    )
    assert second is not None
    assert third is not None
    assert (second.area, second.address, second.attributes) == ("141181", "", {"outfall_type": "sewage_works"})
    assert second.position == TypedPosition("111.78", "37.14")
    assert (third.kind, third.area) == ("construction_site", "141182")
    assert len(queries.list_sites(workspace)) == 3


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (LIST.encode()[:-40] + b"\xff" + LIST.encode()[-40:], "不是 UTF-8"),
        (b"\xef\xbb\xbf" + LIST.encode("gbk"), "第 1 行不是 UTF-8"),
        (b"\xff\xfe\x00", "不是 UTF-16"),
        (b"a,b\n\xff\xff\xff\n", "不是 GB18030"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, ".xls"),
        (b"<html><table><tr><td>x</td></tr></table>", "网页"),
        (b"", "空的"),
        (b"\n\n", "空的"),
        (b"\x50\x4b\x03\x04 not a zip", "不是能打开的 .xlsx"),
        ('名称,类型\n甲,outfall\n"乙,outfall\n丙,outfall\n'.encode(), "第 3 行第 1 列"),
        ('名称;类型\n甲;"outfall\n乙;outfall\n'.encode(), "第 2 行第 2 列"),
        (f"名称,类型\n甲,outfall\n乙,outfall,{'x' * 300_000}\n".encode(), "第 3 行第 3 列"),
        ("名称,类型,企业名称\n甲,outfall,乙\n".encode(), "第 1 列“名称”和第 3 列“企业名称”"),
        ("名称,类型,ri\x00ver\n甲,outfall,乙\n".encode(), "第 3 列"),
        ("序号,备注\n1,甲\n".encode(), "--map"),
        ("名称,备注\n甲,x\n".encode(), "--default kind"),
        (("名称,类型" + ",x" * 120 + "\n").encode(), "100 列"),
    ],
)
def test_what_is_no_table_is_refused_whole(
    workspace: Workspace, tmp_path: Path, data: bytes, sentence: str
) -> None:
    """One sentence with the place and what to do, and not one site taken."""
    file = tmp_path / "sites.csv"
    file.write_bytes(data)
    with pytest.raises(Refused) as refused:
        plan_import(workspace, file, options())

    assert sentence in refused.value.zh
    assert len(refused.value.zh) < 400
    assert refused.value.en.endswith(".")
    assert queries.list_sites(workspace) == []


def test_only_regular_files_of_some_size_are_read(workspace: Workspace, tmp_path: Path) -> None:
    """A pipe without a writer, a folder, a missing file and more than 64 MiB are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "endless.csv").open("wb") as stream:
        stream.truncate((64 << 20) + 1)
    for name in ("pipe", "", "missing.csv", "endless.csv"):
        with pytest.raises(Refused):
            plan_import(workspace, tmp_path / name, options())


def test_a_workbook_is_read_like_a_text_file(workspace: Workspace, tmp_path: Path) -> None:
    """Numbers of positions stay as written, two rows of headers are one, the other sheets are told."""
    file = workbook(
        tmp_path,
        ["某县重点排污单位名录"],
        ["序号", "单位名称", "类型", "坐标", None, "联系电话", None],
        [None, None, None, "经度", "纬度"],
        [1, "甲口", "入河排污口", 111.15, 37.5189, 13800000000, "核对过"],
        [2, "乙口", "入河排污口", "111°08′23″", "37°31′26″"],
        sheets=("名单", "说明"),
    )
    plan = plan_import(workspace, file, options())

    assert [(row.line, row.outcome) for row in plan.rows] == [(4, "new"), (5, "new")]
    site = plan.rows[0].site
    assert site is not None
    assert site.position == TypedPosition("111.15", "37.5189")
    assert site.contact_phone == "13800000000"
    assert any("说明" in note.zh for note in plan.notes)
    with pytest.raises(Refused, match=r"空的|empty"):
        plan_import(workspace, file, options(sheet="说明"))
    with pytest.raises(Refused) as refused:
        plan_import(workspace, file, options(sheet="别的"))
    assert "名单、说明" in refused.value.zh
    assert plan_import(workspace, file, options(sheet="1")).table.sheet == "名单"


def test_what_a_spreadsheet_made_of_digits_is_named_not_guessed(workspace: Workspace, tmp_path: Path) -> None:
    """Credit codes and phones that became numbers, dates, formulas and errors: row, column, reason."""
    file = workbook(
        tmp_path,
        ["名称", "类型", "信用代码", "电话", "地址"],
        ["甲", "outfall", 1.2e17],
        ["乙", "outfall", 911411001234567890],
        ["丙", "outfall", None, 3583224444],
        ["丁", "outfall", None, None, "=A1"],
        ["=A2", "outfall"],
        ["己", "outfall", "1.2E+17"],
    )
    found = problems(workspace, file)

    assert [(line, column) for line, column, _, _ in found] == [
        (2, "C"), (3, "C"), (4, "D"), (5, "E"), (6, "A"), (7, "C"),
    ]  # fmt: skip
    assert "1.2e+17" in found[0][2]
    assert "文本" in found[1][2]
    assert "公式" in found[4][2]


def hostile(folder: Path, change: dict[str, bytes]) -> Path:
    """A sound workbook with some parts replaced."""
    sound = workbook(folder, ["名称", "类型"], ["甲", "outfall"], name="sound.xlsx")
    target = folder / "hostile.xlsx"
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part not in change:
                new.writestr(part, old.read(part))
        for part, data in change.items():
            new.writestr(part, data)
    return target


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "change",
    [
        {SHEET: b" " * (257 << 20)},
        {"xl/sharedStrings.xml": b" " * (65 << 20)},
        {"xl/styles.xml": b" " * (17 << 20)},
        {SHEET: b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'},
        {SHEET: "<!DOCTYPE x>".encode("utf-16")},
        {SHEET: b"<worksheet><sheetData><row r='1'>"},
        {f"xl/media/{number}.png": b"" for number in range(1001)},
        {SHEET: b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                b'<row r="99999999"><c r="A99999999" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>'},
    ],
    ids=["bomb", "strings", "styles", "entity", "utf-16", "cut off", "parts", "far row"],
)  # fmt: skip
def test_a_hostile_workbook_is_refused(workspace: Workspace, tmp_path: Path, change: dict[str, bytes]) -> None:
    """Bombs, entities, endless rows and damaged parts: one sentence, nothing taken."""
    with pytest.raises(Refused) as refused:
        plan_import(workspace, hostile(tmp_path, change), options())
    assert refused.value.zh.endswith("。")


# columns


def test_columns_that_are_not_taken_are_shown(workspace: Workspace, tmp_path: Path) -> None:
    """What no header names is shown with the reason, never dropped unseen; attributes go by label."""
    file = csv(
        tmp_path,
        "名称,类型,备注,受纳水体,正在排水,经纬度,river",
        '甲,outfall,x,汾河,是,"111.15,37.51",汾河',
        "乙,outfall,,汾河,,,文峪河",
    )
    plan = plan_import(workspace, file, options())

    assert [(one.header, one.field is not None) for one in plan.columns] == [
        ("名称", True), ("类型", True), ("备注", False), ("受纳水体", True), ("正在排水", False), ("经纬度", True), ("river", True),
    ]  # fmt: skip
    site = plan.rows[0].site
    assert site is not None
    assert site.attributes == {"river": "汾河"}
    assert site.position == TypedPosition("111.15", "37.51")
    assert [(row.outcome, len(row.faults)) for row in plan.rows] == [("new", 0), ("refused", 1)]


def test_maps_and_defaults(workspace: Workspace, tmp_path: Path) -> None:
    """A column that nobody guesses is named; empty cells and missing columns take the default."""
    file = csv(tmp_path, "主体,定位X,定位Y,种类", "甲,111.15,37.51,", "乙,,,工业企业")
    said = {"主体": "name", "定位X": "经度", "定位Y": "latitude"}
    plan = plan_import(workspace, file, options(said, {"kind": "入河排污口", "area": "孝义"}, datum="高德"))

    assert [(row.site.kind, row.site.area) for row in plan.rows if row.site] == [
        ("outfall", "141181"),
        ("industrial_plant", "141181"),
    ]
    first = plan.rows[0].site
    assert first is not None
    assert first.position == TypedPosition("111.15", "37.51", "GCJ-02")
    with pytest.raises(Refused, match=r"没有字段|no field"):
        plan_import(workspace, file, options({"主体": "nonsense"}))
    with pytest.raises(Refused, match=r"没有字段|no field"):
        plan_import(workspace, file, options(said, {"attributes.nonsense": "x"}))


@given(data=st.data())
def test_any_synonym_in_any_dress_is_recognised(data: st.DataObject) -> None:
    """Width, case, blanks, stars and brackets of a header do not count; every synonym is one field."""
    kinds = load_catalogue().kinds
    known = understood(Attributes(kinds), Wanted({}, {}, {}))
    field = data.draw(st.sampled_from(sorted(SYNONYMS)))
    word = data.draw(
        st.sampled_from(
            [word for part in SYNONYMS[field].split("|") for word in [part] if " " not in word] or [field]
        )
    )
    before = data.draw(st.sampled_from(["", "*", " ", "＊", "\t"]))
    after = data.draw(st.sampled_from(["", "（必填）", "(°)", ":", "：", "  ", "【18位】"]))
    header = before + data.draw(st.sampled_from([word, word.upper(), word.title()])) + after

    assert known(header)
    assert not known(header + "备用列")


@given(header=st.text(max_size=30), wanted=st.sampled_from(sorted(FIELDS)))
def test_no_header_is_too_strange_to_be_named(header: str, wanted: str) -> None:
    """Folding never fails, is stable, and what is named by hand is found again."""
    assert folded(folded(header)) == folded(header)
    attributes = Attributes(load_catalogue().kinds)
    assert understood(attributes, Wanted({header: wanted}, {}, {}))(header)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(str.encode),
        st.builds(lambda rest: "名称,类型,经度,纬度,信用代码\n".encode() + rest, st.binary(max_size=200)),
        st.builds(lambda rest: f"名称\t类型\t坐标\n{rest}".encode("utf-16"), st.text(max_size=100)),
    )
)
def test_any_bytes_are_rows_or_one_refusal(workspace: Workspace, tmp_path: Path, data: bytes) -> None:
    """Whatever a file holds: each row is new, known, a duplicate or refused with a reason; or the file is refused."""
    file = tmp_path / "any.csv"
    file.write_bytes(data)
    try:
        plan = plan_import(workspace, file, options())
    except Refused:
        return
    for row in plan.rows:
        assert (row.site is None) == (row.outcome == "refused")
        assert row.outcome != "refused" or row.faults


@given(text=st.text(max_size=40), other=st.text(max_size=40))
def test_any_text_is_a_coordinate_or_a_refusal(text: str, other: str) -> None:
    """No text is too strange to be refused."""
    for tried in (lambda: values.angle(text), lambda: values.two_angles(f"{text},{other}", other)):
        with contextlib.suppress(Refused):
            tried()


@given(seconds=st.integers(0, 180 * 3600 - 1))
def test_degrees_minutes_seconds_are_exact(seconds: int) -> None:
    """Every way of writing them gives the same decimal degrees, within 1e-8."""
    d, m, s = seconds // 3600, seconds // 60 % 60, seconds % 60
    spelt = [
        f"{d}°{m}′{s}″",
        f"{d}度{m}分{s}秒",
        f"{d}°{m:02}'{s:02}\"E",
        f"东经{d}°{m}′{s}″",
        f"{d} {m} {s}",
        f"Ｅ{d}º{m}’{s}”",
    ]
    found = {values.angle(one).degrees for one in spelt}

    assert len(found) == 1
    assert abs(float(found.pop()) - seconds / 3600) < 1e-7


# rows


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("甲,outfall,37.5189,111.15,", "4", "写反"),
        ("甲,outfall,北纬37.5189°,东经111.15°,", "3", "写反"),
        ("甲,outfall,111.15,,", "3", "没有纬度"),
        ("甲,outfall,111°61′00″,37.5,", "3", "不是坐标"),
        ("甲,outfall,111.15,37.5,火星文", "5", "坐标系"),
        (",outfall,,,", None, "缺少名称"),
        ("甲,城堡,,,", "2", "没有对象类型"),
        ("甲,,,,", None, "缺少类型"),
        ("甲,outfall,,,,多出的", None, "第 6 列"),
        ("甲\x00乙,outfall,,,", "1", "控制字符"),
        ('甲,outfall,"111\n.15",37.5,', "3", "换行"),
        (f"{'长' * 501},outfall,,,", "1", "500"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(
    workspace: Workspace, tmp_path: Path, row: str, column: str | None, words: str
) -> None:
    """Row, column and reason, and the others are taken."""
    file = csv(tmp_path, "名称,类型,经度,纬度,坐标系", row, "乙,outfall,,,")
    found = problems(workspace, file)

    assert [(line, at) for line, at, _, _ in found] == [(2, column)]
    assert words in found[0][2]
    assert [outcome for _, outcome in taken(workspace, file)] == ["refused", "new"]
    assert [site.name for site in queries.list_sites(workspace)] == ["乙"]


def test_an_attribute_of_another_kind_is_told(workspace: Workspace, tmp_path: Path) -> None:
    """It is not taken, and said; a value that the kind does not offer refuses the row at its column."""
    file = csv(tmp_path, "名称,类型,排污口类型,临路类型", "甲,outfall,乱写,", "乙,建筑工地,其他排口,main")
    found = problems(workspace, file)

    assert [(line, at) for line, at, _, _ in found] == [(2, "3"), (3, "3")]
    assert "未收" in found[1][2]
    taken(workspace, file)
    assert [site.name for site in queries.list_sites(workspace)] == ["乙"]


def test_rows_are_numbered_by_their_first_line(workspace: Workspace, tmp_path: Path) -> None:
    """A cell with line breaks shifts the lines after it, not their numbers; doubled quotes are text."""
    file = csv(tmp_path, "名称,类型,备注", '甲,outfall,"x', 'y"', "", '"乙""口""",outfall,')
    assert taken(workspace, file) == [(2, "new"), (5, "new")]
    assert queries.list_sites(workspace)[1].name == '乙"口"' or queries.list_sites(workspace)[0].name == '乙"口"'


def test_what_looks_odd_is_said_and_taken(workspace: Workspace, tmp_path: Path) -> None:
    """A position outside the area and an area that the catalogue lacks are warnings."""
    file = csv(tmp_path, "名称,类型,行政区,经度,纬度", "甲,outfall,,37.5,31.1", "乙,outfall,999999,,")
    plan = plan_import(workspace, file, options())
    codes = [[fault.problem.code for fault in row.faults] for row in plan.rows]

    assert codes == [["outside_area"], ["area_unknown"]]
    assert [row.outcome for row in plan.rows] == ["new", "new"]


# duplicates


def test_the_same_file_twice_adds_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """The second time each row is already there; so it is after an edit, and the edit stays."""
    file = tmp_path / "sites.csv"
    file.write_bytes(LIST.encode("gb18030"))
    assert {outcome for _, outcome in taken(workspace, file)} == {"new"}
    assert {outcome for _, outcome in taken(workspace, file)} == {"known"}
    site = next(one for one in queries.list_sites(workspace) if one.name.startswith("甲"))
    edited = SiteInput(
        "甲焦化有限公司", "outfall", "141102", "新地址", uscc=CODE, attributes={"outfall_type": "industrial"}
    )
    edit_site(workspace, site.id, edited)
    plan = plan_import(workspace, file, options())

    assert {row.outcome for row in plan.rows} == {"known"}
    assert "address" in plan.rows[0].faults[0].problem.en
    assert record(workspace, plan)
    assert workspace.row("sites", site.id).values["address"] == "新地址"
    assert len(queries.list_sites(workspace)) == 3


def test_a_voided_site_can_come_in_anew(workspace: Workspace, tmp_path: Path) -> None:
    """A voided site is nothing that a row could duplicate."""
    file = csv(tmp_path, "名称,类型", "甲,outfall")
    taken(workspace, file)
    void_site(workspace, queries.list_sites(workspace)[0].id, "错登")
    assert taken(workspace, file) == [(2, "new")]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (f"别的名字,industrial_plant,{CODE},,", ["uscc"]),
        ("（甲）焦化 有限 公司,industrial_plant,,,", ["name"]),
        ("(甲)焦化有限责任公司,outfall,,,", ["name"]),
        ("甲焦化公司,outfall,,111.1502,37.5189", ["near"]),
        (f"甲焦化有限公司,industrial_plant,{CODE},111.15,37.5189", ["uscc", "name", "near"]),
        ("甲焦化二厂,outfall,,111.1502,37.5189", []),
        ("丁洗煤厂,outfall,,111.15,37.5189", []),
        ("甲焦化公司,outfall,,111.16,37.5189", []),
        ("甲焦化公司,outfall,91350100M000100Y43,111.16,37.5189", ["uscc"]),
    ],
)
def test_likely_duplicates_are_left_out_with_both_sides(
    workspace: Workspace, tmp_path: Path, row: str, reasons: list[str]
) -> None:
    """Same code, same name in any dress, or near with a similar name; against what is recorded."""
    position = TypedPosition("111.15", "37.5189")
    first = add_site(workspace, SiteInput("甲焦化有限公司", "outfall", "141102", "旧址", position, CODE))
    file = csv(tmp_path, "名称,类型,信用代码,经度,纬度", row)
    plan = plan_import(workspace, file, options())
    (only,) = plan.rows

    assert [list(match.reasons) for match in only.matches] == ([reasons] if reasons else [])
    assert only.outcome == ("duplicate" if reasons else "new")
    if reasons:
        assert only.matches[0].entry.site == first
        assert only.matches[0].entry.address == "旧址"
    assert [outcome for _, outcome in taken(workspace, file, allow=True)] == ["new"]
    assert [outcome for _, outcome in taken(workspace, file, allow=True)] == ["known"]
    assert workspace.row("sites", first).values["address"] == "旧址"


def test_duplicates_within_the_list(workspace: Workspace, tmp_path: Path) -> None:
    """The first row stands, later ones name it; a row that says the very same adds nothing even where they are allowed."""
    file = csv(
        tmp_path,
        "名称,类型,信用代码,行政区",
        f"甲,outfall,{CODE},",
        f"乙,outfall,{CODE},",
        "甲,outfall,,",
        "甲,outfall,,孝义",
        "甲,outfall,,",
    )
    plan = plan_import(workspace, file, options())

    assert [row.outcome for row in plan.rows] == ["new", "duplicate", "duplicate", "new", "duplicate"]
    assert [match.entry.line for match in plan.rows[1].matches] == [2]
    assert [outcome for _, outcome in taken(workspace, file, allow=True)] == ["new", "new", "new", "new", "known"]
    assert [outcome for _, outcome in taken(workspace, file, allow=True)] == ["known"] * 5


def test_two_laptops_give_a_listed_site_the_same_row(workspace: Workspace, tmp_path: Path) -> None:
    """The id of a row is made of what the list says."""
    file = csv(tmp_path, "名称,类型", "甲,outfall", "甲,outfall")
    taken(workspace, file, allow=True)
    with Workspace.init(tmp_path / "other", name="乙", badge="14110200002", area="141102") as other:
        taken(other, file, allow=True)
        assert [one.id for one in queries.list_sites(other)] == [one.id for one in queries.list_sites(workspace)]


def test_a_plan_that_is_overtaken_records_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """What is recorded while a list is looked at is seen before anything of it is written."""
    file = csv(tmp_path, "名称,类型", "甲,outfall")
    plan = plan_import(workspace, file, options())
    add_site(workspace, SiteInput("甲", "outfall", "141102"))

    assert not record(workspace, plan)
    assert len(queries.list_sites(workspace)) == 1
    assert [row.outcome for row in plan_import(workspace, file, options()).rows] == ["known"]


def test_a_long_list_comes_in_whole_or_not_at_all(workspace: Workspace, tmp_path: Path) -> None:
    """Several changesets of several areas; a failure in the midst leaves nothing."""
    rows = [f"第{number}号口,outfall,{'孝义' if number % 2 else '离石'}" for number in range(1001)]
    file = csv(tmp_path, "名称,类型,行政区", *rows)
    plan = plan_import(workspace, file, options())

    def fail(done: int, total: int) -> None:
        if done > 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(workspace, plan, fail)
    assert queries.list_sites(workspace) == []
    assert record(workspace, plan)
    assert workspace.select("SELECT count(*) FROM sites")[0][0] == 1001


def test_a_crowded_place_is_compared_in_bounds_and_said(workspace: Workspace, tmp_path: Path) -> None:
    """Ten thousand sites at one position cost no more than a hundred comparisons each."""
    index = duplicates.Index(50)
    for number in range(10_000):
        entry = duplicates.Entry(None, number, "141102", f"第{number}号口", "outfall", "", "", LatLon(37.5, 111.1))
        index.find(entry)
        index.add(entry)
    assert index.crowded > 9000

    rows = [f"第{number}号口,outfall,111.15,37.52" for number in range(200)]
    plan = plan_import(workspace, csv(tmp_path, "名称,类型,经度,纬度", *rows), options())
    assert any("同一个坐标" in note.zh for note in plan.notes)


@given(
    north=st.floats(-89.9, 89.9),
    east=st.floats(-180, 180),
    metres=st.floats(0, 49),
    turn=st.floats(0, 6.3),
)
def test_what_is_near_is_found_anywhere_on_earth(north: float, east: float, metres: float, turn: float) -> None:
    """Neither date line nor poles hide a neighbour within 50 m."""
    import math

    from inspect_tui.photos.positions import distance

    at = LatLon(north, east)
    step = math.degrees(metres / 6_371_009)
    longitude = east + step * math.sin(turn) / math.cos(math.radians(north))
    other = LatLon(max(-90, min(90, north + step * math.cos(turn))), (longitude + 180) % 360 - 180)
    index = duplicates.Index(50)
    index.add(duplicates.Entry("x", None, "1", "甲焦化厂", "outfall", "", "", at))
    found = index.find(duplicates.Entry(None, 2, "2", "甲焦化厂区", "outfall", "", "", other))

    assert bool(found) == (distance(at, other) <= 50)


@given(name=st.text(max_size=20))
def test_a_name_is_the_same_in_every_dress(name: str) -> None:
    """Normalising is stable, and blanks and brackets never count."""
    normal = duplicates.normal_name(name)
    assert duplicates.normal_name(f" ({name}） ") == normal


# the command


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: object, status: int = 0) -> str:
    """The output of `site import`."""
    capsys.readouterr()
    assert main(["-w", str(folder), "site", "import", *map(str, words)]) == status
    return capsys.readouterr().out


def test_the_command_previews_saves_a_map_and_imports(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Preview writes nothing; the saved map reads the next list alike; both answers for machines have every row."""
    workspace.close()
    home = workspace.folder
    file = csv(tmp_path, "厂名,类型,信用代码,备注", f"甲,outfall,{CODE},x", f"乙,outfall,{CODE},", "丙,城堡,,")
    saved = tmp_path / "map.toml"
    shown = run(capsys, home, file, "--preview", "--map", "厂名=name", "--save-map", saved, status=1)
    assert "厂名" in shown
    assert "不收" in shown
    assert "sites.csv 第 4 行第 2 列（类型）" in shown
    assert "疑似重复" in shown
    assert "没有写入" in shown
    assert "厂名" in saved.read_text("utf-8")
    told = json.loads(run(capsys, home, file, "--preview", "--map-file", saved, "--json", status=1))
    assert told["counts"] == {"new": 1, "known": 0, "duplicate": 1, "refused": 1}
    assert [column["field"] for column in told["columns"]] == ["name", "kind", "uscc", None]
    with Workspace.open(home) as again:
        assert queries.list_sites(again) == []

    rows = json.loads(run(capsys, home, file, "--map-file", saved, "--json", status=1))
    assert [(row["line"], row["created"], row["outcome"]) for row in rows] == [
        (2, True, "new"),
        (3, False, "duplicate"),
        (4, False, "refused"),
    ]
    assert rows[1]["duplicates"][0]["reasons"] == ["uscc"]
    assert rows[2]["problems"][0]["column"] == "2"
    assert "已登记过（未改动） 1" in run(capsys, home, file, "--map-file", saved, status=1)
    main(["-w", str(home), "--lang", "en", "site", "import", str(file), "--map-file", str(saved)])
    assert "already there" in capsys.readouterr().out
    set_language("zh")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--map", "名称"), 2),
        (("--map", "=name"), 2),
        (("--map", "名称=nonsense"), 1),
        (("--map", "名称=name", "--map", "名称=kind"), 2),
        (("--default", "kind"), 2),
        (("--default", "nonsense=x"), 1),
        (("--datum", "火星文"), 1),
        (("--near", "much"), 2),
        (("--near", "-1"), 2),
        (("--encoding", "latin-1"), 2),
        (("--sheet", "1"), 1),
        (("--map-file", "nothing.toml"), 1),
    ],
)
def test_wrong_options_are_one_sentence(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int
) -> None:
    """Nothing is recorded, and the exit status tells wrong usage from what does not fit the file."""
    workspace.close()
    file = csv(tmp_path, "名称,类型", "甲,outfall")
    capsys.readouterr()
    found = main(["-w", str(workspace.folder), "site", "import", str(file), *words])
    said = capsys.readouterr()

    assert found == status
    assert said.err
    assert "Traceback" not in said.err
    with Workspace.open(workspace.folder) as again:
        assert queries.list_sites(again) == []


@pytest.mark.parametrize(
    "text",
    [
        '[columns]\n"名称" = 3\n',
        'colour = "red"\n',
        "= x",
        'columns = "x"\n',
        "\x00",
        '[columns]\nx = "nonsense"\n',
    ],
)
def test_a_wrong_map_file_is_refused(workspace: Workspace, tmp_path: Path, text: str) -> None:
    """What is no map says so, and where."""
    from inspect_tui.imports.columns import read_map

    file = tmp_path / "map.toml"
    file.write_text(text, "utf-8")
    listing = csv(tmp_path, "名称,类型,x", "甲,outfall,")
    with pytest.raises(Refused):
        plan_import(workspace, listing, Options(read_map(file)))


@given(headers=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique_by=folded))
def test_a_saved_map_reads_back(headers: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in headers, the map file is TOML that says the same."""
    from inspect_tui.imports.columns import Column, map_file, read_map

    columns = [
        Column(index=index, letters="1", header=header, field="name" if index == 0 else None)
        for index, header in enumerate(headers)
        if header.isprintable()
    ]
    file = tmp_path_factory.mktemp("maps") / "map.toml"
    file.write_bytes(map_file(columns, Wanted({}, {"kind": 'a"b\\'}, {"sheet": "名单"})))
    said = read_map(file)

    assert said.columns == {column.header: column.field or "-" for column in columns}
    assert said.defaults == {"kind": 'a"b\\'}
    assert said.options == {"sheet": "名单"}


def test_a_table_keeps_its_delimiter_in_mind(tmp_path: Path) -> None:
    """Commas within quoted addresses do not outvote semicolons that part known headers."""
    file = csv(tmp_path, "名称;类型;地址", '甲;outfall;"a,b,c,d,e,f"')
    attributes = Attributes(load_catalogue().kinds)
    table = read_table(file, understood(attributes, Wanted({}, {}, {})))

    assert table.delimiter == "semicolon"
    assert [one.field for one in match_columns(table, attributes, Wanted({}, {}, {}), offered=FIELDS)] == [
        "name",
        "kind",
        "address",
    ]
    assert io.StringIO("\n".join(table.lines[0].cells)).read() == "甲\noutfall\na,b,c,d,e,f"
