"""Peers that are files: read, never written, and told apart from what is not ours in one sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

import sync.bulk
from sync.errors import NotAReplicaError, StoreError, SyncError
from sync.exchange import exchange
from sync.peers import open_peer, sample
from sync.replica import Replica
from tests.sync.support import AREA, SCHEMA, Team, check_sound, device, dump, faults, merge_file, note, row_id, tips

if TYPE_CHECKING:
    from pathlib import Path

PHOTO = b"\xff\xd8 a photo"


def listing(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file under a folder: bytes, time of change, mode."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def source(team: Team, *, with_wal: bool) -> Path:
    """A workspace folder of somebody, its programme closed or killed with the write-ahead log left behind."""
    theirs = team.replica("theirs")
    note(theirs, "a", title="x", photo=theirs.blobs.put(PHOTO))
    note(theirs, "b", title="y")
    target = team.folder / "stick"
    if not with_wal:
        theirs.close()
    shutil.copytree(theirs.path.parent, target, ignore=shutil.ignore_patterns("*-shm"))
    assert (target / "workspace.db-wal").exists() is with_wal
    return target


@pytest.mark.parametrize("with_wal", [True, False])
@pytest.mark.parametrize("kind", ["folder", "file", "renamed"])
@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("bulk", [True, False])
def test_a_source_is_read_and_left_as_it_is(
    team: Team, with_wal: bool, kind: str, read_only: bool, bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder or bare file, with or without `-wal`, read-only or not: everything comes, nothing there changes."""
    monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", 1 if bulk else 10**9)
    folder = source(team, with_wal=with_wal)
    path = folder / "workspace.db" if kind != "folder" else folder
    if kind == "renamed":
        for end in ("", "-wal"):
            if (folder / f"workspace.db{end}").exists():
                (folder / f"workspace.db{end}").rename(folder / f"王 100%?#.db{end}")
        path = folder / "王 100%?#.db"
    if read_only:
        for each in [*folder.rglob("*"), folder]:
            each.chmod(each.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before = listing(folder)
    here = team.replica("here")

    done = merge_file(here, path)

    assert done.received.appended == 2
    assert done.photos_received == 1
    assert listing(folder) == before
    assert here.row("notes", row_id("b")) is not None
    check_sound(here)
    for each in [folder, *folder.rglob("*")]:
        each.chmod(each.stat().st_mode | stat.S_IWUSR)


def test_a_live_workspace_is_read_while_it_is_open(team: Team) -> None:
    """The colleague's programme still runs: what it has committed comes, its files stay as they are."""
    theirs, here = team.replica("theirs"), team.replica("here")
    note(theirs, "a", title="x")
    before = listing(theirs.path.parent)

    merge_file(here, theirs.path.parent)

    assert listing(theirs.path.parent) == before
    assert here.row("notes", row_id("a")) is not None
    note(theirs, "b", title="y")
    assert merge_file(here, theirs.path).received.appended == 1


def test_no_private_copy_stays_behind(team: Team) -> None:
    """What was copied to be read is gone when the peer is closed, or was found not to be ours."""
    theirs = team.replica("theirs")
    note(theirs, "a", title="x")
    scratch = team.folder / "scratch"
    scratch.mkdir()

    with open_peer(theirs.path, scratch):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []
    theirs.connection.execute("PRAGMA application_id = 1")
    with pytest.raises(NotAReplicaError):
        open_peer(theirs.path, scratch)
    assert list(scratch.iterdir()) == []


def garbage(team: Team, kind: str) -> Path:
    """Something that is not a workspace."""
    theirs = team.replica("theirs")
    for number in range(30):
        note(theirs, f"n{number}", title="x" * 500)
    theirs.close()
    path = theirs.path
    data = path.read_bytes()
    match kind:
        case "nothing":
            path.unlink()
        case "empty folder":
            path = team.folder / "empty"
            path.mkdir()
        case "empty file":
            path.write_bytes(b"")
        case "text":
            path.write_text("not a database at all, " * 100)
        case "photo":
            path.write_bytes(PHOTO * 1000)
        case "header only":
            path.write_bytes(data[:100])
        case "half":
            path.write_bytes(data[: len(data) // 2])
        case "noise inside":
            path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
        case "another database":
            path.unlink()
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE log (x)")
            connection.close()
        case "newer layout":
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA user_version = 99")
            connection.close()
        case "log as a view":
            with sqlite3.connect(path) as connection:
                connection.execute("ALTER TABLE log RENAME TO real_log")
                connection.execute("CREATE VIEW log AS SELECT * FROM real_log")
            connection.close()
        case "directory as database":
            path.unlink()
            path.mkdir()
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "nothing",
        "empty folder",
        "empty file",
        "text",
        "photo",
        "header only",
        "half",
        "noise inside",
        "another database",
        "newer layout",
        "log as a view",
        "directory as database",
    ],
)
def test_what_is_not_ours_is_one_sentence(team: Team, kind: str) -> None:
    """Not ours, damaged, cut short or too new: one sentence in each language, and nothing of it here."""
    path = garbage(team, kind)
    here = team.replica("here")

    with pytest.raises(SyncError) as caught:
        merge_file(here, path)

    assert caught.value.zh.endswith("。")
    assert "\n" not in caught.value.en
    assert faults(here) == []
    if kind != "noise inside":
        assert here.status().changesets == 0


@pytest.mark.parametrize("kind", ["empty file", "text", "header only", "another database", "newer layout"])
def test_a_workspace_that_is_not_ours_is_not_opened(team: Team, kind: str) -> None:
    """Opening for writing is refused by the same test, and the file is left as it is."""
    path = garbage(team, kind)
    before = path.read_bytes()

    with pytest.raises(NotAReplicaError):
        Replica.open(path, SCHEMA, None, path.parent / "photos")
    assert path.read_bytes() == before


def test_a_workspace_is_made_once(team: Team) -> None:
    """Creating over an existing file is refused; opening a missing one, too."""
    here = team.replica("here")
    with pytest.raises(StoreError):
        Replica.create(here.path, SCHEMA, device("x"), here.path.parent)
    with pytest.raises(StoreError):
        Replica.open(here.path.with_name("missing.db"), SCHEMA, None, here.path.parent)


@pytest.mark.parametrize(
    "trigger",
    [
        "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM log; END",
        "CREATE TRIGGER t BEFORE DELETE ON tips BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
)
def test_triggers_in_a_source_do_nothing(team: Team, trigger: str) -> None:
    """What a source's schema would do on writing never runs, because nothing is written there."""
    theirs, here = team.replica("theirs"), team.replica("here")
    note(theirs, "a", title="x")
    theirs.connection.execute(trigger)

    assert merge_file(here, theirs.path).received.appended == 1
    check_sound(here)


def test_forged_certificates_in_a_source_prove_nothing(team: Team) -> None:
    """A source whose list of certificates says otherwise than its changesets is believed by the changesets alone."""
    theirs, here = team.replica("theirs"), team.replica("here")
    note(theirs, "a", title="x")
    forged = device("forger").jws
    theirs.connection.execute("UPDATE certificates SET jws = ?", (forged,))
    merge_file(here, theirs.path)

    assert here.row("notes", row_id("a")) is not None
    assert here.connection.execute("SELECT jws FROM certificates").fetchone()[0] == device("theirs").jws


@pytest.mark.parametrize("bulk", [True, False])
def test_a_source_signed_by_another_key_brings_nothing(
    team: Team, bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every signature of a source replaced by another key's: nothing of it gets in."""
    monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", 1 if bulk else 10**9)
    theirs, here = team.replica("theirs"), team.replica("here")
    for number in range(5):
        note(theirs, f"n{number}", title="x")
    for number, hash_ in map(tuple, theirs.connection.execute("SELECT id, hash FROM log").fetchall()):
        theirs.connection.execute(
            "UPDATE log SET signature = ? WHERE id = ?", (device("forger").key.sign(hash_), number)
        )

    done = merge_file(here, theirs.path)

    assert done.received.appended == 0
    assert done.received.refused
    assert here.status().changesets == 0


def test_merging_again_brings_nothing_new(team: Team) -> None:
    """A second merge of the same file is a matter of comparing heads."""
    theirs, here = team.replica("theirs"), team.replica("here")
    note(theirs, "a", title="x")
    merge_file(here, theirs.path)
    before = dump(here)

    again = merge_file(here, theirs.path)

    assert (again.received.appended, again.received.known, again.photos_received) == (0, 0, 0)
    assert dump(here) == before


def test_an_exchange_with_an_open_replica_goes_both_ways(team: Team) -> None:
    """Each side gets what it lacks, photos included, and the new conflicts are told."""
    one, other = team.replica("one"), team.replica("other")
    note(one, "a", title="base", photo=one.blobs.put(PHOTO))
    from sync.peers import ReplicaPeer

    exchange(one, ReplicaPeer(other))
    note(one, "a", title="1")
    note(other, "a", title="2")
    done = exchange(one, ReplicaPeer(other))

    assert other.blobs.read(other.row("notes", row_id("a")).values["photo"]) == PHOTO  # type: ignore[union-attr]
    assert [(conflict.cell, conflict.base) for conflict in done.conflicts] == [("title", "base")]
    assert done.sent is not None
    assert done.sent.appended == 1
    check_sound(one, other)


def test_places_are_sampled_at_growing_distance(team: Team) -> None:
    """A peer with a shorter chain finds a common place among a handful, down to the first."""
    here = team.replica("here")
    for number in range(40):
        note(here, f"n{number}", title="x")

    places = [seq for seq, _ in sample(here.connection, (AREA, device("here").device))]

    assert places == [40, 39, 37, 33, 25, 9]
    assert sample(here.connection, (AREA, "0" * 20)) == []
    assert tips(here)[AREA, device("here").device][0][0] == 40
