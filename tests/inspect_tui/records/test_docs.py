"""`docs/inspection-json.md` says what the loader does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tui.records.load import load_inspections, schema

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace

PAGE = Path(__file__).parents[3] / "docs" / "inspection-json.md"


def test_every_field_is_documented() -> None:
    """Each field of the schema stands on the page, in code type."""
    text = PAGE.read_text("utf-8")
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`", text))))
    fields = {name for shape in schema()["$defs"].values() for name in shape.get("properties", {})}

    assert fields - words - {"path", "caption"} == set()


def test_the_example_loads(workspace: Workspace, tmp_path: Path) -> None:
    """The example on the page is taken as it is."""
    found = re.search(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    json.loads(found[1])
    file = tmp_path / "example.json"
    file.write_text(found[1], "utf-8")
    result = load_inspections(workspace, file)[0]

    assert result.created
