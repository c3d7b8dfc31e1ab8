"""What is known about a site, held against the attributes of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists.model import SiteKind


def check_attributes(kind: SiteKind, attributes: Mapping[str, str]) -> list[Text]:
    """What does not fit: attributes that the kind does not have, and values that an attribute does not allow.

    An attribute that is left out or empty is not known; that is never wrong.
    """
    wrong: list[Text] = []
    for name, value in attributes.items():
        attribute = kind.attribute(name)
        if attribute is None:
            wrong.append(
                Text(f"{kind.title.zh}没有属性 {name}。", f"A {kind.title.en.lower()} has no attribute {name}.")
            )
        elif value and attribute.values and value not in {allowed.id for allowed in attribute.values}:
            allowed = [allowed.id for allowed in attribute.values]
            wrong.append(
                Text(
                    f"{attribute.title.zh}（{name}）应为 {'、'.join(allowed)}，不是“{value[:40]}”。",
                    f"{attribute.title.en} ({name}) is one of {', '.join(allowed)}, not '{value[:40]}'.",
                )
            )
    return wrong
