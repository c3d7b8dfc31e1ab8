"""Forms: labelled fields in a box over the screen. What is typed stays until it is saved or given up twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, TypeVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from inspect_tui.texts import Text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.reading import Reading
from inspect_tui.tui.screens.pick import Picking
from inspect_tui.tui.widgets.fields import AreaField, ChoiceField, Cycle, NoteArea, TextField
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.tui.uitext import Sentence

T = TypeVar("T")
Field: TypeAlias = TextField | ChoiceField | AreaField

GIVE_UP: Final = Text("再按一次 Esc 放弃所填内容。", "Press Esc once more to give up what was typed.")


class _Fields(VerticalScroll, inherit_bindings=False):
    """Scrolls to the field in use; up and down stay the form's, also where it is longer than the screen."""


class FormScreen(Picking, Reading, ModalScreen[T | None]):
    """A form; dismissed with what `save` returns, or None when it is given up."""

    PLACE: ClassVar[str] = "dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog"),
        # A dialog keeps the keys of the app out; these three do no harm to what is typed.
        Binding("f1", "app.help", "", show=False),
        Binding("f9", "app.language", "", show=False),
        Binding("ctrl+t", "app.theme", "", show=False),
    ]

    def __init__(self, title: Text) -> None:
        super().__init__()
        self.form_title = title
        self._warned = False

    def compose(self) -> ComposeResult:
        """Title, fields, a line for what is wrong, keys."""
        with Vertical(classes="form"):
            yield Phrase(self.form_title, classes="form-title")
            with _Fields(classes="fields", can_focus=False):
                yield from self.fields()
            yield Phrase(Text("", ""), id="wrong")
            yield KeyBar("dialog")

    def fields(self) -> Iterator[Widget]:
        """The fields and whatever stands between them."""
        yield from ()

    def save(self) -> T:
        """Record what the form says.

        Raises:
            Refused: It cannot be recorded as it stands; the form stays open and says why.
        """
        raise NotImplementedError

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.field(name).value

    def field(self, name: str) -> Field:
        """The field of that name."""
        found = self.query_one(f"#field-{name}")
        if not isinstance(found, TextField | ChoiceField | AreaField):
            raise TypeError(name)
        return found

    def _all_fields(self) -> list[Field]:
        return [one for one in self.query("*") if isinstance(one, TextField | ChoiceField | AreaField)]

    def complain(self, error: Sentence) -> None:
        """Say what is wrong and go to the field that it is about."""
        from inspect_tui.records.model import RefusedByRules

        self.query_one("#wrong", Phrase).say(Text("✗ " + error.zh, "✗ " + error.en))
        if isinstance(error, RefusedByRules) and error.problems[0].field:
            for one in self._all_fields():
                if one.field == error.problems[0].field.replace(".", "-"):
                    one.query("Input, Cycle, NoteArea").first().focus()

    def action_save(self) -> None:
        """Record and close; refused, it stays open."""
        saved: list[T] = []
        self.record(lambda: saved.append(self.save()), self.complain)
        if saved:
            self.dismiss(saved[0])

    def action_cancel(self) -> None:
        """Close; twice where something was typed."""
        if not self.holds(GIVE_UP):
            self.dismiss(None)

    def holds(self, warning: Text) -> bool:
        """Whether something was typed that would be lost; the first time it is asked it gives that warning."""
        if self._warned or not any(one.changed for one in self._all_fields()):
            return False
        self._warned = True
        self.query_one("#wrong", Phrase).say(warning)
        return True

    def action_next_field(self) -> None:
        """To the next field."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """To the field before."""
        self.focus_previous()

    @on(Input.Submitted)
    @on(Cycle.Accepted)
    def _go_on(self) -> None:
        """To the next field, or save in the last one."""
        if self.focused is self.focus_chain[-1]:
            self.action_save()
        else:
            self.focus_next()

    @on(NoteArea.Accepted)
    def _accept_note(self) -> None:
        self._go_on()

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Cycle.Turned)
    def _forget_warning(self) -> None:
        if self._warned:
            self._warned = False
            self.query_one("#wrong", Phrase).say(Text("", ""))
