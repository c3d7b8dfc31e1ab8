"""A programme at work, to be killed or watched: each action is acknowledged on a file descriptor once it has returned.

`python -m tests.sync.acting FOLDER SEED COUNT SYNCHRONOUS` acts COUNT times and acknowledges on standard output.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sync.bulk
from sync.exchange import exchange
from sync.peers import ReplicaPeer, open_peer
from sync.replica import Edit, Replica
from tests.sync.support import AREA, NOON, SCHEMA, device, row_id

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("laptop", "colleague")


def workspace(folder: Path, name: str) -> Replica:
    """One of the two workspaces, made when it is not there yet."""
    place = folder / name
    place.mkdir(exist_ok=True)
    path = place / "workspace.db"
    if path.exists():
        return Replica.open(path, SCHEMA, device(name), place / "photos")
    return Replica.create(path, SCHEMA, device(name), place / "photos")


class Actor:
    """Enters, takes photos in and merges, in random order.

    Attributes:
        acknowledge: Called with a line after each action has returned.
    """

    def __init__(self, folder: Path, seed: str, acknowledge: Callable[[str], None]) -> None:
        self.chance = random.Random(seed)
        self.laptop, self.colleague = (workspace(folder, name) for name in NAMES)
        self.acknowledge = acknowledge
        self.news: list[str] = []

    def act(self) -> None:
        """One action."""
        match self.chance.randrange(8):
            case 0 | 1 | 2:
                self.enter(self.laptop)
            case 3:
                self.ingest()
            case 4 | 5:
                self.news.append(self.enter(self.colleague))
            case 6:
                self.merge(both=False)
            case _:
                self.merge(both=True)

    def enter(self, replica: Replica) -> str:
        """An answer, as a new row or a change of one that is there."""
        name = f"n{self.chance.randrange(40)}"
        edits = [Edit("notes", row_id(name), {"title": self.chance.randbytes(4).hex(), "body": "检查" * 30})]
        version = replica.write(AREA, edits, officer="9", time_ms=NOON + self.chance.randrange(10**6))
        self.acknowledge(f"{replica.path.parent.name} {version}")
        return version

    def ingest(self) -> None:
        """A photo, then the row that names it."""
        sha256 = self.laptop.blobs.put(self.chance.randbytes(20_000))
        edits = [Edit("notes", row_id(sha256), {"photo": sha256})]
        version = self.laptop.write(AREA, edits, officer="9", time_ms=NOON)
        self.acknowledge(f"laptop {version}")
        self.acknowledge(f"photo {sha256}")

    def merge(self, *, both: bool) -> None:
        """The colleague's workspace, as a file or both ways."""
        news, self.news = self.news, []
        if both:
            exchange(self.laptop, ReplicaPeer(self.colleague))
        else:
            sync.bulk.WORTH_A_PROCESS = self.chance.choice([1, 10**9])  # type: ignore[misc]  # so that both ways are killed
            with open_peer(self.colleague.path, self.laptop.path.parent) as peer:
                exchange(self.laptop, peer)
        for version in news:
            self.acknowledge(f"laptop {version}")


def main() -> None:
    """Act as the command line says."""
    folder, seed, count, synchronous = sys.argv[1:]

    def acknowledge(line: str) -> None:
        os.write(1, f"ack {line}\n".encode())

    actor = Actor(Path(folder), seed, acknowledge)
    for replica in (actor.laptop, actor.colleague):
        replica.connection.execute(f"PRAGMA synchronous = {synchronous}")
    acknowledge("ready")
    for _ in range(int(count)):
        actor.act()


if __name__ == "__main__":
    main()
