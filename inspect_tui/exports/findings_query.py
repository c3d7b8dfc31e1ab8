"""The one query behind the findings CSV and `finding list --json`.

Every cell comes out as text, so that rows are joined without looking at types. The photos of a finding (those of its
item in that inspection, unless they belong to another finding or to a follow-up) come as one cell that is three
columns already: count, hashes and warning codes, parted by commas, the lists by semicolons.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from inspect_tui.exports.columns import COLUMNS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

PHOTO_CELL: Final = 34
"""Index of the cell that holds three columns."""

_PLAIN: Final = re.compile(r"coalesce\(([fs]\.\w+), ''\)")
_SHANGHAI: Final = "coalesce(strftime('%Y-%m-%dT%H:%M:%S+08:00', {0}, '+8 hours'), {0}, '')"
_LATE: Final = "f.status IN ('open', 'replied') AND f.due_date < :day"
_SELECTED: Final = (
    "f.id",
    "coalesce(f.inspection, '')",
    "f.area",
    "coalesce(areas.name, f.area)",
    "coalesce(f.site, '')",
    "coalesce(s.name, '')",
    "coalesce(s.kind, '')",
    "coalesce(s.uscc, '')",
    "coalesce(f.checklist, '')",
    "coalesce(f.checklist_version, '')",
    "coalesce(f.item, '')",
    "coalesce(f.item_title, '')",
    "coalesce(f.legal_basis, '')",
    "coalesce(f.plan_section, '')",
    "coalesce(f.severity, '')",
    "coalesce(f.description, '')",
    "coalesce(f.competent_authority, '')",
    "coalesce(f.disposal, '')",
    "coalesce(f.transfer_to, '')",
    "coalesce(f.value, '<' || f.below_detection, '')",
    "coalesce(f.unit, '')",
    "coalesce(f.limit_value, '')",
    "coalesce(f.exceedance, '')",
    "coalesce(f.status, '')",
    _SHANGHAI.format("f.found_at"),
    "coalesce(f.due_date, '')",
    f"CASE WHEN f.closed_at IS NULL THEN '' ELSE {_SHANGHAI.format('f.closed_at')} END",
    f"CASE WHEN {_LATE} THEN coalesce(CAST(CAST(:julian - julianday(f.due_date) AS INTEGER) AS TEXT), '0') ELSE '0' END",
    "coalesce(f.longitude, '')",
    "coalesce(f.latitude, '')",
    "coalesce(f.position_source, '')",
    "coalesce(f.inspectors, '')",
    "coalesce(f.badges, '')",
    "coalesce(f.device, '')",
    (
        "(SELECT count(*) || ',' || coalesce(group_concat(sha256, ';'), '') || ','"
        " || coalesce(group_concat(nullif(warning_codes, ''), ';'), '')"
        " FROM photos WHERE inspection = f.inspection AND item = f.item"
        " AND void_at IS NULL AND follow_up IS NULL AND (finding IS NULL OR finding = f.id))"
    ),
    "CASE WHEN f.conflict IS NULL THEN '' ELSE replace(trim(f.conflict, '[]\"'), '\",\"', ';') END",
)


_LINE: Final = (
    "f.id, printf('"
    + ",".join(["%s"] * PHOTO_CELL)
    + "', "
    # printf makes nothing of NULL, so that `coalesce` would only cost time
    + ", ".join(_PLAIN.sub(r"\1", cell) for cell in _SELECTED[:PHOTO_CELL])
    + "), "
    + ", ".join(_SELECTED[PHOTO_CELL:])
    + ", "
    # one comparison each rules out all text in Chinese
    + " OR ".join(
        _PLAIN.sub(r"\1", cell) + " < 'u'" for cell, column in zip(_SELECTED, COLUMNS, strict=False) if column.free
    )
)
"""The id, the cells before the photos joined with commas, the photos, the conflict, and whether some free text begins
as a number, date or truth value does. U+0000, at which printf would end, stands in no cell: the log takes none in."""


def findings_query(
    areas: Mapping[str, str], day: dt.date, ids: Iterable[str] | None = None, *, lines: bool = False
) -> tuple[str, dict[str, object]]:
    """The query, ordered by the finding's id, and its values.

    Args:
        areas: GB/T 2260 code → name.
        day: On which days overdue are counted.
        ids: Only these findings.
        lines: As in `_LINE`, which is quicker, instead of cell by cell.
    """
    condition = "" if ids is None else " WHERE f.id IN (SELECT value FROM json_each(:ids))"
    query = (
        "WITH areas (code, name) AS MATERIALIZED"
        " (SELECT key, value FROM json_each(:areas))"
        f" SELECT {_LINE if lines else ', '.join(_SELECTED)} FROM findings AS f LEFT JOIN sites AS s ON s.id = f.site"
        f" LEFT JOIN areas ON areas.code = f.area{condition} ORDER BY f.id"
    )
    values: dict[str, object] = {
        "areas": json.dumps(areas, ensure_ascii=False),
        "day": day.isoformat(),
        "julian": day.toordinal() + 1721424.5,
    }
    if ids is not None:
        values["ids"] = json.dumps(list(ids))
    return query, values
