"""A list of any length: only the lines on screen are drawn, and further pages are asked for when they come near."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from inspect_tui.texts import Text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.uitext import fit, plain, wrap
from inspect_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from inspect_tui.tui.marks import Tone

_AHEAD: Final = 100
"""How near the cursor comes to the end before the next page is asked for."""
_LEAST: Final = 8
"""Cells below which no column gives way."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, its least width in cells, and its share of what is left over."""

    title: Text
    width: int
    share: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list.

    Attributes:
        key: What it stands for; None for a heading or a continuation, where the cursor never rests.
        cells: One text a column; a heading has one for all.
        tone: Of the whole line.
        tones: Of single columns, by index.
    """

    key: str | None
    cells: tuple[str, ...]
    tone: Tone = ""
    tones: dict[int, Tone] = field(default_factory=dict)


class ListTable(Lines, can_focus=True):
    """Lines with a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    DEFAULT_CSS = """
    ListTable { height: 1fr; }
    """

    cursor: reactive[int] = reactive(0, repaint=True)

    @dataclass
    class Opened(Message):
        """A line was opened with Enter or a click on the cursor's line."""

        table: ListTable
        key: str

        @property
        def control(self) -> ListTable:
            """The list."""
            return self.table

    @dataclass
    class Moved(Message):
        """The cursor stands on another line."""

        table: ListTable
        key: str | None

        @property
        def control(self) -> ListTable:
            """The list."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Only the latest place matters."""
            return isinstance(message, ListTable.Moved)

    @dataclass
    class WantsMore(Message):
        """The cursor comes near the end of what is there, and there is more."""

        table: ListTable

        @property
        def control(self) -> ListTable:
            """The list."""
            return self.table

    def __init__(self, columns: Sequence[Column], *, empty: Text | None = None, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.empty = empty or Text("没有记录。", "Nothing here.")
        self.lines: list[Line] = []
        self.more = False
        self._asked = False

    @property
    def key(self) -> str | None:
        """What the cursor stands on."""
        return self.lines[self.cursor].key if 0 <= self.cursor < len(self.lines) else None

    @property
    def _header(self) -> int:
        return int(any(column.title.zh for column in self.columns) and bool(self.lines))

    def show(self, lines: Sequence[Line], *, more: bool = False, keep: str | None = None) -> None:
        """Show these lines instead; the cursor stays on `keep`, or where it was, if that is there."""
        keep = keep if keep is not None else self.key
        self.lines = list(lines)
        self.more = more
        self._asked = False
        self._resize()
        at = next((index for index, line in enumerate(self.lines) if line.key == keep), None) if keep else None
        self.set_reactive(ListTable.cursor, -1)
        self.cursor = at if at is not None else self._near(0, 1)
        self.refresh()

    def append(self, lines: Sequence[Line], *, more: bool) -> None:
        """Add a page."""
        self.lines += lines
        self.more = more
        self._asked = False
        self._resize()
        self.refresh()

    def relabel(self) -> None:
        """Draw again in the language in use."""
        self.refresh()

    def _resize(self) -> None:
        self.virtual_size = Size(self.line_width, len(self.lines) + self._header)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._resize()
        self._reveal()

    def _near(self, index: int, direction: int) -> int:
        """The first line from `index` on, in that direction and then the other, on which the cursor may rest."""
        for step in (direction, -direction):
            at = index
            while 0 <= at < len(self.lines):
                if self.lines[at].key is not None:
                    return at
                at += step
        return 0

    def watch_cursor(self) -> None:
        """Keep the cursor in sight, tell whoever listens, ask for more in time."""
        self._reveal()
        self.post_message(self.Moved(self, self.key))
        if self.more and not self._asked and self.cursor >= len(self.lines) - _AHEAD:
            self._asked = True
            self.post_message(self.WantsMore(self))

    def _reveal(self) -> None:
        height = self.size.height - self._header
        if height <= 0 or not self.lines:
            return
        top = round(self.scroll_y)
        lowest = self.cursor
        # Headings above the first line stay in sight with it.
        while lowest > 0 and self.lines[lowest - 1].key is None and self.cursor - lowest < height - 1:
            lowest -= 1
        if lowest < top:
            self.scroll_to(y=lowest, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self.cursor = self._near(min(max(self.cursor + by, 0), len(self.lines) - 1), 1 if by > 0 else -1)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.action_move(by * max(1, self.size.height - self._header - 1))

    def action_top(self) -> None:
        """To the first line."""
        self.cursor = self._near(0, 1)

    def action_bottom(self) -> None:
        """To the last line that is there; if there is more, it is on its way."""
        self.cursor = self._near(len(self.lines) - 1, -1)

    def action_open(self) -> None:
        """Open the line under the cursor."""
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Set the cursor; a click on its line opens it."""
        index = round(self.scroll_y) + event.y - self._header
        if event.y < self._header or not 0 <= index < len(self.lines) or self.lines[index].key is None:
            return
        if index == self.cursor:
            self.action_open()
        else:
            self.cursor = index

    def widths(self, width: int) -> list[int]:
        """How many cells each column gets; where there are too few, the columns that would share the rest give way."""
        left = width - 2 - sum(column.width + 1 for column in self.columns) + 1
        free = max(0, left)
        shares = sum(column.share for column in self.columns) or 1
        widths = [column.width + free * column.share // shares for column in self.columns]
        for index, column in enumerate(self.columns):
            if column.share and left < 0:
                given = min(-left, max(0, column.width - _LEAST))
                widths[index] -= given
                left += given
        grown = next((index for index, column in enumerate(self.columns) if column.share), None)
        if grown is not None:
            widths[grown] += free - sum(free * column.share // shares for column in self.columns)
        return widths

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if not self.lines:
            said = wrap(str(self.empty), self.line_width - 4)
            return self.strip([("  " + said[y - 1] if 0 < y <= len(said) else "", "muted")], self.size.width)
        if y < self._header:
            return self._draw(Line(None, tuple(str(column.title) for column in self.columns), "muted"))
        index = round(self.scroll_y) + y - self._header
        if index >= len(self.lines):
            return Strip.blank(self.size.width, self.tone(""))
        return self._draw(self.lines[index], cursor=index == self.cursor)

    def _draw(self, line: Line, *, cursor: bool = False) -> Strip:
        width = self.line_width
        pointer = "›" if cursor else " "
        style = None
        if cursor:
            style = self.get_component_rich_style("lines--cursor" if self.has_focus else "lines--cursor-blurred")
        if len(line.cells) == 1 and len(self.columns) > 1:
            text = pointer + " " + fit(plain(line.cells[0]) if line.tone != "heading" else line.cells[0], width - 2)
            strip = Strip([Segment(text, style or self.tone(line.tone))])
            return strip.adjust_cell_length(self.size.width, style or self.tone(line.tone))
        segments = [Segment(pointer + " ", style or self.tone(""))]
        for index, (column, taken) in enumerate(zip(self.columns, self.widths(width), strict=True)):
            text = plain(line.cells[index]) if index < len(line.cells) else ""
            tone = line.tones.get(index, line.tone)
            segments.append(Segment(fit(text, taken, right=column.right) + " ", style or self.tone(tone)))
        return Strip(segments).adjust_cell_length(self.size.width, style or self.tone(""))

    def cursor_region(self) -> Region:
        """Where the cursor's line stands in the widget."""
        return Region(0, self.cursor - round(self.scroll_y) + self._header, self.size.width, 1)
