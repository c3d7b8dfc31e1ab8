"""`inspection import-odk`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, complain, complain_of
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.plain import plain
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.imports.odk.importing import Imported


def import_odk(context: Context, said: argparse.Namespace) -> int:
    """Take in submissions of exported checklists; each all or nothing."""
    from inspect_tui.imports.odk.importing import Options, Report, import_export

    path = Path(said.source).expanduser()
    options = Options(
        media=Path(said.media).expanduser() if said.media else None,
        checklist=said.checklist,
        site=said.site,
        drafts=said.drafts,
        without_media=said.without_media,
        preview=said.preview,
    )
    report = Report()
    told: list[dict[str, Any]] = []
    counts = dict.fromkeys(("new", "here", "refused"), 0)
    with context.open() as workspace, Progress(path.name) as progress:
        complain_of(workspace.catalogue.faults)
        for one in import_export(workspace, path, options, report, progress.update):
            counts["refused" if one.inspection is None else "new" if one.created else "here"] += 1
            if context.json:
                told.append(plain(one))
            else:
                _tell(one, preview=options.preview)
    if context.json:
        print_json(
            {
                "preview": options.preview,
                **counts,
                "submissions": told,
                "refused_tables": plain(report.refused),
                "notes": plain(report.notes),
            }
        )
    else:
        for note in report.notes:
            line("! " + say(note))
        for problem in report.refused:
            complain(say(problem))
        line(_summary(counts, preview=options.preview))
    return REFUSED if counts["refused"] or report.refused else 0


def _tell(one: Imported, *, preview: bool) -> None:
    if one.inspection is not None:
        line(f"{one.file} {one.row}  {one.instance[:80]}  {_state(one, preview=preview)}{_short(one)}")
    for problem in one.problems:
        line(("✗ " if one.inspection is None else "  ! ") + say(problem))


def _state(one: Imported, *, preview: bool) -> str:
    if not one.created:
        return tr(f"此前已导入 {one.inspection}，未作改动", f"taken in before as {one.inspection}, nothing changed")
    draft = one.state != "submitted"
    if preview:
        return (
            tr("将导入为草稿", "would come in as a draft")
            if draft
            else tr("将导入并提交", "would come in, submitted")
        )
    if draft:
        return tr(f"已导入为草稿 {one.inspection}", f"taken in as draft {one.inspection}")
    return tr(f"已导入并提交 {one.inspection}", f"taken in and submitted as {one.inspection}")


def _short(one: Imported) -> str:
    said = one.said
    if not said:
        return ""
    return tr(
        f"：{said['site']}，{said['checklist']}，{said['answers']} 项，{said['photos']} 张照片，{said['findings']} 个问题",
        f": {said['site']}, {said['checklist']}, answers: {said['answers']}, photos: {said['photos']},"
        f" findings: {said['findings']}",
    )


def _summary(counts: dict[str, int], *, preview: bool) -> str:
    new, here, refused = counts["new"], counts["here"], counts["refused"]
    if preview:
        return tr(
            f"预览：将导入 {new} 条，此前已导入 {here} 条，拒绝 {refused} 条；未写入任何内容。",
            f"Preview: new: {new}, taken in before: {here}, refused: {refused}; nothing was written.",
        )
    return tr(
        f"导入 {new} 条，此前已导入 {here} 条，拒绝 {refused} 条。",
        f"Taken in: {new}, taken in before: {here}, refused: {refused}.",
    )


COMMANDS: Final = (
    Command(
        ("inspection", "import-odk"),
        Text(
            "导入手机用导出的表单采集、由 ODK Central 或 Kobo 导出的检查",
            "take in inspections that phones collected with an exported form, as ODK Central or Kobo export them",
        ),
        import_odk,
        (
            argument(
                "source",
                help=Text(
                    "导出的 zip、解压后的文件夹、CSV 或 XLSX",
                    "exported zip, folder it was unpacked to, CSV or XLSX",
                ),
                metavar="SOURCE",
            ),
            argument(
                "--media",
                help=Text("另外下载的媒体：zip 或文件夹", "media downloaded apart: zip or folder"),
                metavar="PATH",
            ),
            argument(
                "--checklist",
                help=Text("检查表编号，导出中看不出时用", "id of the checklist, where the export does not tell"),
                metavar="ID",
            ),
            argument(
                "--site",
                help=Text(
                    "检查对象编号，表单没有问检查对象时用", "id of the site, where the form did not ask for it"
                ),
                metavar="ID",
            ),
            argument(
                "--drafts", help=Text("都留作草稿，不提交", "submit nothing, all stay drafts"), action="store_true"
            ),
            argument(
                "--without-media",
                help=Text(
                    "缺少的照片只说明，不拒绝，该次检查留作草稿",
                    "say which photos are missing instead of refusing, and leave those inspections drafts",
                ),
                action="store_true",
            ),
            argument(
                "--preview",
                help=Text("只列出将导入什么，不写入", "list what would come, write nothing"),
                action="store_true",
            ),
        ),
    ),
)
