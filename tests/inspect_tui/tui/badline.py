"""A bad line between a laptop and the office: TCP that holds still, or breaks, after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class BadLine:
    """Forwards connections to a port of this machine; `hold_after` bytes towards it, it holds still until `go_on`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        self.held = threading.Event()
        self._left: int | None = None
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._broken = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the laptop connects to."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def hold_after(self, count: int) -> None:
        """Hold still once so many more bytes went towards the office."""
        self.held.clear()
        with self._lock:
            self._left = count

    def go_on(self) -> None:
        """Forward again."""
        with self._lock:
            self._left = None
        self._open.set()

    def cut(self) -> None:
        """Break every connection and take no more."""
        self._broken = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.go_on()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [near, far]
                threading.Thread(target=self._forward, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._forward, args=(far, near, False), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if up:
                    self._count(len(data))
                self._open.wait()
                if self._broken:
                    return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _count(self, count: int) -> None:
        with self._lock:
            if self._left is None:
                return
            self._left -= count
            if self._left <= 0:
                self._open.clear()
                self.held.set()
                self._left = None
