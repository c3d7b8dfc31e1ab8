"""Errors of PostgreSQL as one sentence that says what to do, without the password that stands in the address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import errors

from sync.errors import StoreError

if TYPE_CHECKING:
    from types import TracebackType

TRANSIENT: Final = (errors.SerializationFailure, errors.DeadlockDetected)
"""Nothing of the transaction remains; done once more it succeeds."""

_PASSWORD: Final = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)|(://[^:/@\s]*:)[^@\s]*(?=@)")


def shown(text: str) -> str:
    """A text in one line, without the passwords of addresses in it."""
    found = _PASSWORD.sub(lambda match: f"{match[1] or match[3]}…", text)
    return " ".join(found.split())


class postgres_errors:  # noqa: N801  read as the function that `contextlib` would make of it
    """Turn psycopg's errors into one sentence.

    Attributes:
        final: Whether nobody repeats what failed; else the errors that a repetition cures pass through.
    """

    __slots__ = ("final",)

    def __init__(self, *, final: bool = True) -> None:
        self.final = final

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, psycopg.Error) and (self.final or not isinstance(error, TRANSIENT)):
            raise sentence(error) from error


def sentence(error: psycopg.Error) -> StoreError:
    """What happened and what to do."""
    said = shown(str(error))
    match error:
        case errors.InvalidPassword() | errors.InvalidAuthorizationSpecification():
            return _refused_login()
        case errors.DiskFull() | errors.OutOfMemory() | errors.TooManyConnections():
            return StoreError(
                f"中心库服务器资源不足（{said}）：磁盘已满、内存不足或连接过多；本次未写入，请管理员处理后重试。",
                f"The server of the central store is short of disk, memory or connections ({said}); nothing of this was"
                " written, ask the administrator, then try again.",
            )
        case errors.ReadOnlySqlTransaction():
            return StoreError(
                "中心库当前只读（可能连到了备用服务器）；本次未写入，请连接主服务器。",
                "The central store is read-only, perhaps a standby server; nothing was written, connect to the primary one.",
            )
        case errors.LockNotAvailable() | errors.SerializationFailure() | errors.DeadlockDetected():
            return StoreError(
                "中心库正被另一进程占用（可能正在重建）；本次未写入，请稍后重试。",
                "The central store is in use by another process, perhaps being rebuilt; nothing was written, try again later.",
            )
        case errors.InsufficientPrivilege():
            return StoreError(
                f"中心库用户的权限不足：{said}；请管理员授予建表和读写权限。",
                f"The user of the central store lacks a right: {said}; ask the administrator for it.",
            )
        case errors.InvalidCatalogName():
            return StoreError(
                f"中心库数据库不存在：{said}；请先创建。", f"The database does not exist: {said}; create it first."
            )
        case errors.DuplicateTable() | errors.UndefinedTable() | errors.UndefinedColumn():
            return StoreError(
                f"数据库里的表与中心库的布局不符：{said}；请使用专用的数据库，或从备份恢复。",
                f"The tables of the database are not laid out as a central store: {said}; use a database of its own, or"
                " restore a backup.",
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _unreachable(said)
        case _:
            return StoreError(f"中心库数据库出错：{said}。", f"The database of the central store failed: {said}.")


def _unreachable(said: str) -> StoreError:
    # libpq says so in words alone while a connection is being made
    if "authentication failed" in said or "no password supplied" in said or "pg_hba.conf" in said:
        return _refused_login()
    if 'database "' in said and "does not exist" in said:
        return StoreError(
            f"中心库数据库不存在：{said}；请先创建。", f"The database does not exist: {said}; create it first."
        )
    return StoreError(
        f"无法连接中心库数据库（{said}）；未确认的内容没有写入，请检查服务器和网络后重试。",
        f"The database of the central store cannot be reached ({said}); what was not acknowledged was not written, check"
        " the server and the network, then try again.",
    )


def _refused_login() -> StoreError:
    return StoreError(
        "中心库拒绝登录：用户名或密码不对，或服务器不允许从本机连接；请检查地址中的用户和密码。",
        "The central store refuses the login: user or password are wrong, or the server takes no connections from here;"
        " check user and password in the address.",
    )
