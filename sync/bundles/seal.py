"""Sealing a bundle for the devices that may read it, in the age format (age-encryption.org/v1, library pyrage).

A recipient is the Ed25519 key that stands in a device's certificate, written as `ssh-ed25519 …`; age turns it into an
X25519 key. So every device that the log knows can be sealed for without publishing anything first, and whoever is
revoked is left out of the next bundle. A bundle for a workspace that asks for it may be plain instead.
"""

from __future__ import annotations

import base64
import contextlib
import io
import queue
import re
import struct
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from sync.errors import BundleError, StoreError, SyncError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.bundles.frames import Source
    from sync.identity import Identity

AGE: Final = b"age-encryption.org/v1\n"
MAX_AGE_HEADER: Final = 1 << 20
MAX_RECIPIENTS: Final = 1000
_AHEAD: Final = 8
_PIECE: Final = 1 << 20
_KIND: Final = b"ssh-ed25519"
_SSH: Final = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/]{68}={0,2})(?: [^\r\n]{0,200})?")
_AGE: Final = re.compile(r"age1[a-z0-9]{58}")


class Sink(Protocol):
    """Where a sealed stream goes."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""
        ...

    def flush(self) -> None:
        """Nothing more comes at once."""
        ...


def address(public: bytes) -> str:
    """A device's public key (32 bytes) as an address that bundles can be sealed for."""
    blob = struct.pack(">I", len(_KIND)) + _KIND + struct.pack(">I", len(public)) + public
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def read_address(text: str) -> str:
    """An address as somebody wrote it down: `ssh-ed25519 …` with or without a remark, or `age1…`.

    Raises:
        BundleError: It is neither.
    """
    import pyrage

    line = text.strip()
    with contextlib.suppress(pyrage.RecipientError):
        if (match := _SSH.fullmatch(line)) is not None:
            plain = f"ssh-ed25519 {match[1]}"
            pyrage.ssh.Recipient.from_str(plain)
            return plain
        if _AGE.fullmatch(line):
            pyrage.x25519.Recipient.from_str(line)
            return line
    raise BundleError(
        "这不是收件地址；请在对方设备上运行 inspect-tui bundle address，把那一行（ssh-ed25519 …）完整抄来。",
        "This is no address to seal a bundle for; run inspect-tui bundle address on the other device and copy its line"
        " (ssh-ed25519 …) whole.",
    )


def seal(stream: Iterable[bytes], sink: Sink, addresses: Sequence[str] | None) -> None:
    """Write a stream, encrypted for the addresses, or as it is where they are None.

    Raises:
        OSError: What the sink raised, or any other error of stream or sink, as it was.
        StoreError: The library failed.
    """
    if addresses is None:
        for part in stream:
            sink.write(part)
        return
    import pyrage

    recipients = [
        pyrage.ssh.Recipient.from_str(each) if each.startswith("ssh-") else pyrage.x25519.Recipient.from_str(each)
        for each in addresses
    ]
    kept = _Kept()
    try:
        pyrage.encrypt_io(_Reading(stream, kept), _Writing(sink, kept), recipients)
    except Exception as error:
        # the library tells an error of ours only as text
        if kept.error is not None:
            raise kept.error from None
        raise StoreError(f"加密失败：{error}。", f"Encryption failed: {error}.") from error


class _Kept:
    """The first error of a stream or sink that stands behind a library."""

    def __init__(self) -> None:
        self.error: BaseException | None = None


class _Reading:
    """A stream of parts as a file that can be read."""

    def __init__(self, stream: Iterable[bytes], kept: _Kept) -> None:
        self._parts: Iterator[bytes] = iter(stream)
        self._rest = memoryview(b"")
        self._kept = kept

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        try:
            while not self._rest:
                self._rest = memoryview(next(self._parts))
        except StopIteration:
            return b""
        except BaseException as error:
            self._kept.error = error
            raise
        found = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(found) :]
        return bytes(found)


class _Writing:
    """A sink whose error is kept."""

    def __init__(self, sink: Sink, kept: _Kept) -> None:
        self._sink = sink
        self._kept = kept

    def write(self, data: bytes) -> int:
        """Take all of `data`."""
        try:
            return self._sink.write(bytes(data))
        except BaseException as error:
            self._kept.error = error
            raise

    def flush(self) -> None:
        """Pass it on."""
        try:
            self._sink.flush()
        except BaseException as error:
            self._kept.error = error
            raise


class Opened:
    """A bundle's stream, decrypted while it is read; at most some megabytes lie in memory.

    Attributes:
        sealed: Whether it is encrypted.
    """

    def __init__(self, source: Source, identity: Identity | None) -> None:
        """Args: source: the parts, joined; identity: whose keys may open it."""
        first = _first(source)
        self.sealed = first.startswith(AGE)
        self._plain: Source = _Joined(first, source)
        self._worker: _Worker | None = None
        if self.sealed:
            self._worker = _Worker(self._plain, _identities(identity))
            self._plain = self._worker

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes of the stream."""
        return self._plain.read(size)

    def close(self) -> None:
        """Stop decrypting."""
        if self._worker is not None:
            self._worker.close()


def _first(source: Source) -> bytes:
    """The beginning; of a sealed bundle all of its age header, once it is known to be one that we can afford to parse.

    Raises:
        BundleError: It is longer than any that we make, is cut off, or asks for a passphrase.
    """
    found = bytearray()
    limit = len(AGE)
    while len(found) < limit:
        part = source.read(limit - len(found))
        if not part:
            break
        found += part
        if limit == len(AGE) and found.startswith(AGE):
            limit = MAX_AGE_HEADER
        if b"\n---" in found:
            break
    if not found.startswith(AGE):
        return bytes(found)
    if b"\n---" not in found:
        raise BundleError(
            "数据包的加密头残缺或过长，无法读取。",
            "The encryption header of the bundle is cut off or too long; it cannot be read.",
        )
    if b"\n-> scrypt " in found[: found.index(b"\n---")]:
        raise BundleError(
            "这个文件是用口令加密的，不是数据包；数据包只加密给设备。",
            "This file is encrypted with a passphrase and is no bundle; bundles are sealed for devices.",
        )
    return bytes(found)


def _identities(identity: Identity | None) -> list[Any]:
    if identity is None:
        raise BundleError(
            "此工作区没有设备密钥，打不开加密的数据包。",
            "This workspace has no device key and cannot open a sealed bundle.",
        )
    import pyrage
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    keys = [identity.key, *([identity.root] if identity.root is not None else [])]
    return [
        pyrage.ssh.Identity.from_buffer(
            key.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        )
        for key in keys
    ]


class _Joined:
    """What was read already, then the rest."""

    def __init__(self, first: bytes, rest: Source) -> None:
        self._first = io.BytesIO(first)
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""
        return self._first.read(size) or self._rest.read(size)


class _Closed(Exception):
    """Nobody reads any more."""


class _Worker:
    """Decrypts on a thread of its own: the library pushes, readers pull."""

    def __init__(self, source: Source, identities: list[Any]) -> None:
        self._queue: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
        self._collected = bytearray()
        self._kept = _Kept()
        self._source = source
        self._identities = identities
        self._rest = memoryview(b"")
        self._done = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # on the thread

    def _run(self) -> None:
        import pyrage

        end: BaseException | None = None
        try:
            pyrage.decrypt_io(_Wrapped(self._source, self._kept), self, self._identities)
            self._put(bytes(self._collected))
        except BaseException as error:  # noqa: BLE001  a library's panic is an error of the file, too
            end = self._kept.error or _told(error)
        self._put(end)

    def write(self, data: bytes) -> int:
        """Collect what was decrypted."""
        self._collected += data
        if len(self._collected) >= _PIECE:
            self._put(bytes(self._collected))
            self._collected = bytearray()
        return len(data)

    def flush(self) -> None:
        """What is collected waits for more."""

    def _put(self, item: bytes | BaseException | None) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.1)
                return
        if item is not None and not isinstance(item, BaseException):
            raise _Closed

    # for readers

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._rest and not self._done:
            item = self._queue.get()
            if isinstance(item, bytes):
                self._rest = memoryview(item)
                continue
            self._done = True
            if item is not None:
                raise item
        found = self._rest[:size]
        self._rest = self._rest[len(found) :]
        return bytes(found)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._done = True
        self._thread.join()


class _Wrapped:
    """A source whose error is kept."""

    def __init__(self, source: Source, kept: _Kept) -> None:
        self._source = source
        self._kept = kept

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        try:
            return self._source.read(size)
        except BaseException as error:
            self._kept.error = error
            raise


def _told(error: BaseException) -> SyncError:
    """What the library says of a file, as one sentence."""
    if "No matching keys" in str(error):
        return BundleError(
            "这个数据包没有加密给本机；请在本机运行 inspect-tui bundle address，把地址交给对方，由对方用 --to 重新制作。",
            "The bundle is not sealed for this device; run inspect-tui bundle address here and give the line to whoever made"
            " it, to make it again with --to.",
        )
    return BundleError(
        f"数据包已损坏：解密失败（{error}）。", f"The bundle is damaged: it cannot be decrypted ({error})."
    )
