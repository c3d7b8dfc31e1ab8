"""`python -m bench [--quick] [--scratch DIR] [NAME…]`: measure the goals and end with one line for each.

Every goal runs in a process of its own, so that none pays for the memory, threads or modules of another.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.harness import Bench, MissingPeerError, load, machine, say, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the outcome.

    Attributes:
        name: As it is chosen on the command line.
        module: Its `measure` gives the ratio, after telling what was measured.
        limit: The largest ratio that is good.
        shelf: Part of the scratch with the material that it shares with others.
    """

    name: str
    module: str
    limit: float
    shelf: str


GOALS: Final = (
    Goal("merge-new", "merge_new", 4.0, "changesets"),
    Goal("merge-updated", "merge_updated", 5.5, "changesets"),
    Goal("merge-geodiff", "merge_geodiff", 1.0, "changesets"),
    Goal("ingest-shell", "ingest_shell", 0.40, "photos"),
    Goal("ingest-decode", "ingest_decode", 2.2, "photos"),
    Goal("csv", "csv_export", 1.5, "workspaces"),
    Goal("first-paint", "first_paint", 1.6, "workspaces"),
    Goal("first-page", "first_page", 1.5, "workspaces"),
    Goal("merge-one", "merge_one", 1.5, "logs"),
    Goal("answer", "answer", 2.0, "answers"),
    Goal("push-sqlite", "push_sqlite", 2.5, "changesets"),
    Goal("push-postgres", "push_postgres", 2.5, "changesets"),
    Goal("sync-idle", "sync_idle", 1.0, "logs"),
    Goal("sync-one", "sync_one", 1.5, "logs"),
    Goal("photo-upload", "photo_upload", 1.67, "uploads"),
)
BY_NAME: Final = {goal.name: goal for goal in GOALS}
OUTCOME: Final = "outcome.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the goals; exit status 0 only when every one was measured and is within its limit."""
    said = _parser().parse_args(argv)
    if said.alone is not None:
        return _alone(said.names[0], Bench(said.alone, said.quick))
    start = time.perf_counter()
    say(machine())
    if said.quick:
        say("--quick: small sizes to try the goals themselves; these figures mean nothing.")
    with scratch_folder(said.scratch) as folder:
        lines = _all([BY_NAME[name] for name in said.names or BY_NAME], folder, quick=said.quick)
    say(f"\n{time.perf_counter() - start:.0f} s in all\n")
    for line, _ in lines:
        say(line)
    return 0 if all(good for _, good in lines) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the goals of docs/benchmarks.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", type=_known, help=", ".join(BY_NAME))
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the goals themselves")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where the temporary folder is made")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    return parser


def _known(name: str) -> str:
    """A goal's name as it was typed; argparse's own choices would not let none be named."""
    if name not in BY_NAME:
        raise argparse.ArgumentTypeError(f"no such goal: {name}; there are {', '.join(BY_NAME)}")
    return name


def _all(goals: list[Goal], folder: Path, *, quick: bool) -> list[tuple[str, bool]]:
    """Measure one goal after the other; material goes as soon as no later one uses it."""
    lines: list[tuple[str, bool]] = []
    for number, goal in enumerate(goals, start=1):
        shelf = folder / goal.shelf
        shelf.mkdir(exist_ok=True)
        lines.append(_apart(goal, shelf, quick=quick))
        if all(later.shelf != goal.shelf for later in goals[number:]):
            shutil.rmtree(shelf)
    return lines


def _apart(goal: Goal, folder: Path, *, quick: bool) -> tuple[str, bool]:
    """Measure one goal in a process of its own; its last line, and whether it is good."""
    say(f"\n{goal.name}")
    say(load())
    outcome = folder / OUTCOME
    outcome.unlink(missing_ok=True)
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench", "--alone", str(folder), *(["--quick"] if quick else []), goal.name]
    status = subprocess.run(command, check=False).returncode
    say(f"  {time.perf_counter() - start:.0f} s")
    if status or not outcome.exists():
        return f"{goal.name} - goal {goal.limit:g} unmeasured", False
    found: dict[str, Any] = json.loads(outcome.read_text("utf-8"))
    good = found["ratio"] <= goal.limit
    return f"{goal.name} {found['ratio']:.2f} goal {goal.limit:g} {'ok' if good else 'short'}", good


def _alone(name: str, bench: Bench) -> int:
    """In the process of one goal: measure, and leave the ratio behind."""
    try:
        value: float = importlib.import_module(f"bench.{BY_NAME[name].module}").measure(bench)
    except MissingPeerError as missing:
        say(f"  cannot be measured: {missing}")
        return 1
    (bench.scratch / OUTCOME).write_text(json.dumps({"ratio": value}), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
