"""Sites that may be one and the same: by credit code, by name, or near each other under names that are alike.

Found by index, so that a list of any length is compared in time that grows with its length alone.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from inspect_tui.photos.positions import distance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tui.photos.model import LatLon

MOST_SHOWN: Final = 3
"""Sites named for one row."""
MOST_COMPARED: Final = 100
"""Names compared for one row; a place that holds more is one that somebody put in for all of them."""
ALIKE: Final = 0.6
"""Share of common pairs of characters (Sørensen and Dice) from which two names are alike."""
_RADIUS: Final = 6_371_008.8
_LIMITED: Final = re.compile("(?:股份有限|有限责任)公司")
_MARKS: Final = re.compile(r"[0-9]+|[一二三四五六七八九十甲乙丙丁东西南北上下左右]|[a-z](?![a-z])")
"""What tells one of several alike apart: 1#, 二期, 东厂, A 口."""


def normal_name(text: str) -> str:
    """A name as it is compared: width, case, blanks, brackets and forms of 有限公司 do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _LIMITED.sub("有限公司", "".join(one for one in plain if one.isalnum()))


class Entry(NamedTuple):
    """A site as far as it can be taken for another.

    Attributes:
        site: Row id of a recorded one; None: a row of the list.
        line: Row of the list, from 1.
        point: WGS-84.
    """

    site: str | None
    line: int | None
    area: str
    name: str
    kind: str
    uscc: str
    address: str
    point: LatLon | None


class Match(NamedTuple):
    """A site that may be the same, and why: `uscc`, `name`, `near`."""

    entry: Entry
    reasons: tuple[str, ...]
    metres: float | None


class _Kept(NamedTuple):
    entry: Entry
    pairs: frozenset[str]
    marks: tuple[str, ...]


class Index:
    """All sites known so far."""

    def __init__(self, near_m: float) -> None:
        """`near_m`: from how many metres on two sites are not near; 0: position does not count."""
        self._near_m = near_m
        self._by_code: dict[str, list[Entry]] = {}
        self._by_name: dict[tuple[str, str], list[Entry]] = {}
        self._by_place: dict[tuple[int, int, int], list[_Kept]] = {}
        self.crowded = 0
        """Rows for which more names stood nearby than are compared."""

    def add(self, entry: Entry) -> None:
        """Know one more."""
        if entry.uscc:
            self._by_code.setdefault(entry.uscc, []).append(entry)
        name = normal_name(entry.name)
        if name:
            self._by_name.setdefault((entry.area, name), []).append(entry)
        if entry.point is not None and self._near_m > 0:
            kept = _Kept(entry, _pairs(name), _marks(name))
            self._by_place.setdefault(self._cell(entry.point), []).append(kept)

    def find(self, entry: Entry) -> list[Match]:
        """Those that may be the same, those of equal code first."""
        found: dict[int, tuple[Entry, list[str]]] = {}
        for other in self._by_code.get(entry.uscc, ())[:MOST_SHOWN] if entry.uscc else ():
            found.setdefault(id(other), (other, []))[1].append("uscc")
        name = normal_name(entry.name)
        for other in self._by_name.get((entry.area, name), ())[:MOST_SHOWN]:
            found.setdefault(id(other), (other, []))[1].append("name")
        if entry.point is not None and self._near_m > 0:
            for other in self._near(entry, name):
                found.setdefault(id(other), (other, []))[1].append("near")
        return [Match(other, tuple(why), _apart(entry, other)) for other, why in list(found.values())[:MOST_SHOWN]]

    def _near(self, entry: Entry, name: str) -> Iterator[Entry]:
        assert entry.point is not None  # noqa: S101  the caller has looked
        pairs, marks = _pairs(name), _marks(name)
        x, y, z = self._cell(entry.point)
        compared = 0
        for dx in (0, -1, 1):
            for dy in (0, -1, 1):
                for dz in (0, -1, 1):
                    for other in self._by_place.get((x + dx, y + dy, z + dz), ()):
                        compared += 1
                        if compared > MOST_COMPARED:
                            self.crowded += 1
                            return
                        if _alike(entry, pairs, marks, other) and self._within(entry.point, other.entry.point):
                            yield other.entry

    def _within(self, a: LatLon, b: LatLon | None) -> bool:
        return b is not None and distance(a, b) <= self._near_m

    def _cell(self, point: LatLon) -> tuple[int, int, int]:
        """The cube of that many metres in which a point lies; so neither pole nor date line is special."""
        north, east = math.radians(point.latitude), math.radians(point.longitude)
        flat = _RADIUS * math.cos(north)
        return (
            math.floor(flat * math.cos(east) / self._near_m),
            math.floor(flat * math.sin(east) / self._near_m),
            math.floor(_RADIUS * math.sin(north) / self._near_m),
        )


def _pairs(name: str) -> frozenset[str]:
    return frozenset(name[at : at + 2] for at in range(len(name) - 1)) or frozenset({name})


def _marks(name: str) -> tuple[str, ...]:
    return tuple(sorted(_MARKS.findall(name)))


def _alike(entry: Entry, pairs: frozenset[str], marks: tuple[str, ...], other: _Kept) -> bool:
    """Whether the names are alike, no number tells them apart, and no two credit codes speak against it."""
    if marks != other.marks or (entry.uscc and other.entry.uscc and entry.uscc != other.entry.uscc):
        return False
    common = len(pairs & other.pairs)
    return 2 * common >= ALIKE * (len(pairs) + len(other.pairs)) or common == min(len(pairs), len(other.pairs))


def _apart(a: Entry, b: Entry) -> float | None:
    return None if a.point is None or b.point is None else distance(a.point, b.point)
