"""The server: an ASGI application over a store.

Starlette routes and answers, because it is small, typed, and runs under every ASGI server; Uvicorn serves it. What a
client sends is never used as a path, as SQL, as markup or as a format string: it is decoded into typed messages or
refused. All work on the database happens on threads, so that a slow disk never stops the event loop.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from sync.central import protocol
from sync.central.limits import Rates
from sync.central.metrics import Metrics
from sync.central.openapi import describe
from sync.central.operations import Asked, Operation
from sync.central.requests import NONCE, Gate, NotAllowed
from sync.errors import MalformedError, StoreError, SyncError
from sync.identity import now_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from sync.central.photos import PhotoStore
    from sync.central.store import CentralStore
    from sync.identity import Identity

_CLOSED: Final = 499
"""The client went away; nobody reads the answer (nginx's number)."""


@dataclass
class Central:
    """What a server process works with.

    Attributes:
        store: The log and its tables.
        photos: The bytes.
        identity: The server's key and certificate, with the root key where devices may enrol here.
        programme: Name and version, for the hello.
        limits: What is taken at most.
        now: The clock, UTC in ms.
        requests_a_minute: Of one device.
    """

    store: CentralStore
    photos: PhotoStore
    identity: Identity
    programme: str
    limits: protocol.Limits = field(default_factory=protocol.Limits)
    now: Callable[[], int] = now_ms
    requests_a_minute: int = 3000
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.gate = Gate(self.store, self.identity.device, self.now)
        self.rates = Rates(self.requests_a_minute)
        # checked once: the certificate must be ours
        self.device = self.identity.device


async def in_thread(function: Callable[..., Any], *values: Any) -> Any:
    """Call something that waits for a disk or a database, without stopping the event loop."""
    return await anyio.to_thread.run_sync(function, *values)


def as_json(message: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(message), status, headers, media_type=protocol.JSON_TYPE)


def refusal(status: int, code: str, zh: str, en: str) -> Response:
    """The answer to what is not done: a code and a sentence in both languages."""
    return as_json(protocol.Refusal(code=code, zh=zh, en=en), status)


def build(central: Central) -> ASGIApp:
    """The application."""
    from sync.central.core import core_operations
    from sync.central.enrolment import enrolment_operations
    from sync.central.uploads import photo_operations

    operations = [*core_operations(central), *photo_operations(central), *enrolment_operations(central)]
    description = msgspec.json.encode(describe(operations, central.programme))

    async def openapi(request: Request) -> Response:  # noqa: ARG001  as Starlette calls it
        return Response(description, media_type=protocol.JSON_TYPE)

    routes = [
        Route(each.path, _endpoint(central, each), methods=[each.method], name=each.name) for each in operations
    ]
    routes.append(Route(f"{protocol.PREFIX}/openapi.json", openapi, methods=["GET"]))
    return Starlette(
        routes=_grouped(routes), exception_handlers={HTTPException: _plain_refusal, Exception: _broken(central)}
    )


def _grouped(routes: Sequence[Route]) -> list[Route]:
    """One route a path: so that another method on it is answered with 405 and not with 404."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        for method in route.methods or ():
            if method != "HEAD" or "GET" not in (route.methods or ()):
                by_path.setdefault(route.path, {})[method] = route
    grouped = []
    for path, methods in by_path.items():
        endpoints = {method: route.endpoint for method, route in methods.items()}

        async def choose(request: Request, endpoints: dict[str, Any] = endpoints) -> Response:
            endpoint: Callable[[Request], Awaitable[Response]] = endpoints.get(request.method) or endpoints["GET"]
            return await endpoint(request)

        grouped.append(Route(path, choose, methods=sorted(methods)))
    return grouped


def _endpoint(central: Central, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        started = time.perf_counter()
        response = await _answer(central, operation, request)
        central.metrics.note(operation.name, response.status_code, time.perf_counter() - started)
        if not operation.is_open and response.status_code != _CLOSED:
            # what was done is done: the answer goes out without a new nonce, too
            with contextlib.suppress(SyncError):
                response.headers[NONCE] = await in_thread(central.gate.nonce)
        if operation.tus:
            response.headers["Tus-Resumable"] = protocol.TUS
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return endpoint


async def _answer(central: Central, operation: Operation, request: Request) -> Response:
    from starlette.requests import ClientDisconnect

    try:
        _check_media(operation, request)
        if operation.is_open:
            central.rates.take(request.client.host if request.client else "")
            body = b"" if operation.streams else await read_body(request, operation.most)
            return await operation.handler(request, Asked(body, None))
        # a stranger's body is never read
        proof, who = await in_thread(central.gate.look, request.method, _target(request), request.headers)
        central.rates.take(who.device)
        body = b"" if operation.streams else await read_body(request, operation.most)
        await in_thread(central.gate.take, proof, who, body)
        return await operation.handler(request, Asked(body, who))
    except ClientDisconnect:
        return Response(status_code=_CLOSED)
    except NotAllowed as error:
        central.metrics.refused(error.code)
        response = refusal(error.status, error.code, error.zh, error.en)
        if error.status == 429:
            response.headers["Retry-After"] = "5"
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Inspect-Tui"
        if error.status == 412:
            response.headers["Tus-Version"] = protocol.TUS
        return response
    except MalformedError as error:
        return refusal(400, "malformed", error.zh, error.en)
    except StoreError as error:
        return refusal(503, "store", error.zh, error.en)
    except SyncError as error:
        return refusal(400, "refused", error.zh, error.en)
    except OSError as error:
        reason = error.strerror or str(error)
        return refusal(
            503,
            "disk",
            f"服务器磁盘出错：{reason}；请管理员处理后重试。",
            f"The server's disk failed: {reason}; have the administrator see to it, then try again.",
        )


def _target(request: Request) -> str:
    """Path and query as they stand in the request line, whatever bytes those are."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    return (path.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _check_media(operation: Operation, request: Request) -> None:
    wanted = operation.body_media
    if wanted is None or operation.streams:
        return
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != wanted:
        raise NotAllowed(415, "media", f"内容类型应为 {wanted}。", f"The content type must be {wanted}.")


async def read_body(request: Request, most: int) -> bytes:
    """The whole body.

    Raises:
        NotAllowed: It is larger than `most` bytes.
    """
    too_large = NotAllowed(413, "size", f"请求内容超过 {most} 字节。", f"The body is larger than {most} bytes.")
    said = request.headers.get("content-length", "0")
    if said.isascii() and said.isdigit() and int(said) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
    return b"".join(parts)


async def _plain_refusal(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentences = {
        404: (
            "not_found",
            "没有这个地址；请核对服务器地址和程序版本。",
            "Nothing is here; check address and version.",
        ),
        405: ("method", "此地址不接受这种方法。", "This address does not take that method."),
    }
    code, zh, en = sentences.get(status, ("http", f"HTTP 错误 {status}。", f"HTTP error {status}."))
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    response = refusal(status, code, zh, en)
    response.headers.update(headers)
    return response


def _broken(central: Central) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def broken(request: Request, error: Exception) -> Response:  # noqa: ARG001
        central.metrics.refused("broken")
        return refusal(
            500,
            "broken",
            "服务器内部出错，已记入日志；请告知管理员。",
            "The server failed and logged why; tell the administrator.",
        )

    return broken
