"""Install inspect-tui from this folder into the home of whoever runs it: no network, no administrator rights.

Needs nothing but the Python named in RELEASE.json. Everything is checked against SHA256SUMS first; an earlier
installation is only replaced when the new one works. No workspace is touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"


class Failed(Exception):
    """It cannot be installed: one sentence in Chinese and in English."""


def main() -> int:
    """Check, install, try, and only then let the start script point there."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        facts = json.loads((HERE / "RELEASE.json").read_text("utf-8"))
        check_python(facts["python"])
        count = check_sums()
        say(f"{count} 个文件校验无误。", f"{count} files are what they were when the folder was built.")
        target = home() / facts["version"]
        programme = install(target, facts)
        starters = write_starters(programme)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"安装未完成：{error}\nIt was not installed: {error}", file=sys.stderr)
        return 1
    say(f"已安装到 {target}", f"Installed in {target}")
    for starter in starters:
        say(f"启动：{starter}", f"Start it with {starter}")
    return 0


def say(zh: str, en: str) -> None:
    """One sentence in both languages."""
    print(f"{zh}\n{en}", flush=True)


def check_python(wanted: str) -> None:
    """The wheels are for one Python only."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != wanted:
        raise Failed(
            f"此文件夹需要 Python {wanted}，当前是 {here}；请为本人安装 Python {wanted}（不需要管理员权限）后重试。\n"
            f"This folder needs Python {wanted}, this is {here}; install Python {wanted} for yourself (no administrator"
            " rights are needed) and try again."
        )


def check_sums() -> int:
    """Every file is listed and unchanged; returns how many there are."""
    listed = {}
    for line in (HERE / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name, digest in listed.items():
        path = HERE / name
        if not path.is_file():
            raise Failed(
                f"缺少文件 {name}；请重新复制整个文件夹。\n{name} is missing; copy the whole folder again."
            )
        sha256 = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                sha256.update(chunk)
        if sha256.hexdigest() != digest:
            raise Failed(
                f"{name} 已损坏或被改动；请重新复制整个文件夹。\n{name} was damaged or changed; copy the whole folder again."
            )
    for wheel in (HERE / "wheels").iterdir():
        if f"wheels/{wheel.name}" not in listed:
            raise Failed(
                f"wheels/{wheel.name} 不在清单中；请删除它。\nwheels/{wheel.name} is not listed; remove it."
            )
    return len(listed)


def home() -> Path:
    """Where programmes of this person lie; not where their records do."""
    if WINDOWS:
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "Programs" / "inspect-tui"
    return Path.home() / ".local" / "lib" / "inspect-tui"


def install(target: Path, facts: dict[str, str]) -> Path:
    """Make the environment; returns the programme in it. What was there before comes back if it fails."""
    before = target.with_name(f"{target.name}.before")
    target.parent.mkdir(parents=True, exist_ok=True)
    if before.exists():
        if target.exists():
            shutil.rmtree(target)
        before.replace(target)
    if target.exists():
        try:
            target.replace(before)
        except OSError as error:
            raise Failed(
                f"{target} 正在使用，请先退出 inspect-tui。\n{target} is in use; leave inspect-tui first."
            ) from error
    try:
        programme = make(target, facts)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        if before.exists():
            before.replace(target)
        raise
    shutil.rmtree(before, ignore_errors=True)
    return programme


def make(target: Path, facts: dict[str, str]) -> Path:
    """The environment itself: Python's own `venv`, and pip straight from its wheel, so that no ensurepip is needed."""
    venv.create(target, with_pip=False, symlinks=not WINDOWS)
    scripts = target / ("Scripts" if WINDOWS else "bin")
    python = scripts / ("python.exe" if WINDOWS else "python")
    pip = max((HERE / "wheels").glob("pip-*.whl"), key=lambda path: path.stat().st_mtime)
    command = [
        *(
            str(python),
            str(pip / "pip"),
            "install",
            "--isolated",
            "--no-index",
            "--find-links",
            str(HERE / "wheels"),
        ),
        *("--no-cache-dir", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"),
        *("--root-user-action", "ignore", f"{facts['name']}[{facts['extras']}]=={facts['version']}"),
    ]
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONUTF8": "1"})
    if done.returncode:
        raise Failed("安装包无法装入；请看上面的说明。\nThe wheels cannot be installed; see above.")
    programme = scripts / ("inspect-tui.exe" if WINDOWS else "inspect-tui")
    tried = subprocess.run([str(programme), "--version"], capture_output=True, check=False)
    if tried.returncode:
        raise Failed(
            "装好的程序不能启动，已恢复原状：\nThe programme does not start and was taken away again:\n"
            + tried.stderr.decode("utf-8", "replace")
        )
    return programme


def write_starters(programme: Path) -> list[Path]:
    """What a person starts it with."""
    if not WINDOWS:
        starter = Path.home() / ".local" / "bin" / "inspect-tui"
        quoted = str(programme).replace("'", "'\\''")
        return [written(starter, f"#!/bin/sh\nexec '{quoted}' \"$@\"\n")]
    text = f'@echo off\r\nchcp 65001 >nul\r\nset PYTHONUTF8=1\r\n"{programme}" %*\r\n'
    starters = [written(home() / "inspect-tui.cmd", text)]
    desktop = Path.home() / "Desktop"
    if desktop.is_dir():
        starters.append(written(desktop / "inspect-tui.cmd", text))
    return starters


def written(path: Path, text: str) -> Path:
    """A starter, in place all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(text.encode("utf-8"))
    temporary.chmod(0o755)
    temporary.replace(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
