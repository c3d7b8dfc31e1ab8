"""A box over the screen while something is taken in that wants the database for itself; Esc ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from inspect_tui.tui.commands import bindings
from inspect_tui.tui.reading import Reading
from inspect_tui.tui.sync_text import progress_blocks
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from inspect_tui.texts import Text
    from inspect_tui.tui.courier import Job

LOOK_S = 0.1


class CarryingScreen(Reading, ModalScreen["Job"]):
    """Dismissed with the job once it has ended, however it did."""

    PLACE: ClassVar[str] = "carrying"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("carrying"),
        Binding("f9", "app.language", "", show=False),
        Binding("ctrl+t", "app.theme", "", show=False),
    ]

    def __init__(self, title: Text, job: Job) -> None:
        super().__init__()
        self._title = title
        self._job = job

    def compose(self) -> ComposeResult:
        """What, how far, the key that ends it."""
        with Vertical(classes="form"):
            yield Phrase(self._title, classes="form-title")
            yield Prose(id="carrying")
            yield KeyBar("carrying")

    def on_mount(self) -> None:
        """Look at the counts ten times a second."""
        self.set_interval(LOOK_S, self._look)
        self._look()

    def _look(self) -> None:
        if not self._job.running:
            if self.is_current:
                self.dismiss(self._job)
            return
        self.query_one(Prose).show(list(progress_blocks(self._job)))

    def action_cancel(self) -> None:
        """End it; the box stays until it has ended."""
        self._job.stop()
        self._look()
