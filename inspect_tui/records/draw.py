"""Actions on draws 双随机: see who is in it, record it with its tasks, repeat it from the log, void it.

The arithmetic is in `drawing`; what it was fed with is recorded whole, so that anyone can repeat a draw.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.drawing import (
    ALGORITHM,
    CLASSES,
    AmountBy,
    Drawn,
    Urn,
    draw,
    how_many,
    population_digest,
    tidy_amount,
)
from inspect_tui.records.inspections import officer_edits
from inspect_tui.records.model import RISK_CLASSES, Officer
from inspect_tui.records.queries.common import area_condition, kind_title, known_area, known_kind
from inspect_tui.records.queries.sites import inspected_since
from inspect_tui.records.rows import group
from inspect_tui.records.rules import MIN_OFFICERS, badge_key, clean_badge, clean_line, clean_text
from inspect_tui.records.same_sites import site_groups
from inspect_tui.records.sites import void_row
from inspect_tui.records.tasks import (
    made_cell,
    refuse_checklist,
    refuse_others,
    task_edit,
    tidy_due,
    tidy_officers,
)
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit

MAX_POPULATION: Final = 15_000
MAX_DRAWN: Final = 2_000
"""A changeset holds at most 1 MiB; so many sites and results fit into the one of the draw."""
_TASKS_AT_ONCE: Final = 500
"""Tasks in one changeset."""
_SEED_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class DrawInput:
    """What a supervisor wants drawn.

    Attributes:
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        by: Whether `amounts` are percent or numbers of sites.
        amounts: Class → how much of it; the class is `all`, or a risk class, `none` for sites without one. Sites of a
            class that is not named are not drawn from.
        officers: Who may be drawn.
        due_date: Last day of the tasks.
        kinds: Only sites of these kinds; of any when empty.
        not_inspected_days: Leave out sites inspected within so many days.
        checklist: For all tasks; the first that is made for the kind of each site when empty.
        per_site: How many officers go to a site.
        barred: (badge, site) that must not meet 回避.
        seed: One line of text that everybody may know; a random one when empty.
        title: What the draw is called.
        note: For every task.
    """

    area: str
    by: AmountBy
    amounts: Mapping[str, str]
    officers: Sequence[Officer]
    due_date: str
    kinds: Sequence[str] = ()
    not_inspected_days: int | None = None
    checklist: str = ""
    per_site: int = MIN_OFFICERS
    barred: Sequence[tuple[str, str]] = ()
    seed: str = ""
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """A site that can be drawn."""

    id: str
    name: str
    area: str
    kind: str


@dataclass(frozen=True, slots=True)
class Share:
    """One class of the draw: how many sites it has, and how many of them come out."""

    name: str
    amount: str
    total: int
    drawn: int


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """What a draw is made from, and what comes out.

    Attributes:
        urn: What goes into the arithmetic.
        shares: The classes.
        inspected: How many sites were left out because they were inspected not long ago.
        unclassed: How many were left out because their class has no amount.
        sites: By id.
        officers: By badge number.
        checklists: Checklist of each kind that is in the draw.
        drawn: What comes out; empty while no seed is given.
        since: UTC; sites inspected from then on were left out. None where that was not asked for.
        due_date: Last day of the tasks.
    """

    urn: Urn
    shares: tuple[Share, ...]
    inspected: int
    unclassed: int
    sites: dict[str, PlannedSite]
    officers: dict[str, Officer]
    checklists: dict[str, str]
    drawn: tuple[Drawn, ...]
    since: str | None
    due_date: str


def plan_draw(workspace: Workspace, said: DrawInput) -> DrawPlan:
    """What recording the draw would be made from; nothing is written.

    Without a seed nobody is drawn: what comes out is settled only when it is recorded.

    Raises:
        RefusedByRules: No day, or officers that cannot be recorded.
        Refused: Unknown area, kind, checklist or site; amounts that are none; nothing to draw from; too few officers;
            more than can be recorded at once; or this device may not make tasks there.
    """
    known_area(workspace, said.area)
    for kind in said.kinds:
        known_kind(workspace, kind)
    amounts = _tidy_amounts(said)
    officers = {officer.badge: officer for officer in tidy_officers(said.officers)}
    per_site = _tidy_per_site(said.per_site, len(officers))
    barred = _tidy_barred(workspace, said.barred, list(officers))
    due = tidy_due(said.due_date)
    since = None if said.not_inspected_days is None else inspected_since(said.not_inspected_days)
    found = _sites(workspace, said, since)
    population: dict[str, list[str]] = {name: [] for name in amounts}
    sites: dict[str, PlannedSite] = {}
    inspected = unclassed = 0
    for row, recent in found:
        name = "all" if "all" in amounts else _class_of(row)
        if name not in population:
            unclassed += 1
        elif recent:
            inspected += 1
        else:
            population[name].append(row["id"])
            sites[row["id"]] = PlannedSite(row["id"], row["name"] or "", row["area"], row["kind"] or "")
    _refuse_sizes(len(sites), inspected, unclassed)
    checklists = _checklists(workspace, said.checklist, {site.kind for site in sites.values()})
    urn = Urn(clean_line(said.seed), said.by, amounts, population, tuple(officers), per_site, barred)
    shares = tuple(
        Share(name, amounts[name], len(population[name]), how_many(said.by, amounts[name], len(population[name])))
        for name in CLASSES
        if name in amounts
    )
    if (count := sum(share.drawn for share in shares)) > MAX_DRAWN:
        raise Refused(
            f"一次最多抽取 {MAX_DRAWN} 个对象，现为 {count} 个；请按行政区或类型分次抽取。",
            f"At most {MAX_DRAWN} sites are drawn at once, this would be {count}; draw by area or kind.",
        )
    refuse_others(workspace, sorted({said.area, *(site.area for site in sites.values())}))
    drawn = tuple(draw(urn)) if urn.seed else ()
    return DrawPlan(urn, shares, inspected, unclassed, sites, officers, checklists, drawn, since, due)


def new_draw(workspace: Workspace, said: DrawInput) -> str:
    """Record a draw and a task for each site that came out, all or nothing.

    The draw stands in the area it was made for, each task in the area of its site.

    Returns:
        The row id of the draw.

    Raises:
        RefusedByRules: As `plan_draw`.
        Refused: As `plan_draw`.
    """
    source = "given" if clean_line(said.seed) else "random"
    if source == "random":
        said = replace(said, seed=secrets.token_hex(_SEED_BYTES))
    with workspace.writing():
        plan = plan_draw(workspace, said)
        row = new_id()
        workspace.write(said.area, [_draw_edit(workspace, row, said, plan, source)])
        for area, edits in _task_edits(workspace, row, said, plan).items():
            for at in range(0, len(edits), _TASKS_AT_ONCE):
                workspace.write(area, edits[at : at + _TASKS_AT_ONCE])
    return row


def void_draw(workspace: Workspace, draw_id: str, reason: str) -> int:
    """Void a draw with a reason, and cancel those of its tasks that nobody has begun; all of it stays in the log.

    Returns:
        How many tasks were cancelled.

    Raises:
        Refused: No reason, no such draw, void already, or this device may not.
    """
    from inspect_tui.records.queries.tasks import list_tasks

    with workspace.writing():
        row = workspace.row("draws", draw_id)
        tasks = list_tasks(workspace, draw=draw_id, states=("assigned",))
        refuse_others(workspace, sorted({row.area, *(task.area for task in tasks)}))
        void_row(workspace, "draws", draw_id, reason)
        for task in tasks:
            void_row(workspace, "tasks", task.id, clean_text(reason))
    return len(tasks)


def _draw_edit(workspace: Workspace, row: str, said: DrawInput, plan: DrawPlan, source: str) -> Edit:
    from sync.replica import Edit

    urn = plan.urn
    population = {name: sorted(ids) for name, ids in urn.population.items()}
    filters = {
        "area": said.area,
        "kinds": sorted(set(said.kinds)),
        "inspected_since": plan.since,
        "checklist": said.checklist or None,
    }
    cells: dict[str, Any] = {
        "title": clean_line(said.title) or None,
        "filters": filters,
        "amounts": group("draws", "amounts", {"amount_by": urn.by, "amounts": dict(urn.amounts)}),
        "seed": group("draws", "seed", {"seed": urn.seed, "seed_source": source}),
        "algorithm": ALGORITHM,
        "population": population,
        "population_digest": group(
            "draws",
            "population_digest",
            {"population_sha256": population_digest(population), "population_count": len(plan.sites)},
        ),
        "officers": [{"name": one.name, "badge": one.badge} for one in plan.officers.values()],
        "per_site": urn.per_site,
        "barred": sorted(list(pair) for pair in urn.barred),
        "result": [[one.site, *one.officers] for one in plan.drawn],
        "made": made_cell(workspace, "draws"),
    }
    return Edit("draws", row, cells)


def _task_edits(workspace: Workspace, row: str, said: DrawInput, plan: DrawPlan) -> dict[str, list[Edit]]:
    note = clean_text(said.note)
    edits: dict[str, list[Edit]] = {}
    for one in plan.drawn:
        site = plan.sites[one.site]
        people = [plan.officers[badge] for badge in one.officers]
        edits.setdefault(site.area, []).append(
            task_edit(workspace, site.id, plan.checklists[site.kind], people, plan.due_date, note, draw=row)
        )
    for area, made in edits.items():
        met = {badge for one in plan.drawn if plan.sites[one.site].area == area for badge in one.officers}
        made.extend(officer_edits(workspace, area, [plan.officers[badge] for badge in sorted(met)]))
    return edits


def _class_of(row: sqlite3.Row) -> str:
    return row["risk_class"] if row["risk_class"] in RISK_CLASSES else "none"


def _sites(workspace: Workspace, said: DrawInput, since: str | None) -> list[tuple[sqlite3.Row, bool]]:
    """Each site once, with whether it, or one that was joined to it as the same, was inspected lately."""
    condition, prefix = area_condition("area", said.area)
    kinds = f" AND kind IN ({', '.join('?' * len(said.kinds))})" if said.kinds else ""
    rows = workspace.select(
        f"SELECT id, name, area, kind, risk_class FROM sites WHERE void_at IS NULL AND {condition}{kinds} ORDER BY id",
        prefix,
        *said.kinds,
    )
    groups = site_groups(workspace)
    recent = set()
    if since is not None:
        inspected = workspace.select(
            "SELECT DISTINCT site FROM inspections WHERE state IN ('submitted', 'returned') AND void_at IS NULL"
            " AND started_at >= ?",
            since,
        )
        recent = {groups.root(row["site"]) for row in inspected}
    return [(row, row["id"] in recent) for row in rows if row["id"] not in groups.root_of]


def _tidy_amounts(said: DrawInput) -> dict[str, str]:
    unknown = sorted(set(said.amounts) - set(CLASSES))
    if unknown or not said.amounts or ("all" in said.amounts and len(said.amounts) > 1):
        named = unknown[0][:20] if unknown else ""
        raise Refused(
            f"抽取数量{f'“{named}”' if named else ''}不对；请给出一个总的（25），或按风险等级给出"
            "（high=50，可用 high、medium、low、none），两种不能混用。",
            f"The amounts{f' “{named}”' if named else ''} are none; give one for all (25) or one for each risk class"
            " (high=50; high, medium, low, none), never both.",
        )
    return {name: tidy_amount(said.by, said.amounts[name]) for name in CLASSES if name in said.amounts}


def _tidy_per_site(per_site: int, officers: int) -> int:
    if per_site < MIN_OFFICERS:
        raise Refused(
            f"每个对象至少 {MIN_OFFICERS} 名执法人员（行政处罚法第四十二条）。",
            f"A site takes at least {MIN_OFFICERS} officers (Administrative Penalty Law, art. 42).",
        )
    if officers < per_site:
        raise Refused(
            f"每个对象需 {per_site} 名执法人员，名单中只有 {officers} 名；请增加人员。",
            f"Each site takes {per_site} officers and only {officers} are listed; name more.",
        )
    return per_site


def _tidy_barred(
    workspace: Workspace, said: Sequence[tuple[str, str]], officers: Sequence[str]
) -> frozenset[tuple[str, str]]:
    by_key = {badge_key(badge): badge for badge in officers}
    barred: set[tuple[str, str]] = set()
    for badge, site in said:
        listed = by_key.get(badge_key(badge))
        if listed is None:
            raise Refused(
                f"回避人员 {clean_badge(badge) or '（空）'} 不在执法人员名单中。",
                f"{clean_badge(badge) or '(empty)'}, who is barred from a site, is not among the officers.",
            )
        workspace.row("sites", site)
        barred.add((listed, site))
    return frozenset(barred)


def _refuse_sizes(count: int, inspected: int, unclassed: int) -> None:
    if not count:
        raise Refused(
            f"没有可抽取的对象（近期检查过的 {inspected} 个、等级未给数量的 {unclassed} 个不计）；请放宽条件。",
            f"There is no site to draw from ({inspected} inspected not long ago and {unclassed} of classes without an"
            " amount do not count); widen the conditions.",
        )
    if count > MAX_POPULATION:
        raise Refused(
            f"一次最多从 {MAX_POPULATION} 个对象中抽取，现有 {count} 个；请按行政区或类型分次抽取。",
            f"At most {MAX_POPULATION} sites are drawn from at once, there are {count}; draw by area or kind.",
        )


def _checklists(workspace: Workspace, checklist: str, kinds: set[str]) -> dict[str, str]:
    if checklist:
        refuse_checklist(workspace, checklist)
        return dict.fromkeys(kinds, checklist)
    found: dict[str, str] = {}
    for kind in sorted(kinds):
        fitting = workspace.catalogue.checklists_for(kind)
        if not fitting:
            title = kind_title(workspace, kind)
            raise Refused(
                f"没有为“{title.zh}”编制的检查表；请用 --checklist 指定，或按类型分次抽取。",
                f"No checklist is made for “{title.en}”; name one with --checklist, or draw by kind.",
            )
        found[kind] = fitting[0].id
    return found
