"""Keys, certificates and signatures.

A device signs with an Ed25519 key (RFC 8032). Its certificate is a compact JWS (RFC 7515, `EdDSA` of RFC 8037)
signed by the team's root key: who the device is, in which role and areas it may work, for which officers, and until
when. The root's public key stands in the certificate and its hash is the team's id, so a certificate can be checked
with nothing else at hand.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from sync.blobs import sync_folder
from sync.changeset import PURPOSE
from sync.errors import CertificateError, StoreError
from sync.sealing import is_armoured, locked

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Role = Literal["inspector", "supervisor", "admin", "auditor"]
EVERYWHERE: Final = "000000"
MAX_CERTIFICATE: Final = 16_384


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says. Times are UTC in milliseconds since 1970."""

    team: str
    root: str
    """The team's root public key, 32 bytes in hex."""
    device: str
    key: str
    """The device's public key, 32 bytes in hex."""
    name: str
    role: Role
    areas: tuple[str, ...]
    """GB/T 2260 codes; one ending in 00 covers the areas with its prefix, 000000 covers all."""
    officers: tuple[str, ...] = ()
    """Badge numbers that may act on the device; empty means any."""
    issued: int
    expires: int | None = None

    def covers(self, area: str) -> bool:
        """Whether the certificate is good for `area`."""
        return any(covers_area(own, area) for own in self.areas)


def covers_area(wide: str, area: str) -> bool:
    """Whether `wide` is `area` or, ending in 00, a unit that `area` lies in (GB/T 2260)."""
    while wide.endswith("00"):
        wide = wide[:-2]
    return area.startswith(wide)


def short(data: bytes, length: int = 32) -> str:
    """The first `length` hex digits of the SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()[:length]


def device_id(public: bytes) -> str:
    """The id of the device that holds the key: 80 bits of the key's SHA-256, in hex."""
    return short(public, 20)


def team_id(root: bytes) -> str:
    """The id of the team with this root key: 128 bits of the key's SHA-256, in hex."""
    return short(root)


def _unreadable(name: str, error: Exception) -> StoreError:
    return StoreError(
        f"密钥文件 {name} 无法读取：{error}；请从备份恢复该文件。",
        f"The key file {name} cannot be read: {error}; restore it from a backup.",
    )


def write_secret(path: Path, text: bytes) -> None:
    """Replace `path` by `text`, readable by its owner alone, and have it on disk on return.

    Raises:
        OSError: The disk does not take it; `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


@lru_cache(maxsize=256)
def certificate_id(jws: str) -> str:
    """The id by which changesets name a certificate: 128 bits of its SHA-256, in hex."""
    return short(jws.encode())


class Key:
    """An Ed25519 private key, of a device or of a team's root."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()
        """The public key, 32 bytes."""

    @classmethod
    def generate(cls) -> Key:
        """A new key from the system's random source."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key with this 32-byte seed; for golden vectors."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: Path) -> Key:
        """The key in a PEM file.

        Raises:
            LockedError: The file is sealed under a PIN.
            StoreError: The file is missing or is no Ed25519 key.
        """
        try:
            text = path.read_bytes()
        except OSError as error:
            raise _unreadable(path.name, error) from error
        if is_armoured(text):
            raise locked()
        return cls.from_pem(text, path.name)

    @classmethod
    def from_pem(cls, text: bytes, name: str) -> Key:
        """The key in the text of a PEM file called `name`.

        Raises:
            StoreError: It is no Ed25519 key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            private = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _unreadable(name, error) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise StoreError(f"{name} 不是 Ed25519 密钥。", f"{name} does not hold an Ed25519 key.")
        return cls(private)

    def pem(self) -> bytes:
        """The key as the text of a PEM file, PKCS #8."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def save(self, path: Path) -> None:
        """Write the key as PEM, readable by its owner alone, and have it on disk on return."""
        write_secret(path, self.pem())

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private key, for whoever signs something else than a changeset with a type of its own."""
        return self._private

    def sign(self, hash_: bytes) -> bytes:
        """Sign the hash of a changeset, 64 bytes."""
        return self._private.sign(PURPOSE + hash_)

    def issue(self, device_public: bytes, **fields: Any) -> str:
        """A certificate for a device, signed by this key as the team's root.

        Args:
            device_public: The device's public key, 32 bytes.
            fields: `name`, `role`, `areas`, `officers`, `issued`, `expires` as in `Certificate`.
        """
        import jwt

        said = Certificate(
            team=team_id(self.public),
            root=self.public.hex(),
            device=device_id(device_public),
            key=device_public.hex(),
            **fields,
        )
        return jwt.encode(
            msgspec.to_builtins(said), self._private, algorithm="EdDSA", headers={"typ": "inspect-tui-cert+jwt"}
        )


@lru_cache(maxsize=256)
def read_certificate(jws: str) -> Certificate:
    """What a certificate says, once its signature holds.

    Raises:
        CertificateError: Not signed by the root key that it names, or that key or the device's is not the one
            whose hash the id is.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(jws) > MAX_CERTIFICATE or not jws.isascii():
        raise CertificateError("证书过长或含有非 ASCII 字符。", "The certificate is too long or not ASCII.")
    try:
        said = msgspec.convert(jwt.decode(jws, options={"verify_signature": False}), Certificate)
        root, key = bytes.fromhex(said.root), bytes.fromhex(said.key)
        plain = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        jwt.decode(jws, Ed25519PublicKey.from_public_bytes(root), algorithms=["EdDSA"], options=plain)  # type: ignore[arg-type]  # a plain dict is the documented form
        Ed25519PublicKey.from_public_bytes(key)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise CertificateError(f"证书无效：{error}。", f"The certificate is not valid: {error}.") from error
    if said.team != team_id(root) or said.device != device_id(key):
        raise CertificateError("证书的编号与其公钥不符。", "The ids in the certificate are not those of its keys.")
    return said


@lru_cache(maxsize=256)
def _public_key(key: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))


def signed(certificate: Certificate, hash_: bytes, signature: bytes) -> bool:
    """Whether `signature` is the certificate holder's over the changeset with this hash."""
    from cryptography.exceptions import InvalidSignature

    try:
        _public_key(certificate.key).verify(signature, PURPOSE + hash_)
    except InvalidSignature:
        return False
    return True


__all__ = [
    "EVERYWHERE",
    "Certificate",
    "Key",
    "Role",
    "certificate_id",
    "covers_area",
    "device_id",
    "read_certificate",
    "signed",
    "team_id",
    "write_secret",
]
