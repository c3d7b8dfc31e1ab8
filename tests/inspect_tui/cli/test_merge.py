"""Merging, conflicts, verification and backups from the command line."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from inspect_tui.cli import merge as merging

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.exchange import Stranger
    from tests.inspect_tui.cli.conftest import Run


@pytest.fixture
def other(bare: Run, tmp_path: Path, home: Path, loaded: str) -> Path:
    """The workspace of officer 乙, who has merged 甲's."""
    folder = tmp_path / "other"
    bare("init", "--name", "检查员乙", "--badge", "14110200002", "--area", "141102", on=folder)
    assert bare("merge", home, "--trust", on=folder).status == 0
    return folder


@pytest.fixture
def disputed(bare: Run, home: Path, other: Path, finding: str) -> str:
    """A finding whose due date both changed; 甲 has merged 乙's workspace."""
    for folder, day in ((home, "2026-12-05"), (other, "2026-12-10")):
        ran = bare("finding", "follow-up", finding, "extension", "--due", day, "--text", "材料未到", on=folder)
        assert ran.status == 0
    assert bare("merge", other, "--trust", "--json", on=home).json()[0]["conflicts"] == [
        {"table": "findings", "row": finding, "cell": "due_date"}
    ]
    return finding


def test_a_foreign_root_is_refused_off_a_terminal(bare: Run, home: Path, loaded: str, tmp_path: Path) -> None:
    """Without --trust a script merges nothing and is told name and fingerprint."""
    folder = tmp_path / "other"
    bare("init", "--name", "乙", "--badge", "2", "--area", "141102", on=folder)
    ran = bare("merge", home, on=folder)
    assert ran.status == 1
    assert "--trust" in ran.err
    assert "检查员甲" in ran.err
    assert bare("finding", "list", "--json", on=folder).json() == []


def test_on_a_terminal_the_fingerprint_is_shown_and_asked_about(
    bare: Run, home: Path, loaded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yes merges, anything else does not."""
    folder = tmp_path / "other"
    bare("init", "--name", "乙", "--badge", "2", "--area", "141102", on=folder)
    asked: list[str] = []

    def answering(*, answer: bool) -> Callable[..., Callable[[Stranger], bool]]:
        def ask(stranger: Stranger) -> bool:
            asked.append(stranger.fingerprint)
            return answer

        return lambda **_: ask

    monkeypatch.setattr(merging, "trust_of", answering(answer=False))
    assert bare("merge", home, on=folder).status == 1
    monkeypatch.setattr(merging, "trust_of", answering(answer=True))
    assert bare("merge", home, on=folder).status == 0
    assert len(asked) == 2
    assert len(asked[0].replace(" ", "")) == 32


def test_a_preview_shows_what_would_come_and_writes_nothing(
    bare: Run, home: Path, loaded: str, tmp_path: Path
) -> None:
    """Counts as a merge would give, and the database's content unchanged."""
    folder = tmp_path / "other"
    bare("init", "--name", "乙", "--badge", "2", "--area", "141102", on=folder)
    before = bare("log", "--json", on=folder).json()
    told = bare("merge", home, "--preview", "--json", on=folder)
    assert told.status == 0
    assert told.json()[0]["touched"]["findings"] == 1
    assert bare("merge", home, "--preview", on=folder).status == 0
    assert bare("log", "--json", on=folder).json() == before
    assert bare("finding", "list", "--json", on=folder).json() == []
    merged = bare("merge", home, "--trust", "--json", on=folder).json()[0]
    assert merged["appended"] == told.json()[0]["appended"]


def test_a_workspace_is_not_merged_into_itself(cli: Run, home: Path) -> None:
    """One sentence, exit 1."""
    assert cli("merge", home).status == 1


def test_a_conflict_is_listed_and_settled_by_choice(cli: Run, disputed: str) -> None:
    """Both values with who gave them; after the choice there is none, and the chosen one stands."""
    told = cli("conflict", "list", "--json").json()
    assert [(each["row"], each["cell"]) for each in told] == [(disputed, "due_date")]
    values = {each["value"]["due_date"]: each["choice"] for each in told[0]["values"]}
    assert set(values) == {"2026-12-05", "2026-12-10"}
    assert "2026-12-05" in cli("conflict", "list").out
    assert cli("finding", "list", "--json", "--conflict").json()[0]["conflict"] == "due_date"
    place = ("conflict", "resolve", "findings", disputed, "due_date")
    assert cli(*place, "z", "--reason", "x").status == 1
    assert cli(*place).status == 2
    ran = cli(*place, values["2026-12-10"], "--reason", "有依据", "--json")
    assert ran.json()["conflicts_left"] == 0
    assert cli("conflict", "list").out.strip() == "没有冲突。"
    assert cli("finding", "list", "--json").json()[0]["due_date"] == "2026-12-10"
    assert cli("verify").status == 0


def test_a_conflict_is_settled_by_a_third_value(cli: Run, disputed: str) -> None:
    """A group of columns is given as JSON; what is no JSON is refused."""
    place = ("conflict", "resolve", "findings", disputed, "due_date")
    assert cli(*place, "--value", "2026-12-08", "--reason", "x").status == 1
    assert cli(*place, "--value", '{"due_date": "2026-12-08", "due_reason": "折中"}', "--reason", "x").status == 0
    assert cli("finding", "list", "--json").json()[0]["due_date"] == "2026-12-08"


def test_verify_names_a_table_edited_behind_the_log(cli: Run, home: Path, finding: str) -> None:
    """Exit 1, with table and row."""
    assert cli("verify", "--json").json() == []
    with sqlite3.connect(home / "workspace.db") as database:
        database.execute("UPDATE findings SET description = '没事' WHERE id = ?", (finding,))
    database.close()
    ran = cli("verify", "--json")
    assert ran.status == 1
    assert any(finding in fault["where"] for fault in ran.json())
    assert cli("verify").status == 1
    assert cli("rebuild").status == 0
    assert cli("verify").status == 0


def test_verify_names_a_changed_photo(cli: Run, home: Path, loaded: str) -> None:
    """Exit 1, with the photo's hash."""
    photo = next(path for path in (home / "photos").rglob("*") if path.is_file() and path.stat().st_size > 1000)
    photo.chmod(0o644)
    photo.write_bytes(photo.read_bytes()[:-1] + b"x")
    ran = cli("verify", "--json")
    assert ran.status == 1
    assert [fault["code"] for fault in ran.json()] == ["photo"]


def test_verify_of_another_workspace_writes_nothing_there(cli: Run, other: Path) -> None:
    """A source that is only older is a note; against a replica the missing tail is a fault."""
    before = sorted((path, path.stat().st_mtime_ns) for path in other.rglob("*"))
    assert cli("verify", other).status == 0
    cli("site", "add", "--name", "新", "--kind", "construction_site")
    note = cli("verify", other, "--json")
    assert note.status == 0
    assert [fault["level"] for fault in note.json() if fault["code"] == "tail"] == ["note"]
    assert sorted((path, path.stat().st_mtime_ns) for path in other.rglob("*")) == before


def test_against_another_replica_a_missing_tail_is_a_fault(
    cli: Run, home: Path, loaded: str, tmp_path: Path
) -> None:
    """A workspace rolled back to an old copy is found out by whoever knows more."""
    old = tmp_path / "old.db"
    assert cli("backup", old).status == 0
    cli("site", "add", "--name", "新", "--kind", "construction_site")
    assert cli("verify", old, "--against", home).status == 1
    assert cli("verify", "--against", old).status == 0


def test_a_backup_opens_as_a_new_device(bare: Run, cli: Run, home: Path, loaded: str, tmp_path: Path) -> None:
    """The folder form is a workspace with all records and photos, whose next change comes from another device."""
    copy = tmp_path / "copy"
    assert cli("backup", copy, "--json").json()["photos"] == 1
    assert bare("verify", on=copy).status == 0
    assert bare("finding", "list", "--json", on=copy).json() == cli("finding", "list", "--json").json()
    bare("site", "add", "--name", "新", "--kind", "construction_site", on=copy)
    cli("site", "add", "--name", "另", "--kind", "construction_site")
    devices = {each["device"] for each in bare("log", "--json", on=copy).json()}
    assert len(devices) == 2
    assert cli("merge", copy, "--json").json()[0]["forks"] == []
    assert bare("backup", copy).status == 1


def test_a_backup_file_can_be_verified_and_merged(bare: Run, cli: Run, loaded: str, tmp_path: Path) -> None:
    """The single file holds the whole log; photos lie beside it when asked for."""
    single = tmp_path / "b" / "all.db"
    single.parent.mkdir()
    assert cli("backup", single, "--photos").status == 0
    assert sorted(path.name for path in single.parent.iterdir()) == ["all.db", "photos"]
    assert cli("verify", single).status == 0
    folder = tmp_path / "third"
    bare("init", "--name", "丙", "--badge", "3", "--area", "141102", on=folder)
    told = bare("merge", single, "--trust", "--json", on=folder).json()[0]
    assert (told["photos_received"], told["photos_missing"]) == (1, [])
    assert bare("verify", on=folder).status == 0
    shutil.rmtree(single.parent)
    assert cli("backup", single.parent / "x" / "y.db").status == 0


def test_several_sources_come_in_one_command(bare: Run, home: Path, other: Path, tmp_path: Path) -> None:
    """One array with one object a source; the second brings nothing that the first brought."""
    third = tmp_path / "third"
    bare("init", "--name", "丙", "--badge", "3", "--area", "141100", on=third)
    told = bare("merge", home, other, "--trust", "--json", on=third).json()
    assert [each["source"] for each in told] == [str(home), str(other)]
    assert bare("merge", home, other, on=third).status == 0
    assert bare("verify", on=third).status == 0
