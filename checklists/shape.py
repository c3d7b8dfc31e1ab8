"""Values of a YAML tree held against the model, with one sentence in each language for what does not fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from checklists.text import Text

if TYPE_CHECKING:
    from checklists.yamltree import Plain, Where  # noqa: TC004  Misfit is never decoded, and yamltree is slow to load

_T = TypeVar("_T")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_AT: Final = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?", re.DOTALL)

# What msgspec says, and what people should read instead; groups are carried over.
_SENTENCES: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), zh, en)
    for pattern, zh, en in (
        (r"Object missing required field `(zh|en)`", "缺少{0}文字。", "The text in {1} is missing."),
        (r"Object missing required field `(.+)`", "缺少 {0}。", "{0} is missing."),
        (r"Object contains unknown field `(.+)`", "不认识的键 {0}{1}。", "{0} is not a known key{2}."),
        (r"Invalid enum value (.+)", "不允许的值 {0}{1}。", "{0} is not an allowed value{2}."),
        (r"Expected `int` >= (-?\d+)", "不能小于 {0}。", "It must be at least {0}."),
        (r"Expected `int` <= (-?\d+)", "不能大于 {0}。", "It must be at most {0}."),
        (r"Expected `str` of length >= 1", "文字不能为空。", "The text is empty."),
        (r"Expected `str` of length <= (\d+)", "文字超过 {0} 字。", "The text is longer than {0} characters."),
        (r"Expected `str` matching regex (.*)", "写法不符合规定{1}。", "It is not written as required{2}."),
        (r"Expected `array` of length >= 1", "列表不能为空。", "The list is empty."),
        (r"Expected `array` of length <= (\d+)", "列表超过 {0} 项。", "The list is longer than {0}."),
        (
            r"Expected `(.+)`, got `(.+)`",
            "类型不对：应为{2}，实为{3}。",
            "Wrong type: {0} is wanted, {1} is given.",
        ),
        (r"Invalid date.*|Expected `date`.*", "日期应写作 2026-08-15。", "A date is written 2026-08-15."),
        (
            r"a condition is one of.*",
            "条件须且只能是以下之一：attribute 和 is、item 和 is、all、any。",
            "A condition is exactly one of: attribute with is, item with is, all, any.",
        ),
    )
)
_LANGUAGES: Final = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}


class Misfit(msgspec.Struct, frozen=True):
    """Why a value does not fit."""

    path: Where
    """Where, seen from the value given."""
    text: Text


def fit(value: Plain, shape: type[_T]) -> _T | Misfit:
    """The value as the model has it, or the first thing that does not fit."""
    try:
        # Scalars are text; what the model calls a number or a truth value is read from it here.
        return msgspec.convert(value, shape, strict=False)
    except msgspec.ValidationError as error:
        return _misfit(str(error))


def _misfit(message: str) -> Misfit:
    match = _AT.fullmatch(message)
    what = match["what"] if match else message
    steps = _STEP.findall((match["path"] or "") if match else "")
    path: Where = tuple(name or int(number) for name, number in steps)
    for pattern, zh, en in _SENTENCES:
        if found := pattern.fullmatch(what):
            groups = [group[:80] for group in found.groups()]
            if groups and groups[0] in _LANGUAGES:
                groups = list(_LANGUAGES[groups[0]])
            groups += _advice(what, path, found.groups())
            if "unknown field" in what:
                path = (*path, groups[0])
            return Misfit(path, Text(zh.format(*groups), en.format(*groups)))
    return Misfit(path, Text(f"格式不符（{what[:200]}）。", f"It does not fit ({what[:200]})."))


def _advice(what: str, path: Where, groups: tuple[str, ...]) -> list[str]:
    """What to write instead, in Chinese and English; the types of a wrong one in Chinese."""
    from checklists import spelling

    if "unknown field" in what:
        return spelling.perhaps(groups[0])
    if what.startswith("Invalid enum"):
        return spelling.one_of(str(path[-1]) if path else "")
    if "matching regex" in what:
        return spelling.written(groups[0])
    if what.startswith("Expected") and len(groups) == 2:
        return [spelling.type_name(group) for group in groups]
    return []
