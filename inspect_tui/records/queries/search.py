"""Search over everything that people wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records.queries.common import like
from inspect_tui.records.same_sites import site_groups

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace

_PEOPLE: Final = "(SELECT group_concat(atom, ' ') FROM json_tree(officers) WHERE type = 'text')"
_ATTRIBUTES: Final = "(SELECT group_concat(atom, ' ') FROM json_tree(attributes) WHERE type = 'text')"
"""The values of a JSON cell, without its keys and punctuation."""
_SOURCES: Final[dict[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "site": (
        "sites",
        "name",
        "coalesce(address, '')",
        ("name", "address", "uscc", "responsible_party", _ATTRIBUTES, "sites.id"),
    ),
    "inspection": (
        "inspections LEFT JOIN sites ON sites.id = inspections.site",
        "sites.name || ' ' || substr(started_at, 1, 10)",
        "coalesce(note, '')",
        ("note", "sites.name", "present_name", _PEOPLE, "inspections.id"),
    ),
    "finding": (
        "findings LEFT JOIN sites ON sites.id = findings.site",
        "coalesce(sites.name, '') || ' ' || coalesce(item, '')",
        "coalesce(description, '')",
        ("description", "item", "item_title", "item_title_en", "sites.name", "findings.id"),
    ),
    "answer": (
        "answers JOIN inspections ON inspections.id = answers.inspection LEFT JOIN sites ON sites.id = site",
        "coalesce(sites.name, '') || ' ' || coalesce(item, '')",
        "coalesce(reason, '') || ' ' || coalesce(answers.note, '')",
        ("reason", "answers.note"),
    ),
    "follow_up": ("follow_ups", "kind || ' ' || substr(at, 1, 10)", "coalesce(text, '')", ("text",)),
    "photo": ("photos", "file_name", "coalesce(caption, '')", ("file_name", "caption", "proves", "sha256")),
}
"""Kind → (tables, title, text, columns searched)."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its kind (`site`, `inspection`, `finding`, `answer`, `follow_up`, `photo`), row id and words."""

    kind: str
    id: str
    title: str
    text: str


def search(workspace: Workspace, words: str, *, limit: int = 50) -> list[Hit]:
    """What contains every one of the words, newest first within each kind; at most `limit` of a kind."""
    hits: list[Hit] = []
    if not words.strip():
        return hits
    for kind, (tables, title, text, columns) in _SOURCES.items():
        table = tables.split(" ", 1)[0]
        conditions, values = like(words, columns)
        rows = workspace.select(
            f"SELECT {table}.id AS id, {title} AS title, {text} AS text FROM {tables}"
            f" WHERE {' AND '.join(conditions)} ORDER BY {table}.id DESC LIMIT ?",
            *values,
            limit,
        )
        found = [Hit(kind, row["id"], row["title"] or "", row["text"]) for row in rows]
        hits += _under_kept(workspace, found) if kind == "site" else found
    return hits


def _under_kept(workspace: Workspace, found: list[Hit]) -> list[Hit]:
    """Sites that were joined to another as the same stand under that one, with both names, once."""
    groups = site_groups(workspace)
    if not groups.root_of:
        return found
    shown: dict[str, Hit] = {}
    for hit in found:
        root = groups.root(hit.id)
        if root == hit.id:
            shown[root] = hit
        elif root not in shown:
            values = workspace.row("sites", root).values
            shown[root] = Hit(hit.kind, root, f"{values['name'] or ''} = {hit.title}", values["address"] or "")
    return list(shown.values())
