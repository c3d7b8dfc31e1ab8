"""Carrying over 改用新版: what another version of the checklist would change, item by item, before anything does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from inspect_tui.records.carrying_over import OUTCOMES
from inspect_tui.records.item_changes import WHATS
from inspect_tui.records.model import VERDICTS
from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import VERDICT_MARKS, WARNING
from inspect_tui.tui.reading import complain, tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.uitext import wrap
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.carrying_over import CarryOver, ItemChange, Offer
    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.marks import Tone
    from inspect_tui.tui.uitext import Sentence

_NOTHING = Text("两版的检查项完全相同。", "The items of both versions are the same.")
_NO_NEED = Text("光标所在项没有须确认的结果。", "The item under the cursor has no answer to confirm.")
_TONES: Final[dict[str, Tone]] = {"confirm": "warn", "open": "warn", "judged": "warn", "stays": "muted"}
_LEFT: Final = 24
"""Cells before the text of a line."""


def offer_text(offer: Offer, key: str) -> Text:
    """The line that says so when a draft is opened; `key` opens the preview."""
    if offer.withdrawn is not None:
        why = f"：{offer.withdrawn}" if offer.withdrawn else ""
        why_en = f": {offer.withdrawn}" if offer.withdrawn else ""
        return Text(
            f"本检查所用的检查表版本已撤回{why}。按 {key} 预览改用 {offer.version} 版。",
            f"The version of the checklist that this was begun with was withdrawn{why_en}. Press {key} to"
            f" preview {offer.version}.",
        )
    return Text(
        f"检查表有新版 {offer.version}。按 {key} 预览改用的结果。",
        f"The checklist has a newer version, {offer.version}. Press {key} to preview it.",
    )


class CarryOverScreen(PageScreen):
    """Dismissed with the version that the inspection goes on with, or None."""

    PLACE = "carry_over"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("carry_over")]

    def __init__(self, desk: Desk, inspection: str) -> None:
        super().__init__(desk)
        self._inspection = inspection
        self._seen: CarryOver | None = None
        self._confirmed: set[str] = set()

    def body(self) -> Iterator[Widget]:
        """What it comes to, then every item that is not the same."""
        yield Prose(id="detail-facts", hang=10)
        columns = (Column(Text("", ""), 1), Column(Text("", ""), _LEFT - 4), Column(Text("", ""), 20, 1))
        yield ListTable(columns, empty=_NOTHING, id="changes")

    def on_mount(self) -> None:
        """Read it once; what changes meanwhile is noticed when it is applied."""
        self.query_one(ListTable).focus()
        self._load()

    def _load(self) -> None:
        def work() -> CarryOver:
            from inspect_tui.records.carrying_over import preview

            return preview(self.workspace, self._inspection)

        self.read("carry_over", work, self._take, self._refused, awaited=True)

    def _refused(self, error: Sentence) -> None:
        complain(self.app, error)
        self.dismiss(None)

    def _take(self, seen: CarryOver) -> None:
        self._seen = seen
        self._confirmed &= set(seen.to_confirm())
        self.relabel()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(self.relabel)

    def relabel(self) -> None:
        """Say it in the language in use."""
        seen = self._seen
        if seen is None:
            return
        self.headline(seen.checklist, f"{seen.old_version} → {seen.new_version}")
        self.query_one("#detail-facts", Prose).show(list(self._facts(seen)), top=False)
        width = max(20, self.size.width - _LEFT - 2)
        lines = [line for one in seen.changed() for line in self._lines(one, width)]
        self.query_one(ListTable).show(lines)

    def _facts(self, seen: CarryOver) -> Iterator[Block]:
        changed = seen.changed()
        same = len(seen.items) - len(changed)
        gap = tr("　", "  ")
        counts = gap.join(
            f"{WHATS[what]} {count}"
            for what in ("text", "limit", "new", "gone")
            if (count := sum(one.what == what for one in changed))
        )
        yield Block(f"{counts or '—'}{gap}{WHATS['same']} {same}", tr("检查项", "Items"))
        waiting = len(seen.to_confirm()) - len(self._confirmed)
        if waiting:
            yield Block(
                tr(
                    f"{waiting} 项只改了文字：按 1 确认结果仍成立，不确认的改回未检查。",
                    f"{waiting} to confirm, where only words changed: press 1 if the answer stands, else it is asked again.",
                ),
                WARNING,
                "warn",
            )
        yield Block(
            tr(
                "原记录都保留在日志中；提交过的检查不受影响。",
                "Everything recorded stays in the log; submitted inspections are untouched.",
            ),
            tone="muted",
        )

    def _lines(self, one: ItemChange, width: int) -> Iterator[Line]:
        confirmed = one.item in self._confirmed
        sign = "✓" if confirmed else WARNING if one.outcome == "confirm" else ""
        outcome = tr("结果经确认保留", "answer kept, confirmed") if confirmed else str(OUTCOMES[one.outcome])
        verdict = f"{VERDICT_MARKS[one.verdict]} {VERDICTS[one.verdict]}  " if one.verdict in VERDICTS else ""
        texts = [f"{verdict}{outcome}" if one.outcome != "none" else "", tr(*one.question)]
        colon = tr("：", ": ")
        texts += [f"{change.field}{colon}{tr(*change.old)} → {tr(*change.new)}" for change in one.changes]
        gone = tr("不再测量，原值保留在日志中", "not measured any more, kept in the log")
        texts += [f"{gone}{colon}{value}" for value in one.dropped]
        rows = [part for text in texts if text for part in wrap(text, width)]
        tone: Tone = "" if confirmed else _TONES.get(one.outcome, "")
        for index, text in enumerate(rows):
            if index == 0:
                yield Line(one.item, (sign, f"{one.item} {WHATS[one.what]}", text), tones={0: tone, 2: tone})
            else:
                yield Line(None, ("", "", text))

    @on(ListTable.Opened)
    def _opened(self) -> None:
        self.action_confirm()

    def action_confirm(self) -> None:
        """The answer of the item under the cursor stays, or not."""
        item = self.query_one(ListTable).key
        if self._seen is None or item not in self._seen.to_confirm():
            tell(self.app, _NO_NEED)
            return
        self._confirmed ^= {item}
        self.relabel()

    def action_confirm_all(self) -> None:
        """All of them stay."""
        if self._seen is not None:
            self._confirmed = set(self._seen.to_confirm())
            self.relabel()

    def action_apply(self) -> None:
        """Ask why, and do it."""
        seen = self._seen
        if seen is None:
            return
        from inspect_tui.records.carrying_over import carry_over
        from inspect_tui.tui.screens.text_form import TextForm

        confirmed = frozenset(self._confirmed)
        self.app.push_screen(
            TextForm(
                Text(f"改用 {seen.new_version} 版", f"Go on with version {seen.new_version}"),
                Text("理由", "Reason"),
                "",
                lambda reason: carry_over(self.workspace, self._inspection, reason, confirmed=confirmed, seen=seen),
            ),
            self._applied,
        )

    def _applied(self, done: bool | None) -> None:
        if done and self._seen is not None:
            version = self._seen.new_version
            tell(self.app, Text(f"已改用 {version} 版，已存盘。", f"Goes on with version {version}, on disk."))
            self.dismiss(version)
