"""Setting a PIN from the screens: typed twice, in use at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import LineInput, PinField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace


class PinForm(FormScreen[bool]):
    """Dismissed with True when the PIN is in use."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(Text("设 PIN：加密密钥和个人数据", "Set a PIN: it encrypts keys and personal data"))
        self._workspace = workspace

    def fields(self) -> Iterator[Widget]:
        """The PIN, twice."""
        rule = Text("至少六位数字，更好是一句口令", "six digits at least, better a passphrase")
        yield PinField("pin", Text("新 PIN", "New PIN"), hint=rule)
        yield PinField("again", Text("再输一次", "Again"))
        yield Phrase(
            Text(
                "忘记的 PIN 无法找回：请记牢，并做备份。",
                "A forgotten PIN cannot be recovered: keep it safe, make a backup.",
            ),
            classes="hint",
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query(LineInput).first().focus()

    def save(self) -> bool:
        """Set it."""
        from inspect_tui.records.pin import set_pin
        from inspect_tui.records.pin_file import check_pin
        from inspect_tui.tui.reading import tell

        pin = check_pin(self.value("pin"))
        if check_pin(self.value("again")) != pin:
            raise Refused("两次输入的 PIN 不同。", "The two PINs differ.")
        set_pin(self._workspace, pin)
        tell(self.app, Text("PIN 已启用；Ctrl+L 锁屏。", "The PIN is in use; Ctrl+L locks."))
        return True
