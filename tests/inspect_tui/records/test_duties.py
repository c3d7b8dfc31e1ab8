"""Separation of duties: badges are compared, not devices; what came from elsewhere is marked and never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import answers, findings, inspections, queries, times
from inspect_tui.records.model import AnswerInput, FindingInput, Officer, Present
from inspect_tui.records.rows import group
from sync.ids import new_id
from sync.replica import Edit
from tests.inspect_tui.records.conftest import VISIT, meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace

TWO = Officer("检查员乙", "14110200002")


@pytest.fixture
def finding(workspace: Workspace, inspection: str) -> str:
    """A finding that 甲 recorded."""
    return findings.add_finding(
        workspace, inspection, "CD-101", FindingInput(description="围挡缺口", disposal="corrected")
    )


def close(workspace: Workspace, finding: str, badge: str, name: str = "检查员甲") -> None:
    """A closing as another programme may write it: the event alone, under that badge."""
    cells = {
        "finding": finding,
        "kind": "closing",
        "at": times.stored(times.now()),
        "people": group("follow_ups", "people", {"officer": name, "badge": badge}),
        "status": "closed",
    }
    workspace.write("141102", [Edit("follow_ups", new_id(), cells)], by=Officer(name, badge))


def codes(workspace: Workspace, finding: str) -> list[str]:
    """What marks the finding."""
    return [one.code for one in queries.finding_detail(workspace, finding).duties]


@pytest.mark.parametrize("badge", ["14110200001", "１４１１０２０００01", "141-102-00001"])
def test_one_badge_on_two_laptops_is_one_person(
    workspace: Workspace, other: Workspace, finding: str, badge: str
) -> None:
    """Recorded here, closed on the other laptop under the same badge, however it is written: marked on both, not refused."""
    meet(workspace, other)
    close(other, finding, badge)
    meet(workspace, other)
    for each in (workspace, other):
        assert codes(each, finding) == ["same_person_closed"]
    assert workspace.replica.status().refused == 0


def test_two_badges_on_one_laptop_are_two_people(workspace: Workspace, finding: str) -> None:
    """The other officer closes on the very laptop that recorded it: nothing to mark."""
    findings.follow_up(workspace, finding, "closing", by=TWO)
    assert codes(workspace, finding) == []


def test_no_badge_is_nobody(workspace: Workspace, finding: str) -> None:
    """Two rows without a badge number are not thereby one person."""
    close(workspace, finding, "")
    assert codes(workspace, finding) == []


@pytest.mark.parametrize(("by", "marked"), [("14110200001", True), ("14110200002", True), ("14110200009", False)])
def test_an_approval_by_one_who_took_part_is_marked(
    workspace: Workspace, inspection: str, by: str, marked: bool
) -> None:
    """By whoever inspected or submitted, on whatever laptop; by somebody else it is not."""
    frozen = workspace.catalogue.checklist("construction-dust")
    item = next(iter(frozen.items())).id
    answers.answer(workspace, inspection, item, AnswerInput(verdict="pass"))
    inspections.set_present(workspace, inspection, Present("赵经理", "项目经理"))
    inspections.submit(workspace, inspection, ended_at=VISIT.replace(hour=11))
    workspace.change_config(name="审核人", badge=by)
    inspections.approve(workspace, inspection)
    found = [one.code for one in queries.inspection_detail(workspace, inspection).duties]
    assert found == (["same_person_approved"] if marked else [])
