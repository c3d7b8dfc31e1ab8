"""Where a photo, or one that looks like it, is already used as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.times import shown
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from inspect_tui.photos.assess import PriorUse
    from inspect_tui.records.workspace import Workspace


class PriorUses:
    """All uses of photos in a workspace, read once for a batch of photos and kept up to date within it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._hashes: dict[int, set[str]] | None = None
        self._batch: list[tuple[str, str | None, tuple[str, str]]] = []

    def of(self, sha256: str, phash: str | None, place: tuple[str, str]) -> list[PriorUse]:
        """The uses of these bytes, and of photos that look like them, other than at `place` (inspection, item)."""
        from inspect_tui.photos.assess import PriorUse

        likes = sorted(self._alike(phash)) if phash else []
        marks = ", ".join("?" * len(likes))
        rows = self._workspace.select(
            "SELECT photos.id, photos.sha256, photos.phash, photos.inspection, photos.item, sites.name, started_at"
            " FROM photos LEFT JOIN inspections ON inspections.id = photos.inspection"
            " LEFT JOIN sites ON sites.id = inspections.site"
            f" WHERE (photos.sha256 = ? OR photos.phash IN ({marks})) AND photos.void_at IS NULL ORDER BY photos.id"
            " LIMIT 20",
            sha256,
            *likes,
        )
        uses = [
            PriorUse(row["sha256"], row["phash"], _where(row["name"], row["started_at"], row["item"]))
            for row in rows
            if (row["inspection"], row["item"]) != place
        ]
        here = Text("本次检查", "this inspection")
        uses += [
            PriorUse(one, like, Text(f"{here.zh} {where[1]}", f"{here.en} {where[1]}"))
            for one, like, where in self._batch
            if where != place and (one == sha256 or like in likes)
        ]
        return uses

    def add(self, sha256: str, phash: str | None, place: tuple[str, str]) -> None:
        """Count a photo as used, before it is written."""
        self._batch.append((sha256, phash, place))
        if phash and self._hashes is not None:
            self._hashes.setdefault(int(phash, 16), set()).add(phash)

    def _alike(self, phash: str) -> set[str]:
        from inspect_tui.photos.phash import SIMILAR

        if self._hashes is None:
            self._hashes = {}
            for (known,) in map(tuple, self._workspace.select("SELECT DISTINCT phash FROM photos")):
                number = _number(known)
                if number is not None:
                    self._hashes.setdefault(number, set()).add(known)
        mine = int(phash, 16)
        near = [number for number in self._hashes if (number ^ mine).bit_count() <= SIMILAR]
        return {known for number in near for known in self._hashes[number]}


def _number(phash: str | None) -> int | None:
    """Another device may have written anything there."""
    try:
        return int(phash or "", 16)
    except ValueError:
        return None


def _where(site: str | None, started_at: str | None, item: str | None) -> Text:
    words = " ".join(part for part in (site, shown(started_at)[:10], item) if part)
    return Text(words or "其他记录", words or "another record")
