"""The PIN on the screens: asked for at the start, locked by key or when nobody is there, another officer taking over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import officers, pin
from inspect_tui.records.workspace import Workspace, read_config
from tests.inspect_tui.tui.driving import place, press, running, screen_text, settle, shown, type_text

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.tui.app import InspectApp
    from tests.inspect_tui.tui.scenario import Furnished

OURS, THEIRS = "river-stone-7", "847362"


@pytest.fixture
def shared(furnished: Furnished) -> Path:
    """A laptop of two officers, each with a PIN; 李强 is switched in."""
    with Workspace.open(furnished.folder) as workspace:
        pin.set_pin(workspace, OURS)
        officers.add(workspace, "王芳", "14110200002", THEIRS)
    return furnished.folder


def hidden(app: InspectApp) -> None:
    """Assert that nothing of the records stands on the screen."""
    text = screen_text(app)

    assert "已锁定" in text
    assert "滨河" not in text
    assert "围挡" not in text
    assert "离石" not in text


async def test_at_the_start_the_pin_is_asked_for_and_nothing_shown(shared: Path) -> None:
    """A wrong PIN is one sentence and counted, the keys of other screens do nothing, the right one opens."""
    async with running(shared) as (app, pilot):
        assert place(app) == "LockScreen"
        hidden(app)
        await press(pilot, "f3", "ctrl+p", "escape")
        assert place(app) == "LockScreen"
        await type_text(pilot, "111222333")
        await press(pilot, "enter")
        shown(app, "PIN 不对")
        hidden(app)
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        assert place(app) == "TodayScreen"
        shown(app, "滨河新区", "李强")
        assert not app.desk.workspace.access.is_locked()


async def test_locking_forgets_the_key_and_hides_what_was_open(shared: Path) -> None:
    """Ctrl+L locks over an open form; what was typed there is still there afterwards."""
    async with running(shared) as (app, pilot):
        await type_text(pilot, OURS)
        await press(pilot, "enter", "f3", "n")
        await type_text(pilot, "abc")
        before = place(app)
        app.action_lock()
        await settle(pilot)
        hidden(app)
        workspace = app.desk.workspace
        assert workspace.access.is_locked()
        assert "key" not in workspace.identity.__dict__
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        assert place(app) == before
        shown(app, "abc")


async def test_it_locks_when_nobody_is_there(shared: Path) -> None:
    """After the minutes of the settings; not before, and never where that is 0."""
    async with running(shared) as (app, pilot):
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        app.touched -= 9 * 60
        app.lock_if_idle()
        await settle(pilot)
        assert place(app) == "TodayScreen"
        app.touched -= 60
        app.lock_if_idle()
        app.lock_if_idle()
        await settle(pilot)
        assert place(app) == "LockScreen"
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        assert place(app) == "TodayScreen"
        pin.set_lock_minutes(app.desk.workspace, 0)
        app.touched -= 1e6
        app.lock_if_idle()
        await settle(pilot)
        assert place(app) == "TodayScreen"


async def test_another_officer_takes_over_with_their_pin(shared: Path) -> None:
    """Not with the PIN of whoever is there; afterwards what is recorded bears the other badge number."""
    async with running(shared) as (app, pilot):
        await type_text(pilot, OURS)
        await press(pilot, "enter", "ctrl+o", "down")
        await type_text(pilot, OURS)
        await press(pilot, "f10")
        shown(app, "PIN 不对")
        await type_text(pilot, THEIRS)
        await press(pilot, "f10")
        assert place(app) == "TodayScreen"
        shown(app, "王芳 14110200002")
        assert read_config(shared).badge == "14110200002"


async def test_the_lock_can_be_opened_by_the_other_officer(shared: Path) -> None:
    """Who unlocks is who works: choosing another officer at the lock switches them in."""
    async with running(shared) as (app, pilot):
        await press(pilot, "up", "right", "enter")
        await type_text(pilot, THEIRS)
        await press(pilot, "enter")
        assert place(app) == "TodayScreen"
        shown(app, "王芳 14110200002")


async def test_without_a_pin_the_lock_key_sets_one(furnished: Furnished) -> None:
    """Ctrl+L asks for a PIN twice; two different ones are refused, and Today's advice is gone afterwards."""
    async with running(furnished.folder) as (app, pilot):
        shown(app, "没有 PIN")
        await press(pilot, "ctrl+l")
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        await type_text(pilot, THEIRS)
        await press(pilot, "enter")
        shown(app, "不同")
        await press(pilot, *["backspace"] * len(THEIRS))
        await type_text(pilot, OURS)
        await press(pilot, "enter")
        assert place(app) == "TodayScreen"
        assert app.desk.has_pin()
        assert "没有 PIN" not in screen_text(app)


async def test_without_a_pin_switching_is_confirmed_in_the_form(furnished: Furnished) -> None:
    """As before there were PINs, but said."""
    with Workspace.open(furnished.folder) as workspace:
        officers.add(workspace, "王芳", "14110200002")
    async with running(furnished.folder, language="en") as (app, pilot):
        await press(pilot, "ctrl+o")
        shown(app, "No PIN is set")
        await press(pilot, "f10")
        shown(app, "王芳 14110200002")
        assert app.desk.workspace.officer.badge == "14110200002"
