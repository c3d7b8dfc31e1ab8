"""What the first paint may not wait for."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "PIL",
    "exifread",
    "sqlite_utils",
    "cryptography",
    "yaml",
    "sqlite3",
    "msgspec",
    "jwt",
    "textual.widgets._text_area",
)
_CODE = """
import sys
import inspect_tui.tui.app, inspect_tui.tui.screens.today
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_the_first_screen_imports_nothing_heavy() -> None:
    """Decoders, keys, YAML and the database come after the first paint, with whoever needs them."""
    done = subprocess.run([sys.executable, "-c", _CODE, *HEAVY], capture_output=True, encoding="utf-8", check=True)

    assert not done.stdout.strip()
