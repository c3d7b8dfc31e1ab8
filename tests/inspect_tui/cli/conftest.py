"""The command line through its public door, a workspace behind it, and inspections to load."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from inspect_tui.__main__ import main
from inspect_tui.photos.synthetic import make_photo

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What a command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


class Run(Protocol):
    """Runs a command in this process; `on` is the workspace, that of officer 甲 unless given."""

    def __call__(self, *words: object, on: Path | None = None) -> Ran:
        """Run it."""
        ...


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands on a machine without any workspace, in Chinese."""
    monkeypatch.setenv("INSPECT_TUI_WORKSPACE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def run(*words: object, on: Path | None = None) -> Ran:
        capsys.readouterr()
        before = [] if on is None else ["-w", str(on)]
        status = main([*before, *map(str, words)])
        said = capsys.readouterr()
        return Ran(status, said.out, said.err)

    return run


@pytest.fixture
def home(bare: Run, tmp_path: Path) -> Path:
    """The workspace of officer 甲."""
    folder = tmp_path / "home"
    ran = bare("init", "--name", "检查员甲", "--badge", "14110200001", "--area", "141102", on=folder)
    assert ran.status == 0
    return folder


@pytest.fixture
def cli(bare: Run, home: Path) -> Run:
    """Commands on the workspace of officer 甲."""

    def run(*words: object, on: Path | None = None) -> Ran:
        return bare(*words, on=on or home)

    return run


def inspection(**changes: Any) -> dict[str, Any]:
    """An inspection as `inspection load` takes it: two officers, one fail with photo and finding."""
    said: dict[str, Any] = {
        "site": {
            "name": "示例工程",
            "kind": "construction_site",
            "area": "141102",
            "longitude": "111.150200",
            "latitude": "37.518900",
            "attributes": {"road_class": "main"},
        },
        "checklist": "construction-dust",
        "started_at": "2026-11-20T09:10:00+08:00",
        "ended_at": "2026-11-20T10:25:00+08:00",
        "officers": [
            {"name": "检查员甲", "badge": "14110200001"},
            {"name": "检查员乙", "badge": "14110200002"},
        ],
        "present": {"name": "某某", "role": "项目经理", "signature": "signed"},
        "answers": [
            {
                "item": "CD-101",
                "verdict": "fail",
                "note": "围挡缺口",
                "value": 12,
                "unit": "m",
                "photos": ["photo.jpg"],
                "finding": {"description": "围挡缺口约 12 m", "due_date": "2026-11-25"},
            }
        ],
        "submit": True,
    }
    return said | changes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one inspection, and its photo beside it."""
    make_photo(tmp_path / "photo.jpg", latitude=37.5189, longitude=111.1502, size=(320, 240))
    path = tmp_path / "one.json"
    path.write_text(json.dumps(inspection(), ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def loaded(cli: Run, file: Path) -> str:
    """The id of the inspection of `file`, loaded."""
    return str(cli("inspection", "load", file, "--json").json()[0]["inspection"])


@pytest.fixture
def finding(cli: Run, loaded: str) -> str:
    """The id of its finding."""
    return str(cli("finding", "list", "--json").json()[0]["finding_id"])
