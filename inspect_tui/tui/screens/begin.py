"""Starting an inspection: which checklist, which items, with whom, and what is true today."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical

from inspect_tui.records.model import Officer
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import attribute_options
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.fields import ChoiceField, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import SiteDetail
    from inspect_tui.records.workspace import Workspace

_SETS = [
    ("full", Text("全部检查项", "all items")),
    ("standard", Text("标准（严重和较重）", "standard (critical and major)")),
]


class BeginForm(FormScreen[str]):
    """Dismissed with the row id of the inspection."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "partner", "同行", show=False)]

    def __init__(self, workspace: Workspace, site: SiteDetail) -> None:
        super().__init__(
            Text(f"开始检查：{plain(site.line.name)}", f"Start an inspection: {plain(site.line.name)}")
        )
        self._workspace = workspace
        self._site = site
        self._partners = self._known()
        self._at = 0

    def _known(self) -> list[Officer]:
        """Those met before, the partner of the latest inspection first."""
        from inspect_tui.records.queries import known_officers, list_inspections

        own = self._workspace.config.badge
        latest = [officer for line in list_inspections(self._workspace, limit=1) for officer in line.officers]
        people = {officer.badge: officer for officer in [*latest, *known_officers(self._workspace)]}
        return [officer for badge, officer in people.items() if badge != own]

    def fields(self) -> Iterator[Widget]:
        """Checklist first: Enter through the rest."""
        catalogue = self._workspace.catalogue
        fitting = catalogue.checklists_for(self._site.line.kind)
        others = [one for one in catalogue.checklists.values() if one not in fitting]
        options = [(one.id, Text(one.title.zh, one.title.en)) for one in (*fitting, *others)]
        partner = self._partners[0] if self._partners else Officer("", "")
        own = self._workspace.officer
        yield ChoiceField("checklist", Text("检查表", "Checklist"), options)
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
        return start(
            self._workspace,
            self._site.line.id,
            self.value("checklist"),
            officers=officers,
            item_set="standard" if self.value("item_set") == "standard" else "full",
            attributes={
                one.field.removeprefix("visit-"): one.value
                for one in self._all_fields()
                if one.field.startswith("visit-") and one.value
            },
        )
