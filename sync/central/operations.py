"""The server's operations as data: from one declaration come the route and its description in OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from sync.central.protocol import JSON_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from sync.keys import Certificate

Handler: TypeAlias = "Callable[[Request, Asked], Awaitable[Response]]"


@dataclass(frozen=True)
class Asked:
    """What is known of a request when its handler is called.

    Attributes:
        body: The whole body; empty where the operation streams it.
        who: The certificate of who asks; None where the operation is open.
    """

    body: bytes
    who: Certificate | None

    @property
    def areas(self) -> tuple[str, ...]:
        """Where the asker may look."""
        return self.who.areas if self.who is not None else ()


@dataclass(frozen=True)
class Parameter:
    """A parameter of path, query or header."""

    name: str
    where: str
    """`path`, `query` or `header`."""
    schema: Mapping[str, Any]
    about: str
    required: bool = True


@dataclass(frozen=True)
class Answer:
    """An answer that may come.

    Attributes:
        about: What it means.
        kind: The message, a msgspec struct; None where there is no JSON.
        media: Its media type, where it is not JSON.
        headers: Name → what it says.
    """

    about: str
    kind: type[Any] | None = None
    media: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        method: HTTP method.
        path: With parameters in braces, as OpenAPI and Starlette both write them.
        name: Unique, for programmes.
        about: One sentence.
        handler: Does it.
        answers: Status → answer.
        takes: The message in the body, a msgspec struct; None for none or for bytes.
        media: Media type of the body, where there is one.
        is_open: Whether it is answered without a signature.
        streams: Whether the handler reads the body itself.
        parameters: Of path, query and headers, beside those that sign the request.
        most: Bytes of the body.
        tus: Whether it belongs to the tus protocol, which every answer names.
    """

    method: str
    path: str
    name: str
    about: str
    handler: Handler
    answers: Mapping[int, Answer]
    takes: type[Any] | None = None
    media: str | None = None
    is_open: bool = False
    streams: bool = False
    parameters: tuple[Parameter, ...] = ()
    most: int = 65_536
    tus: bool = False

    @property
    def body_media(self) -> str | None:
        """Media type of the body, or None where there is none."""
        return self.media or (JSON_TYPE if self.takes is not None else None)
