"""One event in the life of a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import FOLLOW_UP_KINDS, FollowUpKind, Officer
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import word_options
from inspect_tui.tui.uitext import halfwidth
from inspect_tui.tui.widgets.fields import AreaField, ChoiceField, TextField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.queries import FindingDetail
    from inspect_tui.records.workspace import Workspace

_RESULTS = [
    ("", Text("（复查时选）", "(for a recheck)")),
    ("passed", Text("通过", "passed")),
    ("failed", Text("未通过", "failed")),
]


class FollowUpForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    def __init__(self, workspace: Workspace, detail: FindingDetail) -> None:
        super().__init__(Text("整改跟踪", "Follow-up"))
        self._workspace = workspace
        self._detail = detail

    def fields(self) -> Iterator[Widget]:
        """What happened first."""
        officer = self._workspace.officer
        yield ChoiceField("kind", Text("事件", "Event"), word_options(FOLLOW_UP_KINDS), "recheck")
        yield ChoiceField("result", Text("复查结论", "Result"), _RESULTS)
        yield TextField(
            "new_due_date",
            Text("新期限", "New due date"),
            hint=Text("责令、延期时填，2026-11-20", "for a notice or extension, 2026-11-20"),
        )
        yield AreaField("text", Text("说明", "What is said"))
        yield TextField("officer", Text("办理人", "Officer"), officer.name)
        yield TextField("badge", Text("执法证号", "Badge number"), officer.badge)

    def on_mount(self) -> None:
        """Choose at once."""
        self.query("Cycle").first().focus()

    def save(self) -> bool:
        """Record it."""
        from inspect_tui.records.findings import follow_up

        kind: FollowUpKind = self.value("kind")  # type: ignore[assignment]
        follow_up(
            self._workspace,
            self._detail.line.id,
            kind,
            text=self.value("text"),
            result=self.value("result") or None,
            new_due_date=halfwidth(self.value("new_due_date")).strip() or None,
            by=Officer(self.value("officer").strip(), self.value("badge").strip()),
            basis=self._detail.row,
        )
        return True
