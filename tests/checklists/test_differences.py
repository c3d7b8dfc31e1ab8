"""What changed between two versions is named, item by item and field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checklists.differences import by_item, differences

if TYPE_CHECKING:
    from checklists.model import Catalogue, Checklist


def changed(checklist: Checklist) -> Checklist:
    """A later version: one item gone, one new, one moved, one with another limit."""
    said = msgspec.json.decode(msgspec.json.encode(checklist))
    said["version"] = "2099.1.1"
    first, second = said["sections"][0]["items"], said["sections"][1]["items"]
    gone = first.pop(0)
    second.append(first.pop(0))
    first.append({**gone, "id": "CD-999"})
    next(item for item in second if item["id"] == "CD-101")["measurements"][0]["limits"][0]["value"] = "1"
    return msgspec.convert(said, type(checklist))


def test_equal_versions_do_not_differ(catalogue: Catalogue) -> None:
    """Nothing is made up."""
    checklist = catalogue.checklist("construction-dust")

    assert differences(checklist, checklist) == []


def test_every_kind_of_change_is_named(catalogue: Catalogue) -> None:
    """Added, removed, moved, changed: each once, with the path, the old and the new."""
    old = catalogue.checklist("construction-dust")
    found = differences(old, changed(old))

    question = msgspec.to_builtins(old.item("CD-001").question)
    assert found == [
        ("changed", None, "version", old.version, "2099.1.1"),
        ("added", "CD-999", "", None, question),
        ("changed", "CD-101", "measurements.0.limits.0.value", "0", "1"),
        ("moved", "CD-002", "section", old.sections[0].id, old.sections[1].id),
        ("removed", "CD-001", "", question, None),
    ]
    assert list(by_item(found)) == [None, "CD-999", "CD-101", "CD-002", "CD-001"]
