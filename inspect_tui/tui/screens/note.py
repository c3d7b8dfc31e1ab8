"""Note, reason, and why there is no photo, of one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import AnswerInput
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import AreaField, NoteArea, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.widget import Widget

    from inspect_tui.records.queries import WalkItem


class NoteForm(FormScreen[bool]):
    """Dismissed with whether anything was recorded."""

    def __init__(self, view: WalkItem, say: Callable[[AnswerInput], bool]) -> None:
        super().__init__(Text(f"{view.item.id} 备注", f"{view.item.id} note"))
        self._view = view
        self._say = say

    def fields(self) -> Iterator[Widget]:
        """The note first."""
        answer = self._view.answer
        verdict = answer.verdict if answer else None
        yield AreaField("note", Text("备注", "Note"), answer.note if answer else "")
        if verdict in {"fail", "n_a"}:
            yield TextField("reason", Text("理由", "Reason"), answer.reason if answer else "")
        if verdict == "fail":
            yield TextField(
                "photo_waiver", Text("无照片的理由", "Why no photo"), answer.photo_waiver if answer else ""
            )
        yield Phrase(
            Text("Enter 下一格或保存，Ctrl+J 换行", "Enter: next or save, Ctrl+J: new line"), classes="hint"
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(NoteArea).focus()

    def save(self) -> bool:
        """Record what was changed."""
        changed = {one.field: one.value for one in self._all_fields() if one.changed}
        return self._say(AnswerInput(**changed)) if changed else False  # type: ignore[arg-type]

    def action_save(self) -> None:
        """Close only when it is on disk, or nothing was to be written."""
        if not any(one.changed for one in self._all_fields()) or self.save():
            self.dismiss(True)
