"""Three-way text: a proposal made of what each side changed in a long note, for a person to look over.

Texts are compared by sentences and lines. What only one side changed is taken; where several sides changed the same
place, all of it is put there between marks, and the proposal cannot be recorded before a person has taken the marks away.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind: TypeAlias = Literal["same", "added", "gone"]
OPEN: Final = "⟦"
SHUT: Final = "⟧"
BAR: Final = "┃"
"""Around and between what several sides wrote in one place."""
LONG: Final = 24
"""Characters from which a text is compared piece by piece."""
_PIECE: Final = re.compile(r"[^\n。；;！!？?]*(?:[。；;！!？?]+[”’」』）)]*|\n)|[^\n。；;！!？?]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """The texts made one; `open_places` is how many a person has still to decide."""

    text: str
    open_places: int


def pieces(text: str) -> list[str]:
    """The sentences and lines of a text; joined again they are the text."""
    return _PIECE.findall(text)


def differences(base: str, text: str) -> list[tuple[Kind, str]]:
    """What of `base` stands in `text`, what was added, what is gone, in reading order."""
    told: list[tuple[Kind, str]] = []
    before, after = pieces(base), pieces(text)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            told.append(("same", "".join(before[a:b])))
            continue
        if a < b:
            told.append(("gone", "".join(before[a:b])))
        if c < d:
            told.append(("added", "".join(after[c:d])))
    return told


def has_marks(text: str) -> bool:
    """Whether places are left that a person has to decide."""
    return any(mark in text for mark in (OPEN, SHUT, BAR))


def merged(base: str, texts: Sequence[str]) -> Proposal:
    """The proposal: `base` with what each of the texts changed.

    Args:
        base: What all had seen; empty where there was nothing.
        texts: At least one.
    """
    texts = list(dict.fromkeys(texts))
    common = pieces(base)
    sides = [pieces(text) for text in texts]
    out: list[str] = []
    places = 0
    for chunk, variants in _finer(_regions(common, sides)):
        changed = list(dict.fromkeys("".join(one) for one in variants if one != chunk))
        if len(changed) <= 1:
            out.append(changed[0] if changed else "".join(chunk))
            continue
        text, place = _undecided(changed)
        places += place
        out.append(text)
    return Proposal("".join(out), places)


def _regions(common: list[str], sides: Sequence[list[str]]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Pieces of the base with what each side has in their place, cut where all sides agree with the base."""
    matches = [_matches(common, side) for side in sides]
    at, ends = 0, [0] * len(sides)
    for place in range(len(common) + 1):
        if place < len(common) and not all(place in one for one in matches):
            continue
        there = [one[place] if place < len(common) else len(side) for one, side in zip(matches, sides, strict=True)]
        variants = [side[end:stop] for side, end, stop in zip(sides, ends, there, strict=True)]
        if at < place or any(variants):
            yield common[at:place], variants
        if place < len(common):
            yield [common[place]], [[common[place]]]
        at, ends = place + 1, [stop + 1 for stop in there]


def _finer(regions: Iterator[tuple[list[str], list[list[str]]]]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Piece by piece where every side has as many as the base: neighbours changed by different sides are no dispute."""
    for chunk, variants in regions:
        if len(chunk) > 1 and all(len(one) == len(chunk) for one in variants):
            for at, piece in enumerate(chunk):
                yield [piece], [[one[at]] for one in variants]
        else:
            yield chunk, variants


def _matches(common: list[str], side: list[str]) -> dict[int, int]:
    """Place in the base → place in the side, for the pieces that both have."""
    matcher = difflib.SequenceMatcher(None, common, side, autojunk=False)
    return {block.a + step: block.b + step for block in matcher.get_matching_blocks() for step in range(block.size)}


def _undecided(variants: list[str]) -> tuple[str, int]:
    """What several sides wrote in one place: one that holds all the others, or all of them between marks."""
    longest = max(variants, key=len)
    if all(one and one in longest for one in variants):
        return longest, 0
    return f"{OPEN}{BAR.join(one or '' for one in variants)}{SHUT}", 1
