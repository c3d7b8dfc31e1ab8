"""What to write instead of what does not fit: allowed words, forms and keys. Loaded only once something is wrong."""

from __future__ import annotations

import difflib
import functools
from typing import Any, Final, get_args

import msgspec

from checklists import model, register
from checklists.places import Place
from checklists.text import Text

_TYPES: Final = {
    "int": "整数",
    "str": "文字",
    "bool": " true 或 false",
    "array": "列表 [ ]",
    "object": "一组键值，如 zh、en",
    "null": "空",
}
_WORDS: Final = {
    "severity": get_args(model.Severity),
    "comparator": get_args(model.Comparator),
    "basis": get_args(model.Basis),
    "kind": get_args(register.LawKind),
    "scope": ("site", "visit"),
    "confirmed": ("C", "S"),
}


def _pattern(kind: Any) -> str:
    """The pattern of an annotated text, as msgspec names it."""
    return repr(next(meta.pattern for meta in kind.__metadata__ if getattr(meta, "pattern", None)))


def _field(struct: Any, name: str) -> str:
    return _pattern(next(one.type for one in msgspec.structs.fields(struct) if one.name == name))


@functools.cache
def _written() -> dict[str, tuple[str, str]]:
    return {
    _pattern(model.ItemId): ("两至四个大写字母、连字符、三位数字，如 RO-304", "capitals, hyphen, three digits, such as RO-304"),
    _pattern(model.Decimal): ("只写数字，如 40 或 0.05，单位写在 unit", "digits only, such as 40 or 0.05; the unit stands in unit"),
    _pattern(model.Name): ("小写字母、数字、下划线，如 cod_max", "small letters, digits and underscores, such as cod_max"),
    _field(model.Checklist, "id"): ("小写字母、数字、连字符，如 river-outfall", "small letters, digits, hyphens, such as river-outfall"),
    _field(model.Checklist, "version"): ("年.月.序号，如 2026.12.1", "year.month.number, such as 2026.12.1"),
    _field(model.PlanCitation, "section"): ("如 第四章第二节", "such as 第四章第二节"),
    _pattern(Place): ("如 240条1款、1136条1款（五）、7.5、表1、第5章", "such as 240条1款, 1136条1款（五）, 7.5, 表1, 第5章"),
    _field(model.Area, "code"): ("六位数字，如 141102", "six digits, such as 141102"),
    _field(model.AttributeValue, "id"): ("字母、数字、下划线，如 1A", "letters, digits and underscores, such as 1A"),
    _field(register.Law, "id"): ("小写字母、数字、连字符，如 gb-3838-2002", "small letters, digits, hyphens, such as gb-3838-2002"),
}  # fmt: skip


@functools.cache
def _keys() -> list[str]:
    return sorted(
        {
            one.encode_name
            for struct in (
                *(model.Checklist, model.Section, model.Item, model.Measurement, model.Limit, model.PhotoNeed),
                *(model.PlanCitation, model.SiteKind, model.Attribute, model.AttributeValue, model.Area, model.Box),
                *(register.Law, register.LegalReference, model.Condition, Text),
            )
            for one in msgspec.structs.fields(struct)
        }
    )


def perhaps(key: str) -> list[str]:
    """A known key that is spelt much the same."""
    near = difflib.get_close_matches(key, _keys(), 1, 0.7)
    return [f"；可能是 {near[0]}", f"; perhaps {near[0]} is meant"] if near else ["", ""]


def one_of(key: str) -> list[str]:
    """The words that a key allows."""
    words = _WORDS.get(key, ())
    return [f"；可用：{'、'.join(words)}", f"; one of {', '.join(words)}"] if words else ["", ""]


def written(pattern: str) -> list[str]:
    """How a text of that pattern, as msgspec names it, is written."""
    zh, en = _written().get(pattern, ("", ""))
    return [f"：{zh}", f": {en}"] if zh else ["", ""]


def type_name(name: str) -> str:
    """A type or several as msgspec names them, in Chinese."""
    return "或".join(
        _TYPES.get(part.strip(), part) for part in name.split("|") if part.strip() != "null" or name == "null"
    )
