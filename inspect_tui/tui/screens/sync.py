"""Sync 同步: where every inspection stands, what would go, and the exchange under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on

from inspect_tui.texts import Text, tr
from inspect_tui.tui import sync_text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.reading import complain, tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.sync_text import STAGE_TONES, Standing, delivery_words
from inspect_tui.tui.widgets.key_bar import KeyBar
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textual.binding import BindingType
    from textual.widget import Widget

    from inspect_tui.records.bundles import Sealing, Settled
    from inspect_tui.records.delivery import Delivery
    from inspect_tui.records.merging import Look
    from inspect_tui.records.queries import InspectionLine
    from inspect_tui.tui.courier import Job
    from inspect_tui.tui.desk import Desk
    from inspect_tui.tui.screens.sync_forms import BundleWish
    from sync.bundles.create import Made
    from sync.exchange import Exchanged
    from sync.keys import Certificate

PAGE: Final = 200
_NONE_YET = Text(
    "还没有检查。每次检查送到哪一步，会列在这里。", "No inspections yet. How far each has come is listed here."
)
_NO_STORE = Text(
    "尚未加入中心库；请用邀请码加入（按 t 或 4）。", "No central store is on record; join by a code first (t or 4)."
)
_BUSY = Text("已有传送正在进行；按 x 可取消。", "An exchange is under way; x cancels it.")


class SyncScreen(PageScreen):
    """Facts, the exchange, then the inspections with how far each has come."""

    PLACE = "sync"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sync")]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._standing: Standing | None = None
        self._lines: list[tuple[InspectionLine, Delivery]] = []
        self._more = False
        self._told: list[Block] = []
        """What came of the last exchange over a stick."""

    def body(self) -> Iterator[Widget]:
        """Facts, progress, list."""
        yield Prose(id="sync-facts", hang=12)
        yield Prose(id="sync-progress")
        yield ListTable(
            (
                Column(Text("", ""), 1),
                Column(Text("阶段", "Stage"), 10),
                Column(Text("照片", "Photos"), 7),
                Column(Text("开始", "Began"), 11),
                Column(Text("对象", "Site"), 16, 2),
                Column(Text("检查表", "Checklist"), 12, 1),
            ),
            empty=Text("正在读取…", "Reading…"),
            id="deliveries",
        )

    # reading

    def on_screen_resume(self) -> None:
        """Read again whenever one comes back."""
        self.query_one(ListTable).focus()
        self.carried()
        self._load()

    def came(self) -> None:
        """Read again: an exchange has ended."""
        self._load()

    def _load(self, _: object = None) -> None:
        self.read("sync", self._read, self._show)

    def _read(self) -> tuple[Standing, list[tuple[InspectionLine, Delivery]], bool]:
        """On a worker thread; as many lines as were listed, for all of them may have moved on."""
        return self._read_standing(), *self._page(None, max(PAGE, len(self._lines)))

    def _read_standing(self) -> Standing:
        from inspect_tui.records import central, delivery, merging, refusals

        workspace = self.workspace
        address = central.address_of(workspace)
        counts = refusals.counts(workspace)
        certificate = workspace.identity.certificate
        return Standing(
            url=None if address is None else address.url,
            team=workspace.replica.team,
            role=certificate.role,
            areas=certificate.areas,
            device=certificate.name,
            minutes=central.sync_minutes(workspace),
            last=central.last_sync(workspace),
            totals=delivery.totals(workspace),
            conflicts=counts.conflicts,
            refused=counts.refused,
            exchanges=merging.recent_exchanges(workspace),
        )

    def _page(self, before: str | None, most: int = PAGE) -> tuple[list[tuple[InspectionLine, Delivery]], bool]:
        from inspect_tui.records.delivery import deliveries
        from inspect_tui.records.queries import list_inspections

        lines = list_inspections(self.workspace, include_void=True, limit=most + 1, before=before)
        page = lines[:most]
        found = deliveries(self.workspace, [one.id for one in page])
        return [(one, found[one.id]) for one in page], len(lines) > most

    def _show(self, read: tuple[Standing, list[tuple[InspectionLine, Delivery]], bool]) -> None:
        self._standing, self._lines, self._more = read
        self.relabel()

    @on(ListTable.WantsMore)
    def _next_page(self) -> None:
        before = self._lines[-1][0].id if self._lines else None
        self.read("page", lambda: self._page(before), self._append)

    def _append(self, read: tuple[list[tuple[InspectionLine, Delivery]], bool]) -> None:
        lines, self._more = read
        self._lines += lines
        self.query_one(ListTable).append([_line(*one) for one in lines], more=self._more)

    # showing

    def relabel(self) -> None:
        """Say it in the language in use."""
        self.carried()
        standing = self._standing
        if standing is None:
            return
        exchanges = 3 if self.size.height >= 32 else 1
        if standing.url is None:
            blocks = [*sync_text.empty_blocks(), *sync_text.rest_blocks(standing, exchanges=exchanges)]
        else:
            blocks = list(sync_text.standing_blocks(standing, exchanges=exchanges))
        self.query_one("#sync-facts", Prose).show(blocks)
        table = self.query_one(ListTable)
        table.empty = _NONE_YET
        table.show([_line(*one) for one in self._lines], more=self._more)
        self.headline(standing.device)
        self.query_one(KeyBar).refresh()

    def carried(self) -> None:
        """Show how far the exchange is; the app calls it while there is one."""
        job = self._app.courier.job
        progress = self.query_one("#sync-progress", Prose)
        blocks = list(self._progress(job))
        progress.display = bool(blocks)
        progress.show(blocks)
        self.query_one(KeyBar).refresh()

    def _progress(self, job: Job | None) -> Iterator[Block]:
        if job is None:
            return
        if job.running:
            yield from sync_text.progress_blocks(job)
            return
        if job.kind != "sync" and job.state == "done":
            yield from self._told
        elif job.error is not None and not (job.kind == "sync" and self._standing and self._standing.last):
            yield Block(("– " if job.state == "cancelled" else "✗ ") + str(job.error), tone="bad")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  Textual's signature
        """What is not under way cannot be ended."""
        return None if action == "cancel" and self._app.courier.running is None else True

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        from inspect_tui.tui.screens.walk import WalkScreen

        self.app.push_screen(WalkScreen(self.desk, event.key))

    # doing

    @property
    def _app(self) -> Any:
        return self.app

    def action_sync(self) -> None:
        """Sync in the background."""
        if self._standing is not None and self._standing.url is None:
            tell(self.app, _NO_STORE, warning=True)
            return
        if not self._app.start_sync():
            tell(self.app, _BUSY, warning=True)
        self.carried()

    def action_cancel(self) -> None:
        """End the exchange under way."""
        if self._app.courier.cancel():
            self.carried()

    def action_conflicts(self) -> None:
        """To the Conflicts screen."""
        self.app.run_worker(self.app.run_action("app.go('conflicts')"))

    def action_automatic(self) -> None:
        """The next choice of how often to sync without being asked."""
        from inspect_tui.records import central

        workspace = self.workspace
        now = central.sync_minutes(workspace)
        following = next((one for one in central.CHOICES if one > now), central.CHOICES[0])

        def change() -> bool:
            central.set_sync_minutes(workspace, following)
            return True

        if self.record(change):
            self._app.courier.schedule(workspace)
            every = Text(
                f"每 {following} 分钟自动同步一次；离线时不打扰。",
                f"Syncs every {following} minutes; quiet offline.",
            )
            tell(self.app, every if following else Text("已关闭自动同步。", "No more syncs by themselves."))
            self._load()

    def action_join(self) -> None:
        """Join a team by a code."""
        from inspect_tui.tui.screens.sync_forms import JoinForm

        if self._app.courier.running is not None:
            tell(self.app, _BUSY, warning=True)
            return
        self.app.push_screen(JoinForm(self.workspace), self._load)

    # sticks

    def _first_folder(self) -> str:
        from inspect_tui.tui.screens.sync_forms import sticks

        found = next(sticks(), None)
        return self.desk.remembered("sync", "folder") or ("" if found is None else str(found))

    def action_merge(self) -> None:
        """Choose what to take in."""
        from inspect_tui.tui.screens.sync_forms import SourceForm

        if self._app.courier.running is not None:
            tell(self.app, _BUSY, warning=True)
            return
        self.app.push_screen(SourceForm(self._first_folder()), self._look)

    def _look(self, sources: list[Path] | None) -> None:
        if not sources:
            return
        from inspect_tui.records import merging

        workspace = self.workspace

        def work(job: Job) -> list[tuple[Path, Look]]:
            looks = []
            for source in sources:
                with merging.opened(workspace, source, lambda done, total: job.tell("read", done, total)) as peer:
                    looks.append((source, merging.look(workspace, peer, job.tell)))
            return looks

        def looked(job: Job | None) -> None:
            if job is not None and job.state == "done":
                from inspect_tui.tui.screens.sync_forms import PreviewForm

                self.app.push_screen(PreviewForm(job.result), lambda trusted: self._take(sources, trusted))
            elif job is not None and job.error is not None:
                complain(self.app, job.error)

        self._app.carry_over("merge", Text("查看将带来的内容", "Looking at what would come"), work, looked)

    def _take(self, sources: list[Path], trusted: set[str] | None) -> None:
        if trusted is None:
            return
        from inspect_tui.records import merging

        workspace = self.workspace

        def work(job: Job) -> list[tuple[Path, Exchanged, Settled | None]]:
            taken: list[tuple[Path, Exchanged, Settled | None]] = []
            for source in sources:
                with merging.opened(workspace, source, lambda done, total: job.tell("read", done, total)) as peer:
                    done, settled = merging.take(workspace, peer, job.tell, lambda one: one.team in trusted)
                kind: merging.Kind = "import" if merging.is_bundle(source) else "merge"
                changesets, photos = done.received.appended, done.photos_received
                merging.note_exchange(workspace, kind, source, changesets=changesets, photos=photos)
                taken.append((source, done, settled))
            return taken

        def took(job: Job | None) -> None:
            if job is not None and job.state == "done":
                self._told = [
                    block
                    for source, done, settled in job.result
                    for block in sync_text.merged_blocks(source.name or str(source), done, settled)
                ]
                self.desk.remember("sync", "folder", str(sources[0].parent))
            elif job is not None and job.error is not None:
                complain(self.app, job.error)
            self.carried()

        self._app.carry_over("merge", Text("正在合并", "Merging"), work, took)

    def action_bundle(self) -> None:
        """Say what kind of bundle to make."""
        if self._app.courier.running is not None:
            tell(self.app, _BUSY, warning=True)
            return

        def work() -> Sequence[Certificate]:
            from inspect_tui.records.bundles import other_devices

            return other_devices(self.workspace)

        self.read("devices", work, self._ask_bundle, awaited=True)

    def _ask_bundle(self, devices: Sequence[Certificate]) -> None:
        from inspect_tui.tui.screens.sync_forms import BundleForm

        self.app.push_screen(BundleForm(self._first_folder(), devices), self._make)

    def _make(self, wish: BundleWish | None) -> None:
        if wish is None:
            return
        workspace = self.workspace

        def work(job: Job) -> tuple[Made, Sealing, int]:
            from inspect_tui.records import merging
            from inspect_tui.records.bundles import collect_receipts, make
            from sync.bundles.selection import Wish

            receipts = sum(one.refused is None for one in collect_receipts(workspace, wish.folder))
            kind = Wish("all" if wish.device is None else "for", wish.device, None, None, wish.photos)
            to = [wish.to] if wish.to else []
            made, sealed = make(workspace, wish.folder, kind, to=to, plain=wish.plain, progress=job.tell)
            merging.note_exchange(
                workspace, "bundle", made.path, changesets=made.header.changesets, photos=made.header.photos
            )
            return made, sealed, receipts

        def made(job: Job) -> None:
            if job.state == "done":
                self._told = list(_made(*job.result))
                self.record(lambda: self.desk.remember("sync", "folder", str(wish.folder)))
            self.carried()

        if not self._app.carry("bundle", work, made):
            tell(self.app, _BUSY, warning=True)
        self.carried()


def _line(one: InspectionLine, delivery: Delivery) -> Line:
    from inspect_tui.records import times

    mark, word, photos = delivery_words(delivery)
    began = times.shown(one.started_at)[5:]
    cells = (mark, word, photos, began, one.site_name, tr(*one.checklist_title))
    tone = STAGE_TONES[delivery.stage]
    return Line(one.id, cells, "muted" if one.void else "", {} if one.void else {0: tone, 1: tone})


def _made(made: Made, sealed: Sealing, receipts: int) -> Iterator[Block]:
    header = made.header
    yield Block(
        tr(
            f"✓ {made.path.name}：变更 {header.changesets}、照片 {header.photos}，{sync_text.size(made.size)}；已读回核对，"
            "可以拔出 U 盘。",
            f"✓ {made.path.name}: {header.changesets} changesets, {header.photos} photos, {sync_text.size(made.size)}; read"
            " back, the stick may go.",
        ),
        tone="strong",
    )
    if sealed.addresses is None:
        yield Block(
            tr("! 未加密：捡到 U 盘的人都能读取。", "! Not sealed: whoever finds the stick can read it."),
            tone="warn",
        )
    else:
        names = tr("、", ", ").join(one.name for one in sealed.devices)
        yield Block(tr(f"加密给：本机、团队 {names}", f"Sealed for: this device, the team, {names}"), tone="muted")
    lost = made.photos_missing + made.photos_locked + len(made.photos_damaged)
    if lost:
        yield Block(tr(f"! {lost} 张照片未带上。", f"! {lost} photos stayed behind."), tone="warn")
    if receipts:
        yield Block(tr(f"✓ 读到 {receipts} 份回执。", f"✓ {receipts} receipts were read."), tone="good")
