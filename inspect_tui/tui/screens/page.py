"""What all full screens share: title bar, body, key bar, going back, saying everything anew in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.screen import Screen

from inspect_tui.tui.reading import Reading
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.desk import Desk


class PageScreen(Reading, Screen[Any]):
    """A screen of one place of `commands.COMMANDS`."""

    PLACE: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    @property
    def workspace(self) -> Workspace:
        """The open workspace."""
        return self.desk.workspace

    def compose(self) -> ComposeResult:
        """Title, body, keys."""
        from inspect_tui.tui.commands import PLACES

        yield TitleBar(PLACES[self.PLACE])
        yield from self.body()
        yield KeyBar(self.PLACE)

    def body(self) -> Iterator[Widget]:
        """What stands between title and keys."""
        yield from ()

    def on_screen_resume(self) -> None:
        """Say in the title bar how the exchange in the background is doing."""
        show_sign = getattr(self.app, "show_sign", None)
        if show_sign is not None:
            show_sign()

    def headline(self, subject: str, state: str = "") -> None:
        """Say in the title bar what the screen is about."""
        bar = self.query_one(TitleBar)
        bar.subject, bar.state = subject, state

    def relabel(self) -> None:
        """Show what the screen holds in the language in use; widgets that say fixed sentences do so themselves."""

    def came(self) -> None:
        """Read again, without moving the cursor: an exchange has brought something while the screen is shown."""

    def action_back(self) -> None:
        """To the screen before."""
        if len(self.app.screen_stack) > 1:
            self.dismiss()
