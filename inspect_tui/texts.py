"""Every sentence a person reads stands in the code in both languages, side by side.

A pair is translated where it is shown, so the language can change while the programme runs. The packages below
(`checklists`, `sync`) raise errors that carry the same two attributes, `zh` and `en`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, runtime_checkable

Language = Literal["zh", "en"]

_process: Language = "zh"


class Text(NamedTuple):
    """One sentence in Chinese and in English; `str()` gives the language in use."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en

    def format(self, **fields: object) -> Text:
        """The same sentence with `{name}` fields filled in, in both languages."""
        return Text(self.zh.format(**fields), self.en.format(**fields))


@runtime_checkable
class Bilingual(Protocol):
    """Anything that carries its sentence in both languages, such as the errors of the ground floor."""

    @property
    def zh(self) -> str:
        """In Chinese."""
        ...

    @property
    def en(self) -> str:
        """In English."""
        ...


class Refused(Exception):
    """Something a person asked for was refused: one sentence saying what, where and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return say(self)


def language() -> Language:
    """The language in use, `zh` unless somebody chose otherwise."""
    return _process


def set_language(code: Language) -> None:
    """Use `code` for everything shown from now on, in every thread."""
    global _process  # noqa: PLW0603  one process speaks one language at a time
    _process = code


def say(bilingual: Bilingual) -> str:
    """The sentence of `bilingual` in the language in use."""
    return bilingual.zh if language() == "zh" else bilingual.en


def tr(zh: str, en: str) -> str:
    """`zh` or `en`, whichever language is in use."""
    return zh if language() == "zh" else en
