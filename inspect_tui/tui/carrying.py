"""What the app does for the courier: start it, look at its counts, say how it ended, and have screens read again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.texts import Text
from inspect_tui.tui import sync_text
from inspect_tui.tui.one_at_a_time import OneAtATime
from inspect_tui.tui.reading import complain, tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from inspect_tui.tui.courier import Courier, Job, Kind
    from inspect_tui.tui.desk import Desk

LOOK_S: Final = 0.1
"""How often counts are shown at most."""
DUE_S: Final = 5.0
"""How often it is looked whether a sync by itself is due."""
SOON_S: Final = 10.0
"""After the start, when the first one is."""
SEEN_S: Final = 20.0
"""How long the title bar says that it went well."""


class Carrying(OneAtATime):
    """An app with a courier."""

    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self._then: Callable[[Job], object] | None = None
        self._looking: Timer | None = None
        self._scheduled = False
        self._leaving = False

    @property
    def courier(self) -> Courier:
        """Of this app's desk."""
        return self.desk.courier

    def begin_carrying(self) -> None:
        """Have the timers that the courier needs."""
        self._looking = self.set_interval(LOOK_S, self.look_at_courier, pause=True)
        self.set_interval(DUE_S, self.sync_if_due)

    # starting

    def start_sync(self, *, quiet: bool = False) -> bool:
        """Sync in the background; False where something is under way already."""
        return self._watch(self.courier.sync(quiet=quiet), None)

    def carry(self, kind: Kind, work: Callable[[Job], object], then: Callable[[Job], object]) -> bool:
        """Do `work` in the background, then `then` on this thread; False where something is under way already."""
        return self._watch(self.courier.start(kind, work), then)

    def carry_over(
        self, kind: Kind, title: Text, work: Callable[[Job], object], then: Callable[[Job | None], None]
    ) -> bool:
        """The same with a box over the screen until it has ended, for what wants the database for itself."""
        from inspect_tui.tui.screens.carrying import CarryingScreen

        job = self.courier.start(kind, work)
        if job is None:
            return False
        self._watch(job, None)
        self.push_screen(CarryingScreen(title, job), then)
        return True

    def sync_if_due(self) -> None:
        """Start a sync that is due by itself."""
        if not self.desk.is_open or self._leaving:
            return
        if not self._scheduled:
            self._scheduled = True
            self.courier.schedule(self.desk.workspace)
            if self.courier.next_at is not None:
                self.courier.next_at = time.monotonic() + SOON_S
        self._watch(self.courier.tick(), None)

    def _watch(self, job: Job | None, then: Callable[[Job], object] | None) -> bool:
        if job is None:
            return False
        self._then = then
        if self._looking is not None:
            self._looking.resume()
        return True

    # looking

    def look_at_courier(self) -> None:
        """Show the counts; when it has ended, say so and have the screen read again."""
        job = self.courier.job
        ended = job is None or not job.running
        if ended and self._looking is not None:
            self._looking.pause()
        self.show_sign()
        screen = self.screen
        carried = getattr(screen, "carried", None)
        if carried is not None:
            carried()
        if ended and job is not None:
            self._ended(job)

    def show_sign(self) -> None:
        """Say in the title bars how it is doing."""
        sign = sync_text.title_sign(self.courier.job)
        for screen in self.screen_stack:
            for bar in screen.query(TitleBar):
                bar.sign = sign

    def _ended(self, job: Job) -> None:
        then, self._then = self._then, None
        on_sync = getattr(self.screen, "PLACE", "") == "sync"
        if job.kind == "sync":
            self._say(job, shown=on_sync)
        elif job.kind == "bundle" and job.error is not None and not on_sync:
            complain(self, job.error)
        if isinstance(self.screen, PageScreen) and (on_sync or _moved(job)):
            self.screen.came()
        if then is not None:
            then(job)
        if job.state == "done" or on_sync:
            self.set_timer(SEEN_S, lambda: self._seen(job))
        if job.state == "locked" and self.desk.has_pin():
            self._show_lock()

    def _seen(self, job: Job) -> None:
        job.seen = True
        self.show_sign()

    def _show_lock(self) -> None:
        raise NotImplementedError

    def unlocked(self) -> None:
        """Go on with what the lock has stopped."""
        job = self.courier.job
        if job is not None and job.state == "locked" and job.kind == "sync":
            self.start_sync(quiet=job.quiet)

    def _say(self, job: Job, *, shown: bool) -> None:
        if job.state == "done":
            conflicts = len(job.result.conflicts)
            if conflicts:
                said = Text(
                    f"同步带来 {conflicts} 处新冲突，按 F12 处理。",
                    f"{conflicts} new conflicts came; F12 shows them.",
                )
                tell(self, said, warning=True)
            if not job.quiet and not shown:
                tell(self, _summary(job.result))
        elif job.state == "failed" and job.error is not None and not shown and not (job.quiet and job.unreachable):
            complain(self, job.error)

    # leaving

    def keeps_from_leaving(self) -> bool:
        """Whether something is under way that nobody has agreed to stop; the first time it asks."""
        if self.courier.running is None or self._leaving:
            return False
        self._leaving = True
        tell(
            self,
            Text(
                "传送还在进行；再按一次 Ctrl+Q 停止并退出。已确认的部分不会重传。",
                "An exchange is under way; Ctrl+Q again stops it and leaves. What was acknowledged is not sent again.",
            ),
            warning=True,
        )
        return True

    async def leave(self) -> None:
        """Leave, after what is under way has ended; it is not waited for for ever."""
        if self.courier.cancel():
            tell(self, Text("正在停止传送…", "Stopping the exchange…"))
            await asyncio.to_thread(self.courier.close)
        self.exit()


def _moved(job: Job) -> bool:
    """Whether anything came or went, so that a screen may read differently than before."""
    if job.kind != "sync" or job.state != "done":
        return job.kind != "bundle"
    done: Any = job.result
    sent = 0 if done.sent is None else done.sent.appended
    return bool(done.received.appended or done.received.touched or done.photos_received or done.photos_sent or sent)


def _summary(done: Any) -> Text:
    sent = 0 if done.sent is None else done.sent.appended
    return Text(
        f"同步完成：收到变更 {done.received.appended}、照片 {done.photos_received}；送出变更 {sent}、照片 {done.photos_sent}。",
        f"Synced: {done.received.appended} changesets and {done.photos_received} photos came, {sent} and"
        f" {done.photos_sent} went.",
    )
