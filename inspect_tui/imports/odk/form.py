"""The form that a checklist is exported as: its questions, how each may be called, and what may be answered."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from inspect_tui.exports.xlsform import rows, visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checklists.model import Checklist, SiteKind
    from inspect_tui.exports.xlsform.columns import Cells

_QUOTES: Final = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\ufeff": ""})
_GROUPS: Final = frozenset({"begin_group", "end_group"})


class Question(NamedTuple):
    """A question of the form.

    Attributes:
        name: In the form.
        kind: Its XLSForm type without the list: `select_one`, `decimal`, `image`, `geopoint`, ….
        choices: Name of its list; empty where it has none.
        repeat: The repeat it stands in; empty for the form itself.
        order: Its place in the form, from 0.
    """

    name: str
    kind: str
    choices: str
    repeat: str
    order: int


class Form(NamedTuple):
    """All questions of a checklist's form.

    Attributes:
        checklist: The checklist.
        questions: By name.
        labels: Label in either language, as `folded` gives it → names of the questions that have it, in order.
        choices: List → what may stand in a cell, folded → name of the choice.
    """

    checklist: Checklist
    questions: dict[str, Question]
    labels: dict[str, list[str]]
    choices: dict[str, dict[str, str]]

    def choice(self, question: Question, text: str) -> str | None:
        """The name of the choice that a cell gives by name or label; None where there is none."""
        return self.choices.get(question.choices, {}).get(folded(text))


def folded(text: str) -> str:
    """A label or a header without what spreadsheets and servers change about it."""
    # Forms are converted with straight quotation marks.
    return " ".join(unicodedata.normalize("NFC", text).translate(_QUOTES).split()).casefold()


def form_of(checklist: Checklist, kinds: Mapping[str, SiteKind]) -> Form:
    """The form of a checklist, from the rows that its export writes.

    Raises:
        Refused: The checklist cannot be a form, as its export says.
    """
    form = Form(checklist, {}, {}, {})
    repeat = ""
    for row in rows.survey(checklist, kinds):
        kind, _, choices = row["type"].partition(" ")
        if kind == "begin_repeat":
            repeat = row["name"]
        elif kind == "end_repeat":
            repeat = ""
        elif kind not in _GROUPS:
            name = row["name"]
            form.questions[name] = Question(name, kind, choices, repeat, len(form.questions))
            for label in _labels(row):
                form.labels.setdefault(label, []).append(name)
    for row in (*rows.choices(checklist.site_kinds, kinds), *visit.item_choices(checklist)):
        known = form.choices.setdefault(row["list_name"], {})
        for said in (folded(row["name"]), *_labels(row)):
            known.setdefault(said, row["name"])
    for item in checklist.items():
        form.choices[visit.ITEMS].setdefault(folded(item.id), item.id.replace("-", "_"))
    return form


def _labels(row: Cells) -> list[str]:
    """Once where both languages say the same."""
    said = [folded(row[key]) for key in ("label_zh", "label_en") if row.get(key)]
    return list(dict.fromkeys(said))
