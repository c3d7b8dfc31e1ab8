"""docs/commands.md speaks of every command, option and column, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspect_tui.cli.registry import COMMANDS
from inspect_tui.cli.run import GLOBALS
from inspect_tui.exports.columns import COLUMNS

TEXT = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
SECTIONS = {part.split("\n", 1)[0].strip(): part for part in TEXT.split("\n## ")[1:]}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_documented_with_all_it_takes(command: object) -> None:
    """A section of its own, with each argument and option and what it is, in Chinese and English."""
    section = SECTIONS[getattr(command, "name", "")]
    assert getattr(command, "help").zh in section  # noqa: B009  the type is erased by parametrising
    for argument in getattr(command, "arguments", ()):
        name = argument.flags[0] if argument.flags[0].startswith("-") else argument.options.get("metavar")
        assert f"`{name}" in section
        assert argument.help.zh.replace("|", "\\|") in section
        assert argument.help.en.replace("|", "\\|") in section


def test_no_section_is_about_a_command_that_is_not_there() -> None:
    """Documentation does not outlive what it documents."""
    assert set(SECTIONS) - {command.name for command in COMMANDS} == {"通用选项 Options of every command"}


def test_global_options_and_columns_are_documented() -> None:
    """Each with its code and both names."""
    assert all(flag in TEXT for each in GLOBALS for flag in each.flags)
    assert all(f"| `{each.code}` | {each.title.zh} | {each.title.en} |" in TEXT for each in COLUMNS)
