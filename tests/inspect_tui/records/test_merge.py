"""What two laptops record meets without loss, and the rules hold on what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.answers import answer, answer_id, undo
from inspect_tui.records.attach import attach
from inspect_tui.records.conflicts import list_conflicts, resolve
from inspect_tui.records.findings import add_finding, edit_finding, follow_up, void_finding
from inspect_tui.records.model import AnswerInput, FindingInput
from inspect_tui.texts import Refused
from sync.verify import verify
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace
    from tests.inspect_tui.records.conftest import PhotoMaker


def test_two_laptops_answering_one_item_meet_in_one_row(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Different verdicts are a conflict that keeps both, warns at submission, and is settled in so many words."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    answer(other, inspection, "CD-001", AnswerInput(verdict="n_a", reason="不涉及"))
    answer(other, inspection, "CD-002", AnswerInput(verdict="pass"))
    meet(workspace, other)
    view = queries.walk_item(workspace, inspection, "CD-001").answer

    assert view is not None
    assert view.conflict == ("verdict",)
    assert len(workspace.replica.conflicts()[0].heads) == 2
    assert "conflict" in {problem.code for problem in inspections.check(workspace, inspection).warnings}
    row = answer_id("141102", inspection, "CD-001")
    settled = {"verdict": "fail", "reason": "核实后", "verdict_source": "officer"}
    resolve(workspace, "answers", row, "verdict", value=settled, reason="现场核实")
    meet(workspace, other)
    assert other.replica.conflicts() == []
    assert other.row("answers", row).values["verdict"] == "fail"


def test_agreeing_answers_are_no_conflict(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Two laptops saying the same, values included, say it once."""
    said = AnswerInput(verdict="fail", note="缺口", value="12", unit="m")
    answer(workspace, inspection, "CD-101", said)
    answer(other, inspection, "CD-101", said)
    meet(workspace, other)

    assert workspace.replica.conflicts() == []


def test_settling_to_a_shown_value_is_written(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Choosing the value that is shown already settles the conflict too; answering it again does not."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    answer(other, inspection, "CD-001", AnswerInput(verdict="fail", reason="x"))
    meet(workspace, other)
    shown = queries.walk_item(workspace, inspection, "CD-001").answer
    assert shown is not None
    with pytest.raises(Refused):
        answer(workspace, inspection, "CD-001", AnswerInput(verdict=shown.row.values["verdict"]))
    conflict = list_conflicts(workspace)[0].conflict
    resolve(workspace, "answers", conflict.row, "verdict", version=conflict.heads[0].version, reason="核实")

    assert workspace.replica.conflicts() == []


def test_undo_leaves_a_colleagues_answer_alone(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """What somebody else has changed since is not taken back."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    meet(workspace, other)
    answer(other, inspection, "CD-001", AnswerInput(verdict="fail", reason="x"))
    meet(workspace, other)
    with pytest.raises(Refused):
        undo(workspace, inspection)


def test_a_form_left_open_does_not_overwrite_what_came_meanwhile(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """An edit based on what the officer saw is a conflict with what arrived in between, not a silent victory."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    seen = queries.finding_detail(workspace, finding).row
    edit_finding(other, finding, FindingInput("北侧缺口"))
    meet(workspace, other)
    edit_finding(workspace, finding, FindingInput("南侧缺口"), basis=seen)
    row = workspace.row("findings", finding)

    assert row.conflict == ["description"]


def test_a_voiding_that_overlooked_something_is_a_conflict(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """A follow-up written beside a voiding is not buried by it."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    void_finding(workspace, finding, "误记")
    follow_up(other, finding, "reply", text="已改")
    meet(workspace, other)

    assert "void" in workspace.row("findings", finding).conflict
    assert [event.kind for event in queries.finding_detail(workspace, finding).follow_ups] == ["void", "reply"]


def test_both_submitting_meet_in_one_finding(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """The finding written for a fail has the same id on both laptops."""
    answer(workspace, inspection, "CD-101", AnswerInput(verdict="fail", note="x", photo_waiver="y"))
    meet(workspace, other)
    inspections.submit(workspace, inspection)
    inspections.submit(other, inspection)
    meet(workspace, other)

    assert queries.count_findings(workspace) == 1


def test_photos_travel_and_everything_verifies(
    workspace: Workspace, other: Workspace, inspection: str, make: PhotoMaker
) -> None:
    """After a meeting the other side has the bytes, and both logs, tables and photos verify."""
    done = attach(workspace, inspection, "CD-101", [make()])[0]
    meet(workspace, other)

    assert other.blobs.has(done.sha256 or "")
    for one in (workspace, other):
        replica = one.replica
        faults = verify(replica.connection, replica.schema, replica.blobs)
        assert [fault for fault in faults if fault.level == "fault"] == []
        before = list(replica.dump())
        replica.rebuild()
        assert list(replica.dump()) == before


def test_a_conflict_is_settled_with_a_reason(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Choosing a version settles the cell on both sides, and says why; settling it twice is refused."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    edit_finding(workspace, finding, FindingInput("北侧缺口"))
    edit_finding(other, finding, FindingInput("南侧缺口"))
    meet(workspace, other)
    view = list_conflicts(workspace)[0]
    south = next(head for head in view.conflict.heads if head.value == "南侧缺口")
    resolve(workspace, "findings", finding, "description", version=south.version, reason="现场复核")
    meet(workspace, other)

    assert view.title.startswith("示例工程 CD-101")
    assert view.conflict.base == "缺口"
    assert other.row("findings", finding).values["description"] == "南侧缺口"
    assert other.select("SELECT reason FROM resolutions")[0]["reason"] == "现场复核"
    with pytest.raises(Refused):
        resolve(workspace, "findings", finding, "description", value="又改", reason="x")


def test_a_typed_resolution_must_fit_the_cell(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """A group is settled whole; a value of another shape is refused."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    answer(other, inspection, "CD-001", AnswerInput(verdict="fail", reason="x"))
    meet(workspace, other)
    row = answer_id("141102", inspection, "CD-001")
    with pytest.raises(Refused):
        resolve(workspace, "answers", row, "verdict", value="pass", reason="现场核实")
    resolve(
        workspace,
        "answers",
        row,
        "verdict",
        value={"verdict": "n_a", "reason": "核实", "verdict_source": "officer"},
        reason="现场核实",
    )

    assert workspace.row("answers", row).values["verdict"] == "n_a"
    assert workspace.replica.conflicts() == []
