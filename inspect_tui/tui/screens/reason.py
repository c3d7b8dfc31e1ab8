"""Why an item fails or does not apply: one line, with the checklist's own words a key away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from inspect_tui.records.model import VERDICTS
from inspect_tui.texts import Refused, Text, tr
from inspect_tui.tui.marks import VERDICT_MARKS
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from checklists.model import Item
    from inspect_tui.records.model import Verdict


class ReasonForm(FormScreen[str]):
    """Dismissed with the reason; the verdict is on disk already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(f"f{key}", f"suggest({key - 2})", "", show=False) for key in range(2, 8)
    ]

    def __init__(self, item: Item, verdict: Verdict, reason: str) -> None:
        name = VERDICTS[verdict]
        mark = VERDICT_MARKS[verdict]
        super().__init__(
            Text(
                f"{item.id} {mark} {name.zh}（已存盘）：请写理由", f"{item.id} {mark} {name.en} (on disk): say why"
            )
        )
        self._reason = reason
        source = item.fail if verdict == "fail" else item.na
        self._suggestions = _parts(tr(source.zh, source.en)) if source else []

    def fields(self) -> Iterator[Widget]:
        """The line and what can be put into it."""
        yield TextField("reason", Text("理由", "Reason"), self._reason)
        for index, words in enumerate(self._suggestions):
            yield Phrase(Text(f"F{index + 2}  {words}", f"F{index + 2}  {words}"), classes="hint")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("Input").focus()

    def action_suggest(self, index: int) -> None:
        """Put the checklist's words into the line."""
        if index < len(self._suggestions):
            field = self.query_one("#field-reason", TextField)
            field.value = self._suggestions[index]
            self.query_one("Input").focus()

    def save(self) -> str:
        """Nothing is recorded here; the walk records the reason."""
        if not (reason := self.value("reason").strip()):
            raise Refused("理由不能为空；按 Esc 可稍后再填。", "The reason is empty; Esc leaves it for later.")
        return reason


def _parts(criterion: str) -> list[str]:
    """A criterion as a whole and its alternatives, at most six."""
    parts = [part.strip(" 。.") for part in re.split(r"[；;]|，或|、或|,? or ", criterion)]
    return list(dict.fromkeys([criterion, *(part for part in parts if part)]))[:6]
