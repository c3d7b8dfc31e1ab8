"""Sealing and opening the files of a workspace, in an order that leaves one working form at every instant.

Setting a PIN: `pin.json`, then the device key, then the root key, then the private values; removing it goes the other
way round. Each file is written beside the old one, read back, put in its place, and only then is the old one overwritten.
Whatever was cut off is gone through again when the PIN is entered next.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from inspect_tui.records import pin_file
from inspect_tui.records.pin_access import purpose
from sync.blobs import Blobs, sync_folder
from sync.errors import StoreError
from sync.keys import Key, write_secret
from sync.sealing import Sealer, armoured, is_armoured, unarmoured, wipe

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.pin_file import PinFile

_OLD: Final = ".{}.old"


def finish(access: Access, found: PinFile) -> None:
    """Seal what still lies open although there is a PIN: what a set that was cut off, or an old backup, has left.

    Raises:
        StoreError: The disk failed; nothing was lost.
    """
    from inspect_tui.records.workspace import DEVICE_KEY, JOINING_KEY, PHOTOS, ROOT_KEY

    sealer = access.sealer(ask=False)
    if sealer is None:
        return
    sweep(access.folder / DEVICE_KEY)
    for name in (ROOT_KEY, JOINING_KEY):
        sweep(access.folder / name)
        seal_key(access.folder / name, sealer)
    if found.finished:
        return
    blobs = Blobs(access.folder / PHOTOS)
    blobs.vault = access
    blobs.seal_all()
    pin_file.write(access.folder, msgspec.structs.replace(found, finished=True))


def seal_key(path: Path, sealer: Sealer) -> None:
    """Put the sealed form of a key in the place of the open one.

    Raises:
        StoreError: The disk failed, or what was written does not read back; the open one is as it was.
    """
    if not path.is_file() or is_armoured(text := path.read_bytes()):
        return
    key = Key.from_pem(text, path.name)
    sealed = armoured(sealer.seal(purpose(path.name), key.pem()))
    fresh = path.with_name(f".{path.name}.sealed")
    old = path.with_name(_OLD.format(path.name))
    write_secret(fresh, sealed)
    read_back = Key.from_pem(sealer.unseal(purpose(path.name), unarmoured(fresh.read_bytes())), path.name)
    if read_back.public != key.public:
        raise StoreError(
            f"{path.name} 加密后读不回来，原样保留；请检查磁盘。",
            f"{path.name} cannot be read back sealed and was left as it is; check the disk.",
        )
    old.unlink(missing_ok=True)
    # a second name keeps the old bytes in reach, to be overwritten once the sealed file stands; some disks know none
    with contextlib.suppress(OSError):
        os.link(path, old)
    fresh.replace(path)
    sync_folder(path.parent)
    sweep(path)


def open_key(path: Path, sealer: Sealer) -> None:
    """Put the open form of a key in the place of the sealed one.

    Raises:
        StoreError: The sealed one is damaged, or the disk failed; it is then as it was.
    """
    if not path.is_file() or not is_armoured(text := path.read_bytes()):
        return
    key = Key.from_pem(sealer.unseal(purpose(path.name), unarmoured(text)), path.name)
    key.save(path)


def sweep(path: Path) -> None:
    """Overwrite the open forms of a sealed key that a killed process has left beside it; never one that still is the key."""
    left = [one for one in path.parent.glob(f".{path.name}.*") if one.is_file()]
    if not left or not path.exists():
        return
    sealed = is_armoured(path.read_bytes())
    for one in left:
        if one.samefile(path):
            one.unlink()
        elif sealed:
            wipe(one)
    sync_folder(path.parent)


def archive(folder: Path, names: tuple[str, ...], stamp: str) -> list[str]:
    """Rename files out of the way, deleting none; returns their new names."""
    renamed = []
    for name in names:
        if (folder / name).exists():
            target = folder / f"{name}.locked-{stamp}"
            (folder / name).rename(target)
            renamed.append(target.name)
    sync_folder(folder)
    return renamed
