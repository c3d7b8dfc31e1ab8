"""Signed requests: who asks, and that nobody changed or repeated what was asked.

Every request but the first carries a compact JWS (RFC 7515, EdDSA) of the device's key over method, path, the SHA-256
of the body, a nonce that the server gave and a token of its own; beside it stands the device's certificate. It is the
idea of DPoP (RFC 9449), with the body included. Time is the server's alone: a laptop with a wrong clock gets in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.errors import CertificateError, SyncError
from sync.keys import MAX_CERTIFICATE, read_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sync.central.store import CentralStore
    from sync.identity import Identity
    from sync.keys import Certificate

TYPE: Final = "inspect-tui-request+jwt"
SCHEME: Final = "Inspect-Tui"
AUTHORIZATION: Final = "Authorization"
CERTIFICATE: Final = "Inspect-Certificate"
NONCE: Final = "Inspect-Nonce"
MAX_PROOF: Final = 4096
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,64}")
PERIOD_MS: Final = 300_000
"""A nonce is good for the period in which it was given and the next one."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the signature covers."""

    aud: str
    """The server's device id, so that one server's requests are no use at another."""
    method: str
    path: str
    """With the query, as it stands in the request line."""
    body: str
    """SHA-256 of the body in hex."""
    nonce: str
    jti: str
    """A token used once."""


class NotAllowed(SyncError):
    """A request that the server does not answer.

    Attributes:
        code: For programmes.
        status: HTTP status.
    """

    def __init__(self, status: int, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.status = status
        self.code = code


def sign_request(
    identity: Identity, *, server: str, method: str, path: str, body: bytes = b"", nonce: str
) -> dict[str, str]:
    """The headers that make a request a signed one.

    Args:
        identity: Who asks.
        server: Device id of the server, from its hello.
        method: `GET`, `POST`, …
        path: With the query.
        body: As it is sent.
        nonce: The latest that the server gave.
    """
    import jwt

    proof = Proof(
        aud=server,
        method=method.upper(),
        path=path,
        body=hashlib.sha256(body).hexdigest(),
        nonce=nonce,
        jti=secrets.token_hex(16),
    )
    said = jwt.encode(
        msgspec.to_builtins(proof),
        identity.key.private,
        algorithm="EdDSA",
        headers={"typ": TYPE, "kid": identity.cert},
    )
    return {AUTHORIZATION: f"{SCHEME} {said}", CERTIFICATE: identity.jws}


@dataclass
class Gate:
    """Lets signed requests through.

    Attributes:
        store: Knows the team, what was revoked, and which tokens were used.
        server: Device id of this server.
        now: The server's clock, UTC in ms.
    """

    store: CentralStore
    server: str
    now: Callable[[], int]

    def nonce(self) -> str:
        """A nonce of the current period."""
        return self._nonce(self.now() // PERIOD_MS)

    def _nonce(self, period: int) -> str:
        mac = hmac.new(self.store.secret("nonce"), f"nonce {self.server} {period}".encode(), "sha256")
        return f"{period}.{mac.hexdigest()[:32]}"

    def admit(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Certificate:
        """Who asks.

        Raises:
            NotAllowed: Not signed, not by a device of this team, not with a certificate that is good now, or not for
                the first time.
        """
        proof, certificate = self.look(method, path, headers)
        self.take(proof, certificate, body)
        return certificate

    def look(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[Proof, Certificate]:
        """Who asks, as far as that shows without the body: a stranger's is never read.

        Raises:
            NotAllowed: As for `admit`.
        """
        proof, certificate = self._read(headers)
        self._good_now(certificate)
        if (proof.aud, proof.method, proof.path) != (self.server, method.upper(), path):
            raise NotAllowed(
                401, "altered", "请求与其签名所述不符。", "The request is not the one that its signature covers."
            )
        period = self.now() // PERIOD_MS
        if not any(_same(proof.nonce, self._nonce(each)) for each in (period, period - 1)):
            raise NotAllowed(
                401, "nonce", "随机数已过期，请用新的重试。", "The nonce is not current; use the new one and retry."
            )
        return proof, certificate

    def take(self, proof: Proof, certificate: Certificate, body: bytes) -> None:
        """Compare the body, and note that the request has come.

        Raises:
            NotAllowed: The body was changed, or the request has come before.
        """
        if not _same(proof.body, hashlib.sha256(body).hexdigest()):
            raise NotAllowed(
                401, "altered", "请求内容在途中被改动。", "The body is not the one that the signature covers."
            )
        period = self.now() // PERIOD_MS
        if not _TOKEN.fullmatch(proof.jti) or not self.store.first_use(
            f"{certificate.device} {proof.jti}", (period + 2) * PERIOD_MS
        ):
            raise NotAllowed(401, "replayed", "同一请求已收到过一次。", "The very same request has come before.")

    def _read(self, headers: Mapping[str, str]) -> tuple[Proof, Certificate]:
        import jwt
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        scheme, _, said = headers.get(AUTHORIZATION.lower(), "").partition(" ")
        text = headers.get(CERTIFICATE.lower(), "")
        if scheme.lower() != SCHEME.lower() or not said or not text:
            raise NotAllowed(
                401,
                "unsigned",
                "请求没有设备签名；请先用 team join 加入团队，再用 sync 同步。",
                "The request carries no device's signature; join the team with team join, then use sync.",
            )
        if len(said) > MAX_PROOF or len(text) > MAX_CERTIFICATE:
            raise NotAllowed(401, "signature", "签名或证书过长。", "Signature or certificate is too long.")
        try:
            certificate = read_certificate(text)
        except CertificateError as error:
            raise NotAllowed(401, "certificate", error.zh, error.en) from error
        try:
            if jwt.get_unverified_header(said).get("typ") != TYPE:
                raise NotAllowed(401, "signature", "签名类型不对。", "The signature is of another type.")
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(certificate.key))
            plain: Any = {"verify_aud": False}
            proof = msgspec.convert(jwt.decode(said, key, algorithms=["EdDSA"], options=plain), Proof)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            raise NotAllowed(401, "signature", "请求签名无效。", "The request's signature is not valid.") from error
        return proof, certificate

    def _good_now(self, certificate: Certificate) -> None:
        if certificate.team != self.store.team:
            raise NotAllowed(
                403,
                "team",
                "证书属于另一团队；请向本中心库的管理员索取邀请码。",
                "The certificate belongs to another team; ask this store's administrator for an invitation.",
            )
        now = self.now()
        if certificate.expires is not None and now > certificate.expires:
            raise NotAllowed(
                403,
                "expired",
                "设备证书已过期；请向管理员索取新的邀请码。",
                "The device's certificate has expired; ask the administrator for a new invitation.",
            )
        if certificate.issued > now:
            raise NotAllowed(403, "expired", "设备证书尚未生效。", "The device's certificate is not valid yet.")
        if self.store.revoked(certificate.device):
            raise NotAllowed(
                403,
                "revoked",
                "此设备已被吊销；本机记录仍在，请联系管理员。",
                "This device was revoked; its records are still on it, ask the administrator.",
            )


def _same(said: str, true: str) -> bool:
    """Compared in the same time wherever they differ; what is said may be any text."""
    return hmac.compare_digest(said.encode(errors="surrogatepass"), true.encode())
