"""What is known of one photo, as plain data without any image library behind it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from inspect_tui.texts import Text  # noqa: TC001  msgspec resolves the fields' types at run time

Kind = Literal["image", "other"]
PositionSource = Literal["exif", "xmp"]
PositionState = Literal["exif", "missing", "invalid"]
OffsetSource = Literal["exif", "xmp", "iptc", "flir"]


class LatLon(NamedTuple):
    """A point in WGS-84 decimal degrees, north and east positive."""

    latitude: float
    longitude: float


class PhotoWarning(NamedTuple):
    """Something a person should know before relying on a photo; never a reason to refuse it."""

    code: str
    """A stable identifier, a key of `warning_texts.TEXTS`."""
    text: Text


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says about itself. `None` stands for unknown, never for a guess."""

    name: str
    """The file's name, without its folder."""
    sha256: str
    size: int
    """Bytes."""
    media_type: str
    """By content, not by name."""
    format: str | None = None
    """`JPEG`, `HEIC`, `PNG`, `WEBP`, `TIFF`, …; none for a file that is not an image."""
    kind: Kind = "other"
    width: int | None = None
    """Pixels across as stored, before `orientation` or a HEIC rotation property turns the picture."""
    height: int | None = None
    """Pixels down as stored."""
    orientation: int = 1
    """As EXIF says, 1 to 8; anything else counts as 1. In HEIC and AVIF it is only information: the container's own
    rotation, which the decoder applies, is the one that turns the pixels."""
    camera: str | None = None
    """Make and model, the make not repeated."""
    software: str | None = None
    taken_at: str | None = None
    """ISO 8601 local time of exposure, with the zone offset only where the file states one for it."""
    taken_at_offset_source: OffsetSource | None = None
    """Where the offset in `taken_at` comes from; none for a time without zone."""
    gps_time: str | None = None
    """ISO 8601 in UTC, from the GPS date and time stamps; may be stale by minutes or more."""
    latitude: float | None = None
    """WGS-84 degrees, six decimals."""
    longitude: float | None = None
    altitude: float | None = None
    """Metres, negative below sea level."""
    direction: float | None = None
    """Degrees clockwise from north in which the camera looked, from 0 up to but not including 360."""
    direction_reference: Literal["true", "magnetic"] | None = None
    datum: str | None = None
    position_source: PositionSource | None = None
    position_state: PositionState = "missing"
    warnings: tuple[PhotoWarning, ...] = ()

    @property
    def position(self) -> LatLon | None:
        """The point, when both coordinates are known."""
        if self.latitude is None or self.longitude is None:
            return None
        return LatLon(self.latitude, self.longitude)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What one decode of a photo gave."""

    thumbnail: bytes | None = None
    """A JPEG of at most 512 pixels a side, upright."""
    phash: str | None = None
    """64-bit perceptual hash, 16 hex digits; none where the picture is too plain to compare."""
    warnings: tuple[PhotoWarning, ...] = ()
