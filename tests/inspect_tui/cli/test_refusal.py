"""Refused changes, settled conflicts and joined sites from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.model import SiteInput
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from sync.exchange import exchange
from sync.identity import Identity
from sync.peers import ReplicaPeer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


@pytest.fixture
def refused(home: Path, tmp_path: Path) -> str:
    """A site that a laptop of the team recorded outside its areas; its version."""
    with Workspace.open(home) as here:
        root = here.identity.root
        assert root is not None
        with Workspace.init(tmp_path / "field", name="乙", badge="14110200002", area="141125") as made:
            made.replica.identity = Identity.issue(root, "外勤机", areas=("141102",))
            made.replica.set_meta("team", here.replica.team)
            made.replica.forget_team()
            site = SiteInput("外县堆场", "solid_waste_yard", "141125")
            row = add_site(made, site)
            exchange(here.replica, ReplicaPeer(made.replica), trust=lambda _: True, officer="1")
        return str(here.replica.history(row)[0].version)


def test_refused_changes_are_listed_and_offered_again(cli: Run, refused: str) -> None:
    """In words and as JSON; offered again with a reason it counts, and the list says so."""
    (told,) = cli("conflict", "refused", "--json").json()
    assert (told["version"], told["area"], told["officer"]) == (refused, "141125", "14110200002")
    assert told["changes"][0]["code"] == "area"
    assert told["changes"][0]["set"]["name"] == "外县堆场"
    out = cli("conflict", "refused").out
    assert all(word in out for word in (refused, "外县堆场", "设备证书不含该行政区", "外勤机"))
    assert cli("conflict", "offer-again", refused).status == 1
    assert cli("conflict", "offer-again", "x:1:2", "--reason", "x").status == 1
    assert cli("site", "list", "--json").json() == []
    (done,) = cli("conflict", "offer-again", refused, "--reason", "借调属实", "--json").json()
    assert done["version"] == refused
    assert [each["name"] for each in cli("site", "list", "--json").json()] == ["外县堆场"]
    assert cli("conflict", "refused", "--json").json()[0]["offered"]["version"] == done["offered"]
    assert "借调属实" in cli("conflict", "refused").out
    assert cli("conflict", "offer-again", refused, "--reason", "再").status == 1
    assert cli("verify").status == 0


def test_of_several_versions_all_or_none_are_offered_again(cli: Run, refused: str) -> None:
    """One that cannot be offered takes the others back."""
    ran = cli("conflict", "offer-again", refused, f"{refused[:-1]}x", "--reason", "x")
    assert ran.status == 1
    assert cli("site", "list", "--json").json() == []


def test_without_any_the_lists_say_so(cli: Run) -> None:
    """One sentence each, an empty array for machines."""
    assert cli("conflict", "refused").out.strip() == "没有未采纳的变更。"
    assert cli("conflict", "settled").out.strip() == "还没有解决过冲突。"
    assert cli("site", "same-suggest").out.strip() == "没有像是同一对象的登记。"
    for words in (("conflict", "refused"), ("conflict", "settled"), ("site", "same-suggest")):
        assert cli(*words, "--json").json() == []


def test_a_settled_conflict_is_listed_and_settled_differently(
    bare: Run, cli: Run, home: Path, tmp_path: Path
) -> None:
    """Both values stay to choose from; the second settlement stands beside the first."""
    site = cli("site", "add", "--name", "甲", "--kind", "outfall", "--json").json()["id"]
    folder = tmp_path / "other"
    bare("init", "--name", "乙", "--badge", "2", "--area", "141102", on=folder)
    assert bare("merge", home, "--trust", on=folder).status == 0
    for where, address in ((home, "南岸"), (folder, "北岸")):
        with Workspace.open(where) as workspace:
            from inspect_tui.records.sites import edit_site

            edit_site(workspace, site, SiteInput("甲", "outfall", "141102", address))
    assert cli("merge", folder, "--trust").status == 0
    place = ("conflict", "resolve", "sites", site, "address")
    assert cli(*place, "a", "--again", "--reason", "x").status == 1
    (view,) = cli("conflict", "list", "--json").json()
    north = next(each["choice"] for each in view["values"] if each["value"] == "北岸")
    assert cli(*place, north, "--reason", "乙说的").status == 0
    (told,) = cli("conflict", "settled", "--json").json()
    assert (told["value"], told["reason"], told["current"]) == ("北岸", "乙说的", True)
    letters = {each["value"]: each["choice"] for each in told["values"]}
    assert set(letters) == {"南岸", "北岸"}
    assert cli(*place, letters["北岸"], "--again", "--reason", "x").status == 1
    assert cli(*place, letters["南岸"], "--again", "--reason", "现场核实", "--json").status == 0
    assert [each["current"] for each in cli("conflict", "settled", "--json").json()].count(True) == 1
    assert "现场核实" in cli("conflict", "settled").out
    assert cli("site", "show", site, "--json").json()["address"] == "南岸"
    assert cli("verify").status == 0


def test_sites_are_joined_shown_and_parted(cli: Run) -> None:
    """The list has one with its mark, both histories tell, parting lists both again; each needs a reason."""
    ids = [
        cli("site", "add", "--name", name, "--kind", "outfall", "--json").json()["id"]
        for name in ("三川河一号排口", "三川河１号排口（重复）", "三川河 一号排口")
    ]
    kept, other, twin = ids
    (hint,) = cli("site", "same-suggest", "--json").json()
    assert ({hint["kept"], hint["joined"]}, hint["codes"]) == ({kept, twin}, ["name"])
    assert "名称相同" in cli("site", "same-suggest").out
    assert cli("site", "same", kept, other).status == 1
    told = cli("site", "same", kept, other, "--reason", "两台电脑各登记一次", "--json").json()
    assert told["group"] == [kept, other]
    assert cli("site", "same", kept, twin, "--reason", "同上").status == 0
    (line,) = cli("site", "list", "--json").json()
    assert (line["id"], len(line["joined_names"])) == (kept, 2)
    assert "三川河一号排口 (= " in cli("site", "list").out
    assert "（重复）" in cli("site", "list", "重复").out
    shown = cli("site", "show", other, "--json").json()
    assert shown["kept"] == kept
    assert {each["reason"] for each in shown["joinings"]} == {"两台电脑各登记一次", "同上"}
    assert "已归并到" in cli("site", "show", other).out
    assert "两台电脑各登记一次" in cli("site", "show", kept).out
    assert cli("site", "part", other, twin, "--reason", "x").status == 1
    assert cli("site", "part", kept, twin, "--reason", "不是一处", "--json").status == 0
    assert cli("site", "part", kept, other, "--reason", "不是一处").status == 0
    assert {each["id"] for each in cli("site", "list", "--json").json()} == set(ids)
    assert cli("verify").status == 0


def test_the_csv_keeps_the_site_under_which_a_finding_was_recorded(cli: Run, loaded: str) -> None:
    """Joining sites rewrites no evidence."""
    (before,) = cli("finding", "list", "--json").json()
    kept = cli("site", "add", "--name", "另一名", "--kind", "construction_site", "--json").json()["id"]
    assert cli("site", "same", kept, before["site_id"], "--reason", "同一处").status == 0
    (after,) = cli("finding", "list", "--json").json()
    assert (after["site_id"], after["site_name"]) == (before["site_id"], before["site_name"])
    assert [each["id"] for each in cli("site", "show", kept, "--json").json()["finding_list"]] == [
        after["finding_id"]
    ]
