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
from typing import TYPE_CHECKING, Final

from inspect_tui.exports.neutral import one_line
from inspect_tui.texts import say, tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tui.texts import Bilingual

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
        _complain_of_file(error)
        return REFUSED
    if any(kind.__module__ == "sqlite3" for kind in type(error).__mro__):
        complain(
            tr(
                f"数据库出错或已损坏（{error}）；请停止记录，运行 inspect-tui verify 查看，必要时从备份恢复。",
                f"The database failed or is damaged ({error}); stop recording, see inspect-tui verify, and restore a backup"
                " if need be.",
            )
        )
        return REFUSED
    complain(_unexpected(error))
    return REFUSED


def _complain_of_file(error: OSError) -> None:
    from inspect_tui.reasons import reason_of

    reason = reason_of(error)
    if error.filename:
        complain(
            tr(
                f"无法读写 {_named(error.filename)}：{reason.zh}；请检查路径、权限和磁盘空间。",
                f"Cannot read or write {_named(error.filename)}: {reason.en}; check path, permissions and free space.",
            )
        )
        return
    # Files are opened by name, so this is what was printed.
    complain(
        tr(
            f"无法写出结果：{reason.zh}；请检查输出所到之处的空间后重试。",
            f"The output cannot be written: {reason.en}; check the space where it goes, then try again.",
        )
    )
    _drop_output()


def _named(filename: object) -> str:
    return os.fsdecode(filename) if isinstance(filename, bytes) else str(filename)


def complain_of(faults: Iterable[Bilingual]) -> None:
    """What is wrong beside the matter, such as an imported checklist that is left out."""
    for fault in faults:
        complain(f"! {say(fault)}")


def complain(sentence: str) -> None:
    """One line on standard error, harmless to the terminal."""
    with contextlib.suppress(OSError, ValueError):
        print(one_line(sentence), file=sys.stderr, flush=True)


def _unexpected(error: BaseException) -> str:
    kind = type(error).__name__
    path = write_report(error)
    if path is None:
        return tr(
            f"程序遇到未预料的错误（{kind}），报告也无法写入；请运行 inspect-tui verify 检查记录，并告知管理员。",
            f"An unexpected error ({kind}), and no report of it could be written; check the records with inspect-tui verify"
            " and tell the administrator.",
        )
    return tr(
        f"程序遇到未预料的错误（{kind}），报告在 {path}；请运行 inspect-tui verify 检查记录，并把报告交给管理员。",
        f"An unexpected error ({kind}); the report is {path}. Check the records with inspect-tui verify and give the report"
        " to the administrator.",
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
