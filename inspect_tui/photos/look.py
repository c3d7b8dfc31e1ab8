"""One look at a file: its hash, what kind it is, and what its metadata says, checked before it is believed.

Pixels are not decoded here; see `pixels`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeVar

from inspect_tui.photos import exif, gps, provenance, times, xmp
from inspect_tui.photos.bounded import opened
from inspect_tui.photos.cleaning import camera_name, clean_text
from inspect_tui.photos.containers import flir, kinds
from inspect_tui.photos.model import Look, PhotoWarning, PositionSource, PositionState
from inspect_tui.photos.positions import distance
from inspect_tui.photos.warning_texts import warn
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

    from inspect_tui.photos.containers.found import Found
    from inspect_tui.photos.model import LatLon

_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION, _SOFTWARE = 0x10E, 0x10F, 0x110, 0x112, 0x131
_SAME_DEGREES: Final = 1e-6
_CONFLICT_METRES: Final = 50
_FAMILIES: Final = {"HEIF": "HEIC", "AVIF": "HEIC"} | dict.fromkeys(
    ("DNG", "CR2", "NEF", "ARW", "ORF", "RW2", "PEF", "SRW", "NRW", "SR2"), "TIFF"
)
T = TypeVar("T")


def look(path: Path) -> Look:
    """What the file at `path` says about itself.

    Raises:
        Refused: It cannot be read at all: missing, a folder, a pipe or device, not permitted.
    """
    with opened(path) as file:
        return look_at(file, path.name)[0]


def look_at(file: BufferedReader, name: str, sha256: str | None = None) -> tuple[Look, Found]:
    """As `look`, for a file already open.

    Args:
        file: A regular file.
        name: What the file was called, which its path in a store does not tell.
        sha256: Its hash, if already known.

    Returns:
        The look, and the container's scan for a decode to follow.
    """
    size = os.fstat(file.fileno()).st_size
    if sha256 is None:
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    suffix = PurePath(name).suffix.lower().lstrip(".")
    found = kinds.scan(file, size, suffix)
    if found.format is None:
        return _not_an_image(name, sha256, size, suffix, found), found
    return _Examination(file, name, suffix, found).conclude(sha256, size), found


def _not_an_image(name: str, sha256: str, size: int, suffix: str, found: Found) -> Look:
    warnings: tuple[PhotoWarning, ...] = ()
    if size == 0:
        warnings = (warn("empty"),)
    if suffix in kinds.IMAGE_SUFFIXES:
        warnings += (warn("unreadable"),)
    return Look(name=name, sha256=sha256, size=size, media_type=found.media_type, warnings=warnings)


class _Place(NamedTuple):
    position: LatLon | None
    source: PositionSource | None
    state: PositionState


class _Examination:
    """The readers' answers on one image, weighed against each other; every doubt becomes a warning."""

    def __init__(self, file: BinaryIO, name: str, suffix: str, found: Found) -> None:
        self._name, self._suffix, self._found = name, suffix, found
        self._readings = exif.read(file, found)
        self._xmp = xmp.read_xmp(found.xmp)
        self._warnings: list[PhotoWarning] = []

    def conclude(self, sha256: str, size: int) -> Look:
        """Everything that can be said, with the warnings gathered on the way."""
        found = self._found
        reading = self._gps()
        place = self._place(reading)
        taken = self._taken()
        make, model, software = self._text(_MAKE), self._text(_MODEL), self._text(_SOFTWARE)
        orientation = self._orientation()
        self._check_clock(taken, reading)
        self._check_provenance(make, model, software)
        self._check_container()
        return Look(
            name=self._name,
            sha256=sha256,
            size=size,
            media_type=found.media_type,
            format=found.format,
            kind="image",
            width=found.width,
            height=found.height,
            orientation=orientation,
            camera=camera_name(make, model),
            software=software,
            taken_at=taken.time,
            taken_at_offset_source=taken.offset_source,
            gps_time=reading.time or self._xmp.gps_time,
            latitude=None if place.position is None else round(place.position.latitude, 6),
            longitude=None if place.position is None else round(place.position.longitude, 6),
            altitude=self._xmp.altitude if place.source == "xmp" else reading.altitude,
            direction=reading.direction,
            direction_reference=reading.direction_reference,
            datum=reading.datum,
            position_source=place.source,
            position_state=place.state,
            warnings=tuple(self._warnings),
        )

    def _warn(self, code: str, **fields: object) -> None:
        self._warnings.append(warn(code, **fields))

    def _agreed(self, first: T | None, second: T | None, field: Text) -> T | None:
        """The value both readers give, or that of the one that has any; none when they differ."""
        if first is None or second is None or first == second:
            return first if first is not None else second
        self._warn("readers_disagree", field=field)
        return None

    def _text(self, tag: int) -> str | None:
        for reading in self._readings:
            value = reading.image.get(tag)
            if isinstance(value, bytes) and (text := clean_text(value)):
                return text
        return None

    def _gps(self) -> gps.GpsReading:
        first, second = (gps.interpret(reading.gps) for reading in self._readings)
        if first.altitude_invalid or second.altitude_invalid:
            # Pillow silently takes the first of several numbers where one belongs.
            first, second = (reading._replace(altitude=None, altitude_invalid=True) for reading in (first, second))
        if second.state == "good" and first.state != "good":
            return second
        if first.state == second.state == "good" and first.position and second.position:
            apart = (abs(a - b) for a, b in zip(first.position, second.position, strict=True))
            if max(apart) > _SAME_DEGREES:
                self._warn("readers_disagree", field=Text("位置", "the position"))
                return first._replace(state="invalid", position=None)
        return first if self._readings.pillow.gps else second

    def _place(self, reading: gps.GpsReading) -> _Place:
        if reading.altitude_invalid:
            self._warn("altitude_invalid")
        if reading.time_invalid:
            self._warn("gps_time_invalid")
        if reading.state == "good" and reading.position:
            if reading.from_text:
                self._warn("position_text")
            if reading.datum not in {None, "WGS-84", "CGCS2000"}:
                self._warn("datum_other", datum=reading.datum)
            if self._xmp.position:
                metres = distance(reading.position, self._xmp.position)
                if metres > _CONFLICT_METRES:
                    self._warn("position_conflict", metres=round(metres))
            return _Place(reading.position, "exif", "exif")
        if reading.state == "missing" and self._xmp.state == "good":
            if self._xmp.unsigned:
                self._warn("position_unsigned")
            return _Place(self._xmp.position, "xmp", "exif")
        if reading.state == "invalid" or self._xmp.state == "invalid":
            self._warn("position_invalid")
            return _Place(None, None, "invalid")
        self._warn("position_missing")
        return _Place(None, None, "missing")

    def _taken(self) -> times.Taken:
        first, second = (times.from_exif(reading.exif) for reading in self._readings)
        invalid = first.invalid or second.invalid
        if first.time and second.time and first != second:
            self._warn("readers_disagree", field=Text("拍摄时间", "the time of exposure"))
            return times.Taken()
        flir_time = flir.taken_at(self._found.flir)
        others = (
            self._xmp.taken,
            times.parse(flir_time, source="flir") if flir_time else times.Taken(),
            xmp.read_iptc_time(self._found.iptc),
            self._xmp.created,
        )
        for taken in (first, second, *others):
            if taken.time:
                return taken
            invalid = invalid or taken.invalid
        self._warn("time_invalid" if invalid else "time_missing")
        return times.Taken()

    def _orientation(self) -> int:
        first, second = (_orientation_of(reading) for reading in self._readings)
        stated = self._agreed(first, second, Text("方向", "the orientation"))
        if first is None and second is None:
            stated = self._xmp.orientation
        return stated or 1

    def _check_clock(self, taken: times.Taken, reading: gps.GpsReading) -> None:
        if taken.time and reading.time:
            minutes = times.clock_error(taken.time, reading.time)
            if minutes is not None:
                self._warn("clock_off", minutes=abs(minutes))

    def _check_provenance(self, make: str | None, model: str | None, software: str | None) -> None:
        found = self._found
        if tool := provenance.editor((software, self._xmp.creator_tool)):
            self._warn("edited", software=tool)
        reason = provenance.copy_made_by(self._name, (software, make, model, self._text(_DESCRIPTION)))
        bare = found.format == "JPEG" and not any(self._readings) and not found.xmp
        if reason is None and bare and provenance.looks_recompressed(found.width, found.height):
            reason = provenance.RECOMPRESSED
        if reason is not None:
            self._warnings.append(warn("not_original", reason=reason))

    def _check_container(self) -> None:
        found = self._found
        promised = kinds.IMAGE_SUFFIXES.get(self._suffix)
        if promised and _family(promised) != _family(found.format or ""):
            self._warn("extension_mismatch", suffix=self._suffix, format=found.format)
        if found.truncated:
            self._warn("truncated")


def _family(name: str) -> str:
    return _FAMILIES.get(name, name)


def _orientation_of(reading: exif.RawExif) -> int | None:
    value = reading.image.get(_ORIENTATION)
    if value is None or isinstance(value, bytes) or len(value) != 1:
        return None
    number = value[0].value()
    return int(number) if number in {1, 2, 3, 4, 5, 6, 7, 8} else None
