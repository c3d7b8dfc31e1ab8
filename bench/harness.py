"""What the goals share: runs taken in turns, medians and spread, scratch space on a real disk, and the last lines."""

from __future__ import annotations

import contextlib
import gc
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Timed: TypeAlias = "Callable[[int], float]"
"""Does one run, given its number, and gives the seconds that count."""
DISK: Final = Path("/var/tmp")  # noqa: S108  on a disk by convention, where /tmp may lie in memory
NOISY: Final = 1.6
"""Slowest run over the median from which on the machine is called busy."""
MANY: Final = 50
"""Rounds from which on single runs are so short that outliers are part of the picture."""


class MissingPeerError(Exception):
    """What a goal compares with is not on this machine and cannot be brought here."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a goal works with.

    Attributes:
        scratch: A folder on a disk; everything in it goes when all goals are done.
        quick: Small sizes, to try the goal itself; its figures mean nothing.
    """

    scratch: Path
    quick: bool

    def size(self, full: int, quick: int) -> int:
        """How many of something."""
        return quick if self.quick else full

    def once(self, name: str, build: Callable[[Path], None]) -> Path:
        """A file or folder of the scratch that several goals use, built by whoever comes first."""
        path = self.scratch / name
        if not path.exists():
            unfinished = self.scratch / f".{name}"
            start = time.perf_counter()
            build(unfinished)
            unfinished.rename(path)
            say(f"  prepared {name} in {time.perf_counter() - start:.1f} s")
        return path

    def fresh(self, name: str) -> Path:
        """A path in the scratch at which nothing stands."""
        path = self.scratch / name
        clear(path)
        return path


@dataclass(slots=True)
class Runs:
    """The times of one side, in seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def noisy(self) -> bool:
        """Whether the slowest run is so far from the median that something else was at work."""
        return len(self.seconds) < MANY and max(self.seconds) > NOISY * self.median

    def told(self, count: int | None = None, what: str = "") -> str:
        """Median and spread, with the rate where something was counted."""
        low, high = min(self.seconds), max(self.seconds)
        rate = "" if count is None else f", {count / self.median:,.0f} {what}/s"
        return (
            f"{self.name:<34} {shown(self.median)} ({shown(low)} to {shown(high)}, {len(self.seconds)} runs){rate}"
        )


def shown(seconds: float) -> str:
    """A time in the unit that suits it."""
    return (
        f"{seconds:.2f} s"
        if seconds >= 1
        else f"{seconds * 1000:.1f} ms"
        if seconds >= 0.001
        else f"{seconds * 1e6:.0f} µs"
    )


def in_turns(rounds: int, *sides: tuple[str, Timed]) -> list[Runs]:
    """Run every side once a round, the order reversed in every other one, so that a drift meets all alike."""
    runs = [Runs(name) for name, _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for index in order:
            if rounds < MANY:
                gc.collect()
            runs[index].seconds.append(sides[index][1](number))
    return runs


def ratio(ours: Runs, floor: Runs, *, count: int | None = None, what: str = "") -> float:
    """Tell both sides, and give the ratio of the medians with that of single rounds beside it."""
    say("  " + ours.told(count, what))
    say("  " + floor.told(count, what))
    value = ours.median / floor.median
    if len(ours.seconds) == len(floor.seconds):
        rounds = sorted(one / other for one, other in zip(ours.seconds, floor.seconds, strict=True))
        low, high = rounds[len(rounds) // 20], rounds[-1 - len(rounds) // 20]
        say(f"  ratio {value:.2f} (single rounds {low:.2f} to {high:.2f})")
    if ours.noisy or floor.noisy:
        say("  the machine was busy: runs differ by more than they should")
    return value


def say(text: str) -> None:
    """A line for whoever watches."""
    print(text, flush=True)


def clear(path: Path) -> None:
    """Take away what stands at `path`, with the files that SQLite puts beside a database."""
    if path.is_dir():
        shutil.rmtree(path)
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def settle() -> None:
    """Have everything written so far on disk, so that no run pays for what came before it."""
    os.sync()


def copied(source: Path, target: Path) -> Path:
    """A copy of a database at rest, on disk."""
    clear(target)
    shutil.copyfile(source, target)
    settle()
    return target


@contextlib.contextmanager
def scratch_folder(parent: Path | None) -> Iterator[Path]:
    """A folder on a disk that goes in the end."""
    where = parent if parent is not None else DISK if DISK.is_dir() and os.access(DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="inspect-tui-bench-", dir=where) as name:
        yield Path(name)


def machine() -> str:
    """What it ran on, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, {sys.platform}"
    )


def load() -> str:
    """How busy the machine is with other things before a goal begins."""
    if not hasattr(os, "getloadavg"):
        return "  load of the machine unknown"
    now = os.getloadavg()[0]
    return f"  load of the machine {now:.1f}"
