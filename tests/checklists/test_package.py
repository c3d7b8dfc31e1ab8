"""The package stays on the ground floor, and its documentation names what it has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from checklists import model

ROOT = Path(__file__).parents[2]
STRUCTS = (
    model.Checklist, model.Section, model.Item, model.Measurement, model.Limit, model.PhotoNeed, model.PlanCitation,
    model.LegalReference, model.Law, model.SiteKind, model.Attribute, model.Area, model.Condition,
)  # fmt: skip


@pytest.mark.parametrize("module", ["sync", "inspect_tui", "textual", "rich", "PIL", "sqlite3", "sqlite_utils"])
def test_nothing_heavy_or_foreign_is_imported(module: str) -> None:
    """Loading and validating the whole catalogue brings in no other package of ours, no screen and no database."""
    code = (
        "import sys, checklists.catalogue as c, checklists.validation, checklists.freezing, checklists.judgement;"
        f"c.load_catalogue(); sys.exit({module!r} in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: str(struct.__name__))
def test_every_key_is_documented(struct: type[msgspec.Struct]) -> None:
    """Each key of the format stands in docs/catalogue.md."""
    text = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")

    missing = [
        field.encode_name for field in msgspec.structs.fields(struct) if f"`{field.encode_name}`" not in text
    ]

    assert missing == []
