"""The server killed at any instant while devices push: what a receipt names is there, once, and the dumps are equal.

`INSPECT_TUI_KILLS` sets how often.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sync.central.sqlite_store import SqliteStore
from tests.sync.central.keeper import Keeper, opened, photos_of
from tests.sync.central.pushing import Promises, check, finish, working
from tests.sync.support import faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.support import Team

KILLS = int(os.environ.get("INSPECT_TUI_KILLS", "100"))
KILLS_A_STORE = 20
LONGEST = 0.25
"""Seconds until the kill, at most, most of the time from when the server answers."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends SIGKILL")


@pytest.mark.parametrize("batch", range(-(-KILLS // KILLS_A_STORE)))
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path, team: Team, batch: int) -> None:
    """Two devices push without end while the server dies again and again; then it stays up and all become equal."""
    chance = random.Random(f"batch {batch}")
    opened(tmp_path).close()
    with Keeper(tmp_path) as keeper:
        devices = [(team.replica(name), keeper.urls[0]) for name in ("one", "two")]
        promises = Promises(replica for replica, _ in devices)
        keeper.start()
        with contextlib.closing(promises), working(devices):
            for _ in range(min(KILLS_A_STORE, KILLS - batch * KILLS_A_STORE)):
                if chance.random() < 0.8:
                    # else it is killed while it opens the store
                    keeper.wait()
                time.sleep(chance.uniform(0, LONGEST))
                keeper.kill()
                with contextlib.closing(SqliteStore(opened(tmp_path))) as store:
                    promises.hold(store, photos_of(tmp_path))
                keeper.start()
        finish(devices)

    with contextlib.closing(SqliteStore(opened(tmp_path))) as store:
        check([replica for replica, _ in devices], store, photos_of(tmp_path))
        assert faults(store.replica) == []
        assert list(photos_of(tmp_path).all())
