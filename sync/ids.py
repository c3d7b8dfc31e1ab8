"""Row ids: UUIDv7 (RFC 9562) for new rows, derived UUIDv8 for rows on which two devices must meet."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from typing import Final

_lock: Final = threading.Lock()
_last = 0


def new_id(time_ms: int | None = None) -> str:
    """A UUIDv7: 48 bits of UTC milliseconds, then 74 bits of which the first 12 rise within one millisecond.

    Args:
        time_ms: The time to put in; ids made without one rise strictly within this process.
    """
    global _last  # noqa: PLW0603  the order of ids is a property of the process
    if time_ms is None:
        with _lock:
            stamp = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
            _last = stamp
    else:
        stamp = (time_ms << 12) | (int.from_bytes(os.urandom(2)) & 0xFFF)
    value = ((stamp >> 12) & ((1 << 48) - 1)) << 80
    value |= 7 << 76 | (stamp & 0xFFF) << 64
    value |= 2 << 62 | (int.from_bytes(os.urandom(8)) & ((1 << 62) - 1))
    return str(uuid.UUID(int=value))


def derived_id(*parts: str) -> str:
    """A UUIDv8 from the SHA-256 of `parts`: the same parts give the same row on every device."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    value = int.from_bytes(digest[:16])
    value = value & ~(0xF << 76) | 8 << 76
    value = value & ~(3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))
