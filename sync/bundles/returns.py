"""Return receipts on a stick: `NAME.DEVICE.receipt.json`, signed by whoever imported, found when the stick comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from sync.append import Appender
from sync.bundles.known import was_made
from sync.bundles.parts import SUFFIX, main_file, read_small, write_file
from sync.errors import BundleError, CertificateError, SyncError
from sync.keys import MAX_CERTIFICATE, read_certificate
from sync.receipts import GIVERS, MAX_RECEIPT, ChainEnd, PhotoTaken, give, keep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from sync.bundles.survey import Survey
    from sync.identity import Identity
    from sync.keys import Certificate
    from sync.replica import Replica

RECEIPT: Final = ".receipt.json"
MAX_FILE: Final = 64 << 20
MAX_FILES: Final = 1000
_PHOTOS_EACH: Final = 20_000
_CHAINS_EACH: Final = 10_000


class ReceiptFile(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a receipt's file."""

    format: Literal[1] = 1
    bundle: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    """Id of the bundle that was imported."""
    certificate: Annotated[str, msgspec.Meta(max_length=MAX_CERTIFICATE)]
    """That of the device that imported it."""
    receipts: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=MAX_RECEIPT)], ...],
        msgspec.Meta(min_length=1, max_length=1000),
    ]
    """Compact JWS; several where one would be too long."""


@dataclass
class Found:
    """A receipt's file that was read.

    Attributes:
        path: The file.
        giver: Who gave it; None where it is refused.
        time: When, UTC in ms by the giver's clock.
        lost: Changesets that it acknowledges and that are not here any more.
        elsewhere: Changesets that it acknowledges, that are not here and that perhaps never were.
        refused: Why it does not count; None where it does.
    """

    path: Path
    giver: Certificate | None = None
    time: int = 0
    chains: int = 0
    photos: int = 0
    lost: list[ChainEnd] = field(default_factory=list)
    elsewhere: list[ChainEnd] = field(default_factory=list)
    refused: SyncError | None = None


def may_give(identity: Identity) -> bool:
    """Whether this device may give receipts."""
    return identity.certificate.role in GIVERS


def receipt_path(bundle: Path, device: str) -> Path:
    """Where the receipt of a device for a bundle lies."""
    main = main_file(bundle)
    return main.with_name(f"{main.name.removesuffix(SUFFIX)}.{device[:8]}{RECEIPT}")


def write_receipt(
    bundle: Path, identity: Identity, time_ms: int, found: Survey, chains: list[ChainEnd], photos: list[PhotoTaken]
) -> Path:
    """Sign for what was taken and lay the receipt beside the bundle; call it when all of it is on disk.

    Raises:
        OSError: The stick cannot be written to.
    """
    pieces = max(-(-len(chains) // _CHAINS_EACH), -(-len(photos) // _PHOTOS_EACH), 1)
    texts = [
        give(
            identity,
            time_ms,
            chains[number * _CHAINS_EACH : (number + 1) * _CHAINS_EACH],
            photos[number * _PHOTOS_EACH : (number + 1) * _PHOTOS_EACH],
        )
        for number in range(pieces)
    ]
    said = ReceiptFile(bundle=found.header.bundle, certificate=identity.jws, receipts=tuple(texts))
    path = receipt_path(bundle, identity.device)
    write_file(path, msgspec.json.format(msgspec.json.encode(said), indent=1) + b"\n")
    return path


def taken(replica: Replica, found: Survey, fresh: set[str]) -> tuple[list[ChainEnd], list[PhotoTaken]]:
    """What of a bundle is here now, on disk: ends of chains, and photos whose bytes hash to their name.

    Args:
        replica: Into which it was taken.
        found: What the bundle holds.
        fresh: Photos that came with it just now, checked on arrival.
    """
    ends = set(found.header.heads)
    ends |= {
        ChainEnd(area, device, seq, hash_) for (area, device), places in found.tips.items() for seq, hash_ in places
    }
    chains = [end for end in sorted(ends) if stands(replica.connection, end)]
    blobs = replica.blobs
    photos = [
        PhotoTaken(sha256, size)
        for sha256, size in found.photos.items()
        if (sha256 in fresh and blobs.has(sha256)) or blobs.intact(sha256)
    ]
    return chains, photos


def collect(replica: Replica, folder: Path) -> list[Found]:
    """Read the receipts that lie in a folder, check them and keep those that hold; the folder is only read."""
    own = "" if replica.identity is None else f".{replica.identity.device[:8]}{RECEIPT}"
    return [_collected(replica, path) for path in _files(folder) if not own or not path.name.endswith(own)]


def _files(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(RECEIPT))
    except OSError:
        return
    yield from paths[:MAX_FILES]


def _collected(replica: Replica, path: Path) -> Found:
    try:
        data = read_small(path, MAX_FILE)
        if data is None:
            raise BundleError("回执文件过大。", "The receipt's file is too large.")
        said = msgspec.json.decode(data, type=ReceiptFile)
        return _kept(replica, path, said)
    except SyncError as error:
        return Found(path, refused=error)
    except (OSError, msgspec.DecodeError, ValueError, RecursionError) as error:
        return Found(
            path,
            refused=BundleError(f"回执文件无法读取：{error}。", f"The receipt's file cannot be read: {error}."),
        )


def _kept(replica: Replica, path: Path, said: ReceiptFile) -> Found:
    giver = read_certificate(said.certificate)
    device = "" if replica.identity is None else replica.identity.device
    if giver.device == device:
        raise CertificateError("这是本机自己签发的回执。", "This device gave the receipt itself.")
    found = Found(path, giver)
    with replica.writing():
        connection = replica.connection
        context = Appender(connection, replica.schema, replica.team).context
        if giver.device in context.revoked:
            raise CertificateError("签发回执的设备已被吊销。", "The device that gave the receipt was revoked.")
        # an adopted team counts here, and so do its receipts
        if giver.team != replica.team and giver.team not in context.adopted:
            raise CertificateError(
                f"回执由另一根密钥的设备 {giver.name}（指纹 {giver.team}）签发，尚未采信；先合并对方的数据并核对指纹，再读回执。",
                f"The receipt was given by {giver.name} under another root key ({giver.team}) that is not trusted here yet; merge"
                " theirs and compare the fingerprint, then read it again.",
            )
        team = giver.team
        ours = was_made(connection, said.bundle)
        for jws in said.receipts:
            receipt = keep(connection, jws, said.certificate, team)
            lost = [end for end in receipt.chains if not stands(connection, end)]
            found.lost += [end for end in lost if ours or end.device == device]
            found.elsewhere += [end for end in lost if not ours and end.device != device]
            found.time = max(found.time, receipt.time)
            found.chains += len(receipt.chains)
            found.photos += len(receipt.photos)
            for end in found.elsewhere:
                # of a bundle that somebody else made: what we never had was not promised to us
                connection.execute(
                    "DELETE FROM chain_receipts WHERE area = ? AND device = ? AND server = ? AND seq = ? AND hash = ?",
                    (end.area, end.device, receipt.server, end.seq, bytes.fromhex(end.hash)),
                )
    return found


def stands(connection: sqlite3.Connection, end: ChainEnd) -> bool:
    """Whether a changeset stands in the log."""
    query = (
        "SELECT 1 FROM chains CROSS JOIN log ON log.chain = chains.id"
        " WHERE chains.area = ? AND chains.device = ? AND log.seq = ? AND log.hash = ?"
    )
    place = (end.area, end.device, end.seq, bytes.fromhex(end.hash))
    return connection.execute(query, place).fetchone() is not None
