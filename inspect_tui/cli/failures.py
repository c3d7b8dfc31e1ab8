"""Every way to fail, as one sentence and an exit status. A traceback goes into a report file, never on the screen."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Final

from inspect_tui.exports.neutral import one_line
from inspect_tui.texts import tr

REFUSED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""As the shell says it of a programme that SIGPIPE ended."""


class WrongUsage(Exception):
    """The command line cannot be understood: one sentence in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def explain(error: BaseException) -> int:
    """Say on standard error what went wrong; returns the exit status."""
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return BROKEN_PIPE
    if isinstance(error, KeyboardInterrupt):
        complain(
            tr(
                "已中断；此前已确认的记录都已保存。",
                "Interrupted; everything that was acknowledged before is saved.",
            )
        )
        return INTERRUPTED
    zh, en = getattr(error, "zh", None), getattr(error, "en", None)
    if isinstance(zh, str) and isinstance(en, str):
        complain(tr(zh, en))
        return USAGE if isinstance(error, WrongUsage) else REFUSED
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        reason = f"{where}{error.strerror}"
        complain(
            tr(
                f"无法读写 {reason}；请检查路径、权限和磁盘空间。",
                f"Cannot read or write {reason}; check path, permissions and free space.",
            )
        )
        return REFUSED
    complain(_unexpected(error))
    return REFUSED


def complain(sentence: str) -> None:
    """One line on standard error, harmless to the terminal."""
    with contextlib.suppress(OSError, ValueError):
        print(one_line(sentence), file=sys.stderr, flush=True)


def _unexpected(error: BaseException) -> str:
    kind = type(error).__name__
    path = write_report(error)
    if path is None:
        return tr(
            f"程序遇到未预料的错误（{kind}），报告也无法写入；已记录的内容不受影响，请重试并告知管理员。",
            f"An unexpected error ({kind}), and no report of it could be written; what was recorded is safe: try again"
            " and tell the administrator.",
        )
    return tr(
        f"程序遇到未预料的错误（{kind}），报告在 {path}；已记录的内容不受影响，请把报告交给管理员。",
        f"An unexpected error ({kind}); the report is {path}. What was recorded is safe; give the report to the"
        " administrator.",
    )


def write_report(error: BaseException) -> Path | None:
    """Write what a developer needs into a file readable by its owner alone; None when no folder takes it."""
    from inspect_tui.cli.versions import versions

    said = "\n".join(f"{name}: {version}" for name, version in versions().items())
    text = f"{said}\nplatform: {platform.platform()}\n\n{''.join(traceback.format_exception(error))}"
    name = f"inspect-tui-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            return path
    return None


def _folders() -> list[Path]:
    import platformdirs

    return [platformdirs.user_log_path("inspect-tui", appauthor=False), Path(tempfile.gettempdir())]


def _drop_output() -> None:
    """Whoever read our output is gone; let the interpreter flush into nothing at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
