"""Carrying a draft over to another version of its checklist, with a preview; what was submitted never changes.

Answers stay where their item is unchanged, and where only its words changed and the officer confirms them; where a
limit changed they are judged again; answers to items that are gone stay recorded as they are, and are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from inspect_tui.records import times
from inspect_tui.records.answers import answer_id
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.frozen import freezing_of, frozen_of
from inspect_tui.records.inspections import editable
from inspect_tui.records.item_changes import FieldChange, What, field_changes, what_changed
from inspect_tui.records.measuring import judged_together, measurement_columns
from inspect_tui.records.model import AnswerInput
from inspect_tui.records.rows import current, decoded, group
from inspect_tui.records.rules import clean_line, clean_text
from inspect_tui.texts import Refused, Text
from sync.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from checklists.freezing import Frozen
    from checklists.model import Checklist, Item
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row

Outcome: TypeAlias = Literal["none", "kept", "confirm", "judged", "open", "stays"]

OUTCOMES: Final[dict[str, Text]] = {
    "none": Text("无记录", "nothing recorded"),
    "kept": Text("结果保留", "answer kept"),
    "confirm": Text("结果须确认，否则改回未检查", "answer kept if confirmed, else asked again"),
    "judged": Text("按新限值重新判定", "judged again by the new limit"),
    "open": Text("结果改回未检查，须重新判定", "asked again"),
    "stays": Text("原记录保留在日志中，不再询问", "its answer stays recorded, not asked any more"),
}


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What becomes of one item and of its answer.

    Attributes:
        question: As the newer of the two versions asks it.
        changes: What is said differently; empty for items that are new, gone or unchanged.
        verdict: As recorded.
        verdict_after: Once carried over; for `confirm`, where it is confirmed.
        dropped: Recorded values that the item does not measure any more: they leave the form and stay in the log.
    """

    item: str
    question: Text
    what: What
    changes: tuple[FieldChange, ...]
    outcome: Outcome
    verdict: str | None
    verdict_after: str | None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What carrying an inspection over would do.

    Attributes:
        items: All items of both versions, in the order of the new one, those that are gone last.
        row: The inspection as it was looked at.
    """

    inspection: str
    checklist: str
    old_version: str
    new_version: str
    items: tuple[ItemChange, ...]
    row: Row
    cells: Mapping[str, Mapping[str, Any]]
    frozen: str
    edits: tuple[Edit, ...]

    def changed(self) -> tuple[ItemChange, ...]:
        """The items that are not the same in both versions."""
        return tuple(one for one in self.items if one.what != "same")

    def to_confirm(self) -> tuple[str, ...]:
        """The items whose answers stay only where the officer confirms them."""
        return tuple(one.item for one in self.items if one.outcome == "confirm")


@dataclass(frozen=True, slots=True)
class Offer:
    """A version that a draft could go on with; `withdrawn` says why the draft's own was withdrawn."""

    version: str
    withdrawn: str | None


def offered(workspace: Workspace, inspection: Row) -> Offer | None:
    """What there is to say when a draft is opened: a newer version, or that its own was withdrawn; None: nothing."""
    from checklists.catalogue import version_key
    from sync.keys import covers_area

    values = inspection.values
    if values["state"] != "draft" or values["void_at"]:
        return None
    layers = workspace.layers(inspection.area)
    held = layers.catalogue.checklists.get(values["checklist"] or "")
    own = values["checklist_version"] or ""
    if held is None or held.version == own:
        return None
    withdrawn: str | None = None
    if layers.published is not None:
        from inspect_tui.records.publications import publications

        past = [one for one in publications(workspace, held.id) if one.version == own and not one.stands]
        withdrawn = next((one.withdrawn_reason for one in past if covers_area(one.area, inspection.area)), None)
    if withdrawn is None and version_key(held.version) <= version_key(own):
        return None
    return Offer(held.version, withdrawn)


def versions(workspace: Workspace, area: str, checklist_id: str) -> dict[str, Checklist]:
    """The versions of a checklist that an inspection in an area can go on with, the one in force first."""
    from checklists.catalogue import load_catalogue
    from inspect_tui.records.publications import proven, usable

    layers = workspace.layers(area)
    found: dict[str, Checklist] = {}
    held = layers.catalogue.checklists.get(checklist_id)
    if held is not None and (checklist_id in layers.local or layers.published is None):
        found[held.version] = held
    for one in usable(workspace, area, checklist_id) if layers.published is not None else ():
        found.setdefault(one.version, proven(workspace, one))
    shipped = load_catalogue().checklists.get(checklist_id)
    if shipped is not None:
        found.setdefault(shipped.version, shipped)
    return found


def preview(workspace: Workspace, inspection_id: str, to: str | None = None) -> CarryOver:
    """What carrying a draft over would do, item by item; nothing is written.

    Args:
        workspace: Where.
        inspection_id: Row id.
        to: Version; the one in force unless given.

    Raises:
        Refused: There is no such inspection or version, it is no draft, or it has that version already.
    """
    row = editable(workspace, inspection_id)
    if row.values["state"] != "draft":
        raise Refused(
            "检查提交过，保持提交时的检查表版本，不能改用其他版本。",
            "The inspection was submitted; it keeps the version of its checklist, and no other can take its place.",
        )
    refuse_disputed(workspace, "inspections", inspection_id, ["checklist"])
    before = frozen_of(workspace, row)
    checklist = _wanted(workspace, row, before, to)
    frozen, version, edits = freezing_of(workspace, row.area, checklist)
    if frozen == row.values["frozen"]:
        raise Refused(
            f"该检查用的就是 {version} 版，无需改用。",
            f"The inspection has version {version} already; there is nothing to carry over.",
        )
    from checklists.freezing import Frozen

    after = Frozen(checklist=checklist, register=workspace.catalogue_for(row.area).register)
    items, cells = _items(workspace, row, before, after)
    return CarryOver(
        inspection=inspection_id,
        checklist=checklist.id,
        old_version=before.checklist.version,
        new_version=version,
        items=items,
        row=row,
        cells=cells,
        frozen=frozen,
        edits=tuple(edits),
    )


def _wanted(workspace: Workspace, row: Row, before: Frozen, to: str | None) -> Checklist:
    name = before.checklist.id
    known = versions(workspace, row.area, name)
    if to is None and known:
        return next(iter(known.values()))
    if to in known:
        return known[to]
    listed = list(known)
    zh, en = "、".join(listed) or "无", ", ".join(listed) or "none"
    if to is None:
        raise Refused(f"现在没有检查表 {name}，不能改用。", f"There is no checklist {name} any more to go on with.")
    raise Refused(
        f"{row.area} 没有 {name} 的 {clean_line(to[:20])} 版；可用：{zh}。",
        f"There is no version {clean_line(to[:20])} of {name} for {row.area}; there are: {en}.",
    )


def _items(
    workspace: Workspace, row: Row, before: Frozen, after: Frozen
) -> tuple[tuple[ItemChange, ...], dict[str, dict[str, Any]]]:
    """What becomes of each item, and the cells of answers that change where nothing is confirmed."""
    old = {item.id: item for item in before.checklist.items()}
    new = {item.id: item for item in after.checklist.items()}
    attributes = decoded(row.values["attributes"], {})
    items: list[ItemChange] = []
    cells: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys((*new, *old)):
        was, becomes = old.get(name), new.get(name)
        answer = workspace.replica.row("answers", answer_id(row.area, row.id, name))
        what = what_changed(was, becomes)
        changes = field_changes(was, becomes, before, after) if was is not None and becomes is not None else ()
        asked = becomes or was
        question = Text(asked.question.zh, asked.question.en) if asked is not None else Text("", "")
        fate = _fate(what, becomes, answer, attributes)
        items.append(ItemChange(name, question, what, changes, *fate.said()))
        if fate.cells:
            cells[name] = fate.cells
    return tuple(items), cells


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of an answer, and the cells that say so."""

    outcome: Outcome
    verdict: str | None = None
    after: str | None = None
    dropped: tuple[str, ...] = ()
    cells: dict[str, Any] | None = None

    def said(self) -> tuple[Outcome, str | None, str | None, tuple[str, ...]]:
        return self.outcome, self.verdict, self.after, self.dropped


def _fate(what: What, item: Item | None, answer: Row | None, attributes: Mapping[str, str]) -> _Fate:
    if answer is None:
        return _Fate("none")
    verdict = current("answers", "verdict", answer.values)
    said = verdict["verdict"]
    if item is None:
        return _Fate("stays", said, said)
    if what == "same":
        return _Fate("kept", said, said)
    cells, dropped, judged = _judged_again(item, answer, attributes)
    automatic = verdict["verdict_source"] in {"limit", "suspected"}
    if automatic or (said is None and judged is not None):
        fresh = _by_limit(judged)
        if fresh != verdict:
            cells["verdict"] = fresh
        same = fresh["verdict"] == said
        outcome: Outcome = "kept" if same else "judged" if fresh["verdict"] is not None else "open"
        return _Fate(outcome, said, fresh["verdict"], dropped, cells)
    if said is None or (what == "limit" and judged is not None and judged["verdict"] == said):
        return _Fate("kept", said, said, dropped, cells)
    cells["verdict"] = group("answers", "verdict", {})
    outcome = "confirm" if what == "text" else "open"
    return _Fate(outcome, said, said if outcome == "confirm" else None, dropped, cells)


def _judged_again(
    item: Item, answer: Row, attributes: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str, ...], dict[str, Any] | None]:
    """The recorded values held against the item as it is now: cells that change, values dropped, the verdict."""
    measured = current("answers", "measurement", answer.values)
    further = decoded(answer.values["further"], {})
    first, others = group("answers", "measurement", {}), {}
    dropped: list[str] = []
    for one in [measured, *further.values()]:
        if one["value"] is None and one["below_detection"] is None:
            continue
        said = AnswerInput(
            value=one["value"],
            unit=one["unit"],
            quantity=one["quantity"],
            below_detection=one["below_detection"],
        )
        try:
            columns, name = measurement_columns(item, said, attributes, quick_test=bool(one["quick_test"]))
        except Refused:
            dropped.append(_value(one))
            continue
        if name == item.measurements[0].id:
            first = columns
        else:
            others[name] = columns
    cells: dict[str, Any] = {}
    if first != measured:
        cells["measurement"] = first
    if others != further:
        cells["further"] = others or None
    judgement = judged_together(item, first, others, attributes)
    if judgement is None:
        return cells, tuple(dropped), None
    why = judgement.why.zh if judgement.verdict == "fail" else None
    source = "suspected" if judgement.suspected else "limit"
    return cells, tuple(dropped), {"verdict": judgement.verdict, "reason": why, "verdict_source": source}


def _by_limit(judged: dict[str, Any] | None) -> dict[str, Any]:
    if judged is None or judged["verdict"] is None:
        return group("answers", "verdict", {})
    return judged


def _value(one: Mapping[str, Any]) -> str:
    number = one["value"] if one["value"] is not None else f"<{one['below_detection']}"
    return f"{one['quantity'] or ''} {number} {one['unit'] or ''}".strip()


def carry_over(
    workspace: Workspace,
    inspection_id: str,
    reason: str,
    *,
    to: str | None = None,
    confirmed: Collection[str] = (),
    seen: CarryOver | None = None,
) -> CarryOver:
    """Let a draft go on with another version of its checklist, in one changeset with the reason.

    Args:
        workspace: Where.
        inspection_id: Row id.
        reason: Why; never empty.
        to: Version; the one in force unless given.
        confirmed: Items whose answers stay although their words changed.
        seen: The preview that the officer looked at.

    Returns:
        What was done.

    Raises:
        Refused: As `preview` says, no reason, a confirmed item that there is nothing to confirm at, an answer in
            conflict, or something changed since the preview.
    """
    from sync.replica import Edit

    reason = clean_text(reason)
    if not reason:
        raise Refused("改用其他版本须写明理由（--reason）。", "Carrying over needs a reason (--reason).")
    with workspace.writing():
        done = preview(workspace, inspection_id, to if seen is None else seen.new_version)
        if seen is not None and (done.items, done.cells, done.frozen) != (seen.items, seen.cells, seen.frozen):
            raise Refused(
                "预览之后该检查又有改动，未改用；请重新预览。",
                "The inspection has changed since the preview and was left as it is; look at the preview again.",
            )
        if strange := sorted(set(confirmed) - set(done.to_confirm())):
            raise Refused(
                f"{'、'.join(strange)} 没有须确认的结果，未改用。",
                f"{', '.join(strange)} has no answer to confirm, so nothing was changed.",
            )
        edits: list[Edit] = [*done.edits, _checklist(done)]
        for item, cells in done.cells.items():
            wanted = {name: cell for name, cell in cells.items() if name != "verdict" or item not in confirmed}
            row = answer_id(done.row.area, inspection_id, item)
            refuse_disputed(workspace, "answers", row, wanted)
            if wanted:
                edits.append(Edit("answers", row, wanted))
        edits.append(_note(workspace, done, reason, confirmed))
        workspace.write(done.row.area, edits)
    return done


def _checklist(done: CarryOver) -> Edit:
    from sync.replica import Edit

    said = {
        "checklist": done.checklist,
        "checklist_version": done.new_version,
        "frozen": done.frozen,
        "item_set": done.row.values["item_set"],
    }
    return Edit("inspections", done.inspection, {"checklist": group("inspections", "checklist", said)})


def _note(workspace: Workspace, done: CarryOver, reason: str, confirmed: Collection[str]) -> Edit:
    from sync.replica import Edit

    items = [
        {
            "item": one.item,
            "what": one.what,
            "outcome": "confirmed"
            if one.item in confirmed
            else "open"
            if one.outcome == "confirm"
            else one.outcome,
            "verdict": one.verdict,
        }
        for one in done.changed()
    ]
    before = {"old_version": done.old_version, "old_frozen": done.row.values["frozen"]}
    after = {"new_version": done.new_version, "new_frozen": done.frozen}
    cells = {
        "inspection": done.inspection,
        "before": group("carry_overs", "before", before),
        "after": group("carry_overs", "after", after),
        "reason": reason,
        "at": times.stored(times.now()),
        "people": {"officer": workspace.officer.name, "badge": workspace.officer.badge},
        "items": items,
    }
    return Edit("carry_overs", new_id(), cells)
