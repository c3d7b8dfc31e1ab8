"""The catalogue as one file that is read in a few milliseconds; its YAML takes many times as long.

It names the SHA-256 of every YAML file that it was made from and is used only while these are the same. Made anew with
`python -m checklists.compiled`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from checklists.model import Catalogue

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "compiled.json"


class Compiled(msgspec.Struct, frozen=True):
    """The file."""

    sources: dict[str, str]
    """Name of a YAML file → SHA-256 in hex."""
    catalogue: Catalogue


def read_compiled(folder: Path) -> Catalogue | None:
    """The catalogue of a folder if it was compiled from the files that are there; else None."""
    try:
        compiled = msgspec.json.decode((folder / NAME).read_bytes(), type=Compiled)
    except (OSError, msgspec.DecodeError):
        return None
    return compiled.catalogue if compiled.sources == _sources(folder) else None


def compiled_text(folder: Path) -> bytes:
    """What the file must hold.

    Raises:
        CatalogueError: A YAML file of the folder is wrong.
    """
    from checklists.catalogue import parse_catalogue

    compiled = Compiled(_sources(folder), parse_catalogue(folder))
    return msgspec.json.encode(compiled) + b"\n"


def _sources(folder: Path) -> dict[str, str]:
    # a checkout on Windows may have other line ends
    files = sorted(folder.glob("*.yaml"))
    return {file.name: hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest() for file in files}


if __name__ == "__main__":
    from checklists.catalogue import BUILT_IN

    (BUILT_IN / NAME).write_bytes(compiled_text(BUILT_IN))
