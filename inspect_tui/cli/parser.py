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
GROUPS: Final[dict[str, Text]] = {
    "checklist": Text("检查表", "checklists"),
    "site": Text("检查对象", "sites"),
    "inspection": Text("检查", "inspections"),
    "photo": Text("照片", "photos"),
    "finding": Text("问题", "findings"),
    "conflict": Text("冲突", "conflicts"),
    "export": Text("导出", "exports"),
}
_SENTENCES: Final = (
    (re.compile(r"the following arguments are required: (.+)"), "缺少 {0}"),
    (re.compile(r"unrecognized arguments: (.+)"), "不认识 {0}"),
    (re.compile(r"argument (.+?): invalid choice: (.+?) \(choose from (.+)\)"), "{0} 不能是 {1}，可选 {2}"),
    (re.compile(r"argument (.+?): expected one argument"), "{0} 后面缺少取值"),
    (re.compile(r"argument (.+?): expected at least one argument"), "{0} 后面至少要有一个取值"),
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
        if len(command.words) > 1:
            group = command.words[0]
            if group not in groups:
                made = top.add_parser(group, help=_help(GROUPS[group]), parents=shared)
                groups[group] = made.add_subparsers(
                    title=tr("命令", "commands"), metavar=tr("命令", "COMMAND"), required=True
                )
            holder = groups[group]
        own = holder.add_parser(
            command.words[-1], help=_help(command.help), description=_help(command.help), parents=shared
        )
        own.set_defaults(command=command)
        for each in command.arguments:
            own.add_argument(*each.flags, help=_help(each.help), **each.options)
    return parser


def _help(text: Text) -> str:
    return str(text).replace("%", "%%")
