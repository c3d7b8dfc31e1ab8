"""A conflict is settled by whoever looked at it, with a reason, to a value that its cell may hold."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tui.records import inspections, queries, times
from inspect_tui.records.answers import answer, answer_id, clear_answer, undo
from inspect_tui.records.conflicts import list_conflicts, resolve, typed_value
from inspect_tui.records.findings import add_finding, edit_finding, follow_up, void_finding
from inspect_tui.records.model import AnswerInput, FindingInput, Officer, RefusedByRules, SiteInput
from inspect_tui.records.sites import edit_site
from inspect_tui.texts import Refused
from sync.ids import new_id
from sync.replica import Edit
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tui.records.workspace import Workspace


@pytest.fixture
def finding(workspace: Workspace, other: Workspace, inspection: str) -> str:
    """A finding whose due date both laptops extended."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", due_date="2026-11-30"))
    meet(workspace, other)
    follow_up(workspace, made, "extension", text="材料未到", new_due_date="2026-12-05")
    follow_up(other, made, "extension", text="停电", new_due_date="2026-12-10")
    meet(workspace, other)
    return made


def test_an_event_settles_no_conflict_in_passing(workspace: Workspace, finding: str) -> None:
    """What would write the cell is refused with both values and the command; what writes others goes on."""
    before = workspace.replica.status().changesets
    with pytest.raises(Refused) as refused:
        follow_up(workspace, finding, "extension", text="再延", new_due_date="2026-12-20")
    with pytest.raises(Refused):
        edit_finding(workspace, finding, FindingInput("缺口", due_date="2026-12-20", due_reason="再延"))

    for said in (refused.value.zh, refused.value.en):
        assert "2026-12-05" in said
        assert "2026-12-10" in said
        assert f"conflict resolve findings {finding} due_date" in said
    assert workspace.replica.status().changesets == before
    assert len(list_conflicts(workspace)) == 1
    follow_up(workspace, finding, "reply", text="已整改")
    edit_finding(workspace, finding, FindingInput("北侧缺口"))
    assert len(list_conflicts(workspace)) == 1


def test_a_stale_form_does_not_settle_it_either(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """A row seen before the conflict came is no licence to write over it."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    seen = queries.finding_detail(workspace, made).row
    edit_finding(workspace, made, FindingInput("北侧"))
    edit_finding(other, made, FindingInput("南侧"))
    meet(workspace, other)
    with pytest.raises(Refused):
        edit_finding(workspace, made, FindingInput("东侧"), basis=seen)


def test_no_action_writes_a_cell_in_conflict(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Answers, inspections and sites: every action stops at exactly the cell in conflict."""
    site = workspace.row("inspections", inspection).values["site"]
    for one, word in ((workspace, "甲"), (other, "乙")):
        answer(one, inspection, "CD-001", AnswerInput(verdict="n_a", reason=word, note=word))
        inspections.set_note(one, inspection, word)
        inspections.set_officers(one, inspection, [Officer(word, "1"), Officer("丙", "2")])
        said = SiteInput("示例工程", "construction_site", "141102", word, attributes={"road_class": "main"})
        edit_site(one, site, said)
    meet(workspace, other)
    said = SiteInput("示例工程", "construction_site", "141102", "丁", attributes={"road_class": "main"})
    before = workspace.replica.status()
    attempts: list[Callable[[], object]] = [
        lambda: answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass")),
        lambda: answer(workspace, inspection, "CD-001", AnswerInput(reason="丁")),
        lambda: answer(workspace, inspection, "CD-001", AnswerInput(note="丁")),
        lambda: clear_answer(workspace, inspection, "CD-001"),
        lambda: undo(workspace, inspection),
        lambda: inspections.set_note(workspace, inspection, "丁"),
        lambda: inspections.set_officers(workspace, inspection, [Officer("丁", "3")]),
        lambda: edit_site(workspace, site, said),
    ]
    for attempt in attempts:
        with pytest.raises(Refused) as refused:
            attempt()
        assert "conflict resolve" in refused.value.en
    assert workspace.replica.status() == before
    answer(workspace, inspection, "CD-001", AnswerInput(photo_waiver="大雨"))


def test_submitting_does_not_settle_a_state_in_conflict(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Both submitted and one amended: what holds is said first."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    inspections.submit(workspace, inspection)
    meet(workspace, other)
    inspections.return_inspection(workspace, inspection, "照片不清")
    inspections.return_inspection(other, inspection, "缺签字")
    meet(workspace, other)
    with pytest.raises(Refused):
        inspections.submit(workspace, inspection)
    assert workspace.row("inspections", inspection).conflict == ["state"]


@pytest.mark.parametrize("reason", ["", " ", "\u200b", "\u3164"])
def test_settling_needs_a_reason(workspace: Workspace, finding: str, reason: str) -> None:
    """Without a reason that somebody can read the conflict stays."""
    version = list_conflicts(workspace)[0].conflict.heads[0].version
    with pytest.raises(Refused):
        resolve(workspace, "findings", finding, "due_date", version=version, reason=reason)
    assert len(list_conflicts(workspace)) == 1


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "2026-12-08",
        {"due_date": "2026-12-08"},
        {"due_date": "2026-12-08", "due_reason": "x", "extra": 1},
        {"due_date": "garbage", "due_reason": "x"},
        {"due_date": "20261208", "due_reason": "x"},
        {"due_date": "2020-01-01", "due_reason": "x"},
        {"due_date": "9999-12-31", "due_reason": "x"},
        {"due_date": "2026-12-08", "due_reason": "\u200b"},
        {"due_date": None, "due_reason": None},
        {"due_date": 20261208, "due_reason": "x"},
    ],
)
def test_a_typed_due_date_is_held_to_the_rule_of_due_dates(workspace: Workspace, finding: str, value: Any) -> None:
    """Unknown and missing keys, no day, too early, too late, no reason: each is refused and the conflict stays."""
    with pytest.raises(Refused):
        resolve(workspace, "findings", finding, "due_date", value=value, reason="折中")
    assert len(list_conflicts(workspace)) == 1


@pytest.mark.parametrize(
    ("table", "cell", "value", "right"),
    [
        ("findings", "severity", "grave", "minor"),
        ("findings", "description", "\u3164", "缺口 12 m"),
        ("findings", "description", 5, "缺口 12 m"),
        ("findings", "disposal", {"disposal": "transfer", "transfer_to": None}, None),
        ("findings", "disposal", {"disposal": "fine", "transfer_to": None}, None),
        ("findings", "status", {"status": "closed", "status_at": "2026-11-20T00:00:00Z"}, None),
        ("answers", "verdict", {"verdict": "maybe", "reason": None, "verdict_source": "officer"}, None),
        ("answers", "verdict", {"verdict": "pass", "reason": None, "verdict_source": "me"}, None),
        ("sites", "uscc", "91350100M000100Y4Z", "91350100M000100Y43"),
        ("sites", "kind", "nonsense", "outfall"),
        ("sites", "attributes", {"road_class": "nonsense"}, {"road_class": "main"}),
        ("sites", "attributes", ["main"], {"road_class": "main"}),
        ("inspections", "attributes", {"road": "a", "road ": "b"}, {"road": "a"}),
        ("inspections", "officers", [{"name": "甲"}], None),
        ("inspections", "officers", [{"name": "甲", "badge": "!"}], [{"name": "甲", "badge": "1"}]),
        ("inspections", "started_at", "gestern", "2026-11-20T09:10:00+08:00"),
        ("inspections", "zone", "+99:00", "+08:00"),
        ("inspections", "warnings", [], None),
    ],
)
def test_every_typed_value_is_held_to_the_rules_of_its_cell(
    workspace: Workspace, inspection: str, table: str, cell: str, value: Any, right: Any
) -> None:
    """Codes, enumerations, times and shapes are checked as the action that writes the cell checks them."""
    from inspect_tui.records.cell_values import checked_value

    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    rows = {
        "findings": finding,
        "answers": answer_id("141102", inspection, "CD-001"),
        "sites": workspace.row("inspections", inspection).values["site"],
        "inspections": inspection,
    }
    row = workspace.row(table, rows[table])
    with pytest.raises(Refused):
        checked_value(workspace, row, cell, value)
    if right is not None:
        assert checked_value(workspace, row, cell, right)


def test_a_typed_measurement_is_judged_as_an_answer_is(workspace: Workspace, inspection: str) -> None:
    """The value that the action itself would write passes; another limit, unit or number is refused by name."""
    from inspect_tui.records.cell_values import checked_value
    from inspect_tui.records.rows import current

    answer(workspace, inspection, "CD-101", AnswerInput(value="12", unit="m"))
    row = workspace.row("answers", answer_id("141102", inspection, "CD-101"))
    right = current("answers", "measurement", row.values)

    assert checked_value(workspace, row, "measurement", right) == right
    for name, wrong in (("value", "twelve"), ("unit", "kg"), ("judgement", "perfect"), ("quick_test", "1")):
        with pytest.raises(Refused):
            checked_value(workspace, row, "measurement", {**right, name: wrong})


def test_a_typed_position_must_agree_with_what_was_typed(workspace: Workspace, site: str) -> None:
    """The WGS-84 value follows from what was typed and its datum; no other is taken."""
    from inspect_tui.records.cell_values import checked_value
    from inspect_tui.records.rows import current

    row = workspace.row("sites", site)
    right = current("sites", "position", row.values)

    assert checked_value(workspace, row, "position", right) == right
    for name, wrong in (("latitude", "1.0"), ("typed_latitude", "999"), ("typed_datum", "Bessel")):
        with pytest.raises(Refused):
            checked_value(workspace, row, "position", {**right, name: wrong})


def test_a_typed_text_is_text_and_a_group_is_json() -> None:
    """JSON where a cell holds several values, with each key once; elsewhere the words as they are."""
    assert typed_value("findings", "description", '{"a": 1}') == '{"a": 1}'
    assert typed_value("findings", "void", "null") is None
    for text in ("", "{", '{"due_date": "2026-12-01", "due_date": "2027-12-01"}'):
        with pytest.raises(Refused):
            typed_value("findings", "due_date", text)
    with pytest.raises(Refused):
        typed_value("findings", "nonsense", "x")


def test_choosing_closed_after_a_failed_recheck_is_refused(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """A closing beside a failed recheck is a conflict in which the closing cannot win."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    follow_up(workspace, made, "reply", text="已改")
    follow_up(workspace, made, "recheck", result="passed")
    meet(workspace, other)
    follow_up(workspace, made, "closing", by=Officer("乙", "14110200002"))
    follow_up(other, made, "recheck", result="failed", text="仍有缺口")
    meet(workspace, other)
    heads = {head.value["status"]: head.version for head in list_conflicts(workspace)[0].conflict.heads}
    with pytest.raises(RefusedByRules):
        resolve(workspace, "findings", made, "status", version=heads["closed"], reason="x")
    resolve(workspace, "findings", made, "status", version=heads["open"], reason="复查未通过")
    assert workspace.row("findings", made).values["status"] == "open"


def test_two_closings_beside_a_failed_recheck_can_be_settled(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Where every value says closed there is no other to choose; the failed recheck is then followed up as usual."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口", disposal="corrected"))
    meet(workspace, other)
    for one, minutes in ((workspace, 1), (other, 2)):
        at = times.now() + dt.timedelta(minutes=minutes)
        follow_up(one, made, "closing", by=Officer("乙", "14110200002"), at=at)
    meet(workspace, other)
    with pytest.raises(Refused):
        follow_up(workspace, made, "recheck", result="failed", text="仍有缺口")
    event = {"finding": made, "kind": "recheck", "result": "failed", "at": times.stored(times.now())}
    workspace.write("141102", [Edit("follow_ups", new_id(), event)])

    for view in list_conflicts(workspace):
        head = view.conflict.heads[0].version
        resolve(workspace, "findings", made, view.conflict.cell, version=head, reason="同日两次销号")
    follow_up(workspace, made, "recheck", result="failed", text="仍有缺口")

    assert list_conflicts(workspace) == []
    assert workspace.row("findings", made).values["status"] == "open"


def voided_beside(workspace: Workspace, other: Workspace, inspection: str, *, reply: bool) -> str:
    """A finding that one laptop voided while the other replied to it, or changed its words."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    void_finding(workspace, made, "误记")
    if reply:
        follow_up(other, made, "reply", text="已改")
    else:
        edit_finding(other, made, FindingInput("北侧缺口"))
    meet(workspace, other)
    return made


def test_a_voiding_that_is_upheld_covers_all(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Choosing the voiding settles it at once; the status beside it is a conflict of its own."""
    made = voided_beside(workspace, other, inspection, reply=True)
    views = {view.conflict.cell: view.conflict for view in list_conflicts(workspace)}
    assert set(views) == {"status", "void"}
    resolve(workspace, "findings", made, "void", version=views["void"].heads[0].version, reason="确系误记")
    assert workspace.row("findings", made).conflict == ["status"]


def test_a_voiding_taken_back_gives_the_finding_its_status_again(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Null takes the voiding back, and the finding can be followed up as before."""
    made = voided_beside(workspace, other, inspection, reply=False)
    resolve(workspace, "findings", made, "void", value=None, reason="并非误记")
    row = workspace.row("findings", made)

    assert (row.values["void_at"], row.values["status"], row.conflict) == (None, "open", [])
    follow_up(workspace, made, "reply", text="已改")
