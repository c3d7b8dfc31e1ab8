"""Signed requests to a central store: pinned, retried, and told in one sentence when they fail.

urllib3 carries them: it is kept up well, waits on threads like the rest of the programme, and can pin a server's
certificate by its fingerprint.
"""

from __future__ import annotations

import contextlib
import ipaddress
import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3

from sync.central import protocol
from sync.central.requests import NONCE, sign_request
from sync.errors import CertificateError, MalformedError, PeerError, SyncError, UntrustedError
from sync.keys import read_certificate
from sync.receipts import GIVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sync.identity import Identity

CONNECT_S: Final = 20.0
READ_S: Final = 90.0
ATTEMPTS: Final = 6
LONGEST_WAIT_S: Final = 20.0
MAX_ANSWER: Final = 64 << 20
"""Bytes of an answer that is taken into memory: twice the largest batch, decompressed."""
AGAIN: Final = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may do better a little later."""
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class UnreachableError(SyncError):
    """The server cannot be reached, or stops answering; what it acknowledged before stays acknowledged."""


class Cancelled(SyncError):
    """The person stopped the sync; what was acknowledged stays, the next one goes on from there."""

    def __init__(self) -> None:
        super().__init__(
            "已取消同步；已确认的部分不会重传，再次同步即可继续。",
            "The sync was cancelled; what was acknowledged is not sent again, sync once more to go on.",
        )


class RefusedByServer(PeerError):
    """The server answers, and refuses.

    Attributes:
        status: HTTP status.
        code: The refusal's code.
    """

    def __init__(self, status: int, said: protocol.Refusal) -> None:
        super().__init__(said.zh, said.en)
        self.status = status
        self.code = said.code


@dataclass(frozen=True)
class Address:
    """Where a central store is and how it is known.

    Attributes:
        url: `https://host:port`; `http://` for this machine only.
        fingerprint: SHA-256 of its TLS certificate in hex; empty where a public authority vouches for it.
        team: Id of the root key that it must stand under.
    """

    url: str
    fingerprint: str = ""
    team: str = ""

    def checked(self) -> Address:
        """The same, if it can be used.

        Raises:
            PeerError: It is no address, or would send records over an open network without encryption.
        """
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise _no_address(self.url) from error
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise _no_address(self.url)
        if parts.username or parts.password or (port is not None and port == 0):
            raise _no_address(self.url)
        if parts.scheme == "http" and not _is_local(parts.hostname):
            raise PeerError(
                f"{self.url} 未加密；中心库须用 https://，http:// 只可用于本机。",
                f"{self.url} is not encrypted; a central store is reached by https://, http:// is for this machine only.",
            )
        if self.fingerprint and not _FINGERPRINT.fullmatch(self.fingerprint):
            raise PeerError(
                "服务器证书指纹须为 64 位十六进制。",
                "The fingerprint of the server's certificate is 64 hex digits.",
            )
        return Address(self.url.rstrip("/"), self.fingerprint, self.team)


def _no_address(url: str) -> PeerError:
    return PeerError(
        f"{url!r} 不是服务器地址；应形如 https://主机:端口。",
        f"{url!r} is not a server's address; it looks like https://host:port.",
    )


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Meter:
    """What went over the wire.

    Attributes:
        requests: Answered or not.
        sent: Bytes of bodies.
        received: Bytes of bodies.
        waiting: Whether the last try failed and another one is due.
    """

    requests: int = 0
    sent: int = 0
    received: int = 0
    waiting: bool = False


@dataclass
class Answered:
    """An answer, whole."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self, kind: type[Any]) -> Any:
        """The message in it.

        Raises:
            PeerError: It is not one of that kind.
        """
        try:
            return protocol.decode(self.body, kind)
        except MalformedError as error:
            raise PeerError(
                f"服务器的回答无法理解（{error.zh}）；请核对地址，并把程序升级到同一版本。",
                f"The server's answer is not understood ({error.en}); check the address, and upgrade to one version.",
            ) from error


class Connection:
    """A server, as one device talks to it. Usable from several threads."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        *,
        stop: Callable[[], bool] = lambda: False,
        attempts: int = ATTEMPTS,
    ) -> None:
        """Args: `stop` is asked while waiting; `attempts` of each request before giving up."""
        self.address = address.checked()
        self.identity = identity
        self.meter = Meter()
        self.repeats = 0
        """Requests that were made again after the line or the server had failed."""
        self.stop = stop
        self.attempts = attempts
        self._hello: protocol.Hello | None = None
        self._nonce = ""
        self._prefix = urlsplit(self.address.url).path.rstrip("/")
        self._pool = _pool(self.address)

    def close(self) -> None:
        """Let go of the sockets."""
        self._pool.close()

    @property
    def hello(self) -> protocol.Hello:
        """Who the server is; asked once, and checked.

        Raises:
            UntrustedError: It stands under another team's root key, or shows no certificate of a device that may serve.
            PeerError: It speaks no protocol that we know.
            UnreachableError: It does not answer.
        """
        if self._hello is None:
            said: protocol.Hello = self.send("GET", f"{protocol.PREFIX}/hello", signed=False).json(protocol.Hello)
            self._check(said)
            self._hello = said
            self._nonce = said.nonce
        return self._hello

    def _check(self, said: protocol.Hello) -> None:
        if protocol.VERSION not in said.protocol:
            raise PeerError(
                f"服务器使用协议 {said.protocol}，本程序使用 {protocol.VERSION}；请升级较旧的一方。",
                f"The server speaks protocol {said.protocol}, this programme {protocol.VERSION}; upgrade the older one.",
            )
        try:
            certificate = read_certificate(said.certificate)
        except CertificateError as error:
            raise UntrustedError(error.zh, error.en) from error
        if certificate.device != said.server or certificate.team != said.team or certificate.role not in GIVERS:
            raise UntrustedError(
                "服务器的证书与其自称不符，未同步。",
                "The server's certificate is not what it claims; nothing was synced.",
            )
        if self.address.team and said.team != self.address.team:
            raise UntrustedError(
                f"该服务器属于另一团队（{said.team[:8]}…），未同步；请核对地址。",
                f"The server belongs to another team ({said.team[:8]}…); nothing was synced, check the address.",
            )

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signed: bool = True,
        good: frozenset[int] = frozenset({200}),
    ) -> Answered:
        """Ask, again where that may help; every operation may be repeated.

        Args:
            method: HTTP method.
            path: From the server's root, with the query.
            body: Sent whole.
            headers: Beside those that sign.
            signed: Whether the device signs.
            good: Statuses that are answers and not refusals.

        Raises:
            RefusedByServer: The server refuses.
            UnreachableError: It does not answer, or stops in the middle.
        """
        last: Exception | None = None
        old_nonce = False
        attempt = 0
        while attempt < self.attempts:
            if attempt:
                self.repeats += 1
                self.wait(attempt)
            attempt += 1
            try:
                answered = self._once(method, path, body, headers or {}, signed=signed)
            except urllib3.exceptions.HTTPError as error:
                last = error
                if _is_pin(error):
                    raise self._not_it() from error
                continue
            if answered.status in good:
                return answered
            said = refusal_in(answered)
            last = RefusedByServer(answered.status, said)
            if said.code == "nonce" and not old_nonce:
                # the refusal brought a new one: at once, and for free
                old_nonce, attempt = True, attempt - 1
            elif answered.status not in AGAIN:
                raise last
        if isinstance(last, RefusedByServer):
            raise last
        raise self.unreachable(last) from last

    def _once(self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, signed: bool) -> Answered:
        target = self._prefix + path
        said = dict(headers)
        if signed:
            said |= self.signature(method, path, body)
        self.meter.requests += 1
        try:
            response = self._pool.request(
                method,
                target,
                body=body or None,
                headers=said,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            answered = whole(response)
        except (ValueError, OSError) as error:
            raise urllib3.exceptions.HTTPError(str(error)) from error
        self.meter.waiting = False
        self.meter.sent += len(body)
        self.meter.received += len(answered.body)
        if nonce := answered.headers.get(NONCE):
            self._nonce = nonce
        return answered

    def signature(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """The headers that sign a request."""
        if self.identity is None:
            raise PeerError("此工作区没有设备密钥，不能同步。", "This workspace has no device key; it cannot sync.")
        server = self.hello.server
        return sign_request(self.identity, server=server, method=method, path=path, body=body, nonce=self._nonce)

    def stream(self, method: str, path: str, headers: Mapping[str, str], *, signed: bool = True) -> Any:
        """An answer whose body is read bit by bit; one attempt.

        Raises:
            UnreachableError: It does not answer.
        """
        said = dict(headers) | (self.signature(method, path) if signed else {})
        self.meter.requests += 1
        try:
            response = self._pool.request(
                method,
                self._prefix + path,
                headers=said,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if _is_pin(error):
                raise self._not_it() from error
            raise self.unreachable(error) from error
        # many photos take longer than a nonce is good for
        if nonce := response.headers.get(NONCE):
            self._nonce = nonce
        return response

    def feed(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answered:
        """Send a body that is read bit by bit, unsigned: for addresses that are secrets themselves; one attempt.

        Raises:
            UnreachableError: It does not answer, or stops in the middle.
        """
        self.meter.requests += 1
        try:
            response = self._pool.request(
                method,
                self._prefix + path,
                body=body,
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            return whole(response)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if _is_pin(error):
                raise self._not_it() from error
            raise self.unreachable(error) from error

    def wait(self, attempt: int) -> None:
        """Wait before another try, longer each time; give up when told to stop."""
        self.meter.waiting = True
        wait = min(LONGEST_WAIT_S, 0.25 * 2**attempt) * random.uniform(0.5, 1.0)
        until = time.monotonic() + wait
        while time.monotonic() < until:
            if self.stop():
                raise Cancelled
            time.sleep(min(0.1, wait))

    def unreachable(self, error: Exception | None) -> UnreachableError:
        """One sentence for what urllib3 says at length."""
        zh, en = _why(error)
        return UnreachableError(
            f"连不上中心库 {self.address.url}：{zh}；本机记录完好，已确认的部分不会重传，请检查网络后再同步。",
            f"The central store {self.address.url} cannot be reached: {en}; the records here are safe and what was"
            " acknowledged is not sent again, check the network and sync once more.",
        )

    def _not_it(self) -> UntrustedError:
        return UntrustedError(
            f"{self.address.url} 出示的 TLS 证书与登记的指纹不符，未发送任何内容；可能连到了别的服务器，请向管理员核对。",
            f"{self.address.url} shows a TLS certificate with another fingerprint than the one on record; nothing was sent,"
            " it may be another server, ask the administrator.",
        )


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    parts = urlsplit(address.url)
    timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(host, parts.port or 80, timeout=timeout, maxsize=4)
    pinned: dict[str, Any] = {}
    if address.fingerprint:
        # the fingerprint says more than a name could, and a laptop on a stick has no authority to ask
        pinned = {"assert_fingerprint": address.fingerprint, "cert_reqs": "CERT_NONE", "assert_hostname": False}
    return urllib3.HTTPSConnectionPool(host, parts.port or 443, timeout=timeout, maxsize=4, **pinned)


def whole(response: urllib3.BaseHTTPResponse) -> Answered:
    """An answer, read to its end, so that the connection can be used again.

    Raises:
        PeerError: It is larger than any answer has to be; the connection is closed.
    """
    try:
        body = _limited(response)
    except BaseException:
        # what has not come must not stand before the next answer
        response.close()
        raise
    finally:
        response.release_conn()
    return Answered(response.status, body, response.headers)


def _limited(response: urllib3.BaseHTTPResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.stream(1 << 20, decode_content=False):
        size += len(part)
        if size > MAX_ANSWER:
            raise PeerError(
                f"服务器的回答超过 {MAX_ANSWER} 字节，已中断；请核对服务器地址。",
                f"The server's answer is larger than {MAX_ANSWER} bytes and was broken off; check its address.",
            )
        parts.append(part)
    return b"".join(parts)


def refusal_in(answered: Answered) -> protocol.Refusal:
    """Why a server refuses."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(answered.body, type=protocol.Refusal)
    return protocol.Refusal(
        code="http",
        zh=f"服务器以 HTTP {answered.status} 拒绝，未说明原因；请核对服务器地址。",
        en=f"The server refused with HTTP {answered.status} and gave no reason; check the server's address.",
    )


def _is_pin(error: Exception) -> bool:
    return "fingerprint" in str(error).lower()


def _why(error: Exception | None) -> tuple[str, str]:
    text = str(error)
    found = (
        ("NameResolution", "找不到该主机名", "the host name is not known"),
        ("refused", "对方拒绝连接", "the connection was refused"),
        ("timed out", "等待超时", "it timed out"),
        ("CERTIFICATE_VERIFY", "TLS 证书未经认可的机构签发", "no known authority signed its TLS certificate"),
        ("unreachable", "网络不通", "the network is unreachable"),
    )
    for mark, zh, en in found:
        if mark.lower() in f"{type(error).__name__} {text}".lower():
            return zh, en
    return "连接中断", "the connection broke off"
