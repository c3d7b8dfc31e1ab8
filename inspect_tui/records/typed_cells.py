"""What a person fills in to give a cell a value of its own: fields in plain words, never JSON where it can be helped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from inspect_tui.records import times
from inspect_tui.records.cell_values import may_be_typed
from inspect_tui.records.cell_words import cell_name, column_name, words_of
from inspect_tui.records.conflicts import typed_value
from inspect_tui.records.rows import decoded, group
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.text_merge import LONG, has_marks, merged
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Conflict, Row

FieldKind: TypeAlias = Literal["line", "text", "choice"]


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field of the form.

    Attributes:
        name: The column, or the cell itself.
        kind: One line, several lines, or one of `options`.
        value: What stands there at first.
        open_places: Of a text made of several: how many places are still to be decided.
    """

    name: str
    label: Text
    kind: FieldKind
    value: str
    options: tuple[tuple[str, Text], ...] = ()
    open_places: int = 0


_NOT_SAID: Final = Text("（空）", "(nothing)")
_MEASURED: Final = ("value", "unit", "below_detection", "quick_test")
_PLACE: Final = ("typed_longitude", "typed_latitude", "typed_datum")
_DATUMS: Final = ("WGS-84", "CGCS2000", "GCJ-02", "BD-09")
_SHOWN: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("answers", "measurement"): _MEASURED,
    ("sites", "position"): _PLACE,
    ("answers", "verdict"): ("verdict", "reason"),
}
"""Groups of which only these columns are typed; the others follow from them."""
_MOMENTS: Final = frozenset({"started_at", "ended_at", "reported_at"})
_TEXTS: Final = frozenset({"note", "description", "reason", "caption", "void_reason", "photo_waiver", "due_reason"})


def typed_fields(workspace: Workspace, row: Row, conflict: Conflict) -> list[TypedField]:
    """The fields for a value of one's own, filled with the first value, long texts with all that was written.

    Raises:
        Refused: No other value may be typed for the cell.
    """
    table, cell = conflict.table, conflict.cell
    known = SCHEMA.by_name[table].by_name.get(cell)
    if known is None or not may_be_typed(table, cell):
        raise Refused(
            f"“{cell_name(table, cell).zh}”不能另填，只能从各方取值中选择。",
            f"“{cell_name(table, cell).en}” takes no other value; choose one of those recorded.",
        )
    if cell == "void":
        return []
    values = [head.value for head in conflict.heads]
    if not known.columns:
        return [_field(workspace, row, table, cell, conflict.base, values)]
    names = _SHOWN.get((table, cell)) or known.column_names()
    parts = [value or {} for value in values]
    base = conflict.base or {}
    return [
        _field(workspace, row, table, name, base.get(name), [part.get(name) for part in parts], column=True)
        for name in names
    ]


def _field(
    workspace: Workspace,
    row: Row,
    table: str,
    name: str,
    base: Any,
    values: Sequence[Any],
    *,
    column: bool = False,
) -> TypedField:
    label = column_name(name) if column else cell_name(table, name)
    first = values[0] if values else None
    if options := _options(workspace, row, table, name):
        chosen = "" if first is None else str(first)
        return TypedField(name, label, "choice", chosen, options)
    if name in _TEXTS:
        text, places = _merged(base, values)
        return TypedField(name, label, "text", text, open_places=places)
    return TypedField(name, label, "text" if name in _LISTS or name == "further" else "line", _as_text(name, first))


def _merged(base: Any, values: Sequence[Any]) -> tuple[str, int]:
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) < 2 or max(map(len, texts)) < LONG:
        return (texts[0] if texts else ""), 0
    proposal = merged(base if isinstance(base, str) else "", texts)
    return proposal.text, proposal.open_places


def _options(workspace: Workspace, row: Row, table: str, name: str) -> tuple[tuple[str, Text], ...]:
    if name == "typed_datum":
        return tuple((one, Text(one, one)) for one in _DATUMS)
    if (table, name) == ("sites", "kind"):
        return tuple((kind.id, Text(kind.title.zh, kind.title.en)) for kind in workspace.catalogue.kinds.values())
    words = words_of(name)
    if row.table == "tasks" or not words:
        return ()
    free = name not in {"severity", "disposal", "signature"}
    known = tuple((str(code), title) for code, title in words.items())
    return (("", _NOT_SAID), *known) if free else known


def _as_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _MOMENTS:
        return times.shown(value)
    if name == "officers" and isinstance(value, list):
        return "\n".join(f"{one.get('name', '')} {one.get('badge', '')}" for one in value if isinstance(one, dict))
    if name == "attributes" and isinstance(value, dict):
        return "\n".join(f"{key}={part}" for key, part in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def typed(workspace: Workspace, row: Row, cell: str, said: Mapping[str, str]) -> Any:
    """The value of the cell that the filled fields say, to be given to `resolve` as `value`.

    Args:
        workspace: Where.
        row: The row in conflict.
        cell: Its cell.
        said: Name of a field → what stands in it.

    Raises:
        Refused: A field cannot be read, or a place of a text made of several is not decided.
    """
    if any(has_marks(text) for text in said.values()):
        raise Refused(
            "文字中还有 ⟦ ┃ ⟧ 标出的未定之处，请改成一种说法后再保存。",
            "Places between ⟦ ┃ ⟧ are not decided yet; make each of them one text, then save.",
        )
    table = row.table
    known = SCHEMA.by_name[table].by_name[cell]
    if cell == "void":
        return None
    if not known.columns:
        return _from_text(table, cell, said[cell])
    if (table, cell) == ("answers", "measurement"):
        return _measurement(workspace, row, said)
    if (table, cell) == ("sites", "position"):
        return _position(said)
    values = {name: _from_text(table, name, text) for name, text in said.items()}
    if (table, cell) == ("answers", "verdict"):
        values["verdict_source"] = "officer" if values["verdict"] else None
    return group(table, cell, values)


_LISTS: Final = frozenset({"officers", "attributes"})


def _from_text(table: str, name: str, text: str) -> Any:
    text = text.strip()
    if name == "officers":
        return list(_people(text))
    if name == "attributes":
        return dict(_pairs(text))
    if name == "further":
        return typed_value(table, name, text) if text else None
    if name in _MOMENTS:
        return times.stored(times.parse(text)) if text else None
    return text or None


def _people(text: str) -> Iterator[dict[str, str]]:
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, _, badge = line.rpartition(" ")
        if not name:
            raise Refused(
                f"“{line[:40]}”缺少姓名或证号；每行写一人：姓名 证号。",
                f"“{line[:40]}” lacks name or badge number; write one person a line: NAME BADGE.",
            )
        yield {"name": name.strip(), "badge": badge}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    met: set[str] = set()
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, joined, value = (part.strip() for part in line.partition("="))
        if not joined or not name or name in met:
            raise Refused(
                f"“{line[:40]}”不是 名称=值，或名称写了两次；每行写一个属性。",
                f"“{line[:40]}” is not NAME=VALUE, or the name stands twice; write one attribute a line.",
            )
        met.add(name)
        yield name, value


def _measurement(workspace: Workspace, row: Row, said: Mapping[str, str]) -> Any:
    """The group with limit and judgement as they follow from the number, as an answer has them."""
    from inspect_tui.records.frozen import frozen_of, item_of
    from inspect_tui.records.measuring import measurement_columns
    from inspect_tui.records.model import AnswerInput

    value, below = said["value"].strip() or None, said["below_detection"].strip() or None
    if value is None and below is None:
        return group("answers", "measurement", {})
    inspection = workspace.row("inspections", row.values["inspection"])
    item = item_of(frozen_of(workspace, inspection), row.values["item"])
    answer = AnswerInput(
        value=value, unit=said["unit"].strip() or None, below_detection=below, quantity=row.values["quantity"]
    )
    attributes = decoded(inspection.values["attributes"], {})
    columns, _ = measurement_columns(item, answer, attributes, quick_test=said["quick_test"] == "1")
    return columns


def _position(said: Mapping[str, str]) -> Any:
    from inspect_tui.records.model import TypedPosition
    from inspect_tui.records.positions import position_cell

    longitude, latitude = said["typed_longitude"].strip(), said["typed_latitude"].strip()
    if not longitude and not latitude:
        return group("sites", "position", {})
    return position_cell(TypedPosition(longitude, latitude, said["typed_datum"], "manual"))  # type: ignore[arg-type]
