"""Which items are asked: unless a condition is known to be false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklists.conditions import Condition, holds
from checklists.judgement import asked, asked_items

if TYPE_CHECKING:
    from checklists.model import Catalogue

ROAD = Condition(attribute="road", one_of=("main",))
OTHER = Condition(item="AA-001", one_of=("fail",))


@pytest.mark.parametrize(
    ("attributes", "answers", "both", "either"),
    [
        ({"road": "main"}, {"AA-001": "fail"}, True, True),
        ({"road": "main"}, {"AA-001": "pass"}, False, True),
        ({"road": "main"}, {}, None, True),
        ({}, {"AA-001": "pass"}, False, None),
        ({}, {"AA-001": None}, None, None),
        ({"road": "side"}, {"AA-001": "n_a"}, False, False),
    ],
)
def test_three_valued_conditions(
    attributes: dict[str, str], answers: dict[str, str | None], both: bool | None, either: bool | None
) -> None:
    """What is not known makes a condition unknown unless the rest decides it."""
    assert holds(Condition(all_=(ROAD, OTHER)), attributes, answers) is both
    assert holds(Condition(any_=(ROAD, OTHER)), attributes, answers) is either


@pytest.mark.parametrize(
    "plain",
    [{}, {"attribute": "a"}, {"is": ["x"]}, {"attribute": "a", "item": "AA-001", "is": ["x"]}, {"all": []}],
)
def test_a_condition_is_exactly_one_thing(plain: dict[str, object]) -> None:
    """A condition that is nothing, half, or two things at once does not fit."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, Condition)


def test_with_nothing_known_everything_is_asked(catalogue: Catalogue) -> None:
    """Of an unknown site every item of every checklist is asked."""
    for checklist in catalogue.checklists.values():
        assert asked_items(checklist, {}, {}) == list(checklist.items())


@pytest.mark.parametrize(
    ("checklist", "item", "attributes", "expected"),
    [
        ("river-outfall", "RO-104", {"outfall_type": "industrial"}, True),
        ("river-outfall", "RO-105", {"outfall_type": "industrial"}, False),
        ("river-outfall", "RO-104", {"outfall_type": "agricultural"}, False),
        ("river-outfall", "RO-105", {"outfall_type": "agricultural"}, True),
        ("river-outfall", "RO-307", {"outfall_type": "industrial"}, False),
        ("river-outfall", "RO-308", {"outfall_type": "stormwater"}, True),
        ("river-outfall", "RO-304", {"discharging": "no"}, False),
        ("river-outfall", "RO-502", {"remedy": "merge"}, False),
        ("river-outfall", "RO-503", {"remedy": "merge"}, True),
        ("solid-waste-storage", "SW-501", {"waste_class": "I"}, True),
        ("solid-waste-storage", "SW-501", {"waste_class": "II"}, False),
        ("solid-waste-storage", "SW-504", {"waste_class": "I"}, False),
        ("solid-waste-storage", "SW-505", {"waste_class": "II", "store_form": "warehouse"}, False),
        ("solid-waste-storage", "SW-506", {"store_form": "warehouse"}, False),
        ("solid-waste-storage", "SW-506", {"store_form": "tailings"}, True),
        ("solid-waste-storage", "SW-604", {"hazardous_waste": "no"}, False),
        ("solid-waste-storage", "SW-702", {"state": "in_use"}, False),
        ("construction-dust", "CD-507", {"linear": "no"}, False),
        ("construction-dust", "CD-508", {"control_notice": "no"}, False),
        ("construction-dust", "CD-206", {"started": "yes"}, False),
    ],
)
def test_attributes_choose_items(
    catalogue: Catalogue, checklist: str, item: str, attributes: dict[str, str], expected: bool
) -> None:
    """Items that cannot apply to a site are not asked of it."""
    assert asked(catalogue.checklist(checklist).item(item), attributes, {}) is expected


def test_answers_choose_items(catalogue: Catalogue) -> None:
    """The sign's text is asked unless there is no sign to look at; the laboratory, once something exceeded."""
    outfall = catalogue.checklist("river-outfall")

    assert asked(outfall.item("RO-202"), {}, {"RO-201": "fail"})
    assert not asked(outfall.item("RO-202"), {}, {"RO-201": "n_a"})
    clean = {f"RO-30{number}": "pass" for number in range(3, 8)}
    assert not asked(outfall.item("RO-310"), {}, clean)
    assert asked(outfall.item("RO-310"), {}, {**clean, "RO-304": "fail"})
    assert asked(outfall.item("RO-310"), {}, {**clean, "RO-304": None})


def test_an_item_that_falls_away_counts_as_not_applicable(catalogue: Catalogue) -> None:
    """Nothing was sampled at a dry outfall, so the sampling itself is not asked about."""
    outfall = catalogue.checklist("river-outfall")
    shown = {item.id for item in asked_items(outfall, {"discharging": "no", "outfall_type": "industrial"}, {})}

    assert not shown & {"RO-302", "RO-303", "RO-304", "RO-305", "RO-306", "RO-307", "RO-309", "RO-310"}
    assert "RO-301" in shown


@given(data=st.data())
def test_knowing_less_never_hides_an_item(catalogue: Catalogue, data: st.DataObject) -> None:
    """Forgetting attributes or answers can only bring items back, never hide one."""
    checklist = data.draw(st.sampled_from(list(catalogue.checklists.values())))
    kind = catalogue.kinds[checklist.site_kinds[0]]
    attributes = {
        attribute.id: data.draw(st.sampled_from([value.id for value in attribute.values]))
        for attribute in kind.attributes
        if attribute.values
    }
    kept = data.draw(st.sets(st.sampled_from(sorted(attributes))))
    less = {name: value for name, value in attributes.items() if name in kept}

    for item in checklist.items():
        assert asked(item, less, {}) or not asked(item, attributes, {})
