"""Many sites at once: what is recorded, to hold a list against, and recording all of a list or nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inspect_tui.records.rows import decoded
from inspect_tui.records.sites import site_cells
from sync.ids import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from inspect_tui.records.model import SiteInput
    from inspect_tui.records.workspace import Workspace

_ROWS: Final = 200
_BYTES: Final = 300_000
"""A changeset holds at most 1 MiB."""


class Recorded(NamedTuple):
    """A site as it is recorded; `values` are its columns, `attributes` decoded."""

    id: str
    area: str
    void: bool
    values: Mapping[str, Any]


def recorded_sites(workspace: Workspace) -> list[Recorded]:
    """All sites of the workspace, voided ones too, by id."""
    found = []
    for row in workspace.select("SELECT * FROM sites ORDER BY id"):
        values = dict(zip(row.keys(), row, strict=True))
        values["attributes"] = decoded(values["attributes"], {})
        found.append(Recorded(values["id"], values["area"], bool(values["void_at"]), values))
    return found


def log_length(workspace: Workspace) -> int:
    """How far the log reaches: equal as long as nothing is recorded or merged."""
    return int(workspace.select("SELECT COALESCE(MAX(rowid), 0) FROM log")[0][0])


def listed_id(site: SiteInput, taken: Collection[str]) -> str:
    """The row id of a site of a list, the same on every laptop as far as ids are not taken.

    The first of its area, kind and name has an id made of these, as everywhere; a further one an id made of all that the
    list says of it.
    """
    for row in (derived_id("site", site.area, site.kind, site.name), content_id(site)):
        if row not in taken:
            return row
    return new_id()


def content_id(site: SiteInput) -> str:
    """The row id of a second site of one area, kind and name."""
    position = site.position
    typed = () if position is None else (position.longitude, position.latitude, position.datum)
    attributes = [part for pair in sorted(site.attributes.items()) for part in pair]
    return derived_id(
        *("site", site.area, site.kind, site.name, site.uscc, site.address, site.responsible_party),
        *typed,
        *attributes,
    )


def differing(workspace: Workspace, recorded: Recorded, site: SiteInput) -> list[str]:
    """The cells in which a cleaned site says something else than what is recorded; what it leaves out differs in nothing."""
    said = [cell for cell, value in _stated(site).items() if not _equals(recorded.values, cell, value)]
    kept = recorded.values["contact_phone"]
    phone = None if kept is None else workspace.replica.get_private(kept, ask=True)
    if site.contact_phone and phone != site.contact_phone and (kept is None or phone is not None):
        said.append("contact_phone")
    return said


def once_recorded(workspace: Workspace, recorded: Recorded, site: SiteInput, cells: Collection[str]) -> bool:
    """Whether each of these cells has held what the site says before somebody changed it."""
    stated = _stated(site)
    entries = [entry.set for entry in workspace.replica.history(recorded.id) if entry.refused is None]
    for cell in cells:
        values = [said[cell] for said in entries if cell in said]
        if cell == "contact_phone":
            if not any(
                value and workspace.replica.get_private(value, ask=True) == site.contact_phone for value in values
            ):
                return False
        elif not any(_same(cell, value, stated[cell]) for value in values):
            return False
    return True


def _stated(site: SiteInput) -> dict[str, Any]:
    """The cells of a cleaned site that say something."""
    return {cell: value for cell, value in site_cells(site).items() if value not in (None, {})}


def _equals(values: Mapping[str, Any], cell: str, value: Any) -> bool:
    if cell == "position":
        return all(values[name] == part for name, part in value.items() if name.startswith("typed_"))
    return _same(cell, values[cell], value)


def _same(cell: str, recorded: Any, value: Any) -> bool:
    if cell == "attributes":
        return isinstance(recorded, dict) and all(recorded.get(name) == part for name, part in value.items())
    if cell == "position":
        return isinstance(recorded, dict) and all(
            recorded.get(name) == part for name, part in value.items() if name.startswith("typed_")
        )
    return bool(recorded == value)


def add_sites(
    workspace: Workspace, sites: Iterable[tuple[str, SiteInput]], told: Callable[[int], None] = lambda _: None
) -> int:
    """Record new sites, all or none.

    Args:
        workspace: Where.
        sites: Row id and cleaned site, as `tidy_site` gives it.
        told: Called with the number recorded so far.

    Returns:
        How many.

    Raises:
        Refused: The log or the disk does not take them; none is recorded.
    """
    from sync.replica import Edit

    done = 0
    waiting: dict[str, tuple[list[Edit], int]] = {}

    def write(area: str) -> None:
        nonlocal done
        edits, _ = waiting.pop(area)
        workspace.write(area, edits)
        done += len(edits)
        told(done)

    with workspace.writing():
        for row, site in sites:
            cells = site_cells(site)
            if site.contact_phone:
                cells["contact_phone"] = workspace.replica.put_private(site.contact_phone)
            edits, size = waiting.get(site.area, ([], 0))
            edits.append(Edit("sites", row, cells))
            # a character of Chinese is three bytes; the rest of a change is names of cells
            size += 1000 + 4 * len(str(cells))
            waiting[site.area] = (edits, size)
            if len(edits) >= _ROWS or size > _BYTES:
                write(site.area)
        for area in list(waiting):
            write(area)
    return done
