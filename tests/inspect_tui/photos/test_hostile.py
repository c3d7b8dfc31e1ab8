"""Files made to break a reader: bounded time, bounded memory, never an exception."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tui.photos.bounded import BoundedFile, OverBudgetError
from inspect_tui.photos.look import look
from inspect_tui.photos.pixels import picture
from inspect_tui.texts import Refused
from tests.inspect_tui.photos import builders as make

SECONDS = 2.0


def examined(path: Path) -> set[str]:
    """The warnings on a file, found within the time allowed."""
    began = time.monotonic()
    seen, decoded = picture(path)
    assert time.monotonic() - began < SECONDS
    return {warning.code for warning in seen.warnings + decoded.warnings}


def looping() -> bytes:
    """Directories that point at each other."""
    block = bytearray(make.tiff({0x112: make.short(1)}, {0x9003: make.text("x")}, {1: make.text("N")}))
    return bytes(block).replace(struct.pack(">HHI", 0x8825, 4, 1) + block[8 + 2 + 12 * 2 + 8 :][:4], b"")


def chained_directories() -> bytes:
    """A chain of directories, each with the largest possible number of entries."""
    directory = struct.pack(">H", 0xFFFF) + struct.pack(">HHII", 0x8825, 4, 1, 8) * 300
    return b"MM\x00*\x00\x00\x00\x08" + directory


def heavy_tags() -> bytes:
    """Thousands of tags, each claiming most of the block as rationals."""
    count = 2000
    entries = b"".join(struct.pack(">HHII", tag, 5, 3000, 8) for tag in range(count))
    return b"MM\x00*\x00\x00\x00\x08" + struct.pack(">H", count) + entries + bytes(4)


def zlib_bomb() -> bytes:
    """Eight profiles that unpack to a gigabyte each."""
    packed = zlib.compressobj(9)
    bomb = packed.compress(bytes(1 << 26)) + packed.flush()
    return make.png(*[make.chunk(b"zTXt", b"Raw profile type exif\x00\x00" + bomb)] * 12)


def endless_extents() -> bytes:
    """An item table that claims billions of extents of no size."""
    iloc = make.box(
        b"iloc", struct.pack(">BBHBBH", 1, 0, 0, 0, 0, 0xFFFF) + struct.pack(">HHHH", 1, 0, 0, 0xFFFF) * 50
    )
    iinf = make.box(b"iinf", struct.pack(">IH", 0, 0))
    meta = make.box(b"meta", bytes(4) + iinf + iloc)
    return make.box(b"ftyp", b"heic\x00\x00\x00\x00mif1heic") + meta


HOSTILE = {
    "loop.jpg": make.jpeg(looping()),
    "chain.jpg": make.jpeg(chained_directories()),
    "chain.tif": chained_directories() + bytes(1 << 20),
    "heavy.jpg": make.jpeg(heavy_tags()),
    "heavy.tif": heavy_tags() + bytes(4 << 20),
    "heavy.png": make.png(*[make.chunk(b"eXIf", heavy_tags() + bytes(1 << 20))] * 10),
    "bomb.png": zlib_bomb(),
    "huge.png": b"\x89PNG\r\n\x1a\n" + make.chunk(b"IHDR", struct.pack(">IIBBBBB", 65536, 65536, 8, 2, 0, 0, 0)),
    "box.heic": make.box(b"ftyp", b"heic\x00\x00\x00\x00mif1") + struct.pack(">I4sQ", 1, b"meta", 1 << 62),
    "extents.heic": endless_extents(),
    "nested.heic": make.box(b"ftyp", b"crx \x00\x00\x00\x00crx ")
    + make.box(b"moov", make.box(b"uuid", bytes(16)) * 5000),
    "boxes.heic": make.box(b"ftyp", b"heic\x00\x00\x00\x00mif1") + make.box(b"meta", b"") * 100_000,
    "segments.jpg": b"\xff\xd8" + make.segment(0xDB, bytes(60_000)) * 400,
    "markers.jpg": b"\xff\xd8" + b"\xff\xe1\x00\x00" * 200_000,
    "zeros.jpg": b"\xff\xd8" + bytes(2_000_000),
    "text.xmp.jpg": make.jpeg(before=make.xmp_segment("exif:GPSLatitude=" + " " * 60_000)),
    "count.jpg": make.jpeg(make.tiff({0x10F: (make.ASCII, 0xFFFFFFFF, b"abcdefgh")}, gps=make.position())),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_time(tmp_path: Path, name: str) -> None:
    """Loops, bombs, endless counts and giant boxes end in warnings within two seconds."""
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    examined(path)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_hostile_files_need_little_memory(tmp_path: Path) -> None:
    """All of them together, in a fresh process, stay under 500 MB."""
    for name, data in HOSTILE.items():
        (tmp_path / name).write_bytes(data)
    code = (
        "import re, sys; from pathlib import Path; from inspect_tui.photos.check import check;"
        "rows = list(check([Path(sys.argv[1])]));"
        "print(len(rows), re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    rows, kilobytes = map(int, done.stdout.split())
    assert rows == len(HOSTILE)
    assert kilobytes < 500 * 1024
    assert done.stderr == ""


def test_giant_jpeg_is_not_decoded(tmp_path: Path) -> None:
    """A small file that claims 900 megapixels is called too large."""
    plain = make.saved(make.scene(), "JPEG")
    at = plain.index(b"\xff\xc0") + 5
    path = tmp_path / "giant.jpg"
    path.write_bytes(plain[:at] + struct.pack(">HH", 30_000, 30_000) + plain[at + 4 :])
    assert "too_large" in examined(path)


def test_many_scans_are_not_decoded(tmp_path: Path) -> None:
    """A progressive JPEG with thousands of scans over many pixels is called too large."""
    plain = make.saved(make.scene((4000, 3000)), "JPEG", progressive=True)
    at = plain.rindex(b"\xff\xda")
    path = tmp_path / "scans.jpg"
    path.write_bytes(plain[:at] + plain[at:-2] * 400 + plain[-2:])
    assert "too_large" in examined(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in the file system")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """A named pipe nobody writes to is refused at once."""
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(Refused):
        look(tmp_path / "pipe.jpg")


def test_folders_missing_files_and_devices_are_refused(tmp_path: Path) -> None:
    """What cannot be read at all is refused by name, in both languages."""
    for path in (tmp_path, tmp_path / "none.jpg", tmp_path / "nul\x00.jpg"):
        with pytest.raises(Refused) as refused:
            look(path)
        assert path.name in refused.value.zh
        assert path.name in refused.value.en


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_is_refused(tmp_path: Path) -> None:
    """An endless device behind a symbolic link is refused, a link to a file is followed."""
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    with pytest.raises(Refused):
        look(tmp_path / "zero.jpg")
    (tmp_path / "real.jpg").write_bytes(make.jpeg(make.good_tiff()))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    assert look(tmp_path / "link.jpg").position == make.NORTH_EAST


def test_a_bounded_file_gives_up() -> None:
    """Reading too often ends in an error instead of going on for ever."""
    file = BoundedFile(io.BytesIO(bytes(100)))

    def read_for_ever() -> None:
        while True:
            file.seek(0)
            file.read(1)

    with pytest.raises(OverBudgetError):
        read_for_ever()


def test_decoders_keep_the_terminal_clean(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A broken compressed TIFF makes libtiff complain, but not on our terminal."""
    data = bytearray(make.saved(make.scene((200, 200)), "TIFF", compression="tiff_lzw"))
    data[8:2000] = bytes(range(256)) * 7 + bytes(200)
    (tmp_path / "broken.tif").write_bytes(bytes(data))
    assert "unreadable" in examined(tmp_path / "broken.tif")
    assert capfd.readouterr() == ("", "")


VALID = {
    "jpg": make.jpeg(make.good_tiff(), before=make.xmp_segment('exif:GPSLatitude="37,0.0N"')),
    "png": make.png(make.chunk(b"eXIf", make.good_tiff())),
    "webp": make.webp(make.good_tiff()),
    "heic": make.heif(make.good_tiff()),
    "tif": make.good_tiff(),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from(sorted(VALID)))
def test_damage_is_never_an_exception(tmp_path: Path, data: st.DataObject, suffix: str) -> None:
    """Flipped, removed and inserted bytes give a look with sane values, in time."""
    raw = bytearray(VALID[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw)))
        change = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        if change == "flip" and at < len(raw):
            raw[at] = data.draw(st.integers(0, 255))
        elif change == "cut":
            del raw[at:]
        elif change == "insert":
            raw[at:at] = data.draw(st.binary(max_size=12))
        else:
            del raw[at : at + data.draw(st.integers(1, 12))]
    path = tmp_path / f"fuzz.{suffix}"
    path.write_bytes(bytes(raw))
    began = time.monotonic()
    found = look(path)
    assert time.monotonic() - began < SECONDS
    assert 1 <= found.orientation <= 8
    assert found.position is None or (abs(found.position.latitude) <= 90 and abs(found.position.longitude) <= 180)
    assert (found.position is None) == (found.position_state != "exif")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_pictures_never_raise(tmp_path: Path, data: st.DataObject) -> None:
    """A decode of damaged JPEG and PNG data ends in a thumbnail or a warning."""
    suffix = data.draw(st.sampled_from(["jpg", "png"]))
    raw = bytearray(VALID[suffix])
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(8, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"fuzz.{suffix}"
    path.write_bytes(bytes(raw))
    seen, decoded = picture(path)
    assert decoded.thumbnail or decoded.warnings or seen.kind == "other"
