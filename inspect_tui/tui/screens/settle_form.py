"""Why a conflict is settled as it is, with one of its values or another one; why a refused change is offered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.records.cell_words import cell_name
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import AreaField, ChoiceField, NoteArea, TextField
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.widget import Widget

    from inspect_tui.records.refusals import Clash, Refusal
    from inspect_tui.records.typed_cells import TypedField
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.uitext import Sentence
    from inspect_tui.tui.widgets.prose import Block
    from sync.replica import Row

_REASON: Final = Text("理由", "Reason")


class SettleForm(FormScreen[bool]):
    """The value chosen, and why; dismissed with True when it is on disk."""

    def __init__(self, title: Text, about: Sequence[Block], record: Callable[[str], object]) -> None:
        super().__init__(title)
        self._about = about
        self._record = record

    def fields(self) -> Iterator[Widget]:
        """What is chosen, then the line."""
        yield Prose(id="settle-about", hang=14)
        yield TextField("reason", _REASON)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#settle-about", Prose).show(self._about)
        self.query_one("Input").focus()

    def save(self) -> bool:
        """Record it."""
        self._record(self.value("reason"))
        return True


class OwnValueForm(FormScreen[bool]):
    """A value that is neither of those recorded; a long text starts as what all sides wrote, made one."""

    def __init__(
        self,
        workspace: Workspace,
        row: Row,
        cell: str,
        fields: Sequence[TypedField],
        record: Callable[[object, str], object],
    ) -> None:
        name = cell_name(row.table, cell)
        super().__init__(Text(f"{name.zh}：另填取值", f"{name.en}: a value of your own"))
        self._workspace = workspace
        self._row = row
        self._cell = cell
        self._typed = fields
        self._record = record

    def fields(self) -> Iterator[Widget]:
        """One field a column, then why."""
        for one in self._typed:
            if one.kind == "choice":
                yield ChoiceField(one.name, one.label, one.options, one.value)
            elif one.kind == "text":
                yield AreaField(one.name, one.label, one.value)
            else:
                yield TextField(one.name, one.label, one.value)
        if places := sum(one.open_places for one in self._typed):
            yield Phrase(
                Text(
                    f"合并稿：各方的改动都在其中；{places} 处各方改得不同，写成 ⟦甲┃乙⟧，请改成一种说法。",
                    f"Merged: all changes are in it; {places} places that sides changed differently stand as ⟦one┃other⟧:"
                    " make each one text.",
                ),
                classes="hint",
            )
        if any(one.kind == "text" for one in self._typed):
            yield Phrase(Text("Ctrl+J 换行，Enter 到下一格", "Ctrl+J: new line, Enter: next field"), classes="hint")
        yield TextField("why", _REASON)

    def on_mount(self) -> None:
        """Type at once."""
        self.query("Input, Cycle, NoteArea").first().focus()
        for area in self.query(NoteArea):
            area.move_cursor((0, 0))

    def save(self) -> bool:
        """Record it."""
        from inspect_tui.records.typed_cells import typed

        said = {one.name: self.value(one.name) for one in self._typed}
        self._record(typed(self._workspace, self._row, self._cell, said), self.value("why"))
        return True


class OfferForm(FormScreen[bool]):
    """Why a refused change is offered again; where other values came since, both are shown and asked about once."""

    def __init__(self, workspace: Workspace, refusal: Refusal) -> None:
        super().__init__(Text("重新提交未采纳的变更", "Offer the refused change again"))
        self._workspace = workspace
        self._refusal = refusal
        self._shown: tuple[Clash, ...] = ()

    def fields(self) -> Iterator[Widget]:
        """The line."""
        yield TextField("reason", _REASON)
        yield Phrase(
            Text(
                "以本机的证书用同样的取值重新签名提交；原变更留在日志中。",
                "Signs the same values anew with this device's certificate; the refused change stays in the log.",
            ),
            classes="hint",
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("Input").focus()

    def save(self) -> bool:
        """Record it."""
        from inspect_tui.records.refusals import offer_again

        offer_again(
            self._workspace,
            self._refusal.version,
            self.value("reason"),
            replace=bool(self._shown),
            shown=self._shown or None,
        )
        return True

    def complain(self, error: Sentence) -> None:
        """Say what is wrong; after other values were shown, saving once more writes over them."""
        from inspect_tui.records.refusals import OtherValuesError

        if isinstance(error, OtherValuesError):
            self._shown = error.clashes
            error = Text(
                error.zh.replace("确认改写请用 --replace", "再按一次 F10 即改写"),
                error.en.replace("To write over them confirm with --replace", "F10 once more writes over them"),
            )
        super().complain(error)
