"""One cell of a CSV file: guarded against spreadsheets, and quoted where RFC 4180 wants it.

The guard is OWASP's: a leading apostrophe, for text that a spreadsheet would run as a formula (`= + - @`, tab, line
break, also in full width), for digits that it would alter (leading zeros, twelve digits and more, which it rounds), and in
columns of free text for whatever it would take for a number, date or truth value (`3.10`, `1/2`, `TRUE`). Text that
begins with apostrophes before any of these gets one more. So one rule takes the guard away again: where a cell begins
with apostrophes and what follows them is one of these or a digit, one apostrophe goes. Numbers stay numbers.
"""

from __future__ import annotations

import re
from typing import Final

from inspect_tui.exports.neutral import neutral

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_STARTED: Final = re.compile(r"[=+\-@'\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_TURNED: Final = re.compile(r"[0-9][0-9 .,:/%eE+年月日时分秒-]*(?: ?[AaPp][Mm])?|true|false", re.IGNORECASE)
"""What a spreadsheet turns into a number, a date, a time or a truth value."""
_APOSTROPHES: Final = re.compile(
    r"'+(?:[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]|[0-9]|(?:true|false)\Z)", re.IGNORECASE
)
"""Text that would be taken for a guarded cell."""
_ALTERED: Final = re.compile(r"[+-]?(?:0[0-9]+|[0-9]{12,})")
_QUOTED: Final = re.compile(r'[",\r\n]')


def guarded(text: str, *, number: bool = False, free: bool = False) -> str:
    """The text of a cell as it stands in the file.

    Args:
        text: As recorded.
        number: The column holds numbers, so that digits are never text.
        free: The column holds what people wrote, so that nothing in it is a number or a date.
    """
    text = neutral(text)
    if _APOSTROPHES.match(text) or (free and _TURNED.fullmatch(text)):
        return f"'{text}"
    if _NUMBER.fullmatch(text):
        return f"'{text}" if not number and _ALTERED.fullmatch(text) else text
    return f"'{text}" if _FORMULA.match(text) else text


def quoted(text: str) -> str:
    """`text` in quotation marks where it holds one, a comma or a line break."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def written(text: str, *, number: bool = False, free: bool = False) -> str:
    """The cell `text` as it stands in the file, guarded and quoted; most need neither, which is seen quickly."""
    plain = text.isprintable() and not _STARTED.match(text) and not text.isdigit() and not _QUOTED.search(text)
    if plain and not free:
        return text
    return quoted(guarded(text, number=number, free=free))
