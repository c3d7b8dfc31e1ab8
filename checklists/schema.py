"""The JSON Schema of a checklist file, for editors and for whoever writes checklists by other means."""

from __future__ import annotations

from typing import Any

import msgspec

from checklists.catalogue import BUILT_IN
from checklists.model import Checklist

FILE = BUILT_IN / "checklist.schema.json"


def checklist_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12), made from the model."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "inspect-tui checklist",
        **msgspec.json.schema(Checklist),
    }


def schema_text() -> str:
    """The schema as it is committed."""
    return msgspec.json.format(msgspec.json.encode(checklist_schema(), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
