"""Choosing one of many: a list to search in, over a form whose choice has more options than digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from inspect_tui.texts import Text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.search_row import SearchRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from inspect_tui.tui.widgets.fields import Cycle

    Host = Screen[Any]
else:
    Host = object

_HINT = Text("输入几个字即可查找", "a few letters find it")
_NONE = Text("没有符合的选项。", "Nothing fits.")


class PickScreen(ModalScreen[str | None]):
    """Dismissed with the id of the option, None when given up."""

    PLACE = "pick"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("pick"),
        # One Escape closes it; on other screens it empties the search line first.
        Binding("escape", "cancel", "", show=False, priority=True),
    ]

    def __init__(self, options: Sequence[tuple[str, Text]], value: str) -> None:
        super().__init__()
        self._options = list(options)
        self._value = value

    def compose(self) -> ComposeResult:
        """Search line, list, keys."""
        with Vertical(classes="form"):
            yield Phrase(Text("请选择", "Choose"), classes="form-title")
            yield SearchRow(_HINT)
            yield ListTable((Column(Text("", ""), 20, 1),), empty=_NONE, id="options")
            yield KeyBar("pick")

    def on_mount(self) -> None:
        """Type at once, or go straight to the list."""
        self._show("", keep=self._value)
        self.query_one(SearchRow).begin()

    def _show(self, words: str, keep: str | None = None) -> None:
        wanted = words.casefold().split()
        lines = [
            Line(f"option:{name}", (str(title),))
            for name, title in self._options
            if all(word in f"{title.zh} {title.en} {name}".casefold() for word in wanted)
        ]
        self.query_one(ListTable).show(lines, keep=None if keep is None else f"option:{keep}")

    @on(SearchRow.Searched)
    def _searched(self, event: SearchRow.Searched) -> None:
        self._show(event.words)

    @on(SearchRow.Left)
    def _left(self) -> None:
        self.query_one(ListTable).focus()

    @on(ListTable.Opened)
    def _chosen(self, event: ListTable.Opened) -> None:
        self.dismiss(event.key.removeprefix("option:"))

    def action_choose(self) -> None:
        """Take what the cursor stands on."""
        key = self.query_one(ListTable).key
        if key is not None:
            self.dismiss(key.removeprefix("option:"))

    def action_cancel(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)


class Picking(Host):
    """Mixed into screens with choices: opens the list where a choice wants one."""

    def on_cycle_list_wanted(self, event: Cycle.ListWanted) -> None:
        """Show the options of a choice, and take what is chosen."""
        event.stop()
        cycle = event.cycle

        def chosen(name: str | None) -> None:
            if name is not None:
                cycle.choose(name)
            cycle.focus()

        self.app.push_screen(PickScreen(cycle.options, cycle.value), chosen)
