"""A changeset: one user action as exact bytes, its hash, and what the bytes say.

The encoding is JSON (RFC 8259) in one permitted form, so that bytes and meaning cannot drift apart: UTF-8, keys in
code-point order, no white space, only the escapes that JSON demands, integers within ±2⁵³, no floats, text in
Unicode NFC without U+0000, at most 1 MiB. `docs/log-format.md` describes it byte by byte.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec

from sync.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Collection

FORMAT: Final = 1
POLICY: Final = 1
ALGORITHM: Final = "ed25519-sha256"
MAX_BYTES: Final = 1 << 20
MAX_SEEN: Final = 64
_NAMES_KEPT: Final = 10_000
PURPOSE: Final = b"inspect-tui changeset 1\n"

Integer = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Scalar: TypeAlias = bool | Integer | str | None
Nested: TypeAlias = bool | Integer | str | list[Scalar] | dict[str, Scalar] | None
Value: TypeAlias = bool | Integer | str | list[Nested] | dict[str, Nested] | None

_AREA: Final = re.compile(r"[0-9]{6}")
_DEVICE: Final = re.compile(r"[0-9a-f]{20}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_SHORT: Final = re.compile(r"[0-9a-f]{32}")
_ROW: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VERSION: Final = re.compile(r"[0-9a-f]{20}:[1-9][0-9]{0,15}:[0-9a-f]{32}")

_ASCII: Final = bytes(range(128))
_UNSURE: Final = re.compile("[^\u2010-\u2027\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e]")
"""What may not be in NFC: anything but ASCII, Chinese characters and punctuation, none of which ever composes."""

Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
TimeMs = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Change(msgspec.Struct, frozen=True, gc=False):
    """New values for some cells of one row, and the versions that their author was looking at."""

    row: str
    """UUID of the row."""
    seen: dict[str, list[str]]
    """For each cell, the heads seen; empty for the change that creates the row."""
    set: dict[str, Value]
    """The new value of each cell."""
    table: str


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who said it, when, and after what. Fields stand in the order of the encoding."""

    alg: str
    """Signature and hash, `ed25519-sha256`."""
    area: str
    """GB/T 2260 code of the area that the rows belong to."""
    cert: str
    """First 128 bits of the SHA-256 of the certificate in force, in hex."""
    device: str
    format: Annotated[int, msgspec.Meta(ge=1)]
    jws: str | msgspec.UnsetType = msgspec.UNSET
    """The certificate itself, where it is not the one of the predecessor."""
    officer: str
    """Badge number of the officer who acted."""
    policy: Annotated[int, msgspec.Meta(ge=1)]
    """Version of the rules by which the changes are judged."""
    prev: str | None
    """SHA-256 of this device's previous changeset in this area; null for the first."""
    programme: str
    seq: Seq
    team: str
    """First 128 bits of the SHA-256 of the team's root key, in hex."""
    time: TimeMs
    """UTC in milliseconds since 1970, as the device's clock had it."""


class Changeset(msgspec.Struct, frozen=True, gc=False):
    """One user action."""

    changes: Annotated[list[Change], msgspec.Meta(min_length=1)]
    header: Header


class FutureChangeset(msgspec.Struct, frozen=True):
    """A changeset of a newer format: its header is understood, its changes are kept for later."""

    header: Header


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A changeset as it travels and is stored: exact bytes and their signature."""

    body: bytes
    signature: bytes


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Changeset)
_header_decoder = msgspec.json.Decoder(FutureChangeset)


def encode(changeset: Changeset) -> bytes:
    """The bytes of a changeset.

    Raises:
        MalformedError: It would not pass the door: too large, text not in NFC, a value out of range.
    """
    try:
        body = _encoder.encode(changeset)
    except (UnicodeEncodeError, OverflowError, TypeError, RecursionError) as error:
        raise MalformedError(f"无法编码：{error}。", f"A value cannot be encoded: {error}.") from error
    decode(body)
    return body


def decode(body: bytes) -> Changeset:
    """What the bytes say, after checking that they are the one encoding of it.

    Raises:
        MalformedError: The bytes break a rule of the encoding, or a field is missing or of the wrong kind.
    """
    if len(body) > MAX_BYTES:
        raise MalformedError("变更集超过 1 MiB。", "The changeset is larger than 1 MiB.")
    try:
        changeset = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _future(body, error)
    if _encoder.encode(changeset) != body:
        return _future(body, None)
    _check_text(body)
    header = changeset.header
    _check_ids(
        header.alg if header.format == FORMAT else ALGORITHM, header.team, header.area, header.device, header.cert
    )
    _check_prev(header)
    if header.format != FORMAT:
        return Changeset(changes=[], header=header)
    _check_changes(changeset.changes)
    return changeset


def _check_text(body: bytes) -> None:
    if b"\\u0000" in body:
        _refuse_nul(json.loads(body))
    if (
        not body.isascii()
        and _UNSURE.search(body.translate(None, _ASCII).decode())
        and not unicodedata.is_normalized("NFC", body.decode())
        and not _all_nfc(json.loads(body))
    ):
        raise MalformedError("文字不是 Unicode NFC 形式。", "Text is not in Unicode NFC.")


@functools.lru_cache(maxsize=1024)
def _check_ids(alg: str, team: str, area: str, device: str, cert: str) -> None:
    if alg != ALGORITHM:
        raise MalformedError(f"不支持的签名算法：{alg}。", f"Signature algorithm {alg} is not supported.")
    if not (
        _SHORT.fullmatch(team) and _AREA.fullmatch(area) and _DEVICE.fullmatch(device) and _SHORT.fullmatch(cert)
    ):
        raise MalformedError(
            "变更集头部的编号格式不对。", "An identifier in the header of the changeset has the wrong form."
        )


def _check_prev(header: Header) -> None:
    prev = header.prev
    if (prev is None) != (header.seq == 1) or (prev is not None and not _HASH.fullmatch(prev)):
        raise MalformedError(
            "变更集的前驱与序号不符。", "Predecessor and sequence number of the changeset disagree."
        )


_names_met: Final[set[str]] = set()


def _check_names(names: Collection[str]) -> None:
    if _names_met.issuperset(names):
        return
    for name in names:
        if not _NAME.fullmatch(name):
            raise MalformedError(f"表名或单元格名不合规：{name!r}。", f"{name!r} is not a name of a table or cell.")
    if len(_names_met) < _NAMES_KEPT:
        _names_met.update(names)


def _check_changes(changes: list[Change]) -> None:
    written: set[tuple[str, str, str]] = set()
    several = len(changes) > 1
    for change in changes:
        if change.table not in _names_met:
            _check_names([change.table])
        if not _ROW.fullmatch(change.row):
            raise MalformedError(f"行号不是 UUID：{change.row!r}。", f"{change.row!r} is not the UUID of a row.")
        if not change.set:
            raise MalformedError("变更没有内容。", "A change sets nothing.")
        _check_names(change.set.keys())
        if several:
            for cell in change.set:
                key = (change.table, change.row, cell)
                if key in written:
                    raise MalformedError(
                        f"单元格 {cell} 在一个变更集中写了两次。", f"Cell {cell} is set twice in one changeset."
                    )
                written.add(key)
        if change.seen:
            _check_names(change.seen.keys())
        for cell, versions in change.seen.items():
            if len(versions) > MAX_SEEN or not all(_VERSION.fullmatch(version) for version in versions):
                raise MalformedError(
                    f"单元格 {cell} 所见版本不合规。", f"The versions seen of cell {cell} are malformed."
                )


def _all_nfc(value: object) -> bool:
    """Text by text: an escaped line break before a combining mark only looks as if the two composed."""
    if isinstance(value, str):
        return unicodedata.is_normalized("NFC", value)
    if isinstance(value, dict):
        return all(_all_nfc(key) and _all_nfc(item) for key, item in value.items())
    return not isinstance(value, list) or all(map(_all_nfc, value))


def _refuse_nul(value: object) -> None:
    """U+0000 stands nowhere, neither in keys nor in values."""
    if isinstance(value, str) and "\0" in value:
        raise MalformedError("文字中含有 U+0000。", "Text holds U+0000.")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key)
            _refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _no_float(text: str) -> object:
    raise ValueError(f"not an integer: {text}")


def _future(body: bytes, cause: Exception | None) -> Changeset:
    """Accept the bytes of a newer format, whose changes this version cannot read, or refuse them.

    Raises:
        MalformedError: They are not canonical, or claim to be of this format.
    """
    try:
        tree = json.loads(body, object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float)
        canonical = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        header = _header_decoder.decode(body).header
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise MalformedError(
            f"变更集无法读取：{cause or error}。", f"The changeset cannot be read: {cause or error}."
        ) from error
    if canonical != body:
        raise MalformedError(
            "变更集的字节与其内容的规范编码不符。",
            "The bytes of the changeset are not the canonical encoding of what they say.",
        )
    if header.format <= FORMAT:
        reason = cause or "unknown fields"
        raise MalformedError(f"变更集无法读取：{reason}。", f"The changeset cannot be read: {reason}.")
    _check_ids(ALGORITHM, header.team, header.area, header.device, header.cert)
    _check_prev(header)
    _check_text(body)
    return Changeset(changes=[], header=header)


def digest(body: bytes) -> bytes:
    """SHA-256 of the exact bytes, 32 bytes."""
    return hashlib.sha256(body).digest()


def version_of(device: str, seq: int, hash_: bytes) -> str:
    """`device:seq:h`, h being the first 128 bits of the hash in hex."""
    return f"{device}:{seq}:{hash_.hex()[:32]}"


def is_version(text: str) -> bool:
    """Whether the text has the form `device:seq:h`."""
    return _VERSION.fullmatch(text) is not None


def canonical_value(value: object) -> bytes:
    """The encoded form of one cell's value: equal values have equal bytes."""
    return _encoder.encode(value)


def nfc(value: Any) -> Any:
    """`value` with every text in NFC and without U+0000, ready to be signed.

    Raises:
        MalformedError: A float or half of a surrogate pair stands in it.
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise MalformedError(
                f"文字含有无法编码的字符：{error}。", f"A text cannot be encoded: {error}."
            ) from error
        return unicodedata.normalize("NFC", value.replace("\0", ""))
    if isinstance(value, list | tuple):
        return [nfc(item) for item in value]
    if isinstance(value, dict):
        return {nfc(key): nfc(item) for key, item in value.items()}
    if isinstance(value, float):
        raise MalformedError(f"小数须写成文字：{value}。", f"A decimal number must be written as text: {value}.")
    return value
