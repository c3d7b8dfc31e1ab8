"""The format of `inspection load`, as types: what is not said here is refused. `docs/inspection-json.md` explains it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from inspect_tui.records.model import Datum, Disposal, ItemSet, Severity, Signature, Verdict

if TYPE_CHECKING:
    from inspect_tui.records.load_json import Steps

AREA_PATTERN: Final = "^[1-9][0-9]{5}$"
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Line = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Number = Annotated[
    Decimal,
    msgspec.Meta(
        description="十进制数，可写成数字或文字，原样保存。 A decimal, as a number or as text; kept as written.",
    ),
]
Moment = Annotated[
    dt.datetime,
    msgspec.Meta(tz=True, description="ISO 8601，须带时区。 ISO 8601 with offset: 2026-11-20T09:10:00+08:00"),
]


class LoadedSite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """检查对象：同一行政区、类型、名称即同一对象。 A site; area, kind and name together say which."""

    name: Name
    kind: Name
    area: Annotated[str, msgspec.Meta(pattern=AREA_PATTERN, description="GB/T 2260")]
    address: Line = ""
    longitude: Number | None = None
    latitude: Number | None = None
    datum: Datum = "WGS-84"
    position_source: Line = "manual"
    uscc: Annotated[str, msgspec.Meta(max_length=40, description="GB 32100")] = ""
    responsible_party: Line = ""
    attributes: dict[Name, Line] = {}
    contact_phone: Annotated[str, msgspec.Meta(max_length=40)] = ""


class LoadedOfficer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """执法人员。 An officer."""

    name: Name
    badge: Name


class LoadedPresent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """被检查方在场人员。 The other party's representative."""

    name: Line = ""
    role: Line = ""
    signature: Signature = "signed"
    reason: Text = ""


class LoadedSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """样品。 A sample for the laboratory."""

    number: Name
    point: Line = ""
    laboratory: Line = ""
    status: Literal["taken", "sent", "received"] = "taken"


class LoadedValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """另一测量项的值。 A value of a further quantity of the item."""

    quantity: Name
    value: Number | None = None
    unit: Line | None = None
    below_detection_limit: Number | None = None
    quick_test: bool = False


class LoadedFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """问题；未写的取检查项的内容。 A finding; what is not said comes from the item."""

    description: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    severity: Severity | None = None
    disposal: Disposal = "order"
    transfer_to: Line = ""
    due_date: dt.date | None = None
    due_reason: Text = ""
    competent_authority: Line | None = None


class LoadedPhoto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """照片及其说明。 A photo with its caption."""

    path: Name
    caption: Text = ""


class LoadedAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """一个检查项的结果。 What is said about one item."""

    item: Name
    verdict: Verdict | None = None
    reason: Text | None = None
    note: Text | None = None
    value: Number | None = None
    unit: Line | None = None
    quantity: Name | None = None
    below_detection_limit: Number | None = None
    quick_test: bool = False
    measurements: Annotated[list[LoadedValue], msgspec.Meta(max_length=50)] = []
    sample: LoadedSample | None = None
    photos: Annotated[list[Name | LoadedPhoto], msgspec.Meta(max_length=1000)] = []
    photo_waiver: Text | None = None
    finding: LoadedFinding | None = None
    findings: Annotated[list[LoadedFinding], msgspec.Meta(max_length=100)] = []


class LoadedInspection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """一次检查。 One inspection."""

    site: LoadedSite
    checklist: Name
    item_set: ItemSet = "full"
    started_at: Moment
    ended_at: Moment | None = None
    officers: Annotated[list[LoadedOfficer], msgspec.Meta(max_length=50)] = []
    present: LoadedPresent | None = None
    attributes: dict[Name, Line] = {}
    note: Text = ""
    answers: Annotated[list[LoadedAnswer], msgspec.Meta(max_length=1000)] = []
    submit: bool = False


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one inspection."""
    made = _numbers(msgspec.json.schema(LoadedInspection))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "inspect-tui inspection load",
        **made,
    }


def _numbers(tree: Any) -> Any:
    """A decimal may be written as a number, which the generated schema does not say."""
    if isinstance(tree, list):
        return [_numbers(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    said = {name: _numbers(part) for name, part in tree.items()}
    return said | {"type": ["number", "string"]} if said.get("format") == "decimal" else said


_PATH: Final = re.compile(r"^(?P<reason>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_TYPES: Final = {
    "str": ("文字", "text"),
    "decimal": ("数字", "a number"),
    "int": ("整数", "a whole number"),
    "float": ("数字", "a number"),
    "bool": ("true 或 false", "true or false"),
    "object": ("对象 {…}", "an object {…}"),
    "array": ("列表 […]", "a list […]"),
    "null": ("空值 null", "null"),
    "datetime": ("时间，如 2026-11-20T09:10:00+08:00", "a time such as 2026-11-20T09:10:00+08:00"),
    "date": ("日期，如 2026-11-20", "a day such as 2026-11-20"),
}
_PATTERNS: Final = {
    AREA_PATTERN: ("六位数字，首位不为 0（GB/T 2260 代码）", "six digits, the first not 0 (a GB/T 2260 code)"),
}
_LENGTHS: Final = {">=": ("应不少于", "it must have at least"), "<=": ("应不超过", "it must have at most")}
_EXPECTED: Final = re.compile(r"^Expected `(.+?)`, got `(.+?)`$")
_ENUM: Final = re.compile(r"^Invalid enum value '?(.*?)'?$", re.DOTALL)
_LENGTH: Final = re.compile(r"^Expected `(.+?)` of length (>=|<=) (\d+)$")
_REGEX: Final = re.compile(r"^Expected `str` matching regex '(.+)'$")
_REASONS: Final = (
    (re.compile(r"^Object missing required field `(.+)`$"), "缺少字段 {0}", "the field {0} is missing"),
    (re.compile(r"^Object contains unknown field `(.+)`$"), "不认识的字段 {0}", "there is no field {0}"),
    (
        re.compile(r"^Expected `datetime` with a timezone component$"),
        "时间须带时区，如 2026-11-20T09:10:00+08:00",
        "a time needs its offset, such as 2026-11-20T09:10:00+08:00",
    ),
    (
        re.compile(r"^Invalid RFC3339 encoded datetime$"),
        "不是时间；请写成 2026-11-20T09:10:00+08:00",
        "not a time; write it as 2026-11-20T09:10:00+08:00",
    ),
    (
        re.compile(r"^Invalid RFC3339 encoded date$"),
        "不是日期；请写成 2026-11-20",
        "not a day; write it as 2026-11-20",
    ),
    (re.compile(r"^Invalid decimal string$"), "不是数字", "not a number"),
)


def explain(error: msgspec.ValidationError) -> tuple[Steps, str, str]:
    """Where a value does not fit the format, and why: path, Chinese, English."""
    match = _PATH.match(str(error))
    assert match is not None  # noqa: S101  the pattern takes any text
    reason, path = match["reason"], match["path"] or ""
    steps: Steps = [name or (int(index) if index.isdigit() else 0) for name, index in _STEP.findall(path)]
    if (said := _EXPECTED.match(reason)) is not None:
        wanted, got = _kinds(said[1]), _kinds(said[2])
        return steps, f"应为{wanted[0]}，实为{got[0]}", f"{wanted[1]} is wanted, not {got[1]}"
    if (said := _ENUM.match(reason)) is not None:
        allowed = _allowed(steps)
        return (
            steps,
            f"不能是“{said[1][:40]}”，可选 {'、'.join(allowed)}",
            f"cannot be “{said[1][:40]}”; one of {', '.join(allowed)}",
        )
    if (said := _LENGTH.match(reason)) is not None:
        zh, en = _LENGTHS[said[2]]
        unit_zh, unit_en = ("项", "entries") if said[1] == "array" else ("个字符", "characters")
        if said[2] == ">=" and said[3] == "1":
            return steps, "不能为空", "must not be empty"
        return steps, f"{zh} {said[3]} {unit_zh}", f"{en} {said[3]} {unit_en}"
    if (said := _REGEX.match(reason)) is not None and said[1] in _PATTERNS:
        zh, en = _PATTERNS[said[1]]
        return steps, f"应为{zh}", f"{en} are wanted"
    for pattern, chinese, english in _REASONS:
        if (said := pattern.match(reason)) is not None:
            return steps, chinese.format(*said.groups()), english.format(*said.groups())
    return steps, f"不符合格式（{reason}）", reason


def _kinds(names: str) -> tuple[str, str]:
    """What msgspec calls `str | null`, in words; that a field may be left empty helps nobody who filled it."""
    listed = names.split(" | ")
    pairs = [_TYPES.get(name, (name, name)) for name in listed if name != "null" or len(listed) == 1]
    return "或".join(zh for zh, _ in pairs), " or ".join(en for _, en in pairs)


def _allowed(path: Steps) -> list[str]:
    """The values that the format allows at a path."""
    whole = schema()
    nodes: list[dict[str, Any]] = [whole]
    for step in path:
        nodes = [
            part
            for node in _unfolded(nodes, whole)
            for part in ((node.get("items"),) if isinstance(step, int) else (node.get("properties", {}).get(step),))
            if isinstance(part, dict)
        ]
    return [str(value) for node in _unfolded(nodes, whole) for value in node.get("enum", ()) if value is not None]


def _unfolded(nodes: list[dict[str, Any]], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas themselves, references followed and alternatives listed."""
    found: list[dict[str, Any]] = []
    for node in nodes:
        if "$ref" in node:
            found += _unfolded([whole["$defs"][node["$ref"].rsplit("/", 1)[1]]], whole)
        elif "anyOf" in node:
            found += _unfolded(node["anyOf"], whole)
        else:
            found.append(node)
    return found


def field_name(path: Steps) -> str:
    """A path as people write it: `answers[3].value`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
