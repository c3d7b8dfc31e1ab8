"""Decoding in a process of its own, for decoders that cannot be interrupted, crash, or write to the terminal.

libheif, libwebp, libavif and libtiff take as long as a file makes them, and libtiff prints its complaints straight to
file descriptor 2, which is the screen. A child process can be given limits and be ended.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, Final

SECONDS: Final = 1.3
"""Wall time a decode may take, start of the process included."""
_MEMORY: Final = 900 << 20
"""Bytes of address space; the resident part stays well under 500 MB."""
_PIXELS: Final = {"WEBP": 20_000_000, "AVIF": 25_000_000, "HEIC": 25_000_000, "HEIF": 25_000_000}
_OTHER_PIXELS: Final = 40_000_000
_HASH_DIGITS: Final = 16
_NO_HASH: Final = b"-" * _HASH_DIGITS
_TOO_LARGE: Final = 3
_UNREADABLE: Final = 4


class DecodeError(ValueError):
    """The file is not readable as an image."""


class DecodeTooLargeError(DecodeError):
    """More pixels or memory than are allowed."""


class DecodeTooSlowError(DecodeError):
    """The time ran out."""


def decode_apart(file: BinaryIO, container: str, orientation: int) -> tuple[bytes, str | None]:
    """Thumbnail and perceptual hash of an open file, made by a child process.

    Raises:
        DecodeError: Or one of its kinds; the child's end, however it came, is never ours.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    file.seek(0)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "inspect_tui.photos.apart", container, str(orientation)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DecodeTooSlowError from error
    except OSError as error:
        raise DecodeError from error
    if done.returncode == _TOO_LARGE:
        raise DecodeTooLargeError
    if done.returncode != 0 or len(done.stdout) <= _HASH_DIGITS:
        raise DecodeError
    digits = done.stdout[:_HASH_DIGITS]
    return done.stdout[_HASH_DIGITS:], None if digits == _NO_HASH else digits.decode("ascii")


def _limit() -> None:
    """Bound this process, where the system knows how."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (4, 4))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> int:
    """Decode standard input; write the hash and the thumbnail to standard output."""
    container, orientation = arguments[0], int(arguments[1])
    _limit()
    from inspect_tui.photos import render

    with open(0, "rb", closefd=False) as file:
        try:
            thumbnail, phash = render.anything(file, container, orientation, _PIXELS.get(container, _OTHER_PIXELS))
        except (render.TooLargeError, MemoryError):
            return _TOO_LARGE
        except Exception:  # noqa: BLE001  decoders raise nearly anything on a damaged file
            return _UNREADABLE
    sys.stdout.buffer.write((phash or "-" * _HASH_DIGITS).encode("ascii") + thumbnail)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
