"""Whatever is changed behind the programme's back in an evidence database, verify says what and where."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from sync.ids import new_id
from sync.replica import Edit
from sync.verify import verify
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    NOON,
    OTHER_AREA,
    SCHEMA,
    Author,
    Team,
    change,
    device,
    faults,
    merge,
    merge_file,
    note,
    notes,
    offer,
    row_id,
    tips,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.replica import Replica

PHOTOS = [bytes([number]) * 40 for number in range(3)]
VICTIM = 20
"""Log number of the changeset that is tampered with."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace of two devices: some forty changesets, three photos, a conflict, a refusal, a voiding."""
    team = Team(tmp_path_factory.mktemp("evidence"))
    here, there = team.replica("here"), team.replica("there")
    for number, photo in enumerate(PHOTOS):
        note(here, f"p{number}", title=f"照片{number}", photo=here.blobs.put(photo))
    for number in range(30):
        area = OTHER_AREA if number % 5 == 0 else AREA
        note(here, f"n{number // 2}{area}", area=area, title=f"第{number}次检查", time_ms=NOON + number)
    merge(here, there)
    note(here, "n4141102", title="one")
    note(there, "n4141102", title="other")
    note(there, "there", title="x")
    merge(here, there)
    row = here.row("notes", row_id("p2"))
    void = {"void": {"void_reason": "重复", "void_at": "1", "void_by": "9"}}
    here.write(AREA, [Edit("notes", row_id("p2"), void, basis=row, covers_row=True)], officer="9", time_ms=NOON)
    offer(here, [Author(device("inspector", role="inspector")).say(change("r", {"remark": "x"}, table="reviews"))])
    for replica in (here, there):
        replica.close()
    yield here.path.parent
    team.close()


@pytest.fixture
def opened(team: Team, evidence: Path) -> Replica:
    """A copy of the evidence to tamper with."""
    shutil.copytree(evidence, team.folder / "copy")
    return team.reopen(team.folder / "copy", device("here"))


def version(replica: Replica, number: int) -> str:
    """The version of a log number."""
    found = replica.connection.execute(
        "SELECT device, seq, hash FROM log JOIN chains ON chains.id = log.chain WHERE log.id = ?", (number,)
    ).fetchone()
    return f"{found[0]}:{found[1]}:{bytes(found[2]).hex()[:32]}"


def tampered(replica: Replica, *statements: str, values: tuple[Any, ...] = ()) -> dict[str, set[str]]:
    """What verify says after these statements, by place; they are undone again."""
    replica.connection.execute("BEGIN")
    try:
        for statement in statements:
            replica.connection.execute(statement, values if "?" in statement else ())
        found: dict[str, set[str]] = {}
        for fault in faults(replica):
            found.setdefault(fault.where, set()).add(fault.code)
            assert fault.zh.endswith("。")
            assert fault.en.endswith(".")
        return found
    finally:
        replica.connection.execute("ROLLBACK")


def test_the_untouched_workspace_has_no_fault(opened: Replica) -> None:
    """Nothing is said of what nobody touched."""
    assert opened.status().changesets >= 38
    assert verify(opened.connection, SCHEMA, opened.blobs) == []
    assert opened.status().conflicts == 1
    assert opened.status().refused == 1


@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_every_byte_of_a_body_is_guarded(opened: Replica, mask: int) -> None:
    """Each byte of a changeset flipped in turn: that changeset is named, every time."""
    body = opened.connection.execute("SELECT body FROM log WHERE id = ?", (VICTIM,)).fetchone()[0].encode()
    named = version(opened, VICTIM)
    for position in range(len(body)):
        flipped = bytearray(body)
        flipped[position] ^= mask
        found = tampered(
            opened, f"UPDATE log SET body = CAST(? AS TEXT) WHERE id = {VICTIM}", values=(bytes(flipped),)
        )
        assert "changeset" in found.get(named, ()), position


@pytest.mark.parametrize("column", ["signature", "hash"])
def test_every_byte_of_signature_and_hash_is_guarded(opened: Replica, column: str) -> None:
    """Each byte of the columns beside the body flipped in turn: the changeset is named by its place."""
    data = bytes(opened.connection.execute(f"SELECT {column} FROM log WHERE id = ?", (VICTIM,)).fetchone()[0])
    place = version(opened, VICTIM).rsplit(":", 1)[0]
    code = "signature" if column == "signature" else "changeset"
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        found = tampered(opened, f"UPDATE log SET {column} = ? WHERE id = {VICTIM}", values=(bytes(flipped),))
        assert any(where.startswith(f"{place}:") and code in codes for where, codes in found.items()), position


def test_every_changeset_is_guarded(opened: Replica) -> None:
    """One byte of each changeset of the log: each is named."""
    for (number,) in map(tuple, opened.connection.execute("SELECT id FROM log").fetchall()):
        found = tampered(opened, f"UPDATE log SET body = replace(body, 'e', 'ē') WHERE id = {number}")
        assert "changeset" in found[version(opened, number)]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log SET seq = seq + 1", "UPDATE log SET seq = 999", "UPDATE log SET chain = 3 - chain"],
)
def test_a_changeset_moved_to_another_place_is_named(opened: Replica, statement: str) -> None:
    """Sequence number or chain changed beside the signed bytes."""
    assert any(
        "changeset" in codes
        for codes in tampered(opened, "DROP INDEX log_place", f"{statement} WHERE id = {VICTIM}").values()
    )


def test_one_byte_of_each_photo_is_guarded(opened: Replica) -> None:
    """Each byte of each photo flipped in turn: that photo is named; a missing one and a longer one, too."""
    for photo in PHOTOS:
        sha256 = hashlib.sha256(photo).hexdigest()
        path = opened.blobs.path_of(sha256)
        for position in range(0, len(photo), 7):
            flipped = bytearray(photo)
            flipped[position] ^= 1
            path.write_bytes(flipped)
            assert [(fault.code, fault.where) for fault in faults(opened)] == [("photo", sha256)]
        path.write_bytes(photo + b"\0")
        assert [(fault.code, fault.where) for fault in faults(opened)] == [("photo", sha256)]
        path.unlink()
        assert [(fault.code, fault.where) for fault in faults(opened)] == [("photo", sha256)]
        path.write_bytes(photo)
    assert faults(opened) == []


def test_swapped_photos_are_named(opened: Replica) -> None:
    """Two photos exchanged under each other's names: both are named."""
    one, other = (opened.blobs.path_of(hashlib.sha256(photo).hexdigest()) for photo in PHOTOS[:2])
    one.write_bytes(PHOTOS[1])
    other.write_bytes(PHOTOS[0])

    assert {fault.where for fault in faults(opened)} == {hashlib.sha256(photo).hexdigest() for photo in PHOTOS[:2]}


def test_a_changeset_dropped_from_the_middle_is_named(opened: Replica) -> None:
    """The gap is named by its successor, and by whoever had seen the dropped one."""
    for number in (1, 7, VICTIM, 30):
        found = tampered(opened, f"DELETE FROM log WHERE id = {number}")
        assert any("chain" in codes for codes in found.values()), number


def test_a_dropped_tail_is_named_by_the_tips(opened: Replica) -> None:
    """The last changeset of a chain deleted from the log alone: its tip says that it was there."""
    last = opened.connection.execute("SELECT max(id) FROM log").fetchone()[0]
    assert "tail" in tampered(opened, f"DELETE FROM log WHERE id = {last}")[version(opened, last)]


def test_a_tail_dropped_without_trace_is_named_by_another_replica(team: Team) -> None:
    """An old backup put in place is sound in itself; whoever knows a later head shows what is gone."""
    here, other = team.replica("here"), team.replica("other")
    note(here, "a", title="1")
    here.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(here.path.parent, team.folder / "old")
    gone = [note(here, "a", title="2"), note(here, "b", title="3")]
    merge(other, here)
    old = team.reopen(team.folder / "old", device("here"))

    assert faults(old) == []
    assert [(fault.code, fault.where) for fault in faults(old, [tips(other)])] == [("tail", gone[-1])]
    assert faults(here, [tips(other), tips(old)]) == []
    assert faults(other, [tips(old)]) == []


def test_reordered_changesets_are_named(opened: Replica) -> None:
    """Two changesets of one chain with their numbers swapped: order is part of what is recorded."""
    chain, seq = opened.connection.execute("SELECT chain, seq FROM log WHERE id = ?", (VICTIM,)).fetchone()
    after = opened.connection.execute(
        "SELECT id FROM log WHERE chain = ? AND seq = ?", (chain, seq + 1)
    ).fetchone()[0]
    found = tampered(
        opened,
        f"UPDATE log SET id = -1 WHERE id = {VICTIM}",
        f"UPDATE log SET id = {VICTIM} WHERE id = {after}",
        f"UPDATE log SET id = {after} WHERE id = -1",
    )

    assert "order" in found[version(opened, after)]


def test_a_duplicated_changeset_is_named(opened: Replica) -> None:
    """The same changeset twice in the log, once the index that forbids it is gone."""
    found = tampered(
        opened,
        "DROP INDEX log_place",
        f"INSERT INTO log (chain, seq, hash, body, signature) SELECT chain, seq, hash, body, signature FROM log WHERE id = {VICTIM}",
    )

    assert "order" in found[version(opened, VICTIM)]


def test_a_changeset_signed_again_with_another_key_is_named(opened: Replica) -> None:
    """The same bytes under another device's signature, even one of the same team."""
    hash_ = bytes(opened.connection.execute("SELECT hash FROM log WHERE id = ?", (VICTIM,)).fetchone()[0])
    for name in ("there", "forger"):
        found = tampered(
            opened, f"UPDATE log SET signature = ? WHERE id = {VICTIM}", values=(device(name).key.sign(hash_),)
        )
        assert found == {version(opened, VICTIM): {"signature"}}


def test_a_changed_and_rehashed_changeset_is_named(opened: Replica) -> None:
    """Body and hash changed together, tips too where needed: signature and successor give it away."""
    body = opened.connection.execute("SELECT body FROM log WHERE id = ?", (VICTIM,)).fetchone()[0]
    changed = body.replace("检查", "检验")
    hash_ = hashlib.sha256(changed.encode()).digest()
    found = tampered(
        opened,
        f"UPDATE log SET body = '{changed}' WHERE id = {VICTIM}",
        f"UPDATE log SET hash = ? WHERE id = {VICTIM}",
        values=(hash_,),
    )

    assert changed != body
    assert {"signature", "chain"} <= set().union(*found.values())


def test_a_chain_written_anew_under_another_root_is_named(team: Team) -> None:
    """A whole workspace made up under another root key: its changes count for nothing and show nowhere."""
    here = team.replica("here")
    note(here, "a", title="true")
    forger = Author(device("here", root=FOREIGN_ROOT))
    forged = forger.say(change("a", {"title": "false"}))
    here.connection.execute("DELETE FROM log")
    here.connection.execute("DELETE FROM tips")
    here.connection.execute(
        "INSERT INTO log (chain, seq, hash, body, signature) VALUES (1, 1, ?, ?, ?)",
        (hashlib.sha256(forged.body).digest(), forged.body.decode(), forged.signature),
    )

    assert {"tail", "table"} & {fault.code for fault in faults(here)}


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE notes SET title = 'x' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET title = NULL WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET area = '000000' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET created = 'x' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET heads = '{}' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET conflict = '[\"title\"]' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET void_reason = 'x' WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET photo = upper(photo) WHERE id = :row", "notes/:row"),
        ("UPDATE notes SET id = 'ffffffff-ffff-8fff-8fff-ffffffffffff' WHERE id = :row", "notes/:row"),
        ("DELETE FROM notes WHERE id = :row", "notes/:row"),
        ("INSERT INTO notes (id, title) VALUES (':new', 'x')", "notes/:new"),
        ("INSERT INTO reviews (id, remark) VALUES (':new', 'x')", "reviews/:new"),
        ("INSERT INTO purges (id, sha256) VALUES (':new', 'x')", "purges/:new"),
        ("INSERT INTO conflicts VALUES ('notes', ':row', 'body')", "notes/:row"),
        ("DELETE FROM conflicts", "notes/:clash"),
    ],
)
def test_a_table_edited_behind_the_log_is_named(opened: Replica, statement: str, where: str) -> None:
    """A row changed, deleted or invented, a conflict hidden or made up: the row is named."""
    known = {":row": row_id("p0"), ":new": new_id(), ":clash": row_id("n4141102")}
    sql = statement.replace("= :row", f"= '{known[':row']}'")
    for name, value in known.items():
        sql, where = sql.replace(name, value), where.replace(name, value)

    assert "table" in tampered(opened, sql).get(where, ())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tips",
        "DELETE FROM tips WHERE chain = 1",
        "UPDATE tips SET seq = seq - 1 WHERE chain = 1",
        "UPDATE tips SET seq = seq + 1 WHERE chain = 1",
        "UPDATE tips SET hash = zeroblob(32) WHERE chain = 1",
        "UPDATE tips SET hash = (SELECT hash FROM log WHERE id = 1) WHERE chain = 1",
        "INSERT INTO tips VALUES (1, zeroblob(32), 99, 'x')",
        "DELETE FROM chains WHERE id = 1",
        "UPDATE chains SET device = '00000000000000000000' WHERE id = 1",
        "UPDATE chains SET area = '000000' WHERE id = 1",
        "UPDATE chains SET id = 99 WHERE id = 1",
        "UPDATE meta SET value = '0' WHERE key = 'team'",
    ],
)
def test_edited_bookkeeping_of_chains_is_named(opened: Replica, statement: str) -> None:
    """Heads, chains and the team as noted are held against the log."""
    assert tampered(opened, statement) != {}


def test_a_fork_is_a_note_not_a_fault(team: Team) -> None:
    """What the log itself shows of a clone is told without calling the log broken."""
    author, here = Author(device("cloned")), team.replica("here")
    first = author.say(change("a", {"title": "x"}))
    clone = author.fork()
    offer(here, [first, author.say(change("b", {"title": "x"})), clone.say(change("c", {"title": "x"}))])

    assert faults(here) == []
    assert [fault.code for fault in notes(here)] == ["fork"]


def test_a_clock_that_went_back_is_a_note(team: Team) -> None:
    """Time is never adjusted; a jump is told with the device's change."""
    here = team.replica("here")
    note(here, "a", title="x")
    back = note(here, "b", title="x", time_ms=NOON - 3_600_000)

    assert [(fault.code, fault.where) for fault in notes(here)] == [("clock", back)]


def test_a_photo_that_has_not_come_is_a_note(team: Team) -> None:
    """A photo still on its way is not a photo lost."""
    here, there = team.replica("here"), team.replica("there")
    note(there, "a", photo="a" * 64)
    merge_file(here, there.path)

    assert [(fault.code, fault.where) for fault in notes(here)] == [("photo", "a" * 64)]


def test_verifying_tells_how_far_it_is_and_writes_nothing(opened: Replica) -> None:
    """Progress counts changesets; the file is only read."""
    told: list[tuple[int, int]] = []
    before = opened.connection.total_changes
    verify(opened.connection, SCHEMA, opened.blobs, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (opened.status().changesets, opened.status().changesets)
    assert opened.connection.total_changes == before
