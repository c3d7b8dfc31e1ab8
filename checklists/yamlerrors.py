"""What YAML readers complain of, where the mistake was made rather than where it was noticed, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from checklists.yamltree import Place, YamlSyntaxError

if TYPE_CHECKING:
    import yaml

_FORBIDDEN: Final = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_OPENED: Final = re.compile(r"""^\s*(?:- )?(?:[\w-]+: *|- *)(?P<quote>["'])""")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_ADVICE: Final[tuple[tuple[str, str, str], ...]] = (
    ("quote", "引号没有闭合；请在这段文字末尾补上引号", "A quotation mark is not closed; add it behind this text"),
    ("tab", "缩进用了制表符 Tab；请改用空格", "The line is indented with a tab; use blanks"),
    ("wide blank", "缩进用了全角空格；请改用半角空格", "The line is indented with full-width blanks; use plain ones"),
    ("wide colon", "用了全角冒号“：”；请改用半角冒号加空格", "A full-width colon “：” was used; write a plain one and a blank"),
    ("flow", "方括号或花括号没有配对", "A bracket or brace is not closed or not opened"),
    (
        "colon",
        "此处不能有“冒号加空格”；文字里有冒号时请把整段文字放进引号，缩进也须对齐",
        "A colon and a blank cannot stand here; put a text that holds them in quotation marks, and align the indentation",
    ),
    ("indent", "缩进与上下行不一致；请对齐同一级的行", "The indentation does not fit the lines around it; align what belongs together"),
)  # fmt: skip


def explained(text: str, error: yaml.MarkedYAMLError) -> YamlSyntaxError:
    """The error with its place and what to do."""
    mark = error.problem_mark or error.context_mark
    noticed = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    detail = (error.problem or error.context or "?")[:200]
    kind, place = _cause(text, error, noticed)
    for name, zh, en in _ADVICE:
        if name == kind:
            return YamlSyntaxError(
                f"YAML 语法错误：{zh}（{detail}）。", f"YAML syntax error: {en} ({detail}).", place
            )
    return YamlSyntaxError(f"YAML 语法错误（{detail}）。", f"YAML syntax error ({detail}).", place)


def first_forbidden(text: str) -> Place:
    """Where the first character stands that YAML does not allow."""
    match = _FORBIDDEN.search(text)
    if match is None:
        return Place(1, 1)
    lines = _BREAK.split(text[: match.start()])
    return Place(len(lines), len(lines[-1]) + 1)


def _cause(text: str, error: yaml.MarkedYAMLError, noticed: Place) -> tuple[str, Place]:
    """What most likely was meant, told by the lines up to where the reader gave up."""
    lines = _BREAK.split(text)[: noticed.line + 1]
    here = range(max(1, noticed.line - 1), min(len(lines), noticed.line + 1) + 1)
    for number in here:
        line = lines[number - 1]
        blanks = line[: len(line) - len(line.lstrip())]
        if "\t" in blanks:
            return "tab", Place(number, 1)
        if "\u3000" in blanks:
            return "wide blank", Place(number, 1)
    for number in here[:2]:
        if match := re.match(r"\s*(?:- )?[A-Za-z_]+(：)", lines[number - 1]):
            return "wide colon", Place(number, match.start(1) + 1)
    if (opened := _unclosed(lines)) is not None:
        return "quote", Place(opened, len(lines[opened - 1]) - len(lines[opened - 1].lstrip()) + 1)
    context, problem = error.context or "", error.problem or ""
    if "flow" in context or "'}'" in problem or "']'" in problem:
        start = error.context_mark
        return "flow", Place(start.line + 1, start.column + 1) if start else noticed
    if "mapping values" in problem:
        return "colon", noticed
    if "simple key" in context and error.context_mark:
        return "colon", Place(error.context_mark.line + 1, error.context_mark.column + 1)
    return "indent" if "block" in context else "", noticed


def _unclosed(lines: list[str]) -> int | None:
    """The first line whose value opens a quotation mark that it does not close."""
    for number, line in enumerate(lines, 1):
        match = _OPENED.match(line)
        if match is None:
            continue
        quote, rest = match["quote"], line[match.end() :]
        rest = re.sub(r"\\\\.", "", rest) if quote == '"' else rest.replace("''", "")
        if quote not in rest:
            return number
    return None
