"""Values held against limits: only a sourced limit that the site selects gives a verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklists.conditions import Condition
from checklists.errors import NoMeasurementError, NotANumberError, UnknownIdError, WrongUnitError
from checklists.judgement import Reading, exceedance, judge, judge_item, meets
from checklists.model import Item, Limit, Measurement, Text
from checklists.numbers import parse_number

if TYPE_CHECKING:
    from checklists.model import Basis, Catalogue, Comparator

INDUSTRIAL = {"outfall_type": "industrial", "river": "文峪河", "outfall_code": "暂不掌握"}
DAILY = {"outfall_type": "sewage_works", "works_standard": "1A", "sampling": "daily_mean"}
WORD = Text("字", "word")

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6)


def item_of(catalogue: Catalogue, item_id: str) -> Item:
    """An item by its id, whatever its checklist."""
    return next(item for one in catalogue.checklists.values() for item in one.items() if item.id == item_id)


def limit_of(comparator: Comparator, value: str, basis: Basis = "standard") -> Limit:
    """A limit for all sites."""
    return Limit(comparator=comparator, value=value, source=WORD, basis=basis)


def made(*limits: Limit, suffices: bool = True, ambiguous: Text | None = None) -> Item:
    """An item that measures one quantity in mg/L."""
    return Item(
        id="AA-001",
        question=WORD,
        pass_=WORD,
        fail=WORD,
        severity="major",
        authority=WORD,
        default_days=1,
        plan=(),
        ambiguous=ambiguous,
        measurements=(Measurement(id="x", quantity=WORD, unit="mg/L", limits=limits, suffices=suffices),),
    )


def test_cod_of_the_example_is_a_suspected_fail(catalogue: Catalogue) -> None:
    """52.0 mg/L at an industrial outfall exceeds the plan's 40 by 0.3 and is suspected, never certain."""
    judgement = judge(item_of(catalogue, "RO-304"), "52.0", "mg/L", INDUSTRIAL)

    assert (judgement.verdict, judgement.suspected, judgement.exceedance) == ("fail", True, "0.3")
    assert judgement.limit is not None
    assert judgement.limit.value == "40"
    assert "规划" in judgement.why.zh


def test_the_other_values_of_the_examples(catalogue: Catalogue) -> None:
    """Ammonia 1.2 and phosphorus below 0.01 lie within; a hoarding of 2.6 m gets no verdict; 60 % cover is suspected."""
    ammonia = judge(item_of(catalogue, "RO-305"), "1.2", "mg/L", INDUSTRIAL)
    phosphorus = judge(item_of(catalogue, "RO-306"), None, "mg/L", INDUSTRIAL, below_detection="0.01")
    hoarding = judge(item_of(catalogue, "CD-102"), "2.6", "m", {"road_class": "main"})
    cover = judge(item_of(catalogue, "CD-201"), "60", "%", {"road_class": "main"})
    overflow = judge(item_of(catalogue, "SW-404"), 1, "处", {"waste_class": "I"})

    assert [one.verdict for one in (ammonia, phosphorus, hoarding, cover, overflow)] == [
        "pass", "pass", None, "fail", None,
    ]  # fmt: skip
    assert cover.suspected
    assert overflow.within is False


def test_attributes_select_the_limit(catalogue: Catalogue) -> None:
    """30 mg/L of COD passes an industrial outfall and fails a mine-water one; of an unknown type nothing is said."""
    cod = item_of(catalogue, "RO-304")

    assert judge(cod, 30, None, {"outfall_type": "industrial"}).verdict == "pass"
    assert judge(cod, 30, None, {"outfall_type": "mine_water"}).verdict == "fail"
    assert judge(cod, 3000, None, {}).verdict is None
    assert judge(cod, 3000, None, {"outfall_type": ""}).verdict is None


def test_a_grab_sample_of_a_sewage_works_gets_no_verdict(catalogue: Catalogue) -> None:
    """The limits of sewage works are daily means, so a grab sample above them decides nothing."""
    cod = item_of(catalogue, "RO-304")

    assert judge(cod, 55, "mg/L", {**DAILY, "sampling": "grab"}).verdict is None
    assert judge(cod, 55, "mg/L", {"outfall_type": "sewage_works", "works_standard": "1A"}).verdict is None
    daily = judge(cod, 55, "mg/L", DAILY)
    assert (daily.verdict, daily.suspected, daily.exceedance) == ("fail", False, "0.1")


@pytest.mark.parametrize(("temperature", "verdict"), [("above_12", "fail"), ("up_to_12", "pass")])
def test_cold_water_has_its_own_ammonia_limit(catalogue: Catalogue, temperature: str, verdict: str) -> None:
    """At 12 ℃ or below the ammonia limit of grade 1A is 8, above it 5."""
    judged = judge(item_of(catalogue, "RO-305"), "6", "mg/L", {**DAILY, "water_temperature": temperature})

    assert judged.verdict == verdict


@pytest.mark.parametrize(
    ("ph", "verdict"), [("6", "pass"), ("9.0", "pass"), ("5.9", "fail"), ("9.1", "fail"), ("７．５", "pass")]
)
def test_ph_lies_between_six_and_nine(catalogue: Catalogue, ph: str, verdict: str) -> None:
    """Both ends of the pH range belong to it, and no exceedance is computed for a range."""
    judged = judge(item_of(catalogue, "RO-303"), ph, None, INDUSTRIAL)

    assert (judged.verdict, judged.exceedance, judged.suspected) == (verdict, None, False)


def test_ph_of_a_sewage_works_needs_a_daily_mean(catalogue: Catalogue) -> None:
    """A grab sample of a sewage works decides nothing about pH; a daily mean does."""
    ph = item_of(catalogue, "RO-303")

    assert judge(ph, 10, None, {**DAILY, "sampling": "grab"}).verdict is None
    assert judge(ph, 10, None, DAILY).verdict == "fail"


@pytest.mark.parametrize(
    ("item_id", "value", "attributes", "within"),
    [
        ("SW-506", 3, {"groundwater_drain": "no"}, True),
        ("SW-506", 3, {"groundwater_drain": "yes"}, False),
        ("SW-506", 4, {"groundwater_drain": "yes"}, True),
        ("SW-605", 4, {"running_years": "over_5"}, False),
        ("SW-605", 4, {"running_years": "1_to_5"}, None),
        ("SW-701", "2", {}, True),
        ("SW-701", "2.1", {}, False),
    ],
)
def test_limits_of_waste_yards(
    catalogue: Catalogue, item_id: str, value: str | int, attributes: dict[str, str], within: bool | None
) -> None:
    """Drainage asks for one well more, a ledger is kept for five years, closure begins within two."""
    assert judge(item_of(catalogue, item_id), value, None, attributes).within is within


def test_day_and_night_noise(catalogue: Catalogue) -> None:
    """60 dB(A) is within by day and too loud by night; when the time is not known nothing is said."""
    noise = item_of(catalogue, "CD-707")

    assert judge(noise, 60, "dB(A)", {"period": "day"}).within is True
    assert judge(noise, 60, "dB(A)", {"period": "night"}).verdict == "fail"
    assert judge(noise, 60, "dB(A)", {}).verdict is None


def test_a_quick_test_is_always_suspected() -> None:
    """Even against a standard, a quick test gives a suspected verdict."""
    judged = judge(made(limit_of("<=", "10")), 11, "mg/L", {}, quick_test=True)

    assert (judged.verdict, judged.suspected) == ("fail", True)
    assert "快检" in judged.why.zh


def test_a_standard_alone_is_certain() -> None:
    """Against a standard, a laboratory value gives a verdict without suspicion."""
    judged = judge(made(limit_of("<=", "10")), 11, "mg/L", {})

    assert (judged.verdict, judged.suspected, judged.exceedance) == ("fail", False, "0.1")


def test_a_standard_speaks_before_the_plan() -> None:
    """Where a standard and the plan are both broken, the standard is the limit shown and the fail is certain."""
    judged = judge(made(limit_of("<=", "1", "plan"), limit_of("<=", "2")), 3, "mg/L", {})

    assert judged.limit is not None
    assert (judged.limit.basis, judged.suspected) == ("standard", False)


def test_a_default_of_the_tool_never_gives_a_verdict() -> None:
    """A value beyond a default of ours is left to the officer, and so is one within."""
    item = made(limit_of("<=", "50", "tool_default"))

    assert [judge(item, value, "mg/L", {}).verdict for value in (49, 51)] == [None, None]
    assert [judge(item, value, "mg/L", {}).within for value in (49, 51)] == [True, False]


def test_without_a_limit_there_is_no_verdict() -> None:
    """A value that is only recorded gets no verdict."""
    judged = judge(made(), 5, "mg/L", {})

    assert (judged.verdict, judged.within, judged.limit) == (None, None, None)


def test_an_ambiguous_passage_never_fails_anything() -> None:
    """A limit of the plan on an item marked ambiguous is not used."""
    assert judge(made(limit_of("<=", "1", "plan"), ambiguous=WORD), 5, "mg/L", {}).verdict is None


def test_a_stated_limit_of_the_permit_counts() -> None:
    """A limit from the site's own permit is held against as well."""
    permit = limit_of("<=", "30", "permit")

    judged = judge(made(), 33, "mg/L", {}, stated=permit)

    assert (judged.verdict, judged.suspected, judged.exceedance) == ("fail", False, "0.1")


@pytest.mark.parametrize(
    ("detection", "verdict"), [("0.01", "pass"), ("40", "pass"), ("41", None)]
)  # fmt: skip
def test_below_detection(catalogue: Catalogue, detection: str, verdict: str | None) -> None:
    """Not detected passes only where the detection limit is not above the limit."""
    judged = judge(item_of(catalogue, "RO-304"), None, "mg/L", INDUSTRIAL, below_detection=detection)

    assert judged.verdict == verdict


@pytest.mark.parametrize("limit", [limit_of(">=", "5"), limit_of("=", "0"), limit_of(">", "0")])
def test_below_detection_says_nothing_about_lower_limits(limit: Limit) -> None:
    """Not detected cannot be held against a lower limit or an exact figure."""
    assert judge(made(limit), None, None, {}, below_detection="0.01").verdict is None


def test_one_value_of_several_does_not_pass_the_item(catalogue: Catalogue) -> None:
    """A good petroleum value leaves mine water open; a bad one fails it."""
    mine = item_of(catalogue, "RO-307")
    attributes = {"outfall_type": "mine_water"}

    assert judge(mine, "0.01", "mg/L", attributes).verdict is None
    assert judge(mine, "0.01", "mg/L", attributes).within is True
    assert judge(mine, "0.06", "mg/L", attributes).verdict == "fail"
    assert judge(mine, "4.9", "mg/L", attributes, measurement="oxygen").verdict == "fail"


def test_all_quantities_together(catalogue: Catalogue) -> None:
    """Organic content and salt of a class I yard: both within pass, one outside fails, one missing stays open."""
    salt = item_of(catalogue, "SW-204")
    attributes = {"waste_class": "I", "coal_gangue": "no"}
    both = {"organic": Reading(value="1.9"), "salt": Reading(value="1.0")}

    assert judge_item(salt, both, attributes).verdict == "pass"
    assert judge_item(salt, {**both, "salt": Reading(value="2")}, attributes).verdict == "fail"
    assert judge_item(salt, {"salt": Reading(value="1")}, attributes).verdict is None
    assert judge_item(salt, {"salt": Reading(value="1")}, {**attributes, "coal_gangue": "yes"}).verdict == "pass"
    assert judge_item(salt, {}, attributes).verdict is None


def test_an_unknown_attribute_leaves_the_item_open(catalogue: Catalogue) -> None:
    """While it is not known whether the organic limit holds, good salt alone does not pass the yard."""
    salt = item_of(catalogue, "SW-204")

    assert judge_item(salt, {"salt": Reading(value="1")}, {"waste_class": "I"}).verdict is None


def test_quick_tests_of_several_quantities_stay_suspected(catalogue: Catalogue) -> None:
    """One quick test among the values makes the whole pass a suspected one."""
    salt = item_of(catalogue, "SW-204")
    readings = {"organic": Reading(value="1", quick_test=True), "salt": Reading(value="1")}

    judged = judge_item(salt, readings, {"waste_class": "I", "coal_gangue": "no"})

    assert (judged.verdict, judged.suspected) == ("pass", True)


def test_a_stricter_limit_that_may_hold_withholds_the_pass() -> None:
    """A value within the limit that holds, but above one that may hold, is left to the officer."""
    strict = msgspec.structs.replace(limit_of("<=", "5"), when=Condition(attribute="zone", one_of=("inside",)))
    item = made(limit_of("<=", "10"), strict)

    assert judge(item, 7, None, {}).verdict is None
    assert judge(item, 4, None, {}).verdict == "pass"
    assert judge(item, 11, None, {}).verdict == "fail"
    assert judge(item, 7, None, {"zone": "outside"}).verdict == "pass"
    assert judge(item, None, None, {}, below_detection="6").verdict is None
    assert judge(item, None, None, {}, below_detection="5").verdict == "pass"


def test_a_certain_breach_speaks_before_a_suspected_one() -> None:
    """Of two broken quantities the one without suspicion is the item's judgement."""
    one = Measurement(id="a", quantity=WORD, unit="m", limits=(limit_of("<=", "1", "plan"),))
    two = Measurement(id="b", quantity=WORD, unit="m", limits=(limit_of("<=", "1"),))
    item = Item(
        id="AA-001", question=WORD, pass_=WORD, fail=WORD, severity="major", authority=WORD, default_days=1, plan=(),
        measurements=(one, two),
    )  # fmt: skip

    judged = judge_item(item, {"a": Reading(value=2), "b": Reading(value=2)}, {})

    assert (judged.measurement, judged.suspected) == ("b", False)


def test_the_unit_chooses_among_quantities(catalogue: Catalogue) -> None:
    """A bare value means the first quantity; a unit means the first quantity that has it."""
    liner = item_of(catalogue, "SW-502")
    attributes = {"waste_class": "II", "liner": "composite"}

    assert judge(liner, "1.4", None, attributes).measurement == "membrane"
    assert judge(liner, "0.7", "m", attributes).measurement == "clay_thickness"
    assert judge(liner, "1.0×10⁻⁷", "cm/s", attributes).within is True
    assert judge(liner, "1.1e-7", "cm/s", attributes).verdict == "fail"


@pytest.mark.parametrize("unit", ["mg/L", "mg/l", " mg / L ", "ｍｇ／Ｌ", "㎎/ℓ", "", None])
def test_spellings_of_a_unit(unit: str | None) -> None:
    """Full-width letters, spaces and a small l make no difference."""
    assert judge(made(limit_of("<=", "10")), 5, unit, {}).verdict == "pass"


@pytest.mark.parametrize("unit", ["g/L", "MG/L", "mg", "%", "μg/L"])
def test_another_unit_is_refused(unit: str) -> None:
    """A value in another unit is refused in both languages, never converted."""
    with pytest.raises(WrongUnitError) as caught:
        judge(made(limit_of("<=", "10")), 5, unit, {})

    assert "mg/L" in caught.value.zh
    assert "mg/L" in caught.value.en


@pytest.mark.parametrize(
    "value",
    ["", "abc", "1,000", "12 m", "NaN", "inf", "1/2", "１２３a", "--1", "1.2.3", 1.5, True, "9" * 100, "1e999"],
)
def test_what_is_not_a_number_is_refused(value: str) -> None:
    """Only one plain decimal number is a value; floats and truth values are not."""
    with pytest.raises(NotANumberError) as caught:
        judge(made(limit_of("<=", "10")), value, "mg/L", {})

    assert "不是数字" in caught.value.zh


def test_no_value_at_all_is_refused() -> None:
    """Neither a value nor a detection limit is not a number."""
    with pytest.raises(NotANumberError):
        judge(made(limit_of("<=", "10")), None, "mg/L", {})


def test_an_item_without_measurement_takes_no_value(catalogue: Catalogue) -> None:
    """A value for a question that measures nothing is refused."""
    with pytest.raises(NoMeasurementError):
        judge(item_of(catalogue, "CD-001"), 5, "m", {})


def test_an_unknown_quantity_is_refused() -> None:
    """Naming a quantity that the item does not measure is refused."""
    with pytest.raises(UnknownIdError):
        judge(made(), 5, None, {}, measurement="y")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("５２。０", "52.0"),
        (" 0.05 ", "0.05"),
        ("−3", "-3"),
        ("+1", "1"),
        ("1×10^3", "1000"),
        ("1.0 × 10⁻⁵", "0.00001"),
    ],
)
def test_numbers_as_typed_in_the_field(text: str, number: str) -> None:
    """Full-width digits, Chinese stops, typographic minus and powers of ten are read exactly."""
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    ("value", "limit", "times"),
    [("52.0", "40", "0.3"), ("80", "40", "1"), ("41", "30", "0.37"), ("40.1", "40", "0.002"), ("40", "40", None)],
)
def test_exceedance(value: str, limit: str, times: str | None) -> None:
    """超标倍数 is (value - limit) / limit, to two places, or one significant digit where that would be zero."""
    assert exceedance(Decimal(value), limit_of("<=", limit)) == times


@pytest.mark.parametrize("limit", [limit_of("<=", "0"), limit_of(">=", "5"), limit_of("=", "100")])
def test_exceedance_only_above_positive_upper_limits(limit: Limit) -> None:
    """Nothing exceeds zero, a lower limit or an exact figure by a number of times."""
    assert exceedance(Decimal(1000), limit) is None


@given(value=numbers, limit=numbers)
def test_comparators_partition_all_numbers(value: Decimal, limit: Decimal) -> None:
    """For every pair of numbers exactly one of <, = and > holds, and <= and >= are their unions."""
    figure = str(limit)
    less, equal, greater = (meets(value, limit_of(sign, figure)) for sign in ("<", "=", ">"))

    assert [less, equal, greater].count(True) == 1
    assert meets(value, limit_of("<=", figure)) == (less or equal)
    assert meets(value, limit_of(">=", figure)) == (greater or equal)


@given(value=numbers, limit=st.decimals(min_value=Decimal("0.001"), max_value=10**6, places=3))
def test_verdict_and_exceedance_agree(value: Decimal, limit: Decimal) -> None:
    """Above an upper limit it fails with a positive exceedance; otherwise it passes with none."""
    judged = judge(made(limit_of("<=", str(limit))), value, "mg/L", {})

    if value > limit:
        assert judged.verdict == "fail"
        assert judged.exceedance is not None
        assert Decimal(judged.exceedance) > 0
    else:
        assert (judged.verdict, judged.exceedance) == ("pass", None)


@given(value=numbers)
def test_written_numbers_are_read_back_exactly(value: Decimal) -> None:
    """What is written out as plain or full-width digits is read back as the same number."""
    plain = f"{value:f}"
    wide = plain.translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789.-"})

    assert parse_number(plain) == parse_number(wide) == value


@given(text=st.text(max_size=60))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    """Whatever is typed is either a finite number or one clear error."""
    try:
        number = parse_number(text)
    except NotANumberError:
        return
    assert number.is_finite()
