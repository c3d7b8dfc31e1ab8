"""A checklist as it was on the day: kept with the inspection, whatever the catalogue becomes.

The text is canonical JSON (keys sorted, no white space, every default written out), so that equal checklists have
equal texts and equal digests, and it holds the entries of the legal register that the checklist refers to.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from checklists.errors import CatalogueError
from checklists.model import Checklist, Register

FORMAT: Final = 1
"""Number of this shape; raised whenever an older programme could not read the text."""

_encoder = msgspec.json.Encoder(order="sorted")


class Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checklist with the register entries that it needs."""

    format: int = FORMAT
    checklist: Checklist
    register: Register


class _Envelope(msgspec.Struct, frozen=True):
    format: int


def freeze(checklist: Checklist, register: Register) -> str:
    """The canonical text of a checklist.

    Raises:
        UnknownIdError: The checklist refers to a document that the register does not have.
    """
    used = sorted({reference.law for item in checklist.items() for reference in item.legal_basis})
    part = Register(laws={law_id: register.law(law_id) for law_id in used})
    return _encoder.encode(Frozen(checklist=checklist, register=part)).decode()


def thaw(text: str) -> Frozen:
    """What a canonical text says.

    Raises:
        CatalogueError: It was frozen by a newer programme, or is damaged.
    """
    try:
        number = msgspec.json.decode(text, type=_Envelope).format
        if number > FORMAT:
            raise CatalogueError(
                "检查表由更新版本的程序保存，请先升级。",
                "The checklist was saved by a newer programme; please upgrade.",
            )
        return msgspec.json.decode(text, type=Frozen)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CatalogueError(
            f"保存的检查表已损坏（{error}）。", f"The saved checklist is damaged ({error})."
        ) from error


def digest(text: str) -> str:
    """SHA-256 of a canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
