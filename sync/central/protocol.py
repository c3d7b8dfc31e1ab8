"""What goes over the wire, version 1: messages, media types, limits.

Small messages are JSON; batches of changesets are a MessagePack array of `[body, signature]` pairs, compressed with
Zstandard (RFC 8878). A batch is judged whole before anything of it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from sync.changeset import Entry
from sync.errors import MalformedError
from sync.receipts import Area, ChainEnd, Device, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.peers import ChainKey, Place

VERSION: Final = 1
PREFIX: Final = "/v1"
BATCH_TYPE: Final = "application/vnd.inspect-tui.changesets.v1+msgpack"
JSON_TYPE: Final = "application/json"
ZSTD: Final = "zstd"
TUS: Final = "1.0.0"
"""Version of the tus protocol for uploads."""
RECEIPT: Final = "Inspect-Receipt"
"""Header with the receipt for a photo."""

BATCH: Final = 2000
"""Changesets in a batch, as sent by this programme; a server takes up to `MAX_BATCH`."""
MAX_BATCH: Final = 5000
MAX_BODY: Final = 8 << 20
"""Bytes of a request's body as it comes, photos aside."""
MAX_PLAIN: Final = 32 << 20
"""Bytes of a batch, decompressed."""
MAX_RATIO: Final = 100
"""How many times its size a batch may grow to; JSON of one kind compresses to a twentieth, hardly ever further."""
MAX_CHAINS: Final = 50_000
MAX_PHOTO: Final = 512 << 20
LEVEL: Final = 1
MAX_WINDOW: Final = 8 << 20
"""Bytes that either side sets aside for a frame, however small it is: what RFC 9659 allows on the web."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the server takes at most."""

    batch: int = MAX_BATCH
    """Changesets in a batch."""
    body: int = MAX_BODY
    """Bytes of a body as it comes."""
    plain: int = MAX_PLAIN
    """Bytes of a batch, decompressed."""
    photo: int = MAX_PHOTO
    """Bytes of a photo."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Who the server is, its clock, and the nonce for the first signed request."""

    protocol: tuple[int, ...]
    programme: str
    team: str
    server: Device
    certificate: str
    """The server's certificate, compact JWS."""
    time: int
    """UTC in milliseconds since 1970."""
    nonce: str
    limits: Limits
    enrols: bool
    """Whether the server holds the root key and can let new devices in."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused, in Chinese and in English."""

    code: str
    zh: str
    en: str


class At(msgspec.Struct, frozen=True, array_like=True):
    """A place in a chain."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    hash: Sha256


class ChainPlaces(msgspec.Struct, frozen=True, array_like=True):
    """Places of one chain."""

    area: Area
    device: Device
    places: Annotated[list[At], msgspec.Meta(max_length=256)]


Chains = Annotated[list[ChainPlaces], msgspec.Meta(max_length=MAX_CHAINS)]


class Heads(msgspec.Struct, frozen=True, kw_only=True):
    """The tips of every chain that the device may see."""

    chains: Chains
    missing_photos: int
    """How many photos rows name there that the store lacks."""
    conflicts: int = 0
    refused: int = 0
    """Changesets that do not count, in the areas that the device may see."""


class Pull(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the asker has: the answer brings what comes after it, in the order in which the store took it."""

    known: Chains
    """Places that the asker has; asking again with newer ones acknowledges what came."""
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    """Only what the store took after this number of its own; from the answer's `Inspect-Next`."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_BATCH)] = BATCH


class NotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A changeset that was not let in."""

    version: str
    zh: str
    en: str


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch; all that the receipt names is on disk."""

    appended: int
    known: int
    held: int
    refused: list[NotTaken]
    """Not let in: malformed, not signed, not in its chain."""
    not_counting: dict[str, str]
    """Version → code of `sync.verdict.REASONS`: in the log, but without effect."""
    receipt: str | None
    """Signed by the server (`sync.receipts`); None where nothing was taken."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Photos that rows name and that the store lacks, in order."""

    photos: list[Sha256]
    more: bool
    """Whether there are more after these."""


class Confirm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the asker would like to have a receipt for, however it came to the store."""

    chains: Annotated[list[ChainEnd], msgspec.Meta(max_length=5000)] = []
    photos: Annotated[list[Sha256], msgspec.Meta(max_length=5000)] = []


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for those of them that the store holds durably; None where it holds none."""

    receipt: str | None


_entries_decoder: Final = msgspec.msgpack.Decoder(list[Entry])
_encoder: Final = msgspec.msgpack.Encoder()


def pack(entries: Sequence[Entry]) -> bytes:
    """A batch as it travels."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(_encoder.encode(entries))


def unpack(data: bytes, *, plain: int = MAX_PLAIN, batch: int = MAX_BATCH) -> list[Entry]:
    """A batch as it came, within limits.

    Args:
        data: One Zstandard frame.
        plain: Bytes it may grow to.
        batch: Changesets it may hold.

    Raises:
        MalformedError: Not a batch, or larger than allowed.
    """
    import zstandard

    too_large = MalformedError(
        f"批次解压后超过 {plain >> 20} MiB 或压缩比过高，已拒收；请分成小批重发。",
        f"The batch grows beyond {plain >> 20} MiB or its compression ratio is absurd; send smaller batches.",
    )
    most = min(plain, max(len(data) * MAX_RATIO, 1 << 16))
    try:
        if zstandard.frame_content_size(data) > most:
            raise too_large
        reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(data)
        raw = reader.read(most + 1)
        if len(raw) > most:
            raise too_large
        entries = _entries_decoder.decode(raw)
    except (zstandard.ZstdError, msgspec.DecodeError, MemoryError, RecursionError) as error:
        raise MalformedError(f"批次无法读取：{error}。", f"The batch cannot be read: {error}.") from error
    if len(entries) > batch:
        raise MalformedError(
            f"一批最多 {batch} 个变更集，收到 {len(entries)} 个；请分成小批重发。",
            f"A batch holds at most {batch} changesets, this one has {len(entries)}; send smaller batches.",
        )
    return entries


def chains_of(heads: Mapping[ChainKey, Sequence[Place]]) -> list[ChainPlaces]:
    """As it travels."""
    return [
        ChainPlaces(area, device, [At(seq, hash_) for seq, hash_ in places])
        for (area, device), places in sorted(heads.items())
    ]


def places_of(chains: Iterable[ChainPlaces]) -> dict[ChainKey, list[Place]]:
    """As it is used."""
    found: dict[ChainKey, list[Place]] = {}
    for chain in chains:
        found.setdefault((chain.area, chain.device), []).extend((at.seq, at.hash) for at in chain.places)
    return found


def decode(data: bytes, kind: type[Any]) -> Any:
    """A JSON message.

    Raises:
        MalformedError: It is not one of that kind; the sentence names the field.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"内容无法读取：{error}。", f"The message cannot be read: {error}.") from error


def to_json(message: Any) -> bytes:
    """A JSON message as it travels."""
    return msgspec.json.encode(message)
