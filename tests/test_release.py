"""The offline folder: built, checked, and installed without a network into an empty home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "release" / "folder"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="drives the installer of other systems")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, built as `make release` does."""
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, ROOT / "release" / "build.py", "--out", out], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the wheels cannot be fetched here: {done.stderr[-500:]}")
    (folder,) = out.iterdir()
    return folder


@pytest.fixture
def offline() -> list[str]:
    """Puts a command where there is no network, as far as this system lets anybody do that."""
    unshare = shutil.which("unshare")
    command = [] if unshare is None else [unshare, "-rn"]
    works = bool(command) and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else []


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody who has nothing yet: an empty home, no settings of pip, no registry."""
    home = tmp_path / "家 of nobody"
    home.mkdir()
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin"
    yield {"HOME": str(home), "PATH": path, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PYTHON": sys.executable}
    shutil.rmtree(home, ignore_errors=True)


def installed(folder: Path, environment: dict[str, str], offline: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the installer."""
    command = [*offline, "sh", str(folder / "install.sh")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def test_it_installs_without_a_network_into_an_empty_home(
    built: Path, empty: dict[str, str], offline: list[str], tmp_path: Path
) -> None:
    """The start script says the version and plays the demo; a second run replaces it; nothing else is touched."""
    for _ in range(2):
        done = installed(built, empty, offline)
        assert done.returncode == 0, done.stdout + done.stderr
    starter = Path(empty["HOME"]) / ".local" / "bin" / "inspect-tui"
    version = json.loads((built / "RELEASE.json").read_text("utf-8"))["version"]
    said = subprocess.run([*offline, starter, "--version"], env=empty, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"inspect-tui {version} ")
    played = subprocess.run(
        [*offline, starter, "demo", tmp_path / "demo"], env=empty, capture_output=True, text=True, check=False
    )
    assert played.returncode == 0, played.stderr
    kept = {path.name for path in (Path(empty["HOME"]) / ".local" / "lib" / "inspect-tui").iterdir()}
    assert kept == {version}


def test_a_changed_or_planted_file_is_refused(
    built: Path, empty: dict[str, str], offline: list[str], tmp_path: Path
) -> None:
    """The installer names the file and installs nothing."""
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)
    wheel = next(folder.glob("wheels/inspect_tui-*.whl"))
    true = wheel.read_bytes()
    wheel.write_bytes(true[:-1] + bytes([true[-1] ^ 1]))
    done = installed(folder, empty, offline)
    assert (done.returncode, wheel.name in done.stderr) == (1, True)
    wheel.write_bytes(true)
    planted = folder / "wheels" / "textual-99-py3-none-any.whl"
    planted.write_bytes(b"x")
    done = installed(folder, empty, offline)
    assert (done.returncode, planted.name in done.stderr) == (1, True)
    planted.unlink()
    (folder / "LICENSE").unlink()
    done = installed(folder, empty, offline)
    assert (done.returncode, "LICENSE" in done.stderr) == (1, True)
    assert not (Path(empty["HOME"]) / ".local").exists()


def test_the_folder_is_complete(built: Path) -> None:
    """Installers for all systems with the version filled in, and a list of checksums that `sha256sum` reads."""
    names = {path.name for path in built.iterdir()}
    assert {"install.sh", "install.cmd", "install.ps1", "README.md", "SHA256SUMS", "wheels", "LICENSE"} <= names
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("install.sh", "install.cmd", "install.ps1", "README.md"):
        text = (built / name).read_bytes()
        assert b"@" + b"python@" not in text
        assert python.encode() in text
    assert os.access(built / "install.sh", os.X_OK)
    assert (built / "install.cmd").read_bytes().count(b"\r\n") > 10
    assert (built / "install.ps1").read_bytes().startswith(b"\xef\xbb\xbf")
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=built, check=True)
    listed = {line.split("  ", 1)[1] for line in (built / "SHA256SUMS").read_text("utf-8").splitlines()}
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert listed == files - {"SHA256SUMS"}


def test_an_installer_without_the_right_python_says_so(built: Path, tmp_path: Path) -> None:
    """One sentence in both languages, whichever launcher was used."""
    environment = {"HOME": str(tmp_path), "PATH": str(tmp_path / "nothing")}
    done = subprocess.run(
        ["/bin/sh", built / "install.sh"],
        env={**environment, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python" in done.stderr


def test_no_template_names_a_registry() -> None:
    """Nothing of the folder speaks of where wheels are fetched from."""
    for path in TEMPLATES.iterdir():
        assert "http" not in path.read_text("utf-8"), path.name
