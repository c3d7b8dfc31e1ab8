"""Signs that carry a meaning without colour, with the tone that repeats it in colour."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from inspect_tui.texts import Text

Tone: TypeAlias = Literal["", "good", "bad", "warn", "muted", "strong", "heading"]

NOT_CHECKED: Final = "·"
VERDICT_MARKS: Final[dict[str | None, str]] = {"pass": "✓", "fail": "✗", "n_a": "–", None: NOT_CHECKED}
VERDICT_TONES: Final[dict[str | None, Tone]] = {"pass": "good", "fail": "bad", "n_a": "muted", None: ""}
UNCHECKED: Final = Text("未检查", "not checked")
SUSPECTED: Final = Text("疑似", "suspected")
WARNING: Final = "!"
TASK: Final = "▹"
SEVERITY_MARKS: Final[dict[str, str]] = {"critical": "‼", "major": "!", "minor": "-"}
SEVERITY_TONES: Final[dict[str, Tone]] = {"critical": "bad", "major": "warn", "minor": ""}
