"""The server's TLS certificate: given as files, or made here and known by its fingerprint."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
from typing import TYPE_CHECKING, Final

from sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.x509 import GeneralName

CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
YEARS: Final = 10


def make(folder: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """The certificate and key in `folder`, made there when it lacks them.

    Args:
        folder: Of the server's workspace.
        names: Host names and addresses that the server answers to.

    Raises:
        StoreError: The folder cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.is_file() and key.is_file():
        return certificate, key
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "inspect-tui")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # laptops with slow clocks must be able to connect
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(now + dt.timedelta(days=365 * YEARS))
        .add_extension(
            x509.SubjectAlternativeName([each for each in map(_general_name, names) if each is not None]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    try:
        _write(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _write(certificate, made.public_bytes(Encoding.PEM), 0o644)
    except OSError as error:
        raise StoreError(
            f"无法写入 TLS 证书 {certificate}：{error.strerror}。",
            f"The TLS certificate {certificate} cannot be written: {error.strerror}.",
        ) from error
    return certificate, key


def _general_name(name: str) -> GeneralName | None:
    """As it stands in a certificate; None for what cannot stand there, and need not: devices know the fingerprint."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode("ascii")) if name else None
    except UnicodeError:
        return None


def _write(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate (DER) in hex; of a chain, of its first.

    Raises:
        StoreError: The file is missing or is no certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        loaded = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise StoreError(
            f"TLS 证书 {certificate} 无法读取：{error}。",
            f"The TLS certificate {certificate} cannot be read: {error}.",
        ) from error
    return hashlib.sha256(loaded.public_bytes(Encoding.DER)).hexdigest()
