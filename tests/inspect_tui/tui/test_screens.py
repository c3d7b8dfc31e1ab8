"""Golden screens: every screen as plain text in both languages and both sizes.

`GOLDEN_UPDATE=1` writes them anew; then read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.inspect_tui.tui.driving import press, running, screen_text, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from inspect_tui.texts import Language
    from inspect_tui.tui.app import InspectApp
    from tests.inspect_tui.tui.scenario import Furnished

GOLDEN = Path(__file__).parent / "golden"
_PICTURE = re.compile("▀+")


class Album:
    """Compares screens with the files of one language and size."""

    def __init__(self, app: InspectApp, language: Language, size: tuple[int, int], hide: Path) -> None:
        self.app = app
        self._name = f"{language}-{size[0]}x{size[1]}"
        self._hide = str(hide)
        self.wrong: list[str] = []

    def read(self) -> str:
        """What stands on the screen."""
        return screen_text(self.app)

    def take(self, name: str, zh: str, en: str) -> None:
        """Compare the screen with its file, and assert that it says what it must."""
        text = self.read()
        must = zh if self._name.startswith("zh") else en
        if must not in text:
            self.wrong.append(f"{name}: {must!r} is not on the screen\n{text}")
        tidy = _PICTURE.sub(lambda blocks: "▀" * len(blocks[0]), text)
        file = GOLDEN / f"{name}.{self._name}.txt"
        if os.environ.get("GOLDEN_UPDATE"):
            file.write_text(tidy, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != tidy:
            self.wrong.append(f"{file.name} differs:\n{tidy}")


async def _blink_off(app: InspectApp) -> None:
    for line in app.screen.query(Input):
        line.cursor_blink = False


async def _shot(album: Album, pilot: Pilot[None], name: str, zh: str, en: str, *keys: str) -> None:
    await press(pilot, *keys)
    await _blink_off(album.app)
    await settle(pilot)
    album.take(name, zh, en)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_screen_looks_as_it_is_recorded(
    furnished: Furnished, language: Language, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each screen equals its golden file and says what it must say."""
    monkeypatch.chdir(furnished.folder.parent)
    async with running(furnished.folder, size=size, language=language, toasts=False) as (app, pilot):
        app.desk.remember("photos", "folder", "card")
        album = Album(app, language, size, furnished.folder.parent)
        await _shot(album, pilot, "today", "超期问题", "overdue")
        await _shot(album, pilot, "help", "刷新", "refresh", "f1")
        await _shot(album, pilot, "sites", "滨河新区住宅一期", "滨河新区住宅一期", "escape", "f3")
        await _shot(album, pilot, "site-filter", "行政区", "Area", "f")
        await _shot(album, pilot, "site-form", "统一信用代码", "Credit code", "escape", "n")
        await _shot(album, pilot, "site", "离石区滨河北路 8 号", "离石区滨河北路 8 号", "escape", "end", "enter")
        await _shot(album, pilot, "begin", "检查表", "Checklist", "1")
        await _shot(album, pilot, "walk", "CD-101", "CD-101", "escape", "f2", "enter", "down", "down")
        await _shot(album, pilot, "note", "北侧围挡", "北侧围挡", "5")
        await _shot(album, pilot, "value", "1.8", "1.8", "escape", "6")
        await _shot(album, pilot, "finding-form", "处理", "Disposal", "escape", "7")
        await _shot(album, pilot, "photos", "IMG_1.jpg", "IMG_1.jpg", "escape", "4")
        await _shot(album, pilot, "reason", "请写理由", "say why", "escape", "2")
        await _shot(album, pilot, "summary", "缺少照片", "without a photo", "escape", "f10")
        await _shot(album, pilot, "officers", "王芳", "王芳", "1")
        await _shot(album, pilot, "present", "拒签", "Circumstances", "escape", "2")
        await _shot(album, pilot, "findings", "共 2 条", "2 findings", "escape", "f4")
        await _shot(album, pilot, "finding-filter", "严重程度", "Severity", "f")
        await _shot(
            album, pilot, "finding", "合同中没有扬尘防治费用", "合同中没有扬尘防治费用", "escape", "end", "enter"
        )
        await _shot(album, pilot, "follow-up", "复查结论", "Result", "2")

    assert not album.wrong, "\n".join(album.wrong)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_first_start_and_empty_screens_say_what_to_do(
    tmp_path: Path, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a workspace it asks for one; without records every list says what to do next."""
    from inspect_tui.records.workspace import Workspace

    monkeypatch.chdir(tmp_path)
    async with running(Path("empty"), language=language) as (app, pilot):
        album = Album(app, language, (80, 24), tmp_path)
        await _shot(album, pilot, "start", "执法证号", "Badge number")
    Workspace.init(Path("empty"), name="李强", badge="14110200001", area="141102").close()
    async with running(Path("empty"), language=language) as (app, pilot):
        album.app = app
        await _shot(album, pilot, "today-empty", "按 n（或 F6）", "Press n (or F6)")
        await _shot(album, pilot, "sites-empty", "按 n（或 F6）新建", "Press n (or F6)", "f3")
        await _shot(album, pilot, "findings-empty", "按 7 也可写一条", "Failed items appear here", "f4")

    assert not album.wrong, "\n".join(album.wrong)
