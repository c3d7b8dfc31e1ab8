"""Many devices at once: `python -m bench.load sqlite|postgres [--clients N] [--changesets N] [--photos N]`.

Every device pushes its share in batches, pulls what the others of its area have sent, and uploads photos of 4 MB. Told are
throughput, the times that a device waited (median and 99th percentile), memory of the servers, and errors: those that
the client's own repeats survived, and those that they did not.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bench import house, logs, merging, storing
from bench.harness import machine, say, scratch_folder
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection
from sync.changeset import ALGORITHM, FORMAT, POLICY, Change, Changeset, Entry, Header, digest, encode
from sync.identity import Identity
from sync.ids import derived_id
from sync.keys import Key
from sync.replica import PROGRAMME

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES: Final = 2
BATCH: Final = 100
SIZE: Final = 4_000_000
AREAS: Final = tuple(f"1411{number:02d}" for number in (2, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 81, 82))


@dataclass
class Told:
    """What one process of clients has seen: seconds by kind of request, and errors."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    survived: int = 0
    failed: list[str] = field(default_factory=list)
    pulled: int = 0


def area_of(number: int) -> str:
    """Where a device works."""
    return AREAS[number % len(AREAS)]


def identity_of(number: int) -> Identity:
    """A device of the team, for one area."""
    key = Key.from_seed(hashlib.sha256(f"load {number}".encode()).digest())
    return Identity.issue(logs.ROOT, f"load-{number}", role="inspector", areas=(area_of(number),), key=key)


def entries_of(number: int, sets: list[dict[str, Any]], count: int, photos: list[str]) -> list[Entry]:
    """The signed changesets of a device: findings, then the rows that name its photos."""
    identity = identity_of(number)
    changes = [
        Change(derived_id("load", str(number), str(index)), {}, sets[index % len(sets)], "findings")
        for index in range(count - len(photos))
    ]
    changes += [Change(derived_id("load", sha256), {}, {"file": _file(sha256)}, "photos") for sha256 in photos]
    made: list[Entry] = []
    prev: bytes | None = None
    for seq, change in enumerate(changes, start=1):
        header = Header(
            alg=ALGORITHM,
            area=area_of(number),
            cert=identity.cert,
            device=identity.device,
            format=FORMAT,
            jws=identity.jws if prev is None else msgspec.UNSET,
            officer=house.BADGE,
            policy=POLICY,
            prev=None if prev is None else prev.hex(),
            programme=PROGRAMME,
            seq=seq,
            team=identity.team,
            time=house.VISIT_MS + seq,
        )
        body = encode(Changeset(changes=[change], header=header))
        prev = digest(body)
        made.append(Entry(body, identity.key.sign(prev)))
    return made


def _file(sha256: str) -> dict[str, Any]:
    name = f"{sha256[:8]}.jpg"
    return {
        "sha256": sha256,
        "size": SIZE,
        "media_type": "image/jpeg",
        "file_name": name,
        "width": 4000,
        "height": 3000,
    }


def photo(number: int, index: int, filler: bytes) -> bytes:
    """Four megabytes that no other photo shares."""
    head = f"load {number} {index} ".encode()
    return head + filler[: SIZE - len(head)]


def client(number: int, url: str, entries: list[Entry], photos: int, filler: bytes, told: Told) -> None:
    """One device: push a batch, pull, and so on; then its photos."""
    peer = HttpPeer(Connection(Address(url), identity_of(number), attempts=12))
    known: dict[tuple[str, str], list[tuple[int, str]]] = {}
    try:
        for start in range(0, len(entries), BATCH):
            batch = entries[start : start + BATCH]
            _timed(told, "push", lambda batch=batch: peer.append(batch))
            _timed(told, "pull", lambda: _pull(peer, known, told))
        for index in range(photos):
            data = photo(number, index, filler)
            sha256 = hashlib.sha256(data).hexdigest()
            _timed(told, "photo", lambda data=data, sha256=sha256: peer.receive_blob(sha256, io.BytesIO(data)))
    except Exception as error:  # noqa: BLE001  counted and told
        told.failed.append(str(error))
    told.survived += peer.connection.repeats
    peer.connection.close()


def _timed(told: Told, kind: str, call: Any) -> None:
    start = time.perf_counter()
    call()
    told.times[kind].append(time.perf_counter() - start)


def _pull(peer: HttpPeer, known: dict[tuple[str, str], list[tuple[int, str]]], told: Told) -> None:
    """Everything that came since the last time, checked no further."""
    heads = peer.look()
    more, after = True, 0
    while more:
        pulled = peer.pull(known, after)
        told.pulled += len(pulled.entries)
        after, more = pulled.after, pulled.more
    for chain in heads.chains:
        known[chain.area, chain.device] = [(at.seq, at.hash) for at in chain.places]


def clients(numbers: list[int], urls: list[str], count: int, photos: int, results: Any, go: Any) -> None:
    """One process of devices, each on a thread."""
    filler = os.urandom(SIZE)
    told = Told()
    # the filler is this process's own, so the hashes are known only here
    work = []
    sets = [change.set for change in merging.creations(100)]
    for number in numbers:
        hashes = [hashlib.sha256(photo(number, index, filler)).hexdigest() for index in range(photos)]
        work.append((number, entries_of(number, sets, count, hashes)))
    results.put("ready")
    go.wait()
    threads = [
        threading.Thread(target=client, args=(number, urls[number % len(urls)], made, photos, filler, told))
        for number, made in work
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((dict(told.times), told.survived, told.failed, told.pulled))


@contextlib.contextmanager
def servers(kind: str, folder: Path) -> Iterator[tuple[list[str], str]]:
    """The addresses of one or two servers, and the store that they serve."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            target = str(folder / "central.db")
            yield [stack.enter_context(storing.serving(target, folder / "photos"))], target
        else:
            target = str(stack.enter_context(storing.postgres()).get_uri())
            yield [stack.enter_context(storing.serving(target, folder / "photos")) for _ in range(2)], target


def memory() -> dict[str, int]:
    """Peak resident memory in MiB of the processes that serve, by what they are."""
    found: dict[str, int] = defaultdict(int)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            kind = "server" if "bench.serving" in command else "postgres" if command.startswith("postgres") else ""
            status = (entry / "status").read_text()
            if kind:
                line = next(row for row in status.splitlines() if row.startswith("VmHWM"))
                found[kind] = max(found[kind], int(line.split()[1]) // 1024)
    return found


def run(kind: str, count: int, changesets: int, photos: int, scratch: Path | None) -> int:
    """One load; returns how many errors no client survived."""
    context = multiprocessing.get_context("spawn")
    with scratch_folder(scratch) as folder, servers(kind, folder) as (urls, target):
        results, go = context.Queue(), context.Event()
        workers = [
            context.Process(
                target=clients,
                args=(list(range(n, count, PROCESSES)), urls, changesets // count, photos // count, results, go),
            )
            for n in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        for _ in workers:
            results.get()
        start = time.perf_counter()
        go.set()
        told = [results.get() for _ in workers]
        seconds = time.perf_counter() - start
        for worker in workers:
            worker.join()
        used = memory()
        failed = [sentence for each in told for sentence in each[2]]
        here = _count(target)
        say(f"{kind}: {count} devices, {here:,} changesets in the store, {seconds:.1f} s in all")
        for name in ("push", "pull", "photo"):
            times = sorted(value for each in told for value in each[0].get(name, ()))
            if times:
                p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
                say(
                    f"  {name:<6} {len(times):>6} calls, median {statistics.median(times) * 1000:,.0f} ms,"
                    f" 99 % within {p99 * 1000:,.0f} ms"
                )
        say(f"  {changesets / seconds:,.0f} changesets/s in, {sum(each[3] for each in told) / seconds:,.0f}/s out")
        say(f"  {photos * SIZE / seconds / 1e6:,.0f} MB/s of photos over the whole run")
        say("  peak memory: " + ", ".join(f"{name} {size} MiB" for name, size in sorted(used.items())))
        say(
            f"  repeats that clients survived: {sum(each[1] for each in told)}; errors that they did not: {len(failed)}"
        )
        for sentence in sorted(set(failed)):
            say(f"    {sentence}")
        assert failed or here == changesets // count * count
    return len(failed)


def _count(target: str) -> int:
    from bench.serving import store_at

    store = store_at(target)
    try:
        return store.counts().changesets
    finally:
        store.close()


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("kinds", nargs="+", choices=("sqlite", "postgres"))
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--changesets", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--scratch", type=Path)
    said = parser.parse_args()
    say(machine())
    failed = 0
    for kind in said.kinds:
        failed += run(kind, said.clients, said.changesets, said.photos, said.scratch)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
