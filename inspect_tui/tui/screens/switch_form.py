"""Another officer takes over the laptop: with that officer's PIN, or, where none is set, by confirming it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.fields import ChoiceField, PinField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace

_NOBODY = Text(
    "本机只有一名人员；用 inspect-tui officer add --name 姓名 --badge 执法证号 添加。",
    "Nobody else works here; add them with inspect-tui officer add --name NAME --badge BADGE.",
)
_NO_PIN = Text(
    "本机没有设 PIN：按 F10 即切换。用 inspect-tui pin set 设 PIN，可防止冒名。",
    "No PIN is set: F10 switches at once. inspect-tui pin set keeps others from signing as you.",
)


class SwitchForm(FormScreen[bool]):
    """Dismissed with True when somebody else was switched in."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(Text("换人：此后的记录署其执法证号", "Switch officer: what is recorded bears their badge"))
        from inspect_tui.records.officers import listed

        self._workspace = workspace
        self._pin = workspace.access.is_set()
        self._others = [one for one in listed(workspace) if not one.active and (one.pin or not self._pin)]

    def fields(self) -> Iterator[Widget]:
        """Who, and the PIN."""
        own = self._workspace.officer
        said = f"{plain(own.name)} {plain(own.badge)}"
        yield Phrase(Text(f"现在：{said}", f"Now: {said}"), classes="hint")
        if not self._others:
            yield Phrase(_NOBODY, classes="hint")
            return
        options = []
        for one in self._others:
            name = f"{plain(one.name)} {plain(one.badge)}"
            options.append((one.badge, Text(name, name)))
        yield ChoiceField("officer", Text("人员", "Officer"), options)
        if self._pin:
            yield PinField("pin", Text("其 PIN", "Their PIN"))
        else:
            yield Phrase(_NO_PIN, classes="hint")

    def on_mount(self) -> None:
        """Choose at once."""
        for first in self.query("Cycle"):
            first.focus()

    def save(self) -> bool:
        """Switch."""
        from inspect_tui.records.officers import switch
        from inspect_tui.tui.reading import tell

        if not self._others:
            raise Refused(_NOBODY.zh, _NOBODY.en)
        pin = self.value("pin") if self._pin else None
        try:
            person, past = switch(self._workspace, self.value("officer"), pin)
        finally:
            for field in self.query(PinField):
                field.value = ""
        said = f"{plain(person.name)} {plain(person.badge)}"
        tell(self.app, Text(f"现在由 {said} 使用本机。", f"{said} works here now."))
        if past:
            tell(
                self.app,
                Text(f"其 PIN 输错过 {past} 次。", f"Their PIN was entered wrongly {past} times before."),
                warning=True,
            )
        return True
