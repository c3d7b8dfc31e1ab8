"""The summary 小结: what is missing, what goes into the record as a warning, who was there; then submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from inspect_tui.records.model import SIGNATURES, STATES, AnswerInput
from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.uitext import wrap
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.widget import Widget

    from inspect_tui.records.carrying_over import Offer
    from inspect_tui.records.delivery import Delivery
    from inspect_tui.records.model import Problem
    from inspect_tui.records.queries import InspectionDetail
    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.marks import Tone

_READY = Text("没有缺项。按 F10（或 s）提交。", "Nothing is missing. Press F10 (or s) to submit.")
_FROZEN = Text("已提交，内容不再改动；如需更正按 6（或 a）。", "Submitted and frozen; press 6 (or a) to amend it.")
_NO_MORE = Text("没有提醒，也没有问题。", "No warnings and no findings.")
_OPEN_ONLY: Final = frozenset({"officers", "present", "times", "note", "waiver", "carry_over", "submit"})
"""What only an inspection that is not submitted takes."""


class SummaryScreen(PageScreen):
    """Dismissed with the id of an item to go to, or `submitted`."""

    PLACE = "summary"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("summary")]

    def __init__(self, desk: Desk, inspection: str) -> None:
        super().__init__(desk)
        self._inspection = inspection
        self._detail: InspectionDetail | None = None
        self._offer: Offer | None = None
        self._delivery: Delivery | None = None
        self._site = ""

    def body(self) -> Iterator[Widget]:
        """Facts, then what is wrong."""
        yield Prose(id="detail-facts", hang=10)
        yield ListTable((Column(Text("", ""), 1), Column(Text("", ""), 20, 1)), empty=_READY, id="problems")

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self._load()

    def _load(self, _: object = None) -> None:
        def work() -> tuple[InspectionDetail, Offer | None, Delivery]:
            from inspect_tui.records.carrying_over import offered
            from inspect_tui.records.delivery import deliveries
            from inspect_tui.records.queries import inspection_detail

            detail = inspection_detail(self.workspace, self._inspection)
            delivery = deliveries(self.workspace, [self._inspection])[self._inspection]
            return detail, offered(self.workspace, detail.row), delivery

        self.read("summary", work, self._show, awaited=True)

    def came(self) -> None:
        """Read again: an exchange may have sent it."""
        self._load()

    def _show(self, read: tuple[InspectionDetail, Offer | None, Delivery]) -> None:
        self._detail, self._offer, self._delivery = read
        self.relabel()
        self.query_one(KeyBar).refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  Textual's signature
        """What is submitted is amended first; what is open needs no amendment."""
        if self._detail is None:
            return True
        frozen = self._detail.submission is None
        return None if (frozen and action in _OPEN_ONLY) or (not frozen and action == "amend") else True

    def on_resize(self) -> None:
        """Wrap what is wrong for the new width."""
        self.call_after_refresh(self.relabel)

    def relabel(self) -> None:
        """Say it in the language in use."""
        detail = self._detail
        if detail is None:
            return
        line = detail.line
        state = tr("作废", "void") if line.void else str(STATES.get(line.state, line.state))
        self.headline(f"{line.site_name} · {tr(*line.checklist_title)}", state)
        frozen = [Block(str(_FROZEN), tone="strong")] if detail.submission is None and not line.void else []
        self.query_one("#detail-facts", Prose).show([*frozen, *self._newer(), *_facts(detail), *self._delivered()])
        table = self.query_one(ListTable)
        table.empty = _READY if detail.submission else _NO_MORE
        table.show(list(self._problems(detail, max(20, self.size.width - 6))))

    def _newer(self) -> Iterator[Block]:
        if self._offer is not None:
            from inspect_tui.tui.screens.carry_over import offer_text

            yield Block(str(offer_text(self._offer, "7")), WARNING, "warn")

    def _delivered(self) -> Iterator[Block]:
        if self._delivery is not None:
            from inspect_tui.tui.sync_text import STAGE_TONES, delivery_sentence

            yield Block(
                delivery_sentence(self._delivery), tr("送达", "Delivery"), STAGE_TONES[self._delivery.stage]
            )

    @staticmethod
    def _problems(detail: InspectionDetail, width: int) -> Iterator[Line]:
        if detail.submission is not None:
            refusals, warnings = detail.submission.refusals, detail.submission.warnings
        else:
            refusals, warnings = (), detail.warnings
        groups: tuple[tuple[str, str, Tone, tuple[Problem, ...]], ...] = (
            (tr("── 必须补齐，才能提交", "── Needed before it can be submitted"), "✗", "bad", refusals),
            (tr("── 提醒，随检查一并记录", "── Warnings, kept in the record"), WARNING, "warn", warnings),
        )
        for title, sign, tone, problems in groups:
            if problems:
                yield Line(None, (title,), "heading")
            for index, problem in enumerate(problems):
                for part, text in enumerate(wrap(tr(problem.zh, problem.en), width)):
                    key = f"{index}:{problem.code}:{problem.item or ''}" if part == 0 else None
                    yield Line(key, (sign if part == 0 else "", text), tones={0: tone})
        for finding in detail.findings:
            if detail.submission is None:
                yield Line(f"0:finding:{finding.id}", ("▸", finding.description))

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        _, code, rest = event.key.split(":", 2)
        if code == "finding":
            from inspect_tui.tui.screens.finding import FindingScreen

            self.app.push_screen(FindingScreen(self.desk, rest))
        elif code in {"two_officers", "officer_incomplete"}:
            self.action_officers()
        elif code in {"present_missing", "present_reason"}:
            self.action_present()
        elif code in {"end_missing", "end_before_start"}:
            self.action_times()
        elif rest:
            self.dismiss(rest)

    def _ask(self, form: Screen[bool | None]) -> None:
        self.app.push_screen(form, self._load)

    def action_officers(self) -> None:
        """Who inspects."""
        if self._detail is not None:
            from inspect_tui.tui.screens.officers_form import OfficersForm

            self._ask(OfficersForm(self.workspace, self._detail.row, self._detail.line.officers))

    def action_present(self) -> None:
        """The other party."""
        if self._detail is not None:
            from inspect_tui.tui.screens.present_form import PresentForm

            self._ask(PresentForm(self.workspace, self._detail.row, self._detail.present))

    def action_times(self) -> None:
        """Begin and end."""
        if self._detail is not None:
            from inspect_tui.tui.screens.times_form import TimesForm

            self._ask(TimesForm(self.workspace, self._detail.row))

    def action_note(self) -> None:
        """A note on the whole inspection."""
        if self._detail is None:
            return
        from inspect_tui.records.inspections import set_note
        from inspect_tui.tui.screens.text_form import TextForm

        row = self._detail.row
        self._ask(
            TextForm(
                Text("检查备注", "Note on the inspection"),
                Text("备注", "Note"),
                self._detail.note,
                lambda text: set_note(self.workspace, row.id, text, basis=row),
            )
        )

    def action_waiver(self) -> None:
        """Say why the item under the cursor has no photo."""
        key = self.query_one(ListTable).key or "::"
        _, code, item = key.split(":", 2)
        if code != "photo_missing":
            tell(
                self.app,
                Text("请先把光标移到“缺少照片”的一行。", "Move the cursor to a line about a missing photo."),
            )
            return
        from inspect_tui.records.answers import answer
        from inspect_tui.tui.screens.text_form import TextForm

        self._ask(
            TextForm(
                Text(f"{item} 为何没有照片", f"Why {item} has no photo"),
                Text("理由", "Reason"),
                "",
                lambda text: answer(self.workspace, self._inspection, item, AnswerInput(photo_waiver=text)),
            )
        )

    def action_amend(self) -> None:
        """Open a submitted inspection for amendment."""
        if self._detail is None or self._detail.submission is not None:
            return
        from inspect_tui.records.inspections import amend
        from inspect_tui.tui.screens.text_form import TextForm

        self._ask(
            TextForm(
                Text("更正已提交的检查", "Amend a submitted inspection"),
                Text("更正理由", "Reason"),
                "",
                lambda text: amend(self.workspace, self._inspection, text),
            )
        )

    def action_carry_over(self) -> None:
        """See what another version of the checklist would change."""
        from inspect_tui.tui.screens.carry_over import CarryOverScreen

        if self._detail is not None and self._detail.submission is not None:
            self.app.push_screen(CarryOverScreen(self.desk, self._inspection), self._load)

    def action_submit(self) -> None:
        """Submit; refused, it says why and stays."""
        from inspect_tui.records.inspections import submit

        if self._detail is None or self._detail.submission is None:
            return
        done = self.record(lambda: submit(self.workspace, self._inspection))
        if done is None:
            self._load()
            return
        count = len(done.findings)
        tell(
            self.app,
            Text(
                f"已提交并存盘；新写问题 {count} 条，按 F4 查看。",
                f"Submitted, on disk; {count} new findings, F4 lists them.",
            ),
        )
        self.dismiss("submitted")


def _facts(detail: InspectionDetail) -> Iterator[Block]:
    from inspect_tui.records import times

    line, values = detail.line, detail.row.values
    if line.void:
        yield Block(values["void_reason"] or "—", tr("作废理由", "Void"), "bad")
    if values["state_reason"]:
        yield Block(values["state_reason"], tr("更正理由", "Amended"), "strong")
    for change in detail.carried_over:
        versions = f"{change.old_version} → {change.new_version}"
        why = f"{versions} {change.reason} {change.officer} {times.shown(change.at)}"
        yield Block(why, tr("改用版本", "Version"))
    for review in detail.reviews:
        yield Block(f"{review.officer} {times.shown(review.at)} {review.text}", tr("审核", "Review"))
    for duty in detail.duties:
        yield Block(tr(duty.zh, duty.en), WARNING, "warn")
    sections = tr("　", "  ").join(
        f"{tr(*one.title)} {one.answered}/{one.asked}" + (f" ✗{one.failed}" if one.failed else "")
        for one in detail.sections
        if one.asked
    )
    yield Block(sections, tr("进度", "Progress"))
    people = "、".join(f"{one.name} {one.badge}" for one in line.officers)
    yield Block(people or "—", tr("执法人员", "Officers"))
    present = detail.present
    said = "—"
    if present is not None:
        said = " ".join(
            filter(None, (present.name, present.role, str(SIGNATURES[present.signature]), present.reason))
        )
    yield Block(said, tr("被检查方", "Party"))
    end = times.shown(values["ended_at"]) or tr("提交时", "when submitted")
    yield Block(f"{times.shown(values['started_at'])} — {end}", tr("时间", "Time"))
    counts = tr(
        f"照片 {line.photos}　问题 {line.findings}　不合格 {line.failed}",
        f"photos {line.photos}  findings {line.findings}  fails {line.failed}",
    )
    yield Block(counts, tr("记录", "Recorded"))
    for one in detail.sample_results:
        parts = (one.item, one.value or f"<{one.below_detection}", one.unit, one.laboratory, one.report_number)
        yield Block(" ".join(filter(None, parts)), tr("化验", "Lab"))
    if detail.note:
        yield Block(detail.note, tr("备注", "Note"))
