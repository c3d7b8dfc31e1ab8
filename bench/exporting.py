"""`python -m bench.exporting WORKSPACE FILE`: the findings as CSV, as a process of its own, and what memory it took."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Final

from inspect_tui.exports.findings_csv import export_findings
from inspect_tui.records.workspace import Workspace

EARLY: Final = 100_000


def peak_kib() -> int:
    """The peak of this process's memory; what Linux says of resource use begins with that of the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Export, and print the number of rows and the peak of memory after 100,000 of them and in the end, in KiB."""
    early = 0

    def note(done: int) -> None:
        nonlocal early
        if done <= EARLY:
            early = peak_kib()

    with Workspace.open(Path(sys.argv[1])) as workspace:
        count = export_findings(workspace, Path(sys.argv[2]), progress=note)
    print(json.dumps([count, early, peak_kib()]))


if __name__ == "__main__":
    main()
