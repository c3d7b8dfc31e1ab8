"""What is wrong with a workspace as it lies there, seen without reading every byte: that is what `verify` does."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tui.records.workspace import Workspace

_NAMED: Final = 5
"""How many of a kind are named; the count says how many there are."""


def health(workspace: Workspace) -> list[Problem]:
    """Forks, conflicts, changesets that wait, photos that are missing or of another size, checklists that are left out.

    Changesets that do not count are no fault of this workspace: the log shows them with the reason.
    """
    status = workspace.replica.status()
    problems = [
        Problem(
            "forked",
            f"设备在区域内的链有分叉（复制、恢复过，或伪造）：{_listed(status.forked, '、')}；请停用其中一份，"
            "用 inspect-tui verify 和 log 查看两支的内容。",
            f"The chain of a device forks (a clone, a restored backup or deceit): {_listed(status.forked, ', ')}; stop"
            " using one of the copies and look at both branches with inspect-tui verify and log.",
        )
    ] * bool(status.forked)
    if status.conflicts:
        problems.append(
            Problem(
                "conflicts",
                f"有 {status.conflicts} 处冲突未解决；用 inspect-tui conflict list 查看。",
                f"{status.conflicts} conflicts are open; see inspect-tui conflict list.",
            )
        )
    if status.held:
        problems.append(
            Problem(
                "held",
                f"有 {status.held} 个变更集在等待尚未收到的变更；请与写下它们的设备再次合并。",
                f"{status.held} changesets wait for others that have not come; merge with the devices that wrote them.",
            )
        )
    problems += _photo_problems(workspace)
    problems += [Problem("checklists", fault.zh, fault.en) for fault in workspace.catalogue.faults]
    return problems


def _photo_problems(workspace: Workspace) -> Iterator[Problem]:
    missing: list[str] = []
    gone: list[str] = []
    altered: list[str] = []
    rows = workspace.select(
        "SELECT blobs.sha256 AS sha256, blobs.state AS state, max(photos.size) AS size FROM blobs"
        " LEFT JOIN photos ON photos.sha256 = blobs.sha256 WHERE blobs.state IN ('here', 'missing')"
        " GROUP BY blobs.sha256 ORDER BY blobs.sha256"
    )
    for row in rows:
        size = _size(workspace, row["sha256"])
        if size is None and row["state"] == "here" and workspace.blobs.is_sealed(str(row["sha256"])):
            continue
        if row["state"] == "missing":
            missing.append(row["sha256"])
        elif size is None:
            gone.append(row["sha256"])
        elif row["size"] is not None and size != row["size"]:
            altered.append(row["sha256"])
    if missing:
        yield Problem(
            "photos_missing",
            f"有 {len(missing)} 个照片等文件尚未收到：{_short(missing)}；请与拍摄的设备合并。",
            f"{len(missing)} photos or other files have not come yet: {_short(missing)}; merge with the devices that took them.",
        )
    if gone:
        yield Problem(
            "photos_gone",
            f"有 {len(gone)} 个照片等文件曾在本机，现已缺失：{_short(gone)}；请从备份或其他设备恢复。",
            f"{len(gone)} photos or other files were here and are gone: {_short(gone)}; restore them from a backup or another"
            " device.",
        )
    if altered:
        yield Problem(
            "photos_altered",
            f"有 {len(altered)} 个照片等文件的大小与记录不符，已被改动：{_short(altered)}；请从备份或其他设备恢复。",
            f"{len(altered)} photos or other files are not of the recorded size and were changed: {_short(altered)}; restore"
            " them from a backup or another device.",
        )


def _size(workspace: Workspace, sha256: Any) -> int | None:
    """Of the file under a hash; None where it is missing or no file of its own."""
    from sync.errors import SyncError

    try:
        found = workspace.blobs.path_of(str(sha256)).lstat()
    except (OSError, SyncError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _short(hashes: list[str]) -> str:
    return _listed([f"{each[:12]}…" for each in hashes], ", ")


def _listed(names: list[str], comma: str) -> str:
    return comma.join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
