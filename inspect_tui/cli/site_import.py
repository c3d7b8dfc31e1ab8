"""`site import`: a list of sites, shown before it is recorded."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, WrongUsage
from inspect_tui.cli.output import line, print_json, table
from inspect_tui.cli.plain import plain
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from inspect_tui.cli.command import Context
    from inspect_tui.imports.columns import Wanted
    from inspect_tui.imports.duplicates import Match
    from inspect_tui.imports.site_rows import Fault, Options, Planned
    from inspect_tui.imports.site_table import Plan
    from inspect_tui.records.workspace import Workspace

SHOWN: Final = 5
TOLD: Final = 200
"""Rows that are told one by one; --json has them all."""
_MARKS: Final = {"new": "+", "known": "=", "duplicate": "≈", "refused": "✗"}


def import_(context: Context, said: argparse.Namespace) -> int:
    """Record the new sites of a list, or show what it would give."""
    from inspect_tui.imports.columns import both, map_file, read_map
    from inspect_tui.imports.site_rows import Options
    from inspect_tui.imports.site_table import record
    from inspect_tui.records.files import refuse_existing, replacing

    wanted = _wanted(said)
    if said.map_file is not None:
        wanted = both(read_map(Path(said.map_file).expanduser()), wanted)
    save = None if said.save_map is None else Path(said.save_map).expanduser()
    if save is not None:
        refuse_existing(save)
    options = Options(wanted, near_m=_metres(said.near), allow_duplicates=said.allow_duplicates)
    path = Path(said.file).expanduser()
    with context.open() as workspace:
        plan = _plan(workspace, path, options)
        if not said.preview:
            with Progress(tr("登记检查对象", "recording sites")) as progress:
                # somebody else may record something while the list is looked at
                while not record(workspace, plan, progress.update):
                    plan = _plan(workspace, path, options)
    if save is not None:
        with replacing(save) as file:
            file.write(map_file(plan.columns, wanted))
    if context.json:
        rows = [_json_row(plan, row) for row in plan.rows]
        print_json(_json_plan(plan, rows) if said.preview else rows)
    else:
        if said.preview:
            _show(plan)
        _tell(plan, preview=said.preview)
        if save is not None:
            line(tr(f"列的对应关系已存为 {save}。", f"The mapping of columns is saved as {save}."))
    return REFUSED if plan.count("refused") or plan.count("duplicate") else 0


def _plan(workspace: Workspace, path: Path, options: Options) -> Plan:
    from inspect_tui.imports.site_table import plan_import

    with Progress(tr("核对名单", "checking the list")) as progress:
        return plan_import(workspace, path, options, progress.update)


def _wanted(said: argparse.Namespace) -> Wanted:
    from inspect_tui.imports.columns import Wanted

    options = {
        name: value
        for name in ("sheet", "encoding", "delimiter", "datum")
        if (value := getattr(said, name)) is not None
    }
    return Wanted(
        _pairs(said.map, "--map", "企业名称=name"), _pairs(said.default, "--default", "kind=outfall"), options
    )


def _pairs(words: Sequence[str], option: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        # a header may itself hold an equals sign, a field never does
        key, joined, value = word.rpartition("=") if option == "--map" else word.partition("=")
        if not joined or not key.strip() or not value.strip():
            raise WrongUsage(
                f"{option}“{word}”写法不对；如 {example}。", f"{option} “{word}” is not such as {example}."
            )
        if key in found:
            raise WrongUsage(
                f"{option} 中 {key} 给了两次；请只给一次。", f"{option} names {key} twice; name it once."
            )
        found[key.strip()] = value.strip()
    return found


def _metres(text: str) -> float:
    from checklists.errors import NotANumberError
    from checklists.numbers import parse_number

    try:
        metres = parse_number(text)
    except NotANumberError:
        metres = None
    if metres is None or not 0 <= metres <= 5000 or 0 < metres < 1:
        raise WrongUsage(
            f"--near“{text[:20]}”须为 0（不按位置比较）或 1 至 5000 米。",
            f"--near “{text[:20]}” must be 0, for no comparison by position, or 1 to 5000 metres.",
        )
    return float(metres)


# what people see


def _show(plan: Plan) -> None:
    """The mapping, and the first rows as they would be recorded."""
    from inspect_tui.imports.site_table import column_title

    one = plan.table
    form = (
        tr(f"工作表 {one.sheet}", f"sheet {one.sheet}")
        if one.sheet is not None
        else tr(
            f"{(one.encoding or '').upper()}，分隔符 {one.delimiter}",
            f"{(one.encoding or '').upper()}, delimiter {one.delimiter}",
        )
    )
    line(
        tr(
            f"{one.file}：{form}，表头在第 {one.header.number} 行，{len(plan.rows)} 行数据。",
            f"{one.file}: {form}, header in row {one.header.number}, {len(plan.rows)} rows below it.",
        )
    )
    line()
    rows = []
    for column in plan.columns:
        title = column_title(column)
        what = say(title) if title is not None else tr("不收：", "not taken: ") + say(column.why or Text("", ""))
        rows.append((column.letters, column.header, "→" if title is not None else "-", what))
    table((tr("列", "column"), tr("列名", "header"), "", tr("作为", "as")), rows)
    line()
    shown = [row for row in plan.rows if row.site is not None][:SHOWN]
    if shown:
        table(
            (tr("行", "row"), *(tr(zh, en) for zh, en in _SHOWN)),
            ((row.line, *_as_read(row)) for row in shown),
        )
        line()


_SHOWN: Final = (
    ("名称", "name"),
    ("类型", "kind"),
    ("行政区", "area"),
    ("位置（原坐标系）", "position as typed"),
    ("信用代码", "credit code"),
    ("其他", "further"),
)


def _as_read(row: Planned) -> Sequence[object]:
    site = row.site
    assert site is not None  # noqa: S101  the caller has looked
    at = site.position
    further = [site.address, site.responsible_party, site.risk_class, "" if not site.contact_phone else "☎"]
    further += [f"{name}={value}" for name, value in site.attributes.items()]
    return (
        site.name,
        site.kind,
        site.area,
        "" if at is None else f"{at.longitude}, {at.latitude} {at.datum}",
        site.uscc,
        "; ".join(part for part in further if part),
    )


def _tell(plan: Plan, *, preview: bool) -> None:
    for note in plan.notes:
        line("! " + say(note))
    counts = {name: plan.count(name) for name in ("new", "known", "duplicate", "refused")}
    line(
        tr(
            f"{'将' if preview else ''}新登记 {counts['new']} 个，已登记过（未改动） {counts['known']} 个，疑似重复"
            f" {counts['duplicate']} 个，未收 {counts['refused']} 个。",
            f"{counts['new']} {'would be ' if preview else ''}recorded, {counts['known']} already there and left as they are,"
            f" {counts['duplicate']} likely duplicates, {counts['refused']} refused.",
        )
    )
    told = [row for row in plan.rows if row.faults or row.matches]
    for row in told[:TOLD]:
        _tell_row(plan, row)
    if len(told) > TOLD:
        line(
            tr(
                f"… 另有 {len(told) - TOLD} 行，用 --json 查看全部。",
                f"… and {len(told) - TOLD} more rows; --json has them all.",
            )
        )
    if counts["duplicate"]:
        line(
            tr(
                "疑似重复的未收；确认不是同一对象时，请加 --allow-duplicates。",
                "Likely duplicates are left out; where they are not the same, add --allow-duplicates.",
            )
        )
    if preview:
        line(tr("这是预览，没有写入任何内容。", "This is a preview; nothing was recorded."))


def _tell_row(plan: Plan, row: Planned) -> None:
    name = plan.table.file
    for fault in row.faults:
        mark = "✗" if row.outcome == "refused" else "!"
        line(f"{mark} {say(_placed(name, row, fault))}")
    for match in row.matches:
        mark = "≈" if row.outcome == "duplicate" else "!"
        line(f"{mark} {say(_likeness(name, row, match))}")
    if row.differs:
        listed = "、".join(row.differs)
        line(
            tr(
                f"    与已登记的不同：{listed}",
                f"    differs from what is recorded in {listed.replace('、', ', ')}",
            )
        )


def _placed(file: str, row: Planned, fault: Fault) -> Text:
    """The sentence of a fault with file, row and column."""
    column, problem = fault.column, fault.problem
    if column is None:
        return Text(f"{file} 第 {row.line} 行：{problem.zh}", f"{file} row {row.line}: {problem.en}")
    return Text(
        f"{file} 第 {row.line} 行第 {column.letters} 列（{column.header}）：{problem.zh}",
        f"{file} row {row.line}, column {column.letters} ({column.header}): {problem.en}",
    )


def _likeness(file: str, row: Planned, match: Match) -> Text:
    """Both sides of a likely duplicate, and why they may be one."""
    from inspect_tui.imports.site_table import REASONS

    site, other = row.site, match.entry
    mine = _side(row.name, site.kind if site else "", site.uscc if site else "", site.address if site else "")
    its = _side(other.name, other.kind, other.uscc, other.address)
    zh = "、".join(REASONS[reason].zh for reason in match.reasons)
    en = ", ".join(REASONS[reason].en for reason in match.reasons)
    if match.metres is not None:
        zh, en = f"{zh}，相距 {match.metres:.0f} 米", f"{en}, {match.metres:.0f} m apart"
    there = (
        Text(f"已登记的 {other.site}", f"the recorded {other.site}")
        if other.site is not None
        else Text(f"本表第 {other.line} 行", f"row {other.line} of the list")
    )
    return Text(
        f"{file} 第 {row.line} 行 {mine} 与{there.zh} {its} 疑似重复：{zh}。",
        f"{file} row {row.line} {mine} may be {there.en} {its}: {en}.",
    )


def _side(*parts: str) -> str:
    name, *rest = parts
    told = ", ".join(part for part in rest if part)
    return f"“{name}” ({told})" if told else f"“{name}”"


# what machines see


def _json_plan(plan: Plan, rows: list[dict[str, Any]]) -> dict[str, Any]:
    one = plan.table
    return {
        "file": one.file,
        "encoding": one.encoding,
        "delimiter": one.delimiter,
        "sheet": one.sheet,
        "header_row": one.header.number,
        "columns": [plain(column) for column in (_json_column(column) for column in plan.columns)],
        "counts": {name: plan.count(name) for name in ("new", "known", "duplicate", "refused")},
        "notes": [plain(note) for note in plan.notes],
        "rows": rows,
    }


def _json_column(column: Any) -> dict[str, Any]:
    return {
        "column": column.letters,
        "header": column.header,
        "field": column.field,
        "why": plain(column.why) if column.why is not None else None,
    }


def _json_row(plan: Plan, row: Planned) -> dict[str, Any]:
    del plan
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "site": row.row,
        "created": row.outcome == "new",
        "problems": [
            {
                **dataclasses.asdict(fault.problem),
                "column": None if fault.column is None else fault.column.letters,
                "header": None if fault.column is None else fault.column.header,
            }
            for fault in row.faults
        ],
        "duplicates": [
            {
                "site": match.entry.site,
                "line": match.entry.line,
                "name": match.entry.name,
                "kind": match.entry.kind,
                "uscc": match.entry.uscc,
                "address": match.entry.address,
                "reasons": list(match.reasons),
                "metres": None if match.metres is None else round(match.metres),
            }
            for match in row.matches
        ],
        "differs": row.differs,
    }


COMMANDS: Final = (
    Command(
        ("site", "import"),
        Text("从 CSV、TSV 或 XLSX 名单登记检查对象", "record the sites of a list: CSV, TSV or XLSX"),
        import_,
        (
            argument(
                "file",
                help=Text("名单：CSV、TSV 或 XLSX，首行为列名", "the list: CSV, TSV or XLSX with a header"),
                metavar="FILE",
            ),
            argument(
                "--preview",
                help=Text(
                    "只显示列的对应、前几行和问题，不写入", "show mapping, first rows and problems; record nothing"
                ),
                action="store_true",
            ),
            argument(
                "--map",
                help=Text("指明一列，可重复；- 表示不收", "name a column, may be repeated; - leaves it out"),
                action="append",
                default=[],
                metavar="HEADER=FIELD",
            ),
            argument(
                "--default",
                help=Text("单元格为空时的值，可重复", "value where a cell is empty, may be repeated"),
                action="append",
                default=[],
                metavar="FIELD=VALUE",
            ),
            argument(
                "--datum",
                help=Text(
                    "没有坐标系列时的坐标系：wgs84、cgcs2000、gcj02（高德、腾讯）、bd09（百度）",
                    "datum where no column says it: wgs84, cgcs2000, gcj02 (Amap, Tencent), bd09 (Baidu)",
                ),
            ),
            argument("--map-file", help=Text("用存下的对应关系", "use a saved mapping"), metavar="TOML"),
            argument("--save-map", help=Text("把对应关系存为文件", "save the mapping to a file"), metavar="TOML"),
            argument(
                "--sheet",
                help=Text("工作表名称或序号，默认第一张", "name or number of the sheet, the first by default"),
            ),
            argument(
                "--encoding",
                help=Text("文本编码，默认自动识别", "encoding of the text, found out by default"),
                choices=("utf-8", "utf-16", "gb18030"),
            ),
            argument(
                "--delimiter",
                help=Text("分隔符，默认自动识别", "delimiter, found out by default"),
                choices=("comma", "semicolon", "tab"),
            ),
            argument(
                "--near",
                help=Text(
                    "名称相似而相距不超过多少米算疑似重复，默认 50，0 为不比",
                    "metres within which similar names are likely duplicates, 50 by default, 0 for never",
                ),
                default="50",
                metavar="METRES",
            ),
            argument(
                "--allow-duplicates",
                help=Text("疑似重复的也登记", "record likely duplicates, too"),
                action="store_true",
            ),
        ),
    ),
)
