"""Starting an inspection: which checklist, which items, with whom, and what is true today."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical

from inspect_tui.records.model import Officer
from inspect_tui.records.rules import badge_key
from inspect_tui.texts import Text
from inspect_tui.tui.reading import complain
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import attribute_options
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.fields import ChoiceField, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import SiteDetail, TaskLine
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.screens.page import PageScreen

_SETS = [
    ("full", Text("全部检查项", "all items")),
    ("standard", Text("标准（严重和较重）", "standard (critical and major)")),
]

_UNKNOWN = Text(
    "本机没有任务所用的检查表 {checklist}；请先同步或导入。",
    "The task's checklist {checklist} is not on this laptop; sync or import it first.",
)


class BeginForm(FormScreen[str]):
    """Dismissed with the row id of the inspection."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "partner", "同行", show=False)]

    def __init__(self, workspace: Workspace, site: SiteDetail, task: TaskLine | None = None) -> None:
        super().__init__(
            Text(f"开始检查：{plain(site.line.name)}", f"Start an inspection: {plain(site.line.name)}")
        )
        self._workspace = workspace
        self._site = site
        self._errand = task
        own = badge_key(workspace.officer.badge)
        self._asked = [one for one in task.officers if badge_key(one.badge) != own] if task else []
        self._partners = self._known()
        self._at = 0

    def _known(self) -> list[Officer]:
        """Those met before: whom the task names first, then the partner of the latest inspection."""
        from inspect_tui.records.queries import known_officers, list_inspections

        own = self._workspace.config.badge
        latest = [officer for line in list_inspections(self._workspace, limit=1) for officer in line.officers]
        people: dict[str, Officer] = {}
        for officer in [*self._asked, *latest, *known_officers(self._workspace)]:
            people.setdefault(officer.badge, officer)
        return [officer for badge, officer in people.items() if badge != own]

    def fields(self) -> Iterator[Widget]:
        """Checklist first: Enter through the rest."""
        catalogue = self._workspace.catalogue_for(self._site.line.area)
        fitting = catalogue.checklists_for(self._site.line.kind)
        others = [one for one in catalogue.checklists.values() if one not in fitting]
        options = [(one.id, Text(one.title.zh, one.title.en)) for one in (*fitting, *others)]
        partner = self._partners[0] if self._partners else Officer("", "")
        own = self._workspace.officer
        task = self._errand
        if task is not None:
            yield Phrase(
                Text(
                    f"任务：{task.due_date} 前完成" + (f"；{plain(task.note)}" if task.note else ""),
                    f"Task: by {task.due_date}" + (f"; {plain(task.note)}" if task.note else ""),
                ),
                classes="hint",
            )
        yield ChoiceField("checklist", Text("检查表", "Checklist"), options, task.checklist if task else "")
        yield ChoiceField("item_set", Text("范围", "Items"), _SETS)
        yield TextField(
            "partner_name",
            Text("同行人员", "With"),
            partner.name,
            hint=Text("至少两名执法人员，可稍后填", "two officers at least; may follow later"),
        )
        yield TextField("partner_badge", Text("执法证号", "Badge number"), partner.badge)
        yield Phrase(
            Text(
                f"本人：{plain(own.name)} {plain(own.badge)}"
                + ("　F2 换同行人员" if len(self._partners) > 1 else ""),
                f"You: {plain(own.name)} {plain(own.badge)}"
                + ("  F2 another partner" if len(self._partners) > 1 else ""),
            ),
            classes="hint",
        )
        if self._asked[1:]:
            further = "、".join(f"{plain(one.name)} {plain(one.badge)}" for one in self._asked[1:])
            yield Phrase(Text(f"任务另派：{further}", f"The task also names: {further}"), classes="hint")
        with Vertical(id="visit"):
            yield from self._visit()

    def _visit(self) -> Iterator[Widget]:
        kind = self._workspace.catalogue.kinds.get(self._site.line.kind)
        for attribute in kind.attributes if kind else ():
            if attribute.scope == "visit" and attribute.values:
                yield ChoiceField(
                    f"visit-{attribute.id}",
                    Text(attribute.title.zh, attribute.title.en),
                    attribute_options(attribute),
                )

    def action_partner(self) -> None:
        """Offer the next person met before."""
        if self._partners:
            self._at = (self._at + 1) % len(self._partners)
            chosen = self._partners[self._at]
            self.query_one("#field-partner_name", TextField).value = chosen.name
            self.query_one("#field-partner_badge", TextField).value = chosen.badge

    def save(self) -> str:
        """Start it; the checklist is frozen with it."""
        from inspect_tui.records.inspections import start

        partner = Officer(self.value("partner_name").strip(), self.value("partner_badge").strip())
        officers = [self._workspace.officer]
        if partner.name or partner.badge:
            officers.append(partner)
        taken = {badge_key(one.badge) for one in officers}
        officers += [one for one in self._asked[1:] if badge_key(one.badge) not in taken]
        checklist = self.value("checklist")
        return start(
            self._workspace,
            self._site.line.id,
            checklist,
            # A visit with another checklist does not do what the task asks for.
            task=self._errand.id if self._errand and self._errand.checklist == checklist else None,
            officers=officers,
            item_set="standard" if self.value("item_set") == "standard" else "full",
            attributes={
                one.field.removeprefix("visit-"): one.value
                for one in self._all_fields()
                if one.field.startswith("visit-") and one.value
            },
        )


def open_task(screen: PageScreen, task_id: str) -> None:
    """Open what a task led to, or start its inspection with site, checklist and officers as it names them."""

    def read() -> tuple[TaskLine, SiteDetail]:
        from inspect_tui.records.queries import site_detail, task_detail

        task = task_detail(screen.workspace, task_id)
        return task, site_detail(screen.workspace, task.site)

    def walk(inspection: str | None) -> None:
        if inspection is not None:
            from inspect_tui.tui.screens.walk import WalkScreen

            screen.app.push_screen(WalkScreen(screen.desk, inspection))

    def go_on(found: tuple[TaskLine, SiteDetail]) -> None:
        task, site = found
        if task.inspection is not None:
            walk(task.inspection)
        elif task.checklist not in screen.workspace.catalogue_for(site.line.area).checklists:
            complain(screen.app, _UNKNOWN.format(checklist=task.checklist))
        else:
            screen.app.push_screen(BeginForm(screen.workspace, site, task), walk)

    screen.read("task", read, go_on, awaited=True)
