"""What the Sync screen says: where things stand, how far an exchange is, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records import times
from inspect_tui.texts import Text, tr
from inspect_tui.tui.courier import IN_BYTES, STEPS
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.widgets.prose import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tui.records.bundles import Settled
    from inspect_tui.records.central import LastSync
    from inspect_tui.records.delivery import Delivery, Stage, Totals
    from inspect_tui.records.merging import ExchangeNote
    from inspect_tui.tui.courier import Job
    from inspect_tui.tui.marks import Tone
    from sync.exchange import Exchanged

STAGES: Final[dict[Stage, Text]] = {
    "saved": Text("仅存本机", "saved here"),
    "sent": Text("已送达", "sent"),
    "verified": Text("已核验", "verified"),
}
STAGE_MARKS: Final[dict[Stage, str]] = {"saved": "▫", "sent": "▸", "verified": "✓"}
STAGE_TONES: Final[dict[Stage, Tone]] = {"saved": "warn", "sent": "", "verified": "good"}
ROLES: Final[dict[str, Text]] = {
    "inspector": Text("执法人员", "inspector"),
    "supervisor": Text("主管", "supervisor"),
    "admin": Text("管理员", "administrator"),
    "auditor": Text("审计", "auditor"),
}
EXCHANGES: Final[dict[str, Text]] = {
    "merge": Text("合并", "merged"),
    "import": Text("导入", "imported"),
    "bundle": Text("制作", "made"),
}
BAR: Final = 20
_EVERYWHERE: Final = "000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where things stand, read at one time.

    Attributes:
        url: Of the central store on record; None without one.
        team: Id of the team's root key.
        role: Of this device.
        areas: Of this device's certificate.
        device: What it is called.
        minutes: Between syncs by themselves; 0 means never.
        exchanges: Over sticks and files, newest first.
    """

    url: str | None
    team: str
    role: str
    areas: tuple[str, ...]
    device: str
    minutes: int
    last: LastSync | None
    totals: Totals
    conflicts: int
    refused: int
    exchanges: Sequence[ExchangeNote]


def _n(count: int, word: str) -> str:
    """A count with its English word."""
    return f"{count:,} {word}{'s' * (count != 1)}"


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def duration(seconds: int) -> str:
    """A time left, no finer than anybody can believe."""
    if seconds < 60:
        return tr(f"{max(1, seconds)} 秒", f"{max(1, seconds)} s")
    if seconds < 5400:
        return tr(f"{round(seconds / 60)} 分钟", f"{round(seconds / 60)} min")
    return tr(f"{seconds / 3600:.1f} 小时", f"{seconds / 3600:.1f} h")


def fingerprint(team: str) -> str:
    """A team's id in groups of four, for reading aloud."""
    return " ".join(team[start : start + 4] for start in range(0, len(team), 4))


def standing_blocks(standing: Standing, *, exchanges: int) -> Iterator[Block]:
    """Where things stand, in labelled lines."""
    yield Block(standing.url or "", tr("中心库", "Store"), "strong")
    role = str(ROLES.get(standing.role, Text(standing.role, standing.role)))
    areas = tr("、", ", ").join(
        tr("全部地区", "everywhere") if one == _EVERYWHERE else one for one in standing.areas
    )
    device = tr(f"本机：{role}，{areas}", f"this device: {role}, {areas}")
    yield Block(f"{fingerprint(standing.team)}  {device}", tr("团队", "Team"))
    yield _last(standing.last)
    yield from rest_blocks(standing, exchanges=exchanges)


def rest_blocks(standing: Standing, *, exchanges: int) -> Iterator[Block]:
    """What there is to say with or without a central store."""
    totals = standing.totals
    waiting = tr(
        f"未获回执：变更 {totals.changesets:,}、照片 {totals.photos:,}",
        f"without a receipt: {_n(totals.changesets, 'changeset')}, {_n(totals.photos, 'photo')}",
    )
    yield Block(waiting, tr("待送", "To send"), "warn" if totals.changesets or totals.photos else "good")
    numbers: dict[Stage, int] = {"saved": totals.saved, "sent": totals.sent, "verified": totals.verified}
    counts = "　".join(f"{STAGE_MARKS[stage]} {STAGES[stage]} {number:,}" for stage, number in numbers.items())
    yield Block(counts, tr("检查", "Inspections"))
    if standing.conflicts or standing.refused:
        said = tr(
            f"{WARNING} 冲突 {standing.conflicts}　未采纳 {standing.refused}　（按 6 处理）",
            f"{WARNING} conflicts {standing.conflicts}  refused {standing.refused}  (6 shows them)",
        )
        yield Block(said, tr("待处理", "To settle"), "warn")
    if standing.url is not None:
        every = tr(f"每 {standing.minutes} 分钟", f"every {standing.minutes} minutes")
        off = tr("关（按 5 开启）", "off (5 turns it on)")
        yield Block(every if standing.minutes else off, tr("自动", "Automatic"))
    for index, one in enumerate(standing.exchanges[:exchanges]):
        what = EXCHANGES.get(one.kind, Text(one.kind, one.kind))
        counted = tr(
            f"变更 {one.changesets}、照片 {one.photos}",
            f"{_n(one.changesets, 'changeset')}, {_n(one.photos, 'photo')}",
        )
        text = f"{times.shown(one.at)[5:]} {what} {_name(one.source)}  {counted}"
        yield Block(text, tr("介质", "Sticks") if index == 0 else " ", "")


def _name(source: str) -> str:
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] or source


def _last(last: LastSync | None) -> Block:
    label = tr("上次", "Last")
    if last is None:
        return Block(tr("还没有同步过。按 s（或 1）同步。", "Never synced. s (or 1) syncs."), label, "warn")
    when = times.shown(last.at)
    if last.ended == "done":
        said = tr(
            f"✓ {when}　收到变更 {last.received}、照片 {last.photos_received}；送出变更 {last.sent}、照片 {last.photos_sent}",
            f"✓ {when}  received {_n(last.received, 'changeset')}, {_n(last.photos_received, 'photo')}; sent {last.sent:,},"
            f" {last.photos_sent:,}",
        )
        return Block(said, label, "good")
    mark = "–" if last.ended == "cancelled" else "✗"
    return Block(f"{mark} {when}　{tr(last.zh, last.en)}", label, "" if last.ended == "cancelled" else "bad")


def today_block(saved: int, last: LastSync | None) -> Block:
    """One line for Today: what is nowhere but here, and how the last sync ended."""
    if last is None:
        said = tr("还没有同步过", "never synced")
    else:
        ended = {"done": "✓", "cancelled": "–", "failed": "✗"}[last.ended]
        said = tr(f"上次同步 {ended} {times.shown(last.at)}", f"last sync {ended} {times.shown(last.at)}")
    text = tr(
        f"{STAGE_MARKS['saved']} {saved} 次检查仅存本机 · {said} · Ctrl+G 同步",
        f"{STAGE_MARKS['saved']} {_n(saved, 'inspection')} saved here only · {said} · Ctrl+G syncs",
    )
    return Block(text, tone="warn" if saved or last is None or last.ended == "failed" else "muted")


def empty_blocks() -> Iterator[Block]:
    """What to do without a central store."""
    yield Block(tr("尚未加入团队的中心库。", "This device has not joined a team's central store."), tone="strong")
    yield Block(
        tr(
            "向管理员索取邀请码（在其电脑上运行 inspect-tui team invite），按 t（或 4）粘贴。加入后，本机已有的记录一并计入。",
            "Ask the administrator for an invitation code (inspect-tui team invite), then press t (or 4) and paste it."
            " What was recorded here before comes along and counts.",
        )
    )
    yield Block(
        tr(
            "没有网络也能交换：按 m（或 2）合并 U 盘上的工作区或数据包，按 b（或 3）制作数据包；用文件加入见 inspect-tui team request。",
            "Without a network: m (or 2) merges a workspace or bundle from a stick, b (or 3) makes a bundle; to join by"
            " files see inspect-tui team request.",
        )
    )


def progress_blocks(job: Job) -> Iterator[Block]:
    """How far a job is: the step with its counts, then bytes, rate and time left."""
    step = str(STEPS.get(job.step, Text(job.step, job.step)))
    if job.stopping:
        step = tr("正在停止，等这一步结束…", "stopping, this step ends first…")
    elif job.meter is not None and job.meter.waiting:
        step += tr("（网络不稳，重试中）", " (unsteady network, trying again)")
    percent = job.percent()
    bar = ""
    if percent is not None:
        filled = percent * BAR // 100
        bar = "▰" * filled + "▱" * (BAR - filled) + f" {percent}%"
    yield Block(f"⇅ {step}　{_counted(job)}　{bar}".rstrip("　"), tone="strong")
    parts = []
    if job.meter is not None:
        parts.append(
            tr(
                f"已发 {size(job.meter.sent)}　已收 {size(job.meter.received)}",
                f"sent {size(job.meter.sent)}  received {size(job.meter.received)}",
            )
        )
    rate = job.rate()
    if rate >= 1:
        parts.append(f"{size(rate)}/s")
    left = job.seconds_left()
    if left is not None:
        parts.append(tr(f"本步约剩 {duration(left)}", f"about {duration(left)} left in this step"))
    photos = [job.counts[name] for name in ("photos_in", "photos_out") if name in job.counts]
    if photos and not job.step.startswith("photos"):
        parts.append(tr("照片 ", "photos ") + " + ".join(f"{done}/{total}" for done, total in photos))
    yield Block("　".join(parts) or " ", tone="muted")


def _counted(job: Job) -> str:
    if job.step in IN_BYTES:
        return size(job.done) + (f" / {size(job.total)}" if job.total else "")
    if job.total:
        return f"{job.done:,} / {job.total:,}"
    return f"{job.done:,}" if job.done else ""


def title_sign(job: Job | None) -> str:
    """A few cells for the title bar of every screen; empty where there is nothing to say."""
    if job is None or job.seen:
        return ""
    if job.running:
        percent = job.percent()
        return tr("⇅ 同步中", "⇅ syncing") + ("" if percent is None else f" {percent}%")
    if job.state == "locked":
        return tr("⇅ 待解锁", "⇅ locked")
    if job.state == "failed" and not (job.quiet and job.unreachable):
        return tr("✗ 传送失败", "✗ exchange failed")
    if job.state == "done":
        return tr("✓ 已传送", "✓ exchanged")
    return ""


def merged_blocks(source: str, done: Exchanged, settled: Settled | None) -> Iterator[Block]:
    """What a merge did."""
    outcome = done.received
    yield Block(
        tr(
            f"✓ {source}：新变更集 {outcome.appended}，等待前序 {outcome.held}，被拒 {len(outcome.refused)}；照片收到"
            f" {done.photos_received}，仍缺 {len(done.photos_missing)}，损坏 {len(done.photos_damaged)}。",
            f"✓ {source}: {outcome.appended} new changesets, {outcome.held} waiting, {len(outcome.refused)} refused;"
            f" photos {done.photos_received} came, {len(done.photos_missing)} missing, {len(done.photos_damaged)} damaged.",
        ),
        tone="strong",
    )
    for refused in outcome.refused[:3]:
        yield Block("✗ " + tr(refused.error.zh, refused.error.en), tone="bad")
    if done.conflicts:
        said = tr(
            f"新增冲突 {len(done.conflicts)} 处，按 6 处理。", f"{len(done.conflicts)} new conflicts; 6 shows them."
        )
        yield Block(f"{WARNING} {said}", tone="warn")
    if settled is not None and settled.receipt is not None:
        yield Block(
            tr(
                f"✓ 已签回执 {settled.receipt.name}，可以拔出 U 盘。",
                f"✓ receipt {settled.receipt.name} signed; the stick may go.",
            ),
            tone="good",
        )
    elif settled is not None and settled.why is not None:
        yield Block(tr(f"未签回执：{settled.why.zh}。", f"No receipt: {settled.why.en}."), tone="muted")


def delivery_words(one: Delivery) -> tuple[str, str, str]:
    """Sign, word and photo counts of one inspection."""
    photos = f"{one.photos_there}/{one.photos}" if one.photos else "–"
    return STAGE_MARKS[one.stage], str(STAGES[one.stage]), photos


def delivery_sentence(one: Delivery) -> str:
    """The same in one piece."""
    mark, word, photos = delivery_words(one)
    if not one.photos:
        return f"{mark} {word}"
    return f"{mark} {word}　" + tr(f"照片已核验 {photos}", f"photos verified there {photos}")
