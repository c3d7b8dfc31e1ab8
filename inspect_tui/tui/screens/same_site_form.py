"""Joining two rows of one site 归并, and parting them again 分开; both with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import ChoiceField, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.queries import SiteDetail
    from inspect_tui.records.same_site_hints import Hint
    from inspect_tui.records.workspace import Workspace

MOST: Final = 2000
"""Sites offered; the search of the list finds among these."""
NOT_JOINED: Final = Text("本对象没有归并过。", "This site was not joined with another.")
_ALONE: Final = Text("本行政区没有可归并的其他对象。", "The area has no other site to join it with.")


class SameSiteForm(FormScreen[bool]):
    """Which other row is the same site, which of the two stays in lists, and why."""

    def __init__(self, workspace: Workspace, detail: SiteDetail, options: list[tuple[str, Text]]) -> None:
        super().__init__(
            Text(f"“{detail.line.name}”与哪一条是同一对象", f"What is the same site as “{detail.line.name}”")
        )
        self._workspace = workspace
        self._detail = detail
        self._options = options

    @classmethod
    def made(cls, workspace: Workspace, detail: SiteDetail) -> SameSiteForm:
        """The form with the other sites of the area, those that look like this one first; for worker threads.

        Raises:
            Refused: There is no other site.
        """
        from inspect_tui.records.queries import list_sites
        from inspect_tui.records.same_site_hints import hints

        own = {detail.row.id, *(one.id for one in detail.same)}
        likely: dict[str, Hint] = {}
        for hint in hints(workspace, area=detail.row.area, limit=100_000):
            if len({hint.kept, hint.joined} & own) == 1:
                likely.setdefault(hint.joined if hint.kept in own else hint.kept, hint)
        lines = [one for one in list_sites(workspace, area=detail.row.area, limit=MOST) if one.id not in own]
        options = []
        for one in sorted(lines, key=lambda one: one.id not in likely):
            why = likely[one.id].reasons if one.id in likely else Text("", "")
            about = " ".join(filter(None, (one.address, one.id[-6:])))
            zh, en = (f"◆{why.zh} ", f"◆{why.en} ") if why.zh else ("", "")
            options.append(
                (
                    one.id,
                    Text(
                        f"{zh}{one.title} {one.kind_title.zh} {about}",
                        f"{en}{one.title} {one.kind_title.en} {about}",
                    ),
                )
            )
        if not options:
            raise Refused(_ALONE.zh, _ALONE.en)
        return cls(workspace, detail, options)

    def fields(self) -> Iterator[Widget]:
        """Which, which stays, why."""
        name = self._detail.line.name
        yield ChoiceField("other", Text("另一条", "The other row"), self._options)
        yield ChoiceField(
            "keep",
            Text("保留", "Stays in lists"),
            [("this", Text(f"本条：{name}", f"this one: {name}")), ("other", Text("另一条", "the other one"))],
        )
        yield TextField("reason", Text("理由", "Reason"))
        yield Phrase(
            Text(
                "◆ 像是同一对象。归并只改变列法：两条登记和各自的检查都原样保留，可按 8 分开。",
                "◆ looks like the same site. Joining changes how they are listed: both rows and their inspections stay as"
                " they are; 8 parts them again.",
            ),
            classes="hint",
        )

    def save(self) -> bool:
        """Join them."""
        from inspect_tui.records.same_sites import join

        kept, joined = self._detail.row.id, self.value("other")
        if self.value("keep") == "other":
            kept, joined = joined, kept
        join(self._workspace, kept, joined, self.value("reason"))
        return True


class PartSiteForm(FormScreen[bool]):
    """Which joining is taken back, and why."""

    def __init__(self, workspace: Workspace, detail: SiteDetail) -> None:
        super().__init__(Text("分开哪一条", "Which joining is taken back"))
        self._workspace = workspace
        self._detail = detail

    def fields(self) -> Iterator[Widget]:
        """Which and why."""
        names = {one.id: one.name for one in self._detail.same}
        options = []
        for one in self._detail.joinings:
            said = f"{names[one.joined]} → {names[one.kept]}"
            options.append((one.id, Text(f"{said}（{one.reason}）", f"{said} ({one.reason})")))
        yield ChoiceField("joining", Text("归并", "Joining"), options)
        yield TextField("reason", Text("理由", "Reason"))

    def on_mount(self) -> None:
        """Say why at once where there is but one."""
        if len(self._detail.joinings) == 1:
            self.query_one("Input").focus()

    def save(self) -> bool:
        """Part them."""
        from inspect_tui.records.same_sites import part

        chosen = next(one for one in self._detail.joinings if one.id == self.value("joining"))
        part(self._workspace, chosen.kept, chosen.joined, self.value("reason"))
        return True
