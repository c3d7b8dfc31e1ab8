"""The latest changesets of the log, as people look at them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace
    from sync.peers import FilePeer


@dataclass(frozen=True, slots=True)
class LogLine:
    """One changeset.

    Attributes:
        version: `device:seq:h`.
        time_ms: UTC, by the clock of the device that made it.
        changed: `table/row` of each change.
    """

    version: str
    time_ms: int
    area: str
    device: str
    device_name: str
    officer: str
    changed: tuple[str, ...]


def latest(workspace: Workspace, limit: int) -> list[LogLine]:
    """The changesets appended last, the latest first."""
    rows = workspace.select(
        "SELECT log.seq, hex(substr(log.hash, 1, 16)) AS short, log.body, chains.area, chains.device FROM log"
        " JOIN chains ON chains.id = log.chain ORDER BY log.id DESC LIMIT ?",
        limit,
    )
    lines: list[LogLine] = []
    for row in rows:
        said = json.loads(row["body"])
        changed = dict.fromkeys(f"{change['table']}/{change['row']}" for change in said["changes"])
        lines.append(
            LogLine(
                version=f"{row['device']}:{row['seq']}:{row['short'].lower()}",
                time_ms=int(said["header"]["time"]),
                area=row["area"],
                device=row["device"],
                device_name=workspace.replica.device_name(row["device"]),
                officer=str(said["header"]["officer"]),
                changed=tuple(changed),
            )
        )
    return lines


def count_changesets(peer: FilePeer) -> int:
    """How many changesets the log of a workspace opened for reading holds."""
    return int(peer.connection.execute("SELECT count(*) FROM log").fetchone()[0])
