"""The central store 中心库 as a workspace knows it: its address in the settings, and a sync with it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from inspect_tui.records import times
from inspect_tui.texts import Refused
from sync.errors import LockedError, SyncError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tui.records.workspace import Workspace
    from sync.central.client import HttpPeer
    from sync.central.connection import Address
    from sync.central.syncing import Synced
    from sync.exchange import Progress

TABLE: Final = "central"
"""The table of `config.toml` that holds the address."""
MINUTES: Final = "sync_minutes"
"""In that table: after how many minutes the screens sync by themselves; 0 or missing means never."""
CHOICES: Final = (0, 5, 15, 60)
"""What is offered for it."""
LONGEST: Final = 24 * 60
_LAST: Final = "last_sync"

Ending = Literal["done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSync:
    """How the last sync ended. A note of this database, never replicated.

    Attributes:
        at: UTC, as stored.
        ended: `done`, `cancelled` or `failed`.
        zh: The sentence of an error; empty when it was done.
        en: The same in English.
        received: Changesets that came.
        sent: Changesets that went.
        photos_received: Photos that came.
        photos_sent: Photos that went.
    """

    at: str
    ended: Ending
    zh: str = ""
    en: str = ""
    received: int = 0
    sent: int = 0
    photos_received: int = 0
    photos_sent: int = 0


class Locked(Refused):
    """The keys need a PIN that was not entered."""


class Stopped(Refused):
    """A person stopped the sync."""


def address_of(workspace: Workspace) -> Address | None:
    """The central store of the workspace, or None where it has none."""
    from sync.central.connection import Address

    said = workspace.config.rest.get(TABLE)
    if not isinstance(said, dict) or not isinstance(said.get("url"), str):
        return None
    return Address(said["url"], str(said.get("fingerprint", "")), workspace.replica.team)


def set_address(workspace: Workspace, address: Address) -> None:
    """Have the central store's address in the settings.

    Raises:
        Refused: It is no address, or the disk does not take it.
    """
    try:
        checked = address.checked()
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    before = workspace.config.rest.get(TABLE)
    said: dict[str, Any] = {"url": checked.url}
    if isinstance(before, dict) and MINUTES in before:
        said[MINUTES] = before[MINUTES]
    if checked.fingerprint:
        said["fingerprint"] = checked.fingerprint
    workspace.change_config(rest={**workspace.config.rest, TABLE: said})


def sync_minutes(workspace: Workspace) -> int:
    """After how many minutes the screens sync by themselves; 0 means never."""
    said = workspace.config.rest.get(TABLE)
    minutes = said.get(MINUTES, 0) if isinstance(said, dict) else 0
    return minutes if isinstance(minutes, int) and not isinstance(minutes, bool) and 0 <= minutes <= LONGEST else 0


def set_sync_minutes(workspace: Workspace, minutes: int) -> None:
    """Have it in the settings.

    Raises:
        Refused: No central store is on record, or the disk does not take it.
    """
    said = workspace.config.rest.get(TABLE)
    if not isinstance(said, dict):
        raise Refused("尚未登记中心库。", "No central store is on record.")
    workspace.change_config(rest={**workspace.config.rest, TABLE: {**said, MINUTES: minutes}})


def last_sync(workspace: Workspace) -> LastSync | None:
    """How the last sync ended, by whatever way it was started; None where there was none."""
    rows = workspace.select("SELECT value FROM meta WHERE key = ?", _LAST)
    if not rows:
        return None
    try:
        return LastSync(**json.loads(rows[0][0]))
    except (ValueError, TypeError):  # of a newer programme
        return None


def _note(workspace: Workspace, last: LastSync) -> None:
    # the note is worth less than what it would tell of an error that is on its way already
    with contextlib.suppress(SyncError, OSError):
        workspace.replica.set_meta(_LAST, json.dumps(asdict(last), ensure_ascii=False))


def named(workspace: Workspace, url: str | None) -> Address:
    """The address that was typed, or the one in the settings.

    Raises:
        Refused: Neither is there.
    """
    from sync.central.connection import Address

    known = address_of(workspace)
    if url is None:
        if known is None:
            raise Refused(
                "此工作区尚未登记中心库；请用邀请码运行 inspect-tui team join，或给出地址：inspect-tui sync https://主机:端口。",
                "This workspace knows no central store yet; run inspect-tui team join with an invitation, or name the"
                " address: inspect-tui sync https://host:port.",
            )
        return known
    if known is not None and known.url.rstrip("/") == url.rstrip("/"):
        return known
    return Address(url, "", workspace.replica.team)


def connect(
    workspace: Workspace,
    url: str | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    attempts: int | None = None,
) -> HttpPeer:
    """The central store, ready to be asked; nothing goes over the wire yet.

    Args:
        workspace: Whose.
        url: The one on record unless given.
        stop: Asked while waiting.
        attempts: Of each request before giving up; the usual number unless given.

    Raises:
        Refused: There is no address, or it cannot be used.
    """
    from sync.central.client import HttpPeer
    from sync.central.connection import ATTEMPTS, Connection

    try:
        address = named(workspace, url)
        return HttpPeer(Connection(address, workspace.identity, stop=stop, attempts=attempts or ATTEMPTS))
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def sync(
    workspace: Workspace,
    there: HttpPeer,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    gentle: bool = False,
) -> Synced:
    """One sync with the central store; what was acknowledged before an error stays, and how it ended is noted.

    Args:
        workspace: Here.
        there: From `connect`; its `meter` counts bytes while it runs.
        progress: Told `pull`, `push`, `photos_in`, `photos_out` with done and total.
        stop: Asked between steps; True ends the sync.
        gentle: Hold the database only for moments, because somebody is recording meanwhile.

    Raises:
        Locked: The keys need a PIN that was not entered.
        Stopped: `stop` said so.
        Refused: Unreachable, refused, or this side cannot read or write; the sentence says what to do.
    """
    from sync.central.syncing import GENTLE, synchronise
    from sync.exchange import silent

    stop = stop or (lambda: False)
    try:
        done = synchronise(
            workspace.replica,
            there,
            progress=progress or silent,
            stop=stop,
            at_once=GENTLE if gentle else None,
        )
    except SyncError as error:
        refused = _refused(error, stopped=stop())
        ended: Ending = "cancelled" if isinstance(refused, Stopped) else "failed"
        _note(workspace, LastSync(at=times.stored(times.now()), ended=ended, zh=refused.zh, en=refused.en))
        raise refused from error
    except OSError as error:
        reason = error.strerror or str(error)
        refused = Refused(
            f"同步因本机磁盘出错而停止：{reason}；已确认的部分不受影响，请处理后再同步。",
            f"The sync stopped because this machine's disk failed: {reason}; what was acknowledged is safe, see to the disk"
            " and sync once more.",
        )
        _note(workspace, LastSync(at=times.stored(times.now()), ended="failed", zh=refused.zh, en=refused.en))
        raise refused from error
    last = LastSync(
        at=times.stored(times.now()),
        ended="done",
        received=done.received.appended,
        sent=0 if done.sent is None else done.sent.appended,
        photos_received=done.photos_received,
        photos_sent=done.photos_sent,
    )
    _note(workspace, last)
    return done


def _refused(error: SyncError, *, stopped: bool) -> Refused:
    from sync.central.connection import Cancelled

    if isinstance(error, LockedError):
        return Locked(error.zh, error.en)
    if isinstance(error, Cancelled) or stopped:
        # however the step under way took it
        said = error if isinstance(error, Cancelled) else Cancelled()
        return Stopped(said.zh, said.en)
    return Refused(error.zh, error.en)
