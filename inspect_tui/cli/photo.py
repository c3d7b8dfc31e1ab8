"""`photo add|list|check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED
from inspect_tui.cli.output import line, print_json, print_json_array, table
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context

_NO_POSITION: Final = {"missing": Text("无", "none"), "invalid": Text("无效", "invalid")}


def add(context: Context, said: argparse.Namespace) -> int:
    """Attach files to an item of an inspection; one that cannot be read is named and the others are taken."""
    from inspect_tui.records.attach import attach

    with context.open() as workspace:
        attached = attach(
            workspace,
            said.inspection,
            said.item,
            [Path(path).expanduser() for path in said.paths],
            finding=said.finding,
            caption=said.caption,
        )
    refused = [each for each in attached if each.refusal is not None]
    if context.json:
        print_json(plain(attached))
    else:
        for each in attached:
            if each.refusal is not None:
                line(f"✗ {each.path.name}  {say(each.refusal)}")
                continue
            already = tr("  此前已附", "  attached before") if each.already else ""
            line(f"✓ {each.path.name}  {each.sha256}{already}")
            for warning in each.warnings:
                line("  ! " + say(warning))
    return REFUSED if refused else 0


def list_(context: Context, said: argparse.Namespace) -> int:
    """Photos in the order in which they were attached."""
    from inspect_tui.photos.warning_texts import label
    from inspect_tui.records.queries import list_photos

    with context.open() as workspace:
        photos = list_photos(
            workspace,
            inspection=said.inspection,
            item=said.item,
            finding=said.finding,
            include_void=said.void,
            limit=said.limit,
        )
    if context.json:
        print_json([plain(each) for each in photos])
        return 0
    headers = (
        tr("编号", "id"),
        tr("文件", "file"),
        "SHA-256",
        tr("条目", "item"),
        tr("拍摄时间", "taken"),
        tr("位置", "position"),
        tr("警告", "warnings"),
    )
    table(
        headers,
        (
            (
                each.id,
                each.file_name,
                each.sha256[:12],
                each.item,
                each.taken_at,
                f"{each.longitude}, {each.latitude}"
                if each.longitude
                else _NO_POSITION.get(each.position_state, "–"),
                ", ".join(dict.fromkeys(str(label(warning.code)) for warning in each.warnings)),
            )
            for each in photos
        ),
    )
    return 0


def void(context: Context, said: argparse.Namespace) -> int:
    """Take a photo off its item, with a reason; the bytes stay."""
    from inspect_tui.records.attach import detach

    with context.open() as workspace:
        detach(workspace, said.photo, said.reason)
    if context.json:
        print_json({"photo": said.photo, "void": True})
    else:
        line(tr(f"照片 {said.photo} 已作废，原件保留。", f"Photo {said.photo} is void; the original is kept."))
    return 0


def check_(context: Context, said: argparse.Namespace) -> int:
    """What files say about themselves, without a workspace; exit 1 where one cannot be read at all."""
    import msgspec

    from inspect_tui.photos.check import check
    from inspect_tui.photos.warning_texts import label

    unreadable = 0
    rows = check(Path(path).expanduser() for path in said.paths)
    if context.json:
        told = []
        for row in rows:
            unreadable += row.sha256 is None
            told.append(msgspec.to_builtins(row))
        print_json_array(told)
    else:
        for row in rows:
            unreadable += row.sha256 is None
            position = (
                f"{row.longitude:.6f}, {row.latitude:.6f}"
                if row.longitude is not None and row.latitude is not None
                else "–"
            )
            labels = ", ".join(str(label(code)) for code in row.warnings)
            line(f"{row.path}  {position}  {row.taken_at or '–'}  {row.camera or '–'}  {labels}")
    return REFUSED if unreadable else 0


COMMANDS: Final = (
    Command(
        ("photo", "add"),
        Text("为检查项附照片或其他证据文件", "attach photos or other evidence to an item"),
        add,
        (
            argument("inspection", help=Text("检查编号", "id of the inspection"), metavar="INSPECTION"),
            argument("item", help=Text("检查项编号，如 CD-101", "id of the item, such as CD-101"), metavar="ITEM"),
            argument("paths", help=Text("文件", "files"), nargs="+", metavar="FILE"),
            argument("--finding", help=Text("所反映问题的编号", "id of the finding that they show"), metavar="ID"),
            argument("--caption", help=Text("说明", "caption"), default=""),
        ),
    ),
    Command(
        ("photo", "list"),
        Text("列出照片", "list photos"),
        list_,
        (
            argument("--inspection", help=Text("检查编号", "id of the inspection"), metavar="ID"),
            argument("--item", help=Text("检查项编号", "id of the item"), metavar="ID"),
            argument("--finding", help=Text("问题编号", "id of the finding"), metavar="ID"),
            argument("--void", help=Text("也列出作废的", "also voided ones"), action="store_true"),
            argument(
                "--limit", help=Text("最多列出多少", "at most so many"), type=int, default=100_000, metavar="N"
            ),
        ),
    ),
    Command(
        ("photo", "void"),
        Text("作废误附的照片，原件保留", "void a photo that was attached by mistake; the original is kept"),
        void,
        (
            argument(
                "photo",
                help=Text("照片编号，见 photo list", "id of the photo, as photo list gives it"),
                metavar="PHOTO",
            ),
            argument("--reason", help=Text("理由", "reason"), metavar="TEXT", required=True),
        ),
    ),
    Command(
        ("photo", "check"),
        Text("查看照片文件的信息，不需要工作区", "look at photo files, without a workspace"),
        check_,
        (argument("paths", help=Text("文件或文件夹", "files or folders"), nargs="+", metavar="PATH"),),
    ),
)
