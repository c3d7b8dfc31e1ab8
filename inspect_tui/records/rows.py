"""Small things that all actions share: groups written whole, JSON cells read, ids that sort by time."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from inspect_tui.records.model import Problem
from inspect_tui.records.tables import SCHEMA
from sync.ids import derived_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


def group(table: str, cell: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of a group cell with all its columns, so that equal contents have equal bytes; absent ones are None.

    Raises:
        KeyError: `values` has a column that the group lacks.
    """
    names = _columns(table, cell)
    if strange := set(values) - set(names):
        raise KeyError(f"{table}.{cell}: {sorted(strange)}")
    return {name: values.get(name) for name in names}


def current(table: str, cell: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The group as it stands in a row's flattened `values`."""
    return {name: values[name] for name in _columns(table, cell)}


@lru_cache(maxsize=256)
def _columns(table: str, cell: str) -> tuple[str, ...]:
    return SCHEMA.by_name[table].by_name[cell].column_names()


def void(reason: str, at: str, by: str) -> dict[str, str]:
    """The value of the cell that voids a row."""
    return {"void_reason": reason, "void_at": at, "void_by": by}


def decoded(value: Any, default: Any) -> Any:
    """A JSON cell as a value, whether the reader gave text or the value itself; `default` when there is none."""
    if value is None:
        return default
    return json.loads(value) if isinstance(value, str) else value


def timed_id(when: dt.datetime, *parts: str) -> str:
    """A UUIDv8 that is the same for the same `parts` and sorts by `when` among the UUIDv7 of other rows."""
    rest = derived_id(*parts).replace("-", "")[12:]
    digits = f"{int(when.timestamp() * 1000):012x}{rest}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def problems_of(value: Any, item: str | None = None) -> tuple[Problem, ...]:
    """The problems kept in a JSON cell; what another device wrote in another shape is left out."""
    said = decoded(value, [])
    return tuple(
        Problem(str(one["code"]), str(one["zh"]), str(one["en"]), one.get("item") or item)
        for one in (said if isinstance(said, list) else [])
        if isinstance(one, dict) and {"code", "zh", "en"} <= one.keys()
    )
