"""`checklist publish|withdraw|list|show|export` and `inspection carry-over`, as they are typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.workspace import Workspace
from tests.inspect_tui.cli.conftest import inspection
from tests.inspect_tui.records.colleagues import DUST, LIMIT, RENAMED, WORDS, dust, enrol

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    """A newer version in a file."""
    path = tmp_path / "dust.yaml"
    path.write_bytes(dust("2026.12.1", WORDS, LIMIT, RENAMED))
    return path


@pytest.fixture
def draft(cli: Run, tmp_path: Path) -> str:
    """A draft with three answers."""
    said = inspection(submit=False, answers=[])
    said["answers"] = [
        {"item": "CD-001", "verdict": "pass"},
        {"item": "CD-002", "verdict": "fail", "note": "未备案"},
        {"item": "CD-101", "value": 1.5, "unit": "m"},
    ]
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    return str(cli("inspection", "load", path, "--json").json()[0]["inspection"])


def test_publishing_shows_what_differs_and_asks(cli: Run, yaml: Path) -> None:
    """Off a terminal it writes nothing without --yes; with it, list, show and export know the published version."""
    ran = cli("checklist", "publish", yaml)
    assert ran.status == 1
    assert "2026.11.2" in ran.out
    assert "measurements.0.limits.0.value：0 → 2" in ran.out
    assert "--yes" in ran.err
    assert cli("checklist", "list", "--published", "--json").json() == []
    assert cli("checklist", "publish", yaml, "--preview").status == 0
    ran = cli("checklist", "publish", yaml, "--yes", "--note", "新限值", "--json")
    assert ran.status == 0
    assert (ran.json()["published"], ran.json()["version_in_force"], ran.json()["area"]) == (
        True,
        "2026.11.2",
        "141102",
    )

    row = next(one for one in cli("checklist", "list", "--json").json() if one["id"] == DUST)
    assert (row["version"], row["source"], row["published_by"]) == ("2026.12.1", "published", "检查员甲")
    assert "发布：检查员甲" in cli("checklist", "list").out
    assert "新限值" in cli("checklist", "show", DUST).out
    assert WORDS[1] in cli("checklist", "show", DUST).out
    other = next(one for one in cli("checklist", "list", "--area", "110101", "--json").json() if one["id"] == DUST)
    assert (other["version"], other["source"]) == ("2026.11.2", "shipped")
    target = yaml.with_name("copy.yaml")
    assert cli("checklist", "export", DUST, target).status == 0
    assert target.read_bytes() == yaml.read_bytes()
    assert cli("checklist", "publish", yaml, "--yes").status == 1


def test_publishing_by_id_takes_the_imported_file(cli: Run, yaml: Path, home: Path) -> None:
    """An administrator who imported a version publishes it by its id; the list says that the local file is in front."""
    assert cli("checklist", "import", yaml).status == 0
    assert cli("checklist", "publish", DUST, "--area", "141100", "--yes").status == 0
    row = next(one for one in cli("checklist", "list", "--json").json() if one["id"] == DUST)
    assert (row["source"], row["published_version"], row["published_for"]) == ("local", "2026.12.1", "141100")
    assert "本机导入（在 2026.12.1 版之上" in cli("checklist", "list").out
    (home / "checklists" / "dust.yaml").unlink()
    assert "发布：" in cli("checklist", "list").out


@pytest.mark.parametrize("words", [("nothing.yaml",), ("nothing",), ("nothing.xlsx",)])
def test_what_is_not_there_cannot_be_published(cli: Run, words: tuple[str, ...]) -> None:
    """One sentence, exit status 1."""
    ran = cli("checklist", "publish", *words, "--yes")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_an_inspector_cannot_publish_and_gets_it_by_merge(cli: Run, bare: Run, yaml: Path, home: Path) -> None:
    """Refused before anything is written; the administrator's version comes with a merge."""
    laptop = home.parent / "laptop"
    with Workspace.open(home) as admin:
        enrol(admin, laptop).close()
    ran = bare("checklist", "publish", yaml, "--yes", on=laptop)
    assert ran.status == 1
    assert "管理员" in ran.err
    assert cli("checklist", "publish", yaml, "--yes").status == 0
    assert bare("merge", home, on=laptop).status == 0
    row = next(one for one in bare("checklist", "list", "--json", on=laptop).json() if one["id"] == DUST)
    assert (row["source"], row["published_by"]) == ("published", "检查员甲")
    assert bare("checklist", "withdraw", DUST, "2026.12.1", "--reason", "x", on=laptop).status == 1
    assert bare("verify", on=laptop).status == 0


def test_withdrawing(cli: Run, yaml: Path) -> None:
    """The shipped version holds again; the list keeps both facts."""
    cli("checklist", "publish", yaml, "--yes")
    ran = cli("checklist", "withdraw", DUST, "2026.12.1", "--reason", "限值有误")
    assert ran.status == 0
    assert "现行版本：2026.11.2" in ran.out
    (row,) = cli("checklist", "list", "--published", "--json").json()
    assert (row["state"], row["withdrawn_reason"]) == ("withdrawn", "限值有误")
    assert "已撤回" in cli("checklist", "list", "--published").out
    assert cli("checklist", "withdraw", DUST, "2026.12.1", "--reason", "x", "--json").status == 1


def test_carrying_over(cli: Run, yaml: Path, draft: str) -> None:
    """Preview, refusal without --yes, then all in one changeset; the inspection shows its new version."""
    assert cli("inspection", "carry-over", draft).status == 1
    cli("checklist", "publish", yaml, "--yes")
    ran = cli("inspection", "carry-over", draft, "--preview")
    assert ran.status == 0
    for words in (
        "2026.11.2 → 2026.12.1",
        "CD-002  取消 [不合格]",
        "CD-092  新增",
        "缺口总长 =0 m → 缺口总长 ≤2 m",
    ):
        assert words in ran.out
    assert cli("inspection", "carry-over", draft, "--reason", "x").status == 1
    assert cli("inspection", "carry-over", draft, "--yes").status == 1
    assert cli("inspection", "show", draft, "--json").json()["checklist_version"] == "2026.11.2"
    ran = cli("inspection", "carry-over", draft, "--yes", "--reason", "新版", "--confirm", "CD-001", "--json")
    assert ran.status == 0
    told = {one["item"]: (one["what"], one["answer"]) for one in ran.json()["items"]}
    assert (told["CD-001"], told["CD-101"], told["CD-002"]) == (
        ("text", "confirm"),
        ("limit", "open"),
        ("gone", "stays"),
    )
    shown = cli("inspection", "show", draft, "--json").json()
    assert shown["checklist_version"] == "2026.12.1"
    assert {one["item"]: one["verdict"] for one in shown["answers"]} == {"CD-001": "pass", "CD-101": None}
    assert "2026.11.2 → 2026.12.1：新版" in cli("inspection", "show", draft).out
    assert "item_gone" in {one["code"] for one in shown["submission"]["warnings"]}
    assert cli("verify").status == 0
    assert cli("rebuild").status == 0


def test_a_submitted_inspection_is_refused(cli: Run, yaml: Path, loaded: str) -> None:
    """It keeps its version, and says so."""
    cli("checklist", "publish", yaml, "--yes")
    ran = cli("inspection", "carry-over", loaded, "--yes", "--reason", "x")
    assert ran.status == 1
    assert "已提交" in ran.err
    assert cli("inspection", "show", loaded, "--json").json()["checklist_version"] == "2026.11.2"
