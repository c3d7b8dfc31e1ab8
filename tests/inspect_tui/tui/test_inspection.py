"""Whole jobs done by keyboard."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records.queries import list_findings, list_inspections, walk
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import language
from tests.inspect_tui.tui.driving import place, press, running, screen_text, settle, shown, type_text
from tests.inspect_tui.tui.scenario import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.tui.scenario import Furnished


async def test_one_inspection_from_first_start_to_csv(tmp_path: Path) -> None:
    """First start, new site, answers, value, note, photo, submission, finding, CSV: all by keys, all on disk."""
    folder, card = tmp_path / "workspace", tmp_path / "card"
    card.mkdir()
    make_photo(card / "A.jpg", latitude=37.5, longitude=111.1, taken_at=NOW, size=(320, 240))
    async with running(folder) as (app, pilot):
        await type_text(pilot, "李强")
        await press(pilot, "enter")
        await type_text(pilot, "14110200001")
        await press(pilot, "enter", "right", "f10")
        shown(app, "李强 14110200001", "按 n（或 F6）")
        await press(pilot, "f6", "f6")
        await type_text(pilot, "示例工程[/]")
        await press(pilot, "f10")
        shown(app, "对象历史", "示例工程[/]")
        await press(pilot, "1", "enter", "enter")
        await type_text(pilot, "王芳")
        await press(pilot, "enter")
        await type_text(pilot, "14110200002")
        await press(pilot, "f10")
        shown(app, "CD-001", "0/45")
        await press(pilot, "1", "3", "f2", "f10", "１")
        shown(app, "CD-004", "3/45", "已存盘")
        await press(pilot, "down", "down", "6")
        await type_text(pilot, "１.8")
        shown(app, "限值")
        await press(pilot, "f10", "5")
        await type_text(pilot, "北侧围挡低矮")
        await press(pilot, "f10", "2")
        await type_text(pilot, "围挡高度不足")
        await press(pilot, "f10", "4", "slash", "ctrl+u")
        await type_text(pilot, str(card))
        await press(pilot, "enter", "space", "f10")
        shown(app, "附上 1 张照片", "围挡高度不足", "北侧围挡低矮")
        await press(pilot, "f10", "2")
        await press(pilot, "enter")
        await type_text(pilot, "赵经理")
        await press(pilot, "f10", "f10", "f4")
        shown(app, "共 1 条", "示例工程[/]", "CD-101")
        await press(pilot, "c", "ctrl+u")
        await type_text(pilot, str(tmp_path / "out.csv"))
        await press(pilot, "enter")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))

    assert len(rows) == 2
    assert "示例工程[/]" in rows[1]
    with Workspace.open(folder) as workspace:
        assert list_inspections(workspace)[0].state == "submitted"
        assert list_findings(workspace).lines[0].item == "CD-101"


async def test_a_verdict_is_on_disk_before_the_next_paint(furnished: Furnished) -> None:
    """As soon as the key is handled another reader of the file sees the verdict, with no reason typed yet."""
    async with running(furnished.folder) as (_app, pilot):
        await press(pilot, "enter")
        await pilot.press("2")
        with Workspace.open(furnished.folder) as other:
            verdicts = {
                view.item.id: view.answer.verdict for view in walk(other, furnished.draft).items() if view.answer
            }

    assert verdicts["CD-004"] == "fail"


async def test_undo_clear_and_moving_about(furnished: Furnished) -> None:
    """U takes back the last answer, 0 clears one, [ and ] move, the place is remembered."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "1")
        shown(app, "5/45")
        await press(pilot, "u")
        shown(app, "4/45", "CD-004", "已撤销")
        await press(pilot, "up", "0")
        shown(app, "CD-003", "· 未检查", "3/45")
        await press(pilot, "right", "right", "escape", "enter")
        shown(app, "CD-201")


async def test_what_is_typed_stays_when_it_is_refused(furnished: Furnished) -> None:
    """A refused form says why in one sentence and keeps every field; Escape asks once."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f3", "n")
        await type_text(pilot, "新工地")
        await press(pilot, "down", "down", "down", "down")
        await type_text(pilot, "91140000X")
        await press(pilot, "f10")
        shown(app, "GB 32100", "新工地", "91140000X")
        await press(pilot, "escape")
        shown(app, "再按一次 Esc", "新工地")
        await press(pilot, "escape")

        assert place(app) == "SitesScreen"


async def test_submission_says_what_is_missing_and_goes_there(furnished: Furnished) -> None:
    """F10 on an incomplete inspection refuses, lists the reasons, and Enter goes to the item."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "f10", "f10")
        shown(app, "执法人员不足两人", "CD-002 判为不适用，缺少理由", "CD-003 判为不合格，缺少照片")
        await press(pilot, "down", "enter")
        shown(app, "CD-002", "缺理由，按 5 填写")


async def test_language_and_colours_change_while_it_runs(furnished: Furnished) -> None:
    """F9 says everything anew, what is typed stays, and the choice is remembered."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "f9")
        shown(app, "Walk", "Pass", "not checked", "1 pass")
        await press(pilot, "f3", "ctrl+t")
        shown(app, "Sites", "Construction")
        await press(pilot, "ctrl+p")
        await type_text(pilot, "帮助")
        await press(pilot, "enter")
        shown(app, "Help")

        assert app.theme == "day"
    with Workspace.open(furnished.folder) as workspace:
        assert (workspace.config.language, workspace.config.theme) == ("en", "day")
    assert language() == "en"


async def test_search_filter_and_sort_of_findings(furnished: Furnished) -> None:
    """Typing narrows the list at once, filters add to it, Escape shows all again."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f4", "slash")
        await type_text(pilot, "ＣＤ-００１")
        shown(app, "共 1 条")
        await press(pilot, "escape", "f", "down", "2", "f10")
        shown(app, "共 0 条", "没有符合条件的问题")
        await press(pilot, "escape", "o")
        shown(app, "共 2 条", "最早在前")


async def test_a_follow_up_is_recorded_and_a_frozen_finding_is_not_edited(furnished: Furnished) -> None:
    """R records an event; e on a submitted inspection's finding is refused with what to do."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f4", "r", "2", "f10")
        shown(app, "已回复待复查")
        await press(pilot, "e")
        await type_text(pilot, "改")
        await press(pilot, "f10")
        shown(app, "已提交，不能改动")
        await settle(pilot)

        assert "改" in screen_text(app)
