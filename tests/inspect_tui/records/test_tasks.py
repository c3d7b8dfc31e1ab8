"""Tasks: made by a supervisor, done by an inspection, cancelled with a reason; and what a site says of itself."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, times
from inspect_tui.records.cell_values import checked_value
from inspect_tui.records.model import Officer, Present, RefusedByRules, SiteInput
from inspect_tui.records.queries import list_sites, list_tasks, site_detail, task_detail, today
from inspect_tui.records.same_sites import join
from inspect_tui.records.sites import add_site, edit_site, void_site
from inspect_tui.records.tasks import TaskInput, cancel_task, known_people, new_task, task_edit, task_warnings
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused
from sync.identity import Identity
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from pathlib import Path

JIA, YI = Officer("检查员甲", "14110200001"), Officer("检查员乙", "14110200002")


def soon(days: int = 10) -> str:
    """A day to come."""
    return (times.today() + dt.timedelta(days=days)).isoformat()


def ask(workspace: Workspace, site: str, *, due: str | None = None, checklist: str = "construction-dust") -> str:
    """A task for both officers."""
    return new_task(workspace, TaskInput(site, checklist, [JIA, YI], due or soon()))


def submitted(
    workspace: Workspace, site: str, *, started: dt.datetime | None = None, task: str | None = None
) -> str:
    """An inspection of both officers without an answer, submitted."""
    row = inspections.start(workspace, site, "construction-dust", officers=[JIA, YI], started_at=started, task=task)
    inspections.set_present(workspace, row, Present("某某", "项目经理"))
    inspections.submit(workspace, row)
    return row


def test_a_task_goes_from_waiting_to_begun_to_done(workspace: Workspace, site: str) -> None:
    """Its state follows from the inspection that was started for it; amended, it is open again."""
    task = ask(workspace, site)
    assert [(one.id, one.state) for one in today(workspace).tasks] == [(task, "assigned")]
    visit = inspections.start(workspace, site, "construction-dust", officers=[JIA, YI])
    assert workspace.row("inspections", visit).values["task"] == task
    assert (task_detail(workspace, task).state, task_detail(workspace, task).inspection) == ("started", visit)
    inspections.set_present(workspace, visit, Present("某某", "项目经理"))
    inspections.submit(workspace, visit)
    assert task_detail(workspace, task).state == "done"
    assert today(workspace).tasks == ()
    inspections.return_inspection(workspace, visit, "缺数据")
    assert task_detail(workspace, task).state == "started"
    assert site_detail(workspace, site).tasks[0].id == task


def test_a_visit_does_one_task_the_most_urgent(workspace: Workspace, site: str) -> None:
    """Of two tasks of a site the one due first is done first, unless another is named."""
    late, early, named = (ask(workspace, site, due=soon(days)) for days in (9, 3, 20))
    submitted(workspace, site, task=named)
    assert {task_detail(workspace, one).state for one in (early, late)} == {"assigned"}
    submitted(workspace, site)
    assert (task_detail(workspace, early).state, task_detail(workspace, late).state) == ("done", "assigned")


def test_a_task_of_a_joined_site_is_done_at_the_kept_one(workspace: Workspace, site: str) -> None:
    """Two rows that are one site: whoever starts under the kept row does what was asked under the other."""
    twin = add_site(workspace, SiteInput("示例工程（二）", "construction_site", "141102"))
    task = ask(workspace, twin)
    join(workspace, site, twin, "同一工程")
    assert site_detail(workspace, site).tasks[0].id == task
    submitted(workspace, site)
    assert task_detail(workspace, task).state == "done"


def test_one_s_own_task_comes_before_that_of_others(workspace: Workspace, site: str) -> None:
    """The visit is for the task of those who make it."""
    new_task(workspace, TaskInput(site, "construction-dust", [Officer("丙", "3"), Officer("丁", "4")], soon(1)))
    own = ask(workspace, site, due=soon(5))
    visit = inspections.start(workspace, site, "construction-dust", officers=[JIA, YI])
    assert workspace.row("inspections", visit).values["task"] == own


def test_a_laptop_that_did_not_know_of_the_task_does_it_all_the_same(
    workspace: Workspace, other: Workspace, site: str
) -> None:
    """The visit names no task; site, checklist and time make it the task's. One from before the task does not."""
    before = submitted(other, site, started=times.now() - dt.timedelta(hours=2))
    task = ask(workspace, site)
    meet(workspace, other)
    assert task_detail(workspace, task).state == "assigned"
    shutil.copytree(workspace.folder, workspace.folder.parent / "third")
    with Workspace.open(workspace.folder.parent / "third") as third:
        visit = inspections.start(
            third,
            site,
            "construction-dust",
            officers=[JIA, YI],
            started_at=times.now() + dt.timedelta(seconds=2),
            loaded={"loaded_digest": "0" * 64},
        )
        assert third.row("inspections", visit).values["task"] is None
        inspections.set_present(third, visit, Present("某某", "项目经理"))
        inspections.submit(third, visit, ended_at=times.now() + dt.timedelta(hours=1))
        assert task_detail(third, task).inspection == visit
        meet(workspace, third)
    assert task_detail(workspace, task).state == "done"
    assert before != task_detail(workspace, task).inspection


def test_a_task_is_cancelled_with_a_reason_and_stays(workspace: Workspace, site: str) -> None:
    """It leaves Today; it cannot be cancelled twice, nor begun, and one that is done cannot be cancelled."""
    task = ask(workspace, site)
    with pytest.raises(Refused):
        cancel_task(workspace, task, " ")
    cancel_task(workspace, task, "工程停工")
    assert today(workspace).tasks == ()
    assert (task_detail(workspace, task).state, task_detail(workspace, task).cancelled) == ("cancelled", "工程停工")
    with pytest.raises(Refused, match="已作废"):
        cancel_task(workspace, task, "又一次")
    with pytest.raises(Refused, match="已取消"):
        inspections.start(workspace, site, "construction-dust", task=task)
    done = ask(workspace, site)
    submitted(workspace, site)
    with pytest.raises(Refused, match="已完成"):
        cancel_task(workspace, done, "晚了")


@pytest.mark.parametrize(
    ("checklist", "officers", "due", "said"),
    [
        ("construction-dust", [JIA, YI], "明天", "不是日期"),
        ("construction-dust", [JIA, YI], "2020-01-01", "已过"),
        ("construction-dust", [JIA, YI], "2199-01-01", "五年"),
        ("construction-dust", [], "", "没有指定"),
        ("construction-dust", [JIA, Officer("甲", "1411-0200-001")], "", "两次"),
        ("construction-dust", [Officer("甲", "")], "", "执法证号"),
        ("nothing", [JIA, YI], "", "nothing"),
    ],
)
def test_what_is_no_task_is_refused(
    workspace: Workspace, site: str, checklist: str, officers: list[Officer], due: str, said: str
) -> None:
    """One sentence, and nothing is written."""
    before = workspace.replica.status().changesets
    with pytest.raises(Refused, match=said):
        new_task(workspace, TaskInput(site, checklist, officers, due or soon()))
    assert workspace.replica.status().changesets == before


def test_a_void_site_gets_no_task(workspace: Workspace, site: str) -> None:
    """Nobody is sent where there is nothing."""
    void_site(workspace, site, "重复登记")
    with pytest.raises(Refused, match="已作废"):
        ask(workspace, site)


def test_what_is_odd_is_said(workspace: Workspace, site: str) -> None:
    """One officer only, a checklist of another kind, the same asked twice: recorded, with a word."""
    first = ask(workspace, site)
    assert task_warnings(workspace, first) == []
    odd = new_task(workspace, TaskInput(site, "river-outfall", [JIA], soon()))
    assert {one.code for one in task_warnings(workspace, odd)} == {"two_officers", "checklist_kind"}
    again = ask(workspace, site)
    assert [one.code for one in task_warnings(workspace, again)] == ["same_task"]


def test_an_inspector_s_device_makes_no_tasks(workspace: Workspace, site: str) -> None:
    """It is told at once; and were it written, the fold would not count it."""
    root = workspace.identity.root
    assert root is not None
    officer = Identity.issue(root, "laptop", role="inspector")
    workspace.replica.identity = officer
    with pytest.raises(Refused, match="证书是执法人员"):
        ask(workspace, site)
    edit = task_edit(workspace, site, "construction-dust", [JIA], soon(), "")
    workspace.write("141102", [edit])
    assert list_tasks(workspace) == []


def test_a_supervisor_makes_tasks_where_the_certificate_reaches(workspace: Workspace, site: str) -> None:
    """One area's supervisor says nothing in another."""
    root = workspace.identity.root
    assert root is not None
    there = add_site(workspace, SiteInput("外县工程", "construction_site", "141125"))
    workspace.replica.identity = Identity.issue(root, "boss", role="supervisor", areas=("141102",))
    with pytest.raises(Refused, match="141125"):
        ask(workspace, there)
    assert ask(workspace, site) == list_tasks(workspace)[0].id


def test_tasks_are_listed_by_what_one_asks_for(workspace: Workspace, site: str) -> None:
    """By badge however it is written, area, site, state and lateness."""
    there = add_site(workspace, SiteInput("外县工程", "construction_site", "141125"))
    ours, theirs = ask(workspace, site), ask(workspace, there, due=soon(2))
    late = task_edit(workspace, site, "construction-dust", [YI], soon(-3), "")
    workspace.write("141102", [late])
    assert [one.id for one in list_tasks(workspace)] == [late.row, theirs, ours]
    assert [one.id for one in list_tasks(workspace, area="141100")] == [late.row, theirs, ours]
    assert [one.id for one in list_tasks(workspace, area="141125")] == [theirs]
    assert [one.id for one in list_tasks(workspace, site=site)] == [late.row, ours]
    assert [one.id for one in list_tasks(workspace, badge="1411-02-00001")] == [theirs, ours]
    assert list_tasks(workspace, badge="4110200001") == []
    assert list_tasks(workspace, badge="") == []
    assert [(one.id, one.overdue_days) for one in list_tasks(workspace, overdue=True)] == [(late.row, 3)]
    assert list_tasks(workspace, states=("done",)) == []
    with pytest.raises(Refused):
        task_detail(workspace, "nothing")


def test_two_supervisors_who_change_one_task_are_in_conflict_not_lost(
    workspace: Workspace, other: Workspace, site: str
) -> None:
    """One cancels, the other sets another day: both are kept and shown."""
    from sync.replica import Edit

    task = ask(workspace, site)
    meet(workspace, other)
    cancel_task(workspace, task, "停工")
    other.write("141102", [Edit("tasks", task, {"due_date": soon(30)})])
    meet(workspace, other)
    assert task_detail(workspace, task).conflict


def test_a_day_typed_to_settle_a_conflict_is_a_day(workspace: Workspace, site: str) -> None:
    """The rules of the action hold for a typed value too."""
    row = workspace.row("tasks", ask(workspace, site))
    assert checked_value(workspace, row, "due_date", "2026-12-01") == "2026-12-01"
    with pytest.raises(Refused):
        checked_value(workspace, row, "due_date", "bald")
    assert checked_value(workspace, workspace.row("sites", site), "risk_class", "高") == "high"


def test_known_people_need_no_name(workspace: Workspace, inspection: str) -> None:
    """Those met on inspections and oneself go by their badge number."""
    assert inspection
    met = known_people(workspace, [("14110200002", ""), ("9", "丙"), (workspace.config.badge, "")])
    assert met == [YI, Officer("丙", "9"), JIA]
    with pytest.raises(Refused, match="证号=姓名"):
        known_people(workspace, [("777", "")])


def test_the_last_inspection_is_one_that_was_submitted(workspace: Workspace, inspection: str, site: str) -> None:
    """A draft is none; a void one neither."""
    assert inspection
    assert site_detail(workspace, site).line.last_inspected is None
    visit = submitted(workspace, site)
    assert (
        site_detail(workspace, site).line.last_inspected == workspace.row("inspections", visit).values["started_at"]
    )
    inspections.void_inspection(workspace, visit, "填错对象")
    assert site_detail(workspace, site).line.last_inspected is None


def test_sites_are_graded_sorted_and_filtered(workspace: Workspace, site: str) -> None:
    """The class is the bureau's own, in its own words; what is none is refused."""
    high = add_site(workspace, SiteInput("丙厂", "construction_site", "141102", risk_class="高风险"))
    low = add_site(workspace, SiteInput("乙厂", "construction_site", "141102", risk_class="low"))
    with pytest.raises(RefusedByRules, match="风险等级"):
        add_site(workspace, SiteInput("丁厂", "construction_site", "141102", risk_class="very"))
    submitted(workspace, high)
    assert [one.id for one in list_sites(workspace, sort="risk")] == [high, low, site]
    assert [one.id for one in list_sites(workspace, sort="last")][-1] == high
    assert [one.id for one in list_sites(workspace, risk="none")] == [site]
    assert [one.id for one in list_sites(workspace, not_inspected_days=30, sort="risk")] == [low, site]
    assert [one.risk_class for one in list_sites(workspace, risk="high")] == ["high"]
    row = site_detail(workspace, low).row
    said = SiteInput("乙厂", "construction_site", "141102", risk_class="")
    assert edit_site(workspace, low, said, basis=row) == ["risk_class"]
    with pytest.raises(Refused):
        list_sites(workspace, not_inspected_days=10**9)


def test_an_older_workspace_learns_of_tasks(workspace: Workspace, site: str, tmp_path: Path) -> None:
    """Folded anew, tables are what they were, to the byte of a dump."""
    ask(workspace, site)
    before = list(workspace.replica.dump())
    workspace.replica.set_meta("schema", "older")
    workspace.close()
    with Workspace.open(tmp_path / "workspace") as opened:
        assert list(opened.replica.dump()) == before
