"""Driving the programme without a terminal: keys in, the screen as plain text out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from inspect_tui.records.workspace import Workspace, read_config
from inspect_tui.texts import set_language
from inspect_tui.tui.app import FirstStartApp, InspectApp
from inspect_tui.tui.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inspect_tui.texts import Language

_NAMES = {" ": "space", "/": "slash", "-": "minus", ":": "colon", "_": "underscore"}


def screen_text(app: InspectApp) -> str:
    """What stands on the screen, line by line, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


async def settle(pilot: Pilot[None]) -> None:
    """Wait until workers are done and what they brought is shown."""
    for _ in range(6):
        await pilot.pause()
        if not any(worker.is_running for worker in pilot.app.workers):
            break
        with contextlib.suppress(Exception):
            # A worker made void by a later one of its group counts as cancelled.
            await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, letting each take effect."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type a text, Chinese too, as an input method commits it."""
    for character in text:
        await pilot.press(_NAMES.get(character, character))
    await settle(pilot)


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, size: tuple[int, int] = (80, 24), language: Language = "zh", toasts: bool = True
) -> AsyncIterator[tuple[InspectApp, Pilot[None]]]:
    """The programme on a workspace, or at its first start where there is none."""
    exists = Workspace.exists(folder)
    theme = read_config(folder).theme if exists else ""
    set_language(language)
    desk = Desk(folder)
    app = (InspectApp if exists else FirstStartApp)(desk, theme=theme)
    async with app.run_test(size=size, notifications=toasts) as pilot:
        await settle(pilot)
        yield app, pilot
    desk.close()


def shown(app: InspectApp, *words: str) -> None:
    """Assert that each of the words stands on the screen."""
    text = screen_text(app)
    missing = [word for word in words if word not in text]

    assert not missing, f"{missing} not in:\n{text}"


def place(app: InspectApp) -> Any:
    """The screen on top, as its class's name."""
    return type(app.screen).__name__
