"""What changed between two versions of a checklist: items added, taken out, moved, and fields changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checklists.model import Checklist

What: TypeAlias = Literal["added", "removed", "moved", "changed"]


class Difference(NamedTuple):
    """One thing that differs."""

    what: What
    item: str | None
    """Id of the item; None where it is about the checklist itself."""
    field: str
    """Dotted path within the item or checklist, such as `measurements.0.limits.1.value`; empty for a whole item."""
    old: Any
    new: Any


def differences(old: Checklist, new: Checklist) -> list[Difference]:
    """Everything that differs, the checklist's own fields first, then items in the order of the new version."""
    before, after = _items(old), _items(new)
    found = list(_fields(None, "", _own(old), _own(new)))
    for name, (section, item) in after.items():
        if name not in before:
            found.append(Difference("added", name, "", None, item["question"]))
            continue
        was, earlier = before[name]
        if was != section:
            found.append(Difference("moved", name, "section", was, section))
        found += _fields(name, "", earlier, item)
    found += [
        Difference("removed", name, "", item["question"], None)
        for name, (_, item) in before.items()
        if name not in after
    ]
    return found


def _items(checklist: Checklist) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        item.id: (section.id, msgspec.to_builtins(item)) for section in checklist.sections for item in section.items
    }


def _own(checklist: Checklist) -> dict[str, Any]:
    """The checklist without its items."""
    said: dict[str, Any] = msgspec.to_builtins(checklist)
    said["sections"] = {section["id"]: section["title"] for section in said["sections"]}
    return said


def _fields(item: str | None, path: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _fields(item, f"{path}.{name}" if path else name, old.get(name), new.get(name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _fields(item, f"{path}.{index}", one, other)
    else:
        yield Difference("changed", item, path, old, new)


def by_item(found: list[Difference]) -> Mapping[str | None, list[Difference]]:
    """The same by item, in the order in which items first occur."""
    grouped: dict[str | None, list[Difference]] = {}
    for one in found:
        grouped.setdefault(one.item, []).append(one)
    return grouped
