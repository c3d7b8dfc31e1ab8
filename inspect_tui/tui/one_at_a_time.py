"""Keys one at a time: each is handed out only when what the one before it set off is done.

Textual hands every key to whatever has the focus at that moment, and lets it act later. Of a burst (an input method's
commit, a quick hand, a slow laptop) the keys after one that opens a screen or moves on would reach the old place and
be lost there, or mean something else. Here they wait until the new screen stands and knows what it is about.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.app import App

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

PATIENCE_S: Final = 5.0
"""After this long the next key is handed out all the same: a keyboard must never die."""
PASSES: Final = 8
"""How often the focus may move on in one go."""
TICK_S: Final = 0.005


class OneAtATime(App[None]):
    """An app that takes keys and pastes in their order, each when the one before is done."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Event] = deque()
        self._handing_out = False
        self._open = False

    def on_ready(self) -> None:
        """Hand out what was typed while the programme started."""
        self._open = True
        self._begin()

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed until its turn; everything else goes its way."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            self._begin()
        else:
            await super().on_event(event)

    def _begin(self) -> None:
        if self._open and self._typed and not self._handing_out:
            self._handing_out = True
            self.run_worker(self._hand_out(), name="keys", group="keys")

    async def _hand_out(self) -> None:
        try:
            while self._typed:
                await super().on_event(self._typed.popleft())
                try:
                    await asyncio.wait_for(self._done(), PATIENCE_S)
                except TimeoutError:
                    self.log.warning("a key is handed out before the one before it was done")
        finally:
            self._handing_out = False

    async def _done(self) -> None:
        """Return when nobody has anything left to do about the last key."""
        before: tuple[object, object] | None = None
        for _ in range(PASSES):
            focus = self.focused or self.screen
            # up from the focus and down again: a key bubbles up, and what it means may come back
            for pump in [*focus.ancestors_with_self, *reversed(focus.ancestors_with_self)]:
                await _turn(pump)
            while not (getattr(self.screen, "ready", True) or self._escaping()):  # noqa: ASYNC110  of whichever screen
                await asyncio.sleep(TICK_S)
            now = (self.screen, self.focused)
            if now == before:
                return
            before = now

    def _escaping(self) -> bool:
        """Whether somebody has had enough of waiting."""
        return any(isinstance(event, events.Key) and event.key == "escape" for event in self._typed)


async def _turn(pump: MessagePump) -> None:
    """Return when the pump has done what it was sent before, or is closed."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def reached() -> None:
        if not done.done():
            done.set_result(None)

    if pump.is_running and pump.call_later(reached):
        while not done.done() and pump.is_running:
            await asyncio.wait([done], timeout=0.05)
