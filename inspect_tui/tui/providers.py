"""The command palette: the commands of the screen and those that hold everywhere, found in either language."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Provider
from textual.content import Content

from inspect_tui.tui.commands import COMMANDS, Command, shown_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.command import Hits


class OurCommands(Provider):
    """What can be done here."""

    def _here(self) -> Iterator[tuple[str, Command]]:
        place = getattr(self.screen, "PLACE", "")
        for command in COMMANDS.get(place, ()):
            yield "screen", command
        for command in COMMANDS["app"]:
            if command.id != "palette":
                yield "app", command

    @staticmethod
    def _said(command: Command) -> tuple[str, str]:
        return f"{command.name}  {shown_keys(command)}", str(command.tip)

    async def discover(self) -> Hits:
        """All of them."""
        for owner, command in self._here():
            display, tip = self._said(command)
            yield DiscoveryHit(Content(display), partial(self._run, owner, command), display, tip)

    async def search(self, query: str) -> Hits:
        """Those whose name or explanation has the words, in either language."""
        matcher = self.matcher(query)
        for owner, command in self._here():
            score = max(map(matcher.match, (*command.name, *command.tip)))
            if score > 0:
                display, tip = self._said(command)
                yield Hit(score, Content(display), partial(self._run, owner, command), display, tip)

    async def _run(self, owner: str, command: Command) -> None:
        target = self.app if owner == "app" else self.screen
        await self.app.run_action(command.action, default_namespace=target)
