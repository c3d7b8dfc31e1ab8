"""Versions of the programme and of what it stands on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Final

PACKAGES: Final = (
    "inspect-tui",
    "textual",
    "sqlite-utils",
    "cryptography",
    "pillow",
    "pillow-heif",
    "exifread",
    "msgspec",
)


def versions() -> dict[str, str]:
    """Name → version, Python first; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def one_line() -> str:
    """Programme, Python and SQLite, as people quote them."""
    from inspect_tui.exports.soundness import sqlite_version

    found = versions()
    return f"inspect-tui {programme()} · Python {found['python']} · SQLite {sqlite_version()}"


def programme() -> str:
    """The version of this programme; `unknown` where it runs from a folder that was never installed."""
    return versions().get("inspect-tui", "unknown")
