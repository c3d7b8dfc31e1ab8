"""Turning a decoded picture upright, small and comparable; the same code in this process and apart from it."""

from __future__ import annotations

import io
from typing import BinaryIO, Final

from PIL import Image

from inspect_tui.photos.phash import perceptual_hash
from inspect_tui.photos.quiet import quietly

THUMBNAIL_PX: Final = 512
"""Longest side of a thumbnail; smaller pictures are not enlarged."""
ENOUGH_PX: Final = 480
"""A long side at which a scaled-down decode is still good enough to be the thumbnail: an eighth of 12 megapixels."""
_JPEG_QUALITY: Final = 80
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_EMBEDDED_PX: Final = 240
_ORIENTATION: Final = 0x112


class TooLargeError(ValueError):
    """The picture has more pixels than are decoded."""


def jpeg(file: BinaryIO, orientation: int) -> tuple[bytes, str | None]:
    """Thumbnail and hash of a JPEG, decoded at the smallest scale that is large enough."""
    from PIL.JpegImagePlugin import JpegImageFile

    # Not `Image.open`: it refuses large pictures that a scaled decode handles in little memory.
    with quietly():
        image = JpegImageFile(file)
    width, height = image.size
    scale = next((s for s in (8, 4, 2) if max(width, height) // s >= ENOUGH_PX), 1)
    image.draft(None, (max(width // scale, 1), max(height // scale, 1)))
    return finished(image, orientation)


def png(file: BinaryIO, orientation: int) -> tuple[bytes, str | None]:
    """Thumbnail and hash of a PNG, decoded in full."""
    from PIL.PngImagePlugin import PngImageFile

    with quietly():
        image = PngImageFile(file)
    return finished(image, orientation)


def anything(file: BinaryIO, container: str, orientation: int, limit: int) -> tuple[bytes, str | None]:
    """Thumbnail and hash of any other format.

    Args:
        file: Open at its beginning.
        container: The format, as in `Look.format`.
        orientation: As in `Look.orientation`; not used where the decoder turns the pixels itself.
        limit: Pixels of a full decode.

    Raises:
        TooLargeError: More pixels than `limit`.
        Exception: Whatever the decoder raises.
    """
    if container in {"HEIC", "HEIF"}:
        return _heif(file, limit)
    with quietly():
        image = Image.open(file)
    if image.width * image.height > limit:
        raise TooLargeError
    if container == "AVIF":
        # Pillow states the container's own rotation here, which outranks EXIF.
        orientation = image.getexif().get(_ORIENTATION, 1)
    elif image.format == "TIFF":
        # Pillow turns a TIFF while loading it.
        orientation = 1
    return finished(image, orientation)


def _heif(file: BinaryIO, limit: int) -> tuple[bytes, str | None]:
    """HEIC from the thumbnail that phones embed, else in full; libheif turns the pixels."""
    from pillow_heif import HeifImageFile

    image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    image.draft("RGB", (_EMBEDDED_PX, _EMBEDDED_PX))
    if image.width * image.height > limit:
        raise TooLargeError
    return finished(image, 1)


def finished(image: Image.Image, orientation: int) -> tuple[bytes, str | None]:
    """The JPEG thumbnail and the perceptual hash of an opened image that is to be turned by `orientation`."""
    image.load()
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode == "P" and isinstance(image.info.get("transparency"), bytes):
        # straight to RGB Pillow would complain on the terminal
        image = image.convert("RGBA")
    if image.mode not in {"L", "RGB"}:
        image = image.convert("RGB")
    if max(image.size) > THUMBNAIL_PX:
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BILINEAR)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    written = io.BytesIO()
    Image.Image.save(image, written, "JPEG", quality=_JPEG_QUALITY)
    return written.getvalue(), perceptual_hash(image)
