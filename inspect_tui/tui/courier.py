"""The courier 传送: one exchange at a time on a thread of its own, whatever screen is shown and whatever is typed.

The thread only counts; whoever draws looks at the counts when it likes. It takes the database for moments, and what a
person records comes between them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from inspect_tui.records import central
from inspect_tui.texts import Refused, Text
from sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.uitext import Sentence
    from sync.central.connection import Meter
    from sync.central.syncing import Synced

Kind = Literal["sync", "merge", "bundle"]
State = Literal["running", "done", "failed", "cancelled", "locked"]

WINDOW_S: Final = 5.0
"""Over how long a rate is taken."""
SAMPLE_S: Final = 0.25
ENOUGH_S: Final = 1.0
"""After how long in a step its rate says anything."""
PATIENCE_S: Final = 10.0
"""How long leaving waits for a step to end; the database itself never needs it."""
STEPS: Final[dict[str, Text]] = {
    "connect": Text("连接", "connecting"),
    "pull": Text("接收变更", "receiving changesets"),
    "push": Text("发送变更", "sending changesets"),
    "photos_in": Text("接收照片", "receiving photos"),
    "photos_out": Text("发送照片", "sending photos"),
    "read": Text("读取", "reading"),
    "changesets": Text("收入变更", "taking in changesets"),
    "photos": Text("收入照片", "taking in photos"),
    "write": Text("写入", "writing"),
    "check": Text("读回核对", "reading back"),
}
IN_BYTES: Final = frozenset({"read", "write", "check"})
"""Steps that count bytes."""


class Ended(Refused):
    """A person stopped it."""


@dataclass
class Job:
    """One exchange, as far as it is.

    Attributes:
        kind: What it is.
        quiet: Started by itself: trouble with the network is no news.
        step: A key of `STEPS`.
        done: In this step.
        total: In this step; None while unknown.
        counts: Step → (done, total), of all steps so far.
        error: Why it ended, unless it is done.
        result: What `work` returned.
        seen: Whether a person knows how it ended.
    """

    kind: Kind
    quiet: bool = False
    state: State = "running"
    step: str = "connect"
    done: int = 0
    total: int | None = None
    counts: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    error: Text | None = None
    unreachable: bool = False
    result: Any = None
    seen: bool = False
    meter: Meter | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    step_began: float = field(default_factory=time.monotonic)
    _first: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _samples: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.state == "running"

    @property
    def stopping(self) -> bool:
        """Whether somebody has asked it to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask it to end after the step under way."""
        self._stop.set()

    def tell(self, what: str, done: int, total: int | None) -> None:
        """So much of a step is done.

        Raises:
            Ended: Somebody has asked it to end, and this is a step that asks nobody itself.
        """
        if what != self.step:
            self.step, self.step_began, self._first = what, time.monotonic(), done
        self.done, self.total = done, total
        self.counts[what] = (done, total)
        if self.kind != "sync" and self.stopping:
            raise Ended(
                "已取消；已存盘的部分保留，重做即可继续。",
                "Cancelled; what is on disk stays, do it again to go on.",
            )

    def moved(self) -> int:
        """Bytes that went or came so far, where they are counted."""
        if self.meter is not None:
            return self.meter.sent + self.meter.received
        return self.done if self.step in IN_BYTES else 0

    def rate(self) -> float:
        """Bytes a second, of late; 0 where nothing is known."""
        now, moved = time.monotonic(), self.moved()
        samples = self._samples
        if samples and samples[-1][1] > moved:  # another step began
            samples.clear()
        if not samples or now - samples[-1][0] >= SAMPLE_S:
            samples.append((now, moved))
        while len(samples) > 2 and now - samples[0][0] > WINDOW_S:
            samples.popleft()
        passed = now - samples[0][0]
        return (moved - samples[0][1]) / passed if passed >= SAMPLE_S else 0.0

    def seconds_left(self) -> int | None:
        """Of the step under way, at its pace so far; None while that says nothing."""
        passed = time.monotonic() - self.step_began
        gone = self.done - self._first
        if self.total is None or gone <= 0 or passed < ENOUGH_S:
            return None
        return round((self.total - self.done) * passed / gone)

    def percent(self) -> int | None:
        """Of the step under way."""
        return None if not self.total else min(100, self.done * 100 // self.total)


class Courier:
    """Carries one job at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.job: Job | None = None
        """The last one, running or not."""
        self.attempts: int | None = None
        """Of each request to the central store before it counts as unreachable; None is the usual number."""
        self.next_at: float | None = None
        """When to sync by itself, by the monotonic clock."""
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def running(self) -> Job | None:
        """The job under way."""
        return self.job if self.job is not None and self.job.running else None

    def sync(self, *, quiet: bool = False) -> Job | None:
        """Sync with the central store; None where something is under way already."""

        def work(job: Job) -> Synced:
            workspace = self._desk.workspace
            there = central.connect(workspace, stop=lambda: job.stopping, attempts=self.attempts)
            job.meter = there.meter
            try:
                return central.sync(workspace, there, progress=job.tell, stop=lambda: job.stopping, gentle=True)
            finally:
                there.connection.close()

        return self.start("sync", work, quiet=quiet)

    def start(self, kind: Kind, work: Callable[[Job], object], *, quiet: bool = False) -> Job | None:
        """Do `work` on another thread; None where something is under way already.

        Args:
            kind: What it is.
            work: Calls the core and tells the job how far it is; nothing else.
            quiet: Nobody asked for it.
        """
        if self.running is not None or self._closing:
            return None
        job = self.job = Job(kind, quiet)
        self._thread = threading.Thread(target=self._carry, args=(job, work), name="courier", daemon=True)
        self._thread.start()
        return job

    def _carry(self, job: Job, work: Callable[[Job], object]) -> None:
        state: State = "done"
        try:
            job.result = work(job)
        except central.Locked as error:
            state, job.error = "locked", _text(error)
        except (central.Stopped, Ended) as error:
            state, job.error = "cancelled", _text(error)
        except (Refused, SyncError) as error:
            from sync.central.connection import UnreachableError

            job.unreachable = isinstance(error, UnreachableError) or isinstance(error.__cause__, UnreachableError)
            state, job.error = "failed", _text(error)
        except Exception as error:  # noqa: BLE001  a thread has nobody above it who would say so
            what = f"{type(error).__name__}: {error}"[:200]
            state = "failed"
            job.error = Text(
                f"程序内部出错：{what}。已记录的内容都已存盘。",
                f"The programme failed: {what}. Everything recorded is on disk.",
            )
        job.ended = time.monotonic()
        job.state = state

    def cancel(self) -> bool:
        """Ask the job under way to end; False where there is none."""
        job = self.running
        if job is not None:
            job.stop()
        return job is not None

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """End what is under way; whether it has ended. Where it has not, it waits for the network and writes nothing."""
        self._closing = True
        self.cancel()
        if self._thread is None:
            return True
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    # by itself

    def schedule(self, workspace: Workspace, *, now: float | None = None) -> None:
        """Set when the next sync by itself is due, from the settings."""
        minutes = central.sync_minutes(workspace) if central.address_of(workspace) is not None else 0
        self.next_at = None if not minutes else (time.monotonic() if now is None else now) + minutes * 60

    def tick(self) -> Job | None:
        """Start a sync that is due."""
        if self.next_at is None or time.monotonic() < self.next_at or self.running is not None:
            return None
        workspace = self._desk.workspace
        self.schedule(workspace)
        if workspace.access.is_set() and workspace.access.is_locked():
            return None
        return self.sync(quiet=True)


def _text(error: Sentence) -> Text:
    return Text(error.zh, error.en)
