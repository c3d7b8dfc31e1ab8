"""A workspace of one officer, a site in it, and photos made on the spot."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Protocol

import pytest

from inspect_tui.records import inspections
from inspect_tui.records.model import Officer, SiteInput, TypedPosition
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from sync.exchange import exchange
from sync.peers import ReplicaPeer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZONE = dt.timezone(dt.timedelta(hours=8))
VISIT = dt.datetime(2026, 11, 20, 9, 10, tzinfo=ZONE)


class PhotoMaker(Protocol):
    """Makes a photo in the test's folder."""

    def __call__(
        self,
        name: str = "photo.jpg",
        *,
        at: tuple[float, float] | None = (37.5189, 111.1502),
        taken: dt.datetime = VISIT,
        seed: int = 0,
    ) -> Path:
        """`at` is (latitude, longitude)."""
        ...


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace of officer 甲."""
    with Workspace.init(tmp_path / "workspace", name="检查员甲", badge="14110200001", area="141102") as opened:
        yield opened


@pytest.fixture
def site(workspace: Workspace) -> str:
    """A building site with a known position, beside a main road."""
    said = SiteInput(
        name="示例工程",
        kind="construction_site",
        area="141102",
        position=TypedPosition("111.1502", "37.5189"),
        attributes={"road_class": "main"},
    )
    return add_site(workspace, said)


@pytest.fixture
def inspection(workspace: Workspace, site: str) -> str:
    """An open inspection of the site by two officers, begun at `VISIT`."""
    two = [Officer("检查员甲", "14110200001"), Officer("检查员乙", "14110200002")]
    return inspections.start(workspace, site, "construction-dust", officers=two, started_at=VISIT)


@pytest.fixture
def make(tmp_path: Path) -> PhotoMaker:
    """Makes photos in the test's folder."""
    from inspect_tui.photos.synthetic import make_photo

    def made(
        name: str = "photo.jpg",
        *,
        at: tuple[float, float] | None = (37.5189, 111.1502),
        taken: dt.datetime = VISIT,
        seed: int = 0,
    ) -> Path:
        path = tmp_path / name
        latitude, longitude = at or (None, None)
        make_photo(
            path, latitude=latitude, longitude=longitude, taken_at=taken, seed=seed, size=(320, 240), text=name
        )
        return path

    return made


@pytest.fixture
def other(workspace: Workspace, inspection: str, tmp_path: Path) -> Iterator[Workspace]:
    """A second laptop of the same team that knows the inspection."""
    workspace.replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(workspace.folder, tmp_path / "other")
    with Workspace.open(tmp_path / "other") as opened:
        yield opened


def meet(one: Workspace, two: Workspace) -> None:
    """Exchange both ways."""
    exchange(one.replica, ReplicaPeer(two.replica), officer=one.config.badge)

    assert list(one.replica.dump()) == list(two.replica.dump())
