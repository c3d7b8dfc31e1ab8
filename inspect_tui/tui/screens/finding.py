"""One finding 问题详情: what was found, on which basis, and everything that happened since."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from inspect_tui.records.model import DISPOSALS, FOLLOW_UP_KINDS, SEVERITIES, STATUSES
from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.item_text import photo_text
from inspect_tui.tui.marks import SEVERITY_MARKS, SEVERITY_TONES, WARNING
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.queries import FindingDetail
    from inspect_tui.tui.desk import Desk


_SOURCES: Final[dict[str, Text]] = {
    "site": Text("对象坐标", "of the site"),
    "exif": Text("照片", "photo"),
    "manual": Text("手填", "typed"),
    "gps": Text("GPS", "GPS"),
}


class FindingScreen(PageScreen):
    """Facts, photos, follow-ups as text."""

    PLACE = "finding"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("finding")]

    def __init__(self, desk: Desk, finding: str) -> None:
        super().__init__(desk)
        self._finding = finding
        self._detail: FindingDetail | None = None

    def body(self) -> Iterator[Widget]:
        """All of it as text."""
        yield Prose(id="finding", hang=10)

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        prose = self.query_one(Prose)
        prose.can_focus = True
        prose.focus()
        self._load()

    def came(self) -> None:
        """Read again: somebody else may have followed it up."""
        self._load()

    def _load(self, _: object = None) -> None:
        def work() -> FindingDetail:
            from inspect_tui.records.queries import finding_detail

            return finding_detail(self.workspace, self._finding)

        self.read("finding", work, self._show, awaited=True)

    def _show(self, detail: FindingDetail) -> None:
        self._detail = detail
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        if self._detail is None:
            return
        line = self._detail.line
        self.headline(f"{line.site_name} · {line.item}", str(STATUSES.get(line.status, line.status)))
        self.query_one(Prose).show([*_facts(self._detail), *_photos(self._detail), *_events(self._detail)])

    def action_edit(self) -> None:
        """Change it."""
        if self._detail is not None:
            from inspect_tui.tui.screens.finding_form import FROZEN, FindingForm

            if FindingForm.is_frozen(self.workspace, self._detail):
                tell(self.app, FROZEN, warning=True)
                return
            self.app.push_screen(FindingForm.change(self.workspace, self._detail), self._load)

    def action_follow_up(self) -> None:
        """Record what happened."""
        if self._detail is not None:
            from inspect_tui.tui.screens.follow_up import FollowUpForm

            self.app.push_screen(FollowUpForm(self.workspace, self._detail), self._load)

    def action_inspection(self) -> None:
        """Open the inspection that it belongs to, at its item."""
        if self._detail is not None:
            from inspect_tui.tui.screens.walk import WalkScreen

            line = self._detail.line
            self.app.push_screen(WalkScreen(self.desk, line.inspection, line.item))


def _facts(detail: FindingDetail) -> Iterator[Block]:
    from inspect_tui.records import times

    line, values = detail.line, detail.row.values
    yield Block(line.description, tone="strong")
    yield Block(tr(line.item_title, line.item_title_en), f"{line.item}")
    severity = SEVERITIES.get(line.severity, Text("", ""))
    mark = SEVERITY_MARKS.get(line.severity, "")
    yield Block(f"{mark} {severity}", tr("严重程度", "Severity"), SEVERITY_TONES.get(line.severity, ""))
    disposal = str(DISPOSALS.get(line.disposal, line.disposal))
    yield Block(f"{disposal} {line.transfer_to or ''}", tr("处理", "Disposal"))
    late = tr(f"，超期 {line.overdue_days} 天", f", {line.overdue_days} days overdue") if line.overdue_days else ""
    yield Block(f"{line.due_date or '—'}{late}", tr("期限", "Due"), "bad" if line.overdue_days else "")
    if values["due_reason"]:
        yield Block(values["due_reason"], tr("期限理由", "Why then"))
    if values["void_reason"]:
        yield Block(values["void_reason"], tr("作废理由", "Void"), "bad")
    yield Block(f"{times.shown(line.found_at)} {values['inspectors'] or ''}", tr("发现", "Found"))
    if values["value"] or values["below_detection"]:
        limit = f"{values['comparator'] or ''}{values['limit_value'] or ''}"
        said = f"{values['value'] or '<' + values['below_detection']} {values['unit'] or ''}"
        yield Block(tr(f"{said}（限值 {limit}）", f"{said} (limit {limit})"), tr("数值", "Value"))
    yield Block(values["legal_basis"] or "—", tr("依据", "Law"))
    yield Block(values["plan_section"] or "—", tr("规划", "Plan"))
    yield Block(line.competent_authority, tr("主管", "Authority"))
    if values["longitude"]:
        source = str(_SOURCES.get(values["position_source"] or "", values["position_source"]))
        place, datum = f"{values['longitude']}, {values['latitude']}", values["datum"] or ""
        yield Block(tr(f"{place}（{datum}，{source}）", f"{place} ({datum}, {source})"), tr("位置", "Position"))
    for duty in detail.duties:
        yield Block(tr(duty.zh, duty.en), WARNING, "warn")
    for cell in line.conflict:
        yield Block(tr(f"冲突：{cell}", f"conflict: {cell}"), WARNING, "warn")


def _photos(detail: FindingDetail) -> Iterator[Block]:
    for photo in detail.photos:
        yield Block(photo_text(photo), tr("照片", "Photo"))
        for warning in photo.warnings:
            yield Block(tr(warning.zh, warning.en), WARNING, "warn")


def _events(detail: FindingDetail) -> Iterator[Block]:
    from inspect_tui.records import times

    yield Block("")
    yield Block(tr("── 整改跟踪", "── Follow-ups"), tone="heading")
    if not detail.follow_ups:
        yield Block(tr("还没有记录。按 r（或 2）登记。", "None yet. Press r (or 2) to record one."), tone="muted")
    results = {"passed": Text("通过", "passed"), "failed": Text("未通过", "failed")}
    for event in detail.follow_ups:
        kind = str(FOLLOW_UP_KINDS[event.kind]) if event.kind in FOLLOW_UP_KINDS else event.kind
        result = str(results.get(event.result or "", ""))
        said = " ".join(filter(None, (kind, result, event.new_due_date, event.text, event.officer, event.badge)))
        yield Block(said, times.shown(event.at))
