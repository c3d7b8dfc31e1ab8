"""The last lines: the keys that hold here, also for the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from inspect_tui.tui.commands import COMMANDS, Command, shown_key

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Size


class KeyBar(Widget):
    """Keys and names of the commands of a place, then of those that hold everywhere, in at most two lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--off"}
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: auto; max-height: 2; background: $panel; color: $foreground; }
    KeyBar > .key-bar--key { background: $panel; color: $accent; text-style: bold; }
    KeyBar > .key-bar--off { background: $panel; color: $text-disabled; }
    """

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def relabel(self) -> None:
        """Lay out again in the language in use."""
        self.refresh(layout=True)

    def _rows(self, width: int) -> list[list[tuple[int, Command, str]]]:
        """Lines of (column, command, name of its namespace)."""
        rows: list[list[tuple[int, Command, str]]] = [[]]
        column = 1
        commands = [(one, "screen") for one in COMMANDS[self.place] if one.bar]
        everywhere = () if self.place in {"dialog", "pick", "lock", "carrying"} else COMMANDS["app"]
        commands += [
            (one, "app") for one in everywhere if one.bar and (self.place != "start" or "go(" not in one.action)
        ]
        for command, owner in commands:
            takes = cell_len(self._said(command)) + 2
            if column + takes - 2 > width and rows[-1]:
                if len(rows) == 2:
                    break
                rows.append([])
                column = 1
            rows[-1].append((column, command, owner))
            column += takes
        return rows

    @staticmethod
    def _said(command: Command) -> str:
        return f"{shown_key(command.keys[0])} {command.name}"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002  Textual's signature
        """One line or two."""
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        """One line of keys."""
        width = self.size.width
        rows = self._rows(width)
        base = self.rich_style
        key_style = self.get_component_rich_style("key-bar--key")
        off = self.get_component_rich_style("key-bar--off")
        segments: list[Segment] = []
        at = 0
        for column, command, _ in rows[y] if y < len(rows) else []:
            enabled = self.screen.check_action(command.action.partition("(")[0], ()) is not None
            key = shown_key(command.keys[0])
            segments += [
                Segment(" " * (column - at), base),
                Segment(key, key_style if enabled else off),
                Segment(f" {command.name}", base if enabled else off),
            ]
            at = column + cell_len(self._said(command))
        return Strip(segments).adjust_cell_length(width, base)

    async def on_click(self, event: events.Click) -> None:
        """Do what stands under the mouse."""
        rows = self._rows(self.size.width)
        for column, command, owner in rows[event.y] if event.y < len(rows) else []:
            if column <= event.x < column + cell_len(self._said(command)):
                await self.run_action(f"{owner}.{command.action}")
                return
