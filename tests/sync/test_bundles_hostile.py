"""A bundle from a stranger's stick: refused in one sentence, in bounded memory, before anything is taken."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync.bundles.frames import (
    CHUNK,
    DATA,
    END,
    FAMILY,
    HEADER,
    MAGIC,
    MAX_ENTRIES,
    MAX_FRAME,
    MAX_RATIO,
    Packer,
    PhotoHead,
    Unpacker,
)
from sync.bundles.parts import find_parts
from sync.bundles.peer import open_bundle
from sync.bundles.seal import MAX_AGE_HEADER, Opened, address, read_address, seal
from sync.bundles.survey import survey
from sync.changeset import Entry
from sync.errors import BundleError, SyncError
from tests.sync.bundling import make, stream, take
from tests.sync.support import FOREIGN_ROOT, Author, Team, change, device, dump, entries, note

if TYPE_CHECKING:
    from pathlib import Path

ZERO = hashlib.sha256(b"").hexdigest()


def on_stick(folder: Path, data: bytes) -> Path:
    """A plain bundle with these bytes."""
    path = folder / "x.itb"
    path.write_bytes(data)
    return path


def refused(data: bytes) -> BundleError:
    """What is said of a stream that must be refused."""
    with pytest.raises(BundleError) as caught:
        survey(io.BytesIO(data))
    assert caught.value.zh.endswith("。")
    return caught.value


def frame(
    kind: bytes, payload: bytes, *, codec: int = 0, stored: int | None = None, length: int | None = None
) -> bytes:
    """A frame that may lie."""
    said = len(payload)
    return (
        struct.pack(">cBII", kind, codec, said if stored is None else stored, said if length is None else length)
        + payload
    )


def test_a_stream_made_by_hand_is_whole() -> None:
    """The helper makes what the reader takes, so that each refusal below is for its own reason."""
    head = PhotoHead(hashlib.sha256(b"abc").hexdigest(), 3)
    found = survey(
        io.BytesIO(stream(device("a"), [Author(device("a")).say(change("x", {"title": "1"}))], [(head, b"abc")]))
    )
    assert (found.changesets, found.photos) == (1, {head.sha256: 3})


@pytest.mark.parametrize("size", range(0, 2000, 97))
def test_cut_off_anywhere_it_is_refused(size: int) -> None:
    """Never half of it."""
    data = stream(device("a"), [Author(device("a")).say(change("x", {"title": "1"}))])
    refused(data[: min(size, len(data) - 1)])


def test_what_follows_the_end_is_refused() -> None:
    """Not one byte."""
    refused(stream(device("a")) + b"\0")


def test_a_newer_format_says_upgrade() -> None:
    """Known by its first line."""
    assert "升级" in refused(FAMILY + b"2\n" + bytes(100)).zh


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """Ratio, declared length and real length are all bounded."""
    zeros = zstandard.ZstdCompressor().compress(bytes(MAX_FRAME))
    assert len(zeros) * MAX_RATIO < MAX_FRAME
    assert "packing" in refused(MAGIC + frame(HEADER, zeros, codec=1, length=MAX_FRAME)).en
    for lie in (len(zeros) * MAX_RATIO, len(zeros) + 1):
        assert "lies about its length" in refused(MAGIC + frame(HEADER, zeros, codec=1, length=lie)).en
    unknown = zstandard.ZstdCompressor(write_content_size=False).compress(os.urandom(50) * 20)
    refused(MAGIC + frame(HEADER, unknown, codec=1, length=1000))


def test_more_changesets_than_a_frame_may_hold_are_refused() -> None:
    """A megabyte of empty ones would be a hundred megabytes of objects."""
    whole = stream(device("a"))
    head = whole[: -len(Packer().end(0, 0, 0))]
    for count in (1, MAX_ENTRIES + 1):
        payload = msgpack([Entry(b"", b"")] * count)
        said = refused(head + frame(b"L", payload) + Packer().end(count, 0, 0)).en
        assert ("cannot be read" in said) == (count > 1)


def test_huge_lengths_are_refused_without_reading_them() -> None:
    """Four gigabytes announced take no memory."""
    refused(MAGIC + frame(HEADER, b"x", stored=2**32 - 1, length=2**32 - 1))
    refused(MAGIC + frame(HEADER, b"x", codec=1, length=2**32 - 1))
    refused(MAGIC + frame(HEADER, b"x", codec=7))


def test_what_shrinks_too_well_is_written_as_it_is() -> None:
    """The writer never makes what the reader refuses."""
    made = Packer().frame(b"L", bytes(CHUNK))
    assert len(made) > CHUNK
    assert len(Packer().frame(b"L", os.urandom(1000) * 50)) < 10_000


def test_frames_in_another_order_are_refused() -> None:
    """Photos before changesets, no header, two headers, data without a photo, an end frame that is large."""
    whole = stream(device("a"))
    head = whole[len(MAGIC) : -len(Packer().end(0, 0, 0))]
    for odd in (
        MAGIC + frame(DATA, b"x"),
        MAGIC + frame(END, b""),
        MAGIC + head + head,
        MAGIC + head + frame(DATA, b"x"),
        MAGIC + head + frame(b" ", b""),
        MAGIC + head + frame(END, bytes(300)),
        MAGIC + head + frame(END, b"\xc0"),
    ):
        refused(odd)


def photo_of(data: bytes, size: int | None = None) -> tuple[PhotoHead, bytes]:
    """A photo that may lie about its size."""
    return PhotoHead(hashlib.sha256(data).hexdigest(), len(data) if size is None else size), data


def test_photos_that_lie_are_refused() -> None:
    """Longer, shorter, other bytes, doubled, out of order."""
    one, two = sorted([photo_of(b"one"), photo_of(b"two")], key=lambda pair: pair[0].sha256)
    survey(io.BytesIO(stream(device("a"), (), [one, two])))
    survey(io.BytesIO(stream(device("a"), (), [photo_of(b"")])))
    for wrong in ([photo_of(b"one", 4)], [photo_of(b"one", 2)], [(one[0], b"xxx")], [one, one], [two, one]):
        refused(stream(device("a"), (), wrong))


def test_counts_that_do_not_hold_are_refused() -> None:
    """Of the header as of the end."""
    refused(stream(device("a"), changesets=1))
    refused(stream(device("a"), photos=1))
    refused(stream(device("a"), photo_bytes=7))


def test_a_header_signed_by_somebody_else_is_refused() -> None:
    """Or that names another device or team than its certificate."""
    refused(stream(device("a"), device="0" * 20))
    refused(stream(device("a"), team="0" * 32))


def test_forged_changesets_are_refused_one_by_one_and_the_rest_comes_in(team: Team, tmp_path: Path) -> None:
    """What another key signed, and what is no changeset at all, is named; what is true is taken."""
    there = team.replica("there")
    author, forger = Author(device("a")), Author(device("b"))
    true = author.say(change("x", {"title": "1"}))
    forged = forger.say(change("y", {"title": "2"}), key=device("c").key)
    path = on_stick(tmp_path, stream(device("a"), [true, forged, Entry(b"{}", bytes(64)), Entry(b"", b"")]))
    done = take(there, path)
    assert (done.received.appended, len(done.received.refused)) == (1, 3)


def test_chains_with_odd_names_reach_nobody(team: Team, tmp_path: Path) -> None:
    """Places that are no area and no device are left to the door."""
    there = team.replica("there")
    body = b'{"changes":[],"header":{"area":"../../x","device":"a:b:c","prev":null,"seq":1,"time":0}}'
    with open_bundle(on_stick(tmp_path, stream(device("a"), [Entry(body, bytes(64))])), None) as peer:
        assert peer.heads() == {}
    assert take(there, tmp_path / "x.itb").received.appended == 0


def test_heads_that_are_only_claimed_are_not_adopted(team: Team, tmp_path: Path) -> None:
    """A stranger's header may claim any heads; adopted are those that it shows."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    there = team.replica("there")
    note(stranger, "a", title="x")
    note(stranger, "b", title="x")
    shown = entries(stranger)
    path = on_stick(tmp_path, stream(device("stranger", root=FOREIGN_ROOT), shown[:1]))
    take(there, path, trust=lambda _: True)
    assert there.adopted_heads()[stranger.team] == {
        "141102": [
            f"{device('stranger', root=FOREIGN_ROOT).device}:1:{hashlib.sha256(shown[0].body).hexdigest()[:32]}"
        ]
    }


@pytest.mark.parametrize("data", [b"", b"\n", b"PK\x03\x04" + bytes(100), b"age-encryption.org/v1\n", bytes(1000)])
def test_a_file_that_is_none_is_refused(team: Team, tmp_path: Path, data: bytes) -> None:
    """Empty, a ZIP, an age file without an end to its header, zeros."""
    with pytest.raises(BundleError) as caught:
        take(team.replica("there"), on_stick(tmp_path, data))
    assert "x.itb" in caught.value.zh


def test_age_headers_that_cost_too_much_are_refused(team: Team, tmp_path: Path) -> None:
    """A passphrase of any work factor is never tried; an endless header is not parsed."""
    identity = device("there")
    for data in (
        b"age-encryption.org/v1\n-> scrypt rF0/NwblUHHTpgQgRpe5CQ 63\nx\n--- y\n",
        b"age-encryption.org/v1\n" + b"-> X25519 abc\ndef\n" * (MAX_AGE_HEADER // 10),
    ):
        with pytest.raises(BundleError):
            Opened(io.BytesIO(data), identity)


def test_links_and_pipes_are_not_followed(team: Team, tmp_path: Path) -> None:
    """A part that is a link to something else, or a pipe that never ends."""
    there = team.replica("there")
    secret = on_stick(tmp_path, stream(device("a")))
    link = tmp_path / "link.itb"
    link.symlink_to(secret)
    with pytest.raises(BundleError):
        take(there, link)
    os.mkfifo(tmp_path / "pipe.itb")
    with pytest.raises(BundleError):
        take(there, tmp_path / "pipe.itb")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"bundle":"' + b"0" * 32 + b'","sealed":true,"parts":[]}',
        b'{"bundle":"../../../etc/passwd","sealed":true,"parts":[[1,"' + b"0" * 64 + b'"]]}',
        b'{"bundle":"' + b"0" * 32 + b'","sealed":true,"parts":[[-1,"' + b"0" * 64 + b'"]]}',
        b'{"bundle":"' + b"0" * 32 + b'","sealed":true,"parts":[[1,"../x"]]}',
        b'{"bundle":"' + b"0" * 32 + b'","sealed":false,"parts":[[7,"' + b"0" * 64 + b'"]]}',
    ],
)
def test_a_manifest_that_lies_is_refused(tmp_path: Path, text: bytes) -> None:
    """Whatever stands in it; no path is made of it."""
    path = on_stick(tmp_path, stream(device("a")))
    (tmp_path / "x.manifest.json").write_bytes(text)
    with pytest.raises(BundleError):
        find_parts(path)


def test_addresses_that_are_none_are_refused() -> None:
    """Typed wrongly, or with something that would reach further."""
    own = address(device("a").key.public)
    assert read_address(f"  {own} 甲@vm \n") == own
    for wrong in ("", "ssh-ed25519", own[:-3], own + "\nssh-rsa AAAA", "ssh-rsa AAAA", "age1xyz", "-i /etc/passwd"):
        with pytest.raises(BundleError):
            read_address(wrong)


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 255), st.sampled_from(["set", "cut", "insert", "double"])),
        max_size=4,
    )
)
@example(cuts=[(len(MAGIC) + 6, 255, "set")])
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_the_reader_do_anything_but_refuse(cuts: list[tuple[int, int, str]]) -> None:
    """Changed, cut, lengthened, doubled: either it is the same bundle, or a BundleError."""
    author = Author(device("a"))
    whole = stream(
        device("a"),
        [author.say(change("x", {"title": str(number)})) for number in range(3)],
        [photo_of(b"photo" * 50)],
    )
    data = bytearray(whole)
    for place, value, what in cuts:
        at = min(place, len(data))
        match what:
            case "set":
                data[at : at + 1] = bytes([value])
            case "cut":
                del data[at : at + value]
            case "insert":
                data[at:at] = bytes([value]) * (value % 7)
            case _:
                data[at:at] = data[max(0, at - value) : at]
    if bytes(data) == whole:
        survey(io.BytesIO(whole))
    else:
        refused(bytes(data))


@given(
    data=st.binary(max_size=300),
    prefix=st.sampled_from([b"", MAGIC, b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 "]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused(data: bytes, prefix: bytes) -> None:
    """No exception but ours, no thread that hangs."""
    with pytest.raises(SyncError):
        surveyed(prefix + data)


@given(place=st.integers(0, 10_000), value=st.integers(1, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sealed_bundle_changed_anywhere_is_refused(place: int, value: int) -> None:
    """Age authenticates header and every chunk."""
    sealed = sealed_stream()
    data = bytearray(sealed)
    data[place % len(data)] ^= value
    with pytest.raises(BundleError):
        surveyed(bytes(data))


def surveyed(data: bytes) -> None:
    """Open and read through what is sealed for `there`."""
    opened = Opened(io.BytesIO(data), device("there"))
    try:
        survey(opened)
    finally:
        opened.close()


_SEALED: list[bytes] = []


def sealed_stream() -> bytes:
    """A sealed bundle, made once."""
    if not _SEALED:
        out = io.BytesIO()
        plain = stream(
            device("a"), [Author(device("a")).say(change("x", {"title": "1"}))], [photo_of(os.urandom(70_000))]
        )
        seal([plain], out, [address(device("there").key.public)])
        _SEALED.append(out.getvalue())
    return _SEALED[0]


def test_memory_stays_small_however_large_a_photo_is() -> None:
    """Two hundred megabytes pass through the reader in a few."""
    import tracemalloc

    size = 200 * CHUNK
    chunk = bytes(CHUNK)
    hasher = hashlib.sha256()
    for _ in range(200):
        hasher.update(chunk)

    class Endless:
        """The frames of one large photo, made as they are read."""

        def __init__(self) -> None:
            self.packer = Packer()
            self.left = 200
            self.buffer = io.BytesIO(self._head())

        def _head(self) -> bytes:
            whole = stream(device("a"), photos=1, photo_bytes=size)
            end = len(Packer().end(0, 0, 0))
            head = whole[len(MAGIC) : -end]
            self.packer._hasher.update(head)
            return MAGIC + head + self.packer.frame(b"P", msgpack(PhotoHead(hasher.hexdigest(), size)), pack=False)

        def read(self, count: int, /) -> bytes:
            if data := self.buffer.read(count):
                return data
            if self.left > 0:
                self.left -= 1
                self.buffer = io.BytesIO(self.packer.frame(DATA, chunk, pack=False))
            elif self.left == 0:
                self.left = -1
                self.buffer = io.BytesIO(self.packer.end(0, 1, size))
            return self.buffer.read(count)

    source = Endless()
    tracemalloc.start()
    try:
        assert survey(source).photo_bytes == size
        assert tracemalloc.get_traced_memory()[1] < 20 * CHUNK
    finally:
        tracemalloc.stop()


def msgpack(value: object) -> bytes:
    """As frames hold it."""
    import msgspec

    return msgspec.msgpack.encode(value)


def test_the_reader_is_not_asked_twice_for_the_same(team: Team, tmp_path: Path) -> None:
    """Photos asked for out of order come all the same."""
    here, there = team.replica("here"), team.replica("there")
    hashes = []
    for number in range(5):
        hashes.append(here.blobs.put(b"%d" % number * 1000))
        note(here, f"p{number}", photo=hashes[-1])
    made = make(here, tmp_path / "stick", "there")
    with open_bundle(made.path, there.identity) as peer:
        for sha256 in (*sorted(hashes, reverse=True), *sorted(hashes)):
            source = peer.blob(sha256)
            assert source is not None
            with source:
                assert hashlib.sha256(source.read()).hexdigest() == sha256
        assert peer.blob(ZERO) is None
    assert dump(there) == []


def test_the_unpacker_counts_what_it_reads() -> None:
    """For progress bars."""
    data = stream(device("a"))
    unpacker = Unpacker(io.BytesIO(data))
    list(unpacker.frames())
    assert unpacker.taken == len(data)
