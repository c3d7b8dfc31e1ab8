"""The demo plays the whole job on a plain clone, and leaves workspaces that verify."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demo_plays_to_its_end(bare: Run, tmp_path: Path, language: str) -> None:
    """Three verified workspaces, one conflict settled, a CSV with every finding; each step is told."""
    ran = bare("--lang", language, "demo", tmp_path / "d")
    assert (ran.status, ran.err) == (0, "")
    assert "9. " in ran.out
    rows = list(csv.DictReader((tmp_path / "d" / "findings.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == 5
    for name in ("laptop-li", "laptop-wang", "supervisor"):
        assert bare("verify", on=tmp_path / "d" / name).status == 0
    assert bare("conflict", "list", "--json", on=tmp_path / "d" / "supervisor").json() == []


def test_a_folder_with_something_in_it_is_left_alone(bare: Run, tmp_path: Path) -> None:
    """Exit 1, one sentence, nothing changed; for scripts the demo answers with one object."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine.txt").write_text("x")
    ran = bare("demo", tmp_path / "d")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["mine.txt"]
    told = bare("demo", tmp_path / "e", "--json").json()
    assert (told["conflicts_settled"], told["verified"], told["findings"]) == (1, True, 5)
