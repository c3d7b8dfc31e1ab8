"""Uploading photos of 4 MB to the central store, against a plain streaming PUT to the same server framework."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import urllib3

from bench import house, logs, storing
from bench.harness import in_turns, ratio, settle
from sync.ids import derived_id
from sync.peers import ReplicaPeer
from sync.replica import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.harness import Bench

SIZE = 4_000_000
ROUNDS = 5


def measure(bench: Bench) -> float:
    """Signed creation, resumable upload, SHA-256, fsync, rename, receipt; the floor writes what comes to a file."""
    count = bench.size(50, 5)
    with contextlib.ExitStack() as stack:
        folder = bench.fresh("upload")
        folder.mkdir()
        replica = stack.enter_context(contextlib.closing(logs.new_replica(folder / "here.db", "inspector")))
        url = stack.enter_context(storing.serving(str(folder / "central.db"), folder / "photos"))
        plain = stack.enter_context(_plain(folder / "plain"))

        def photos(number: int) -> None:
            for each in range(count):
                data = os.urandom(SIZE)
                replica.blobs.put(data)
                sha256 = hashlib.sha256(data).hexdigest()
                row = derived_id("photo", str(number), str(each))
                replica.write(house.AREA, [Edit("photos", row, {"file": _file(sha256)})], officer=house.BADGE)

        unnamed = [replica.blobs.put(os.urandom(SIZE)) for _ in range(count)]

        def ours(number: int) -> float:
            photos(number)
            there = storing.peer(url, "inspector")
            there.look()
            there.append(list(ReplicaPeer(replica).read(there.heads())))
            there.connection.close()
            settle()
            start = time.perf_counter()
            done = storing.sync(replica, url, "inspector")
            seconds = time.perf_counter() - start
            assert done.photos_sent == count
            return seconds

        def floor(_: int) -> float:
            pool = urllib3.connection_from_url(plain)
            settle()
            start = time.perf_counter()
            for sha256 in unnamed:
                with replica.blobs.open(sha256) as source:
                    answer = pool.request(
                        "PUT",
                        f"/{sha256}",
                        body=cast("Any", _Blocks(source)),
                        headers={"Content-Length": str(SIZE)},
                    )
                assert answer.status == 204
            seconds = time.perf_counter() - start
            pool.close()
            return seconds

        runs = in_turns(ROUNDS, ("upload with receipt", ours), ("floor: streaming PUT to a file", floor))
        return ratio(*runs, count=count * SIZE // 1_000_000, what="MB")


class _Blocks:
    """Read in the same large blocks as the product's client does."""

    def __init__(self, source: object) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(max(size, 1 << 20) if size > 0 else size)  # type: ignore[attr-defined]
        return data


def _file(sha256: str) -> dict[str, object]:
    return {
        "sha256": sha256,
        "size": SIZE,
        "media_type": "image/jpeg",
        "file_name": f"{sha256[:8]}.jpg",
        "width": 4000,
        "height": 3000,
    }


@contextlib.contextmanager
def _plain(folder: Path) -> Iterator[str]:
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "bench.plain_put", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
