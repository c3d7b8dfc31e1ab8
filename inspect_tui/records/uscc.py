"""The unified social credit code 统一社会信用代码, checked as GB 32100-2015 says."""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS: Final = tuple(pow(3, position, 31) for position in range(17))


def check_character(first: str) -> str:
    """The eighteenth character that belongs to the first seventeen.

    Raises:
        ValueError: A character is not of the code's alphabet (no I, O, S, V, Z).
    """
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def valid(code: str) -> bool:
    """Whether `code` is a unified social credit code: 18 characters, digits for the area, right check character."""
    if len(code) != 18 or not all(character in ALPHABET for character in code):
        return False
    if not code[2:8].isdecimal():
        return False
    return check_character(code[:17]) == code[17]


def tidy(text: str) -> str:
    """`text` as it is meant to be written: no blanks, upper case."""
    return "".join(text.split()).upper()
