"""Photos and other files as evidence: attached once, kept byte for byte, warned about."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.answers import answer
from inspect_tui.records.attach import attach, detach, propose, set_caption, set_position, thumbnail_path
from inspect_tui.records.findings import add_finding, follow_up
from inspect_tui.records.model import AnswerInput, FindingInput, TypedPosition
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import VISIT, PhotoMaker

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.model import Attached
    from inspect_tui.records.workspace import Workspace


def codes(attached: Attached) -> set[str]:
    """Codes of the warnings."""
    return {warning.code for warning in attached.warnings}


def test_a_photo_is_kept_byte_for_byte(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """The stored file has the bytes of the original, its row says what EXIF says, and nothing is warned about."""
    path = make()
    done = attach(workspace, inspection, "CD-101", [path])[0]
    line = queries.list_photos(workspace, inspection=inspection)[0]

    assert done.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert workspace.blobs.read(done.sha256) == path.read_bytes()
    assert (line.latitude, line.longitude, line.position_state) == ("37.518900", "111.150200", "exif")
    assert line.here
    assert thumbnail_path(workspace, done.sha256).is_file()
    assert workspace.replica.status().missing_blobs == 0
    assert codes(done) & {"far", "outside_visit", "reused", "position_missing"} == set()


def test_the_same_photo_is_attached_once(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """Attaching it again to the same item writes nothing; at another item it is reported with where."""
    path = make()
    first = attach(workspace, inspection, "CD-101", [path, path])
    again = attach(workspace, inspection, "CD-101", [path])[0]
    elsewhere = attach(workspace, inspection, "CD-102", [path])[0]

    assert [one.already for one in first] == [False, True]
    assert again.already
    assert again.photo == first[0].photo
    reused = next(warning for warning in elsewhere.warnings if warning.code == "reused")
    assert "示例工程" in reused.zh
    assert "CD-101" in reused.zh


def test_far_late_and_unplaced_photos_are_named(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """A photo from elsewhere, from another day, or without position is attached with a warning."""
    inspections.set_times(workspace, inspection, ended_at=VISIT + dt.timedelta(hours=1))
    paths = [
        make("far.jpg", at=(37.60, 111.15), seed=1),
        make("late.jpg", taken=VISIT + dt.timedelta(days=2), seed=2),
        make("nowhere.jpg", at=None, seed=3),
    ]
    far, late, nowhere = attach(workspace, inspection, "CD-101", paths)

    assert "far" in codes(far)
    assert "outside_visit" in codes(late)
    assert "position_missing" in codes(nowhere)
    kept = {problem.code for problem in inspections.check(workspace, inspection).warnings}
    assert {"far", "outside_visit", "position_missing"} <= kept


def test_a_file_that_cannot_be_read_is_named(
    workspace: Workspace, inspection: str, make: PhotoMaker, tmp_path: Path
) -> None:
    """A missing file or a folder is refused by name, and the others are attached."""
    missing, folder, good = attach(workspace, inspection, "CD-101", [tmp_path / "none.jpg", tmp_path, make()])

    assert missing.refusal is not None
    assert folder.refusal is not None
    assert good.photo is not None


def test_other_files_are_evidence_too(workspace: Workspace, inspection: str, tmp_path: Path) -> None:
    """A PDF is attached by hash and not decoded."""
    path = tmp_path / "报告.pdf"
    path.write_bytes(b"%PDF-1.7\n%%EOF\n")
    done = attach(workspace, inspection, "CD-101", [path], caption="检测报告")[0]
    line = queries.list_photos(workspace, inspection=inspection)[0]

    assert done.photo is not None
    assert (line.media_type, line.caption) == ("application/pdf", "检测报告")


def test_detaching_voids_and_keeps(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """A photo taken off stays in the log and the store, and no longer counts as evidence."""
    done = attach(workspace, inspection, "CD-101", [make()])[0]
    answer(workspace, inspection, "CD-101", AnswerInput(verdict="fail", reason="x"))
    with pytest.raises(Refused):
        detach(workspace, done.photo or "", "")
    detach(workspace, done.photo or "", "拍错")

    assert queries.list_photos(workspace, inspection=inspection) == []
    assert workspace.blobs.has(done.sha256 or "")
    refused = {problem.code for problem in inspections.check(workspace, inspection).refusals}
    assert refused == {"photo_missing"}


def test_a_submitted_inspection_takes_no_photo(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """Evidence is closed with the inspection; photos of a recheck go to its follow-up."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    photo = attach(workspace, inspection, "CD-101", [make()])[0].photo or ""
    inspections.submit(workspace, inspection)
    with pytest.raises(Refused):
        attach(workspace, inspection, "CD-101", [make("b.jpg", seed=1)])
    with pytest.raises(Refused):
        detach(workspace, photo, "x")
    event = follow_up(workspace, finding, "recheck", result="passed")
    path = make("recheck.jpg", taken=VISIT + dt.timedelta(days=9), seed=2)
    done = attach(workspace, inspection, "CD-101", [path], finding=finding, follow_up=event)[0]
    detail = queries.finding_detail(workspace, finding)

    assert [one.id for one in detail.follow_ups[0].photos] == [done.photo]
    assert [one.id for one in detail.photos] == [photo]
    assert "outside_visit" not in codes(done)


def test_a_finding_stands_where_its_photo_was_taken(
    workspace: Workspace, inspection: str, make: PhotoMaker
) -> None:
    """A near photo gives the position; a far one does not, then it is the site's."""
    attach(workspace, inspection, "CD-101", [make("far.jpg", at=(37.60, 111.15), seed=1)])
    attach(workspace, inspection, "CD-102", [make("near.jpg", at=(37.5190, 111.1503), seed=2)])
    at_site = workspace.row("findings", add_finding(workspace, inspection, "CD-101", FindingInput("x"))).values
    at_photo = workspace.row("findings", add_finding(workspace, inspection, "CD-102", FindingInput("x"))).values

    assert (at_site["latitude"], at_site["position_source"]) == ("37.518900", "site")
    assert (at_photo["latitude"], at_photo["position_source"]) == ("37.519000", "exif")


def test_captions_and_typed_positions(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """What a photo proves and where it was taken can be written beside it; the original stays as it is."""
    done = attach(workspace, inspection, "CD-101", [make(at=None)])[0]
    photo = done.photo or ""
    set_caption(workspace, photo, caption="北侧", proves="围挡缺口")
    set_caption(workspace, photo, place="北侧 20 m")
    set_position(workspace, photo, TypedPosition("111.1502", "37.5189", "GCJ-02", "高德"))
    values = workspace.row("photos", photo).values

    assert (values["caption"], values["proves"], values["place"]) == ("北侧", "围挡缺口", "北侧 20 m")
    assert (values["position_state"], values["typed_datum"], values["datum"]) == ("manual", "GCJ-02", "WGS-84")


def test_photos_of_this_visit_are_proposed(workspace: Workspace, inspection: str, make: PhotoMaker) -> None:
    """Of a camera card, those taken during the visit and near the site are proposed."""
    from inspect_tui.photos.look import look

    inspections.set_times(workspace, inspection, ended_at=VISIT + dt.timedelta(hours=1))
    looks = [
        look(make("good.jpg", taken=VISIT + dt.timedelta(minutes=5))),
        look(make("far.jpg", at=(37.6, 111.1), seed=1)),
        look(make("old.jpg", taken=VISIT - dt.timedelta(days=1), seed=2)),
    ]

    assert [one.name for one in propose(workspace, inspection, looks)] == ["good.jpg"]
