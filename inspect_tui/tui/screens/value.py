"""Measured values, held against the limit as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Input

from inspect_tui.records.model import AnswerInput, Sample
from inspect_tui.texts import Text, language
from inspect_tui.tui.marks import SUSPECTED
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.uitext import halfwidth
from inspect_tui.tui.widgets.fields import ChoiceField, Cycle, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.widget import Widget

    from checklists.judgement import Judgement
    from checklists.model import Measurement
    from inspect_tui.records.queries import WalkItem
    from inspect_tui.records.queries.walk import MeasuredView

_WAYS = [
    ("value", Text("测得值", "measured")),
    ("quick", Text("快检值（待实验室确认）", "quick test (laboratory to confirm)")),
    ("below", Text("未检出，填检出限", "not detected: its limit")),
]


class ValueForm(FormScreen[bool]):
    """One line a quantity, a judgement under each."""

    def __init__(self, view: WalkItem, attributes: Mapping[str, str], say: Callable[[AnswerInput], bool]) -> None:
        super().__init__(Text(f"{view.item.id} 测量值", f"{view.item.id} measured values"))
        self._view = view
        self._attributes = attributes
        self._say = say

    def _recorded(self, quantity: Measurement) -> MeasuredView | None:
        measured = self._view.answer.measured if self._view.answer else ()
        return next((one for one in measured if one.quantity == quantity.id), None)

    def _way(self, quantity: Measurement) -> str:
        """How the recorded value was got, so that a corrected number is still a quick test."""
        from inspect_tui.records.rows import decoded

        said, answer = self._recorded(quantity), self._view.answer
        if answer is None or said is None:
            return "value"
        if said.below_detection is not None:
            return "below"
        further = decoded(answer.row.values["further"], {})
        return "quick" if further.get(quantity.id, answer.row.values)["quick_test"] else "value"

    def fields(self) -> Iterator[Widget]:
        """Number, how it was got, judgement; then the sample."""
        for quantity in self._view.item.measurements:
            said = self._recorded(quantity)
            number = (said.value or said.below_detection or "") if said else ""
            unit = quantity.unit_in(language())
            label = Text(f"{quantity.quantity.zh} {unit}".strip(), f"{quantity.quantity.en} {unit}".strip())
            yield Phrase(label)
            yield TextField(f"value-{quantity.id}", Text("　数值", "  Number"), number)
            ways = _WAYS if quantity.allows_below_detection else _WAYS[:2]
            yield ChoiceField(f"way-{quantity.id}", Text("　方式", "  How"), ways, self._way(quantity))
            yield Phrase(self._limit(quantity), id=f"judgement-{quantity.id}", classes="hint")
        sample = self._view.answer.sample if self._view.answer else None
        yield TextField(
            "sample",
            Text("样品编号", "Sample number"),
            sample.number if sample else "",
            hint=Text("送检时填写", "if one goes to a laboratory"),
        )
        yield TextField("point", Text("采样点位", "Sampling point"), sample.point if sample else "")

    def on_mount(self) -> None:
        """Type at once; say what the recorded values mean."""
        self.query("Input").first().focus()
        self._judge_all()

    def _limit(self, quantity: Measurement) -> Text:
        limits = [one for one in self._view.limits if one.measurement == quantity.id]
        if not limits:
            return Text(
                "　没有适用于本对象的限值，由执法人员判定。",
                "  No limit applies to this site; the officer decides.",
            )
        unit = quantity.unit_in(language())
        return Text(
            "　限值 " + "；".join(f"{one.shown} {unit}（{one.source.zh}）" for one in limits),
            "  limit " + "; ".join(f"{one.shown} {unit} ({one.source.en})" for one in limits),
        )

    @on(Input.Changed)
    @on(Cycle.Turned)
    def _judge_all(self) -> None:
        for quantity in self._view.item.measurements:
            self.query_one(f"#judgement-{quantity.id}", Phrase).say(self._judged(quantity))

    def _judged(self, quantity: Measurement) -> Text:
        """What the typed number means, as far as it can be read."""
        from checklists.errors import ChecklistError
        from checklists.judgement import judge

        typed, way = halfwidth(self.value(f"value-{quantity.id}")).strip(), self.value(f"way-{quantity.id}")
        if not typed:
            return self._limit(quantity)
        try:
            judgement = judge(
                self._view.item,
                None if way == "below" else typed,
                None,
                self._attributes,
                measurement=quantity.id,
                below_detection=typed if way == "below" else None,
                quick_test=way == "quick" or self._waits(),
            )
        except ChecklistError as error:
            return Text(f"　? {error.zh}", f"  ? {error.en}")
        return _said(judgement)

    def _waits(self) -> bool:
        """Whether a sample is named that is not yet back from the laboratory."""
        sample = self._view.answer.sample if self._view.answer else None
        return bool(self.value("sample").strip()) and not (sample and sample.status == "received")

    def save(self) -> bool:
        """Record the sample, which says that the laboratory is to follow, then each quantity that was changed."""
        done = True
        if self.field("sample").changed or self.field("point").changed:
            done &= self._say(AnswerInput(sample=Sample(self.value("sample"), self.value("point"))))
        for quantity in self._view.item.measurements:
            number, way = self.field(f"value-{quantity.id}"), self.field(f"way-{quantity.id}")
            if not (number.changed or (way.changed and number.value)):
                continue
            typed = halfwidth(number.value).strip()
            below = way.value == "below" and bool(typed)
            done &= self._say(
                AnswerInput(
                    value=None if below else typed,
                    below_detection=typed if below else None,
                    quantity=quantity.id,
                    quick_test=way.value == "quick",
                )
            )
        return done

    def action_save(self) -> None:
        """Close only when everything is on disk."""
        if self.save():
            self.dismiss(True)


def _said(judgement: Judgement) -> Text:
    mark = {"pass": "✓ ", "fail": "✗ "}.get(judgement.verdict or "", "· ")
    zh, en = judgement.why.zh, judgement.why.en
    if judgement.exceedance:
        zh += f" 超标 {judgement.exceedance} 倍。"
        en += f" Exceeds by {judgement.exceedance}×."
    if judgement.suspected and judgement.verdict == "fail" and not zh.startswith("疑似"):
        zh, en = f"{SUSPECTED.zh}：{zh}", f"{SUSPECTED.en}: {en}"
    return Text(f"　{mark}{zh}", f"  {mark}{en}")
