"""The Conflicts screen: base and values with who and when, settled by key and reason; refused changes; same sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.conflicts import list_conflicts
from inspect_tui.records.refusals import list_refused
from inspect_tui.records.settlements import list_settlements
from inspect_tui.records.workspace import Workspace
from inspect_tui.tui.widgets.fields import NoteArea
from tests.inspect_tui.tui.disputes import BASE, OURS, THEIRS, dispute
from tests.inspect_tui.tui.driving import place, press, running, screen_text, settle, shown, type_text
from tests.inspect_tui.tui.test_screens import Album

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.texts import Language
    from tests.inspect_tui.tui.scenario import Furnished

BOTH = "北侧围挡缺口约 12 m，已拍照。裸土未覆盖。出入口未设洗车台，道路带泥 30 m。"


@pytest.fixture
def finding(furnished: Furnished, tmp_path: Path) -> str:
    """The furnished workspace in conflict with another; its id is that of the finding in conflict."""
    return dispute(furnished, tmp_path / "beside")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_screen_looks_as_it_is_recorded(
    furnished: Furnished, finding: str, language: Language, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Base and values under or beside each other, differences by signs, forms, refused changes, photos."""
    with Workspace.open(furnished.folder) as workspace:
        names = workspace.replica.device_name(workspace.device)
    async with running(furnished.folder, size=size, language=language, toasts=False) as (app, pilot):
        # the device is called after the machine
        monkeypatch.setitem(app.desk.workspace.replica._names, app.desk.workspace.device, "一号机")
        assert names != "一号机"
        album = Album(app, language, size, furnished.folder.parent)
        await press(pilot, "f12")
        album.take("conflicts-verdict", "本阶段无土方作业", "Base (what all had seen)")
        await press(pilot, "n")
        album.take("conflicts-text", "+ 新增，− 删去", "+ added, − gone")
        await press(pilot, "e")
        album.take("conflicts-own", "另填取值", "a value of your own")
        await press(pilot, "escape", "escape", "a")
        album.take("conflicts-reason", "选 a：请写理由", "a it is: say why")
        await press(pilot, "escape", "home", "p")
        album.take("photo-view", "IMG_2.jpg", "IMG_2.jpg")

    assert not album.wrong, "\n".join(album.wrong)


async def test_a_choice_needs_a_reason_and_settles(furnished: Furnished, finding: str) -> None:
    """Without a reason the form stays; with one the conflict leaves the list and the cursor goes on to the next."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "n", "２")
        await press(pilot, "f10")
        shown(app, "须写明理由")
        await type_text(pilot, "现场复核")
        await press(pilot, "f10")
        shown(app, "冲突 2", "已解决 1", "› 检查 ")
        assert place(app) == "ConflictsScreen"
    with Workspace.open(furnished.folder) as workspace:
        assert workspace.row("findings", finding).values["description"] == OURS
        assert len(list_conflicts(workspace)) == 2


async def test_a_long_text_is_settled_by_what_both_wrote(furnished: Furnished, finding: str) -> None:
    """The proposal has the changes of both sides; what the officer makes of it is recorded with the reason."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "n", "f7")
        shown(app, "，已拍照。", "道路带泥 30")
        area = app.screen.query_one(NoteArea)
        area.insert("已核对", area.document.end)
        await press(pilot, "enter")
        await type_text(pilot, "两处都属实")
        await press(pilot, "f10")
        shown(app, "冲突 2")
    with Workspace.open(furnished.folder) as workspace:
        assert workspace.row("findings", finding).values["description"] == f"{BOTH}已核对"
        assert list_settlements(workspace)[0].reason == "两处都属实"


async def test_marks_of_undecided_places_are_not_recorded(furnished: Furnished, finding: str) -> None:
    """A proposal with a place that both changed cannot be saved as it is."""
    with Workspace.open(furnished.folder) as workspace:
        view = next(one for one in list_conflicts(workspace) if one.conflict.table == "findings")
        assert (view.conflict.base, {head.value for head in view.conflict.heads}) == (BASE, {OURS, THEIRS})
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "n", "e")
        app.screen.query_one(NoteArea).insert("⟦甲┃乙⟧")
        await press(pilot, "enter")
        await type_text(pilot, "理由")
        await press(pilot, "f10")
        shown(app, "未定之处")
    with Workspace.open(furnished.folder) as workspace:
        assert len(list_conflicts(workspace)) == 3


async def test_a_group_is_typed_in_plain_words(furnished: Furnished, finding: str) -> None:
    """The verdict by a digit, its reason as a line; no JSON."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "e")
        assert "{" not in screen_text(app)
        await press(pilot, "3")
        await press(pilot, "down", "ctrl+end", "end", "ctrl+u")
        await type_text(pilot, "缺口未封闭")
        await press(pilot, "enter")
        await type_text(pilot, "到场核实")
        await press(pilot, "f10")
        shown(app, "冲突 2")
    with Workspace.open(furnished.folder) as workspace:
        values = workspace.select("SELECT verdict, reason, verdict_source FROM answers WHERE item = 'CD-101'")[0]
        assert tuple(values) == ("fail", "缺口未封闭", "officer")


async def test_a_settled_conflict_is_settled_differently(furnished: Furnished, finding: str) -> None:
    """Its list shows who settled it how and why; another choice stands beside the first, the same one is refused."""
    async with running(furnished.folder, size=(120, 40)) as (app, pilot):
        await press(pilot, "f12", "end", "a")
        await type_text(pilot, "先信二号机")
        await press(pilot, "f10", "t", "t")
        shown(app, "▸已解决 1", "先信二号机", "上午到场，下雨", "原值")
        await press(pilot, "a")
        await type_text(pilot, "再来")
        await press(pilot, "f10")
        shown(app, "当前就是这一取值")
        await press(pilot, "escape", "escape", "b")
        await type_text(pilot, "其实没下雨")
        await press(pilot, "f10")
        shown(app, "▸已解决 2", "其实没下雨", "先前")
        await press(pilot, "down")
        shown(app, "此后又改过")
    with Workspace.open(furnished.folder) as workspace:
        assert workspace.row("inspections", furnished.draft).values["note"] == "上午到场"
        assert [line.current for line in list_settlements(workspace)] == [True, False]
        assert len(list_conflicts(workspace)) == 2


async def test_a_refused_change_is_shown_and_offered_again(furnished: Furnished, finding: str) -> None:
    """Who, what and why in words; offered again with a reason it counts, and says so."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "r")
        shown(app, "只用于未采纳的变更")
        await press(pilot, "t")
        shown(app, "外县堆场", "二号机", "不含该行政区", "工业固体废物贮存场")
        await press(pilot, "f10")
        await type_text(pilot, "借调")
        await press(pilot, "f10")
        shown(app, "未采纳 0", "✓ 已重新提交", "借调")
        await press(pilot, "r")
        assert place(app) == "ConflictsScreen"
    with Workspace.open(furnished.folder) as workspace:
        assert workspace.row("sites", "01a00000-0000-7000-8000-000000000009").values["name"] == "外县堆场"
        assert list_refused(workspace)[0].offered is not None


async def test_enter_opens_what_it_is_about_and_f12_comes_back(furnished: Furnished, finding: str) -> None:
    """The item of the walk, the finding; the palette knows the screen too."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12", "enter")
        assert place(app) == "WalkScreen"
        shown(app, "CD-101")
        await press(pilot, "escape", "f12", "n", "enter")
        assert place(app) == "FindingScreen"
        await press(pilot, "f12")
        assert place(app) == "ConflictsScreen"
        await press(pilot, "f9")
        shown(app, "conflicts 3", "2 values")


async def test_without_conflicts_every_list_says_what_it_is_for(furnished: Furnished) -> None:
    """Empty lists explain themselves, and no key does harm."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f12")
        shown(app, "没有冲突")
        await press(pilot, "a", "e", "n", "p", "enter", "r", "]")
        await press(pilot, "t")
        shown(app, "没有未采纳的变更")
        await press(pilot, "t")
        shown(app, "还没有解决过冲突")
        assert place(app) == "ConflictsScreen"


async def test_sites_are_joined_and_parted_from_the_site_screen(furnished: Furnished) -> None:
    """The other row is chosen from a list, both need a reason; the list then shows one with both names."""
    from inspect_tui.records.model import SiteInput
    from inspect_tui.records.sites import add_site
    from inspect_tui.tui.screens.site import SiteScreen

    with Workspace.open(furnished.folder) as workspace:
        add_site(workspace, SiteInput("滨河新区住宅１期", "construction_site", "141102"))
    async with running(furnished.folder) as (app, pilot):
        await app.push_screen(SiteScreen(app.desk, furnished.site))
        await settle(pilot)
        await press(pilot, "8")
        shown(app, "没有归并过")
        await press(pilot, "7")
        shown(app, "滨河新区住宅１期")
        await press(pilot, "enter", "enter", "enter")
        shown(app, "须写明理由")
        await type_text(pilot, "同一工地")
        await press(pilot, "f10")
        shown(app, "= 归并", "同一工地")
        await press(pilot, "f3")
        shown(app, "滨河新区住宅一期 (= 滨河")
        await app.push_screen(SiteScreen(app.desk, furnished.site))
        await settle(pilot)
        await press(pilot, "u")
        await type_text(pilot, "看错了")
        await press(pilot, "f10", "f3")
        shown(app, "滨河新区住宅１期")
        assert "(= " not in screen_text(app)
