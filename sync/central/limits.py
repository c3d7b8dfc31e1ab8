"""How often one asker may ask: a token bucket each, in this process."""

from __future__ import annotations

import threading
import time
from typing import Final

from sync.central.requests import NotAllowed

_REMEMBERED: Final = 10_000


class Rates:
    """Token buckets by asker.

    Args:
        a_minute: Requests that an asker may make a minute, and at once.
    """

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, asker: str) -> None:
        """Count a request.

        Raises:
            NotAllowed: Too many in too short a time.
        """
        now = time.monotonic()
        with self._lock:
            tokens, since = self._buckets.get(asker, (float(self.a_minute), now))
            tokens = min(float(self.a_minute), tokens + (now - since) * self.a_minute / 60)
            if tokens < 1:
                raise NotAllowed(
                    429,
                    "rate",
                    "请求过于频繁，请稍后重试。",
                    "Too many requests in a short time; try again shortly.",
                )
            # in the order of their last request: whoever is forgotten has been quiet longest
            self._buckets.pop(asker, None)
            if len(self._buckets) >= _REMEMBERED:
                self._forget(now)
            self._buckets[asker] = (tokens - 1, now)

    def _forget(self, now: float) -> None:
        """Make room: first whoever has a full bucket again, then a tenth of those that are least empty."""
        left = {
            asker: min(float(self.a_minute), tokens + (now - since) * self.a_minute / 60)
            for asker, (tokens, since) in self._buckets.items()
        }
        fullest = sorted(left, key=left.__getitem__, reverse=True)
        for asker in fullest[: _REMEMBERED // 10]:
            del self._buckets[asker]
