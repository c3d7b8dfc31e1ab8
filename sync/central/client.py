"""The central store as a peer: what `exchange` asks of it goes over HTTP, a batch at a time.

Receipts are checked and handed to the caller as they come. Nothing here touches the local replica.
"""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, cast

import urllib3

from sync.append import Outcome
from sync.central import protocol
from sync.central.connection import (
    AGAIN,
    Answered,
    Cancelled,
    Connection,
    Meter,
    RefusedByServer,
    UnreachableError,
    refusal_in,
    whole,
)
from sync.central.protocol import MAX_PHOTO, RECEIPT, TUS
from sync.door import Refusal
from sync.errors import BlobError, PeerError, StoreError
from sync.keys import read_certificate
from sync.receipts import read_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sync.changeset import Entry
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place
    from sync.receipts import ChainEnd

CHUNK: Final = 1 << 20
SPOOL: Final = 16 << 20
"""A photo up to this size is kept in memory while it comes."""
TRIES: Final = 8
"""How often a photo goes on after a cut without a byte gained."""
CONFIRM: Final = 2000


@dataclass(frozen=True)
class Pulled:
    """A batch that came.

    Attributes:
        entries: In the order in which the store took them.
        after: Where to go on.
        more: Whether something may follow.
    """

    entries: list[Entry]
    after: int
    more: bool


@dataclass
class HttpPeer:
    """A central store.

    Attributes:
        connection: To it.
        on_receipt: Given every receipt, with the server's certificate; it checks and keeps them.
    """

    connection: Connection
    on_receipt: Callable[[str, str], object] = lambda jws, certificate: None  # noqa: ARG005
    _heads: protocol.Heads | None = None
    not_counting: dict[str, str] = field(default_factory=dict)
    """Version → code of what was sent and has no effect there."""

    @property
    def meter(self) -> Meter:
        """What went over the wire."""
        return self.connection.meter

    @property
    def team(self) -> str:
        """The team that the store belongs to."""
        return self.connection.hello.team

    def look(self) -> protocol.Heads:
        """The tips and counts, asked for anew."""
        self.connection.hello  # noqa: B018  the first request gives the nonce for all others
        answered = self.connection.send("GET", f"{protocol.PREFIX}/heads")
        self._heads = cast("protocol.Heads", answered.json(protocol.Heads))
        return self._heads

    def heads(self) -> dict[ChainKey, list[Place]]:
        """The tips of every chain that this device may see, as of the last look."""
        return protocol.places_of((self._heads or self.look()).chains)

    def certificates(self) -> list[Certificate]:
        """None by name: a store of the own team vouches for whom it adopted in its log."""
        return []

    def pull(self, known: Mapping[ChainKey, Sequence[Place]], after: int) -> Pulled:
        """The next batch of what we lack.

        Raises:
            PeerError: What came is no batch.
        """
        said = protocol.Pull(known=protocol.chains_of(known), after=after)
        answered = self.connection.send(
            "POST",
            f"{protocol.PREFIX}/changesets/pull",
            protocol.to_json(said),
            {"Content-Type": protocol.JSON_TYPE},
        )
        entries = protocol.unpack(answered.body)
        try:
            following = int(answered.headers.get("Inspect-Next", ""))
        except ValueError as error:
            raise PeerError("服务器的回答缺少 Inspect-Next。", "The server's answer lacks Inspect-Next.") from error
        # an honest server never says `more` without bringing anything
        more = answered.headers.get("Inspect-More") == "1" and following > after and bool(entries)
        return Pulled(entries, following, more)

    def read(self, known: Mapping[ChainKey, Sequence[Place]]) -> Iterator[Entry]:
        """Changesets in the store's order; `sync.exchange` pulls batch by batch instead."""
        after, more = 0, True
        while more:
            pulled = self.pull(known, after)
            yield from pulled.entries
            after, more = pulled.after, pulled.more

    def append(self, entries: list[Entry]) -> Outcome:
        """Send a batch; what the receipt names is durable there."""
        data = protocol.pack(entries)
        limits = self.connection.hello.limits
        if len(entries) > 1 and (
            len(entries) > limits.batch
            or len(data) > limits.body
            or sum(len(each.body) for each in entries) > limits.plain // 2
        ):
            half = len(entries) // 2
            outcome = self.append(entries[:half])
            outcome.add(self.append(entries[half:]))
            return outcome
        answered = self.connection.send(
            "POST",
            f"{protocol.PREFIX}/changesets",
            data,
            {"Content-Type": protocol.BATCH_TYPE, "Content-Encoding": protocol.ZSTD},
        )
        said: protocol.Pushed = answered.json(protocol.Pushed)
        self.not_counting |= said.not_counting
        self._took(said.receipt)
        return Outcome(
            appended=said.appended,
            known=said.known,
            held=said.held,
            refused=[Refusal(each.version, PeerError(each.zh, each.en)) for each in said.refused],
        )

    def _took(self, receipt: str | None) -> None:
        if receipt is not None:
            self.on_receipt(receipt, self.connection.hello.certificate)

    # photos

    def missing_blobs(self) -> list[str]:
        """The photos that rows name and that the store lacks."""
        found: list[str] = []
        after = ""
        while True:
            query = f"?after={after}" if after else ""
            answered = self.connection.send("GET", f"{protocol.PREFIX}/missing-photos{query}")
            said: protocol.Missing = answered.json(protocol.Missing)
            found += said.photos
            if not said.more or not said.photos:
                return found
            if said.photos[-1] <= after:
                raise PeerError(
                    "服务器反复列出同样的照片，已中断；请告知管理员。",
                    "The server lists the same photos again and again and was broken off; tell the administrator.",
                )
            after = said.photos[-1]

    def receive_blob(self, sha256: str, source: BinaryIO) -> int:
        """Send a photo, going on where a cut left it; durable there on return. Returns its size in bytes.

        Raises:
            BlobError: The bytes here are not what their hash says.
            UnreachableError: The server stopped answering; what it has of the photo is kept there for a week.
        """
        size = source.seek(0, 2)
        metadata = base64.b64encode(sha256.encode()).decode()
        begun = self.connection.send(
            "POST",
            f"{protocol.PREFIX}/uploads",
            headers={
                "Tus-Resumable": TUS,
                "Upload-Length": str(size),
                # where an earlier sync was cut off
                "Upload-Metadata": f"sha256 {metadata},resume",
            },
            good=frozenset({201}),
        )
        if size == 0:
            self._took(begun.headers.get(RECEIPT))
            return 0
        path = begun.headers.get("Location", "")
        if not path.startswith(f"{protocol.PREFIX}/uploads/"):
            raise PeerError("服务器未给出上传地址。", "The server gave no address for the upload.")
        offset, without_gain = _place(begun.headers.get("Upload-Offset", "0"), size), 0
        best = offset
        while True:
            failed = self._try_from(path, source, offset, sha256)
            if failed is None:
                return size
            without_gain += 1
            if without_gain >= (TRIES if isinstance(failed, UnreachableError) else self.connection.attempts):
                raise failed
            self.connection.wait(without_gain)
            found = self._offset(path, size)
            if found is None:
                # the answer to the last byte was lost on the way, or somebody threw the upload away
                if self.confirm([], [sha256]):
                    return size
                raise failed
            without_gain = 0 if found > best else without_gain
            offset, best = found, max(best, found)

    def _try_from(
        self, path: str, source: BinaryIO, offset: int, sha256: str
    ) -> UnreachableError | RefusedByServer | None:
        """Send the rest: None once all of it was taken, else why not, if going on may help."""
        try:
            answered = self._send_from(path, source, offset)
        except UnreachableError as error:
            return error
        if answered.status == 204:
            self._took(answered.headers.get(RECEIPT))
            return None
        failed = RefusedByServer(answered.status, refusal_in(answered))
        if failed.code == "checksum":
            raise BlobError(
                f"照片 {sha256[:12]}… 在本机的字节与其 SHA-256 不符，未上传；请用 verify 查看。",
                f"The bytes of photo {sha256[:12]}… here do not hash to their SHA-256 and were not taken; see verify.",
            )
        if failed.code not in {"offset", "busy", "not_found"} and failed.status not in AGAIN:
            raise failed
        return failed

    def _send_from(self, path: str, source: BinaryIO, offset: int) -> Answered:
        source.seek(offset)
        rest = source.seek(0, 2) - offset
        source.seek(offset)
        headers = {
            "Tus-Resumable": TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(rest),
        }
        return self.connection.feed("PATCH", path, _Counted(source, self.meter, self.connection.stop), headers)

    def _offset(self, path: str, size: int) -> int | None:
        """How far the upload is; None where there is none any more."""
        answered = self.connection.send(
            "HEAD", path, headers={"Tus-Resumable": TUS}, signed=False, good=frozenset({200, 404})
        )
        if answered.status == 404:
            return None
        return _place(answered.headers.get("Upload-Offset", ""), size)

    def blob(self, sha256: str) -> BinaryIO | None:
        """The bytes of a photo, gone on with where a cut left them; None where the store lacks it."""
        target: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115  handed on open
        try:
            if self._fetch_all(sha256, target):
                target.seek(0)
                return cast("BinaryIO", target)
        except BaseException:
            target.close()
            raise
        target.close()
        return None

    def _fetch_all(self, sha256: str, target: IO[bytes]) -> bool:
        """Whether the store has the photo; then all of it has come."""
        done, without_gain = 0, 0
        while True:
            before = done
            try:
                whole = self._fetch(sha256, target, done)
            except (UnreachableError, RefusedByServer) as error:
                again = isinstance(error, UnreachableError) or error.code == "nonce" or error.status in AGAIN
                if not again or without_gain + 1 >= max(2, self.connection.attempts):
                    raise
                whole = False
            if whole is not False:
                return whole is True
            done = target.tell()
            without_gain = 0 if done > before else without_gain + 1
            if without_gain >= TRIES:
                raise self.connection.unreachable(None)
            self.connection.wait(without_gain)

    def _fetch(self, sha256: str, target: IO[bytes], done: int) -> bool | None:
        """Read on from `done`: True when all has come, False after a cut, None where there is none."""
        path = f"{protocol.PREFIX}/photos/{sha256}"
        headers = {"Range": f"bytes={done}-"} if done else {}
        response = self.connection.stream("GET", path, headers)
        try:
            return self._read_on(response, sha256, target, done)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise _disk(error) from error
            return False
        except BaseException:
            # half read: nobody may use the line again
            response.close()
            raise
        finally:
            response.release_conn()

    def _read_on(self, response: Any, sha256: str, target: IO[bytes], done: int) -> bool | None:
        if response.status not in {200, 206}:
            # read to its end: the connection is used again
            answered = whole(response)
            if response.status == 404:
                return None
            raise RefusedByServer(response.status, refusal_in(answered))
        if done and response.status == 200:
            target.seek(0)
            target.truncate()
        for part in response.stream(CHUNK):
            if self.connection.stop():
                raise Cancelled
            self.meter.received += len(part)
            if target.tell() + len(part) > MAX_PHOTO:
                raise PeerError(
                    f"服务器送来的照片 {sha256[:12]}… 超过 {MAX_PHOTO >> 20} MiB，已中断。",
                    f"Photo {sha256[:12]}… as the server sends it is larger than {MAX_PHOTO >> 20} MiB; broken off.",
                )
            target.write(part)
        return True

    def confirm(self, chains: Sequence[ChainEnd], photos: Sequence[str]) -> bool:
        """Ask for receipts for what the store holds of these, however it came there; whether it gave one."""
        given = False
        for receipt in self._confirmed(chains, photos):
            self._took(receipt)
            given = True
        return given

    def _confirmed(self, chains: Sequence[ChainEnd], photos: Sequence[str]) -> Iterator[str]:
        for start in range(0, max(len(chains), len(photos)), CONFIRM):
            said = protocol.Confirm(
                chains=list(chains[start : start + CONFIRM]), photos=list(photos[start : start + CONFIRM])
            )
            answered = self.connection.send(
                "POST", f"{protocol.PREFIX}/receipts", protocol.to_json(said), {"Content-Type": protocol.JSON_TYPE}
            )
            receipt: str | None = answered.json(protocol.Confirmed).receipt
            if receipt is not None:
                yield receipt

    def held(self, chains: Sequence[ChainEnd]) -> list[ChainEnd]:
        """Those of the places that the store has now, over its signature; no receipt is kept of it.

        Raises:
            CertificateError: The signature is not the server's.
        """
        found: list[ChainEnd] = []
        for receipt in self._confirmed(chains, []):
            found += read_receipt(receipt, read_certificate(self.connection.hello.certificate)).chains
        return found


def _place(text: str, size: int) -> int:
    """How far an upload is.

    Raises:
        PeerError: That is no place in the photo.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) <= size):
        raise PeerError("服务器未说明上传进度。", "The server did not say how far the upload is.")
    return int(text)


def _disk(error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"照片下载时本机磁盘出错：{reason}；已收到的记录完好，请腾出空间后再同步。",
        f"This machine's disk failed while a photo came: {reason}; what came before is safe, free some space and sync again.",
    )


class _Counted:
    """A file that counts what is read of it, for whoever shows progress."""

    def __init__(self, source: BinaryIO, meter: Meter, stop: Callable[[], bool]) -> None:
        self._source = source
        self._meter = meter
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        """The next bytes, in large blocks: urllib3 asks for small ones."""
        if self._stop():
            raise Cancelled  # the server keeps what it has of the photo
        data = self._source.read(max(size, CHUNK) if size > 0 else size)
        self._meter.sent += len(data)
        return data
