"""Repeating a draw 双随机复算: from what was recorded, and nothing else, the same must come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from inspect_tui.records.drawing import (
    ALGORITHM,
    CLASSES,
    AmountBy,
    Drawn,
    Urn,
    draw,
    population_digest,
    tidy_amount,
)
from inspect_tui.records.model import Problem
from inspect_tui.records.queries.common import area_condition
from inspect_tui.records.queries.draws import no_draw
from inspect_tui.records.queries.tasks import list_tasks
from inspect_tui.records.same_sites import site_groups
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


@dataclass(frozen=True, slots=True)
class Repeated:
    """What repeating a draw gave.

    Attributes:
        draw: Its row id.
        same: Whether sites, officers and the digest of the population come out as recorded.
        problems: What differs, and tasks that say something else than the draw.
        drawn: What comes out now.
        since: Sites of the same area and kinds that are not in the population: they came later, were left out by the
            conditions, or were not known on the device.
        gone: Sites of the population that are void, or joined to another as the same, by now.
    """

    draw: str
    same: bool
    problems: tuple[Problem, ...]
    drawn: tuple[Drawn, ...]
    since: int
    gone: int


class _Officer(msgspec.Struct):
    badge: str
    name: str = ""


class _Filters(msgspec.Struct):
    area: str
    kinds: list[str]


class _Recorded(msgspec.Struct):
    """A draw's row, as it must be to be repeated."""

    seed: str
    amount_by: AmountBy
    amounts: dict[str, str]
    population: dict[str, list[str]]
    population_sha256: str
    officers: list[_Officer]
    per_site: int
    barred: list[tuple[str, str]]
    result: list[list[str]]
    filters: _Filters


def repeat_draw(workspace: Workspace, draw_id: str) -> Repeated:
    """Draw again from what the log holds; nothing is written. Sites that came since make no difference.

    Raises:
        Refused: No such draw, one of an algorithm that this programme does not know, in conflict, or recorded badly.
    """
    row = workspace.replica.row("draws", draw_id)
    if row is None:
        raise no_draw(draw_id)
    said = _recorded(row)
    drawn = tuple(
        draw(
            Urn(
                seed=said.seed,
                by=said.amount_by,
                amounts=said.amounts,
                population=said.population,
                officers=[one.badge for one in said.officers],
                per_site=said.per_site,
                barred={(badge, site) for badge, site in said.barred},
            )
        )
    )
    problems = _differences(said, drawn)
    same = not problems
    problems += _task_problems(workspace, draw_id, drawn)
    since, gone = _since(workspace, said)
    return Repeated(draw_id, same, tuple(problems), drawn, since, gone)


def _recorded(row: Row) -> _Recorded:
    if row.conflict:
        raise Refused(
            f"抽取 {row.id} 有冲突未解决，无法复算；请先用 inspect-tui conflict list 查看。",
            f"The draw {row.id} is in conflict and cannot be repeated; see inspect-tui conflict list first.",
        )
    if row.values["algorithm"] != ALGORITHM:
        raise Refused(
            f"抽取 {row.id} 使用的算法“{str(row.values['algorithm'])[:40]}”本程序不认识；请升级后再复算。",
            f"The draw {row.id} was made with the algorithm “{str(row.values['algorithm'])[:40]}”, which this programme"
            " does not know; upgrade it and try again.",
        )
    try:
        said = msgspec.convert(row.values, _Recorded)
        sound = set(said.amounts) <= set(CLASSES) and "\n" not in said.seed
        for amount in said.amounts.values():
            sound = sound and tidy_amount(said.amount_by, amount) == amount
    except (msgspec.ValidationError, Refused):
        sound = False
    if not sound:
        raise Refused(
            f"抽取 {row.id} 的记录不完整或格式不对，无法复算；用 inspect-tui log {row.id} 可查看由谁写入。",
            f"The draw {row.id} is recorded badly and cannot be repeated; inspect-tui log {row.id} says who wrote it.",
        )
    return said


def _differences(said: _Recorded, drawn: tuple[Drawn, ...]) -> list[Problem]:
    problems: list[Problem] = []
    if population_digest(said.population) != said.population_sha256:
        problems.append(
            Problem(
                "population",
                "对象名单与记录的 SHA-256 不符。",
                "The list of sites does not have the SHA-256 that is recorded.",
            )
        )
    now = [[one.site, *one.officers] for one in drawn]
    if [one[:1] for one in said.result] != [one[:1] for one in now]:
        problems.append(
            Problem("sites", "抽中的对象与记录不同。", "Other sites come out than those that are recorded.")
        )
    elif said.result != now:
        problems.append(
            Problem(
                "officers", "抽中的执法人员与记录不同。", "Other officers come out than those that are recorded."
            )
        )
    return problems


def _task_problems(workspace: Workspace, draw_id: str, drawn: tuple[Drawn, ...]) -> list[Problem]:
    """A task that was changed or cancelled, or of which this device does not know, leaves the draw as it is."""
    expected = {one.site: set(one.officers) for one in drawn}
    tasks = list_tasks(workspace, draw=draw_id)
    problems = [
        Problem(
            "task",
            f"任务 {task.id} 的对象或执法人员与抽取结果不同。",
            f"The task {task.id} names another site or other officers than the draw.",
        )
        for task in tasks
        if expected.get(task.site) != {officer.badge for officer in task.officers}
    ]
    if missing := len(expected.keys() - {task.site for task in tasks}):
        problems.append(
            Problem(
                "task_missing",
                f"{missing} 个抽中的对象在本机没有任务；可能尚未同步其所在行政区。",
                f"{missing} sites that came out have no task here; their areas may not be synced yet.",
            )
        )
    return problems


def _since(workspace: Workspace, said: _Recorded) -> tuple[int, int]:
    condition, prefix = area_condition("area", said.filters.area)
    kinds = said.filters.kinds
    among = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    now = {
        row["id"]
        for row in workspace.select(
            f"SELECT id FROM sites WHERE void_at IS NULL AND {condition}{among}", prefix, *kinds
        )
    }
    now -= site_groups(workspace).root_of.keys()
    then = {site for ids in said.population.values() for site in ids}
    return len(now - then), len(then - now)
