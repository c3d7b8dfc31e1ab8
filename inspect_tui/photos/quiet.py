"""Keeping Pillow's remarks about damaged files off the screen."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_AT_A_TIME: Final = threading.Lock()


@contextmanager
def quietly() -> Iterator[None]:
    """Silence Python's `warnings` meanwhile.

    They are silenced for the whole process, so only one thread may; what runs inside is parsing that holds the
    interpreter anyway, never a decode.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
