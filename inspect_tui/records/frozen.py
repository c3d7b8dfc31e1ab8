"""The checklist that an inspection was made with, word for word, whatever the catalogue has become since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.rows import current
from inspect_tui.texts import Refused
from sync.ids import derived_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from checklists.freezing import Frozen
    from checklists.model import Checklist, Item
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row


def frozen_of(workspace: Workspace, inspection: Row) -> Frozen:
    """The frozen checklist of an inspection.

    Raises:
        Refused: Its text is not here, damaged, or of a newer programme.
    """
    return thawed(workspace, str(current("inspections", "checklist", inspection.values)["frozen"]))


def thawed(workspace: Workspace, version: str) -> Frozen:
    """The frozen checklist with that row id of `checklist_versions`, read once and kept.

    Raises:
        Refused: Its text is not here, damaged, or of a newer programme.
    """
    found = workspace.thawed.get(version)
    if found is None:
        from checklists.errors import ChecklistError
        from checklists.freezing import thaw

        row = workspace.replica.row("checklist_versions", version)
        if row is None or not row.values["frozen"]:
            raise Refused(
                "该检查所用的检查表文本不在本机；请先同步。",
                "The text of the checklist of this inspection is not here; sync first.",
            )
        try:
            found = thaw(row.values["frozen"])
        except ChecklistError as error:
            raise Refused(error.zh, error.en) from error
        workspace.thawed[version] = found
    return found


def freezing(workspace: Workspace, area: str, checklist_id: str) -> tuple[str, str, list[Edit]]:
    """What it takes to freeze a checklist of the catalogue for an area.

    Returns:
        Row id of the frozen text, version of the checklist, and the edit that writes the row, none when it is there.

    Raises:
        Refused: The catalogue has no such checklist.
    """
    from checklists.errors import ChecklistError

    try:
        checklist = workspace.catalogue_for(area).checklist(checklist_id)
    except ChecklistError as error:
        raise Refused(error.zh, error.en) from error
    layers = workspace.layers(area)
    if layers.published is not None and checklist_id in layers.published.by and checklist_id not in layers.local:
        from inspect_tui.records.publications import proven

        checklist = proven(workspace, layers.published.by[checklist_id])
    return freezing_of(workspace, area, checklist)


def freezing_of(workspace: Workspace, area: str, checklist: Checklist) -> tuple[str, str, list[Edit]]:
    """What it takes to freeze this checklist for an area; returns as `freezing`.

    Raises:
        Refused: It refers to a document that the legal register lacks.
    """
    from checklists.errors import ChecklistError
    from checklists.freezing import digest, freeze
    from sync.replica import Edit

    try:
        text = freeze(checklist, workspace.catalogue_for(area).register)
    except ChecklistError as error:
        raise Refused(error.zh, error.en) from error
    hash_ = digest(text)
    row = derived_id("checklist_version", area, hash_)
    if workspace.replica.row("checklist_versions", row) is not None:
        return row, checklist.version, []
    values = {"checklist": checklist.id, "version": checklist.version, "digest": hash_, "frozen": text}
    return row, checklist.version, [Edit("checklist_versions", row, values)]


def item_of(frozen: Frozen, item_id: str) -> Item:
    """The item of the frozen checklist.

    Raises:
        Refused: There is none.
    """
    from checklists.errors import UnknownIdError

    try:
        return frozen.checklist.item(item_id)
    except UnknownIdError as error:
        raise Refused(error.zh, error.en) from error


def legal_basis_text(frozen: Frozen, item: Item, day: dt.date, attributes: Mapping[str, str]) -> str:
    """The legal bases of an item in force on a day for such a site, cited in Chinese, joined with `；`."""
    register = frozen.register
    return "；".join(reference.show(register, "zh") for reference in register.basis_on(item, day, attributes))


def plan_section_text(item: Item) -> str:
    """The sections of the plan that an item stands on, joined with `；`."""
    return "；".join(dict.fromkeys(citation.section for citation in item.plan))
