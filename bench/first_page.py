"""The findings' first page in a workspace of 1,000,000 findings, against one of 1,000."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from bench import large
from bench.harness import Runs, in_turns, ratio, say
from inspect_tui.records.queries import list_findings
from inspect_tui.records.workspace import Workspace
from inspect_tui.tui.desk import Desk
from inspect_tui.tui.screens.findings import PAGE, FindingsScreen
from inspect_tui.tui.widgets.list_table import ListTable

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench

FULL: Final = 1_000_000
QUICK: Final = 200_000
FEW: Final = 1_000
ROUNDS: Final = 30
READS: Final = 200
SIZE: Final = (120, 40)


def measure(bench: Bench) -> float:
    """The larger of two ratios: of the query alone, and of opening the screen until its lines are painted."""
    many, few = large.workspace(bench, bench.size(FULL, QUICK)), large.workspace(bench, FEW)
    with Workspace.open(many) as one, Workspace.open(few) as other:
        reads = in_turns(
            READS,
            ("page of many, query alone", lambda _: _read(one)),
            ("page of few, query alone", lambda _: _read(other)),
        )
    opened = asyncio.run(_opened(many, few, bench.size(ROUNDS, 5)))
    return max(ratio(*reads), ratio(*opened))


def _read(workspace: Workspace) -> float:
    start = time.perf_counter()
    page = list_findings(workspace, limit=PAGE)
    seconds = time.perf_counter() - start
    assert len(page.lines) == PAGE
    return seconds


async def _opened(many: Path, few: Path, rounds: int) -> tuple[Runs, Runs]:
    """Open the screen on both workspaces in turns, in one app without a terminal."""
    desks = (Desk(many), Desk(few))
    runs = (Runs("page of many, until painted"), Runs("page of few, until painted"))
    app: App[Any] = App()
    async with app.run_test(size=SIZE, notifications=False, tooltips=False):
        for number in range(rounds + 1):
            for desk, side in zip(desks, runs, strict=True):
                seconds = await _until_painted(app, desk)
                if number:  # the first opening loads modules
                    side.seconds.append(seconds)
    for desk in desks:
        desk.close()
    say(f"  a page is {PAGE} lines; the screen has {SIZE[0]} by {SIZE[1]} cells")
    return runs


async def _until_painted(app: App[Any], desk: Desk) -> float:
    """Seconds from opening the screen until its first lines are drawn."""
    screen = FindingsScreen(desk)
    start = time.perf_counter()
    await app.push_screen(screen)
    table = screen.query_one(ListTable)
    while not table.lines:  # noqa: ASYNC110  the table tells nobody when its lines come
        await asyncio.sleep(0.001)
    painted = asyncio.Event()
    screen.call_after_refresh(painted.set)
    await painted.wait()
    seconds = time.perf_counter() - start
    assert len(table.lines) == PAGE
    await app.workers.wait_for_complete()
    await app.pop_screen()
    return seconds
