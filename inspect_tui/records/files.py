"""Files written whole or not at all, and never over what a workspace holds.

Every command that writes a file outside its workspace asks here first: a workspace's database, keys and photos are
evidence, and a path given by mistake must not be able to destroy them.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_KEY: Final = "device.key"
_DATABASE: Final = "workspace.db"
_COMPANY: Final = ("config.toml", "device.jws", "root.key", "photos")
"""What makes the folder of a database a workspace or its copy: a bare database on a stick leaves the stick usable."""
_DESCRIPTOR: Final = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,4})")
_STANDARD: Final = {"/dev/stdout": 1, "/dev/stderr": 2}


def workspace_around(path: Path) -> Path | None:
    """The workspace in which `path` lies or would lie, before or after links are followed; None where there is none."""
    for place in dict.fromkeys((_absolute(path), _resolved(path))):
        for folder in (place, *place.parents):
            if _is_workspace(folder):
                return folder
    return None


def _is_workspace(folder: Path) -> bool:
    if os.path.lexists(folder / _KEY):
        return True
    return os.path.lexists(folder / _DATABASE) and any(os.path.lexists(folder / name) for name in _COMPANY)


def _absolute(path: Path) -> Path:
    """With the links of its folder followed, but not the last one."""
    return _resolved(path.parent) / path.name if path.name not in {"", ".."} else _resolved(path)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(os.path.abspath(path))  # noqa: PTH100  a loop of links has no other


def refuse_workspace(path: Path) -> None:
    """Refuse a path inside any workspace as a place to write to.

    Raises:
        Refused: It lies in one.
    """
    if (folder := workspace_around(path)) is not None:
        raise Refused(
            f"{path} 在工作区 {folder} 内，写入会损坏其中的记录，未作改动；请换一个工作区以外的位置。",
            f"{path} lies in the workspace {folder}; writing there would damage its records, so nothing was done:"
            " name a place outside of any workspace.",
        )


def refuse_existing(path: Path) -> None:
    """Refuse a place for something new that is taken, by a link that leads nowhere, too, or lies in a workspace.

    Raises:
        Refused: It does.
    """
    refuse_workspace(path)
    if os.path.lexists(path):
        raise Refused(
            f"{path} 已存在，未作改动；请换一个名字。",
            f"{path} exists already and was left as it is; choose another name.",
        )


def _refuse_secret(path: Path) -> None:
    """A database or key is not replaced by an export, wherever it lies."""
    from inspect_tui.photos.not_evidence import DATABASE, secret_in

    with path.open("rb") as file:
        what = secret_in(file)
    if what is None and os.path.lexists(f"{path}-wal"):
        # all that a new database holds may still stand in the log beside it
        what = DATABASE
    if what is not None:
        raise Refused(
            f"{path} 是{what.zh}，未作改动；请换一个名字。",
            f"{path} is {what.en} and was left as it is; choose another name.",
        )


def is_standard_output(path: Path) -> bool:
    """Whether the path names this process's own standard output."""
    return _descriptor(path) == 1


def _descriptor(path: Path) -> int | None:
    text = str(path)
    if text in _STANDARD:
        return _STANDARD[text]
    match = _DESCRIPTOR.fullmatch(text)
    return int(match[1]) if match else None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when all of it is on disk; else `path` stays as it was.

    A link is followed to the regular file that it names. Pipes and other streams are written straight through.

    Raises:
        Refused: `path` lies in a workspace, is a folder or a disk, or cannot be written.
    """
    refuse_workspace(path)
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISREG(mode):
            _refuse_secret(path)
        if mode is None or stat.S_ISREG(mode):
            with _whole(path, mode) as file:
                yield file
        elif stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            number = _descriptor(path)
            # Opened anew, standard output would be written from its beginning.
            with os.fdopen(os.open(path, os.O_WRONLY) if number is None else os.dup(number), "wb") as file:
                yield file
        else:
            raise Refused(
                f"{path} 是文件夹、磁盘或套接字，不能写入；请给出文件名。",
                f"{path} is a folder, a disk or a socket and cannot be written to; name a file.",
            )
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = reason_of(error)
        raise Refused(
            f"{path} 无法写入：{reason.zh}；原有文件未改动，请检查路径、权限和磁盘空间。",
            f"{path} cannot be written: {reason.en}; what was there is untouched, check path, permissions and space.",
        ) from error


def _mode(path: Path) -> int | None:
    """The kind of file that is there, links followed; None where there is none."""
    if _descriptor(path) is not None:
        return stat.S_IFCHR
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise Refused(
                f"{path} 是指向不存在位置的链接，未写入；请给出文件名。",
                f"{path} is a link that leads nowhere and was not written to; name a file.",
            ) from None
        if path.name == "":
            raise Refused("文件名是空的；请给出文件名。", "The file name is empty; name a file.") from None
        return None


@contextlib.contextmanager
def _whole(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    target = path.resolve()
    # Nobody can have planted a link under a name that cannot be guessed.
    temporary = target.with_name(f".inspect-tui-{secrets.token_hex(8)}.part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(handle, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(handle)
        temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace `path`, a workspace's own file, by `data`, on disk on return.

    Args:
        path: The file; its folder must be there.
        data: All of it.
        private: Readable by its owner alone.

    Raises:
        Refused: The disk does not take it; `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        if os.name != "nt":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = reason_of(error)
        raise Refused(
            f"{path} 无法写入：{reason.zh}；原有文件未改动。",
            f"{path} cannot be written: {reason.en}; what was there is untouched.",
        ) from error
