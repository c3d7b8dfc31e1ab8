"""One text of several lines, for whatever asks for a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import AreaField, NoteArea

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.widget import Widget

    from inspect_tui.texts import Text


class TextForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    def __init__(self, title: Text, label: Text, value: str, record: Callable[[str], object]) -> None:
        super().__init__(title)
        self._label = label
        self._value = value
        self._record = record

    def fields(self) -> Iterator[Widget]:
        """The text."""
        yield AreaField("text", self._label, self._value)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(NoteArea).focus()

    def save(self) -> bool:
        """Record it."""
        self._record(self.value("text"))
        return True
