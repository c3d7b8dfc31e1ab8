"""What stands in forms: a labelled line, a labelled choice, a labelled text of several lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea

from inspect_tui.texts import tr
from inspect_tui.tui.uitext import block, fit, plain
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from inspect_tui.texts import Text


DIGITS: Final = 9
"""Options that have a digit of their own."""


class LineInput(Input):
    """One line of text; a pasted text of several lines becomes one line, whole."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(" ".join(event.text.split()))


class TextField(Horizontal):
    """A labelled line."""

    DEFAULT_CSS = """
    TextField { height: 1; margin: 0 0 0 0; }
    TextField > Phrase { width: 16; color: $text-muted; }
    TextField > Input { width: 1fr; background: $surface; }
    TextField > Input:focus { background: $panel; }
    """

    def __init__(self, name: str, label: Text, value: str = "", *, hint: Text | None = None) -> None:
        super().__init__(id=f"field-{name}")
        self.field = name
        self._label = label
        self._value = value
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Label and line."""
        yield Phrase(self._label)
        hint = str(self._hint) if self._hint else ""
        yield LineInput(plain(self._value), placeholder=hint, compact=True, select_on_focus=False)

    def relabel(self) -> None:
        """Say the hint in the language in use."""
        self.query_one(LineInput).placeholder = str(self._hint) if self._hint else ""

    @property
    def value(self) -> str:
        """What is typed."""
        return self.query_one(LineInput).value

    @value.setter
    def value(self, text: str) -> None:
        self.query_one(LineInput).value = text

    @property
    def changed(self) -> bool:
        """Whether something else is typed than stood there."""
        return self.value != plain(self._value)


class PinField(TextField):
    """A labelled line that shows dots for what is typed."""

    def compose(self) -> ComposeResult:
        """Label and line."""
        yield Phrase(self._label)
        hint = str(self._hint) if self._hint else ""
        yield LineInput("", placeholder=hint, compact=True, select_on_focus=False, password=True)


class Cycle(Widget, can_focus=True):
    """One of several values, changed with the arrow keys or a digit; of more than nine, space opens a list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "turn(1)", "下一个", show=False),
        Binding("space", "list", "列表", show=False),
        Binding("left", "turn(-1)", "上一个", show=False),
        Binding("enter", "accept", "下一格", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"cycle--arrow"}
    DEFAULT_CSS = """
    Cycle { height: 1; width: 1fr; background: $surface; }
    Cycle:focus { background: $panel; text-style: bold; }
    Cycle > .cycle--arrow { color: $accent; }
    """

    index: reactive[int] = reactive(0, init=False)

    class Accepted(Message):
        """Enter was pressed."""

    @dataclass
    class ListWanted(Message):
        """All options are wanted in a list."""

        cycle: Cycle

        @property
        def control(self) -> Cycle:
            """The choice."""
            return self.cycle

    @dataclass
    class Turned(Message):
        """Another option is shown."""

        cycle: Cycle

        @property
        def control(self) -> Cycle:
            """The choice."""
            return self.cycle

    def __init__(self, options: Sequence[tuple[str, Text]], value: str = "") -> None:
        super().__init__()
        self.options = list(options)
        self.set_reactive(Cycle.index, next((at for at, (name, _) in enumerate(self.options) if name == value), 0))

    @property
    def value(self) -> str:
        """Id of the option shown."""
        return self.options[self.index][0] if self.options else ""

    def watch_index(self) -> None:
        """Tell whoever listens."""
        self.post_message(self.Turned(self))

    def offer(self, options: Sequence[tuple[str, Text]], value: str = "") -> None:
        """Offer other options."""
        self.options = list(options)
        self.index = next((at for at, (name, _) in enumerate(self.options) if name == value), 0)
        self.refresh()

    def relabel(self) -> None:
        """Draw again in the language in use."""
        self.refresh()

    def action_turn(self, by: int) -> None:
        """The next or previous option, going round."""
        if self.options:
            self.index = (self.index + by) % len(self.options)

    def action_list(self) -> None:
        """A list of many options; the next one of few."""
        if len(self.options) > DIGITS:
            self.post_message(self.ListWanted(self))
        else:
            self.action_turn(1)

    def choose(self, name: str) -> None:
        """Show the option of that id."""
        self.index = next((at for at, (option, _) in enumerate(self.options) if option == name), self.index)

    def action_accept(self) -> None:
        """Go on."""
        self.post_message(self.Accepted())

    def on_key(self, event: events.Key) -> None:
        """A digit picks an option, the first being 1."""
        from inspect_tui.tui.uitext import halfwidth

        digit = halfwidth(event.character or "")
        if len(digit) == 1 and digit in "123456789" and int(digit) <= len(self.options):
            self.index = int(digit) - 1
            event.stop()

    def on_click(self) -> None:
        """The list, or the next option."""
        self.focus()
        self.action_list()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  one line
        """The option between its arrows, and how many there are."""
        width = self.size.width
        arrow = self.get_component_rich_style("cycle--arrow")
        count = f"{self.index + 1}/{len(self.options)}" if self.options else ""
        if len(self.options) > DIGITS and self.has_focus:
            count += tr(" 空格列表", " Space: list")
        said = str(self.options[self.index][1]) if self.options else ""
        body = fit(plain(said), max(0, width - 6 - cell_len(count)))
        return Strip(
            [
                Segment("‹ ", arrow),
                Segment(body, self.rich_style),
                Segment(f" {count}", arrow),
                Segment(" ›", arrow),
            ]
        ).adjust_cell_length(width, self.rich_style)


class ChoiceField(Horizontal):
    """A labelled choice."""

    DEFAULT_CSS = """
    ChoiceField { height: 1; }
    ChoiceField > Phrase { width: 16; color: $text-muted; }
    """

    def __init__(self, name: str, label: Text, options: Sequence[tuple[str, Text]], value: str = "") -> None:
        super().__init__(id=f"field-{name}")
        self.field = name
        self._label = label
        self._cycle = Cycle(options, value)
        self._first = self._cycle.value

    def compose(self) -> ComposeResult:
        """Label and choice."""
        yield Phrase(self._label)
        yield self._cycle

    def offer(self, options: Sequence[tuple[str, Text]], value: str = "") -> None:
        """Offer other options."""
        self._cycle.offer(options, value)
        self._first = self._cycle.value

    @property
    def value(self) -> str:
        """Id of what is chosen."""
        return self._cycle.value

    @property
    def changed(self) -> bool:
        """Whether another value is chosen than at first."""
        return self.value != self._first


class NoteArea(TextArea):
    """Several lines: Enter is for saving, Ctrl+J begins a new line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "保存", show=False, priority=True),
        Binding("ctrl+j", "new_line", "换行", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    NoteArea { height: 6; border: none; padding: 0 1; background: $surface; }
    NoteArea:focus { border: none; background: $panel; }
    """

    class Accepted(Message):
        """Enter was pressed."""

    def on_mount(self) -> None:
        """Go on where the text ends."""
        self.move_cursor(self.document.end)

    def action_accept(self) -> None:
        """Save."""
        self.post_message(self.Accepted())

    def action_new_line(self) -> None:
        """Begin a new line."""
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        """One line up; from the first line to the field before."""
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.screen.focus_previous()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """One line down; from the last line to the next field."""
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.screen.focus_next()
        else:
            super().action_cursor_down(select)


class AreaField(Horizontal):
    """A labelled text of several lines."""

    DEFAULT_CSS = """
    AreaField { height: auto; }
    AreaField > Phrase { width: 16; color: $text-muted; }
    """

    def __init__(self, name: str, label: Text, value: str = "") -> None:
        super().__init__(id=f"field-{name}")
        self.field = name
        self._label = label
        self._value = block(value)

    def compose(self) -> ComposeResult:
        """Label and text."""
        yield Phrase(self._label)
        yield NoteArea(self._value, soft_wrap=True, show_line_numbers=False, compact=True)

    @property
    def value(self) -> str:
        """What is typed."""
        return self.query_one(NoteArea).text

    @value.setter
    def value(self, text: str) -> None:
        self.query_one(NoteArea).text = text

    @property
    def changed(self) -> bool:
        """Whether something else is typed than stood there."""
        return self.value != self._value
