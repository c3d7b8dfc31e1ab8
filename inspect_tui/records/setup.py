"""Making and opening the files of a workspace: settings, keys, database."""

from __future__ import annotations

import platform
from functools import cached_property, partial
from typing import TYPE_CHECKING

from inspect_tui.records.files import write_atomically
from inspect_tui.records.pin_access import Access
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import (
    CONFIG,
    DATABASE,
    DEVICE_CERTIFICATE,
    DEVICE_KEY,
    JOINING_CERTIFICATE,
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
    from collections.abc import Callable
    from pathlib import Path

    from sync.keys import Key


class StoredIdentity(Identity):
    """The device's identity, read from its files when first needed: reading a workspace needs no cryptography."""

    def __init__(self, folder: Path, access: Access | None = None) -> None:
        object.__setattr__(self, "folder", folder)
        object.__setattr__(self, "access", access or Access(folder))

    folder: Path
    access: Access
    """The way to the keys; it asks for the PIN where there is one and it was not entered."""

    @cached_property
    def key(self) -> Key:
        """The device's private key; a copy that was locked when it was opened becomes a new device first."""
        settle: Callable[[], None] | None = self.__dict__.get("settle")
        if settle is not None:
            settle()
            self.__dict__.pop("settle", None)
            self.__dict__.pop("jws", None)
        return self.access.load_key(DEVICE_KEY)

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
        return self.access.load_key(ROOT_KEY) if (self.folder / ROOT_KEY).is_file() else None

    def lock(self) -> None:
        """Forget the keys; they are read again once the PIN is entered."""
        self.access.lock()
        for name in ("key", "root"):
            self.__dict__.pop(name, None)


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
        # read from its files, so that it can be locked
        stored = StoredIdentity(folder)
        replica = Replica.create(folder / DATABASE, SCHEMA, stored, folder / PHOTOS)
        replica.blobs.vault = stored.access
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


def save_identity(folder: Path, identity: Identity, access: Access | None = None) -> None:
    """Have keys and certificate on disk: readable by their owner alone, and sealed where there is a PIN.

    Raises:
        LockedError: There is one, and it was not entered.
    """
    from sync.keys import write_secret

    access = access or Access(folder)
    # all texts first: whoever does not know the PIN changes nothing
    texts = {DEVICE_KEY: access.key_text(DEVICE_KEY, identity.key)}
    if identity.root is not None and not (folder / ROOT_KEY).exists():
        texts = {ROOT_KEY: access.key_text(ROOT_KEY, identity.root), **texts}
    for name, text in texts.items():
        write_secret(folder / name, text)
    write_atomically(folder / DEVICE_CERTIFICATE, identity.jws.encode("ascii") + b"\n")


def reopen(folder: Path, config: Config, access: Access | None = None, *, joining: bool = False) -> Replica:
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
    access = access or Access(folder)
    try:
        identity = StoredIdentity(folder, access)
        replica = Replica.open(folder / DATABASE, SCHEMA, identity, folder / PHOTOS)
        replica.blobs.vault = access
        try:
            if (folder / JOINING_CERTIFICATE).is_file():
                from inspect_tui.records.team import finish_cut_off, is_cut_off

                if is_cut_off(folder, replica):
                    if access.is_locked():
                        # the records can be read without a PIN; nothing is signed before the new key is in place
                        identity.__dict__["settle"] = partial(finish_cut_off, folder, access)
                    else:
                        finish_cut_off(folder, access)
                        replica.identity = StoredIdentity(folder, access)
            # whoever is about to join gets a new device anyway
            if replica.home_changed() and not joining:
                if access.is_locked():
                    # the records can be read without a PIN; nothing is signed before there is a new key
                    identity.__dict__["settle"] = partial(_become_new, folder, config, replica, access)
                else:
                    _become_new(folder, config, replica, access)
        except BaseException:
            replica.close()
            raise
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    return replica


def when_settled(replica: Replica, then: Callable[[], object]) -> None:
    """Do something once a copy that was opened locked has become a new device; nothing where none is to."""
    identity = replica.identity
    settle: Callable[[], None] | None = None if identity is None else identity.__dict__.get("settle")
    if identity is None or settle is None:
        return

    def both() -> None:
        settle()
        then()

    identity.__dict__["settle"] = both


def _become_new(folder: Path, config: Config, replica: Replica, access: Access) -> None:
    """Two laptops with one key would write two successors of one changeset; so the copy gets its own key."""
    root = StoredIdentity(folder, access).root
    if root is None:
        raise Refused(
            "此工作区是复制或恢复而来，设备密钥不能再用；请向管理员申请新证书（inspect-tui team join）。",
            "This workspace is a copy or was restored, so its device key must not be used again; "
            "ask the administrator for a new certificate (inspect-tui team join).",
        )
    save_identity(folder, Identity.found(config.device or config.name, root=root), access)
    replica.identity = StoredIdentity(folder, access)
    replica.settle_home()
