"""A sentence of ours in the language in use, said anew when the language changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from inspect_tui.tui.uitext import block, wrap

if TYPE_CHECKING:
    from textual.geometry import Size

    from inspect_tui.texts import Text


class Phrase(Widget):
    """One sentence in both languages, never read as markup, no line starting with closing punctuation."""

    DEFAULT_CSS = """
    Phrase { height: auto; width: 1fr; }
    """

    def __init__(self, text: Text, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self.text = text

    def say(self, text: Text) -> None:
        """Say something else."""
        self.text = text
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        self.refresh(layout=True)

    def _lines(self, width: int) -> list[str]:
        return wrap(block(str(self.text)), width)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  Textual's signature
        """As wide as it wants to be."""
        return max(map(cell_len, block(str(self.text)).split("\n")))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002  Textual's signature
        """As many lines as it takes."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.size.width
        lines = self._lines(width)
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(width, self.rich_style)
