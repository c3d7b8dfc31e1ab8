"""What the process has done, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sync.central.store import Counts

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()

    def note(self, operation: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        with self._lock:
            self._requests[operation, status] += 1
            self._seconds[operation] += seconds  # type: ignore[assignment]  # a Counter adds floats just as well
            for bound in BOUNDS:
                if seconds <= bound:
                    self._buckets[operation, bound] += 1

    def refused(self, code: str) -> None:
        """Count a request that was not let through."""
        with self._lock:
            self._refused[code] += 1

    def add(self, name: str, count: int) -> None:
        """Add to a total, such as `changesets_received`."""
        with self._lock:
            self._totals[name] += count

    def text(self, counts: Counts) -> str:
        """All of it, with the store's counts."""
        lines: list[str] = []

        def family(name: str, kind: str, about: str) -> None:
            lines.append(f"# HELP inspect_tui_{name} {about}")
            lines.append(f"# TYPE inspect_tui_{name} {kind}")

        with self._lock:
            family("requests_total", "counter", "Requests answered, by operation and status.")
            for (operation, status), count in sorted(self._requests.items()):
                lines.append(f'inspect_tui_requests_total{{operation="{operation}",status="{status}"}} {count}')
            family("request_seconds", "histogram", "Time to answer, by operation.")
            for operation in sorted(self._seconds):
                total = sum(count for (name, _), count in self._requests.items() if name == operation)
                lines.extend(
                    f'inspect_tui_request_seconds_bucket{{operation="{operation}",le="{bound}"}}'
                    f" {self._buckets[operation, bound]}"
                    for bound in BOUNDS
                )
                lines += [
                    f'inspect_tui_request_seconds_bucket{{operation="{operation}",le="+Inf"}} {total}',
                    f'inspect_tui_request_seconds_sum{{operation="{operation}"}} {self._seconds[operation]:.6f}',
                    f'inspect_tui_request_seconds_count{{operation="{operation}"}} {total}',
                ]
            family("refusals_total", "counter", "Requests not let through, by reason.")
            lines += [
                f'inspect_tui_refusals_total{{reason="{code}"}} {n}' for code, n in sorted(self._refused.items())
            ]
            for name, count in sorted(self._totals.items()):
                family(f"{name}_total", "counter", f"{name.replace('_', ' ').capitalize()} since the start.")
                lines.append(f"inspect_tui_{name}_total {count}")
        for name, value in (
            ("store_changesets", counts.changesets),
            ("store_held", counts.held),
            ("store_refused", counts.refused),
            ("store_conflicts", counts.conflicts),
            ("store_missing_photos", counts.missing_photos),
            ("store_devices", counts.devices),
            ("store_forked_chains", len(counts.forked)),
        ):
            family(name, "gauge", f"{name.removeprefix('store_').replace('_', ' ').capitalize()} in the store.")
            lines.append(f"inspect_tui_{name} {value}")
        return "\n".join(lines) + "\n"
