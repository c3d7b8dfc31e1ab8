"""A return receipt on the stick shows later that a log was cut, and only what was promised to us is held against it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sync.bundles.peer import open_bundle
from sync.bundles.returns import collect, receipt_path, taken, write_receipt
from sync.errors import CertificateError
from sync.receipts import read_receipt
from tests.sync.bundling import make, take
from tests.sync.support import AREA, FOREIGN_ROOT, NOON, Team, device, faults, merge, note

if TYPE_CHECKING:
    from pathlib import Path

    from sync.replica import Replica


def give_for(replica: Replica, path: Path) -> Path:
    """Import a bundle and lay the receipt beside it."""
    take(replica, path)
    assert replica.identity is not None
    with open_bundle(path, replica.identity) as peer:
        chains, photos = taken(replica, peer.found, set())
        return write_receipt(path, replica.identity, NOON, peer.found, chains, photos)


def cut(replica: Replica) -> None:
    """Take the last changeset away, so that nothing in the database shows it."""
    connection = replica.connection
    last = connection.execute("SELECT max(id) FROM log").fetchone()[0]
    connection.execute("DELETE FROM log WHERE id = ?", (last,))
    replica.rebuild()


def test_a_log_cut_after_a_receipt_is_found_out(team: Team, tmp_path: Path) -> None:
    """Before, verify is silent; after the cut it names changeset, giver and the cut, though the rest is sound."""
    here, there = team.replica("here"), team.replica("there", device("there", role="supervisor"))
    note(here, "a", title="x")
    note(here, "b", title="x", photo=here.blobs.put(b"photo"))
    made = make(here, tmp_path / "stick", "there")
    path = give_for(there, made.path)
    assert path == receipt_path(made.path, there.identity.device if there.identity else "")
    (found,) = collect(here, path.parent)
    assert (found.refused, found.chains, found.photos, found.lost) == (None, 1, 1, [])
    assert faults(here) == []
    cut(here)
    (fault,) = faults(here)
    assert fault.code == "tail"
    assert "there" in fault.en
    assert collect(here, path.parent)[0].lost != []


def test_a_rolled_back_log_is_found_out_by_the_stick_alone(team: Team, tmp_path: Path) -> None:
    """The notes were rolled back with the log; the receipt on the stick says it again."""
    here, there = team.replica("here"), team.replica("there")
    note(here, "a", title="x")
    old = tmp_path / "old.db"
    here.connection.execute("VACUUM INTO ?", (str(old),))
    note(here, "b", title="x")
    path = give_for(there, make(here, tmp_path / "stick", "there").path)
    again = tmp_path / "again"
    again.mkdir()
    old.rename(again / "workspace.db")
    back = team.reopen(again, device("here"))
    assert faults(back) == []
    (found,) = collect(back, path.parent)
    assert [end.seq for end in found.lost] == [2]
    assert [fault.code for fault in faults(back)] == ["tail"]


def test_a_receipt_for_somebody_elses_bundle_accuses_nobody(team: Team, tmp_path: Path) -> None:
    """What we never had was not promised to us."""
    here, other, there = (team.replica(name) for name in ("here", "other", "there"))
    note(here, "a", title="x")
    note(other, "b", title="x")
    path = give_for(there, make(other, tmp_path / "stick", "there").path)
    (found,) = collect(here, path.parent)
    assert found.lost == []
    assert len(found.elsewhere) == 1
    assert faults(here) == []


def test_a_receipt_says_only_what_is_here(team: Team, tmp_path: Path) -> None:
    """Held changesets and photos that did not come are not signed for."""
    here, there = team.replica("here"), team.replica("there")
    for number in range(4):
        note(here, f"n{number}", title="x", time_ms=NOON + number)
    from sync.bundles.selection import Wish

    path = give_for(there, make(here, tmp_path / "stick", "there", wish=Wish("since", since_ms=NOON + 2)).path)
    said = json.loads(path.read_bytes())
    receipt = read_receipt(said["receipts"][0], device("there").certificate)
    assert receipt.chains == ()


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_may_not_give_receipts_is_not_believed(team: Team, tmp_path: Path, role: str) -> None:
    """The role stands in the certificate."""
    here = team.replica("here")
    note(here, "a", title="x")
    there = team.replica("there", device("there", role=role))  # type: ignore[arg-type]  # parametrised
    path = give_for(there, make(here, tmp_path / "stick", "there").path)
    (found,) = collect(here, path.parent)
    assert isinstance(found.refused, CertificateError)


def test_strangers_and_revoked_devices_are_not_believed(team: Team, tmp_path: Path) -> None:
    """Another root counts once it is adopted, a revoked device no more."""
    here = team.replica("here")
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    note(here, "a", title="x")
    note(stranger, "b", title="y")
    made = make(here, tmp_path / "stick", "stranger", "there")
    with open_bundle(made.path, stranger.identity) as peer:
        from sync.exchange import exchange

        exchange(stranger, peer, trust=lambda _: True)
        chains, photos = taken(stranger, peer.found, set())
        assert stranger.identity is not None
        write_receipt(made.path, stranger.identity, NOON, peer.found, chains, photos)
    assert isinstance(collect(here, made.path.parent)[0].refused, CertificateError)
    from sync.exchange import exchange
    from sync.peers import ReplicaPeer

    exchange(here, ReplicaPeer(stranger), trust=lambda _: True)
    assert collect(here, made.path.parent)[0].refused is None
    there = team.replica("there")
    note(there, "c", title="z")
    merge(here, there)
    here.revoke(AREA, device("there").device, reason="lost", officer="9")
    give_for(there, made.path)
    refused = [each for each in collect(here, made.path.parent) if each.refused is not None]
    assert len(refused) == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"bundle":"x","certificate":"","receipts":[]}']
)
def test_files_that_are_no_receipts_are_named(team: Team, tmp_path: Path, data: bytes) -> None:
    """Each with one sentence; the others are read."""
    here = team.replica("here")
    (tmp_path / "x.receipt.json").write_bytes(data)
    (found,) = collect(here, tmp_path)
    assert found.refused is not None
    assert found.refused.zh.endswith("。")


def test_a_forged_receipt_is_not_believed(team: Team, tmp_path: Path) -> None:
    """One changed character of what was signed."""
    here, there = team.replica("here"), team.replica("there")
    note(here, "a", title="x")
    path = give_for(there, make(here, tmp_path / "stick", "there").path)
    said = json.loads(path.read_bytes())
    head, body, signature = said["receipts"][0].split(".")
    said["receipts"] = [".".join([head, body[:-3] + ("AAA" if body[-3:] != "AAA" else "BBB"), signature])]
    path.write_text(json.dumps(said))
    (found,) = collect(here, path.parent)
    assert found.refused is not None
    assert faults(here) == []
