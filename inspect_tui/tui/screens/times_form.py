"""Begin and end of a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records import times
from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.uitext import halfwidth
from inspect_tui.tui.widgets.fields import TextField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row

_HINT = Text("2026-11-20 09:10；空则以提交时为准", "2026-11-20 09:10; empty: when it is submitted")


class TimesForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    def __init__(self, workspace: Workspace, inspection: Row) -> None:
        super().__init__(Text("检查起止时间（北京时间）", "Begin and end of the visit (Beijing time)"))
        self._workspace = workspace
        self._inspection = inspection

    def fields(self) -> Iterator[Widget]:
        """Two times."""
        values = self._inspection.values
        yield TextField("started_at", Text("开始", "Begin"), times.shown(values["started_at"]), hint=_HINT)
        yield TextField("ended_at", Text("结束", "End"), times.shown(values["ended_at"]), hint=_HINT)

    def on_mount(self) -> None:
        """Type the end at once."""
        self.query_one("#field-ended_at Input").focus()

    def save(self) -> bool:
        """Record what was changed."""
        from inspect_tui.records.inspections import set_times

        for one in self._all_fields():
            if one.changed and not one.value.strip():
                raise Refused(
                    "已记录的时间不能清空，请改成正确的时间。",
                    "A recorded time cannot be emptied; write the right one.",
                )
        changed = {
            one.field: times.parse(halfwidth(one.value)) for one in self._all_fields() if one.changed and one.value
        }
        set_times(self._workspace, self._inspection.id, basis=self._inspection, **changed)
        return True
