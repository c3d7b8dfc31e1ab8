"""What is wrong with a row, in one sentence that names file, row, submission, question and reason."""

from __future__ import annotations

from inspect_tui.records.model import Problem
from inspect_tui.texts import Text


def where_of(file: str, row: int, instance: str) -> Text:
    """Where a submission stands."""
    told = instance[:80]
    return Text(
        f"{file} 第 {row} 行" + (f"（{told}）" if told else ""),
        f"{file} row {row}" + (f" ({told})" if told else ""),
    )


def problem(
    where: Text, question: str, zh: str, en: str, *, code: str = "refused", item: str | None = None
) -> Problem:
    """The problem with its place."""
    place_zh, place_en = (f"，{question}", f", {question}") if question else ("", "")
    return Problem(
        code,
        f"{where.zh}{place_zh}：{zh.rstrip('。')}。",
        f"{where.en}{place_en}: {en.rstrip('.')}.",
        item,
        question or None,
    )
