"""What the read models share: search words, names of areas and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tui.records.workspace import Workspace


def like(words: str, columns: Sequence[str]) -> tuple[list[str], list[object]]:
    """Conditions that hold where every word of `words` stands in one of `columns`, with their values."""
    conditions: list[str] = []
    values: list[object] = []
    for word in words.split():
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append("(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")")
        values += [f"%{escaped}%"] * len(columns)
    return conditions, values


def area_condition(column: str, area: str) -> tuple[str, str]:
    """A condition for rows of an area; a code ending in 00 covers the areas with its prefix (GB/T 2260)."""
    prefix = area
    while prefix.endswith("00"):
        prefix = prefix[:-2]
    return f"{column} GLOB ?", f"{prefix}*"


def area_name(workspace: Workspace, code: str) -> Text:
    """The name of an area; its code where the catalogue does not know it."""
    area = workspace.catalogue.areas.get(code)
    return Text(area.name.zh, area.name.en) if area is not None else Text(code, code)


def kind_title(workspace: Workspace, kind: str) -> Text:
    """What a kind of site is called; its id where the catalogue does not know it."""
    found = workspace.catalogue.kinds.get(kind)
    return Text(found.title.zh, found.title.en) if found is not None else Text(kind, kind)


def checklist_title(workspace: Workspace, checklist: str) -> Text:
    """What a checklist is called; its id where the catalogue does not know it."""
    found = workspace.catalogue.checklists.get(checklist)
    return Text(found.title.zh, found.title.en) if found is not None else Text(checklist, checklist)
