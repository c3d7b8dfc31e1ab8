"""Every text that comes from data passes here before it is drawn.

Nothing is ever read as markup; control characters and direction overrides become visible instead of acting; a line is
cut or wrapped by the cells it takes, and no line starts with closing punctuation (避头尾).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Protocol

from rich.cells import cell_len

from inspect_tui.texts import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

INVISIBLE: Final = "\N{REPLACEMENT CHARACTER}"
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufff9-\ufffb]"
)
# Joiners and variation selectors change how many cells a terminal takes for their neighbours.
_WIDTHLESS: Final = re.compile("[\u00ad\u200b-\u200d\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")
_STACKED: Final = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u20d0-\u20ff])[\u0300-\u036f\u20d0-\u20ff]+"
)
_NOT_FIRST: Final = frozenset("，。、；：！？）】》」』〉〕”’…—～·％℃,.;:!?)]}>%")
_NOT_LAST: Final = frozenset("（【《「『〈〔“‘([{<￥$")
_BLANKS: Final = frozenset(" \u3000")
_WORD: Final = re.compile(
    r"[^\W\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+(?:[.,/:_\-][^\W\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+)*"
)


class Sentence(Protocol):
    """Anything that says itself in both languages: our texts, problems of records, errors."""

    @property
    def zh(self) -> str:
        """In Chinese."""

    @property
    def en(self) -> str:
        """In English."""


def block(text: str) -> str:
    """`text` with its line breaks kept and everything else harmless."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _STACKED.sub(r"\1", _WIDTHLESS.sub("", _UNSAFE.sub(INVISIBLE, lines)))


def plain(text: str) -> str:
    """`text` as one harmless line."""
    return " ".join(block(text).split())


def said(sentence: Sentence) -> str:
    """The sentence in the language in use, harmless: sentences quote what people typed."""
    return block(tr(sentence.zh, sentence.en))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells: cut with `…` or filled with blanks."""
    if width <= 0:
        return ""
    taken = cell_len(text)
    if taken > width:
        text = cut(text, width - 1) + "…"
        taken = cell_len(text)
    blanks = " " * (width - taken)
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """As much of the beginning of `text` as takes at most `width` cells."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[:index]
    return text


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells.

    Latin words and numbers stay whole where they fit; closing punctuation never starts a line and opening
    punctuation never ends one, if there is another place to break.
    """
    width = max(width, 2)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrap_paragraph(paragraph, width)
    return lines


def _pieces(paragraph: str) -> Iterable[str]:
    """What must not be broken: words, and single characters of all else."""
    at = 0
    for word in _WORD.finditer(paragraph):
        yield from paragraph[at : word.start()]
        yield word[0]
        at = word.end()
    yield from paragraph[at:]


def _wrap_paragraph(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for piece in _pieces(paragraph):
        takes = cell_len(piece)
        if used + takes > width and line:
            carried = _carried(line, piece, width) if piece not in _BLANKS else []
            lines.append("".join(line).rstrip())
            line = carried
            used = sum(map(cell_len, line))
            if piece in _BLANKS:
                continue
        while takes > width - used and takes > width:
            head = cut(piece, width - used)
            lines.append("".join(line) + head)
            piece, line, used = piece[len(head) :], [], 0  # noqa: PLW2901  the rest of the word goes on
            takes = cell_len(piece)
        line.append(piece)
        used += takes
    lines.append("".join(line).rstrip())
    return lines


def _carried(line: list[str], following: str, width: int) -> list[str]:
    """Take from the end of `line` what must stand together with the piece that follows."""
    at = len(line)
    if following[0] in _NOT_FIRST:
        while at > 1 and line[at - 1][0] in _NOT_FIRST:
            at -= 1
        at -= 1
    while at > 0 and line[at - 1][-1] in _NOT_LAST:
        at -= 1
    if at <= 0 or at < len(line) - 6:
        return []
    carried = line[at:]
    if sum(map(cell_len, carried)) + cell_len(following) > width:
        return []
    del line[at:]
    return carried


def halfwidth(text: str) -> str:
    """Full-width digits, letters and signs as an input method leaves them, in their usual form."""
    return unicodedata.normalize("NFKC", text)
