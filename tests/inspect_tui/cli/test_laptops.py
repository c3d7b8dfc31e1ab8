"""A laptop that two officers share, by commands: PINs from environment and files, and whose badge is in the log."""

from __future__ import annotations

import json
import os
import select
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.cli.conftest import Ran, Run

OURS, THEIRS = "river-stone-7", "847362"
ADD = ("site", "add", "--kind", "outfall", "--phone", "13800000000", "--name")


@pytest.fixture
def with_pin(cli: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands of officer 甲's laptop; the first word is the PIN that the environment holds, empty for none."""

    def run(*words: object, on: Path | None = None) -> Ran:
        given, *rest = words
        monkeypatch.delenv("INSPECT_TUI_PIN", raising=False)
        if given:
            monkeypatch.setenv("INSPECT_TUI_PIN", str(given))
        return cli(*rest, on=on)

    return run


@pytest.fixture
def shared(with_pin: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same, with a PIN each for 甲, who is switched in, and 乙."""
    assert with_pin(OURS, "pin", "set").status == 0
    monkeypatch.setenv("INSPECT_TUI_NEW_PIN", THEIRS)
    added = with_pin(OURS, "officer", "add", "--name", "检查员乙", "--badge", "14110200002")
    assert added.status == 0, added.err
    monkeypatch.delenv("INSPECT_TUI_NEW_PIN")
    return with_pin


def badges(run: Run) -> list[str]:
    """Who signed, the newest first."""
    return [each["officer"] for each in run("", "log", "--json").json()]


def test_two_officers_share_a_laptop(shared: Run) -> None:
    """Each records under their own badge and with their own PIN only; switching needs the other's."""
    assert shared(OURS, *ADD, "甲厂").status == 0
    assert shared(THEIRS, *ADD, "乙厂").status == 1
    refused = shared(OURS, "officer", "switch", "14110200002")
    assert (refused.status, "PIN 不对" in refused.err) == (1, True)
    switched = shared(THEIRS, "officer", "switch", "14110200002")
    assert switched.status == 0
    assert "输错过 1 次" in switched.err
    assert shared(OURS, *ADD, "乙厂").status == 1
    assert shared(THEIRS, *ADD, "乙厂").status == 0
    assert badges(shared) == ["14110200002", "14110200001"]
    people = shared("", "officer", "list", "--json").json()
    assert [(each["badge"], each["pin"], each["active"]) for each in people] == [
        ("14110200002", True, True),
        ("14110200001", True, False),
    ]
    assert shared(THEIRS, "officer", "remove", "14110200001").status == 0
    assert shared(OURS, "officer", "switch", "14110200001").status == 1


def test_what_only_reads_asks_for_nothing(shared: Run) -> None:
    """Lists, log, verify, exports and doctor work without the PIN; a telephone number is shown only with it."""
    site = shared(OURS, *ADD, "甲厂", "--json").json()["id"]
    for words in (
        ("site", "list"),
        ("log",),
        ("verify",),
        ("doctor",),
        ("export", "csv", "/dev/stdout"),
        ("pin", "status"),
    ):
        ran = shared("", *words)
        assert ran.status == 0, (words, ran.err)
    assert shared("", "site", "show", site, "--json").json()["contact_phone"] is None
    assert shared(OURS, "site", "show", site, "--json").json()["contact_phone"] == "13800000000"
    assert [each["code"] for each in shared("", "verify", "--json").json()] == ["locked"]
    assert shared(OURS, "verify", "--json").json() == []
    refused = shared("", *ADD, "乙厂")
    assert (refused.status, refused.err.count("\n"), "INSPECT_TUI_PIN" in refused.err) == (1, 1, True)


def test_a_pin_from_a_file(shared: Run, tmp_path: Path) -> None:
    """One line of UTF-8; anything else is one sentence that names the file."""
    path = tmp_path / "pin.txt"
    path.write_text(OURS + "\n", "utf-8")
    assert shared("", "--pin-file", path, *ADD, "甲厂").status == 0
    for wrong in (b"", b"a\nb\n", b"\xff\xfe", b"x" * 5000):
        path.write_bytes(wrong)
        ran = shared("", "--pin-file", path, *ADD, "乙厂")
        assert (ran.status, str(path) in ran.err) == (1, True)
    path.unlink()
    assert shared("", "--pin-file", path, *ADD, "乙厂").status == 1
    # what needs no key does not even look
    assert shared("", "--pin-file", path, "site", "list").status == 0


def test_changing_and_removing(shared: Run, tmp_path: Path, home: Path) -> None:
    """The new PIN holds, the old one no longer; without a PIN everything is as before."""
    new = tmp_path / "new.txt"
    new.write_text("another-stone-8", "utf-8")
    assert shared(THEIRS, "pin", "change", "--new-pin-file", new).status == 1
    assert shared(OURS, "pin", "change", "--new-pin-file", new).status == 0
    assert shared(OURS, *ADD, "甲厂").status == 1
    assert shared("another-stone-8", *ADD, "甲厂").status == 0
    assert shared("another-stone-8", "pin", "remove").status == 0
    assert b"BEGIN PRIVATE KEY" in (home / "device.key").read_bytes()
    assert shared("", *ADD, "乙厂").status == 0
    assert shared("", "verify", "--json").json() == []
    assert shared("", "pin", "remove").status == 1
    assert shared("", "pin", "change").status == 1


def test_without_a_pin_it_is_as_before_and_doctor_advises_one(cli: Run) -> None:
    """Switching wants a confirmation, doctor's advice is no problem, and nothing asks for a PIN."""
    assert cli("officer", "add", "--name", "检查员乙", "--badge", "14110200002").status == 0
    assert cli("officer", "switch", "14110200002").status == 1
    assert cli("officer", "switch", "14110200002", "--yes").status == 0
    assert cli(*ADD, "乙厂").status == 0
    told = cli("doctor", "--json")
    assert (told.status, [each["code"] for each in told.json()["advice"]]) == (0, ["no_pin"])
    assert cli("pin", "status", "--json").json()["set"] is False
    assert "没有设 PIN" in cli("pin", "status").out
    for words in (
        ("officer", "switch", "x9"),
        ("officer", "add", "--name", " ", "--badge", "x9"),
        ("officer", "remove", "14110200002"),
    ):
        assert cli(*words).status == 1


def test_a_forgotten_pin_is_told_truly_and_the_records_go_on(shared: Run, home: Path, tmp_path: Path) -> None:
    """Without --new-device nothing changes; with it nothing is deleted, and a colleague's merge brings values back."""
    assert shared(OURS, *ADD, "甲厂").status == 0
    before = {path.name: path.read_bytes() for path in home.glob("*.key")}
    told = shared("", "pin", "reset")
    assert (told.status, "无法找回" in told.err) == (1, True)
    assert {path.name: path.read_bytes() for path in home.glob("*.key")} == before
    done = shared("", "pin", "reset", "--new-device", "--json").json()
    assert done["root_lost"] is True
    assert done["private_lost"] == 1
    kept = {path.read_bytes() for path in home.glob("*.key.locked-*")}
    assert set(before.values()) <= kept
    assert shared("", *ADD, "乙厂").status == 0
    assert [each["name"] for each in shared("", "site", "list", "--json").json()] == ["乙厂", "甲厂"]
    assert shared("", "verify").status == 0
    assert shared("", "pin", "reset").status == 1


def test_nobody_acts_for_another_where_a_pin_is_set(shared: Run, file: Path) -> None:
    """A follow-up under another badge needs that officer to switch in: then two badges on one laptop are two people."""
    assert shared(OURS, "inspection", "load", file).status == 0
    finding = shared("", "finding", "list", "--json").json()[0]["finding_id"]
    assert shared(OURS, "finding", "follow-up", finding, "recheck", "--result", "passed").status == 0
    own = shared(OURS, "finding", "follow-up", finding, "closing")
    assert (own.status, "不能自己销号" in own.err) == (1, True)
    by = ("--by-name", "检查员乙", "--by-badge", "14110200002")
    other = shared(OURS, "finding", "follow-up", finding, "closing", *by)
    assert (other.status, "切换" in other.err) == (1, True)
    assert shared(THEIRS, "officer", "switch", "14110200002").status == 0
    assert shared(THEIRS, "finding", "follow-up", finding, "closing").status == 0
    assert shared("", "finding", "show", finding, "--json").json()["duties"] == []


def test_the_lock_time_is_a_number_of_minutes(shared: Run) -> None:
    """Set at any time, 0 is never; anything else is refused."""
    assert shared(OURS, "pin", "set", "--lock-after", "0", "--json").json()["lock_minutes"] == 0
    for wrong in ("x", "-1", "9999"):
        assert shared(OURS, "pin", "set", f"--lock-after={wrong}").status == 1
    assert shared(OURS, "pin", "set").status == 1
    assert json.loads(shared("", "pin", "status", "--json").out)["lock_minutes"] == 0


def typed(command: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command on a terminal of its own and type an answer whenever it asks; its status, and what it showed."""
    import pty

    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover  another programme from here on
        os.execv(sys.executable, [sys.executable, "-m", "inspect_tui", *command])  # noqa: S606  a terminal of its own
    shown, told = "", 0
    while True:
        if not select.select([terminal], [], [], 60)[0]:
            break
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part.decode("utf-8", "replace")
        if shown[told:].rstrip(" ").endswith(":") and answers:
            os.write(terminal, answers.pop(0).encode() + b"\n")
            told = len(shown)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_pin_is_asked_for_and_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting asks twice; a command that signs asks again after a wrong one; what only reads does not ask."""
    monkeypatch.delenv("INSPECT_TUI_PIN", raising=False)
    monkeypatch.delenv("INSPECT_TUI_NEW_PIN", raising=False)
    where = ["-w", str(home), "--lang", "en"]
    status, shown = typed([*where, "pin", "set"], [OURS, THEIRS])
    assert (status, "differ" in shown) == (1, True)
    status, shown = typed([*where, "pin", "set"], [OURS, OURS])
    assert (status, OURS in shown) == (0, False)
    status, shown = typed([*where, *ADD, "A"], ["wrong-stone", OURS])
    assert status == 0, shown
    assert "wrong" in shown
    assert OURS not in shown
    status, shown = typed([*where, *ADD, "B"], ["wrong-stone"] * 3)
    assert status == 1
    status, shown = typed([*where, "site", "list"], [])
    assert (status, "PIN" in shown) == (0, False)
