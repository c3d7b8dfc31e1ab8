"""`checklist coverage|new|diff` and `checklist law list|show`: what those who keep the catalogue ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.checklist import load
from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED
from inspect_tui.cli.output import fields, line, print_json, table
from inspect_tui.texts import Refused, Text, language, say, tr

if TYPE_CHECKING:
    import argparse
    import datetime as dt

    from checklists.differences import Difference
    from checklists.model import Checklist
    from checklists.register import Law
    from inspect_tui.cli.command import Context

_CONFIRMED: Final = {
    "C": Text("正文已核对", "its text was seen"),
    "S": Text("仅见二手来源，不引条款", "seen in a secondary source only, cited without clauses"),
}
_WHAT: Final = {
    "added": Text("新增", "added"),
    "removed": Text("删除", "removed"),
    "moved": Text("移动", "moved"),
    "changed": Text("修改", "changed"),
}


def coverage(context: Context, said: argparse.Namespace) -> int:
    """Every duty of the plan with its items; exit status 1 where one could be checked and is not."""
    from checklists.coverage import coverage as rows_of
    from checklists.coverage import coverage_page
    from checklists.plan import load_plan

    catalogue, plan = load(context), load_plan()
    rows = rows_of(catalogue, plan)
    missing = sum(row.missing for row in rows)
    if context.json:
        print_json(
            [
                {
                    "duty": row.duty.id,
                    "section": row.duty.section,
                    "quote": row.duty.quote,
                    "items": [item for _, item in row.items],
                    "checklists": sorted({checklist for checklist, _ in row.items}),
                    "excluded": None if row.excluded is None else {"zh": row.excluded.zh, "en": row.excluded.en},
                }
                for row in rows
            ]
        )
    elif said.page:
        for each in coverage_page(catalogue, plan).splitlines():
            line(each)
    else:
        headers = (tr("义务", "duty"), tr("章节", "section"), tr("检查项", "items"))
        table(headers, ((row.duty.id, row.duty.section, _items(row)) for row in rows))
        covered, excluded = sum(bool(row.items) for row in rows), sum(row.excluded is not None for row in rows)
        line(
            tr(
                f"共 {len(rows)} 条义务：有检查项 {covered}，注明不能由一次检查核实 {excluded}，缺 {missing}。",
                f"{len(rows)} duties: {covered} covered, {excluded} left out with a reason, {missing} missing.",
            )
        )
    return REFUSED if missing else 0


def _items(row: Any) -> str:
    if row.items:
        return "、".join(item for _, item in row.items)
    return say(row.excluded) if row.excluded is not None else tr("缺", "missing")


def diff(context: Context, said: argparse.Namespace) -> int:
    """What changed between two checklists, each a file or the id of one in the catalogue."""
    from checklists.differences import differences

    found = differences(_checklist(context, said.old), _checklist(context, said.new))
    if context.json:
        print_json([one._asdict() for one in found])
        return 0
    tell_differences(found)
    return 0


def tell_differences(found: list[Difference]) -> None:
    """What differs between two checklists, item by item."""
    from checklists.differences import by_item

    for item, those in by_item(found).items():
        line(item or tr("检查表", "checklist"))
        for one in those:
            where = f" {one.field}" if one.field else ""
            line(f"  {say(_WHAT[one.what])}{where}{tr('：', ': ')}{_value(one.old)} → {_value(one.new)}")
    if not found:
        line(tr("没有差别。", "No difference."))


def _value(value: Any) -> str:
    import json

    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        return tr(value["zh"], value["en"])
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _checklist(context: Context, named: str) -> Checklist:
    from checklists.catalogue import read_checklist

    path = Path(named).expanduser()
    if path.is_file():
        return read_checklist(path)
    if path.suffix in {".yaml", ".yml"}:
        raise Refused(f"没有文件 {named}。", f"There is no file {named}.")
    return load(context).checklist(named)


def new(context: Context, said: argparse.Namespace) -> int:
    """Write the beginning of a new checklist."""
    from checklists import text
    from checklists.drafting import draft
    from checklists.plan import load_plan
    from inspect_tui.records.files import refuse_existing, write_atomically

    title = text.Text(said.title_zh, said.title_en)
    catalogue, plan = load(context), load_plan()
    written = draft(said.checklist, title, said.kind, said.duty, catalogue=catalogue, plan=plan)
    target = Path(said.target).expanduser()
    refuse_existing(target)
    write_atomically(target, written.encode())
    if context.json:
        print_json({"checklist": said.checklist, "path": str(target), "items": len(said.duty)})
    else:
        line(
            tr(
                f"已写入 {target}：{len(said.duty)} 项。改好后用 checklist validate 检查，用 checklist import 导入。",
                f"Wrote {target} with {len(said.duty)} items. Make it better, then run checklist validate and checklist import.",
            )
        )
    return 0


def laws(context: Context, said: argparse.Namespace) -> int:
    """The legal register, or what of it was in force on a day."""
    day = _day(said.on)
    found = [law for law in load(context).register.laws.values() if day is None or law.in_force(day)]
    if context.json:
        print_json([_law(law) for law in found])
        return 0
    headers = (
        tr("编号", "id"),
        tr("施行", "from"),
        tr("失效", "until"),
        tr("核实", "confirmed"),
        tr("名称", "title"),
    )
    table(
        headers,
        (
            (law.id, law.valid_from or "—", law.valid_to or "—", law.confirmed, law.name(language()))
            for law in found
        ),
    )
    return 0


def law_(context: Context, said: argparse.Namespace) -> int:
    """One document, and which items cite it where."""
    catalogue = load(context)
    law = catalogue.register.law(said.law)
    cited = [
        {"item": item.id, "checklist": checklist.id, "article": reference.article}
        for checklist in catalogue.checklists.values()
        for item in checklist.items()
        for reference in item.legal_basis
        if reference.law == law.id
    ]
    if context.json:
        print_json({**_law(law), "cited": cited})
        return 0
    fields(
        (
            (tr("编号", "id"), law.id),
            (tr("文号", "number"), law.number or "—"),
            (tr("名称", "title"), say(law.title)),
            (tr("施行", "in force from"), str(law.valid_from or tr("未核实", "not confirmed"))),
            (tr("失效", "until"), str(law.valid_to or tr("现行", "still in force"))),
            (tr("被替代", "replaced by"), law.replaced_by or "—"),
            (tr("替代", "replaces"), "、".join(law.replaces) or "—"),
            (tr("核实程度", "confirmed"), say(_CONFIRMED[law.confirmed])),
        )
    )
    places: dict[str, list[str]] = {}
    for one in cited:
        places.setdefault(one["article"] or tr("（整件）", "(as a whole)"), []).append(one["item"])
    for place, items in places.items():
        line(f"  {place}  {'、'.join(items)}")
    return 0


def _law(law: Law) -> dict[str, Any]:
    import msgspec

    said: dict[str, Any] = msgspec.to_builtins(law)
    return said


def _day(text: str | None) -> dt.date | None:
    from inspect_tui.records.times import parse_day

    return None if text is None else parse_day(text)


COMMANDS: Final = (
    Command(
        ("checklist", "coverage"),
        Text("规划的每条义务由哪些检查项覆盖", "which items cover each duty of the plan"),
        coverage,
        (
            argument(
                "--page",
                help=Text("输出 Markdown 页面", "print the page in Markdown"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("checklist", "new"),
        Text("为规划义务新建检查表的初稿", "begin a new checklist for duties of the plan"),
        new,
        (
            argument("checklist", help=Text("新检查表的编号", "id of the new checklist"), metavar="ID"),
            argument("target", help=Text("写到哪个 YAML 文件", "YAML file to write"), metavar="FILE"),
            argument("--title-zh", help=Text("中文名称", "title in Chinese"), metavar="TEXT", required=True),
            argument("--title-en", help=Text("英文名称", "title in English"), metavar="TEXT", required=True),
            argument(
                "--kind",
                help=Text("检查对象种类，可多次给出", "kind of site, may be given several times"),
                metavar="KIND",
                action="append",
                required=True,
            ),
            argument(
                "--duty",
                help=Text("规划义务编号，可多次给出", "id of a duty, may be given several times"),
                metavar="DUTY",
                action="append",
                required=True,
            ),
        ),
    ),
    Command(
        ("checklist", "diff"),
        Text("比较检查表的两个版本", "compare two versions of a checklist"),
        diff,
        (
            argument(
                "old", help=Text("旧：YAML 文件或检查表编号", "old: YAML file or id of a checklist"), metavar="OLD"
            ),
            argument(
                "new", help=Text("新：YAML 文件或检查表编号", "new: YAML file or id of a checklist"), metavar="NEW"
            ),
        ),
    ),
    Command(
        ("checklist", "law", "list"),
        Text("列出法规登记表", "list the legal register"),
        laws,
        (
            argument(
                "--on",
                help=Text("只列这一天有效的，2026-08-14", "only what was in force on that day, 2026-08-14"),
                metavar="DAY",
            ),
        ),
    ),
    Command(
        ("checklist", "law", "show"),
        Text("显示一件法规标准及引用它的检查项", "show a document and the items that cite it"),
        law_,
        (argument("law", help=Text("登记表编号", "id in the register"), metavar="LAW"),),
    ),
)
