"""The format of `inspection load`, as types: what is not said here is refused. `docs/inspection-json.md` explains it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from inspect_tui.records.model import Datum, Disposal, ItemSet, Severity, Signature, Verdict  # noqa: TC001  msgspec reads the field types at run time

if TYPE_CHECKING:
    from inspect_tui.records.load_json import Steps

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
    area: Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{5}$", description="GB/T 2260")]
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
_REASONS: Final = (
    (re.compile(r"^Expected `(.+?)`, got `(.+?)`$"), "应为 {0}，实为 {1}"),
    (re.compile(r"^Object missing required field `(.+)`$"), "缺少字段 {0}"),
    (re.compile(r"^Object contains unknown field `(.+)`$"), "不认识的字段 {0}"),
    (re.compile(r"^Invalid enum value (.+)$"), "取值 {0} 不在允许范围内"),
    (re.compile(r"^Expected `(.+?)` of length (.+)$"), "长度应 {1}"),
    (re.compile(r"^Expected `(.+?)` matching regex (.+)$"), "格式应符合 {1}"),
    (re.compile(r"^Expected `datetime` with a timezone component$"), "时间须带时区，如 +08:00"),
    (re.compile(r"^Invalid RFC3339 encoded datetime$"), "不是 ISO 8601 时间"),
    (re.compile(r"^Invalid RFC3339 encoded date$"), "不是 ISO 日期"),
    (re.compile(r"^Invalid decimal string$"), "不是数字"),
)


def explain(error: msgspec.ValidationError) -> tuple[Steps, str, str]:
    """Where a value does not fit the format, and why: path, Chinese, English."""
    match = _PATH.match(str(error))
    assert match is not None  # noqa: S101  the pattern takes any text
    reason, path = match["reason"], match["path"] or ""
    steps: Steps = [name or (int(index) if index.isdigit() else 0) for name, index in _STEP.findall(path)]
    for pattern, chinese in _REASONS:
        if (said := pattern.match(reason)) is not None:
            return steps, chinese.format(*said.groups()), reason
    return steps, f"不符合格式（{reason}）", reason


def field_name(path: Steps) -> str:
    """A path as people write it: `answers[3].value`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
