"""The examples in docs/protocol.md work as written: in bash, against a store that is served, with a joined workspace."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sync.central import protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "protocol.md"

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="needs curl and bash"
)


def examples() -> str:
    """The commands on the page."""
    (found,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """`inspect-tui` on the path, and nothing of this machine's own workspace."""
    script = tmp_path / "bin" / "inspect-tui"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m inspect_tui "$@"\n')
    script.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PAGE.parents[1]),
        "INSPECT_TUI_WORKSPACE": str(tmp_path / "nowhere"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LC_ALL": "C.UTF-8",
        "no_proxy": "*",
    }


def run(words: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run a command; what it prints."""
    done = subprocess.run(
        words, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def served(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a new store."""
    with subprocess.Popen(
        ["inspect-tui", "-w", str(tmp_path / "store"), "serve", "--host", "127.0.0.1", "--port", "0", "--json"],
        env=environment,
        executable=str(tmp_path / "bin" / "inspect-tui"),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        told = ""
        try:
            while not told.strip().endswith("}"):
                line = server.stdout.readline()
                assert line, "the server did not start"
                told += line
            yield str(json.loads(told)["url"])
        finally:
            server.terminate()


def test_the_examples_with_curl_work_as_written(tmp_path: Path, served: str, environment: dict[str, str]) -> None:
    """Every command of the page does what the page says, one after the other, in an empty folder."""
    laptop = tmp_path / "laptop"
    tui = ["inspect-tui", "-w"]
    run(
        [*tui, str(laptop), "init", "--name", "甲", "--badge", "14110200001", "--area", "141102"],
        environment,
        tmp_path,
    )
    invited = json.loads(
        run(
            [
                *tui,
                str(tmp_path / "store"),
                "--json",
                "team",
                "invite",
                "--area",
                "141102",
                "--officer",
                "14110200001",
            ],
            environment,
            tmp_path,
        )
    )
    run([*tui, str(laptop), "team", "join", invited["code"], "--trust"], environment, tmp_path)
    place = tmp_path / "by hand"
    place.mkdir()
    out = run(["bash", "-euo", "pipefail", "-c", examples()], {**environment, "W": str(laptop), "U": served}, place)

    answers: list[Any] = []
    decoder = json.JSONDecoder()
    while out.strip():
        said, end = decoder.raw_decode(out.strip())
        answers.append(said)
        out = out.strip()[end:]
    hello, heads, refused = answers
    assert hello["protocol"] == [protocol.VERSION]
    assert [chain[1] for chain in heads["chains"]] == [hello["server"]] * len(heads["chains"])
    assert refused == {"refused": []}
    headers = (place / "answer.txt").read_text().lower()
    assert headers.startswith("http/1.1 200")
    assert "inspect-more: 0" in headers
    entries = protocol.unpack((place / "batch.zst").read_bytes())
    assert len(entries) == sum(chain[2][-1][0] for chain in heads["chains"])
