"""Running one command: language, arguments, workspace, and every failure as one sentence."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Context, argument
from inspect_tui.cli.failures import explain
from inspect_tui.cli.output import speak_utf8
from inspect_tui.texts import Text, language, set_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tui.texts import Language


class _Version(argparse.Action):
    """Says the versions and ends; they are looked up only then."""

    def __call__(self, *_: Any, **__: Any) -> None:
        from inspect_tui.cli.versions import one_line

        print(one_line())
        raise SystemExit(0)


GLOBALS: Final = (
    argument(
        "-w",
        "--workspace",
        help=Text(
            "工作区文件夹（环境变量 INSPECT_TUI_WORKSPACE；默认为系统数据文件夹）",
            "folder of the workspace (environment INSPECT_TUI_WORKSPACE; default the platform's data folder)",
        ),
        metavar="DIR",
    ),
    argument("--json", help=Text("为脚本输出 JSON", "answer in JSON, for scripts"), action="store_true"),
    argument(
        "--pin-file",
        help=Text(
            "PIN 所在的文件，须用密钥时才读（环境变量 INSPECT_TUI_PIN）",
            "file with the PIN, read when a key is needed (environment INSPECT_TUI_PIN)",
        ),
        metavar="FILE",
    ),
    argument("--lang", help=Text("界面语言", "language"), choices=("zh", "en")),
    argument(
        "--version",
        help=Text("显示程序、Python、SQLite 的版本", "show the versions of programme, Python and SQLite"),
        action=_Version,
        nargs=0,
    ),
)


def run(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status and raises nothing."""
    before = language()
    try:
        speak_utf8()
        set_language(wanted_language(argv))
        status = _dispatch(argv)
        sys.stdout.flush()
    except SystemExit as leaving:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        return leaving.code if isinstance(leaving.code, int) else 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last place that can say it in one sentence
        return explain(error)
    else:
        return status
    finally:
        set_language(before)


def _dispatch(argv: Sequence[str]) -> int:
    from inspect_tui.cli.parser import build, check_texts
    from inspect_tui.cli.registry import COMMANDS

    said = build(COMMANDS, GLOBALS).parse_args(argv)
    check_texts(said, (*GLOBALS, *said.command.arguments))
    from inspect_tui.cli.pin_asking import TerminalAsker
    from inspect_tui.records.pin_access import set_asker

    before = set_asker(TerminalAsker(getattr(said, "pin_file", None)))
    try:
        return int(said.command.run(Context(folder_of(getattr(said, "workspace", None)), "json" in said), said))
    finally:
        set_asker(before)


def folder_of(named: str | None) -> Path:
    """The folder of the workspace that was named, or the default one."""
    if named:
        return Path(named).expanduser()
    from inspect_tui.records.workspace import Workspace

    return Workspace.default_folder()


def wanted_language(argv: Sequence[str]) -> Language:
    """`--lang`, else that of the workspace's settings, else English where the locale says so, else Chinese."""
    from inspect_tui.records.workspace import Workspace, read_config
    from inspect_tui.texts import Refused

    said = _value_of(argv, "--lang")
    if said in {"zh", "en"}:
        return "en" if said == "en" else "zh"
    folder = folder_of(_value_of(argv, "-w", "--workspace"))
    if Workspace.exists(folder):
        try:
            return read_config(folder).language
        except Refused:
            # The command itself will say what is wrong with the settings.
            return "zh"
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if spoken.lower().startswith("en") else "zh"


def _value_of(argv: Sequence[str], *flags: str) -> str | None:
    """The value of an option before anything is parsed, so that complaints come in the right language."""
    for index, each in enumerate(argv):
        name, joined, value = each.partition("=")
        if name in flags and joined:
            return value
        if each in flags and index + 1 < len(argv):
            return argv[index + 1]
    return None
