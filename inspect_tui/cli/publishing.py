"""`checklist publish|withdraw` and `inspection carry-over`: new versions, and drafts that go on with them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, complain
from inspect_tui.cli.output import fields, line, print_json
from inspect_tui.exports.neutral import one_line
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse

    from checklists.differences import Difference
    from inspect_tui.cli.command import Context
    from inspect_tui.records.carrying_over import CarryOver, ItemChange
    from inspect_tui.records.publishing import Plan
    from inspect_tui.records.workspace import Workspace

_YES: Final = argument("--yes", help=Text("不再询问", "without asking"), action="store_true")
_PREVIEW: Final = argument("--preview", help=Text("只看，不写入", "look only, write nothing"), action="store_true")


def publish(context: Context, said: argparse.Namespace) -> int:
    """Publish a version for an area, after showing what differs from the one in force."""
    from checklists.differences import differences
    from inspect_tui.records import publishing

    with context.open() as workspace:
        plan = publishing.plan(workspace, _given(workspace, said.checklist), said.area)
        found = differences(plan.before, plan.checklist) if plan.before is not None else []
        if not context.json:
            _tell_plan(plan, found)
        sure = not said.preview and (said.yes or _sure(tr("是否发布？[y/N] ", "Publish it? [y/N] ")))
        row = publishing.publish(workspace, plan, said.note or "") if sure else None
    if context.json:
        print_json(
            {
                "published": row is not None,
                "row": row,
                "id": plan.checklist.id,
                "version": plan.checklist.version,
                "area": plan.area,
                "version_in_force": None if plan.before is None else plan.before.version,
                "differences": [one._asdict() for one in found],
            }
        )
    elif row is not None:
        line(
            tr(
                f"已为 {plan.area} 发布 {plan.checklist.id} {plan.checklist.version}；下次合并、数据包或同步时送达各设备。",
                f"Published {plan.checklist.id} {plan.checklist.version} for {plan.area}; it reaches the laptops with the next"
                " merge, bundle or sync.",
            )
        )
    return _status(done=row is not None, preview=said.preview)


def _given(workspace: Workspace, named: str) -> bytes:
    """The YAML of a file, of an imported checklist, of a published one, or of a shipped one."""
    from checklists.catalogue import BUILT_IN
    from checklists.yamltree import MAX_BYTES
    from inspect_tui.cli.checklist import local_file
    from inspect_tui.records.publications import text_of

    path = Path(named).expanduser()
    if path.suffix.casefold() == ".xlsx":
        from inspect_tui.exports import xlsform

        read = xlsform.check_file(path)
        if read.mistakes:
            first = read.mistakes[0].show()
            raise Refused(
                f"{path.name} 有错误，未发布：{first.zh.rstrip('。')}；用 checklist validate 查看全部。",
                f"{path.name} has faults and was not published: {first.en.rstrip('.')}; checklist validate lists them all.",
            )
        return xlsform.as_yaml(read.value)
    if path.suffix.casefold() in {".yaml", ".yml"} or path.is_file():
        if not path.is_file():
            raise Refused(f"没有文件 {named}。", f"There is no file {named}.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    own = local_file(workspace.folder, named)
    if own is not None:
        return own.read_bytes()
    layers = workspace.layers(workspace.config.area)
    layers.catalogue.checklist(named)
    if layers.published is not None and named in layers.published.by:
        return text_of(workspace, layers.published.by[named]).encode()
    return (BUILT_IN / f"{named}.yaml").read_bytes()


def _tell_plan(plan: Plan, found: list[Difference]) -> None:
    from inspect_tui.cli.catalogue import tell_differences

    fields(
        (
            (tr("检查表", "checklist"), f"{plan.checklist.id} {say(plan.checklist.title)}"),
            (tr("版本", "version"), plan.checklist.version),
            (tr("行政区", "area"), plan.area),
            (tr("现行版本", "in force"), tr("无", "none") if plan.before is None else plan.before.version),
        )
    )
    if plan.before is not None:
        tell_differences(found)


def _sure(question: str) -> bool:
    """Whether the person says yes; where nobody can be asked, it says what to add."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        complain(tr("未写入；确认后请加 --yes。", "Nothing was written; add --yes to go on."))
        return False
    print(one_line(question), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def _status(*, done: bool, preview: bool) -> int:
    return 0 if done or preview else REFUSED


def withdraw(context: Context, said: argparse.Namespace) -> int:
    """Withdraw a published version."""
    from inspect_tui.records import publishing

    with context.open() as workspace:
        one = publishing.withdraw(workspace, said.checklist, said.version, said.reason, said.area)
        now = workspace.catalogue_for(one.area).checklists.get(one.checklist)
    if context.json:
        print_json(
            {
                "row": one.id,
                "id": one.checklist,
                "version": one.version,
                "area": one.area,
                "version_in_force": None if now is None else now.version,
            }
        )
    else:
        held = tr("无", "none") if now is None else now.version
        line(
            tr(
                f"已撤回 {one.checklist} {one.version}（{one.area}）；现行版本：{held}。已开始的检查保留原文本。",
                f"Withdrew {one.checklist} {one.version} ({one.area}); in force now: {held}. Inspections begun keep their text.",
            )
        )
    return 0


def carry(context: Context, said: argparse.Namespace) -> int:
    """Let a draft go on with another version of its checklist, after showing what becomes of its answers."""
    from inspect_tui.records.carrying_over import carry_over, preview

    with context.open() as workspace:
        seen = preview(workspace, said.inspection, said.to)
        confirmed = seen.to_confirm() if said.confirm_all else tuple(dict.fromkeys(said.confirm or ()))
        if not context.json:
            _tell_carry(seen, confirmed)
        sure = not said.preview and (said.yes or _sure(tr("是否改用？[y/N] ", "Carry over? [y/N] ")))
        if sure:
            carry_over(workspace, said.inspection, said.reason or "", confirmed=confirmed, seen=seen)
    if context.json:
        print_json(
            {
                "carried_over": sure,
                "inspection": seen.inspection,
                "checklist": seen.checklist,
                "old_version": seen.old_version,
                "new_version": seen.new_version,
                "items": [_item(one) for one in seen.items],
            }
        )
    elif sure:
        line(
            tr(
                f"已改用 {seen.checklist} {seen.new_version}；原记录都保留在日志中。",
                f"The inspection goes on with {seen.checklist} {seen.new_version}; everything recorded stays in the log.",
            )
        )
    return _status(done=sure, preview=said.preview)


def _item(one: ItemChange) -> dict[str, Any]:
    return {
        "item": one.item,
        "question": one.question.zh,
        "question_en": one.question.en,
        "what": one.what,
        "answer": one.outcome,
        "verdict": one.verdict,
        "verdict_after": one.verdict_after,
        "dropped": list(one.dropped),
        "changes": [
            {
                "field": change.field.en,
                "field_zh": change.field.zh,
                "old": change.old.zh,
                "new": change.new.zh,
                "old_en": change.old.en,
                "new_en": change.new.en,
            }
            for change in one.changes
        ],
    }


def _tell_carry(seen: CarryOver, confirmed: tuple[str, ...]) -> None:
    from inspect_tui.records.item_changes import WHATS
    from inspect_tui.records.model import VERDICTS

    fields(
        (
            (tr("检查表", "checklist"), seen.checklist),
            (tr("版本", "version"), f"{seen.old_version} → {seen.new_version}"),
            (tr("未变的检查项", "unchanged items"), len(seen.items) - len(seen.changed())),
        )
    )
    for one in seen.changed():
        verdict = f" [{say(VERDICTS[one.verdict])}]" if one.verdict in VERDICTS else ""
        line(f"{one.item}  {say(WHATS[one.what])}{verdict}  {_outcome(one, confirmed)}  {say(one.question)}")
        for change in one.changes:
            line(f"        {say(change.field)}{tr('：', ': ')}{say(change.old)} → {say(change.new)}")
        for value in one.dropped:
            line(f"        {tr('不再测量，原值保留在日志中', 'not measured any more, kept in the log')}: {value}")


def _outcome(one: ItemChange, confirmed: tuple[str, ...]) -> str:
    from inspect_tui.records.carrying_over import OUTCOMES

    if one.outcome == "confirm" and one.item in confirmed:
        return tr("结果经确认保留", "answer kept, confirmed")
    return say(OUTCOMES[one.outcome])


_ID: Final = argument("checklist", help=Text("检查表编号", "id of the checklist"), metavar="ID")

COMMANDS: Final = (
    Command(
        ("checklist", "publish"),
        Text(
            "为行政区发布检查表的一个版本（管理员）",
            "publish a version of a checklist for an area (administrators)",
        ),
        publish,
        (
            argument(
                "checklist",
                help=Text("YAML 文件、.xlsx 工作簿或检查表编号", "YAML file, .xlsx workbook, or id of a checklist"),
                metavar="CHECKLIST",
            ),
            argument(
                "--area",
                help=Text(
                    "行政区代码，末尾为 00 的含其下各区（默认为工作区的行政区）",
                    "area code, one ending in 00 with those beneath it (default the workspace's area)",
                ),
                metavar="CODE",
            ),
            argument("--note", help=Text("发布说明", "a note on it"), metavar="TEXT"),
            _PREVIEW,
            _YES,
        ),
    ),
    Command(
        ("checklist", "withdraw"),
        Text("撤回发布过的一个版本（管理员）", "withdraw a published version (administrators)"),
        withdraw,
        (
            _ID,
            argument("version", help=Text("版本", "version"), metavar="VERSION"),
            argument("--reason", help=Text("理由", "why"), metavar="TEXT", required=True),
            argument(
                "--area",
                help=Text(
                    "为哪个行政区发布的（发布过多个时）", "for which area it was published, where for several"
                ),
                metavar="CODE",
            ),
        ),
    ),
    Command(
        ("inspection", "carry-over"),
        Text("让草稿改用检查表的另一版本", "let a draft go on with another version of its checklist"),
        carry,
        (
            argument("inspection", help=Text("编号", "id"), metavar="ID"),
            argument(
                "--to", help=Text("版本（默认为现行版本）", "version (default the one in force)"), metavar="VERSION"
            ),
            argument("--reason", help=Text("理由", "why"), metavar="TEXT"),
            argument(
                "--confirm",
                help=Text(
                    "文字改动后结果仍成立的检查项，可多次给出",
                    "item whose answer stays although its words changed, may be given several times",
                ),
                metavar="ITEM",
                action="append",
            ),
            argument(
                "--confirm-all",
                help=Text("确认所有这样的检查项", "confirm all of these"),
                action="store_true",
            ),
            _PREVIEW,
            _YES,
        ),
    ),
)
