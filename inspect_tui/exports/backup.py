"""A consistent copy of a workspace, made with SQLite's backup while others go on working.

The copy has no note of where it is at home, so whoever opens it as a workspace becomes a new device first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace

_PAGES: Final = 4096


def back_up(
    workspace: Workspace,
    target: Path,
    *,
    photos: bool | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> dict[str, Any]:
    """Write the copy; it appears whole or not at all.

    Args:
        workspace: Of which.
        target: Ending in `.db` a single file, else a folder with settings and keys, which opens as a workspace.
        photos: Copy the photos, too; by default into a folder only.
        progress: Told (done, total): pages of the database, then photos.

    Returns:
        `target`, `photos` copied and `photos_missing`.

    Raises:
        Refused: The target is there already, or cannot be written.
    """
    single = target.suffix == ".db"
    beside = target.parent / "photos" if single and photos else None
    for path in (target, *([beside] if beside else [])):
        if path.exists():
            raise Refused(
                f"{path} 已存在，未作改动；请换一个名字。",
                f"{path} exists already and was left as it is; choose another name.",
            )
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        done = _fill(
            workspace, part, single=single, photos=not single if photos is None else photos, progress=progress
        )
        if single:
            if beside is not None:
                (part / "photos").replace(beside)
            (part / "workspace.db").replace(target)
        else:
            part.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(f"无法备份到 {target}：{reason}。", f"Cannot back up to {target}: {reason}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {"target": str(target), **done}


def _fill(
    workspace: Workspace,
    folder: Path,
    *,
    single: bool,
    photos: bool,
    progress: Callable[[int, int | None], None] | None,
) -> dict[str, Any]:
    from inspect_tui.records.workspace import CONFIG, DATABASE, DEVICE_CERTIFICATE, DEVICE_KEY, ROOT_KEY

    _copy_database(workspace, folder / DATABASE, progress)
    if not single:
        for name in (CONFIG, DEVICE_CERTIFICATE, DEVICE_KEY, ROOT_KEY):
            if (workspace.folder / name).is_file():
                shutil.copy2(workspace.folder / name, folder / name)
    copied: int = 0
    missing: list[str] = []
    if photos:
        copied, missing = _copy_photos(workspace, folder / "photos", progress)
    _sync(folder)
    return {"photos": copied, "photos_missing": missing}


def _copy_database(workspace: Workspace, target: Path, progress: Callable[[int, int | None], None] | None) -> None:
    from sync.storage import connect, store_errors

    def tell(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with store_errors(target), contextlib.closing(workspace.replica.connect_reader()) as reader:
        copy = connect(target)
        try:
            reader.backup(copy, pages=_PAGES, progress=tell)
            copy.execute("DELETE FROM meta WHERE key = 'home'")
        finally:
            copy.close()


def _copy_photos(
    workspace: Workspace, folder: Path, progress: Callable[[int, int | None], None] | None
) -> tuple[int, list[str]]:
    from sync.blobs import Blobs
    from sync.errors import BlobError

    rows = workspace.select("SELECT sha256, state FROM blobs WHERE state != 'purged' ORDER BY sha256")
    copies = Blobs(folder)
    missing: list[str] = []
    for count, (sha256, _) in enumerate(map(tuple, rows), start=1):
        try:
            with workspace.blobs.open(sha256) as source:
                copies.receive(sha256, source)
        except BlobError:
            missing.append(sha256)
        if progress is not None:
            progress(count, len(rows))
    return len(rows) - len(missing), missing


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
