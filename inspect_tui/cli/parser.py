"""The parser, made from the declarations; wrong usage is one sentence in the language in use."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from inspect_tui.cli.failures import WrongUsage
from inspect_tui.texts import Text, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspect_tui.cli.command import Argument, Command

PROGRAMME: Final = "inspect-tui"
MOST: Final = 1_000_000_000
"""What a count may be at most; SQLite knows no larger whole numbers than its own."""
PATHS: Final = frozenset({"FILE", "PATH", "DIR", "SOURCE", "TARGET", "REPLICA"})
"""Names of arguments that are paths: they may be bytes of any encoding, but not empty."""
GROUPS: Final[dict[str, Text]] = {
    "pin": Text("本机的 PIN", "the PIN of this laptop"),
    "officer": Text("本机的人员", "officers of this laptop"),
    "checklist": Text("检查表", "checklists"),
    "checklist law": Text("法规登记表", "the legal register"),
    "site": Text("检查对象", "sites"),
    "task": Text("检查任务", "tasks"),
    "draw": Text("双随机抽取", "random draws"),
    "inspection": Text("检查", "inspections"),
    "photo": Text("照片", "photos"),
    "finding": Text("问题", "findings"),
    "conflict": Text("冲突", "conflicts"),
    "bundle": Text("数据包（U 盘）", "bundles for USB sticks"),
    "team": Text("团队", "the team"),
    "export": Text("导出", "exports"),
}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SENTENCES: Final = (
    (re.compile(r"the following arguments are required: (.+)"), "缺少 {0}"),
    (re.compile(r"unrecognized arguments: (.+)"), "不认识 {0}"),
    (re.compile(r"argument (.+?): invalid choice: (.+?) \(choose from (.+)\)"), "{0} 不能是 {1}，可选 {2}"),
    (re.compile(r"argument (.+?): expected one argument"), "{0} 后面缺少取值"),
    (re.compile(r"argument (.+?): expected at least one argument"), "{0} 后面至少要有一个取值"),
    (
        re.compile(r"argument (.+?): not a whole number from 1 to (\d+): (.+)"),
        "{0} 须是 1 至 {1} 的整数，不能是 {2}",
    ),
    (re.compile(r"argument (.+?): invalid .+? value: (.+)"), "{0} 的取值 {1} 不对"),
    (re.compile(r"argument (.+?): not allowed with argument (.+)"), "{0} 不能与 {1} 同用"),
)


class Parser(argparse.ArgumentParser):
    """argparse with its headings and complaints in both languages."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"add_help": False, "allow_abbrev": False, **options})
        self._positionals.title = tr("参数", "arguments")
        self._optionals.title = tr("选项", "options")
        self.add_argument("-h", "--help", action="help", help=tr("显示本帮助", "show this help"))

    def error(self, message: str) -> NoReturn:
        """Wrong usage.

        Raises:
            WrongUsage: Always.
        """
        chinese = message
        for pattern, sentence in _SENTENCES:
            if (match := pattern.fullmatch(message)) is not None:
                chinese = sentence.format(*match.groups())
        raise WrongUsage(
            f"用法有误：{chinese}；请看 {self.prog} --help。", f"Wrong usage: {message}; see {self.prog} --help."
        )

    def format_usage(self) -> str:
        """The usage with its heading in the language in use."""
        return _heading(super().format_usage())

    def format_help(self) -> str:
        """The help with its heading in the language in use."""
        return _heading(super().format_help())


def _heading(text: str) -> str:
    return tr("用法：", "usage: ") + text.removeprefix("usage: ")


def count(text: str) -> int:
    """A number of things, from 1.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if re.fullmatch(r"\+?[0-9]{1,20}", text, re.ASCII) and 1 <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a whole number from 1 to {MOST}: {text[:40]!r}")


def check_texts(said: argparse.Namespace, arguments: Iterable[Argument]) -> None:
    """Refuse at the door what no record can hold: bytes that are no text, and paths that are empty.

    Raises:
        WrongUsage: Names the argument.
    """
    for each in arguments:
        name = each.options.get("metavar") or each.flags[-1]
        shown = each.flags[-1] if each.flags[0].startswith("-") else name
        values = getattr(said, each.flags[-1].lstrip("-").replace("-", "_"), None)
        is_path = name in PATHS
        for value in values if isinstance(values, list | tuple) else [values]:
            if not isinstance(value, str):
                continue
            if is_path and not value:
                raise WrongUsage(
                    f"{shown} 是空的；请给出文件或文件夹。", f"{shown} is empty; name a file or folder."
                )
            if not is_path and _SURROGATE.search(value):
                raise WrongUsage(
                    f"{shown} 的取值不是 UTF-8 文字；请检查终端的编码，改用 UTF-8 后重试。",
                    f"{shown} is not UTF-8 text; set the terminal to UTF-8 and try again.",
                )


def global_options(globals_: Iterable[Argument]) -> argparse.ArgumentParser:
    """The options that stand before or after the command."""
    parent = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for each in globals_:
        parent.add_argument(*each.flags, help=_help(each.help), **each.options)
    return parent


def build(commands: Sequence[Command], globals_: Sequence[Argument]) -> Parser:
    """The parser of the whole command line; `command` in its result is the chosen `Command`."""
    shared: list[Any] = [global_options(globals_)]
    about = tr(
        "环境检查现场记录工具。不带命令则打开界面。",
        "Field inspection records for environmental inspectors. Without a command it opens the screens.",
    )
    parser = Parser(prog=PROGRAMME, description=about, parents=shared)
    # A metavar keeps the usage to one line; the commands are listed below it.
    top = parser.add_subparsers(title=tr("命令", "commands"), metavar=tr("命令", "COMMAND"), required=True)
    groups: dict[str, Any] = {}
    for command in commands:
        holder: Any = top
        for depth in range(1, len(command.words)):
            group = " ".join(command.words[:depth])
            if group not in groups:
                made = holder.add_parser(command.words[depth - 1], help=_help(GROUPS[group]), parents=shared)
                groups[group] = made.add_subparsers(
                    title=tr("命令", "commands"), metavar=tr("命令", "COMMAND"), required=True
                )
            holder = groups[group]
        own = holder.add_parser(
            command.words[-1], help=_help(command.help), description=_help(command.help), parents=shared
        )
        own.set_defaults(command=command)
        for each in command.arguments:
            options = each.options | ({"type": count} if each.options.get("type") is int else {})
            own.add_argument(*each.flags, help=_help(each.help), **options)
    return parser


def _help(text: Text) -> str:
    return str(text).replace("%", "%%")
