"""`sync`: bring this workspace and the central store to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.records.delivery import Totals
    from sync.central.syncing import Synced


def sync(context: Context, said: argparse.Namespace) -> int:
    """Sync once; status 1 where something was refused, is damaged, or is missing."""
    from inspect_tui.records import central, delivery

    with context.open() as workspace:
        there = central.connect(workspace, said.url)
        try:
            if said.status:
                return _status(context, delivery.totals(workspace))
            with Progress(tr("同步", "syncing")) as progress:
                done = central.sync(workspace, there, progress=progress.step)
            if said.url is not None and central.address_of(workspace) is None:
                central.set_address(workspace, there.connection.address)
            totals = delivery.totals(workspace)
        finally:
            there.connection.close()
    if context.json:
        print_json(as_json(done, totals))
    else:
        _show(done, totals)
    return REFUSED if trouble(done) else 0


def _status(context: Context, totals: Totals) -> int:
    if context.json:
        print_json(_totals(totals))
    else:
        line(_stages(totals))
    return 0


def trouble(done: Synced) -> bool:
    """Whether a person must see to something."""
    sent = done.sent
    return bool(
        done.received.refused
        or (sent is not None and sent.refused)
        or done.not_counting
        or done.photos_damaged
        or done.photos_missing
    )


def _totals(totals: Totals) -> dict[str, int]:
    return {
        "saved": totals.saved,
        "sent": totals.sent,
        "verified": totals.verified,
        "changesets_unacknowledged": totals.changesets,
        "photos_unacknowledged": totals.photos,
    }


def as_json(done: Synced, totals: Totals) -> dict[str, Any]:
    """What a sync did, for scripts."""
    sent = done.sent
    return {
        "received": done.received.appended,
        "sent": 0 if sent is None else sent.appended,
        "held_here": done.received.held,
        "held_there": 0 if sent is None else sent.held,
        "photos_received": done.photos_received,
        "photos_sent": done.photos_sent,
        "photos_missing": done.photos_missing,
        "photos_damaged": done.photos_damaged,
        "refused": [
            {"version": each.version, "zh": each.error.zh, "en": each.error.en}
            for each in (*done.received.refused, *(sent.refused if sent is not None else ()))
        ],
        "not_counting": done.not_counting,
        "conflicts_new": len(done.conflicts),
        "conflicts_there": done.conflicts_there,
        "refused_there": done.refused_there,
        "requests": done.requests,
        "bytes_sent": done.bytes_sent,
        "bytes_received": done.bytes_received,
        "inspections": _totals(totals),
    }


def _stages(totals: Totals) -> str:
    return tr(
        f"检查：仅存本机 {totals.saved}，已送达 {totals.sent}（照片待送），已核验 {totals.verified}；"
        f"未获回执的变更 {totals.changesets}，照片 {totals.photos}。",
        f"Inspections: saved here only {totals.saved}, sent {totals.sent} (photos outstanding), verified there"
        f" {totals.verified}; without a receipt: {totals.changesets} changesets, {totals.photos} photos.",
    )


def _show(done: Synced, totals: Totals) -> None:
    from sync.verdict import REASONS

    sent = 0 if done.sent is None else done.sent.appended
    line(
        tr(
            f"收到变更 {done.received.appended}、照片 {done.photos_received}；送出变更 {sent}、照片 {done.photos_sent}。",
            f"Received {done.received.appended} changesets and {done.photos_received} photos; sent {sent} changesets and"
            f" {done.photos_sent} photos.",
        )
    )
    line(_stages(totals))
    held = done.received.held + (0 if done.sent is None else done.sent.held)
    if held:
        line(
            tr(
                f"{held} 个变更在等待其前驱，随下次同步补齐。",
                f"{held} changesets wait for what comes before them; the next sync brings it.",
            )
        )
    if done.conflicts:
        line(
            tr(
                f"新增冲突 {len(done.conflicts)} 处；用 inspect-tui conflict list 查看。",
                f"{len(done.conflicts)} new conflicts; see inspect-tui conflict list.",
            )
        )
    for refused in (*done.received.refused, *(done.sent.refused if done.sent is not None else ())):
        line(f"{refused.version}: {tr(refused.error.zh, refused.error.en)}")
    for version, code in done.not_counting.items():
        zh, en = REASONS.get(code, (code, code))
        line(tr(f"{version} 已入库但不计入：{zh}。", f"{version} is in the store but does not count: {en}."))
    for sha256 in done.photos_damaged:
        line(tr(f"照片 {sha256} 已损坏，未传送。", f"Photo {sha256} is damaged and was not transferred."))
    if done.photos_missing:
        line(
            tr(
                f"{len(done.photos_missing)} 张照片中心库也没有，等拍摄的设备同步后再来取。",
                f"{len(done.photos_missing)} photos are not in the central store either; they come once the device that took"
                " them has synced.",
            )
        )


COMMANDS: Final = (
    Command(
        ("sync",),
        Text("与中心库同步", "sync with the central store"),
        sync,
        (
            argument(
                "url",
                help=Text("中心库地址；默认为已登记的", "address of the central store; default the one on record"),
                nargs="?",
                metavar="URL",
            ),
            argument(
                "--status",
                help=Text(
                    "只看各检查到了哪一步，不联网", "only show how far inspections have come, without a network"
                ),
                action="store_true",
            ),
        ),
    ),
)
