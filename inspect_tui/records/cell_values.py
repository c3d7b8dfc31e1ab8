"""A value that somebody types to settle a conflict, held to the rules of the action that writes the same cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inspect_tui.records import times, uscc
from inspect_tui.records.finding_rules import due_problems
from inspect_tui.records.model import (
    DISPOSALS,
    SAMPLE_STATUSES,
    SEVERITIES,
    SIGNATURES,
    VERDICTS,
    AnswerInput,
    Officer,
    RefusedByRules,
    SiteInput,
    TypedPosition,
)
from inspect_tui.records.rows import group
from inspect_tui.records.rules import clean_badge, clean_line, clean_text
from inspect_tui.records.tables import SCHEMA
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row
    from sync.schema import Cell, Kind

_ZONE: Final = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_SOURCES: Final = ("officer", "limit", "suspected")
_TYPES: Final[dict[Kind, type]] = {"text": str, "integer": int, "blob": str}


class _Place(NamedTuple):
    """Where a value is to stand, for the rules that must know."""

    workspace: Workspace
    row: Row


def checked_value(workspace: Workspace, row: Row, cell: str, value: Any) -> Any:
    """`value` as it is written to a cell of a row, cleaned as its action cleans it.

    Args:
        workspace: Where.
        row: The row in conflict.
        cell: Its cell.
        value: A map of all columns for a group; None takes away what may be absent.

    Raises:
        RefusedByRules: A rule of the action speaks against it.
        Refused: Unknown, missing or ill-typed parts; or a cell that no action lets anybody write freely.
    """
    known = SCHEMA.by_name[row.table].by_name.get(cell)
    plain = _void if cell == "void" else _PLAIN.get((row.table, cell))
    placed = _PLACED.get((row.table, cell))
    if known is None or (plain is None and placed is None):
        raise Refused(
            f"{cell} 不能另定取值；请从各方取值 a、b 等中选择。",
            f"{cell} takes no other value; choose one of those recorded, a, b, ….",
        )
    if cell != "void" or value is not None:
        _refuse_shape(known, value)
    return plain(value) if plain is not None else placed(_Place(workspace, row), value)  # type: ignore[misc]


def may_be_typed(table: str, cell: str) -> bool:
    """Whether a value other than those recorded may be typed for a cell."""
    return cell == "void" or (table, cell) in _PLAIN or (table, cell) in _PLACED


def _refuse_shape(cell: Cell, value: Any) -> None:
    """Raise Refused where the value is not of the cell's kind, or a group has other columns than its own."""
    if not cell.columns:
        if cell.kind != "json" and not (value is None or isinstance(value, _TYPES[cell.kind])):
            raise Refused(f"{cell.name} 须为文字。", f"{cell.name} must be text.")
        return
    names = cell.column_names()
    if not isinstance(value, dict):
        raise Refused(
            f"{cell.name} 须写成含全部字段的 JSON：{', '.join(names)}。",
            f"{cell.name} must be JSON with all of its keys: {', '.join(names)}.",
        )
    if unknown := sorted(set(value) - set(names)):
        raise Refused(
            f"{cell.name} 没有字段 {', '.join(unknown)[:80]}；字段为 {', '.join(names)}。",
            f"{cell.name} has no key {', '.join(unknown)[:80]}; its keys are {', '.join(names)}.",
        )
    if missing := [name for name in names if name not in value]:
        raise Refused(
            f"{cell.name} 缺少字段 {', '.join(missing)}；没有的请写 null。",
            f"{cell.name} lacks the keys {', '.join(missing)}; write null for what there is not.",
        )
    for name, kind in cell.columns:
        part = value[name]
        if part is not None and (not isinstance(part, _TYPES[kind]) or isinstance(part, bool)):
            shape = ("整数", "an integer") if kind == "integer" else ("文字", "text")
            raise Refused(f"{cell.name} 的 {name} 须为{shape[0]}。", f"{name} of {cell.name} must be {shape[1]}.")


def _one_of(name: str, value: Any, allowed: Collection[str]) -> Any:
    if value not in allowed:
        listed = "、".join(allowed)
        raise Refused(
            f"{name} 不能是“{str(value)[:40]}”；可选：{listed}。",
            f"{name} cannot be “{str(value)[:40]}”; one of {', '.join(allowed)}.",
        )
    return value


def _needed(name: str, text: str) -> str:
    if not text:
        raise Refused(f"{name} 不能为空。", f"{name} must not be empty.")
    return text


def _moment(name: str, value: Any) -> str:
    try:
        return times.stored(times.parse(value or ""))
    except Refused as refused:
        raise Refused(f"{name}：{refused.zh}", f"{name}: {refused.en}") from None


def _line_cell(value: Any) -> Any:
    return clean_line(value or "") or None


def _text_cell(value: Any) -> Any:
    return clean_text(value or "") or None


def _description(value: Any) -> Any:
    return _needed("description", clean_text(value or ""))


def _name(value: Any) -> Any:
    return _needed("name", clean_line(value or ""))


def _lines_cell(value: Any) -> Any:
    return {name: clean_text(part or "") or None for name, part in value.items()}


def _severity(value: Any) -> Any:
    return _one_of("severity", value, SEVERITIES)


def _disposal(value: Any) -> Any:
    _one_of("disposal", value["disposal"], DISPOSALS)
    whom = clean_line(value["transfer_to"] or "")
    if value["disposal"] == "transfer":
        _needed("transfer_to", whom)
    return {"disposal": value["disposal"], "transfer_to": whom or None}


def _due_date(place: _Place, value: Any) -> Any:
    reason = _needed("due_reason", clean_text(value["due_reason"] or ""))
    if value["due_date"] is not None:
        found = times.day_or_none(times.exported(place.row.values["found_at"])[:10])
        if problems := due_problems(value["due_date"], found=found):
            raise RefusedByRules(problems)
    return {"due_date": value["due_date"], "due_reason": reason}


def _verdict(value: Any) -> Any:
    reason = clean_text(value["reason"] or "") or None
    if value["verdict"] is None:
        if value["verdict_source"] is not None:
            raise Refused(
                "没有判定时 verdict_source 须为 null。", "Without a verdict, verdict_source must be null."
            )
    else:
        _one_of("verdict", value["verdict"], VERDICTS)
        _one_of("verdict_source", value["verdict_source"], _SOURCES)
    return {"verdict": value["verdict"], "reason": reason, "verdict_source": value["verdict_source"]}


def _sample(value: Any) -> Any:
    cleaned = {name: clean_line(part or "") or None for name, part in value.items()}
    if cleaned["sample_number"] is None:
        if any(cleaned.values()):
            _needed("sample_number", "")
        return cleaned
    _one_of("sample_status", cleaned["sample_status"], SAMPLE_STATUSES)
    return cleaned


def _further(place: _Place, value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Refused("further 须为 JSON 对象。", "further must be a JSON object.")
    cell = SCHEMA.by_name["answers"].by_name["measurement"]
    done: dict[str, Any] = {}
    for name, columns in value.items():
        _refuse_shape(cell, columns)
        done[name] = _measured(place, columns)
        _one_of("quantity", done[name]["quantity"], (name,))
    return done or None


def _measured(place: _Place, value: dict[str, Any]) -> dict[str, Any]:
    """The group as the action would write it; whoever types a limit or judgement that does not hold is told."""
    from inspect_tui.records.frozen import frozen_of, item_of
    from inspect_tui.records.measuring import measurement_columns
    from inspect_tui.records.rows import decoded

    workspace, row = place
    if value["value"] is None and value["below_detection"] is None:
        empty = group("answers", "measurement", {})
        _same(empty, value)
        return empty
    inspection = workspace.row("inspections", row.values["inspection"])
    item = item_of(frozen_of(workspace, inspection), row.values["item"])
    said = AnswerInput(
        value=value["value"],
        unit=value["unit"],
        below_detection=value["below_detection"],
        quantity=value["quantity"],
    )
    attributes = decoded(inspection.values["attributes"], {})
    columns, _ = measurement_columns(item, said, attributes, quick_test=bool(value["quick_test"]))
    _same(columns, value)
    return columns


def _same(right: dict[str, Any], typed: dict[str, Any]) -> None:
    """Raise Refused where a part that follows from the value was typed otherwise."""
    for name, part in right.items():
        if name not in {"value", "below_detection"} and typed[name] != part:
            shown = "null" if part is None else str(part)
            raise Refused(f"{name} 应为 {shown}。", f"{name} must be {shown} here.")


def _officers(value: Any) -> Any:
    from inspect_tui.records.inspections import officers_cell

    if not isinstance(value, list) or not all(
        isinstance(one, dict)
        and one.keys() == {"name", "badge"}
        and all(isinstance(part, str) for part in one.values())
        for one in value
    ):
        raise Refused(
            'officers 须写成 [{"name": …, "badge": …}, …]。', 'officers must be [{"name": …, "badge": …}, …].'
        )
    people = officers_cell([Officer(one["name"], one["badge"]) for one in value])
    for one in people:
        _needed("name", one["name"])
        _needed("badge", one["badge"])
    return people


def _present(value: Any) -> Any:
    from inspect_tui.records.inspections import present_cell
    from inspect_tui.records.model import Present

    _one_of("signature", value["signature"], SIGNATURES)
    person = Present(
        value["present_name"] or "", value["present_role"] or "", value["signature"], value["present_reason"] or ""
    )
    return present_cell(person)


def _started_at(value: Any) -> Any:
    return _moment("started_at", value)


def _ended_at(value: Any) -> Any:
    return _moment("ended_at", value)


def _zone(value: Any) -> Any:
    if not _ZONE.fullmatch(value or ""):
        raise Refused("zone 须写成 +08:00。", "zone must be written as +08:00.")
    return value


def _site_with(place: _Place, **changed: Any) -> SiteInput:
    """The site as it would be with the changes, held to the rules of `edit_site`."""
    from inspect_tui.records.rows import decoded
    from inspect_tui.records.sites import tidy_site

    workspace, row = place
    values = row.values
    said: dict[str, Any] = {
        "name": values["name"] or "",
        "kind": values["kind"] or "",
        "area": row.area,
        "attributes": decoded(values["attributes"], {}),
        **changed,
    }
    return tidy_site(workspace, SiteInput(**said))


def _site_kind(place: _Place, value: Any) -> Any:
    return _site_with(place, kind=value or "").kind


def _site_attributes(place: _Place, value: Any) -> Any:
    return _site_with(place, attributes=_attributes(value)).attributes


def _attributes(value: Any) -> Any:
    from inspect_tui.records.sites import tidy_attributes

    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise Refused('attributes 须写成 {"名称": "值"}。', 'attributes must be {"name": "value"}.')
    return tidy_attributes(value)


def _risk_class(value: Any) -> Any:
    from inspect_tui.records.sites import risk_class_of

    return risk_class_of(value or "") or None


def _due_day(value: Any) -> Any:
    return times.parse_day(value or "").isoformat()


def _uscc(value: Any) -> Any:
    code = uscc.tidy(clean_line(value or ""))
    if code and not uscc.valid(code):
        raise Refused(
            f"统一社会信用代码“{code[:24]}”不合规（GB 32100 校验不通过）。",
            f"The unified social credit code “{code[:24]}” fails the check of GB 32100.",
        )
    return code or None


def _position(value: Any) -> Any:
    """What was typed decides; longitude and latitude follow from it, and must agree with it."""
    from inspect_tui.records.positions import position_cell

    if value["typed_longitude"] is None and value["typed_latitude"] is None:
        empty = group("sites", "position", {})
        _same_text(empty, value)
        return empty
    typed = TypedPosition(
        value["typed_longitude"] or "",
        value["typed_latitude"] or "",
        value["typed_datum"] or "",  # type: ignore[arg-type]
        clean_line(value["position_source"] or "") or "manual",
    )
    cell = position_cell(typed)
    _same_text(cell, value)
    return cell


def _same_text(right: dict[str, Any], typed: dict[str, Any]) -> None:
    for name, part in right.items():
        if not name.startswith("typed_") and name != "position_source" and typed[name] != part:
            raise Refused(f"{name} 应为 {part or 'null'}。", f"{name} must be {part or 'null'} here.")


def _report(value: Any) -> Any:
    cleaned = {name: clean_line(part or "") or None for name, part in value.items()}
    return {**cleaned, "reported_at": _moment("reported_at", value["reported_at"])}


def _void(value: Any) -> Any:
    if value is None:
        return None
    return {
        "void_reason": _needed("void_reason", clean_text(value["void_reason"] or "")),
        "void_at": _moment("void_at", value["void_at"]),
        "void_by": _needed("void_by", clean_badge(value["void_by"] or "")),
    }


_PLAIN: Final[dict[tuple[str, str], Callable[[Any], Any]]] = {
    ("sites", "name"): _name,
    ("sites", "address"): _line_cell,
    ("sites", "position"): _position,
    ("sites", "uscc"): _uscc,
    ("sites", "responsible_party"): _line_cell,
    ("sites", "risk_class"): _risk_class,
    ("inspections", "attributes"): _attributes,
    ("inspections", "started_at"): _started_at,
    ("inspections", "ended_at"): _ended_at,
    ("inspections", "zone"): _zone,
    ("inspections", "officers"): _officers,
    ("inspections", "present"): _present,
    ("inspections", "note"): _text_cell,
    ("answers", "verdict"): _verdict,
    ("answers", "note"): _text_cell,
    ("answers", "sample"): _sample,
    ("answers", "photo_waiver"): _text_cell,
    ("findings", "severity"): _severity,
    ("findings", "description"): _description,
    ("findings", "competent_authority"): _line_cell,
    ("findings", "disposal"): _disposal,
    ("photos", "caption"): _lines_cell,
    ("sample_results", "report"): _report,
    ("sample_results", "note"): _text_cell,
    ("officers", "name"): _name,
    ("tasks", "officers"): _officers,
    ("tasks", "due_date"): _due_day,
    ("tasks", "note"): _text_cell,
}
_PLACED: Final[dict[tuple[str, str], Callable[[_Place, Any], Any]]] = {
    ("sites", "kind"): _site_kind,
    ("sites", "attributes"): _site_attributes,
    ("answers", "measurement"): _measured,
    ("answers", "further"): _further,
    ("findings", "due_date"): _due_date,
}
"""Table and cell → the rule; what is in neither is written by events alone, and only a recorded value can be chosen."""
