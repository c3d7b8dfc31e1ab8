"""What must be true of a catalogue beyond its shape. Each rule yields faults: a path into the value, and a sentence."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from checklists.model import Item, Law, Limit, SiteKind
from checklists.numbers import known_unit, unit_meant
from checklists.plan import Plan, squeeze
from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from checklists.conditions import Condition
    from checklists.model import Checklist, Measurement, PlanCitation
    from checklists.yamltree import Plain, Where

_VERDICTS: Final = frozenset({"pass", "fail", "n_a"})
_SHORTEST_QUOTE: Final = 4
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_LATIN: Final = re.compile(r"[A-Za-z]")


class Fault(NamedTuple):
    """One thing that is wrong, and where in the value."""

    path: Where
    text: Text


class Known(msgspec.Struct, frozen=True):
    """What a checklist may refer to."""

    laws: dict[str, Law]
    kinds: dict[str, SiteKind]
    plan: Plan


def check_entries(entries: Mapping[str, object]) -> Iterator[Fault]:
    """Faults of the entries of `law.yaml` or `kinds.yaml`; paths begin with the id."""
    for entry_id, entry in entries.items():
        if isinstance(entry, Law):
            faults = _law(entry, entries)
        elif isinstance(entry, SiteKind):
            faults = _twice([attribute.id for attribute in entry.attributes], "attributes")
        else:
            continue
        for fault in faults:
            yield Fault((entry_id, *fault.path), fault.text)


def _law(law: Law, laws: Mapping[str, object]) -> Iterator[Fault]:
    if law.replaced_by is not None and law.replaced_by not in laws:
        yield Fault(("replaced_by",), _unknown_law(law.replaced_by, laws))
    for other in law.replaces:
        if other not in laws:
            yield Fault(("replaces",), _unknown_law(other, laws))
    if law.valid_to is not None and law.replaced_by is None:
        yield Fault(
            ("valid_to",), Text(f"{law.id} 已失效而没有继任文件。", f"{law.id} has expired and names no successor.")
        )
    if law.valid_from is not None and law.valid_to is not None and law.valid_to < law.valid_from:
        yield Fault(("valid_to",), Text("失效日早于施行日。", "It ends before it begins."))


def check_checklist(checklist: Checklist, known: Known) -> Iterator[Fault]:
    """Faults of a checklist without its items."""
    for number, kind in enumerate(checklist.site_kinds):
        if kind not in known.kinds:
            yield Fault(
                ("site_kinds", number),
                _unknown(f"没有检查对象种类 {kind}", f"There is no kind of site {kind}", kind, known.kinds),
            )
    yield from _twice([section.id for section in checklist.sections], "sections")


def check_item(item: Item, checklist: Checklist, known: Known) -> Iterator[Fault]:
    """Faults of one item by itself."""
    for number, citation in enumerate(item.plan):
        for fault in _citation(citation, known.plan):
            yield Fault(("plan", number, *fault.path), fault.text)
    yield from _legal_basis(item, known.laws)
    for number, reference in enumerate(item.legal_basis):
        yield from _by_attributes(reference.when, ("legal_basis", number, "when"), checklist, known.kinds)
    yield from _twice([measurement.id for measurement in item.measurements], "measurements")
    for number, measurement in enumerate(item.measurements):
        for fault in _measurement(measurement, checklist, known.kinds):
            yield Fault(("measurements", number, *fault.path), fault.text)
    if item.when is not None:
        for fault in _condition(item.when, checklist, known.kinds):
            yield Fault(("when", *fault.path), fault.text)


def _citation(citation: PlanCitation, plan: Plan) -> Iterator[Fault]:
    quote = squeeze(citation.quote)
    if len(quote) < _SHORTEST_QUOTE:
        yield Fault(("quote",), Text("引文太短。", "The quotation is too short."))
    elif not plan.has(citation.section, quote):
        other = plan.section_of(quote)
        yield Fault(
            ("quote",),
            _not_verbatim(quote, plan.sections.get(citation.section, ""))
            if other is None
            else Text(
                f"引文在{other}，不在{citation.section}。",
                f"The quotation stands in {other}, not {citation.section}.",
            ),
        )
    for duty_id in citation.duties:
        duty = plan.duties.get(duty_id)
        if duty is None:
            yield Fault(("duties",), Text(f"没有义务 {duty_id}。", f"There is no duty {duty_id}."))
        elif duty.section != citation.section:
            yield Fault(
                ("duties",),
                Text(f"义务 {duty_id} 在{duty.section}。", f"The duty {duty_id} stands in {duty.section}."),
            )


def _not_verbatim(quote: str, section: str) -> Text:
    """That a quotation is not the plan's own words, with those of the passage that is nearest."""
    import difflib

    match = difflib.SequenceMatcher(None, quote, section, autojunk=False).find_longest_match()
    zh, en = "引文与规划原文不一致", "The quotation is not verbatim in the plan"
    if match.size < max(_SHORTEST_QUOTE, len(quote) // 4):
        return Text(f"{zh}。", f"{en}.")
    passage = section[max(0, match.b - match.a - 4) :][: min(len(quote) + 8, 80)]
    return Text(f"{zh}；原文近处为“{passage}”。", f"{en}; the nearest passage is “{passage}”.")


def _legal_basis(item: Item, laws: Mapping[str, Law]) -> Iterator[Fault]:
    used = [laws[reference.law] for reference in item.legal_basis if reference.law in laws]
    lasting = any(law.valid_to is None for law in used)
    for number, reference in enumerate(item.legal_basis):
        law = laws.get(reference.law)
        if law is None:
            yield Fault(("legal_basis", number, "law"), _unknown_law(reference.law, laws))
        elif law.valid_to is not None and not lasting:
            yield Fault(
                ("legal_basis", number, "law"),
                Text(
                    f"依据 {law.id} 已于 {law.valid_to} 失效，条目没有现行依据。",
                    f"The basis {law.id} expired on {law.valid_to} and the item names none in force.",
                ),
            )
        elif law.confirmed == "S" and law.kind != "standard" and reference.article:
            yield Fault(
                ("legal_basis", number, "article"),
                Text(
                    f"{law.id} 未见正文，不能引条款。",
                    f"The text of {law.id} was not seen, so no clause may be cited.",
                ),
            )


def _measurement(measurement: Measurement, checklist: Checklist, kinds: Mapping[str, SiteKind]) -> Iterator[Fault]:
    yield from _unit(measurement)
    for number, limit in enumerate(measurement.limits):
        where: Where = ("limits", number)
        yield from (Fault((*where, *fault.path), fault.text) for fault in _figures(limit))
        yield from _by_attributes(limit.when, (*where, "when"), checklist, kinds)


def _unit(measurement: Measurement) -> Iterator[Fault]:
    unit = measurement.unit
    if _CHINESE.search(unit):
        if not measurement.unit_en:
            yield Fault(
                ("unit",),
                Text(
                    f"中文单位“{unit}”须另写英文 unit_en。",
                    f"The Chinese unit “{unit}” needs its English in unit_en.",
                ),
            )
    elif not known_unit(unit):
        meant = unit_meant(unit)
        yield Fault(
            ("unit",),
            Text(f"不认识的单位 {unit}；可能是 {meant}。", f"{unit} is not a known unit; perhaps {meant} is meant.")
            if meant
            else Text(
                f"不认识的单位 {unit}；请写国际单位，如 mg/L、m³/d、dB(A)，或写中文单位并加 unit_en。",
                f"{unit} is not a known unit; write one such as mg/L, m³/d or dB(A), or a Chinese word with unit_en.",
            ),
        )


def _by_attributes(
    condition: Condition | None, where: Where, checklist: Checklist, kinds: Mapping[str, SiteKind]
) -> Iterator[Fault]:
    """Faults of a condition that may name attributes only, as of a limit or of a legal reference."""
    if condition is None:
        return
    for fault in _condition(condition, checklist, kinds):
        yield Fault((*where, *fault.path), fault.text)
    if any(part.item is not None for part in condition.walk()):
        yield Fault(
            where,
            Text(
                "限值和依据只能取决于属性，不能取决于其他检查项。",
                "Limits and references depend on attributes only, never on other items.",
            ),
        )


def _figures(limit: Limit) -> Iterator[Fault]:
    if limit.comparator == "range":
        if limit.low is None or limit.high is None or limit.value is not None:
            yield Fault(
                ("comparator",),
                Text("range 须有 low 和 high，没有 value。", "A range has low and high, and no value."),
            )
        elif Decimal(limit.low) > Decimal(limit.high):
            yield Fault(("low",), Text("下限大于上限。", "The lower end lies above the upper."))
    elif limit.value is None or limit.low is not None or limit.high is not None:
        yield Fault(
            ("comparator",),
            Text("限值须有 value，没有 low 和 high。", "This comparator takes a value, and neither low nor high."),
        )


def _condition(condition: Condition, checklist: Checklist, kinds: Mapping[str, SiteKind]) -> Iterator[Fault]:
    for part in condition.walk():
        values = part.one_of or ()
        if part.item is not None:
            for verdict in sorted(set(values) - _VERDICTS):
                yield Fault(
                    (),
                    Text(
                        f"{verdict} 不是检查结果；可用：pass、fail、n_a。",
                        f"{verdict} is not a verdict; one of pass, fail, n_a.",
                    ),
                )
        if part.attribute is not None:
            yield from _attribute(part.attribute, values, checklist, kinds)


def _attribute(
    name: str, values: Sequence[str], checklist: Checklist, kinds: Mapping[str, SiteKind]
) -> Iterator[Fault]:
    found = [
        attribute
        for kind in checklist.site_kinds
        if kind in kinds and (attribute := kinds[kind].attribute(name)) is not None
    ]
    if not found:
        # an unknown kind is told by itself, and may be the one that has it
        if all(kind in kinds for kind in checklist.site_kinds):
            names = [attribute.id for kind in checklist.site_kinds for attribute in kinds[kind].attributes]
            yield Fault(
                (), _unknown(f"检查对象没有属性 {name}", f"The kinds of site have no attribute {name}", name, names)
            )
        return
    allowed = {value.id for attribute in found for value in attribute.values}
    for value in values:
        if value not in allowed:
            listed = sorted(allowed)
            yield Fault(
                (),
                Text(
                    f"属性 {name} 没有值 {value}；可用：{'、'.join(listed) or '无（自由文本不能用于条件）'}。",
                    f"The attribute {name} has no value {value};"
                    f" {'one of ' + ', '.join(listed) if listed else 'it is free text, which selects nothing'}.",
                ),
            )


def check_together(items: Sequence[tuple[Where, Item]], *, complete: bool) -> Iterator[tuple[Where, str, Text]]:
    """Faults between items: ids that stand twice, conditions on unknown items or in a circle.

    Args:
        items: The items that fit the model, with their paths.
        complete: Whether these are all; otherwise an unknown item may just be one that does not fit.
    """
    places: dict[str, Where] = {}
    asks: dict[str, list[str]] = {}
    for path, item in items:
        if item.id in places:
            yield (*path, "id"), item.id, Text(f"编号 {item.id} 重复。", f"The id {item.id} stands twice.")
            continue
        places[item.id] = path
        asks[item.id] = [part.item for part in item.when.walk() if part.item] if item.when else []
    for item_id, needed in asks.items():
        where = (*places[item_id], "when")
        for other in dict.fromkeys(needed):
            if other not in places and complete:
                yield (
                    where,
                    item_id,
                    Text(f"条件引用了没有的检查项 {other}。", f"The condition names an unknown item {other}."),
                )
        if _reaches(item_id, asks):
            yield where, item_id, Text("条件互相循环。", "The conditions form a circle.")


def _reaches(start: str, asks: Mapping[str, Sequence[str]]) -> bool:
    """Whether following the conditions from an item leads back to it."""
    seen: set[str] = set()
    waiting = list(asks.get(start, ()))
    while waiting:
        other = waiting.pop()
        if other == start:
            return True
        if other not in seen:
            seen.add(other)
            waiting.extend(asks.get(other, ()))
    return False


def check_texts(value: Plain, path: Where = ()) -> Iterator[tuple[Where, Text]]:
    """Texts that a signed record could not hold: not in Unicode NFC, blank, or with control characters."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from check_texts(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from check_texts(part, (*path, number))
    elif isinstance(value, str):
        if path and path[-1] in {"zh", "en"} and value and not value.strip():
            yield path, Text("文字不能为空。", "The text is empty.")
        if path and path[-1] == "en" and _CHINESE.search(value) and not _LATIN.search(value):
            yield path, Text(f"英文处写的是中文“{value[:20]}”。", f"The English text is Chinese, “{value[:20]}”.")
        if not unicodedata.is_normalized("NFC", value):
            yield path, Text("文字不是 Unicode NFC 形式。", "The text is not in Unicode NFC.")
        if any(unicodedata.category(character) in {"Cc", "Cf"} for character in value):
            yield path, Text("文字含有控制字符或不可见字符。", "The text holds control or invisible characters.")


def _twice(names: Sequence[str], key: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            yield Fault((key, number, "id"), Text(f"编号 {name} 重复。", f"The id {name} stands twice."))
        seen.add(name)


def _unknown_law(law_id: str, laws: Iterable[str]) -> Text:
    return _unknown(f"法规登记表里没有 {law_id}", f"The legal register has no {law_id}", law_id, laws)


def _unknown(zh: str, en: str, word: str, known: Iterable[str]) -> Text:
    """That there is no such word, and which one may be meant."""
    import difflib

    near = difflib.get_close_matches(word, list(known), 1, 0.75)
    return (
        Text(f"{zh}；可能是 {near[0]}。", f"{en}; perhaps {near[0]} is meant.")
        if near
        else Text(f"{zh}。", f"{en}.")
    )
