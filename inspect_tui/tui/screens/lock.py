"""Locked 锁屏: nothing is shown and no key is in memory until an officer of this laptop enters their PIN."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from inspect_tui.texts import Text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.reading import Reading, tell
from inspect_tui.tui.screens.pick import Picking
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.fields import ChoiceField, Cycle, LineInput, PinField
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.uitext import Sentence

_HINT = Text(
    "记录都在，没有删除；忘记 PIN 时请看 inspect-tui pin reset。Ctrl+Q 退出。",
    "All records are there, nothing is deleted; a forgotten PIN: see inspect-tui pin reset. Ctrl+Q leaves.",
)
_WORKING = Text("正在核对…", "Checking…")


class LockScreen(Picking, Reading, ModalScreen[None]):
    """Dismissed when the right PIN was entered; another officer than before is thereby switched in."""

    PLACE: ClassVar[str] = "lock"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("lock"),
        Binding("f9", "app.language", "", show=False),
        Binding("ctrl+t", "app.theme", "", show=False),
        Binding("down", "app.focus_next", "", show=False),
        Binding("up", "app.focus_previous", "", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._options: list[tuple[str, Text]] = []
        self._active = ""
        self._wrong: Sentence = Text("", "")
        self._find()

    def _find(self) -> None:
        from inspect_tui.records.workspace import read_config
        from inspect_tui.texts import Refused

        try:
            self._active = read_config(self._desk.folder).badge
            found = self._desk.access.pin_file()
        except Refused as error:
            self._wrong = error
            return
        for slot in found.slots:
            said = f"{plain(slot.name)} {plain(slot.badge)}"
            self._options.append((slot.badge, Text(said, said)))
        own = found.slot(self._active)
        if own is not None:
            self._active = own.badge

    def compose(self) -> ComposeResult:
        """Who, the PIN, what is wrong, the keys."""
        with Vertical(classes="form"):
            yield Phrase(Text("已锁定，请输入 PIN", "Locked: enter the PIN"), classes="form-title")
            with VerticalScroll(classes="fields", can_focus=False):
                yield ChoiceField("officer", Text("人员", "Officer"), self._options, self._active)
                yield PinField("pin", Text("PIN", "PIN"))
                yield Phrase(_HINT, classes="hint")
            yield Phrase(Text(self._wrong.zh, self._wrong.en), id="wrong")
            yield KeyBar("lock")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(LineInput).focus()

    @on(Cycle.Accepted)
    def _to_pin(self) -> None:
        self.query_one(LineInput).focus()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_unlock()

    def action_unlock(self) -> None:
        """Check the PIN."""
        field = self.query_one(PinField)
        pin, badge = field.value, self.query_one("#field-officer", ChoiceField).value
        if not pin:
            return
        field.value = ""
        self.query_one("#wrong", Phrase).say(_WORKING)
        self.read("unlock", lambda: self._unlock(pin, badge), self._unlocked, self._refused, awaited=True)

    def _unlock(self, pin: str, badge: str) -> int:
        from inspect_tui.records import officers

        past = self._desk.access.unlock(pin, badge)
        workspace = self._desk.workspace
        if not officers.same_badge(badge, workspace.config.badge) and badge != workspace.config.badge:
            officers.switch(workspace, badge, pin)
        return past

    def _unlocked(self, past: int) -> None:
        if past:
            said = Text(
                f"上次解锁以来，PIN 输错过 {past} 次。",
                f"The PIN was entered wrongly {past} times since it was right last.",
            )
            tell(self.app, said, warning=True)
        self.dismiss()

    def _refused(self, error: Sentence) -> None:
        self.query_one("#wrong", Phrase).say(Text("✗ " + error.zh, "✗ " + error.en))
        self.query_one(LineInput).focus()
        self.app.bell()
