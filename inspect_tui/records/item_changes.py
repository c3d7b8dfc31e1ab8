"""What two versions of a checklist say differently about one item, as people read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from checklists.freezing import Frozen
    from checklists.model import Item, Measurement

What: TypeAlias = Literal["same", "text", "limit", "new", "gone"]

WHATS: Final[dict[str, Text]] = {
    "same": Text("未变", "unchanged"),
    "text": Text("文字改了", "text changed"),
    "limit": Text("限值改了", "limit changed"),
    "new": Text("新增", "new"),
    "gone": Text("取消", "gone"),
}
_FIELDS: Final[dict[str, Text]] = {
    "question": Text("问题", "question"),
    "pass_": Text("合格", "pass"),
    "fail": Text("不合格", "fail"),
    "na": Text("不适用", "n/a"),
    "measurements": Text("测量和限值", "measurements"),
    "ambiguous": Text("规划歧义", "ambiguous"),
    "photos": Text("照片", "photos"),
    "photo_required_on_fail": Text("不合格须有照片", "photo on fail"),
    "severity": Text("严重程度", "severity"),
    "authority": Text("主管部门", "authority"),
    "default_days": Text("整改天数", "days"),
    "plan": Text("规划引文", "plan"),
    "legal_basis": Text("法律依据", "legal basis"),
    "when": Text("条件", "condition"),
    "note": Text("说明", "note"),
}
_NOTHING: Final = Text("无", "none")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One thing that an item says differently."""

    field: Text
    old: Text
    new: Text


def what_changed(old: Item | None, new: Item | None) -> What:
    """How an item differs; a limit counts as changed with whatever decides a verdict from a value."""
    if old is None:
        return "new"
    if new is None:
        return "gone"
    if old == new:
        return "same"
    return "limit" if _deciding(old) != _deciding(new) else "text"


def _deciding(item: Item) -> tuple[Any, ...]:
    """All that a verdict follows from, without the words about it."""
    measured = tuple(
        (
            one.id,
            one.unit,
            one.allows_below_detection,
            one.suffices,
            tuple(
                (limit.comparator, limit.value, limit.low, limit.high, limit.basis, limit.when)
                for limit in one.limits
            ),
        )
        for one in item.measurements
    )
    return measured, item.ambiguous is None


def field_changes(old: Item, new: Item, before: Frozen, after: Frozen) -> tuple[FieldChange, ...]:
    """Everything that two versions of an item say differently, in the order in which an item is read."""
    return tuple(
        FieldChange(name, _shown(old, field, before), _shown(new, field, after))
        for field, name in _FIELDS.items()
        if getattr(old, field) != getattr(new, field)
    )


def _shown(item: Item, field: str, frozen: Frozen) -> Text:
    value = getattr(item, field)
    if value is None or value == ():
        return _NOTHING
    if field == "measurements":
        return _joined([_measurement(one) for one in item.measurements])
    if field == "photos":
        return _joined([Text(f"{one.what.zh}×{one.count}", f"{one.what.en} ×{one.count}") for one in item.photos])
    if field == "plan":
        return _joined([Text(f"{one.section}“{one.quote}”", f"{one.section} “{one.quote}”") for one in item.plan])
    if field == "legal_basis":
        register = frozen.register
        return _joined([Text(one.show(register, "zh"), one.show(register, "en")) for one in item.legal_basis])
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if hasattr(value, "zh"):
        return Text(value.zh, value.en)
    if field == "when":
        import msgspec

        said = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return Text(said, said)
    return Text(str(value), str(value))


def _measurement(one: Measurement) -> Text:
    def said(limits: list[str], quantity: str, unit: str) -> str:
        return " ".join(part for part in (quantity, "、".join(limits), unit) if part)

    limits = [each.show() + (f"（{_when(each)}）" if each.when is not None else "") for each in one.limits]
    return Text(said(limits, one.quantity.zh, one.unit), said(limits, one.quantity.en, one.unit_in("en")))


def _when(limit: Any) -> str:
    import msgspec

    return json.dumps(msgspec.to_builtins(limit.when), ensure_ascii=False)


def _joined(parts: list[Text]) -> Text:
    return Text("；".join(one.zh for one in parts), "; ".join(one.en for one in parts))
