"""The door of the log: what a changeset must be to come in.

Legal order of a run: each changeset names its predecessor's hash; its certificate is its predecessor's or stands in
it; the last signature proves the whole run. What follows the last valid signature waits outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sync.changeset import Change, Entry, decode, digest, version_of
from sync.errors import CertificateError, ChainError, PeerError, SignatureError
from sync.keys import certificate_id, read_certificate, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sync.keys import Certificate


class Arrival(NamedTuple):
    """A changeset that was read at the door; everything is plain, so that it can cross to another process."""

    area: str
    device: str
    seq: int
    hash: bytes
    prev: bytes | None
    time: int
    team: str
    cert: str
    jws: str | None
    officer: str
    format: int
    policy: int
    changes: list[tuple[str, str, dict[str, Any], dict[str, list[str]]]]
    """(table, row, set, seen) of each change."""
    body: bytes
    signature: bytes

    @property
    def version(self) -> str:
        """`device:seq:h`."""
        return version_of(self.device, self.seq, self.hash)


def read(entry: Entry) -> Arrival:
    """Read a changeset.

    Raises:
        MalformedError: It is not in the one permitted encoding.
        SignatureError: The signature is not 64 bytes long.
    """
    changeset = decode(entry.body)
    if len(entry.signature) != 64:
        raise SignatureError("签名长度不是 64 字节。", "The signature is not 64 bytes long.")
    header = changeset.header
    return Arrival(
        header.area,
        header.device,
        header.seq,
        digest(entry.body),
        None if header.prev is None else bytes.fromhex(header.prev),
        header.time,
        header.team,
        header.cert,
        None if header.jws is msgspec.UNSET else header.jws,
        header.officer,
        header.format,
        header.policy,
        [plain(change) for change in changeset.changes],
        entry.body,
        entry.signature,
    )


def plain(change: Change) -> tuple[str, str, dict[str, Any], dict[str, list[str]]]:
    """(table, row, set, seen)."""
    return change.table, change.row, change.set, change.seen


def certificate_of(arrival: Arrival, before: str | None, known: Callable[[str], str | None]) -> Certificate:
    """The certificate in force for a changeset.

    Args:
        arrival: The changeset.
        before: Id of its predecessor's certificate; None for the first of a chain.
        known: From a certificate's id to its text, among those already met.

    Raises:
        CertificateError: It is not valid, or belongs to another device or team.
        ChainError: The certificate changes without standing in the changeset, or stands in it without changing.
    """
    if (arrival.jws is None) != (arrival.cert == before):
        raise ChainError(
            f"变更 {arrival.version} 的证书与其前驱不衔接。",
            f"The certificate of {arrival.version} does not follow from its predecessor's.",
        )
    jws = arrival.jws if arrival.jws is not None else known(arrival.cert)
    if jws is None or certificate_id(jws) != arrival.cert:
        raise CertificateError(
            f"变更 {arrival.version} 所称的证书与所附不符。",
            f"The certificate in {arrival.version} is not the one that it names.",
        )
    certificate = read_certificate(jws)
    if certificate.device != arrival.device or certificate.team != arrival.team:
        raise CertificateError(
            f"变更 {arrival.version} 使用了别的设备或团队的证书。",
            f"{arrival.version} uses the certificate of another device or team.",
        )
    return certificate


class Refusal(NamedTuple):
    """A changeset that was not let in, and why: its version, or the first 128 bits of its hash where it has none."""

    version: str
    error: PeerError


def authentic(run: list[Arrival], certificate: Certificate) -> tuple[list[Arrival], Refusal | None]:
    """The part of a run that its last valid signature proves; the rest waits.

    Args:
        run: Changesets of one chain under one certificate, each naming the hash of the one before.
        certificate: The certificate in force.
    """
    for end in range(len(run), 0, -1):
        last = run[end - 1]
        if signed(certificate, last.hash, last.signature):
            if end == len(run):
                return run, None
            return run[:end], Refusal(run[end].version, _unsigned(run[end]))
    return [], Refusal(run[0].version, _unsigned(run[0]))


def _unsigned(arrival: Arrival) -> SignatureError:
    return SignatureError(
        f"变更 {arrival.version} 的签名无效，未收入日志。",
        f"The signature of {arrival.version} is not valid; it was not taken into the log.",
    )


def runs(arrivals: Iterable[Arrival]) -> list[list[Arrival]]:
    """Split into runs: one chain, one certificate, each following the one before; the order of chains is kept."""
    found: list[list[Arrival]] = []
    current: dict[tuple[str, str], list[Arrival]] = {}
    for arrival in arrivals:
        key = (arrival.area, arrival.device)
        run = current.get(key)
        if run is None or arrival.cert != run[-1].cert or arrival.prev != run[-1].hash or arrival.jws is not None:
            run = current[key] = []
            found.append(run)
        run.append(arrival)
    return found
