"""The operations on the log: hello, heads, push, pull, refusals, health, metrics."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import PlainTextResponse, Response

from sync.central import protocol
from sync.central.app import as_json, in_thread
from sync.central.metrics import MEDIA
from sync.central.operations import Answer, Operation, Parameter
from sync.central.requests import NONCE, NotAllowed
from sync.receipts import give

if TYPE_CHECKING:
    from starlette.requests import Request

    from sync.central.app import Central
    from sync.central.operations import Asked

NEXT: Final = "Inspect-Next"
MORE: Final = "Inspect-More"
PULL_BYTES: Final = 4 << 20
"""Bytes of bodies in one answer to a pull, about a megabyte when compressed."""


class Health(msgspec.Struct, frozen=True):
    """That the process runs, or that the store answers."""

    status: str


class RefusedHere(msgspec.Struct, frozen=True, kw_only=True):
    """A changeset that is in the log and does not count."""

    version: str
    area: str
    device: str
    officer: str
    time: int
    tables: tuple[str, ...]
    code: str


class RefusedList(msgspec.Struct, frozen=True, kw_only=True):
    """Changesets that do not count, newest first, a thousand at most."""

    refused: list[RefusedHere]


REFUSED: Final = {
    400: Answer("The message is malformed.", protocol.Refusal),
    401: Answer(
        "Not signed, or not with a good signature.", protocol.Refusal, headers={NONCE: "The nonce to use."}
    ),
    403: Answer("The device may not do this.", protocol.Refusal),
    413: Answer("The body is too large.", protocol.Refusal),
    429: Answer("Too many requests.", protocol.Refusal, headers={"Retry-After": "Seconds to wait."}),
    503: Answer("The store or its disk does not answer; nothing was acknowledged.", protocol.Refusal),
}
"""What every signed operation may answer beside its own."""
OPEN_REFUSED: Final = {status: REFUSED[status] for status in (400, 413, 429, 503)}
MEDIA_REFUSED: Final = {415: Answer("The body is of another media type.", protocol.Refusal)}


def core_operations(central: Central) -> list[Operation]:
    """The operations on the log."""
    store, limits = central.store, central.limits

    async def hello(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        nonce = await in_thread(central.gate.nonce)
        return as_json(
            protocol.Hello(
                protocol=(protocol.VERSION,),
                programme=central.programme,
                team=store.team,
                server=central.device,
                certificate=central.identity.jws,
                time=central.now(),
                nonce=nonce,
                limits=limits,
                enrols=central.identity.root is not None,
            )
        )

    async def heads(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        tips = await in_thread(store.heads, asked.areas)
        missing, conflicts, refused = await in_thread(store.counts_for, asked.areas)
        return as_json(
            protocol.Heads(
                chains=protocol.chains_of(tips), missing_photos=missing, conflicts=conflicts, refused=refused
            )
        )

    async def push(request: Request, asked: Asked) -> Response:
        _check_encoding(request)
        who = asked.who
        if who is None or who.role == "auditor":
            raise NotAllowed(
                403, "role", "审计角色只能查看，不能上传。", "An auditor's device may look, but not send."
            )
        pushed = await in_thread(_take, central, asked.body)
        return as_json(pushed)

    async def pull(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        said = protocol.decode(asked.body, protocol.Pull)
        data, last, more = await in_thread(_give, central, said, asked.areas)
        return Response(
            data,
            headers={NEXT: str(last), MORE: "1" if more else "0", "Content-Encoding": protocol.ZSTD},
            media_type=protocol.BATCH_TYPE,
        )

    async def refused(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        found = await in_thread(store.refused_changes, asked.areas, 1000)
        return as_json(
            RefusedList(
                refused=[
                    RefusedHere(
                        version=each.version,
                        area=each.area,
                        device=each.device,
                        officer=each.officer,
                        time=each.time,
                        tables=each.tables,
                        code=each.code,
                    )
                    for each in found
                ]
            )
        )

    async def health(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        return as_json(Health("ok"))

    async def ready(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        await in_thread(store.ready)
        return as_json(Health("ok"))

    async def metrics(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        if not _is_near(request):
            raise NotAllowed(
                403,
                "far",
                "指标只向服务器本机提供；请在本机抓取，或由反向代理限制访问后转发。",
                "Metrics are given to this machine only; scrape them here.",
            )
        counts = await in_thread(store.counts)
        return PlainTextResponse(central.metrics.text(counts), media_type=MEDIA)

    prefix = protocol.PREFIX
    return [
        Operation(
            "GET",
            f"{prefix}/hello",
            "hello",
            "Who the server is, its clock and limits, and the nonce for the first signed request.",
            hello,
            {200: Answer("The server.", protocol.Hello), **OPEN_REFUSED},
            is_open=True,
        ),
        Operation(
            "GET",
            f"{prefix}/heads",
            "heads",
            "The tips of every chain that the device may see, and how much is missing, in conflict, refused.",
            heads,
            {200: Answer("The tips.", protocol.Heads), **REFUSED},
        ),
        Operation(
            "POST",
            f"{prefix}/changesets",
            "push",
            "Take a batch of changesets; the receipt names what is durable. Repeating it changes nothing.",
            push,
            {200: Answer("What became of them.", protocol.Pushed), **REFUSED, **MEDIA_REFUSED},
            media=protocol.BATCH_TYPE,
            parameters=(
                Parameter(
                    "Content-Encoding", "header", {"type": "string", "const": protocol.ZSTD}, "Zstandard, RFC 8878."
                ),
            ),
            most=limits.body,
        ),
        Operation(
            "POST",
            f"{prefix}/changesets/pull",
            "pull",
            "Give a batch of what the asker lacks, in the order in which the store took it.",
            pull,
            {
                200: Answer(
                    "A batch, compressed.",
                    media=protocol.BATCH_TYPE,
                    headers={NEXT: "Number to ask after next.", MORE: "1 where more may follow."},
                ),
                **REFUSED,
                **MEDIA_REFUSED,
            },
            takes=protocol.Pull,
            most=limits.body,
        ),
        Operation(
            "GET",
            f"{prefix}/refused",
            "refused",
            "Changesets that are in the log and do not count, with the reason.",
            refused,
            {200: Answer("The list.", RefusedList), **REFUSED},
        ),
        Operation(
            "GET",
            "/health",
            "health",
            "Whether the process runs.",
            health,
            {200: Answer("It does.", Health), **OPEN_REFUSED},
            is_open=True,
        ),
        Operation(
            "GET",
            "/ready",
            "ready",
            "Whether the store answers.",
            ready,
            {200: Answer("It does.", Health), **OPEN_REFUSED},
            is_open=True,
        ),
        Operation(
            "GET",
            "/metrics",
            "metrics",
            "Prometheus metrics, for this machine only.",
            metrics,
            {200: Answer("Metrics.", media="text/plain"), 403: REFUSED[403], **OPEN_REFUSED},
            is_open=True,
        ),
    ]


def _check_encoding(request: Request) -> None:
    if request.headers.get("content-encoding", "").strip().lower() != protocol.ZSTD:
        raise NotAllowed(
            415,
            "encoding",
            "批次须以 Zstandard 压缩（Content-Encoding: zstd）。",
            "A batch must be compressed with Zstandard (Content-Encoding: zstd).",
        )


def _take(central: Central, body: bytes) -> protocol.Pushed:
    limits = central.limits
    entries = protocol.unpack(body, plain=limits.plain, batch=limits.batch)
    taken = central.store.append(entries)
    outcome = taken.outcome
    central.metrics.add("changesets_received", outcome.appended)
    purge(central)
    return protocol.Pushed(
        appended=outcome.appended,
        known=outcome.known,
        held=outcome.held,
        refused=[
            protocol.NotTaken(version=each.version, zh=each.error.zh, en=each.error.en) for each in outcome.refused
        ],
        not_counting=taken.not_counting,
        receipt=give(central.identity, central.now(), taken.ends) if taken.ends else None,
    )


def purge(central: Central) -> None:
    """Take away the bytes that a purge in the log has named."""
    for sha256 in central.store.purged():
        central.photos.remove(sha256)
        central.store.note_purged(sha256)
        # once more: an upload may have ended before the note and after the bytes were taken away
        central.photos.remove(sha256)


def _give(central: Central, said: protocol.Pull, areas: tuple[str, ...]) -> tuple[bytes, int, bool]:
    given = central.store.read(
        protocol.places_of(said.known),
        areas,
        after=said.after,
        limit=min(said.limit, central.limits.batch),
        max_bytes=PULL_BYTES,
    )
    central.metrics.add("changesets_sent", len(given.entries))
    return protocol.pack(given.entries), given.last, given.more


def _is_near(request: Request) -> bool:
    """Whether the asker is this machine itself; a proxy in front says otherwise in `X-Forwarded-For`."""
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
