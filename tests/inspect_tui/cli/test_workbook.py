"""Checklists as workbooks by command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.inspect_tui.cli.conftest import Run


def put(path: Path, sheet: str, cell: str, value: str) -> None:
    """Edit a cell as a spreadsheet does."""
    book: Any = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)


def test_the_ending_chooses_the_workbook(cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export, validate and import by command; faults have sheet, row and column; without openpyxl one sentence."""
    path = tmp_path / "dust.xlsx"
    assert cli("checklist", "export", "construction-dust", path).status == 0
    assert cli("checklist", "export", "construction-dust", path).status == 1
    assert cli("checklist", "export", "all", tmp_path / "all.xlsx").status == 1
    assert cli("checklist", "validate", path).status == 0
    assert cli("checklist", "import", path).status == 0
    put(path, "settings", "D2", "2027.1.1")
    assert cli("checklist", "import", path).status == 0
    listed = {row["id"]: row["version"] for row in cli("checklist", "list", "--json").json()}
    assert listed["construction-dust"] == "2027.1.1"
    put(path, "plan", "B2", "x")
    ran = cli("checklist", "import", path)
    assert ran.status == 1
    assert "dust.xlsx 工作表 plan 第 2 行 B 列 CD-001：" in ran.out
    (only,) = cli("checklist", "validate", path, "--json").json()
    assert (only["sheet"], only["row"], only["column"]) == ("plan", 2, "B")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    ran = cli("checklist", "import", path)
    assert ran.status == 1
    assert "inspect-tui[office]" in ran.err
