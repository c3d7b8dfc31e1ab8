"""A workspace with something on every screen, made with a stopped clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records import answers, inspections
from inspect_tui.records.attach import attach
from inspect_tui.records.model import AnswerInput, Officer, Present, SiteInput, TypedPosition
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.model import Verdict

ZONE = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 11, 20, 10, 30, tzinfo=ZONE)
LONG_AGO = NOW - dt.timedelta(days=30)
PLACE = (37.5189, 111.1502)
OLD, NEW = "01a00000-0000-7000-8000-000000000001", "01a00000-0000-7000-8000-000000000002"
OFFICERS = (Officer("李强", "14110200001"), Officer("王芳", "14110200002"))


@dataclass(frozen=True)
class Furnished:
    """What was made."""

    folder: Path
    photos: Path
    site: str
    draft: str
    submitted: str


def furnish(folder: Path, photos: Path) -> Furnished:
    """Three sites, a submitted inspection with overdue findings, a draft with answers, a value and a photo."""
    photos.mkdir()
    for index in range(3):
        make_photo(
            photos / f"IMG_{index + 1}.jpg",
            latitude=PLACE[0] + index * 0.01,
            longitude=PLACE[1],
            taken_at=NOW - dt.timedelta(minutes=20 - index) if index < 2 else LONG_AGO,
            size=(640, 480),
            seed=index,
        )
    with Workspace.init(folder, name="李强", badge="14110200001", area="141102") as workspace:
        site = _sites(workspace)
        submitted = _submitted(workspace, site)
        draft = _draft(workspace, site, photos)
    return Furnished(folder, photos, site, draft, submitted)


def _sites(workspace: Workspace) -> str:
    site = add_site(
        workspace,
        SiteInput(
            name="滨河新区住宅一期",
            kind="construction_site",
            area="141102",
            address="离石区滨河北路 8 号",
            position=TypedPosition(str(PLACE[1]), str(PLACE[0])),
            responsible_party="吕梁某建设有限公司",
            attributes={"road_class": "main"},
        ),
    )
    add_site(workspace, SiteInput(name="三川河一号排口", kind="outfall", area="141125", address="柳林县穆村镇"))
    add_site(workspace, SiteInput(name="东山矸石场", kind="solid_waste_yard", area="141127"))
    return site


def _submitted(workspace: Workspace, site: str) -> str:
    row = inspections.start(workspace, site, "construction-dust", officers=OFFICERS, started_at=LONG_AGO, row=OLD)
    for item, verdict, reason in (
        ("CD-001", "fail", "无方案"),
        ("CD-002", "n_a", "市政工程"),
        ("CD-003", "pass", ""),
        ("CD-004", "fail", "合同中没有扬尘防治费用"),
    ):
        _say(workspace, row, item, verdict, reason)
    inspections.set_present(workspace, row, Present("赵经理", "项目经理"))
    inspections.submit(workspace, row, ended_at=LONG_AGO + dt.timedelta(hours=1))
    return row


def _draft(workspace: Workspace, site: str, photos: Path) -> str:
    row = inspections.start(
        workspace,
        site,
        "construction-dust",
        officers=OFFICERS[:1],
        started_at=NOW - dt.timedelta(minutes=30),
        row=NEW,
    )
    for item, verdict, reason in (
        ("CD-001", "pass", ""),
        ("CD-002", "n_a", ""),
        ("CD-003", "fail", "公示牌缺监督电话"),
    ):
        _say(workspace, row, item, verdict, reason)
    answers.answer(workspace, row, "CD-101", AnswerInput(value="1.8", note="北侧围挡"))
    attach(workspace, row, "CD-101", [photos / "IMG_2.jpg"])
    return row


def _say(workspace: Workspace, inspection: str, item: str, verdict: str, reason: str) -> None:
    kind: Verdict = verdict  # type: ignore[assignment]
    answers.answer(workspace, inspection, item, AnswerInput(verdict=kind, reason=reason or None))
