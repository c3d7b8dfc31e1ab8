"""Which sites to list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import area_options, kind_options
from inspect_tui.tui.widgets.fields import ChoiceField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from checklists.model import Catalogue


class SiteFilter(FormScreen[tuple[str | None, str | None]]):
    """Area and kind; dismissed with both, None meaning all."""

    def __init__(self, catalogue: Catalogue, area: str | None, kind: str | None) -> None:
        super().__init__(Text("筛选对象", "Filter sites"))
        self._catalogue = catalogue
        self._area, self._kind = area, kind

    def fields(self) -> Iterator[Widget]:
        """Two choices."""
        anything = ("", Text("全部", "all"))
        yield ChoiceField(
            "area", Text("行政区", "Area"), [anything, *area_options(self._catalogue)], self._area or ""
        )
        yield ChoiceField(
            "kind", Text("类型", "Kind"), [anything, *kind_options(self._catalogue)], self._kind or ""
        )

    def save(self) -> tuple[str | None, str | None]:
        """Nothing is recorded."""
        return self.value("area") or None, self.value("kind") or None
