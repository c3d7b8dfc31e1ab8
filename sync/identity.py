"""Who this device is: its key, its certificate and, where it has one, the team's root key."""

from __future__ import annotations

import hashlib
import platform
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.keys import EVERYWHERE, Certificate, Key, certificate_id, read_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from sync.keys import Role


@dataclass(frozen=True)
class Identity:
    """What a device signs with.

    Attributes:
        key: The device's private key.
        jws: Its certificate.
        root: The team's root key, on the device that founded the team.
    """

    key: Key
    jws: str
    root: Key | None = None

    @property
    def certificate(self) -> Certificate:
        """What the certificate says."""
        return read_certificate(self.jws)

    @property
    def cert(self) -> str:
        """The certificate's id."""
        return certificate_id(self.jws)

    @property
    def device(self) -> str:
        """The device's id."""
        return self.certificate.device

    @property
    def team(self) -> str:
        """The id of the team's root key."""
        return self.certificate.team

    @classmethod
    def found(cls, name: str, *, root: Key | None = None, issued: int | None = None) -> Identity:
        """A device that is its own root, an administrator for all areas; with `root`, a new device of that root."""
        root = root or Key.generate()
        return cls.issue(root, name, role="admin", areas=(EVERYWHERE,), issued=issued, keep_root=True)

    @classmethod
    def issue(
        cls,
        root: Key,
        name: str,
        *,
        role: Role = "inspector",
        areas: tuple[str, ...] = (EVERYWHERE,),
        officers: tuple[str, ...] = (),
        issued: int | None = None,
        expires: int | None = None,
        keep_root: bool = False,
        key: Key | None = None,
    ) -> Identity:
        """A new device under a root key.

        Args:
            root: The team's root key.
            name: What people call the device.
            role: What it may write.
            areas: Where it may work.
            officers: Badge numbers that may act on it; none means any.
            issued: Start of validity, UTC in ms; 2020-01-01 unless given, so that a wrong clock shuts nobody out.
            expires: End of validity, UTC in ms.
            keep_root: Whether the root key stays on the device.
            key: The device's key; a new one unless given.
        """
        key = key or Key.generate()
        jws = root.issue(
            key.public,
            name=name,
            role=role,
            areas=areas,
            officers=officers,
            issued=1_577_836_800_000 if issued is None else issued,
            expires=expires,
        )
        return cls(key, jws, root if keep_root else None)


def home_mark(path: Path) -> str:
    """Tells this file on this machine from a copy of it: a copied or restored workspace must become a new device."""
    return hashlib.sha256(f"{platform.node()} {path.stat().st_ino}".encode()).hexdigest()[:32]


def now_ms() -> int:
    """UTC in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
