"""JSON as strangers write it, read without trust: each object with its line, exact decimals, no duplicate keys."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from inspect_tui.photos.bounded import cannot_read, opened
from inspect_tui.records.model import Problem
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Steps: TypeAlias = list[str | int]
"""Where a value stands in a tree: keys and indexes from the top."""
MAX_BYTES: Final = 64 << 20
MAX_DEPTH: Final = 32
_SAVE: Final = Text("请在编辑器中另存为 UTF-8 编码后再载入", "save it as UTF-8 in an editor and load it again")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LINES: Final = frozenset({".jsonl", ".ndjson"})
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_SYNTAX: Final = {
    "Expecting value": "此处应有一个值",
    "Expecting ',' delimiter": "此处缺少逗号或右括号",
    "Expecting ':' delimiter": "字段名之后缺少冒号",
    "Expecting property name enclosed in double quotes": "此处应是带双引号的字段名（也可能多了一个逗号）",
    "Illegal trailing comma before end of object": "右括号之前多了一个逗号",
    "Illegal trailing comma before end of array": "右括号之前多了一个逗号",
    "Extra data": "起，完整的内容之后还有多余的文字",
    "Unterminated string starting": "开始的文字缺少右侧双引号",
    "Invalid control character": "的文字中有未转义的换行或控制字符",
    "Invalid \\escape": "的反斜杠转义不对",
    "Invalid \\uXXXX escape": "的 \\u 转义不对",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "有多余的字节顺序标记",
}
"""What Python's JSON reader says, in Chinese."""
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """One value of a file.

    Attributes:
        line: Its first line, from 1.
        text: Its JSON.
        tree: What it says, numbers as Decimal; None when it could not be read.
        problem: Why it could not be read.
        index: Its place in the array that it stands in, from 0; None where it stands by itself.
        where: Where it stands, in words, if that is no line of a JSON file.
        names: What its values are called where they come from, by their path.
    """

    line: int
    text: str
    tree: Any = None
    problem: Problem | None = None
    index: int | None = None
    where: Text | None = None
    names: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)

    def named(self, path: Steps) -> str | None:
        """What the value at `path`, or the nearest one around it, is called where it comes from."""
        for length in range(len(path), 0, -1):
            if (name := self.names.get(tuple(path[:length]))) is not None:
                return name
        return None


class _RuleError(ValueError):
    """JSON that the grammar allows and we do not."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def utf8_text(file: Path, advice: Text) -> str:
    """The text of a file, without its byte order mark.

    Args:
        file: A regular file.
        advice: What to do with one that is not UTF-8.

    Raises:
        Refused: It cannot be read, is no regular file, larger than 64 MiB, or not UTF-8.
    """
    with opened(file) as source:
        try:
            # One byte more than allowed: a file that grows meanwhile is not read without end.
            data = source.read(MAX_BYTES + 1)
        except OSError as error:
            raise cannot_read(file, error) from error
    if len(data) > MAX_BYTES:
        raise Refused(f"{file.name} 超过 64 MiB，请分成几个文件。", f"{file.name} is larger than 64 MiB; split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{file.name} 第 {line} 行不是 UTF-8 文本（可能是 GBK）；{advice.zh}。",
            f"{file.name} line {line} is not UTF-8 text (it may be GBK); {advice.en}.",
        ) from error


def objects(file: Path) -> Iterator[Found]:
    """Every object of a file that holds one object, an array of them, or one a line.

    Raises:
        Refused: As `utf8_text` says.
    """
    text = utf8_text(file, _SAVE).replace("\r\n", "\n").replace("\r", "\n")
    start = 1 + text[: len(text) - len(text.lstrip())].count("\n")
    stripped = text.strip()
    if stripped.startswith("["):
        elements = _elements(stripped, start)
        if isinstance(elements, list):
            for index, (line, part) in enumerate(elements):
                yield _parse(part, line, index)
            return
        whole = elements
    else:
        whole = _parse(stripped, start)
    if whole.problem is not None and (file.suffix.lower() in _LINES or _looks_like_lines(text)):
        for number, line_text in enumerate(text.split("\n"), 1):
            if line_text.strip():
                yield _parse(line_text, number)
        return
    yield whole


def _looks_like_lines(text: str) -> bool:
    """Whether some line is by itself an object with a site or checklist, and there is more than that line."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return False
    for line in lines:
        if line.startswith("{") and line.rstrip().endswith("}"):
            tree = _parse(line, 1).tree
            if isinstance(tree, dict) and tree.keys() & {"site", "checklist"}:
                return True
    return False


def _parse(text: str, line: int, index: int | None = None) -> Found:
    try:
        tree = json.loads(
            text,
            parse_float=_decimal,
            parse_int=_decimal,
            parse_constant=_constant,
            object_pairs_hook=_unique,
        )
        _sound(tree)
    except json.JSONDecodeError as error:
        return _no_json(text, line, error, index)
    except _RuleError as error:
        return Found(line, text, problem=problem_at(line, "", error.zh, error.en, index=index), index=index)
    except RecursionError:
        return Found(line, text, problem=_too_deep(line, index), index=index)
    return Found(line, text, tree, index=index)


def _no_json(text: str, line: int, error: json.JSONDecodeError, index: int | None = None) -> Found:
    what = _SYNTAX.get(error.msg.removesuffix(" at"), error.msg.removesuffix(" at"))
    chinese = f"不是 JSON：第 {error.colno} 列{what}"
    english = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
    problem = problem_at(line + error.lineno - 1, "", chinese, english, index=index)
    return Found(line, text, problem=problem, index=index)


def _too_deep(line: int, index: int | None = None) -> Problem:
    return problem_at(line, "", "嵌套过深", "nested too deeply", index=index)


def problem_at(
    line: int,
    name: str,
    zh: str,
    en: str,
    *,
    code: str = "format",
    item: str | None = None,
    index: int | None = None,
    where: Text | None = None,
) -> Problem:
    """A problem that names line, or `where` it is, field and reason, and its place in an array as `[index]`."""
    place = name if index is None else f"[{index}]{'.' if name else ''}{name}"
    where_zh, where_en = (f"，{place}", f", {place}") if place else ("", "")
    start = where or Text(f"第 {line} 行", f"Line {line}")
    return Problem(
        code,
        f"{start.zh}{where_zh}：{zh.rstrip('。')}。",
        f"{start.en}{where_en}: {en.rstrip('.')}.",
        item,
        name or None,
    )


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _RuleError(f"数字 {text[:20]}… 过大", f"the number {text[:20]}… is too large") from None


def _constant(text: str) -> Decimal:
    raise _RuleError(f"{text} 不是数字", f"{text} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RuleError(f"字段 {key[:40]} 重复", f"the field {key[:40]} stands twice")
        found[key] = value
    return found


def _sound(tree: Any) -> None:
    level = [tree]
    for _ in range(MAX_DEPTH):
        if any(isinstance(value, str) and _SURROGATE.search(value) for value in level):
            raise _RuleError("文字不是有效的 Unicode", "text is not valid Unicode")
        level = [
            part
            for value in level
            if isinstance(value, dict | list)
            for part in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise _RuleError("嵌套过深", "nested too deeply")


def _elements(text: str, first: int) -> list[tuple[int, str]] | Found:
    """Line and text of each element of the array that `text` is, or what it is where it is none.

    Each is then read by itself, so that one against the rules leaves the others.
    """
    try:
        found = _split(text, first)
    except json.JSONDecodeError as error:
        return _no_json(text, first, error)
    except RecursionError:
        return Found(first, text, problem=_too_deep(first))
    return found or Found(first, text, problem=problem_at(first, "", "数组是空的", "the array is empty"))


def _split(text: str, first: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    # Numbers stay text here: how large they may be is for the reading of each element.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    at, line, counted = _after_blanks(text, 1), first, 0
    more = not text.startswith("]", at)
    while more:
        _, end = decoder.raw_decode(text, at)
        line += text.count("\n", counted, at)
        counted = at
        found.append((line, text[at:end]))
        at = _after_blanks(text, end)
        more = text.startswith(",", at)
        at = _after_blanks(text, at + 1) if more else at
    if not text.startswith("]", at):
        raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    if (end := _after_blanks(text, at + 1)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return found


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None  # noqa: S101  the pattern matches nothing, too
    return match.end()


def line_of(found: Found, path: Steps) -> int:
    """The line on which the value at `path` begins, or its nearest parent that is there."""
    line, depth, best = found.line, 0, found.line
    here: list[str | int | None] = [None]
    last: str | None = None
    for token in _TOKEN.finditer(found.text):
        word = token[0]
        if word == "\n":
            line += 1
        elif word == "{":
            here.append(None)
        elif word == "[":
            here.append(0)
        elif word in "}]":
            here.pop()
        elif word == "," and isinstance(here[-1], int):
            here[-1] += 1
        elif word == ":" and last is not None:
            here[-1] = json.loads(last)
        else:
            last = word
        place = here[1:]
        if word != "," and len(place) > depth and place == path[: len(place)]:
            depth, best = len(place), line
        if depth == len(path):
            break
    return best
