"""A workspace with findings written straight into its tables: any text, however hostile, as a peer could bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from inspect_tui.records.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FINDING: dict[str, Any] = {
    "id": "01a1ec61-e100-8410-b2a1-000000000001",
    "area": "141102",
    "created": "d:1:00",
    "inspection": "i1",
    "site": "s1",
    "item": "CD-101",
    "checklist": "construction-dust",
    "checklist_version": "2026.11.1",
    "item_title": "围挡",
    "legal_basis": "某法",
    "plan_section": "第五章第四节",
    "severity": "major",
    "description": "缺口",
    "competent_authority": "住建",
    "disposal": "order",
    "value": "12",
    "unit": "m",
    "limit_value": "0",
    "exceedance": "0.3",
    "status": "open",
    "found_at": "2026-11-20T01:10:00Z",
    "due_date": "2026-11-21",
    "longitude": "111.150200",
    "latitude": "37.518900",
    "position_source": "exif",
    "inspectors": "甲;乙",
    "badges": "14110200001;14110200002",
    "device": "甲@laptop",
}


class Put(Protocol):
    """Writes a row into a table; a finding takes `FINDING` for what is not said."""

    def __call__(self, table: str, **values: Any) -> None:
        """Write it."""
        ...


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with Workspace.init(tmp_path / "w", name="甲", badge="1", area="141102") as opened:
        yield opened


@pytest.fixture
def put(workspace: Workspace) -> Put:
    """Rows as they stand in the tables."""

    def write(table: str, **values: Any) -> None:
        said = {**FINDING, **values} if table == "findings" else {"area": "141102", "created": "d:1:00", **values}
        places = ", ".join("?" * len(said))
        workspace.replica.connection.execute(
            f"INSERT INTO {table} ({', '.join(said)}) VALUES ({places})", list(said.values())
        )

    return write
