"""Workspaces of one team in different roles, and versions of a checklist to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checklists.catalogue import BUILT_IN
from inspect_tui.records import setup
from inspect_tui.records.publishing import plan, publish
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import DATABASE, PHOTOS, Workspace, write_config
from sync.identity import Identity
from sync.keys import EVERYWHERE
from sync.replica import Replica

if TYPE_CHECKING:
    from pathlib import Path

    from sync.keys import Role

DUST = "construction-dust"
WORDS = ("施工单位是否制定了具体的施工扬尘污染防治实施方案", "施工单位有没有本工程的扬尘防治方案")
"""CD-001 is asked in other words."""
LIMIT = ('comparator: "="\n                value: "0"', 'comparator: "<="\n                value: "2"')
"""CD-101 allows gaps of 2 m in all."""
RENAMED = ("id: CD-002", "id: CD-092")
"""CD-002 is gone, CD-092 is new."""
SHIPPED = (BUILT_IN / f"{DUST}.yaml").read_text("utf-8")


def enrol(
    admin: Workspace,
    folder: Path,
    *,
    role: Role = "inspector",
    areas: tuple[str, ...] = (EVERYWHERE,),
    area: str = "141102",
    badge: str = "14110200002",
) -> Workspace:
    """A new laptop of the admin's team."""
    root = admin.identity.root
    assert root is not None
    folder.mkdir()
    identity = Identity.issue(root, folder.name, role=role, areas=areas)
    setup.save_identity(folder, identity)
    config = setup.first_config(name="检查员乙", badge=badge, area=area)
    replica = Replica.create(folder / DATABASE, SCHEMA, identity, folder / PHOTOS)
    write_config(folder, config)
    return Workspace(folder, config, replica)


def dust(version: str, *changes: tuple[str, str]) -> bytes:
    """The shipped checklist under another version, with some of its words replaced."""
    text = SHIPPED
    for old, new in (("version: 2026.11.2", f"version: {version}"), *changes):
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def published_at(workspace: Workspace, data: bytes, area: str | None = None, note: str = "") -> str:
    """Publish it; its row."""
    return publish(workspace, plan(workspace, data, area), note)
