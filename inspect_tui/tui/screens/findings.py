"""Findings 问题: any number of rows; the first page is there at once, the count follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from inspect_tui.records.model import SEVERITIES, STATUSES
from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import SEVERITY_MARKS, SEVERITY_TONES, WARNING
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.search_row import SearchRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import FindingDetail, FindingFilter, FindingLine, FindingPage
    from inspect_tui.records.queries.findings import Sort
    from inspect_tui.tui.desk import Desk

PAGE: Final = 200
SORTS: Final[dict[Sort, Text]] = {
    "newest": Text("最新在前", "newest first"),
    "oldest": Text("最早在前", "oldest first"),
    "due_date": Text("按期限", "by due date"),
    "severity": Text("按严重程度", "by severity"),
    "site": Text("按对象", "by site"),
    "status": Text("按状态", "by status"),
}
_NONE_YET = Text(
    "还没有问题。检查中判为不合格的项，提交后列在这里；在检查中按 7 也可写一条。",
    "No findings yet. Failed items appear here once an inspection is submitted; 7 in a walk writes one.",
)
_NONE_FOUND = Text(
    "没有符合条件的问题。按 Esc 清除搜索和筛选。", "No finding matches. Esc clears search and filter."
)
_HINT = Text("描述、检查项、对象名称、编号", "description, item, name of the site, id")


class FindingsScreen(PageScreen):
    """A search line and a virtual table over pages of findings."""

    PLACE = "findings"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("findings")]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._filter: FindingFilter | None = None
        self._sort: Sort = "newest"
        self._lines: list[FindingLine] = []
        self._next: tuple[object, str] | None = None
        self._count: int | None = None

    def body(self) -> Iterator[Widget]:
        """Search, what is filtered, table."""
        yield SearchRow(_HINT)
        yield Phrase(Text("", ""), id="filter-line")
        yield ListTable(
            (
                Column(Text("", ""), 2),
                Column(Text("状态", "State"), 12),
                Column(Text("期限", "Due"), 10),
                Column(Text("对象", "Site"), 12, 2),
                Column(Text("检查项", "Item"), 7),
                Column(Text("描述", "Description"), 14, 3),
            ),
            empty=Text("正在读取…", "Reading…"),
            id="findings",
        )

    @property
    def where(self) -> FindingFilter:
        """What is shown, with the words searched for."""
        from inspect_tui.records.queries import FindingFilter

        return replace(self._filter or FindingFilter(), words=self.query_one(SearchRow).words)

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self._load()

    def came(self) -> None:
        """Read again, unless somebody stands further down than the first page."""
        if self.query_one(ListTable).cursor < PAGE:
            self._load()

    def _load(self, _: object = None) -> None:
        where, sort = self.where, self._sort

        def page() -> FindingPage:
            from inspect_tui.records.queries import list_findings

            return list_findings(self.workspace, where, sort=sort, limit=PAGE)

        def count() -> int:
            from inspect_tui.records.queries import count_findings

            return count_findings(self.workspace, where)

        self._count = None
        self.read("findings", page, self._show)
        self.read("count", count, self._counted)

    def _show(self, page: FindingPage) -> None:
        self._lines, self._next = list(page.lines), page.next
        self.relabel()

    def _counted(self, count: int) -> None:
        self._count = count
        self._headline()

    def _headline(self) -> None:
        count = "…" if self._count is None else f"{self._count:,}"
        self.headline(str(SORTS[self._sort]), tr(f"共 {count} 条", f"{count} finding{'s' * (count != '1')}"))

    def relabel(self) -> None:
        """Say it in the language in use."""
        from inspect_tui.records.queries import FindingFilter

        table = self.query_one(ListTable)
        table.empty = _NONE_YET if self.where == FindingFilter() else _NONE_FOUND
        table.show([_line(one) for one in self._lines], more=self._next is not None)
        self.query_one("#filter-line", Phrase).say(self._filtered())
        self._headline()

    def _filtered(self) -> Text:
        where = self._filter
        if where is None:
            return Text("全部", "all")
        parts = [STATUSES[one] for one in where.statuses if one in STATUSES]
        if where.severity:
            parts.append(SEVERITIES[where.severity])
        if where.area and (area := self.workspace.catalogue.areas.get(where.area)):
            parts.append(Text(area.name.zh, area.name.en))
        if where.overdue:
            parts.append(Text("已超期", "overdue"))
        if where.conflict:
            parts.append(Text("有冲突", "in conflict"))
        if not where.include_void:
            parts.append(Text("不含作废", "without void"))
        return Text("、".join(one.zh for one in parts) or "全部", ", ".join(one.en for one in parts) or "all")

    @on(SearchRow.Searched)
    def _search(self) -> None:
        self._load()

    @on(SearchRow.Left)
    def _to_list(self) -> None:
        self.query_one(ListTable).focus()

    @on(ListTable.WantsMore)
    def _next_page(self) -> None:
        where, sort, after = self.where, self._sort, self._next

        def work() -> FindingPage:
            from inspect_tui.records.queries import list_findings

            return list_findings(self.workspace, where, sort=sort, after=after, limit=PAGE)

        self.read("findings", work, self._append)

    def _append(self, page: FindingPage) -> None:
        self._lines += page.lines
        self._next = page.next
        self.query_one(ListTable).append([_line(one) for one in page.lines], more=page.next is not None)

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        from inspect_tui.tui.screens.finding import FindingScreen

        self.app.push_screen(FindingScreen(self.desk, event.key))

    def action_search(self) -> None:
        """Type into the search line."""
        self.query_one(SearchRow).begin()

    def action_back(self) -> None:
        """Search and filter for nothing."""
        self._filter = None
        self.query_one(SearchRow).clear()
        self._load()

    def action_sort(self) -> None:
        """The next order."""
        names = list(SORTS)
        self._sort = names[(names.index(self._sort) + 1) % len(names)]
        self._load()

    def action_filter(self) -> None:
        """Choose what to show."""
        from inspect_tui.records.queries import FindingFilter
        from inspect_tui.tui.screens.finding_filter import FindingFilterForm

        form = FindingFilterForm(self.workspace.catalogue, self._filter or FindingFilter())
        self.app.push_screen(form, self._take_filter)

    def _take_filter(self, chosen: FindingFilter | None) -> None:
        if chosen is not None:
            self._filter = chosen
            self._load()

    def _detail(self, then: str) -> None:
        """Read the finding under the cursor, then open a form on it."""
        key = self.query_one(ListTable).key
        if key is None:
            return

        def work() -> FindingDetail:
            from inspect_tui.records.queries import finding_detail

            return finding_detail(self.workspace, key)

        self.read("detail", work, self._edit if then == "edit" else self._follow, awaited=True)

    def _edit(self, detail: FindingDetail) -> None:
        from inspect_tui.tui.screens.finding_form import FROZEN, FindingForm

        if FindingForm.is_frozen(self.workspace, detail):
            tell(self.app, FROZEN, warning=True)
            return
        self.app.push_screen(FindingForm.change(self.workspace, detail), self._load)

    def _follow(self, detail: FindingDetail) -> None:
        from inspect_tui.tui.screens.follow_up import FollowUpForm

        self.app.push_screen(FollowUpForm(self.workspace, detail), self._load)

    def action_edit(self) -> None:
        """Change the finding under the cursor."""
        self._detail("edit")

    def action_follow_up(self) -> None:
        """Record what happened to the finding under the cursor."""
        self._detail("follow_up")

    def action_csv(self) -> None:
        """Write what is shown as CSV."""
        from inspect_tui.tui.screens.csv_form import CsvForm

        self.app.push_screen(CsvForm(), self._export)

    def _export(self, path: Path | None) -> None:
        if path is None:
            return
        from inspect_tui.records.queries import FindingFilter

        where = self.where

        def work() -> int:
            from inspect_tui.exports.findings_csv import export_findings
            from inspect_tui.texts import language

            ids = None if where == FindingFilter() else self._ids(where)
            return export_findings(self.workspace, path, headers=language(), ids=ids)

        def done(count: int) -> None:
            tell(self.app, Text(f"已导出 {count} 条到 {path}", f"{count} findings written to {path}"))

        tell(self.app, Text("正在导出…", "Writing…"))
        self.read("csv", work, done)

    def _ids(self, where: FindingFilter) -> Iterator[str]:
        """Ids of everything that the filter lets through, page by page; on a worker thread."""
        from inspect_tui.records.queries import list_findings

        after: tuple[object, str] | None = None
        while True:
            page = list_findings(self.workspace, where, sort="oldest", after=after, limit=1000)
            yield from (line.id for line in page.lines)
            after = page.next
            if after is None:
                return


def _line(one: FindingLine) -> Line:
    status = str(STATUSES[one.status]) if one.status in STATUSES else one.status
    late = tr(f"超{one.overdue_days}天", f"{one.overdue_days}d late") if one.overdue_days else one.due_date or "—"
    return Line(
        one.id,
        (
            WARNING if one.conflict else SEVERITY_MARKS.get(one.severity, ""),
            status,
            late,
            one.site_name,
            one.item,
            one.description or tr(one.item_title, one.item_title_en),
        ),
        "muted" if one.status in {"closed", "void"} else "",
        {0: SEVERITY_TONES.get(one.severity, ""), 2: "bad" if one.overdue_days else ""},
    )
