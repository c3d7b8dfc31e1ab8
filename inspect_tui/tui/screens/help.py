"""Help 帮助: the keys of the screen one came from, of lists and forms, and those that hold everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.screen import ModalScreen

from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import COMMANDS, PLACES, bindings, shown_keys
from inspect_tui.tui.marks import SEVERITY_MARKS, VERDICT_MARKS
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType


class HelpScreen(ModalScreen[None]):
    """A box over the screen; Escape, F1 and Enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("help"),
        ("f1,enter,q", "back", "返回"),
        ("pageup,left", "page(-1)", "上页"),
        ("pagedown,right,space", "page(1)", "下页"),
        ("up,k", "line(-1)", "上"),
        ("down,j", "line(1)", "下"),
    ]
    DEFAULT_CSS = """
    HelpScreen > Vertical { width: 78; max-width: 100%; height: 100%; background: $surface; border: round $primary; padding: 0 1; }
    """

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        """Title and text."""
        with Vertical():
            name = PLACES.get(self._place, PLACES["app"])
            yield Phrase(
                Text(f"帮助：{name.zh}　（Esc 返回，↑↓ 翻页）", f"Help: {name.en}  (Esc back, ↑↓ scroll)"),
                classes="form-title",
            )
            yield Prose(id="help", hang=18)

    def on_mount(self) -> None:
        """Show it."""
        self.query_one(Prose).show(list(self._blocks()))

    def _blocks(self) -> Iterator[Block]:
        for place in dict.fromkeys((self._place, "app", "list", "dialog")):
            if place not in COMMANDS:
                continue
            yield Block(f"── {PLACES[place]}", tone="heading")
            for command in COMMANDS[place]:
                yield Block(
                    f"{command.name}：{command.tip}" if tr("1", "") else f"{command.name}: {command.tip}",
                    shown_keys(command),
                    label_tone="strong",
                )
        yield Block(tr("── 标记", "── Signs"), tone="heading")
        signs = (
            f"{VERDICT_MARKS['pass']} / {VERDICT_MARKS['fail']} / {VERDICT_MARKS['n_a']} / {VERDICT_MARKS[None]}"
        )
        yield Block(tr("合格 / 不合格 / 不适用 / 未检查", "pass / fail / not applicable / not checked"), signs)
        degrees = " / ".join(SEVERITY_MARKS[one] for one in ("critical", "major", "minor"))
        yield Block(tr("严重 / 较重 / 一般", "critical / major / minor"), degrees)

    def action_back(self) -> None:
        """Close."""
        self.dismiss()

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.query_one(Prose).page(by)

    def action_line(self, by: int) -> None:
        """Scroll by lines."""
        prose = self.query_one(Prose)
        prose.scroll_to(y=prose.scroll_y + by, animate=False, immediate=True)
