"""Draws 双随机 as they are listed and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.model import Officer
from inspect_tui.records.queries.common import area_name
from inspect_tui.records.queries.tasks import TaskLine, list_tasks
from inspect_tui.records.rows import decoded
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    import sqlite3

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text

_LINE: Final = (
    "SELECT id, area, title, seed, seed_source, algorithm, population_count, population_sha256,"
    " json_array_length(CASE WHEN json_valid(result) AND json_type(result) = 'array' THEN result ELSE '[]' END)"
    " AS drawn, made_at, made_by, void_reason, void_at, conflict FROM draws"
)


@dataclass(frozen=True, slots=True)
class DrawLine:
    """One draw.

    Attributes:
        seed_source: `given` or `random`.
        population: How many sites were drawn from.
        population_sha256: Of their ids, as `drawing.population_digest` makes it.
        drawn: How many came out.
        made_at: UTC.
        made_by: Badge number of who made it.
        voided: Why it was voided; empty where it was not.
    """

    id: str
    area: str
    area_name: Text
    title: str
    seed: str
    seed_source: str
    algorithm: str
    population: int
    population_sha256: str
    drawn: int
    made_at: str
    made_by: str
    voided: str
    conflict: bool


@dataclass(frozen=True, slots=True)
class DrawDetail:
    """One draw with all that it was made from.

    Attributes:
        filters: `area, kinds, inspected_since, checklist`.
        amount_by: `share` (percent) or `count`.
        amounts: Class → how much of it.
        classes: Class → how many sites it had.
        barred: [badge, site] that were kept apart.
        tasks: What the draw asked for.
    """

    line: DrawLine
    filters: dict[str, Any]
    amount_by: str
    amounts: dict[str, Any]
    classes: dict[str, int]
    officers: tuple[Officer, ...]
    per_site: int
    barred: tuple[tuple[str, str], ...]
    tasks: tuple[TaskLine, ...]


def list_draws(workspace: Workspace) -> list[DrawLine]:
    """All draws, the latest first; voided ones too, for nobody draws until the result pleases."""
    return [_line(workspace, row) for row in workspace.select(f"{_LINE} ORDER BY made_at DESC, id DESC")]


def draw_detail(workspace: Workspace, draw_id: str) -> DrawDetail:
    """One draw.

    Raises:
        Refused: There is none.
    """
    rows = workspace.select(f"{_LINE} WHERE id = ?", draw_id)
    if not rows:
        raise no_draw(draw_id)
    values = workspace.row("draws", draw_id).values
    population, officers = _map(values["population"]), decoded(values["officers"], [])
    return DrawDetail(
        line=_line(workspace, rows[0]),
        filters=_map(values["filters"]),
        amount_by=values["amount_by"] or "",
        amounts=_map(values["amounts"]),
        classes={name: len(ids) for name, ids in population.items() if isinstance(ids, list)},
        officers=tuple(
            Officer(str(one.get("name", "")), str(one.get("badge", "")))
            for one in (officers if isinstance(officers, list) else [])
            if isinstance(one, dict)
        ),
        per_site=values["per_site"] or 0,
        barred=tuple(
            (str(pair[0]), str(pair[1]))
            for pair in decoded(values["barred"], [])
            if isinstance(pair, list) and len(pair) == 2
        ),
        tasks=tuple(list_tasks(workspace, draw=draw_id)),
    )


def no_draw(draw_id: str) -> Refused:
    """That there is no such draw."""
    return Refused(
        f"没有编号为 {draw_id[:60]} 的抽取；请用 inspect-tui draw list 查看。",
        f"There is no draw {draw_id[:60]}; see inspect-tui draw list.",
    )


def _map(value: Any) -> dict[str, Any]:
    said = decoded(value, {})
    return said if isinstance(said, dict) else {}


def _line(workspace: Workspace, row: sqlite3.Row) -> DrawLine:
    return DrawLine(
        id=row["id"],
        area=row["area"],
        area_name=area_name(workspace, row["area"]),
        title=row["title"] or "",
        seed=row["seed"] or "",
        seed_source=row["seed_source"] or "",
        algorithm=row["algorithm"] or "",
        population=row["population_count"] or 0,
        population_sha256=row["population_sha256"] or "",
        drawn=row["drawn"],
        made_at=row["made_at"] or "",
        made_by=row["made_by"] or "",
        voided=row["void_reason"] or "",
        conflict=row["conflict"] is not None,
    )
