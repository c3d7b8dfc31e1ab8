"""A central store of the programme's own workspaces, on a thread, for tests of team, sync and delivery."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from inspect_tui.records import serving, team
from inspect_tui.records.workspace import Workspace
from sync.central.serving import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.keys import Role


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Workspace]:
    """The workspace of a server that runs, over plain HTTP on this machine."""
    if Workspace.exists(folder):
        opened = Workspace.open(folder)
    else:
        opened = Workspace.init(folder, name="中心库", badge="central", area="141100")
    with opened as workspace:
        central = serving.central_of(workspace, store=None, photos=None, requests_a_minute=100_000)
        with Running(central) as server:
            table = {"url": server.url, "fingerprint": ""}
            workspace.change_config(rest={**workspace.config.rest, serving.TABLE: table})
            yield workspace


def code_for(server: Workspace, *, role: Role = "inspector", areas: tuple[str, ...] = ("141102",)) -> str:
    """An invitation's code."""
    return team.invite(server, team.invitation_for(server, role=role, areas=areas)).code


def join(folder: Path, code: str) -> team.Joined:
    """Join as the command line does."""
    with Workspace.open(folder, joining=True) as workspace:
        return team.join(workspace, code)
