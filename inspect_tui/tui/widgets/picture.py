"""A photo drawn with half blocks: two pixels a cell, in any terminal that has colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence


class Picture(Widget):
    """Draws strips that `half_blocks` made on another thread."""

    DEFAULT_CSS = """
    Picture { height: 14; }
    """

    class Resized(Message):
        """The picture must be made anew for another size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._strips: tuple[Strip, ...] = ()

    def show(self, strips: Sequence[Strip]) -> None:
        """Show this picture; none at all for an empty sequence."""
        self._strips = tuple(strips)
        self.refresh()

    def on_resize(self) -> None:
        """Ask for a picture of this size."""
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        width = self.size.width
        if y < len(self._strips):
            return self._strips[y].adjust_cell_length(width, self.rich_style)
        return Strip.blank(width, self.rich_style)


def half_blocks(image: bytes, width: int, height: int) -> list[Strip]:
    """A small JPEG as lines of at most `width` by `height` cells; for worker threads, as it decodes."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((max(1, width), max(2, height * 2)))
    columns, rows = picture.size
    data = picture.tobytes()

    def colour(x: int, y: int) -> Color:
        at = (y * columns + x) * 3
        return Color.from_rgb(data[at], data[at + 1], data[at + 2])

    return [
        Strip(
            [
                Segment("▀", Style(color=colour(x, y), bgcolor=colour(x, y + 1) if y + 1 < rows else None))
                for x in range(columns)
            ],
            columns,
        )
        for y in range(0, rows, 2)
    ]
