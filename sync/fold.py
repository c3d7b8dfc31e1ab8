"""The fold: what a row is, given all changes of it, in whatever order they came.

Pure functions; no database. For each cell the heads are the versions that no other counted change of the cell has
seen. One head gives the value; several with equal values give that value; several with different values are a
conflict, of which the head with the later (time, hash) is shown and all are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sync.changeset import canonical_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VOID_CELL: Final = "void"
AREA_CELL: Final = "area"
"""Named in `conflict` where a row was created in two areas."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One change of one row, as the fold sees it.

    Attributes:
        version: `device:seq:h`.
        order: (time in ms, h in hex): breaks ties for what is shown, never for what is kept.
        area: Area of the changeset.
        set: Cell → value.
        seen: Cell → versions seen.
        counts: Whether the change counts (`sync.verdict`).
    """

    version: str
    order: tuple[int, str]
    area: str
    set: Mapping[str, Any]
    seen: Mapping[str, Sequence[str]]
    counts: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """A row.

    Attributes:
        area: The area the row belongs to.
        created: The version that created it.
        values: Cell → the value shown.
        heads: Cell → its heads, sorted, the one shown first.
        conflict: Cells with several values, sorted.
    """

    area: str
    created: str
    values: dict[str, Any]
    heads: dict[str, list[str]]
    conflict: list[str]


def fold(touches: Iterable[Touch]) -> Folded | None:
    """The row that these changes make, or None while none of them counts."""
    touches = list(touches)
    refused = {touch.version: touch for touch in touches if not touch.counts}
    counted = [touch for touch in touches if touch.counts]
    by_version = {touch.version: touch for touch in counted}
    counted = list(by_version.values())
    if not counted:
        return None
    births = [touch for touch in counted if not touch.seen] or counted
    birth = min(births, key=lambda touch: touch.order)
    counted = [touch for touch in counted if touch.area == birth.area]
    heads = _heads(counted, refused)
    values: dict[str, Any] = {}
    conflict: list[str] = []
    for cell, versions in heads.items():
        versions.sort(key=lambda version: by_version[version].order, reverse=True)
        offered = [by_version[version].set[cell] for version in versions]
        values[cell] = offered[0]
        if len(offered) > 1 and len({canonical_value(value) for value in offered}) > 1:
            conflict.append(cell)
    if _void_overtaken(heads, by_version, refused):
        conflict.append(VOID_CELL)
    if any(touch.area != birth.area for touch in births):
        # nobody can tell which birth is the true one, so a person has to look
        conflict.append(AREA_CELL)
    return Folded(birth.area, birth.version, values, heads, sorted(set(conflict)))


def _heads(counted: list[Touch], refused: Mapping[str, Touch]) -> dict[str, list[str]]:
    """Cell → the versions that no other counted change of the cell has seen."""
    writers: dict[str, list[str]] = {}
    overwritten: dict[str, set[str]] = {}
    for touch in counted:
        for cell in touch.set:
            writers.setdefault(cell, []).append(touch.version)
            overwritten.setdefault(cell, set()).update(seen_by(touch, cell, refused))
    heads: dict[str, list[str]] = {}
    for cell, versions in writers.items():
        heads[cell] = [version for version in versions if version not in overwritten[cell]]
    return heads


def seen_by(touch: Touch, cell: str, refused: Mapping[str, Touch]) -> set[str]:
    """What the change has seen of the cell: who has seen a refused change has seen what that had seen."""
    found: set[str] = set()
    pending = list(touch.seen.get(cell, ()))
    while pending:
        version = pending.pop()
        if version in found or version == touch.version:
            continue
        found.add(version)
        before = refused.get(version)
        if before is not None and not before.counts:
            pending.extend(before.seen.get(cell, ()))
    return found


def _void_overtaken(
    heads: Mapping[str, Sequence[str]], by_version: Mapping[str, Touch], refused: Mapping[str, Touch]
) -> bool:
    """Whether something changed in the row beside the voiding of it: a voiding names every head that it covers."""
    for version in heads.get(VOID_CELL, ()):
        voiding = by_version[version]
        value = voiding.set[VOID_CELL]
        if not isinstance(value, dict) or value.get("void_reason") is None:
            continue
        for cell, versions in heads.items():
            if cell == VOID_CELL:
                continue
            covered = seen_by(voiding, cell, refused)
            if any(head != version and head not in covered for head in versions):
                return True
    return False
