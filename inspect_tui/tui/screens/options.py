"""What choices offer, from the catalogue and the words of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists.model import Attribute, Catalogue

Options = list[tuple[str, Text]]


def area_options(catalogue: Catalogue) -> Options:
    """All areas, with their codes."""
    return [
        (code, Text(f"{area.name.zh} {code}", f"{area.name.en} {code}")) for code, area in catalogue.areas.items()
    ]


def kind_options(catalogue: Catalogue) -> Options:
    """All kinds of sites."""
    return [(kind.id, Text(kind.title.zh, kind.title.en)) for kind in catalogue.kinds.values()]


def attribute_options(attribute: Attribute) -> Options:
    """The values of an attribute; not knowing comes first."""
    known = [(value.id, Text(value.title.zh, value.title.en)) for value in attribute.values]
    return [("", Text("不清楚", "not known")), *known]


def word_options(words: Mapping[str, Text]) -> Options:
    """The words of a table of `records.model`."""
    return list(words.items())
