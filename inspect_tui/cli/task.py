"""`task new|list|show|cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import WrongUsage
from inspect_tui.cli.output import fields, line, print_json, table
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from inspect_tui.cli.command import Context
    from inspect_tui.records.queries import TaskLine

STATES: Final = ("assigned", "started", "done", "cancelled")


def people_of(said: Sequence[str]) -> list[tuple[str, str]]:
    """(badge, name) pairs of `BADGE=NAME` or `BADGE` as given on the command line; a missing name is empty.

    Raises:
        WrongUsage: One has no badge number.
    """
    pairs: list[tuple[str, str]] = []
    for one in said:
        badge, _, name = one.partition("=")
        if not badge.strip():
            raise WrongUsage(
                f"“{one[:40]}”缺少执法证号；请写成 14110200001=李静。",
                f"“{one[:40]}” has no badge number; write 14110200001=NAME.",
            )
        pairs.append((badge.strip(), name.strip()))
    return pairs


def new(context: Context, said: argparse.Namespace) -> int:
    """Record a task."""
    from inspect_tui.records.tasks import TaskInput, known_people, new_task, task_warnings

    pairs = people_of(said.officer)
    with context.open() as workspace:
        officers = known_people(workspace, pairs)
        row = new_task(workspace, TaskInput(said.site, said.checklist, officers, said.due, said.note))
        warnings = task_warnings(workspace, row)
    if context.json:
        print_json({"id": row, "warnings": plain(warnings)})
        return 0
    line(tr(f"已派任务，编号 {row}。", f"Recorded the task {row}."))
    for warning in warnings:
        line("! " + say(warning))
    return 0


def list_(context: Context, said: argparse.Namespace) -> int:
    """Tasks, the oldest due date first; those that wait unless states are named."""
    from inspect_tui.records.queries import known_area, list_tasks

    with context.open() as workspace:
        if said.area is not None:
            known_area(workspace, said.area)
        if said.site is not None:
            workspace.row("sites", said.site)
        if said.draw is not None:
            workspace.row("draws", said.draw)
        lines = list_tasks(
            workspace,
            states=tuple(said.state) or (STATES if said.all else ("assigned", "started")),
            badge=workspace.officer.badge if said.mine else said.badge,
            site=said.site,
            area=said.area,
            draw=said.draw,
            overdue=said.overdue,
        )
    if context.json:
        print_json([plain(each) for each in lines])
        return 0
    if not lines:
        line(tr("没有任务。", "There are no tasks."))
        return 0
    task_table(lines)
    return 0


def task_table(lines: Sequence[TaskLine]) -> None:
    """Tasks under headers."""
    headers = (
        tr("编号", "id"),
        tr("期限", "due"),
        tr("状态", "state"),
        tr("执法人员", "officers"),
        tr("行政区", "area"),
        tr("检查表", "checklist"),
        tr("对象", "site"),
    )
    table(
        headers,
        (
            (
                each.id,
                each.due_date,
                state_of(each),
                "、".join(officer.name for officer in each.officers),
                say(each.area_name),
                say(each.checklist_title),
                each.site_name or each.site,
            )
            for each in lines
        ),
    )


def state_of(task: TaskLine) -> str:
    """Where a task stands, and by how much it is late."""
    from inspect_tui.records.model import TASK_STATES

    state = say(TASK_STATES[task.state])
    if task.overdue_days:
        state += tr(f"，超期 {task.overdue_days} 天", f", {task.overdue_days} d overdue")
    return state


def show(context: Context, said: argparse.Namespace) -> int:
    """One task."""
    from inspect_tui.records.queries import task_detail
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        task = task_detail(workspace, said.task)
    if context.json:
        print_json(plain(task))
        return 0
    void = tr("（已作废）", " (void)") if task.site_void else ""
    fields(
        (
            (tr("编号", "id"), task.id),
            (tr("对象", "site"), f"{task.site_name}{void}  {task.site}"),
            (tr("行政区", "area"), say(task.area_name)),
            (tr("检查表", "checklist"), f"{say(task.checklist_title)}  {task.checklist}"),
            (tr("执法人员", "officers"), "、".join(f"{one.name} {one.badge}" for one in task.officers)),
            (tr("期限", "due"), task.due_date),
            (tr("状态", "state"), state_of(task)),
            (tr("取消理由", "why cancelled"), task.cancelled),
            (tr("检查", "inspection"), task.inspection),
            (tr("双随机抽取", "draw"), task.draw),
            (tr("说明", "note"), task.note),
            (tr("派出", "made"), f"{shown(task.made_at)}  {task.made_by}"),
        )
    )
    if task.conflict:
        line(
            tr(
                "! 有冲突未解决，用 inspect-tui conflict list 查看。",
                "! It has conflicts; see inspect-tui conflict list.",
            )
        )
    return 0


def cancel(context: Context, said: argparse.Namespace) -> int:
    """Cancel a task."""
    from inspect_tui.records.tasks import cancel_task

    with context.open() as workspace:
        cancel_task(workspace, said.task, said.reason)
    if context.json:
        print_json({"id": said.task, "cancelled": said.reason})
    else:
        line(tr(f"已取消任务 {said.task}。", f"Cancelled the task {said.task}."))
    return 0


_TASK: Final = argument("task", help=Text("任务编号", "id of the task"), metavar="ID")
OFFICER: Final = argument(
    "--officer",
    help=Text(
        "执法人员，可重复；以前检查中出现过的可只写证号",
        "officer, may be repeated; the badge number is enough for those met on inspections",
    ),
    action="append",
    required=True,
    metavar="BADGE=NAME",
)
DUE: Final = argument("--due", help=Text("期限，如 2026-11-30", "last day, such as 2026-11-30"), required=True, metavar="DATE")  # fmt: skip

COMMANDS: Final = (
    Command(
        ("task", "new"),
        Text("派出检查任务", "ask for an inspection"),
        new,
        (
            argument("site", help=Text("检查对象编号", "id of the site"), metavar="SITE"),
            argument("checklist", help=Text("检查表", "checklist"), metavar="CHECKLIST"),
            OFFICER,
            DUE,
            argument("--note", help=Text("说明：看什么、为什么", "what to look at, or why"), default=""),
        ),
    ),
    Command(
        ("task", "list"),
        Text("列出检查任务，默认只列未完成的", "list tasks, those that wait unless told otherwise"),
        list_,
        (
            argument(
                "--state",
                help=Text("状态，可重复", "state, may be repeated"),
                choices=STATES,
                action="append",
                default=[],
            ),
            argument(
                "--all",
                help=Text("也列出已完成和已取消的", "also those that are done or cancelled"),
                action="store_true",
            ),
            argument("--mine", help=Text("只要本人的", "only one's own"), action="store_true"),
            argument("--badge", help=Text("只要此执法证号的", "only those of this badge number")),
            argument("--site", help=Text("检查对象编号", "id of the site"), metavar="ID"),
            argument(
                "--area",
                help=Text("行政区代码，以 00 结尾则含下级", "area code; ending in 00 covers those below"),
                metavar="CODE",
            ),
            argument("--draw", help=Text("双随机抽取编号", "id of the draw"), metavar="ID"),
            argument("--overdue", help=Text("只要超期的", "only overdue ones"), action="store_true"),
        ),
    ),
    Command(("task", "show"), Text("显示一项任务", "show a task"), show, (_TASK,)),
    Command(
        ("task", "cancel"),
        Text("取消任务，须写理由", "cancel a task, with a reason"),
        cancel,
        (_TASK, argument("--reason", help=Text("理由", "reason"), required=True)),
    ),
)
