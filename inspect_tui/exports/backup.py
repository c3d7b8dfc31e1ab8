"""A consistent copy of a workspace, made with SQLite's backup while others go on working.

The copy has no note of where it is at home, so whoever opens it as a workspace becomes a new device first. It is looked
through before it is called a backup: a copy of a damaged database would be found out on the day it is needed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.exports.soundness import damage
from inspect_tui.photos.store import regular_file
from inspect_tui.reasons import reason_of
from inspect_tui.records.files import refuse_existing
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
        `target`, `photos` copied, `photos_missing` (never received), `photos_damaged` (lost or altered on this device),
        and `faults`: how many the copy has that `verify` names, in the original as well.

    Raises:
        Refused: The target is there already, lies in a workspace or cannot be written, or the database is damaged.
    """
    single = target.suffix == ".db"
    beside = target.parent / "photos" if single and photos else None
    for path in (target, *([beside] if beside else [])):
        refuse_existing(path)
    part = target.with_name(f".inspect-tui-{secrets.token_hex(8)}.part")
    try:
        part.mkdir(parents=True)
        try:
            done = _fill(
                workspace,
                part,
                target,
                single=single,
                photos=not single if photos is None else photos,
                progress=progress,
            )
            if beside is not None:
                (part / "photos").replace(beside)
            if single:
                (part / "workspace.db").replace(target)
            else:
                part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        reason = reason_of(error)
        raise Refused(
            f"无法备份到 {target}：{reason.zh}；工作区未受影响，请检查位置和磁盘空间后重试。",
            f"Cannot back up to {target}: {reason.en}; the workspace is as it was, check the place and its free space.",
        ) from error
    return {"target": str(target), **done}


def _fill(
    workspace: Workspace,
    folder: Path,
    target: Path,
    *,
    single: bool,
    photos: bool,
    progress: Callable[[int, int | None], None] | None,
) -> dict[str, Any]:
    from inspect_tui.records.pin_file import PIN_FILE
    from inspect_tui.records.workspace import CONFIG, DATABASE, DEVICE_CERTIFICATE, DEVICE_KEY, ROOT_KEY

    _copy_database(workspace, folder / DATABASE, target, progress)
    faults = _look_through(workspace, folder / DATABASE)
    if not single:
        # without pin.json no PIN would ever open the sealed keys again
        for name in (CONFIG, DEVICE_CERTIFICATE, DEVICE_KEY, ROOT_KEY, PIN_FILE):
            if (workspace.folder / name).is_file():
                shutil.copy2(workspace.folder / name, folder / name)
    done: dict[str, Any] = {"photos": 0, "photos_missing": [], "photos_damaged": []}
    if photos:
        # a single file has no pin.json beside it, without which nobody could open what is sealed
        done = _copy_photos(workspace, folder / "photos", progress, sealed=not single)
    _sync(folder)
    return {**done, "faults": faults}


def _copy_database(
    workspace: Workspace, copy_path: Path, target: Path, progress: Callable[[int, int | None], None] | None
) -> None:
    from sync.errors import SyncError
    from sync.storage import connect, store_errors

    def tell(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    try:
        with contextlib.closing(workspace.replica.connect_reader()) as reader:
            copy = connect(copy_path)
            try:
                reader.backup(copy, pages=_PAGES, progress=tell)
                copy.execute("DELETE FROM meta WHERE key = 'home'")
            finally:
                copy.close()
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise _damaged(workspace, str(error)) from error
        # Only the place of the copy can be full: the workspace is merely read.
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise Refused(
                f"无法备份到 {target}：磁盘空间不足或磁盘出错；工作区未受影响，请腾出空间或换一个位置。",
                f"Cannot back up to {target}: no space is left on the disk, or it is faulty; the workspace is as it was,"
                " free some space or choose another place.",
            ) from error
        try:
            with store_errors(target):
                raise
        except SyncError as said:
            raise Refused(said.zh, said.en) from error
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _damaged(workspace: Workspace, what: str) -> Refused:
    path = workspace.replica.path
    return Refused(
        f"数据库 {path} 已损坏（{what}），未生成备份，原文件未改动；请停止使用，先原样复制整个文件夹 {workspace.folder}，"
        "再从较早的备份恢复，或从其他设备合并。",
        f"The database {path} is damaged ({what}), so no backup was made, and it was left as it is; stop using it, copy"
        f" the whole folder {workspace.folder} as it is, then restore an earlier backup or merge from other devices.",
    )


def _look_through(workspace: Workspace, copy_path: Path) -> int:
    """How many faults the copied records have; a copy that is no sound database is refused."""
    from inspect_tui.records.tables import SCHEMA
    from sync.blobs import Blobs
    from sync.errors import SyncError
    from sync.storage import connect, store_errors
    from sync.verify import verify

    try:
        with contextlib.closing(connect(copy_path, read_only=True)) as copy:
            if found := damage(copy):
                raise _damaged(workspace, found)
            with store_errors(workspace.replica.path):
                faults = verify(copy, SCHEMA, Blobs(copy_path.parent / "photos"))
    except SyncError as error:
        raise _damaged(workspace, str(error.__cause__ or error)) from error
    return sum(fault.level == "fault" and fault.code != "photo" for fault in faults)


def _copy_photos(
    workspace: Workspace, folder: Path, progress: Callable[[int, int | None], None] | None, *, sealed: bool
) -> dict[str, Any]:
    from sync.blobs import Blobs
    from sync.errors import BlobError

    rows = workspace.select("SELECT sha256, state FROM blobs WHERE state != 'purged' ORDER BY sha256")
    copies = Blobs(folder)
    copied = 0
    missing: list[str] = []
    damaged: list[str] = []
    for count, (sha256, state) in enumerate(map(tuple, rows), start=1):
        source = regular_file(workspace.blobs.root, sha256)
        if source is None and workspace.blobs.is_sealed(sha256):
            if sealed:
                _copy_envelope(workspace.blobs.sealed_path_of(sha256), copies.sealed_path_of(sha256))
            else:
                missing.append(sha256)
        elif source is None:
            (missing if state == "missing" else damaged).append(sha256)
        else:
            with source:
                try:
                    copies.receive(sha256, source)
                    copied += 1
                except BlobError:
                    damaged.append(sha256)
        if progress is not None:
            progress(count, len(rows))
    return {"photos": copied, "photos_missing": missing, "photos_damaged": damaged}


def _copy_envelope(source: Path, target: Path) -> None:
    """A sealed private value as it lies: it opens with the PIN of this laptop, there as here."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file, target.open("xb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
