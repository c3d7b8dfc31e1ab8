"""What the checklist says, as rows of the workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inspect_tui.exports import xpath
from inspect_tui.exports.xlsform import visit
from inspect_tui.exports.xlsform.columns import (
    ATTRIBUTES,
    BELOW_DETECTION,
    LANGUAGES,
    PREFIXES,
    VALUE,
    VERDICTS,
    both,
    true_or_false,
)
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checklists import text as ground
    from checklists.conditions import Condition
    from checklists.model import Checklist, Item, Limit, Measurement, PhotoNeed, SiteKind
    from inspect_tui.exports.xlsform.columns import Cells


def settings(checklist: Checklist) -> Cells:
    """The row of `settings`."""
    return {
        "form_title": checklist.title.zh,
        "form_title_en": checklist.title.en,
        "form_id": checklist.id,
        "version": checklist.version,
        "default_language": LANGUAGES["zh"],
        "site_kinds": " ".join(checklist.site_kinds),
        **both("plan_note", checklist.plan_note),
    }


class Question(NamedTuple):
    """An attribute of any of the kinds of site, with the values of all of them."""

    id: str
    title: ground.Text
    values: dict[str, ground.Text]


def questions(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> list[Question]:
    """What is asked about the site: its attributes that have values."""
    found: dict[str, Question] = {}
    for kind in site_kinds:
        for attribute in kinds[kind].attributes if kind in kinds else ():
            question = found.setdefault(attribute.id, Question(attribute.id, attribute.title, {}))
            for value in attribute.values:
                question.values.setdefault(value.id, value.title)
    # Free text selects nothing, so no condition can name it.
    return [question for question in found.values() if question.values]


def attribute_rows(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    """The group that asks for them."""
    asked = questions(site_kinds, kinds)
    if not asked:
        return
    yield {"type": "begin_group", "name": ATTRIBUTES, "label_zh": "检查对象", "label_en": "The site"}
    for question in asked:
        yield {
            "type": f"select_one attribute_{question.id}",
            "name": question.id,
            **both("label", question.title),
        }
    yield {"type": "end_group"}


def choices(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    """The choices that follow from the kinds of site, and those that every form has."""
    for name, verdicts in (("verdict", VERDICTS), ("verdict_always", VERDICTS[:2])):
        for verdict, zh, en in verdicts:
            yield {"list_name": name, "name": verdict, "label_zh": zh, "label_en": en}
    for question in questions(site_kinds, kinds):
        for value, title in question.values.items():
            yield {"list_name": f"attribute_{question.id}", "name": value, **both("label", title)}
    yield from visit.choices(site_kinds, kinds)


def survey(checklist: Checklist, kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    """The rows of `survey`."""
    yield from visit.opening(checklist.id, checklist.version, checklist.site_kinds)
    yield from attribute_rows(checklist.site_kinds, kinds)
    for section in checklist.sections:
        yield {"type": "begin_group", "name": f"S_{section.id}", **both("label", section.title)}
        for item in section.items:
            yield from _item_rows(item)
        yield {"type": "end_group"}
    yield from visit.closing()


def _item_rows(item: Item) -> Iterator[Cells]:
    name = item.id.replace("-", "_")
    criteria = {
        "hint_zh": item.pass_.zh,
        "hint_en": item.pass_.en,
        "guidance_hint_zh": item.fail.zh,
        "guidance_hint_en": item.fail.en,
    }
    yield {
        "type": "select_one verdict" if item.na else "select_one verdict_always",
        "name": name,
        **both("label", item.question),
        **{key: PREFIXES[key][0] + text for key, text in criteria.items()},
        "relevant": _expression(item.when, ask_unknown=True),
        **both("na", item.na),
        "severity": item.severity,
        **both("authority", item.authority),
        "default_days": str(item.default_days),
        "photo_required_on_fail": true_or_false(item.photo_required_on_fail),
        **both("ambiguous", item.ambiguous),
        **both("note", item.note),
    }
    yield reason_row(name)
    for number, photo in enumerate(item.photos, start=1):
        yield _photo_row(name, number, photo, required=item.photo_required_on_fail)
    for measurement in item.measurements:
        yield _measurement_row(name, measurement)
        if measurement.allows_below_detection:
            yield below_row(name, measurement)


def reason_row(name: str) -> Cells:
    """The row that asks why an item fails or does not apply."""
    return {
        "type": "text",
        "name": f"{name}_REASON",
        "label_zh": "不合格或不适用的理由",
        "label_en": "Why it fails or does not apply",
        "relevant": f"${{{name}}} = 'fail' or ${{{name}}} = 'n_a'",
        "required": "yes",
    }


def asked_photo(name: str, *, required: bool) -> Cells:
    """When a photo is asked for."""
    if required:
        return {"relevant": f"${{{name}}} = 'fail'", "required": "yes"}
    return {"relevant": answered(name), "required": ""}


def answered(name: str) -> str:
    """That an item was answered and applies."""
    return f"${{{name}}} = 'pass' or ${{{name}}} = 'fail'"


def _photo_row(name: str, number: int, photo: PhotoNeed, *, required: bool) -> Cells:
    return {
        "type": "image",
        "name": f"{name}_PHOTO_{number}",
        **both("label", photo.what),
        **asked_photo(name, required=required),
        "photo_count": str(photo.count),
        **both("per", photo.per),
    }


def _measurement_row(name: str, measurement: Measurement) -> Cells:
    return {
        "type": "decimal",
        "name": f"{name}_{measurement.id}",
        **both("label", measurement.quantity),
        "hint_zh": measurement.unit,
        "hint_en": measurement.unit_en or measurement.unit,
        "relevant": answered(name),
        "decimals": str(measurement.decimals),
        "below_detection": true_or_false(measurement.allows_below_detection),
        "suffices": true_or_false(measurement.suffices),
    }


def below_row(name: str, measurement: Measurement) -> Cells:
    """The row for the detection limit of a quantity that was not detected."""
    quantity = measurement.quantity
    return {
        "type": "decimal",
        "name": f"{name}_{measurement.id}{BELOW_DETECTION}",
        "label_zh": f"{quantity.zh}：未检出时填检出限",
        "label_en": f"{quantity.en}: detection limit, where not detected",
        "hint_zh": measurement.unit,
        "hint_en": measurement.unit_en or measurement.unit,
        "relevant": answered(name),
    }


def _expression(condition: Condition | None, *, ask_unknown: bool = False) -> str:
    if condition is None:
        return ""
    for part in condition.walk():
        for value in part.one_of or ():
            if not VALUE.fullmatch(value):
                raise Refused(
                    f"条件里的值“{value[:40]}”不能作 XLSForm 选项，未导出；值只能由字母、数字和下划线组成。",
                    f"The value '{value[:40]}' of a condition cannot be a choice of an XLSForm, so nothing was exported;"
                    " values are letters, digits and underscores.",
                )
    return xpath.write(condition, ask_unknown=ask_unknown)


def limits(checklist: Checklist) -> Iterator[Cells]:
    """The rows of `limits`."""
    for item in checklist.items():
        for measurement in item.measurements:
            for limit in measurement.limits:
                yield {"item": item.id, "measurement": measurement.id, **_limit(limit)}


def _limit(limit: Limit) -> Cells:
    return {
        "comparator": limit.comparator,
        "value": limit.value or "",
        "low": limit.low or "",
        "high": limit.high or "",
        "basis": limit.basis,
        **both("source", limit.source),
        "when": _expression(limit.when),
    }


def legal(checklist: Checklist) -> Iterator[Cells]:
    """The rows of `legal`."""
    for item in checklist.items():
        for reference in item.legal_basis:
            yield {
                "item": item.id,
                "law": reference.law,
                "article": reference.article,
                **both("note", reference.note),
                "when": _expression(reference.when),
            }


def plan(checklist: Checklist) -> Iterator[Cells]:
    """The rows of `plan`."""
    for item in checklist.items():
        for citation in item.plan:
            yield {
                "item": item.id,
                "section": citation.section,
                "quote": citation.quote,
                "duties": " ".join(citation.duties),
            }
