"""One cell of a CSV file: guarded against spreadsheets, and quoted where RFC 4180 wants it.

The guard is OWASP's: a leading apostrophe, for text that a spreadsheet would run as a formula (`= + - @`, tab, line
break, also in full width) and for digits that it would alter (leading zeros, twelve digits and more, which it rounds).
One rule takes it away again: an apostrophe at the start of a cell followed by one of these. Numbers stay numbers.
"""

from __future__ import annotations

import re
from typing import Final

from inspect_tui.exports.neutral import neutral

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_ALTERED: Final = re.compile(r"[+-]?(?:0[0-9]+|[0-9]{12,})")
_QUOTED: Final = re.compile(r'[",\r\n]')


def guarded(text: str, *, number: bool = False) -> str:
    """The text of a cell as it stands in the file.

    Args:
        text: As recorded.
        number: The column holds numbers, so that digits are never text.
    """
    text = neutral(text)
    if _NUMBER.fullmatch(text):
        return f"'{text}" if not number and _ALTERED.fullmatch(text) else text
    return f"'{text}" if _FORMULA.match(text) else text


def quoted(text: str) -> str:
    """`text` in quotation marks where it holds one, a comma or a line break."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
