"""Two hosts with a bad line between them: network namespaces whose packets this process carries, late or never.

The kernels' own TCP runs at both ends. `tc netem` would do the same, but many kernels come without it; a TUN device at
each end needs nothing but root.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import re
import select
import shutil
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

if TYPE_CHECKING:
    from types import TracebackType

TUN: Final = "/dev/net/tun"
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
NETWORK: Final = "198.18.77"
"""Of the range for tests of networks (RFC 2544)."""
NAMESPACES: Final = "/run/netns"
_NAME: Final = re.compile(r"inspect-([0-9]+)-[a-z]+")
HOSTS: Final = ("near", "far")


def ip(*words: str) -> None:
    """Run `ip`."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Wire:
    """The line.

    Attributes:
        loss: Part of the packets that get lost, each way.
        delay: Seconds that the others take, each way.
        lost: How many were lost so far.
    """

    def __init__(self, loss: float, delay: float, seed: str) -> None:
        self.loss = loss
        self.delay = delay
        self.lost = 0
        self.carried = 0
        self._chance = random.Random(seed)
        self._names = {host: f"inspect-{os.getpid()}-{host}" for host in HOSTS}
        self._devices = {host: f"it{os.getpid()}{host[0]}"[-15:] for host in HOSTS}
        self._ends: list[int] = []
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._carry)

    def address(self, host: str) -> str:
        """Of a host."""
        return f"{NETWORK}.{HOSTS.index(host) + 1}"

    def run(self, host: str, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start a programme on a host."""
        command = ["ip", "netns", "exec", self._names[host], sys.executable, *words]
        return subprocess.Popen(command, text=True, **options)

    def cut(self) -> None:
        """Pull the plug of the near host."""
        ip("-n", self._names["near"], "link", "set", self._devices["near"], "down")

    def mend(self) -> None:
        """And put it in again."""
        ip("-n", self._names["near"], "link", "set", self._devices["near"], "up")

    def __enter__(self) -> Self:
        if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None or not Path(TUN).exists():
            pytest.skip("needs Linux, root, iproute2 and /dev/net/tun")
        try:
            self._lay()
        except OSError as error:
            self._clear()
            pytest.skip(f"needs the right to make network namespaces: {error}")
        self._thread.start()
        return self

    def _lay(self) -> None:
        for left in Path(NAMESPACES).glob("inspect-*"):
            # of a run that was killed
            if (found := _NAME.fullmatch(left.name)) and not Path("/proc", found[1]).exists():
                ip("netns", "del", left.name)
        for host in HOSTS:
            end = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
            self._ends.append(end)
            device, name = self._devices[host], self._names[host]
            fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN_NO_PI))
            ip("netns", "add", name)
            ip("link", "set", device, "netns", name)
            ip("-n", name, "addr", "add", f"{self.address(host)}/24", "dev", device)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", device, "up")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.write(self._stopped, b".")
        self._thread.join()
        self._clear()

    def _clear(self) -> None:
        for name in self._names.values():
            with contextlib.suppress(OSError):
                ip("netns", "del", name)
        for end in (*self._ends, self._stop, self._stopped):
            os.close(end)

    def _carry(self) -> None:
        under_way: list[tuple[float, int, int, bytes]] = []
        numbers = itertools.count()
        while True:
            wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
            ready, _, _ = select.select([*self._ends, self._stop], [], [], wait)
            if self._stop in ready:
                return
            for end in ready:
                # a device that is down has nothing to give and takes nothing
                with contextlib.suppress(OSError):
                    packet = os.read(end, 65_536)
                    if self._chance.random() < self.loss:
                        self.lost += 1
                        continue
                    other = self._ends[1 - self._ends.index(end)]
                    heapq.heappush(under_way, (time.monotonic() + self.delay, next(numbers), other, packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, other, packet = heapq.heappop(under_way)
                with contextlib.suppress(OSError):
                    os.write(other, packet)
                    self.carried += 1
