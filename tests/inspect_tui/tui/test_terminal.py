"""The real programme in a real terminal: tmux at 80×24, in Chinese, by keyboard only."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records.queries import inspection_detail, list_inspections
from inspect_tui.records.workspace import Workspace
from tests.inspect_tui.tui.scenario import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
_NAMED = {"Enter", "Right", "Space", "C-u"}
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux.sock")
        self._folder = folder

    def tmux(self, *arguments: str) -> str:
        """Run a tmux command on this server."""
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", os.devnull, *arguments],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        return done.stdout

    def start(self, *command: str) -> None:
        """Open the window with a programme in it."""
        environment = {"HOME": str(self._folder), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        said = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        self.tmux("-u", "new-session", "-d", "-x", "80", "-y", "24", *said, *command)

    def screen(self) -> str:
        """What stands on the screen."""
        return self.tmux("capture-pane", "-p")

    def wait(self, *words: str, seconds: float = 30) -> None:
        """Wait until all the words stand on the screen."""
        end = time.monotonic() + seconds
        while True:
            text = self.screen()
            if all(word in text for word in words):
                return

            assert time.monotonic() < end, f"{words} did not appear:\n{text}"
            time.sleep(0.05)

    def keys(self, *names: str) -> None:
        """Press keys."""
        for name in names:
            self.tmux("send-keys", name)
            time.sleep(0.05)

    def burst(self, *parts: str) -> None:
        """Keys and texts, all of them at once; what names no key is typed."""
        words: list[str] = []
        for part in parts:
            named = part in _NAMED or (part[0] == "F" and part[1:].isdigit())
            words += ["send-keys", part, ";"] if named else ["send-keys", "-l", part, ";"]
        self.tmux(*words[:-1])

    def type(self, text: str) -> None:
        """Type a text as it comes from an input method."""
        self.tmux("send-keys", "-l", text)
        time.sleep(0.1)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal that is closed with the test."""
    one = Terminal(tmp_path)
    yield one
    subprocess.run(["tmux", "-S", str(tmp_path / "tmux.sock"), "kill-server"], capture_output=True, check=False)


def test_one_inspection_in_a_terminal_of_80_by_24(terminal: Terminal, tmp_path: Path) -> None:
    """First start, new site, five answers, value, note, photo, two officers, submission; the CSV holds the finding."""
    folder, card = tmp_path / "workspace", tmp_path / "card"
    card.mkdir()
    make_photo(card / "A.jpg", latitude=37.5, longitude=111.1, taken_at=NOW, size=(320, 240))
    terminal.start(sys.executable, "-m", "inspect_tui", "-w", str(folder), "--lang", "zh")
    terminal.wait("首次启动", "吕梁市")
    terminal.type("李强")
    terminal.keys("Enter")
    terminal.type("14110200001")
    terminal.keys("Enter", "Right", "F10")
    terminal.wait("李强 14110200001", "没有草稿")
    terminal.keys("F6")
    terminal.wait("还没有检查对象")
    terminal.keys("F6")
    terminal.wait("新建对象")
    terminal.type("示例工程[HW49]")
    terminal.keys("F10")
    terminal.wait("对象历史", "示例工程[HW49]")
    terminal.keys("1")
    terminal.wait("开始检查：")
    terminal.keys("Enter", "Enter")
    terminal.type("王芳")
    terminal.keys("Enter")
    terminal.type("14110200002")
    terminal.keys("F10")
    terminal.wait("CD-001", "0/45")
    terminal.keys("1")
    terminal.wait("CD-002", "1/45")
    terminal.keys("3")
    terminal.wait("请写理由")
    terminal.keys("F2", "Enter")
    terminal.wait("CD-003", "2/45")
    terminal.type("１")
    terminal.wait("CD-004", "3/45")
    terminal.keys("Down", "Down", "6")
    terminal.wait("测量值")
    terminal.type("1.8")
    terminal.wait("不符合限值")
    terminal.keys("F10")
    terminal.wait("已存盘", "CD-101")
    terminal.keys("5")
    terminal.wait("备注", "换行")
    terminal.type("北侧围挡低矮")
    terminal.keys("F10")
    terminal.wait("北侧围挡低矮", "小结")
    terminal.keys("2")
    terminal.wait("请写理由")
    terminal.type("高度不足")
    terminal.keys("F10")
    terminal.wait("✗ 不合格", "缺照片")
    terminal.keys("4")
    terminal.wait("文件夹", "附上")
    terminal.keys("/")
    terminal.wait("照片文件夹")
    terminal.keys("C-u")
    terminal.type(str(card))
    terminal.keys("Enter")
    terminal.wait("A.jpg", "HUAWEI")
    terminal.keys("Space", "F10")
    terminal.wait("附上 1 张照片")
    terminal.keys("F10")
    terminal.wait("执法人员", "王芳 14110200002")
    terminal.keys("2")
    terminal.wait("被检查方在场人员", "拒签、缺席情况")
    terminal.keys("Enter")
    terminal.type("赵经理")
    terminal.keys("F10")
    terminal.wait("赵经理 已签字")
    terminal.keys("F10")
    terminal.wait("已提交并存盘", "对象历史")
    terminal.keys("F4")
    terminal.wait("共 1 条", "CD-101")
    terminal.keys("C-q")
    rows = _csv(folder, tmp_path / "findings.csv")

    assert len(rows) == 2
    assert "示例工程[HW49]" in rows[1]
    assert "CD-101" in rows[1]


def test_a_whole_inspection_typed_without_waiting(terminal: Terminal, tmp_path: Path) -> None:
    """Keys sent all at once, as a quick hand on a slow laptop sends them: none is lost, each reaches its place."""
    folder, card = tmp_path / "workspace", tmp_path / "card"
    card.mkdir()
    make_photo(card / "A.jpg", latitude=37.5, longitude=111.1, taken_at=NOW, size=(320, 240))
    terminal.start(sys.executable, "-m", "inspect_tui", "-w", str(folder), "--lang", "zh")
    terminal.wait("首次启动", "吕梁市")
    terminal.burst("李强", "Enter", "14110200001", "Enter", "Right", "F10")
    terminal.wait("李强 14110200001", "没有草稿")
    terminal.burst(
        *("F6", "F6", "示例工程[HW49]", "F10", "1", "Enter", "Enter", "王芳", "Enter", "14110200002", "F10"),
        *("1", "2", "公示牌缺监督电话", "F10", "4", "/", "C-u", str(card), "Enter", "Space", "F10"),
        *("]", "1", "5", "围挡以北", "F10", "F10", "2", "Enter", "赵经理", "F10", "F10"),
    )
    terminal.wait("已提交并存盘", "对象历史", "示例工程[HW49]")
    terminal.keys("C-q")
    rows = _csv(folder, tmp_path / "findings.csv")

    assert len(rows) == 2
    assert {"示例工程[HW49]", "CD-002"} <= set(rows[1])
    with Workspace.open(folder) as workspace:
        (line,) = list_inspections(workspace)
        detail = inspection_detail(workspace, line.id)
    assert detail.present is not None
    assert (line.state, line.photos, detail.present.name) == ("submitted", 1, "赵经理")


def _csv(folder: Path, path: Path) -> list[list[str]]:
    command = [sys.executable, "-m", "inspect_tui", "-w", str(folder), "export", "csv", str(path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))
