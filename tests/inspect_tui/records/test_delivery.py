"""Saved, sent, verified: only what somebody has signed for, of every changeset and every photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import central
from inspect_tui.records.answers import answer
from inspect_tui.records.attach import attach, detach
from inspect_tui.records.delivery import deliveries, totals
from inspect_tui.records.model import AnswerInput
from inspect_tui.records.workspace import Workspace
from sync import receipts
from sync.identity import Identity
from sync.keys import EVERYWHERE
from sync.peers import tips_of
from sync.receipts import ChainEnd, PhotoTaken
from tests.inspect_tui.records.served import code_for, join, served

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.inspect_tui.records.conftest import PhotoMaker


@pytest.fixture
def giver(workspace: Workspace) -> Identity:
    """A supervisor of the team, who signs for sticks."""
    root = workspace.identity.root
    assert root is not None
    return Identity.issue(root, "supervisor", role="supervisor", areas=(EVERYWHERE,))


def ends(workspace: Workspace) -> list[ChainEnd]:
    """The ends of all chains."""
    return [
        ChainEnd(area, device, seq, hash_)
        for (area, device), places in tips_of(workspace.replica.connection).items()
        for seq, hash_ in places
    ]


def sign(
    workspace: Workspace, giver: Identity, chains: Iterable[ChainEnd] = (), photos: Iterable[str] = ()
) -> None:
    """Have a receipt."""
    jws = receipts.give(giver, 1, chains, [PhotoTaken(each, 1) for each in photos])
    with workspace.replica.writing():
        receipts.keep(workspace.replica.connection, jws, giver.jws, workspace.replica.team)


def stage(workspace: Workspace, inspection: str) -> str:
    """How far the inspection has come; both ways of counting must agree."""
    found = deliveries(workspace, [inspection])[inspection].stage
    counted = totals(workspace)
    assert getattr(counted, found) == 1
    assert counted.saved + counted.sent + counted.verified == 1
    return found


def photo(workspace: Workspace, inspection: str, path: Path) -> tuple[str, str]:
    """A photo of the inspection: (row, hash)."""
    attach(workspace, inspection, "CD-101", [path])
    row = workspace.select("SELECT id, sha256 FROM photos ORDER BY id DESC LIMIT 1")[0]
    return str(row[0]), str(row[1])


def test_stages_follow_receipts(workspace: Workspace, inspection: str, giver: Identity, make: PhotoMaker) -> None:
    """Nothing signed, changesets signed, photos signed, and back to saved with the next answer."""
    _, sha256 = photo(workspace, inspection, make())
    assert stage(workspace, inspection) == "saved"
    sign(workspace, giver, ends(workspace))
    assert stage(workspace, inspection) == "sent"
    sign(workspace, giver, photos=[sha256])
    assert stage(workspace, inspection) == "verified"
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    assert stage(workspace, inspection) == "saved"


def test_a_photo_signed_for_alone_is_not_enough(
    workspace: Workspace, inspection: str, giver: Identity, make: PhotoMaker
) -> None:
    """Without the changesets nobody knows what it shows."""
    _, sha256 = photo(workspace, inspection, make())
    sign(workspace, giver, photos=[sha256])
    assert stage(workspace, inspection) == "saved"


def test_a_voided_photo_stays_evidence(
    workspace: Workspace, inspection: str, giver: Identity, make: PhotoMaker
) -> None:
    """Until its bytes are signed for, the inspection is not verified."""
    row, sha256 = photo(workspace, inspection, make())
    detach(workspace, row, "拍错")
    sign(workspace, giver, ends(workspace))
    assert stage(workspace, inspection) == "sent"
    sign(workspace, giver, photos=[sha256])
    assert stage(workspace, inspection) == "verified"


def test_purged_bytes_are_waited_for_by_nobody(
    workspace: Workspace, inspection: str, giver: Identity, make: PhotoMaker
) -> None:
    """They are gone by law, with a reason in the log."""
    _, sha256 = photo(workspace, inspection, make())
    workspace.replica.purge("141102", sha256, reason="law", officer="1")
    sign(workspace, giver, ends(workspace))
    assert stage(workspace, inspection) == "verified"


def test_the_other_branch_of_a_fork_is_not_signed_for(
    workspace: Workspace, inspection: str, giver: Identity
) -> None:
    """A receipt covers the line that it names, however much longer that one is than the other."""
    from tests.sync.support import Author

    answer(workspace, inspection, "CD-002", AnswerInput(verdict="pass"))
    (end,) = ends(workspace)
    row = workspace.select("SELECT hash, body FROM log WHERE seq = ?", end.seq - 1)[0]
    author = Author(workspace.identity, "141102", end.seq - 1, bytes(row[0]), workspace.identity.cert)
    from sync.changeset import Change
    from sync.peers import ReplicaPeer

    mine = workspace.select("SELECT id, created FROM inspections WHERE id = ?", inspection)[0]
    other = author.say(
        Change(row=mine[0], seen={"remark": [mine[1]]}, set={"remark": "另一支"}, table="inspections")
    )
    assert ReplicaPeer(workspace.replica).append([other]).appended == 1
    answer(workspace, inspection, "CD-003", AnswerInput(verdict="pass"))
    branches = ends(workspace)
    assert len(branches) == 2
    sign(workspace, giver, [max(branches, key=lambda each: each.seq)])
    assert stage(workspace, inspection) == "saved"
    sign(workspace, giver, branches)
    assert stage(workspace, inspection) == "verified"


def test_a_receipt_for_a_line_that_is_gone_covers_nothing(
    workspace: Workspace, inspection: str, giver: Identity
) -> None:
    """The workspace was rolled back and went on differently: the larger number proves nothing."""
    (end,) = ends(workspace)
    sign(workspace, giver, [ChainEnd(end.area, end.device, end.seq + 50, "0" * 64)])
    assert stage(workspace, inspection) == "saved"


def test_what_two_givers_have_signed_for_counts_together(
    workspace: Workspace, inspection: str, giver: Identity, make: PhotoMaker
) -> None:
    """The supervisor has the changesets by a stick, another one the photo."""
    _, sha256 = photo(workspace, inspection, make())
    root = workspace.identity.root
    assert root is not None
    sign(workspace, giver, ends(workspace))
    sign(workspace, Identity.issue(root, "second", role="supervisor", areas=(EVERYWHERE,)), photos=[sha256])
    assert stage(workspace, inspection) == "verified"


def test_a_sync_makes_it_verified(workspace: Workspace, inspection: str, make: PhotoMaker, tmp_path: Path) -> None:
    """Through the real store."""
    photo(workspace, inspection, make())
    folder = workspace.folder
    workspace.close()
    with served(tmp_path / "server") as server:
        join(folder, code_for(server))
        with Workspace.open(folder) as opened:
            assert stage(opened, inspection) == "saved"
            there = central.connect(opened)
            central.sync(opened, there)
            there.connection.close()
            assert stage(opened, inspection) == "verified"
