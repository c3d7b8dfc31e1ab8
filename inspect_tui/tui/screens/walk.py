"""The walk 检查: one item at a time. Every key that records is on disk before the next paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical

from inspect_tui.records.model import STATES, VERDICTS, AnswerInput, Verdict
from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.item_text import evidence_blocks, item_blocks, missing
from inspect_tui.tui.marks import VERDICT_MARKS, VERDICT_TONES, WARNING
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.walk_state import WalkState
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.picture import Picture, half_blocks
from inspect_tui.tui.widgets.prose import Block, Prose
from inspect_tui.tui.widgets.sections import Mark, SectionMarks, Sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.binding import BindingType
    from textual.strip import Strip
    from textual.timer import Timer
    from textual.widget import Widget

    from inspect_tui.records.carrying_over import Offer
    from inspect_tui.records.queries import Walk, WalkItem
    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.uitext import Sentence

_NOTHING_OPEN = Text("所有项都已检查。按 F10 看小结并提交。", "Every item is answered. Press F10 for the summary.")
_FROZEN = Text(
    "已提交，只能查看；如需更正，按 F10 到小结，再按 6。",
    "Submitted: to be looked at only. To amend it press F10, then 6.",
)
_AMENDED = Text("已打开以更正；改完须再次提交。", "Open for amendment; submit it again afterwards.")
_NOTHING_TO_UNDO = Text("没有可撤销的记录。", "There is nothing to take back.")


class WalkScreen(PageScreen):
    """Sections at left, the item in the middle, evidence at right when the terminal is wide."""

    PLACE = "walk"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("walk")]

    def __init__(self, desk: Desk, inspection: str, item: str | None = None) -> None:
        super().__init__(desk)
        self.inspection = inspection
        self._state: WalkState | None = None
        self._wanted = item
        self._remember: Timer | None = None

    def body(self) -> Iterator[Widget]:
        """Three panes and the receipt of what was recorded last."""
        with Horizontal(id="walk-body"):
            yield Sections(id="sections")
            yield Prose(id="item", hang=7)
            with Vertical(id="evidence"):
                yield Picture(id="picture")
                yield Prose(id="evidence-text", hang=7)
        yield Phrase(Text("正在读取…", "Reading…"), id="receipt")

    # reading and showing

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self._load()

    def came(self) -> None:
        """Read again: somebody else may have answered here."""
        self._load()

    def _load(self) -> None:
        self.read("walk", self._read, self._take, awaited=True)

    def _read(self) -> tuple[Walk, str, Offer | None]:
        from inspect_tui.records.carrying_over import offered
        from inspect_tui.records.queries import walk

        read = walk(self.workspace, self.inspection)
        offer = offered(self.workspace, read.row) if self._state is None else None
        return read, str(self.workspace.row("sites", read.row.values["site"]).values["name"] or ""), offer

    def _take(self, read: tuple[Walk, str, Offer | None]) -> None:
        walk, site, offer = read
        if self._state is None:
            at = self._wanted or self.desk.remembered("positions", self.inspection)
            if at is None and _is_frozen(walk):
                at = next((view.item.id for view in walk.items()), None)
            self._state = WalkState(walk, site, at)
            self.query_one("#receipt", Phrase).say(_FROZEN if _is_frozen(walk) else _offered(offer))
        else:
            if _is_frozen(self._state.walk) != _is_frozen(walk):
                self.query_one("#receipt", Phrase).say(_FROZEN if _is_frozen(walk) else _AMENDED)
            self._state.take(walk, site)
        self._show()

    def relabel(self) -> None:
        """Say it in the language in use."""
        self._show(top=False)

    def on_resize(self) -> None:
        """Evidence moves between the panes."""
        self.call_after_refresh(self._show, top=False)

    def _show(self, *, top: bool = True) -> None:
        state = self._state
        if state is None or state.current is None:
            return
        view = state.current
        wide = self.query_one("#evidence").display
        count = f"{state.answered}/{len(state.items)} ✗{state.failed}"
        if _is_frozen(state.walk):
            count = f"{STATES['submitted']} {count}"
        self.headline(f"{state.site} · {tr(*state.walk.title)}", count)
        self.query_one(Sections).show(list(self._sections(state)), view.item.id)
        self.query_one("#item", Prose).show(
            item_blocks(view, f"{state.at + 1}/{len(state.items)}", evidence=not wide), top=top
        )
        if wide:
            blocks = evidence_blocks(view)
            nothing = [
                Block(
                    tr("尚无照片和问题。按 4 附照片。", "No photos or findings yet. Press 4 to attach."),
                    tone="muted",
                )
            ]
            self.query_one("#evidence-text", Prose).show(blocks or nothing)
            self._show_picture(view)

    @staticmethod
    def _sections(state: WalkState) -> Iterator[SectionMarks]:
        for title, views in state.sections():
            marks = []
            for view in views:
                verdict = view.answer.verdict if view.answer else None
                marks.append(
                    Mark(
                        view.item.id,
                        VERDICT_MARKS[verdict],
                        VERDICT_TONES[verdict],
                        verdict is not None,
                        missing(view.answer, view),
                    )
                )
            yield SectionMarks(str(title), tuple(marks))

    def _show_picture(self, view: WalkItem) -> None:
        picture = self.query_one(Picture)
        picture.display = bool(view.photos)
        if not view.photos:
            return
        sha256 = view.photos[-1].sha256
        width, height = picture.size
        if not width:
            return

        def work() -> list[Strip]:
            from inspect_tui.records.attach import thumbnail_path

            path = thumbnail_path(self.workspace, sha256)
            return half_blocks(path.read_bytes(), width, height) if path.is_file() else []

        self.read("picture", work, picture.show)

    @on(Picture.Resized)
    def _resized(self) -> None:
        view = self._current()
        if view is not None:
            self._show_picture(view)

    # moving

    def _go(self, at: int | None) -> None:
        if self._state is None or at is None:
            return
        self._state.at = at
        self._show()
        if self._remember is not None:
            self._remember.stop()
        self._remember = self.set_timer(1.0, self._keep_place)

    def _keep_place(self) -> None:
        state = self._state
        if state is not None and state.current is not None and self.desk.is_open:
            item = state.current.item.id
            self.read("place", lambda: self.desk.remember("positions", self.inspection, item), lambda _: None)

    def on_unmount(self) -> None:
        """Come back to this item the next time."""
        state = self._state
        if state is not None and state.current is not None and self.desk.is_open:
            self.record(lambda: self.desk.remember("positions", self.inspection, state.item))

    def action_step(self, by: int) -> None:
        """To the next or previous item."""
        if self._state is not None:
            self._go(self._state.stepped(by))

    def action_section(self, by: int) -> None:
        """To the first item of the next or previous section."""
        if self._state is not None:
            self._go(self._state.section_start(by))

    def action_next_unanswered(self) -> None:
        """To the next item without a verdict, going round."""
        if self._state is None:
            return
        at = self._state.next_unanswered()
        if at is None:
            tell(self.app, _NOTHING_OPEN)
        self._go(at)

    def action_scroll_text(self, by: int) -> None:
        """Scroll what is said about the item."""
        self.query_one("#item", Prose).page(by)

    @on(Sections.Picked)
    def _picked(self, event: Sections.Picked) -> None:
        if self._state is not None:
            self._go(self._state.index(event.item))

    # recording

    def _current(self) -> WalkItem | None:
        return self._state.current if self._state else None

    def _say(self, view: WalkItem, text: Text) -> Callable[[AnswerInput], bool]:
        """A function that records an answer to this item, shows that it is on disk, and says whether it is."""

        def said(answer: AnswerInput) -> bool:
            from inspect_tui.records.answers import answer as record_answer

            seen = self._state.view(view.item.id) if self._state else view
            basis = seen.answer.row if seen.answer else None
            done = self.record(
                lambda: record_answer(
                    self.workspace, self.inspection, view.item.id, answer, basis=basis, seen_none=basis is None
                )
            )
            if done is None:
                self._load()
                return False
            self._refresh_item(view.item.id)
            more = "".join(f"  {WARNING} {warning.zh}" for warning in done.warnings)
            more_en = "".join(f"  {WARNING} {warning.en}" for warning in done.warnings)
            self._receipt(view.item.id, Text(text.zh + more, text.en + more_en))
            return True

        return said

    def _refresh_item(self, item: str) -> None:
        """Read the item again at once, so that the next key acts on what is shown; the rest follows."""
        from inspect_tui.records.queries import walk_item

        fresh = self.record(lambda: walk_item(self.workspace, self.inspection, item))
        if fresh is not None and self._state is not None:
            self._state.replace(fresh)
        self._load()

    def _receipt(self, item: str, text: Sentence) -> None:
        from inspect_tui.records import times

        clock = times.now().astimezone(times.SHANGHAI).strftime("%H:%M:%S")
        self.query_one("#receipt", Phrase).say(
            Text(f"已存盘 {clock}  {item} {plain(text.zh)}", f"On disk {clock}  {item} {plain(text.en)}")
        )

    def action_verdict(self, verdict: Verdict) -> None:
        """Record a verdict; pass goes on, the others ask for a reason."""
        view = self._current()
        if view is None:
            return
        mark, name = VERDICT_MARKS[verdict], VERDICTS[verdict]
        if not self._say(view, Text(f"{mark} {name.zh}", f"{mark} {name.en}"))(AnswerInput(verdict=verdict)):
            return
        if verdict == "pass":
            self._advance()
            return
        self._show()
        self._ask_reason(view, verdict)

    def _advance(self) -> None:
        at = self._state.next_unanswered() if self._state else None
        if at is None:
            self._show()
            tell(self.app, _NOTHING_OPEN)
        else:
            self._go(at)

    def _ask_reason(self, view: WalkItem, verdict: Verdict) -> None:
        from inspect_tui.tui.screens.reason import ReasonForm

        before = view.answer.reason if view.answer and view.answer.verdict == verdict else ""

        def given(reason: str | None) -> None:
            if reason is None:
                self._show()
                return
            self._say(view, Text(f"理由：{reason[:30]}", f"reason: {reason[:30]}"))(AnswerInput(reason=reason))
            if verdict == "n_a":
                self._advance()
            else:
                self._show()

        self.app.push_screen(ReasonForm(view.item, verdict, before), given)

    def action_clear(self) -> None:
        """Not checked again."""
        from inspect_tui.records.answers import clear_answer

        view = self._current()
        if view is None:
            return
        if self.record(lambda: clear_answer(self.workspace, self.inspection, view.item.id)):
            self._refresh_item(view.item.id)
            self._receipt(view.item.id, Text("· 改回未检查", "· not checked"))
        self._show()

    def action_note(self) -> None:
        """Write reason, note, and why there is no photo."""
        from inspect_tui.tui.screens.note import NoteForm

        view = self._current()
        if view is not None:
            self.app.push_screen(NoteForm(view, self._say(view, Text("备注", "note"))), self._shown)

    def action_value(self) -> None:
        """Enter measured values."""
        from inspect_tui.records.rows import decoded
        from inspect_tui.tui.screens.value import ValueForm

        view = self._current()
        if view is None or self._state is None:
            return
        if not view.item.measurements:
            tell(self.app, Text("本项没有测量值。", "This item takes no measured value."))
            return
        attributes = decoded(self._state.walk.row.values["attributes"], {})
        self.app.push_screen(ValueForm(view, attributes, self._say(view, Text("数值", "value"))), self._shown)

    def action_finding(self) -> None:
        """Write a finding at the item."""
        from inspect_tui.tui.screens.finding_form import FindingForm

        view = self._current()
        if view is not None:
            self.app.push_screen(FindingForm.at_item(self.workspace, self.inspection, view), self._shown)

    def action_photo(self) -> None:
        """Attach photos to the item."""
        from inspect_tui.tui.screens.photos import PhotoScreen

        view = self._current()
        if view is not None:
            self.app.push_screen(PhotoScreen(self.desk, self.inspection, view.item), self._attached)

    def _attached(self, count: int | None) -> None:
        view = self._current()
        if count and view is not None:
            self._refresh_item(view.item.id)
            self._receipt(view.item.id, Text(f"附上 {count} 张照片", f"{count} photos attached"))

    def _shown(self, _: object) -> None:
        self._show()

    def action_undo(self) -> None:
        """Take back what this laptop recorded last."""
        from inspect_tui.records.answers import undo

        item = self.record(lambda: undo(self.workspace, self.inspection))
        if item is None:
            tell(self.app, _NOTHING_TO_UNDO)
            return
        self._refresh_item(item)
        if self._state is not None:
            self._go(self._state.index(item))
        self._receipt(item, Text("已撤销", "taken back"))

    def action_carry_over(self) -> None:
        """See what another version of the checklist would change."""
        from inspect_tui.tui.screens.carry_over import CarryOverScreen

        def done(version: str | None) -> None:
            if version:
                self.query_one("#receipt", Phrase).say(
                    Text(f"已存盘：改用 {version} 版", f"On disk: goes on with version {version}")
                )

        self.app.push_screen(CarryOverScreen(self.desk, self.inspection), done)

    def action_summary(self) -> None:
        """See what is missing, then submit."""
        from inspect_tui.tui.screens.summary import SummaryScreen

        self.app.push_screen(SummaryScreen(self.desk, self.inspection), self._after_summary)

    def _after_summary(self, said: str | None) -> None:
        if said == "submitted":
            self.dismiss()
        elif said and self._state is not None:
            self._go(self._state.index(said))


def _offered(offer: Offer | None) -> Text:
    if offer is None:
        return Text("", "")
    from inspect_tui.tui.screens.carry_over import offer_text

    return offer_text(offer, "9")


def _is_frozen(walk: Walk) -> bool:
    return bool(walk.row.values["state"] == "submitted")
