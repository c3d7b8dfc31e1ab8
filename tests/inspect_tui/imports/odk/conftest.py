"""The command line with a workspace, a form as a server knows it, and photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from inspect_tui.photos.synthetic import make_photo
from tests.inspect_tui.cli.conftest import Ran, Run, bare, cli, home
from tests.inspect_tui.imports.odk.servers import XForm, media_of, xform

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.imports.odk.servers import Sent

__all__ = ["Ran", "Run", "bare", "cli", "home"]


class Shoot(Protocol):
    """Makes the photos that submissions name: file name → bytes."""

    def __call__(self, *listed: Sent) -> dict[str, bytes]:
        """Make them."""
        ...


@pytest.fixture(scope="session")
def form() -> XForm:
    """Construction dust."""
    return xform()


@pytest.fixture
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Shoot:
    """Photos with EXIF, each of its own bytes."""
    folder = tmp_path_factory.mktemp("camera")

    def make(*listed: Sent) -> dict[str, bytes]:
        found = {}
        for seed, name in enumerate(dict.fromkeys(name for one in listed for name in media_of(one))):
            path: Path = folder / f"{seed}.jpg"
            make_photo(path, latitude=37.5189, longitude=111.1502, size=(160, 120), seed=seed, text=name)
            found[name] = path.read_bytes()
        return found

    return make
