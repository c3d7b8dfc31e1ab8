"""`officer add|switch|list|remove`: the people who share a laptop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import line, print_json, table
from inspect_tui.cli.pin import NEW_PIN_FILE
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Refused, Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context


def list_(context: Context, _: argparse.Namespace) -> int:
    """The officers of this laptop."""
    from inspect_tui.records import officers

    with context.open() as workspace:
        people = officers.listed(workspace)
    if context.json:
        print_json([plain(one) for one in people])
        return 0
    table(
        (tr("当前", "in"), tr("姓名", "name"), tr("执法证号", "badge"), "PIN"),
        (
            ("▸" if one.active else "", one.name, one.badge, tr("有", "yes") if one.pin else tr("无", "no"))
            for one in people
        ),
    )
    return 0


def add(context: Context, said: argparse.Namespace) -> int:
    """Let one more officer work here."""
    from inspect_tui.cli.pin_asking import new_pin
    from inspect_tui.records import officers

    with context.open() as workspace:
        person = officers.tidy(said.name, said.badge)
        pin: str | None = None
        if workspace.access.is_set():
            workspace.access.ready()
            pin = new_pin(said, first=False)
        officers.add(workspace, person.name, person.badge, pin)
    if context.json:
        print_json({"name": person.name, "badge": person.badge, "pin": pin is not None})
    else:
        line(
            tr(
                f"已添加 {person.name} {person.badge}；用 inspect-tui officer switch {person.badge} 切换。",
                f"{person.name} {person.badge} is added; inspect-tui officer switch {person.badge} lets them work.",
            )
        )
    return 0


def switch(context: Context, said: argparse.Namespace) -> int:
    """Let another officer work."""
    from inspect_tui.cli.pin_asking import current_pin, tell_failures
    from inspect_tui.records import officers

    with context.open() as workspace:
        target = officers.find(workspace, said.badge)
        pin: str | None = None
        if workspace.access.is_set():
            pin = current_pin(said) if target.pin else None
        elif not (said.yes or _confirmed(target.name, target.badge)):
            raise Refused(
                "未切换；本机没有设 PIN，切换须确认：加 --yes。",
                "Nobody was switched in; no PIN is set here, so switching needs a confirmation: add --yes.",
            )
        person, past = officers.switch(workspace, target.badge, pin)
        tell_failures(past)
    if context.json:
        print_json({"name": person.name, "badge": person.badge})
    else:
        line(
            tr(
                f"现在由 {person.name} {person.badge} 使用本机，此后的记录署其执法证号。",
                f"{person.name} {person.badge} works here now; what is recorded bears that badge number.",
            )
        )
    return 0


def _confirmed(name: str, badge: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    question = tr(
        f"切换为 {name} {badge}，此后的记录署其执法证号？（y/N）",
        f"Switch to {name} {badge}, whose badge number what is recorded will bear? (y/N)",
    )
    print(f"{question} ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def remove(context: Context, said: argparse.Namespace) -> int:
    """Take an officer off this laptop."""
    from inspect_tui.records import officers

    with context.open() as workspace:
        person = officers.remove(workspace, said.badge)
    if context.json:
        print_json({"name": person.name, "badge": person.badge})
    else:
        line(
            tr(
                f"已移除 {person.name} {person.badge}；其记录都保留。",
                f"{person.name} {person.badge} is removed; what they recorded stays.",
            )
        )
    return 0


_BADGE: Final = argument("badge", help=Text("执法证号", "badge number"), metavar="BADGE")

COMMANDS: Final = (
    Command(("officer", "list"), Text("列出本机的人员", "list the officers of this laptop"), list_),
    Command(
        ("officer", "add"),
        Text(
            "添加人员；设有 PIN 时由其本人设一个 PIN", "add an officer; where a PIN is set, with one of their own"
        ),
        add,
        (
            argument("--name", help=Text("姓名", "name of the officer"), required=True),
            argument("--badge", help=Text("执法证号", "badge number"), required=True),
            NEW_PIN_FILE,
        ),
    ),
    Command(
        ("officer", "switch"),
        Text("换另一名人员使用本机，须输入其 PIN", "let another officer work here, with that officer's PIN"),
        switch,
        (
            _BADGE,
            argument(
                "--yes",
                help=Text("没有设 PIN 时不再询问", "do not ask where no PIN is set"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("officer", "remove"),
        Text("移除人员，其记录保留", "take an officer off; what they recorded stays"),
        remove,
        (_BADGE,),
    ),
)
