"""Personal data never stands in a changeset; a purge takes its bytes away, with a reason, and leaves the log whole."""

from __future__ import annotations

from tests.sync.support import AREA, Team, check_sound, device, entries, faults, merge, note, notes, offer, refusals

PHONE = "13800138000"


def test_a_private_value_is_not_in_the_database(team: Team) -> None:
    """The cell holds the hash of a salted value; the same number twice has two hashes; the log never shows it."""
    here = team.replica("here")
    one, other = here.put_private(PHONE), here.put_private(PHONE)
    note(here, "a", photo=one)

    assert one != other
    assert here.get_private(one) == PHONE
    assert here.get_private("0" * 64) is None
    here.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert PHONE.encode() not in here.path.read_bytes()
    assert all(PHONE.encode() not in entry.body for entry in entries(here))


def test_a_purge_takes_the_bytes_and_says_so(team: Team) -> None:
    """Bytes gone, log and tables whole, and verify says who purged and why instead of calling it broken."""
    here = team.replica("here")
    sha256 = here.put_private(PHONE)
    note(here, "a", photo=sha256)

    here.purge(AREA, sha256, reason="依法删除", officer="04150001")

    assert not here.blobs.has(sha256)
    assert here.get_private(sha256) is None
    assert faults(here) == []
    (said,) = [fault for fault in notes(here) if fault.code == "purged"]
    assert "04150001" in said.en
    assert "依法删除" in said.zh
    check_sound(here)


def test_a_purge_reaches_every_replica_and_the_bytes_do_not_come_back(team: Team) -> None:
    """Whoever merges the purge removes the bytes and does not ask for them again, whichever came first."""
    here, there, late, fresh = (team.replica(name) for name in ("here", "there", "late", "fresh"))
    sha256 = here.put_private(PHONE)
    note(here, "a", photo=sha256)
    merge(here, there, late)
    assert late.get_private(sha256) == PHONE
    here.purge(AREA, sha256, reason="law", officer="9")

    merge(there, here)
    merge(there, late)
    merge(fresh, late)
    merge(late, fresh)

    for replica in (here, there, fresh, late):
        assert not replica.blobs.has(sha256), replica.path
        assert replica.status().missing_blobs == 0
    check_sound(here, there, late, fresh)


def test_a_purge_by_an_inspector_takes_nothing(team: Team) -> None:
    """Without authority the bytes stay, here and elsewhere; the attempt stays in the log."""
    here = team.replica("here", device("here", role="inspector"))
    there = team.replica("there")
    sha256 = here.put_private(PHONE)
    note(here, "a", photo=sha256)

    here.purge(AREA, sha256, reason="embarrassing", officer="9")
    merge(there, here)

    assert here.blobs.has(sha256)
    assert there.blobs.has(sha256)
    assert refusals(there) == {"role"}


def test_two_purges_of_the_same_bytes_agree(team: Team) -> None:
    """Purged on two replicas at once: gone on both, the reasons side by side."""
    one, other = team.replica("one"), team.replica("other")
    sha256 = one.put_private(PHONE)
    note(one, "a", photo=sha256)
    merge(one, other)
    one.purge(AREA, sha256, reason="first", officer="1")
    other.purge(AREA, sha256, reason="second", officer="2")
    merge(one, other)

    assert {conflict.table for conflict in one.conflicts()} == {"purges"}
    assert not one.blobs.has(sha256)
    assert not other.blobs.has(sha256)
    check_sound(one, other)


def test_a_rebuild_keeps_a_purge(team: Team) -> None:
    """After folding anew the bytes are still purged, not missing."""
    here = team.replica("here")
    sha256 = here.put_private(PHONE)
    note(here, "a", photo=sha256)
    here.purge(AREA, sha256, reason="law", officer="9")
    here.rebuild()

    assert here.status().missing_blobs == 0
    assert "purged" in [fault.code for fault in notes(here)]


def test_purging_twice_is_harmless(team: Team) -> None:
    """A second purge is another line in the log and nothing else."""
    here = team.replica("here")
    sha256 = here.put_private(PHONE)
    here.purge(AREA, sha256, reason="law", officer="9")
    here.purge(AREA, sha256, reason="again", officer="9")
    offer(here, entries(here))

    assert [row[0] for row in here.connection.execute("SELECT reason FROM purges")] == ["again"]
    check_sound(here)
