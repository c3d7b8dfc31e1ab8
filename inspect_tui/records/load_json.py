"""JSON as strangers write it, read without trust: each object with its line, exact decimals, no duplicate keys."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from inspect_tui.records.model import Problem
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Steps: TypeAlias = list[str | int]
"""Where a value stands in a tree: keys and indexes from the top."""
MAX_BYTES: Final = 64 << 20
MAX_DEPTH: Final = 32
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LINES: Final = frozenset({".jsonl", ".ndjson"})
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """One value of a file.

    Attributes:
        line: Its first line, from 1.
        text: Its JSON.
        tree: What it says, numbers as Decimal; None when it could not be read.
        problem: Why it could not be read.
    """

    line: int
    text: str
    tree: Any = None
    problem: Problem | None = None


class _RuleError(ValueError):
    """JSON that the grammar allows and we do not."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        Refused: It cannot be read, is larger than 64 MiB, or is not UTF-8.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise Refused(
                f"{file.name} 超过 64 MiB，请分成几个文件。", f"{file.name} is larger than 64 MiB; split it."
            )
        return file.read_text("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(f"{file} 无法读取：{reason}。", f"{file} cannot be read: {reason}.") from error
    except ValueError as error:
        raise Refused(f"{file.name} 不是 UTF-8 文本。", f"{file.name} is not UTF-8 text.") from error


def objects(file: Path) -> Iterator[Found]:
    """Every object of a file that holds one object, an array of them, or one a line.

    Raises:
        Refused: As `read_text` says.
    """
    text = read_text(file)
    start = 1 + text[: len(text) - len(text.lstrip())].count("\n")
    whole = _parse(text.strip(), start)
    if whole.problem is not None and (file.suffix.lower() in _LINES or _looks_like_lines(text)):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _parse(line, number)
        return
    if not isinstance(whole.tree, list):
        yield whole
        return
    lines = _element_lines(whole.text, start)
    for tree, (first, part) in zip(whole.tree, lines, strict=True):
        yield Found(first, part, tree)


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


def _parse(text: str, line: int) -> Found:
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
        at = line + error.lineno - 1
        return Found(line, text, problem=problem_at(at, "", f"不是 JSON：{error.msg}", f"not JSON: {error.msg}"))
    except _RuleError as error:
        return Found(line, text, problem=problem_at(line, "", error.zh, error.en))
    except RecursionError:
        return Found(line, text, problem=problem_at(line, "", "嵌套过深", "nested too deeply"))
    return Found(line, text, tree)


def problem_at(
    line: int, field: str, zh: str, en: str, *, code: str = "format", item: str | None = None
) -> Problem:
    """A problem that names line, field and reason."""
    where_zh, where_en = (f"，{field}", f", {field}") if field else ("", "")
    return Problem(
        code,
        f"第 {line} 行{where_zh}：{zh.rstrip('。')}。",
        f"Line {line}{where_en}: {en.rstrip('.')}.",
        item,
        field or None,
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


def _element_lines(text: str, first: int) -> list[tuple[int, str]]:
    """Line and text of each element of the array that `text` is."""
    found: list[tuple[int, str]] = []
    decoder = json.JSONDecoder()
    at = 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return found
        _, end = decoder.raw_decode(text, at)
        found.append((first + text.count("\n", 0, at), text[at:end]))
        at = end


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
