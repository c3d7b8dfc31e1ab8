"""One answered item, durable, against SQLite's own commit of a single row."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from bench import house
from bench.harness import in_turns, ratio, say, settle
from inspect_tui.records.answers import answer
from inspect_tui.records.model import AnswerInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.harness import Bench
    from inspect_tui.records.workspace import Workspace

FULL: Final = 1_000
QUICK: Final = 200
SAID: Final = (
    *(AnswerInput(verdict="pass") for _ in range(7)),
    AnswerInput(verdict="fail", reason="西侧围挡缺失约 30 米，裸土未覆盖"),
    AnswerInput(verdict="n_a", reason="本工地无此工序"),
    AnswerInput(verdict="pass", note="现场负责人已说明"),
)


def measure(bench: Bench) -> float:
    """The floor commits one row as long as the changeset of an answer, in a file beside the workspace."""
    count = bench.size(FULL, QUICK)
    with house.make_workspace(bench.fresh("answers")) as workspace:
        places = _places(workspace, count + 1)
        said = itertools.cycle(SAID)

        def ours(_: int) -> float:
            inspection, item = next(places)
            words = next(said)
            start = time.perf_counter()
            answer(workspace, inspection, item, words)
            return time.perf_counter() - start

        ours(-1)  # the screen loads keys and checklist before the first answer, too
        body: str = workspace.select("SELECT body FROM log ORDER BY id DESC LIMIT 1")[0][0]
        with contextlib.closing(sqlite3.connect(bench.fresh("floor.db"), isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, body TEXT)")

            def floor(_: int) -> float:
                start = time.perf_counter()
                connection.execute("INSERT INTO log (body) VALUES (?)", (body,))
                return time.perf_counter() - start

            settle()
            runs = in_turns(count, ("one answer", ours), ("SQLite, one row a commit", floor))
        assert workspace.select("SELECT count(*) FROM answers")[0][0] == count + 1
    say(f"  changeset of {len(body.encode())} bytes")
    return ratio(*runs, count=1, what="commits")


def _places(workspace: Workspace, count: int) -> Iterator[tuple[str, str]]:
    """(inspection, item) of that many items nobody has answered, inspection by inspection."""
    places: list[tuple[str, str]] = []
    while len(places) < count:
        for inspection in house.open_inspections(workspace):
            places += [(inspection, item) for item in house.items(workspace, inspection)]
    return iter(places)
