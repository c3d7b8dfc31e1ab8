"""Photos made on the spot for the demo, tests and benchmarks: plausible scenes with the EXIF a phone writes.

Everything about them is invented; the software tag says so.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont
from PIL.TiffImagePlugin import IFDRational

from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SOFTWARE: Final = "inspect-tui synthetic"
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_SCENES: Final = (
    ((150, 180, 215), (140, 120, 95)),
    ((185, 190, 195), (110, 105, 100)),
    ((120, 160, 210), (95, 120, 80)),
    ((205, 195, 180), (150, 130, 100)),
)
"""Colours of sky and ground."""


def make_photo(
    path: Path,
    *,
    latitude: float | None,
    longitude: float | None,
    altitude: float | None = None,
    taken_at: datetime | None = None,
    camera: tuple[str, str] = ("HUAWEI", "ELE-L29"),
    text: str = "",
    size: tuple[int, int] = (1600, 1200),
    seed: int = 0,
    orientation: int = 1,
    grain: float = 0.06,
    quality: int = 88,
) -> None:
    """Write a JPEG at `path`; the same arguments give the same bytes.

    Args:
        path: An existing file is replaced.
        latitude: WGS-84 degrees; with none, or no longitude, the photo has no position.
        longitude: WGS-84 degrees.
        altitude: Metres.
        taken_at: Time of exposure; an aware one also gives the offset and the GPS time.
        camera: Make and model.
        text: Written into the picture and the description.
        size: Width and height in pixels, as stored.
        seed: Chooses the scene.
        orientation: EXIF orientation, 1 to 8; the pixels are not turned.
        grain: Share of noise, which decides how large the file gets.
        quality: Of the JPEG.

    Raises:
        Refused: The file cannot be written.
    """
    exif = _exif(camera, text, orientation, taken_at)
    if latitude is not None and longitude is not None:
        exif._ifds[_GPS_IFD] = _gps(latitude, longitude, altitude, taken_at)  # noqa: SLF001
    try:
        _scene(size, text, seed, grain).save(path, "JPEG", quality=quality, exif=exif.tobytes())
    except OSError as error:
        reason = reason_of(error)
        raise Refused(f"无法写入 {path.name}：{reason.zh}。", f"Cannot write {path.name}: {reason.en}.") from error


def _exif(camera: tuple[str, str], text: str, orientation: int, taken_at: datetime | None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x10F], exif[0x110], exif[0x131] = camera[0], camera[1], SOFTWARE
    exif[0x112] = orientation
    if text:
        exif[0x10E] = text.encode()
    if taken_at is not None:
        stamp = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        exif[0x132] = stamp
        detail: dict[int, object] = {0x9003: stamp, 0x9004: stamp}
        if taken_at.utcoffset() is not None:
            offset = taken_at.isoformat()[-6:]
            detail |= {0x9010: offset, 0x9011: offset, 0x9012: offset}
        if taken_at.microsecond:
            detail[0x9291] = f"{taken_at.microsecond // 1000:03d}"
        exif.get_ifd(_EXIF_IFD).update(detail)
    return exif


def _gps(latitude: float, longitude: float, altitude: float | None, taken_at: datetime | None) -> dict[int, object]:
    tags: dict[int, object] = {
        0: b"\x02\x03\x00\x00",
        1: "N" if latitude >= 0 else "S",
        2: _sexagesimal(abs(latitude)),
        3: "E" if longitude >= 0 else "W",
        4: _sexagesimal(abs(longitude)),
        0x12: "WGS-84",
    }
    if altitude is not None:
        tags |= {5: b"\x01" if altitude < 0 else b"\x00", 6: IFDRational(round(abs(altitude) * 100), 100)}
    if taken_at is not None and (offset := taken_at.utcoffset()) is not None:
        utc = taken_at.replace(tzinfo=None) - offset
        tags |= {7: (float(utc.hour), float(utc.minute), float(utc.second)), 0x1D: utc.strftime("%Y:%m:%d")}
    return tags


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds, to a hundred-thousandth of a second."""
    parts = round(Fraction(degrees) * 3600 * 100_000)
    minutes, seconds = divmod(parts, 60 * 100_000)
    return IFDRational(minutes // 60, 1), IFDRational(minutes % 60, 1), IFDRational(seconds, 100_000)


def _scene(size: tuple[int, int], text: str, seed: int, grain: float) -> Image.Image:
    chance = random.Random(seed)
    width, height = size
    sky, ground = _SCENES[seed % len(_SCENES)]
    horizon = round(height * chance.uniform(0.3, 0.6))
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    for row in range(horizon):
        share = row / max(horizon, 1)
        draw.line([(0, row), (width, row)], fill=tuple(round(c + (240 - c) * share) for c in sky))
    for _ in range(24):
        x, w = chance.randrange(width), chance.randrange(2, max(width // 6, 3))
        y, h = horizon + chance.randrange(-height // 4, height // 3), chance.randrange(2, max(height // 5, 3))
        colour = tuple(chance.randrange(40, 200) for _ in range(3))
        if chance.random() < 0.5:
            draw.rectangle([x, y, x + w, y + h], fill=colour)
        else:
            draw.polygon([(x, y + h), (x + w // 2, y), (x + w, y + h)], fill=colour)
    if grain > 0:
        noise = Image.frombytes("L", size, chance.randbytes(width * height)).convert("RGB")
        image = Image.blend(image, noise, grain)
    if text:
        font = ImageFont.load_default(max(height // 24, 10))
        ImageDraw.Draw(image).text((width // 40, height // 40), text, font=font, fill="white")
    return image
