"""A finding as one writes it: new at an item of a walk, or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from inspect_tui.records.model import DISPOSALS, SEVERITIES, FindingInput
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import word_options
from inspect_tui.tui.uitext import halfwidth
from inspect_tui.tui.widgets.fields import AreaField, ChoiceField, NoteArea, TextField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.widget import Widget

    from inspect_tui.records.queries import FindingDetail, WalkItem
    from inspect_tui.records.workspace import Workspace


FROZEN: Final = Text(
    "问题已随检查提交，不能直接修改；按 r（或 2）登记整改跟踪。如需更正，打开问题，依次按 3、F10、6。",
    "The finding was submitted with its inspection; r (or 2) records what happens to it. To amend it open it, then"
    " press 3, F10 and 6.",
)


class FindingForm(FormScreen[bool]):
    """Dismissed with True when it was recorded."""

    def __init__(self, title: Text, values: dict[str, str], record: Callable[[FindingInput], object]) -> None:
        super().__init__(title)
        self._values = values
        self._record = record

    @classmethod
    def at_item(cls, workspace: Workspace, inspection: str, view: WalkItem) -> Self:
        """A new finding; the item proposes severity and authority."""
        from inspect_tui.records.findings import add_finding

        item = view.item
        reason = view.answer.reason if view.answer else ""
        # The checklist's own words, in whichever language, say nothing more.
        own = {"", item.fail.zh, item.fail.en}
        values = {
            "description": item.fail.zh if reason in own else f"{item.fail.zh}：{reason}",
            "severity": item.severity,
            "competent_authority": item.authority.zh,
        }
        title = Text(f"{item.id} 写一条问题", f"{item.id} write a finding")
        return cls(title, values, lambda said: add_finding(workspace, inspection, item.id, said))

    @classmethod
    def change(cls, workspace: Workspace, detail: FindingDetail) -> Self:
        """A recorded finding, as it was seen."""
        from inspect_tui.records.findings import edit_finding

        row = detail.row
        values = {name: str(value) for name, value in row.values.items() if value is not None}
        title = Text("修改问题", "Change a finding")
        return cls(title, values, lambda said: edit_finding(workspace, row.id, said, basis=row))

    @staticmethod
    def is_frozen(workspace: Workspace, detail: FindingDetail) -> bool:
        """Whether it was submitted with its inspection, so that there is nothing to be typed here."""
        return bool(workspace.row("inspections", detail.line.inspection).values["state"] == "submitted")

    def fields(self) -> Iterator[Widget]:
        """What was found first."""
        values = self._values
        yield AreaField("description", Text("描述", "Description"), values.get("description", ""))
        yield ChoiceField(
            "severity", Text("严重程度", "Severity"), word_options(SEVERITIES), values.get("severity", "")
        )
        yield ChoiceField(
            "disposal", Text("处理", "Disposal"), word_options(DISPOSALS), values.get("disposal", "order")
        )
        yield TextField("transfer_to", Text("移送单位", "Transfer to"), values.get("transfer_to", ""))
        yield TextField("competent_authority", Text("主管部门", "Authority"), values.get("competent_authority", ""))
        yield TextField(
            "due_date",
            Text("整改期限", "Due date"),
            values.get("due_date", ""),
            hint=Text("2026-11-20；空则按检查项默认", "2026-11-20; empty: the item's default"),
        )
        yield TextField("due_reason", Text("期限理由", "Why that date"), values.get("due_reason", ""))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(NoteArea).focus()

    def save(self) -> bool:
        """Record it."""
        due = halfwidth(self.value("due_date")).strip()
        # A reason that stands there from before is none for another date.
        stale = self.field("due_date").changed and not self.field("due_reason").changed
        self._record(
            FindingInput(
                description=self.value("description"),
                severity=self.value("severity"),  # type: ignore[arg-type]
                disposal=self.value("disposal"),  # type: ignore[arg-type]
                transfer_to=self.value("transfer_to"),
                due_date=due if due or self._values.get("due_date") else None,
                due_reason="" if stale else self.value("due_reason"),
                competent_authority=self.value("competent_authority") or None,
            )
        )
        return True
