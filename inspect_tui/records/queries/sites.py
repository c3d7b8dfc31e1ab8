"""Sites as they are listed and searched."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inspect_tui.records.positions import point_of
from inspect_tui.records.queries.common import area_condition, area_name, kind_title, like
from inspect_tui.records.queries.findings import FindingFilter, FindingLine, list_findings
from inspect_tui.records.queries.inspections import InspectionLine, list_inspections
from inspect_tui.records.rows import decoded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text
    from sync.replica import Row

EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site in a list. Coordinates are WGS-84 decimal degrees as text.

    Attributes:
        last_inspected: UTC time of the latest visit, None before the first.
        open_findings: Those that wait for correction or recheck.
        distance_m: From where one is, when that is known.
    """

    id: str
    area: str
    area_name: Text
    name: str
    kind: str
    kind_title: Text
    address: str
    uscc: str
    longitude: str | None
    latitude: str | None
    inspections: int
    last_inspected: str | None
    open_findings: int
    conflict: bool
    void: bool
    distance_m: int | None = None


@dataclass(frozen=True, slots=True)
class SiteDetail:
    """One site with its history.

    Attributes:
        row: The row as it stands, to be given back as `basis` of a change.
        contact_phone: None where it is unknown, purged, or not on this device.
    """

    line: SiteLine
    row: Row
    responsible_party: str
    attributes: Mapping[str, str]
    contact_phone: str | None
    inspections: tuple[InspectionLine, ...]
    findings: tuple[FindingLine, ...]


_QUERY: Final = (
    "SELECT sites.*,"
    " (SELECT count(*) FROM inspections WHERE site = sites.id AND void_at IS NULL) AS inspection_count,"
    " (SELECT max(started_at) FROM inspections WHERE site = sites.id AND void_at IS NULL) AS last_inspected,"
    " (SELECT count(*) FROM findings WHERE site = sites.id AND status IN ('open', 'replied')) AS open_findings"
    " FROM sites"
)


def list_sites(
    workspace: Workspace,
    *,
    words: str = "",
    area: str | None = None,
    kind: str | None = None,
    near: tuple[float, float] | None = None,
    include_void: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> list[SiteLine]:
    """Sites by name, or by distance when `near` is given.

    Args:
        workspace: Where.
        words: Each must stand in name, address, credit code, responsible party or area code.
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        kind: Only this kind.
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
    if not include_void:
        conditions.append("void_at IS NULL")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    window = (5000, 0) if near is not None else (limit, offset)
    rows = workspace.select(f"{_QUERY}{where} ORDER BY name, id LIMIT ? OFFSET ?", *values, *window)
    lines = [_line(workspace, row) for row in rows]
    if near is None:
        return lines
    measured = [replace(line, distance_m=_distance(line, near)) for line in lines]
    measured.sort(key=lambda line: math.inf if line.distance_m is None else line.distance_m)
    return measured[offset : offset + limit]


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


def _line(workspace: Workspace, row: sqlite3.Row) -> SiteLine:
    return SiteLine(
        id=row["id"],
        area=row["area"],
        area_name=area_name(workspace, row["area"]),
        name=row["name"] or "",
        kind=row["kind"] or "",
        kind_title=kind_title(workspace, row["kind"] or ""),
        address=row["address"] or "",
        uscc=row["uscc"] or "",
        longitude=row["longitude"],
        latitude=row["latitude"],
        inspections=row["inspection_count"],
        last_inspected=row["last_inspected"],
        open_findings=row["open_findings"],
        conflict=row["conflict"] is not None,
        void=row["void_at"] is not None,
    )


def site_detail(workspace: Workspace, site_id: str) -> SiteDetail:
    """One site with its history.

    Raises:
        Refused: There is none.
    """
    row = workspace.row("sites", site_id)
    line = _line(workspace, workspace.select(f"{_QUERY} WHERE sites.id = ?", site_id)[0])
    phone = row.values["contact_phone"]
    return SiteDetail(
        line=line,
        row=row,
        responsible_party=row.values["responsible_party"] or "",
        attributes=decoded(row.values["attributes"], {}),
        contact_phone=workspace.replica.get_private(phone) if phone else None,
        inspections=tuple(list_inspections(workspace, site=site_id, include_void=True)),
        findings=list_findings(workspace, FindingFilter(site=site_id)).lines,
    )
