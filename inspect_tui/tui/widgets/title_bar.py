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
        state = plain(self.state)
        room = width - cell_len(name) - cell_len(state) - 2
        base = self.rich_style
        return Strip(
            [
                Segment(name, self.get_component_rich_style("title-bar--title")),
                Segment(" " + fit(plain(self.subject), room) + state + " ", base),
            ]
        ).adjust_cell_length(width, base)
