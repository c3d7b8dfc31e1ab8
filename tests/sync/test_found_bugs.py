"""Attacks and accidents that got through when they were first tried; each must stay closed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import sqlite3
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

import sync.bulk
from sync.append import Appender
from sync.changeset import Entry, decode, digest
from sync.errors import CertificateError, MalformedError, NotAReplicaError, StoreError, SyncError, UntrustedError
from sync.exchange import exchange
from sync.identity import now_ms
from sync.keys import Key, read_certificate, team_id
from sync.peers import ReplicaPeer, open_peer
from sync.replica import Edit, Replica
from sync.schema import BOOKKEEPING, Cell, Schema, Table
from sync.storage import connect, quoted
from sync.verify import Fault, verify
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    HEADS,
    ISSUED,
    NOON,
    OTHER_AREA,
    SCHEMA,
    Author,
    Team,
    change,
    check_sound,
    device,
    dump,
    entries,
    faults,
    merge,
    merge_file,
    note,
    offer,
    refusals,
    row_id,
    tips,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.door import Refusal

PHOTO = b"\xff\xd8 a photo"


def signatures(outcome_refused: Sequence[Refusal]) -> list[str]:
    """The names of the errors of what was refused."""
    return [type(refusal.error).__name__ for refusal in outcome_refused]


# forgery at the door


def test_a_forged_fork_beside_the_first_changeset_is_refused(team: Team) -> None:
    """A second successor of the first changeset proves itself, though its certificate came in the same offer."""
    author = Author(device("victim"))
    first = author.say(change("a", {"title": "true"}))
    forger = author.fork()
    second = author.say(change("b", {"title": "true"}))
    forged = forger.say(change("a", {"title": "false"}), key=Key.generate())
    here = team.replica("here")

    outcome = offer(here, [first, second, forged])

    assert signatures(outcome.refused) == ["SignatureError"]
    assert forger.version not in versions(here)
    assert faults(here) == []


def test_a_bad_signature_sent_before_the_good_one_is_not_kept(team: Team) -> None:
    """The signature that is stored is one that holds, whatever else was sent with the same bytes."""
    author = Author(device("victim"))
    good = author.say(change("a", {"title": "true"}))
    here = team.replica("here")

    offer(here, [Entry(good.body, bytes(64)), good])

    assert [entry.signature for entry in entries(here)] == [good.signature]
    assert faults(here) == []


def test_a_bad_signature_does_not_displace_a_good_one_that_is_held(team: Team) -> None:
    """What waits with a signature that holds is still let in after somebody sent the same bytes with another one."""
    author = Author(device("victim"))
    first, second = author.say(change("a", {"title": "1"})), author.say(change("b", {"title": "2"}))
    here = team.replica("here")

    offer(here, [second])
    offer(here, [Entry(second.body, bytes(64))])
    offer(here, [first])

    assert author.version in versions(here)
    assert faults(here) == []


def test_a_nested_certificate_is_refused_with_a_sentence() -> None:
    """A certificate nested deeper than Python recurses is no traceback."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    deep = part(b'{"alg":"EdDSA"}') + "." + part(b"[" * 11_000) + "." + part(bytes(64))

    with pytest.raises(CertificateError):
        read_certificate(deep)


def test_text_that_is_nfc_passes_whatever_stands_before_it_in_the_encoding() -> None:
    """A combining mark after a line break is NFC text; that JSON writes the break with an `n` does not change that."""
    text = "line\n\u0303mark"
    assert unicodedata.is_normalized("NFC", text)
    author = Author(device("writer"))

    assert decode(author.body([change("a", {"title": text})])).changes[0].set["title"] == text


@pytest.mark.parametrize("value", ["\ud800", 2**70, 2**53 + 1])
def test_what_cannot_be_encoded_is_refused_with_a_sentence(team: Team, value: Any) -> None:
    """A lone surrogate (a file name that is not UTF-8) or a huge number is MalformedError, not a traceback."""
    here = team.replica("here")

    with pytest.raises(MalformedError):
        note(here, "a", tags=[value])


# hostile values


@pytest.mark.parametrize("value", ["Z" * 64, "abc", "../../../../etc/passwd"])
@pytest.mark.parametrize("careful", [True, False])
def test_a_hash_that_is_none_does_not_stop_an_exchange(
    team: Team, value: str, careful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `blob` cell that holds no SHA-256 is refused as misshapen, and merging and verifying go on."""
    monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", 10**9 if careful else 1)
    author = Author(device("hostile"))
    there, here, third = team.replica("there"), team.replica("here"), team.replica("third")
    note(there, "b", title="good")
    offer(there, [author.say(change("a", {"photo": value, "title": "x"}))])

    merge_file(here, there.path)
    merge_file(third, here.path)

    assert faults(third) == []
    assert refusals(third) == {"shape"}
    assert here.row("notes", row_id("b")) is not None
    assert here.status().missing_blobs == 0


def test_a_purge_of_no_hash_does_not_stop_an_exchange(team: Team) -> None:
    """A purge that names no SHA-256 harms nobody."""
    author = Author(device("hostile"))
    here, third = team.replica("here"), team.replica("third")
    purge = change("p", {"sha256": "Z" * 64, "reason": "?"}, table="purges")

    offer(here, [author.say(purge)])
    merge(here, third)

    assert faults(here) == []


@pytest.mark.parametrize("head", ["garbage", "DEVICE:x:y", "DEVICE:1", "DEVICE:2:zz"])
@pytest.mark.parametrize("table", ["adoptions", "revocations"])
def test_heads_that_are_no_versions_do_not_brick_a_replica(team: Team, head: str, table: str) -> None:
    """A revocation or adoption with garbage for heads is taken in and changes nothing for good."""
    admin, other = Author(device("hostile")), team.replica("other")
    said: dict[str, Any] = {
        HEADS: {AREA: [head.replace("DEVICE", device("other").device)]},
        "device": device("other").device,
        "team": team_id(FOREIGN_ROOT.public),
    }
    here = team.replica("here")

    offer(here, [admin.say(change("x", said, table=table))])
    note(other, "a", title="x")
    merge(here, other)
    note(here, "b", title="y")

    assert faults(here) == []


def test_tips_that_are_no_numbers_do_not_brick_a_replica(team: Team) -> None:
    """A stranger's file whose tips table lies is merged or refused in one sentence, and later merges work."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    stranger.connection.execute("UPDATE tips SET seq = 'abc'")
    here, colleague = team.replica("here"), team.replica("colleague")
    note(colleague, "b", title="y")

    with contextlib.suppress(SyncError):
        merge_file(here, stranger.path, trust=lambda _: True)
    merge(here, colleague)
    note(here, "c", title="z")

    assert here.row("notes", row_id("b")) is not None


def test_an_adoption_covers_nothing_that_the_peer_only_claims(team: Team) -> None:
    """A stranger who claims a far-off head is adopted up to what came, not for all time."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="shown")
    author_of_more = device("stranger", root=FOREIGN_ROOT)
    copy = team.folder / "copy.db"
    with sqlite3.connect(copy) as target:
        stranger.connection.backup(target)
        target.execute("UPDATE tips SET seq = 1000000")
    target.close()
    here = team.replica("here")
    with contextlib.suppress(SyncError):
        merge_file(here, copy, trust=lambda _: True)

    stranger.identity = author_of_more
    note(stranger, "later", title="never shown to anybody")
    offer(here, entries(stranger))

    assert here.row("notes", row_id("later")) is None


# the fold


def test_a_refused_change_beside_a_counted_one_of_the_same_row_does_not_swallow_it(team: Team) -> None:
    """Of two changes of a row in one changeset, one misshapen, the other counts, in either order."""
    author = Author(device("writer"))
    here = team.replica("here")
    good, bad = change("a", {"title": "kept"}), change("a", {"count": "not a number"})
    offer(here, [author.say(good, bad)])
    offer(here, [author.say(change("b", {"count": "no"}), change("b", {"title": "kept"}))])

    for name in ("a", "b"):
        row = here.row("notes", row_id(name))
        assert row is not None
        assert row.values["title"] == "kept"


@pytest.mark.parametrize("one_batch", [True, False])
def test_a_row_whose_other_birth_is_refused_stands(team: Team, one_batch: bool) -> None:
    """Two laptops create the same derived row, one of them expired: the other's stands, together or one by one."""
    expired, good = Author(device("expired", expires=NOON - 1)), Author(device("good"))
    said = [expired.say(change("a", {"title": "late"})), good.say(change("a", {"title": "good"}))]
    here = team.replica("here")

    for part in [said] if one_batch else [said[:1], said[1:]]:
        offer(here, part)

    row = here.row("notes", row_id("a"))
    assert row is not None
    assert row.values["title"] == "good"
    check_sound(here)


def test_a_change_that_names_nothing_does_not_swallow_the_birth_behind_it(team: Team) -> None:
    """A change with an empty list for `seen` before the row's creation, in one batch: both are folded."""
    early, birth = Author(device("early")), Author(device("birth"))
    said = [early.say(change("a", {"body": "early"}, {"body": []})), birth.say(change("a", {"title": "born"}))]
    here, there = team.replica("here"), team.replica("there")
    offer(here, said)
    for entry in said:
        offer(there, [entry])

    assert dump(here) == dump(there)
    row = here.row("notes", row_id("a"))
    assert row is not None
    assert (row.values["title"], row.values["body"]) == ("born", "early")


@pytest.mark.parametrize("table", ["reviews", "unknown"])
def test_the_same_row_id_in_another_table_loses_nothing(team: Team, table: str) -> None:
    """Rows of two tables (one perhaps of a newer programme) may share an id; each folds by itself."""
    author, late = Author(device("author")), Author(device("late"))
    here = team.replica("here")
    offer(here, [author.say(change("a", {"title": "born", "body": "kept"}))])
    born = author.version
    offer(here, [author.say(change("a", {"remark": "1"}, table=table))])
    offer(here, [author.say(change("a", {"remark": "2"}, {"remark": [author.version]}, table=table))])
    offer(here, [author.say(change("a", {"title": "mine"}, {"title": [born]}))])
    offer(here, [late.say(change("a", {"title": "theirs"}, {"title": [born]}))])

    row = here.row("notes", row_id("a"))
    assert row is not None
    assert (row.values["body"], row.conflict) == ("kept", ["title"])
    assert len(here.history(row_id("a"))) == 5


@pytest.mark.parametrize("void", [{}, {"void_at": "2027"}])
@pytest.mark.parametrize("void_first", [True, False])
def test_a_voiding_without_reason_folds_the_same_in_every_order(
    team: Team, void: dict[str, str], void_first: bool
) -> None:
    """Whatever a voiding holds, order of arrival does not show in the tables."""
    author, other = Author(device("author")), Author(device("other"))
    birth = author.say(change("a", {"title": "1"}))
    born = [author.version]
    voiding = author.say(change("a", {"void": void}, {"void": born, "title": born}))
    edit = other.say(change("a", {"title": "2"}, {"title": born}))
    here = team.replica("here")
    for entry in [birth, voiding, edit] if void_first else [birth, edit, voiding]:
        offer(here, [entry])

    before = dump(here)
    here.rebuild()

    assert dump(here) == before
    assert faults(here) == []


def test_a_backdated_birth_in_another_area_does_not_take_a_row_away(team: Team) -> None:
    """A row never leaves its area: who may work only elsewhere cannot empty it unseen by a change dated before its birth."""
    owner = team.replica("owner")
    note(owner, "a", title="evidence", body="seen by two officers")
    row = owner.row("notes", row_id("a"))
    assert row is not None
    note(owner, "a", body="amended")
    thief = Author(device("thief", areas=(OTHER_AREA,), role="inspector"), OTHER_AREA)

    offer(owner, [thief.say(change("a", {"title": "nothing"}), time=NOON - 10**9)])

    row = owner.row("notes", row_id("a"))
    assert row is not None
    stands = (row.area, row.values["title"], row.values["body"]) == (AREA, "evidence", "amended")
    assert stands or row.conflict != []
    check_sound(owner)


def test_a_conflict_shows_the_values_of_a_row_changed_twice_in_one_changeset(team: Team) -> None:
    """Cells of a row may be spread over the changes of an action; the conflict list shows each head's own value."""
    one, other = team.replica("one"), team.replica("other")
    note(one, "a", title="base", body="base")
    merge(one, other)
    row = row_id("a")
    for replica, text in ((one, "1"), (other, "2")):
        replica.write(
            AREA,
            [
                Edit("notes", row, {"title": text}),
                Edit("notes", row, {"count": 5}),
                Edit("notes", row, {"body": "b"}),
            ],
            officer="9",
            time_ms=NOON,
        )
    merge(one, other)

    (conflict,) = one.conflicts()
    assert sorted(head.value for head in conflict.heads) == ["1", "2"]
    assert conflict.base == "base"


# writing


def test_writing_a_row_in_another_area_is_refused(team: Team) -> None:
    """An acknowledged change counts: one that would leave its row's area is refused, not silently skipped."""
    here = team.replica("here")
    note(here, "a", title="1")
    note(here, "b", title="1", area=OTHER_AREA)

    with pytest.raises(SyncError):
        note(here, "a", title="2", area=OTHER_AREA)
    assert here.status().changesets == 2


def test_a_clock_before_the_certificate_gives_the_same_verdict_here_and_elsewhere(team: Team) -> None:
    """What the device's own tables say of a change dated before its certificate is what every replica says."""
    here, there = team.replica("here"), team.replica("there")
    note(here, "a", title="1")
    note(here, "a", title="2", time_ms=5)
    merge(here, there)

    assert dump(here) == dump(there)
    check_sound(here, there)


def test_a_newer_policy_counts_after_the_upgrade(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening with a programme that knows the policy judges again what an older one refused as newer."""
    here = team.replica("here")
    offer(here, [Author(device("newer")).say(change("a", {"title": "x"}), policy=2)])
    assert refusals(here) == {"newer"}
    here.close()
    for module in ("changeset", "verdict", "schema", "replica"):
        monkeypatch.setattr(f"sync.{module}.POLICY", 2, raising=False)

    again = team.reopen(here.path.parent)

    assert again.row("notes", row_id("a")) is not None


# bulk


@pytest.mark.parametrize("header", [{"policy": 2}, {"team": "0" * 32}])
def test_what_a_bulk_merge_takes_in_is_judged_one_by_one(
    team: Team, header: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changeset of a newer policy, or of a wrong team, in the middle of a run: the same by both ways of merging."""
    author = Author(device("author"))
    source = team.replica("source")
    made = [author.say(change("a", {"title": "1"})), author.say(change("b", {"title": "2"}), **header)]
    made.append(author.say(change("c", {"title": "3"})))
    chain = source.connection.execute(
        "INSERT INTO chains (area, device) VALUES (?, ?) RETURNING id", (AREA, device("author").device)
    ).fetchone()[0]
    for seq, entry in enumerate(made, start=1):
        source.connection.execute(
            "INSERT INTO log (chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, ?)",
            (chain, seq, digest(entry.body), entry.body.decode(), entry.signature),
        )
    source.connection.execute(
        "INSERT INTO tips (chain, hash, seq, cert) VALUES (?, ?, 3, '')", (chain, digest(made[-1].body))
    )
    source.close()
    dumps = []
    for worth in (1, 10**9):
        monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", worth)
        here = team.replica(f"here{worth}")
        merge_file(here, source.path)
        dumps.append((dump(here), versions(here), refusals(here)))

    assert dumps[0] == dumps[1]


def test_a_source_rewritten_between_check_and_copy_brings_nothing_unchecked(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the log after a merge that was disturbed is still verified."""
    monkeypatch.setattr(sync.bulk, "WORTH_A_PROCESS", 1)
    source = team.replica("source")
    for number in range(300):
        note(source, f"n{number}", title="x" * 200)
    source.close()
    copy_in = Appender.copy_in

    def disturbed(self: Appender, *what: Any) -> None:
        writer = sqlite3.connect(source.path)
        writer.execute("PRAGMA journal_mode = DELETE")
        with writer:
            writer.execute("UPDATE log SET body = replace(body, 'xxx', 'yyy') WHERE id > 250")
        writer.close()
        copy_in(self, *what)

    monkeypatch.setattr(Appender, "copy_in", disturbed)
    here = team.replica("here")

    with pytest.raises(SyncError):
        merge_file(here, source.path)
    assert faults(here) == []


def test_a_misshapen_row_of_the_log_is_named(team: Team) -> None:
    """A changeset whose row in the source is not text and bytes is refused by name, not left out in silence."""
    source, here = team.replica("source"), team.replica("here")
    for number in range(3):
        note(source, f"n{number}", title="x")
    source.connection.execute("UPDATE log SET signature = 'text' WHERE seq = 2")

    done = merge_file(here, source.path)

    assert done.received.refused
    assert here.row("notes", row_id("n0")) is not None


def test_bytes_that_are_not_utf_8_are_refused_and_the_rest_comes(team: Team) -> None:
    """One changeset in the source that is not even UTF-8 does not keep the others away."""
    source, here = team.replica("source"), team.replica("here")
    note(source, "a", title="x")
    note(source, "b", title="x", area=OTHER_AREA)
    source.connection.execute("UPDATE log SET body = CAST(x'ff' || CAST(body AS BLOB) AS TEXT) WHERE id = 1")

    done = merge_file(here, source.path)

    assert done.received.refused
    assert here.row("notes", row_id("b")) is not None


# trust


def test_the_cells_of_no_table_are_named_like_the_bookkeeping(team: Team) -> None:
    """An adoption that was extended reads back what was adopted, and its row is the fold of the log."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    here = team.replica("here")
    for name in ("a", "b"):
        note(stranger, name, title="x")
        merge_file(here, stranger.path, trust=lambda _: True)

    for table in here.schema.by_name.values():
        assert not set(table.columns()) & set(BOOKKEEPING)
    check_sound(here)


def test_a_schema_with_a_column_of_the_bookkeeping_is_refused() -> None:
    """A cell named `heads` or `id` would overwrite what the fold notes there; declaring it is an error at once."""
    for name in BOOKKEEPING:
        with pytest.raises(ValueError):
            Schema((Table("things", (Cell(name),)),))


def test_an_edit_of_a_row_of_another_area_is_treated_the_same_in_every_order(team: Team) -> None:
    """What names a version of another area waits or is refused, whether the row is at hand or not."""
    one, other = Author(device("one"), OTHER_AREA), Author(device("other"), AREA)
    said = [one.say(change("a", {"title": "1"}))]
    said.append(other.say(change("a", {"title": "2"}, {"title": [one.version]})))
    found = []
    for number, parts in enumerate([[said], [said[:1], said[1:]], [said[1:], said[:1]]]):
        here = team.replica(f"here{number}")
        for part in parts:
            offer(here, part)
        found.append((versions(here), here.status().held, dump(here)))

    assert found[0] == found[1] == found[2]


def test_an_adopted_stranger_cannot_purge_our_photos(team: Team) -> None:
    """Adopting a workspace takes its records in; it gives its owner no power over evidence of this team."""
    here = team.replica("here")
    sha256 = here.blobs.put(PHOTO)
    note(here, "a", photo=sha256)
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    said = {"sha256": sha256, "reason": "gone", "officer": "1", "at": "0"}
    later = now_ms() + 10**9
    stranger.write(AREA, [Edit("purges", row_id("p"), said)], officer="1", time_ms=later)

    merge_file(here, stranger.path, trust=lambda _: True)

    assert here.blobs.has(sha256)


def test_an_adopted_stranger_cannot_revoke_our_devices(team: Team) -> None:
    """A revocation counts when it stands under this team's root."""
    here = team.replica("here")
    note(here, "a", title="evidence")
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    said = {"device": device("here").device, HEADS: {}, "reason": "because"}
    later = now_ms() + 10**9
    stranger.write(AREA, [Edit("revocations", row_id("r"), said)], officer="1", time_ms=later)

    merge_file(here, stranger.path, trust=lambda _: True)

    assert here.row("notes", row_id("a")) is not None


def test_a_revoked_device_cannot_turn_back_its_clock_to_revoke_the_revoker(team: Team) -> None:
    """A stolen administrator's laptop stays revoked, whatever time it writes."""
    here, stolen = team.replica("here"), Author(device("stolen", issued=ISSUED + 1))
    note(here, "a", title="evidence")
    offer(here, [stolen.say(change("s", {"title": "before"}))])
    here.revoke(AREA, device("stolen").device, reason="stolen", officer="9")
    revenge: dict[str, Any] = {"device": device("here").device, HEADS: {}, "reason": "ha"}
    offer(
        here,
        [stolen.say(change("r", revenge, table="revocations"), time=ISSUED + 2)],
    )

    assert here.row("notes", row_id("a")) is not None
    assert here.row("revocations", row_id("r")) is None


def test_nothing_is_adopted_when_one_of_two_strangers_is_not_trusted(team: Team) -> None:
    """UntrustedError means that nothing was taken: no adoption of the other stranger stands in the log."""
    one = team.replica("one", device("one", root=FOREIGN_ROOT))
    note(one, "a", title="x")
    third = Key.from_seed(b"3" * 32)
    two = team.replica("two", device("two", root=third))
    note(two, "b", title="x")
    offer(one, entries(two))
    here = team.replica("here")
    asked: list[str] = []

    def trust(stranger: Any) -> bool:
        asked.append(stranger.team)
        return len(asked) == 1

    with pytest.raises(UntrustedError):
        merge_file(here, one.path, trust=trust)
    assert here.status().changesets == 0


def test_a_forked_stranger_is_adopted_with_both_branches_once(team: Team) -> None:
    """Both branches of an adopted device count, however far apart they end, and merging again logs nothing more."""
    author = Author(device("stranger", root=FOREIGN_ROOT))
    stranger = team.replica("stranger", device("keeper", root=FOREIGN_ROOT))
    first = author.say(change("a", {"title": "x"}))
    copy = author.fork()
    offer(stranger, [first, *(author.say(change(f"n{number}", {"title": "x"})) for number in range(5))])
    offer(stranger, [copy.say(change("branch", {"title": "x"}))])
    here = team.replica("here")

    merge_file(here, stranger.path, trust=lambda _: True)
    count = here.status().changesets
    merge_file(here, stranger.path, trust=lambda _: True)

    assert here.row("notes", row_id("branch")) is not None
    assert here.status().changesets == count


def test_a_colleague_who_adopted_a_stranger_is_merged_without_asking(team: Team) -> None:
    """The team's own adoption comes with the file: whoever merges a colleague of the same root is not asked again."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="x")
    colleague, here = team.replica("colleague"), team.replica("here")
    merge_file(colleague, stranger.path, trust=lambda _: True)

    done = merge_file(here, colleague.path)

    assert done.adopted == []
    assert here.row("notes", row_id("a")) is not None
    check_sound(here, colleague)


@pytest.mark.parametrize("name", ["joined1", "joined2", "joined3", "joined4"])
def test_what_a_device_wrote_before_it_joined_the_team_is_asked_for(team: Team, name: str) -> None:
    """One device under two roots, its own and then the team's: the earlier changes are offered for adoption and count."""
    author = Author(device(name, root=FOREIGN_ROOT))
    said = [author.say(change("before", {"title": "x"}))]
    author.identity = device(name)
    said.append(author.say(change("after", {"title": "x"})))
    courier, here = team.replica("courier", device("courier", root=FOREIGN_ROOT)), team.replica("here")
    offer(courier, said)
    asked: list[str] = []

    def trust(stranger: Any) -> bool:
        asked.append(stranger.team)
        return True

    merge_file(here, courier.path, trust=trust)

    assert asked == [team_id(FOREIGN_ROOT.public)]
    assert here.row("notes", row_id("after")) is not None
    assert here.row("notes", row_id("before")) is not None


# photos


def test_a_purge_that_is_sent_takes_the_bytes_there_too(team: Team) -> None:
    """Whoever only ever receives (a central store) obeys a purge when it comes, not at an exchange of its own."""
    here, store = team.replica("here"), team.replica("store")
    sha256 = here.put_private("13800138000")
    note(here, "a", photo=sha256)
    merge(here, store)
    assert store.blobs.has(sha256)
    here.purge(AREA, sha256, reason="law", officer="9")

    merge(here, store)

    assert not store.blobs.has(sha256)


def test_putting_a_photo_whose_copy_here_is_damaged_heals_it(team: Team) -> None:
    """`put` says that the bytes are on disk; it looks at the bytes there, not only at their name."""
    here = team.replica("here")
    sha256 = here.blobs.put(PHOTO)
    note(here, "a", photo=sha256)
    here.blobs.path_of(sha256).write_bytes(PHOTO[:5])

    assert here.blobs.put(PHOTO) == sha256

    assert here.blobs.read(sha256) == PHOTO
    assert faults(here) == []


def test_a_workspace_whose_making_was_cut_off_can_be_made(team: Team) -> None:
    """A process killed between creating the file and laying it out leaves nothing that blocks the next attempt."""
    place = team.folder / "cut"
    place.mkdir()
    (place / "workspace.db").touch()

    replica = Replica.create(place / "workspace.db", SCHEMA, device("cut"), place / "photos")

    note(replica, "a", title="x")
    assert faults(replica) == []
    replica.close()


# forks


def test_a_branch_shorter_than_the_other_is_exchanged(team: Team) -> None:
    """Who has the longer branch of a forked chain still gets the shorter one, both ways, from replica and file."""
    author = Author(device("cloned"))
    first = author.say(change("a", {"title": "x"}))
    clone = author.fork()
    long = [author.say(change(f"n{number}", {"title": "x"})) for number in range(6)]
    short = [clone.say(change("short", {"title": "x"}))]
    one, other, third = team.replica("one"), team.replica("other"), team.replica("third")
    offer(one, [first, *long])
    offer(other, [first, *short])
    offer(third, [first, *short])

    exchange(one, ReplicaPeer(other))
    merge_file(third, one.path)
    merge_file(one, third.path)

    for replica in (one, other, third):
        assert replica.row("notes", row_id("short")) is not None
        assert replica.row("notes", row_id("n5")) is not None
    check_sound(one, other, third)


# verify


def test_verify_names_a_body_that_is_not_utf_8(team: Team) -> None:
    """A flipped bit that breaks UTF-8 is named like any other."""
    here = team.replica("here")
    note(here, "a", title="检查")
    here.connection.execute("UPDATE log SET body = CAST(x'ff' || CAST(body AS BLOB) AS TEXT)")

    assert faults(here)[0].code == "changeset"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM refusals",
        "UPDATE refusals SET code = 'role'",
        "INSERT INTO refusals VALUES (1, 0, 'role')",
        "UPDATE chains SET forked = 1",
        "DELETE FROM changes",
        "DELETE FROM certificates",
        "UPDATE certificates SET jws = jws || 'x'",
        "UPDATE certificates SET team = 'x'",
        "DELETE FROM system_changes",
        "DELETE FROM blobs",
        "UPDATE blobs SET state = 'purged'",
        "UPDATE tips SET cert = 'x'",
        "DROP TABLE notes",
        "ALTER TABLE notes DROP COLUMN body",
        "DROP INDEX log_place",
    ],
)
def test_verify_names_what_was_changed_in_the_bookkeeping(team: Team, statement: str) -> None:
    """Whatever the programme derives from the log and later relies on is compared with the log."""
    here = team.replica("here")
    note(here, "a", title="x", photo=here.blobs.put(PHOTO))
    note(here, "a", title="y")
    here.revoke(AREA, device("gone").device, reason="lost", officer="9")
    offer(here, [Author(device("expired", expires=1)).say(change("b", {"title": "late"}))])
    assert faults(here) == []

    here.connection.execute(statement)

    assert faults(here) != []


def test_verify_survives_columns_of_the_wrong_type(team: Team) -> None:
    """A number where a signature or a hash should be is named; it is not taken for a length to allocate."""
    here = team.replica("here")
    note(here, "a", title="x")
    for column, value in (("signature", 2**45), ("signature", None), ("hash", 2**45), ("hash", "x")):
        here.connection.execute("SAVEPOINT tamper")
        try:
            here.connection.execute(f"UPDATE log SET {column} = ?", (value,))
        except sqlite3.IntegrityError:
            pass
        else:
            assert faults(here) != []
        here.connection.execute("ROLLBACK TO tamper")
        here.connection.execute("RELEASE tamper")


def test_verify_names_a_whole_chain_that_another_replica_knows(team: Team) -> None:
    """All of a device's changesets removed without trace: who knows a head of it is believed."""
    here, other = team.replica("here"), team.replica("other")
    note(other, "a", title="x")
    merge(here, other)
    (gone,) = versions(here)
    for statement in ("DELETE FROM log", "DELETE FROM chains", "DELETE FROM tips", "DELETE FROM notes"):
        here.connection.execute(statement)

    found = verify(here.connection, SCHEMA, here.blobs, others=[tips(other)])

    assert gone in [fault.where for fault in found]


# rebuild


def test_a_log_with_a_gap_is_not_rebuilt(team: Team) -> None:
    """Rebuilding a log that lacks a changeset changes nothing and says so."""
    here, other = team.replica("here"), team.replica("other")
    for number in range(5):
        note(here, f"n{number}", title="x")
    merge(here, other)
    here.connection.execute("DELETE FROM log WHERE seq = 3")
    before = dump(here)

    with pytest.raises(SyncError):
        here.rebuild()
    assert dump(here) == before


# peers


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE tips SET hash = 'text'"],
        ["UPDATE tips SET seq = 'text'"],
        ["UPDATE tips SET hash = 99999999999999"],
        ["UPDATE chains SET area = x'00'"],
        ["UPDATE chains SET device = 5"],
        ["UPDATE log SET seq = 'text'"],
        ["UPDATE log SET hash = 5"],
        ["ALTER TABLE certificates RENAME TO c", "CREATE VIEW certificates AS SELECT * FROM c"],
        ["DROP TABLE certificates"],
        ["ALTER TABLE log DROP COLUMN signature"],
        ["DROP TABLE tips", "CREATE TABLE tips (x)"],
    ],
)
def test_a_hostile_database_is_a_sentence_or_harmless(team: Team, statements: list[str]) -> None:
    """Wrong types and shapes in somebody's file end in one sentence or in a merge that leaves this side sound."""
    source, here = team.replica("source"), team.replica("here")
    note(source, "a", title="x")
    source.connection.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        source.connection.execute(statement)
    source.close()

    with contextlib.suppress(SyncError), open_peer(source.path) as peer:
        exchange(here, peer, trust=lambda _: True)
    note(here, "b", title="y")

    assert faults(here) == []


def test_a_view_in_place_of_a_table_is_no_replica(team: Team) -> None:
    """What a file computes instead of storing is not read: a view could run for ever."""
    source = team.replica("source")
    note(source, "a", title="x")
    source.connection.execute("ALTER TABLE certificates RENAME TO c")
    source.connection.execute("CREATE VIEW certificates AS SELECT * FROM c")
    source.close()

    with pytest.raises(NotAReplicaError):
        open_peer(source.path).close()


def test_a_failed_write_leaves_nothing_behind_in_an_outer_transaction(team: Team) -> None:
    """An action refused inside a larger transaction leaves no trace of itself when the rest is kept."""
    here, there = team.replica("here"), team.replica("there")
    note(there, "a", title="x")
    elsewhere = there.row("notes", row_id("a"))
    with here.writing():
        with pytest.raises(SyncError):
            here.write(AREA, [Edit("notes", row_id("a"), {"title": "y"}, basis=elsewhere)], officer="9")
        note(here, "b", title="kept")

    assert here.status().held == 0
    assert here.status().changesets == 1


# what else a file or folder may hold


def test_a_foreign_trigger_is_named_and_nothing_is_written_while_it_stands(team: Team) -> None:
    """A trigger would change tables behind the log: writing stops with a sentence, reading and verify go on."""
    here = team.replica("here")
    note(here, "a", title="x")
    here.connection.execute("CREATE TRIGGER eats AFTER INSERT ON log BEGIN DELETE FROM notes; END")
    again = team.reopen(here.path.parent, device("here"))

    with pytest.raises(StoreError, match="eats"):
        note(again, "b", title="y")
    assert again.row("notes", row_id("a")) is not None
    assert [fault.where for fault in faults(again)] == ["eats"]
    here.connection.execute("DROP TRIGGER eats")
    note(team.reopen(here.path.parent, device("here")), "b", title="y")


def test_the_name_of_a_trigger_is_no_second_command(team: Team) -> None:
    """What people are told to run takes away the trigger and nothing else, whatever its name."""
    here = team.replica("here")
    name = 'x"; DELETE FROM log'
    here.connection.execute(
        f"CREATE TRIGGER {quoted(name)} AFTER INSERT ON notes BEGIN DELETE FROM notes WHERE id = '-'; END"
    )
    told = faults(here)[0].en
    command = told[told.index("DROP TRIGGER") : told.index(" with sqlite3")]
    with pytest.raises(StoreError) as refused:
        note(team.reopen(here.path.parent, device("here")), "b", title="y")
    assert command in refused.value.en
    here.connection.execute(command)
    assert faults(here) == []


@pytest.mark.parametrize(("error", "damaged"), [("SQLITE_FULL", False), ("SQLITE_CORRUPT", True)])
def test_a_full_disk_is_no_damage(team: Team, monkeypatch: pytest.MonkeyPatch, error: str, damaged: bool) -> None:
    """Verify folds the log elsewhere: where no room is left there, nothing is wrong with the file."""

    def fails(*_: object, **__: object) -> list[Fault]:
        raised = sqlite3.OperationalError("failed")
        raised.sqlite_errorname = error
        raise raised

    here = team.replica("here")
    monkeypatch.setattr("sync.verify._check_tables", fails)
    if damaged:
        assert [fault.code for fault in faults(here)] == ["damaged"]
    else:
        with pytest.raises(sqlite3.OperationalError):
            faults(here)


def test_a_damaged_file_is_a_finding_not_a_crash(team: Team) -> None:
    """Bytes overwritten in the middle of the file: verify says that it is damaged."""
    here = team.replica("here")
    for number in range(200):
        note(here, f"n{number}", title="x" * 300)
    here.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    here.close()
    data = bytearray(here.path.read_bytes())
    data[20_000:60_000] = bytes(255 - byte for byte in data[20_000:60_000])
    here.path.write_bytes(data)
    connection = connect(here.path, read_only=True)

    found = verify(connection, SCHEMA, here.blobs)

    connection.close()
    assert "damaged" in {fault.code for fault in found}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_photo_that_is_no_file_is_missing(team: Team) -> None:
    """A link or a pipe in a stranger's photo folder is neither followed nor waited for."""
    theirs, here = team.replica("theirs"), team.replica("here")
    names = [hashlib.sha256(bytes([number])).hexdigest() for number in range(2)]
    for number, sha256 in enumerate(names):
        note(theirs, f"n{number}", photo=sha256)
        theirs.blobs.path_of(sha256).parent.mkdir(parents=True)
    theirs.blobs.path_of(names[0]).symlink_to("/dev/zero")
    os.mkfifo(theirs.blobs.path_of(names[1]))

    done = merge_file(here, theirs.path.parent)

    assert sorted(done.photos_missing) == sorted(names)
