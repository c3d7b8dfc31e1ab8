"""What real use leaves behind: a small workspace made through the product's own actions, and findings as it writes them.

All material of the benchmarks is multiplied from these, so that cells, lengths and joins are those of the house.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any, Final

import msgspec

from inspect_tui.records import findings, inspections
from inspect_tui.records.model import FindingInput, Officer, SiteInput, TypedPosition
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AREA: Final = "141102"
NAME: Final = "检查员甲"
BADGE: Final = "14110200001"
OFFICERS: Final = (Officer(NAME, BADGE), Officer("检查员乙", "14110200002"))
VISIT: Final = dt.datetime(2026, 11, 20, 9, 10, tzinfo=dt.timezone(dt.timedelta(hours=8)))
VISIT_MS: Final = 1_795_137_000_000
SITES: Final = (
    SiteInput(
        name="示例住宅项目二期",
        kind="construction_site",
        area=AREA,
        address="离石区滨河北路示例段",
        position=TypedPosition("111.150200", "37.518900"),
        responsible_party="示例建设集团有限公司",
        attributes={"road_class": "main"},
    ),
    SiteInput(
        name="示例河排污口一号", kind="outfall", area=AREA, position=TypedPosition("111.141500", "37.522300")
    ),
    SiteInput(
        name="示例工业固废堆场",
        kind="solid_waste_yard",
        area=AREA,
        position=TypedPosition("111.120400", "37.491100"),
    ),
)
CHECKLISTS: Final = ("construction-dust", "river-outfall", "solid-waste-storage")
DESCRIPTIONS: Final = (
    "现场检查时未落实该项要求，已拍照取证，并告知现场负责人。",
    "西侧约 120 米范围内措施缺失，风起时可见明显扬尘，责任单位称正在采购物料。",
    "台账记录不完整，缺 10 月份数据；现场负责人承诺三日内补齐并报送。",
    "Covers torn along the eastern edge: about 40 m of material lies open; the contractor was told.",
)


def open_inspections(workspace: Workspace) -> list[str]:
    """One site of each kind with one inspection of each core checklist; ids of the inspections."""
    made: list[str] = []
    for site, checklist in zip(SITES, CHECKLISTS, strict=True):
        site_id = add_site(workspace, site)
        made.append(inspections.start(workspace, site_id, checklist, officers=OFFICERS, started_at=VISIT))
    return made


def make_workspace(folder: Path) -> Workspace:
    """A new workspace of one officer."""
    return Workspace.init(folder, name=NAME, badge=BADGE, area=AREA)


def items(workspace: Workspace, inspection: str) -> list[str]:
    """Ids of the items that an inspection asks."""
    from inspect_tui.records.frozen import frozen_of

    frozen = frozen_of(workspace, workspace.row("inspections", inspection))
    return [item.id for item in frozen.checklist.items()]


def furnish(workspace: Workspace) -> list[str]:
    """Write one finding for every item of the three checklists; ids of the inspections."""
    made = open_inspections(workspace)
    said = itertools.cycle(DESCRIPTIONS)
    for inspection in made:
        with workspace.writing():
            for item in items(workspace, inspection):
                findings.add_finding(workspace, inspection, item, FindingInput(description=next(said)))
    return made


def finding_sets(workspace: Workspace) -> list[dict[str, Any]]:
    """What the changesets of the workspace's findings say: cell → value."""
    return [
        change["set"]
        for (body,) in map(tuple, workspace.select("SELECT body FROM log ORDER BY id"))
        for change in msgspec.json.decode(body)["changes"]
        if change["table"] == "findings" and not change["seen"]
    ]


def many(sets: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """So many findings of the same kinds: ten an inspection, fifty a site, every description another."""
    for number, said in zip(range(count), itertools.cycle(sets), strict=False):
        yield {
            **said,
            "description": f"{said['description']}（{number}）",
            "inspection": row_id(2, number // 10),
            "site": row_id(1, number // 50),
        }


def row_id(kind: int, number: int) -> str:
    """A UUIDv7 as it is made in the field: its time rises with the number."""
    stamp = VISIT_MS + number
    mixed = number * 0x9E3779B97F4A7C15 & 0x3FFF_FFFF_FFFF_FFFF
    return f"{stamp >> 16:08x}-{stamp & 0xFFFF:04x}-7{kind:03x}-{0x8000 | mixed >> 48:04x}-{mixed & 0xFFFF_FFFF_FFFF:012x}"
