"""What is plainly evidence, and what must never be kept with it, since photos travel with every merge: keys, workspaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from typing import BinaryIO

EVIDENCE: Final = ("image/", "video/", "audio/", "application/pdf")
"""How the media types of what is plainly evidence begin."""
_HEAD: Final = 64 << 10
_PEM: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_DER: Final = re.compile(rb"\x30.\x02\x01[\x00\x01]\x30\x05\x06\x03\x2b\x65[\x6e-\x71]", re.DOTALL)
"""An Ed25519 or X25519 key as PKCS #8 without PEM around it (RFC 8410)."""
_SQLITE: Final = b"SQLite format 3\0"
_OURS: Final = b"ITUI"
"""`sync.storage.APPLICATION_ID`, which stands at byte 68 of a database."""
_APPLICATION: Final = slice(68, 72)

KEY: Final = Text("私钥文件", "a private key")
DATABASE: Final = Text("工作区数据库", "the database of a workspace")


def secret_in(file: BinaryIO) -> Text | None:
    """What a file is that can be no evidence, whatever its name; None for any other file.

    Args:
        file: Open for reading; left at its beginning.
    """
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if head.startswith(_SQLITE) and head[_APPLICATION] == _OURS:
        return DATABASE
    # Windows' editor may have saved it with two bytes a letter.
    if _PEM.search(head) or _PEM.search(head.replace(b"\0", b"")) or _DER.match(head):
        return KEY
    return None
