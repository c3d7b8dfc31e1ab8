"""Photos as they are listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tui.records.rows import problems_of
from inspect_tui.records.rules import shows_something

if TYPE_CHECKING:
    import sqlite3

    from inspect_tui.records.model import Problem
    from inspect_tui.records.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PhotoLine:
    """A photo or other file attached as evidence. Coordinates are WGS-84 decimal degrees as text.

    Attributes:
        here: Whether its bytes are on this device.
        taken_at: As the camera wrote it, ISO 8601, with zone only where the file states one.
    """

    id: str
    inspection: str | None
    item: str | None
    finding: str | None
    follow_up: str | None
    sha256: str
    file_name: str
    size: int
    media_type: str
    width: int | None
    height: int | None
    orientation: int | None
    camera: str | None
    taken_at: str | None
    longitude: str | None
    latitude: str | None
    altitude: str | None
    position_state: str
    position_source: str | None
    warnings: tuple[Problem, ...]
    caption: str
    here: bool
    void: bool

    @property
    def proves(self) -> bool:
        """Whether it counts as the photo that a failed item wants: submission asks the same."""
        return shows_something(self.media_type, self.width, self.height, [one.code for one in self.warnings])


def list_photos(
    workspace: Workspace,
    *,
    inspection: str | None = None,
    item: str | None = None,
    finding: str | None = None,
    include_void: bool = False,
    limit: int = 1000,
) -> list[PhotoLine]:
    """Photos in the order in which they were attached.

    Args:
        workspace: Where.
        inspection: Only those of this inspection.
        item: Only those of this item.
        finding: Only those attached to this finding or one of its follow-ups.
        include_void: Also voided ones.
        limit: At most so many.
    """
    conditions, values = ["1"], []
    for column, value in (("inspection", inspection), ("item", item), ("finding", finding)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if not include_void:
        conditions.append("void_at IS NULL")
    rows = workspace.select(
        f"SELECT * FROM photos WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?", *values, limit
    )
    return [photo_line(workspace, row) for row in rows]


def photo_line(workspace: Workspace, row: sqlite3.Row) -> PhotoLine:
    """A row of `photos` as it is listed."""
    return PhotoLine(
        id=row["id"],
        inspection=row["inspection"],
        item=row["item"],
        finding=row["finding"],
        follow_up=row["follow_up"],
        sha256=row["sha256"] or "",
        file_name=row["file_name"] or "",
        size=row["size"] or 0,
        media_type=row["media_type"] or "",
        width=row["width"],
        height=row["height"],
        orientation=row["orientation"],
        camera=row["camera"],
        taken_at=row["taken_at"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        altitude=row["altitude"],
        position_state=row["position_state"] or "missing",
        position_source=row["position_source"],
        warnings=problems_of(row["warnings"], row["item"]),
        caption=row["caption"] or "",
        here=bool(row["sha256"]) and workspace.blobs.has(row["sha256"]),
        void=row["void_at"] is not None,
    )
