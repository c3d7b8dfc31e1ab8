"""The programme's own actions killed at any instant: entry, photos and merges that were acknowledged are all there.

`INSPECT_TUI_KILLS` sets how often (40 here; `tests/sync/test_crash.py` kills the log itself 200 times).
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections
from inspect_tui.records.answers import answer, undo
from inspect_tui.records.attach import attach
from inspect_tui.records.model import AnswerInput, SiteInput
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from sync.exchange import exchange
from sync.peers import open_peer
from sync.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.inspect_tui.records.conftest import PhotoMaker

KILLS = int(os.environ.get("INSPECT_TUI_KILLS", "40"))
BATCHES = 4
LONGEST = 0.5
"""Seconds until the kill, at most: opening, then some tens of actions."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends SIGKILL")


def act(folder: Path, seed: str, photos: list[Path], acknowledge: Callable[[str], None]) -> None:
    """Do things without end, saying after each how long the own chain or the log is then."""
    chance = random.Random(seed)
    workspace, colleague = Workspace.open(folder / "laptop"), Workspace.open(folder / "colleague")
    inspection = workspace.select("SELECT id FROM inspections WHERE state = 'draft'")[0][0]
    items = [item.id for item in workspace.catalogue.checklist("construction-dust").items()]
    while True:
        match chance.randrange(8):
            case 0 | 1 | 2 | 3:
                said = AnswerInput(verdict=chance.choice(["pass", "fail"]), reason=f"理由 {chance.random()}")
                answer(workspace, inspection, chance.choice(items), said)
            case 4:
                undo(workspace, inspection)
            case 5:
                taken = attach(workspace, inspection, chance.choice(items), [chance.choice(photos)])
                acknowledge(f"photo {taken[0].photo}")
            case 6:
                add_site(colleague, SiteInput(name=f"排口 {chance.random()}", kind="outfall", area="141102"))
            case _:
                before = colleague.replica.status().changesets
                with open_peer(colleague.folder) as peer:
                    exchange(workspace.replica, peer, trust=lambda _: True, area="141102", officer="1")
                acknowledge(f"merged {before}")
        acknowledge(f"own {own_length(workspace)}")


def own_length(workspace: Workspace) -> int:
    """How many changesets of this device stand in its log."""
    query = "SELECT count(*) FROM log JOIN chains ON chains.id = log.chain WHERE chains.device = ?"
    return int(workspace.select(query, workspace.device)[0][0])


def killed(folder: Path, seed: str, photos: list[Path], seconds: float) -> list[str]:
    """What a child that acts on the workspaces had acknowledged when it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            act(folder, seed, photos, lambda line: (os.write(writing, line.encode() + b"\n"), None)[1])
        finally:
            os.write(writing, b"failed\n")
            os._exit(1)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode().splitlines()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_acknowledged_action_is_lost(tmp_path: Path, make: PhotoMaker, batch: int) -> None:
    """After each kill the workspace opens, verify finds no fault, and everything acknowledged is there."""
    chance = random.Random(f"records {batch}")
    photos = [make(f"{number}.jpg", seed=number) for number in range(4)]
    for name, badge in (("laptop", "1"), ("colleague", "2")):
        with Workspace.init(tmp_path / name, name=name, badge=badge, area="141102") as made:
            if name == "laptop":
                site = add_site(made, SiteInput(name="工地", kind="construction_site", area="141102"))
                inspections.start(made, site, "construction-dust", officers=[made.officer])
    said: list[str] = []
    for kill in range(max(1, KILLS // BATCHES)):
        acknowledged = killed(tmp_path, f"{batch} {kill}", photos, chance.uniform(0.05, LONGEST))
        assert "failed" not in acknowledged
        said += acknowledged
        with Workspace.open(tmp_path / "laptop") as laptop:
            replica = laptop.replica
            faults = [
                one for one in verify(replica.connection, replica.schema, replica.blobs) if one.level == "fault"
            ]
            assert faults == []
            lengths = [int(line.split()[1]) for line in said if line.startswith("own ")]
            merged = [int(line.split()[1]) for line in said if line.startswith("merged ")]
            assert own_length(laptop) >= max(lengths, default=0)
            assert replica.status().changesets - own_length(laptop) >= max(merged, default=0)
            there = {row[0] for row in laptop.select("SELECT id FROM photos")}
            assert {line.split()[1] for line in said if line.startswith("photo ")} - {"None"} <= there
    assert any(line.startswith("photo ") for line in said)
    assert any(line.startswith("merged ") for line in said)
