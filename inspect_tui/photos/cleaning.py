"""Text from files, made fit to show and compare."""

from __future__ import annotations

import unicodedata
from typing import Final

_LONGEST: Final = 200


def clean_text(raw: bytes | None) -> str | None:
    """The text up to the first NUL, without control characters and outer blanks; none when nothing is left.

    Phones write UTF-8 or, in older Chinese firmware, GB 18030, although EXIF asks for ASCII.
    """
    if raw is None:
        return None
    raw = raw.split(b"\x00", 1)[0][: 8 * _LONGEST]
    for encoding in ("utf-8", "gb18030", "latin-1"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(visible.split())[:_LONGEST] or None


def camera_name(make: str | None, model: str | None) -> str | None:
    """Make and model as one name; a model that begins with its make is not given it twice."""
    if make and model and not model.casefold().startswith(make.casefold()):
        return f"{make} {model}"
    return model or make
