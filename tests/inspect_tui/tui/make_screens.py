"""Pictures of every screen: `python -m tests.inspect_tui.tui.make_screens docs/screens`.

The programme is driven as in the tests; what stands on its screen is drawn by a headless browser, each character in
its own cells. Without a browser the pages are left as HTML.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style

from inspect_tui.records import times
from inspect_tui.records.workspace import Workspace
from sync import replica
from tests.inspect_tui.tui.disputes import dispute
from tests.inspect_tui.tui.driving import press, running, settle, type_text
from tests.inspect_tui.tui.scenario import NOW, furnish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rich.color import Color
    from textual.pilot import Pilot

    from inspect_tui.texts import Language
    from inspect_tui.tui.app import InspectApp

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_CELL, _LINE = 10, 24
_PAGE = (
    "<!doctype html><meta charset=utf-8><style>body{{margin:0;padding:12px;background:{background}}}"
    "pre{{margin:0;font:20px/24px 'Noto Sans Mono CJK SC','Noto Sans Mono',monospace;height:24px;white-space:pre}}"
    "i{{display:inline-block;height:24px;font-style:normal;text-align:center;overflow:hidden;vertical-align:top}}"
    "i.s{{font-family:'DejaVu Sans Mono','Noto Sans Mono','Noto Sans Symbols2',monospace}}"
    "</style>{lines}"
)


def _hex(color: Color | None, otherwise: str) -> str:
    return color.get_truecolor().hex if color is not None and not color.is_default else otherwise


def _cell(character: str, style: Style | None, background: str) -> str:
    """One character in as many cells as it takes, so that no font can shift its neighbours."""
    style = style or Style()
    fore, back = _hex(style.color, "#ffffff"), _hex(style.bgcolor, background)
    if style.reverse:
        fore, back = back, fore
    fill = f"linear-gradient({fore} 50%,{back} 50%)" if character == "▀" else back
    shown = "" if character == "▀" else html.escape(character)
    weight = "bold" if style.bold else "normal"
    width = cell_len(character) * _CELL
    kind = " class=s" if width == _CELL and not character.isascii() else ""
    return f'<i{kind} style="width:{width}px;color:{fore};background:{fill};font-weight:{weight}">{shown}</i>'


def page(app: InspectApp) -> str:
    """The screen as a page of HTML."""
    background = app.screen.background_colors[1].hex
    lines = []
    for strip in app.screen._compositor.render_strips():
        cells = "".join(_cell(one, segment.style, background) for segment in strip for one in segment.text)
        lines.append(f"<pre>{cells}</pre>")
    return _PAGE.format(background=background, lines="".join(lines))


def draw(app: InspectApp, target: Path) -> None:
    """Write a picture of the screen as PNG, or its page where there is no browser."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        target.with_suffix(".html").write_text(page(app), encoding="utf-8")
        return
    width, height = app.size.width * _CELL + 24, app.size.height * _LINE + 24
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page(app), encoding="utf-8")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={target.with_suffix('.png')}",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


async def _tour(folder: Path, out: Path, size: tuple[int, int], language: Language, names: set[str] | None) -> None:
    suffix = (
        ""
        if (size, language) == ((80, 24), "zh")
        else f"-{size[0]}x{size[1]}" + ("-en" if language == "en" else "")
    )
    async with running(folder, size=size, language=language, toasts=False) as (app, pilot):

        async def shot(name: str, *keys: str) -> None:
            await press(pilot, *keys)
            await settle(pilot)
            if names is None or name in names:
                draw(app, out / f"{name}{suffix}")

        await _all(shot, app, pilot)


async def _all(take: Callable[..., Awaitable[None]], app: InspectApp, pilot: Pilot[None]) -> None:
    await take("today")
    await take("help", "f1")
    await take("sites", "escape", "f3")
    await take("site-form", "n")
    await take("site", "escape", "end", "enter")
    await take("begin", "1")
    await take("walk", "escape", "f2", "enter", "down", "down")
    await take("note", "5")
    await press(pilot, "escape", "6", "ctrl+u")
    await type_text(pilot, "２.5")
    await take("value")
    await take("reason", "escape", "escape", "2")
    await take("finding-form", "escape", "7")
    await take("photos", "escape", "4", "down")
    await take("summary", "escape", "f10")
    await take("officers", "1")
    await take("present", "escape", "2")
    await take("findings", "escape", "f4")
    await take("finding-filter", "f")
    await take("finding", "escape", "enter")
    await take("follow-up", "2")
    await press(pilot, "escape", "f2", "enter")
    app.theme = "day"
    await take("walk-day")
    app.theme = "contrast"
    await take("walk-contrast")
    app.theme = "mono"
    await take("walk-mono")


async def _conflicts(folder: Path, out: Path, size: tuple[int, int]) -> None:
    suffix = "" if size == (80, 24) else f"-{size[0]}x{size[1]}"
    async with running(folder, size=size, toasts=False) as (app, pilot):
        for name, keys in (("conflicts", ("f12", "n")), ("conflicts-merged", ("e",)), ("refused", ("escape", "t"))):
            await press(pilot, *keys)
            draw(app, out / f"{name}{suffix}")


async def _first(out: Path, folder: Path) -> None:
    async with running(folder / "none", toasts=False) as (app, pilot):
        await settle(pilot)
        draw(app, out / "start")


def main(arguments: list[str]) -> None:
    """Draw everything into the folder that is named."""
    out = Path(arguments[0]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    times.now = lambda: NOW.astimezone(dt.UTC)
    replica.now_ms = lambda: int(NOW.timestamp() * 1000)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(temporary)
        folder = Path()
        asyncio.run(_first(out, folder))
        for index, (size, language, names) in enumerate(
            (((80, 24), "zh", None), ((120, 40), "zh", {"walk", "photos", "findings"}), ((80, 24), "en", {"walk"}))
        ):
            here = folder / str(index)
            here.mkdir()
            made = furnish(here / "workspace", here / "DCIM")
            with Workspace.open(made.folder) as workspace:
                workspace.change_config(rest={"photos": {"folder": str(made.photos)}})
            asyncio.run(_tour(made.folder, out, size, language, names))  # type: ignore[arg-type]
            if language == "zh":
                dispute(made, here / "beside")
                asyncio.run(_conflicts(made.folder, out, size))


if __name__ == "__main__":
    main(sys.argv[1:])
