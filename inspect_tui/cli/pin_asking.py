"""Where a command gets a PIN: a file, the environment, or the person at the terminal; only when a key is needed."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tui.cli.failures import complain
from inspect_tui.records.pin_access import WrongPin
from inspect_tui.records.pin_file import check_pin
from inspect_tui.texts import Refused, say, tr
from sync.errors import LockedError
from sync.sealing import locked

if TYPE_CHECKING:
    import argparse

    from inspect_tui.records.pin_access import Access

ENVIRONMENT: Final = "INSPECT_TUI_PIN"
NEW_ENVIRONMENT: Final = "INSPECT_TUI_NEW_PIN"
TRIES: Final = 3
_MOST: Final = 4096


class TerminalAsker:
    """Unlocks with the PIN that the command line gives, or asks for it on a terminal, at most three times."""

    def __init__(self, pin_file: str | None) -> None:
        self._pin_file = pin_file
        self._failed: LockedError | Refused | None = None

    def __call__(self, access: Access, *, ask: bool) -> bool:
        """Unlock; False where no PIN is at hand and none may be asked for.

        Raises:
            LockedError: It was not entered, or was wrong.
        """
        given = None
        if self._failed is None:
            try:
                given = given_pin(self._pin_file)
                if given is not None:
                    tell_failures(access.unlock(given))
            except (LockedError, Refused) as error:
                # a wrong PIN in a script is counted once, not at every value that it could open
                self._failed = error
        if self._failed is not None and ask:
            raise self._failed
        if given is not None and self._failed is None:
            return True
        if not ask:
            return False
        if not at_terminal():
            raise locked()
        for left in reversed(range(TRIES)):
            try:
                tell_failures(access.unlock(prompt(tr("PIN", "PIN"))))
            except WrongPin as error:
                if not left:
                    self._failed = error
                    raise
                complain(say(error))
            else:
                return True
        return False


def tell_failures(count: int) -> None:
    """Say how often somebody was wrong before: it may have been somebody else."""
    if count:
        complain(
            tr(
                f"! 上次解锁以来，PIN 输错过 {count} 次。",
                f"! The PIN was entered wrongly {count} times since it was right last.",
            )
        )


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def prompt(question: str) -> str:
    """What a person types, unseen."""
    try:
        return getpass.getpass(f"{question}: ", stream=sys.stderr)
    except EOFError as error:
        raise locked() from error


def given_pin(pin_file: str | None) -> str | None:
    """The PIN in a file or in the environment; None where neither gives one.

    Raises:
        Refused: The file cannot be read or is no file of one line.
    """
    if pin_file is not None:
        return _first_line(Path(pin_file).expanduser())
    return os.environ.get(ENVIRONMENT) or None


def current_pin(said: argparse.Namespace) -> str:
    """The PIN of whoever acts: from file or environment, else asked for.

    Raises:
        LockedError: There is none, and nobody to be asked.
    """
    given = given_pin(getattr(said, "pin_file", None))
    if given is not None:
        return given
    if not at_terminal():
        raise locked()
    return prompt(tr("PIN", "PIN"))


def new_pin(said: argparse.Namespace, *, first: bool) -> str:
    """A new PIN: from a file or the environment, else asked for twice.

    Args:
        said: `new_pin_file`, and `pin_file` where it is the first.
        first: There is no PIN yet, so that the usual ways give the new one.

    Raises:
        Refused: It is none, the two differ, or there is nobody to be asked.
    """
    named = getattr(said, "new_pin_file", None)
    given = _first_line(Path(named).expanduser()) if named is not None else os.environ.get(NEW_ENVIRONMENT) or None
    if given is None and first:
        given = given_pin(getattr(said, "pin_file", None))
    if given is not None:
        return check_pin(given)
    if not at_terminal():
        raise Refused(
            f"没有给出新的 PIN；请在终端运行，或用 --new-pin-file 或环境变量 {NEW_ENVIRONMENT} 给出。",
            f"No new PIN is given; run this on a terminal, or give it with --new-pin-file or environment {NEW_ENVIRONMENT}.",
        )
    pin = check_pin(
        prompt(tr("新 PIN（至少六位数字，或一句口令）", "New PIN (six digits at least, or a passphrase)"))
    )
    if check_pin(prompt(tr("再输一次新 PIN", "The new PIN again"))) != pin:
        raise Refused("两次输入的 PIN 不同，未作改动。", "The two PINs differ; nothing was changed.")
    return pin


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if stat.S_ISDIR(
                os.fstat(file.fileno()).st_mode
            ):  # pragma: no cover  open refuses folders on most systems
                raise IsADirectoryError(21, "is a folder", str(path))
            text = file.read(_MOST + 1)
    except OSError as error:
        from inspect_tui.reasons import reason_of

        reason = reason_of(error)
        raise Refused(
            f"PIN 文件 {path} 无法读取：{reason.zh}。", f"The file {path} with the PIN cannot be read: {reason.en}."
        ) from error
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(text) > _MOST or len(lines) != 1 or not lines[0].strip():
        raise Refused(
            f"{path} 须是 UTF-8 文本，只有一行，即 PIN。", f"{path} must be UTF-8 text of one line, the PIN."
        )
    return lines[0]
