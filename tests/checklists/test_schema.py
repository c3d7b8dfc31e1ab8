"""The committed JSON Schema is that of the model, and the checklists that we ship keep to it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from checklists.catalogue import BUILT_IN, checklist_files
from checklists.schema import FILE, checklist_schema, schema_text


def test_the_committed_schema_is_current() -> None:
    """The file is what the model gives; after a change of the model run `python -m checklists.schema`."""
    assert FILE.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(checklist_schema())


@pytest.mark.parametrize("file", checklist_files(BUILT_IN), ids=lambda file: file.name)
def test_our_checklists_keep_to_the_schema(file: Any) -> None:
    """An editor that reads the YAML by the ordinary rules finds nothing wrong with our files."""
    plain = json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8")), default=str))

    errors = list(jsonschema.Draft202012Validator(checklist_schema()).iter_errors(plain))

    assert errors == []
