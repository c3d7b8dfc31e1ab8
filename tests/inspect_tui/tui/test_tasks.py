"""Tasks on Today and on a site: seen by whom they are for, opened with site, checklist and officers preset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.model import Officer, SiteInput
from inspect_tui.records.queries import list_inspections, list_sites, list_tasks, site_detail
from inspect_tui.records.sites import edit_site
from inspect_tui.records.tasks import TaskInput, new_task, task_edit
from inspect_tui.records.workspace import Workspace
from tests.inspect_tui.tui.driving import place, press, running, screen_text, shown
from tests.inspect_tui.tui.test_screens import Album, _shot

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.texts import Language
    from tests.inspect_tui.tui.scenario import Furnished

LI, WANG, ZHANG = Officer("李强", "14110200001"), Officer("王芳", "14110200002"), Officer("张建国", "14110200003")


def ask(folder: Path) -> None:
    """Two tasks for 李强, one of them late, and one for others; the sites are graded."""
    with Workspace.open(folder) as workspace:
        sites = {one.name: one for one in list_sites(workspace)}
        outfall, yard = sites["三川河一号排口"], sites["东山矸石场"]
        note = "群众反映夜间排水有异味"
        new_task(workspace, TaskInput(outfall.id, "river-outfall", [LI, ZHANG, WANG], "2026-11-25", note))
        new_task(workspace, TaskInput(outfall.id, "river-outfall", [WANG, ZHANG], "2026-11-24"))
        # A day that is past is refused to a supervisor, so the late one is written as if some days ago.
        late = task_edit(workspace, yard.id, "solid-waste-storage", [WANG, LI], "2026-11-18", "")
        workspace.write(yard.area, [late])
        for line, risk in ((outfall, "high"), (yard, "low")):
            row = site_detail(workspace, line.id).row
            said = SiteInput(name=line.name, kind=line.kind, area=line.area, address=line.address, risk_class=risk)
            edit_site(workspace, line.id, said, basis=row)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_tasks_look_as_they_are_recorded(
    furnished: Furnished, language: Language, size: tuple[int, int]
) -> None:
    """Today, the form that a task opens, the graded sites and one of them equal their golden files."""
    ask(furnished.folder)
    async with running(furnished.folder, size=size, language=language, toasts=False) as (app, pilot):
        album = Album(app, language, size, furnished.folder.parent)
        await _shot(album, pilot, "today-tasks", "超期 2 天", "2 d overdue")
        await _shot(album, pilot, "begin-task", "任务：2026-11-25 前完成", "Task: by 2026-11-25", "down", "enter")
        await _shot(album, pilot, "sites-by-risk", "风险高在前", "highest risk first", "escape", "f3", "o", "o")
        await _shot(album, pilot, "site-task", "高风险 · 从未检查", "high risk", "home", "enter")

    assert not album.wrong, "\n".join(album.wrong)


async def test_a_task_is_begun_from_today_and_goes_when_it_is_begun_and_done(furnished: Furnished) -> None:
    """Enter, Enter to the end: the visit has the task's site, checklist and all its officers, and names the task."""
    ask(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "down", "enter")
        assert place(app) == "BeginForm"
        await press(pilot, "f10")
        assert place(app) == "WalkScreen"
        await press(pilot, "escape")
        shown(app, "[检查中] 三川河一号排口")
        # The task that has begun opens its visit, and begins no second one.
        await press(pilot, "home", "down", "enter")
        assert place(app) == "WalkScreen"

    with Workspace.open(furnished.folder) as workspace:
        task = next(one for one in list_tasks(workspace) if one.state == "started")
        visit = next(one for one in list_inspections(workspace) if one.id == task.inspection)
        assert (visit.site, visit.checklist) == (task.site, "river-outfall")
        assert [one.badge for one in visit.officers] == [LI.badge, ZHANG.badge, WANG.badge]
        assert sum(one.checklist == "river-outfall" for one in list_inspections(workspace)) == 1


async def test_the_form_begins_with_the_checklist_of_the_task(furnished: Furnished) -> None:
    """Also with one that is not the first for its kind of site."""
    with Workspace.open(furnished.folder) as workspace:
        task = new_task(workspace, TaskInput(furnished.site, "solid-waste-storage", [LI, WANG], "2026-11-25"))
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter", "f10")
        assert place(app) == "WalkScreen"
    with Workspace.open(furnished.folder) as workspace:
        found = next(one for one in list_tasks(workspace) if one.id == task)
        assert found.state == "started"
        assert list_inspections(workspace)[0].checklist == "solid-waste-storage"


async def test_a_visit_with_another_checklist_leaves_the_task_waiting(furnished: Furnished) -> None:
    """Whoever turns to another checklist in the form inspects something else."""
    ask(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "down", "enter", "right", "f10")
        assert place(app) == "WalkScreen"

    with Workspace.open(furnished.folder) as workspace:
        assert {one.state for one in list_tasks(workspace)} == {"assigned"}
        assert list_inspections(workspace)[0].checklist != "river-outfall"


async def test_today_is_silent_about_tasks_of_others(furnished: Furnished) -> None:
    """A laptop shows what its own officer has to do, by badge number however it is written."""
    ask(furnished.folder)
    with Workspace.open(furnished.folder) as workspace:
        workspace.change_config(badge="1411020-0003", name="张建国")
    async with running(furnished.folder) as (app, _):
        assert screen_text(app).count("三川河一号排口") == 2
        assert "东山矸石场" not in screen_text(app)
    with Workspace.open(furnished.folder) as workspace:
        workspace.change_config(badge="99", name="无")
    async with running(furnished.folder) as (app, _):
        assert "我的任务" not in screen_text(app)
        shown(app, "任务 0")


async def test_a_checklist_that_is_not_here_is_said(furnished: Furnished) -> None:
    """A task from a newer laptop may name a checklist that this one lacks."""
    with Workspace.open(furnished.folder) as workspace:
        edit = task_edit(workspace, furnished.site, "not-here", [LI], "2026-11-21", "")
        workspace.write("141102", [edit])
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "enter")
        assert place(app) == "TodayScreen"
        shown(app, "没有任务所用的检查表")
