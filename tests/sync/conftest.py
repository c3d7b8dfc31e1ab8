"""Fixtures of the log's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sync.support import Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A folder in which replicas are made."""
    made = Team(tmp_path)
    yield made
    made.close()
