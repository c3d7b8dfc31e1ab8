"""Every failure is one sentence and an exit status; a traceback goes into a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tui.cli import site
from inspect_tui.cli.failures import explain, write_report
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from tests.inspect_tui.cli.conftest import Run

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bogus",), "bogus"),
        (("--lang", "fr", "doctor"), "--lang"),
        (("site", "add"), "--name"),
        (("merge",), "SOURCE"),
        (("finding",), "finding"),
        (("export", "csv", "x", "--headers", "fr"), "--headers"),
        (("site", "add", "--name", "x", "--kind", "y", "--longitude", "1"), "经度"),
        (("--json",), "--help"),
        (("site", "add", "--name", "x", "--kind", "y", "--attribute", "z"), "z"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_sentence(cli: Run, words: tuple[str, ...], said: str) -> None:
    """What is wrong is named, in Chinese, and where to look."""
    ran = cli(*words)
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_help_is_in_the_language_asked_for(bare: Run) -> None:
    """Headings and sentences in Chinese and in English; the status is 0."""
    assert bare("--help").out.startswith("用法：")
    english = bare("--lang", "en", "merge", "-h")
    assert english.status == 0
    assert english.out.startswith("usage: ")
    assert not any("\u4e00" <= each <= "\u9fff" for each in english.out)


def test_global_options_stand_before_or_after(bare: Run, home: Path, tmp_path: Path) -> None:
    """The workspace, the language and --json are taken in either place."""
    before = bare("-w", home, "--json", "--lang", "en", "site", "list")
    after = bare("site", "list", "--json", "--lang", "en", f"--workspace={home}")
    assert (before.status, before.out) == (after.status, after.out) == (0, "[]\n")


def test_the_language_of_the_settings_is_used(bare: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--lang wins over the settings, the settings over the locale."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert "no workspace" in bare("site", "list").err
    bare("init", "--lang", "zh", on=tmp_path / "w")
    assert bare("conflict", "list", on=tmp_path / "w").out == "没有冲突。\n"
    assert bare("conflict", "list", "--lang", "en", on=tmp_path / "w").out.startswith("There is no")


def test_an_unexpected_error_leaves_a_report_and_one_sentence(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, no traceback on the screen; the report has it and only its owner reads it."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("inspect_tui.records.queries.list_sites", fail)
    assert site.list_ is not None
    ran = cli("site", "list")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    path = Path(ran.err.split("报告在 ")[1].split("；")[0])
    assert "ZeroDivisionError" in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0


def test_no_folder_for_the_report_is_said_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence comes even when nothing can be written."""
    monkeypatch.setattr("inspect_tui.cli.failures._folders", list)
    assert write_report(ValueError()) is None
    assert explain(ValueError()) == 1
    assert "ValueError" in capsys.readouterr().err


def test_known_failures_have_their_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Refused and trouble with files 1, an interruption 130; escapes in the sentence are shown."""
    assert explain(Refused("不行\x1b[2J", "no")) == 1
    assert explain(OSError(28, "No space left on device", "/x")) == 1
    assert explain(KeyboardInterrupt()) == 130
    said = capsys.readouterr().err
    assert said.count("\n") == 3
    assert "\x1b" not in said


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0", "XDG_STATE_HOME": str(home)}


def test_chinese_comes_out_as_utf8_whatever_the_locale(bare: Run, home: Path) -> None:
    """Under a C locale the bytes on standard output and error are UTF-8."""
    words = [sys.executable, "-m", "inspect_tui", "-w", str(home), "conflict", "list", "--lang", "zh"]
    ran = subprocess.run(words, check=False, capture_output=True, env=_environment(home))
    assert (ran.returncode, ran.stdout.decode()) == (0, f"没有冲突。{os.linesep}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE")
def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    """`… | head -1` ends quietly with 141 and no traceback."""
    words = [sys.executable, "-m", "inspect_tui", "checklist", "show", "construction-dust", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(home)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read().decode()
        assert (process.wait(), said) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts by other means")
def test_an_interruption_is_one_sentence_and_130(tmp_path: Path) -> None:
    """Ctrl-C while a command waits for its input."""
    code = (
        "import sys, time\n"
        "from dataclasses import replace\n"
        "import inspect_tui.cli.registry as registry\n"
        "from inspect_tui.__main__ import main\n"
        "def wait(*_):\n"
        "    print('waiting', flush=True)\n"
        "    time.sleep(60)\n"
        "registry.COMMANDS = tuple(replace(c, run=wait) if c.words == ('doctor',) else c for c in registry.COMMANDS)\n"
        "sys.exit(main(['doctor', '--lang', 'en']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(tmp_path)
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().strip() == b"waiting"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        assert process.wait(timeout=20) == 130
    assert said.count("\n") == 1
    assert said.startswith("Interrupted")
