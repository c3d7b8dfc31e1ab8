"""Whole jobs done by keyboard."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records.answers import answer
from inspect_tui.records.model import AnswerInput, SiteInput
from inspect_tui.records.queries import list_findings, list_inspections, walk
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import language
from inspect_tui.tui.widgets.fields import NoteArea, TextField
from inspect_tui.tui.widgets.prose import Block, Prose
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
        await type_text(pilot, "1")
        await press(pilot, "escape")
        shown(app, "再按一次 Esc", "91140000X1")
        await press(pilot, "escape")

        assert place(app) == "SitesScreen"


async def test_what_is_typed_into_a_note_is_not_lost_to_an_earlier_escape(furnished: Furnished) -> None:
    """Escape asks once more after something else was typed, in a text of several lines too."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "5")
        await type_text(pilot, "一")
        await press(pilot, "escape")
        await type_text(pilot, "二")
        await press(pilot, "escape")
        shown(app, "一二", "再按一次 Esc")


async def test_help_language_and_colours_work_over_a_form(furnished: Furnished) -> None:
    """F1 and F9 leave what is typed alone."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "5")
        await type_text(pilot, "一")
        await press(pilot, "f9", "f1")
        shown(app, "Help: Dialogs and forms")
        await press(pilot, "escape")
        shown(app, "Note", "一")


async def test_a_submitted_inspection_is_looked_at_and_not_recorded_into(furnished: Furnished) -> None:
    """It is read item by item and records nothing until it is opened for amendment in its summary."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f4", "enter", "3")
        shown(app, "CD-00", "只能查看", "✗ 不合格")
        await press(pilot, "1")
        shown(app, "✗ 不合格")
        await press(pilot, "f10")
        shown(app, "内容不再改动", "6 更正")
        await press(pilot, "1")
        assert place(app) == "SummaryScreen"
        await press(pilot, "6")
        await type_text(pilot, "补照片")
        await press(pilot, "f10", "escape")
        shown(app, "改完须再次提交")
        await press(pilot, "1")
        shown(app, "✓ 合格")


async def test_a_csv_is_replaced_only_when_asked_twice(furnished: Furnished, tmp_path: Path) -> None:
    """A name that is free is proposed; another file is named before it is overwritten."""
    file = tmp_path / "mine.csv"
    file.write_text("mine", encoding="utf-8")
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f4", "c", "ctrl+u")
        app.screen.query_one("#field-path", TextField).value = str(file)
        await press(pilot, "f10")
        shown(app, "已存在")
        assert file.read_text(encoding="utf-8") == "mine"
        await press(pilot, "f10")

    assert "CD-001" in file.read_text(encoding="utf-8-sig")


async def test_no_character_hides_behind_a_scrollbar(furnished: Furnished) -> None:
    """What is laid out takes only the columns that the scrollbar leaves."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter")
        item = app.screen.query_one("#item", Prose)
        text = "拍摄时间不在本次检查时间内，" * 60
        item.show([Block(text)])
        await settle(pilot)
        lines = [line.partition("▕")[2].strip("▁▂▃▄▅▆▇█ ") for line in screen_text(app).splitlines()[1:-3]]

        assert item.show_vertical_scrollbar
        assert text.startswith("".join(lines))


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
        shown(app, "问题已随检查提交")

        assert place(app) == "FindingsScreen"


async def test_one_of_many_is_found_by_a_few_letters(furnished: Furnished) -> None:
    """A choice with more options than digits opens a list to search in; Enter takes one, Escape leaves it as it was."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f3", "f6")
        await press(pilot, "tab", "space")
        shown(app, "请选择", "建筑工地", "入河排污口")
        await type_text(pilot, "加油站")
        await press(pilot, "enter", "enter")
        shown(app, "加油站", "新建对象")
        await press(pilot, "space")
        await type_text(pilot, "没有这一类")
        shown(app, "没有符合的选项")
        await press(pilot, "escape")
        assert place(app) == "SiteForm"
        shown(app, "加油站", "新建对象")


async def test_a_quick_test_and_a_sample_leave_the_last_word_to_the_laboratory(furnished: Furnished) -> None:
    """A number over its limit is suspected, whichever says that it waits; the form says again how it was got."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", *["down"] * 2, "6", "ctrl+u")
        await type_text(pilot, "1.1")
        await press(pilot, "down", "2", "f10", "6")
        shown(app, "快检值", "疑似")
        await press(pilot, "down", "1", "down")
        await type_text(pilot, "S-1")
        shown(app, "测得值", "疑似")
        await press(pilot, "f10")
    with Workspace.open(furnished.folder) as workspace:
        answered = {view.item.id: view.answer for view in walk(workspace, furnished.draft).items()}

    found = answered["CD-101"]
    assert found is not None
    assert (found.verdict, found.source, found.sample and found.sample.number) == ("fail", "suspected", "S-1")


async def test_arrows_leave_a_text_of_several_lines(furnished: Furnished) -> None:
    """Up in its first line and down in its last go to the field before and to the next one."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f4", "r", "down", "down", "down")
        await type_text(pilot, "上")
        await press(pilot, "ctrl+j")
        await type_text(pilot, "下")
        await press(pilot, "up", "up")
        assert app.focused is app.screen.query_one("#field-new_due_date Input")
        await press(pilot, "down", "down", "down")
        assert app.focused is app.screen.query_one("#field-officer Input")


async def test_a_finding_does_not_repeat_the_checklist_in_the_other_language(furnished: Furnished) -> None:
    """A reason taken from the checklist with F2 in English adds nothing to the criterion in Chinese."""
    async with running(furnished.folder, language="en") as (app, pilot):
        await press(pilot, "enter", "2", "f2", "f10", "7")
        criterion = app.screen.query_one("#field-description NoteArea", NoteArea).text
        assert criterion
        assert "：" not in criterion


async def test_a_long_state_leaves_room_for_the_name(furnished: Furnished) -> None:
    """In English a kind may take the whole title line; the name of the site stands there all the same."""
    name = "柳林县第二污水处理厂"
    with Workspace.open(furnished.folder) as workspace:
        add_site(workspace, SiteInput(name=name, kind="sewage_works", area="141125", address="柳林县"))
    async with running(furnished.folder, language="en") as (app, pilot):
        await press(pilot, "f3", "slash")
        await type_text(pilot, name)
        await press(pilot, "enter", "enter")
        shown(app, f"{name} Municipal sewage works")


async def test_two_windows_on_one_draft_overwrite_nothing_unseen(furnished: Furnished) -> None:
    """An answer given in another window since is kept; this window says so and shows it."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "]")
        item = app.screen._state.item  # type: ignore[attr-defined]  # the walk's
        with Workspace.open(furnished.folder) as other:
            answer(other, furnished.draft, item, AnswerInput(verdict="pass"))
        await press(pilot, "2")
        shown(app, "另一窗口已有记录", "✓ 合格")
