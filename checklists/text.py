"""A text in Chinese and English, side by side."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

Language: TypeAlias = Literal["zh", "en"]
Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same thing said twice; neither is a translation of second rank."""

    zh: Words
    en: Words

    def show(self, language: Language) -> str:
        """The text for a screen in that language."""
        return self.en if language == "en" else self.zh
