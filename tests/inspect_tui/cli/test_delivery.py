"""How far inspections have come, told by `inspection list`, `inspection show` and `sync`, with a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.inspect_tui.tui.office import open_office

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


def test_each_inspection_says_where_it_is(cli: Run, loaded: str, tmp_path: Path) -> None:
    """Saved here before a sync; verified there afterwards, with its photos; changed since, saved here again."""
    (before,) = cli("inspection", "list", "--json").json()
    assert (before["delivery"], before["photos"], before["photos_there"]) == ("saved", 1, 0)
    assert "仅存本机 0/1" in cli("inspection", "list").out
    with open_office(tmp_path / "office") as office:
        assert cli("team", "join", office.code()).status == 0
        assert cli("sync", "--json").json()["inspections"]["verified"] == 1
        (after,) = cli("inspection", "list", "--json").json()
        assert (after["delivery"], after["photos"], after["photos_there"]) == ("verified", 1, 1)
        shown = cli("inspection", "show", loaded, "--json").json()
        assert (shown["delivery"], shown["photos_there"]) == ("verified", 1)
        assert "已核验 1/1" in cli("inspection", "show", loaded).out
        finding = cli("finding", "list", "--json").json()[0]["finding_id"]
        assert cli("finding", "follow-up", finding, "reply", "--text", "已苫盖").status == 0
    assert cli("inspection", "list", "--json").json()[0]["delivery"] == "saved"
