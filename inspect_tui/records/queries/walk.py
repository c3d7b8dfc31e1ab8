"""The walk 检查: every item of an inspection with what is asked, the limits that hold, and what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.frozen import frozen_of, item_of, legal_basis_text
from inspect_tui.records.model import Sample
from inspect_tui.records.queries.findings import FindingFilter, FindingLine, list_findings
from inspect_tui.records.queries.photos import PhotoLine, list_photos
from inspect_tui.records.rows import decoded
from inspect_tui.records.submission import answers_of, items_asked
from inspect_tui.texts import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from checklists.freezing import Frozen
    from checklists.model import Item
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """A recorded value of one quantity, decimals as text; `judgement` is pass, fail or None."""

    quantity: str
    value: str | None
    unit: str
    below_detection: str | None
    comparator: str | None
    limit_value: str | None
    limit_source: str | None
    judgement: str | None
    suspected: bool
    exceedance: str | None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What is recorded for one item.

    Attributes:
        source: Who gave the verdict: `officer`, `limit`, or `suspected` where it waits for confirmation.
        measured: Recorded values, the item's first quantity first.
        row: The row as it stands, to be given back as `basis`.
    """

    verdict: str | None
    source: str | None
    reason: str
    note: str
    measured: tuple[MeasuredView, ...]
    sample: Sample | None
    photo_waiver: str
    conflict: tuple[str, ...]
    row: Row


@dataclass(frozen=True, slots=True)
class LimitView:
    """One limit that holds for this site: `≤40`, its unit, its source, and whether it rests on the plan alone."""

    measurement: str
    quantity: Text
    shown: str
    unit: str
    source: Text
    basis: str


@dataclass(frozen=True, slots=True)
class WalkItem:
    """One item.

    Attributes:
        item: As frozen with the inspection: question, criteria, photos wanted, measurements, plan passages.
        asked: Whether it is asked here, given the site and the other answers.
        limits: Those that the site's attributes select.
        legal_basis: Citations in force on the day of the visit, in Chinese and English.
    """

    section: str
    item: Item
    asked: bool
    limits: tuple[LimitView, ...]
    legal_basis: Text
    answer: AnswerView | None
    photos: tuple[PhotoLine, ...]
    findings: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True)
class WalkSection:
    """A group of items that are looked at together."""

    id: str
    title: Text
    items: tuple[WalkItem, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """A whole inspection, item by item."""

    inspection: str
    row: Row
    title: Text
    sections: tuple[WalkSection, ...]

    def items(self) -> list[WalkItem]:
        """All items in order."""
        return [item for section in self.sections for item in section.items]

    def next_unanswered(self, after: str | None) -> str | None:
        """Id of the next asked item without verdict after item `after`, going round; None when all have one."""
        items = self.items()
        start = next((index + 1 for index, one in enumerate(items) if one.item.id == after), 0)
        for one in items[start:] + items[:start]:
            if one.asked and (one.answer is None or one.answer.verdict is None):
                return one.item.id
        return None


def walk(workspace: Workspace, inspection_id: str) -> Walk:
    """The whole inspection.

    Raises:
        Refused: There is none, or the text of its checklist is not here.
    """
    row = workspace.row("inspections", inspection_id)
    frozen = frozen_of(workspace, row)
    views = _views(workspace, row, frozen, [item.id for item in frozen.checklist.items()])
    return Walk(
        inspection=inspection_id,
        row=row,
        title=Text(frozen.checklist.title.zh, frozen.checklist.title.en),
        sections=tuple(
            WalkSection(
                section.id,
                Text(section.title.zh, section.title.en),
                tuple(views[item.id] for item in section.items),
            )
            for section in frozen.checklist.sections
        ),
    )


def walk_item(workspace: Workspace, inspection_id: str, item_id: str) -> WalkItem:
    """One item of the inspection.

    Raises:
        Refused: There is no such inspection or item.
    """
    row = workspace.row("inspections", inspection_id)
    frozen = frozen_of(workspace, row)
    item_of(frozen, item_id)
    return _views(workspace, row, frozen, [item_id])[item_id]


def _views(workspace: Workspace, row: Row, frozen: Frozen, wanted: Sequence[str]) -> dict[str, WalkItem]:
    attributes = decoded(row.values["attributes"], {})
    day = times.day_of(row.values["started_at"])
    answers = {answer["item"]: answer for answer in answers_of(workspace, row.id)}
    asked = {item.id for item in items_asked(frozen, row, {item: one["verdict"] for item, one in answers.items()})}
    one = wanted[0] if len(wanted) == 1 else None
    photos = list_photos(workspace, inspection=row.id, item=one)
    findings = list_findings(workspace, FindingFilter(inspection=row.id, item=one), sort="oldest", limit=1000).lines
    views: dict[str, WalkItem] = {}
    for section in frozen.checklist.sections:
        for item in section.items:
            if item.id not in wanted:
                continue
            views[item.id] = WalkItem(
                section=section.id,
                item=item,
                asked=item.id in asked,
                limits=_limits(item, attributes),
                legal_basis=_basis(frozen, item, day, attributes),
                answer=_answer(workspace, answers.get(item.id)),
                photos=tuple(photo for photo in photos if photo.item == item.id),
                findings=tuple(finding for finding in findings if finding.item == item.id),
            )
    return views


def _basis(frozen: Frozen, item: Item, day: Any, attributes: Mapping[str, str]) -> Text:
    references = frozen.register.basis_on(item, day, attributes)
    english = "; ".join(reference.show(frozen.register, "en") for reference in references)
    return Text(legal_basis_text(frozen, item, day, attributes), english)


def _limits(item: Item, attributes: Mapping[str, str]) -> tuple[LimitView, ...]:
    from checklists.conditions import holds

    return tuple(
        LimitView(
            measurement=measurement.id,
            quantity=Text(measurement.quantity.zh, measurement.quantity.en),
            shown=limit.show(),
            unit=measurement.unit,
            source=Text(limit.source.zh, limit.source.en),
            basis=limit.basis,
        )
        for measurement in item.measurements
        for limit in measurement.limits
        if limit.when is None or holds(limit.when, attributes, {}) is True
    )


def _answer(workspace: Workspace, answer: sqlite3.Row | None) -> AnswerView | None:
    if answer is None:
        return None
    row = workspace.row("answers", answer["id"])
    values = row.values
    sample = None
    if values["sample_number"]:
        sample = Sample(
            values["sample_number"],
            values["sample_point"] or "",
            values["sample_laboratory"] or "",
            values["sample_status"] or "",
        )
    measured = [values, *decoded(values["further"], {}).values()]
    return AnswerView(
        verdict=values["verdict"],
        source=values["verdict_source"],
        reason=values["reason"] or "",
        note=values["note"] or "",
        measured=tuple(
            measured_view(one) for one in measured if one["value"] is not None or one["below_detection"] is not None
        ),
        sample=sample,
        photo_waiver=values["photo_waiver"] or "",
        conflict=tuple(row.conflict),
        row=row,
    )


def measured_view(columns: Mapping[str, Any]) -> MeasuredView:
    """The columns of a measurement group as they are shown."""
    return MeasuredView(
        quantity=columns["quantity"] or "",
        value=columns["value"],
        unit=columns["unit"] or "",
        below_detection=columns["below_detection"],
        comparator=columns["comparator"],
        limit_value=columns["limit_value"],
        limit_source=columns["limit_source"],
        judgement=columns["judgement"],
        suspected=bool(columns["suspected"]),
        exceedance=columns["exceedance"],
    )
