"""Sites 对象: any of them found by typing a few characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.search_row import SearchRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import SiteLine
    from inspect_tui.records.queries.sites import SiteSort
    from inspect_tui.tui.desk import Desk

PAGE: Final = 200
_SORTS: Final[dict[SiteSort, Text]] = {
    "name": Text("按名称", "by name"),
    "last": Text("最久未查在前", "longest not inspected first"),
    "risk": Text("风险高在前", "highest risk first"),
}
_NONE_YET = Text(
    "还没有检查对象。按 n（或 F6）新建；也可用命令 inspect-tui site import 导入名单。",
    "No sites yet. Press n (or F6) to record one, or import a list with inspect-tui site import.",
)
_NONE_FOUND = Text(
    "没有符合条件的对象。按 Esc 清除搜索和筛选，按 n 新建。",
    "No site matches. Esc clears search and filter, n records a new one.",
)
_HINT = Text(
    "名称、地址、信用代码、责任单位、行政区代码", "name, address, credit code, responsible party, area code"
)


class SitesScreen(PageScreen):
    """A search line over the list of sites."""

    PLACE = "sites"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sites")]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._area: str | None = None
        self._kind: str | None = None
        self._risk: str | None = None
        self._sort: SiteSort = "name"
        self._lines: list[SiteLine] = []
        self._more = False

    def body(self) -> Iterator[Widget]:
        """Search, what is filtered, list."""
        yield SearchRow(_HINT)
        yield Phrase(Text("", ""), id="filter-line")
        yield ListTable(
            (
                Column(Text("名称", "Name"), 18, 3),
                Column(Text("类型", "Kind"), 12, 1),
                Column(Text("行政区", "Area"), 8, 1),
                Column(Text("风险", "Risk"), 6),
                Column(Text("最近检查", "Last visit"), 10),
                Column(Text("待整改", "Open"), 6, right=True),
            ),
            empty=Text("正在读取…", "Reading…"),
            id="sites",
        )

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self._load()

    def came(self) -> None:
        """Read again, unless somebody stands further down than the first page."""
        if self.query_one(ListTable).cursor < PAGE:
            self._load()

    def _load(self) -> None:
        self.read("sites", self._page(0), self._show)

    def _page(self, offset: int) -> Callable[[], list[SiteLine]]:
        """What reads a page, and one line more to see whether there is more."""
        words, area, kind, risk, sort = (
            self.query_one(SearchRow).words,
            self._area,
            self._kind,
            self._risk,
            self._sort,
        )

        def work() -> list[SiteLine]:
            from inspect_tui.records.queries import list_sites

            return list_sites(
                self.workspace,
                words=words,
                area=area,
                kind=kind,
                risk=risk,
                sort=sort,
                limit=PAGE + 1,
                offset=offset,
            )

        return work

    def _show(self, lines: list[SiteLine]) -> None:
        self._lines, self._more = lines[:PAGE], len(lines) > PAGE
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        searched = bool(self.query_one(SearchRow).words or self._area or self._kind or self._risk)
        table = self.query_one(ListTable)
        table.empty = _NONE_FOUND if searched else _NONE_YET
        table.show([self._line(one) for one in self._lines], more=self._more)
        count = f"{len(self._lines)}{'+' if self._more else ''}"
        order = _SORTS[self._sort]
        self.headline("", tr(f"{count} 个，{order.zh}", f"{count} sites, {order.en}"))
        self.query_one("#filter-line", Phrase).say(self._filtered())

    def _filtered(self) -> Text:
        from inspect_tui.records.model import RISK_CLASSES

        zh, en = [], []
        catalogue = self.workspace.catalogue
        if self._area and (area := catalogue.areas.get(self._area)):
            zh.append(f"行政区：{area.name.zh}")
            en.append(f"area: {area.name.en}")
        if self._kind and (kind := catalogue.kinds.get(self._kind)):
            zh.append(f"类型：{kind.title.zh}")
            en.append(f"kind: {kind.title.en}")
        if self._risk:
            risk = RISK_CLASSES.get(self._risk, Text("未分级", "not graded"))
            zh.append(f"风险：{risk.zh}")
            en.append(f"risk: {risk.en}")
        return Text("　".join(zh) or "全部行政区和类型", "  ".join(en) or "all areas and kinds")

    @staticmethod
    def _line(one: SiteLine) -> Line:
        from inspect_tui.records import times
        from inspect_tui.records.model import RISK_CLASSES

        return Line(
            one.id,
            (
                f"{WARNING + ' ' if one.conflict else ''}{one.title}",
                str(one.kind_title),
                str(one.area_name),
                str(RISK_CLASSES.get(one.risk_class, "")),
                times.shown(one.last_inspected)[:10] or tr("未查过", "never"),
                str(one.open_findings or ""),
            ),
            tones={5: "warn"},
        )

    @on(SearchRow.Searched)
    def _search(self) -> None:
        self._load()

    @on(SearchRow.Left)
    def _to_list(self) -> None:
        self.query_one(ListTable).focus()

    @on(ListTable.WantsMore)
    def _next_page(self) -> None:
        self.read("sites", self._page(len(self._lines)), self._append)

    def _append(self, lines: list[SiteLine]) -> None:
        self._lines += lines[:PAGE]
        self._more = len(lines) > PAGE
        self.query_one(ListTable).append([self._line(one) for one in lines[:PAGE]], more=self._more)

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        self._open_site(event.key)

    def _open_site(self, site: str | None) -> None:
        if site is not None:
            from inspect_tui.tui.screens.site import SiteScreen

            self.app.push_screen(SiteScreen(self.desk, site))

    def action_search(self) -> None:
        """Type into the search line."""
        self.query_one(SearchRow).begin()

    def action_back(self) -> None:
        """Search and filter for nothing."""
        self._area = self._kind = self._risk = None
        self.query_one(SearchRow).clear()
        self._load()

    def action_filter(self) -> None:
        """Choose area, kind and risk class."""
        from inspect_tui.tui.screens.site_filter import SiteFilter

        form = SiteFilter(self.workspace.catalogue, self._area, self._kind, self._risk)
        self.app.push_screen(form, self._take_filter)

    def _take_filter(self, chosen: tuple[str | None, str | None, str | None] | None) -> None:
        if chosen is not None:
            self._area, self._kind, self._risk = chosen
            self._load()

    def action_sort(self) -> None:
        """By name, by the last inspection, by risk, and by name again."""
        orders = list(_SORTS)
        self._sort = orders[(orders.index(self._sort) + 1) % len(orders)]
        self._load()

    def action_new(self) -> None:
        """Record a new site."""
        from inspect_tui.tui.screens.site_form import SiteForm

        self.app.push_screen(SiteForm(self.workspace, name=self.query_one(SearchRow).words), self._open_site)
