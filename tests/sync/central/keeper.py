"""Servers in processes of their own that can be killed at any instant and are back at once.

A process without threads imports everything and then forks a server whenever it is told to: forking from a test that
has threads would now and then leave the child with a lock that nobody holds.
`python -m tests.sync.central.keeper FOLDER STORE SOCKET…` reads `start N` and `kill PID` from standard input.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sync.blobs import Blobs
from sync.central.postgres_store import PostgresStore
from sync.central.serving import Where, server
from sync.central.sqlite_store import SqliteStore
from sync.replica import Replica
from tests.sync.central.house import over, served_identity
from tests.sync.support import SCHEMA

if TYPE_CHECKING:
    from types import TracebackType

    from sync.central.store import CentralStore

SQLITE = "sqlite"
ROOT = Path(__file__).parents[3]


def opened(folder: Path) -> Replica:
    """The server's replica, made when it is not there yet."""
    path = folder / "central" / "workspace.db"
    identity = served_identity()
    if path.exists():
        return Replica.open(path, SCHEMA, identity, path.parent / "photos")
    path.parent.mkdir(exist_ok=True)
    return Replica.create(path, SCHEMA, identity, path.parent / "photos")


def photos_of(folder: Path) -> Blobs:
    """Where the server keeps its photos."""
    return Blobs(folder / "central" / "photos")


def open_store(folder: Path, store: str) -> CentralStore:
    """The store: a folder's, or PostgreSQL at an address."""
    if store == SQLITE:
        return SqliteStore(opened(folder))
    return PostgresStore.open(store, SCHEMA, team=served_identity().team)


class Keeper:
    """The process, as a test talks to it.

    Attributes:
        urls: Of the sockets, each there from the start and for good, whether anybody serves it or not.
    """

    def __init__(self, folder: Path, store: str = SQLITE, sockets: int = 1) -> None:
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(sockets)]
        self.urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets]
        numbers = [each.fileno() for each in self._sockets]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(folder), store, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=numbers,
            cwd=ROOT,
        )
        self._alive: dict[int, int] = {}

    def _tell(self, line: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, number: int = 0) -> None:
        """Start a server on one of the sockets."""
        self._alive[number] = self._tell(f"start {number}")

    def wait(self, number: int = 0) -> None:
        """Wait until a server answers there."""
        host, port = self._sockets[number].getsockname()
        connection = http.client.HTTPConnection(host, port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/ready")
            assert connection.getresponse().read()

    def kill(self, number: int = 0) -> None:
        """Kill it with SIGKILL."""
        self._tell(f"kill {self._alive.pop(number)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # at the end of its input it kills what it has started
        with self._process:
            pass
        for each in self._sockets:
            each.close()


def serve(folder: Path, store: str, listening: socket.socket) -> None:
    """Serve until killed."""
    central = over(
        open_store(folder, store), folder / "central" / "photos", served_identity(), requests_a_minute=10**6
    )
    server(central, Where()).run(sockets=[listening])


def main() -> None:
    """Fork and kill as told."""
    folder, store = Path(sys.argv[1]), sys.argv[2]
    sockets = [socket.socket(fileno=int(number)) for number in sys.argv[3:]]
    children: set[int] = set()
    for line in sys.stdin:
        command, number = line.split()
        if command == "start":
            child = os.fork()
            if not child:
                try:
                    serve(folder, store, sockets[int(number)])
                finally:
                    os._exit(1)
            children.add(child)
        else:
            child = int(number)
            end(child)
            children.discard(child)
        print(child, flush=True)
    for child in children:
        end(child)


def end(child: int) -> None:
    """Kill a child of ours."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
