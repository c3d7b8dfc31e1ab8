"""Conditions as XPath over the answers of a form, and back.

A condition that is one of some values is an `or` of equalities on one question in brackets of its own; `all` is `and`,
`any` is `or`. `true()` and `false()` mark an `all` or `any` of one part, so that nothing is lost on the way back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checklists.conditions import Condition
    from checklists.yamltree import Plain

ITEM: Final = re.compile(r"[A-Z]{2,4}_[0-9]{3}")
"""The name of a question that is an item."""
_LONGEST: Final = 20_000
_DEEPEST: Final = 12
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>\$\{\s*[A-Za-z0-9_]+\s*\})|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<word>and|or|selected|true\(\)|false\(\))(?![A-Za-z0-9_])|(?P<sign>[()=,]))"
)


def write(condition: Condition, *, ask_unknown: bool = False) -> str:
    """The expression.

    Args:
        condition: Its values hold no quotation mark.
        ask_unknown: An answer that is not given makes it true, as an item is asked unless its condition is known to be
            false.
    """
    if condition.one_of is not None:
        name = "${" + (condition.attribute or (condition.item or "").replace("-", "_")) + "}"
        values = ["", *condition.one_of] if ask_unknown else condition.one_of
        return " or ".join(f"{name} = '{value}'" for value in values)
    parts = [f"({write(part, ask_unknown=ask_unknown)})" for part in (*condition.all_, *condition.any_)]
    if len(parts) == 1:
        return f"{parts[0]} and true()" if condition.all_ else f"{parts[0]} or false()"
    return (" and " if condition.all_ else " or ").join(parts)


def read(text: str) -> Plain:
    """The condition in the plain values that its YAML gives.

    Raises:
        Refused: It is not an expression of the kind that `write` gives; says where.
    """
    if len(text) > _LONGEST:
        raise Refused("表达式太长。", "The expression is too long.")
    reader = _Reader(_tokens(text))
    found = _resolved(reader.either(0))
    if reader.kind:
        raise reader.wrong()
    return found


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


class _Equal(NamedTuple):
    """An answer is a value."""

    name: str
    value: str


class _Always(NamedTuple):
    """`true()` or `false()`."""

    value: bool


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _odd(text[place:].strip(), place)
        said = match[match.lastgroup]
        kind = {"single": "value", "double": "value"}.get(match.lastgroup, match.lastgroup)
        found.append(
            _Token(
                said if kind in {"word", "sign"} else kind, said.strip("${} ") if kind == "name" else said, place
            )
        )
        place = match.end()
    return [*found, _Token("", "", len(text))]


def _odd(text: str, place: int) -> Refused:
    shown = text[:20] or "?"
    form = "${outfall_type} = 'mine_water'"
    return Refused(
        f"第 {place + 1} 个字符起的“{shown}”看不懂；条件由 {form} 这样的比较、and、or 和括号组成。",
        f"'{shown}' from character {place + 1} is not understood; a condition is made of comparisons such as {form},"
        " and, or, and brackets.",
    )


class _Reader:
    """Reads tokens by descent; depth is bounded."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def kind(self) -> str:
        """Of the next token; empty at the end."""
        return self._tokens[self._at].kind

    def wrong(self) -> Refused:
        """The next token does not belong here."""
        token = self._tokens[self._at]
        return _odd(token.text, token.place)

    def _take(self, kind: str) -> str:
        if self.kind != kind:
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1].text

    def either(self, depth: int) -> _Equal | _Always | dict[str, Plain]:
        """Parts joined by `or`."""
        parts = [self._both(depth)]
        while self.kind == "or":
            self._at += 1
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else self._joined("any", parts, _gathered(parts))

    def _both(self, depth: int) -> _Equal | _Always | dict[str, Plain]:
        parts = [self._one(depth)]
        while self.kind == "and":
            self._at += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else self._joined("all", parts, parts)

    def _joined(
        self,
        key: str,
        parts: Sequence[_Equal | _Always | dict[str, Plain]],
        gathered: Sequence[_Equal | _Always | dict[str, Plain]],
    ) -> dict[str, Plain]:
        idle = key == "all"
        if any(isinstance(part, _Always) and part.value is not idle for part in parts):
            raise self.wrong()
        rest = [_resolved(part) for part in gathered if not isinstance(part, _Always)]
        if not rest:
            raise self.wrong()
        if len(rest) == 1 and not any(isinstance(part, _Always) for part in parts):
            return rest[0]
        return {key: [*rest]}

    def _one(self, depth: int) -> _Equal | _Always | dict[str, Plain]:
        if depth > _DEEPEST:
            raise Refused("条件嵌套过深。", "The condition is nested too deeply.")
        if self.kind == "(":
            self._at += 1
            found = self.either(depth + 1)
            self._take(")")
            return found if isinstance(found, _Always) else _resolved(found)
        if self.kind in {"true()", "false()"}:
            return _Always(self._take(self.kind) == "true()")
        if self.kind == "selected":
            self._at += 1
            self._take("(")
            name = self._take("name")
            self._take(",")
            value = self._take("value")
            self._take(")")
            return _Equal(name, value)
        name = self._take("name")
        self._take("=")
        return _Equal(name, self._take("value"))


def _gathered(
    parts: Sequence[_Equal | _Always | dict[str, Plain]],
) -> list[_Equal | _Always | dict[str, Plain]]:
    """The parts of an `or`, neighbouring equalities on one question taken together."""
    found: list[_Equal | _Always | dict[str, Plain]] = []
    run: list[_Equal] = []
    for part in [*parts, None]:
        if run and not (isinstance(part, _Equal) and part.name == run[0].name):
            found.append(_one_of(run))
            run = []
        if isinstance(part, _Equal):
            run.append(part)
        elif part is not None:
            found.append(part)
    return found


def _one_of(run: Sequence[_Equal]) -> dict[str, Plain]:
    name = run[0].name
    values: list[Plain] = [each.value for each in run if each.value]
    if not values:
        raise Refused(
            f"{name} 只与空值比较；请写明值，如 ${{{name}}} = 'yes'。",
            f"{name} is compared with nothing only; name a value, as in ${{{name}}} = 'yes'.",
        )
    if ITEM.fullmatch(name):
        return {"item": name.replace("_", "-"), "is": values}
    return {"attribute": name, "is": values}


def _resolved(part: _Equal | _Always | dict[str, Plain]) -> dict[str, Plain]:
    if isinstance(part, _Equal):
        return _one_of([part])
    if isinstance(part, _Always):
        raise Refused("条件不能只是 true() 或 false()。", "A condition is more than true() or false().")
    return part
