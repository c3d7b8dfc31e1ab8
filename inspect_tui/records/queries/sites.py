"""Sites as they are listed and searched."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from inspect_tui.records import times
from inspect_tui.records.positions import point_of
from inspect_tui.records.queries.common import area_condition, area_name, kind_title, like
from inspect_tui.records.queries.findings import FindingFilter, FindingLine, list_findings
from inspect_tui.records.queries.inspections import InspectionLine, list_inspections
from inspect_tui.records.queries.tasks import TaskLine, list_tasks
from inspect_tui.records.rows import decoded
from inspect_tui.records.same_sites import SiteGroups, site_groups
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from inspect_tui.records.same_sites import Joining
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text
    from sync.replica import Row

EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site in a list. Coordinates are WGS-84 decimal degrees as text.

    Attributes:
        risk_class: `high`, `medium`, `low`, or empty where the site is not graded.
        last_inspected: UTC time at which the latest submitted inspection started, None before the first; one that is
            open for amendment again counts.
        open_findings: Those that wait for correction or recheck.
        distance_m: From where one is, when that is known.
        joined_names: Names of the sites that were joined to it as the same; its counts include theirs.
    """

    id: str
    area: str
    area_name: Text
    name: str
    kind: str
    kind_title: Text
    address: str
    uscc: str
    risk_class: str
    longitude: str | None
    latitude: str | None
    inspections: int
    last_inspected: str | None
    open_findings: int
    conflict: bool
    void: bool
    distance_m: int | None = None
    joined_names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name, marked where other rows were joined to it: with what they are called, or how many rows it has."""
        others = [name for name in dict.fromkeys(self.joined_names) if name != self.name]
        if not self.joined_names:
            return self.name
        return f"{self.name} (= {', '.join(others)})" if others else f"{self.name} (×{len(self.joined_names) + 1})"


@dataclass(frozen=True, slots=True)
class SiteDetail:
    """One site with its history.

    Attributes:
        row: The row as it stands, to be given back as `basis` of a change.
        contact_phone: None where it is unknown, purged, or not on this device.
        inspections: Those of all sites that are one with it, and so with findings and tasks.
        tasks: Those that wait, the oldest due date first.
        same: The sites that are one with it, the one shown in lists first; empty as a rule.
        joinings: Who said so, when and why.
    """

    line: SiteLine
    row: Row
    responsible_party: str
    attributes: Mapping[str, str]
    contact_phone: str | None
    inspections: tuple[InspectionLine, ...]
    findings: tuple[FindingLine, ...]
    tasks: tuple[TaskLine, ...]
    same: tuple[SameSite, ...] = ()
    joinings: tuple[Joining, ...] = ()

    @property
    def kept(self) -> SameSite | None:
        """The site under which this one is shown in lists; None where it is shown itself."""
        return self.same[0] if self.same and self.same[0].id != self.row.id else None


@dataclass(frozen=True, slots=True)
class SameSite:
    """One of several rows that are one site."""

    id: str
    name: str


SiteSort: TypeAlias = Literal["name", "last", "risk"]
_LAST: Final = (
    "(SELECT max(started_at) FROM inspections WHERE site = sites.id AND state IN ('submitted', 'returned')"
    " AND void_at IS NULL)"
)
_RISK: Final = "CASE risk_class WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END"
_ORDERS: Final[dict[SiteSort, str]] = {
    "name": "name, id",
    "last": "last_inspected IS NOT NULL, last_inspected, name, id",
    "risk": f"{_RISK}, last_inspected IS NOT NULL, last_inspected, name, id",
}
_QUERY: Final = (
    "SELECT sites.*,"
    " (SELECT count(*) FROM inspections WHERE site = sites.id AND void_at IS NULL) AS inspection_count,"
    f" {_LAST} AS last_inspected,"
    " (SELECT count(*) FROM findings WHERE site = sites.id AND status IN ('open', 'replied')) AS open_findings"
    " FROM sites"
)


def list_sites(
    workspace: Workspace,
    *,
    words: str = "",
    area: str | None = None,
    kind: str | None = None,
    risk: str | None = None,
    not_inspected_days: int | None = None,
    sort: SiteSort = "name",
    near: tuple[float, float] | None = None,
    include_void: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> list[SiteLine]:
    """Sites by name, or in another order; by distance when `near` is given.

    Args:
        workspace: Where.
        words: Each must stand in name, address, credit code, responsible party or area code.
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        kind: Only this kind.
        risk: Only this risk class; `none` for those without one.
        not_inspected_days: Only those without a submitted inspection that started within so many days.
        sort: `name`; `last`, never inspected first, then the longest ago; `risk`, high first, then as `last`.
        near: (latitude, longitude) in WGS-84 degrees; the 5,000 sites first by name are then sorted by distance.
        include_void: Also voided ones.
        limit: At most so many.
        offset: Leave out so many first.
    """
    conditions, values = like(words, ("name", "address", "uscc", "responsible_party", "area"))
    if area is not None:
        condition, prefix = area_condition("area", area)
        conditions.append(condition)
        values.append(prefix)
    if kind is not None:
        conditions.append("kind = ?")
        values.append(kind)
    if risk is not None:
        conditions.append("coalesce(risk_class, 'none') = ?")
        values.append(risk)
    if not include_void:
        conditions.append("void_at IS NULL")
    # of the site with all that is joined to it
    late, since = [], []
    if not_inspected_days is not None:
        late.append(f"coalesce({_LAST}, '') < ?")
        since.append(inspected_since(not_inspected_days))
    groups = site_groups(workspace)
    query = _QUERY
    if groups.root_of:
        query, conditions, values = _over_groups(groups, conditions, values)
        late = [one.replace(_OWN, _OF_GROUP) for one in late]
    where = f" WHERE {' AND '.join([*conditions, *late])}" if conditions or late else ""
    window = (5000, 0) if near is not None else (limit, offset)
    rows = workspace.select(f"{query}{where} ORDER BY {_ORDERS[sort]} LIMIT ? OFFSET ?", *values, *since, *window)
    names = _names(workspace, groups.root_of)
    lines = [_line(workspace, row, _joined_names(groups, names, row["id"])) for row in rows]
    if near is None:
        return lines
    measured = [replace(line, distance_m=_distance(line, near)) for line in lines]
    measured.sort(key=lambda line: math.inf if line.distance_m is None else line.distance_m)
    return measured[offset : offset + limit]


def inspected_since(days: int) -> str:
    """The stored time from which on an inspection lies within `days` days: the beginning of that day in Asia/Shanghai.

    Raises:
        Refused: That is no plausible time.
    """
    day = times.now().astimezone(times.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return times.stored(day - dt.timedelta(days=days))
    except (OverflowError, Refused):
        raise Refused(f"天数 {days} 过大；请写 1 至 9999。", f"{days} days are too many; give 1 to 9999.") from None


def _distance(line: SiteLine, near: tuple[float, float]) -> int | None:
    point = point_of({"latitude": line.latitude, "longitude": line.longitude})
    if point is None:
        return None
    there = math.radians(point[0]), math.radians(point[1])
    here = math.radians(near[0]), math.radians(near[1])
    half = (
        math.sin((there[0] - here[0]) / 2) ** 2
        + math.cos(there[0]) * math.cos(here[0]) * math.sin((there[1] - here[1]) / 2) ** 2
    )
    return round(2 * EARTH_M * math.asin(math.sqrt(min(1.0, half))))


_OWN: Final = "site = sites.id"
_OF_GROUP: Final = "site IN (SELECT sites.id UNION ALL SELECT member FROM joined_sites WHERE root = sites.id)"


def _grouped(query: str) -> str:
    """`query` with its counts over all sites that are one; its first parameter is their map."""
    with_groups = "WITH joined_sites(member, root) AS (SELECT key, value FROM json_each(?))"
    return f"{with_groups} {query.replace(_OWN, _OF_GROUP)}"


def _over_groups(
    groups: SiteGroups, conditions: list[str], values: list[object]
) -> tuple[str, list[str], list[object]]:
    """A site is listed where it or one that was joined to it fits; the joined ones are not listed themselves."""
    given: list[object] = [json.dumps(groups.root_of)]
    shown = ["sites.id NOT IN (SELECT member FROM joined_sites)"]
    if conditions:
        fits = " AND ".join(conditions)
        through = f"SELECT root FROM joined_sites JOIN sites ON sites.id = member WHERE {fits}"
        shown.append(f"({fits} OR sites.id IN ({through}))")
        given += [*values, *values]
    return _grouped(_QUERY), shown, given


def _names(workspace: Workspace, ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted(ids)
    if not wanted:
        return {}
    query = "SELECT id, name FROM sites WHERE id IN (SELECT value FROM json_each(?))"
    return {row["id"]: row["name"] or "" for row in workspace.select(query, json.dumps(wanted))}


def _joined_names(groups: SiteGroups, names: Mapping[str, str], site: str) -> tuple[str, ...]:
    """What the sites joined to this one are called, where they are called otherwise or not."""
    return tuple(names[one] for one in groups.group(site)[1:]) if groups.root_of else ()


def _line(workspace: Workspace, row: sqlite3.Row, joined_names: tuple[str, ...] = ()) -> SiteLine:
    return SiteLine(
        id=row["id"],
        area=row["area"],
        area_name=area_name(workspace, row["area"]),
        name=row["name"] or "",
        kind=row["kind"] or "",
        kind_title=kind_title(workspace, row["kind"] or ""),
        address=row["address"] or "",
        uscc=row["uscc"] or "",
        risk_class=row["risk_class"] or "",
        longitude=row["longitude"],
        latitude=row["latitude"],
        inspections=row["inspection_count"],
        last_inspected=row["last_inspected"],
        open_findings=row["open_findings"],
        conflict=row["conflict"] is not None,
        void=row["void_at"] is not None,
        joined_names=joined_names,
    )


def site_detail(workspace: Workspace, site_id: str) -> SiteDetail:
    """One site with its history.

    Raises:
        Refused: There is none.
    """
    row = workspace.row("sites", site_id)
    groups = site_groups(workspace)
    members = groups.group(site_id)
    names = _names(workspace, members if len(members) > 1 else ())
    query = f"{_grouped(_QUERY)} WHERE sites.id = ?"
    found = workspace.select(query, json.dumps(groups.root_of), site_id)[0]
    line = _line(workspace, found, _joined_names(groups, names, site_id) if members[0] == site_id else ())
    visits = [one for site in members for one in list_inspections(workspace, site=site, include_void=True)]
    findings = [one for site in members for one in list_findings(workspace, FindingFilter(site=site)).lines]
    tasks = [one for site in members for one in list_tasks(workspace, site=site, states=("assigned", "started"))]
    if len(members) > 1:
        visits.sort(key=lambda one: one.id, reverse=True)
        findings.sort(key=lambda one: one.id, reverse=True)
        tasks.sort(key=lambda one: (one.due_date or "9999", one.id))
    phone = row.values["contact_phone"]
    return SiteDetail(
        line=line,
        row=row,
        responsible_party=row.values["responsible_party"] or "",
        attributes=decoded(row.values["attributes"], {}),
        contact_phone=workspace.replica.get_private(phone) if phone else None,
        inspections=tuple(visits),
        findings=tuple(findings),
        tasks=tuple(tasks),
        same=tuple(SameSite(site, names[site]) for site in members) if len(members) > 1 else (),
        joinings=groups.of(site_id) if len(members) > 1 else (),
    )
