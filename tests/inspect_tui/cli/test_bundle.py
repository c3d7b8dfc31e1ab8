"""Bundles from the command line: sealed, previewed, imported with a receipt, and found out where the log was cut."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from inspect_tui.__main__ import main
from inspect_tui.records.workspace import Workspace
from sync.identity import Identity

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Run

BADGE = "14110200002"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """An empty stick."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def office(bare: Run, tmp_path: Path, home: Path) -> Path:
    """The supervisor's workspace, its own root; 甲 has not met it."""
    folder = tmp_path / "office"
    assert bare("init", "--name", "主管乙", "--badge", BADGE, "--area", "141102", on=folder).status == 0
    return folder


@pytest.fixture
def friends(bare: Run, home: Path, office: Path, loaded: str) -> Path:
    """The supervisor's workspace after both have merged each other once."""
    assert bare("site", "add", "--name", "另厂", "--kind", "construction_site", on=office).status == 0
    assert bare("merge", home, "--trust", on=office).status == 0
    assert bare("merge", office, "--trust", on=home).status == 0
    return office


def address_of(run: Run, folder: Path) -> str:
    """The line that others seal for."""
    return str(run("bundle", "address", "--json", on=folder).json()["address"])


def bundle_in(stick: Path) -> Path:
    """The newest bundle there."""
    return max(stick.glob("*.itb"), key=lambda path: path.stat().st_mtime_ns)


def test_a_bundle_goes_there_and_its_receipt_comes_back(
    bare: Run, cli: Run, office: Path, loaded: str, stick: Path
) -> None:
    """Made, looked at, imported, signed for: at the end both have the same findings and the receipt counts."""
    made = cli("bundle", "create", stick, "--to", address_of(bare, office), "--json")
    assert made.status == 0
    told = made.json()
    assert (told["sealed"], told["read_back"], told["photos"]) == (True, True, 1)
    looked = bare("bundle", "inspect", told["path"], "--json", on=office)
    assert looked.status == 0
    shown = looked.json()
    assert shown["made_by"]["name"].startswith("检查员甲")
    assert shown["strangers"][0]["fingerprint"].replace(" ", "") == shown["made_by"]["team"]
    assert shown["preview"]["touched"]["findings"] == 1
    assert bare("finding", "list", "--json", on=office).json() == []
    imported = bare("bundle", "import", told["path"], "--trust", "--json", on=office)
    assert imported.status == 0
    assert (imported.json()[0]["photos_received"], imported.json()[0]["receipt_photos"]) == (1, 1)
    same = [bare("finding", "list", "--json", on=office).json(), cli("finding", "list", "--json").json()]
    assert same[0] == same[1]
    assert bare("verify", on=office).status == 0
    assert bare("bundle", "create", stick, "--for", "检查员甲", "--json", on=office).status == 0
    assert cli("bundle", "import", bundle_in(stick), "--trust").status == 0
    receipts = cli("bundle", "receipts", stick, "--json")
    assert receipts.status == 0
    assert [(each["photos"], each["refused"]) for each in receipts.json()] == [(1, None)]
    assert "签收" in cli("bundle", "receipts", stick).out
    assert cli("verify").status == 0


def test_merge_takes_a_bundle_as_any_other_source(
    bare: Run, cli: Run, office: Path, loaded: str, stick: Path
) -> None:
    """With preview, with the question of trust, with a receipt."""
    cli("bundle", "create", stick, "--to", address_of(bare, office))
    bundle = bundle_in(stick)
    before = bare("log", "--json", on=office).json()
    assert bare("merge", bundle, "--preview", on=office).status == 0
    assert bare("log", "--json", on=office).json() == before
    assert bare("merge", bundle, on=office).status == 1
    assert list(stick.glob("*.receipt.json")) == []
    done = bare("merge", bundle, "--trust", "--json", on=office)
    assert done.status == 0
    assert done.json()[0]["receipt"].endswith(".receipt.json")
    assert bare("merge", bundle, on=office).status == 0


def test_nobody_but_this_device_is_refused_and_plain_is_said_clearly(
    bare: Run, cli: Run, loaded: str, stick: Path, office: Path
) -> None:
    """A bundle that only its maker could open is not made; a plain one warns."""
    ran = cli("bundle", "create", stick)
    assert ran.status == 1
    assert "--plain" in ran.err
    assert list(stick.iterdir()) == []
    ran = cli("bundle", "create", stick, "--plain")
    assert ran.status == 0
    assert "未加密" in ran.out
    assert "可以拔出" in ran.out
    assert bare("bundle", "import", stick, "--trust", on=office).status == 0


def test_not_sealed_for_us_says_how_to_be(
    bare: Run, cli: Run, office: Path, loaded: str, stick: Path, tmp_path: Path
) -> None:
    """One sentence, exit 1, nothing written."""
    third = tmp_path / "third"
    bare("init", "--name", "丙", "--badge", "3", "--area", "141102", on=third)
    cli("bundle", "create", stick, "--to", address_of(bare, office))
    for words in (("bundle", "inspect"), ("bundle", "import"), ("merge",)):
        ran = bare(*words, bundle_in(stick), on=third)
        assert ran.status == 1
        assert "bundle address" in ran.err
        assert ran.out == ""


def test_for_a_device_only_news_go(bare: Run, cli: Run, home: Path, friends: Path, stick: Path) -> None:
    """After a merge of its folder the bundle for it brings what is new since."""
    device = bare("bundle", "address", "--json", on=friends).json()["device"]
    cli("site", "add", "--name", "新厂", "--kind", "construction_site")
    told = cli("bundle", "create", stick, "--for", device[:8], "--json").json()
    assert 1 <= told["changesets"] <= 2
    done = bare("bundle", "import", stick, "--json", "--trust", on=friends).json()[0]
    assert done["held"] == 0
    assert "新厂" in bare("site", "list", on=friends).out


def test_a_device_that_is_not_known_is_named_with_those_that_are(cli: Run, friends: Path, stick: Path) -> None:
    """The sentence lists them."""
    ran = cli("bundle", "create", stick, "--for", "谁")
    assert ran.status == 1
    assert "主管乙" in ran.err


def test_split_missing_and_damaged_parts_are_named(
    bare: Run, cli: Run, office: Path, loaded: str, stick: Path, home: Path, tmp_path: Path
) -> None:
    """Through the command line, too: the part's name, exit 1, nothing taken; then all of it."""
    from inspect_tui.photos.synthetic import make_photo

    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 10_000)
    make_photo(tmp_path / "photo.jpg", latitude=37.5189, longitude=111.1502, size=(320, 240))
    with Workspace.open(home) as workspace:
        sha256 = workspace.blobs.put(large.read_bytes())
        workspace.replica.note_blob(sha256)
    told = cli("bundle", "create", stick, "--split", 1, "--to", address_of(bare, office), "--json").json()
    assert len(told["files"]) == 4
    part = stick / told["files"][1]
    data = part.read_bytes()
    part.unlink()
    ran = bare("bundle", "import", told["path"], "--trust", on=office)
    assert (ran.status, part.name in ran.err) == (1, True)
    part.write_bytes(data[:-5] + b"xxxxx")
    ran = bare("bundle", "import", told["path"], "--trust", on=office)
    assert (ran.status, part.name in ran.err) == (1, True)
    assert bare("finding", "list", "--json", on=office).json() == []
    part.write_bytes(data)
    assert bare("bundle", "import", told["path"], "--trust", on=office).status == 0


def test_a_cut_log_is_found_out_by_the_receipt(bare: Run, cli: Run, home: Path, friends: Path, stick: Path) -> None:
    """Verify exits 1 and says who acknowledged what is gone."""
    cli("site", "add", "--name", "新厂", "--kind", "construction_site")
    device = bare("bundle", "address", "--json", on=friends).json()["device"]
    cli("bundle", "create", stick, "--for", device)
    bare("bundle", "import", stick, "--trust", on=friends)
    assert cli("bundle", "receipts", stick, "--json").json()[0]["refused"] is None
    assert cli("verify").status == 0
    database = sqlite3.connect(home / "workspace.db")
    with database:
        database.execute("DELETE FROM log WHERE id = (SELECT max(id) FROM log)")
    database.close()
    assert cli("rebuild").status == 0
    ran = cli("verify", "--json")
    assert ran.status == 1
    assert [(fault["code"], "主管乙" in fault["zh"]) for fault in ran.json()] == [("tail", True)]
    assert "日志被截断或回退" in cli("verify").out
    ran = cli("bundle", "receipts", stick)
    assert (ran.status, "日志被截断或回退" in ran.out) == (1, True)
    assert cli("bundle", "create", stick, "--for", device).status == 1
    assert cli("merge", friends, "--trust").status == 0
    assert cli("verify").status == 0


def test_an_inspectors_device_gives_no_receipt_and_says_so(
    bare: Run, cli: Run, home: Path, loaded: str, stick: Path, office: Path
) -> None:
    """Its import works all the same."""
    with Workspace.open(home) as workspace:
        root = workspace.identity.root
    assert root is not None
    inspector = Identity.issue(root, "检查员丙", role="inspector", areas=("141102",))
    (office / "device.jws").write_text(inspector.jws)
    inspector.key.save(office / "device.key")
    (office / "root.key").unlink()
    database = sqlite3.connect(office / "workspace.db")
    with database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'team'", (inspector.team,))
    database.close()
    cli("bundle", "create", stick, "--to", address_of(bare, office))
    ran = bare("bundle", "import", stick, on=office)
    assert ran.status == 0
    assert "未签回执" in ran.out
    assert list(stick.glob("*.receipt.json")) == []


def test_a_read_only_stick_is_imported_without_a_receipt(
    bare: Run, cli: Run, loaded: str, office: Path, stick: Path
) -> None:
    """The import counts, the missing receipt is said."""
    cli("bundle", "create", stick, "--to", address_of(bare, office))
    bundle = bundle_in(stick)
    device = bare("bundle", "address", "--json", on=office).json()["device"]
    (stick / f"{bundle.stem}.{device[:8]}.receipt.json.part").mkdir()
    ran = bare("bundle", "import", bundle, "--trust", "--json", on=office)
    assert ran.status == 0
    assert (ran.json()[0]["receipt"], ran.json()[0]["no_receipt"] is None) == (None, False)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("create", "nowhere", "--plain"), 1),
        (("create", "stick", "--for", "x", "--since", "2026-11-20"), 2),
        (("create", "stick", "--since", "gestern"), 1),
        (("create", "stick", "--area", "../.."), 1),
        (("create", "stick", "--to", "nobody"), 1),
        (("create", "stick", "--to", "ssh-ed25519 AAAA"), 1),
        (("create", "stick", "--plain", "--split", "5000"), 2),
        (("inspect", "nothing.itb"), 1),
        (("import", "nothing.itb"), 1),
        (("import", "stick"), 1),
        (("receipts", "nothing"), 1),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    cli: Run, loaded: str, stick: Path, words: tuple[str, ...], status: int
) -> None:
    """No traceback, nothing left on the stick."""
    for language in ("zh", "en"):
        ran = cli("--lang", language, "bundle", *words)
        assert ran.status == status
        assert ran.out == ""
        assert ran.err.count("\n") == 1
    assert list(stick.iterdir()) == []


def test_since_and_area_and_no_photos(bare: Run, cli: Run, loaded: str, office: Path, stick: Path) -> None:
    """Each leaves out what it says."""
    assert (
        cli("bundle", "create", stick, "--plain", "--since", "2000-01-01", "--no-photos", "--json").json()["photos"]
        == 0
    )
    assert cli("bundle", "create", stick, "--plain", "--since", "2999-01-01").status == 1
    assert cli("bundle", "create", stick, "--plain", "--area", "141122").status == 1
    assert cli("bundle", "create", stick, "--plain", "--area", "141100").status == 0
    assert bare("bundle", "inspect", bundle_in(stick), "--lang", "en", on=office).status == 0


def test_inspecting_writes_nothing_on_the_stick(
    bare: Run, cli: Run, loaded: str, office: Path, stick: Path
) -> None:
    """Not one file changes."""
    cli("bundle", "create", stick, "--plain")
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in stick.iterdir()}
    assert bare("bundle", "inspect", stick / bundle_in(stick).name, on=office).status == 0
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in stick.iterdir()} == before


def test_looking_at_a_bundle_with_a_purge_removes_no_photo(
    bare: Run, cli: Run, home: Path, friends: Path, stick: Path
) -> None:
    """The bytes go when the bundle is imported, not when it is looked at."""
    with Workspace.open(home) as workspace:
        root = workspace.identity.root
        sha256 = next(iter(workspace.blobs.all()))
        assert root is not None
        workspace.replica.purge("141102", sha256, reason="依法删除", officer="1")
        team = workspace.replica.team
    colleague = Identity.issue(root, "同事丁", role="admin", areas=("000000",))
    (friends / "device.jws").write_text(colleague.jws)
    colleague.key.save(friends / "device.key")
    database = sqlite3.connect(friends / "workspace.db")
    with database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'team'", (team,))
    database.close()
    assert bare("rebuild", on=friends).status == 0
    photo = friends / "photos" / sha256[:2] / sha256[2:]
    cli("bundle", "create", stick, "--plain")
    for words in (("bundle", "inspect"), ("merge", "--preview")):
        assert bare(*words, bundle_in(stick), on=friends).status == 0
        assert photo.is_file()
    assert bare("merge", bundle_in(stick), "--trust", on=friends).status == 0
    assert not photo.exists()


def test_a_bundle_without_its_manifest_is_read_all_the_same(
    bare: Run, cli: Run, loaded: str, office: Path, stick: Path
) -> None:
    """As when only the one file was sent by mail."""
    cli("bundle", "create", stick, "--to", address_of(bare, office))
    for path in stick.glob("*.manifest.json"):
        path.unlink()
    assert "清单" in bare("bundle", "inspect", bundle_in(stick), on=office).out
    assert bare("bundle", "import", stick, "--trust", on=office).status == 0


def test_addresses_may_stand_in_a_file(
    bare: Run, cli: Run, loaded: str, office: Path, stick: Path, tmp_path: Path
) -> None:
    """One a line, as `bundle address` prints them."""
    listing = tmp_path / "addresses.txt"
    listing.write_text("# 主管\n" + bare("bundle", "address", on=office).out + "\n", "utf-8")
    assert cli("bundle", "create", stick, "--to", listing, "--json").json()["addresses_given"] == 1
    assert json.loads(bare("bundle", "inspect", bundle_in(stick), "--json", on=office).out)["sealed"]
    shutil.rmtree(stick)
    assert main(["--lang", "en", "bundle", "create", str(stick)]) == 1
