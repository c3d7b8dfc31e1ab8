"""`inspect-tui`: without a command the screens, with one the command line.

Whoever opens the screens waits for nothing that only commands need, so the way parts here, before either is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_VALUED = {"-w": "workspace", "--workspace": "workspace", "--lang": "lang"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the programme.

    Args:
        argv: Arguments without the programme's name; those of the process unless given.

    Returns:
        The exit status: 0 done, 1 something was refused or found wrong, 2 wrong usage, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    wanted = only_screens(arguments)
    if wanted is None:
        from inspect_tui.cli.run import run

        return run(arguments)
    return _open_screens(wanted)


def only_screens(arguments: Sequence[str]) -> dict[str, str] | None:
    """`workspace` and `lang` as given, when nothing but these is; None when there is a command or anything else."""
    said: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, joined, value = argument.partition("=")
        key = _VALUED.get(name)
        if key is None or (joined and not name.startswith("--")):
            return None
        said[key] = value if joined else next(rest, "")
        if not said[key] or (key == "lang" and said[key] not in {"zh", "en"}):
            return None
    return said


def _open_screens(said: dict[str, str]) -> int:
    # Textual reads it when it is first imported; with the protocol on, Chinese input methods fail in some terminals.
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    try:
        from inspect_tui.records.workspace import Workspace
        from inspect_tui.tui.app import run_tui

        folder = Path(said["workspace"]).expanduser() if "workspace" in said else Workspace.default_folder()
        return int(run_tui(folder, said.get("lang")) or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last place that can say it in one sentence
        from inspect_tui.cli.failures import explain

        return explain(error)


if __name__ == "__main__":
    sys.exit(main())
