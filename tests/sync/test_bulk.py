"""Taking in a file by a second process gives what taking it in one by one gives, whatever stands in it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

import sync.bulk
from sync.append import Appender, Outcome
from sync.bulk import BATCH, WORTH_A_PROCESS
from sync.exchange import pull, silent
from sync.ids import new_id
from sync.keys import team_id
from sync.peers import open_peer
from sync.replica import Edit
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    NOON,
    OTHER_AREA,
    Author,
    Team,
    change,
    device,
    dump,
    faults,
    merge_file,
    note,
    offer,
    refusals,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync.changeset import Entry
    from sync.replica import Replica

COUNT = 4600


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with more changesets than make a second process worth while: creations, edits, two areas."""
    team = Team(tmp_path_factory.mktemp("large"))
    theirs = team.replica("large")
    assert COUNT > WORTH_A_PROCESS > BATCH
    with theirs.writing():
        for number in range(COUNT):
            name, area = f"n{number % 3000}", OTHER_AREA if number % 3000 % 7 == 0 else AREA
            note(theirs, name, area=area, title=f"第{number}", tags=[number], time_ms=NOON + number)
    theirs.close()
    yield theirs.path
    team.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many changesets of each batch went the fast way."""
    sizes: list[int] = []
    copy_in = Appender.copy_in

    def counting(self: Appender, ids: Any, *rest: Any) -> None:
        copy_in(self, ids, *rest)
        sizes.append(len(ids))

    monkeypatch.setattr(Appender, "copy_in", counting)
    return sizes


def state(replica: Replica) -> dict[str, Any]:
    """All that two ways of merging must agree on."""
    connection = replica.connection
    counts = replica.status()
    return {
        "dump": dump(replica),
        "versions": versions(replica),
        "refusals": refusals(replica),
        "counts": (counts.changesets, counts.held, counts.refused, counts.conflicts, counts.missing_blobs),
        "forked": sorted(counts.forked),
        "tips": sorted(bytes(row[0]) for row in connection.execute("SELECT hash FROM tips")),
        "bodies": sorted(tuple(row) for row in connection.execute("SELECT hash, body, signature FROM log")),
        "faults": faults(replica),
    }


def both_ways(
    team: Team, path: Path, monkeypatch: pytest.MonkeyPatch, before: Callable[[Replica], object] | None = None
) -> dict[str, Any]:
    """Merge by the second process and one by one; the outcome, which is the same."""
    states = []
    for name, worth in (("fast", 1), ("careful", 10**9)):
        monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", worth)
        here = team.replica(name)
        if before is not None:
            before(here)
        with open_peer(path) as peer:
            pull(here, peer, Outcome(), silent)
        states.append(state(here))
    for key, value in states[0].items():
        assert value == states[1][key], key
    assert states[0]["faults"] == []
    return states[0]


def test_thousands_of_changesets_give_the_same_both_ways(
    team: Team, large: Path, monkeypatch: pytest.MonkeyPatch, counted: list[int]
) -> None:
    """A whole workspace by the second process: equal log, tables and tips, and a rebuild changes nothing."""
    fast = both_ways(team, large, monkeypatch)

    assert sum(counted) == COUNT
    assert fast["counts"] == (COUNT, 0, 0, 0, 0)
    here = team.open[0]
    before = dump(here)
    here.rebuild()
    assert dump(here) == before


def test_a_damaged_changeset_is_named_and_everything_else_comes(
    team: Team, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One changed byte in a large file: that changeset is refused by name, what hangs on it waits, the rest is taken."""
    path = team.folder / "damaged.db"
    path.write_bytes(large.read_bytes())
    with sqlite3.connect(path) as connection:
        seq, body = connection.execute(
            "SELECT seq, body FROM log JOIN chains ON chains.id = log.chain WHERE area = ? AND seq = 400",
            (OTHER_AREA,),
        ).fetchone()
        connection.execute("UPDATE log SET body = ? WHERE body = ?", (body.replace("第", "茅", 1), body))
        total = connection.execute(
            "SELECT count(*) FROM log JOIN chains ON chains.id = log.chain WHERE area = ?", (OTHER_AREA,)
        ).fetchone()[0]
    connection.close()
    here = team.replica("here")

    received = merge_file(here, path).received

    (refusal,) = received.refused
    assert f":{seq}:" in refusal.version
    assert received.appended == COUNT - (total - seq + 1)
    assert here.status().held == total - seq
    assert faults(here) == []
    healed = merge_file(here, large).received
    assert healed.appended == total - seq + 1
    assert here.status().held == 0
    assert len(versions(here)) == COUNT


def test_a_second_merge_takes_in_only_what_is_new(team: Team, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that stand here already are updated by the fast way, too."""
    path = team.folder / "grown" / "workspace.db"
    path.parent.mkdir()
    path.write_bytes(large.read_bytes())
    grown = team.reopen(path.parent, device("large"))
    with grown.writing():
        for number in range(200):
            if number % 7:
                note(grown, f"n{number}", body="more", time_ms=NOON + COUNT + number)
    grown.close()
    both_ways(team, path, monkeypatch, before=lambda here: merge_file(here, large))


# batches with something out of the ordinary

ONE, OTHER = "one", "other"


def ordinary(author: Author, count: int = 30) -> list[Entry]:
    """Creations and edits, nothing special."""
    said = []
    for number in range(count):
        said.append(author.say(change(f"o{number}", {"title": "x", "photo": f"{number:064x}"})))
        if number % 3 == 0:
            seen = {"title": [author.version]}
            said.append(author.say(change(f"o{number}", {"title": "y"}, seen)))
    return said


def refused(one: Author, other: Author) -> list[Entry]:
    """A change whose table the role may not write."""
    return [other.say(change("r", {"remark": "x"}, table="reviews"))]


def misshapen(one: Author, other: Author) -> list[Entry]:
    """A number where text should be."""
    return [one.say(change("s", {"title": 5})), one.say(change("s2", {"measurement": "no map"}))]


def concurrent(one: Author, other: Author) -> list[Entry]:
    """The same row made twice, then edited by both."""
    said = [one.say(change("c", {"title": "1"})), other.say(change("c", {"title": "2"}))]
    seen = {"title": [one.version]}
    return [*said, one.say(change("c", {"title": "3"}, seen)), other.say(change("c", {"title": "4"}, seen))]


def voided(one: Author, other: Author) -> list[Entry]:
    """A row voided, and changed by somebody who had not seen it."""
    said = [one.say(change("v", {"title": "1"}))]
    born = [one.version]
    void = {"void": {"void_reason": "x", "void_at": "1", "void_by": "9"}}
    said.append(one.say(change("v", void, {"void": born, "title": born})))
    return [*said, other.say(change("v", {"title": "2"}, {"title": born}))]


def born_void(one: Author, other: Author) -> list[Entry]:
    """A row that is voided from the start, then edited."""
    void = {"title": "x", "void": {"void_reason": "x", "void_at": "1", "void_by": "9"}}
    said = [one.say(change("bv", void))]
    return [*said, one.say(change("bv", {"title": "y"}, {"title": [one.version]}))]


def forked(one: Author, other: Author) -> list[Entry]:
    """A clone goes on from the same place."""
    clone = one.fork()
    return [one.say(change("f1", {"title": "x"})), clone.say(change("f2", {"title": "x"}))]


def unknown_table(one: Author, other: Author) -> list[Entry]:
    """A table of a newer programme."""
    return [one.say(change("u", {"some": {"thing": 1}}, table="samples"))]


def unknown_cell(one: Author, other: Author) -> list[Entry]:
    """A cell of a newer programme, in a new row and in an edit."""
    said = [one.say(change("uc", {"title": "x", "novel": 1}))]
    born = [one.version]
    said.append(one.say(change("uc", {"novel": 2}, {"novel": born})))
    return [*said, one.say(change("uc", {"title": "y"}, {"title": born, "novel": [one.version]}))]


def newer_policy(one: Author, other: Author) -> list[Entry]:
    """Rules that we do not know yet."""
    return [one.say(change("np", {"title": "x"}), policy=2)]


def system(one: Author, other: Author) -> list[Entry]:
    """A revocation of the other device at its present head."""
    said = [other.say(change("sy", {"title": "before"}))]
    gone = {"device": other.identity.device, HEADS: {AREA: [other.version]}, "reason": "x"}
    said.append(one.say(change("gone", gone, table="revocations")))
    return [*said, other.say(change("sy2", {"title": "after"}))]


def stranger(one: Author, other: Author) -> list[Entry]:
    """A device of a team that nobody adopted."""
    return [Author(device("stranger", root=FOREIGN_ROOT)).say(change("st", {"title": "x"}))]


def adopted(one: Author, other: Author) -> list[Entry]:
    """A device of a team that is adopted in the same batch."""
    far = Author(device("adopted", root=FOREIGN_ROOT))
    said = [far.say(change("ad", {"title": "x"})), far.say(change("ad2", {"title": "x"}))]
    heads = {AREA: [far.version]}
    cells = {"team": team_id(FOREIGN_ROOT.public), HEADS: heads, "name": "far"}
    return [*said, one.say(change("adoption", cells, table="adoptions"))]


def new_certificate(one: Author, other: Author) -> list[Entry]:
    """The same device under another certificate."""
    other.identity = device(OTHER, role="supervisor")
    return [other.say(change("nc", {"remark": "x"}, table="reviews"))]


def expired(one: Author, other: Author) -> list[Entry]:
    """One changeset in the middle of a run lies before the certificate."""
    return [one.say(change("ex", {"title": "x"}), time=5)]


def forged(one: Author, other: Author) -> list[Entry]:
    """A changeset signed by another key, as the last of its chain."""
    return [Author(device("forged")).say(change("fo", {"title": "x"}), key=device("forger").key)]


def several_changes(one: Author, other: Author) -> list[Entry]:
    """A row in several changes of one changeset; two rows in one."""
    return [
        one.say(change("m", {"title": "x"}), change("m", {"body": "y"}), change("m2", {"title": "z"})),
        one.say(change("m3", {"title": "x"}), change("m3", {"count": "no number"})),
    ]


def groups(one: Author, other: Author) -> list[Entry]:
    """Groups with missing, superfluous and null columns."""
    said = [one.say(change("g", {"measurement": {"value": "1", "more": 1}, "tags": None, "photo": None}))]
    return [*said, one.say(change("g", {"measurement": None}, {"measurement": [one.version]}))]


def partly_seen(one: Author, other: Author) -> list[Entry]:
    """An edit whose author saw more, less, or nothing of the cell."""
    said = [one.say(change("p", {"title": "1", "body": "1"}))]
    first = one.version
    said.append(one.say(change("p", {"title": "2"}, {"title": [first]})))
    said.append(one.say(change("p", {"body": "2"}, {"title": [one.version]})))
    said.append(other.say(change("p", {"title": "3"}, {"title": [first, one.version]})))
    return [*said, other.say(change("p", {"title": "4"}, {"body": [first]}))]


UNUSUAL = [
    refused,
    misshapen,
    concurrent,
    voided,
    born_void,
    forked,
    unknown_table,
    unknown_cell,
    newer_policy,
    system,
    stranger,
    adopted,
    new_certificate,
    expired,
    forged,
    several_changes,
    groups,
    partly_seen,
]


def written(team: Team, said: list[Entry]) -> Path:
    """A workspace file that holds these changesets in this order, as whoever wrote it took them in."""
    theirs = team.replica("theirs")
    offer(theirs, said)
    theirs.close()
    return theirs.path


@pytest.mark.parametrize("unusual", UNUSUAL, ids=[each.__name__ for each in UNUSUAL])
@pytest.mark.parametrize("alone", [True, False])
def test_unusual_batches_give_the_same_both_ways(
    team: Team, unusual: Callable[[Author, Author], list[Entry]], alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is out of the ordinary, alone in its batch or among others: the same log, tables and verdicts."""
    monkeypatch.setattr(sync.bulk, "BATCH", 20)
    one, other = Author(device(ONE)), Author(device(OTHER, role="inspector"))
    said = [] if alone else ordinary(one)
    said += unusual(one, other)
    if not alone:
        said += [one.say(change(f"after{number}", {"title": "x"})) for number in range(30)]
    path = written(team, said)

    both_ways(team, path, monkeypatch)


def test_a_conflict_with_what_stands_here_is_the_same_both_ways(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows changed on both sides since the last merge: in conflict, by either way."""
    one = Author(device(ONE))
    base = ordinary(one)
    mine = one.fork()
    mine.identity = device("mine")
    mine.seq, mine.prev, mine.told = 0, None, None
    seen = {"title": [f"{one.identity.device}:1:{json_hash(base[0])}"]}
    path = written(team, [*base, one.say(change("o0", {"title": "theirs"}, seen))])

    def before(here: Replica) -> None:
        offer(here, [*base, mine.fork().say(change("o0", {"title": "mine"}, seen), time=NOON)])

    assert both_ways(team, path, monkeypatch, before)["counts"][3] == 1


def json_hash(entry: Entry) -> str:
    """The short hash of a changeset."""
    return hashlib.sha256(entry.body).hexdigest()[:32]


def test_rows_out_of_order_in_the_source_are_taken_in(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose log numbers were shuffled still comes whole; what came too early waited."""
    theirs = team.replica("theirs")
    offer(theirs, ordinary(Author(device(ONE))))
    theirs.connection.execute("UPDATE log SET id = -id")
    theirs.connection.execute("UPDATE log SET id = id + 1000")
    theirs.close()

    done = both_ways(team, theirs.path, monkeypatch)

    assert done["counts"][0] == 40
    assert done["counts"][1] == 0


def test_the_schema_of_the_source_does_not_matter(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken in is the log; the source's own tables are not even looked at."""
    theirs = team.replica("theirs")
    offer(theirs, ordinary(Author(device(ONE))))
    theirs.connection.execute("DROP TABLE notes")
    theirs.connection.execute("DELETE FROM changes")
    theirs.close()

    assert len(both_ways(team, theirs.path, monkeypatch)["dump"]) == 30


def test_rows_with_generated_ids_are_found_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows by UUIDv7, two rows an action, as the programme writes them."""
    theirs = team.replica("theirs")
    for number in range(30):
        ids = [new_id(), new_id()]
        theirs.write(AREA, [Edit("notes", each, {"title": str(number)}) for each in ids], officer="9")
        theirs.write(AREA, [Edit("notes", ids[0], {"title": "later"})], officer="9")
    theirs.close()

    assert len(both_ways(team, theirs.path, monkeypatch)["dump"]) == 60
    assert json.loads(dump(team.open[-1])[0])[0] == "notes"


def test_what_was_held_is_let_in_by_the_large_merge_that_brings_what_it_waits_for(team: Team, large: Path) -> None:
    """The last changeset came before all others: the merge of the file releases it, and no later one is needed."""
    with open_peer(large) as peer:
        last = list(peer.read({}))[-1]
    here = team.replica("here")
    assert offer(here, [last]).held == 1

    merge_file(here, large)

    assert here.status().held == 0
    assert here.status().changesets == COUNT
    assert faults(here) == []
