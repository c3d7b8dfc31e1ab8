"""Whether a measured value meets its limit, and which items are asked. Pure: no clock, no files, no floats.

A verdict comes only from a limit with a source that the site's attributes select. A figure of the plan or a quick test
gives a *suspected* verdict; a default of the tool gives none. What stays open is for the officer to decide.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from checklists.conditions import holds
from checklists.errors import NoMeasurementError, WrongUnitError
from checklists.model import Limit
from checklists.numbers import fold_unit, parse_number
from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checklists.model import Checklist, Item, Measurement

Number: TypeAlias = str | int | Decimal
Answers: TypeAlias = "Mapping[str, str | None]"

_EXACT: Final = Context(prec=80)
_UPPER: Final = frozenset({"<", "<="})
_HUNDREDTH: Final = Decimal("0.01")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value as an officer entered it."""

    value: Number | None = None
    """The number; None where the instrument saw nothing."""
    unit: str | None = None
    """Absent: the unit of the measurement."""
    below_detection: Number | None = None
    """The detection limit below which the value lay."""
    quick_test: bool = False
    """Field test kit or probe, with the laboratory still to confirm."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said about a value, and why."""

    verdict: Literal["pass", "fail"] | None
    """None: the officer decides."""
    suspected: bool
    """The verdict rests on a figure of the plan or on a quick test and waits for confirmation."""
    within: bool | None = None
    """Whether the value meets the limits that apply; None where none applies or it cannot be said."""
    measurement: str | None = None
    """Id of the quantity judged."""
    limit: Limit | None
    """The limit that decided, or the strictest reason to look again."""
    exceedance: str | None = None
    """超标倍数, (value - limit) / limit, as a decimal string; only above an upper limit greater than zero."""
    why: Text


def judge(
    item: Item,
    value: Number | None,
    unit: str | None,
    attributes: Mapping[str, str],
    *,
    measurement: str | None = None,
    below_detection: Number | None = None,
    quick_test: bool = False,
    stated: Limit | None = None,
) -> Judgement:
    """Hold one value against the limits of one quantity of an item.

    Args:
        item: The item that asks for it.
        value: The number, or None where `below_detection` is given.
        unit: As entered; None or empty means the unit of the measurement.
        attributes: What is known about the site and the visit; they select the limits.
        measurement: Which quantity; absent: the first one that has this unit.
        below_detection: The detection limit, where the value lay below it.
        quick_test: Whether a laboratory still has to confirm the value.
        stated: A limit that the site's own papers state, such as its discharge permit; held against as well.

    Raises:
        NoMeasurementError: The item measures nothing.
        NotANumberError: The value is not a plain decimal number.
        WrongUnitError: No quantity of the item is measured in this unit.
    """
    quantity = _quantity(item, unit, measurement)
    limits = _selected(quantity, attributes)
    if stated is not None:
        limits.append(stated)
    open_limits = [limit for limit in _undecided(quantity, attributes) if _binds(limit, item)]
    if below_detection is not None:
        detection = parse_number(below_detection)
        return _judge_below(item, quantity, detection, limits, open_limits, quick_test=quick_test)
    number = parse_number("" if value is None else value)
    binding = [limit for limit in limits if _binds(limit, item)]
    broken = [limit for limit in binding if not meets(number, limit)]
    if broken:
        limit = _firmest(broken)
        suspected = quick_test or limit.basis == "plan"
        return Judgement(
            verdict="fail",
            suspected=suspected,
            within=False,
            measurement=quantity.id,
            limit=limit,
            exceedance=exceedance(number, limit),
            why=_why_fail(limit, quantity, quick_test=quick_test),
        )
    if not all(meets(number, limit) for limit in open_limits):
        return Judgement(verdict=None, suspected=False, measurement=quantity.id, limit=None, why=_UNKNOWN)
    if binding:
        return _within(item, quantity, _firmest(binding), quick_test=quick_test)
    return _no_binding(quantity, limits, number)


def judge_item(item: Item, readings: Mapping[str, Reading], attributes: Mapping[str, str]) -> Judgement:
    """Judge all quantities of an item together: one outside fails it, all within pass it.

    Args:
        item: The item.
        readings: Measurement id to reading.
        attributes: What is known about the site and the visit.

    Raises:
        NoMeasurementError: The item measures nothing.
        NotANumberError: A value is not a plain decimal number.
        UnknownIdError: The item has no measurement of that id.
        WrongUnitError: A quantity is not measured in that unit.
    """
    if not item.measurements:
        raise _no_measurement(item)
    judged = {
        name: judge(
            item,
            reading.value,
            reading.unit,
            attributes,
            measurement=name,
            below_detection=reading.below_detection,
            quick_test=reading.quick_test,
        )
        for name, reading in readings.items()
    }
    fails = [judgement for judgement in judged.values() if judgement.verdict == "fail"]
    if fails:
        # A confirmed breach speaks before a suspected one.
        return min(fails, key=lambda judgement: judgement.suspected)
    needed = [
        quantity
        for quantity in item.measurements
        if any(
            _binds(limit, item) for limit in (*_selected(quantity, attributes), *_undecided(quantity, attributes))
        )
    ]
    settled = needed and all(
        quantity.suffices and quantity.id in judged and judged[quantity.id].within for quantity in needed
    )
    if not settled:
        return next(iter(judged.values()), None) or Judgement(
            verdict=None, suspected=False, limit=None, why=_NO_LIMIT
        )
    parts = [judged[quantity.id] for quantity in needed]
    return Judgement(
        verdict="pass",
        suspected=any(
            readings[part.measurement or ""].quick_test or (part.limit is not None and part.limit.basis == "plan")
            for part in parts
        ),
        within=True,
        measurement=None,
        limit=parts[0].limit,
        why=Text("各项测量值均符合限值。", "All measured values meet their limits."),
    )


def asked(item: Item, attributes: Mapping[str, str], answers: Answers) -> bool:
    """Whether the item is asked: yes, unless its condition is known to be false.

    Args:
        item: The item.
        attributes: What is known about the site and the visit.
        answers: Item id to verdict; a missing item or None is not answered.
    """
    return item.when is None or holds(item.when, attributes, answers) is not False


def asked_items(checklist: Checklist, attributes: Mapping[str, str], answers: Answers) -> list[Item]:
    """The items to be asked, in order; an item that is not asked counts as n_a for those that depend on it."""
    known = dict(answers)
    shown: list[Item] = []
    waiting = list(checklist.items())
    # An item may depend on a later one, so repeat until nothing more falls away.
    while True:
        shown = [item for item in waiting if asked(item, attributes, known)]
        if len(shown) == len(waiting):
            return shown
        known |= {item.id: "n_a" for item in waiting if item not in shown}
        waiting = shown


def meets(number: Decimal, limit: Limit) -> bool:
    """Whether a number meets a limit, whatever its basis."""
    if limit.comparator == "range":
        return Decimal(limit.low or 0) <= number <= Decimal(limit.high or 0)
    figure = Decimal(limit.value or 0)
    match limit.comparator:
        case "<":
            return number < figure
        case "<=":
            return number <= figure
        case "=":
            return number == figure
        case ">=":
            return number >= figure
        case ">":
            return number > figure


def exceedance(number: Decimal, limit: Limit) -> str | None:
    """超标倍数: (number - limit) / limit, to two places or, where smaller, to one significant digit.

    None where the limit is not an upper limit greater than zero, or is not exceeded.
    """
    figure = Decimal(limit.value or 0)
    if limit.comparator not in _UPPER or figure <= 0 or number <= figure:
        return None
    times = _EXACT.divide(_EXACT.subtract(number, figure), figure)
    rounded = times.quantize(_HUNDREDTH, rounding=ROUND_HALF_EVEN, context=_EXACT)
    if not rounded:
        rounded = times.quantize(Decimal(1).scaleb(times.adjusted()), rounding=ROUND_HALF_EVEN, context=_EXACT)
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_UNKNOWN: Final = Text(
    "适用哪个限值取决于尚未填写的属性，由执法人员判定。",
    "Which limit applies depends on attributes not yet filled in; the officer decides.",
)
_NO_LIMIT: Final = Text(
    "没有适用于本对象的限值，由执法人员判定。", "No limit applies to this site; the officer decides."
)


def _selected(quantity: Measurement, attributes: Mapping[str, str]) -> list[Limit]:
    """The limits that are known to hold for the site."""
    return [limit for limit in quantity.limits if limit.when is None or holds(limit.when, attributes, {}) is True]


def _undecided(quantity: Measurement, attributes: Mapping[str, str]) -> list[Limit]:
    """The limits of which too little is known about the site to say whether they hold."""
    return [limit for limit in quantity.limits if limit.when and holds(limit.when, attributes, {}) is None]


def _binds(limit: Limit, item: Item) -> bool:
    """Whether a limit can decide: not a default of the tool, nor a passage of the plan that can be read two ways."""
    return limit.basis != "tool_default" and not (limit.basis == "plan" and item.ambiguous is not None)


def _quantity(item: Item, unit: str | None, name: str | None) -> Measurement:
    if not item.measurements:
        raise _no_measurement(item)
    candidates = [item.measurement_of(name)] if name is not None else list(item.measurements)
    if not unit:
        return candidates[0]
    for candidate in candidates:
        if fold_unit(unit) in {fold_unit(candidate.unit), fold_unit(candidate.unit_en or candidate.unit)}:
            return candidate
    wanted = list(dict.fromkeys(candidate.unit or "—" for candidate in candidates))
    english = list(dict.fromkeys(candidate.unit_in("en") or "none" for candidate in candidates))
    raise WrongUnitError(
        f"{item.id} 的单位应为 {'、'.join(wanted)}，不是“{unit[:20]}”。",
        f"{item.id} is measured in {' or '.join(english)}, not in '{unit[:20]}'.",
    )


def _no_measurement(item: Item) -> NoMeasurementError:
    return NoMeasurementError(f"{item.id} 不需要测量值。", f"{item.id} takes no measured value.")


def _firmest(limits: Sequence[Limit]) -> Limit:
    """A standard or permit speaks before the plan."""
    return min(limits, key=lambda limit: limit.basis == "plan")


def _judge_below(
    item: Item,
    quantity: Measurement,
    detection: Decimal,
    limits: Sequence[Limit],
    open_limits: Sequence[Limit],
    *,
    quick_test: bool,
) -> Judgement:
    """What "not detected" says: it meets an upper limit that is not below the detection limit, and nothing else."""
    binding = [limit for limit in limits if _binds(limit, item)]
    if not binding:
        why = _NO_LIMIT
    elif any(limit.comparator not in _UPPER for limit in binding):
        why = Text("未检出不能与此限值比较。", "'Not detected' cannot be held against this limit.")
    elif any(detection > Decimal(limit.value or 0) for limit in binding):
        why = Text(
            "检出限高于限值，未检出不能说明达标。",
            "The detection limit lies above the limit, so that 'not detected' does not show compliance.",
        )
    elif any(limit.comparator not in _UPPER or detection > Decimal(limit.value or 0) for limit in open_limits):
        why = _UNKNOWN
    else:
        return _within(item, quantity, _firmest(binding), quick_test=quick_test)
    return Judgement(
        verdict=None,
        suspected=False,
        measurement=quantity.id,
        limit=_firmest(binding) if binding else None,
        why=why,
    )


def _within(item: Item, quantity: Measurement, limit: Limit, *, quick_test: bool) -> Judgement:
    suspected = quick_test or limit.basis == "plan"
    limited = [other for other in item.measurements if any(_binds(known, item) for known in other.limits)]
    if quantity.suffices and (limited == [quantity] or not limited):
        shown = f"{limit.show()} {quantity.unit}".strip()
        return Judgement(
            verdict="pass",
            suspected=suspected,
            within=True,
            measurement=quantity.id,
            limit=limit,
            why=Text(
                f"符合限值 {shown}。", f"Meets the limit {limit.show()} {quantity.unit_in('en')}".strip() + "."
            ),
        )
    return Judgement(
        verdict=None,
        suspected=False,
        within=True,
        measurement=quantity.id,
        limit=limit,
        why=Text(
            "测量值符合限值；本项还须看其他内容，由执法人员判定。",
            "The value meets its limit; the item asks for more than this value, so the officer decides.",
        ),
    )


def _no_binding(quantity: Measurement, limits: Sequence[Limit], number: Decimal) -> Judgement:
    if not limits:
        return Judgement(verdict=None, suspected=False, measurement=quantity.id, limit=None, why=_NO_LIMIT)
    broken = [limit for limit in limits if not meets(number, limit)]
    return Judgement(
        verdict=None,
        suspected=False,
        within=not broken,
        measurement=quantity.id,
        limit=(broken or limits)[0],
        why=Text(
            "参照值是本工具的默认值，不能单独作为判定依据。",
            "The figure is a default of this tool and decides nothing by itself.",
        ),
    )


def _why_fail(limit: Limit, quantity: Measurement, *, quick_test: bool) -> Text:
    zh = f"不符合限值 {limit.show()} {quantity.unit}".strip() + f"（{limit.source.zh}）"
    en = f"Does not meet the limit {limit.show()} {quantity.unit_in('en')}".strip() + f" ({limit.source.en})"
    if quick_test:
        return Text(
            f"疑似：{zh}；快检结果，待实验室确认。",
            f"Suspected: {en}; quick test, to be confirmed by a laboratory.",
        )
    if limit.basis == "plan":
        return Text(
            f"疑似：{zh}；规划指标，非处罚依据。",
            f"Suspected: {en}; a figure of the plan, not a basis for a penalty.",
        )
    return Text(f"{zh}。", f"{en}.")
