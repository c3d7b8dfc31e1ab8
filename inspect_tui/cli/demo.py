"""`demo`: the whole job without a screen, from two laptops' inspections to the supervisor's CSV."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli import demo_story as story
from inspect_tui.cli.output import line
from inspect_tui.texts import Refused, say, tr

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace

DISPUTED: Final = "CD-101"
"""Item of the finding that both inspectors change."""
LONG_ENOUGH: Final = "2026-12-10"


@dataclass
class _Play:
    """What has happened so far."""

    folder: Path
    quiet: bool
    told: dict[str, Any] = field(default_factory=dict)
    step: int = 0

    def act(self, zh: str, en: str) -> None:
        """Announce the next step."""
        self.step += 1
        self.say(f"\n{self.step}. {tr(zh, en)}")

    def say(self, text: str) -> None:
        """One line, unless somebody wants JSON."""
        if not self.quiet:
            if text.startswith("\n"):
                line()
            line(text)


def play(folder: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Play the demo.

    Args:
        folder: Made; must not hold anything yet.
        quiet: Say nothing.

    Returns:
        Where things lie, and the counts.

    Raises:
        Refused: The folder is not empty, or something that must work did not.
    """
    from inspect_tui.records.files import refuse_workspace
    from inspect_tui.records.workspace import Workspace

    refuse_workspace(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            f"{folder} 已存在且不是空文件夹，未作改动；请换一个位置：inspect-tui demo 文件夹。",
            f"{folder} is there and not empty, it was left as it is; name another place: inspect-tui demo DIR.",
        )
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    play_ = _Play(folder, quiet)
    one, two, boss = folder / "laptop-li", folder / "laptop-wang", folder / "supervisor"
    play_.act(
        "建立三个工作区：两名检查员各一台笔记本电脑，主管一台",
        "Three workspaces: two inspectors' laptops and the supervisor's",
    )
    with (
        Workspace.init(one, **story.LI, area=story.AREA) as li,
        Workspace.init(two, **story.WANG, area=story.AREA) as wang,
        Workspace.init(boss, **story.ZHAO, area="141100") as zhao,
    ):
        for each in (li, wang, zhao):
            play_.say(f"   {each.config.name}  {each.folder}")
        _inspect(play_, li, wang)
        _disagree(play_, li, wang)
        _merge(play_, zhao, (one, two))
        _settle(play_, zhao)
        _plan(play_, zhao)
        _verify(play_, (one, two, boss))
        _export(play_, zhao)
    play_.told |= {"folder": str(folder), "laptops": [str(one), str(two)], "supervisor": str(boss)}
    play_.told["seconds"] = round(time.monotonic() - began, 1)
    _farewell(play_, boss)
    return play_.told


def _inspect(play_: _Play, li: Workspace, wang: Workspace) -> None:
    """Photos and three visits; the JSON files lie in `visits`."""
    from inspect_tui.records.load import load_inspections

    visits = play_.folder / "visits"
    play_.act("拍摄带位置的照片（当场生成）", "Photos with positions, made on the spot")
    photos = story.make_photos(visits / "photos")
    play_.say(tr(f"   {len(photos)} 张，在 {visits / 'photos'}", f"   {len(photos)} in {visits / 'photos'}"))
    play_.act(
        "三次检查：李静查工地扬尘，王强查排污口和堆场",
        "Three inspections: Li the building site, Wang the outfall and the waste yard",
    )
    play_.told["inspections"] = []
    for workspace, visit in ((li, story.DUST), (wang, story.OUTFALL), (wang, story.WASTE)):
        result = load_inspections(workspace, story.write_visit(visits, visit, workspace.catalogue))[0]
        if result.inspection is None:
            raise Refused(
                f"演示数据未能载入：{'；'.join(each.zh for each in result.problems)}",
                f"The demo's data was refused: {'; '.join(each.en for each in result.problems)}",
            )
        play_.told["inspections"].append(result.inspection)
        play_.say(f"   {workspace.config.name}: {visit.said['site']['name']}  {result.inspection}")
        for problem in result.problems:
            play_.say(f"     ! {say(problem)}")


def _disagree(play_: _Play, li: Workspace, wang: Workspace) -> None:
    """Both change the same finding, neither knowing of the other's change."""
    from inspect_tui.cli.merge import merge_one
    from inspect_tui.records.findings import follow_up
    from inspect_tui.records.queries import FindingFilter, list_findings

    play_.act(
        "王强合并李静的数据，随后两人在各自电脑上给同一问题延期",
        "Wang merges Li's data; then both extend the same finding, each on their own laptop",
    )
    merge_one(wang, li.folder, trust=lambda _: True)
    finding = list_findings(li, FindingFilter(item=DISPUTED)).lines[0].id
    play_.told["finding"] = finding
    follow_up(li, finding, "extension", text="材料未到货", new_due_date="2026-12-05")
    play_.say(tr("   李静：延期到 2026-12-05", "   Li: until 2026-12-05"))
    follow_up(wang, finding, "extension", text="施工方申请，已核实", new_due_date=LONG_ENOUGH)
    play_.say(tr(f"   王强：延期到 {LONG_ENOUGH}", f"   Wang: until {LONG_ENOUGH}"))
    follow_up(li, finding, "reply", text="已恢复硬质围挡 8 m")
    play_.say(tr("   李静：收到整改回复", "   Li: a reply came"))


def _merge(play_: _Play, zhao: Workspace, sources: tuple[Path, ...]) -> None:
    from inspect_tui.cli.merge import merge_one, outcome_of

    play_.act("主管核对指纹后合并两台电脑", "The supervisor compares fingerprints and merges both laptops")
    play_.told["merges"] = []
    for source in sources:
        told = outcome_of(merge_one(zhao, source, trust=lambda _: True))
        del told["rows"]
        play_.told["merges"].append({"source": str(source), **told})
        play_.say(
            tr(
                f"   {source.name}：新变更集 {told['appended']}，照片 {told['photos_received']}，新冲突 {len(told['conflicts'])}",
                f"   {source.name}: {told['appended']} new changesets, {told['photos_received']} photos,"
                f" {len(told['conflicts'])} new conflicts",
            )
        )


def _settle(play_: _Play, zhao: Workspace) -> None:
    from inspect_tui.records.conflicts import list_conflicts, resolve

    play_.act("查看并解决冲突", "The conflict, listed and settled")
    views = list_conflicts(zhao)
    for view in views:
        conflict = view.conflict
        play_.say(f"   {conflict.table}.{conflict.cell}  {view.title}")
        for head in conflict.heads:
            play_.say(f"     {head.value['due_date']}  {head.value['due_reason']}  — {head.device_name}")
        chosen = max(conflict.heads, key=lambda head: str(head.value["due_date"]))
        reason = "施工方申请有依据，以较晚期限为准"
        resolve(
            zhao, conflict.table, conflict.row, conflict.cell, version=chosen.version, reason=reason, basis=view.row
        )
        play_.say(tr(f"   → {chosen.value['due_date']}：{reason}", f"   → {chosen.value['due_date']}: {reason}"))
    left = len(list_conflicts(zhao))
    if not views or left:
        raise Refused("演示中的冲突未能解决。", "The demo's conflict could not be settled.")
    play_.told["conflicts_settled"] = len(views)


def _plan(play_: _Play, zhao: Workspace) -> None:
    """Sites graded, one task, and a draw that repeats."""
    from inspect_tui.records import times
    from inspect_tui.records.draw import DrawInput, new_draw
    from inspect_tui.records.model import Officer
    from inspect_tui.records.queries import draw_detail, list_sites
    from inspect_tui.records.repeat_draw import repeat_draw
    from inspect_tui.records.sites import grade_site
    from inspect_tui.records.tasks import TaskInput, new_task

    play_.act(
        "主管给对象分级、派一项复查任务，再双随机抽取下一轮检查",
        "The supervisor grades the sites, asks for a second visit, and draws the next round at random",
    )
    li, wang, boss = (Officer(one["name"], one["badge"]) for one in (story.LI, story.WANG, story.ZHAO))
    sites = {one.kind: one for one in list_sites(zhao)}
    for kind, risk in story.RISKS.items():
        grade_site(zhao, sites[kind].id, risk)
    day = times.today()
    due = [day.fromordinal(day.toordinal() + days).isoformat() for days in (7, 30)]
    yard = sites["solid_waste_yard"]
    task = new_task(zhao, TaskInput(yard.id, "solid-waste-storage", [boss, li], due[0], "复查淋溶水收集"))
    play_.say(tr(f"   任务：{yard.name}，{due[0]} 前", f"   Task: {yard.name} by {due[0]}"))
    amounts = {"high": "100", "low": "50"}
    wanted = DrawInput(story.CITY, "share", amounts, [li, wang, boss], due[1], seed=story.SEED, title=story.DRAW)
    draw = draw_detail(zhao, new_draw(zhao, wanted))
    for each in draw.tasks:
        play_.say(f"   → {each.site_name}  {'、'.join(officer.name for officer in each.officers)}")
    if not repeat_draw(zhao, draw.line.id).same:
        raise Refused("演示中的抽取复算结果不同。", "The demo's draw does not repeat.")
    play_.say(tr(f"   ✓ 种子 {draw.line.seed}，复算相同", f"   ✓ Seed {draw.line.seed}, and it repeats"))
    play_.told |= {"task": task, "draw": draw.line.id}


def _verify(play_: _Play, folders: tuple[Path, ...]) -> None:
    from inspect_tui.cli.evidence import verify_peer
    from sync.peers import open_peer

    play_.act("校验三个工作区", "All three workspaces verified")
    for folder in folders:
        with open_peer(folder, folder) as peer:
            wrong = [fault for fault in verify_peer(peer) if fault.level == "fault"]
        if wrong:
            raise Refused(f"{folder} 校验未通过：{wrong[0].zh}", f"{folder} does not verify: {wrong[0].en}")
        play_.say(f"   ✓ {folder.name}")
    play_.told["verified"] = True


def _export(play_: _Play, zhao: Workspace) -> None:
    from inspect_tui.exports.findings_csv import export_findings

    path = play_.folder / "findings.csv"
    count = export_findings(zhao, path)
    play_.act("导出问题清单", "The findings as CSV")
    play_.say(tr(f"   {path}：{count} 个问题", f"   {path}: {count} findings"))
    play_.told |= {"csv": str(path), "findings": count}


def _farewell(play_: _Play, boss: Path) -> None:
    play_.say("")
    play_.say(
        tr(
            f"完成，用时 {play_.told['seconds']} 秒。接着可以：",
            f"Done in {play_.told['seconds']} s. Next you can:",
        )
    )
    for command in ("", " finding list", " task list", " log", " verify"):
        play_.say(f"  inspect-tui -w {boss}{command}")
