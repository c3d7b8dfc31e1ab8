"""YAML read as plain text values with the line of each, in bounded time.

Every scalar stays the text that stands in the file, so that `0.05` is never a float. Anchors, aliases and tags are
refused: a catalogue needs none, and hostile files live off them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec
import yaml

from checklists.errors import CatalogueError, HostileFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES: Final = 2 << 20
MAX_DEPTH: Final = 24
MAX_NODES: Final = 200_000

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
Where: TypeAlias = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something stands in its file, counted from 1."""

    line: int
    column: int


class Duplicate(NamedTuple):
    """A key that stands twice in one mapping."""

    path: Where
    place: Place


class Tree(msgspec.Struct, frozen=True):
    """A file as plain values."""

    value: Plain
    places: dict[Where, Place]
    """Where each value stands; for an entry of a mapping, where its key stands."""
    duplicates: list[Duplicate]

    def place(self, path: Where) -> Place:
        """The place of a value, or of the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


class YamlSyntaxError(CatalogueError):
    """The file is not YAML of the kind that a catalogue is written in."""

    def __init__(self, zh: str, en: str, place: Place) -> None:
        super().__init__(zh, en)
        self.place = place


class HostileYamlError(YamlSyntaxError, HostileFileError):
    """The file is too large, too deep, or uses anchors, aliases or tags."""


def read(path: Path) -> Tree:
    """The tree of a file.

    Raises:
        YamlSyntaxError: See `parse`.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return parse(file.read(MAX_BYTES + 1))


def parse(data: bytes) -> Tree:
    """The tree of a file's bytes.

    Raises:
        HostileYamlError: Larger, deeper or more repetitive than a catalogue needs to be.
        YamlSyntaxError: Not UTF-8, not YAML, or more than one document.
    """
    if len(data) > MAX_BYTES:
        raise HostileYamlError("文件超过 2 MiB。", "The file is larger than 2 MiB.", Place(1, 1))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        zh, en = ("可能是 GBK", "it may be GBK")
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            zh, en = ("是 UTF-16", "it is UTF-16")
        raise YamlSyntaxError(
            f"文件不是 UTF-8 编码（{zh}）；请在编辑器中另存为 UTF-8。",
            f"The file is not in UTF-8 ({en}); save it as UTF-8 in an editor.",
            Place(line, 1),
        ) from None
    try:
        return _Builder(yaml.parse(text, Loader=_Loader)).tree()
    except yaml.MarkedYAMLError as error:
        from checklists import yamlerrors

        raise yamlerrors.explained(text, error) from None
    except yaml.YAMLError as error:
        from checklists import yamlerrors

        raise YamlSyntaxError(
            "文件含有 YAML 不允许的控制字符；请删去。",
            "The file holds control characters that YAML does not allow; delete them.",
            yamlerrors.first_forbidden(text),
        ) from error


class _Builder:
    """Builds the tree from parse events; depth is bounded before it recurses."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._nodes = 0
        self._places: dict[Where, Place] = {}
        self._duplicates: list[Duplicate] = []

    def tree(self) -> Tree:
        value: Plain = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlSyntaxError(
                        "文件只能有一个 YAML 文档。", "A file holds one YAML document.", _place(event)
                    )
                value = self._value(next(self._events), ())
        return Tree(value=value, places=self._places, duplicates=self._duplicates)

    def _value(self, event: yaml.Event, path: Where) -> Plain:
        self._check(event, path)
        self._places.setdefault(path, _place(event))
        if isinstance(event, yaml.ScalarEvent):
            text: str = event.value
            return None if not event.style and text in {"", "~", "null"} else text
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Where) -> list[Plain]:
        values: list[Plain] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Where) -> dict[str, Plain]:
        values: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._check(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlSyntaxError("键必须是文字。", "A key must be a word.", _place(event))
            key: str = event.value
            if key in values:
                self._duplicates.append(Duplicate((*path, key), _place(event)))
                self._value(next(self._events), (*path, f"{key} (again)"))
                continue
            self._places[*path, key] = _place(event)
            values[key] = self._value(next(self._events), (*path, key))
        return values

    def _check(self, event: yaml.Event, path: Where) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise HostileYamlError("不允许使用锚点和别名。", "Anchors and aliases are not allowed.", _place(event))
        if getattr(event, "tag", None):
            raise HostileYamlError("不允许使用标签。", "Tags are not allowed.", _place(event))
        if len(path) > MAX_DEPTH:
            raise HostileYamlError("嵌套过深。", "Nested too deeply.", _place(event))
        if self._nodes > MAX_NODES:
            raise HostileYamlError("内容过多。", "Too many values.", _place(event))


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
