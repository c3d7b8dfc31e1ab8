"""Whether a photo fits where it is to be used: this site, this visit, and nowhere else before."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from inspect_tui.photos import times
from inspect_tui.photos.phash import SIMILAR, hamming
from inspect_tui.photos.positions import distance, shift_that_explains
from inspect_tui.photos.warning_texts import warn
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspect_tui.photos.model import LatLon, Look, PhotoWarning

_SIDES: Final = {"photo": Text("照片", "photo"), "site": Text("检查对象", "site")}
_SYSTEMS: Final = {"gcj02": "GCJ-02", "bd09": "BD-09"}


class Area(Protocol):
    """What says whether a point belongs to an area: `positions.Box` or `boundary.Boundary`."""

    def contains(self, point: LatLon, /) -> bool:
        """Whether `point` lies inside."""
        ...


class PriorUse(NamedTuple):
    """A photo already used somewhere else."""

    sha256: str
    phash: str | None
    where: Text | str


def assess(
    look: Look,
    *,
    site_position: LatLon | None = None,
    visit: tuple[datetime, datetime] | None = None,
    area: Area | None = None,
    far_m: float = 500.0,
    elsewhere: Sequence[PriorUse] = (),
    phash: str | None = None,
    position: LatLon | None = None,
) -> list[PhotoWarning]:
    """Everything to be said before the photo is relied on: `look`'s own warnings, then those of its context.

    Args:
        look: The photo.
        site_position: WGS-84; none: distance is not judged.
        visit: Begin and end, with time zone; a photo's time without zone is read in the zone of the begin.
        area: In which the photo should lie.
        far_m: Metres from the site that are still near.
        elsewhere: Uses other than the one assessed.
        phash: The photo's perceptual hash.
        position: The position in use if it is not the photo's own, such as a typed one.
    """
    warnings = list(look.warnings)
    if position is not None:
        warnings = [warning for warning in warnings if warning.code != "position_missing"]
    place = position or look.position
    if place is not None:
        warnings += _place(place, site_position, area, far_m)
    if visit is not None and look.taken_at is not None:
        warnings += _time(look.taken_at, look.gps_time, visit, {warning.code for warning in warnings})
    warnings += _uses(look.sha256, phash, elsewhere)
    return warnings


def _place(place: LatLon, site: LatLon | None, area: Area | None, far_m: float) -> Iterable[PhotoWarning]:
    metres = distance(place, site) if site else 0.0
    if site and metres > far_m:
        hint = shift_that_explains(place, site)
        if hint is None:
            yield warn("far", metres=round(metres))
        else:
            yield warn(
                "far_shift",
                metres=round(metres),
                side=_SIDES[hint.side],
                system=_SYSTEMS[hint.system],
                rest=round(hint.rest),
            )
    if area is not None and not area.contains(place):
        yield warn("outside_area")


def _time(
    taken_at: str, gps_time: str | None, visit: tuple[datetime, datetime], said: set[str]
) -> Iterable[PhotoWarning]:
    start, end = visit
    if times.against(datetime.fromisoformat(taken_at), start, end) != "during":
        yield warn("outside_visit", taken_at=taken_at.replace("T", " "))
    if gps_time is not None and "clock_off" not in said:
        minutes = times.clock_error(taken_at, gps_time, start.utcoffset())
        if minutes is not None:
            yield warn("clock_off", minutes=abs(minutes))


def _uses(sha256: str, phash: str | None, elsewhere: Sequence[PriorUse]) -> Iterable[PhotoWarning]:
    for use in elsewhere:
        if use.sha256 == sha256:
            yield warn("reused", where=use.where)
        elif phash and use.phash and hamming(phash, use.phash) <= SIMILAR:
            yield warn("similar", where=use.where)
