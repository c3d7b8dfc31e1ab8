"""The description of the server in OpenAPI 3.1, made from the declared operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sync.central import protocol
from sync.central.requests import AUTHORIZATION, CERTIFICATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.central.operations import Answer, Operation

_SIGNED: Final[list[dict[str, list[str]]]] = [{"device_signature": [], "device_certificate": []}]


def describe(operations: Sequence[Operation], programme: str) -> dict[str, Any]:
    """The document, as JSON would have it."""
    kinds = sorted(
        {each.takes for each in operations if each.takes is not None}
        | {answer.kind for each in operations for answer in each.answers.values() if answer.kind is not None},
        key=lambda kind: kind.__name__,
    )
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "inspect-tui central store",
            "version": f"{protocol.VERSION}.0",
            "summary": "Sync of signed inspection logs and photos.",
            "description": f"Served by {programme}. See docs/protocol.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "device_signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": AUTHORIZATION,
                    "description": "`Inspect-Tui` and a compact JWS over method, path, body, nonce and a token.",
                },
                "device_certificate": {
                    "type": "apiKey",
                    "in": "header",
                    "name": CERTIFICATE,
                    "description": "The device's certificate, compact JWS signed by the team's root key.",
                },
            },
        },
    }


def _operation(each: Operation, by_kind: dict[type[Any], Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.about,
        "responses": {str(status): _answer(answer, by_kind) for status, answer in sorted(each.answers.items())},
    }
    if not each.is_open:
        said["security"] = _SIGNED
    if each.parameters:
        said["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.where,
                "required": parameter.required,
                "description": parameter.about,
                "schema": dict(parameter.schema),
            }
            for parameter in each.parameters
        ]
    if each.body_media is not None:
        schema = by_kind[each.takes] if each.takes is not None else {"type": "string", "format": "binary"}
        said["requestBody"] = {"required": True, "content": {each.body_media: {"schema": schema}}}
    return said


def _answer(answer: Answer, by_kind: dict[type[Any], Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"description": answer.about}
    if answer.kind is not None:
        said["content"] = {protocol.JSON_TYPE: {"schema": by_kind[answer.kind]}}
    elif answer.media is not None:
        schema = {"type": "string"} if answer.media.startswith("text/") else {"type": "string", "format": "binary"}
        said["content"] = {answer.media: {"schema": schema}}
    if answer.headers:
        said["headers"] = {
            name: {"description": about, "schema": {"type": "string"}} for name, about in answer.headers.items()
        }
    return said
