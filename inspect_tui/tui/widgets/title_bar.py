"""The first line: where one is, and what stands there."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from inspect_tui.texts import Text, tr
from inspect_tui.tui.uitext import fit, plain


class TitleBar(Widget):
    """Title at left, state at right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title-bar--title"}
    DEFAULT_CSS = """
    TitleBar { height: 1; dock: top; background: $panel; color: $foreground; }
    TitleBar > .title-bar--title { background: $primary; color: $background; text-style: bold; }
    """

    subject: reactive[str] = reactive("")
    """What the screen is about: the name of a site, say."""
    state: reactive[str] = reactive("")
    """Progress or counts."""
    sign: reactive[str] = reactive("")
    """How an exchange in the background is doing; stands at the right end of every screen."""

    def __init__(self, title: Text) -> None:
        super().__init__()
        self.title = title

    def relabel(self) -> None:
        """Draw again in the language in use."""
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  one line
        """The line."""
        width = self.size.width
        name = f" {tr(self.title.zh, self.title.en)} "
        subject, state = plain(self.subject), plain(self.state)
        if self.sign:
            state = f"{state}  {self.sign}" if state else self.sign
        both = max(0, width - cell_len(name) - 3)
        # Neither drives the other out: a long state leaves the subject half the line.
        state = fit(state, min(cell_len(state), both - min(cell_len(subject), both // 2)))
        room = both - cell_len(state)
        base = self.rich_style
        return Strip(
            [
                Segment(name, self.get_component_rich_style("title-bar--title")),
                Segment(" " + fit(subject, room) + " " + state + " ", base),
            ]
        ).adjust_cell_length(width, base)
