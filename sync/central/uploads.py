"""The operations on photos: what is missing, resumable upload by the tus protocol 1.0, download by range, receipts.

The address of an upload is a secret: whoever knows it may send bytes there, and they are kept only if they hash to
what the device that began it has signed for. So any tus client can go on with an upload.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import email.utils
import re
import time
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import FileResponse, Response, StreamingResponse

from sync.central import protocol
from sync.central.app import as_json, in_thread, refusal
from sync.central.core import MEDIA_REFUSED, OPEN_REFUSED, REFUSED
from sync.central.operations import Answer, Operation, Parameter
from sync.central.photos import BLOCK, LIFE_S, Uploads
from sync.central.protocol import RECEIPT, TUS
from sync.central.requests import NotAllowed
from sync.errors import BlobError
from sync.keys import EVERYWHERE
from sync.receipts import PhotoTaken, give

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from sync.central.app import Central
    from sync.central.operations import Asked
from sync.central.photos import Upload

_EXTENSIONS: Final = "creation,termination,expiration"
_CHUNK_TYPE: Final = "application/offset+octet-stream"
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_MISSING: Final = 1000
TURN_S: Final = 20.0
"""How long a request waits for the one before to leave an upload."""

_TUS_HEADER: Final = Parameter(
    "Tus-Resumable", "header", {"type": "string", "const": TUS}, "Version of the tus protocol."
)
_ID: Final = Parameter(
    "id", "path", {"type": "string", "pattern": "^[A-Za-z0-9_-]{32}$"}, "The upload, a secret of who began it."
)
_SHA256: Final = Parameter(
    "sha256", "path", {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "SHA-256 of the bytes, in hex."
)
_GONE: Final = {404: Answer("There is none.", protocol.Refusal)}
_VERSION_REFUSED: Final = {412: Answer("Another version of tus is asked for.", protocol.Refusal)}


def photo_operations(central: Central) -> list[Operation]:
    """The operations on photos."""
    uploads = Uploads(central.photos.staging)
    turns = Turns()

    async def missing(request: Request, asked: Asked) -> Response:
        after = request.query_params.get("after", "")
        if after and not re.fullmatch(r"[0-9a-f]{64}", after):
            raise NotAllowed(400, "malformed", "after 不是 SHA-256。", "`after` is no SHA-256.")
        found = await in_thread(central.store.missing_photos, asked.areas, after, _MISSING + 1)
        return as_json(protocol.Missing(photos=found[:_MISSING], more=len(found) > _MISSING))

    async def begin(request: Request, asked: Asked) -> Response:
        _check_version(request)
        who = asked.who
        if who is None or who.role == "auditor":
            raise NotAllowed(403, "role", "审计角色不能上传照片。", "An auditor's device may not send photos.")
        size = _number(request, "upload-length")
        metadata = _metadata(request.headers.get("upload-metadata", ""))
        sha256 = metadata.get("sha256", "")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise NotAllowed(
                400, "malformed", "Upload-Metadata 缺少 sha256。", "Upload-Metadata lacks sha256, 64 hex digits."
            )
        if size > central.limits.photo:
            most = central.limits.photo >> 20
            raise NotAllowed(413, "size", f"照片超过 {most} MiB。", f"The photo is larger than {most} MiB.")
        if not await in_thread(central.store.photo_wanted, sha256, who.areas):
            raise _unwanted()
        try:
            upload: Upload = await in_thread(uploads.begin, sha256, size, who.device, "resume" in metadata)
        except BlobError as error:
            raise NotAllowed(429, "uploads", error.zh, error.en) from error
        headers = {
            "Location": f"{protocol.PREFIX}/uploads/{upload.id}",
            "Upload-Offset": str(await in_thread(uploads.offset, upload)),
            "Upload-Expires": _expires(),
        }
        if size == 0:
            headers |= await _finish(central, uploads, upload)
        return Response(status_code=201, headers=headers)

    async def options(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        headers = {
            "Tus-Version": TUS,
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(central.limits.photo),
        }
        return Response(status_code=204, headers=headers)

    async def look(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        _check_version(request)
        upload = await _find(uploads, request)
        offset = await in_thread(uploads.offset, upload)
        return Response(
            headers={
                "Upload-Offset": str(offset),
                "Upload-Length": str(upload.size),
                "Upload-Metadata": f"sha256 {base64.b64encode(upload.sha256.encode()).decode()}",
                "Upload-Expires": _expires(),
            },
        )

    async def resume(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        _check_version(request)
        upload = await _find(uploads, request)
        if request.headers.get("content-type", "").strip().lower() != _CHUNK_TYPE:
            raise NotAllowed(
                415, "media", f"内容类型应为 {_CHUNK_TYPE}。", f"The content type must be {_CHUNK_TYPE}."
            )
        said = _number(request, "upload-offset")
        async with turns.of(upload.id) as leave:
            # the one before may have finished it
            upload = await _find(uploads, request)
            return await _receive(central, uploads, upload, said, _Parts(request, leave))

    async def cancel(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        _check_version(request)
        upload = await _find(uploads, request)
        await in_thread(uploads.drop, upload)
        return Response(status_code=204)

    async def override(request: Request, asked: Asked) -> Response:
        by_name = {"PATCH": resume, "DELETE": cancel, "HEAD": look}
        wanted = by_name.get(request.headers.get("x-http-method-override", "").strip().upper())
        if wanted is None:
            raise NotAllowed(405, "method", "此地址不接受 POST。", "This address does not take POST.")
        return await wanted(request, asked)

    async def download(request: Request, asked: Asked) -> Response:
        sha256 = request.path_params["sha256"]
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not await in_thread(
            central.store.photo_wanted, sha256, asked.areas
        ):
            raise _no_photo()
        size = await in_thread(central.photos.size, sha256)
        if size is None:
            raise _no_photo()
        path = central.photos.path(sha256)
        if path is not None and "range" not in request.headers:
            return FileResponse(
                path,
                media_type="application/octet-stream",
                headers={"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"},
            )
        return _by_range(central, request, sha256, size)

    async def confirm(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        said = protocol.decode(asked.body, protocol.Confirm)
        return as_json(await in_thread(_confirm, central, said, asked.areas))

    prefix = protocol.PREFIX
    sent = Answer(
        "It was taken; with the last byte comes the receipt.",
        headers=dict.fromkeys(("Upload-Offset", RECEIPT), "See tus 1.0 and docs/protocol.md."),
    )
    chunk_refused = {
        409: Answer("The offset is not where the upload stands.", protocol.Refusal),
        415: MEDIA_REFUSED[415],
        423: Answer("Another request is sending to it.", protocol.Refusal),
        460: Answer("The bytes hash to something else; they were thrown away.", protocol.Refusal),
    }
    offset = Parameter("Upload-Offset", "header", {"type": "integer", "minimum": 0}, "Where the bytes go on.")
    return [
        Operation(
            "GET",
            f"{prefix}/missing-photos",
            "missing_photos",
            "Photos that rows name and that the store lacks, in order, a thousand at a time.",
            missing,
            {200: Answer("Their hashes.", protocol.Missing), **REFUSED},
            parameters=(
                Parameter(
                    "after",
                    "query",
                    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                    "Only above it.",
                    required=False,
                ),
            ),
        ),
        Operation(
            "POST",
            f"{prefix}/uploads",
            "upload_begin",
            "Begin an upload (tus creation).",
            begin,
            {
                201: Answer(
                    "Begun, or gone on with: the same device's upload of the same photo.",
                    headers={
                        "Location": "Where to send.",
                        "Upload-Offset": "Bytes that came before.",
                        "Upload-Expires": "When it is dropped.",
                    },
                ),
                **REFUSED,
                **_VERSION_REFUSED,
            },
            parameters=(
                _TUS_HEADER,
                Parameter("Upload-Length", "header", {"type": "integer", "minimum": 0}, "Bytes in all."),
                Parameter(
                    "Upload-Metadata",
                    "header",
                    {"type": "string", "pattern": "^sha256 [A-Za-z0-9+/]{88}(,resume)?$"},
                    "`sha256` and the hash's 64 hex digits in base64; with `,resume` the device's upload of the same photo"
                    " is gone on with where there is one, from `Upload-Offset`.",
                ),
            ),
            most=0,
            tus=True,
        ),
        Operation(
            "OPTIONS",
            f"{prefix}/uploads",
            "upload_options",
            "What of tus the server does.",
            options,
            {
                204: Answer(
                    "In headers.",
                    headers=dict.fromkeys(
                        ("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size"), "See tus 1.0."
                    ),
                ),
                **OPEN_REFUSED,
            },
            is_open=True,
            tus=True,
        ),
        Operation(
            "HEAD",
            f"{prefix}/uploads/{{id}}",
            "upload_offset",
            "How far an upload is.",
            look,
            {
                200: Answer("In headers.", headers=dict.fromkeys(("Upload-Offset", "Upload-Length"), "Bytes.")),
                **_GONE,
                **OPEN_REFUSED,
                **_VERSION_REFUSED,
            },
            is_open=True,
            parameters=(_TUS_HEADER, _ID),
            tus=True,
        ),
        Operation(
            "PATCH",
            f"{prefix}/uploads/{{id}}",
            "upload_resume",
            "Go on with an upload.",
            resume,
            {204: sent, **chunk_refused, **_GONE, **OPEN_REFUSED, **_VERSION_REFUSED},
            media=_CHUNK_TYPE,
            is_open=True,
            streams=True,
            parameters=(_TUS_HEADER, _ID, offset),
            tus=True,
        ),
        Operation(
            "DELETE",
            f"{prefix}/uploads/{{id}}",
            "upload_cancel",
            "Throw an upload away.",
            cancel,
            {204: Answer("It is gone."), **_GONE, **OPEN_REFUSED, **_VERSION_REFUSED},
            is_open=True,
            parameters=(_TUS_HEADER, _ID),
            tus=True,
        ),
        Operation(
            "POST",
            f"{prefix}/uploads/{{id}}",
            "upload_override",
            "PATCH, HEAD or DELETE for clients that can only POST (tus `X-HTTP-Method-Override`).",
            override,
            {
                200: Answer("As for HEAD."),
                204: sent,
                405: Answer("No override is named.", protocol.Refusal),
                **chunk_refused,
                **_GONE,
                **OPEN_REFUSED,
                **_VERSION_REFUSED,
            },
            media=_CHUNK_TYPE,
            is_open=True,
            streams=True,
            parameters=(
                _TUS_HEADER,
                _ID,
                Parameter(
                    "X-HTTP-Method-Override",
                    "header",
                    {"type": "string", "enum": ["PATCH", "HEAD", "DELETE"]},
                    "The method that is meant.",
                ),
                Parameter(**{**vars_of(offset), "required": False}),
            ),
            tus=True,
        ),
        Operation(
            "GET",
            f"{prefix}/photos/{{sha256}}",
            "photo",
            "The bytes of a photo, whole or by range.",
            download,
            {
                200: Answer("All of it.", media="application/octet-stream"),
                206: Answer("The range.", media="application/octet-stream"),
                416: Answer("The range lies outside.", protocol.Refusal),
                **_GONE,
                **REFUSED,
            },
            parameters=(
                _SHA256,
                Parameter(
                    "Range",
                    "header",
                    {"type": "string", "pattern": "^bytes=[0-9]{1,12}-[0-9]{0,12}$"},
                    "One range of bytes.",
                    required=False,
                ),
            ),
        ),
        Operation(
            "POST",
            f"{prefix}/receipts",
            "confirm",
            "A receipt for what the store holds of the changesets and photos named, however they came.",
            confirm,
            {200: Answer("The receipt.", protocol.Confirmed), **REFUSED, **MEDIA_REFUSED},
            takes=protocol.Confirm,
            most=central.limits.body,
        ),
    ]


def vars_of(parameter: Parameter) -> dict[str, Any]:
    """Its fields, to make another like it."""
    return {name: getattr(parameter, name) for name in ("name", "where", "schema", "about", "required")}


class Turns:
    """One request at a time sends to an upload, and the latest one may: a line that broke stays open here for minutes."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._latest: dict[str, asyncio.Event] = {}

    @contextlib.asynccontextmanager
    async def of(self, id_: str) -> AsyncIterator[asyncio.Event]:
        """A turn; the event is set when a later request waits for it.

        Raises:
            NotAllowed: The one before does not end.
        """
        leave = asyncio.Event()
        before, self._latest[id_] = self._latest.get(id_), leave
        if before is not None:
            before.set()
        lock = self._locks.setdefault(id_, asyncio.Lock())
        try:
            try:
                await asyncio.wait_for(lock.acquire(), TURN_S)
            except TimeoutError as error:
                raise _busy() from error
            try:
                yield leave
            finally:
                lock.release()
        finally:
            if self._latest.get(id_) is leave:
                del self._latest[id_]
            if id_ not in self._latest and not lock.locked():
                self._locks.pop(id_, None)


def _busy() -> NotAllowed:
    return NotAllowed(423, "busy", "此上传正由另一请求进行。", "Another request is sending to this upload.")


class _Parts:
    """A request's body as it comes, until a later request wants to go on with it.

    Raises:
        NotAllowed: It does.
    """

    def __init__(self, request: Request, leave: asyncio.Event) -> None:
        self.headers = request.headers
        self._stream = request.stream()
        self._leave = leave

    async def __aiter__(self) -> AsyncIterator[bytes]:
        leaving = asyncio.ensure_future(self._leave.wait())
        try:
            while True:
                coming = asyncio.ensure_future(anext(self._stream, None))
                try:
                    await asyncio.wait({coming, leaving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    coming.cancel()
                if not coming.done():
                    raise _busy()
                part = coming.result()
                if part is None:
                    return
                yield part
        finally:
            leaving.cancel()


async def _receive(central: Central, uploads: Uploads, upload: Upload, said: int, parts: _Parts) -> Response:
    offset = await in_thread(uploads.offset, upload)
    if said != offset:
        response = refusal(
            409, "offset", f"应从第 {offset} 字节续传。", f"The upload stands at byte {offset}; go on from there."
        )
        response.headers["Upload-Offset"] = str(offset)
        return response
    too_many = NotAllowed(
        413, "size", "上传的字节多于所声明的大小。", "More bytes came than the upload was to have."
    )
    length = parts.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and offset + int(length) > upload.size:
        raise too_many
    blocks: list[bytes] = []
    waiting, came = 0, offset
    writing: asyncio.Future[int] | None = None
    try:
        async for part in parts:
            came += len(part)
            if came > upload.size:
                raise too_many
            blocks.append(part)
            waiting += len(part)
            if waiting >= BLOCK:
                # one block is written while the next one comes
                if writing is not None:
                    offset = await writing
                writing = asyncio.ensure_future(in_thread(uploads.write, upload, offset, blocks))
                blocks, waiting = [], 0
    finally:
        # what came before a cut is kept: the next request goes on from there
        if writing is not None:
            offset = await writing
        if blocks:
            offset = await in_thread(uploads.write, upload, offset, blocks)
    headers = {"Upload-Offset": str(offset)}
    if offset < upload.size:
        headers["Upload-Expires"] = _expires()
    else:
        finished = await _finish(central, uploads, upload)
        if not finished:
            return refusal(
                460,
                "checksum",
                "收到的字节与其 SHA-256 不符，已丢弃；请重新上传。",
                "The bytes do not hash to their SHA-256 and were thrown away; upload them anew.",
            )
        headers |= finished
    return Response(status_code=204, headers=headers)


async def _finish(central: Central, uploads: Uploads, upload: Upload) -> dict[str, str]:
    """The header with the receipt; nothing where the bytes were not what they should be."""

    def finish() -> dict[str, str]:
        if not uploads.finish(upload, central.photos):
            return {}
        central.store.note_photo(upload.sha256)
        if not central.store.photo_wanted(upload.sha256, (EVERYWHERE,)):
            # a purge has come meanwhile
            central.photos.remove(upload.sha256)
            raise _unwanted()
        central.metrics.add("photos_received", 1)
        central.metrics.add("photo_bytes_received", upload.size)
        taken = PhotoTaken(upload.sha256, upload.size)
        return {RECEIPT: give(central.identity, central.now(), photos=[taken])}

    found: dict[str, str] = await in_thread(finish)
    return found


async def _find(uploads: Uploads, request: Request) -> Upload:
    upload: Upload | None = await in_thread(uploads.find, request.path_params["id"])
    if upload is None:
        raise NotAllowed(
            404, "not_found", "没有这个上传，可能已完成或过期；请重新开始。", "There is no such upload; begin anew."
        )
    return upload


def _unwanted() -> NotAllowed:
    return NotAllowed(
        403,
        "unwanted",
        "没有记录提到这张照片，或它已被依法清除；请先上传变更，再上传照片。",
        "No record names this photo, or it was purged; send the changesets first, then the photo.",
    )


def _no_photo() -> NotAllowed:
    return NotAllowed(404, "not_found", "中心库没有这张照片。", "The store does not have this photo.")


def _by_range(central: Central, request: Request, sha256: str, size: int) -> Response:
    said = _RANGE.fullmatch(request.headers.get("range", "").strip())
    start, end = 0, size
    headers = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
    status = 200
    if said is not None and (said[1] or said[2]):
        start = int(said[1]) if said[1] else max(0, size - int(said[2]))
        end = min(size, int(said[2]) + 1) if said[1] and said[2] else size
        if start >= end:
            response = refusal(416, "range", "请求的范围超出照片。", "The range lies outside the photo.")
            response.headers["Content-Range"] = f"bytes */{size}"
            return response
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(
        central.photos.read(sha256, start, end), status, headers, media_type="application/octet-stream"
    )


def _confirm(central: Central, said: protocol.Confirm, areas: tuple[str, ...]) -> protocol.Confirmed:
    # in any area: whoever names a changeset's hash has it, and learns only that it is safe here
    ends = central.store.holds(said.chains)
    photos: list[PhotoTaken] = []
    for sha256 in sorted(set(said.photos)):
        size = central.photos.size(sha256)
        if size is not None and central.store.photo_wanted(sha256, areas):
            photos.append(PhotoTaken(sha256, size))
    if not ends and not photos:
        return protocol.Confirmed(receipt=None)
    return protocol.Confirmed(receipt=give(central.identity, central.now(), ends, photos))


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != TUS:
        raise NotAllowed(412, "version", f"请使用 tus {TUS}。", f"Use tus {TUS} (header Tus-Resumable).")


def _expires() -> str:
    return email.utils.formatdate(time.time() + LIFE_S, usegmt=True)


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise NotAllowed(400, "malformed", f"{name} 须为非负整数。", f"{name} must be a whole number.")
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """Tus `Upload-Metadata`: pairs of name and base64, joined by commas."""
    found: dict[str, str] = {}
    for pair in text.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
    return found
