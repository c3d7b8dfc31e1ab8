"""Sealed bytes: what lies on this laptop's disk under a key that only a PIN opens, see `inspect_tui.records.pin_file`.

An envelope is `ITUISEAL`, a version byte, a cipher byte, 16 bytes that name the key, a 12-byte nonce, then AES-256-GCM
ciphertext with its tag. Everything before the ciphertext and the purpose are authenticated, so an envelope cannot be
put in another's place.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sync.errors import LockedError, SealError

if TYPE_CHECKING:
    from pathlib import Path

MAGIC: Final = b"ITUISEAL"
VERSION: Final = 1
AES_256_GCM: Final = 1
MAX_PLAIN: Final = 65_536
"""Bytes that are sealed at most: keys and private values are short, photos are not sealed."""
_ID: Final = 16
_NONCE: Final = 12
_TAG: Final = 16
_HEADER: Final = len(MAGIC) + 2 + _ID + _NONCE
_BEGIN: Final = b"-----BEGIN SEALED PRIVATE KEY-----"
_END: Final = b"-----END SEALED PRIVATE KEY-----"
_PRIVATE: Final = re.compile(rb'\{"salt": "[0-9a-f]{32}", "value": ".*"\}', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed text taken apart.

    Attributes:
        key_id: Names the key, 32 hex digits.
        header: All that comes before the ciphertext.
    """

    key_id: str
    header: bytes
    nonce: bytes
    ciphertext: bytes


class Sealer:
    """A key of 32 bytes that seals and opens."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(len(key))
        self.key = key
        self.id = hashlib.sha256(b"inspect-tui workspace key\0" + key).hexdigest()[: 2 * _ID]
        """Names the key without giving it away."""

    @classmethod
    def generate(cls) -> Sealer:
        """A new key from the system's random source."""
        return cls(secrets.token_bytes(32))

    def seal(self, purpose: bytes, data: bytes) -> bytes:
        """`data` as an envelope that opens for the same purpose only."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(data) > MAX_PLAIN:
            raise SealError(
                f"要加密的内容超过 {MAX_PLAIN} 字节。", f"There are more than {MAX_PLAIN} bytes to be sealed."
            )
        nonce = secrets.token_bytes(_NONCE)
        header = MAGIC + bytes((VERSION, AES_256_GCM)) + bytes.fromhex(self.id) + nonce
        return header + AESGCM(self.key).encrypt(nonce, data, header + purpose)

    def unseal(self, purpose: bytes, envelope: bytes) -> bytes:
        """What is sealed.

        Raises:
            SealError: It is no envelope, was sealed with another key or for another purpose, or was changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        said = read_envelope(envelope)
        if said.key_id != self.id:
            raise SealError("密文属于另一把工作区密钥。", "It was sealed with another workspace key.")
        try:
            return AESGCM(self.key).decrypt(said.nonce, said.ciphertext, said.header + purpose)
        except InvalidTag as error:
            raise SealError("密文已损坏或被改动。", "What is sealed was damaged or changed.") from error


def read_envelope(data: bytes) -> Envelope:
    """Take an envelope apart without opening it.

    Raises:
        SealError: It is none, is cut off or too long, or was made by a newer programme.
    """
    if not data.startswith(MAGIC):
        raise SealError("不是密文。", "It is not sealed.")
    if not _HEADER + _TAG <= len(data) <= _HEADER + MAX_PLAIN + _TAG:
        raise SealError("密文不完整或过长。", "What is sealed is cut off or too long.")
    if data[len(MAGIC)] != VERSION or data[len(MAGIC) + 1] != AES_256_GCM:
        raise SealError(
            "密文由较新的程序写成；请升级 inspect-tui。", "It was sealed by a newer programme; upgrade inspect-tui."
        )
    start = len(MAGIC) + 2
    key_id, nonce = data[start : start + _ID], data[start + _ID : _HEADER]
    return Envelope(key_id.hex(), data[:_HEADER], nonce, data[_HEADER:])


def armoured(envelope: bytes) -> bytes:
    """An envelope as the text of a key file."""
    text = base64.b64encode(envelope)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((_BEGIN, *lines, _END)) + b"\n"


def is_armoured(text: bytes) -> bool:
    """Whether a key file holds a sealed key."""
    return text.lstrip().startswith(_BEGIN)


def unarmoured(text: bytes) -> bytes:
    """The envelope in the text of a key file.

    Raises:
        SealError: It is damaged.
    """
    body = text.strip()
    if not (body.startswith(_BEGIN) and body.endswith(_END)) or len(body) > 4 * MAX_PLAIN:
        raise SealError("加密的密钥文件不完整。", "The sealed key file is cut off.")
    try:
        return base64.b64decode(b"".join(body[len(_BEGIN) : -len(_END)].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealError("加密的密钥文件已损坏。", "The sealed key file is damaged.") from error


def is_private_value(data: bytes) -> bool:
    """Whether the bytes are a salted private value as `Replica.put_private` writes them."""
    return len(data) <= MAX_PLAIN and _PRIVATE.fullmatch(data) is not None


class Vault(Protocol):
    """Whoever has the key of this laptop's private values, or can ask for it."""

    def is_set(self) -> bool:
        """Whether private values are to lie sealed."""
        ...

    def sealer(self, *, ask: bool) -> Sealer | None:
        """The key; None while it is locked and nobody is to be asked, or cannot be.

        Raises:
            LockedError: Somebody was asked and did not know.
        """
        ...


def locked() -> LockedError:
    """The error of whoever needs the key and does not have it."""
    return LockedError(
        "本机已用 PIN 锁定；请先输入 PIN（脚本用 --pin-file 或环境变量 INSPECT_TUI_PIN）。",
        "This laptop is locked with a PIN; enter it first (scripts: --pin-file or environment INSPECT_TUI_PIN).",
    )


def wipe(path: Path) -> None:
    """Overwrite a file with zeros and remove it; what a disk keeps elsewhere of it is beyond any programme."""
    with contextlib.suppress(FileNotFoundError):
        with path.open("rb+") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 16)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
