"""`draw new|list|show|repeat|void`: random draws 双随机 of sites and officers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, WrongUsage
from inspect_tui.cli.output import fields, line, print_json, table
from inspect_tui.cli.plain import plain
from inspect_tui.cli.task import DUE, OFFICER, people_of, task_table
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from inspect_tui.cli.command import Context
    from inspect_tui.records.draw import DrawInput, DrawPlan
    from inspect_tui.records.workspace import Workspace

_CLASSES: Final = {
    "all": Text("全部", "all"),
    "high": Text("高风险", "high risk"),
    "medium": Text("中风险", "medium risk"),
    "low": Text("低风险", "low risk"),
    "none": Text("未分级", "not graded"),
}


def _amounts(said: argparse.Namespace) -> dict[str, str]:
    """Class → amount of `--share` or `--count`.

    Raises:
        WrongUsage: Both or neither are given, or a class stands twice.
    """
    if bool(said.share) == bool(said.count):
        raise WrongUsage(
            "请给出 --share（百分比）或 --count（个数）之一。", "Give one of --share (percent) and --count (sites)."
        )
    amounts: dict[str, str] = {}
    for one in said.share or said.count:
        name, joined, amount = one.partition("=")
        if not joined:
            name, amount = "all", one
        if name in amounts:
            raise WrongUsage(f"{one} 重复给出了数量。", f"{one} gives an amount a second time.")
        amounts[name] = amount
    return amounts


def _barred(pairs: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for pair in pairs:
        badge, joined, site = pair.partition("=")
        if not joined or not badge or not site:
            raise WrongUsage(f"“{pair[:60]}”不是 证号=对象编号。", f"“{pair[:60]}” is not BADGE=SITE.")
        found.append((badge, site))
    return found


def _input(workspace: Workspace, said: argparse.Namespace) -> DrawInput:
    from inspect_tui.records.draw import DrawInput
    from inspect_tui.records.tasks import known_people

    return DrawInput(
        area=said.area or workspace.config.area,
        by="share" if said.share else "count",
        amounts=_amounts(said),
        officers=known_people(workspace, people_of(said.officer)),
        due_date=said.due,
        kinds=tuple(said.kind),
        not_inspected_days=said.not_inspected_days,
        checklist=said.checklist,
        per_site=said.per_site,
        barred=_barred(getattr(said, "not")),
        seed=said.seed,
        title=said.title,
        note=said.note,
    )


def new(context: Context, said: argparse.Namespace) -> int:
    """Draw and record, or only say what would be drawn from."""
    from inspect_tui.records.draw import new_draw, plan_draw

    _amounts(said)
    with context.open() as workspace:
        wanted = _input(workspace, said)
        if said.preview:
            plan = plan_draw(workspace, wanted)
            return _preview(context, plan)
        row = new_draw(workspace, wanted)
        if context.json:
            print_json(_told(workspace, row))
        else:
            line(tr(f"已抽取并派出任务，编号 {row}。", f"Drawn and recorded as {row}."))
            _say(workspace, row)
    return 0


def _preview(context: Context, plan: DrawPlan) -> int:
    if context.json:
        print_json(
            {
                "shares": plain(plan.shares),
                "population": {name: sorted(ids) for name, ids in plan.urn.population.items()},
                "inspected": plan.inspected,
                "unclassed": plan.unclassed,
                "officers": plain(tuple(plan.officers.values())),
                "checklists": plan.checklists,
                "seed": plan.urn.seed or None,
                "drawn": plain(plan.drawn),
            }
        )
        return 0
    line(tr("仅预览，未作记录。", "A preview; nothing was recorded."))
    for share in plan.shares:
        _say_share(share.name, share.total, share.drawn)
    if plan.inspected:
        line(tr(f"近期检查过，不参加：{plan.inspected}", f"inspected not long ago, left out: {plan.inspected}"))
    if plan.unclassed:
        line(
            tr(
                f"风险等级未给数量，不参加：{plan.unclassed}",
                f"of a risk class without an amount, left out: {plan.unclassed}",
            )
        )
    if not plan.urn.seed:
        line(
            tr(
                "未给种子：正式抽取时随机产生并记录，此前没有人知道结果。",
                "No seed is given: one is made at random and recorded when it is drawn; nobody knows the result before.",
            )
        )
        return 0
    _say_drawn(
        (
            plan.sites[one.site].name,
            one.site,
            "、".join(f"{plan.officers[badge].name} {badge}" for badge in one.officers),
        )
        for one in plan.drawn
    )
    return 0


def _say_share(name: str, total: int, drawn: int) -> None:
    title = say(_CLASSES.get(name, Text(name, name)))
    line(tr(f"{title}：{total} 个中抽 {drawn} 个", f"{title}: {drawn} of {total} sites"))


def _say_drawn(rows: Iterable[tuple[str, str, str]]) -> None:
    table((tr("对象", "site"), tr("编号", "id"), tr("执法人员", "officers")), rows)


def list_(context: Context, said: argparse.Namespace) -> int:
    """Draws, the latest first, voided ones too."""
    del said
    from inspect_tui.records.queries import list_draws
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        draws = list_draws(workspace)
    if context.json:
        print_json([plain(each) for each in draws])
        return 0
    if not draws:
        line(tr("没有双随机抽取。", "There are no draws."))
        return 0
    table(
        (
            tr("编号", "id"),
            tr("时间", "time"),
            tr("行政区", "area"),
            tr("抽取", "drawn"),
            tr("由", "by"),
            tr("名称", "title"),
        ),
        (
            (
                each.id,
                shown(each.made_at),
                say(each.area_name),
                f"{each.drawn}/{each.population}",
                each.made_by,
                each.title + (tr("（已作废）", " (void)") if each.voided else ""),
            )
            for each in draws
        ),
    )
    return 0


def _told(workspace: Workspace, draw_id: str) -> dict[str, Any]:
    """A draw for machines, with its population, so that it can be repeated from this alone."""
    from inspect_tui.records.queries import draw_detail

    values = workspace.row("draws", draw_id).values
    detail = draw_detail(workspace, draw_id)
    told: dict[str, Any] = plain(detail)
    return {**told.pop("line"), **told, "population_ids": values["population"], "result": values["result"]}


def _say(workspace: Workspace, draw_id: str) -> None:
    from inspect_tui.records.queries import draw_detail
    from inspect_tui.records.times import shown

    detail = draw_detail(workspace, draw_id)
    draw, filters = detail.line, detail.filters
    source = tr("指定", "given") if draw.seed_source == "given" else tr("随机产生", "made at random")
    unit = "%" if detail.amount_by == "share" else tr(" 个", " sites")
    amounts = tr("，", ", ").join(
        f"{say(_CLASSES.get(name, Text(name, name)))} {amount}{unit}" for name, amount in detail.amounts.items()
    )
    fields(
        (
            (tr("编号", "id"), draw.id),
            (tr("名称", "title"), draw.title),
            (tr("作废理由", "why void"), draw.voided),
            (tr("行政区", "area"), f"{say(draw.area_name)} {draw.area}"),
            (tr("类型", "kinds"), ", ".join(map(str, filters.get("kinds") or ()))),
            (tr("不含此后检查过的", "without those inspected since"), shown(filters.get("inspected_since"))),
            (tr("抽取数量", "amounts"), amounts),
            (tr("种子", "seed"), tr(f"{draw.seed}（{source}）", f"{draw.seed} ({source})")),
            (tr("算法", "algorithm"), draw.algorithm),
            (tr("对象名单", "population"), f"{draw.population}  SHA-256 {draw.population_sha256}"),
            (tr("执法人员", "officers"), "、".join(f"{one.name} {one.badge}" for one in detail.officers)),
            (tr("回避", "barred"), "; ".join(f"{badge}={site}" for badge, site in detail.barred)),
            (tr("抽取", "made"), f"{shown(draw.made_at)}  {draw.made_by}"),
        )
    )
    task_table(detail.tasks)


def show(context: Context, said: argparse.Namespace) -> int:
    """One draw with its tasks."""
    from inspect_tui.records.queries import draw_detail

    with context.open() as workspace:
        draw_detail(workspace, said.draw)
        if context.json:
            print_json(_told(workspace, said.draw))
        else:
            _say(workspace, said.draw)
    return 0


def repeat(context: Context, said: argparse.Namespace) -> int:
    """Draw again from what the log holds, and compare."""
    from inspect_tui.records.repeat_draw import repeat_draw

    with context.open() as workspace:
        repeated = repeat_draw(workspace, said.draw)
        names = {
            one.site: row.values["name"] if (row := workspace.replica.row("sites", one.site)) else ""
            for one in repeated.drawn
        }
    if context.json:
        print_json(plain(repeated))
        return 0 if repeated.same else REFUSED
    line(
        tr("✓ 复算结果与记录相同。", "✓ The same comes out as is recorded.")
        if repeated.same
        else tr("✗ 复算结果与记录不同：", "✗ Something else comes out than is recorded:")
    )
    for problem in repeated.problems:
        line("! " + say(problem))
    _say_drawn((names[one.site], one.site, "、".join(one.officers)) for one in repeated.drawn)
    if repeated.since or repeated.gone:
        line(
            tr(
                f"同一范围内现有 {repeated.since} 个对象不在名单中，名单中 {repeated.gone} 个已作废或归并；不影响复算。",
                f"{repeated.since} sites there are now not in the list, {repeated.gone} of the list are void or joined; that does"
                " not matter.",
            )
        )
    return 0 if repeated.same else REFUSED


def void(context: Context, said: argparse.Namespace) -> int:
    """Void a draw and cancel its tasks."""
    from inspect_tui.records.draw import void_draw

    with context.open() as workspace:
        count = void_draw(workspace, said.draw, said.reason)
    if context.json:
        print_json({"id": said.draw, "cancelled_tasks": count})
    else:
        line(
            tr(
                f"已作废抽取 {said.draw}，取消尚未开始的任务 {count} 项。",
                f"Voided the draw {said.draw} and cancelled {count} tasks that nobody had begun.",
            )
        )
    return 0


_DRAW: Final = argument("draw", help=Text("抽取编号", "id of the draw"), metavar="ID")

COMMANDS: Final = (
    Command(
        ("draw", "new"),
        Text("双随机抽取对象和执法人员，并派出任务", "draw sites and officers at random and record the tasks"),
        new,
        (
            argument(
                "--area",
                help=Text(
                    "行政区代码，以 00 结尾则含下级；默认本机的",
                    "area code; ending in 00 covers those below; this device's by default",
                ),
                metavar="CODE",
            ),
            argument(
                "--kind",
                help=Text("对象类型，可重复；默认全部", "kind of site, may be repeated; all by default"),
                action="append",
                default=[],
            ),
            argument(
                "--share",
                help=Text(
                    "抽取百分比，如 25；或按风险等级，可重复，如 high=50、low=5（none 为未分级）",
                    "percent to draw, such as 25; or for each risk class, repeated, such as high=50, low=5 (none: not graded)",
                ),
                action="append",
                default=[],
                metavar="PERCENT",
            ),
            argument(
                "--count",
                help=Text("抽取个数，写法同 --share", "number of sites to draw, written like --share"),
                action="append",
                default=[],
                metavar="NUMBER",
            ),
            argument(
                "--not-inspected-days",
                help=Text("近若干天内检查过的不参加", "leave out sites inspected within so many days"),
                type=int,
                metavar="DAYS",
            ),
            OFFICER,
            argument(
                "--per-site",
                help=Text("每个对象派几人，默认 2", "officers for each site, 2 by default"),
                type=int,
                default=2,
                metavar="NUMBER",
            ),
            argument(
                "--not",
                help=Text(
                    "回避：此人不去此对象，可重复",
                    "conflict of interest: that officer does not go there, may be repeated",
                ),
                action="append",
                default=[],
                metavar="BADGE=SITE",
            ),
            DUE,
            argument(
                "--checklist",
                help=Text("检查表；默认按对象类型", "checklist; by default the one made for the kind of each site"),
                default="",
                metavar="CHECKLIST",
            ),
            argument(
                "--seed",
                help=Text(
                    "种子，任何一行文字，如当天公布的号码；默认随机产生",
                    "seed, any line of text, such as numbers published that day; made at random by default",
                ),
                default="",
            ),
            argument("--title", help=Text("名称", "title"), default=""),
            argument("--note", help=Text("写入每项任务的说明", "note for every task"), default=""),
            argument(
                "--preview",
                help=Text(
                    "只看对象范围和数量，给了种子时也看结果；不作记录",
                    "only show what is drawn from, and with a seed what comes out; nothing is recorded",
                ),
                action="store_true",
            ),
        ),
    ),
    Command(("draw", "list"), Text("列出双随机抽取", "list draws"), list_),
    Command(("draw", "show"), Text("显示一次抽取及其任务", "show a draw with its tasks"), show, (_DRAW,)),
    Command(
        ("draw", "repeat"),
        Text("按记录复算一次抽取，核对结果", "draw again from the record and compare"),
        repeat,
        (_DRAW,),
    ),
    Command(
        ("draw", "void"),
        Text(
            "作废一次抽取并取消其未开始的任务，须写理由",
            "void a draw and cancel those of its tasks that nobody has begun, with a reason",
        ),
        void,
        (_DRAW, argument("--reason", help=Text("理由", "reason"), required=True)),
    ),
)
