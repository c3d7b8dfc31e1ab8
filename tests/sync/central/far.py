"""What runs on the two hosts: `serve FOLDER HOST`, and `work FOLDER NAME URL FINGERPRINT ROUNDS DELAY`.

A worker prints `done` when all of its rounds are synced, waits for a line, syncs once more and ends.
"""

from __future__ import annotations

import ctypes
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sync.central.connection
from sync.central import tls
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection, UnreachableError
from sync.central.serving import Where, bind, server
from sync.central.sqlite_store import SqliteStore
from sync.central.syncing import synchronise
from sync.replica import Replica
from tests.sync.central.house import over, served_identity
from tests.sync.central.keeper import opened
from tests.sync.support import SCHEMA, device, note

if TYPE_CHECKING:
    from sync.central.syncing import Synced

PHOTO = 6000
_PR_SET_PDEATHSIG = 1


def serve(folder: Path, host: str) -> None:
    """Serve until killed; prints the port and the certificate's fingerprint."""
    certificate, key = tls.make(folder, [host])
    where = Where(host=host, certificate=certificate, key=key)
    central = over(SqliteStore(opened(folder)), folder / "central" / "photos", served_identity())
    listening = bind(where)
    print(listening.getsockname()[1], tls.fingerprint(certificate), flush=True)
    server(central, where).run(sockets=[listening])


def workspace(folder: Path, name: str) -> Replica:
    """A worker's replica, made when it is not there yet."""
    place = folder / name
    path = place / "workspace.db"
    if path.exists():
        return Replica.open(path, SCHEMA, device(name), place / "photos")
    place.mkdir()
    return Replica.create(path, SCHEMA, device(name), place / "photos")


def work(folder: Path, name: str, url: str, fingerprint: str, rounds: int, delay: float) -> None:
    """Record, attach, sync; each time until it is done."""
    # on a quick line an answer that was cut off is given up sooner
    sync.central.connection.READ_S = 8 + 32 * delay  # type: ignore[misc]
    sync.central.connection.CONNECT_S = 4 + 16 * delay  # type: ignore[misc]
    chance = random.Random(name)
    replica = workspace(folder, name)
    connection = Connection(Address(url, fingerprint), replica.identity)

    def until_done() -> Synced:
        while True:
            try:
                return synchronise(replica, HttpPeer(connection))
            except UnreachableError as error:
                print(error.en, file=sys.stderr, flush=True)

    for number in range(rounds):
        note(replica, f"both {number}", title=name)
        note(replica, f"{name} {number}", photo=replica.blobs.put(chance.randbytes(PHOTO)))
        until_done()
    print("done", flush=True)
    sys.stdin.readline()
    until_done()
    connection.close()
    replica.close()


def die_with_parent() -> None:
    """A test that is killed leaves nobody behind who syncs for ever."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    die_with_parent()
    command, place, *said = sys.argv[1:]
    if command == "serve":
        serve(Path(place), *said)
    else:
        name, url, fingerprint, rounds, delay = said
        work(Path(place), name, url, fingerprint, int(rounds), float(delay))
