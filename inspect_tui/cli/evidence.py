"""`verify`, `rebuild`, `backup`, `log`."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.plain import plain
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from inspect_tui.cli.command import Context
    from sync.errors import SyncError
    from sync.peers import ChainKey, FilePeer, Place
    from sync.verify import Fault

    Tips = Mapping[ChainKey, Sequence[Place]]


def verify_(context: Context, said: argparse.Namespace) -> int:
    """Check changesets, signatures, chains, tables and photos; nothing is written, and each fault is named."""
    from sync.peers import open_peer

    others: list[Tips] = []
    for name in said.against:
        with open_peer(Path(name).expanduser()) as other:
            others.append(other.heads())
    source = context.folder if said.source is None else Path(said.source).expanduser()
    faults, count, bare = _look(context, source, others, own=said.source is None)
    wrong = [fault for fault in faults if fault.level == "fault"]
    if context.json:
        print_json([plain(fault) for fault in faults])
    else:
        for fault in faults:
            line(f"{'✗' if fault.level == 'fault' else '!'} {say(fault)} [{fault.where}]")
        if wrong:
            line(tr(f"{source}：发现 {len(wrong)} 处错误。", f"{source}: {len(wrong)} faults."))
        else:
            zh, en = ("和数据表", " and the tables") if bare else ("、数据表和照片", ", the tables and the photos")
            line(
                tr(
                    f"✓ {source}：{count} 个变更集{zh}均与签名一致。",
                    f"✓ {source}: {count} changesets{en} are what was signed.",
                )
            )
    return REFUSED if wrong else 0


def _look(context: Context, source: Path, others: Sequence[Tips], *, own: bool) -> tuple[list[Fault], int, bool]:
    """What is found, the number of changesets, and whether the database stands without any photos."""
    from inspect_tui.exports.log_lines import count_changesets
    from inspect_tui.records.workspace import CONFIG, DATABASE, incomplete
    from sync.errors import NotAReplicaError, SyncError
    from sync.peers import open_peer
    from sync.storage import store_errors

    database = source / DATABASE if source.is_dir() else source
    # Settings and keys are not needed to verify a workspace; its database is.
    if not database.is_file() and (own or (source / CONFIG).is_file()):
        wrong = incomplete(source)
        if wrong is not None:
            raise wrong
    count = 0
    try:
        with open_peer(source) as peer, Progress(tr("校验", "verify")) as progress:
            if own:
                from inspect_tui.records.pin_access import Access

                # with a PIN at hand what lies sealed is checked, too; without one it is only said to be locked
                peer.photos.vault = Access(context.folder)
            faults = verify_peer(peer, others, progress)
            bare = _is_bare(source, peer)
            if bare:
                faults = _without_photos(peer, faults)
            with contextlib.suppress(SyncError):  # what cannot be read is among the faults already
                if not own:
                    faults += _notes_of_later(context, peer)
                with store_errors(source):
                    count = count_changesets(peer)
    except NotAReplicaError as error:
        if not database.is_file():
            raise
        return [_damaged_file(source, error)], 0, False
    return faults, count, bare


def _damaged_file(source: Path, error: SyncError) -> Fault:
    """A file that cannot even be opened as what it should be."""
    from sync.verify import Fault

    return Fault("damaged", error.zh, error.en, str(source))


def verify_peer(peer: FilePeer, others: Sequence[Tips] = (), progress: Progress | None = None) -> list[Fault]:
    """Everything wrong or worth knowing of a workspace opened for reading; damage to the file is a fault, too."""
    from inspect_tui.records.tables import SCHEMA
    from sync.errors import StoreError, SyncError
    from sync.storage import store_errors
    from sync.verify import verify

    try:
        with store_errors(peer.database):
            faults = verify(
                peer.connection,
                SCHEMA,
                peer.photos,
                others=others,
                progress=None if progress is None else progress.update,
            )
    except StoreError:
        raise
    except SyncError as error:
        return [_damaged(peer, str(error.__cause__ or error))]
    return [replace(each, where=str(peer.source)) if each.code == "damaged" else each for each in faults]


def _damaged(peer: FilePeer, what: str) -> Fault:
    from sync.verify import Fault

    return Fault(
        "damaged",
        f"数据库文件已损坏（{what}）；请停止使用，先原样复制整个文件夹，再从备份恢复，或从其他设备合并。",
        f"The database file is damaged ({what}); stop using it, copy the whole folder as it is, then restore a backup or"
        " merge from other devices.",
        str(peer.source),
    )


def _is_bare(source: Path, peer: FilePeer) -> bool:
    """Whether a database file stands by itself: a backup without photos, of which none lies beside it."""
    from inspect_tui.records.workspace import CONFIG, DEVICE_KEY
    from sync.errors import SyncError

    folder = source if source.is_dir() else source.parent
    if any((folder / name).is_file() for name in (CONFIG, DEVICE_KEY)):
        return False
    with contextlib.suppress(SyncError):
        return not any(peer.photos.has(sha256) for sha256 in _held_photos(peer))
    return True


def _held_photos(peer: FilePeer) -> set[str]:
    """The photos that the workspace had when the file was made."""
    from sync.errors import SyncError
    from sync.storage import store_errors

    try:
        with store_errors(peer.source):
            rows = peer.connection.execute("SELECT sha256 FROM blobs WHERE state = 'here' AND length(sha256) = 64")
            return {str(row[0]) for row in rows}
    except SyncError:
        return set()


def _without_photos(peer: FilePeer, faults: list[Fault]) -> list[Fault]:
    """The absence of all photos said once, as a note: a database file by itself carries none."""
    from sync.verify import Fault

    held = _held_photos(peer)
    if not held:
        return faults
    kept = [fault for fault in faults if not (fault.code == "photo" and fault.where in held)]
    note = Fault(
        "photos_apart",
        f"数据库文件旁没有照片，{len(held)} 个照片等文件未核对；照片在原工作区或带照片的备份中。",
        f"No photos lie beside the database file, so {len(held)} photos and other files were not checked; they are in the"
        " workspace itself or in a backup with photos.",
        str(peer.source),
        "note",
    )
    return [*kept, note]


def _notes_of_later(context: Context, peer: FilePeer) -> list[Fault]:
    """Where our own workspace knows later changesets: the other may only be older, so these are notes."""
    from inspect_tui.records.workspace import DATABASE
    from sync.errors import SyncError
    from sync.peers import open_peer, same_file
    from sync.verify import Fault

    own = context.folder / DATABASE
    if not own.is_file() or same_file(own, peer.database):
        return []
    try:
        with open_peer(context.folder) as ours:
            known = ours.heads()
    except SyncError:
        return []
    theirs = peer.heads()
    notes: list[Fault] = []
    for key, places in known.items():
        top = max((seq for seq, _ in theirs.get(key, ())), default=0)
        later = [seq for seq, _ in places if seq > top]
        if later and key in theirs:
            notes.append(
                replace(
                    Fault("tail", "", "", f"{key[0]}/{key[1]}", "note"),
                    zh=f"本工作区存有该设备在区域 {key[0]} 的第 {max(later)} 号变更集，对方止于第 {top} 号",
                    en=f"this workspace has changeset {max(later)} of that device in area {key[0]}, the other ends at {top}",
                )
            )
    return notes


def rebuild(context: Context, _: argparse.Namespace) -> int:
    """Drop the folded tables and fold the log again."""
    with context.open() as workspace:
        count = workspace.replica.rebuild()
    if context.json:
        print_json({"changesets": count})
    else:
        line(tr(f"已由 {count} 个变更集重建数据表。", f"The tables were folded anew from {count} changesets."))
    return 0


def backup(context: Context, said: argparse.Namespace) -> int:
    """Write a consistent copy while others go on working."""
    from inspect_tui.exports.backup import back_up

    target = Path(said.target).expanduser()
    with context.open() as workspace, Progress(tr("备份", "backup")) as progress:
        done = back_up(workspace, target, photos=said.photos, progress=progress.update)
    if context.json:
        print_json(done)
    else:
        line(
            tr(
                f"已备份到 {target}，照片 {done['photos']} 张。",
                f"Backed up to {target} with {done['photos']} photos.",
            )
        )
        for sha256 in done["photos_missing"]:
            line(
                tr(f"! 照片 {sha256} 尚未收到，未备份", f"! photo {sha256} has not come yet and was not backed up")
            )
        for sha256 in done["photos_damaged"]:
            line(
                tr(
                    f"✗ 照片 {sha256} 在本机已缺失或被改动，未备份；请从其他设备或较早的备份找回",
                    f"✗ photo {sha256} is gone or was changed on this device and was not backed up; get it back from"
                    " another device or an earlier backup",
                )
            )
        if done["faults"]:
            line(
                tr(
                    f"✗ 备份与工作区一致，但其中有 {done['faults']} 处错误；请运行 inspect-tui verify 查看。",
                    f"✗ The backup is what the workspace is, but that has {done['faults']} faults; see inspect-tui verify.",
                )
            )
    return REFUSED if done["photos_damaged"] or done["faults"] else 0


def log_(context: Context, said: argparse.Namespace) -> int:
    """The latest changesets, or every change of one row."""
    with context.open() as workspace:
        told = _history(workspace, said.row) if said.row else _latest(workspace, said.limit)
    if said.row and not told:
        raise Refused(f"日志中没有记录 {said.row}。", f"The log knows no row {said.row}.")
    if context.json:
        print_json(told)
        return 0
    for each in told:
        refused = tr("  未计入：", "  does not count: ") + each["refused"] if each.get("refused") else ""
        line(
            f"{each['time']}  {each['area']}  {each['device_name']}  {each['officer']}  {each['version']}{refused}"
        )
        if said.row:
            for cell, value in each["set"].items():
                line(f"    {each['table']}.{cell} = {value}")
        else:
            for changed in each["changed"]:
                line(f"    {changed}")
    return 0


def _time(time_ms: int) -> str:
    from inspect_tui.records.times import SHANGHAI

    return dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI).isoformat(timespec="milliseconds")


def _history(workspace: Any, row: str) -> list[dict[str, Any]]:
    return [
        {
            "version": each.version,
            "time": _time(each.time_ms),
            "area": each.area,
            "device": each.device,
            "device_name": each.device_name,
            "officer": each.officer,
            "table": each.table,
            "set": each.set,
            "seen": each.seen,
            "refused": each.refused,
        }
        for each in workspace.replica.history(row)
    ]


def _latest(workspace: Any, limit: int) -> list[dict[str, Any]]:
    from inspect_tui.exports.log_lines import latest

    return [
        {
            "version": each.version,
            "time": _time(each.time_ms),
            "area": each.area,
            "device": each.device,
            "device_name": each.device_name,
            "officer": each.officer,
            "changed": list(each.changed),
        }
        for each in latest(workspace, limit)
    ]


COMMANDS: Final = (
    Command(
        ("verify",),
        Text(
            "校验工作区：变更集、签名、数据表、照片", "verify a workspace: changesets, signatures, tables, photos"
        ),
        verify_,
        (
            argument(
                "source",
                help=Text(
                    "另一工作区或 .db 文件（默认当前工作区）", "another workspace or .db file (default this one)"
                ),
                nargs="?",
                metavar="SOURCE",
            ),
            argument(
                "--against",
                help=Text("与另一副本比对，发现缺失的尾部", "compare with another replica, to find a missing tail"),
                action="append",
                default=[],
                metavar="REPLICA",
            ),
        ),
    ),
    Command(("rebuild",), Text("由日志重建数据表", "fold the tables anew from the log"), rebuild),
    Command(
        ("backup",),
        Text("备份工作区", "back up the workspace"),
        backup,
        (
            argument(
                "target",
                help=Text(
                    "以 .db 结尾为单个数据库文件，否则为完整的工作区文件夹",
                    "ending in .db a single database file, else a whole workspace folder",
                ),
                metavar="TARGET",
            ),
            argument(
                "--photos",
                help=Text("连同照片（文件夹默认带照片）", "with photos (the default for a folder)"),
                action="store_const",
                const=True,
                default=None,
            ),
            argument(
                "--no-photos",
                help=Text("不带照片", "without photos"),
                action="store_const",
                const=False,
                dest="photos",
            ),
        ),
    ),
    Command(
        ("log",),
        Text("显示变更日志，或一条记录的全部变更", "show the log, or every change of one row"),
        log_,
        (
            argument("row", help=Text("记录编号", "id of a row"), nargs="?", metavar="ROW"),
            argument(
                "--limit",
                help=Text("最多显示多少个变更集", "at most so many changesets"),
                type=int,
                default=50,
                metavar="N",
            ),
        ),
    ),
)
