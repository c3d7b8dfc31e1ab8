"""Making and opening the files of a workspace: settings, keys, database."""

from __future__ import annotations

import platform
from functools import cached_property
from typing import TYPE_CHECKING

from inspect_tui.records.files import write_atomically
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import (
    CONFIG,
    DATABASE,
    DEVICE_CERTIFICATE,
    DEVICE_KEY,
    PHOTOS,
    ROOT_KEY,
    Config,
    write_config,
)
from inspect_tui.texts import Refused
from sync.errors import SyncError
from sync.identity import Identity
from sync.replica import Replica

if TYPE_CHECKING:
    from pathlib import Path

    from sync.keys import Key


class StoredIdentity(Identity):
    """The device's identity, read from its files when first needed: reading a workspace needs no cryptography."""

    def __init__(self, folder: Path) -> None:
        object.__setattr__(self, "folder", folder)

    folder: Path

    @cached_property
    def key(self) -> Key:
        """The device's private key."""
        from sync.keys import Key

        return Key.load(self.folder / DEVICE_KEY)

    @cached_property
    def jws(self) -> str:
        """Its certificate."""
        path = self.folder / DEVICE_CERTIFICATE
        try:
            return path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(
                f"设备证书 {path} 无法读取；请从备份恢复该文件。",
                f"The device certificate {path} cannot be read; restore it from a backup.",
            ) from error

    @cached_property
    def root(self) -> Key | None:
        """The team's root key, where it is kept on this device."""
        from sync.keys import Key

        path = self.folder / ROOT_KEY
        return Key.load(path) if path.is_file() else None


def first_config(*, name: str, badge: str, area: str) -> Config:
    """The settings of a new workspace.

    Raises:
        Refused: Something is empty, holds characters that nobody sees, or is no badge number or area code.
    """
    from inspect_tui.records.rules import area_known, clean_badge, clean_line, hidden

    for text, zh, en in ((name, "姓名", "name"), (badge, "执法证号", "badge number")):
        if any(hidden(character) for character in text):
            raise Refused(
                f"{zh}含有控制字符或不可见字符，请重新输入。",
                f"The {en} holds characters that cannot be seen; type it anew.",
            )
    name, badge, area = clean_line(name), clean_badge(badge), clean_line(area)
    if not name or not badge:
        raise Refused("姓名和执法证号不能为空。", "Name and badge number must not be empty.")
    if not area_known(area):
        raise Refused(
            f"行政区代码 {area} 不是 GB/T 2260 六位代码。",
            f"The area code {area} is not a six-digit GB/T 2260 code.",
        )
    return Config(name=name, badge=badge, area=area, device=f"{name}@{platform.node() or 'laptop'}")


def make(folder: Path, config: Config) -> Replica:
    """Make the files of a workspace; the settings come last, so that a half-made one is no workspace.

    Raises:
        Refused: There is one already, or the disk does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_unfinished(folder)
        identity = Identity.found(config.device)
        save_identity(folder, identity)
        replica = Replica.create(folder / DATABASE, SCHEMA, identity, folder / PHOTOS)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(
            f"无法在 {folder} 建立工作区：{reason}。", f"No workspace can be made in {folder}: {reason}."
        ) from error
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    write_config(folder, config)
    return replica


def _clear_unfinished(folder: Path) -> None:
    """Take away what a killed `init` left: a database that holds nothing, with no settings beside it."""
    database = folder / DATABASE
    there = Refused(
        f"{folder} 中已有工作区，未作改动。", f"There is a workspace in {folder} already; it was left as it is."
    )
    if (folder / CONFIG).exists():
        raise there
    if not database.exists():
        return
    if database.stat().st_size:
        replica = Replica.open(database, SCHEMA, None, folder / PHOTOS)
        try:
            if replica.status().changesets:
                raise there
        finally:
            replica.close()
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)


def save_identity(folder: Path, identity: Identity) -> None:
    """Have keys and certificate on disk, the keys readable by their owner alone."""
    if identity.root is not None and not (folder / ROOT_KEY).exists():
        identity.root.save(folder / ROOT_KEY)
    identity.key.save(folder / DEVICE_KEY)
    write_atomically(folder / DEVICE_CERTIFICATE, identity.jws.encode("ascii") + b"\n")


def reopen(folder: Path, config: Config) -> Replica:
    """Open the database; in a copied or restored workspace the device becomes a new one first.

    Raises:
        Refused: A file is missing, damaged, of a newer programme, or locked.
    """
    for name in (DATABASE, DEVICE_KEY, DEVICE_CERTIFICATE):
        if not (folder / name).is_file():
            raise Refused(
                f"工作区 {folder} 缺少文件 {name}；请从备份恢复。",
                f"The workspace {folder} lacks the file {name}; restore it from a backup.",
            )
    try:
        replica = Replica.open(folder / DATABASE, SCHEMA, StoredIdentity(folder), folder / PHOTOS)
        try:
            if replica.home_changed():
                _become_new(folder, config, replica)
        except BaseException:
            replica.close()
            raise
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    return replica


def _become_new(folder: Path, config: Config, replica: Replica) -> None:
    """Two laptops with one key would write two successors of one changeset; so the copy gets its own key."""
    root = StoredIdentity(folder).root
    if root is None:
        raise Refused(
            "此工作区是复制或恢复而来，设备密钥不能再用；请向管理员申请新证书（inspect-tui team join）。",
            "This workspace is a copy or was restored, so its device key must not be used again; "
            "ask the administrator for a new certificate (inspect-tui team join).",
        )
    identity = Identity.found(config.device or config.name, root=root)
    save_identity(folder, identity)
    replica.identity = identity
    replica.settle_home()
