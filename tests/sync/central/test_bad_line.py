"""Two hosts in network namespaces, a third of the packets lost, the others late, the plug pulled at random instants.

Real TCP and TLS on both ends. `INSPECT_TUI_LINE_DELAY` is the time that a packet takes, in seconds (0.1 unless set; 1 is
what a satellite or a crowded cell gives), `INSPECT_TUI_CUTS` how often the line is cut.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync import receipts
from sync.central.sqlite_store import SqliteStore
from tests.sync.central.far import workspace
from tests.sync.central.keeper import opened, photos_of
from tests.sync.central.pushing import check, promises_hold
from tests.sync.central.wire import Wire
from tests.sync.support import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.replica import Replica

LOSS = 0.3
DELAY = float(os.environ.get("INSPECT_TUI_LINE_DELAY", "0.1"))
CUTS = int(os.environ.get("INSPECT_TUI_CUTS", "3"))
ROUNDS = max(1, CUTS // 5)
NAMES = ("one", "two")
ROOT = Path(__file__).parents[3]
MODULE = "tests.sync.central.far"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs network namespaces")


@contextlib.contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Killed at the end, if it has not ended by itself."""
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def everything(folder: Path) -> Iterator[tuple[list[Replica], SqliteStore]]:
    """The workspaces and the store."""
    devices = [workspace(folder, name) for name in NAMES]
    store = SqliteStore(opened(folder))
    try:
        yield devices, store
    finally:
        store.close()
        for replica in devices:
            replica.close()


def promised(folder: Path) -> None:
    """Whatever was signed for so far is there."""
    with everything(folder) as (devices, store):
        promises_hold(devices, store, photos_of(folder))
        assert all(receipts.acknowledged(replica.connection) for replica in devices)


def test_all_arrives_over_a_bad_line_that_is_cut_again_and_again(tmp_path: Path) -> None:
    """Changesets and photos of two devices, each once, with receipts; in the end everybody has the same."""
    chance = random.Random("cuts")
    with Wire(LOSS, DELAY, "wire") as wire, contextlib.ExitStack() as stack:
        piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": ROOT}
        serving = stack.enter_context(
            ended(wire.run("far", "-m", MODULE, "serve", str(tmp_path), wire.address("far"), **piped))
        )
        assert serving.stdout is not None
        port, fingerprint = serving.stdout.readline().split()
        url = f"https://{wire.address('far')}:{port}"
        workers = [
            stack.enter_context(
                ended(
                    wire.run(
                        "near",
                        "-m",
                        MODULE,
                        "work",
                        str(tmp_path),
                        name,
                        url,
                        fingerprint,
                        str(ROUNDS),
                        str(DELAY),
                        **piped,
                    )
                )
            )
            for name in NAMES
        ]
        for _ in range(CUTS):
            time.sleep(chance.uniform(1, 20 * DELAY + 2))
            wire.cut()
            time.sleep(chance.uniform(0.1, 6 * DELAY + 1))
            wire.mend()
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "done\n"
        assert wire.lost > 0.2 * wire.carried
        promised(tmp_path)
        wire.loss = wire.delay = 0
        for worker in workers:
            worker.communicate("\n")
            assert worker.returncode == 0

    with everything(tmp_path) as (devices, store):
        check(devices, store, photos_of(tmp_path))
        for replica in devices:
            assert faults(replica) == []
            assert receipts.broken_promises(replica.connection) == []
            assert len([*replica.blobs.all()]) == ROUNDS * len(NAMES)
