"""Actions on sites, inspections, answers and findings, against a real workspace."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.answers import answer, clear_answer, undo
from inspect_tui.records.findings import add_finding, edit_finding, follow_up, void_finding
from inspect_tui.records.model import (
    AnswerInput,
    FindingInput,
    Officer,
    RefusedByRules,
    Sample,
    SiteInput,
    TypedPosition,
)
from inspect_tui.records.samples import ResultInput, record_result
from inspect_tui.records.sites import add_site, edit_site, void_site
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from checklists.model import Checklist
    from inspect_tui.records.workspace import Workspace

SECOND = Officer("检查员乙", "14110200002")


def outfall(workspace: Workspace, **attributes: str) -> str:
    """An open inspection of an outfall."""
    said = SiteInput("排污口", "outfall", "141181", attributes=attributes)
    two = [workspace.officer, SECOND]
    return inspections.start(workspace, add_site(workspace, said), "river-outfall", officers=two)


def fail(workspace: Workspace, inspection: str, item: str = "CD-101") -> None:
    """Fail an item, with reason and waiver."""
    answer(workspace, inspection, item, AnswerInput(verdict="fail", note="缺口", photo_waiver="大雨"))


def test_a_typed_position_is_kept_and_converted(workspace: Workspace) -> None:
    """A GCJ-02 position is stored as WGS-84 with what was typed beside it."""
    said = SiteInput("a", "outfall", "141102", position=TypedPosition("111.150200", "37.518900", "GCJ-02", "高德"))
    values = workspace.row("sites", add_site(workspace, said)).values

    assert (values["typed_longitude"], values["typed_datum"]) == ("111.150200", "GCJ-02")
    assert values["datum"] == "WGS-84"
    assert 400 < abs(float(values["longitude"]) - 111.1502) * 88_000 < 700
    assert len(values["longitude"].split(".")[1]) == 6


@pytest.mark.parametrize("longitude", ["", "abc", "181", "1e400", "NaN"])
def test_a_wrong_position_is_refused(workspace: Workspace, longitude: str) -> None:
    """What is no longitude is never stored as one."""
    with pytest.raises(Refused):
        add_site(workspace, SiteInput("a", "outfall", "141102", position=TypedPosition(longitude, "37")))


def test_a_phone_number_never_stands_in_the_log(workspace: Workspace) -> None:
    """Personal data lies beside the log; the log holds a salted hash."""
    site = add_site(workspace, SiteInput("a", "outfall", "141102", contact_phone="13812345678"))
    bodies = "".join(row["body"] for row in workspace.select("SELECT body FROM log"))

    assert "13812345678" not in bodies
    assert queries.site_detail(workspace, site).contact_phone == "13812345678"


def test_an_unknown_attribute_value_is_refused(workspace: Workspace) -> None:
    """A misspelt attribute would silently select no limit."""
    with pytest.raises(RefusedByRules):
        add_site(workspace, SiteInput("a", "outfall", "141102", attributes={"outfall_type": "industril"}))


def test_editing_writes_only_what_differs(workspace: Workspace, site: str) -> None:
    """Saving a form unchanged writes nothing; changing one field writes one cell."""
    said = SiteInput("示例工程", "construction_site", "141102", attributes={"road_class": "main"})
    before = workspace.replica.status().changesets

    assert edit_site(workspace, site, said) == []
    assert workspace.replica.status().changesets == before
    assert edit_site(workspace, site, SiteInput("新名", "construction_site", "141102", address="路 1 号")) == [
        "address",
        "attributes",
        "name",
    ]


def test_a_void_site_takes_no_inspection(workspace: Workspace, site: str) -> None:
    """Voiding needs a reason, keeps the row, and ends new inspections of it."""
    with pytest.raises(Refused):
        void_site(workspace, site, " ")
    void_site(workspace, site, "重复登记")

    assert queries.list_sites(workspace) == []
    assert queries.list_sites(workspace, include_void=True)[0].void
    with pytest.raises(Refused):
        inspections.start(workspace, site, "construction-dust")


def test_a_value_over_a_plan_figure_is_suspected(workspace: Workspace) -> None:
    """COD of 52 at an industrial outfall is a suspected fail with its exceedance; the officer confirms it."""
    inspection = outfall(workspace, outfall_type="industrial")
    sample = Sample("S-031", "排放口", "监测站", "sent")
    said = answer(workspace, inspection, "RO-304", AnswerInput(value="52.0", unit="mg/L", sample=sample))
    view = queries.walk_item(workspace, inspection, "RO-304").answer

    assert (said.verdict, said.suspected) == ("fail", True)
    assert view is not None
    assert (view.measured[0].value, view.measured[0].limit_value, view.measured[0].exceedance) == (
        "52.0",
        "40",
        "0.3",
    )
    confirmed = answer(workspace, inspection, "RO-304", AnswerInput(verdict="fail"))
    assert not confirmed.suspected


def test_without_a_known_type_no_limit_speaks(workspace: Workspace) -> None:
    """Where the site's attributes select no limit, the value is recorded and the officer decides."""
    said = answer(workspace, outfall(workspace), "RO-304", AnswerInput(value="52"))

    assert (said.verdict, said.suspected) == (None, False)


def test_the_officers_verdict_stays(workspace: Workspace) -> None:
    """A value outside the limit warns beside an officer's pass, and never overrules it."""
    inspection = outfall(workspace, outfall_type="industrial")
    answer(workspace, inspection, "RO-304", AnswerInput(verdict="pass"))
    said = answer(workspace, inspection, "RO-304", AnswerInput(value="52"))

    assert said.verdict == "pass"
    assert [warning.code for warning in said.warnings] == ["outside_limit"]


def test_below_detection_is_no_number(workspace: Workspace) -> None:
    """未检出 keeps the detection limit and no value."""
    inspection = outfall(workspace, outfall_type="industrial")
    answer(workspace, inspection, "RO-306", AnswerInput(below_detection="0.01", unit="mg/L"))
    view = queries.walk_item(workspace, inspection, "RO-306").answer

    assert view is not None
    assert (view.measured[0].value, view.measured[0].below_detection) == (None, "0.01")


@pytest.mark.parametrize(
    "said",
    [AnswerInput(value="abc"), AnswerInput(value="5", unit="kg"), AnswerInput(value="1", below_detection="1")],
)
def test_a_wrong_value_is_refused(workspace: Workspace, said: AnswerInput) -> None:
    """No number, a unit in which the item does not measure, and value beside detection limit are refused whole."""
    inspection = outfall(workspace)
    with pytest.raises(Refused):
        answer(workspace, inspection, "RO-304", said)

    assert queries.walk_item(workspace, inspection, "RO-304").answer is None


def test_a_verdict_leaves_the_note_alone(workspace: Workspace, inspection: str) -> None:
    """Each key writes its own cell: changing the verdict keeps note and value."""
    answer(workspace, inspection, "CD-102", AnswerInput(note="东侧", value="2.6"))
    answer(workspace, inspection, "CD-102", AnswerInput(verdict="pass"))
    view = queries.walk_item(workspace, inspection, "CD-102").answer

    assert view is not None
    assert (view.verdict, view.note, view.measured[0].value) == ("pass", "东侧", "2.6")


def test_answering_the_same_again_writes_nothing(workspace: Workspace, inspection: str) -> None:
    """A key pressed twice leaves one changeset."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    before = workspace.replica.status().changesets
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))

    assert workspace.replica.status().changesets == before


def test_undo_walks_back_through_what_was_said(workspace: Workspace, inspection: str) -> None:
    """Undo restores what was there before, again and again, and then says that nothing is left."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="不涉及"))
    answer(workspace, inspection, "CD-002", AnswerInput(note="备注"))

    def seen(item: str) -> tuple[str | None, str, str]:
        view = queries.walk_item(workspace, inspection, item).answer
        assert view is not None
        return view.verdict, view.reason, view.note

    assert undo(workspace, inspection) == "CD-002"
    assert seen("CD-002") == (None, "", "")
    assert undo(workspace, inspection) == "CD-001"
    assert seen("CD-001") == ("pass", "", "")
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", reason="新"))
    assert undo(workspace, inspection) == "CD-001"
    assert undo(workspace, inspection) == "CD-001"
    assert seen("CD-001") == (None, "", "")
    assert undo(workspace, inspection) is None


def test_clearing_makes_an_item_not_checked(workspace: Workspace, inspection: str) -> None:
    """Not checked again: the verdict goes, the note stays."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="x", note="留下"))

    assert clear_answer(workspace, inspection, "CD-001")
    assert not clear_answer(workspace, inspection, "CD-001")
    view = queries.walk_item(workspace, inspection, "CD-001").answer
    assert view is not None
    assert (view.verdict, view.reason, view.note) == (None, "", "留下")


def test_submitting_writes_a_finding_for_each_fail_without_one(workspace: Workspace, inspection: str) -> None:
    """State, end, warnings and the missing findings come in one changeset; a written finding is not doubled."""
    fail(workspace, inspection, "CD-101")
    fail(workspace, inspection, "CD-102")
    written = add_finding(workspace, inspection, "CD-102", FindingInput("过低"))
    before = workspace.replica.status().changesets
    done = inspections.submit(workspace, inspection, ended_at=dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC))
    lines = queries.list_findings(workspace, queries.FindingFilter(inspection=inspection)).lines

    assert workspace.replica.status().changesets == before + 1
    assert len(done.findings) == 1
    assert {line.id for line in lines} == {written, *done.findings}
    made = next(line for line in lines if line.id in done.findings)
    assert (made.item, made.severity, made.status, made.due_date) == ("CD-101", "major", "open", "2026-11-21")
    assert made.description.endswith("缺口")
    row = workspace.row("inspections", inspection).values
    assert row["state"] == "submitted"
    assert "unchecked" in {warning["code"] for warning in row["warnings"]}


def test_a_refused_submission_writes_nothing(workspace: Workspace, site: str) -> None:
    """One officer is not enough, and nothing of the submission stays."""
    inspection = inspections.start(workspace, site, "construction-dust")
    fail(workspace, inspection)
    before = workspace.replica.status().changesets
    with pytest.raises(RefusedByRules) as refused:
        inspections.submit(workspace, inspection)

    assert [problem.code for problem in refused.value.problems] == ["two_officers"]
    assert workspace.replica.status().changesets == before


def test_a_submitted_inspection_is_frozen_until_amended(workspace: Workspace, inspection: str) -> None:
    """Nothing of it changes after submission, but by amendment with a reason, which is visible."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    inspections.submit(workspace, inspection)
    for attempt in (
        lambda: answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="x")),
        lambda: clear_answer(workspace, inspection, "CD-001"),
        lambda: undo(workspace, inspection),
        lambda: inspections.set_note(workspace, inspection, "x"),
        lambda: inspections.set_officers(workspace, inspection, []),
        lambda: add_finding(workspace, inspection, "CD-001", FindingInput("x")),
        lambda: inspections.amend(workspace, inspection, ""),
    ):
        with pytest.raises(Refused):
            attempt()
    inspections.amend(workspace, inspection, "填错一项")
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="x"))

    row = workspace.row("inspections", inspection).values
    assert (row["state"], row["state_reason"]) == ("returned", "填错一项")
    inspections.submit(workspace, inspection)
    assert workspace.row("inspections", inspection).values["state"] == "submitted"


def test_only_the_authors_side_amends(workspace: Workspace, inspection: str) -> None:
    """A colleague elsewhere may neither amend nor void, but a supervisor may return it."""
    inspections.submit(workspace, inspection)
    workspace.config = workspace.change_config(name="主管", badge="999")
    workspace.__dict__["device"] = "0" * 20

    with pytest.raises(Refused):
        inspections.amend(workspace, inspection, "x")
    with pytest.raises(Refused):
        inspections.void_inspection(workspace, inspection, "x")
    inspections.return_inspection(workspace, inspection, "照片不清")
    with pytest.raises(Refused):
        answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    assert [review.kind for review in queries.inspection_detail(workspace, inspection).reviews] == ["returned"]


def test_texts_stay_as_they_were_asked(
    workspace: Workspace, inspection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later catalogue changes nothing in an inspection that was begun with an earlier one."""
    import msgspec

    from checklists.text import Text

    asked = queries.walk_item(workspace, inspection, "CD-101").item.question
    changed = workspace.catalogue.checklist("construction-dust")
    item = msgspec.structs.replace(changed.item("CD-101"), question=Text("改了", "changed"))
    section = msgspec.structs.replace(changed.sections[0], items=(item,))
    newer: Checklist = msgspec.structs.replace(changed, version="2027.1.1", sections=(section,))
    monkeypatch.setitem(workspace.catalogue.checklists, "construction-dust", newer)
    workspace.thawed.clear()

    assert queries.walk_item(workspace, inspection, "CD-101").item.question == asked
    site = workspace.row("inspections", inspection).values["site"]
    later = inspections.start(workspace, site, "construction-dust")
    assert queries.walk_item(workspace, later, "CD-101").item.question == Text("改了", "changed")
    assert queries.walk_item(workspace, inspection, "CD-101").item.question == asked


def test_a_finding_from_order_to_closing(workspace: Workspace, inspection: str) -> None:
    """Order, reply, failed recheck, extension, passed recheck, closing by a colleague: each one changeset."""
    fail(workspace, inspection)
    finding = inspections.submit(workspace, inspection).findings[0]
    before = workspace.replica.status().changesets
    follow_up(workspace, finding, "reply", text="已封闭")
    follow_up(workspace, finding, "recheck", result="failed", text="仍有缺口")
    due = queries.finding_detail(workspace, finding).line.due_date or ""
    later = (dt.date.fromisoformat(due) + dt.timedelta(days=3)).isoformat()
    follow_up(workspace, finding, "extension", text="材料未到", new_due_date=later)
    with pytest.raises(RefusedByRules):
        follow_up(workspace, finding, "closing", by=SECOND)
    follow_up(workspace, finding, "recheck", result="passed")
    follow_up(workspace, finding, "closing", by=SECOND)
    detail = queries.finding_detail(workspace, finding)

    assert workspace.replica.status().changesets == before + 5
    assert [event.kind for event in detail.follow_ups] == ["reply", "recheck", "extension", "recheck", "closing"]
    assert (detail.line.status, detail.line.due_date) == ("closed", later)
    assert detail.line.closed_at is not None
    assert detail.follow_ups[-1].badge == SECOND.badge


def test_voiding_a_finding_keeps_it(workspace: Workspace, inspection: str) -> None:
    """A void finding stays in the list as void, with reason, and takes no further event."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("误记"))
    void_finding(workspace, finding, "记错对象")
    row = workspace.row("findings", finding).values

    assert (row["status"], row["void_reason"]) == ("void", "记错对象")
    with pytest.raises(Refused):
        follow_up(workspace, finding, "reply")


def test_changing_a_due_date_needs_a_reason(workspace: Workspace, inspection: str) -> None:
    """The default term can be changed, with a reason that stays beside it."""
    finding = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    with pytest.raises(RefusedByRules):
        edit_finding(workspace, finding, FindingInput("缺口", due_date="2027-01-01"))
    changed = edit_finding(workspace, finding, FindingInput("缺口", due_date="2027-01-01", due_reason="冬季停工"))

    assert changed == ["due_date"]
    assert workspace.row("findings", finding).values["due_reason"] == "冬季停工"


def test_one_item_carries_several_findings(workspace: Workspace, inspection: str) -> None:
    """Two findings at one item are two rows, with their own disposal."""
    add_finding(workspace, inspection, "CD-101", FindingInput("北侧"))
    add_finding(workspace, inspection, "CD-101", FindingInput("南侧", disposal="corrected"))
    lines = queries.walk_item(workspace, inspection, "CD-101").findings

    assert [(line.description, line.status) for line in lines] == [("北侧", "open"), ("南侧", "corrected")]


def test_a_laboratory_result_leaves_the_answer_alone(workspace: Workspace) -> None:
    """A result after submission is an event of its own and may open a finding; the answer stays as recorded."""
    inspection = outfall(workspace, outfall_type="industrial")
    answer(workspace, inspection, "RO-304", AnswerInput(value="30", sample=Sample("S-1", status="sent")))
    inspections.submit(workspace, inspection)
    before = workspace.select("SELECT * FROM answers")[0]
    result = ResultInput(value="88", unit="mg/L", sample_number="S-1", laboratory="监测站", report_number="R-9")
    done = record_result(workspace, inspection, "RO-304", result, finding=FindingInput("送检超标"))

    assert tuple(workspace.select("SELECT * FROM answers")[0]) == tuple(before)
    assert done.judgement == "fail"
    assert workspace.row("findings", done.finding or "").values["value"] == "88"
    assert queries.inspection_detail(workspace, inspection).sample_results[0].report_number == "R-9"


def test_officers_met_are_offered_again(workspace: Workspace, inspection: str) -> None:
    """People of earlier inspections can be chosen for the next."""
    assert [officer.badge for officer in queries.known_officers(workspace)] == ["14110200002", "14110200001"]


def test_today_counts_what_waits(workspace: Workspace, inspection: str) -> None:
    """Drafts, overdue findings and unsent changesets are counted."""
    from inspect_tui.records.queries.today import note_synced

    fail(workspace, inspection)
    said = FindingInput("旧", due_date="2026-11-20")
    inspections.set_times(workspace, inspection, ended_at=dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC))
    add_finding(workspace, inspection, "CD-101", said)
    now = queries.today(workspace)

    assert [line.id for line in now.drafts] == [inspection]
    assert now.overdue_count == 1
    assert now.unsynced == workspace.replica.status().changesets
    note_synced(workspace)
    assert queries.today(workspace).unsynced == 0


def test_search_takes_words_literally(workspace: Workspace, inspection: str) -> None:
    """Percent signs and underscores in the words are no wildcards."""
    add_finding(workspace, inspection, "CD-101", FindingInput("覆盖率 40% 未达标"))

    assert [hit.kind for hit in queries.search(workspace, "40% 未达标")] == ["finding"]
    assert queries.search(workspace, "4_%") == []


def test_pages_of_findings_join_without_gaps(workspace: Workspace, inspection: str) -> None:
    """Reading page by page gives every finding once, in every order."""
    for number in range(7):
        add_finding(
            workspace, inspection, "CD-101", FindingInput(f"第 {number} 处", due_date=f"2027-01-0{number % 3 + 1}")
        )
    sorts: tuple[queries.findings.Sort, ...] = ("newest", "oldest", "due_date", "severity", "site", "status")
    for sort in sorts:
        whole = [line.id for line in queries.list_findings(workspace, sort=sort).lines]
        pages: list[str] = []
        after = None
        while True:
            page = queries.list_findings(workspace, sort=sort, after=after, limit=2)
            pages += [line.id for line in page.lines]
            if (after := page.next) is None:
                break

        assert pages == whole
        assert len(set(pages)) == 7


def test_a_finding_whose_item_no_longer_fails_is_named_at_submission(workspace: Workspace, inspection: str) -> None:
    """Amended to not applicable, the item leaves an open finding behind: the record says so until it is voided."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", reason="无方案", photo_waiver="纸质资料"))
    first = inspections.submit(workspace, inspection)
    inspections.amend(workspace, inspection, "对象判断有误")
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="已移交"))

    again = inspections.submit(workspace, inspection)

    assert [one.item for one in again.warnings if one.code == "stray_finding"] == ["CD-001"]
    assert not [one for one in first.warnings if one.code == "stray_finding"]
    void_finding(workspace, first.findings[0], "检查项不适用")
    inspections.amend(workspace, inspection, "x")
    assert not [one for one in inspections.submit(workspace, inspection).warnings if one.code == "stray_finding"]


def test_a_reason_that_is_the_criterion_is_not_said_twice(workspace: Workspace, inspection: str) -> None:
    """The finding written on submission repeats nothing."""
    criterion = workspace.catalogue.checklist("construction-dust").item("CD-001").fail.zh
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", reason=criterion, photo_waiver="无"))

    done = inspections.submit(workspace, inspection)

    assert workspace.row("findings", done.findings[0]).values["description"] == criterion


def test_an_answer_given_elsewhere_meanwhile_is_not_overwritten_unseen(
    workspace: Workspace, inspection: str
) -> None:
    """Who saw the item unanswered is told that it is answered now, and nothing is changed."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"), seen_none=True)

    with pytest.raises(Refused, match="CD-001"):
        answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", reason="x"), seen_none=True)

    rows = workspace.select("SELECT verdict FROM answers WHERE inspection = ? AND item = 'CD-001'", inspection)
    assert [row[0] for row in rows] == ["pass"]


def test_a_long_description_is_shortened_in_a_warning(workspace: Workspace, inspection: str) -> None:
    """The sentence stays one that can be read, with what to do at its end."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", reason="长" * 3000, photo_waiver="纸质"))
    inspections.submit(workspace, inspection)
    inspections.amend(workspace, inspection, "改判")
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="n_a", reason="已移交"))

    (stray,) = [one for one in inspections.submit(workspace, inspection).warnings if one.code == "stray_finding"]

    assert len(stray.zh) < 100
