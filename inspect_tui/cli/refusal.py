"""`conflict refused|offer-again|settled`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.records.refusals import RefusedChange


def refused(context: Context, _: argparse.Namespace) -> int:
    """Changesets that do not count, with the reason."""
    from inspect_tui.records.refusals import list_refused

    with context.open() as workspace:
        found = list_refused(workspace, limit=-1)
        if context.json:
            print_json(
                [
                    {**plain(each), "time": _when(each.time_ms), "changes": [_change(one) for one in each.changes]}
                    for each in found
                ]
            )
            return 0
        for each in found:
            line(f"{each.version}  {_when(each.time_ms)}  {each.device_name} {each.officer}  {each.area}")
            for one in each.changes:
                _tell(one)
            if each.offered is not None:
                line(
                    tr("  → 已重新提交：", "  → offered again: ")
                    + f"{each.offered.version} {each.offered.officer} {each.offered.badge} {each.offered.reason}"
                )
    if not found:
        line(tr("没有未采纳的变更。", "No change was refused."))
    return 0


def _tell(one: RefusedChange) -> None:
    from inspect_tui.records.cell_words import cell_name, short_value, table_name

    line(f"  ✗ {say(table_name(one.table))} {one.title}" + tr("：", ": ") + say(one.reason))
    for cell, value in one.set.items():
        line(f"    {say(cell_name(one.table, cell))}: {say(short_value(one.table, cell, value))}")


def _change(one: RefusedChange) -> dict[str, Any]:
    return {**plain(one), "reason": plain(one.reason)}


def _when(time_ms: int) -> str:
    from inspect_tui.records.times import SHANGHAI

    return dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI).isoformat(timespec="seconds")


def offer_again(context: Context, said: argparse.Namespace) -> int:
    """Offer refused changesets again, all or none."""
    from inspect_tui.records.refusals import offer_again as offer

    with context.open() as workspace, workspace.writing():
        done = [
            {"version": version, "offered": offer(workspace, version, said.reason, replace=said.replace)}
            for version in dict.fromkeys(said.versions)
        ]
    if context.json:
        print_json(done)
        return 0
    for each in done:
        line(
            tr(
                f"已重新提交 {each['version']} → {each['offered']}",
                f"Offered again: {each['version']} → {each['offered']}",
            )
        )
    return 0


def settled(context: Context, _: argparse.Namespace) -> int:
    """Conflicts that were settled, with the values that were to choose from."""
    from inspect_tui.records.cell_words import cell_name, short_value
    from inspect_tui.records.settlements import list_settlements, settlement
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        found = [settlement(workspace, each.id) for each in list_settlements(workspace, limit=-1)]
    if context.json:
        print_json(
            [
                {
                    **plain(each.line),
                    "value": each.value,
                    "base": each.conflict.base,
                    "values": [
                        {"choice": letter, **plain(head), "time": _when(head.time_ms)}
                        for letter, head in zip(LETTERS, each.conflict.heads, strict=False)
                    ],
                }
                for each in found
            ]
        )
        return 0
    for each in found:
        at = each.line
        changed = "" if at.current else tr("  （此后又改过）", "  (changed since)")
        line(f"{at.table} {at.row} {at.cell}  {at.title}  {say(cell_name(at.table, at.cell))}{changed}")
        line(f"  = {say(short_value(at.table, at.cell, each.value))}  — {shown(at.at)} {at.officer} {at.badge}")
        line(tr("  理由：", "  because: ") + at.reason)
        for letter, head in zip(LETTERS, each.conflict.heads, strict=False):
            value = say(short_value(at.table, at.cell, head.value))
            line(f"  {letter}: {value}  — {head.device_name} {head.officer} {_when(head.time_ms)}")
    if not found:
        line(tr("还没有解决过冲突。", "No conflict was settled yet."))
    return 0


LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"

COMMANDS: Final = (
    Command(
        ("conflict", "refused"), Text("列出未采纳的变更及原因", "list refused changes with the reason"), refused
    ),
    Command(
        ("conflict", "offer-again"),
        Text("重新提交未采纳的变更", "offer refused changes again"),
        offer_again,
        (
            argument(
                "versions",
                help=Text(
                    "conflict refused 中的版本，先后为序", "versions as conflict refused shows them, in order"
                ),
                nargs="+",
                metavar="VERSION",
            ),
            argument("--reason", help=Text("理由，必填", "why; always needed"), default=""),
            argument(
                "--replace",
                help=Text("改写此后另有的取值", "write over other values that came since"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("conflict", "settled"), Text("列出已解决的冲突及理由", "list settled conflicts with the reason"), settled
    ),
)
