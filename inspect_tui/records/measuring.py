"""Measured values: read as typed, held against the limits that apply, kept with the limit that decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tui.records.rows import decoded, group
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists.judgement import Judgement
    from checklists.model import Item
    from inspect_tui.records.model import AnswerInput


def measured(
    item: Item, said: AnswerInput, attributes: Mapping[str, str], further: Any, *, quick_test: bool
) -> tuple[str, Any]:
    """The cell that a value goes to and the cell's new content.

    Args:
        item: What measures it.
        said: Value or detection limit, unit and quantity; both empty take the value away.
        attributes: What is known about the site and the visit; they select the limits.
        further: The `further` cell as it stands.
        quick_test: Whether a laboratory still has to confirm the value.

    Returns:
        `measurement` with its columns for the item's first quantity, else `further` with all further quantities.

    Raises:
        Refused: No number, a unit in which the item does not measure, or an item that measures nothing.
    """
    columns, name = measurement_columns(item, said, attributes, quick_test=quick_test)
    if name == item.measurements[0].id:
        return "measurement", columns
    others = {key: value for key, value in decoded(further, {}).items() if key != name}
    if columns["value"] is not None or columns["below_detection"] is not None:
        others[name] = columns
    return "further", others or None


def measurement_columns(
    item: Item, said: AnswerInput, attributes: Mapping[str, str], *, quick_test: bool
) -> tuple[dict[str, Any], str]:
    """The columns of a measurement group for one value, and the id of the quantity measured.

    Raises:
        Refused: As `measured` says.
    """
    from checklists.errors import ChecklistError
    from checklists.judgement import judge
    from checklists.numbers import parse_number

    value, detection = said.value or None, said.below_detection or None
    if value is not None and detection is not None:
        raise Refused(
            f"{item.id} 不能同时填写测量值和检出限。",
            f"{item.id} takes either a value or a detection limit, not both.",
        )
    try:
        if value is None and detection is None:
            name = said.quantity or (item.measurements[0].id if item.measurements else "")
            return group("answers", "measurement", {}), item.measurement_of(name).id
        judgement = judge(
            item,
            value,
            said.unit,
            attributes,
            measurement=said.quantity,
            below_detection=detection,
            quick_test=quick_test,
        )
        name = judgement.measurement or item.measurements[0].id
        number = format(parse_number(value), "f") if value is not None else None
        floor = format(parse_number(detection), "f") if detection is not None else None
    except ChecklistError as error:
        raise Refused(error.zh, error.en) from error
    columns = {
        "quantity": name,
        "value": number,
        "unit": item.measurement_of(name).unit,
        "below_detection": floor,
        "quick_test": int(quick_test),
        **limit_columns(judgement),
    }
    return group("answers", "measurement", columns), name


def limit_columns(judgement: Judgement) -> dict[str, Any]:
    """What a judgement says, as columns."""
    limit = judgement.limit
    counts = limit is not None and limit.basis != "tool_default"
    verdict = judgement.verdict
    if verdict is None and counts and judgement.within is not None:
        verdict = "pass" if judgement.within else "fail"
    figure = None
    if limit is not None:
        figure = f"{limit.low}～{limit.high}" if limit.comparator == "range" else limit.value
    return {
        "comparator": limit.comparator if limit is not None else None,
        "limit_value": figure,
        "limit_source": limit.source.zh if limit is not None else None,
        "limit_basis": limit.basis if limit is not None else None,
        "judgement": verdict,
        "exceedance": judgement.exceedance,
        "suspected": int(judgement.suspected and judgement.verdict == "fail"),
    }


def judged_together(
    item: Item, measurement: Mapping[str, Any], further: Any, attributes: Mapping[str, str]
) -> Judgement | None:
    """What all recorded values of an item say together; None where there is none."""
    from checklists.errors import ChecklistError
    from checklists.judgement import Reading, judge_item

    recorded = [measurement, *decoded(further, {}).values()]
    readings = {
        one["quantity"]: Reading(
            value=one["value"],
            unit=one["unit"],
            below_detection=one["below_detection"],
            quick_test=bool(one["quick_test"]),
        )
        for one in recorded
        if one["value"] is not None or one["below_detection"] is not None
    }
    if not readings:
        return None
    try:
        return judge_item(item, readings, attributes)
    except ChecklistError as error:
        raise Refused(error.zh, error.en) from error
