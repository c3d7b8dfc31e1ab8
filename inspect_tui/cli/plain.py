"""Typed values as JSON takes them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from inspect_tui.texts import Text


def plain(value: Any) -> Any:
    """A dataclass or anything made of such, as JSON takes it; a bilingual text is `{zh, en}`."""
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value
