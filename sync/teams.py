"""Letting a device into a team: the invitation, its code, and what the two sides say to each other.

An administrator makes an invitation: which role, areas and officers, and until when. Its code carries the server's
address, the fingerprint of its TLS certificate, the team and a secret that works once. Whoever has the code and a key
of its own gets a certificate for that key. Without a network, the same is said by two small files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from sync.errors import CertificateError, MalformedError
from sync.keys import Role, device_id
from sync.receipts import Area, Device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.keys import Key
    from sync.peers import ChainKey, Place

PREFIX: Final = "ITUI1"
JOIN_TYPE: Final = "inspect-tui-join+jwt"
MAX_CODE: Final = 1024
MAX_HEADS: Final = 2000
DAY_MS: Final = 86_400_000

Key32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Secret = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Team = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Version = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{20}:[1-9][0-9]{0,15}:[0-9a-f]{32}$")]


class Invitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an administrator offers. Times are UTC in milliseconds since 1970."""

    role: Role
    areas: Annotated[tuple[Area, ...], msgspec.Meta(min_length=1, max_length=64)]
    officers: Annotated[tuple[Line, ...], msgspec.Meta(max_length=64)] = ()
    """Badge numbers that may act on the device; none means any."""
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """For whom it is, for people."""
    expires: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    """Until when it can be taken up."""
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] | None = None
    """For how long the certificate is good; for ever unless given."""
    by: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Badge of who made it."""
    device: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{20})?$")] = ""
    """Id of the device that made it, as the server saw it: once that is revoked, the invitation is void."""


class Earlier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the device wrote under another root key before: it comes along and counts, up to these heads."""

    team: Team
    name: Annotated[str, msgspec.Meta(max_length=200)]
    heads: Annotated[
        dict[Area, Annotated[list[Version], msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=200)
    ]


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device says that wants to join."""

    key: Key32
    """Its public key."""
    name: Line
    """What people call it."""
    secret: Secret | None = None
    """From the invitation's code; None where a person hands the request over."""
    proof: Annotated[str, msgspec.Meta(max_length=4096)]
    """Compact JWS by the key over all of it: whoever asks holds the private half."""
    earlier: Annotated[tuple[Earlier, ...], msgspec.Meta(max_length=8)] = ()


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    certificate: str
    """The new device's certificate, compact JWS."""
    server: Device
    time: int
    """UTC in milliseconds since 1970, by whoever let the device in."""


class _Code(msgspec.Struct, frozen=True, array_like=True):
    url: str
    fingerprint: bytes
    team: bytes
    secret: bytes


@dataclass(frozen=True)
class InviteCode:
    """What a code carries.

    Attributes:
        url: The server's address.
        fingerprint: SHA-256 of its TLS certificate in hex, or empty.
        team: Id of the team's root key.
        secret: 16 bytes in hex; works once.
    """

    url: str
    fingerprint: str
    team: str
    secret: str

    def text(self) -> str:
        """The code: letters and digits that a QR code holds tightly, with a check at the end."""
        raw = msgspec.msgpack.encode(
            _Code(self.url, bytes.fromhex(self.fingerprint), bytes.fromhex(self.team), bytes.fromhex(self.secret))
        )
        body = base64.b32encode(raw + hashlib.sha256(raw).digest()[:4]).decode().rstrip("=")
        return f"{PREFIX}-{body}"

    @classmethod
    def read(cls, text: str) -> InviteCode:
        """The code as somebody typed or pasted it; spaces, line breaks, dashes and case do not matter.

        Raises:
            MalformedError: It is no code, or a character is wrong.
        """
        wrong = MalformedError(
            "邀请码不完整或有误；请整段复制，或重新扫描二维码。",
            "The invitation code is incomplete or has a wrong character; copy the whole of it, or scan it anew.",
        )
        plain = "".join(text.split()).replace("-", "").upper()
        if not plain.startswith(PREFIX) or len(plain) > MAX_CODE:
            raise wrong
        body = plain.removeprefix(PREFIX)
        try:
            data = base64.b32decode(body + "=" * (-len(body) % 8))
            raw, check = data[:-4], data[-4:]
            if hashlib.sha256(raw).digest()[:4] != check:
                raise wrong
            said = msgspec.msgpack.decode(raw, type=_Code)
        except (binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise wrong from error
        if len(said.team) != 16 or len(said.secret) != 16 or len(said.fingerprint) not in {0, 32}:
            raise wrong
        return cls(said.url, said.fingerprint.hex(), said.team.hex(), said.secret.hex())


def new_secret() -> str:
    """16 random bytes in hex."""
    return secrets.token_hex(16)


def invitation_id(secret: str) -> str:
    """Under what a store keeps the invitation: it never keeps the secret itself."""
    return hashlib.sha256(f"inspect-tui invitation {secret}".encode()).hexdigest()[:32]


def ask(key: Key, name: str, *, team: str, secret: str | None, earlier: Sequence[Earlier] = ()) -> JoinRequest:
    """A request to join, signed by the key that wants the certificate.

    Args:
        key: The device's new key.
        name: What people call the device.
        team: Id of the team that it wants to join; empty where a person hands the request over and nobody knows yet.
        secret: From the code.
        earlier: What the device wrote before under other root keys.
    """
    import jwt

    unsigned = JoinRequest(key=key.public.hex(), name=name, secret=secret, proof="", earlier=tuple(earlier))
    said = {"digest": _digest(unsigned), "team": team}
    proof = jwt.encode(said, key.private, algorithm="EdDSA", headers={"typ": JOIN_TYPE})
    return msgspec.structs.replace(unsigned, proof=proof)


def check_request(request: JoinRequest, team: str) -> None:
    """Whether the request was signed by the key in it, for this team or for none by name.

    Raises:
        CertificateError: It was not.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    wrong = CertificateError("加入请求的签名无效。", "The signature of the request to join is not valid.")
    try:
        if jwt.get_unverified_header(request.proof).get("typ") != JOIN_TYPE:
            raise wrong
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(request.key))
        said: Mapping[str, Any] = jwt.decode(request.proof, key, algorithms=["EdDSA"])
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError) as error:
        raise wrong from error
    if said.get("digest") != _digest(msgspec.structs.replace(request, proof="")) or said.get("team") not in {
        team,
        "",
    }:
        raise wrong


def _digest(request: JoinRequest) -> str:
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()


def issue(root: Key, request: JoinRequest, invitation: Invitation, now: int) -> str:
    """The certificate for a device that may join.

    Args:
        root: The team's root key.
        request: Checked by `check_request`.
        invitation: What it may do.
        now: UTC in ms; a certificate is good from 2020 on, so that a laptop with a slow clock is not shut out.
    """
    expires = None if invitation.valid_days is None else now + invitation.valid_days * DAY_MS
    return root.issue(
        bytes.fromhex(request.key),
        name=request.name,
        role=invitation.role,
        areas=invitation.areas,
        officers=invitation.officers,
        issued=1_577_836_800_000,
        expires=expires,
    )


def new_device(request: JoinRequest) -> str:
    """The id that the device will have."""
    return device_id(bytes.fromhex(request.key))


def earlier_of(team: str, name: str, heads: Mapping[ChainKey, Sequence[Place]]) -> Earlier:
    """What a replica holds of the team that it leaves, as the request says it."""
    named: dict[str, list[str]] = {}
    for (area, device), places in sorted(heads.items()):
        named.setdefault(area, []).extend(f"{device}:{seq}:{hash_[:32]}" for seq, hash_ in places)
    return Earlier(team=team, name=name, heads=named)
