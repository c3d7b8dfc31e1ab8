"""What those who keep the catalogue ask: coverage, differences, the legal register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checklists.catalogue import BUILT_IN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


def test_coverage_names_the_items_of_every_duty(bare: Run) -> None:
    """147 duties, none missing; the page is that of the documents."""
    rows = bare("checklist", "coverage", "--json").json()
    assert len(rows) == 147
    assert all(row["items"] or row["excluded"] for row in rows)
    page = bare("checklist", "coverage", "--page").out
    assert page == (BUILT_IN.parents[1] / "docs" / "coverage.md").read_text("utf-8")


def test_differences_between_a_file_and_the_catalogue(bare: Run, tmp_path: Path) -> None:
    """Each changed field with its old and new value; equal ones have none; a missing file is named."""
    text = (BUILT_IN / "coal-boiler.yaml").read_text("utf-8")
    path = tmp_path / "later.yaml"
    path.write_text(text.replace("version: 2026.11.1", "version: 2027.1.1", 1), "utf-8")
    (only,) = bare("checklist", "diff", "coal-boiler", str(path), "--json").json()
    assert (only["what"], only["field"], only["old"], only["new"]) == (
        "changed",
        "version",
        "2026.11.1",
        "2027.1.1",
    )
    assert "没有差别" in bare("checklist", "diff", "coal-boiler", "coal-boiler").out
    refused = bare("checklist", "diff", "coal-boiler", str(tmp_path / "none.yaml"))
    assert refused.status == 1
    assert "none.yaml" in refused.err


def test_the_register_knows_what_was_in_force_on_a_day(bare: Run) -> None:
    """The old laws until 2026-08-14, the code from the day after; a document tells who cites it."""
    old = {row["id"] for row in bare("checklist", "law", "list", "--on", "2026-08-14", "--json").json()}
    new = {row["id"] for row in bare("checklist", "law", "list", "--on", "2026-08-15", "--json").json()}
    assert "air-pollution-law" in old - new
    assert "ecological-environment-code" in new - old
    shown = bare("checklist", "law", "show", "gb-18599-2020", "--json").json()
    assert {"item": "SW-009", "checklist": "solid-waste-storage", "article": "7.1"} in shown["cited"]
    for words in (("list", "--on", "x"), ("list", "--on", "20260814"), ("show", "nope")):
        assert bare("checklist", "law", *words).status == 1


def test_a_new_checklist_can_be_used_at_once(cli: Run, tmp_path: Path) -> None:
    """The draft passes validate, is imported and listed; a taken id, an unknown kind or duty and an existing file are refused."""
    path = tmp_path / "mine.yaml"
    words = ["--title-zh", "示例清单", "--title-en", "An example: mine", "--kind", "outfall"]
    duties = ["--duty", "P4.2-04", "--duty", "P4.2-05"]
    assert cli("checklist", "new", "our-own", path, *words, *duties).status == 0
    assert cli("checklist", "validate", path).status == 0
    assert cli("checklist", "import", path).status == 0
    listed = {row["id"]: row["items"] for row in cli("checklist", "list", "--json").json()}
    assert listed["our-own"] == 2
    other = tmp_path / "other.yaml"
    for changed in (
        ["river-outfall", other, *words, *duties],
        ["Our Own", other, *words, *duties],
        ["another", path, *words, *duties],
        ["another", other, *words, "--duty", "P0"],
        ["another", other, *words, "--kind", "nothing", *duties],
    ):
        assert cli("checklist", "new", *changed).status == 1
    assert not other.exists()
