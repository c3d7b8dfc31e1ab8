"""Text from data is harmless, fits, and wraps as Chinese is set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspect_tui.tui.uitext import INVISIBLE, block, fit, halfwidth, plain, wrap

_CLOSING = "，。、；：！？）】》」』”’"


def test_control_characters_and_direction_overrides_become_visible() -> None:
    """Nothing in data can move the cursor, ring, or turn the direction of text."""
    assert f"a{INVISIBLE}b{INVISIBLE}c{INVISIBLE}[31m" == plain("a\x07b\u202ec\x1b[31m")


def test_markup_is_left_as_it_is() -> None:
    """Brackets are characters like any other."""
    assert plain("[HW49]废活性炭[/]") == "[HW49]废活性炭[/]"


def test_line_breaks_survive_in_blocks_only() -> None:
    """A list has one line a record; prose keeps its lines."""
    assert (plain("甲\r\n乙"), block("甲\r\n乙")) == ("甲 乙", "甲\n乙")


@given(st.text(max_size=60), st.integers(min_value=1, max_value=40))
def test_fit_takes_exactly_the_cells_it_is_given(text: str, width: int) -> None:
    """Columns stay aligned whatever stands in them."""
    assert cell_len(fit(plain(text), width)) == width


@given(st.text(alphabet="中文字，。；（）“”abc 123.", max_size=120), st.integers(min_value=8, max_value=40))
def test_wrapping_loses_nothing_and_never_exceeds_the_width(text: str, width: int) -> None:
    """Every character but blanks at line ends is still there, and no line is too long."""
    lines = wrap(text, width)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


def test_no_line_starts_with_closing_punctuation() -> None:
    """避头尾: at every width that has another place to break."""
    text = (
        "施工单位（总包）未落实“六个百分之百”，围挡破损、未覆盖；依据《大气污染防治法》第六十九条，应当责令改正。"
    )
    for width in range(12, 61):
        lines = wrap(text, width)

        assert not [line for line in lines if line[:1] in _CLOSING]
        assert not [line for line in lines[:-1] if line[-1:] in "（《“"]


def test_numbers_and_words_stay_whole() -> None:
    """2026-11-20 and PM2.5 are not cut at a line's end."""
    lines = wrap("检查日期2026-11-20，PM2.5浓度超标", 14)

    assert any("2026-11-20" in line for line in lines)
    assert any("PM2.5" in line for line in lines)


def test_full_width_digits_become_the_usual_ones() -> None:
    """What an input method leaves is a number."""
    assert halfwidth("１２．５") == "12.5"
