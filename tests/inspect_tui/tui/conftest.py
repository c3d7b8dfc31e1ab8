"""A stopped clock, a home of one's own, and a furnished workspace."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import namedtuple
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import times
from inspect_tui.texts import set_language
from sync import replica
from tests.inspect_tui.tui.scenario import NOW, Furnished, furnish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Usage = namedtuple("_Usage", "total used free")  # noqa: PYI024  the shape that shutil gives


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the person's home, language, clock or disk."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr(times, "now", lambda: NOW.astimezone(dt.UTC))
    monkeypatch.setattr(replica, "now_ms", lambda: int(NOW.timestamp() * 1000))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(1 << 40, 1 << 39, 1 << 39))
    yield
    set_language("zh")


@pytest.fixture
def furnished(tmp_path: Path) -> Furnished:
    """A workspace with something on every screen."""
    return furnish(tmp_path / "workspace", tmp_path / "card")
