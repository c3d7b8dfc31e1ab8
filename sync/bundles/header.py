"""The header of a bundle: who made it, when, what stands in it and what its reader is thought to have, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from sync.bundles.frames import MAX_FRAME, Count, Signed, damaged
from sync.errors import BundleError, CertificateError
from sync.keys import read_certificate
from sync.receipts import Area, ChainEnd, Device

if TYPE_CHECKING:
    from sync.identity import Identity
    from sync.keys import Certificate

TYPE: Final = "inspect-tui-bundle+jwt"
Kind = Literal["all", "for", "since"]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself. Times are UTC in milliseconds since 1970."""

    format: Literal[1] = 1
    bundle: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    """Its id: 128 random bits."""
    team: str
    device: Device
    """Who made it."""
    cert: str
    time: Count
    programme: Annotated[str, msgspec.Meta(max_length=200)]
    kind: Kind
    """`all`; `for` one device, without what that is known to have; `since` a time."""
    peer: Device | None = None
    since: Count | None = None
    area: Area | None = None
    """Only the chains of this area and those beneath it."""
    photos_left_out: bool = False
    heads: tuple[ChainEnd, ...] = ()
    """The ends of the chains that the maker has, of all that the bundle is about."""
    base: tuple[ChainEnd, ...] = ()
    """What its reader must have already, of the chains in it."""
    changesets: Count
    photos: Count
    photo_bytes: Count


def sign(header: Header, identity: Identity) -> Signed:
    """The header as it travels.

    Raises:
        BundleError: It knows too many chains for one bundle.
    """
    import jwt

    jws = jwt.encode(
        msgspec.to_builtins(header),
        identity.key.private,
        algorithm="EdDSA",
        headers={"typ": TYPE, "kid": identity.cert},
    )
    if len(jws) > MAX_FRAME // 2:
        raise BundleError(
            "涉及的设备和区域过多，放不进一个数据包；请用 --area 分几次制作。",
            "There are too many chains for one bundle; make several with --area.",
        )
    return Signed(jws, identity.jws)


def read_header(said: Signed) -> tuple[Header, Certificate]:
    """What a header says and whose it is, once its signature holds.

    Raises:
        BundleError: It is not signed by the device that it names.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    plain: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        if not (said.jws.isascii() and said.certificate.isascii()):
            raise damaged("头部含有非 ASCII 字符", "its header is not ASCII")
        certificate = read_certificate(said.certificate)
        if jwt.get_unverified_header(said.jws).get("typ") != TYPE:
            raise damaged("头部不是数据包的头部", "its header is not that of a bundle")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(certificate.key))
        header = msgspec.convert(jwt.decode(said.jws, key, algorithms=["EdDSA"], options=plain), Header)
    except (CertificateError, jwt.InvalidTokenError, msgspec.ValidationError, ValueError, TypeError) as error:
        raise damaged(f"头部无效（{error}）", f"its header is not valid ({error})") from error
    if header.device != certificate.device or header.team != certificate.team:
        raise damaged("头部的设备与其证书不符", "its header names another device than its certificate")
    return header, certificate
