"""`site same|part|same-suggest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import line, print_json, table
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from inspect_tui.cli.command import Context
    from inspect_tui.records.queries import SiteDetail


def same(context: Context, said: argparse.Namespace) -> int:
    """Join two sites that are one."""
    from inspect_tui.records.same_sites import join, site_groups

    with context.open() as workspace:
        row = join(workspace, said.kept, said.joined, said.reason)
        group = site_groups(workspace).group(said.kept)
        names = [workspace.row("sites", site).values["name"] for site in (group[0], said.joined)]
    if context.json:
        print_json({"id": row, "shown": group[0], "group": list(group)})
        return 0
    line(
        tr(
            f"已归并：“{names[1]}”列在“{names[0]}”之下，检查记录都在；如有误用 site part 分开。",
            f"Joined: “{names[1]}” is shown under “{names[0]}” with all its inspections; site part takes it back.",
        )
    )
    return 0


def part(context: Context, said: argparse.Namespace) -> int:
    """Take back that two sites are one."""
    from inspect_tui.records.same_sites import part as take_back
    from inspect_tui.records.same_sites import site_groups

    with context.open() as workspace:
        row = take_back(workspace, said.kept, said.joined, said.reason)
        groups = site_groups(workspace)
    if context.json:
        print_json({"id": row, "groups": [list(groups.group(site)) for site in (said.kept, said.joined)]})
        return 0
    line(tr("已分开；两个对象各自列出。", "Parted; both sites are listed for themselves again."))
    if groups.root(said.kept) == groups.root(said.joined):
        line(
            tr(
                "! 两者仍经由其他对象归并在一起，用 site show 查看。",
                "! They still hang together through other sites; see site show.",
            )
        )
    return 0


def suggest(context: Context, said: argparse.Namespace) -> int:
    """Pairs of sites that may be one."""
    from inspect_tui.records.queries import known_area
    from inspect_tui.records.same_site_hints import hints

    with context.open() as workspace:
        if said.area is not None:
            known_area(workspace, said.area)
        found = hints(workspace, area=said.area, limit=said.limit)
    if context.json:
        print_json([plain(each) for each in found])
        return 0
    if not found:
        line(tr("没有像是同一对象的登记。", "No sites look like one."))
        return 0
    headers = (tr("保留", "keep"), tr("归并", "join"), tr("名称", "names"), tr("依据", "because"))
    rows = ((each.kept, each.joined, _both(each.kept_name, each.joined_name), say(each.reasons)) for each in found)
    table(headers, rows)
    line(
        tr(
            "仅供核对；确认后：inspect-tui site same 保留 归并 --reason 理由",
            "For you to check; then: inspect-tui site same KEPT JOINED --reason WHY",
        )
    )
    return 0


def _both(one: str, other: str) -> str:
    return one if one == other else f"{one} = {other}"


def same_json(detail: SiteDetail) -> dict[str, Any]:
    """What `site show --json` says of the sites that are one with this."""
    return {
        "kept": None if detail.kept is None else detail.kept.id,
        "same": [plain(each) for each in detail.same],
        "joinings": [plain(each) for each in detail.joinings],
    }


def same_lines(detail: SiteDetail) -> Iterator[str]:
    """The same for people."""
    from inspect_tui.records.times import shown

    if detail.kept is not None:
        yield tr(
            f"! 本登记已归并到“{detail.kept.name}”（{detail.kept.id}）",
            f"! this row was joined to “{detail.kept.name}” ({detail.kept.id})",
        )
    names = {each.id: each.name for each in detail.same}
    for each in detail.joinings:
        mark = tr("（有冲突）", " (in conflict)") if each.conflict else ""
        yield (
            f"= {names.get(each.joined, each.joined)} {each.joined} → {names.get(each.kept, each.kept)}"
            f"  {shown(each.at)} {each.by} {each.reason}{mark}"
        )


_PAIR: Final = (
    argument("kept", help=Text("保留的对象编号", "id of the site that stays in lists"), metavar="KEPT"),
    argument("joined", help=Text("归并的对象编号", "id of the site shown under it"), metavar="JOINED"),
    argument("--reason", help=Text("理由，必填", "why; always needed"), default=""),
)

COMMANDS: Final = (
    Command(("site", "same"), Text("把重复登记的对象归并为一个", "join two sites that are one"), same, _PAIR),
    Command(("site", "part"), Text("撤销归并，分开两个对象", "take back that two sites are one"), part, _PAIR),
    Command(
        ("site", "same-suggest"),
        Text("列出像是同一对象的登记", "list sites that may be one"),
        suggest,
        (
            argument("--area", help=Text("行政区代码", "area code"), metavar="CODE"),
            argument(
                "--limit",
                help=Text("最多几对，默认 200", "at most so many pairs, 200 by default"),
                type=int,
                default=200,
            ),
        ),
    ),
)
