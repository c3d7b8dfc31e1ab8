"""From the start of the process to the first screen on the terminal, against a hello-world Textual app."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import large
from bench.harness import MissingPeerError, Runs, in_turns, ratio, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.harness import Bench

ROUNDS: Final = 25
FINDINGS: Final = 1_000
ROWS: Final = 40
COLUMNS: Final = 120
PATIENCE_S: Final = 30.0


def measure(bench: Bench) -> float:
    """Both run in a pseudo-terminal of 120 by 40 cells and are stopped as soon as their first words come out."""
    folder = large.workspace(bench, FINDINGS)
    home = bench.scratch / "home"
    home.mkdir(exist_ok=True)
    product = [sys.executable, "-m", "inspect_tui", "-w", str(folder), "--lang", "zh"]
    hello = [sys.executable, "-m", "bench.hello"]
    processor: dict[str, list[float]] = {"ours": [], "hello": []}

    def ours(_: int) -> float:
        seconds, cpu = until(product, "今日", home)
        processor["ours"].append(cpu)
        return seconds

    def floor(_: int) -> float:
        seconds, cpu = until(hello, "Hello", home)
        processor["hello"].append(cpu)
        return seconds

    for command, words in ((product, "今日"), (hello, "Hello")):
        until(command, words, home)  # compiled modules are there from now on, as after an installation
    runs = in_turns(
        bench.size(ROUNDS, 5),
        ("first paint", ours),
        ("hello world", floor),
        ("with the workspace read", lambda _: until(product, "超期问题", home)[0]),
    )
    used = {name: Runs(name, values).median for name, values in processor.items()}
    say(f"  processor time until then {used['ours']:.2f} s and {used['hello']:.2f} s")
    say("  " + runs[2].told())
    return ratio(runs[0], runs[1])


def until(command: Sequence[str], words: str, home: Path) -> tuple[float, float]:
    """Seconds from the start of a process to some words on its terminal, and the processor time by then.

    Raises:
        MissingPeerError: They never came.
    """
    environment = {**os.environ, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path.cwd()), environment.get("PYTHONPATH"))))
    start = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execvpe(command[0], list(command), environment)  # noqa: S606  a shell would be measured with it
    try:
        seconds = _wait(terminal, words.encode(), start)
    finally:
        os.kill(process, 9)
        _, _, used = os.wait4(process, 0)
        os.close(terminal)
    return seconds, used.ru_utime + used.ru_stime


def _wait(terminal: int, words: bytes, start: float) -> float:
    written = b""
    while (left := start + PATIENCE_S - time.perf_counter()) > 0:
        if not select.select([terminal], [], [], left)[0]:
            break
        try:
            written += os.read(terminal, 65536)
        except OSError:
            break
        if words in written:
            return time.perf_counter() - start
    raise MissingPeerError(f"{words.decode()} never came on the terminal: {written[-300:]!r}")
