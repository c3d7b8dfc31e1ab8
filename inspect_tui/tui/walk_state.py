"""Where one stands in a walk: plain values, no screen, no data base."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tui.records.queries import Walk, WalkItem
    from inspect_tui.texts import Text


class WalkState:
    """The items that are asked, or answered all the same, and which one is shown."""

    def __init__(self, walk: Walk, site: str, item: str | None = None) -> None:
        self.at = 0
        self._views: dict[str, WalkItem] = {}
        self.items: list[str] = []
        self.take(walk, site)
        if item in self._views:
            self.at = self.index(str(item)) or 0
        else:
            self.at = self.next_unanswered(inclusive=True) or 0

    def take(self, walk: Walk, site: str) -> None:
        """Take what was read anew; the item shown stays."""
        current = self.items[self.at] if self.items else None
        self.walk, self.site = walk, site
        self._views = {view.item.id: view for view in walk.items()}
        self._settle(current)

    def replace(self, view: WalkItem) -> None:
        """Take one item anew."""
        current = self.item
        self._views[view.item.id] = view
        self._settle(current)

    def _settle(self, current: str | None) -> None:
        self.items = [name for name, view in self._views.items() if view.asked or view.answer is not None]
        if current in self.items:
            self.at = self.items.index(str(current))
        else:
            self.at = min(self.at, max(0, len(self.items) - 1))

    def view(self, item: str) -> WalkItem:
        """The item of that id."""
        return self._views[item]

    @property
    def item(self) -> str:
        """Id of the item shown; empty when there is none."""
        return self.items[self.at] if self.items else ""

    @property
    def current(self) -> WalkItem | None:
        """The item shown."""
        return self._views[self.item] if self.items else None

    @property
    def answered(self) -> int:
        """Items with a verdict."""
        return sum(self._verdict(item) is not None for item in self.items)

    @property
    def failed(self) -> int:
        """Items that fail."""
        return sum(self._verdict(item) == "fail" for item in self.items)

    def _verdict(self, item: str) -> str | None:
        answer = self._views[item].answer
        return answer.verdict if answer else None

    def index(self, item: str) -> int | None:
        """Where an item stands."""
        return self.items.index(item) if item in self.items else None

    def stepped(self, by: int) -> int:
        """The place `by` items on, within the walk."""
        return min(max(self.at + by, 0), max(0, len(self.items) - 1))

    def next_unanswered(self, *, inclusive: bool = False) -> int | None:
        """The next place without a verdict, going round; None when all have one."""
        start = self.at if inclusive else self.at + 1
        places = [*range(start, len(self.items)), *range(start)]
        return next(
            (place for place in places if place < len(self.items) and self._verdict(self.items[place]) is None),
            None,
        )

    def sections(self) -> Iterator[tuple[Text, list[WalkItem]]]:
        """Sections with their items, those that ask nothing left out."""
        for section in self.walk.sections:
            views = [self._views[view.item.id] for view in section.items if view.item.id in self.items]
            if views:
                yield section.title, views

    def section_start(self, by: int) -> int | None:
        """The first place of the next or previous section; going back, of this one first."""
        starts = [self.index(views[0].item.id) or 0 for _, views in self.sections()]
        if by > 0:
            return next((start for start in starts if start > self.at), None)
        return next((start for start in reversed(starts) if start < self.at), None)
