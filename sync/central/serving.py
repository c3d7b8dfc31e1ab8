"""Running the server: Uvicorn, because it is the reference among ASGI servers, stops in order, and needs no compiler.

It answers what is under way before it stops; whatever it has not answered, nobody may believe to be taken.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from sync.central.app import build
from sync.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sync.central.app import Central

CONCURRENT = 400
"""Requests at once; more are answered with 503, and clients come again."""
STOP_S = 10


@dataclass(frozen=True)
class Where:
    """Where a server listens.

    Attributes:
        host: Name or address of the interface.
        port: 0 for any that is free.
        certificate: TLS certificate; without one it speaks plain HTTP, for a proxy on this machine.
        key: Its key.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "https" if self.certificate is not None else "http"


def bind(where: Where) -> socket.socket:
    """The socket to listen on.

    Raises:
        StoreError: The address is taken, not this machine's, or not permitted.
    """
    try:
        family = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((where.host, where.port))
        listening.listen(2048)
    except OSError as error:
        raise StoreError(
            f"无法在 {where.host}:{where.port} 监听：{error.strerror}；请换端口（--port）或停掉占用它的程序。",
            f"Cannot listen on {where.host}:{where.port}: {error.strerror}; take another port (--port) or stop what uses it.",
        ) from error
    return listening


def server(central: Central, where: Where) -> uvicorn.Server:
    """A server, not yet running."""
    options: dict[str, Any] = {}
    if where.certificate is not None:
        options = {"ssl_certfile": str(where.certificate), "ssl_keyfile": str(where.key)}
    config = uvicorn.Config(
        build(central),
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1,::1",
        limit_concurrency=CONCURRENT,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_S,
        **options,
    )
    return uvicorn.Server(config)


class Running:
    """A server on a thread of this process, for tests and for whoever embeds one."""

    def __init__(self, central: Central, where: Where | None = None) -> None:
        self.where = where or Where()
        self._socket = bind(self.where)
        self._server = server(central, self.where)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with contextlib.suppress(SystemExit):
            self._server.run(sockets=[self._socket])

    @property
    def url(self) -> str:
        """Its address."""
        host, port = self._socket.getsockname()[:2]
        return f"{self.where.scheme}://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_S + 5)
        self._socket.close()
