"""A settlement stays; another one, with a reason of its own, stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.conflicts import list_conflicts, resolve
from inspect_tui.records.findings import add_finding, edit_finding, void_finding
from inspect_tui.records.model import FindingInput
from inspect_tui.records.settlements import list_settlements, settle_again, settlement
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace


@pytest.fixture
def finding(workspace: Workspace, other: Workspace, inspection: str) -> str:
    """A finding that both described, settled as the first laptop had it."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    edit_finding(workspace, made, FindingInput("北侧缺口"))
    edit_finding(other, made, FindingInput("南侧缺口"))
    meet(workspace, other)
    conflict = list_conflicts(workspace)[0].conflict
    north = next(head.version for head in conflict.heads if head.value == "北侧缺口")
    resolve(workspace, "findings", made, "description", version=north, reason="照片为证")
    meet(workspace, other)
    return made


def version_of(workspace: Workspace, row: str, value: str) -> str:
    """The version to choose for a value."""
    return next(head.version for head in settlement(workspace, row).conflict.heads if head.value == value)


def test_it_is_told_as_it_was(workspace: Workspace, other: Workspace, finding: str) -> None:
    """Base, both values, the choice, who, why: on both laptops."""
    for one in (workspace, other):
        (line,) = list_settlements(one)
        found = settlement(one, line.id)
        assert (line.table, line.row, line.cell, line.reason, line.current) == (
            "findings",
            finding,
            "description",
            "照片为证",
            True,
        )
        assert (line.officer, line.badge) == ("检查员甲", "14110200001")
        assert (found.conflict.base, found.value) == ("缺口", "北侧缺口")
        assert {head.value for head in found.conflict.heads} == {"北侧缺口", "南侧缺口"}


def test_it_is_settled_differently_any_number_of_times(
    workspace: Workspace, other: Workspace, finding: str
) -> None:
    """Values of the conflict and of every settlement since stay to choose from, each once; the log keeps all reasons."""
    first = list_settlements(workspace)[0].id
    settle_again(other, first, version=version_of(other, first, "南侧缺口"), reason="复核为南侧")
    meet(workspace, other)
    second = list_settlements(workspace)[0].id
    settle_again(workspace, second, value="南北两侧缺口", reason="两处都有")
    meet(workspace, other)
    lines = list_settlements(other)

    assert other.row("findings", finding).values["description"] == "南北两侧缺口"
    assert {line.reason for line in lines} == {"照片为证", "复核为南侧", "两处都有"}
    assert [line.current for line in lines].count(True) == 1
    last = next(line for line in lines if line.current)
    found = settlement(other, last.id)
    assert sorted(head.value for head in found.conflict.heads) == ["北侧缺口", "南侧缺口", "南北两侧缺口"]
    assert found.conflict.base == "缺口"
    settle_again(other, last.id, version=version_of(other, last.id, "北侧缺口"), reason="还是北侧")
    assert other.row("findings", finding).values["description"] == "北侧缺口"


@pytest.mark.parametrize("reason", ["", "\u200b"])
def test_it_needs_a_reason_and_another_value(workspace: Workspace, finding: str, reason: str) -> None:
    """Nothing is written without either, nor for a settlement that is not there."""
    row = list_settlements(workspace)[0].id
    before = workspace.replica.status()
    with pytest.raises(Refused):
        settle_again(workspace, row, version=version_of(workspace, row, "南侧缺口"), reason=reason)
    with pytest.raises(Refused):
        settle_again(workspace, row, version=version_of(workspace, row, "北侧缺口"), reason="x")
    with pytest.raises(Refused):
        settle_again(workspace, "nothing", value="x", reason="x")
    assert workspace.replica.status() == before


def test_what_was_changed_since_is_left_alone(workspace: Workspace, finding: str) -> None:
    """Whoever changed it in the usual way has the last word."""
    row = list_settlements(workspace)[0].id
    edit_finding(workspace, finding, FindingInput("缺口已量：12 m"))
    assert not list_settlements(workspace)[0].current
    with pytest.raises(Refused) as refused:
        settle_again(workspace, row, version=version_of(workspace, row, "南侧缺口"), reason="x")
    assert "改过" in refused.value.zh


def test_two_that_settle_it_anew_are_in_conflict(workspace: Workspace, other: Workspace, finding: str) -> None:
    """An ordinary conflict, which cannot be settled by the back door."""
    row = list_settlements(workspace)[0].id
    settle_again(workspace, row, value="东侧缺口", reason="甲")
    settle_again(other, row, value="西侧缺口", reason="乙")
    meet(workspace, other)
    (view,) = list_conflicts(workspace)

    assert {head.value for head in view.conflict.heads} == {"东侧缺口", "西侧缺口"}
    assert view.conflict.base == "北侧缺口"
    with pytest.raises(Refused):
        settle_again(workspace, list_settlements(workspace)[0].id, value="x", reason="x")


def test_a_voiding_upheld_can_be_taken_back(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """With the status that the finding had before."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    void_finding(workspace, made, "误记")
    edit_finding(other, made, FindingInput("北侧缺口"))
    meet(workspace, other)
    conflict = list_conflicts(workspace)[0].conflict
    resolve(workspace, "findings", made, "void", version=conflict.heads[0].version, reason="确系误记")
    row = list_settlements(workspace)[0].id
    settle_again(workspace, row, value=None, reason="并非误记")

    values = workspace.row("findings", made).values
    assert (values["void_at"], values["status"]) == (None, "open")
