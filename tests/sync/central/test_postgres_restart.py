"""PostgreSQL stopped, crashed and started under load, and the servers before it killed: nothing acknowledged is lost.

`INSPECT_TUI_RESTARTS` sets how often.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sync.central.postgres_store import PostgresStore
from tests.sync.central.conftest import TEAM, new_server
from tests.sync.central.keeper import Keeper, photos_of
from tests.sync.central.pushing import Promises, check, finish, working
from tests.sync.support import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.support import Team

RESTARTS = int(os.environ.get("INSPECT_TUI_RESTARTS", "6"))
LONGEST = 1.0
"""Seconds of work between two interruptions, at most."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends SIGKILL")


@pytest.mark.parametrize("fsync", ["off", "on"])
def test_nothing_acknowledged_is_lost_when_postgresql_restarts(tmp_path: Path, team: Team, fsync: str) -> None:
    """Three devices push through two server processes; database and servers come and go; in the end all are equal."""
    chance = random.Random(fsync)
    (tmp_path / "central").mkdir()
    with new_server() as postgres:
        postgres.execute(f"ALTER SYSTEM SET fsync = {fsync}")
        postgres.execute("SELECT pg_reload_conf()")
        url = postgres.url(postgres.laid_out())
        with (
            Keeper(tmp_path, url, sockets=2) as keeper,
            contextlib.closing(PostgresStore.open(url, SCHEMA, team=TEAM)) as store,
        ):
            devices = [
                (team.replica(name), keeper.urls[number]) for name, number in (("one", 0), ("two", 1), ("three", 1))
            ]
            promises = Promises(replica for replica, _ in devices)
            keeper.start(0)
            keeper.start(1)
            with contextlib.closing(promises), working(devices, writes=6, photo=300_000):
                for count in range(RESTARTS):
                    for number in (0, 1):
                        keeper.wait(number)
                    time.sleep(chance.uniform(0, LONGEST))
                    promises.hold(store, photos_of(tmp_path))
                    if count % 3 == 2:
                        number = chance.randrange(2)
                        keeper.kill(number)
                        keeper.start(number)
                        continue
                    (postgres.stop if count % 3 else postgres.crash)()
                    # requests meet a database that is away, not only one that goes away
                    time.sleep(chance.uniform(0, 0.3))
                    postgres.start()
                    promises.hold(store, photos_of(tmp_path))
            finish(devices)
            check([replica for replica, _ in devices], store, photos_of(tmp_path))
            assert list(photos_of(tmp_path).all())
