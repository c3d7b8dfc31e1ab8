"""`checklist list|show|validate|export|import`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inspect_tui.cli.checklist_sources import list_published, sources
from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, complain, complain_of
from inspect_tui.cli.output import fields, line, print_json, table
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from checklists.model import Catalogue
    from inspect_tui.cli.command import Context
    from inspect_tui.exports.sheets import Mistake

_WORKBOOK: Final = ".xlsx"


def load(context: Context) -> Catalogue:
    """That of the workspace where there is one, else the built-in one."""
    from checklists.catalogue import load_catalogue
    from inspect_tui.records.workspace import Workspace

    if Workspace.exists(context.folder):
        with context.open() as workspace:
            complain_of(workspace.catalogue.faults)
            return workspace.catalogue
    return load_catalogue()


def list_(context: Context, said: argparse.Namespace) -> int:
    """Every checklist in force, or every version that was ever published."""
    if said.published:
        return list_published(context)
    catalogue, origin = sources(context, said.area)
    rows = [
        {
            "id": each.id,
            "version": each.version,
            "title": each.title.zh,
            "title_en": each.title.en,
            "items": len(each.full()),
            "standard_items": len(each.standard()),
            "site_kinds": list(each.site_kinds),
            **origin[each.id].json(),
        }
        for each in catalogue.checklists.values()
    ]
    if context.json:
        print_json(rows)
        return 0
    headers = (
        tr("编号", "id"),
        tr("版本", "version"),
        tr("条目", "items"),
        tr("标准", "standard"),
        tr("来源", "source"),
        tr("名称", "title"),
    )
    table(
        headers,
        (
            (
                row["id"],
                row["version"],
                row["items"],
                row["standard_items"],
                origin[str(row["id"])].show(),
                tr(str(row["title"]), str(row["title_en"])),
            )
            for row in rows
        ),
    )
    return 0


def show(context: Context, said: argparse.Namespace) -> int:
    """One checklist with its items."""
    import msgspec

    catalogue, origin = sources(context)
    checklist = catalogue.checklist(said.checklist)
    if context.json:
        print_json({**msgspec.to_builtins(checklist), **origin[checklist.id].json()})
        return 0
    source = origin[checklist.id]
    note = source.publication.note if source.publication is not None else ""
    fields(
        (
            (tr("检查表", "checklist"), say(checklist.title)),
            (tr("版本", "version"), checklist.version),
            (tr("来源", "source"), source.show()),
            (tr("发布说明", "note"), note),
        )
    )
    line(say(checklist.plan_note))
    for section in checklist.sections:
        line()
        line(say(section.title))
        for item in section.items:
            if said.set == "standard" and item.severity == "minor":
                continue
            line(f"  {item.id}  {say(item.question)}")
            for measurement in item.measurements:
                limits = "; ".join(limit.show() for limit in measurement.limits)
                line(f"          {say(measurement.quantity)} {limits} {measurement.unit}".rstrip())
    return 0


def _problems(path: Path) -> list[dict[str, Any]]:
    from checklists.validation import validate

    if _is_workbook(path):
        from inspect_tui.exports import xlsform

        return _workbook_problems(path, xlsform.check_file(path).mistakes)
    return [
        {
            "file": each.file,
            "line": each.line,
            "column": each.column,
            "item": each.item,
            "zh": each.zh,
            "en": each.en,
        }
        for each in validate(path)
    ]


def _is_workbook(path: Path) -> bool:
    return path.suffix.casefold() == _WORKBOOK and not path.is_dir()


def _workbook_problems(path: Path, mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    return [
        {
            "file": path.name,
            "sheet": each.spot.sheet,
            "row": each.spot.row,
            "column": each.spot.letters,
            "item": each.item,
            **each.show()._asdict(),
        }
        for each in mistakes
    ]


def _tell(problems: list[dict[str, Any]]) -> None:
    for each in problems:
        if "sheet" in each:
            line(f"{each['file']} {tr(each['zh'], each['en'])}")
            continue
        item = f" {each['item']}" if each["item"] else ""
        line(f"{each['file']}:{each['line']}:{each['column']}{item} {tr(each['zh'], each['en'])}")


def validate_(context: Context, said: argparse.Namespace) -> int:
    """Check files or folders; every fault with file and line."""
    from checklists.catalogue import BUILT_IN

    problems = [each for path in said.paths or [BUILT_IN] for each in _problems(Path(path))]
    if context.json:
        print_json(problems)
    else:
        _tell(problems)
        if not problems:
            line(tr("✓ 没有错误。", "✓ Nothing is wrong."))
    return REFUSED if problems else 0


def export(context: Context, said: argparse.Namespace) -> int:
    """Copy a checklist, or the whole catalogue, to a file or folder."""
    from checklists.catalogue import BUILT_IN, checklist_files, load_catalogue
    from checklists.published import read_text
    from inspect_tui.records.files import refuse_existing, refuse_workspace, replacing

    target = Path(said.target).expanduser()
    if target.is_dir() and not any(target.iterdir()):
        refuse_workspace(target)
    else:
        refuse_existing(target)
    if said.checklist == "all":
        if _is_workbook(target):
            raise Refused(
                "一个 .xlsx 工作簿只存一个检查表，未导出；请给出检查表编号，或给出文件夹导出全部 YAML。",
                "An .xlsx workbook holds one checklist, so nothing was exported; give the id of one, or name a folder to"
                " export all the YAML.",
            )
        shutil.copytree(BUILT_IN, target, dirs_exist_ok=True)
    elif _is_workbook(target):
        from inspect_tui.exports import xlsform

        text = _published_text(context, said.checklist)
        checklist = load_catalogue().checklist(said.checklist) if text is None else read_text(text)
        data = xlsform.write_workbook(checklist, load_catalogue().kinds)
        with replacing(target) as file:
            file.write(data)
    else:
        text = _published_text(context, said.checklist)
        if text is None:
            load_catalogue().checklist(said.checklist)
            found = {file.stem: file for file in checklist_files(BUILT_IN)}
            text = found[said.checklist].read_bytes().decode()
        target = target / f"{said.checklist}.yaml" if target.is_dir() else target
        with replacing(target) as file:
            file.write(text.encode())
    if context.json:
        print_json({"checklist": said.checklist, "path": str(target)})
    else:
        line(tr(f"已导出到 {target}。", f"Exported to {target}."))
    return 0


def _published_text(context: Context, checklist: str) -> str | None:
    """The text of the published version in force, None where none is."""
    from inspect_tui.records.publications import text_of
    from inspect_tui.records.workspace import Workspace

    if not Workspace.exists(context.folder):
        return None
    with context.open() as workspace:
        published = workspace.layers(workspace.config.area).published
        one = None if published is None else published.by.get(checklist)
        return None if one is None else text_of(workspace, one)


def import_(context: Context, said: argparse.Namespace) -> int:
    """Take checklists into the workspace, after they pass `validate`; nothing is taken when one fails."""
    from inspect_tui.records.files import write_atomically
    from inspect_tui.records.workspace import CHECKLISTS

    with context.open() as workspace:
        folder = workspace.folder / CHECKLISTS
    given = Path(said.path).expanduser()
    contents: dict[str, bytes] = {}
    if _is_workbook(given):
        from inspect_tui.exports import xlsform

        read = xlsform.check_file(given)
        problems = _workbook_problems(given, read.mistakes)
        if not problems:
            contents = {_file_for(folder.parent, str(read.value["id"])): xlsform.as_yaml(read.value)}
    else:
        problems = _problems(given)
    if problems:
        if context.json:
            print_json(problems)
        else:
            _tell(problems)
        complain(tr("有错误，未导入。", "There are faults; nothing was imported."))
        return REFUSED
    if not contents:
        files = sorted(given.glob("*.yaml")) if given.is_dir() else [given]
        contents = {file.name: file.read_bytes() for file in files}
    _refuse_clashes(folder, contents, replace=said.replace)
    folder.mkdir(exist_ok=True)
    for name, data in contents.items():
        write_atomically(folder / name, data)
    if context.json:
        print_json([str(folder / name) for name in contents])
    else:
        for name in contents:
            line(tr(f"已导入 {folder / name}。", f"Imported {folder / name}."))
    return 0


def local_file(workspace: Path, checklist_id: str) -> Path | None:
    """The file of a workspace folder that holds a checklist imported before."""
    from checklists.catalogue import checklist_files
    from inspect_tui.records.workspace import CHECKLISTS

    folder = workspace / CHECKLISTS
    for file in checklist_files(folder) if folder.is_dir() else ():
        known = _name_of(file.read_bytes())
        if known is not None and known.id == checklist_id:
            return file
    return None


def _file_for(workspace: Path, checklist_id: str) -> str:
    """The name of the file that holds a checklist imported before, or of one that may."""
    file = local_file(workspace, checklist_id)
    return f"{checklist_id}.yaml" if file is None else file.name


def _refuse_clashes(folder: Path, contents: dict[str, bytes], *, replace: bool) -> None:
    """Refuse an id that another file has already, and another content under a version that is known.

    Args:
        folder: Of the checklists imported before.
        contents: File name → bytes of what is to be imported; all of it passed `validate`.
        replace: Another content for a known version is wanted.

    Raises:
        Refused: Names the files.
    """
    from checklists.catalogue import BUILT_IN, checklist_files

    theirs = [(file, _name_of(file.read_bytes())) for file in checklist_files(folder)] if folder.is_dir() else []
    built_in = [(file, _name_of(file.read_bytes())) for file in checklist_files(BUILT_IN)]
    given: dict[str, str] = {}
    for name, data in contents.items():
        mine = _name_of(data)
        if mine is None:
            continue
        if mine.id in given:
            raise Refused(
                f"{given[mine.id]} 与 {name} 的编号都是 {mine.id}，未导入；请只留一个，或改用不同的编号。",
                f"{given[mine.id]} and {name} both have the id {mine.id}, so nothing was imported; keep one or change an id.",
            )
        given[mine.id] = name
        for file, known in theirs:
            if known is not None and known.id == mine.id and file.name != name:
                raise Refused(
                    f"编号 {mine.id} 已由 {file} 使用，未导入 {name}；请把文件改名为 {file.name} 后再导入，或改用不同的编号。",
                    f"The id {mine.id} is that of {file} already, so {name} was not imported; name the file {file.name} to"
                    " take its place, or use another id.",
                )
            if file.name == name and known is not None and known.id != mine.id:
                raise Refused(
                    f"{file} 是另一检查表（{known.id}），未导入 {name}；请换一个文件名。",
                    f"{file} is another checklist ({known.id}), so {name} was not imported; use another file name.",
                )
        if not replace:
            _refuse_same_version(name, data, mine, [*theirs, *built_in])


class _Name(NamedTuple):
    """Which checklist a file is."""

    id: str
    version: str


def _refuse_same_version(name: str, data: bytes, mine: _Name, others: Sequence[tuple[Path, _Name | None]]) -> None:
    for file, known in others:
        if known == mine and not _same(file.read_bytes(), data):
            raise Refused(
                f"{file} 已是检查表 {mine.id} 的 {mine.version} 版，内容不同，未导入 {name}；请改版本号，"
                "确要替换时加 --replace（已做的检查保留当时的文本）。",
                f"{file} is version {mine.version} of {mine.id} already with other content, so {name} was not imported; give"
                " it another version, or add --replace (inspections made keep the text they were made with).",
            )


def _same(one: bytes, other: bytes) -> bool:
    """Whether two files say the same checklist, defaults written out or not."""
    from checklists.model import Checklist
    from checklists.shape import Misfit, fit
    from checklists.yamltree import parse

    first, second = parse(one).value, parse(other).value
    said = fit(first, Checklist)
    return first == second or (not isinstance(said, Misfit) and said == fit(second, Checklist))


def _name_of(data: bytes) -> _Name | None:
    """Id and version that a file of the catalogue states; None for law, kinds, areas, and what cannot be read."""
    from checklists.errors import CatalogueError
    from checklists.yamltree import parse

    try:
        said = parse(data).value
    except CatalogueError:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("id"), str):
        return None
    return _Name(str(said["id"]), str(said.get("version")))


_ID: Final = argument("checklist", help=Text("检查表编号", "id of the checklist"), metavar="ID")

COMMANDS: Final = (
    Command(
        ("checklist", "list"),
        Text("列出检查表", "list the checklists"),
        list_,
        (
            argument(
                "--area",
                help=Text(
                    "按此行政区现行的列出（默认为工作区的行政区）",
                    "those in force there (default the workspace's area)",
                ),
                metavar="CODE",
            ),
            argument(
                "--published",
                help=Text("列出发布过的每一版", "every version that was ever published"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("checklist", "show"),
        Text("显示一个检查表的全部条目", "show a checklist with its items"),
        show,
        (
            _ID,
            argument(
                "--set",
                help=Text("标准条目或全部条目", "standard or full set"),
                choices=("standard", "full"),
                default="full",
            ),
        ),
    ),
    Command(
        ("checklist", "validate"),
        Text(
            "检查 YAML 或 .xlsx 文件或文件夹（默认为内置目录）",
            "check YAML or .xlsx files, or folders (default the built-in ones)",
        ),
        validate_,
        (argument("paths", help=Text("文件或文件夹", "files or folders"), nargs="*", metavar="PATH"),),
    ),
    Command(
        ("checklist", "export"),
        Text("把检查表存成 YAML 文件或 XLSForm 工作簿", "write a checklist to a file, as YAML or XLSForm workbook"),
        export,
        (
            argument("checklist", help=Text("检查表编号，或 all", "id of the checklist, or all"), metavar="ID"),
            argument(
                "target",
                help=Text(
                    "文件或文件夹；以 .xlsx 结尾的为 XLSForm 工作簿",
                    "file or folder; one ending in .xlsx is an XLSForm workbook",
                ),
                metavar="TARGET",
            ),
        ),
    ),
    Command(
        ("checklist", "import"),
        Text("检查并导入自己的检查表", "check and take in a checklist of one's own"),
        import_,
        (
            argument(
                "path",
                help=Text("YAML 文件、.xlsx 工作簿或文件夹", "YAML file, .xlsx workbook or folder"),
                metavar="PATH",
            ),
            argument(
                "--replace",
                help=Text("替换同一版本的不同内容", "replace other content of the same version"),
                action="store_true",
            ),
        ),
    ),
)
