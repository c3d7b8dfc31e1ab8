"""Nothing is acknowledged before it is on disk: read off the system calls of a programme at work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALL = re.compile(r"^(?:\d+\s+)?(write|pwrite64|fdatasync|fsync)\((\d+)<([^>]*)>(?:, (.*))?")
ACTIONS = 25

strace = shutil.which("strace")


def unsynced(trace: str, folder: Path) -> list[tuple[str, set[str]]]:
    """Acknowledgements given while files of the workspaces held writes that no sync had followed, with these files."""
    dirty: set[str] = set()
    found: list[tuple[str, set[str]]] = []
    for line in trace.splitlines():
        match = CALL.match(line)
        if match is None:
            continue
        call, handle, path, rest = match.groups()
        if call in {"write", "pwrite64"}:
            if handle == "1" and rest.startswith('"ack '):
                if dirty:
                    found.append((rest.split('"')[1], set(dirty)))
            elif path.startswith(str(folder)) and not path.endswith(("-shm", "/trace")):
                dirty.add(path)
        else:
            dirty.discard(path)
    return found


def traced(folder: Path, synchronous: str) -> str:
    """The system calls of a programme that acts some times."""
    assert strace is not None
    output = folder / "trace"
    run = subprocess.run(
        [
            *(strace, "-f", "-y", "-s", "64", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o", output),
            *(sys.executable, "-m", "tests.sync.acting", folder, "watched", str(ACTIONS), synchronous),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    if "ptrace" in run.stderr and "ack" not in run.stdout:
        pytest.skip("strace may not trace here")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("ack ") > ACTIONS // 2
    return output.read_text()


needs_strace = pytest.mark.skipif(strace is None, reason="strace is not installed")


@needs_strace
def test_every_acknowledgement_follows_a_sync(tmp_path: Path) -> None:
    """Entry, photo and merge: between the last write to any file of the workspace and the acknowledgement lies its sync."""
    trace = traced(tmp_path, "FULL")

    assert "workspace.db-wal>" in trace
    assert "/photos/incoming/" in trace
    assert unsynced(trace, tmp_path) == []


@needs_strace
@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_the_detector_sees_a_missing_sync(tmp_path: Path, synchronous: str) -> None:
    """With `synchronous=OFF`, or NORMAL under a write-ahead log, acknowledged actions are found not to be on disk."""
    found = unsynced(traced(tmp_path, synchronous), tmp_path)

    assert len(found) > ACTIONS // 2
    assert all(path.endswith("workspace.db-wal") for _, paths in found for path in paths)


def test_the_detector_reads_a_trace() -> None:
    """Write, acknowledgement, sync is red; write, sync, acknowledgement is green; the order is what counts."""
    write, sync = '7 pwrite64(5</w/a-wal>, "x", 1, 0) = 1', "7 fdatasync(5</w/a-wal>) = 0"
    other, said = "7 fdatasync(6</w/b-wal>) = 0", '7 write(1<pipe:[1]>, "ack 1\\n", 6) = 6'

    assert unsynced(f"{write}\n{sync}\n{said}", Path("/w")) == []
    assert unsynced(f"{write}\n{said}\n{sync}", Path("/w")) == [("ack 1\\n", {"/w/a-wal"})]
    assert unsynced(f"{sync}\n{write}\n{other}\n{said}", Path("/w")) == [("ack 1\\n", {"/w/a-wal"})]
