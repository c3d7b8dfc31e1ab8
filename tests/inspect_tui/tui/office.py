"""An office whose workspace is served on a thread, and field laptops that join it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tui.records import serving, team
from inspect_tui.records.workspace import Workspace
from sync.central.serving import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inspect_tui.tui.app import InspectApp
    from inspect_tui.tui.courier import Job
    from sync.keys import Role

PATIENCE_S = 60.0
"""No test measures time; this one only keeps a broken one from hanging."""


@dataclass
class Office:
    """The served workspace."""

    workspace: Workspace
    server: Running

    def code(self, *, role: Role = "inspector", areas: tuple[str, ...] = ("000000",)) -> str:
        """An invitation's code."""
        invitation = team.invitation_for(self.workspace, role=role, areas=areas)
        return team.invite(self.workspace, invitation).code

    def bring_in(self, folder: Path) -> None:
        """Have the laptop in `folder` join."""
        with Workspace.open(folder, joining=True) as workspace:
            team.join(workspace, self.code())


def made(folder: Path) -> Workspace:
    """The office's own workspace."""
    return Workspace.init(folder, name="赵敏", badge="14110000001", area="141100")


@contextlib.contextmanager
def open_office(folder: Path) -> Iterator[Office]:
    """The office, its server running."""
    with made(folder) if not Workspace.exists(folder) else Workspace.open(folder) as workspace:
        central = serving.central_of(workspace, store=None, photos=None, requests_a_minute=100_000)
        with Running(central) as server:
            port = int(server.url.rpartition(":")[2])
            serving.note(workspace, server.where, port, public=server.url, store=None)
            yield Office(workspace, server)


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the programme run until something holds."""
    stop = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < stop, "it never came to that"
        await pilot.pause(0.01)


async def carried(app: InspectApp, pilot: Pilot[None]) -> Job:
    """Wait until the exchange has ended and is shown."""
    from tests.inspect_tui.tui.driving import settle

    await until(pilot, lambda: app.courier.job is not None and not app.courier.job.running)
    await until(pilot, lambda: app._looking is not None and not app._looking._active.is_set())
    await settle(pilot)
    job = app.courier.job
    assert job is not None
    return job
