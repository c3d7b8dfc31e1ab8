"""The history of a site 对象历史: what is known, what was found, when it was visited."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on

from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import SEVERITY_MARKS, TASK, WARNING, Tone
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import FindingLine, InspectionLine, SiteDetail, TaskLine
    from inspect_tui.tui.desk import Desk

_EMPTY = Text(
    "还没有检查过。按 1（或 i、F6）开始检查。", "Never inspected. Press 1 (or i, F6) to start an inspection."
)


class SiteScreen(PageScreen):
    """Facts above, inspections and findings below."""

    PLACE = "site"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("site")]

    def __init__(self, desk: Desk, site: str) -> None:
        super().__init__(desk)
        self._site = site
        self._detail: SiteDetail | None = None

    def body(self) -> Iterator[Widget]:
        """Facts, then the list."""
        yield Prose(id="site-facts", hang=10)
        yield ListTable(
            (
                Column(Text("", ""), 2),
                Column(Text("日期", "Date"), 16),
                Column(Text("内容", "What"), 20, 1),
                Column(Text("状态", "State"), 20),
            ),
            empty=_EMPTY,
            id="history",
        )

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self.came()

    def came(self) -> None:
        """Read again."""
        self.read("site", self._read, self._show, awaited=True)

    def _read(self) -> SiteDetail:
        from inspect_tui.records.queries import site_detail

        return site_detail(self.workspace, self._site)

    def _show(self, detail: SiteDetail) -> None:
        self._detail = detail
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        detail = self._detail
        if detail is None:
            return
        line = detail.line
        self.headline(line.name, f"{line.kind_title} · {line.area_name}")
        self.query_one(Prose).show(list(self._facts(detail)))
        self.query_one(ListTable).show([*self._tasks(detail), *self._inspections(detail), *self._findings(detail)])

    def _facts(self, detail: SiteDetail) -> Iterator[Block]:
        from inspect_tui.records import times
        from inspect_tui.records.model import RISK_CLASSES

        line, values = detail.line, detail.row.values
        datum = values["datum"] or ""
        place = f"{line.longitude}, {line.latitude}{tr(f'（{datum}）', f' ({datum})')}" if line.longitude else ""
        kind = self.workspace.catalogue.kinds.get(line.kind)
        known: list[str] = []
        for name, value in detail.attributes.items():
            attribute = kind.attribute(name) if kind else None
            titles = {one.id: one.title for one in attribute.values} if attribute else {}
            title = tr(attribute.title.zh, attribute.title.en) if attribute else name
            known.append(f"{title}={tr(titles[value].zh, titles[value].en) if value in titles else value}")
        day = times.shown(line.last_inspected)[:10]
        last = tr(f"最近检查 {day}", f"last inspected {day}") if day else tr("从未检查", "never inspected")
        risk = RISK_CLASSES.get(line.risk_class)
        graded = tr(f"{risk.zh}风险", f"{risk.en} risk") if risk else tr("风险未分级", "risk not graded")
        for zh, en, text in (
            ("等级", "Risk", f"{graded} · {last}"),
            ("地址", "Address", line.address),
            ("信用代码", "Code", line.uscc),
            ("责任单位", "Party", detail.responsible_party),
            ("电话", "Phone", detail.contact_phone or ""),
            ("位置", "Position", place or tr("未知", "not known")),
            ("属性", "Attributes", tr("；", "; ").join(known)),
        ):
            if text:
                yield Block(text, tr(zh, en))
        yield from _same(detail)
        if line.void:
            yield Block(tr("本对象已作废", "This site is void"), tone="bad")
        if line.conflict:
            yield Block(tr(f"{WARNING} 有冲突未解决", f"{WARNING} has conflicts"), tone="warn")

    @staticmethod
    def _tasks(detail: SiteDetail) -> Iterator[Line]:
        if detail.tasks:
            yield Line(None, (tr("── 任务", "── Tasks"),), "heading")
        for one in detail.tasks:
            yield _task(one)

    @staticmethod
    def _inspections(detail: SiteDetail) -> Iterator[Line]:
        if detail.inspections:
            yield Line(None, (tr("── 检查", "── Inspections"),), "heading")
        for one in detail.inspections:
            yield _visit(one, "" if one.site == detail.row.id else one.site_name)

    @staticmethod
    def _findings(detail: SiteDetail) -> Iterator[Line]:
        if detail.findings:
            yield Line(None, (tr("── 问题", "── Findings"),), "heading")
        for one in detail.findings:
            yield _problem(one, "" if one.site == detail.row.id else one.site_name)

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        kind, _, row = event.key.partition(":")
        if kind == "finding":
            from inspect_tui.tui.screens.finding import FindingScreen

            self.app.push_screen(FindingScreen(self.desk, row))
            return
        if kind == "task":
            from inspect_tui.tui.screens.begin import open_task

            open_task(self, row)
            return
        self._walk(row)

    def _walk(self, inspection: str | None) -> None:
        if inspection is None:
            return
        from inspect_tui.tui.screens.walk import WalkScreen

        self.app.push_screen(WalkScreen(self.desk, inspection))

    def action_inspect(self) -> None:
        """Start an inspection here."""
        if self._detail is not None:
            from inspect_tui.tui.screens.begin import BeginForm

            self.app.push_screen(BeginForm(self.workspace, self._detail), self._walk)

    def action_same(self) -> None:
        """Join it with another row of the same site."""
        if self._detail is not None:
            from inspect_tui.tui.screens.same_site_form import SameSiteForm

            self.read("others", partial(SameSiteForm.made, self.workspace, self._detail), self.app.push_screen)

    def action_part(self) -> None:
        """Take back that it is one with another row."""
        if self._detail is None:
            return
        from inspect_tui.tui.screens.same_site_form import NOT_JOINED, PartSiteForm

        if not self._detail.joinings:
            tell(self.app, NOT_JOINED, warning=True)
            return
        self.app.push_screen(PartSiteForm(self.workspace, self._detail))

    def action_edit(self) -> None:
        """Change what is known."""
        if self._detail is not None:
            from inspect_tui.tui.screens.site_form import SiteForm

            self.app.push_screen(SiteForm(self.workspace, self._detail))


def _task(one: TaskLine) -> Line:
    from inspect_tui.records.model import TASK_STATES

    people = "、".join(officer.name for officer in one.officers)
    late = tr(f" 超期{one.overdue_days}天", f" {one.overdue_days} d late") if one.overdue_days else ""
    return Line(
        f"task:{one.id}",
        (
            WARNING if one.overdue_days or one.conflict else TASK,
            tr(f"{one.due_date} 前", f"by {one.due_date}"),
            f"{tr(one.checklist_title.zh, one.checklist_title.en)} {people}",
            f"{TASK_STATES[one.state]}{late}",
        ),
        tones={3: "bad"} if one.overdue_days else {},
    )


def _same(detail: SiteDetail) -> Iterator[Block]:
    """Which rows are one with this, and who said so."""
    from inspect_tui.records import times

    if detail.kept is not None:
        yield Block(detail.kept.name, tr("归并到", "Joined to"), "warn")
    names = {each.id: each.name for each in detail.same}
    for each in detail.joinings:
        mark = tr(f"{WARNING} 有冲突 ", f"{WARNING} in conflict ") if each.conflict else ""
        said = f"{mark}{names[each.joined]} → {names[each.kept]}"
        yield Block(f"{each.reason} · {said} · {times.shown(each.at)} {each.by}", tr("= 归并", "= Same"))


def _elsewhere(site_name: str) -> str:
    """The mark of what was recorded under another row of this site."""
    return f"〔{site_name}〕" if site_name else ""


def _visit(one: InspectionLine, site_name: str) -> Line:
    from inspect_tui.records import times
    from inspect_tui.records.model import STATES

    state = tr("作废", "void") if one.void else str(STATES.get(one.state, one.state))
    people = "、".join(officer.name for officer in one.officers)
    return Line(
        f"inspection:{one.id}",
        (
            WARNING if one.conflict else "▸",
            times.shown(one.started_at),
            f"{_elsewhere(site_name)}{tr(one.checklist_title.zh, one.checklist_title.en)} {people}",
            f"{state} ✗{one.failed}/{one.answered}",
        ),
        "muted" if one.void else "",
    )


def _problem(one: FindingLine, site_name: str) -> Line:
    from inspect_tui.records import times
    from inspect_tui.records.model import STATUSES

    tone: Tone = "bad" if one.overdue_days else ""
    late = tr(f" 超期{one.overdue_days}天", f" {one.overdue_days} d late") if one.overdue_days else ""
    return Line(
        f"finding:{one.id}",
        (
            SEVERITY_MARKS.get(one.severity, ""),
            times.shown(one.found_at),
            _elsewhere(site_name) + (one.description or tr(one.item_title, one.item_title_en)),
            f"{STATUSES.get(one.status, one.status)}{late}",
        ),
        tones={3: tone},
    )
