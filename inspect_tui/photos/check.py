"""`photo check`: what files say about themselves, without a workspace and without copying anything."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from inspect_tui.photos.not_evidence import EVIDENCE
from inspect_tui.photos.pixels import picture
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SLACK: Final = timedelta(minutes=10)
"""By how much two honest clocks may differ."""
_FURTHEST_ZONE: Final = timedelta(hours=14)


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file; `None` where unknown. The names and their order are what scripts rely on."""

    path: str
    sha256: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    position_source: str | None = None
    taken_at: str | None = None
    orientation: int | None = None
    camera: str | None = None
    warnings: list[str] = []
    """Codes; see `warning_texts.TEXTS`."""


def check(paths: Iterable[Path]) -> Iterator[CheckRow]:
    """One row for each file; folders are walked, their files in sorted order.

    A file that cannot be read is a row without a hash and with the warning `cannot_read`.
    """
    for path in paths:
        for file in _files(path):
            yield _row(file)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _row(path: Path) -> CheckRow:
    try:
        look, decoded = picture(path)
    except Refused:
        return CheckRow(path=str(path), warnings=["cannot_read"])
    codes = [warning.code for warning in look.warnings + decoded.warnings]
    if look.kind == "other" and not look.media_type.startswith(EVIDENCE):
        codes.append("not_image")
    if look.taken_at is not None and _is_ahead(look.taken_at):
        codes.append("future")
    return CheckRow(
        path=str(path),
        sha256=look.sha256,
        latitude=look.latitude,
        longitude=look.longitude,
        altitude=look.altitude,
        position_source=look.position_source,
        taken_at=look.taken_at,
        orientation=look.orientation if look.kind == "image" else None,
        camera=look.camera,
        warnings=list(dict.fromkeys(codes)),
    )


def _is_ahead(taken_at: str) -> bool:
    """Whether a time of exposure lies in the future, whatever the zone of one that names none."""
    taken, now = datetime.fromisoformat(taken_at), datetime.now(UTC)
    if taken.tzinfo is None:
        return taken > now.replace(tzinfo=None) + _FURTHEST_ZONE
    return taken > now + _SLACK
