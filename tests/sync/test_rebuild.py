"""Folding the whole log anew gives what stood there, and after an upgrade what the newer programme understands."""

from __future__ import annotations

import random

import pytest

from sync.replica import Edit
from sync.schema import VOID, Cell, Schema, Table
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    NOON,
    NOTES,
    OTHER_AREA,
    REVIEWS,
    SCHEMA,
    Author,
    Team,
    change,
    check_sound,
    device,
    dump,
    faults,
    merge,
    merge_file,
    note,
    offer,
    row_id,
    versions,
)

WIDER = Schema(
    (
        Table(NOTES.name, (*NOTES.cells[:-1], Cell("novel", "json"), VOID), indexes=NOTES.indexes),
        REVIEWS,
        Table("samples", (Cell("number"),)),
    )
)


def busy(team: Team, name: str = "busy") -> None:
    """A replica that has been through everything: conflicts, voiding, refusals, adoption, revocation, purge, a fork."""
    here, there = team.replica(name), team.replica(f"{name} too")
    chance = random.Random(1)
    for number in range(60):
        replica = chance.choice([here, there])
        cells = {chance.choice(["title", "body"]): str(number)}
        replica.write(AREA, [Edit("notes", row_id(f"n{number % 9}"), cells)], officer="9", time_ms=NOON + number)
        if number % 10 == 9:
            merge(here, there)
    row = here.row("notes", row_id("n1"))
    void = {"void": {"void_reason": "x", "void_at": "1", "void_by": "9"}}
    here.write(AREA, [Edit("notes", row_id("n1"), void, basis=row, covers_row=True)], officer="9")
    stranger = team.replica(f"{name} stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "far", title="x", area=OTHER_AREA)
    merge_file(here, stranger.path, trust=lambda _: True)
    lost = Author(device("lost"))
    offer(here, [lost.say(change("lost", {"title": "x"}))])
    clone = lost.fork()
    offer(here, [lost.say(change("lost1", {"title": "x"}))])
    here.revoke(AREA, lost.identity.device, reason="x", officer="9")
    offer(here, [clone.say(change("lost2", {"title": "x"})), lost.say(change("lost3", {"title": "x"}))])
    sha256 = here.put_private("x")
    note(here, "private", photo=sha256)
    here.purge(AREA, sha256, reason="x", officer="9")
    offer(here, [Author(device("inspector", role="inspector")).say(change("r", {"remark": "x"}, table="reviews"))])
    here.close()


def test_a_rebuild_gives_the_same(team: Team) -> None:
    """Equal dump, equal refusals, tips and forks after everything that can happen has happened."""
    busy(team)
    here = team.reopen(team.folder / "busy", device("busy"))
    tables = {
        "refusals": "log, change, code",
        "tips": "chain, hash, seq, cert",
        "chains": "id, area, device, forked",
        "system_changes": "log",
        "conflicts": "tbl, row, cell",
        "certificates": "id, device, team, jws",
        "blobs": "sha256, state",
        "log": "id, chain, seq, hash, body, signature",
    }

    def everything() -> dict[str, list[tuple[object, ...]]]:
        return {
            name: sorted(map(tuple, here.connection.execute(f"SELECT {columns} FROM {name}")))
            for name, columns in tables.items()
        }

    before, rows = everything(), dump(here)
    count = here.rebuild()

    assert count == len(versions(here))
    assert dump(here) == rows
    for name, found in everything().items():
        assert found == before[name], name
    assert faults(here) == []


def test_an_edited_table_is_restored(team: Team) -> None:
    """What was changed behind the log is gone after a rebuild."""
    here = team.replica("here")
    note(here, "a", title="true")
    before = dump(here)
    here.connection.execute("UPDATE notes SET title = 'false'")
    here.connection.execute("INSERT INTO notes (id, title) VALUES ('x', 'invented')")
    here.connection.execute("INSERT INTO conflicts VALUES ('notes', 'x', 'title')")
    assert faults(here) != []

    here.rebuild()

    assert dump(here) == before
    assert faults(here) == []


def test_unknown_tables_and_cells_are_kept_and_folded_after_the_upgrade(team: Team) -> None:
    """An older programme passes on what it does not know; the newer one shows it, as if it had been there from the start."""
    newer, older, again = (
        team.replica("newer", schema=WIDER),
        team.replica("older"),
        team.replica("again", schema=WIDER),
    )
    newer.write(AREA, [Edit("samples", row_id("s"), {"number": "S-1"})], officer="9")
    newer.write(AREA, [Edit("notes", row_id("a"), {"title": "x", "novel": {"deep": [1]}})], officer="9")
    merge(older, newer)
    note(older, "a", title="by the older programme")
    merge(again, older)
    merge(newer, older)
    row = again.row("notes", row_id("a"))
    assert row is not None
    assert (row.values["title"], row.values["novel"]) == ("by the older programme", {"deep": [1]})
    assert again.row("samples", row_id("s")) is not None
    check_sound(newer, again)

    older.close()
    upgraded = team.reopen(older.path.parent, device("older"), WIDER)

    check_sound(upgraded, newer)


def test_a_changed_schema_folds_anew_when_opened(team: Team) -> None:
    """Whatever of the tables' shape or roles differs, the log is folded again; the same schema is left alone."""
    here = team.replica("here")
    note(here, "a", title="x")
    fingerprints = {
        SCHEMA.fingerprint(),
        WIDER.fingerprint(),
        Schema((NOTES,)).fingerprint(),
        Schema((Table("notes", NOTES.cells, roles=frozenset({"admin"})), REVIEWS)).fingerprint(),
        Schema((Table("notes", NOTES.cells), REVIEWS)).fingerprint(),
        Schema(
            (Table("notes", (Cell("title", "json"), *NOTES.cells[1:]), indexes=NOTES.indexes), REVIEWS)
        ).fingerprint(),
    }
    assert len(fingerprints) == 6
    here.close()
    opened = team.reopen(here.path.parent, device("here"), WIDER)
    assert opened.meta("schema") == WIDER.fingerprint()
    assert "novel" in {row[1] for row in opened.connection.execute("PRAGMA table_info(notes)")}
    opened.close()
    back = team.reopen(here.path.parent, device("here"))
    assert "novel" not in {row[1] for row in back.connection.execute("PRAGMA table_info(notes)")}
    check_sound(back)


def test_roles_are_judged_anew_after_an_upgrade(team: Team) -> None:
    """A table that inspectors may write in the newer programme shows what the older one refused."""
    here = team.replica("here")
    offer(here, [Author(device("inspector", role="inspector")).say(change("r", {"remark": "x"}, table="reviews"))])
    assert here.row("reviews", row_id("r")) is None
    here.close()
    wider = Schema((NOTES, Table("reviews", REVIEWS.cells)))
    opened = team.reopen(here.path.parent, device("here"), wider)

    assert opened.row("reviews", row_id("r")) is not None


def test_a_damaged_log_is_not_rebuilt(team: Team) -> None:
    """A changeset that cannot be read stops the rebuild, and the tables stand as they stood."""
    here = team.replica("here")
    note(here, "a", title="x")
    note(here, "b", title="x")
    before = dump(here)
    here.connection.execute("UPDATE log SET body = 'x' WHERE seq = 2")

    with pytest.raises(Exception, match="cannot be read"):
        here.rebuild()
    assert dump(here) == before
