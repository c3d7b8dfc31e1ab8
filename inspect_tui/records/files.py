"""Files written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace `path` by `data`, on disk on return.

    Args:
        path: The file; its folder must be there.
        data: All of it.
        private: Readable by its owner alone.

    Raises:
        Refused: The disk does not take it; `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        if os.name != "nt":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise Refused(f"{path} 无法写入：{reason}。", f"{path} cannot be written: {reason}.") from error
