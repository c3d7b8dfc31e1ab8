"""One bounded decode of a photo for its thumbnail and its perceptual hash.

JPEG and PNG are decoded here, from a file that stops answering when the time is over; every other format apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from inspect_tui.photos import apart, render
from inspect_tui.photos.bounded import OverBudgetError, SplicedFile, opened
from inspect_tui.photos.look import look_at
from inspect_tui.photos.model import Look, Picture
from inspect_tui.photos.warning_texts import warn

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.photos.containers.found import Found

_SECONDS: Final = 1.0
_JPEG_PIXELS: Final = 300_000_000
"""A scaled decode keeps only a row of blocks; the limit is time."""
_PROGRESSIVE_PIXELS: Final = 50_000_000
"""A progressive JPEG is held whole as coefficients, up to 6 bytes a pixel."""
_PROGRESSIVE_WORK: Final = 600_000_000
"""Pixels times scans: each scan may touch every block again."""
_PNG_PIXELS: Final = 50_000_000
_NOT_TRIED: Final = frozenset({"CR3", "JXL", "RAF", "PSD", "RW2", "ORF"})
_RAW: Final = _NOT_TRIED | {"DNG", "CR2", "NEF", "NRW", "ARW", "SR2", "PEF", "SRW"}
"""Formats of which a preview is more than can be asked; its absence says nothing about the file."""


def picture(path: Path) -> tuple[Look, Picture]:
    """Look at the file at `path` and decode it if it is an image.

    Raises:
        Refused: It cannot be read at all.
    """
    with opened(path) as file:
        look, found = look_at(file, path.name)
        return look, picture_of(file, look, found)


def picture_of(file: BinaryIO, look: Look, found: Found) -> Picture:
    """The thumbnail and hash of an open file, or the warning why there is none."""
    if look.kind != "image":
        return Picture()
    if look.format in _NOT_TRIED:
        return Picture(warnings=(warn("no_preview", format=look.format),))
    try:
        thumbnail, phash = _decode(file, look, found)
    except (render.TooLargeError, apart.DecodeTooLargeError, MemoryError):
        return Picture(warnings=(warn("too_large", width=look.width or "?", height=look.height or "?"),))
    except (OverBudgetError, apart.DecodeTooSlowError):
        return Picture(warnings=(warn("too_slow"),))
    except Exception:  # noqa: BLE001  decoders raise nearly anything on a damaged file
        if look.format in _RAW:
            return Picture(warnings=(warn("no_preview", format=look.format),))
        return Picture(warnings=(warn("unreadable"),))
    return Picture(thumbnail=thumbnail, phash=phash)


def _decode(file: BinaryIO, look: Look, found: Found) -> tuple[bytes, str | None]:
    pixels = (look.width or 0) * (look.height or 0)
    if look.format == "JPEG" and found.picture_head is not None:
        if pixels > _JPEG_PIXELS or (
            found.progressive and (pixels > _PROGRESSIVE_PIXELS or pixels * found.scans > _PROGRESSIVE_WORK)
        ):
            raise render.TooLargeError
        spliced = SplicedFile(file, head=found.picture_head, start=found.picture_at, seconds=_SECONDS)
        return render.jpeg(spliced, look.orientation)  # type: ignore[arg-type]
    if look.format == "PNG":
        if pixels > _PNG_PIXELS:
            raise render.TooLargeError
        return render.png(SplicedFile(file, head=b"", start=0, seconds=_SECONDS), look.orientation)  # type: ignore[arg-type]
    return apart.decode_apart(file, look.format or "", look.orientation)
