"""Which findings to list; the conditions hold together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tui.records.model import SEVERITIES, STATUSES
from inspect_tui.records.queries import FindingFilter
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import area_options, word_options
from inspect_tui.tui.widgets.fields import ChoiceField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from checklists.model import Catalogue

_ANYTHING = ("", Text("全部", "all"))
_WAITING = ("open,replied", Text("待整改和待复查", "open or to be rechecked"))
_YES = [("", Text("不限", "any")), ("yes", Text("是", "yes"))]


class FindingFilterForm(FormScreen[FindingFilter]):
    """Dismissed with the filter."""

    def __init__(self, catalogue: Catalogue, where: FindingFilter) -> None:
        super().__init__(Text("筛选问题", "Filter findings"))
        self._catalogue = catalogue
        self._where = where

    def fields(self) -> Iterator[Widget]:
        """Choices only: two keys set any of them."""
        where = self._where
        statuses = [_ANYTHING, _WAITING, *word_options(STATUSES)]
        yield ChoiceField("status", Text("状态", "State"), statuses, ",".join(where.statuses))
        severities = [_ANYTHING, *word_options(SEVERITIES)]
        yield ChoiceField("severity", Text("严重程度", "Severity"), severities, where.severity or "")
        areas = [_ANYTHING, *area_options(self._catalogue)]
        yield ChoiceField("area", Text("行政区", "Area"), areas, where.area or "")
        yield ChoiceField("overdue", Text("已超期", "Overdue"), _YES, "yes" if where.overdue else "")
        yield ChoiceField("conflict", Text("有冲突", "In conflict"), _YES, "yes" if where.conflict else "")
        yield ChoiceField("void", Text("不含作废", "Without void"), _YES, "" if where.include_void else "yes")

    def save(self) -> FindingFilter:
        """Nothing is recorded."""
        status = self.value("status")
        return replace(
            self._where,
            statuses=tuple(status.split(",")) if status else (),
            severity=self.value("severity") or None,
            area=self.value("area") or None,
            overdue=bool(self.value("overdue")),
            conflict=bool(self.value("conflict")),
            include_void=not self.value("void"),
        )
