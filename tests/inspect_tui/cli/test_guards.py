"""What no command may do, whatever path it is given: destroy records, take keys for evidence, hang, or lose the rest."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.inspect_tui.cli.conftest import inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inspect_tui.cli.conftest import Run

BAD = "\udcff"
"""How Python hands over the byte FF of an argument that is not UTF-8."""


@pytest.fixture(autouse=True)
def _no_hanging() -> Iterator[None]:
    """A command that waits for a pipe or reads a device without end fails instead of holding up everything."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(*_: object) -> None:
        raise AssertionError("the command hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def _draft(cli: Run, file: Path) -> str:
    """The id of an inspection that is open."""
    file.write_text(json.dumps(inspection(submit=False)), "utf-8")
    return str(cli("inspection", "load", file, "--json").json()[0]["inspection"])


@pytest.mark.parametrize(
    "words",
    [
        ("export", "csv", "{home}/workspace.db"),
        ("export", "csv", "{home}/root.key"),
        ("export", "csv", "{home}/photos/new.csv"),
        ("export", "csv", "{other}/workspace.db"),
        ("backup", "{home}/photos/bk.db"),
        ("backup", "{home}/sub"),
        ("backup", "{other}/bk.db"),
        ("demo", "{home}/demo"),
        ("checklist", "export", "all", "{home}/out"),
        ("checklist", "export", "river-outfall", "{other}/x.yaml"),
    ],
)
def test_no_command_writes_into_a_workspace(
    cli: Run, home: Path, loaded: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """This one's or any other's: exit 1 with one sentence, and every byte stays."""
    other = tmp_path / "other"
    cli("init", "--name", "乙", "--badge", "2", "--area", "141102", on=other)
    before = _content(home), _content(other)
    ran = cli(*(word.format(home=home, other=other) for word in words))
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert (_content(home), _content(other)) == before


def test_standard_output_by_its_device_is_a_stream(home: Path, cli: Run, finding: str) -> None:
    """`export csv /dev/fd/1` gives the same bytes as `-`, into a pipe as well as behind what a file holds already."""
    if not Path("/dev/fd/1").exists():
        pytest.skip("no such device")
    words = [sys.executable, "-m", "inspect_tui", "-w", str(home), "export", "csv"]
    dash = subprocess.run([*words, "-"], check=True, capture_output=True).stdout
    assert subprocess.run([*words, "/dev/fd/1"], check=True, capture_output=True).stdout == dash
    target = home.parent / "said.csv"
    target.write_bytes(b"before\n")
    with target.open("ab") as file:
        subprocess.run([*words, "/dev/fd/1"], check=True, stdout=file)
    assert target.read_bytes() == b"before\n" + dash


def test_keys_and_databases_are_no_evidence(cli: Run, home: Path, file: Path, tmp_path: Path) -> None:
    """By place, through a link, or as a copy under another name: refused by name, and the store does not hold them."""
    row = _draft(cli, file)
    shutil.copy(home / "device.key", tmp_path / "k.jpg")
    shutil.copy(home / "workspace.db", tmp_path / "db.jpg")
    (tmp_path / "link.jpg").symlink_to(home / "root.key")
    before = _content(home / "photos")
    paths = [
        home / "device.key",
        home / "workspace.db",
        tmp_path / "k.jpg",
        tmp_path / "db.jpg",
        tmp_path / "link.jpg",
    ]
    good = tmp_path / "good.pdf"
    good.write_bytes(b"%PDF-1.7\n%%EOF\n")
    ran = cli("photo", "add", row, "CD-101", *paths, good, "--json")
    assert ran.status == 1
    assert [each["refusal"] is None for each in ran.json()] == [False] * 5 + [True]
    assert [Path(each["path"]).name for each in ran.json()] == [*(path.name for path in paths), "good.pdf"]
    assert len(_content(home / "photos")) == len(before) + 1


@pytest.mark.parametrize(
    "words", [("CD-101", "--finding", "nope"), ("ZZ-9",), ("CD-102", "--finding", "{finding}")]
)
def test_a_photo_hangs_on_what_is_there(cli: Run, file: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """An item or finding that is not there, or a finding of another item, is refused and no row is written."""
    row = _draft(cli, file)
    found = cli("finding", "list", "--json").json()[0]["finding_id"]
    new = tmp_path / "new.pdf"
    new.write_bytes(b"%PDF-1.7\n%%EOF\n")
    item, *rest = (word.format(finding=found) for word in words)
    before = cli("photo", "list", "--json").json()
    ran = cli("photo", "add", row, item, new, *rest)
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert cli("photo", "list", "--json").json() == before


def test_a_caption_given_later_is_recorded_and_said(cli: Run, file: Path, tmp_path: Path) -> None:
    """Attaching the same file again with a caption writes it down; without one nothing changes."""
    row = _draft(cli, file)
    photo = tmp_path / "photo.jpg"
    again = cli("photo", "add", row, "CD-101", photo, "--caption", "北侧围挡")
    assert again.status == 0
    assert "北侧围挡" in again.out
    assert [each["caption"] for each in cli("photo", "list", "--json").json()] == ["北侧围挡"]
    count = len(cli("log", "--json").json())
    assert cli("photo", "add", row, "CD-101", photo, "--caption", "北侧围挡").status == 0
    assert len(cli("log", "--json").json()) == count


def test_an_empty_file_is_refused(cli: Run, home: Path, file: Path, tmp_path: Path) -> None:
    """Zero bytes prove nothing: refused in one sentence, and not kept."""
    row = _draft(cli, file)
    (tmp_path / "empty.jpg").write_bytes(b"")
    before = _content(home / "photos")
    ran = cli("photo", "add", row, "CD-101", tmp_path / "empty.jpg")
    assert ran.status == 1
    assert "0 字节" in ran.out
    assert _content(home / "photos") == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take only UTF-8 file names")
def test_a_file_name_that_is_not_utf8_is_taken_and_said(cli: Run, file: Path, tmp_path: Path) -> None:
    """The bytes come in; the name is recorded with its odd bytes as numbers, and that is said."""
    row = _draft(cli, file)
    name = os.fsencode(tmp_path / "p") + b"\xd5\xd5.pdf"
    Path(os.fsdecode(name)).write_bytes(b"%PDF-1.7\n%%EOF\n")
    ran = cli("photo", "add", row, "CD-101", os.fsdecode(name))
    assert ran.status == 0
    assert "不是 UTF-8" in ran.out
    listed = cli("photo", "list", "--json").json()
    assert "p\\xd5\\xd5.pdf" in [each["file_name"] for each in listed]
    assert cli("verify").status == 0


def _written(tmp_path: Path, name: str, *said: Any) -> Path:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in said), "utf-8")
    return path


def test_one_bad_file_leaves_the_others(cli: Run, file: Path, tmp_path: Path) -> None:
    """A file that is missing, not UTF-8 or a pipe is named with what to do, and the good one is loaded; --json has all."""
    gbk, pipe = tmp_path / "gbk.json", tmp_path / "pipe"
    gbk.write_bytes('{"site": "离石区"}'.encode("gb18030"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    ran = cli("inspection", "load", gbk, tmp_path / "none.json", pipe, file, "--json")
    assert ran.status == 1
    told = ran.json()
    assert [each["inspection"] is None for each in told] == [True, True, True, False]
    assert [Path(each["file"]).name for each in told] == ["gbk.json", "none.json", "pipe", "one.json"]
    assert "UTF-8" in told[0]["problems"][0]["zh"]
    again = cli("inspection", "load", gbk, file)
    assert again.status == 1
    assert "gbk.json" in again.err
    assert "此前已载入" in again.out


@pytest.mark.parametrize("year", ["9999", "0001", "1949"])
@pytest.mark.parametrize("field", ["started_at", "ended_at"])
def test_an_insane_year_is_named_and_the_others_are_loaded(
    cli: Run, file: Path, tmp_path: Path, year: str, field: str
) -> None:
    """Line and field of the time are named; the lines and files after it are loaded."""
    lines = _written(tmp_path, "l.jsonl", inspection(**{field: f"{year}-11-20T09:10:00+08:00"}), inspection())
    told = cli("inspection", "load", lines, "--json").json()
    assert [each["inspection"] is None for each in told] == [True, False]
    assert (told[0]["problems"][0]["field"], told[0]["line"]) == (field, 1)


def test_several_on_one_line_are_told_apart(cli: Run, file: Path, tmp_path: Path) -> None:
    """In an array the index says which inspection is meant; one against the rules leaves the others."""
    wrong = json.dumps(inspection(checklist="x"))
    twice = json.dumps(inspection())[:-1] + ', "note": "a", "note": "b"}'
    good = json.dumps(inspection())
    path = tmp_path / "array.json"
    path.write_text(f"[{wrong}, {good}, {twice}]", "utf-8")
    ran = cli("inspection", "load", path, "--json")
    assert ran.status == 1
    told = ran.json()
    assert [(each["index"], each["inspection"] is None) for each in told] == [(0, True), (1, False), (2, True)]
    assert "[0].checklist" in told[0]["problems"][0]["zh"]
    assert "[2]" in told[2]["problems"][0]["en"]
    assert "[2]" in cli("inspection", "load", path).out


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device")  # noqa: PTH110
def test_an_endless_file_is_not_read(cli: Run, file: Path, tmp_path: Path) -> None:
    """A device, by itself or through a link, is refused at once by load and by photo add."""
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    for name in ("/dev/zero", tmp_path / "zero.json"):
        assert cli("inspection", "load", name).status == 1
    row = _draft(cli, file)
    assert cli("photo", "add", row, "CD-101", "/dev/zero").status == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_backup_follows_nothing_in_the_photos(
    cli: Run, home: Path, loaded: str, tmp_path: Path, kind: str
) -> None:
    """A pipe or a link to a device in the place of a photo is named, exit 1, and the copy is made without it."""
    (photo,) = [path for path in (home / "photos").rglob("*") if path.is_file()]
    photo.unlink()
    if kind == "pipe":
        os.mkfifo(photo)
    else:
        photo.symlink_to("/dev/zero")
    ran = cli("backup", tmp_path / "bk", "--json")
    assert ran.status == 1
    assert ran.json()["photos_damaged"] == [photo.parent.name + photo.name]
    assert (tmp_path / "bk" / "workspace.db").is_file()


def _damage(path: Path) -> None:
    """Overwrite the pages behind the first two."""
    data = bytearray(path.read_bytes())
    data[8192:-4096] = b"\xa5" * (len(data) - 12288)
    path.write_bytes(data)


def test_a_damaged_database_is_said_to_be_one(cli: Run, home: Path, loaded: str, tmp_path: Path) -> None:
    """verify, of one's own and of another file, and backup say so, exit 1, and promise nothing about the records."""
    assert cli("backup", tmp_path / "bk.db").status == 0
    _damage(tmp_path / "bk.db")
    _damage(home / "workspace.db")
    for words in (("verify",), ("verify", tmp_path / "bk.db"), ("backup", tmp_path / "b2.db"), ("finding", "list")):
        ran = cli(*words)
        assert ran.status == 1
        assert "损坏" in ran.out + ran.err
        assert "备份" in ran.out + ran.err
        assert "不受影响" not in ran.out + ran.err
        assert "报告在" not in ran.err
    assert not (tmp_path / "b2.db").exists()
    assert [(each["code"], each["where"]) for each in cli("verify", "--json").json()] == [("damaged", str(home))]


def test_one_damage_is_told_once(cli: Run, home: Path, loaded: str) -> None:
    """A page in the middle overwritten: each sentence about the file stands once, under the path that was given."""
    path = home / "workspace.db"
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    path.write_bytes(data)
    found = [each for each in cli("verify", home, "--json").json() if "损坏" in each["zh"]]
    assert {(each["code"], each["where"]) for each in found} == {("damaged", str(home))}
    assert len(found) == 1


@pytest.mark.parametrize(("badge", "told"), [("A/12", True), ("未填", True), ("晋环执-001", False)])
def test_doctor_names_a_badge_that_every_action_would_refuse(cli: Run, home: Path, badge: str, told: bool) -> None:
    """A workspace from before the rule of badges is told where to put its badge right."""
    config = home / "config.toml"
    config.write_text(re.sub('badge = ".*"', f'badge = "{badge}"', config.read_text("utf-8")), "utf-8")
    found = {each["code"]: each["zh"] for each in cli("doctor", "--json").json()["problems"]}
    assert ("badge" in found) == told
    assert not told or str(config) in found["badge"]


def test_a_backup_of_wrong_records_is_made_and_said(cli: Run, home: Path, loaded: str, tmp_path: Path) -> None:
    """Where the records themselves have faults, the copy is kept, they are counted, and the exit status is 1."""
    import sqlite3

    with sqlite3.connect(home / "workspace.db") as database:
        database.execute("UPDATE findings SET description = 'x'")
    database.close()
    ran = cli("backup", tmp_path / "bk.db", "--json")
    assert (ran.status, ran.json()["faults"] > 0) == (1, True)
    assert (tmp_path / "bk.db").is_file()


def test_a_backup_verifies(cli: Run, home: Path, loaded: str, tmp_path: Path) -> None:
    """A database by itself says once, as a note, that photos lie elsewhere; with photos they are checked."""
    cli("backup", tmp_path / "bare" / "bk.db")
    bare = cli("verify", tmp_path / "bare" / "bk.db", "--json")
    assert bare.status == 0
    assert [(each["code"], each["level"]) for each in bare.json()] == [("photos_apart", "note")]
    cli("backup", tmp_path / "full" / "bk.db", "--photos")
    full = cli("verify", tmp_path / "full" / "bk.db", "--json")
    assert (full.status, full.json()) == (0, [])
    cli("backup", tmp_path / "folder")
    assert cli("verify", tmp_path / "folder").status == 0
    shutil.rmtree(tmp_path / "folder" / "photos")
    assert cli("verify", tmp_path / "folder").status == 1
    assert cli("verify", tmp_path / "folder" / "workspace.db").status == 1


def test_a_photo_missing_beside_a_database_is_a_fault(cli: Run, loaded: str, file: Path, tmp_path: Path) -> None:
    """Where other photos lie beside a database file, a missing one is named."""
    second = tmp_path / "second.pdf"
    second.write_bytes(b"%PDF-1.7\n%%EOF\n")
    later = {"started_at": "2026-11-21T09:10:00+08:00", "ended_at": "2026-11-21T10:10:00+08:00"}
    draft = _written(tmp_path, "draft.json", inspection(submit=False, **later))
    row = cli("inspection", "load", draft, "--json").json()[0]["inspection"]
    sha256 = cli("photo", "add", row, "CD-201", second, "--json").json()[0]["sha256"]
    cli("backup", tmp_path / "full" / "bk.db", "--photos")
    (tmp_path / "full" / "photos" / sha256[:2] / sha256[2:]).unlink()
    ran = cli("verify", tmp_path / "full" / "bk.db", "--json")
    assert ran.status == 1
    assert [each["where"] for each in ran.json() if each["level"] == "fault"] == [sha256]


def _checklist(tmp_path: Path, name: str, **changes: str) -> Path:
    from checklists.catalogue import BUILT_IN

    text = (BUILT_IN / "river-outfall.yaml").read_text("utf-8")
    for old, new in changes.items():
        assert f"\n{old}:" in f"\n{text}"
        text = "\n".join(f"{old}: {new}" if line.startswith(f"{old}:") else line for line in text.split("\n"))
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_an_import_cannot_brick_the_workspace(cli: Run, home: Path, file: Path, tmp_path: Path) -> None:
    """Two files with one id, or other content under one version, are refused; --replace replaces the latter."""
    mine = _checklist(tmp_path, "my.yaml", id="my-outfall")
    assert cli("checklist", "import", mine).status == 0
    ran = cli("checklist", "import", _checklist(tmp_path, "second.yaml", id="my-outfall"))
    assert ran.status == 1
    assert str(home / "checklists" / "my.yaml") in ran.err
    assert cli("checklist", "import", mine).status == 0
    other = mine.read_text("utf-8") + "\n# 只是注释\n"
    mine.write_text(other, "utf-8")
    assert cli("checklist", "import", mine).status == 0
    changed = _checklist(tmp_path, "my.yaml", id="my-outfall").read_text("utf-8").replace("RO-101", "RO-199")
    mine.write_text(changed, "utf-8")
    ran = cli("checklist", "import", mine)
    assert (ran.status, "--replace" in ran.err) == (1, True)
    assert "RO-199" not in (home / "checklists" / "my.yaml").read_text("utf-8")
    assert cli("checklist", "import", mine, "--replace").status == 0
    assert "RO-199" in (home / "checklists" / "my.yaml").read_text("utf-8")
    listed = [row["id"] for row in cli("checklist", "list", "--json").json()]
    assert (listed.count("my-outfall"), listed.count("river-outfall")) == (1, 1)
    assert cli("inspection", "load", file).status == 0


def test_a_broken_checklist_is_named_and_the_rest_works(cli: Run, home: Path, file: Path) -> None:
    """One broken file in the folder is named with its path by doctor and load, which loads all the same."""
    broken = home / "checklists" / "broken.yaml"
    broken.parent.mkdir()
    broken.write_text("id: [\n", "utf-8")
    ran = cli("inspection", "load", file)
    assert ran.status == 0
    assert str(broken) in ran.err
    assert "CD-101" in cli("checklist", "show", "construction-dust").out
    doctor = cli("doctor")
    assert (doctor.status, str(broken) in doctor.out) == (1, True)


def _codes(ran: Any) -> set[str]:
    return {each["code"] for each in ran.json()["problems"]}


def test_doctor_names_what_is_wrong_with_photos(cli: Run, home: Path, loaded: str) -> None:
    """A photo of another size, a link in its place, or none: named, exit 1; that verify reads every byte is said."""
    (photo,) = [path for path in (home / "photos").rglob("*") if path.is_file()]
    assert cli("doctor").status == 0
    data = photo.read_bytes()
    photo.write_bytes(data + b"x")
    assert (cli("doctor").status, _codes(cli("doctor", "--json"))) == (1, {"photos_altered"})
    photo.unlink()
    assert _codes(cli("doctor", "--json")) == {"photos_gone"}
    photo.symlink_to("/dev/null")
    assert _codes(cli("doctor", "--json")) == {"photos_gone"}
    ran = cli("doctor")
    assert photo.parent.name + photo.name[:10] in ran.out
    assert "verify" in ran.out
    assert "missing" not in ran.out


def test_doctor_names_conflicts_forks_and_photos_that_have_not_come(
    cli: Run, home: Path, finding: str, tmp_path: Path
) -> None:
    """After a copied workspace that went on as the same device, two values of a cell, and photos left behind."""
    import sqlite3

    assert _codes(cli("doctor", "--json")) == set()
    with sqlite3.connect(home / "workspace.db") as database:
        database.execute("UPDATE chains SET forked = 1")
        database.execute("INSERT INTO conflicts VALUES ('findings', ?, 'description')", (finding,))
        database.execute("UPDATE blobs SET state = 'missing'")
    database.close()
    ran = cli("doctor", "--json")
    assert (ran.status, _codes(ran)) == (1, {"forked", "conflicts", "photos_missing"})


def test_doctor_names_a_workspace_that_is_none(bare: Run, home: Path, tmp_path: Path) -> None:
    """No folder, a plain file, a missing database: exit 1, and the way out."""
    (tmp_path / "file").write_text("x")
    assert "文件" in bare("doctor", on=tmp_path / "file").out
    assert bare("doctor", on=tmp_path / "file").status == 1
    (home / "workspace.db").rename(tmp_path / "elsewhere.db")
    for words in (("doctor",), ("verify",), ("finding", "list")):
        ran = bare(*words, on=home)
        assert ran.status == 1
        assert "workspace.db" in ran.out + ran.err
        assert "请先运行" not in ran.out + ran.err


WORDS = [
    ("search", BAD),
    ("log", BAD),
    ("site", "show", BAD),
    ("site", "list", BAD),
    ("finding", "list", "--words", BAD),
    ("photo", "list", "--item", BAD),
    ("inspection", "list", "--site", BAD),
    ("photo", "add", BAD, "CD-101", "x.jpg"),
    ("photo", "add", "x", "CD-101", "x.jpg", "--caption", BAD),
    ("export", "csv", ""),
    ("photo", "check", ""),
    ("inspection", "load", "a.json", ""),
    ("-w", "", "site", "list"),
    ("log", "--limit", "0"),
    ("log", "--limit", "-1"),
    ("log", "--limit", "99999999999999999999"),
    ("photo", "list", "--limit", "1_0"),
    ("search", "x", "--limit", "0"),
]


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_what_no_record_can_hold_is_refused_at_the_door(bare: Run, home: Path, words: tuple[str, ...]) -> None:
    """Bytes that are no text, empty paths and absurd counts: wrong usage, one sentence that names the argument."""
    for language in ("zh", "en"):
        ran = bare("--lang", language, *words, on=None if words[0] == "-w" else home)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.count("\n") == 1


def test_a_path_that_is_not_utf8_is_a_path(bare: Run, tmp_path: Path) -> None:
    """Such a path is looked for, not refused as wrong usage."""
    assert bare("photo", "check", tmp_path / f"a{BAD}.jpg", "--json").status == 1


def test_the_versions_are_said(bare: Run) -> None:
    """Programme, Python and SQLite on one line."""
    ran = bare("--version")
    assert (ran.status, ran.out.count("\n")) == (0, 1)
    assert all(name in ran.out for name in ("inspect-tui", "Python 3.", "SQLite 3."))


def test_inspection_show_names_the_other_party(cli: Run, loaded: str) -> None:
    """Name, role and signature stand in the text as they do in JSON."""
    shown = cli("inspection", "show", loaded).out
    assert all(word in shown for word in ("某某", "项目经理", "已签字"))


def test_tables_speak_no_codes(cli: Run, loaded: str, bare: Run, tmp_path: Path) -> None:
    """Warnings stand in words in the language in use; a file that is no image is said to be none."""
    (tmp_path / "notes.md").write_text("x", "utf-8")
    assert "不是图像" in bare("photo", "check", tmp_path / "notes.md").out
    assert bare("photo", "check", tmp_path / "notes.md", "--json").json()[0]["warnings"] == ["not_image"]
    listed = cli("photo", "list").out + cli("inspection", "show", loaded).out
    assert "time_missing" not in listed


def _like_anybody() -> None:
    """In a child process of root: what permissions forbid is forbidden (without CAP_DAC_OVERRIDE)."""
    import ctypes

    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="how to become somebody who may not write is different there")
def test_a_read_only_workspace_can_be_read(cli: Run, home: Path, finding: str, tmp_path: Path) -> None:
    """Where nothing can be written, reading commands answer, and recording says in one sentence why not."""
    out = tmp_path / "out"
    out.mkdir()

    def run(*words: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "inspect_tui", "-w", str(home), *map(str, words)]
        return subprocess.run(command, check=False, capture_output=True, preexec_fn=_like_anybody)

    before = _content(home)
    everything = [home, *home.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        for words in (("finding", "list"), ("log",), ("search", "围挡"), ("export", "csv", "-"), ("verify",)):
            ran = run(*words)
            assert ran.returncode == 0, (words, ran.stderr.decode())
        assert run("backup", out / "bk.db").returncode == 0
        writing: list[tuple[str, ...]] = [("finding", "follow-up", finding, "reply"), ("rebuild",), ("doctor",)]
        for each in writing:
            refused = run(*each)
            assert refused.returncode == 1
            assert "只能读取" in refused.stderr.decode() + refused.stdout.decode()
            assert refused.stderr.count(b"\n") <= 1
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o600)
    assert _content(home) == before
    assert sorted(path.name for path in out.iterdir()) == ["bk.db"]


def test_a_photo_attached_by_mistake_is_voided_with_a_reason(cli: Run, file: Path) -> None:
    """It no longer stands among the photos, its bytes stay; without a visible reason nothing happens."""
    file.write_text(json.dumps(inspection(submit=False), ensure_ascii=False), "utf-8")
    (draft,) = [row["inspection"] for row in cli("inspection", "load", file, "--json").json()]
    assert cli("photo", "add", draft, "CD-002", file.parent / "photo.jpg").status == 0
    (one,) = cli("photo", "list", "--item", "CD-002", "--json").json()
    assert cli("photo", "void", one["id"], "--reason", "\u200b").status == 1
    assert cli("photo", "void", one["id"], "--reason", "附错检查项").status == 0
    assert cli("photo", "list", "--item", "CD-002", "--json").json() == []
    assert cli("verify").status == 0
