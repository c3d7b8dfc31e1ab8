"""What the read models share: search words, names of areas and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.rules import area_known, clean_line
from inspect_tui.texts import Refused, Text

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


def known_area(workspace: Workspace, code: str) -> None:
    """Refuse an area of which neither the catalogue nor a site knows, which is more likely a slip than empty.

    Raises:
        Refused: It is no area code, or an unknown one.
    """
    condition, prefix = area_condition("area", code)
    if area_known(code) and (
        code in workspace.catalogue.areas
        or workspace.select(f"SELECT 1 FROM sites WHERE {condition} LIMIT 1", prefix)
    ):
        return
    raise Refused(
        f"没有行政区 {clean_line(code[:40])}；请给出 GB/T 2260 六位代码，如 141102。",
        f"There is no area {clean_line(code[:40])}; give a six-digit GB/T 2260 code such as 141102.",
    )


def known_kind(workspace: Workspace, kind: str) -> None:
    """Refuse a kind of site of which neither the catalogue nor a site knows.

    Raises:
        Refused: It is unknown.
    """
    if kind in workspace.catalogue.kinds or workspace.select("SELECT 1 FROM sites WHERE kind = ? LIMIT 1", kind):
        return
    known = ", ".join(workspace.catalogue.kinds)
    raise Refused(
        f"没有对象类型“{clean_line(kind[:40])}”；现有：{known}。",
        f"There is no kind of site “{clean_line(kind[:40])}”; known are {known}.",
    )


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
    if found is not None:
        return Text(found.title.zh, found.title.en)
    # one published for another area
    query = "SELECT title, title_en FROM published_checklists WHERE checklist = ? ORDER BY id LIMIT 1"
    for row in workspace.select(query, checklist):
        if row["title"]:
            return Text(row["title"], row["title_en"] or row["title"])
    return Text(checklist, checklist)
