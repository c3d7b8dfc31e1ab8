"""Text to be read: labelled blocks, wrapped so that no line starts with closing punctuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from textual.geometry import Size

from inspect_tui.tui.uitext import block, fit, wrap
from inspect_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from inspect_tui.tui.marks import Tone

Piece: TypeAlias = "tuple[str, Tone]"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph with an optional label before it, under which its lines hang."""

    text: str
    label: str = ""
    tone: Tone = ""
    label_tone: Tone = "muted"


class Prose(Lines, can_focus=False):
    """Blocks of text, scrolling where they are longer than the screen."""

    DEFAULT_CSS = """
    Prose { height: 1fr; padding: 0 0 0 1; }
    """

    def __init__(self, *, id: str | None = None, hang: int = 0) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self.blocks: tuple[Block, ...] = ()
        self._hang = hang
        self._drawn: list[list[Piece]] = []
        self._drawn_for = -1

    def show(self, blocks: Sequence[Block], *, top: bool = True) -> None:
        """Show these blocks instead, from their beginning unless `top` is False."""
        self.blocks = tuple(blocks)
        self._wrap()
        if top:
            self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        if self._drawn_for != self.line_width:
            self._wrap()

    def _wrap(self) -> None:
        width = self._drawn_for = self.line_width
        self._drawn = [line for one in self.blocks for line in self._lines(one, width)] if width else []
        self.virtual_size = Size(width, len(self._drawn))
        self.refresh()

    def _lines(self, one: Block, width: int) -> list[list[Piece]]:
        if not one.label:
            return [[(line, one.tone)] for line in wrap(block(one.text), width)]
        hang = max(self._hang, cell_len(one.label) + 1)
        if hang > width // 2:
            return [[(one.label, one.label_tone)], *([(line, one.tone)] for line in wrap(block(one.text), width))]
        lines: list[list[Piece]] = []
        for index, line in enumerate(wrap(block(one.text), width - hang)):
            label = fit(one.label if index == 0 else "", hang)
            lines.append([(label, one.label_tone), (line, one.tone)])
        return lines

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        index = round(self.scroll_y) + y
        pieces = self._drawn[index] if index < len(self._drawn) else []
        return self.strip(pieces, self.size.width)

    def page(self, by: int) -> None:
        """Scroll by pages."""
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 1), animate=False, immediate=True)
