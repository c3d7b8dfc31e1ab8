"""The parting of ways: screens without a command, and nothing imported before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import inspect_tui.__main__ as entry
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from tests.inspect_tui.cli.conftest import Run

ROOT = Path(__file__).parents[3]
HEAVY = ("argparse", "sqlite_utils", "PIL", "exifread", "cryptography", "inspect_tui.cli")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], {}),
        (["-w", "x"], {"workspace": "x"}),
        (["--workspace=x", "--lang", "en"], {"workspace": "x", "lang": "en"}),
        (["doctor"], None),
        (["-w", "x", "doctor"], None),
        (["-w"], None),
        (["--lang", "fr"], None),
        (["--json"], None),
        (["-h"], None),
    ],
)
def test_only_workspace_and_language_open_the_screens(words: list[str], said: dict[str, str] | None) -> None:
    """Everything else is the command line's business."""
    assert entry.only_screens(words) == said


def test_the_screens_open_on_the_named_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folder and language arrive; the Kitty protocol is off unless the user set it."""
    seen: list[tuple[Path, str | None]] = []
    monkeypatch.delenv("TEXTUAL_DISABLE_KITTY_KEY", raising=False)
    monkeypatch.setattr("inspect_tui.tui.app.run_tui", lambda folder, language: seen.append((folder, language)))
    assert entry.main(["-w", str(tmp_path), "--lang", "en"]) == 0
    assert seen == [(tmp_path, "en")]
    assert os.environ["TEXTUAL_DISABLE_KITTY_KEY"] == "1"


def test_what_stops_the_screens_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A refusal at start exits 1 without a traceback."""

    def refuse(*_: object) -> None:
        raise Refused("设置有误。", "Wrong settings.")

    monkeypatch.setattr("inspect_tui.tui.app.run_tui", refuse)
    assert entry.main(["-w", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "设置有误。\n"


def test_the_way_to_the_screens_imports_nothing_heavy() -> None:
    """Before run_tui is called, none of what only commands need is loaded."""
    code = (
        "import sys, types\n"
        "fake = types.ModuleType('inspect_tui.tui.app')\n"
        f"fake.run_tui = lambda *_: print([name for name in {HEAVY!r} if name in sys.modules])\n"
        "sys.modules['inspect_tui.tui.app'] = fake\n"
        "from inspect_tui.__main__ import main\n"
        "sys.exit(main(['-w', '.']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[]\n", "")


def test_the_module_runs_as_a_programme(bare: Run) -> None:
    """`python -m inspect_tui` is the same door."""
    ran = subprocess.run(
        [sys.executable, "-m", "inspect_tui", "checklist", "list", "--json"],
        check=False,
        capture_output=True,
        cwd=ROOT,
    )
    assert ran.returncode == 0
    assert ran.stdout.startswith(b"[")


def test_without_a_terminal_the_screens_say_so_and_end(tmp_path: Path) -> None:
    """A keyboard that is none would be read over and over; the workspace is not made either."""
    ran = subprocess.run(
        [sys.executable, "-m", "inspect_tui", "-w", str(tmp_path / "none"), "--lang", "en"],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("There is no terminal")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()
