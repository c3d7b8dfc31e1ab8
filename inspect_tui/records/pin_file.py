"""`pin.json`: for every officer of this laptop, the workspace key wrapped under that officer's PIN.

The workspace key is random and the same for all; it seals the device key, the root key and the private values. A PIN
becomes a key by Argon2id (scrypt where OpenSSL has no Argon2id), whose parameters stand in the file.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from inspect_tui.records.rules import badge_key, hidden
from inspect_tui.texts import Refused
from sync.errors import SealError
from sync.sealing import Sealer

if TYPE_CHECKING:
    from pathlib import Path

PIN_FILE: Final = "pin.json"
FORMAT: Final = "inspect-tui-pin"
VERSION: Final = 1
MAX_BYTES: Final = 262_144
MAX_OFFICERS: Final = 100
SHORTEST: Final = 6
LONGEST: Final = 256
_RUN: Final = "01234567890"

_Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})+$", max_length=512)]
_Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Argon2(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="argon2id"):
    """Argon2id (RFC 9106); the limits keep a planted file from taking the machine's memory or a day's time."""

    salt: _Hex
    iterations: Annotated[int, msgspec.Meta(ge=1, le=16)] = 3
    lanes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4
    memory_kib: Annotated[int, msgspec.Meta(ge=8 * 16, le=262_144)] = 65_536


class Scrypt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="scrypt"):
    """scrypt (RFC 7914), n = 2 ** log_n."""

    salt: _Hex
    log_n: Annotated[int, msgspec.Meta(ge=10, le=18)] = 16
    r: Annotated[int, msgspec.Meta(ge=1, le=8)] = 8
    p: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One officer's way to the workspace key.

    Attributes:
        badge: Badge number 执法证号.
        name: The officer's name.
        kdf: How the PIN becomes a key.
        wrapped: The workspace key as an envelope under that key, in hex.
    """

    badge: _Line
    name: _Line
    kdf: Argon2 | Scrypt
    wrapped: _Hex


class PinFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `pin.json`.

    Attributes:
        key: Names the workspace key, `sync.sealing.Sealer.id`.
        slots: One for each officer.
        finished: Everything that should lie sealed does; false until the setting of a PIN is through.
    """

    format: Literal["inspect-tui-pin"]
    version: int
    key: _Hex
    slots: Annotated[tuple[Slot, ...], msgspec.Meta(min_length=1, max_length=MAX_OFFICERS)]
    finished: bool = True

    def slot(self, badge: str) -> Slot | None:
        """The slot of the officer with this badge number, however it is written."""
        wanted = badge_key(badge) or badge
        return next((one for one in self.slots if (badge_key(one.badge) or one.badge) == wanted), None)

    def with_slot(self, slot: Slot) -> PinFile:
        """With this slot in the place of the officer's old one, or after the others."""
        return msgspec.structs.replace(self, slots=(*self.without(slot.badge).slots, slot))

    def without(self, badge: str) -> PinFile:
        """Without the officer's slot."""
        gone = self.slot(badge)
        return msgspec.structs.replace(self, slots=tuple(one for one in self.slots if one is not gone))


@dataclass(frozen=True, slots=True)
class Person:
    """Whose PIN it is."""

    name: str
    badge: str


def tidy_pin(text: str) -> str:
    """A PIN as it counts: full-width digits and letters of an input method are what they stand for."""
    return unicodedata.normalize("NFKC", text).strip()


def check_pin(text: str) -> str:
    """A new PIN, tidied.

    Raises:
        Refused: It is too short or too long, holds characters that nobody sees, or is the first that anybody tries.
    """
    pin = tidy_pin(text)
    if any(hidden(one) for one in pin):
        raise Refused(
            "PIN 含有控制字符或不可见字符；请重新输入。",
            "The PIN holds characters that cannot be seen; type it anew.",
        )
    if not SHORTEST <= len(pin) <= LONGEST:
        raise Refused(
            f"PIN 须为 {SHORTEST} 至 {LONGEST} 个字符：至少六位数字，更好是几个词组成的口令。",
            f"A PIN has {SHORTEST} to {LONGEST} characters: six digits at least, better a passphrase of several words.",
        )
    if len(set(pin)) == 1 or (pin.isdecimal() and (pin in _RUN or pin[::-1] in _RUN)):
        raise Refused(
            "PIN 不能是同一个字符或连续数字；请换一个。",
            "A PIN must not be one character repeated or digits in a row; choose another.",
        )
    return pin


def new_slot(person: Person, pin: str, sealer: Sealer) -> Slot:
    """The workspace key wrapped under a PIN."""
    from cryptography.exceptions import UnsupportedAlgorithm

    salt = secrets.token_hex(16)
    kdf: Argon2 | Scrypt = Argon2(salt=salt)
    try:
        stretched = _stretched(kdf, pin)
    except (UnsupportedAlgorithm, ImportError):
        # an OpenSSL from before 3.2
        kdf = Scrypt(salt=salt)
        stretched = _stretched(kdf, pin)
    return Slot(
        badge=person.badge,
        name=person.name,
        kdf=kdf,
        wrapped=stretched.seal(_purpose(person.badge, kdf), sealer.key).hex(),
    )


def open_slot(slot: Slot, pin: str) -> Sealer | None:
    """The workspace key; None where the PIN is wrong."""
    try:
        return Sealer(
            _stretched(slot.kdf, tidy_pin(pin)).unseal(_purpose(slot.badge, slot.kdf), bytes.fromhex(slot.wrapped))
        )
    except (SealError, ValueError):
        return None


def _purpose(badge: str, kdf: Argon2 | Scrypt) -> bytes:
    return b"workspace key " + msgspec.json.encode([badge, kdf])


def _stretched(kdf: Argon2 | Scrypt, pin: str) -> Sealer:
    salt, secret = bytes.fromhex(kdf.salt), pin.encode()
    if isinstance(kdf, Argon2):
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        return Sealer(
            Argon2id(
                salt=salt, length=32, iterations=kdf.iterations, lanes=kdf.lanes, memory_cost=kdf.memory_kib
            ).derive(secret)
        )
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt as Stretch

    return Sealer(Stretch(salt=salt, length=32, n=1 << kdf.log_n, r=kdf.r, p=kdf.p).derive(secret))


def parse(text: bytes, path: Path) -> PinFile:
    """What a `pin.json` says.

    Raises:
        Refused: It is damaged, or of a newer programme.
    """
    damaged = Refused(
        f"PIN 文件 {path} 已损坏；请从备份恢复该文件，没有备份时见 inspect-tui pin reset。",
        f"The PIN file {path} is damaged; restore it from a backup, or without one see inspect-tui pin reset.",
    )
    if len(text) > MAX_BYTES:
        raise damaged
    try:
        said = json.loads(text)
        if isinstance(said, dict) and said.get("format") == FORMAT and said.get("version") != VERSION:
            raise Refused(
                f"PIN 文件 {path} 由较新的程序写成；请升级 inspect-tui。",
                f"The PIN file {path} was written by a newer programme; upgrade inspect-tui.",
            )
        found = msgspec.convert(said, PinFile)
    except (ValueError, RecursionError) as error:
        raise damaged from error
    keys = [badge_key(one.badge) or one.badge for one in found.slots]
    if len(set(keys)) != len(keys):
        raise damaged
    return found


def read(folder: Path) -> PinFile | None:
    """The PIN file of a workspace; None where there is none.

    Raises:
        Refused: It cannot be read, is damaged, or of a newer programme.
    """
    path = folder / PIN_FILE
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        from inspect_tui.reasons import reason_of

        reason = reason_of(error)
        raise Refused(
            f"PIN 文件 {path} 无法读取：{reason.zh}；请检查权限。",
            f"The PIN file {path} cannot be read: {reason.en}; check its permissions.",
        ) from error
    return parse(text, path)


def write(folder: Path, said: PinFile) -> None:
    """Write the PIN file whole, on disk on return, and read it back.

    Raises:
        Refused: The disk does not take it; what was there is as it was.
    """
    from inspect_tui.records.files import write_atomically

    write_atomically(folder / PIN_FILE, msgspec.json.format(msgspec.json.encode(said)) + b"\n", private=True)
    if read(folder) != said:
        raise Refused("PIN 文件写入后读不回来；请检查磁盘。", "The PIN file cannot be read back; check the disk.")


__all__ = ["PIN_FILE", "Person", "PinFile", "Slot", "check_pin", "new_slot", "open_slot", "parse", "read", "write"]
