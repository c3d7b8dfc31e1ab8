"""The declarations of commands: one source for bindings, key bar, palette, help and docs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from inspect_tui.tui.commands import COMMANDS, bindings, of_place
from inspect_tui.tui.keys_page import keys_page

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"
_DIGIT_OR_FUNCTION = re.compile(r"f?[0-9]+")


@pytest.mark.parametrize("place", COMMANDS)
def test_every_recording_command_has_a_digit_or_function_key(place: str) -> None:
    """An input method left on never swallows a key that records."""
    missing = [
        command.id
        for command in COMMANDS[place]
        if command.records and not any(_DIGIT_OR_FUNCTION.fullmatch(key) for key in command.keys)
    ]

    assert not missing


@pytest.mark.parametrize("place", [one for one in COMMANDS if one not in {"app", "list"}])
def test_no_key_means_two_things_in_one_place(place: str) -> None:
    """A key stands for one command of a place, those that hold everywhere included."""
    keys = [key for command in of_place(place) for key in command.keys]

    assert len(keys) == len(set(keys))


def test_full_width_forms_of_keys_are_bound() -> None:
    """What a Chinese input method sends for 1 and ] does what 1 and ] do."""
    bound = {key for binding in bindings("walk") for key in binding.key.split(",")}

    assert {"１", "right_black_lenticular_bracket"} <= bound


def test_every_sentence_stands_in_both_languages() -> None:
    """No command lacks its name or explanation in either language."""
    for commands in COMMANDS.values():
        for command in commands:
            assert all((*command.name, *command.tip)), command.id


def test_the_page_of_keys_is_up_to_date() -> None:
    """docs/keys.md says what the declarations say; GOLDEN_UPDATE=1 writes it anew."""
    if os.environ.get("GOLDEN_UPDATE"):
        PAGE.write_text(keys_page(), encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == keys_page()
