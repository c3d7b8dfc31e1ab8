"""Every command does its work, answers machines in one shape, and refuses in one sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tui.cli.registry import COMMANDS
from inspect_tui.exports.columns import CODES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run


def test_init_twice_is_refused_and_changes_nothing(cli: Run, home: Path) -> None:
    """A second init of one folder exits 1 with one sentence and leaves every byte."""
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    ran = cli("init", "--name", "乙", "--badge", "2", "--area", "141102")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()} == before


def test_init_without_anything_in_a_script_says_what_it_took(bare: Run, tmp_path: Path) -> None:
    """Off a terminal init asks nothing; the missing badge is named on standard error and by doctor."""
    ran = bare("init", "--json", on=tmp_path / "w")
    assert ran.status == 0
    assert ran.json()["area"] == "141100"
    assert "执法证号" in ran.err
    doctor = bare("doctor", "--json", on=tmp_path / "w")
    assert doctor.status == 1
    assert [each["code"] for each in doctor.json()["problems"]] == ["badge"]


def test_doctor_of_a_sound_workspace_finds_nothing(cli: Run, loaded: str) -> None:
    """Doctor exits 0, and names versions and counts."""
    ran = cli("doctor", "--json")
    assert ran.status == 0
    told = ran.json()
    assert told["workspace"]["changesets"] > 0
    assert "python" in told["versions"]
    assert cli("doctor").status == 0


def test_doctor_without_a_workspace_says_how_to_make_one(bare: Run) -> None:
    """Doctor works on a fresh machine, where the workspace is what is wrong."""
    ran = bare("doctor")
    assert ran.status == 1
    assert "inspect-tui init" in ran.out


def test_checklists_are_listed_and_shown(bare: Run) -> None:
    """Every checklist with its items, without a workspace, in both languages."""
    rows = bare("checklist", "list", "--json").json()
    items = {row["id"]: row["items"] for row in rows}
    wanted = {"construction-dust": 45, "river-outfall": 44, "solid-waste-storage": 48}
    assert {name: items[name] for name in wanted} == wanted
    assert "CD-101" in bare("checklist", "show", "construction-dust").out
    assert bare("checklist", "show", "construction-dust", "--json").json()["id"] == "construction-dust"
    assert "Construction" in bare("--lang", "en", "checklist", "list").out
    assert bare("checklist", "show", "nothing").status == 1


def test_an_exported_checklist_validates_and_can_be_imported(cli: Run, home: Path, tmp_path: Path) -> None:
    """export, validate and import are a round trip; what exists is not overwritten."""
    target = tmp_path / "mine.yaml"
    assert cli("checklist", "export", "river-outfall", target).status == 0
    assert cli("checklist", "export", "river-outfall", target).status == 1
    assert cli("checklist", "validate", target, "--json").json() == []
    assert cli("checklist", "import", target).status == 0
    assert (home / "checklists" / "mine.yaml").read_bytes() == target.read_bytes()
    assert cli("checklist", "export", "all", tmp_path / "all").status == 0
    assert cli("checklist", "validate", tmp_path / "all").status == 0


def test_a_wrong_checklist_is_named_with_line_and_not_imported(cli: Run, home: Path, tmp_path: Path) -> None:
    """Validate and import exit 1 and name file and line."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("id: x\nversion: 1\n", "utf-8")
    ran = cli("checklist", "validate", wrong)
    assert ran.status == 1
    assert "wrong.yaml:1" in ran.out
    assert cli("checklist", "import", wrong).status == 1
    assert not (home / "checklists").exists()


def test_sites_are_added_listed_imported_and_shown(cli: Run, tmp_path: Path) -> None:
    """A site by options, more from a CSV; the phone is shown but the log does not hold it."""
    made = cli(
        *(
            "site",
            "add",
            "--name",
            "示例厂",
            "--kind",
            "construction_site",
            "--longitude",
            "111.15",
            "--latitude",
            "37.5",
        ),
        *("--attribute", "road_class=main", "--phone", "13800000000", "--json"),
    )
    site = made.json()["id"]
    shown = cli("site", "show", site, "--json").json()
    assert (shown["name"], shown["contact_phone"], shown["longitude"]) == ("示例厂", "13800000000", "111.150000")
    listing = tmp_path / "sites.csv"
    listing.write_text("名称,类型\n甲厂,construction_site\n,construction_site\n", "utf-8")
    imported = cli("site", "import", listing, "--json")
    assert imported.status == 1
    assert [row["created"] for row in imported.json()] == [True, False]
    assert [row["name"] for row in cli("site", "list", "甲", "--json").json()] == ["甲厂"]
    assert "示例厂" in cli("site", "list").out
    assert "示例厂" in cli("site", "show", site).out
    assert "13800000000" not in cli("log", site, "--json").out


@pytest.mark.parametrize(
    "words",
    [
        ("site", "add", "--name", "x", "--kind", "nothing"),
        ("site", "show", "nothing"),
        ("site", "import", "nothing.csv"),
        ("inspection", "show", "nothing"),
        ("inspection", "load", "nothing.json"),
        ("finding", "show", "nothing"),
        ("finding", "follow-up", "nothing", "reply"),
        ("photo", "add", "nothing", "CD-101", "nothing.jpg"),
        ("merge", "nothing"),
        ("conflict", "resolve", "findings", "x", "description", "a"),
        ("verify", "nothing"),
        ("log", "nothing"),
        ("export", "csv", "no/such/folder/x.csv"),
        ("finding", "list", "--day", "gestern"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_1(cli: Run, words: tuple[str, ...]) -> None:
    """No traceback, nothing on standard output, one line on standard error."""
    for language in ("zh", "en"):
        ran = cli("--lang", language, *words)
        assert ran.status == 1
        assert ran.out == ""
        assert ran.err.count("\n") == 1
        assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if each.words[0] not in {"init", "demo", "doctor", "serve"}]
)
def test_without_a_workspace_commands_say_so_or_need_none(bare: Run, command: object) -> None:
    """Nothing is made by accident, and nobody sees a traceback."""
    words = getattr(command, "words", ())
    titles = ("--title-zh", "x", "--title-en", "x")
    arguments = {
        "site add": ("--name", "x", "--kind", "y"),
        "conflict resolve": ("t", "r", "c", "a"),
        "photo void": ("x", "--reason", "y"),
        "officer add": ("--name", "x", "--badge", "y1"),
        "task new": ("x", "y", "--officer", "1=z", "--due", "2026-12-01"),
        "task cancel": ("x", "--reason", "y"),
        "draw new": ("--share", "25", "--officer", "1=z", "--due", "2026-12-01"),
        "draw void": ("x", "--reason", "y"),
        "site change": ("x", "--risk", "high"),
        "team accept": ("x", "--out", "y"),
        "checklist withdraw": ("x", "2026.1.1", "--reason", "y"),
        "checklist new": ("x", "no/such/folder/x.yaml", *titles, "--kind", "y", "--duty", "z"),
    }
    given = arguments.get(" ".join(words)) or ["x"] * sum(
        1
        for each in getattr(command, "arguments", ())
        if not each.flags[0].startswith("-") and each.options.get("nargs") not in {"?", "*"}
    )
    if words == ("finding", "follow-up"):
        given = ["x", "reply"]
    ran = bare(*words, *given)
    assert ran.status in {0, 1}
    assert "Traceback" not in ran.err


def test_an_inspection_is_loaded_once(cli: Run, file: Path) -> None:
    """The second time nothing is written; the answer names file, line and id."""
    first = cli("inspection", "load", file, "--json")
    assert first.status == 0
    told = first.json()[0]
    assert (told["line"], told["created"]) == (1, True)
    count = len(cli("log", "--json", "--limit", 1000).json())
    again = cli("inspection", "load", file)
    assert again.status == 0
    assert told["inspection"] in again.out
    assert len(cli("log", "--json", "--limit", 1000).json()) == count


def test_a_refused_inspection_is_named_with_line_and_the_others_are_loaded(
    cli: Run, file: Path, tmp_path: Path
) -> None:
    """JSON lines with one that lacks an officer: exit 1, the line named, the good one there."""
    good = json.loads(file.read_text("utf-8"))
    wrong = {**good, "officers": good["officers"][:1], "started_at": "2026-11-21T09:10:00+08:00"}
    wrong["ended_at"] = "2026-11-21T09:20:00+08:00"
    lines = tmp_path / "two.jsonl"
    lines.write_text("\n".join(json.dumps(each) for each in (wrong, good)), "utf-8")
    ran = cli("inspection", "load", lines, "--json")
    assert ran.status == 1
    assert [each["inspection"] is None for each in ran.json()] == [True, False]
    assert ran.json()[0]["problems"]
    assert len(cli("inspection", "list", "--json").json()) == 1


def test_inspections_are_listed_and_shown(cli: Run, loaded: str) -> None:
    """State, counts and answers, for people and machines."""
    listed = cli("inspection", "list", "--json", "--state", "submitted").json()
    assert [(each["id"], each["failed"], each["findings"], each["photos"]) for each in listed] == [
        (loaded, 1, 1, 1)
    ]
    shown = cli("inspection", "show", loaded, "--json").json()
    assert [(each["item"], each["verdict"]) for each in shown["answers"]] == [("CD-101", "fail")]
    assert "CD-101" in cli("inspection", "show", loaded).out
    assert loaded in cli("inspection", "list").out
    assert cli("inspection", "schema").json()["$schema"].startswith("https://json-schema.org/")


def test_photos_are_added_to_an_open_inspection_and_listed(cli: Run, file: Path, tmp_path: Path) -> None:
    """A readable file is attached, an unreadable one named; both in one answer, exit 1."""
    said = json.loads(file.read_text("utf-8")) | {"submit": False}
    file.write_text(json.dumps(said), "utf-8")
    row = cli("inspection", "load", file, "--json").json()[0]["inspection"]
    other = tmp_path / "other.jpg"
    other.write_bytes((tmp_path / "photo.jpg").read_bytes() + b"\0")
    ran = cli("photo", "add", row, "CD-201", other, tmp_path / "missing.jpg", "--json")
    assert ran.status == 1
    assert [each["refusal"] is None for each in ran.json()] == [True, False]
    assert [each["item"] for each in cli("photo", "list", "--json").json()] == ["CD-101", "CD-201"]
    assert "other.jpg" in cli("photo", "list", "--item", "CD-201").out
    assert cli("photo", "add", row, "CD-201", other).status == 0


def test_photo_check_gives_the_promised_keys_without_a_workspace(bare: Run, file: Path) -> None:
    """One object a file, keys in the documented order; a file that is not there exits 1."""
    ran = bare("photo", "check", "photo.jpg", "--json")
    assert ran.status == 0
    assert list(ran.json()[0]) == [
        *("path", "sha256", "latitude", "longitude", "altitude", "position_source"),
        *("taken_at", "orientation", "camera", "warnings"),
    ]
    assert bare("photo", "check", "photo.jpg").status == 0
    assert bare("photo", "check", "missing.jpg", "--json").status == 1


def test_findings_have_the_keys_of_the_csv_in_order_of_id(cli: Run, file: Path, tmp_path: Path) -> None:
    """Keys, order and values of `finding list --json` are those of `export csv`."""
    said = json.loads(file.read_text("utf-8"))
    later = {**said, "started_at": "2026-11-20T09:20:00+08:00"}
    file.write_text(json.dumps([later, said]), "utf-8")
    cli("inspection", "load", file)
    told = cli("finding", "list", "--json", "--day", "2026-11-27").json()
    assert len(told) == 2
    assert all(tuple(each) == CODES for each in told)
    assert [each["finding_id"] for each in told] == sorted(each["finding_id"] for each in told)
    assert told[0]["overdue_days"] == "2"
    assert told[0]["found_at"].endswith("+08:00")
    cli("export", "csv", tmp_path / "x.csv", "--headers", "code", "--day", "2026-11-27")
    lines = (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()
    assert lines == [",".join(CODES), *(",".join(each.values()) for each in told)]


def test_findings_are_filtered_shown_and_followed_up(cli: Run, finding: str) -> None:
    """A reply changes the status; filters select; who recorded it cannot close it."""
    assert cli("finding", "follow-up", finding, "reply", "--text", "已整改", "--json").json()["status"] == "replied"
    assert len(cli("finding", "list", "--status", "replied", "--json").json()) == 1
    assert cli("finding", "list", "--status", "open", "--json").json() == []
    assert cli("finding", "follow-up", finding, "closing").status == 1
    shown = cli("finding", "show", finding, "--json").json()
    assert [each["kind"] for each in shown["follow_ups"]] == ["reply"]
    assert "已整改" in cli("finding", "show", finding).out
    assert finding in cli("finding", "list").out
    assert cli("finding", "follow-up", finding, "reply", "--by-name", "x").status == 1


def test_search_finds_what_people_wrote(cli: Run, finding: str) -> None:
    """Words of a description lead to the finding; no hit is said, too."""
    assert finding in [hit["id"] for hit in cli("search", "围挡", "--json").json()]
    assert "围挡缺口" in cli("search", "围挡").out
    assert cli("search", "不存在的词").status == 0


def test_export_to_standard_output_is_nothing_but_the_csv(cli: Run, finding: str, tmp_path: Path) -> None:
    """`-` gives the same bytes as a file."""
    assert cli("export", "csv", tmp_path / "x.csv", "--json").json()["findings"] == 1
    assert cli("export", "csv", "-").out.encode() == (tmp_path / "x.csv").read_bytes()
    assert cli("export", "csv", tmp_path / "empty.csv", "--status", "void").status == 0
    assert (tmp_path / "empty.csv").read_text("utf-8-sig").count("\n") == 1


def test_rebuild_and_log_agree_with_what_was_recorded(cli: Run, finding: str) -> None:
    """Rebuild folds every changeset; the log names the finding's changes."""
    changesets = len(cli("log", "--json", "--limit", 1000).json())
    assert cli("rebuild", "--json").json()["changesets"] == changesets
    assert cli("rebuild").status == 0
    history = cli("log", finding, "--json").json()
    assert history[0]["set"]["description"] == "围挡缺口约 12 m"
    assert history[0]["refused"] is None
    assert "围挡缺口" in cli("log", finding).out
    assert finding in cli("log").out
