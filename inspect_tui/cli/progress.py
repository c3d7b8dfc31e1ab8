"""A progress bar on standard error: only on a terminal, and only for what takes longer than a second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_S: Final = 1.0


class Progress:
    """Told how far something is, as often as one likes."""

    def __init__(self, label: str, *, in_bytes: bool = False) -> None:
        """Args: in_bytes: what is counted are bytes, shown with their rate."""
        self._label = label
        self._in_bytes = in_bytes
        self._start = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int | None = None) -> None:
        """So much is done, of `total` where that is known."""
        if not self._terminal or time.monotonic() - self._start < PATIENCE_S:
            return
        if self._bar is None:
            self._bar, self._task = self._begin()
        self._bar.update(self._task, completed=done, total=total)

    def step(self, what: str, done: int, total: int | None) -> None:
        """The same, as an exchange tells it."""
        del what
        self.update(done, total)

    def _begin(self) -> tuple[Any, Any]:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import Progress as Bar

        columns: list[Any] = [*Bar.get_default_columns()]
        if self._in_bytes:
            from rich.progress import DownloadColumn, TransferSpeedColumn

            columns += [DownloadColumn(), TransferSpeedColumn()]
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task(escape(self._label), total=None)
