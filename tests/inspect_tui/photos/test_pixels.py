"""One decode gives an upright thumbnail and a hash that recognises the picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from PIL.Image import Transpose

from inspect_tui.photos.phash import SIMILAR, hamming, perceptual_hash
from inspect_tui.photos.pixels import picture
from inspect_tui.photos.synthetic import _scene
from tests.inspect_tui.photos import builders as make

if TYPE_CHECKING:
    from pathlib import Path

STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}
"""What turns the upright picture into the one stored under each orientation."""


def corners(image: Image.Image) -> list[bool]:
    """Whether each quarter is bright: upper left, upper right, lower left, lower right."""
    grey = image.convert("L")
    width, height = grey.size
    points = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [int(grey.getpixel(point) or 0) > 190 for point in points]  # type: ignore[arg-type]


def thumbnail(path: Path) -> Image.Image:
    """The thumbnail of a file."""
    made = picture(path)[1]
    assert made.thumbnail is not None, made.warnings
    return Image.open(io.BytesIO(made.thumbnail))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF", "LZW", "AVIF", "HEIF"])
def test_pictures_come_out_upright(tmp_path: Path, container: str, orientation: int) -> None:
    """Each orientation is applied exactly once in every format, whoever applies it."""
    turn = STORED[orientation]
    upright = make.scene((640, 400))
    stored = upright if turn is None else upright.transpose(turn)
    path = tmp_path / "photo"
    if container in {"TIFF", "LZW"}:
        options: dict[str, object] = {"tiffinfo": {0x112: orientation}}
        if container == "LZW":
            options["compression"] = "tiff_lzw"
        path.write_bytes(make.saved(stored, "TIFF", **options))
    elif container == "HEIF":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        path.write_bytes(make.saved(stored, "HEIF", exif=make.tiff({0x112: make.short(orientation)})))
    else:
        exif = Image.Exif()
        exif[0x112] = orientation
        path.write_bytes(make.saved(stored, container, exif=exif.tobytes()))
    made = thumbnail(path)
    assert made.size == (512, 320)
    assert corners(made) == [True, False, False, False]


@pytest.mark.parametrize("size", [(4000, 3000), (8000, 6000), (640, 480), (30, 20), (5000, 40)])
def test_thumbnails_are_small(tmp_path: Path, size: tuple[int, int]) -> None:
    """No side is longer than 512 pixels, and small pictures are not enlarged."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(make.saved(make.scene(size), "JPEG"))
    made = thumbnail(path)
    assert max(made.size) <= 512
    assert max(made.size) >= min(max(size), 320)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_jpeg_colour_modes(tmp_path: Path, mode: str) -> None:
    """Grey and four-colour JPEGs have thumbnails too."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(make.saved(make.scene((640, 400)).convert(mode), "JPEG"))
    assert corners(thumbnail(path))[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_png_colour_modes(tmp_path: Path, mode: str) -> None:
    """Every kind of PNG has a thumbnail."""
    path = tmp_path / "photo.png"
    path.write_bytes(
        make.saved(make.scene((640, 400)).convert("L" if mode == "I;16" else mode).convert(mode), "PNG")
    )
    thumbnail(path)


def test_a_hash_survives_scaling_and_recompression() -> None:
    """A recompressed, smaller copy differs in few bits, another scene in many."""
    scene = _scene((1200, 900), "", 1, 0.05)
    copy = Image.open(io.BytesIO(make.saved(scene.resize((500, 375)), "JPEG", quality=40)))
    first, second, other = (perceptual_hash(image) for image in (scene, copy, _scene((1200, 900), "", 2, 0.05)))
    assert first
    assert second
    assert other
    assert hamming(first, second) <= SIMILAR < hamming(first, other)


def test_a_plain_picture_has_no_hash() -> None:
    """A white wall is like every other white wall, so it is compared with none."""
    assert perceptual_hash(Image.new("RGB", (400, 300), "white")) is None


def test_an_image_that_cannot_be_decoded_says_so(tmp_path: Path) -> None:
    """Damaged pixels give a warning and no thumbnail; the metadata is still there."""
    path = tmp_path / "photo.heic"
    path.write_bytes(make.heif(make.good_tiff()))
    seen, made = picture(path)
    assert seen.position == make.NORTH_EAST
    assert made.thumbnail is None
    assert [warning.code for warning in made.warnings] == ["unreadable"]


def test_a_decode_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder in its own process is ended when its time is over."""
    from inspect_tui.photos import apart

    monkeypatch.setattr(apart, "SECONDS", 0.01)
    path = tmp_path / "photo.webp"
    path.write_bytes(make.saved(make.scene(), "WEBP"))
    assert [warning.code for warning in picture(path)[1].warnings] == ["too_slow"]


def test_a_palette_with_transparency_is_drawn_without_a_word(tmp_path: Path) -> None:
    """Pillow warns of such PNGs on the terminal, where the screens are drawn."""
    image = Image.new("P", (40, 30))
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 0)])
    image.save(tmp_path / "p.png", transparency=bytes(range(256)))

    _, drawn = picture(tmp_path / "p.png")

    assert drawn.thumbnail
    assert not drawn.warnings
