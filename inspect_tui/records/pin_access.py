"""Who may use the keys of a workspace now: entering a PIN opens them, locking forgets them.

A PIN is set exactly while `device.key` is sealed. Whoever needs a key asks here; nothing that only reads the records
does. Wrong entries are counted and answered ever more slowly, but never shut anybody out for good.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final, Protocol

from inspect_tui.records import pin_file, times
from inspect_tui.records.pin_file import PIN_FILE, PinFile
from inspect_tui.records.rules import badge_key
from inspect_tui.texts import Refused
from sync.errors import LockedError, SealError
from sync.sealing import Sealer, armoured, is_armoured, locked, read_envelope, unarmoured

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.pin_file import Slot
    from sync.keys import Key

FAILURES: Final = "pin-failures.json"
FREE: Final = 2
"""Wrong entries that cost no waiting."""
LONGEST_WAIT_S: Final = 60
_HEAD: Final = 4096


class Asker(Protocol):
    """Whoever gets a PIN from a person or a script, and unlocks with it."""

    def __call__(self, access: Access, *, ask: bool) -> bool:
        """Unlock; False where no PIN is at hand and none may be asked for.

        Args:
            access: To be unlocked.
            ask: A person may be asked.

        Raises:
            LockedError: It was not entered, or was wrong.
        """
        ...


class WrongPin(LockedError):
    """The PIN is not that officer's."""


class TooSoon(LockedError):
    """After wrong entries the next one has to wait a little."""


_asker: Asker | None = None


def set_asker(asker: Asker | None) -> Asker | None:
    """Who gets a PIN where one is needed from now on; None leaves it to the screens. Returns who did before."""
    global _asker
    before, _asker = _asker, asker
    return before


class Access:
    """The way to the keys in one workspace's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sealer: Sealer | None = None

    def is_set(self) -> bool:
        """Whether a PIN protects the keys."""
        from inspect_tui.records.workspace import DEVICE_KEY

        try:
            with (self.folder / DEVICE_KEY).open("rb") as file:
                return is_armoured(file.read(_HEAD))
        except OSError:
            return False

    def is_locked(self) -> bool:
        """Whether the keys need a PIN that was not entered."""
        return self.sealer(ask=False) is None and self.is_set()

    def sealer(self, *, ask: bool) -> Sealer | None:
        """The workspace key; None where there is no PIN, or it was not entered.

        Args:
            ask: Let a person be asked for the PIN, where somebody does that.

        Raises:
            LockedError: Somebody was asked and did not know it.
        """
        if self._sealer is not None and self._sealer.id != self._sealed_by():
            # another window has removed the PIN or set a new one: what were sealed now could never be opened
            self._sealer = None
        if self._sealer is None and _asker is not None and self.is_set():
            _asker(self, ask=ask)
        return self._sealer

    def ready(self) -> None:
        """Have the keys at hand before something is recorded.

        Raises:
            LockedError: A PIN is needed and was not entered.
        """
        if self._sealer is None and self.is_set() and self.sealer(ask=True) is None:
            raise locked()

    def lock(self) -> None:
        """Forget the key."""
        self._sealer = None

    def unlock(self, pin: str, badge: str | None = None) -> int:
        """Open the keys.

        Args:
            pin: As typed.
            badge: Whose; that of the officer who is switched in unless given.

        Returns:
            How many wrong entries there were for this officer since the last right one.

        Raises:
            WrongPin: It is not the officer's.
            TooSoon: Earlier entries were wrong; says how long to wait.
            Refused: The officer has no PIN here, or the PIN file is missing or damaged.
        """
        found = self.pin_file()
        slot = self._slot(found, badge)
        past, sealer = self.try_pin(slot, pin)
        self._take(found, sealer)
        return past

    def try_pin(self, slot: Slot, pin: str) -> tuple[int, Sealer]:
        """The wrong entries before, and the workspace key; counts a wrong one.

        Raises:
            WrongPin: It is not the officer's.
            TooSoon: Earlier entries were wrong; says how long to wait.
        """
        failures = Failures(self.folder, slot.badge)
        failures.refuse_early()
        sealer = pin_file.open_slot(slot, pin)
        if sealer is None:
            raise _wrong(failures.add())
        return failures.clear(), sealer

    def take(self, sealer: Sealer) -> None:
        """Go on with a workspace key that was just made."""
        self._sealer = sealer

    def _take(self, found: PinFile, sealer: Sealer) -> None:
        if sealer.id != found.key or sealer.id != self._sealed_by():
            raise Refused(
                f"{PIN_FILE} 与加密的密钥不是同一次保存的；请从同一份备份恢复 {PIN_FILE} 和 device.key。",
                f"{PIN_FILE} and the sealed keys do not belong together; restore {PIN_FILE} and device.key from one backup.",
            )
        self._sealer = sealer
        from inspect_tui.records.pin_steps import finish

        finish(self, found)

    def pin_file(self) -> PinFile:
        """What `pin.json` says.

        Raises:
            Refused: It is missing, damaged or of a newer programme.
        """
        found = pin_file.read(self.folder)
        if found is None:
            raise Refused(
                f"密钥已加密，但缺少 {self.folder / PIN_FILE}，PIN 无从核对；请从备份恢复该文件，没有备份时见 inspect-tui pin reset。",
                f"The keys are sealed, but {self.folder / PIN_FILE} is missing, so no PIN can open them; restore it from a"
                " backup, or without one see inspect-tui pin reset.",
            )
        return found

    def _slot(self, found: PinFile, badge: str | None) -> Slot:
        from inspect_tui.records.workspace import read_config

        config = read_config(self.folder)
        slot = found.slot(badge or config.badge)
        if slot is None:
            others = "、".join(f"{one.name} {one.badge}" for one in found.slots)
            raise Refused(
                f"{badge or config.badge} 在本机没有 PIN；请由有 PIN 的人员（{others}）切换进来，再用 inspect-tui officer add 为其设置。",
                f"{badge or config.badge} has no PIN on this laptop; let somebody who has one ({others}) switch in, then set"
                " it with inspect-tui officer add.",
            )
        return slot

    def _sealed_by(self) -> str | None:
        """Names the key that sealed the device key."""
        from inspect_tui.records.workspace import DEVICE_KEY

        try:
            return read_envelope(unarmoured((self.folder / DEVICE_KEY).read_bytes())).key_id
        except (OSError, SealError):
            return None

    def load_key(self, name: str) -> Key:
        """The key in a file of the workspace, sealed or not.

        Raises:
            LockedError: It is sealed, and no PIN was entered.
            StoreError: It is missing or damaged.
        """
        from sync.keys import Key

        path = self.folder / name
        try:
            text = path.read_bytes()
        except OSError:
            return Key.load(path)
        if not is_armoured(text):
            return Key.load(path)
        sealer = self.sealer(ask=True)
        if sealer is None:
            raise locked()
        return Key.from_pem(sealer.unseal(purpose(name), unarmoured(text)), name)

    def key_text(self, name: str, key: Key) -> bytes:
        """The text of a key file: sealed where there is a PIN.

        Raises:
            LockedError: There is one, and it was not entered.
        """
        if not self.is_set():
            return key.pem()
        sealer = self.sealer(ask=True)
        if sealer is None:
            raise locked()
        return armoured(sealer.seal(purpose(name), key.pem()))


def purpose(name: str) -> bytes:
    """What a sealed key file is good for, so that none can stand in another's place."""
    return b"key file " + name.encode()


def _wrong(count: int) -> WrongPin:
    wait = _wait_after(count)
    zh, en = (f"；{wait} 秒后可再试", f"; try again in {wait} seconds") if wait else ("；请重试", "; try again")
    return WrongPin(f"PIN 不对（连续第 {count} 次）{zh}。", f"The PIN is wrong ({count} in a row){en}.")


def _wait_after(count: int) -> int:
    return 0 if count <= FREE else min(LONGEST_WAIT_S, 1 << min(count - FREE, 6))


class Failures:
    """Wrong entries of one officer since the last right one, kept beside the keys."""

    def __init__(self, folder: Path, badge: str) -> None:
        self._path = folder / FAILURES
        self._badge = badge_key(badge) or badge
        self._all = self._read()

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            with self._path.open("rb") as file:
                said = json.loads(file.read(65_536))
            return {
                str(badge): (max(0, int(count)), int(last))
                for badge, (count, last) in (said.items() if isinstance(said, dict) else ())
            }
        except (OSError, ValueError, TypeError, RecursionError, OverflowError):
            return {}

    @property
    def count(self) -> int:
        """How many."""
        return self._all.get(self._badge, (0, 0))[0]

    def refuse_early(self) -> None:
        """Let nobody try again before the waiting is over; a clock that was set back costs one waiting, not more.

        Raises:
            TooSoon: It is too early.
        """
        count, last = self._all.get(self._badge, (0, 0))
        now = int(times.now().timestamp())
        wait = _wait_after(count)
        if last > now:
            last = now
            self._write({**self._all, self._badge: (count, last)})
        if (left := last + wait - now) > 0:
            raise TooSoon(
                f"PIN 已连续错 {count} 次；请等 {left} 秒再试。记录都在，不会删除。",
                f"The PIN was wrong {count} times in a row; wait {left} seconds. All records are there, nothing is deleted.",
            )

    def add(self) -> int:
        """Count one more; returns how many there are now."""
        count = self.count + 1
        self._write({**self._all, self._badge: (count, int(times.now().timestamp()))})
        return count

    def clear(self) -> int:
        """Begin anew; returns how many there were."""
        past = self.count
        if past:
            self._write({badge: said for badge, said in self._all.items() if badge != self._badge})
        return past

    def _write(self, said: dict[str, tuple[int, int]]) -> None:
        from inspect_tui.records.files import write_atomically

        self._all = said
        # where nothing can be written, nothing can be recorded either
        with contextlib.suppress(Refused):
            write_atomically(self._path, json.dumps(said).encode() + b"\n", private=True)


__all__ = ["Access", "Asker", "TooSoon", "WrongPin", "purpose", "set_asker"]
