"""Hostile text on every screen: nothing is interpreted, nothing breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records import answers, findings, inspections
from inspect_tui.records.attach import attach
from inspect_tui.records.model import AnswerInput, FindingInput, Officer, Present, SiteInput
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from tests.inspect_tui.tui.driving import press, running, screen_text, type_text
from tests.inspect_tui.tui.scenario import LONG_AGO

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "[HW49]废[/]x[@click=app.quit]点[/] \u202e逆\u2066 👩‍👩‍👧 e\u0301\u0301\u0301 [bold"
LONG = HOSTILE + "长" * 10_000
_ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A workspace in which every text is hostile, and a folder with a hostile file name."""
    folder, card = tmp_path / "workspace", tmp_path / "card[b]"
    card.mkdir()
    make_photo(card / "[@click=app.quit]a[b].jpg", latitude=None, longitude=None, size=(64, 48))
    (card / "[b]\u202e.jpg").write_bytes(b"no picture")
    with Workspace.init(folder, name="[/]x[@click=app.quit]点", badge="1-1", area="141102") as workspace:
        said = SiteInput(HOSTILE, "construction_site", "141102", address=HOSTILE, responsible_party=HOSTILE)
        site = add_site(workspace, said)
        people = [Officer(HOSTILE, "1-1"), Officer(HOSTILE + "2", "1-2")]
        for day, submit in ((LONG_AGO, True), (None, False)):
            row = inspections.start(workspace, site, "construction-dust", officers=people, started_at=day)
            fail = AnswerInput(verdict="fail", reason=HOSTILE, note=LONG, photo_waiver=HOSTILE)
            answers.answer(workspace, row, "CD-001", fail)
            attach(workspace, row, "CD-001", sorted(card.iterdir()), caption=HOSTILE)
            findings.add_finding(workspace, row, "CD-001", FindingInput(LONG, competent_authority=HOSTILE))
            inspections.set_present(workspace, row, Present(HOSTILE, HOSTILE, "refused", HOSTILE))
            inspections.set_note(workspace, row, LONG)
            if submit:
                inspections.submit(workspace, row)
        workspace.change_config(rest={"photos": {"folder": str(card)}})
    return folder


async def test_hostile_text_is_shown_as_it_is_on_every_screen(hostile: Path) -> None:
    """Markup stands there as text, clicks on it do nothing, nothing acts on the terminal, no line is too wide."""
    async with running(hostile) as (app, pilot):

        async def look(*keys: str, says: str = "[HW49]废[/]x") -> None:
            await press(pilot, *keys)
            text = screen_text(app)

            assert says in text, text
            assert not _ACTS.search(text)

        await look()
        await look("f3")
        await look("enter")
        await look("1")
        await look("escape", "e")
        await look("escape", "f2", "enter", "up")
        await look("5")
        await look("escape", "7")
        await look("escape", "4", says="[@click")
        await look("down", says="[b]")
        await look("escape", "f10")
        await look("1")
        await look("escape", "2")
        await look("escape", "f4")
        await look("enter")
        await look("r", says="整改跟踪")
        await press(pilot, "escape")
        await pilot.click(offset=(3, 1))
        await press(pilot, "f4", "slash")
        await type_text(pilot, "[/]")
        await look()

        assert app.is_running
