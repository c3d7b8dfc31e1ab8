"""Output for people and machines: harmless, aligned, parseable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.cli.output import as_json, fields, line, print_json_array, table, width
from inspect_tui.cli.plain import plain
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Text, say


@given(st.dictionaries(st.text(), st.text()))
def test_json_is_what_went_in_and_steers_nothing(value: dict[str, str]) -> None:
    """Any text comes back equal; no raw control character, override or lone surrogate in the output."""
    shown = as_json(value)
    assert json.loads(shown) == value
    assert not any(0x7F <= ord(each) < 0xA0 or each in "\u202e\u2066\x1b" for each in shown)
    shown.encode()


@pytest.mark.parametrize("values", [[], [{"a": 1}], [{"a": "中"}, [], 3]])
def test_an_array_is_streamed_as_one_json_value(values: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    """Empty, one, many."""
    print_json_array(iter(values))
    assert json.loads(capsys.readouterr().out) == values


def test_columns_are_aligned_by_width_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """A Chinese character counts two; a line break in data does not break the row."""
    table(("a", "b"), [("中文", 1), ("x\n\x1b[2J", None)])
    rows = capsys.readouterr().out.splitlines()
    assert [width(row.split("1")[0]) for row in rows if "1" in row] == [8]
    assert len(rows) == 3
    assert "\x1b" not in "".join(rows)


def test_lines_and_fields_hold_no_break(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; what is empty is left out."""
    line("a\nb\x07")
    fields([("名称", "x"), ("空", ""), ("零", 0)])
    assert capsys.readouterr().out == "a b␇\n名称: x\n零: 0\n"


def test_values_become_plain() -> None:
    """Bilingual texts keep both languages."""
    assert plain((Text("中", "en"), {"a": [1]})) == [{"zh": "中", "en": "en"}, {"a": [1]}]
    assert say(Text("中", "en")) == "中"


def test_no_bar_off_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A script sees no progress; on a terminal a bar comes after the patience is over, and goes away."""
    monkeypatch.setattr("inspect_tui.cli.progress.PATIENCE_S", 0.0)
    with Progress("x") as progress:
        progress.update(1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress("[red]x[/]") as progress:
        progress.step("changesets", 1, 2)
        progress.update(2, 2)
