"""How screens read and record: reading on other threads, recording at once, errors as one sentence.

A worker only calls the core and posts a message; the handler on the screen's own thread changes what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from inspect_tui.texts import Refused, Text
from inspect_tui.tui.uitext import said, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.screen import Screen

    from inspect_tui.tui.uitext import Sentence

    Host = Screen[Any]
else:
    Host = object

T = TypeVar("T")
TOAST_WIDTH: Final = 28
"""Cells of a line of a notification: it fits over the rightmost pane of any screen, for Textual blanks a wide character
that stands across the edge of a pane below."""

_BUG = Text(
    "程序内部出错：{what}。已记录的内容都已存盘。", "The programme failed: {what}. Everything recorded is on disk."
)


class Reading(Host):
    """Mixed into screens."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited: set[str] = set()

    @property
    def ready(self) -> bool:
        """Whether keys have what they act on, or wait for something that is being read."""
        return not self._awaited

    @dataclass
    class Done(Message, bubble=False):
        """A worker has read something."""

        group: str
        then: Callable[[Any], object]
        value: Any

    @dataclass
    class Failed(Message, bubble=False):
        """A worker was refused something."""

        group: str
        error: Sentence
        otherwise: Callable[[Sentence], None] | None

    def read(
        self,
        group: str,
        work: Callable[[], T],
        then: Callable[[T], object],
        otherwise: Callable[[Sentence], None] | None = None,
        *,
        awaited: bool = False,
    ) -> None:
        """Do `work` on another thread, then `then` with its result on this one.

        Args:
            group: A later call of the same group makes an earlier one's result void.
            work: Calls the core and nothing else.
            then: Shows the result.
            otherwise: Shows a refusal; without it, it is notified.
            awaited: The next key acts on the result, and so waits for it.
        """
        if awaited:
            self._awaited.add(group)
        self.run_worker(
            partial(self._work, group, work, then, otherwise),
            thread=True,
            exclusive=True,
            group=group,
            exit_on_error=False,
        )

    def _work(
        self,
        group: str,
        work: Callable[[], T],
        then: Callable[[T], object],
        otherwise: Callable[[Sentence], None] | None,
    ) -> None:
        worker = get_current_worker()
        from sync.errors import SyncError

        try:
            value = work()
        except (Refused, SyncError) as error:
            message: Message = self.Failed(group, error, otherwise)
        else:
            message = self.Done(group, then, value)
        if not worker.is_cancelled:
            self.post_message(message)

    async def on_reading_done(self, message: Done) -> None:
        """Show what was read."""
        self._awaited.discard(message.group)
        if self.is_attached:
            shown = message.then(message.value)
            if isawaitable(shown):
                await shown

    def on_reading_failed(self, message: Failed) -> None:
        """Say what was refused."""
        self._awaited.discard(message.group)
        if message.otherwise is not None and self.is_attached:
            message.otherwise(message.error)
        else:
            complain(self.app, message.error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed for another reason than a refusal is a bug: say so, and go on."""
        if event.state is WorkerState.ERROR:
            self._awaited.discard(event.worker.group)
            complain(self.app, _BUG.format(what=repr(event.worker.error)[:200]))

    def record(self, action: Callable[[], T], otherwise: Callable[[Sentence], None] | None = None) -> T | None:
        """Do a recording action at once, so that it is on disk before the next paint; None when it was refused."""
        from sync.errors import SyncError

        try:
            return action()
        except (Refused, SyncError) as error:
            if otherwise is not None:
                otherwise(error)
            else:
                complain(self.app, error)
        return None


def complain(app: App[Any], error: Sentence) -> None:
    """Show one sentence that stays long enough to be read."""
    app.notify(_set(error), severity="error", timeout=12, markup=False)


def tell(app: App[Any], text: Sentence, *, warning: bool = False) -> None:
    """Show one sentence in passing."""
    if warning:
        app.notify(_set(text), severity="warning", timeout=8, markup=False)
    else:
        app.notify(_set(text), timeout=4, markup=False)


def _set(sentence: Sentence) -> str:
    """The sentence set in lines of ours: Textual breaks before closing punctuation."""
    return "\n".join(wrap(said(sentence), TOAST_WIDTH))
