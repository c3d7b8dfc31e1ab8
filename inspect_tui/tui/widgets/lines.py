"""What the line widgets share: tones as component styles, and strips made of toned pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.style import Style

    from inspect_tui.tui.marks import Tone


class Lines(ScrollView):
    """A scrolling widget that draws itself line by line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--plain",
        "lines--good",
        "lines--bad",
        "lines--warn",
        "lines--muted",
        "lines--strong",
        "lines--heading",
        "lines--cursor",
        "lines--cursor-blurred",
    }
    DEFAULT_CSS = """
    Lines {
        scrollbar-size: 1 1;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
    }
    Lines > .lines--plain { color: $foreground; background: transparent; }
    Lines > .lines--good { color: $success; background: transparent; }
    Lines > .lines--bad { color: $error; background: transparent; text-style: bold; }
    Lines > .lines--warn { color: $warning; background: transparent; }
    Lines > .lines--muted { color: $text-muted; background: transparent; }
    Lines > .lines--strong { color: $foreground; background: transparent; text-style: bold; }
    Lines > .lines--heading { color: $primary; background: transparent; text-style: bold; }
    Lines > .lines--cursor { background: $primary; color: $background; text-style: bold; }
    Lines > .lines--cursor-blurred { background: $panel; color: $foreground; }
    """

    @property
    def line_width(self) -> int:
        """Cells that a line may take: `size` counts the column of the scrollbar too, which covers what stands there."""
        return self.scrollable_content_region.width

    def tone(self, tone: Tone) -> Style:
        """The style of a tone on this widget's background."""
        return self.get_component_rich_style(f"lines--{tone or 'plain'}")

    def strip(self, pieces: Iterable[tuple[str, Tone]], width: int) -> Strip:
        """One line of toned pieces, filled to `width` cells."""
        segments: list[Segment] = []
        used = 0
        for text, tone in pieces:
            segments.append(Segment(text, self.tone(tone)))
            used += cell_len(text)
        strip = Strip(segments, used)
        return strip.adjust_cell_length(width, self.tone(""))
