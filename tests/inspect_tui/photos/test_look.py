"""Everything a real file has got wrong so far, each broken on purpose in one small file."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from inspect_tui.photos.bounded import BoundedFile
from inspect_tui.photos.look import look
from tests.inspect_tui.photos import builders as make

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.photos.model import Look


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """Look at bytes under a file name."""
    return Seen(tmp_path)


class Seen:
    """Writes bytes and looks at them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, data: bytes, name: str = "photo.jpg") -> Look:
        """The look at a file with these bytes and this name."""
        path = self._folder / name
        path.write_bytes(data)
        return look(path)


def codes(found: Look) -> set[str]:
    """The warnings' codes."""
    return {warning.code for warning in found.warnings}


def is_good(found: Look) -> bool:
    """Whether everything in `good_tiff` was read."""
    assert (found.latitude, found.longitude) == make.NORTH_EAST
    assert found.taken_at == "2026-09-01T10:20:30+08:00"
    assert found.orientation == 6
    assert found.camera == "HUAWEI P30"
    return True


BLOCK = make.good_tiff()


@pytest.mark.parametrize(
    ("data", "name", "container"),
    [
        (make.jpeg(BLOCK), "a.jpg", "JPEG"),
        (make.jpeg(BLOCK, before=make.segment(0xE7, bytes(40_000)) * 3), "huawei p30.jpg", "JPEG"),
        (make.jpeg(BLOCK, before=b"\xff\xff\xff"), "fill bytes.jpg", "JPEG"),
        (make.jpeg(BLOCK)[: len(BLOCK) + 30], "cut after exif.jpg", "JPEG"),
        (make.png(make.chunk(b"eXIf", BLOCK)), "a.png", "PNG"),
        (make.png(make.chunk(b"eXIf", b"Exif\x00\x00" + BLOCK, good=False)), "prefix.png", "PNG"),
        (
            make.png(make.chunk(b"\xe9\xe9\xe9\xe9", b""), make.chunk(b"eXIf", BLOCK), end=False),
            "broken.png",
            "PNG",
        ),
        (
            make.png(
                make.chunk(
                    b"zTXt", b"Raw profile type exif\x00\x00" + zlib.compress(make.hexadecimal_profile(BLOCK))
                )
            ),
            "legacy.png",
            "PNG",
        ),
        (
            make.png(
                make.chunk(b"tEXt", b"Raw profile type APP1\x00" + make.hexadecimal_profile(BLOCK, "generic"))
            ),
            "legacy app1.png",
            "PNG",
        ),
        (
            make.png(
                make.chunk(b"iTXt", b"Raw profile type exif\x00\x00\x00\x00\x00" + make.hexadecimal_profile(BLOCK))
            ),
            "legacy itxt.png",
            "PNG",
        ),
        (make.webp(BLOCK), "a.webp", "WEBP"),
        (make.webp(b"Exif\x00\x00" + BLOCK), "prefix.webp", "WEBP"),
        (make.webp(BLOCK, padded=False), "unpadded.webp", "WEBP"),
        (make.heif(BLOCK), "a.heic", "HEIC"),
        (make.heif(BLOCK, in_idat=True), "idat.heic", "HEIC"),
        (make.heif(BLOCK, brand=b"avif"), "a.avif", "AVIF"),
        (make.heif(BLOCK, brand=b"msf1"), "a.hif", "HEIF"),
        (BLOCK, "a.tif", "TIFF"),
        (
            make.cr3(
                make.tiff({0x10F: make.text("HUAWEI"), 0x110: make.text("HUAWEI P30"), 0x112: make.short(6)}),
                make.tiff({0x9003: make.text("2026:09:01 10:20:30"), 0x9011: make.text("+08:00")}),
                make.tiff(make.position()),
            ),
            "a.cr3",
            "CR3",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exif_is_found_wherever_writers_put_it(seen: Seen, data: bytes, name: str, container: str) -> None:
    """Position, time, orientation and camera are read from every container, whole or damaged around them."""
    found = seen(data, name)
    assert found.format == container
    assert found.kind == "image"
    assert is_good(found)


def test_big_tiff(seen: Seen) -> None:
    """The directories of a BigTIFF are read too."""
    image = make.scene()
    data = make.saved(image, "TIFF", tiffinfo={0x10F: "HUAWEI", 0x112: 6}, big_tiff=True)
    found = seen(data, "a.tif")
    assert (found.camera, found.orientation) == ("HUAWEI", 6)


def test_exif_survives_broken_segments(seen: Seen) -> None:
    """An EXIF block behind a segment with a nonsense length is still found."""
    data = b"\xff\xd8\xff\xe5\x00\x00" + b"\x01" * 70_000 + make.segment(0xE1, b"Exif\x00\x00" + BLOCK)
    assert is_good(seen(data))


@pytest.mark.parametrize(
    ("gps", "state"),
    [
        ({}, "missing"),
        ({2: make.rationals((0, 0), (0, 0), (0, 0)), 4: make.rationals((0, 0), (0, 0), (0, 0))}, "missing"),
        (
            {
                **make.position(),
                2: make.rationals((0, 1), (0, 1), (0, 1)),
                4: make.rationals((0, 1), (0, 1), (0, 1)),
            },
            "missing",
        ),
        ({2: make.degrees(37.5), 4: make.degrees(111.1)}, "invalid"),
        ({**make.position(), 1: make.text("")}, "invalid"),
        ({**make.position(), 1: make.text("E")}, "invalid"),
        ({**make.position(), 2: make.rationals((37, 1), (31, 1), (0, 0))}, "invalid"),
        ({**make.position(), 2: make.rationals((37, 1), (31, 1), (595404, 1))}, "invalid"),
        ({**make.position(), 2: make.rationals((37, 1), (60, 1), (0, 1))}, "invalid"),
        ({**make.position(), 2: make.rationals((90, 1), (0, 1), (1, 1))}, "invalid"),
        ({**make.position(), 4: make.rationals((180, 1), (0, 1), (1, 1))}, "invalid"),
        ({**make.position(), 4: make.rationals((4294967295, 1))}, "invalid"),
        ({**make.position(), 2: make.rationals(*[(37, 1)] * 8)}, "invalid"),
        ({**make.position(), 2: make.text("somewhere")}, "invalid"),
        ({1: make.text("N"), 2: make.degrees(37.5)}, "invalid"),
    ],
)
def test_a_doubtful_position_is_no_position(seen: Seen, gps: dict[int, make.Entry], state: str) -> None:
    """Missing hemispheres, zeros, impossible numbers and wrong shapes never become coordinates."""
    found = seen(make.jpeg(make.tiff(gps=gps)))
    assert found.position is None
    assert found.position_state == state
    assert f"position_{state}" in codes(found)


@pytest.mark.parametrize(("latitude", "longitude"), [(37.5, 111.1), (-33.9, 18.4), (37.8, -122.5), (-33.4, -70.6)])
def test_all_four_quarters_of_the_earth(seen: Seen, latitude: float, longitude: float) -> None:
    """North, south, east and west give the right signs."""
    found = seen(make.jpeg(make.tiff(gps=make.position(latitude, longitude))))
    assert (found.latitude, found.longitude) == (latitude, longitude)


def test_coordinates_written_as_text_are_read_and_named(seen: Seen) -> None:
    """Degrees, minutes and seconds with decimal commas are understood as such, with a warning."""
    gps = {
        **make.position(),
        2: make.text("52,00000,50,00000,34,01180"),
        4: make.text("11,00000,10,00000,58,28360"),
    }
    found = seen(make.jpeg(make.tiff(gps=gps)))
    assert (found.latitude, found.longitude) == (52.842781, 11.182857)
    assert "position_text" in codes(found)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("37,31.44N", "111,8.7E", make.NORTH_EAST),
        ("37,31,26.4N", "111,8,42E", make.NORTH_EAST),
        ("0,4.216S", "34,22.9W", (-0.070267, -34.381667)),
        ("37,31.44", "111,8.7", make.NORTH_EAST),
        ("37,99.0N", "111,8.7E", None),
        ("91,0.0N", "111,8.7E", None),
        ("37,31.44E", "111,8.7N", None),
    ],
)
def test_position_in_xmp_only(
    seen: Seen, latitude: str, longitude: str, expected: tuple[float, float] | None
) -> None:
    """XMP stands in where EXIF has no position, under the same rules, and is named as the source."""
    packet = make.xmp_segment(f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="{longitude}"')
    found = seen(make.jpeg(before=packet))
    assert found.position == expected
    assert found.position_source == ("xmp" if expected else None)
    assert ("position_unsigned" in codes(found)) == (latitude == "37,31.44")


def test_exif_outranks_xmp(seen: Seen) -> None:
    """Where both have a position, EXIF's counts and a difference is named."""
    packet = make.xmp_segment('exif:GPSLatitude="37,0.0N" exif:GPSLongitude="111,0.0E"')
    found = seen(make.jpeg(BLOCK, before=packet))
    assert found.position == make.NORTH_EAST
    assert "position_conflict" in codes(found)


@pytest.mark.parametrize(
    ("altitude", "reference", "expected"),
    [
        (make.rationals((9421, 10)), (make.BYTE, 1, b"\x00"), 942.1),
        (make.rationals((50, 1)), (make.BYTE, 1, b"\x01"), -50.0),
        (make.rationals((50, 1)), None, 50.0),
        (make.rationals((4294967284, 1)), None, None),
        (make.rationals((0, 0)), None, None),
        (make.rationals((230, 1), (0, 1), (0, 1)), None, None),
    ],
)
def test_altitude(seen: Seen, altitude: make.Entry, reference: make.Entry | None, expected: float | None) -> None:
    """Metres with their sign, or nothing."""
    gps = {**make.position(), 6: altitude}
    if reference:
        gps[5] = reference
    assert seen(make.jpeg(make.tiff(gps=gps))).altitude == expected


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        ({0x9003: make.text("2026:09:01 10:20:30")}, "2026-09-01T10:20:30"),
        ({0x9003: make.text("2026:09:01 10:20:30"), 0x9011: make.text("+05:30")}, "2026-09-01T10:20:30+05:30"),
        ({0x9003: make.text("2026:09:01 10:20:30"), 0x9011: make.text("xx")}, "2026-09-01T10:20:30"),
        ({0x9003: make.text("2026:09:01 10:20:30"), 0x9010: make.text("+08:00")}, "2026-09-01T10:20:30"),
        ({0x9003: make.text("2026:09:01 10:20:30"), 0x9291: make.text("978")}, "2026-09-01T10:20:30.978"),
        ({0x9003: make.text("2026:09:01 10:20:30.978")}, "2026-09-01T10:20:30.978"),
        ({0x9003: make.text("0000:00:00 00:00:00")}, None),
        ({0x9003: make.text("    :  :     :  :  ")}, None),
        ({0x9003: make.text("Yesterday at noon")}, None),
        ({0x9003: make.text("2026:02:30 10:20:30")}, None),
        ({0x9004: make.text("2026:09:01 10:20:30")}, None),
    ],
)
def test_time_of_exposure(seen: Seen, exif: dict[int, make.Entry], expected: str | None) -> None:
    """The time comes with the zone that belongs to it or none; what is no time, or another time, is left out."""
    found = seen(make.jpeg(make.tiff(exif=exif)))
    assert found.taken_at == expected
    assert bool(codes(found) & {"time_invalid", "time_missing"}) == (expected is None)


@pytest.mark.parametrize(
    ("date", "clock", "expected"),
    [
        ("2026:09:01", ((2, 1), (20, 1), (30, 1)), "2026-09-01T02:20:30Z"),
        ("2014:09:259", ((2, 1), (20, 1), (30, 1)), None),
        ("1999:99:99", ((2, 1), (20, 1), (30, 1)), None),
        ("0000:00:00", ((0, 1), (0, 1), (0, 1)), None),
        ("2026:09:01", ((25, 1), (20, 1), (30, 1)), None),
        ("2026:09:01", ((0, 0), (0, 0), (0, 0)), None),
    ],
)
def test_gps_time(seen: Seen, date: str, clock: tuple[tuple[int, int], ...], expected: str | None) -> None:
    """Satellite time needs a real date and a real time of day."""
    gps = {**make.position(), 7: make.rationals(*clock), 0x1D: make.text(date)}
    assert seen(make.jpeg(make.tiff(gps=gps))).gps_time == expected


@pytest.mark.parametrize(
    ("taken", "offset", "off"),
    [
        ("2026:09:01 10:20:30", "+08:00", False),
        ("2026:09:01 10:50:30", "+08:00", True),
        ("2026:09:01 10:21:30", None, False),
        ("2026:09:02 10:20:30", None, True),
        ("2026:09:01 10:28:00", None, True),
    ],
)
def test_clock_against_satellites(seen: Seen, taken: str, offset: str | None, off: bool) -> None:
    """A clock that no time zone can explain is named."""
    exif = {0x9003: make.text(taken)} | ({0x9011: make.text(offset)} if offset else {})
    gps = {**make.position(), 7: make.rationals((2, 1), (20, 1), (30, 1)), 0x1D: make.text("2026:09:01")}
    assert ("clock_off" in codes(seen(make.jpeg(make.tiff(exif=exif, gps=gps))))) == off


@pytest.mark.parametrize(("stated", "expected"), [(0, 1), (1, 1), (3, 3), (8, 8), (9, 1), (51713, 1)])
def test_orientation_is_one_of_eight(seen: Seen, stated: int, expected: int) -> None:
    """Anything outside 1 to 8 counts as 1."""
    assert seen(make.jpeg(make.tiff({0x112: make.short(stated)}))).orientation == expected


@pytest.mark.parametrize(
    ("make_tag", "model", "expected"),
    [
        (b"Canon\x00\x00junk", b"Canon EOS R6   ", "Canon EOS R6"),
        (b"HUAWEI  ", b"ELE-L29", "HUAWEI ELE-L29"),
        ("华为".encode(), b"P30", "华为 P30"),
        ("华为".encode("gb18030"), b"", "华为"),
        (b"", b"  ", None),
        (b"a\x1b[31mb", b"", "a [31mb"),
    ],
)
def test_camera_name(seen: Seen, make_tag: bytes, model: bytes, expected: str | None) -> None:
    """Names are trimmed, decoded as what they are, and free of control characters."""
    assert seen(make.jpeg(make.tiff({0x10F: make.text(make_tag), 0x110: make.text(model)}))).camera == expected


def test_readers_that_disagree_are_not_believed(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two different positions or times from two readers give none, and say so."""
    from inspect_tui.photos import exif

    other = make.tiff({}, {0x9003: make.text("2020:01:01 00:00:00")}, make.position(10, 20))
    genuine = exif._by_exifread
    monkeypatch.setattr(exif, "_by_exifread", lambda _: genuine(BoundedFile(io.BytesIO(other))))
    found = seen(make.jpeg(BLOCK))
    assert found.position is None
    assert found.position_state == "invalid"
    assert found.taken_at is None
    assert "readers_disagree" in codes(found)


@pytest.mark.parametrize("broken", ["_by_pillow", "_by_exifread"])
def test_one_reader_is_enough(seen: Seen, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """When either reader fails, the other one's answers stand."""
    from inspect_tui.photos import exif

    def fails(_: object) -> exif.RawExif:
        raise AssertionError("broken file")

    monkeypatch.setattr(exif, broken, fails)
    assert is_good(seen(make.jpeg(BLOCK)))


def test_names_lie(seen: Seen) -> None:
    """The format comes from the bytes; a name that promises another one is named."""
    found = seen(make.png(), "photo.jpg")
    assert (found.format, found.media_type) == ("PNG", "image/png")
    assert "extension_mismatch" in codes(found)


@pytest.mark.parametrize(
    ("data", "name", "media_type", "expected"),
    [
        (b"", "zero.jpg", "application/octet-stream", {"empty", "unreadable"}),
        (b"not an image", "text.jpg", "application/octet-stream", {"unreadable"}),
        (b"%PDF-1.7\n", "letter.pdf", "application/pdf", set()),
        (make.box(b"ftyp", b"isom\x00\x00\x00\x00isommp41"), "film.mp4", "video/mp4", set()),
        (b"plain", "notes.txt", "text/plain", set()),
    ],
)
def test_other_files_are_evidence_too(
    seen: Seen, data: bytes, name: str, media_type: str, expected: set[str]
) -> None:
    """What is no image is kept by hash and type; only a name that promised one is warned about."""
    found = seen(data, name)
    assert found.kind == "other"
    assert found.media_type == media_type
    assert codes(found) == expected


@pytest.mark.parametrize(
    ("name", "software", "expected"),
    [
        ("mmexport1693456789012.jpg", None, "not_original"),
        ("微信图片_20260901102030.jpg", None, "not_original"),
        ("QQ图片20260901.jpg", None, "not_original"),
        ("IMG-20260901-WA0007.jpg", None, "not_original"),
        ("IMG_0001.jpg", "今日水印相机", "not_original"),
        ("IMG_0001.jpg", "Adobe Photoshop 25.0 (Windows)", "edited"),
        ("IMG_0001.jpg", "美图秀秀", "edited"),
        ("IMG_0001.jpg", "ELE-L29 10.1.0.162(C431E22R2P5)", None),
    ],
)
def test_copies_and_edits_are_named(seen: Seen, name: str, software: str | None, expected: str | None) -> None:
    """Chat copies, watermark cameras and editors are recognised; a camera's own firmware is not."""
    block = make.tiff({0x131: make.text(software)} if software else {0x112: make.short(1)})
    assert codes(seen(make.jpeg(block), name)) & {"edited", "not_original"} == ({expected} if expected else set())


def test_a_chat_programmes_size_without_exif_is_named(seen: Seen) -> None:
    """A JPEG without any data in a size that chat programmes scale to is doubted, another size is not."""
    chat = make.saved(make.scene((1080, 1440)), "JPEG")
    own = make.saved(make.scene((4000, 3000)), "JPEG")
    assert "not_original" in codes(seen(chat))
    assert "not_original" not in codes(seen(own))


def test_truncation_is_named(seen: Seen) -> None:
    """A file whose end is missing says so, whole ones do not."""
    for data, name in ((make.jpeg(BLOCK), "a.jpg"), (make.png(), "a.png"), (make.webp(BLOCK), "a.webp")):
        assert "truncated" not in codes(seen(data, name))
        assert "truncated" in codes(seen(data[:-12], name))


def test_size_as_stored(seen: Seen) -> None:
    """Width and height are those of the stored pixels, whatever the orientation."""
    for data, name in ((make.jpeg(BLOCK), "a.jpg"), (make.png(), "a.png"), (make.webp(BLOCK), "a.webp")):
        found = seen(data, name)
        assert (found.width, found.height) == (64, 48)
    found = seen(make.heif(BLOCK), "a.heic")
    assert (found.width, found.height) == (400, 300)
    turned = make.saved(make.scene(), "TIFF", tiffinfo={0x112: 6})
    found = seen(turned, "a.tif")
    assert (found.width, found.height, found.orientation) == (64, 48, 6)


def test_iptc_time_with_its_zone(seen: Seen) -> None:
    """Where neither EXIF nor XMP has a time, the IPTC creation time counts."""
    datasets = b"".join(
        b"\x1c\x02" + bytes((number,)) + struct.pack(">H", len(value)) + value
        for number, value in ((55, b"20220110"), (60, b"151544-0400"))
    )
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(datasets)) + datasets
    found = seen(make.jpeg(before=make.segment(0xED, b"Photoshop 3.0\x00" + resource)))
    assert found.taken_at == "2022-01-10T15:15:44-04:00"
    assert found.taken_at_offset_source == "iptc"


def test_flir_time(seen: Seen) -> None:
    """A thermal camera's own record gives the time when EXIF has none."""
    record = bytearray(1000)
    record[:2] = b"\x02\x00"
    record[900:910] = struct.pack("<IIh", 1467055782, 41, 240)
    index = struct.pack(">HHIII", 0x20, 0, 0, 64 + 32, len(record)).ljust(32, b"\x00")
    head = b"FFF\x00".ljust(0x14, b"\x00") + struct.pack(">III", 101, 64, 1)
    body = b"FLIR\x00\x01\x00\x00" + head.ljust(64, b"\x00") + index + bytes(record)
    # The record's place in the index follows kind, subkind, version and number.
    body = body.replace(index, struct.pack(">HHIIII", 0x20, 0, 0, 0, 96, len(record)).ljust(32, b"\x00"))
    found = seen(make.jpeg(before=make.segment(0xE1, body)))
    assert found.taken_at == "2016-06-27T15:29:42.041-04:00"


def test_multi_picture_jpegs_are_jpegs(seen: Seen) -> None:
    """An MPO, as many phones write, is a JPEG."""
    second = Image.new("RGB", (64, 48), "red")
    found = seen(make.saved(make.scene(), "MPO", save_all=True, append_images=[second]), "a.jpg")
    assert found.format == "JPEG"
    assert "extension_mismatch" not in codes(found)
