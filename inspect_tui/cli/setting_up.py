"""`init`, `demo`, `doctor`."""

from __future__ import annotations

import getpass
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, complain
from inspect_tui.cli.output import fields, line, print_json
from inspect_tui.cli.versions import versions
from inspect_tui.exports.soundness import sqlite_version
from inspect_tui.texts import Refused, Text, language, say, tr
from sync.errors import SyncError

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context

NO_BADGE: Final = "未填"
HOME_AREA: Final = "141100"
_EARLIEST: Final = 1_764_000_000
"""2025-11-24: a clock before this programme was written is wrong."""


def init(context: Context, said: argparse.Namespace) -> int:
    """Make a workspace; what is not given is asked on a terminal, and has a default elsewhere."""
    from inspect_tui.records.workspace import Workspace

    ask = sys.stdin.isatty() and sys.stderr.isatty()
    name = said.name or (ask and _ask(tr("姓名", "Name"))) or _login_name()
    badge = said.badge or (ask and _ask(tr("执法证号", "Badge number"))) or NO_BADGE
    area = said.area or (ask and _ask(tr(f"行政区代码（{HOME_AREA}）", f"Area code ({HOME_AREA})"))) or HOME_AREA
    with Workspace.init(context.folder, name=name, badge=badge, area=area) as workspace:
        identity = workspace.identity
        config = workspace.change_config(language=language())
        made: dict[str, Any] = {
            "workspace": str(context.folder.resolve()),
            "name": config.name,
            "badge": config.badge,
            "area": config.area,
            "device": identity.device,
            "team": identity.team,
        }
    if badge == NO_BADGE:
        complain(
            tr(
                f"执法证号未给出，暂记为“{NO_BADGE}”；请在 {context.folder / 'config.toml'} 中补上。",
                f"No badge number was given, “{NO_BADGE}” stands for it; put it into {context.folder / 'config.toml'}.",
            )
        )
    if context.json:
        print_json(made)
    else:
        line(tr(f"已建立工作区 {made['workspace']}。", f"The workspace {made['workspace']} is made."))
    return 0


def _ask(question: str) -> str:
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "inspector"


def demo(context: Context, said: argparse.Namespace) -> int:
    """Play the whole job on invented data."""
    from inspect_tui.cli.demo import play

    told = play(Path(said.folder).expanduser(), quiet=context.json)
    if context.json:
        print_json(told)
    return 0


def doctor(context: Context, _: argparse.Namespace) -> int:
    """Look at programme, machine and workspace; exit 1 where something needs a hand."""
    problems: list[dict[str, str]] = []
    report: dict[str, Any] = {
        "versions": {**versions(), "sqlite": sqlite_version()},
        "platform": platform.platform(),
        "language": language(),
        "encoding": str(sys.stdout.encoding),
        "locale_encoding": sys.getfilesystemencoding(),
        "terminal": {"size": "×".join(map(str, shutil.get_terminal_size())), "is_terminal": sys.stdout.isatty()},
        "workspace": _look_at_workspace(context, problems),
        "problems": problems,
        "advice": _advice(context),
    }
    if time.time() < _EARLIEST:
        problems.append(
            {
                "code": "clock",
                "zh": "系统时钟明显偏早，请校准时间。",
                "en": "The clock is far in the past; set it right.",
            }
        )
    if sys.getfilesystemencoding().lower() != "utf-8":
        problems.append(
            {
                "code": "encoding",
                "zh": "文件名编码不是 UTF-8，中文文件名可能出错；请设置 PYTHONUTF8=1。",
                "en": "File names are not UTF-8, Chinese ones may fail; set PYTHONUTF8=1.",
            }
        )
    if context.json:
        print_json(report)
    else:
        _show(report)
    return REFUSED if problems else 0


def _look_at_workspace(context: Context, problems: list[dict[str, str]]) -> dict[str, Any]:
    from inspect_tui.records.health import health
    from inspect_tui.records.queries.today import laptop_warnings, unsynced
    from inspect_tui.records.workspace import CONFIG, incomplete, writable

    wrong = incomplete(context.folder)
    found: dict[str, Any] = {"folder": str(context.folder), "exists": wrong is None}
    if wrong is not None:
        problems.append({"code": "workspace", "zh": wrong.zh, "en": wrong.en})
        return found
    try:
        with context.open() as workspace:
            status = workspace.replica.status()
            found |= {
                "device": workspace.device,
                "database_bytes": (context.folder / workspace.replica.path.name).stat().st_size,
                "free_bytes": shutil.disk_usage(context.folder).free,
                "changesets": status.changesets,
                "held": status.held,
                "refused": status.refused,
                "conflicts": status.conflicts,
                "missing_photos": status.missing_blobs,
                "devices": status.devices,
                "forked": status.forked,
                "unsynced": unsynced(workspace),
            }
            problems += _badge_problems(workspace.config.badge, context.folder / CONFIG)
            noticed = [*health(workspace), *laptop_warnings(workspace)]
            problems += [{"code": each.code, "zh": each.zh, "en": each.en} for each in noticed]
    except (Refused, SyncError) as refused:
        problems.append({"code": "workspace", "zh": refused.zh, "en": refused.en})
        return found
    if not writable(context.folder):
        problems.append(
            {
                "code": "read_only",
                "zh": f"工作区 {context.folder} 所在的位置只能读取，不能记录；请把整个文件夹复制到可写的位置。",
                "en": f"The workspace {context.folder} lies where nothing can be written, so nothing can be recorded; copy"
                " the whole folder to a place that can be written to.",
            }
        )
    return found


def _advice(context: Context) -> list[dict[str, str]]:
    """What would be better otherwise and is wrong with nothing: no PIN."""
    from inspect_tui.records.officers import pin_advice
    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.workspace import DEVICE_KEY

    if not (context.folder / DEVICE_KEY).is_file():
        return []
    said = pin_advice(Access(context.folder))
    return [] if said is None else [{"code": "no_pin", "zh": said.zh, "en": said.en}]


def _badge_problems(badge: str, path: Path) -> list[dict[str, str]]:
    """No badge number, or one from before the rule that every action now holds it to."""
    from inspect_tui.records.rules import clean_badge

    zh, en = "执法证号未填。", "The badge number is not set."
    if badge != NO_BADGE:
        try:
            clean_badge(badge)
        except Refused as refused:
            zh, en = refused.zh, refused.en
        else:
            return []
    zh, en = f"{zh.rstrip('。')}；请在 {path} 中改好。", f"{en.rstrip('.')}; put it right in {path}."
    return [{"code": "badge", "zh": zh, "en": en}]


_LABELS: Final = {
    "folder": Text("工作区", "workspace"),
    "device": Text("设备", "device"),
    "database_bytes": Text("数据库字节数", "bytes of the database"),
    "free_bytes": Text("磁盘剩余字节数", "bytes free on the disk"),
    "changesets": Text("变更集", "changesets"),
    "held": Text("等待前序的变更集", "changesets that wait"),
    "refused": Text("未计入的变更集", "changesets that do not count"),
    "conflicts": Text("未解决的冲突", "open conflicts"),
    "missing_photos": Text("尚未收到的照片", "photos that have not come"),
    "devices": Text("设备数", "devices"),
    "forked": Text("有分叉的设备", "devices that fork"),
    "unsynced": Text("尚未交给他人的变更集", "changesets nobody else has"),
}


def _show(report: dict[str, Any]) -> None:
    fields(report["versions"].items())
    fields(
        (
            (tr("系统", "platform"), report["platform"]),
            (tr("编码", "encoding"), report["encoding"]),
            (tr("终端", "terminal"), report["terminal"]["size"]),
        )
    )
    workspace = report["workspace"]
    for name, label in _LABELS.items():
        value = workspace.get(name)
        fields([(str(label), ", ".join(value) if isinstance(value, list) else value)])
    for problem in report["problems"]:
        line("✗ " + say(Text(problem["zh"], problem["en"])))
    for advice in report["advice"]:
        line("· " + say(Text(advice["zh"], advice["en"])))
    if not report["problems"]:
        line(tr("✓ 未发现问题。", "✓ Nothing is wrong."))
    if workspace["exists"]:
        line(
            tr(
                "照片只核对了是否存在和大小；inspect-tui verify 逐字节校验全部内容。",
                "Of photos only presence and size were looked at; inspect-tui verify reads every byte.",
            )
        )


COMMANDS: Final = (
    Command(
        ("init",),
        Text("建立工作区", "make a workspace"),
        init,
        (
            argument("--name", help=Text("姓名", "name of the officer")),
            argument("--badge", help=Text("执法证号", "badge number")),
            argument(
                "--area", help=Text("新对象默认的行政区代码", "area code offered for new sites"), metavar="CODE"
            ),
        ),
    ),
    Command(
        ("demo",),
        Text("用演示数据走一遍全部流程", "play the whole job on invented data"),
        demo,
        (
            argument(
                "folder",
                help=Text("演示放在哪里（默认 ./demo）", "where to (default ./demo)"),
                nargs="?",
                default="demo",
                metavar="DIR",
            ),
        ),
    ),
    Command(("doctor",), Text("检查程序、电脑和工作区", "look at programme, machine and workspace"), doctor),
)
