"""Sites that may be the same: a proposal for a person to look at, never more."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.photos.model import LatLon
from inspect_tui.photos.positions import distance
from inspect_tui.records.positions import point_of
from inspect_tui.records.queries.common import area_condition
from inspect_tui.records.same_sites import parted_pairs, site_groups
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tui.records.workspace import Workspace

NEAR_M: Final = 50
"""Two sites of one kind that lie so near may be one."""
FAR_M: Final = 1000
"""A firm has many sites: one credit code says nothing of two that are known to lie farther apart."""
_CELL: Final = 0.001
"""Degrees of the grid in which neighbours are looked for; everywhere in China wider than `NEAR_M`."""
_NOISE: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Hint:
    """Two sites that may be one.

    Attributes:
        kept: Row id of the one with more inspections, or the older one.
        joined: Row id of the other.
        codes: What speaks for it: `uscc`, `name`, `near`.
        distance_m: Between them, where both positions are known.
    """

    kept: str
    joined: str
    kept_name: str
    joined_name: str
    area: str
    codes: tuple[str, ...]
    distance_m: int | None

    @property
    def reasons(self) -> Text:
        """What speaks for it, as a sentence."""
        said = [HINTS[code] for code in self.codes]
        away = "" if self.distance_m is None else f" ({self.distance_m} m)"
        return Text("、".join(one.zh for one in said) + away, ", ".join(one.en for one in said) + away)


HINTS: Final = {
    "uscc": Text("信用代码相同", "same credit code"),
    "name": Text("名称相同", "same name"),
    "near": Text("位置相近", "near each other"),
}


def hints(workspace: Workspace, *, area: str | None = None, limit: int = 200) -> list[Hint]:
    """Pairs of sites of one area that may be one, those with more reasons first.

    What was joined already is left out, and so are pairs that somebody parted.

    Args:
        workspace: Where.
        area: GB/T 2260 code; one ending in 00 covers the areas with its prefix.
        limit: At most so many.
    """
    condition, *prefix = ("1",) if area is None else area_condition("area", area)
    rows = workspace.select(
        "SELECT id, area, kind, name, uscc, longitude, latitude,"
        " (SELECT count(*) FROM inspections WHERE site = sites.id AND void_at IS NULL) AS visits"
        f" FROM sites WHERE void_at IS NULL AND {condition} ORDER BY id",
        *prefix,
    )
    groups, parted = site_groups(workspace), parted_pairs(workspace)
    found: dict[frozenset[str], set[str]] = {}
    by_id = {row["id"]: row for row in rows}
    for code, pairs in (("uscc", _same_code(rows)), ("name", _same_name(rows)), ("near", _near(rows))):
        for one, other in pairs:
            found.setdefault(frozenset((one, other)), set()).add(code)
    told = [
        _hint(by_id[min(pair)], by_id[max(pair)], codes)
        for pair, codes in found.items()
        if pair not in parted and len({groups.root(site) for site in pair}) > 1
    ]
    told.sort(key=lambda one: (-len(one.codes), one.codes, one.kept, one.joined))
    return told[:limit]


def _hint(older: Any, newer: Any, codes: Iterable[str]) -> Hint:
    kept, joined = (newer, older) if newer["visits"] > older["visits"] else (older, newer)
    return Hint(
        kept=kept["id"],
        joined=joined["id"],
        kept_name=kept["name"] or "",
        joined_name=joined["name"] or "",
        area=kept["area"],
        codes=tuple(code for code in HINTS if code in codes),
        distance_m=_metres(kept, joined),
    )


def _metres(one: Any, other: Any) -> int | None:
    here, there = point_of(one), point_of(other)
    if here is None or there is None:
        return None
    return round(distance(LatLon(*here), LatLon(*there)))


def _stars(rows: Iterable[Any], key: Any) -> Iterator[tuple[Any, Any]]:
    """Of all rows with one key the oldest with each of the others: their number stays that of the rows."""
    oldest: dict[Any, Any] = {}
    for row in rows:
        place = key(row)
        if place is None:
            continue
        if place in oldest:
            yield oldest[place], row
        else:
            oldest[place] = row


def _same_code(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    def key(row: Any) -> tuple[str, str, str] | None:
        return (row["area"], row["kind"] or "", row["uscc"]) if row["uscc"] else None

    for one, other in _stars(rows, key):
        away = _metres(one, other)
        if away is None or away <= FAR_M:
            yield one["id"], other["id"]


def plain_name(name: str) -> str:
    """A name without what differs from one typist to the next: width, case, blanks, brackets, punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).casefold())


def _same_name(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    def key(row: Any) -> tuple[str, str] | None:
        name = plain_name(row["name"] or "")
        return (row["area"], name) if name else None

    for one, other in _stars(rows, key):
        yield one["id"], other["id"]


def _near(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    grid: dict[tuple[str, str, int, int], list[Any]] = {}
    for row in rows:
        point = point_of(row)
        if point is None:
            continue
        y, x = round(point[0] / _CELL), round(point[1] / _CELL)
        for dy, dx in itertools.product((-1, 0, 1), repeat=2):
            for other in grid.get((row["area"], row["kind"] or "", y + dy, x + dx), ()):
                away = _metres(row, other)
                if away is not None and away <= NEAR_M:
                    yield other["id"], row["id"]
        place = (row["area"], row["kind"] or "", y, x)
        # many sites on one spot were placed by their village, not measured: the first few stand for them
        if len(grid.setdefault(place, [])) < 10:
            grid[place].append(row)
