"""The programmes that goals compare with: there, or installed on the spot where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from bench.harness import MissingPeerError, say

PACKAGES: Final = {
    "sqlite3": "sqlite3",
    "exiftool": "libimage-exiftool-perl",
    "vipsthumbnail": "libvips-tools",
}
"""Programme → Debian package."""


def need(*programmes: str) -> None:
    """Have the programmes on the machine, with Debian's packages where we may install them.

    Raises:
        MissingPeerError: One is missing all the same.
    """
    missing = [name for name in programmes if shutil.which(name) is None]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        _install()
        missing = [name for name in programmes if shutil.which(name) is None]
    if missing:
        packages = " ".join(PACKAGES[name] for name in missing)
        raise MissingPeerError(f"{', '.join(missing)} not found; on Debian: apt-get install {packages}")


def _install() -> None:
    """All of them at once, so that apt runs once a bench; what fails shows in what is still missing."""
    say(f"  installing {' '.join(PACKAGES.values())}")
    install = ["install", "-y", "--no-install-recommends", *PACKAGES.values()]
    if not _apt(install):
        _apt(["update"])
        _apt(install)


def _apt(arguments: list[str]) -> bool:
    """Whether apt-get did it, without asking anything."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", *arguments], check=False, env=environment, capture_output=True)
    return done.returncode == 0
