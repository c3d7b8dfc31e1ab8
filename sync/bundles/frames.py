"""The stream inside a bundle: frames in a fixed order, each of bounded size, closed by counts and a hash.

Legal order: the magic line, one header, certificates, changesets, then photos, each followed by its bytes, the end
frame, nothing more. A frame that would grow more than a hundredfold when unpacked is refused, so that a small file can
neither fill memory nor keep a processor busy.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Protocol, TypeVar

import msgspec

from sync.changeset import Entry
from sync.errors import BundleError
from sync.keys import MAX_CERTIFICATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Value = TypeVar("_Value")

MAGIC: Final = b"inspect-tui bundle 1\n"
FAMILY: Final = b"inspect-tui bundle "
HEADER: Final = b"H"
CERTIFICATES: Final = b"K"
CHANGESETS: Final = b"L"
PHOTO: Final = b"P"
DATA: Final = b"D"
END: Final = b"E"
RAW: Final = 0
ZSTD: Final = 1
_PREFIX: Final = struct.Struct(">cBII")
"""Kind, codec, bytes as stored, bytes when unpacked."""
MAX_FRAME: Final = 4 << 20
MAX_RATIO: Final = 100
MAX_WINDOW: Final = 8 << 20
MAX_PHOTOS: Final = 200_000
CHUNK: Final = 1 << 20
MAX_ENTRIES: Final = 20_000
"""Of one frame: many tiny ones would take far more memory than bytes."""
_LEVEL: Final = 3
_MAX_END: Final = 256
_FOLLOWS: Final = {
    b"": HEADER,
    HEADER: CERTIFICATES + CHANGESETS + PHOTO + END,
    CERTIFICATES: CERTIFICATES + CHANGESETS + PHOTO + END,
    CHANGESETS: CHANGESETS + PHOTO + END,
    PHOTO: DATA + PHOTO + END,
    DATA: DATA + PHOTO + END,
    END: b"",
}
"""Kind → the kinds that may come next."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Frame(NamedTuple):
    """One frame, unpacked."""

    kind: bytes
    payload: bytes


class PhotoHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What comes before the bytes of a photo."""

    sha256: Sha256
    size: Count
    """Bytes; they follow in as many data frames as it takes."""


class End(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The last frame: what a complete bundle holds."""

    changesets: Count
    photos: Count
    photo_bytes: Count
    sha256: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    """Of every byte before this frame."""


class Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A header as it travels: a compact JWS and the certificate of the device that signed it."""

    jws: Annotated[str, msgspec.Meta(max_length=MAX_FRAME)]
    certificate: Annotated[str, msgspec.Meta(max_length=MAX_CERTIFICATE)]


signed_decoder: Final = msgspec.msgpack.Decoder(Signed)
certificates_decoder: Final = msgspec.msgpack.Decoder(
    Annotated[list[Annotated[str, msgspec.Meta(max_length=MAX_CERTIFICATE)]], msgspec.Meta(max_length=1000)]
)
entries_decoder: Final = msgspec.msgpack.Decoder(Annotated[list[Entry], msgspec.Meta(max_length=MAX_ENTRIES)])
photo_decoder: Final = msgspec.msgpack.Decoder(PhotoHead)
end_decoder: Final = msgspec.msgpack.Decoder(End)
encode: Final = msgspec.msgpack.Encoder().encode


class Source(Protocol):
    """Where a stream comes from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def damaged(zh: str, en: str) -> BundleError:
    """The error for a stream that breaks a rule: `zh` and `en` say which."""
    return BundleError(f"数据包已损坏：{zh}。", f"The bundle is damaged: {en}.")


class Packer:
    """Makes the bytes of a stream, frame by frame."""

    def __init__(self) -> None:
        import zstandard

        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
        self._hasher = hashlib.sha256(MAGIC)

    def frame(self, kind: bytes, payload: bytes, *, pack: bool = True) -> bytes:
        """One frame; `pack` tries to compress it.

        Raises:
            BundleError: It is too large for any frame.
        """
        if len(payload) > MAX_FRAME:
            raise BundleError("数据包的一帧过大。", "A frame of the bundle would be too large.")
        codec, stored = RAW, payload
        if pack:
            smaller = self._compressor.compress(payload)
            # what shrinks more than this stands as it is: no reader takes it otherwise
            if len(smaller) < len(payload) <= MAX_RATIO * len(smaller):
                codec, stored = ZSTD, smaller
        made = _PREFIX.pack(kind, codec, len(stored), len(payload)) + stored
        self._hasher.update(made)
        return made

    def end(self, changesets: int, photos: int, photo_bytes: int) -> bytes:
        """The last frame."""
        return self.frame(END, encode(End(changesets, photos, photo_bytes, self._hasher.digest())), pack=False)


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Changesets in lists of about one chunk."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.body) + 80
        if size >= CHUNK or len(batch) == MAX_ENTRIES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Unpacker:
    """Reads the frames of a stream in order, in bounded memory.

    Attributes:
        digest: Of every byte read so far, but for the frame read last.
        taken: Bytes of the stream read so far.
    """

    def __init__(self, source: Source) -> None:
        import zstandard

        self._source = source
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._last = b""
        self._hasher = hashlib.sha256()
        self.digest = b""
        self.taken = 0
        self._magic()

    def _magic(self) -> None:
        said = self._exactly(len(MAGIC))
        if said == MAGIC:
            self._hasher.update(said)
            return
        if said.startswith(FAMILY):
            raise BundleError(
                "数据包由更新版本的程序制作；请升级后再导入。",
                "The bundle was made by a newer programme; upgrade before importing it.",
            )
        raise damaged("开头不是数据包的标志", "it does not begin as a bundle does")

    def frames(self) -> Iterator[Frame]:
        """Every frame up to the end one, after which nothing may follow.

        Raises:
            BundleError: Cut off, out of order, too large, or growing too much.
        """
        while self._last != END:
            yield self._frame()
        if self._source.read(1):
            raise damaged("结尾之后还有内容", "something follows its end")

    def _frame(self) -> Frame:
        prefix = self._exactly(_PREFIX.size)
        kind, codec, stored, length = _PREFIX.unpack(prefix)
        if kind not in _FOLLOWS[self._last] or not kind.strip():
            raise damaged("各部分的次序不对", "its parts stand in the wrong order")
        if stored > MAX_FRAME or length > MAX_FRAME or (kind == END and length > _MAX_END):
            raise damaged("有一帧过大", "a frame is too large")
        payload = self._exactly(stored)
        self.digest = self._hasher.digest() if kind == END else b""
        self._hasher.update(prefix)
        self._hasher.update(payload)
        self._last = kind
        if codec == RAW and stored == length:
            return Frame(kind, payload)
        if codec == ZSTD and kind != END and stored < length <= MAX_RATIO * stored:
            return Frame(kind, self._unpacked(payload, length))
        raise damaged("有一帧的长度或压缩方式不实", "a frame lies about its length or packing")

    def _unpacked(self, payload: bytes, length: int) -> bytes:
        import zstandard

        try:
            # the size is read first: a frame that says another one, or none, is never unpacked
            if zstandard.frame_content_size(payload) != length:
                raise damaged("有一帧的长度不实", "a frame lies about its length")
            made = self._decompressor.decompress(payload, max_output_size=length, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise damaged("有一帧无法解压", "a frame cannot be unpacked") from error
        if len(made) != length:
            raise damaged("有一帧的长度不实", "a frame lies about its length")
        return made

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self._source.read(size - len(found))
            if not part:
                raise damaged("中途截断", "it is cut off")
            found += part
        self.taken += size
        return bytes(found)


def decoded(decoder: msgspec.msgpack.Decoder[_Value], payload: bytes) -> _Value:
    """What a frame says.

    Raises:
        BundleError: It is not what such a frame must be.
    """
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise damaged("有一帧的内容无法识别", "a frame cannot be read") from error
