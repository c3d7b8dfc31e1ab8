"""The columns of the workbook, and what may stand in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, get_args

from checklists.model import Basis, Comparator, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists import text as ground

Cells = dict[str, str]

PAIR: Final = ("label", "hint", "guidance_hint", "constraint_message")
LANGUAGES: Final = {"zh": "中文 (zh)", "en": "English (en)"}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "settings": (
        *("form_title", "form_title_en", "form_id", "version", "default_language", "site_kinds"),
        *("plan_note_zh", "plan_note_en"),
    ),
    "survey": (
        *("type", "name", "label_zh", "label_en", "hint_zh", "hint_en", "guidance_hint_zh", "guidance_hint_en"),
        *("relevant", "required", "na_zh", "na_en", "severity", "authority_zh", "authority_en", "default_days"),
        *("photo_required_on_fail", "ambiguous_zh", "ambiguous_en", "note_zh", "note_en", "photo_count"),
        *("per_zh", "per_en", "decimals", "below_detection", "suffices"),
        *("default", "calculation", "constraint", "constraint_message_zh", "constraint_message_en"),
    ),
    "choices": ("list_name", "name", "label_zh", "label_en"),
    "limits": (
        *("item", "measurement", "comparator", "value", "low", "high", "basis", "source_zh", "source_en", "when"),
    ),
    "legal": ("item", "law", "article", "note_zh", "note_en", "when"),
    "plan": ("item", "section", "quote", "duties"),
}
"""Sheet → its columns; `label_zh` stands as `label::中文 (zh)`."""
OPTIONAL: Final = frozenset(
    {"default", "calculation", "constraint", "constraint_message_zh", "constraint_message_en"}
)
"""Columns in which only what follows from the rest stands: a workbook may lack them."""
GROUP: Final = {"type", "name", "label_zh", "label_en"}
ITEM: Final = {
    *GROUP,
    *("hint_zh", "hint_en", "guidance_hint_zh", "guidance_hint_en", "relevant", "na_zh", "na_en", "severity"),
    *("authority_zh", "authority_en", "default_days", "photo_required_on_fail"),
    *("ambiguous_zh", "ambiguous_en", "note_zh", "note_en"),
}
PHOTO: Final = {*GROUP, "relevant", "required", "photo_count", "per_zh", "per_en"}
MEASUREMENT: Final = {
    *GROUP,
    *("hint_zh", "hint_en", "relevant", "decimals", "below_detection", "suffices"),
}
FREE: Final = frozenset({"article", "version", "form_id", "name", "section", "quote"})
"""Columns in which a number is not what was typed: 7.10 becomes 7.1."""
PREFIXES: Final = {
    "hint_zh": ("合格：", "合格:"),
    "hint_en": ("Pass: ", "Pass:"),
    "guidance_hint_zh": ("不合格：", "不合格:"),
    "guidance_hint_en": ("Fail: ", "Fail:"),
}
VERDICTS: Final = (("pass", "合格", "pass"), ("fail", "不合格", "fail"), ("n_a", "不适用", "not applicable"))
ATTRIBUTES: Final = "ATTRIBUTES"
BELOW_DETECTION: Final = "_BELOW"
"""Ends the name of the question for a detection limit; ids of measurements are in lower case."""
SECTION: Final = re.compile(r"S_(?P<id>[a-z][a-z0-9_]*)")
BELOW: Final = re.compile(r"(?P<item>[A-Z]{2,4}_[0-9]{3})_(?P<rest>[A-Za-z][A-Za-z0-9_]*)")
VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
TRUTH: Final = ("true", "false")
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "severity": get_args(Severity),
    "comparator": get_args(Comparator),
    "basis": get_args(Basis),
    "photo_required_on_fail": TRUTH,
    "below_detection": TRUTH,
    "suffices": TRUTH,
}
DEFAULTS: Final = {
    "photo_required_on_fail": "true",
    "photo_count": "1",
    "below_detection": "false",
    "suffices": "false",
}
"""What YAML leaves out."""
WHOLE: Final = frozenset({"default_days", "photo_count", "decimals"})
FIGURES: Final = frozenset({"value", "low", "high"})
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def header_of(key: str) -> str:
    """A column as it stands in the workbook."""
    stem, _, language = key.rpartition("_")
    return f"{stem}::{LANGUAGES[language]}" if stem in PAIR else key


def both(key: str, text: ground.Text | None) -> Cells:
    """The cells of a text in its two languages."""
    return {f"{key}_zh": text.zh, f"{key}_en": text.en} if text is not None else {}


def true_or_false(truth: bool) -> str:
    """A truth value as the workbook writes it."""
    return "true" if truth else "false"
