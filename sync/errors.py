"""What can go wrong, named after the broken rule; each error carries its sentence in Chinese and in English.

`PeerError` is for what another replica offered and may not have; `StoreError` is for trouble on this device.
"""

from __future__ import annotations


class SyncError(Exception):
    """Base of all errors of this package: one sentence in `zh` and in `en`."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class PeerError(SyncError):
    """What a peer offered breaks a rule of the log."""


class MalformedError(PeerError):
    """The bytes of a changeset are not in the one permitted encoding."""


class CertificateError(PeerError):
    """A certificate is not signed by its team's root key, or does not belong to the device that uses it."""


class SignatureError(PeerError):
    """A changeset is not signed by the key of its certificate."""


class ChainError(PeerError):
    """A changeset does not follow the one that it names as its predecessor."""


class UntrustedError(PeerError):
    """The peer's changes stand under another root key, and nobody has adopted it."""


class NotAReplicaError(PeerError):
    """The file or folder is not a workspace, or is damaged beyond reading."""


class BundleError(PeerError):
    """A bundle on a stick is incomplete, damaged, not sealed for this device, or of a newer format."""


class StoreError(SyncError):
    """The local replica cannot do what was asked: locked, full, read-only, damaged."""


class StaleError(SyncError):
    """A change was asked for on a row that is not there."""


class BlobError(SyncError):
    """The bytes of a photo or a private value are missing or are not what their hash says."""


class LockedError(BlobError):
    """It lies sealed under a PIN that was not entered: not here for now, but neither missing nor damaged."""


class SealError(StoreError):
    """What should be sealed is not, is damaged, or was sealed with another key."""
