"""Sites: a list is read whole or refused where it goes wrong, and what looks odd about a site is said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.findings import add_finding
from inspect_tui.records.model import FindingInput, Officer, Origin, SiteInput, TypedPosition
from inspect_tui.records.sites import add_site, import_sites, site_warnings
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import VISIT, meet

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('name,kind\n甲,outfall\n"乙,outfall\n丙,outfall\n', 3, 1),
        ('name,kind\n甲,"outfall\n乙,outfall\n', 2, 2),
        ('name,kind\n甲,"outfall\n"乙,outfall\n丙,"x"\n', 2, 2),
        ('name,kind\r\n甲,"out"fall\r\n', 2, 2),
        ('name,kind\r甲,outfall\r"乙,outfall\r', 3, 1),
        (f"name,kind\n甲,outfall\n乙,outfall,{'x' * 300_000}\n", 3, 3),
        (f"name,kind\n{'x' * 300_000},outfall\n", 2, 1),
        ("name,kind,name\n甲,outfall,乙\n", 1, 3),
        ("name,kind,名称\n甲,outfall,乙\n", 1, 3),
        ("name,kind,ri\x00ver\n甲,outfall,乙\n", 1, 3),
    ],
)
def test_a_list_that_is_no_csv_is_refused_whole(
    workspace: Workspace, tmp_path: Path, text: str, line: int, column: int
) -> None:
    """Line and column of the cell that goes wrong, and not one site taken."""
    file = tmp_path / "sites.csv"
    file.write_text(text, "utf-8", newline="")
    with pytest.raises(Refused) as refused:
        import_sites(workspace, file)

    assert f"第 {line} 行" in refused.value.zh
    assert f"line {line}" in refused.value.en
    assert f" {column} " in refused.value.zh
    assert len(refused.value.zh) < 200
    assert queries.list_sites(workspace) == []


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("甲,outfall,汾河,多出的", 4),
        ("甲\x00乙,outfall,汾河", 1),
        ('甲,outfall,"汾\n河"', 3),
        (f"甲,outfall,{'长' * 501}", 3),
    ],
)
def test_a_row_that_would_lose_something_is_named(
    workspace: Workspace, tmp_path: Path, row: str, column: int
) -> None:
    """Cells beyond the header, control characters, line breaks and endless cells: line, column, and the rest is taken."""
    file = tmp_path / "sites.csv"
    file.write_text(f"name,kind,river,\n{row}\n乙,outfall,汾河\n", "utf-8")
    bad, good = import_sites(workspace, file)

    assert (bad.line, bad.site) == (2, None)
    assert f"第 {column} 列" in bad.problems[0].zh
    assert f"olumn {column}" in bad.problems[0].en
    assert good.created
    assert [site.name for site in queries.list_sites(workspace)] == ["乙"]


def test_rows_are_numbered_by_their_first_line(workspace: Workspace, tmp_path: Path) -> None:
    """A cell with line breaks shifts the lines after it, not their numbers; doubled quotes are text."""
    file = tmp_path / "sites.csv"
    file.write_text('name,kind\n"甲\n",outfall\n\n"乙""口""",outfall\n', "utf-8")
    results = import_sites(workspace, file)

    assert [one.line for one in results] == [2, 5]
    assert queries.list_sites(workspace)[0].name == '乙"口"'


def test_only_regular_files_are_read(workspace: Workspace, tmp_path: Path) -> None:
    """A pipe without a writer, a folder and a device are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(Refused):
            import_sites(workspace, file)


def test_an_endless_list_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """More than 64 MiB are not read."""
    file = tmp_path / "sites.csv"
    with file.open("wb") as stream:
        stream.truncate((64 << 20) + 1)
    with pytest.raises(Refused) as refused:
        import_sites(workspace, file)
    assert "64 MiB" in refused.value.en


def said(**changes: object) -> SiteInput:
    """A site in 离石区."""
    made: dict[str, object] = {"name": "甲厂", "kind": "outfall", "area": "141102", **changes}
    return SiteInput(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("longitude", "latitude", "hint"),
    [
        ("111.15", "37.5189", None),
        ("37.5189", "31.1", "核对"),
        ("-111.15", "-37.5189", "核对"),
        ("111.78", "37.14", "核对"),
        ("37.5189", "80", "核对"),
    ],
)
def test_a_site_outside_its_area_is_warned_about(
    workspace: Workspace, longitude: str, latitude: str, hint: str | None
) -> None:
    """The bounding box of the area only warns."""
    site = add_site(workspace, said(position=TypedPosition(longitude, latitude)))
    warnings = site_warnings(workspace, site)

    assert [warning.code for warning in warnings] == ([] if hint is None else ["outside_area"])
    assert hint is None or hint in warnings[0].zh


def test_swapped_coordinates_are_called_swapped(workspace: Workspace) -> None:
    """A latitude of 111 is not only out of range: the other way round it would do."""
    with pytest.raises(Refused) as refused:
        add_site(workspace, said(position=TypedPosition("37.5189", "111.15")))
    assert "写反" in refused.value.zh
    assert "swapped" in refused.value.en
    with pytest.raises(Refused) as refused:
        add_site(workspace, said(position=TypedPosition("137.5", "911.15")))
    assert "swapped" not in refused.value.en


def test_an_unknown_area_and_a_second_site_of_one_name_are_said(workspace: Workspace) -> None:
    """Both are recorded; the warning names the area, and the other site by its id."""
    first = add_site(workspace, said(area="999999"))
    assert [warning.code for warning in site_warnings(workspace, first)] == ["area_unknown"]
    one = add_site(workspace, said())
    two = add_site(workspace, said(kind="construction_site"))
    warnings = site_warnings(workspace, two)
    assert [warning.code for warning in warnings] == ["same_name"]
    assert one in warnings[0].zh


@pytest.mark.parametrize("attributes", [{"river": "汾河", "river ": "文峪河"}, {"\u200b": "汾河"}])
def test_no_attribute_is_lost(workspace: Workspace, attributes: dict[str, str]) -> None:
    """Two names that are one, and a name that nobody sees, are refused; neither value is dropped."""
    with pytest.raises(Refused):
        add_site(workspace, said(attributes=attributes))


def test_an_imported_list_carries_its_warnings(workspace: Workspace, tmp_path: Path) -> None:
    """A site that is taken says what is odd about it."""
    file = tmp_path / "sites.csv"
    file.write_text("name,kind,longitude,latitude\n甲,outfall,37.5,31.1\n", "utf-8")
    result = import_sites(workspace, file)[0]
    assert result.created
    assert [problem.code for problem in result.problems] == ["outside_area"]


def test_search_looks_at_values_not_at_json(workspace: Workspace, inspection: str) -> None:
    """Punctuation and keys of a JSON cell are nothing that people wrote; names, badges and attributes are."""
    for words in ('"', "{", "[", "badge", "name"):
        assert queries.search(workspace, words) == []
    assert [hit.id for hit in queries.search(workspace, "检查员乙")] == [inspection]
    assert [hit.id for hit in queries.search(workspace, "14110200002")] == [inspection]
    assert [hit.kind for hit in queries.search(workspace, "main")] == ["site"]


def test_what_a_file_says_is_the_same_on_every_laptop(workspace: Workspace, other: Workspace, site: str) -> None:
    """With the file's own officer, device and time in place of the laptop's, loading it twice gives no conflict."""
    other.config = other.change_config(name="检查员丙", badge="14110200003", device="丙的电脑")
    row = "01999999-0000-7000-8000-000000000001"
    people = [Officer("检查员甲", "14110200001"), Officer("检查员乙", "14110200002")]
    origin = Origin(people[0], "file", VISIT)
    for one in (workspace, other):
        inspections.start(
            one,
            site,
            "construction-dust",
            officers=people,
            started_at=VISIT,
            row=row,
            loaded={"loaded_digest": "0" * 64},
            origin=origin,
        )
        inspections.set_times(one, row, ended_at=VISIT)
        finding = "01999999-0000-7000-8000-000000000002"
        add_finding(one, row, "CD-101", FindingInput("缺口"), row=finding, origin=origin)
        inspections.submit(one, row, origin=origin)
    meet(workspace, other)

    assert workspace.replica.conflicts() == []
    assert workspace.row("findings", finding).values["recorded_by"] == "14110200001"
