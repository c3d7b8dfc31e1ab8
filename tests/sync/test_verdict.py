"""Whether a change counts: from the log alone, whatever came first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from sync.errors import UntrustedError
from sync.exchange import exchange, strangers
from sync.keys import covers_area, team_id
from sync.peers import ReplicaPeer, open_peer
from sync.verdict import REASONS
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    NOON,
    OTHER_AREA,
    Author,
    Team,
    change,
    check_sound,
    device,
    dump,
    entries,
    merge,
    merge_file,
    note,
    offer,
    refusals,
    row_id,
)

if TYPE_CHECKING:
    from sync.changeset import Entry

FOREIGN = team_id(FOREIGN_ROOT.public)


def same_in_every_order(team: Team, said: list[Entry], limit: int = 24) -> list[str]:
    """The dump that these changesets give in whatever order they come, one by one or at once."""
    dumps = []
    for number, order in enumerate(itertools.islice(itertools.permutations(said), limit)):
        here = team.replica(f"order{number}")
        for part in [order] if number % 2 else [[entry] for entry in order]:
            offer(here, part)
        assert here.status().held == 0
        dumps.append((dump(here), refusals(here)))
        check_sound(here)
    assert all(each == dumps[0] for each in dumps)
    return dumps[0][0]


@pytest.mark.parametrize(
    ("own", "area", "covered"),
    [
        ("141102", "141102", True),
        ("141102", "141122", False),
        ("141100", "141102", True),
        ("141100", "141202", False),
        ("140000", "141102", True),
        ("140000", "150102", False),
        ("000000", "659001", True),
        ("141102", "141100", False),
        ("141100", "140000", False),
        ("100000", "141102", False),
    ],
)
def test_an_area_covers_the_areas_with_its_prefix(own: str, area: str, covered: bool) -> None:
    """A code ending in 00 covers what lies in it; any other covers itself."""
    assert covers_area(own, area) is covered


@pytest.mark.parametrize(
    ("code", "limits", "header"),
    [
        ("area", {"areas": (OTHER_AREA,)}, {}),
        ("area", {"areas": ()}, {}),
        ("expired", {"expires": NOON - 1}, {}),
        ("expired", {"issued": NOON + 10_000}, {}),
        ("officer", {"officers": ("1", "2")}, {"officer": "3"}),
        ("newer", {}, {"policy": 2}),
        ("role", {"role": "auditor"}, {}),
        ("team", {"root": FOREIGN_ROOT}, {}),
        (None, {"areas": ("141100",)}, {}),
        (None, {"expires": NOON}, {"time": NOON}),
        (None, {"issued": NOON}, {"time": NOON}),
        (None, {"officers": ("1", "2")}, {"officer": "2"}),
        (None, {"role": "inspector"}, {}),
    ],
)
def test_a_certificate_limits_what_counts(
    team: Team, code: str | None, limits: dict[str, Any], header: dict[str, Any]
) -> None:
    """What the certificate does not allow stays in the log, shows nowhere, and the reason is known in both languages."""
    author, here = Author(device("limited", **limits)), team.replica("here")

    outcome = offer(here, [author.say(change("a", {"title": "x"}), **header)])

    assert outcome.appended == 1
    assert refusals(here) == ({code} if code else set())
    assert (here.row("notes", row_id("a")) is None) is (code is not None)
    (entry,) = here.history(row_id("a"))
    assert entry.refused == code
    assert code is None or all(REASONS[code])
    check_sound(here)


def test_the_role_is_judged_by_table(team: Team) -> None:
    """An inspector's review does not count, the note in the same changeset does."""
    author, here = Author(device("inspector", role="inspector")), team.replica("here")
    offer(here, [author.say(change("a", {"title": "x"}), change("r", {"remark": "y"}, table="reviews"))])

    assert here.row("notes", row_id("a")) is not None
    assert here.row("reviews", row_id("r")) is None
    assert refusals(here) == {"role"}


def test_an_inspector_can_neither_adopt_revoke_nor_purge(team: Team) -> None:
    """The tables that the log obeys are the administrator's; purges the supervisor's, too."""
    author, here = Author(device("inspector", role="inspector")), team.replica("here")
    note(here, "a", title="x")
    said: dict[str, dict[str, Any]] = {
        "adoptions": {"team": FOREIGN, HEADS: {}},
        "revocations": {"device": device("here").device, HEADS: {}},
        "purges": {"sha256": "0" * 64},
    }
    for table, cells in said.items():
        offer(here, [author.say(change(table, cells, table=table))])

    assert here.row("notes", row_id("a")) is not None
    assert here.status().refused == 3
    check_sound(here)


def test_expiry_is_judged_by_the_header_not_by_arrival(team: Team) -> None:
    """A stick that lay in a drawer for a year loses nothing: what was written in time counts."""
    author, here = Author(device("expired", expires=NOON)), team.replica("here")
    offer(
        here,
        [
            author.say(change("a", {"title": "x"}), time=NOON - 5),
            author.say(change("b", {"title": "y"}), time=NOON + 5),
        ],
    )

    assert here.row("notes", row_id("a")) is not None
    assert here.row("notes", row_id("b")) is None


def test_who_saw_a_refused_change_is_no_conflict(team: Team) -> None:
    """Somebody builds on a value that turns out refused: his value stands alone, in every order."""
    limited, author = Author(device("limited", officers=("1",))), Author(device("author"))
    birth = author.say(change("a", {"title": "1"}))
    born = [author.version]
    refused = limited.say(change("a", {"title": "2"}, {"title": born}))
    after = author.say(change("a", {"title": "3"}, {"title": [limited.version]}))

    rows = same_in_every_order(team, [birth, refused, after])

    assert len(rows) == 1
    assert '"title": "3"' in rows[0]


# adoption


def test_a_stranger_is_not_merged_unless_trusted(team: Team) -> None:
    """Another root key asks first; refused, nothing is taken; trusted, what stood there counts."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    here = team.replica("here")

    for trust in (None, lambda _: False):
        with pytest.raises(UntrustedError), open_peer(stranger.path) as peer:
            exchange(here, peer, trust=trust)
        assert here.status().changesets == 0
    with open_peer(stranger.path) as peer:
        (found,) = strangers(here, peer)
        assert (found.team, found.name) == (FOREIGN, "stranger")
        assert found.fingerprint.replace(" ", "") == FOREIGN
        done = exchange(here, peer, trust=lambda asked: asked.team == FOREIGN)

    assert done.adopted == [FOREIGN]
    assert here.row("notes", row_id("a")) is not None
    check_sound(here)


def test_an_adoption_ends_at_the_heads_that_it_names(team: Team) -> None:
    """What the stranger writes later and somebody else brings does not count until it is adopted as well."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    here, courier = team.replica("here"), team.replica("courier")
    merge_file(here, stranger.path, trust=lambda _: True)
    note(stranger, "b", title="y")
    offer(courier, entries(stranger))
    offer(here, entries(courier))

    assert here.row("notes", row_id("b")) is None
    assert "team" in refusals(here)
    merge_file(here, stranger.path)
    assert here.row("notes", row_id("b")) is not None
    assert refusals(here) == set()
    check_sound(here)


def test_an_adoption_counts_before_and_after_what_it_adopts(team: Team) -> None:
    """The adoption may come first, last or between: the same rows in the end."""
    stranger, admin = Author(device("stranger", root=FOREIGN_ROOT)), Author(device("admin"))
    first = stranger.say(change("a", {"title": "1"}))
    born = stranger.version
    second = stranger.say(change("a", {"title": "2"}, {"title": [born]}))
    heads = {AREA: [stranger.version]}
    third = stranger.say(change("c", {"title": "later"}))
    adoption = admin.say(change("adoption", {"team": FOREIGN, HEADS: heads, "name": "x"}, table="adoptions"))

    rows = same_in_every_order(team, [first, second, third, adoption])

    assert any('"title": "2"' in row for row in rows)
    assert not any("later" in row for row in rows)


def test_an_adoption_by_the_stranger_itself_counts_for_nothing(team: Team) -> None:
    """Nobody adopts himself."""
    stranger, here = Author(device("stranger", root=FOREIGN_ROOT)), team.replica("here")
    first = stranger.say(change("a", {"title": "1"}))
    own = {"team": FOREIGN, HEADS: {AREA: [stranger.version]}, "name": "x"}
    offer(here, [first, stranger.say(change("x", own, table="adoptions"))])

    assert here.row("notes", row_id("a")) is None
    assert refusals(here) == {"team"}


def test_a_colleague_gets_the_adoption_with_what_was_adopted(team: Team) -> None:
    """One adoption serves the team: it travels like any change."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    here, colleague = team.replica("here"), team.replica("colleague")
    merge_file(here, stranger.path, trust=lambda _: True)
    offer(colleague, entries(here))

    assert colleague.row("notes", row_id("a")) is not None
    check_sound(here, colleague)


# revocation


def test_a_revocation_keeps_what_was_accepted_and_refuses_the_rest(team: Team) -> None:
    """Up to the heads known at the revocation it counts; later changes do not, in any area, on any replica."""
    here, lost, courier = team.replica("here"), team.replica("lost"), team.replica("courier")
    note(lost, "a", title="before")
    merge(here, lost)
    here.revoke(AREA, device("lost").device, reason="stolen", officer="9")
    note(lost, "a", title="after")
    note(lost, "b", title="after", area=OTHER_AREA)
    merge(here, lost)
    merge(courier, lost)

    row = here.row("notes", row_id("a"))
    assert row is not None
    assert row.values["title"] == "before"
    assert here.row("notes", row_id("b")) is None
    assert refusals(here) == {"revoked"}
    check_sound(here, lost, courier)


def test_a_revocation_folds_again_what_counted_before(team: Team) -> None:
    """A replica that took the thief's changes in first gives them up when the revocation comes."""
    here, lost, there = team.replica("here"), team.replica("lost"), team.replica("there")
    note(lost, "a", title="before")
    merge(here, lost)
    note(lost, "a", title="after")
    note(lost, "b", title="after")
    merge(there, lost)
    changed = there.row("notes", row_id("a"))
    assert changed is not None
    assert changed.values["title"] == "after"
    here.revoke(AREA, device("lost").device, reason="stolen", officer="9")

    merge(there, here)

    again = there.row("notes", row_id("a"))
    assert again is not None
    assert again.values["title"] == "before"
    assert there.row("notes", row_id("b")) is None
    check_sound(here, there)


def test_a_revocation_gives_the_same_in_every_order(team: Team) -> None:
    """Before, between or after what it refuses."""
    lost, admin = Author(device("lost")), Author(device("admin"))
    first = lost.say(change("a", {"title": "1"}))
    born = lost.version
    second = lost.say(change("a", {"title": "2"}, {"title": [born]}))
    heads = {AREA: [born]}
    gone = {"device": device("lost").device, HEADS: heads, "reason": "stolen"}
    revocation = admin.say(change("r", gone, table="revocations"), time=NOON - 10**6)
    other = admin.say(change("a", {"title": "3"}, {"title": [lost.version]}))

    rows = same_in_every_order(team, [first, second, revocation, other])

    assert any('"title": "3"' in row for row in rows)
    assert not any("conflict" in row for row in rows)


def test_a_revoked_administrator_adopts_nobody(team: Team) -> None:
    """A system change of a revoked device is no longer obeyed, and what hung on it is judged again."""
    stranger, lost, admin = (
        Author(device("stranger", root=FOREIGN_ROOT)),
        Author(device("lost")),
        Author(device("admin")),
    )
    first = stranger.say(change("a", {"title": "x"}))
    hello = lost.say(change("l", {"title": "hello"}))
    accepted = {AREA: [lost.version]}
    cells = {"team": FOREIGN, HEADS: {AREA: [stranger.version]}, "name": "x"}
    adoption = lost.say(change("ad", cells, table="adoptions"), time=NOON + 10**6)
    gone = {"device": device("lost").device, HEADS: accepted, "reason": "stolen"}
    revocation = admin.say(change("r", gone, table="revocations"), time=NOON)

    rows = same_in_every_order(team, [first, hello, adoption, revocation])

    assert not any('"title": "x"' in row for row in rows)
    assert any("hello" in row for row in rows)


def test_a_device_may_get_a_new_certificate(team: Team) -> None:
    """From the changeset that brings it on, the new certificate is in force; what came before is judged by the old."""
    author, here = Author(device("laptop", role="inspector", areas=(AREA,))), team.replica("here")
    said = [author.say(change("r1", {"remark": "x"}, table="reviews"))]
    author.identity = device("laptop", role="supervisor", areas=(AREA,))
    said.append(author.say(change("r2", {"remark": "x"}, table="reviews")))
    said.append(author.say(change("r3", {"remark": "x"}, table="reviews")))
    offer(here, said)

    assert [here.row("reviews", row_id(name)) is not None for name in ("r1", "r2", "r3")] == [False, True, True]
    check_sound(here)


def test_own_changes_are_judged_like_anybodys(team: Team) -> None:
    """A device sees its own refused changes as refused at once, not only after it merged."""
    here = team.replica("here", device("here", role="inspector", areas=("141100",), officers=("9",)))
    there = team.replica("there")
    note(here, "a", title="x")
    note(here, "b", title="x", area="150102")
    merge(here, there)

    assert here.row("notes", row_id("a")) is not None
    assert here.row("notes", row_id("b")) is None
    check_sound(here, there)


def test_a_merge_by_an_inspector_does_not_adopt(team: Team) -> None:
    """Without an administrator's certificate an adoption is logged, refused, and the stranger's changes do not count."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    here = team.replica("here", device("here", role="inspector"))
    exchange(here, ReplicaPeer(stranger), trust=lambda _: True, area=AREA)

    assert here.row("notes", row_id("a")) is None
    assert refusals(here) == {"role", "team"}
