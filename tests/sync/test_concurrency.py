"""Several programmes and threads write one workspace at once: everything is there, in one unbroken chain."""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sync.exchange import exchange
from sync.peers import open_peer
from sync.replica import Edit
from tests.sync.acting import workspace
from tests.sync.support import AREA, Team, check_sound, device, merge_file, note, row_id, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.replica import Replica

WRITERS = 4
EACH = 25


def forked(work: Callable[[], None]) -> int:
    """Run in another process; returns its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def write(replica: Replica, writer: int) -> None:
    """Own rows, and a row that everybody changes."""
    for number in range(EACH):
        edits = [Edit("notes", row_id(f"{writer} {number}"), {"title": str(number)})]
        replica.write(AREA, [*edits, Edit("notes", row_id("shared"), {"title": f"{writer} {number}"})], officer="9")


def open_and_write(folder: Path, writer: int) -> None:
    """In a process of its own, on a connection of its own."""
    write(workspace(folder, "laptop"), writer)


def check(replica: Replica, count: int) -> None:
    """All there, numbered without gap or fork, no conflict."""
    seqs = [int(version.split(":")[1]) for version in versions(replica)]
    assert sorted(seqs) == list(range(1, count + 1))
    assert replica.status().forked == []
    assert replica.status().conflicts == 0
    for writer in range(WRITERS):
        for number in range(EACH):
            assert replica.row("notes", row_id(f"{writer} {number}")) is not None
    check_sound(replica)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_processes_write_at_once(tmp_path: Path) -> None:
    """Four programmes on one workspace wait for each other; none fails, nothing is lost."""
    workspace(tmp_path, "laptop").close()
    children = [forked(partial(open_and_write, tmp_path, writer)) for writer in range(WRITERS)]

    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * WRITERS
    replica = workspace(tmp_path, "laptop")
    check(replica, WRITERS * EACH)
    replica.close()


def test_threads_write_at_once(team: Team) -> None:
    """Four threads on one open replica: the same."""
    here = team.replica("here")
    threads = [threading.Thread(target=write, args=(here, writer)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    check(here, WRITERS * EACH)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_two_processes_merge_the_same_file_while_a_third_writes(tmp_path: Path) -> None:
    """Merging twice at once takes everything in once."""
    colleague = workspace(tmp_path, "colleague")
    for number in range(120):
        colleague.write(AREA, [Edit("notes", row_id(f"c{number}"), {"title": "x"})], officer="9")
    colleague.close()
    workspace(tmp_path, "laptop").close()

    def merge() -> None:
        with open_peer(colleague.path) as peer:
            exchange(workspace(tmp_path, "laptop"), peer)

    children = [forked(merge), forked(merge), forked(partial(open_and_write, tmp_path, 0))]

    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    replica = workspace(tmp_path, "laptop")
    assert len(versions(replica)) == 120 + EACH
    assert replica.status().held == 0
    check_sound(replica)
    replica.close()


def test_a_reader_sees_whole_actions(team: Team) -> None:
    """While others write, a reader's connection sees an action entirely or not at all."""
    here = team.replica("here")
    stop = threading.Event()
    torn: list[tuple[int, int]] = []

    def read() -> None:
        connection = here.connect_reader()
        while not stop.is_set():
            connection.execute("BEGIN")
            rows = connection.execute("SELECT count(*) FROM notes").fetchone()[0]
            logged = connection.execute("SELECT count(*) FROM log").fetchone()[0]
            connection.execute("COMMIT")
            if rows != logged * 2:
                torn.append((rows, logged))
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        edits = [Edit("notes", row_id(f"{number} {part}"), {"title": "x"}) for part in range(2)]
        here.write(AREA, edits, officer="9")
    stop.set()
    reader.join()

    assert torn == []


def test_a_workspace_that_is_busy_is_one_sentence(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the file: after the waiting time one sentence, nothing written, and later it works."""
    from sync.errors import StoreError

    here = team.replica("here")
    other = team.reopen(here.path.parent, device("here"))
    here.connection.execute("PRAGMA busy_timeout = 30")
    with other.writing():
        with pytest.raises(StoreError) as caught:
            note(here, "a", title="x")
        assert "nothing was written" in caught.value.en
    note(here, "a", title="x")
    assert len(versions(here)) == 1
    assert merge_file(team.replica("there"), here.path).received.appended == 1
