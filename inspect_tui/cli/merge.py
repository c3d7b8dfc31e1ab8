"""`merge` and `conflict list|resolve`."""

from __future__ import annotations

import contextlib
import json
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, WrongUsage
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.progress import Progress
from inspect_tui.exports.neutral import one_line
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from inspect_tui.cli.command import Context
    from inspect_tui.records.bundles import Settled
    from inspect_tui.records.conflicts import ConflictView
    from inspect_tui.records.merging import Kind
    from inspect_tui.records.workspace import Workspace
    from sync.exchange import Exchanged, Stranger
    from sync.replica import Conflict


def merge(context: Context, said: argparse.Namespace) -> int:
    """Take in what other workspaces have."""
    told: list[dict[str, Any]] = []
    failed = False
    with context.open() as workspace:
        for source in said.sources:
            path = Path(source).expanduser()
            trust = trust_of(always=said.trust)
            done, settled = take_one(workspace, path, trust=trust, preview=said.preview)
            told.append({"source": str(path), "preview": said.preview, **outcome_of(done)})
            if settled is not None:
                told[-1] |= receipt_of(settled)
            failed = failed or bool(done.received.refused or done.photos_damaged)
            if not context.json:
                tell(told[-1])
    if context.json:
        print_json(told)
    return REFUSED if failed else 0


def take_one(
    workspace: Workspace, source: Path, *, trust: Callable[[Stranger], bool] | None, preview: bool = False
) -> tuple[Exchanged, Settled | None]:
    """Merge one workspace folder, database file or bundle; a bundle gets a return receipt beside it.

    Args:
        workspace: Into which.
        source: Read through, never written.
        trust: Asked once for each root key that is not adopted yet; None refuses.
        preview: Do it in a transaction that is rolled back, as if the source were trusted; no receipt is written then.

    Raises:
        Refused: The source is this very workspace.
        SyncError: It cannot be read, is damaged, not sealed for this device, not trusted, or this side cannot write.
    """
    from inspect_tui.records import merging

    with contextlib.ExitStack() as stack:
        with Progress(source.name, in_bytes=True) as reading:
            peer = stack.enter_context(merging.opened(workspace, source, reading.update))
        progress = stack.enter_context(Progress(source.name))
        if preview:
            return merging.preview(workspace, peer, progress.step), None
        done, settled = merging.take(workspace, peer, progress.step, trust)
    kind: Kind = "import" if merging.is_bundle(source) else "merge"
    merging.note_exchange(workspace, kind, source, changesets=done.received.appended, photos=done.photos_received)
    return done, settled


def merge_one(workspace: Workspace, source: Path, *, trust: Callable[[Stranger], bool] | None) -> Exchanged:
    """The same, of which only the outcome is wanted."""
    return take_one(workspace, source, trust=trust)[0]


def trust_of(*, always: bool) -> Callable[[Stranger], bool] | None:
    """Who says whether a stranger is trusted: everybody is, or the person at the terminal is asked, or nobody is."""
    if always:
        return lambda _: True
    return _ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def _ask(stranger: Stranger) -> bool:
    """Show whose changes they are and ask; anything but yes is no."""
    devices = ", ".join(f"{each.name} ({each.device})" for each in stranger.devices)
    question = tr(
        f"对方的变更属于另一根密钥：{stranger.name}\n设备：{devices}\n指纹：{stranger.fingerprint}\n与对方当面或电话核对指纹后，是否采信？[y/N] ",
        f"The changes stand under another root key: {stranger.name}\ndevices: {devices}\nfingerprint:"
        f" {stranger.fingerprint}\nCompare the fingerprint with them in person or by telephone. Trust it? [y/N] ",
    )
    *lines, last = question.split("\n")
    for each in lines:
        print(one_line(each), file=sys.stderr)
    print(one_line(last), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def outcome_of(done: Exchanged) -> dict[str, Any]:
    """What a merge did, as JSON takes it."""
    touched: dict[str, int] = {}
    for name, _ in done.received.touched:
        touched[name] = touched.get(name, 0) + 1
    return {
        "appended": done.received.appended,
        "known": done.received.known,
        "held": done.received.held,
        "refused": [
            {"version": each.version, "zh": each.error.zh, "en": each.error.en} for each in done.received.refused
        ],
        "forks": sorted(set(done.received.forks)),
        "touched": dict(sorted(touched.items())),
        "rows": [{"table": name, "row": row} for name, row in sorted(done.received.touched)],
        "photos_received": done.photos_received,
        "photos_missing": done.photos_missing,
        "photos_damaged": done.photos_damaged,
        "adopted": done.adopted,
        "conflicts": [{"table": each.table, "row": each.row, "cell": each.cell} for each in done.conflicts],
    }


def receipt_of(settled: Settled) -> dict[str, Any]:
    """The return receipt of an import, as JSON takes it."""
    return {
        "receipt": None if settled.receipt is None else str(settled.receipt),
        "receipt_chains": settled.chains,
        "receipt_photos": settled.photos,
        "no_receipt": None if settled.why is None else {"zh": settled.why.zh, "en": settled.why.en},
    }


def tell(told: dict[str, Any]) -> None:
    """Say what a merge did, or would do."""
    if told["preview"]:
        line(tr(f"预览 {told['source']}：未写入任何内容。", f"Preview of {told['source']}: nothing was written."))
    else:
        line(tr(f"已合并 {told['source']}。", f"Merged {told['source']}."))
    touched = ", ".join(f"{name} {count}" for name, count in told["touched"].items()) or "–"
    line(
        tr(
            f"  新变更集 {told['appended']}，等待前序 {told['held']}，被拒 {len(told['refused'])}；涉及 {touched}",
            f"  {told['appended']} new changesets, {told['held']} waiting, {len(told['refused'])} refused; rows: {touched}",
        )
    )
    if not told["preview"]:
        line(
            tr(
                f"  收到照片 {told['photos_received']}，仍缺 {len(told['photos_missing'])}，损坏 {len(told['photos_damaged'])}",
                f"  {told['photos_received']} photos came, {len(told['photos_missing'])} are missing,"
                f" {len(told['photos_damaged'])} are damaged",
            )
        )
    for each in told["refused"]:
        line(f"  ✗ {each['version']} {tr(each['zh'], each['en'])}")
    for each in told["photos_damaged"]:
        line(f"  ✗ {each}")
    for each in told["forks"]:
        line(tr(f"  ! 设备分叉（复制或恢复过）：{each}", f"  ! the device was copied or restored: {each}"))
    for each in told["conflicts"]:
        line(tr("  ! 新冲突或新取值：", "  ! in conflict anew: ") + f"{each['table']} {each['row']} {each['cell']}")
    if told["conflicts"] and not told["preview"]:
        line(tr("  用 inspect-tui conflict list 查看。", "  See inspect-tui conflict list."))
    _tell_receipt(told)


def _tell_receipt(told: dict[str, Any]) -> None:
    if told.get("receipt") is not None:
        line(
            tr(
                f"  已签回执：{told['receipt']}（{told['receipt_chains']} 条链，{told['receipt_photos']} 张照片）；可以拔出 U 盘。",
                f"  Receipt signed: {told['receipt']} ({told['receipt_chains']} chains, {told['receipt_photos']} photos); safe to"
                " remove.",
            )
        )
    elif told.get("no_receipt") is not None:
        why = told["no_receipt"]
        line(tr(f"  未签回执：{why['zh']}。", f"  No receipt: {why['en']}."))


def conflicts(context: Context, _: argparse.Namespace) -> int:
    """Every cell in conflict, with its values a, b, … and who gave them."""
    from inspect_tui.records.cell_words import cell_name
    from inspect_tui.records.conflicts import list_conflicts

    with context.open() as workspace:
        views = list_conflicts(workspace)
    if context.json:
        print_json([_view(view) for view in views])
        return 0
    for view in views:
        conflict = view.conflict
        name = say(cell_name(conflict.table, conflict.cell))
        line(f"{conflict.table} {conflict.row} {conflict.cell}  {view.title} · {name}")
        line(tr("  原值：", "  base: ") + _value(conflict.base))
        for letter, head in zip(string.ascii_lowercase, conflict.heads, strict=False):
            line(f"  {letter}: {_value(head.value)}  — {head.device_name} {head.officer} {_when(head.time_ms)}")
        if conflict.cell == "void":
            line(
                tr(
                    "  作废后或同时另有改动：选 a 等为作废成立，--value null 为撤回作废",
                    "  something else changed beside the voiding: a letter upholds it, --value null takes it back",
                )
            )
    if not views:
        line(tr("没有冲突。", "There is no conflict."))
    return 0


def _view(view: ConflictView) -> dict[str, Any]:
    conflict = view.conflict
    return {
        "table": conflict.table,
        "row": conflict.row,
        "cell": conflict.cell,
        "title": view.title,
        "base": conflict.base,
        "values": [
            {
                "choice": letter,
                "version": head.version,
                "value": head.value,
                "time": _when(head.time_ms),
                "device": head.device,
                "device_name": head.device_name,
                "officer": head.officer,
            }
            for letter, head in zip(string.ascii_lowercase, conflict.heads, strict=False)
        ],
    }


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _when(time_ms: int) -> str:
    import datetime as dt

    from inspect_tui.records.times import SHANGHAI

    return dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI).isoformat(timespec="seconds")


def resolve(context: Context, said: argparse.Namespace) -> int:
    """Settle a conflict by one of its values or by another one, with a reason."""
    if (said.choice is None) == (said.value is None):
        raise WrongUsage("请给出 a、b 等取值之一，或 --value。", "Give one of the values a, b, … or --value.")
    from inspect_tui.records.conflicts import list_conflicts
    from inspect_tui.records.conflicts import resolve as settle

    if said.again:
        return _resolve_again(context, said)
    with context.open() as workspace:
        place = (said.table, said.row, said.cell)
        view = next(
            (
                each
                for each in list_conflicts(workspace)
                if (each.conflict.table, each.conflict.row, each.conflict.cell) == place
            ),
            None,
        )
        if view is None:
            raise Refused(
                f"{' '.join(place)} 没有冲突，可能已解决；用 conflict list 查看。",
                f"{' '.join(place)} is not in conflict and may be settled already; see conflict list.",
            )
        version, value = _chosen(view.conflict, said)
        settle(workspace, *place, version=version, value=value, reason=said.reason, basis=view.row)
        left = [each.conflict for each in list_conflicts(workspace)]
    here = [each.cell for each in left if (each.table, each.row) == (said.table, said.row)]
    if context.json:
        print_json(
            {
                "table": said.table,
                "row": said.row,
                "cell": said.cell,
                "conflicts_left": len(left),
                "cells_left": here,
            }
        )
        return 0
    line(
        tr(
            f"{said.cell} 已解决；还有 {len(left)} 处冲突。",
            f"{said.cell} is settled; {len(left)} conflicts are left.",
        )
    )
    for cell in here:
        line(
            tr(
                f"  同一记录尚待解决：inspect-tui conflict resolve {said.table} {said.row} {cell} a|b --reason 理由",
                f"  still open in this row: inspect-tui conflict resolve {said.table} {said.row} {cell} a|b --reason WHY",
            )
        )
    return 0


def _resolve_again(context: Context, said: argparse.Namespace) -> int:
    """Settle differently what was settled last in that cell."""
    from inspect_tui.records.settlements import list_settlements, settle_again, settlement

    with context.open() as workspace:
        place = (said.table, said.row, said.cell)
        lines = list_settlements(workspace, limit=-1)
        line_ = next((each for each in lines if (each.table, each.row, each.cell) == place), None)
        if line_ is None:
            raise Refused(
                f"{' '.join(place)} 没有解决过的冲突；用 conflict settled 查看。",
                f"No conflict of {' '.join(place)} was settled; see conflict settled.",
            )
        found = settlement(workspace, line_.id)
        version, value = _chosen(found.conflict, said)
        settle_again(workspace, line_.id, version=version, value=value, reason=said.reason, basis=found.subject)
    if context.json:
        print_json({"table": said.table, "row": said.row, "cell": said.cell})
    else:
        line(
            tr(
                f"{said.cell} 已重新解决；先前的解决和理由都在日志中。",
                f"{said.cell} is settled differently; the log keeps how and why it was before.",
            )
        )
    return 0


def _chosen(conflict: Conflict, said: argparse.Namespace) -> tuple[str | None, Any]:
    """The version that the letter names, or the value given: text, or JSON for a group of columns."""
    from inspect_tui.records.conflicts import typed_value

    heads = conflict.heads
    if said.choice is not None:
        place = string.ascii_lowercase.find(said.choice.lower())
        if len(said.choice) != 1 or not 0 <= place < len(heads):
            letters = "、".join(string.ascii_lowercase[: len(heads)])
            raise Refused(
                f"没有取值 {said.choice}；可选 {letters}，或用 --value。",
                f"There is no value {said.choice}; choose {letters} or use --value.",
            )
        return heads[place].version, None
    return None, typed_value(said.table, said.cell, said.value)


COMMANDS: Final = (
    Command(
        ("merge",),
        Text("合并其他工作区、数据库文件或数据包", "take in other workspaces, database files or bundles"),
        merge,
        (
            argument(
                "sources",
                help=Text("工作区文件夹、.db 文件或数据包 .itb", "workspace folders, .db files or bundles .itb"),
                nargs="+",
                metavar="SOURCE",
            ),
            argument(
                "--preview",
                help=Text("只看会带来什么，不写入", "show what would come, write nothing"),
                action="store_true",
            ),
            argument(
                "--trust",
                help=Text("采信对方的根密钥，不再询问", "trust the other root key without asking"),
                action="store_true",
            ),
        ),
    ),
    Command(("conflict", "list"), Text("列出冲突及各方取值", "list conflicts with their values"), conflicts),
    Command(
        ("conflict", "resolve"),
        Text("解决一处冲突", "settle a conflict"),
        resolve,
        (
            argument("table", help=Text("表", "table"), metavar="TABLE"),
            argument("row", help=Text("记录编号", "id of the row"), metavar="ROW"),
            argument("cell", help=Text("字段", "cell"), metavar="CELL"),
            argument("choice", help=Text("取值：a、b、…", "a, b, …"), nargs="?", metavar="CHOICE"),
            argument(
                "--value", help=Text("另定取值（成组字段写 JSON）", "another value (JSON for a group of columns)")
            ),
            argument("--reason", help=Text("理由，必填", "why; always needed"), default=""),
            argument(
                "--again",
                help=Text("改用别的办法解决已解决的冲突", "settle differently what was settled already"),
                action="store_true",
            ),
        ),
    ),
)
