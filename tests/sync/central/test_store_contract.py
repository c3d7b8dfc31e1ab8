"""What every central store does, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sync.changeset import FORMAT, Entry, version_of
from sync.door import read
from sync.ids import derived_id
from sync.keys import EVERYWHERE
from sync.replica import Edit
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    ISSUED,
    NOON,
    OTHER_AREA,
    Author,
    change,
    device,
    dump,
    entries,
    note,
    offer,
    row_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.central.store import CentralStore, Taken
    from tests.sync.support import Team

ALL = (EVERYWHERE,)
WIDE: dict[str, Any] = {"after": 0, "limit": 1000, "max_bytes": 1 << 20}


def plain_dump(team: Team, *batches: Sequence[Entry]) -> list[str]:
    """What a device's replica makes of the same changesets."""
    replica = team.replica(f"plain{len(team.open)}", device("server"))
    for batch in batches:
        offer(replica, batch)
    return dump(replica)


def pulled(store: CentralStore, areas: Sequence[str] = ALL, known: Any = None) -> list[Entry]:
    """All that a store gives, page by page."""
    found: list[Entry] = []
    after = 0
    while True:
        given = store.read(known or {}, areas, after=after, limit=3, max_bytes=1 << 20)
        found += given.entries
        after = given.last
        if not given.more:
            return found


def check_sound(store: CentralStore, team: Team) -> None:
    """The tables are what a device makes of the store's log, and what a fresh fold makes of it."""
    before = list(store.dump())
    assert before == plain_dump(team, pulled(store))
    count = len(pulled(store))
    assert store.rebuild() == count
    assert list(store.dump()) == before
    assert store.counts().changesets == count


def version(entry: Entry) -> str:
    """The version of a changeset."""
    return read(entry).version


# appending


def test_what_is_appended_is_there(store: CentralStore, team: Team) -> None:
    """Every changeset is in the log, byte for byte, in order, and its rows in the tables; the ends say how far."""
    author = Author(device("a"))
    said = [
        author.say(change(f"n{number}", {"title": f'第 {number} 条\t\\ "', "tags": ["a", number], "count": number}))
        for number in range(7)
    ]

    taken = store.append(said)

    assert (taken.outcome.appended, taken.outcome.known, taken.outcome.refused) == (7, 0, [])
    assert [end.version for end in taken.ends] == [version(said[-1])]
    assert taken.outcome.touched == {("notes", row_id(f"n{number}")) for number in range(7)}
    assert pulled(store) == said
    assert store.heads(ALL) == {(AREA, device("a").device): [(7, read(said[-1]).hash.hex())]}
    check_sound(store, team)


def test_repeating_changes_nothing(store: CentralStore, team: Team) -> None:
    """The same batch again, whole, in part and doubled within itself, is known and named in the ends again."""
    author = Author(device("a"))
    said = [author.say(change(f"n{number}", {"title": "x"})) for number in range(4)]
    store.append(said[:2] * 2)
    before = store.append(said)

    again = store.append(said)

    assert (before.outcome.appended, before.outcome.known) == (2, 2)
    assert (again.outcome.appended, again.outcome.known) == (0, 4)
    assert again.ends == before.ends
    assert pulled(store) == said
    check_sound(store, team)


def test_nothing_at_all_is_taken(store: CentralStore) -> None:
    """An empty batch is no error."""
    taken = store.append([])

    assert (taken.outcome.appended, taken.ends) == (0, [])
    assert store.heads(ALL) == {}
    assert list(store.dump()) == []
    assert store.rebuild() == 0


def test_updates_follow_creations(store: CentralStore, team: Team) -> None:
    """Changes of rows of the same batch and of older ones, one after another, with every kind of cell."""
    author = Author(device("a"))
    first = author.say(change("n", {"title": "1", "measurement": {"value": "1.50", "unit": "m"}}))
    birth = [author.version]
    second = author.say(change("n", {"title": "2"}, {"title": birth}))
    seen = [author.version]
    store.append([first, second])
    third = author.say(
        change("n", {"title": "3", "count": 5, "tags": None}, {"title": seen, "count": birth, "tags": birth})
    )
    fourth = author.say(change("n", {"measurement": None}, {"measurement": birth}))
    store.append([third, fourth, author.say(change("m", {"title": None}))])

    check_sound(store, team)
    assert any('"title": "3"' in line and '"count": 5' in line for line in store.dump())
    assert not any("1.50" in line for line in store.dump())


def test_a_row_changed_by_two_devices_is_in_conflict(store: CentralStore, team: Team) -> None:
    """Neither has seen the other's value: both are kept, the later shown, the row marked; seeing both resolves it."""
    one, other = Author(device("a")), Author(device("b"))
    store.append([one.say(change("n", {"title": "base"}))])
    birth = {"title": [one.version]}
    store.append([one.say(change("n", {"title": "one"}, birth))])
    store.append([other.say(change("n", {"title": "other"}, birth), time=NOON + 10)])

    assert store.counts().conflicts == 1
    assert store.counts_for([AREA]) == (0, 1, 0)
    assert store.counts_for([OTHER_AREA]) == (0, 0, 0)
    check_sound(store, team)
    store.append([one.say(change("n", {"title": "both"}, {"title": [one.version, other.version]}))])
    assert store.counts().conflicts == 0
    check_sound(store, team)


def test_a_voided_row_stays(store: CentralStore, team: Team) -> None:
    """A voiding that covers the row, then a change that it has not seen."""
    one, other = Author(device("a")), Author(device("b"))
    store.append([one.say(change("n", {"title": "1", "body": "x"}))])
    birth = [one.version]
    void = {"void_reason": "错录", "void_at": "1", "void_by": "9"}
    store.append([one.say(change("n", {"void": void}, {"void": birth, "title": birth, "body": birth}))])
    check_sound(store, team)
    store.append([other.say(change("n", {"body": "y"}, {"body": birth}))])

    assert store.counts().conflicts == 1
    check_sound(store, team)


def test_a_row_created_in_two_areas_is_in_conflict(store: CentralStore, team: Team) -> None:
    """One row id in two areas: nobody can tell which is true, so a person has to look; in two tables it is two rows."""
    here, there = Author(device("a")), Author(device("b"), OTHER_AREA)
    store.append([here.say(change("n", {"title": "here"}))])
    store.append(
        [there.say(change("n", {"title": "there"})), there.say(change("n", {"remark": "x"}, table="reviews"))]
    )
    store.append([here.say(change("n", {"body": "more"}, {"body": [here.version]}))])

    assert store.counts().conflicts == 1
    check_sound(store, team)


def test_what_names_something_missing_is_held(store: CentralStore, team: Team) -> None:
    """In any order, a predecessor or seen version that is not here yet is waited for, and all is let in when it comes."""
    one, other = Author(device("a")), Author(device("b"))
    said = [one.say(change("n", {"title": "1"}))]
    birth = {"title": [one.version]}
    said += [one.say(change("n", {"title": "2"}, birth)), one.say(change("m", {"title": "x"}))]
    seen = [other.say(change("n", {"title": "3"}, birth))]

    first = store.append([*reversed(said[1:]), *seen])
    assert (first.outcome.appended, first.outcome.held, first.ends) == (0, 3, [])
    assert store.counts().held == 3
    assert store.append(seen).outcome.held == 1
    assert store.counts().held == 3
    assert pulled(store) == []
    last = store.append(said[:1])

    assert last.outcome.appended == 4
    assert store.counts().held == 0
    assert sorted(map(version, pulled(store))) == sorted(map(version, [*said, *seen]))
    check_sound(store, team)


def test_a_batch_in_the_wrong_order_is_let_in_whole(store: CentralStore, team: Team) -> None:
    """What is held and released within one batch counts as appended and stands in the ends."""
    author = Author(device("a"))
    said = [author.say(change(f"n{number}", {"title": "x"})) for number in range(5)]

    taken = store.append(list(reversed(said)))

    assert (taken.outcome.appended, taken.outcome.held) == (5, 0)
    assert [end.version for end in taken.ends] == [version(said[-1])]
    assert pulled(store) == said
    check_sound(store, team)


# refusing at the door


def test_what_is_malformed_is_refused_alone(store: CentralStore, team: Team) -> None:
    """Each refusal has its sentence; the rest of the batch goes in."""
    author = Author(device("a"))
    good = author.say(change("n", {"title": "x"}))

    taken = store.append(
        [Entry(b"{}", b""), good, Entry(good.body, b"short"), Entry(good.body[:-1], good.signature)]
    )

    assert taken.outcome.appended == 1
    assert len(taken.outcome.refused) == 3
    assert all(refusal.error.zh and refusal.error.en for refusal in taken.outcome.refused)
    assert pulled(store) == [good]


def test_a_forged_signature_is_refused(store: CentralStore, team: Team) -> None:
    """A changeset signed by somebody else, and the end of a run after the last valid signature, stay outside."""
    author = Author(device("a"))
    good = [author.say(change("n", {"title": "x"})), author.say(change("m", {"title": "y"}))]
    forged = author.say(change("f", {"title": "z"}), key=device("thief").key)

    taken = store.append([*good, forged])

    assert (taken.outcome.appended, len(taken.outcome.refused)) == (2, 1)
    assert pulled(store) == good
    assert len(store.append([forged]).outcome.refused) == 1
    thief = Author(replace(device("a"), key=device("thief").key))
    assert store.append([thief.say(change("t", {"title": "z"}))]).outcome.appended == 0
    check_sound(store, team)


def test_a_chain_must_bring_its_certificate(store: CentralStore) -> None:
    """Without the certificate that it names, a first changeset is refused; so is one that names another's."""
    author = Author(device("a"))
    author.told = author.identity.cert

    taken = store.append([author.say(change("n", {"title": "x"}))])

    assert (taken.outcome.appended, len(taken.outcome.refused)) == (0, 1)
    assert store.certificates() == []


def test_certificates_are_those_of_the_writers(store: CentralStore) -> None:
    """Each of them once."""
    for name in ("a", "b"):
        author = Author(device(name))
        store.append([author.say(change(f"{name}{number}", {"title": "x"})) for number in range(2)])

    assert sorted(said.name for said in store.certificates()) == ["a", "b"]


# forks


@pytest.mark.parametrize("together", [True, False])
def test_forks_are_kept_and_flagged(store: CentralStore, team: Team, together: bool) -> None:
    """Two successors of one predecessor: both in the log, both count, the chain is named; and again later."""
    author = Author(device("cloned"))
    first = author.say(change("n", {"title": "x"}))
    clone = author.fork()
    one = [author.say(change(f"o{number}", {"title": "x"})) for number in range(3)]
    other = [clone.say(change(f"c{number}", {"title": "y"})) for number in range(2)]
    name = f"{AREA}/{device('cloned').device}"

    batches = [[first, *one, *other]] if together else [[first, *one], other]
    taken = [store.append(batch) for batch in batches]

    assert [fork for each in taken for fork in each.outcome.forks] == [name]
    assert store.counts().forked == (name,)
    assert {end.version for each in taken for end in each.ends} == {author.version, clone.version}
    assert [seq for seq, _ in store.heads(ALL)[AREA, device("cloned").device]] == [3, 4]
    more = store.append([clone.say(change("more", {"title": "x"}))])
    assert (more.outcome.appended, more.outcome.forks) == (1, [])
    check_sound(store, team)


def test_what_a_forked_chain_lacks_is_given(store: CentralStore) -> None:
    """Whoever has one branch gets the other, and what both have in common is not sent again."""
    author = Author(device("cloned"))
    first = [author.say(change(f"f{number}", {"title": "x"})) for number in range(3)]
    clone = author.fork()
    one = [author.say(change(f"o{number}", {"title": "x"})) for number in range(5)]
    other = [clone.say(change(f"c{number}", {"title": "y"})) for number in range(4)]
    store.append([*first, *one, *other])
    key = (AREA, device("cloned").device)

    def given(*had: Entry) -> set[str]:
        places = [(read(each).seq, read(each).hash.hex()) for each in had]
        return set(map(version, pulled(store, known={key: places})))

    assert given(one[-1]) == set(map(version, other))
    assert given(one[1], other[0]) == set(map(version, [*one[2:], *other[1:]]))
    assert given(first[0]) == set(map(version, [*first[1:], *one, *other]))
    assert given(one[-1], other[-1]) == set()


def test_two_beginnings_are_a_fork(store: CentralStore, team: Team) -> None:
    """A chain begun twice with one key has two branches without a root."""
    one, other = Author(device("twice")), Author(device("twice"))
    store.append([one.say(change("a", {"title": "1"}))])
    store.append([other.say(change("b", {"title": "2"}), time=NOON + 7)])

    assert store.counts().forked == (f"{AREA}/{device('twice').device}",)
    check_sound(store, team)


# verdicts


@pytest.mark.parametrize(
    ("code", "options", "header", "table"),
    [
        ("role", {"role": "inspector"}, {}, "reviews"),
        ("area", {"areas": (OTHER_AREA,)}, {}, "reviews"),
        ("officer", {"officers": ("7",)}, {}, "reviews"),
        ("expired", {"expires": NOON - 1}, {}, "reviews"),
        ("team", {"root": FOREIGN_ROOT}, {}, "reviews"),
        ("newer", {}, {"policy": 2}, "reviews"),
        ("shape", {}, {}, "notes"),
    ],
)
def test_what_does_not_count_is_kept_and_named(
    store: CentralStore, team: Team, code: str, options: dict[str, Any], header: dict[str, Any], table: str
) -> None:
    """It is in the log with its code, without effect, and listed for whoever may see it."""
    author = Author(device("a", **options))
    cells = {"remark": "x"} if table == "reviews" else {"count": "not a number"}
    entry = author.say(change("n", cells, table=table), **header)

    taken = store.append([entry])

    assert taken.outcome.appended == 1
    assert taken.not_counting == {author.version: code}
    assert [end.version for end in taken.ends] == [author.version]
    assert store.append([entry]).not_counting == {author.version: code}
    found = store.refused_changes([AREA], 10)
    assert [(each.version, each.area, each.code, each.tables, each.officer) for each in found] == [
        (author.version, AREA, code, (table,), "9")
    ]
    assert store.refused_changes(["150100"], 10) == []
    assert store.counts_for([AREA]) == (0, 0, 1)
    assert store.counts().refused == 1
    assert list(store.dump()) == []
    check_sound(store, team)


def test_a_newer_format_is_kept(store: CentralStore, team: Team) -> None:
    """Nobody here can read its changes; it is in the log and given on."""
    author = Author(device("a"))
    author.say(change("n", {"title": "x"}))
    first = Author(device("a"))
    body = first.body([change("n", {"title": "x"})], format=FORMAT + 1)
    entry = first.step(body)

    taken = store.append([entry])

    assert taken.not_counting == {first.version: "newer"}
    assert pulled(store) == [entry]
    check_sound(store, team)


def test_a_row_refused_first_can_be_created_later(store: CentralStore, team: Team) -> None:
    """The refused creation stays in the row's history; the one that counts makes the row."""
    outsider, author = Author(device("x", areas=(OTHER_AREA,))), Author(device("a"))
    store.append([outsider.say(change("n", {"title": "refused", "body": "b"}))])
    assert list(store.dump()) == []

    store.append([author.say(change("n", {"title": "counts"}))])
    store.append([author.say(change("n", {"title": "2"}, {"title": [author.version, outsider.version]}))])

    check_sound(store, team)


def adoption(author: Author, foreign: Author, heads: list[str], name: str = "北队") -> Entry:
    """The changeset by which a team adopts what another has written."""
    row = derived_id("adoption", author.area, foreign.identity.team)
    cells = {"team": foreign.identity.team, HEADS: {foreign.area: heads}, "name": name}
    return author.say(replace_row(change("x", cells, table="adoptions"), row))


def replace_row(made: Any, row: str) -> Any:
    """The same change of another row."""
    import msgspec

    return msgspec.structs.replace(made, row=row)


@pytest.mark.parametrize("first", ["adoption", "changes"])
def test_adopting_another_team_turns_verdicts(store: CentralStore, team: Team, first: str) -> None:
    """Whether the adoption or the adopted comes first: it counts up to the adopted head, and no further."""
    admin, foreign = Author(device("admin"), EVERYWHERE), Author(device("f", root=FOREIGN_ROOT))
    said = [foreign.say(change(f"n{number}", {"title": "x"})) for number in range(3)]
    head = foreign.version
    beyond = foreign.say(change("beyond", {"title": "x"}))
    adopted = adoption(admin, foreign, [head])
    batches = [[adopted], said, [beyond]] if first == "adoption" else [[*said[:2], said[2]], [beyond], [adopted]]

    for batch in batches:
        store.append(batch)

    assert [each.version for each in store.refused_changes(ALL, 10)] == [foreign.version]
    assert sum('"notes"' in line for line in store.dump()) == 3
    check_sound(store, team)
    assert not store.revoked(device("f", root=FOREIGN_ROOT).device)


def test_an_adopted_head_may_come_alone_first(store: CentralStore, team: Team) -> None:
    """What stands before a named head counts only once the head has been shown."""
    admin, foreign = Author(device("admin"), EVERYWHERE), Author(device("f", root=FOREIGN_ROOT))
    said = [foreign.say(change(f"n{number}", {"title": "x"})) for number in range(3)]
    store.append([adoption(admin, foreign, [foreign.version])])

    store.append(said[:2])
    assert store.counts().refused == 2
    store.append(said[2:])

    assert store.counts().refused == 0
    check_sound(store, team)


def revocation(author: Author, who: str, accepted: dict[str, list[str]]) -> Entry:
    """The changeset by which a device is revoked."""
    row = derived_id("revocation", author.area, who, str(accepted))
    cells = {"device": who, HEADS: accepted, "reason": "丢失"}
    return author.say(replace_row(change("x", cells, table="revocations"), row))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_revocation_turns_verdicts(store: CentralStore, team: Team, order: tuple[int, ...]) -> None:
    """What came after the accepted heads no longer counts, whenever it arrives; rows are folded again."""
    admin, lost = Author(device("admin"), EVERYWHERE), Author(device("lost"))
    before = [lost.say(change("n", {"title": "1"})), lost.say(change("m", {"title": "1"}))]
    accepted = lost.version
    seen = {"title": [version(before[0])]}
    after = [lost.say(change("n", {"title": "bad"}, seen)), lost.say(change("bad", {"title": "x"}))]
    revoking = [revocation(admin, device("lost").device, {AREA: [accepted]})]
    batches = [before, after, revoking]

    for number in order:
        store.append(batches[number])

    assert store.revoked(device("lost").device)
    assert not store.revoked(device("admin").device)
    assert store.counts().refused == 2
    assert not any("bad" in line for line in store.dump() if '"notes"' in line)
    check_sound(store, team)


def test_a_revocation_accepts_one_branch_only(store: CentralStore, team: Team) -> None:
    """Naming the head of one branch refuses the other, which comes later."""
    admin, cloned = Author(device("admin"), EVERYWHERE), Author(device("cloned"))
    first = cloned.say(change("first", {"title": "x"}))
    thief = cloned.fork()
    good = [cloned.say(change(f"good{number}", {"title": "x"})) for number in range(3)]
    store.append([first, *good])
    store.append([revocation(admin, device("cloned").device, {AREA: [cloned.version]})])

    store.append([thief.say(change(f"evil{number}", {"title": "evil"})) for number in range(2)])

    assert store.counts().refused == 2
    assert not any("evil" in line for line in store.dump())
    check_sound(store, team)


def test_two_that_revoke_each_other(store: CentralStore, team: Team) -> None:
    """The certificate that the root signed first stands, whoever's revocation arrives first."""
    old, new = (
        Author(device("old", issued=ISSUED), EVERYWHERE),
        Author(device("new", issued=ISSUED + 1), EVERYWHERE),
    )
    by_new = revocation(new, device("old").device, {})
    by_old = revocation(old, device("new").device, {})

    store.append([by_new])
    assert store.revoked(device("old").device)
    store.append([by_old])

    assert store.revoked(device("new", issued=ISSUED + 1).device)
    assert not store.revoked(device("old").device)
    check_sound(store, team)


def test_an_inspector_revokes_nobody(store: CentralStore, team: Team) -> None:
    """System tables are for administrators of the store's own team."""
    inspector = Author(device("i", role="inspector"), EVERYWHERE)
    store.append([revocation(inspector, device("a").device, {})])

    assert not store.revoked(device("a").device)
    check_sound(store, team)


# giving


def test_only_what_comes_after_known_places_is_given(store: CentralStore) -> None:
    """In the order in which the store took it, chain by chain from where the asker stands."""
    one, other = Author(device("a")), Author(device("b"))
    first = [one.say(change(f"a{number}", {"title": "x"})) for number in range(3)]
    second = [other.say(change(f"b{number}", {"title": "x"})) for number in range(3)]
    third = [one.say(change(f"c{number}", {"title": "x"})) for number in range(2)]
    for batch in (first, second, third):
        store.append(batch)
    a, b = (AREA, device("a").device), (AREA, device("b").device)

    def place(entry: Entry) -> tuple[int, str]:
        return read(entry).seq, read(entry).hash.hex()

    assert pulled(store) == [*first, *second, *third]
    assert pulled(store, known={a: [place(first[1])]}) == [first[2], *second, *third]
    assert pulled(store, known={a: [place(third[-1])], b: [place(second[0])]}) == second[1:]
    assert pulled(store, known=store.heads(ALL)) == []
    assert pulled(store, known={a: [(2, "f" * 64), place(first[0])]}) == [*first[1:], *second, *third]


def test_pages_are_cut_by_number_and_by_size(store: CentralStore) -> None:
    """A page holds at most so many changesets and bytes, but always one; the next goes on after it."""
    author = Author(device("a"))
    said = [author.say(change(f"n{number}", {"body": "x" * 500})) for number in range(6)]
    store.append(said)
    size = len(said[-1].body)

    two = store.read({}, ALL, after=0, limit=2, max_bytes=1 << 20)
    assert (two.entries, two.more) == (said[:2], True)
    by_size = store.read({}, ALL, after=two.last, limit=10, max_bytes=2 * size)
    assert (by_size.entries, by_size.more) == (said[2:4], True)
    tiny = store.read({}, ALL, after=by_size.last, limit=10, max_bytes=1)
    assert (tiny.entries, tiny.more) == (said[4:5], True)
    rest = store.read({}, ALL, after=tiny.last, limit=1, max_bytes=1)
    assert (rest.entries, rest.more) == (said[5:], False)
    end = store.read({}, ALL, after=rest.last, limit=1, max_bytes=1)
    assert (end.entries, end.last, end.more) == ([], rest.last, False)


def test_many_chains_come_in_one_order(store: CentralStore) -> None:
    """However the chains are interleaved, pages put together are the order in which the store took them."""
    authors = [Author(device(f"d{number}"), area) for number in range(4) for area in (AREA, OTHER_AREA, "141100")]
    said: list[Entry] = []
    for step in range(24):
        author = authors[(step * 7) % len(authors)] if step % 3 else authors[0]
        batch = [author.say(change(f"s{step}-{number}", {"title": "x"})) for number in range(1 + step % 4)]
        store.append(batch)
        said += batch

    assert pulled(store) == said


def test_a_device_sees_its_areas_and_those_above(store: CentralStore) -> None:
    """Chains of other areas are neither named nor given."""
    areas = (AREA, OTHER_AREA, "141100", "140000", EVERYWHERE, "150100")
    for area in areas:
        author = Author(device("a"), area)
        store.append([author.say(change(area, {"title": area}))])

    def seen(*own: str) -> set[str]:
        named = {area for area, _ in store.heads(own)}
        assert named == {read(each).area for each in pulled(store, own)}
        return named

    assert seen(AREA) == {AREA, "141100", "140000", EVERYWHERE}
    assert seen("141100") == set(areas) - {"150100"}
    assert seen("150100") == {"150100", EVERYWHERE}
    assert seen(EVERYWHERE) == set(areas)
    assert seen() == set()
    assert seen("150100", AREA) == set(areas) - {OTHER_AREA}


# the server's own changes


def test_the_store_writes_as_its_own_device(store: CentralStore, team: Team) -> None:
    """Its changes follow each other in its chain and have seen the row as it stands."""
    server, author = device("server"), Author(device("a"))
    store.append([author.say(change("n", {"title": "1"}))])

    written = [
        store.write(server, AREA, "notes", row_id("n"), {"title": str(number)}, officer="9") for number in (2, 3)
    ]

    assert store.counts().conflicts == 0
    assert any('"title": "3"' in line for line in store.dump())
    assert store.heads(ALL)[AREA, server.device][0][0] == 2
    assert [version(each) for each in pulled(store)][1:] == written
    check_sound(store, team)


def test_the_store_revokes_with_its_own_key(store: CentralStore, team: Team) -> None:
    """A change of a system table by the store counts at once."""
    store.append([Author(device("lost")).say(change("n", {"title": "1"}))])
    row = derived_id("revocation", EVERYWHERE, device("lost").device)
    values = {"device": device("lost").device, HEADS: {}, "reason": "丢失"}

    store.write(device("server"), EVERYWHERE, "revocations", row, values, officer="9")

    assert store.revoked(device("lost").device)
    assert store.counts().refused == 1
    check_sound(store, team)


# photos


def photo(name: str) -> str:
    """A hash of something."""
    return hashlib.sha256(name.encode()).hexdigest()


def test_photos_are_missing_until_they_come(store: CentralStore) -> None:
    """Rows name them by hash; who may see a row may ask for its photo and bring it."""
    here, there = Author(device("a")), Author(device("b"), "150100")
    shas = sorted(photo(str(number)) for number in range(5))
    store.append([here.say(change(f"p{each}", {"photo": each})) for each in shas])
    store.append([there.say(change("far", {"photo": photo("far")}))])

    assert store.missing_photos([AREA], "", 10) == shas
    assert store.missing_photos([AREA], shas[1], 2) == shas[2:4]
    assert store.missing_photos(ALL, "", 10) == sorted([*shas, photo("far")])
    assert (store.counts_for([AREA])[0], store.counts().missing_photos) == (5, 6)
    assert store.photo_wanted(shas[0], [AREA])
    assert not store.photo_wanted(photo("far"), [AREA])
    assert not store.photo_wanted(photo("nobody's"), ALL)
    store.note_photo(shas[0])
    store.note_photo(shas[0])
    assert store.missing_photos([AREA], "", 10) == shas[1:]
    assert store.photo_wanted(shas[0], [AREA])
    store.append([here.say(change("again", {"photo": shas[0]}))])
    assert store.counts_for([AREA])[0] == 4


def test_a_photo_named_only_by_a_refused_change_is_not_wanted(store: CentralStore) -> None:
    """Nobody may leave bytes here under a change that does not count."""
    outsider = Author(device("x", areas=(OTHER_AREA,)))
    store.append([outsider.say(change("n", {"photo": photo("x")}))])

    assert not store.photo_wanted(photo("x"), ALL)
    assert store.missing_photos(ALL, "", 10) == []


def test_purges_are_named_until_done(store: CentralStore, team: Team) -> None:
    """A purge that counts names bytes to remove; one that does not names none."""
    author = Author(device("a"))
    store.append([author.say(change("n", {"photo": photo("x")}))])
    store.note_photo(photo("x"))
    cells = {"sha256": photo("x"), "reason": "肖像", "officer": "9", "at": "1"}
    inspector = Author(device("i", role="inspector"))
    store.append([inspector.say(change("p1", cells, table="purges"))])
    assert store.purged() == []

    store.append([author.say(change("p2", cells, table="purges"))])
    assert store.purged() == [photo("x")]
    store.note_purged(photo("x"))

    assert store.purged() == []
    assert store.missing_photos(ALL, "", 10) == []
    check_sound(store, team)


# what only servers need


def test_secrets_are_made_once(store: CentralStore) -> None:
    """Each name its own 32 bytes, the same ever after."""
    names = ("nonce", "upload")
    first = [store.secret(name) for name in names]

    assert [len(each) for each in first] == [32, 32]
    assert first[0] != first[1]
    assert [store.secret(name) for name in names] == first


def test_a_token_is_good_once(store: CentralStore) -> None:
    """However often and from however many threads it comes."""
    with ThreadPoolExecutor(6) as pool:
        uses = list(pool.map(lambda number: store.first_use(f"token {number % 10}", NOON), range(60)))

    assert sum(uses) == 10
    assert not store.first_use("token 1", NOON)


def test_invitations_are_taken_up_by_one(store: CentralStore) -> None:
    """The first device has it; it may ask again, another may not."""
    store.invite("one", b"first \0 bytes", NOON)
    store.invite("two", b"second", NOON + 1)

    assert store.invitation("none") is None
    assert store.invitation("one") == (b"first \0 bytes", None)
    assert store.take_up("one", "aa")
    assert store.take_up("one", "aa")
    assert not store.take_up("one", "bb")
    assert not store.take_up("none", "aa")
    assert store.invitation("one") == (b"first \0 bytes", "aa")
    assert store.invitations() == [("two", b"second", NOON + 1, None), ("one", b"first \0 bytes", NOON, "aa")]


def test_a_store_is_ready_and_knows_its_team(store: CentralStore) -> None:
    """The team is that of the root key."""
    store.ready()

    assert store.team == device("a").team


# many at once


def test_threads_append_beside_each_other(store: CentralStore, team: Team) -> None:
    """Several devices in several areas, several threads a device, everything offered twice: all in, once."""
    authors = [Author(device(f"d{number}"), area) for number in range(3) for area in (AREA, OTHER_AREA)]
    logs = [[author.say(change(f"{number}", {"title": author.area})) for number in range(8)] for author in authors]
    batches = [log[start : start + 4] for log in logs for start in (0, 4)] * 2

    with ThreadPoolExecutor(6) as pool:
        taken: list[Taken] = list(pool.map(store.append, batches))

    assert sum(each.outcome.appended for each in taken) == 48
    assert store.counts().held == 0
    assert len(pulled(store)) == 48
    check_sound(store, team)


def test_threads_write_without_forking(store: CentralStore, team: Team) -> None:
    """Requests beside each other that make the server write: one chain, and nothing in conflict."""
    server = device("server")

    def act(number: int) -> str:
        return store.write(server, AREA, "notes", row_id(f"n{number % 3}"), {"title": str(number)}, officer="9")

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(act, range(18)))

    assert len(set(written)) == 18
    assert store.counts().forked == ()
    assert store.counts().conflicts == 0
    assert store.heads(ALL)[AREA, server.device][0][0] == 18
    check_sound(store, team)


# against a device


def test_a_whole_workspace_is_taken_as_it_stands(store: CentralStore, team: Team) -> None:
    """What a laptop wrote, pushed in batches, gives the laptop's own tables."""
    laptop = team.replica("laptop")
    for number in range(9):
        note(laptop, f"n{number % 4}", title=str(number), count=number, area=AREA)
    laptop.write(
        AREA,
        [
            Edit(
                "notes",
                row_id("n1"),
                {"void": {"void_reason": "r", "void_at": "1", "void_by": "9"}},
                covers_row=True,
            )
        ],
        officer="9",
    )
    laptop.revoke(AREA, device("x").device, reason="lost", officer="9")
    said = entries(laptop)

    for start in range(0, len(said), 4):
        store.append(said[start : start + 4])

    assert list(store.dump()) == dump(laptop)
    check_sound(store, team)


def test_versions_are_told_apart_by_their_hash(store: CentralStore) -> None:
    """The places of heads are whole hashes."""
    author = Author(device("a"))
    entry = author.say(change("n", {"title": "x"}))
    store.append([entry])
    (seq, hash_), *_ = store.heads(ALL)[AREA, device("a").device]

    assert version_of(device("a").device, seq, bytes.fromhex(hash_)) == version(entry)
