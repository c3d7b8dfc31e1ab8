"""The rules of the records as the command line says them: sites, follow-ups, conflicts, searches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


@pytest.fixture
def other(bare: Run, tmp_path: Path, home: Path, loaded: str) -> Path:
    """The workspace of officer 乙, who has merged 甲's."""
    folder = tmp_path / "other"
    bare("init", "--name", "检查员乙", "--badge", "14110200002", "--area", "141102", on=folder)
    assert bare("merge", home, "--trust", on=folder).status == 0
    return folder


def extend(run: Run, finding: str, day: str, on: Path) -> None:
    """Extend the due date."""
    ran = run("finding", "follow-up", finding, "extension", "--due", day, "--text", "材料未到", on=on)
    assert ran.status == 0


@pytest.fixture
def disputed(bare: Run, home: Path, other: Path, finding: str) -> str:
    """A finding whose due date both changed; 甲 has merged 乙's workspace."""
    extend(bare, finding, "2026-12-05", home)
    extend(bare, finding, "2026-12-10", other)
    assert bare("merge", other, "--trust", on=home).status == 0
    return finding


@pytest.mark.parametrize(
    "words",
    [
        ("recheck", "--result", "passed", "--at", "2100-06-01T09:00:00+08:00"),
        ("recheck", "--result", "passed", "--at", "1999-06-01T09:00:00+08:00"),
        ("recheck", "--result", "passed", "--at", ""),
        ("notice", "--due", "garbage"),
        ("notice", "--due", "20261231"),
        ("notice", "--due", "2020-01-01"),
        ("extension", "--due", "9999-12-31", "--text", "x"),
        ("extension", "--due", "2026-13-01", "--text", "x"),
        ("reply", "--by-name", "", "--by-badge", ""),
        ("reply", "--by-name", "乙", "--by-badge", "[/]1"),
        ("void", "--text", "\u3164"),
    ],
)
def test_an_event_that_cannot_be_is_one_sentence(cli: Run, finding: str, words: tuple[str, ...]) -> None:
    """Exit 1, one line in either language, nothing written."""
    before = cli("log", "--json", "--limit", 1000).json()
    for language in ("zh", "en"):
        ran = cli("--lang", language, "finding", "follow-up", finding, *words)
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert cli("log", "--json", "--limit", 1000).json() == before


def test_an_extension_to_no_day_is_not_called_missing(cli: Run, finding: str) -> None:
    """What was given is quoted, not said to be lacking."""
    said = cli("finding", "follow-up", finding, "extension", "--due", "2026-13-01", "--text", "x").err
    assert "2026-13-01" in said
    assert "不是日期" in said


def test_a_conflict_is_not_settled_in_passing(cli: Run, disputed: str) -> None:
    """The extension is refused with the command that settles the conflict, and the conflict stays listed."""
    ran = cli("finding", "follow-up", disputed, "extension", "--due", "2026-12-20", "--text", "再延")
    assert ran.status == 1
    assert f"conflict resolve findings {disputed} due_date" in ran.err
    assert len(cli("conflict", "list", "--json").json()) == 1


def test_settling_takes_a_reason_and_a_value_of_the_cell(cli: Run, disputed: str) -> None:
    """No reason, or a value that breaks a rule: exit 1 and the conflict stays."""
    place = ("conflict", "resolve", "findings", disputed, "due_date")
    assert cli(*place, "a").status == 1
    for value in (
        "null",
        "{}",
        '{"due_date": "garbage", "due_reason": "x"}',
        '{"due_date": "2026-12-08", "due_reason": "x", "colour": "red"}',
        '{"due_date": "2026-12-08"}',
    ):
        ran = cli(*place, "--value", value, "--reason", "折中")
        assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "colour" in cli(*place, "--value", '{"colour": 1}', "--reason", "x").err
    assert len(cli("conflict", "list", "--json").json()) == 1


def test_a_third_value_in_a_conflict_is_reported(bare: Run, home: Path, disputed: str, tmp_path: Path) -> None:
    """Whoever knew two values is told that there is another, in a preview too; the same merge again says nothing."""
    source = tmp_path / "source"
    bare("init", "--name", "检查员丁", "--badge", "4", "--area", "141102", on=source)
    # The same file gives the same rows, so its finding is that of the others as it was at first.
    bare("inspection", "load", tmp_path / "one.json", on=source)
    extend(bare, disputed, "2026-12-20", source)
    place = {"table": "findings", "row": disputed, "cell": "due_date"}

    assert place in bare("merge", source, "--preview", "--json", on=home).json()[0]["conflicts"]
    assert place in bare("merge", source, "--trust", "--json", on=home).json()[0]["conflicts"]
    assert bare("merge", source, "--trust", "--json", on=home).json()[0]["conflicts"] == []
    told = [each for each in bare("conflict", "list", "--json", on=home).json() if each["cell"] == "due_date"]
    assert len(told[0]["values"]) == 3


def test_what_remains_of_a_voiding_is_said(bare: Run, home: Path, other: Path, finding: str) -> None:
    """The list says how a voiding is taken back; settling it names what is still open in the row."""
    assert bare("finding", "follow-up", finding, "void", "--text", "误记", on=home).status == 0
    assert bare("finding", "follow-up", finding, "reply", "--text", "已改", on=other).status == 0
    bare("merge", other, "--trust", on=home)
    assert "--value null" in bare("conflict", "list", on=home).out
    ran = bare("conflict", "resolve", "findings", finding, "void", "a", "--reason", "确系误记", on=home)
    assert ran.status == 0
    assert f"conflict resolve findings {finding} status" in ran.out
    left = bare("conflict", "list", "--json", on=home).json()
    assert [each["cell"] for each in left] == ["status"]


def test_a_site_shows_datum_source_and_what_was_typed(cli: Run) -> None:
    """In text and JSON, for a position that was converted."""
    words = (
        "--name",
        "甲厂",
        "--kind",
        "outfall",
        "--longitude",
        "111.15",
        "--latitude",
        "37.5",
        "--datum",
        "GCJ-02",
    )
    site = cli("site", "add", *words, "--json").json()["id"]
    shown = cli("site", "show", site, "--json").json()
    assert [shown[name] for name in ("datum", "typed_datum", "typed_longitude", "position_source")] == [
        "WGS-84",
        "GCJ-02",
        "111.15",
        "manual",
    ]
    text = cli("site", "show", site).out
    for word in ("WGS-84", "GCJ-02", "111.15, 37.5", "manual"):
        assert word in text


def test_adding_a_site_says_what_is_odd(cli: Run) -> None:
    """Outside its area, an unknown area, a second one of the name: recorded, with a warning."""
    made = ("site", "add", "--name", "甲厂", "--kind", "outfall")
    assert cli(*made, "--json").json()["warnings"] == []
    assert [each["code"] for each in cli(*made, "--json").json()["warnings"]] == ["same_name"]
    assert "同名" in cli(*made).out
    far = cli(*made, "--longitude", "37.5", "--latitude", "31.1", "--area", "141121")
    assert far.status == 0
    assert "文水县" in far.out
    assert "999999" in cli(*made, "--area", "999999").out.split("!")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("site", "add", "--name", "甲", "--kind", "outfall", "--attribute", "a=1", "--attribute", "a=2"),
        ("site", "add", "--name", "甲", "--kind", "outfall", "--datum", "GCJ-02"),
        ("search", "甲", "--limit", "0"),
        ("search", "甲", "--limit", "-1"),
    ],
)
def test_a_contradiction_is_wrong_usage(cli: Run, words: tuple[str, ...]) -> None:
    """Exit 2, and nothing recorded."""
    assert cli(*words).status == 2
    assert cli("site", "list", "--json").json() == []


@pytest.mark.parametrize("option", ["--site", "--inspection", "--area"])
@pytest.mark.parametrize("command", [("finding", "list"), ("export", "csv", "-")])
def test_a_filter_by_something_unknown_is_named(
    cli: Run, finding: str, command: tuple[str, ...], option: str
) -> None:
    """An id or area that is not there is more likely a slip than an empty answer."""
    for unknown in ("nothing", "999999"):
        ran = cli(*command, option, unknown)
        assert ran.status == 1
        assert unknown in ran.err
    assert cli(*command, "--area", "141100").status == 0


def test_sites_are_not_filtered_by_what_is_not_there(cli: Run) -> None:
    """An unknown area or kind is named; a known one without sites is an empty list."""
    assert cli("site", "list", "--area", "999999").status == 1
    assert cli("site", "list", "--kind", "nonsense").status == 1
    assert cli("site", "list", "--area", "141121", "--kind", "outfall", "--json").json() == []


def test_a_pipe_is_no_list_of_sites(cli: Run, tmp_path: Path) -> None:
    """It is refused at once instead of being waited for."""
    os.mkfifo(tmp_path / "pipe")
    assert cli("site", "import", tmp_path / "pipe").status == 1
