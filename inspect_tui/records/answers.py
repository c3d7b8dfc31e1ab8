"""Actions on answers 检查结果: verdict, reason, note, measured value, sample; and taking the last one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.frozen import frozen_of, item_of
from inspect_tui.records.inspections import editable
from inspect_tui.records.measuring import judged_together, measured
from inspect_tui.records.model import Answered, AnswerInput, Problem
from inspect_tui.records.rows import current, decoded, group
from inspect_tui.records.rules import clean_line, clean_text
from inspect_tui.texts import Refused
from sync.ids import derived_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checklists.judgement import Judgement
    from checklists.model import Item
    from inspect_tui.records.workspace import Workspace
    from sync.replica import HistoryEntry, Row

_SAMPLE = ("sample_number", "sample_point", "sample_laboratory", "sample_status")
_GROUPS = ("verdict", "measurement", "sample")
_CELLS = ("verdict", "measurement", "further", "note", "sample", "photo_waiver")


def answer_id(area: str, inspection_id: str, item_id: str) -> str:
    """The row of an answer: the same on every laptop, so that two answering one item meet in it."""
    return derived_id("answer", area, inspection_id, item_id)


def answer(
    workspace: Workspace,
    inspection_id: str,
    item_id: str,
    said: AnswerInput,
    *,
    basis: Row | None = None,
    seen_none: bool = False,
) -> Answered:
    """Record what an officer says about one item; on disk on return.

    A value without a verdict is held against the limits that the site's attributes select: outside a standard it
    fails the item, outside a figure of the plan or in a quick test it is suspected, and an officer's own verdict always
    stays. Only cells that differ are written. Nothing is said of a cell in conflict before the conflict is settled.

    Args:
        workspace: Where.
        inspection_id: Row id; the inspection must be open.
        item_id: Id of the item.
        said: What is said; None leaves what is recorded.
        basis: The answer's row as the officer saw it; without it, as it is now.
        seen_none: The officer saw that nothing was recorded for the item.

    Raises:
        Refused: The inspection is not open, has no such item, the item takes no such value or unit, a cell that would
            change is in conflict, or something was recorded since the officer saw nothing.
    """
    from sync.replica import Edit

    with workspace.writing():
        inspection = editable(workspace, inspection_id)
        item = item_of(frozen_of(workspace, inspection), item_id)
        row_id = answer_id(inspection.area, inspection_id, item_id)
        now = workspace.replica.row("answers", row_id)
        if seen_none and now is not None:
            raise Refused(
                f"{item_id} 在另一窗口已有记录，未作改动；请看过现有内容后再填。",
                f"{item_id} was answered in another window meanwhile and was left as it is; look at it, then answer again.",
            )
        row = basis or now
        before = {name: _recorded(row, name) for name in _CELLS}
        after, judgement = _after(before, item, said, decoded(inspection.values["attributes"], {}))
        cells = {name: value for name, value in after.items() if value != before[name]}
        if now is not None and now.conflict:
            refuse_disputed(workspace, "answers", row_id, _stated(said, cells))
        if cells:
            if row is None:
                cells |= {"inspection": inspection_id, "item": item_id}
            workspace.write(inspection.area, [Edit("answers", row_id, cells, basis=row)])
    verdict = after["verdict"]["verdict"]
    return Answered(
        answer=row_id,
        verdict=verdict,
        suspected=after["verdict"]["verdict_source"] == "suspected",
        warnings=_warnings(item_id, after["verdict"], judgement),
    )


def _stated(said: AnswerInput, written: Iterable[str]) -> set[str]:
    """The cells that the officer said something about, also where that is the value shown, and those written with it."""
    stated = {
        "verdict": said.verdict or said.reason,
        "note": said.note,
        "sample": said.sample,
        "photo_waiver": said.photo_waiver,
        "measurement": said.value or said.below_detection,
    }
    return {cell for cell, value in stated.items() if value is not None} | set(written)


def _recorded(row: Row | None, cell: str) -> Any:
    if cell in _GROUPS:
        return group("answers", cell, {}) if row is None else current("answers", cell, row.values)
    return None if row is None else row.values[cell]


def _after(
    before: dict[str, Any], item: Item, said: AnswerInput, attributes: dict[str, str]
) -> tuple[dict[str, Any], Judgement | None]:
    """The cells of the answer once `said` is taken in, and what the limits say of its values."""
    after = dict(before)
    if said.note is not None:
        after["note"] = clean_text(said.note) or None
    if said.photo_waiver is not None:
        after["photo_waiver"] = clean_text(said.photo_waiver) or None
    if said.sample is not None:
        sample = said.sample
        texts = (sample.number, sample.point, sample.laboratory, sample.status)
        cleaned = dict(zip(_SAMPLE, (clean_line(text) or None for text in texts), strict=True))
        after["sample"] = cleaned if cleaned["sample_number"] else group("answers", "sample", {})
    valued = said.value is not None or said.below_detection is not None
    if valued:
        waits = after["sample"]["sample_number"] is not None and after["sample"]["sample_status"] != "received"
        cell, value = measured(item, said, attributes, before["further"], quick_test=said.quick_test or waits)
        after[cell] = value
    judgement = judged_together(item, after["measurement"], after["further"], attributes)
    after["verdict"] = _verdict(before["verdict"], said, judgement, valued=valued)
    return after, judgement


def _verdict(
    before: dict[str, Any], said: AnswerInput, judgement: Judgement | None, *, valued: bool
) -> dict[str, Any]:
    """The verdict cell: an officer's word stays; else a limit may speak."""
    reason = before["reason"] if said.reason is None else clean_text(said.reason) or None
    if said.verdict is not None:
        kept = reason if said.reason is not None or said.verdict == before["verdict"] else None
        return {"verdict": said.verdict, "reason": kept, "verdict_source": "officer"}
    automatic = before["verdict_source"] in {"limit", "suspected"} or before["verdict"] is None
    if not valued or not automatic:
        return {**before, "reason": reason}
    if judgement is None or judgement.verdict is None:
        return {"verdict": None, "reason": None if said.reason is None else reason, "verdict_source": None}
    source = "suspected" if judgement.suspected else "limit"
    why = judgement.why.zh if judgement.verdict == "fail" else None
    return {"verdict": judgement.verdict, "reason": reason if said.reason else why, "verdict_source": source}


def _warnings(item_id: str, verdict: dict[str, Any], judgement: Judgement | None) -> tuple[Problem, ...]:
    if judgement is None or judgement.verdict != "fail":
        return ()
    if verdict["verdict"] == "pass":
        return (
            Problem(
                "outside_limit",
                f"{item_id} 判为合格，但{judgement.why.zh}",
                f"{item_id} is pass, but: {judgement.why.en}",
                item_id,
            ),
        )
    if verdict["verdict_source"] == "suspected":
        return (Problem("suspected", f"{item_id}：{judgement.why.zh}", f"{item_id}: {judgement.why.en}", item_id),)
    return ()


def clear_answer(workspace: Workspace, inspection_id: str, item_id: str) -> bool:
    """Make the item not checked again; note, value and photos stay. Returns whether there was a verdict.

    Raises:
        Refused: The inspection is not open, or the verdict is in conflict.
    """
    from sync.replica import Edit

    with workspace.writing():
        inspection = editable(workspace, inspection_id)
        row_id = answer_id(inspection.area, inspection_id, item_id)
        row = workspace.replica.row("answers", row_id)
        if row is None or row.values["verdict"] is None:
            return False
        refuse_disputed(workspace, "answers", row_id, ["verdict"])
        workspace.write(inspection.area, [Edit("answers", row_id, {"verdict": group("answers", "verdict", {})})])
    return True


def undo(workspace: Workspace, inspection_id: str) -> str | None:
    """Take back the last thing that this device said in an answer of the inspection.

    A new change restores what was there before. Doing it again takes back the one before that.

    Returns:
        Id of the item, or None when there is nothing to take back.

    Raises:
        Refused: The inspection is not open, somebody else has changed the answer since, or it is in conflict.
    """
    from sync.replica import Edit

    with workspace.writing():
        inspection = editable(workspace, inspection_id)
        found = _last_said(workspace, inspection_id)
        if found is None:
            return None
        row, entry, history = found
        before = {version.version: version for version in history}
        cells: dict[str, Any] = {"undone": entry.version}
        refuse_disputed(workspace, "answers", row.id, [cell for cell in entry.set if cell in _CELLS])
        for cell in entry.set:
            if cell not in _CELLS:
                continue
            if any(head.split(":")[0] != entry.device for head in row.seen(cell)):
                raise Refused(
                    f"{row.values['item']} 此后已被其他设备改动，不能撤销。",
                    f"{row.values['item']} was changed on another device since; it cannot be taken back.",
                )
            seen = [before[version] for version in entry.seen.get(cell, ()) if version in before]
            cells[cell] = next((one.set[cell] for one in seen if cell in one.set), None)
        workspace.write(inspection.area, [Edit("answers", row.id, cells)])
        return str(row.values["item"])


def _last_said(workspace: Workspace, inspection_id: str) -> tuple[Row, HistoryEntry, list[HistoryEntry]] | None:
    """The newest own change of an answer that is no undo and was not undone, with its row and the row's history."""
    device = workspace.device
    carried = _carried_over(workspace, inspection_id)
    newest: tuple[Row, HistoryEntry, list[HistoryEntry]] | None = None
    for (row_id,) in map(tuple, workspace.select("SELECT id FROM answers WHERE inspection = ?", inspection_id)):
        history = workspace.replica.history(row_id)
        undone = {entry.set["undone"] for entry in history if "undone" in entry.set}
        own = [
            entry
            for entry in history
            if entry.device == device
            and entry.refused is None
            and "undone" not in entry.set
            and entry.version not in undone
            and _sequence(entry.version) > carried
        ]
        if not own:
            continue
        last = max(own, key=lambda entry: _sequence(entry.version))
        if newest is None or _sequence(last.version) > _sequence(newest[1].version):
            newest = (workspace.row("answers", row_id), last, history)
    return newest


def _carried_over(workspace: Workspace, inspection_id: str) -> int:
    """When this device last carried the inspection over: what was said of another version is not taken back."""
    rows = workspace.select("SELECT created FROM carry_overs WHERE inspection = ?", inspection_id)
    return max(
        (_sequence(row["created"]) for row in rows if row["created"].startswith(workspace.device)), default=0
    )


def _sequence(version: str) -> int:
    return int(version.split(":")[1])
