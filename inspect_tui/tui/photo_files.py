"""Files of a folder as the photo picker shows them; read on worker threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tui.photos.model import LatLon, Look
    from inspect_tui.records.workspace import Workspace

MOST: Final = 2000
"""Files of one folder that are listed; the newest come first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder or a file."""

    path: Path
    is_folder: bool
    modified: float
    size: int


def entries(folder: Path) -> list[Entry]:
    """Folders by name, then files, the newest first; hidden ones left out.

    Raises:
        Refused: The folder cannot be read, a card that was pulled out, say.
    """
    found: list[Entry] = []
    try:
        with os.scandir(folder) as listing:
            for one in listing:
                if one.name.startswith("."):
                    continue
                try:
                    state = one.stat()
                    found.append(Entry(Path(one.path), one.is_dir(), state.st_mtime, state.st_size))
                except OSError:
                    # A dangling link or a file that just went away is nothing to pick.
                    continue
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(
            f"文件夹 {folder} 无法读取：{reason}。", f"The folder {folder} cannot be read: {reason}."
        ) from error
    folders = sorted((one for one in found if one.is_folder), key=lambda one: one.path.name)
    files = sorted((one for one in found if not one.is_folder), key=lambda one: (-one.modified, one.path.name))
    return folders + files[:MOST]


def first_folder(remembered: str | None) -> Path:
    """Where to look first: where one was, a camera card, the pictures of this person, their home."""
    if remembered and Path(remembered).is_dir():
        return Path(remembered)
    return next((one for one in _candidates() if one.is_dir()), Path.cwd())


def _candidates() -> Iterator[Path]:
    for mounts in (Path("/media"), Path("/run/media"), Path("/Volumes")):
        yield from sorted(mounts.glob("*/DCIM"))
        yield from sorted(mounts.glob("*/*/DCIM"))
    for letter in "DEFGH":
        yield Path(f"{letter}:/DCIM")
    yield Path.home() / "Pictures"
    yield Path.home() / "图片"
    yield Path.home()


def site_position(workspace: Workspace, inspection: str) -> LatLon | None:
    """Where the site of an inspection is, if that is known."""
    from inspect_tui.photos.model import LatLon
    from inspect_tui.records.positions import point_of

    row = workspace.row("inspections", inspection)
    point = point_of(workspace.row("sites", row.values["site"]).values)
    return None if point is None else LatLon(*point)


def looks(paths: list[Path]) -> Iterator[tuple[Path, Look | Refused]]:
    """What each file says about itself, or why it cannot be read."""
    from inspect_tui.photos.look import look

    for path in paths:
        try:
            yield path, look(path)
        except Refused as refused:
            yield path, refused
