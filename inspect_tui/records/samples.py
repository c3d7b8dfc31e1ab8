"""A laboratory's result 送检结果: an event linked to the answer, which it leaves as it was recorded on the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.findings import finding_edit
from inspect_tui.records.frozen import frozen_of, item_of
from inspect_tui.records.measuring import measurement_columns
from inspect_tui.records.model import AnswerInput
from inspect_tui.records.rows import decoded
from inspect_tui.records.rules import clean_line, clean_text
from inspect_tui.records.sites import refuse_void
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    import datetime as dt

    from inspect_tui.records.model import FindingInput
    from inspect_tui.records.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ResultInput:
    """What the laboratory reports.

    Attributes:
        value: Decimal, as text; None where the quantity was not detected.
        unit: None means the item's own.
        below_detection: Detection limit, as text, where the quantity was not detected.
        quantity: Id of the item's measurement; None means the first one with that unit.
        reported_at: Aware time of the report; now unless given.
    """

    value: str | None = None
    unit: str | None = None
    below_detection: str | None = None
    quantity: str | None = None
    sample_number: str = ""
    laboratory: str = ""
    report_number: str = ""
    reported_at: dt.datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResultRecorded:
    """What recording a result gave.

    Attributes:
        result: Row id.
        judgement: `pass` or `fail` against the limit that the site's attributes select, None where none decides.
        finding: Row id of the finding that it opened.
    """

    result: str
    judgement: str | None
    finding: str | None


def record_result(
    workspace: Workspace,
    inspection_id: str,
    item_id: str,
    said: ResultInput,
    *,
    finding: FindingInput | None = None,
) -> ResultRecorded:
    """Record a laboratory's result and, when the officer says so, the finding that it opens, in one changeset.

    Args:
        workspace: Where.
        inspection_id: Row id; also one that is submitted.
        item_id: Id of the item that the sample was taken for.
        said: The result.
        finding: What must be put right because of it.

    Raises:
        Refused: No such inspection or item, no number, or a unit in which the item does not measure.
        RefusedByRules: As `add_finding` says.
    """
    from sync.replica import Edit

    if not said.value and not said.below_detection:
        raise Refused("送检结果缺少数值或检出限。", "The result has neither a value nor a detection limit.")
    with workspace.writing():
        inspection = workspace.row("inspections", inspection_id)
        refuse_void(inspection)
        item = item_of(frozen_of(workspace, inspection), item_id)
        read = AnswerInput(
            value=said.value, unit=said.unit, below_detection=said.below_detection, quantity=said.quantity
        )
        attributes = decoded(inspection.values["attributes"], {})
        columns, _ = measurement_columns(item, read, attributes, quick_test=False)
        cells: dict[str, Any] = {
            "inspection": inspection_id,
            "item": item_id,
            "sample_number": clean_line(said.sample_number) or None,
            "measurement": columns,
            "report": {
                "laboratory": clean_line(said.laboratory) or None,
                "report_number": clean_line(said.report_number) or None,
                "reported_at": times.stored(said.reported_at or times.now()),
            },
            "note": clean_text(said.note) or None,
        }
        edits: list[Edit] = []
        if finding is not None:
            edits.append(finding_edit(workspace, inspection, item, finding, answer=columns))
            cells["finding"] = edits[0].row
        row = new_id()
        workspace.write(inspection.area, [Edit("sample_results", row, cells), *edits])
    return ResultRecorded(row, columns["judgement"], cells.get("finding"))
