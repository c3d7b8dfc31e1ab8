"""The search box over a list: as one types, the list follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from inspect_tui.texts import Text
from inspect_tui.tui.widgets.fields import LineInput
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class SearchRow(Horizontal):
    """A line to search with; arrow down and Enter go to the list, Escape empties it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "leave", "列表", show=False),
        Binding("escape", "clear", "清除", show=False),
    ]

    @dataclass
    class Searched(Message):
        """The words changed."""

        words: str

        def can_replace(self, message: Message) -> bool:
            """Only the latest words matter."""
            return isinstance(message, SearchRow.Searched)

    class Left(Message):
        """The list is wanted."""

    def __init__(self, hint: Text) -> None:
        super().__init__(id="search-row")
        self._hint = hint

    def compose(self) -> ComposeResult:
        """A sign and the line."""
        yield Phrase(Text("搜索 ", "Search "))
        yield LineInput(placeholder=str(self._hint), compact=True)

    def relabel(self) -> None:
        """Say the hint in the language in use."""
        self.query_one(LineInput).placeholder = str(self._hint)

    @property
    def words(self) -> str:
        """What is searched for; full-width letters and digits count as the usual ones."""
        from inspect_tui.tui.uitext import halfwidth

        return halfwidth(self.query_one(LineInput).value).strip()

    def begin(self) -> None:
        """Type here."""
        self.query_one(LineInput).focus()

    def clear(self) -> None:
        """Search for nothing."""
        self.query_one(LineInput).value = ""

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Searched(self.words))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def action_leave(self) -> None:
        """To the list."""
        self.post_message(self.Left())

    def action_clear(self) -> None:
        """Empty the line, then to the list."""
        self.clear()
        self.post_message(self.Left())
