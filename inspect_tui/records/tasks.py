"""Actions on tasks 任务: a supervisor asks for a site to be inspected by a day, or cancels it with a reason.

That a task is done is nowhere written: it follows from the inspections, see `queries.tasks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.finding_rules import MAX_DUE_DAYS
from inspect_tui.records.inspections import officer_edits, officers_cell
from inspect_tui.records.model import Officer, Problem, RefusedByRules
from inspect_tui.records.rows import decoded, group
from inspect_tui.records.rules import MIN_OFFICERS, badge_key, clean_badge, clean_text, visible
from inspect_tui.records.sites import refuse_void, void_row
from inspect_tui.records.tables import REVIEWERS
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row


@dataclass(frozen=True, slots=True)
class TaskInput:
    """What a supervisor asks for.

    Attributes:
        site: Row id.
        checklist: Id in the catalogue.
        officers: Who is to go; further ones may join them.
        due_date: The last day, `2026-11-30`.
        note: What to look at, or why.
    """

    site: str
    checklist: str
    officers: Sequence[Officer]
    due_date: str
    note: str = ""


def new_task(workspace: Workspace, said: TaskInput) -> str:
    """Record a task.

    Returns:
        Its row id.

    Raises:
        RefusedByRules: No day, one that is past or more than five years away, no officer, one twice, no badge number.
        Refused: No such site or checklist, the site is void, or this device may not make tasks there.
    """
    with workspace.writing():
        site = workspace.row("sites", said.site)
        refuse_void(site)
        refuse_others(workspace, [site.area])
        refuse_checklist(workspace, said.checklist)
        due = tidy_due(said.due_date)
        people = tidy_officers(said.officers)
        edit = task_edit(workspace, said.site, said.checklist, people, due, clean_text(said.note))
        workspace.write(site.area, [edit, *officer_edits(workspace, site.area, people)])
    return edit.row


def task_edit(
    workspace: Workspace,
    site: str,
    checklist: str,
    officers: Sequence[Officer],
    due_date: str,
    note: str,
    *,
    draw: str | None = None,
    row: str | None = None,
) -> Edit:
    """The edit that makes a task of what was checked already."""
    from sync.replica import Edit

    cells: dict[str, Any] = {
        "site": site,
        "checklist": checklist,
        "officers": officers_cell(officers),
        "due_date": due_date,
        "note": note or None,
        "made": made_cell(workspace, "tasks"),
    }
    if draw is not None:
        cells["draw"] = draw
    return Edit("tasks", row or new_id(), cells)


def made_cell(workspace: Workspace, table: str) -> dict[str, Any]:
    """Who makes a task or a draw, and that it is now."""
    return group(table, "made", {"made_at": times.stored(times.now()), "made_by": workspace.officer.badge})


def cancel_task(workspace: Workspace, task_id: str, reason: str) -> None:
    """Cancel 取消 a task: it is voided with a reason and stays in the log.

    Raises:
        Refused: No reason, no such task, cancelled or done already, or this device may not.
    """
    from inspect_tui.records.queries.tasks import task_detail

    with workspace.writing():
        task = task_detail(workspace, task_id)
        if task.state == "done":
            raise Refused(
                f"任务已完成（检查 {task.inspection}），不能取消。",
                f"The task is done (inspection {task.inspection}) and cannot be cancelled.",
            )
        refuse_others(workspace, [task.area])
        void_row(workspace, "tasks", task_id, reason)


def task_warnings(workspace: Workspace, task_id: str) -> list[Problem]:
    """What somebody should look at in a task just made; none of it stops anybody.

    It has fewer than two officers, its checklist is for other kinds of sites, or the site waits for the same already.

    Raises:
        Refused: There is no such task.
    """
    from inspect_tui.records.queries.tasks import list_tasks

    row = workspace.row("tasks", task_id)
    site = workspace.row("sites", row.values["site"])
    problems: list[Problem] = []
    if len(decoded(row.values["officers"], [])) < MIN_OFFICERS:
        problems.append(
            Problem(
                "two_officers",
                "只派了一名执法人员；检查须由两人以上进行，开始检查时再填同行人员。",
                "There is one officer only; an inspection takes two, the other is named when it starts.",
                field="officers",
            )
        )
    if (problem := _fit_problem(workspace, row, site)) is not None:
        problems.append(problem)
    same = [
        task.id
        for task in list_tasks(workspace, site=site.id, states=("assigned", "started"))
        if task.checklist == row.values["checklist"] and task.id != task_id
    ]
    if same:
        problems.append(
            Problem(
                "same_task",
                f"该对象已有同一检查表的未完成任务 {'、'.join(same[:5])}；如系重复，请取消其一。",
                f"The site has an open task with this checklist already, {', '.join(same[:5])}; cancel one if they are"
                " the same.",
                field="site",
            )
        )
    return problems


def _fit_problem(workspace: Workspace, task: Row, site: Row) -> Problem | None:
    kind = site.values["kind"] or ""
    if task.values["checklist"] in {one.id for one in workspace.catalogue.checklists_for(kind)}:
        return None
    return Problem(
        "checklist_kind",
        f"检查表 {task.values['checklist']} 不是为此类对象（{kind}）编制的，请核对。",
        f"The checklist {task.values['checklist']} is not made for this kind of site ({kind}); check it.",
        field="checklist",
    )


def task_of_visit(
    workspace: Workspace, site: Row, checklist_id: str, officers: Sequence[Officer], task_id: str | None
) -> str | None:
    """The task that a visit which starts now is for: the one named, else the most urgent that waits, one's own first.

    Raises:
        Refused: The task named is not there, cancelled, done, or about another site or checklist.
    """
    from inspect_tui.records.queries.tasks import list_tasks, task_detail
    from inspect_tui.records.same_sites import site_groups

    members = site_groups(workspace).group(site.id)
    if task_id is not None:
        task = task_detail(workspace, task_id)
        if task.state in {"done", "cancelled"}:
            raise Refused(
                f"任务 {task_id} 已完成或已取消，未开始检查。",
                f"The task {task_id} is done or cancelled; no inspection was started.",
            )
        if task.site not in members or task.checklist != checklist_id:
            raise Refused(
                f"任务 {task_id} 是另一对象或另一检查表的，未开始检查。",
                f"The task {task_id} is about another site or checklist; no inspection was started.",
            )
        return task_id
    badges = {badge_key(officer.badge) for officer in officers} - {""}
    waiting = [
        (badges.isdisjoint(badge_key(officer.badge) for officer in task.officers), task.due_date, task.id)
        for member in members
        for task in list_tasks(workspace, site=member, states=("assigned",))
        if task.checklist == checklist_id
    ]
    return min(waiting)[2] if waiting else None


def refuse_others(workspace: Workspace, areas: Iterable[str]) -> None:
    """Refuse where this device's certificate would not let tasks and draws count: better said than skipped by the fold.

    Raises:
        Refused: Its role is neither supervisor nor administrator, or it does not cover one of the areas.
    """
    from sync.keys import read_certificate

    certificate = read_certificate(workspace.identity.jws)
    if certificate.role not in REVIEWERS:
        raise Refused(
            "任务和双随机抽取由主管或管理员的设备登记，本机的证书是执法人员。",
            "Tasks and draws are recorded by a supervisor's or administrator's device; this one has an inspector's"
            " certificate.",
        )
    for area in areas:
        if not certificate.covers(area):
            raise Refused(
                f"本机的证书不含行政区 {area}，未作改动。",
                f"This device's certificate does not cover the area {area}; nothing was recorded.",
            )


def refuse_checklist(workspace: Workspace, checklist_id: str) -> None:
    """Raise Refused where the catalogue has no such checklist."""
    from checklists.errors import ChecklistError

    try:
        workspace.catalogue.checklist(checklist_id)
    except ChecklistError as error:
        raise Refused(error.zh, error.en) from error


def tidy_due(text: str) -> str:
    """The last day of a task as it is recorded.

    Raises:
        RefusedByRules: It is no day, past, or more than five years away.
    """
    due, today = times.day_or_none(text.strip()), times.today()
    if due is None:
        problem = (
            f"任务期限“{text[:20]}”不是日期；请写成 2026-11-30。",
            f"The due date “{text[:20]}” is not a day; write it as 2026-11-30.",
        )
    elif due < today:
        problem = (
            f"任务期限 {due} 已过；请写今天（{today}）或以后的日期。",
            f"The due date {due} is past; give today ({today}) or a later day.",
        )
    elif (due - today).days > MAX_DUE_DAYS:
        problem = (
            f"任务期限 {due} 在五年以后；请核对。",
            f"The due date {due} is more than five years away; check it.",
        )
    else:
        return due.isoformat()
    raise RefusedByRules([Problem("due_date", *problem, field="due_date")])


def tidy_officers(said: Sequence[Officer]) -> list[Officer]:
    """Officers as they are recorded: names and badge numbers cleaned.

    Raises:
        RefusedByRules: Nobody is named, somebody twice, or a name or badge number is missing.
        Refused: A badge number is none.
    """
    people = [Officer(one["name"], clean_badge(one["badge"])) for one in officers_cell(said)]
    problem: tuple[str, str] | None = None
    keys = [badge_key(officer.badge) for officer in people]
    if not people:
        problem = ("没有指定执法人员。", "No officer is named.")
    elif "" in keys or not all(visible(officer.name) for officer in people):
        problem = ("执法人员须有姓名和执法证号。", "Each officer needs a name and a badge number.")
    elif len(set(keys)) < len(keys):
        twice = next(one.badge for at, one in enumerate(people) if keys[at] in keys[:at])
        problem = (f"执法证号 {twice} 出现两次。", f"The badge number {twice} stands twice.")
    if problem is not None:
        raise RefusedByRules([Problem("officers", *problem, field="officers")])
    return people


def known_people(workspace: Workspace, said: Sequence[tuple[str, str]]) -> list[Officer]:
    """Officers for (badge, name) pairs; a missing name is taken from the people met on inspections.

    Raises:
        Refused: A name is missing and nobody with that badge number is known.
    """
    from inspect_tui.records.queries.today import known_officers

    known = {badge_key(one.badge): one for one in (*known_officers(workspace), workspace.officer)}
    people: list[Officer] = []
    for badge, name in said:
        met = known.get(badge_key(badge))
        if not name and met is None:
            raise Refused(
                f"不认识执法证号 {clean_badge(badge) or '（空）'}；请写成 证号=姓名。",
                f"Nobody with the badge number {clean_badge(badge) or '(empty)'} is known; write BADGE=NAME.",
            )
        people.append(Officer(name or (met.name if met else ""), badge))
    return people
