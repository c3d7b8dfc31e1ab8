"""Places in legal documents: `240条1款`, `1136条1款（五）`, `7.5`, `表1`, `第5章`, and how each language writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

if TYPE_CHECKING:
    from checklists.text import Language

_ITEMS: Final = "一二三四五六七八九十"
PATTERN: Final = (
    rf"^((?P<article>[0-9]{{1,4}})条((?P<paragraph>[0-9]{{1,2}})款)?(（(?P<item>[{_ITEMS}]{{1,3}})）)?"
    r"|(?P<clause>[0-9]{1,2}(\.[0-9]{1,2}){1,3}( [a-z]\))?)"
    r"|第(?P<chapter>[0-9]{1,2})章|表(?P<table>[0-9]{1,2}))?$"
)
# JSON Schema knows no named groups.
Place = Annotated[str, msgspec.Meta(pattern=re.sub(r"\?P<[a-z]+>", "", PATTERN), max_length=40)]
_PLACE: Final = re.compile(PATTERN)
_DIGITS: Final = "零一二三四五六七八九"


def show_place(place: str, language: Language) -> str:
    """The place as a citation writes it; the empty string for the document as a whole."""
    match = _PLACE.match(place)
    if match is None or not place:
        return place
    parts = match.groupdict()
    if language == "zh":
        return _zh(parts)
    return _en(parts)


def _zh(parts: dict[str, str | None]) -> str:
    if parts["clause"]:
        return f" 第 {parts['clause']} 条"
    if parts["chapter"]:
        return f" 第 {parts['chapter']} 章"
    if parts["table"]:
        return f" 表 {parts['table']}"
    text = f"第{chinese(int(parts['article'] or 0))}条"
    if parts["paragraph"]:
        text += f"第{chinese(int(parts['paragraph']))}款"
    return text + (f"第（{parts['item']}）项" if parts["item"] else "")


def _en(parts: dict[str, str | None]) -> str:
    if parts["clause"]:
        return f"clause {parts['clause']}"
    if parts["chapter"]:
        return f"chapter {parts['chapter']}"
    if parts["table"]:
        return f"Table {parts['table']}"
    text = f"Article {parts['article']}"
    if parts["paragraph"]:
        text += f", paragraph {parts['paragraph']}"
    return text + (f", item {_number(parts['item'])}" if parts["item"] else "")


def _number(numeral: str) -> int:
    """The number that a numeral up to 十九 stands for."""
    tens, _, units = numeral.rpartition("十")
    if "十" not in numeral:
        return _DIGITS.index(numeral)
    return 10 * (_DIGITS.index(tens) if tens else 1) + (_DIGITS.index(units) if units else 0)


def chinese(number: int) -> str:
    """A number from 1 to 9999 in Chinese numerals, as articles are numbered: 1128 is 一千一百二十八, 12 is 十二."""
    text = ""
    zero = False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if zero else "") + _DIGITS[digit] + name
            zero = False
        elif text:
            zero = True
    return text.removeprefix("一") if number // 10 == 1 else text
