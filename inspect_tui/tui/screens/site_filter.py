"""Which sites to list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import RISK_CLASSES
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import area_options, kind_options, word_options
from inspect_tui.tui.widgets.fields import ChoiceField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from checklists.model import Catalogue


class SiteFilter(FormScreen[tuple[str | None, str | None, str | None]]):
    """Area, kind and risk class; dismissed with all three, None meaning all."""

    def __init__(self, catalogue: Catalogue, area: str | None, kind: str | None, risk: str | None) -> None:
        super().__init__(Text("筛选对象", "Filter sites"))
        self._catalogue = catalogue
        self._area, self._kind, self._risk = area, kind, risk

    def fields(self) -> Iterator[Widget]:
        """Three choices."""
        anything = ("", Text("全部", "all"))
        yield ChoiceField(
            "area", Text("行政区", "Area"), [anything, *area_options(self._catalogue)], self._area or ""
        )
        yield ChoiceField(
            "kind", Text("类型", "Kind"), [anything, *kind_options(self._catalogue)], self._kind or ""
        )

        yield ChoiceField(
            "risk",
            Text("风险等级", "Risk class"),
            [anything, *word_options(RISK_CLASSES), ("none", Text("未分级", "not graded"))],
            self._risk or "",
        )

    def save(self) -> tuple[str | None, str | None, str | None]:
        """Nothing is recorded."""
        return self.value("area") or None, self.value("kind") or None, self.value("risk") or None
