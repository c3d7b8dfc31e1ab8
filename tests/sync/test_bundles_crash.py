"""Killed, or the stick pulled, at any instant: finished bundles stay whole, and repeating brings everything.

`INSPECT_TUI_KILLS` sets how often; here a tenth of it, because a kill costs a bundle.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sync.bundles.peer import open_bundle
from tests.sync.bundling import make, take
from tests.sync.support import SCHEMA, Team, check_sound, device, dump, faults, note, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.replica import Replica

KILLS = max(1, int(os.environ.get("INSPECT_TUI_KILLS", "200")) // 10)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends SIGKILL")


def killed(act: Callable[[Callable[[str], None]], None], seconds: float) -> list[str]:
    """Let a child act, kill it, and return what it had acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            act(lambda line: void(os.write(writing, line.encode() + b"\n")))
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode().splitlines()


def void(_: object) -> None:
    """Nothing, whatever comes."""


def filled(team: Team, name: str) -> Replica:
    """A workspace with changesets and photos."""
    here = team.replica(name)
    chance = random.Random(name)
    for number in range(30):
        note(here, f"n{number}", title=chance.randbytes(20).hex())
    for number in range(6):
        note(here, f"p{number}", photo=here.blobs.put(chance.randbytes(200_000)))
    return here


def test_a_finished_bundle_survives_every_kill_of_the_next(team: Team, tmp_path: Path) -> None:
    """Whatever instant it dies at: every bundle that was acknowledged is byte for byte there and opens; leftovers go."""
    from sync.replica import Replica

    here, there = filled(team, "here"), team.replica("there")
    stick = tmp_path / "stick"
    first = make(here, stick, "there", part_bytes=300_000)
    path = here.path
    here.close()
    team.open.remove(here)
    before = {file.name: file.read_bytes() for file in first.files}

    def act(acknowledge: Callable[[str], None]) -> None:
        replica = Replica.open(path, SCHEMA, device("here"), path.parent / "photos")
        while True:
            acknowledge(make(replica, stick, "there", part_bytes=300_000).path.name)

    chance = random.Random("kills")
    acknowledged: set[str] = set()
    for _ in range(KILLS):
        acknowledged.update(killed(act, chance.uniform(0.01, 0.25)))
        assert {name: (stick / name).read_bytes() for name in before} == before
    for name in acknowledged:
        with open_bundle(stick / name, there.identity) as peer:
            assert peer.found.changesets == first.header.changesets
    for manifest in stick.glob("*.manifest.json"):
        open_bundle(manifest, there.identity).close()
    here = team.reopen(path.parent, device("here"))
    make(here, stick, "there")
    assert list(stick.glob("*.part")) == []
    take(there, first.path)
    check_sound(here, there)


def test_an_import_killed_anywhere_goes_on_when_it_is_repeated(team: Team, tmp_path: Path) -> None:
    """After each kill the workspace is sound; the last import makes it equal."""
    from sync.replica import Replica

    here = filled(team, "here")
    made = make(here, tmp_path / "stick", "there")
    chance = random.Random("imports")
    for kill in range(KILLS):
        place = tmp_path / f"there{kill}"
        place.mkdir()
        path = place / "workspace.db"
        Replica.create(path, SCHEMA, device("there"), place / "photos").close()

        def act(acknowledge: Callable[[str], None], path: Path = path) -> None:
            replica = Replica.open(path, SCHEMA, device("there"), path.parent / "photos")
            take(replica, made.path)
            acknowledge("done")
            time.sleep(60)

        said = killed(act, chance.uniform(0.01, 0.2))
        there = team.reopen(place, device("there"))
        assert faults(there) == []
        if said:
            assert versions(there) == versions(here)
        take(there, made.path)
        assert dump(there) == dump(here)
        assert sorted(there.blobs.all()) == sorted(here.blobs.all())


def test_a_stick_pulled_while_importing_loses_nothing(team: Team, tmp_path: Path) -> None:
    """The file is gone after it was opened: what came stays, and the next import brings the rest."""
    from sync.errors import BundleError
    from sync.exchange import exchange

    here, there = filled(team, "here"), team.replica("there")
    made = make(here, tmp_path / "stick", "there", part_bytes=300_000)
    kept = {file: file.read_bytes() for file in made.files}
    with open_bundle(made.path, there.identity) as peer:
        for file in made.files:
            file.unlink()
        with pytest.raises(BundleError):
            exchange(there, peer)
    assert faults(there) == []
    for file, data in kept.items():
        file.write_bytes(data)
    take(there, made.path)
    check_sound(here, there)
