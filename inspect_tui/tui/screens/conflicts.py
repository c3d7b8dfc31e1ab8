"""Conflicts 冲突: what two laptops said differently, what does not count, and how conflicts were settled.

Three lists, one detail. On a wide screen base and values stand side by side, on a narrow one under each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from textual import on
from textual.containers import Horizontal

from inspect_tui.texts import Text, tr
from inspect_tui.tui import conflict_text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.conflicts import ConflictLine, ConflictView
    from inspect_tui.records.queries import PhotoLine
    from inspect_tui.records.refusals import Counts, Refusal
    from inspect_tui.records.settlements import Settlement, SettlementLine
    from inspect_tui.records.typed_cells import TypedField
    from inspect_tui.tui.desk import Desk
    from sync.replica import Conflict, Row

    Entry: TypeAlias = ConflictLine | Refusal | SettlementLine

PAGE: Final = 200
COLUMNS: Final = 4
"""Columns side by side at most: the base and three values; more values stand under each other."""
_LISTS: Final[dict[str, Text]] = {
    "conflicts": Text("冲突", "conflicts"),
    "refused": Text("未采纳", "refused"),
    "settled": Text("已解决", "settled"),
}
_EMPTY: Final[dict[str, Text]] = {
    "conflicts": Text(
        "没有冲突。合并或同步后，两台设备对同一处的不同记录列在这里，由人选定。",
        "No conflicts. What two devices recorded differently in one place appears here after a merge or sync, for a person"
        " to settle.",
    ),
    "refused": Text(
        "没有未采纳的变更。证书不允许的变更留在日志中，连同原因列在这里，可重新提交。",
        "No refused changes. What a certificate did not permit stays in the log and appears here with the reason, to be"
        " offered again.",
    ),
    "settled": Text(
        "还没有解决过冲突。解决的办法和理由会列在这里，需要时可重新解决。",
        "No conflict was settled yet. How and why appears here, and can be settled differently.",
    ),
}


@dataclass(frozen=True)
class _Detail:
    """What stands under the cursor, read on another thread."""

    conflict: Conflict | None = None
    row: Row | None = None
    title: str = ""
    view: ConflictView | Settlement | None = None
    refusal: Refusal | None = None
    photos: tuple[PhotoLine, ...] = ()


class ConflictsScreen(PageScreen):
    """The lists, one at a time, over the detail."""

    PLACE = "conflicts"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("conflicts")]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._list = "conflicts"
        self._counts: Counts | None = None
        self._lines: list[Entry] = []
        self._more = False
        self._names: Mapping[str, str] = {}
        self._detail = _Detail()
        self._following: str | None = None

    def body(self) -> Iterator[Widget]:
        """Which list, the list, the detail."""
        yield Phrase(Text("", ""), id="conflict-lists")
        yield ListTable(
            (Column(Text("", ""), 26, 3), Column(Text("", ""), 14, 1), Column(Text("", ""), 16, 1)),
            empty=Text("正在读取…", "Reading…"),
            id="conflict-list",
        )
        yield Prose(id="conflict-head", hang=8)
        yield Prose(id="conflict-stack", hang=12)
        with Horizontal(id="conflict-columns"):
            for at in range(COLUMNS):
                yield Prose(id=f"conflict-column-{at}", hang=6)

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self._load()

    def on_resize(self) -> None:
        """Side by side or under each other."""
        self.call_after_refresh(self._show_detail)

    # the lists

    def came(self) -> None:
        """Read again, unless somebody stands further down than the first page."""
        if self.query_one(ListTable).cursor < PAGE:
            self._load()

    def _load(self) -> None:
        self.read("conflicts", partial(self._read, self._list, 0), self._show, awaited=True)

    def _read(self, which: str, offset: int) -> tuple[Counts, list[Entry], Mapping[str, str]]:
        """Counts, a page of the list and one line more, and the names of officers; on a worker thread."""
        from inspect_tui.records import conflicts, refusals, settlements
        from inspect_tui.records.queries import known_officers

        names = {one.badge: one.name for one in known_officers(self.workspace)}
        names |= {self.workspace.config.badge: self.workspace.config.name}
        page: dict[str, Callable[..., list[Any]]] = {
            "conflicts": conflicts.conflict_lines,
            "refused": refusals.list_refused,
            "settled": settlements.list_settlements,
        }
        lines = page[which](self.workspace, limit=PAGE + 1, offset=offset)
        return refusals.counts(self.workspace), lines, names

    def _show(self, read: tuple[Counts, list[Entry], Mapping[str, str]]) -> None:
        self._counts, lines, self._names = read
        self._lines, self._more = lines[:PAGE], len(lines) > PAGE
        keep, self._following = self._following, None
        self._say_lists(keep)

    def relabel(self) -> None:
        """Say it in the language in use."""
        self._say_lists(None)
        self._show_detail()

    def _say_lists(self, keep: str | None) -> None:
        counts = self._counts
        if counts is None:
            return
        numbers = {"conflicts": counts.conflicts, "refused": counts.refused, "settled": counts.settled}
        said = [(f"{text.zh} {numbers[name]}", f"{text.en} {numbers[name]}") for name, text in _LISTS.items()]
        at = list(_LISTS).index(self._list)
        marked = [(f"▸{zh}", f"▸{en}") if index == at else (zh, en) for index, (zh, en) in enumerate(said)]
        more = Text("　（t 换列表）", "  (t: next list)")
        self.query_one("#conflict-lists", Phrase).say(
            Text("　".join(zh for zh, _ in marked) + more.zh, "  ".join(en for _, en in marked) + more.en)
        )
        self.headline(
            "" if self._list == "conflicts" else str(_LISTS[self._list]),
            tr(f"{numbers[self._list]} 条", str(numbers[self._list])),
        )
        table = self.query_one(ListTable)
        table.empty = _EMPTY[self._list]
        table.show([self._line(one) for one in self._lines], more=self._more, keep=keep)
        if not self._lines:
            self._detail = _Detail()
            self._show_detail()

    def _line(self, one: Entry) -> Line:
        from inspect_tui.records import times
        from inspect_tui.records.conflicts import ConflictLine
        from inspect_tui.records.refusals import Refusal

        if isinstance(one, ConflictLine):
            title, cell = conflict_text.titled(one.table, one.cell, one.title)
            values = tr(f"{one.values} 个取值", f"{one.values} values")
            return Line(_key(one), (title, cell, values), tones={2: "warn"})
        if isinstance(one, Refusal):
            state = (
                tr("✓ 已重新提交", "✓ offered again")
                if one.offered
                else tr("✗ ", "✗ ") + str(one.changes[0].reason)
            )
            what = f"{conflict_text.kinds_of(one)} {one.changes[0].title}"
            who = f"{one.device_name} {conflict_text.when(one.time_ms)[5:10]}"
            return Line(
                _key(one), (what, who, state), "muted" if one.offered else "", {} if one.offered else {2: "bad"}
            )
        title, cell = conflict_text.titled(one.table, one.cell, one.title)
        when = f"{times.shown(one.at)[5:]} {one.officer}"
        return Line(_key(one), (title, cell, when), "" if one.current else "muted")

    @on(ListTable.WantsMore)
    def _next_page(self) -> None:
        self.read("page", partial(self._read, self._list, len(self._lines)), self._append)

    def _append(self, read: tuple[Counts, list[Entry], Mapping[str, str]]) -> None:
        lines = read[1]
        self._lines += lines[:PAGE]
        self._more = len(lines) > PAGE
        self.query_one(ListTable).append([self._line(one) for one in lines[:PAGE]], more=self._more)

    # the detail

    @on(ListTable.Moved)
    def _moved(self, event: ListTable.Moved) -> None:
        entry = self._entry(event.key)
        if entry is not None:
            self.read("detail", partial(self._read_detail, entry), self._take_detail, self._gone, awaited=True)

    def _entry(self, key: str | None) -> Entry | None:
        return next((one for one in self._lines if _key(one) == key), None) if key else None

    def _read_detail(self, entry: Entry) -> _Detail:
        """The values, who gave them, and the photos of the item; on a worker thread."""
        from inspect_tui.records.conflicts import ConflictLine, conflict_view
        from inspect_tui.records.refusals import Refusal
        from inspect_tui.records.settlements import settlement

        if isinstance(entry, Refusal):
            return _Detail(refusal=entry)
        if isinstance(entry, ConflictLine):
            view = conflict_view(self.workspace, entry.table, entry.row, entry.cell)
            photos = self._photos(view.row, view.inspection, view.item)
            return _Detail(view.conflict, view.row, view.title, view, photos=photos)
        found = settlement(self.workspace, entry.id)
        photos = self._photos(found.subject, found.inspection, found.item)
        return _Detail(found.conflict, found.subject, entry.title, found, photos=photos)

    def _photos(self, row: Row, inspection: str | None, item: str | None) -> tuple[PhotoLine, ...]:
        from inspect_tui.records.queries import list_photos

        if row.table == "photos":
            shared = list_photos(self.workspace, inspection=row.values["inspection"], include_void=True)
            return tuple(one for one in shared if one.id == row.id)
        found = list_photos(self.workspace, finding=row.id) if row.table == "findings" else []
        if inspection and item:
            known = {one.id for one in found}
            found += [
                one for one in list_photos(self.workspace, inspection=inspection, item=item) if one.id not in known
            ]
        return tuple(found)

    def _take_detail(self, detail: _Detail) -> None:
        self._detail = detail
        self._show_detail()

    def _gone(self, _: object) -> None:
        """It was settled elsewhere meanwhile."""
        self._load()

    def _show_detail(self) -> None:
        """Side by side where there is room for all, else under each other."""
        from inspect_tui.records.settlements import Settlement

        detail = self._detail
        head, stack = self.query_one("#conflict-head", Prose), self.query_one("#conflict-stack", Prose)
        columns = self.query_one("#conflict-columns", Horizontal)
        if detail.conflict is None:
            head.show(())
            blocks = (
                conflict_text.refusal_blocks(self.workspace, detail.refusal, self._names) if detail.refusal else ()
            )
            columns.display, stack.display = False, True
            stack.show(blocks)
            return
        head.show(list(self._head(detail, detail.conflict)))
        wide = self.has_class("-wide") and len(detail.conflict.heads) < COLUMNS
        columns.display, stack.display = wide, not wide
        now = conflict_text.shown_now(detail.view) if isinstance(detail.view, Settlement) else 0
        if not wide:
            stack.show(conflict_text.stacked(self.workspace, detail.conflict, self._names, now=now))
            return
        shown = [conflict_text.base_blocks(self.workspace, detail.conflict)]
        heads, names = range(len(detail.conflict.heads)), self._names
        shown += [conflict_text.head_blocks(self.workspace, detail.conflict, at, names, now=now) for at in heads]
        for at in range(COLUMNS):
            column = self.query_one(f"#conflict-column-{at}", Prose)
            column.display = at < len(shown)
            column.show(shown[at] if at < len(shown) else ())

    def _head(self, detail: _Detail, conflict: Conflict) -> Iterator[Block]:
        from inspect_tui.records.settlements import Settlement

        yield conflict_text.subject(conflict, detail.title)
        if isinstance(detail.view, Settlement):
            yield from conflict_text.settlement_blocks(self.workspace, detail.view)
        yield from conflict_text.hints(conflict)
        if detail.photos:
            count = len(detail.photos)
            yield Block(tr(f"{count} 张，按 p 查看", f"{count}; p shows them"), tr("照片", "Photos"))

    # keys

    def action_list(self) -> None:
        """The next list."""
        names = list(_LISTS)
        self._list = names[(names.index(self._list) + 1) % len(names)]
        self._lines, self._more, self._detail = [], False, _Detail()
        self._load()

    def action_next(self) -> None:
        """The next line, after the last one the first."""
        table = self.query_one(ListTable)
        before = table.cursor
        table.action_move(1)
        if table.cursor == before:
            table.action_top()

    def action_scroll_text(self, by: int) -> None:
        """Scroll what is shown."""
        for one in self.query(Prose):
            if one.display and one.id != "conflict-head":
                one.page(by)

    def action_choose(self, at: int) -> None:
        """Settle with one of the values, with a reason."""
        detail = self._detail
        if detail.conflict is None or at >= len(detail.conflict.heads):
            return
        from inspect_tui.tui.screens.settle_form import SettleForm

        head, letter = detail.conflict.heads[at], conflict_text.LETTERS[at]
        about = [
            conflict_text.subject(detail.conflict, detail.title),
            *conflict_text.choice_blocks(self.workspace, detail.conflict, head),
        ]
        title = Text(f"选 {letter}：请写理由", f"{letter} it is: say why")
        form = SettleForm(title, about, lambda reason: self._settle(detail, head.version, None, reason))
        self.app.push_screen(form, self._settled)

    def action_edit(self) -> None:
        """Settle with another value; a voiding is taken back."""
        detail = self._detail
        if detail.conflict is None or detail.row is None:
            return
        row, conflict = detail.row, detail.conflict

        def work() -> list[TypedField]:
            from inspect_tui.records.typed_cells import typed_fields

            return typed_fields(self.workspace, row, conflict)

        self.read("fields", work, partial(self._own_value, detail, row), awaited=True)

    def _own_value(self, detail: _Detail, row: Row, fields: list[TypedField]) -> None:
        from inspect_tui.tui.screens.settle_form import OwnValueForm, SettleForm

        cell = detail.conflict.cell if detail.conflict else ""
        if cell == "void":
            about = [conflict_text.subject(detail.conflict, detail.title)] if detail.conflict else []
            title = Text("撤回作废：请写理由", "Take the voiding back: say why")
            form: Any = SettleForm(title, about, lambda reason: self._settle(detail, None, None, reason))
        else:
            form = OwnValueForm(
                self.workspace, row, cell, fields, lambda value, reason: self._settle(detail, None, value, reason)
            )
        self.app.push_screen(form, self._settled)

    def _settle(self, detail: _Detail, version: str | None, value: Any, reason: str) -> None:
        """Record it, as seen; a value that came since stays in conflict."""
        from inspect_tui.records.conflicts import resolve
        from inspect_tui.records.settlements import Settlement, settle_again

        view, conflict = detail.view, detail.conflict
        if isinstance(view, Settlement):
            settle_again(
                self.workspace, view.line.id, version=version, value=value, reason=reason, basis=view.subject
            )
        elif conflict is not None:
            resolve(
                self.workspace,
                conflict.table,
                conflict.row,
                conflict.cell,
                version=version,
                value=value,
                reason=reason,
                basis=detail.row,
            )

    def _settled(self, done: bool | None) -> None:
        """On to the next line, which keeps its place when this one leaves the list."""
        if not done:
            return
        table = self.query_one(ListTable)
        at = table.cursor
        following = next((line.key for line in (*table.lines[at + 1 :], *table.lines[:at][::-1]) if line.key), None)
        # coming back from the form reads the list again; a new settlement stands on top of its list
        self._following = following if self._list == "conflicts" else ""
        again = self._list == "settled"
        tell(self.app, _AGAIN if again else _DONE)

    def action_offer(self) -> None:
        """Offer a refused changeset again."""
        refusal = self._detail.refusal
        if refusal is None:
            tell(self.app, _ONLY_REFUSED, warning=True)
            return
        from inspect_tui.records.refusals import may_offer

        if (wrong := may_offer(self.workspace, refusal)) is not None:
            tell(self.app, wrong, warning=True)
            return
        from inspect_tui.tui.screens.settle_form import OfferForm

        self.app.push_screen(OfferForm(self.workspace, refusal), self._offered)

    def _offered(self, done: bool | None) -> None:
        if done:
            tell(self.app, Text("已重新提交。", "Offered again."))

    def action_photos(self) -> None:
        """Look at the photos of the item."""
        detail = self._detail
        if not detail.photos:
            tell(self.app, Text("这里没有照片。", "There are no photos here."))
            return
        from inspect_tui.tui.screens.photo_view import PhotoViewScreen

        self.app.push_screen(PhotoViewScreen(self.desk, detail.title, detail.photos))

    @on(ListTable.Opened)
    def _open(self) -> None:
        """Open what it is about."""
        row = self._detail.row
        if row is None:
            return
        screen = self._screen_of(row)
        if screen is not None:
            self.app.push_screen(screen)
        else:
            tell(
                self.app,
                Text(f"{WARNING} 这种记录没有单独的页面。", "Records of this kind have no screen of their own."),
            )

    def _screen_of(self, row: Row) -> PageScreen | None:
        from inspect_tui.tui.screens.finding import FindingScreen
        from inspect_tui.tui.screens.site import SiteScreen
        from inspect_tui.tui.screens.walk import WalkScreen

        if row.table == "findings":
            return FindingScreen(self.desk, row.id)
        if row.table in {"sites", "same_sites"}:
            return SiteScreen(self.desk, row.id if row.table == "sites" else row.values["kept"])
        if row.values.get("finding"):
            return FindingScreen(self.desk, row.values["finding"])
        inspection = row.id if row.table == "inspections" else row.values.get("inspection")
        return WalkScreen(self.desk, inspection, row.values.get("item")) if inspection else None


_DONE: Final = Text("已解决，理由已存盘。", "Settled; the reason is on disk.")
_AGAIN: Final = Text("已重新解决；先前的也留在日志中。", "Settled differently; how it was before stays in the log.")
_ONLY_REFUSED: Final = Text(
    "重新提交只用于未采纳的变更；按 t 换到该列表。", "Only refused changes are offered again; t goes to their list."
)


def _key(one: Entry) -> str:
    from inspect_tui.records.conflicts import ConflictLine
    from inspect_tui.records.refusals import Refusal

    if isinstance(one, ConflictLine):
        return f"conflict:{one.table}:{one.row}:{one.cell}"
    return f"refused:{one.version}" if isinstance(one, Refusal) else f"settled:{one.id}"
