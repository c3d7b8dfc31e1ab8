"""The left side of the walk: sections with their progress, one mark an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.message import Message

from inspect_tui.tui.uitext import fit, plain
from inspect_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from inspect_tui.tui.marks import Tone


@dataclass(frozen=True, slots=True)
class Mark:
    """One item in the overview."""

    item: str
    sign: str
    tone: Tone
    answered: bool
    owing: bool
    """Something is still owed: a reason, a photo."""


@dataclass(frozen=True, slots=True)
class SectionMarks:
    """One section in the overview."""

    title: str
    marks: tuple[Mark, ...]


class Sections(Lines, can_focus=False):
    """Titles with counts, and under each the marks of its items; `[ ]` stands about the current one, `!` after what owes something."""

    DEFAULT_CSS = """
    Sections { height: 1fr; }
    """

    @dataclass
    class Picked(Message):
        """An item was clicked."""

        item: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._sections: tuple[SectionMarks, ...] = ()
        self._current = ""
        self._drawn: list[list[tuple[str, Tone]]] = []
        self._items: list[list[str]] = []

    def show(self, sections: Sequence[SectionMarks], current: str) -> None:
        """Show these sections with the current item marked and in sight."""
        self._sections, self._current = tuple(sections), current
        self._lay_out()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.line_width
        self._drawn, self._items = [], []
        sight = 0
        if not width:
            return
        for section in self._sections:
            here = any(mark.item == self._current for mark in section.marks)
            done = sum(mark.answered for mark in section.marks)
            count = f"{done}/{len(section.marks)}"
            title = fit(plain(section.title), width - len(count) - 1)
            self._drawn.append([(title, "heading" if here else ""), (" " + count, "muted")])
            self._items.append([])
            each = max(1, width // 2 - 1)
            for start in range(0, len(section.marks), each):
                part = section.marks[start : start + each]
                if any(mark.item == self._current for mark in part):
                    sight = len(self._drawn)
                self._drawn.append(self._line(part))
                self._items.append([mark.item for mark in part])
        self.virtual_size = Size(width, len(self._drawn))
        top, height = round(self.scroll_y), self.size.height
        if not top <= sight < top + height:
            self.scroll_to(y=max(0, sight - height // 2), animate=False, immediate=True)
        self.refresh()

    def _line(self, marks: Sequence[Mark]) -> list[tuple[str, Tone]]:
        pieces: list[tuple[str, Tone]] = []
        closing = " "
        for mark in marks:
            current = mark.item == self._current
            pieces.append(("[" if current else closing, "strong"))
            pieces.append((mark.sign, "warn" if mark.owing else mark.tone))
            closing = "]" if current else "!" if mark.owing else " "
        pieces.append((closing, "strong"))
        return pieces

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        index = round(self.scroll_y) + y
        return self.strip(self._drawn[index] if index < len(self._drawn) else [], self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Go to the item under the mouse."""
        index = round(self.scroll_y) + event.y
        if 0 <= index < len(self._items) and 0 <= (event.x - 1) // 2 < len(self._items[index]):
            self.post_message(self.Picked(self._items[index][(event.x - 1) // 2]))
