"""Actions on the PIN of a workspace: set, change, remove, and what is true of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from inspect_tui.records import pin_file
from inspect_tui.records.pin_access import FAILURES, Access, Failures
from inspect_tui.records.pin_file import PIN_FILE, Person, PinFile, check_pin, new_slot, open_slot
from inspect_tui.records.pin_steps import finish, open_key, seal_key
from inspect_tui.records.workspace import DEVICE_KEY, JOINING_KEY, PHOTOS, ROOT_KEY, read_config
from inspect_tui.texts import Refused
from sync.blobs import Blobs
from sync.errors import SyncError
from sync.sealing import Sealer, is_armoured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tui.records.workspace import Config, Workspace

LOCK_MINUTES: Final = 10
"""After so many minutes without a key the screens lock, unless `lock_minutes` in config.toml says otherwise."""
MOST_MINUTES: Final = 1440


def lock_minutes(config: Config) -> int:
    """After how many minutes without a key the screens lock; 0 is never."""
    said = config.rest.get("lock_minutes", LOCK_MINUTES)
    return (
        said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= MOST_MINUTES else LOCK_MINUTES
    )


def set_lock_minutes(workspace: Workspace, minutes: int) -> None:
    """Set after how many minutes without a key the screens lock; 0 is never.

    Raises:
        Refused: More than a day, or less than nothing.
    """
    if not 0 <= minutes <= MOST_MINUTES:
        raise Refused(
            f"锁屏时间须为 0 至 {MOST_MINUTES} 分钟，0 为不锁。",
            f"The screens lock after 0 to {MOST_MINUTES} minutes; 0 is never.",
        )
    workspace.change_config(rest={**workspace.config.rest, "lock_minutes": minutes})


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Errors of the ground floor and of the disk as one refusal."""
    from inspect_tui.reasons import reason_of

    try:
        yield
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    except OSError as error:
        reason = reason_of(error)
        raise Refused(
            f"密钥文件无法写入：{reason.zh}；没有丢失任何内容，请检查磁盘后重试。",
            f"The key files cannot be written: {reason.en}; nothing was lost, check the disk and try again.",
        ) from error


def set_pin(workspace: Workspace, pin: str) -> None:
    """Set the PIN of the officer who is switched in; the keys and the private values are sealed from now on.

    Cut off at any instant, the workspace works with the PIN or without one, and setting it again goes on.

    Raises:
        Refused: There is one already, it is none, or the disk failed; nothing is lost.
    """
    access = workspace.access
    if access.is_set():
        raise Refused(
            "PIN 已设过；更改请用 inspect-tui pin change。",
            "A PIN is set already; change it with inspect-tui pin change.",
        )
    pin = check_pin(pin)
    officer = workspace.officer
    with _said(), workspace.writing():
        # the key must be one that signs: sealing a damaged one would only hide that
        _ = workspace.identity.key
        found, sealer = _leftover(workspace, pin) or _new(Person(officer.name, officer.badge), pin)
        pin_file.write(workspace.folder, found)
        written = pin_file.read(workspace.folder)
        slot = None if written is None else written.slot(officer.badge)
        opened = None if slot is None else open_slot(slot, pin)
        if opened is None or opened.id != sealer.id:
            raise Refused(
                "PIN 写入后读不回来，未启用；请检查磁盘。",
                "The PIN cannot be read back and is not in use; check the disk.",
            )
        seal_key(workspace.folder / DEVICE_KEY, sealer)
        access.take(sealer)
        finish(access, found)


def _new(person: Person, pin: str) -> tuple[PinFile, Sealer]:
    sealer = Sealer.generate()
    slot = new_slot(person, pin, sealer)
    return PinFile(
        format="inspect-tui-pin", version=pin_file.VERSION, key=sealer.id, slots=(slot,), finished=False
    ), sealer


def _leftover(workspace: Workspace, pin: str) -> tuple[PinFile, Sealer] | None:
    """The workspace key of a PIN that was cut off while it was set or removed, where something still lies sealed under it.

    Raises:
        Refused: Something does, and this is another PIN.
    """
    folder = workspace.folder
    root = folder / ROOT_KEY
    sealed = (root.is_file() and is_armoured(root.read_bytes())) or any(
        workspace.blobs.is_sealed(sha256) for sha256 in workspace.blobs.all()
    )
    if not sealed:
        return None
    found = pin_file.read(folder)
    slot = None if found is None else found.slot(workspace.config.badge)
    sealer = None if slot is None else open_slot(slot, pin)
    if found is None or sealer is None:
        raise Refused(
            f"本机还有用以前的 PIN 加密的内容；请输入那时的 PIN（{PIN_FILE} 须在）。",
            f"Something here is still sealed under an earlier PIN; enter that PIN ({PIN_FILE} must be there).",
        )
    return msgspec.structs.replace(found, finished=False), sealer


def change_pin(workspace: Workspace, old: str, new: str) -> int:
    """Give the officer who is switched in another PIN.

    Returns:
        How many wrong entries there were since the last right one.

    Raises:
        WrongPin: The old one is not right.
        Refused: No PIN is set, the new one is none, or the disk failed; the old one then stays.
    """
    access = workspace.access
    _need(access)
    past = access.unlock(old)
    new = check_pin(new)
    found = access.pin_file()
    sealer = access.sealer(ask=False)
    if sealer is None:  # pragma: no cover  it was unlocked right above
        raise Refused("未能解锁。", "It could not be unlocked.")
    person = Person(workspace.officer.name, workspace.officer.badge)
    pin_file.write(workspace.folder, found.with_slot(new_slot(person, new, sealer)))
    return past


def remove_pin(workspace: Workspace, pin: str) -> None:
    """Let keys and private values lie open again, for all officers of this laptop.

    Raises:
        WrongPin: It is not the officer's.
        Refused: No PIN is set, or the disk failed; the PIN then stays.
    """
    access = workspace.access
    _need(access)
    access.unlock(pin)
    sealer = access.sealer(ask=False)
    if sealer is None:  # pragma: no cover  it was unlocked right above
        raise Refused("未能解锁。", "It could not be unlocked.")
    blobs = Blobs(workspace.folder / PHOTOS)
    blobs.vault = _Held(sealer)
    with _said(), workspace.writing():
        # cut off from here on, what was opened is sealed again when the PIN is entered next
        pin_file.write(workspace.folder, msgspec.structs.replace(access.pin_file(), finished=False))
        blobs.unseal_all()
        for name in (ROOT_KEY, JOINING_KEY):
            open_key(workspace.folder / name, sealer)
        # the last: until then the PIN is set, and entering it seals again what was opened
        open_key(workspace.folder / DEVICE_KEY, sealer)
        blobs.unseal_all()
        for name in (PIN_FILE, FAILURES):
            (workspace.folder / name).unlink(missing_ok=True)
    access.lock()


class _Held:
    """The workspace key at hand, whatever the files say."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def is_set(self) -> bool:
        """Values that are laid open stay so."""
        return False

    def sealer(self, *, ask: bool) -> Sealer:  # noqa: ARG002  the signature of Vault
        """It."""
        return self._sealer


def lock(workspace: Workspace) -> None:
    """Forget the keys until a PIN is entered; nothing happens where there is none."""
    from inspect_tui.records.setup import StoredIdentity

    if workspace.access.is_set():
        workspace.access.lock()
        if isinstance(workspace.identity, StoredIdentity):
            workspace.identity.lock()


def _need(access: Access) -> None:
    if not access.is_set():
        raise no_pin()


def no_pin() -> Refused:
    """That there is no PIN."""
    return Refused(
        "本机没有设 PIN；用 inspect-tui pin set 设置。", "No PIN is set here; set one with inspect-tui pin set."
    )


def status(folder: Path, access: Access) -> dict[str, Any]:
    """What is true of the PIN; asks for none.

    Returns:
        `set`, `locked`, `finished`, `officer` and `badge` switched in, `own` (whether that officer has a PIN),
        `officers` with one each, `failures` since the last right entry, `lock_minutes`, `kdf`.
    """
    config = read_config(folder)
    is_set = access.is_set()
    found = pin_file.read(folder) if is_set else None
    own = None if found is None else found.slot(config.badge)
    return {
        "set": is_set,
        "locked": access.is_locked(),
        "finished": found is None or found.finished,
        "officer": config.name,
        "badge": config.badge,
        "own": own is not None,
        "officers": [] if found is None else [{"name": one.name, "badge": one.badge} for one in found.slots],
        "failures": Failures(folder, config.badge).count,
        "lock_minutes": lock_minutes(config),
        "kdf": None if own is None else msgspec.to_builtins(own.kdf)["name"],
    }
