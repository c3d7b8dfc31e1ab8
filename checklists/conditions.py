"""When an item is asked and when a limit holds: three-valued conditions on attributes and other answers.

What is not known makes a condition unknown, neither true nor false. An item is asked unless its condition is known to
be false; a limit is used only where its condition is known to be true. So missing knowledge costs a question, never
a verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Values = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=40)]


class Condition(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"one_of": "is", "all_": "all", "any_": "any"},
):
    """Exactly one of: an attribute is one of some values; an item's verdict is; all hold; any holds."""

    attribute: str | None = None
    """Id of an attribute of the site."""
    item: str | None = None
    """Id of another item of the same checklist."""
    one_of: Values | None = None
    """With `attribute`: values; with `item`: verdicts."""
    all_: Annotated[tuple[Condition, ...], msgspec.Meta(max_length=40)] = ()
    any_: Annotated[tuple[Condition, ...], msgspec.Meta(max_length=40)] = ()

    def __post_init__(self) -> None:
        chosen = [bool(self.attribute), bool(self.item), bool(self.all_), bool(self.any_)]
        if sum(chosen) != 1 or (self.one_of is not None) != (bool(self.attribute) or bool(self.item)):
            raise ValueError("a condition is one of: attribute + is, item + is, all, any")

    def walk(self) -> Iterator[Condition]:
        """This condition and all within it."""
        yield self
        for part in (*self.all_, *self.any_):
            yield from part.walk()


def holds(condition: Condition, attributes: Mapping[str, str], answers: Mapping[str, str | None]) -> bool | None:
    """Whether the condition is true, false, or unknown (None).

    Args:
        condition: What is asked.
        attributes: What is known about the site, attribute id to value; an empty value is not known.
        answers: Item id to verdict; a missing item or None is not answered.
    """
    if condition.one_of is not None:
        known = attributes.get(condition.attribute) if condition.attribute else answers.get(condition.item or "")
        return (known in condition.one_of) if known else None
    if condition.all_:
        parts = [holds(part, attributes, answers) for part in condition.all_]
        return False if False in parts else None if None in parts else True
    parts = [holds(part, attributes, answers) for part in condition.any_]
    return True if True in parts else None if None in parts else False
