"""What a command says: lines for people, JSON for machines, never a character that steers the terminal."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.exports.neutral import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEERING: Final = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
GAP: Final = "  "


def speak_utf8() -> None:
    """UTF-8 on standard output and error whatever the code page; what cannot be encoded is shown by number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def line(text: str = "") -> None:
    """One line on standard output, whatever breaks stand in `text`."""
    print(one_line(text))


def as_json(value: Any) -> str:
    """`value` as JSON with its Chinese readable; what could steer a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    print(as_json(value))


def print_json_array(values: Iterable[Any]) -> None:
    """A JSON array of any length, each element as it comes."""
    first = True
    for value in values:
        print("[" if first else ",")
        print(as_json(value), end="")
        first = False
    print("[]" if first else "\n]")


def width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headers, aligned also where Chinese characters are two columns wide."""
    cells = [[one_line(str(header)) for header in headers]]
    cells += [[one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headers))]
    for row in cells:
        padded = (cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row))
        print(GAP.join(padded).rstrip())


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Names with their values, one a line; what is empty is left out."""
    for name, value in pairs:
        if value not in (None, "", (), []):
            line(f"{name}: {value}")
