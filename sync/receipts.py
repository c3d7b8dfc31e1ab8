"""Receipts: what another side has taken and keeps, over its signature.

A chain cannot show that its end was cut off: only somebody who had it can. So whoever takes changesets and photos for
good, a central store or the supervisor who imports a stick, says so in a compact JWS (RFC 7515, EdDSA), which the
sender keeps beside its log. Receipts are notes of one database about others and are never replicated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from sync.changeset import version_of
from sync.errors import CertificateError
from sync.keys import MAX_CERTIFICATE, read_certificate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from sync.identity import Identity
    from sync.keys import Certificate

TYPE: Final = "inspect-tui-receipt+jwt"
MAX_RECEIPT: Final = 4 << 20
GIVERS: Final = frozenset({"admin", "supervisor"})
"""Roles whose devices may give receipts."""

Area = Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]
Device = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{20}$")]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ChainEnd(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A changeset that was taken with all that came before it in its chain."""

    area: Area
    device: Device
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    hash: Sha256

    @property
    def version(self) -> str:
        """`device:seq:h`."""
        return version_of(self.device, self.seq, bytes.fromhex(self.hash))


class PhotoTaken(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A photo, or other bytes, that were taken and hash to this."""

    sha256: Sha256
    size: Count
    """Bytes."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken, durably, and when by the taker's clock."""

    team: str
    server: Device
    """The device that gives the receipt."""
    cert: str
    """Id of its certificate."""
    time: Count
    """UTC in milliseconds since 1970."""
    chains: tuple[ChainEnd, ...] = ()
    photos: tuple[PhotoTaken, ...] = ()


def give(
    identity: Identity, time_ms: int, chains: Iterable[ChainEnd] = (), photos: Iterable[PhotoTaken] = ()
) -> str:
    """Sign a receipt as compact JWS; call it only when all of it is on disk."""
    import jwt

    said = Receipt(
        team=identity.team,
        server=identity.device,
        cert=identity.cert,
        time=time_ms,
        chains=tuple(sorted(chains)),
        photos=tuple(sorted(photos)),
    )
    return jwt.encode(
        msgspec.to_builtins(said),
        identity.key.private,
        algorithm="EdDSA",
        headers={"typ": TYPE, "kid": identity.cert},
    )


def read_receipt(jws: str, certificate: Certificate) -> Receipt:
    """What a receipt says, once its signature holds.

    Args:
        jws: The receipt.
        certificate: That of whoever gave it, already checked.

    Raises:
        CertificateError: It is not signed by the certificate's holder, or that device may not give receipts.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(jws) > MAX_RECEIPT or not jws.isascii():
        raise CertificateError("回执过长或含有非 ASCII 字符。", "The receipt is too long or not ASCII.")
    try:
        if jwt.get_unverified_header(jws).get("typ") != TYPE:
            raise CertificateError("这不是回执。", "This is no receipt.")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(certificate.key))
        plain: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        said = msgspec.convert(jwt.decode(jws, key, algorithms=["EdDSA"], options=plain), Receipt)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise CertificateError(f"回执无效：{error}。", f"The receipt is not valid: {error}.") from error
    if said.server != certificate.device or said.team != certificate.team or certificate.role not in GIVERS:
        raise CertificateError(
            "回执的签发设备与其证书不符，或该设备无权签发回执。",
            "The receipt does not match the certificate of its giver, or that device may not give receipts.",
        )
    return said


_TABLES: Final = """
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY, server TEXT NOT NULL, time INTEGER NOT NULL, certificate TEXT NOT NULL, jws TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chain_receipts (
    area TEXT NOT NULL, device TEXT NOT NULL, server TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    receipt TEXT NOT NULL, PRIMARY KEY (area, device, server, seq, hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS photo_receipts (
    sha256 TEXT NOT NULL, server TEXT NOT NULL, size INTEGER NOT NULL, receipt TEXT NOT NULL,
    PRIMARY KEY (sha256, server)
) WITHOUT ROWID;
"""


@lru_cache(maxsize=1)
def _statements() -> list[str]:
    return [statement for statement in _TABLES.split(";\n") if statement.strip()]


def ensure(connection: sqlite3.Connection) -> None:
    """Make the tables where a database lacks them; older workspaces do."""
    for statement in _statements():
        connection.execute(statement)


def present(connection: sqlite3.Connection) -> bool:
    """Whether the database ever kept a receipt."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'photo_receipts'"
    return connection.execute(query).fetchone() is not None


def keep(connection: sqlite3.Connection, jws: str, certificate_jws: str, team: str) -> Receipt:
    """Check a receipt and keep it, in the caller's transaction.

    Args:
        connection: Of the database whose changesets were taken.
        jws: The receipt.
        certificate_jws: The certificate of whoever gave it.
        team: The team that the giver must belong to.

    Raises:
        CertificateError: It is not valid, or its giver belongs to another team.
    """
    if len(certificate_jws) > MAX_CERTIFICATE:
        raise CertificateError("证书过长。", "The certificate is too long.")
    certificate = read_certificate(certificate_jws)
    if certificate.team != team:
        raise CertificateError("回执由另一团队签发。", "The receipt was given by another team.")
    said = read_receipt(jws, certificate)
    ensure(connection)
    id_ = hashlib.sha256(jws.encode()).hexdigest()[:32]
    connection.execute(
        "INSERT OR IGNORE INTO receipts (id, server, time, certificate, jws) VALUES (?, ?, ?, ?, ?)",
        (id_, said.server, said.time, certificate_jws, jws),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO chain_receipts (area, device, server, seq, hash, receipt) VALUES (?, ?, ?, ?, ?, ?)",
        [(end.area, end.device, said.server, end.seq, bytes.fromhex(end.hash), id_) for end in said.chains],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO photo_receipts (sha256, server, size, receipt) VALUES (?, ?, ?, ?)",
        [(photo.sha256, said.server, photo.size, id_) for photo in said.photos],
    )
    return said


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as it lies in the database.

    Attributes:
        jws: The receipt.
        certificate: The giver's certificate.
    """

    jws: str
    certificate: str


def kept(connection: sqlite3.Connection) -> Iterator[Kept]:
    """Every receipt here, oldest first."""
    if present(connection):
        for jws, certificate in map(
            tuple, connection.execute("SELECT jws, certificate FROM receipts ORDER BY time, id").fetchall()
        ):
            yield Kept(str(jws), str(certificate))


def acknowledged(connection: sqlite3.Connection) -> dict[tuple[str, str], list[tuple[int, bytes]]]:
    """(area, device) → (seq, hash) of the furthest changeset that each giver has acknowledged."""
    found: dict[tuple[str, str], list[tuple[int, bytes]]] = {}
    if present(connection):
        query = "SELECT area, device, max(seq), hash FROM chain_receipts GROUP BY area, device, server"
        for area, device, seq, hash_ in map(tuple, connection.execute(query).fetchall()):
            found.setdefault((area, device), []).append((int(seq), bytes(hash_)))
    return found


def photos_acknowledged(connection: sqlite3.Connection, hashes: Sequence[str]) -> set[str]:
    """Those of the photos that somebody has given a receipt for."""
    if not hashes or not present(connection):
        return set()
    query = "SELECT DISTINCT sha256 FROM photo_receipts WHERE sha256 IN (SELECT value FROM json_each(?))"
    import json

    return {str(row[0]) for row in connection.execute(query, (json.dumps(list(hashes)),))}


def broken_promises(connection: sqlite3.Connection) -> list[ChainEnd]:
    """Changesets that somebody has taken from here and that are not here any more: the log was cut or rolled back."""
    if not present(connection):
        return []
    query = (
        "SELECT chain_receipts.area, chain_receipts.device, chain_receipts.seq, chain_receipts.hash FROM chain_receipts"
        " LEFT JOIN chains ON chains.area = chain_receipts.area AND chains.device = chain_receipts.device"
        " LEFT JOIN log ON log.chain = chains.id AND log.seq = chain_receipts.seq AND log.hash = chain_receipts.hash"
        " WHERE log.id IS NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    return [
        ChainEnd(area, device, int(seq), bytes(hash_).hex())
        for area, device, seq, hash_ in map(tuple, connection.execute(query).fetchall())
    ]
