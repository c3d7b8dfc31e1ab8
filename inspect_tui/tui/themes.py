"""Colours: for a dim room, for daylight, and black on white for full sun on a cheap screen."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

from inspect_tui.texts import Text

THEMES: Final[tuple[tuple[Theme, Text], ...]] = (
    (
        Theme(
            name="field",
            primary="#4fb3a5",
            secondary="#7aa2c9",
            accent="#e0b050",
            warning="#e0b050",
            error="#f07167",
            success="#80c97a",
            foreground="#e4e8e6",
            background="#10181a",
            surface="#172226",
            panel="#20303a",
            dark=True,
        ),
        Text("配色：夜间", "Colours: dark"),
    ),
    (
        Theme(
            name="day",
            primary="#0b5d52",
            secondary="#1f4e79",
            accent="#7a4a00",
            warning="#7a4a00",
            error="#a3150f",
            success="#1c5c1c",
            foreground="#111615",
            background="#fbfaf5",
            surface="#f0eee4",
            panel="#dfe6df",
            dark=False,
        ),
        Text("配色：日间", "Colours: light"),
    ),
    (
        Theme(
            name="contrast",
            primary="#ffff00",
            secondary="#00ffff",
            accent="#ffff00",
            warning="#ffff00",
            error="#ff8080",
            success="#80ff80",
            foreground="#ffffff",
            background="#000000",
            surface="#000000",
            panel="#303030",
            dark=True,
            variables={"text-muted": "#ffffff", "border": "#ffffff"},
        ),
        Text("配色：高对比（强光）", "Colours: high contrast (sunlight)"),
    ),
    (
        Theme(
            name="mono",
            primary="#ffffff",
            secondary="#ffffff",
            accent="#ffffff",
            warning="#ffffff",
            error="#ffffff",
            success="#ffffff",
            foreground="#ffffff",
            background="#000000",
            surface="#000000",
            panel="#444444",
            dark=True,
        ),
        Text("配色：单色", "Colours: monochrome"),
    ),
)
DEFAULT: Final = "field"
NAMES: Final = frozenset(theme.name for theme, _ in THEMES)
