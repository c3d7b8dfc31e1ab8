"""The other party: who was present, refused to sign, or was absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import SIGNATURES, Present
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import word_options
from inspect_tui.tui.widgets.fields import ChoiceField, TextField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


class PresentForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    def __init__(self, workspace: Workspace, inspection: Row, present: Present | None) -> None:
        super().__init__(Text("被检查方在场人员", "The other party's representative"))
        self._workspace = workspace
        self._inspection = inspection
        self._present = present or Present()

    def fields(self) -> Iterator[Widget]:
        """Who, and whether they signed."""
        present = self._present
        yield ChoiceField("signature", Text("签字", "Signature"), word_options(SIGNATURES), present.signature)
        yield TextField("name", Text("姓名", "Name"), present.name)
        yield TextField("role", Text("职务", "Role"), present.role)
        yield TextField("reason", Text("拒签、缺席情况", "Circumstances"), present.reason)

    def on_mount(self) -> None:
        """Choose at once."""
        self.query("Cycle").first().focus()

    def save(self) -> bool:
        """Record it."""
        from inspect_tui.records.inspections import set_present

        said = Present(
            self.value("name"),
            self.value("role"),
            self.value("signature"),  # type: ignore[arg-type]
            self.value("reason"),
        )
        set_present(self._workspace, self._inspection.id, said, basis=self._inspection)
        return True
