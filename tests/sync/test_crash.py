"""Killed at any instant: what was acknowledged is there, and what is there is sound.

`INSPECT_TUI_KILLS` sets how often; SIGKILL shows what a dying process leaves, `test_durability` what a dying machine does.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.sync.acting import NAMES, Actor, workspace
from tests.sync.support import faults, versions

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("INSPECT_TUI_KILLS", "200"))
KILLS_A_WORKSPACE = 10
LONGEST = 0.09
"""Seconds until the kill, at most: opening, then some ten actions."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends SIGKILL")


def killed_after(folder: Path, seed: str, seconds: float) -> list[str]:
    """Let a child act on the workspaces, kill it, and return what it had acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            actor = Actor(folder, seed, lambda line: void(os.write(writing, line.encode() + b"\n")))
            while True:
                actor.act()
        finally:
            os.write(writing, b"failed\n")
            os._exit(1)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode().splitlines()


def void(_: object) -> None:
    """Nothing, whatever comes."""


@pytest.mark.parametrize("batch", range(-(-KILLS // KILLS_A_WORKSPACE)))
def test_nothing_acknowledged_is_lost(tmp_path: Path, batch: int) -> None:
    """After each kill both workspaces open, verify finds no fault, and every acknowledged action is there."""
    chance = random.Random(f"batch {batch}")
    acknowledged: set[str] = set()
    for name in NAMES:
        workspace(tmp_path, name).close()
    for kill in range(min(KILLS_A_WORKSPACE, KILLS - batch * KILLS_A_WORKSPACE)):
        said = killed_after(tmp_path, f"{batch} {kill}", chance.uniform(0, LONGEST))
        assert "failed" not in said
        acknowledged.update(said)
        replicas = {name: workspace(tmp_path, name) for name in NAMES}
        there = {f"{name} {version}" for name, replica in replicas.items() for version in versions(replica)}
        there |= {f"photo {sha256}" for sha256 in replicas["laptop"].blobs.all()}
        assert acknowledged <= there
        for replica in replicas.values():
            assert faults(replica) == []
            replica.close()
    assert KILLS < KILLS_A_WORKSPACE or acknowledged
