"""A draft whose checklist has a newer version: told when it is opened, previewed, carried over by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.publishing import withdraw
from inspect_tui.records.workspace import Workspace
from tests.inspect_tui.records.colleagues import DUST, LIMIT, RENAMED, WORDS, dust, published_at
from tests.inspect_tui.tui.driving import place, press, running, screen_text, shown, type_text

if TYPE_CHECKING:
    from inspect_tui.texts import Language
    from tests.inspect_tui.tui.scenario import Furnished


@pytest.fixture
def newer(furnished: Furnished) -> Furnished:
    """The same workspace, with a newer version published."""
    with Workspace.open(furnished.folder) as workspace:
        published_at(workspace, dust("2026.12.1", WORDS, LIMIT, RENAMED))
    return furnished


def version(furnished: Furnished, inspection: str) -> str:
    """Which version an inspection has."""
    with Workspace.open(furnished.folder) as workspace:
        return str(workspace.row("inspections", inspection).values["checklist_version"])


async def test_a_draft_is_carried_over_by_keys(newer: Furnished) -> None:
    """The walk says so, 9 opens the preview, 1 confirms, F10 asks why and applies; the walk goes on with new words."""
    async with running(newer.folder) as (app, pilot):
        await press(pilot, "f2", "enter")
        shown(app, "检查表有新版 2026.12.1", "按 9")
        await press(pilot, "9")
        assert place(app) == "CarryOverScreen"
        shown(app, "2026.11.2 → 2026.12.1", "CD-001 文字改了", "CD-101 限值改了", "结果须确认", WORDS[1][:12])
        await press(pilot, "1")
        shown(app, "✓ CD-001", "结果经确认保留")
        await press(pilot, "f10")
        await type_text(pilot, "新版已发布")
        assert version(newer, newer.draft) == "2026.11.2"
        await press(pilot, "f10")
        shown(app, "改用 2026.12.1 版")
        await press(pilot, "f10")
        shown(app, "改用版本", "2026.11.2 → 2026.12.1", "新版已发布")
        assert "有新版" not in screen_text(app)
        await press(pilot, "7")
        shown(app, "无需改用")
        assert place(app) == "SummaryScreen"

    assert version(newer, newer.draft) == "2026.12.1"
    assert version(newer, newer.submitted) == "2026.11.2"


async def test_cancelling_changes_nothing(newer: Furnished) -> None:
    """Escape in the preview or in the reason leaves the draft as it was; the summary tells of the version, too."""
    async with running(newer.folder, size=(120, 40)) as (app, pilot):
        await press(pilot, "f2", "enter", "f10")
        shown(app, "检查表有新版 2026.12.1", "按 7")
        await press(pilot, "7", "2", "f10", "escape")
        assert place(app) == "CarryOverScreen"
        await press(pilot, "escape")
        assert place(app) == "SummaryScreen"
        shown(app, "检查表有新版 2026.12.1")

    assert version(newer, newer.draft) == "2026.11.2"


async def test_it_is_found_in_the_palette(newer: Furnished) -> None:
    """By its name, from the walk."""
    async with running(newer.folder, language="en") as (app, pilot):
        await press(pilot, "f2", "enter", "ctrl+p")
        await type_text(pilot, "new version")
        await press(pilot, "enter")
        assert place(app) == "CarryOverScreen"


async def test_a_submitted_inspection_is_never_offered_one(newer: Furnished) -> None:
    """Neither its walk nor its summary speaks of another version, and the key is refused in words."""
    async with running(newer.folder) as (app, pilot):
        from inspect_tui.tui.screens.walk import WalkScreen

        app.push_screen(WalkScreen(app.desk, newer.submitted))
        await press(pilot, "end")
        assert "有新版" not in screen_text(app)
        await press(pilot, "9")
        shown(app, "已提交")
        assert place(app) == "WalkScreen"

    assert version(newer, newer.submitted) == "2026.11.2"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_withdrawn_version_is_told_with_its_reason(newer: Furnished, language: Language) -> None:
    """The draft keeps it, and says why it was withdrawn."""
    async with running(newer.folder) as (_, pilot):
        await press(pilot, "f2", "enter", "9", "f10")
        await type_text(pilot, "x")
        await press(pilot, "f10")
    with Workspace.open(newer.folder) as workspace:
        withdraw(workspace, DUST, "2026.12.1", "限值有误")
    async with running(newer.folder, language=language, size=(120, 40)) as (app, pilot):
        await press(pilot, "f2", "enter", "f10")
        shown(app, "限值有误", "2026.11.2")

    assert version(newer, newer.draft) == "2026.12.1"


async def test_what_changed_meanwhile_is_not_overwritten(newer: Furnished) -> None:
    """An answer given in another window after the preview: refused, the reason stays typed."""
    from inspect_tui.records.answers import answer
    from inspect_tui.records.model import AnswerInput

    async with running(newer.folder) as (app, pilot):
        await press(pilot, "f2", "enter", "9", "f10")
        with Workspace.open(newer.folder) as other:
            answer(other, newer.draft, "CD-001", AnswerInput(verdict="fail", reason="无方案"))
        await type_text(pilot, "x")
        await press(pilot, "f10")
        shown(app, "请重新预览")

    assert version(newer, newer.draft) == "2026.11.2"
