"""Text from data made harmless: what would steer a terminal or turn the order of letters is shown, not obeyed.

Nothing is dropped: a control character becomes its picture (U+001B as ␛), any other becomes its number (`<U+202E>`), so
that a reader sees that something stood there.
"""

from __future__ import annotations

import re
from typing import Final

_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_NUMBERED: Final = (*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""C1 controls, and what embeds or overrides the direction of text."""
_TABLE: Final = _PICTURES | {code: f"<U+{code:04X}>" for code in _NUMBERED}
_LINES: Final = {code: picture for code, picture in _TABLE.items() if code not in {0x09, 0x0A, 0x0D}}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def neutral(text: str) -> str:
    """`text` with line breaks and tabs left in place, every other control character shown."""
    if text.isprintable():
        return text
    return _SURROGATE.sub("\ufffd", text.translate(_LINES))


def one_line(text: str) -> str:
    """`text` for one line of a terminal: line breaks and tabs are blanks, control characters are shown."""
    if text.isprintable():
        return text
    return neutral(" ".join(text.split()) if not text.isspace() else "").translate(_TABLE)
