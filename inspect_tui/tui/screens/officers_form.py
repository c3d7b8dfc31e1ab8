"""Who inspected: at least two officers with different badge numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.widgets import Input

from inspect_tui.records.model import Officer
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.uitext import halfwidth, plain
from inspect_tui.tui.widgets.fields import TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


class OfficersForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(f"f{key}", f"known({key - 2})", "", show=False) for key in range(2, 8)
    ]

    def __init__(self, workspace: Workspace, inspection: Row, officers: Sequence[Officer]) -> None:
        super().__init__(Text("执法人员（至少两人，证号不同）", "Officers (at least two, different badges)"))
        self._workspace = workspace
        self._inspection = inspection
        self._officers = list(officers)
        self._known = self._others()

    def _others(self) -> list[Officer]:
        from inspect_tui.records.queries import known_officers

        there = {officer.badge for officer in self._officers}
        return [one for one in known_officers(self._workspace) if one.badge not in there][:6]

    def fields(self) -> Iterator[Widget]:
        """Two lines a person, one person more than there are, and those met before."""
        for index in range(max(3, len(self._officers) + 1)):
            officer = self._officers[index] if index < len(self._officers) else Officer("", "")
            number = index + 1
            yield TextField(f"name-{index}", Text(f"{number} 姓名", f"{number} Name"), officer.name)
            yield TextField(f"badge-{index}", Text(f"{number} 执法证号", f"{number} Badge"), officer.badge)
        for index, one in enumerate(self._known):
            said = f"F{index + 2}  {plain(one.name)} {plain(one.badge)}"
            yield Phrase(Text(said, said), classes="hint")

    def on_mount(self) -> None:
        """Begin at the first empty line."""
        lines = list(self.query(Input))
        next((line for line in lines if not line.value), lines[0]).focus()

    def action_known(self, index: int) -> None:
        """Put a person met before into the first empty place."""
        if index >= len(self._known):
            return
        for place in range(max(3, len(self._officers) + 1)):
            name, badge = (self.query_one(f"#field-{one}-{place}", TextField) for one in ("name", "badge"))
            if not name.value and not badge.value:
                name.value, badge.value = self._known[index].name, self._known[index].badge
                return

    def save(self) -> bool:
        """Record them."""
        from inspect_tui.records.inspections import set_officers

        people = [
            Officer(self.value(f"name-{index}").strip(), halfwidth(self.value(f"badge-{index}")).strip())
            for index in range(max(3, len(self._officers) + 1))
        ]
        set_officers(
            self._workspace,
            self._inspection.id,
            [one for one in people if one.name or one.badge],
            basis=self._inspection,
        )
        return True
