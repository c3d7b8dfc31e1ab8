"""Carrying a draft over to a newer version: previewed item by item, in one changeset, and never a submitted one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, publishing, queries
from inspect_tui.records.answers import answer, answer_id, undo
from inspect_tui.records.carrying_over import CarryOver, carry_over, offered, preview
from inspect_tui.records.conflicts import list_conflicts
from inspect_tui.records.model import AnswerInput, Present
from inspect_tui.texts import Refused
from sync.verify import verify
from tests.inspect_tui.records.colleagues import DUST, LIMIT, RENAMED, WORDS, dust, published_at
from tests.inspect_tui.records.conftest import VISIT, meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace

OLD, NEW = "2026.11.2", "2026.12.1"


def newer(workspace: Workspace) -> None:
    """Publish a version that changes words, a limit, and drops and adds an item."""
    published_at(workspace, dust(NEW, WORDS, LIMIT, RENAMED))


def fates(said: CarryOver) -> dict[str, tuple[str, str]]:
    """Item → what changed and what becomes of its answer, for those that changed."""
    return {one.item: (one.what, one.outcome) for one in said.changed()}


def frozen_text(workspace: Workspace, inspection: str) -> str:
    """The text that the inspection is made with."""
    row = workspace.row("inspections", inspection)
    return str(workspace.row("checklist_versions", row.values["frozen"]).values["frozen"])


def verdict(workspace: Workspace, inspection: str, item: str) -> str | None:
    """What is recorded."""
    said: str | None = workspace.row("answers", answer_id("141102", inspection, item)).values["verdict"]
    return said


def answered(workspace: Workspace, inspection: str) -> None:
    """An answer of every kind."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass", note="有方案"))
    answer(workspace, inspection, "CD-002", AnswerInput(verdict="fail", reason="未备案"))
    answer(workspace, inspection, "CD-003", AnswerInput(verdict="pass"))
    answer(workspace, inspection, "CD-101", AnswerInput(value="1.5", unit="m"))


def test_a_draft_keeps_its_version_and_is_offered_the_newer_one(workspace: Workspace, inspection: str) -> None:
    """Nothing changes by itself; a line can say that there is a newer version, and why one was withdrawn."""
    before = frozen_text(workspace, inspection)
    assert offered(workspace, workspace.row("inspections", inspection)) is None
    newer(workspace)
    offer = offered(workspace, workspace.row("inspections", inspection))

    assert offer is not None
    assert (offer.version, offer.withdrawn) == (NEW, None)
    assert frozen_text(workspace, inspection) == before
    assert queries.walk_item(workspace, inspection, "CD-002").item.id == "CD-002"
    site = workspace.row("inspections", inspection).values["site"]
    later = inspections.start(workspace, site, DUST)
    publishing.withdraw(workspace, DUST, NEW, "限值有误")
    offer = offered(workspace, workspace.row("inspections", later))
    assert offer is not None
    assert (offer.version, offer.withdrawn) == (OLD, "限值有误")
    assert offered(workspace, workspace.row("inspections", inspection)) is None


def test_the_preview_says_what_becomes_of_every_answer(workspace: Workspace, inspection: str) -> None:
    """Unchanged, other words, another limit, new, gone; and nothing is written."""
    answered(workspace, inspection)
    assert verdict(workspace, inspection, "CD-101") == "fail"
    newer(workspace)
    before = workspace.replica.status().changesets
    said = preview(workspace, inspection)

    assert (said.old_version, said.new_version) == (OLD, NEW)
    assert fates(said) == {
        "CD-001": ("text", "confirm"),
        "CD-092": ("new", "none"),
        "CD-101": ("limit", "open"),
        "CD-002": ("gone", "stays"),
    }
    assert next((one.what, one.outcome) for one in said.items if one.item == "CD-003") == ("same", "kept")
    changes = {one.item: one.changes for one in said.items}
    assert [(one.field.en, WORDS[1] in one.new.zh) for one in changes["CD-001"]] == [("question", True)]
    assert [(one.old.zh, one.new.zh) for one in changes["CD-101"]] == [("缺口总长 =0 m", "缺口总长 ≤2 m")]
    assert workspace.replica.status().changesets == before


def test_carrying_over_is_one_changeset(workspace: Workspace, inspection: str, other: Workspace) -> None:
    """Version, answers and reason go together and reach the other laptop; what is gone stays recorded."""
    answered(workspace, inspection)
    newer(workspace)
    before = workspace.replica.status().changesets
    carry_over(workspace, inspection, "新版已发布", confirmed=["CD-001"], seen=preview(workspace, inspection))

    assert workspace.replica.status().changesets == before + 1
    meet(workspace, other)
    for each in (workspace, other):
        row = each.row("inspections", inspection)
        assert row.values["checklist_version"] == NEW
        assert verdict(each, inspection, "CD-001") == "pass"
        assert verdict(each, inspection, "CD-002") == "fail"
        assert verdict(each, inspection, "CD-003") == "pass"
        measured = each.row("answers", answer_id("141102", inspection, "CD-101")).values
        assert (measured["verdict"], measured["value"], measured["comparator"], measured["limit_value"]) == (
            None,
            "1.5",
            "<=",
            "2",
        )
        (told,) = each.select("SELECT * FROM carry_overs WHERE inspection = ?", inspection)
        assert (told["reason"], told["old_version"], told["new_version"]) == ("新版已发布", OLD, NEW)
        assert {one["item"]: one["outcome"] for one in json.loads(told["items"])} == {
            "CD-001": "confirmed",
            "CD-002": "stays",
            "CD-092": "none",
            "CD-101": "open",
        }
        found = verify(each.replica.connection, each.replica.schema, each.replica.blobs)
        assert not [one for one in found if one.level == "fault"]
        dump = list(each.replica.dump())
        each.replica.rebuild()
        assert list(each.replica.dump()) == dump
    with pytest.raises(Refused, match="无需改用"):
        preview(workspace, inspection)
    assert offered(workspace, workspace.row("inspections", inspection)) is None


def test_what_is_not_confirmed_is_asked_again(workspace: Workspace, inspection: str) -> None:
    """Other words under an answer: without a word of the officer the item is open again, its note stays."""
    answered(workspace, inspection)
    newer(workspace)
    carry_over(workspace, inspection, "x")

    row = workspace.row("answers", answer_id("141102", inspection, "CD-001")).values
    assert (row["verdict"], row["note"]) == (None, "有方案")


def test_an_answer_to_a_dropped_item_is_listed_and_does_not_count(workspace: Workspace, inspection: str) -> None:
    """It needs no photo and gets no finding, and the record of the submitted inspection names it."""
    answered(workspace, inspection)
    newer(workspace)
    carry_over(workspace, inspection, "x", confirmed=["CD-001"])
    inspections.set_present(workspace, inspection, Present("赵经理"))
    done = inspections.submit(workspace, inspection, ended_at=VISIT)

    assert done.findings == ()
    gone = [one for one in done.warnings if one.code == "item_gone"]
    assert ["CD-002 曾记为不合格（未备案）" in one.zh for one in gone] == [True]
    assert [one.code for one in queries.inspection_detail(workspace, inspection).warnings].count("item_gone") == 1


def test_submitted_inspections_never_change(workspace: Workspace, inspection: str) -> None:
    """Neither publishing nor carrying over touches one, and reopening it for amendment does not either."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    inspections.submit(workspace, inspection, ended_at=VISIT)
    text, row = frozen_text(workspace, inspection), workspace.row("inspections", inspection)
    newer(workspace)
    with pytest.raises(Refused, match="已提交"):
        carry_over(workspace, inspection, "x")

    assert workspace.row("inspections", inspection) == row
    assert frozen_text(workspace, inspection) == text
    assert offered(workspace, row) is None
    inspections.amend(workspace, inspection, "漏记")
    with pytest.raises(Refused, match="提交过"):
        carry_over(workspace, inspection, "x")
    assert frozen_text(workspace, inspection) == text
    workspace.thawed.clear()
    assert queries.walk_item(workspace, inspection, "CD-001").item.question.zh.startswith(WORDS[0])


def test_refusals(workspace: Workspace, inspection: str) -> None:
    """No reason, no such version, nothing newer, nothing to confirm, or a change since the preview."""
    with pytest.raises(Refused, match="无需改用"):
        preview(workspace, inspection)
    newer(workspace)
    with pytest.raises(Refused, match="理由"):
        carry_over(workspace, inspection, " ")
    with pytest.raises(Refused, match=rf"可用：{NEW}、{OLD}"):
        preview(workspace, inspection, "2020.1.1")
    with pytest.raises(Refused, match="CD-003 没有须确认"):
        carry_over(workspace, inspection, "x", confirmed=["CD-003"])
    seen = preview(workspace, inspection)
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    with pytest.raises(Refused, match="重新预览"):
        carry_over(workspace, inspection, "x", seen=seen)
    inspections.void_inspection(workspace, inspection, "重复")
    with pytest.raises(Refused):
        preview(workspace, inspection)
    assert workspace.select("SELECT * FROM carry_overs") == []


def test_a_value_that_is_measured_no_more_leaves_the_form(workspace: Workspace, inspection: str) -> None:
    """The item can be answered afterwards, the preview names the value, and the log has it."""
    answered(workspace, inspection)
    data = dust(NEW, ("- id: gap", "- id: total_gap"))
    published_at(workspace, data)
    said = preview(workspace, inspection)
    assert [one.dropped for one in said.items if one.item == "CD-101"] == [("gap 1.5 m",)]
    carry_over(workspace, inspection, "x")

    assert workspace.row("answers", answer_id("141102", inspection, "CD-101")).values["value"] is None
    answer(workspace, inspection, "CD-101", AnswerInput(value="0", unit="m"))
    history = workspace.replica.history(answer_id("141102", inspection, "CD-101"))
    assert "1.5" in {(one.set.get("measurement") or {}).get("value") for one in history}


def test_an_officers_verdict_stays_where_the_new_limit_says_the_same(workspace: Workspace, inspection: str) -> None:
    """A value outside both limits: judged again, with the new limit in its columns."""
    answer(workspace, inspection, "CD-101", AnswerInput(value="12", unit="m", verdict="fail", reason="缺口"))
    newer(workspace)
    assert fates(preview(workspace, inspection))["CD-101"] == ("limit", "kept")
    carry_over(workspace, inspection, "x")

    row = workspace.row("answers", answer_id("141102", inspection, "CD-101")).values
    assert (row["verdict"], row["reason"], row["limit_value"]) == ("fail", "缺口", "2")


def test_undo_stops_at_the_carrying_over(workspace: Workspace, inspection: str) -> None:
    """What was said of another version is not taken back, nor is the carrying over itself."""
    answered(workspace, inspection)
    newer(workspace)
    carry_over(workspace, inspection, "x")

    assert undo(workspace, inspection) is None
    answer(workspace, inspection, "CD-092", AnswerInput(verdict="pass"))
    assert undo(workspace, inspection) == "CD-092"
    assert undo(workspace, inspection) is None


def test_two_laptops_carrying_over_agree(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """The same version from both sides is no conflict; both reasons stay."""
    answered(workspace, inspection)
    newer(workspace)
    meet(workspace, other)
    for each in (workspace, other):
        carry_over(each, inspection, "x", confirmed=["CD-001"])
    meet(workspace, other)

    assert list_conflicts(workspace) == []
    assert len(workspace.select("SELECT * FROM carry_overs")) == 2


def test_answers_of_a_laptop_that_had_not_heard_of_it(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """They meet in their rows; those of items that are gone are listed, and submitting goes on."""
    newer(workspace)
    carry_over(workspace, inspection, "x")
    answer(other, inspection, "CD-002", AnswerInput(verdict="fail", reason="未备案"))
    answer(other, inspection, "CD-003", AnswerInput(verdict="pass"))
    meet(workspace, other)

    assert verdict(workspace, inspection, "CD-003") == "pass"
    done = inspections.submit(workspace, inspection, ended_at=VISIT)
    assert "item_gone" in {one.code for one in done.warnings}


def test_carrying_over_and_back(workspace: Workspace, inspection: str) -> None:
    """To a version named; an answer that comes back with its item is asked again, its note and reason are in the log."""
    answered(workspace, inspection)
    newer(workspace)
    carry_over(workspace, inspection, "x", confirmed=["CD-001"])
    said = preview(workspace, inspection, OLD)
    assert fates(said)["CD-002"] == ("new", "open")
    carry_over(workspace, inspection, "改回", to=OLD)

    assert workspace.row("inspections", inspection).values["checklist_version"] == OLD
    assert verdict(workspace, inspection, "CD-002") is None
