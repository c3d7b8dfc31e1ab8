"""Syncing with a central store over HTTP: what comes and goes, receipts, photos, areas."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from sync import receipts
from sync.central import tls
from sync.central.connection import Cancelled
from sync.central.serving import Where
from sync.errors import StoreError, UntrustedError
from tests.sync.central.house import central, peer, running, sync
from tests.sync.support import AREA, FOREIGN_ROOT, OTHER_AREA, device, dump, note, tips

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.support import Team


def test_two_devices_meet_in_the_store(team: Team) -> None:
    """What either wrote is on both sides after both have synced, and the tables are the same everywhere."""
    one, two = team.replica("one"), team.replica("two")
    note(one, "a", title="煤堆未苫盖")
    note(two, "b", title="排口")
    store = central(team)
    with running(store) as server:
        first = sync(one, server)
        second = sync(two, server)
        third = sync(one, server)

    assert first.sent is not None
    assert first.sent.appended == 1
    assert second.received.appended == 1
    assert third.received.appended == 1
    assert dump(one) == dump(two) == list(store.store.dump())


def test_nothing_to_do_takes_few_round_trips(team: Team) -> None:
    """Whatever the log holds, a sync with nothing to do asks who is there and for the heads."""
    one = team.replica("one")
    for number in range(50):
        note(one, str(number), title="x")
    with running(central(team)) as server:
        sync(one, server)
        again = sync(one, server)

    assert again.requests <= 5
    assert again.sent is not None
    assert again.sent.appended == again.received.appended == 0


def test_a_receipt_is_kept_for_what_was_taken(team: Team) -> None:
    """The server's signature over the last changeset stands beside the log, and misses it when the log is cut."""
    one = team.replica("one")
    note(one, "a", title="1")
    note(one, "a", title="2")
    with running(central(team)) as server:
        sync(one, server)

    (tip,) = tips(one)[AREA, device("one").device]
    assert receipts.acknowledged(one.connection) == {
        (AREA, device("one").device): [(tip[0], bytes.fromhex(tip[1]))]
    }
    assert receipts.broken_promises(one.connection) == []

    one.connection.execute("DELETE FROM log WHERE seq = 2")
    assert [end.seq for end in receipts.broken_promises(one.connection)] == [2]


def test_photos_go_up_and_come_down(team: Team) -> None:
    """A photo that one device has reaches the other by the store, byte for byte, with a receipt."""
    one, two = team.replica("one"), team.replica("two")
    photo = bytes(range(256)) * 9000
    sha256 = one.blobs.put(photo)
    note(one, "a", title="1", photo=sha256)
    with running(central(team)) as server:
        sent = sync(one, server)
        got = sync(two, server)

    assert sent.photos_sent == 1
    assert got.photos_received == 1
    assert two.blobs.read(sha256) == photo
    assert receipts.photos_acknowledged(one.connection, [sha256]) == {sha256}


def test_a_photo_that_is_gone_stops_the_sync_before_anything_is_sent(team: Team) -> None:
    """Nobody learns of a finding whose evidence was lost here as if all were well."""
    one = team.replica("one")
    sha256 = one.blobs.put(b"evidence")
    note(one, "a", title="1", photo=sha256)
    one.blobs.path_of(sha256).unlink()
    store = central(team)
    with running(store) as server, pytest.raises(StoreError, match="gone"):
        sync(one, server)

    assert store.store.counts().changesets == 0


def test_an_inspector_sees_own_areas_and_what_holds_for_all(team: Team) -> None:
    """Chains of other areas stay where they are; those of the units above come along."""
    admin = team.replica("admin")
    note(admin, "a", area=AREA, title="1")
    note(admin, "b", area=OTHER_AREA, title="2")
    note(admin, "c", area="141100", title="3")
    inspector = team.replica("inspector", device("inspector", role="inspector", areas=(AREA,)))
    with running(central(team)) as server:
        sync(admin, server)
        sync(inspector, server)
        again = sync(inspector, server)

    assert {area for area, _ in tips(inspector)} == {AREA, "141100"}
    assert again.requests <= 5


def test_another_team_is_refused_before_anything_is_sent(team: Team) -> None:
    """A workspace of another root syncs nothing, and is told to join."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(stranger, "a", title="1")
    store = central(team)
    with running(store) as server, pytest.raises(UntrustedError, match="another team"):
        sync(stranger, server)

    assert store.store.counts().changesets == 0


def test_a_pinned_server_is_recognised_and_another_is_not(team: Team, tmp_path: Path) -> None:
    """The fingerprint in the invitation is enough to know the server; another certificate stops everything."""
    certificate, key = tls.make(tmp_path, ["127.0.0.1", "localhost"])
    pin = tls.fingerprint(certificate)
    one = team.replica("one")
    with running(central(team), Where(certificate=certificate, key=key)) as server:
        good = peer(server, one.identity, fingerprint=pin)
        assert good.look().chains == []
        bad = peer(server, one.identity, fingerprint="0" * 64)
        with pytest.raises(UntrustedError, match="fingerprint"):
            bad.look()
        good.connection.close()
        bad.connection.close()


def test_a_photo_comes_by_range(team: Team) -> None:
    """A download that was cut goes on where it stopped."""
    one = team.replica("one")
    photo = bytes(range(256)) * 100
    sha256 = one.blobs.put(photo)
    note(one, "a", title="1", photo=sha256)
    with running(central(team)) as server:
        sync(one, server)
        there = peer(server, one.identity)
        target = io.BytesIO(photo[:1000])
        target.seek(0, 2)
        assert there._fetch(sha256, target, 1000)
        there.connection.close()

    assert target.getvalue() == photo


def test_a_store_that_lost_everything_gets_it_again(team: Team) -> None:
    """Receipts keep nobody from sending: whatever the store does not show is sent, photos as well."""
    one = team.replica("one")
    sha256 = one.blobs.put(b"evidence")
    note(one, "a", title="1", photo=sha256)
    with running(central(team)) as server:
        sync(one, server)
    emptied = central(team, "central-2")
    with running(emptied) as server:
        again = sync(one, server)

    assert again.sent is not None
    assert (again.sent.appended, again.photos_sent) == (1, 1)
    assert list(emptied.store.dump()) == dump(one)
    assert emptied.photos.size(sha256) == len(b"evidence")


def test_a_gentle_sync_takes_in_small_pieces(team: Team) -> None:
    """Where somebody records meanwhile no transaction is long: pieces, between which others may write; and all of it comes."""
    one, two = team.replica("one"), team.replica("two")
    for number in range(45):
        note(one, str(number), title="x")
    told: list[tuple[str, int, int | None]] = []

    def meanwhile(what: str, done: int, total: int | None) -> None:
        told.append((what, done, total))
        if what == "pull" and done == 20:
            note(two, "own", title="recorded in between")

    with running(central(team)) as server:
        sync(one, server)
        got = sync(two, server, progress=meanwhile, at_once=10)
        sync(one, server)

    pulled = [done for what, done, _ in told if what == "pull"]
    assert pulled == [0, 10, 20, 30, 40, 45]
    assert got.received.appended == 45
    assert got.sent is not None
    assert got.sent.appended == 1
    assert dump(one) == dump(two)


def test_a_sync_that_is_stopped_between_pieces_goes_on_later(team: Team) -> None:
    """What was taken in stays; the next one brings the rest."""
    one, two = team.replica("one"), team.replica("two")
    for number in range(30):
        note(one, str(number), title="x")
    seen: list[int] = []
    with running(central(team)) as server:
        sync(one, server)
        with pytest.raises(Cancelled):
            sync(two, server, progress=lambda _, done, __: seen.append(done), stop=lambda: 10 in seen, at_once=10)
        rest = sync(two, server)

    assert rest.received.appended == 20
    assert dump(one) == dump(two)
