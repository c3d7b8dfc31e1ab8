"""A checklist written as a workbook."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from checklists.model import Checklist
from checklists.shape import Misfit, fit
from inspect_tui.exports import sheets
from inspect_tui.exports.xlsform import rows, visit
from inspect_tui.exports.xlsform.columns import COLUMNS, header_of
from inspect_tui.exports.xlsform.read import read_workbook
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checklists.model import SiteKind
    from inspect_tui.exports.xlsform.columns import Cells

REFERRING: Final = frozenset({"relevant", "when", "constraint"})
"""Columns of expressions, in which `${name}` is meant."""


def write_workbook(checklist: Checklist, kinds: Mapping[str, SiteKind]) -> bytes:
    """The workbook; reading it gives an equal checklist.

    Args:
        checklist: It passes `validate`.
        kinds: Those of its catalogue.

    Raises:
        Refused: openpyxl is missing, or the checklist holds what a workbook would lose.
    """
    sheets.need_openpyxl()
    from openpyxl.utils.exceptions import IllegalCharacterError

    try:
        data = _workbook(
            {
                "settings": [rows.settings(checklist)],
                "survey": [*rows.survey(checklist, kinds)],
                "choices": [*rows.choices(checklist.site_kinds, kinds), *visit.item_choices(checklist)],
                "limits": [*rows.limits(checklist)],
                "legal": [*rows.legal(checklist)],
                "plan": [*rows.plan(checklist)],
            }
        )
    except IllegalCharacterError as error:
        raise _cannot_hold(checklist, "control characters") from error
    found = read_workbook(data, kinds)
    again = fit(found.value, Checklist)
    if found.mistakes:
        raise _cannot_hold(checklist, found.mistakes[0].show().en)
    if isinstance(again, Misfit) or again != checklist:
        raise _cannot_hold(checklist, "blanks around a text, or a unit_en equal to its unit")
    return data


def _cannot_hold(checklist: Checklist, what: str) -> Refused:
    return Refused(
        f"检查表 {checklist.id} 含有工作簿存不下的内容（{what}），未导出；请先运行 checklist validate 并改正 YAML。",
        f"The checklist {checklist.id} holds what a workbook cannot ({what}), so nothing was exported; run checklist"
        " validate and correct the YAML first.",
    )


def _workbook(tables: Mapping[str, Sequence[Cells]]) -> bytes:
    import openpyxl
    from openpyxl.styles import Alignment, Font

    book = openpyxl.Workbook()
    for name in list(book.sheetnames):
        del book[name]
    bold, wrapped = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    # ODK's own tools look for `survey` first
    for name in ("survey", "choices", "settings", "limits", "legal", "plan"):
        sheet = book.create_sheet(name)
        columns = COLUMNS[name]
        for number, row in enumerate([{key: header_of(key) for key in columns}, *tables[name]], start=1):
            for place, key in enumerate(columns, start=1):
                if not (text := row.get(key, "")):
                    continue
                if "${" in text and key not in REFERRING:
                    raise Refused(
                        f"“{text[:40]}”含有 ${{，XLSForm 会当作引用，未导出；请先改写 YAML。",
                        f"'{text[:40]}' holds ${{, a reference to an XLSForm, so nothing was exported; reword the YAML first.",
                    )
                cell = sheet.cell(number, place)
                cell.value = text
                # Text stays text: nothing is a formula, and no spreadsheet rounds a figure.
                cell.data_type = "s"
                cell.number_format = "@"
                cell.alignment = wrapped
                if number == 1:
                    cell.font = bold
        for place, key in enumerate(columns, start=1):
            width = 40 if key.endswith(("_zh", "_en")) or key in {"quote", *REFERRING} else 16
            column = sheet.column_dimensions[openpyxl.utils.get_column_letter(place)]
            column.width = width
            column.number_format = "@"
        sheet.freeze_panes = "C2" if name == "survey" else "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
