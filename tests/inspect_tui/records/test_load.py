"""`inspection load`: whole inspections from JSON, all or nothing, the same file twice changing nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from inspect_tui.records import queries
from inspect_tui.records.load import load_inspections, schema
from inspect_tui.records.sites import void_site
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.model import LoadResult
    from tests.inspect_tui.records.conftest import PhotoMaker

OFFICERS = [{"name": "甲", "badge": "14110200001"}, {"name": "乙", "badge": "14110200002"}]


def dust(**changes: Any) -> dict[str, Any]:
    """A building site: a fail with value, photo and order, one with transfer, an n_a."""
    return {
        "site": {
            "name": "示例工程",
            "kind": "construction_site",
            "area": "141102",
            "address": "离石区",
            "longitude": 111.150200,
            "latitude": 37.518900,
            "uscc": "91350100M000100Y43",
            "responsible_party": "示例公司",
            "attributes": {"road_class": "main"},
        },
        "checklist": "construction-dust",
        "started_at": "2026-11-20T09:10:00+08:00",
        "ended_at": "2026-11-20T10:25:00+08:00",
        "officers": OFFICERS,
        "present": {"name": "负责人", "role": "经理", "signature": "signed"},
        "answers": [
            {"item": "CD-001", "verdict": "pass"},
            {
                "item": "CD-101",
                "verdict": "fail",
                "note": "缺口约 12 m",
                "value": 12,
                "unit": "m",
                "photos": ["photo.jpg"],
                "finding": {"description": "缺口", "disposal": "order", "due_date": "2026-11-21"},
            },
            {"item": "CD-102", "verdict": "pass", "value": 2.6, "unit": "m"},
            {
                "item": "CD-201",
                "verdict": "fail",
                "note": "裸露",
                "photos": ["far.jpg"],
                "finding": {"description": "未覆盖", "disposal": "transfer", "transfer_to": "住建部门"},
            },
            {"item": "CD-502", "verdict": "n_a", "note": "无拆除"},
        ],
        "submit": True,
    } | changes


def outfall() -> dict[str, Any]:
    """An outfall: a value over a plan figure without verdict, one below detection, a refused signature."""
    return {
        "site": {
            "name": "示例排污口",
            "kind": "outfall",
            "area": "141181",
            "longitude": 111.7801,
            "latitude": 37.1456,
            "attributes": {"outfall_type": "industrial", "river": "文峪河"},
        },
        "checklist": "river-outfall",
        "started_at": "2026-11-19T14:00:00+08:00",
        "ended_at": "2026-11-19T15:40:00+08:00",
        "officers": OFFICERS,
        "present": {"name": "专员", "role": "专员", "signature": "refused", "reason": "拒绝签字，已录像"},
        "answers": [
            {
                "item": "RO-304",
                "value": 52.0,
                "unit": "mg/L",
                "note": "快检",
                "sample": {"number": "S-031", "point": "排放口", "laboratory": "监测站", "status": "sent"},
                "photos": ["photo.jpg"],
                "finding": {"description": "疑似超标", "disposal": "order", "due_date": "2026-12-04"},
            },
            {"item": "RO-305", "value": 1.2, "unit": "mg/L"},
            {"item": "RO-306", "below_detection_limit": 0.01, "unit": "mg/L"},
        ],
        "submit": True,
    }


def waste() -> dict[str, Any]:
    """A waste yard with hostile texts, and the representative absent."""
    return {
        "site": {
            "name": "示例堆场",
            "kind": "solid_waste_yard",
            "area": "141125",
            "attributes": {"waste_class": "I"},
        },
        "checklist": "solid-waste-storage",
        "started_at": "2026-11-18T10:00:00+08:00",
        "ended_at": "2026-11-18T12:05:00+08:00",
        "officers": OFFICERS,
        "present": {"name": "场长", "role": "场长", "signature": "absent", "reason": "不在场"},
        "answers": [
            {
                "item": "SW-301",
                "verdict": "fail",
                "note": "[HW49]标识旁 [/] 裸露",
                "photos": ["photo.jpg"],
                "finding": {"description": "=作业面裸露", "severity": "major", "disposal": "order"},
            }
        ],
        "submit": True,
    }


@pytest.fixture
def photos(make: PhotoMaker) -> None:
    """The photos that the inspections name."""
    make("photo.jpg")
    make("far.jpg", at=(30.0, 120.0), seed=4)


def load(workspace: Workspace, folder: Path, *said: Any, name: str = "load.json") -> list[LoadResult]:
    """Load objects: one as an object, several as JSON lines; text as it is."""
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in said]
    file = folder / name
    file.write_text("\n".join(lines), "utf-8")
    return load_inspections(workspace, file)


def codes(result: LoadResult) -> set[str]:
    """Codes of the problems."""
    return {problem.code for problem in result.problems}


@pytest.mark.usefixtures("photos")
def test_the_three_shapes_load(workspace: Workspace, tmp_path: Path) -> None:
    """Each inspection is loaded, submitted, and its findings are there with the right words."""
    results = load(workspace, tmp_path, dust(), outfall(), waste())

    assert [result.created for result in results] == [True, True, True]
    assert [result.line for result in results] == [1, 2, 3]
    found = {line.item: line for line in queries.list_findings(workspace).lines}
    assert set(found) == {"CD-101", "CD-201", "RO-304", "SW-301"}
    assert (found["CD-201"].status, found["CD-201"].transfer_to) == ("transferred", "住建部门")
    assert found["SW-301"].description == "=作业面裸露"
    assert found["SW-301"].due_date == "2026-11-21"
    assert {line.state for line in queries.list_inspections(workspace)} == {"submitted"}


@pytest.mark.usefixtures("photos")
def test_far_and_reused_photos_are_reported(workspace: Workspace, tmp_path: Path) -> None:
    """A photo far from its site, and one used in two inspections, are named as such."""
    first, second = load(workspace, tmp_path, dust(), waste())

    assert "far" in codes(first)
    reused = [problem for problem in second.problems if problem.code == "reused"]
    assert reused[0].item == "SW-301"
    assert "示例工程" in reused[0].zh


@pytest.mark.usefixtures("photos")
def test_a_value_without_verdict_is_judged(workspace: Workspace, tmp_path: Path) -> None:
    """52 mg/L is a suspected fail, 1.2 mg/L and below detection pass, and decimals stay as written."""
    inspection = load(workspace, tmp_path, outfall())[0].inspection or ""
    views = {item.item.id: item.answer for item in queries.walk(workspace, inspection).items() if item.answer}

    assert (views["RO-304"].verdict, views["RO-304"].source) == ("fail", "suspected")
    assert views["RO-304"].measured[0].value == "52.0"
    assert views["RO-305"].verdict == "pass"
    assert (views["RO-306"].verdict, views["RO-306"].measured[0].below_detection) == ("pass", "0.01")


@pytest.mark.usefixtures("photos")
def test_loading_twice_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """The second load of a file writes no changeset, also from another folder."""
    load(workspace, tmp_path, dust(), outfall())
    before = list(workspace.replica.dump())
    count = workspace.replica.status().changesets
    (tmp_path / "moved").mkdir()
    moved = dust()
    moved["answers"][1]["photos"] = ["../photo.jpg"]
    again = load(workspace, tmp_path, dust(), outfall()) + load(workspace, tmp_path / "moved", moved)

    assert not any(result.created for result in again)
    assert all(result.inspection for result in again)
    assert workspace.replica.status().changesets == count
    assert list(workspace.replica.dump()) == before


@pytest.mark.usefixtures("photos")
def test_other_content_for_a_loaded_inspection_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """What was recorded is never silently changed by a corrected file."""
    load(workspace, tmp_path, dust())
    result = load(workspace, tmp_path, dust(note="后来改的"))[0]

    assert (result.inspection, codes(result)) == (None, {"differs"})


@pytest.mark.usefixtures("photos")
def test_two_laptops_meet_in_the_same_rows(workspace: Workspace, tmp_path: Path) -> None:
    """The same file gives the same row ids on every device."""
    mine = load(workspace, tmp_path, dust())[0].inspection
    with Workspace.init(tmp_path / "other", name="乙", badge="2", area="141102") as other:
        theirs = load(other, tmp_path, dust())[0].inspection
        ids = [
            {tuple(row) for row in one.select(f"SELECT '{table}', id FROM {table}")}
            for one in (workspace, other)
            for table in ("sites", "inspections", "answers", "findings", "photos", "checklist_versions")
        ]

    assert mine == theirs
    assert ids[:6] == ids[6:]


@pytest.mark.usefixtures("photos")
def test_two_laptops_that_load_one_file_have_nothing_to_dispute(workspace: Workspace, tmp_path: Path) -> None:
    """Drafts and submitted inspections: equal files give equal cells on every device, so a merge brings no conflict."""
    from inspect_tui.cli.merge import merge_one

    said = (dust(), outfall(), waste(), dust(submit=False, started_at="2026-11-20T08:00:00+08:00", ended_at=None))
    load(workspace, tmp_path, *said)
    with Workspace.init(tmp_path / "other", name="乙", badge="2", area="141102") as other:
        load(other, tmp_path, *said)
        done = merge_one(workspace, other.folder, trust=lambda _: True)
        merge_one(other, workspace.folder, trust=lambda _: True)
        assert other.replica.conflicts() == []

    assert done.received.appended > 0
    assert workspace.replica.conflicts() == []
    people = {tuple(row) for row in workspace.select("SELECT recorded_by, device FROM findings")}
    assert people == {("14110200001", "inspection load")}
    assert {row[0] for row in workspace.select("SELECT photographer FROM photos")} == {"甲"}
    assert {row[0] for row in workspace.select("SELECT state_by FROM inspections")} == {"14110200001"}


SPOKEN: list[tuple[dict[str, Any], str]] = [
    ({"site": dust()["site"] | {"name": 1.5}}, "应为文字，实为数字"),
    ({"site": dust()["site"] | {"area": "x"}}, "六位数字"),
    ({"site": dust()["site"] | {"datum": "XYZ"}}, "可选 BD-09、CGCS2000、GCJ-02、WGS-84"),
    ({"answers": [{"item": "CD-001", "sample": {"number": "1", "status": "x"}}]}, "可选 received、sent、taken"),
    ({"started_at": "gestern"}, "2026-11-20T09:10:00+08:00"),
]


@pytest.mark.parametrize(("changes", "words"), SPOKEN)
def test_refusals_speak_no_programmers_language(
    workspace: Workspace, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """Kinds of values, forms and choices are said in words, in Chinese without a word of the library's."""
    problem = load(workspace, tmp_path, dust(answers=[]) | changes)[0].problems[0]

    assert words in problem.zh
    assert not any(word in problem.zh for word in ("str", "decimal", "^", "enum", "Expected"))


@pytest.mark.parametrize("text", ["{", '{"a" 1}', '{"a": }', '{"a": 1', "{a: 1}", '"a', "[1, 2", "[] x"])
def test_broken_json_is_described_in_chinese(workspace: Workspace, tmp_path: Path, text: str) -> None:
    """What is wrong and in which column, without the library's English."""
    problem = load(workspace, tmp_path, text)[0].problems[0]

    assert "列" in problem.zh
    assert not any(word in problem.zh for word in ("Expecting", "Extra", "Unterminated"))


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"officers": OFFICERS[:1]}, "two_officers", "officers"),
    ({"officers": [OFFICERS[0], OFFICERS[0]]}, "two_officers", "officers"),
    ({"ended_at": "2026-11-20T09:00:00+08:00"}, "end_before_start", "ended_at"),
    ({"answers": [{"item": "CD-101", "verdict": "fail", "note": "x"}]}, "photo_missing", "answers[0]"),
    ({"answers": [{"item": "CD-101", "verdict": "n_a"}]}, "reason_missing", "answers[0]"),
    ({"started_at": "2026-11-20T09:10:00"}, "format", "started_at"),
    ({"checklist": "nonsense"}, "refused", "checklist"),
    ({"answers": [{"item": "XX-999", "verdict": "pass"}]}, "refused", "answers[0]"),
    ({"answers": [{"item": "CD-001", "verdict": "maybe"}]}, "format", "answers[0].verdict"),
    ({"answers": [{"item": "CD-001"}, {"item": "CD-001"}]}, "refused", "answers[1].item"),
    ({"answers": [{"item": "CD-001", "verdict": "pass", "colour": 1}]}, "format", "answers[0]"),
    ({"answers": [{"item": "CD-102", "value": "many"}]}, "format", "answers[0].value"),
    ({"answers": [{"item": "CD-102", "value": 1, "unit": "kg"}]}, "refused", "answers[0]"),
    ({"answers": [{"item": "CD-102", "value": 10**70}]}, "refused", "answers[0]"),
    ({"answers": [{"item": "CD-001", "photos": ["none.jpg"]}]}, "refused", "answers[0].photos[0]"),
    ({"answers": [{"item": "CD-001", "photos": ["workspace/device.key"]}]}, "refused", "answers[0].photos[0]"),
    ({"answers": [{"item": "CD-001", "photos": ["load.json"]}]}, "refused", "answers[0].photos[0]"),
    ({"answers": [{"item": "CD-001", "photos": ["a\x00b.jpg"]}]}, "refused", "answers[0].photos[0]"),
    (
        {"answers": [{"item": "CD-101", "finding": {"description": "x", "disposal": "transfer"}}]},
        "refused",
        "answers[0].finding",
    ),
    ({"site": dust()["site"] | {"uscc": "91350100M000100Y4Z"}}, "refused", "site"),
    ({"site": dust()["site"] | {"longitude": 999}}, "refused", "site"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED)
def test_what_is_refused_leaves_nothing(
    workspace: Workspace, tmp_path: Path, changes: dict[str, Any], code: str, field: str
) -> None:
    """Each breach is named with line, field and reason, in both languages, and not a row of it stays."""
    text = json.dumps(dust(answers=[]) | changes, indent=1)
    result = load(workspace, tmp_path, text)[0]
    problem = result.problems[0]

    assert (result.inspection, problem.code, problem.field) == (None, code, field)
    assert problem.zh.startswith("第 ")
    assert problem.en.startswith("Line ")
    assert workspace.replica.status().changesets == 0
    assert workspace.select("SELECT id FROM sites") == []


def test_the_line_of_a_field_is_named(workspace: Workspace, tmp_path: Path) -> None:
    """In a file of many lines the problem points at the line of the field."""
    text = json.dumps(dust(answers=[{"item": "CD-001"}, {"item": "CD-002", "verdict": "x"}]), indent=1)
    wanted = next(number for number, line in enumerate(text.split("\n"), 1) if '"x"' in line)
    problem = load(workspace, tmp_path, text)[0].problems[0]

    assert problem.en.startswith(f"Line {wanted}, answers[1].verdict:")


HOSTILE = [
    "",
    "null",
    "[]",
    "nonsense",
    "{",
    '{"site": 1, "site": 2}',
    '{"a": NaN}',
    '{"a": Infinity}',
    '{"a": 1e999999999}',
    "[" * 100_000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    "9" * 5000,
    '{"site": {"name": "' + "长" * 10_000 + '"}}',
    "\x00",
    json.dumps(dust(note="\ud800")),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_are_refused_in_one_sentence(workspace: Workspace, tmp_path: Path, text: str) -> None:
    """Garbage, depth, duplicate keys and absurd numbers end in a refusal, never in a traceback."""
    try:
        results = load(workspace, tmp_path, text)
    except Refused:
        return

    assert all(result.inspection is None and result.problems for result in results)


def test_a_file_that_is_no_text_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """Another encoding, a folder and a missing file are refused with their name."""
    (tmp_path / "gbk.json").write_bytes('{"site": "离石区"}'.encode("gb18030"))
    for name in ("gbk.json", "none.json", "."):
        with pytest.raises(Refused):
            load_inspections(workspace, tmp_path / name)


@pytest.mark.usefixtures("photos")
def test_one_bad_line_leaves_the_others(workspace: Workspace, tmp_path: Path) -> None:
    """Of JSON lines, each stands for itself."""
    results = load(workspace, tmp_path, dust(), "{broken", waste())

    assert [(result.line, result.created) for result in results] == [(1, True), (2, False), (3, True)]


@pytest.mark.usefixtures("photos")
def test_an_array_loads_as_well(workspace: Workspace, tmp_path: Path) -> None:
    """An array of inspections is taken one by one, each with its own line."""
    text = "[\n" + json.dumps(dust()) + ",\n\n" + json.dumps(waste()) + "\n]\n"
    results = load(workspace, tmp_path, text)

    assert [(result.line, result.created) for result in results] == [(2, True), (4, True)]


@pytest.mark.usefixtures("photos")
def test_control_characters_are_taken_out_and_said(workspace: Workspace, tmp_path: Path) -> None:
    """NUL and escape sequences never reach a table, and the officer is told."""
    result = load(workspace, tmp_path, dust(note="a\x00b\x1b[31mc", answers=[]))[0]

    assert "control_characters" in codes(result)
    assert workspace.row("inspections", result.inspection or "").values["note"] == "ab[31mc"


@pytest.mark.usefixtures("photos")
def test_a_site_recorded_before_is_used_as_it_is(workspace: Workspace, tmp_path: Path) -> None:
    """A second visit meets the same site; what differs there is said and not overwritten; a void one is not revived."""
    first = dust(answers=[])
    second = dust(answers=[], started_at="2026-11-21T09:00:00+08:00", ended_at="2026-11-21T10:00:00+08:00")
    second["site"] = second["site"] | {"address": "别处"}
    load(workspace, tmp_path, first)
    result = load(workspace, tmp_path, second)[0]
    sites = queries.list_sites(workspace)

    assert "site_differs" in codes(result)
    assert [(site.address, site.inspections) for site in sites] == [("离石区", 2)]
    void_site(workspace, sites[0].id, "重复")
    third = dust(answers=[], started_at="2026-11-22T09:00:00+08:00", ended_at="2026-11-22T10:00:00+08:00")
    assert load(workspace, tmp_path, third)[0].created
    assert len(queries.list_sites(workspace, include_void=True)) == 2


def test_the_schema_describes_what_loads() -> None:
    """The published JSON Schema accepts the three shapes and refuses what the loader refuses."""
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())

    for said in (dust(), outfall(), waste()):
        validator.validate(said)
    assert not validator.is_valid(dust(colour=1))
    assert not validator.is_valid(dust(answers=[{"item": "CD-001", "verdict": "maybe"}]))
