"""The smallest Textual app: what any programme of this kind pays before its first paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Hello(App[Any]):
    """Says hello."""

    def compose(self) -> ComposeResult:
        """One line."""
        yield Static("Hello, world")


if __name__ == "__main__":
    Hello().run()
