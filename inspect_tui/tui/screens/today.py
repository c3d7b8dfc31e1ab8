"""Today 今日: what waits, and what is wrong with the laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on

from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import SEVERITY_MARKS, TASK, WARNING
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.central import LastSync
    from inspect_tui.records.queries import FindingLine, InspectionLine, TaskLine, Today
    from inspect_tui.tui.uitext import Sentence

_EMPTY = Text(
    "没有草稿和任务，也没有到期的问题。按 n（或 F6）选择检查对象，开始一次检查；按 F3 管理对象。",
    "No drafts, no tasks and nothing overdue. Press n (or F6) to choose a site and start an inspection; F3 lists the sites.",
)
_OPENING = Text("正在打开工作区…", "Opening the workspace…")


class TodayScreen(PageScreen):
    """Tasks, drafts and overdue findings in one list, counts above it."""

    PLACE = "today"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("today")]

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._today: Today | None = None
        self._delivery: tuple[int, LastSync | None] | None = None

    def body(self) -> Iterator[Widget]:
        """Counts, then the list."""
        yield Prose(id="counters")
        yield ListTable(
            (
                Column(Text("", ""), 2),
                Column(Text("", ""), 20, 3),
                Column(Text("", ""), 16, 2),
                Column(Text("", ""), 16, 0),
            ),
            empty=_OPENING,
            id="waiting",
        )

    def on_mount(self) -> None:
        """Set the counts' height; reading follows when the screen is shown."""
        self.query_one("#counters").add_class("counters")

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self.call_after_refresh(self.action_reload)

    def action_reload(self) -> None:
        """Read again."""
        self.read("today", self._read, self._show, self._cannot_open)

    def _read(self) -> Today:
        from inspect_tui.records.queries import today

        return today(self.workspace)

    def _cannot_open(self, error: Sentence) -> None:
        table = self.query_one(ListTable)
        table.empty = Text(error.zh, error.en)
        table.show(())

    def _show(self, read: Today) -> None:
        first = self._today is None
        self._today = read
        self.relabel()
        self.read("delivery", self._read_delivery, self._show_delivery, lambda _: None)
        if first:
            self.run_worker(self._warm_up, thread=True, group="warm", exit_on_error=False)

    def came(self) -> None:
        """Read again: an exchange has brought something."""
        self.action_reload()

    def _read_delivery(self) -> tuple[int, LastSync | None] | None:
        """Inspections that are saved here only, and the last sync; None without a central store."""
        from inspect_tui.records import central, delivery

        if central.address_of(self.workspace) is None:
            return None
        return delivery.totals(self.workspace).saved, central.last_sync(self.workspace)

    def _show_delivery(self, read: tuple[int, LastSync | None] | None) -> None:
        if read != self._delivery:
            self._delivery = read
            self.relabel()

    def _delivered(self) -> Iterator[Block]:
        if self._delivery is not None:
            from inspect_tui.tui.sync_text import today_block

            yield today_block(*self._delivery)

    def _warm_up(self) -> None:
        """Load what the first recording needs, so that no key has to wait for it."""
        workspace = self.workspace
        _ = workspace.catalogue.checklists, workspace.device
        if not workspace.access.is_locked():
            _ = workspace.identity.key

    def relabel(self) -> None:
        """Say it in the language in use."""
        read = self._today
        if read is None:
            return
        officer = self.workspace.officer
        area = self.workspace.catalogue.areas.get(self.workspace.config.area)
        place = tr(area.name.zh, area.name.en) if area else self.workspace.config.area
        self.headline(place, f"{officer.name} {officer.badge}")
        self.query_one(Prose).show([*self._counts(read), *self._delivered(), *self._advice()])
        table = self.query_one(ListTable)
        table.empty = _EMPTY
        overdue = self._findings(Text("超期问题", "Overdue findings"), read.overdue, read.overdue_count)
        due_soon = self._findings(Text("七日内到期", "Due in 7 days"), read.due_soon, read.due_soon_count)
        table.show([*self._tasks(read), *self._drafts(read), *overdue, *due_soon])

    @staticmethod
    def _counts(read: Today) -> list[Block]:
        counts = (
            tr(f"任务 {_count(read)}", f"tasks {_count(read)}"),
            tr(f"草稿 {len(read.drafts)}", f"drafts {len(read.drafts)}"),
            tr(f"超期问题 {read.overdue_count}", f"overdue {read.overdue_count}"),
            tr(f"七日内到期 {read.due_soon_count}", f"due in 7 d {read.due_soon_count}"),
            tr(f"今日已提交 {read.submitted_today}", f"submitted {read.submitted_today}"),
            tr(f"未同步 {read.unsynced}", f"not synced {read.unsynced}"),
        )
        blocks = [Block(" · ".join(counts), tone="strong")]
        if read.conflicts:
            blocks.append(
                Block(
                    tr(f"{WARNING} {read.conflicts} 处冲突待解决", f"{WARNING} {read.conflicts} conflicts"),
                    tone="warn",
                )
            )
        if read.missing_photos:
            blocks.append(
                Block(
                    tr(
                        f"{WARNING} {read.missing_photos} 张照片的原件不在本机",
                        f"{WARNING} the originals of {read.missing_photos} photos are not here",
                    ),
                    tone="warn",
                )
            )
        blocks += [Block(f"{WARNING} {tr(one.zh, one.en)}", tone="warn") for one in read.warnings]
        return blocks

    def _advice(self) -> Iterator[Block]:
        if not self.desk.has_pin():
            advice = tr(
                "本机没有 PIN，别人可以冒名签署；按 Ctrl+L 设置。",
                "No PIN: others can sign as you. Ctrl+L sets one.",
            )
            yield Block(advice, tone="muted")

    def _tasks(self, read: Today) -> Iterator[Line]:
        if read.tasks:
            late = sum(bool(one.overdue_days) for one in read.tasks)
            count = tr(f"，超期 {late}", f", {late} overdue") if late else ""
            yield Line(None, (tr("── 我的任务", "── My tasks") + f" {_count(read)}{count}",), "heading")
        for one in read.tasks:
            yield _task(one, self.workspace.officer.badge)

    @staticmethod
    def _drafts(read: Today) -> Iterator[Line]:
        if read.drafts:
            yield Line(None, (tr("── 未提交的检查", "── Inspections not submitted"),), "heading")
        for one in read.drafts:
            yield _inspection(one)

    @staticmethod
    def _findings(title: Text, found: tuple[FindingLine, ...], total: int) -> Iterator[Line]:
        if found:
            yield Line(
                None,
                (tr(f"── {title.zh} {len(found)}/{total}", f"── {title.en} {len(found)} of {total}"),),
                "heading",
            )
        for one in found:
            yield _finding(one)

    def action_new(self) -> None:
        """Choose a site first."""
        self.app.run_worker(self.app.run_action("app.go('sites')"))

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        kind, _, row = event.key.partition(":")
        if kind == "finding":
            from inspect_tui.tui.screens.finding import FindingScreen

            self.app.push_screen(FindingScreen(self.desk, row))
        elif kind == "task":
            from inspect_tui.tui.screens.begin import open_task

            open_task(self, row)
        else:
            from inspect_tui.tui.screens.walk import WalkScreen

            self.app.push_screen(WalkScreen(self.desk, row))


def _count(read: Today) -> str:
    from inspect_tui.records.queries.today import TASKS

    return f"{len(read.tasks)}{'+' if len(read.tasks) >= TASKS else ''}"


def _task(one: TaskLine, own: str) -> Line:
    from inspect_tui.records.rules import badge_key

    state = tr("[检查中] ", "[begun] ") if one.state == "started" else ""
    others = "、".join(officer.name for officer in one.officers if badge_key(officer.badge) != badge_key(own))
    title = tr(one.checklist_title.zh, one.checklist_title.en)
    return Line(
        f"task:{one.id}",
        (
            WARNING if one.overdue_days or one.conflict else TASK,
            f"{state}{one.site_name or one.site}",
            tr(f"同{others} {title}", f"with {others}: {title}") if others else title,
            tr(f"超期 {one.overdue_days} 天", f"{one.overdue_days} d overdue")
            if one.overdue_days
            else tr(f"{one.due_date} 到期", f"due {one.due_date}"),
        ),
        tones={3: "bad"} if one.overdue_days else {},
    )


def _inspection(one: InspectionLine) -> Line:
    from inspect_tui.records import times
    from inspect_tui.records.model import STATES

    state = "" if one.state == "draft" else f"[{STATES[one.state]}] "
    done = tr(f"已查 {one.answered} ✗{one.failed}", f"done {one.answered} ✗{one.failed}")
    return Line(
        f"inspection:{one.id}",
        (
            WARNING if one.conflict else "▸",
            f"{state}{one.site_name}",
            f"{tr(one.checklist_title.zh, one.checklist_title.en)} {done}",
            times.shown(one.started_at),
        ),
    )


def _finding(one: FindingLine) -> Line:
    return Line(
        f"finding:{one.id}",
        (
            SEVERITY_MARKS.get(one.severity, ""),
            one.description or tr(one.item_title, one.item_title_en),
            one.site_name,
            tr(f"超期 {one.overdue_days} 天", f"{one.overdue_days} d overdue")
            if one.overdue_days
            else tr(f"{one.due_date} 到期", f"due {one.due_date}"),
        ),
        tones={3: "bad"} if one.overdue_days else {},
    )
