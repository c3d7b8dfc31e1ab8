"""The Sync screen and the courier: against a real server on a thread, through the keys of a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from textual import events

from inspect_tui.records import central, pin, team
from inspect_tui.records.delivery import totals
from inspect_tui.records.model import SiteInput
from inspect_tui.records.queries import walk_item
from inspect_tui.records.sites import add_site
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import Workspace, read_config
from inspect_tui.tui.screens.walk import WalkScreen
from sync.central.connection import Address
from sync.verify import verify
from tests.inspect_tui.tui.badline import BadLine
from tests.inspect_tui.tui.driving import place, press, running, screen_text, settle, shown, type_text
from tests.inspect_tui.tui.office import carried, made, open_office, until
from tests.inspect_tui.tui.test_screens import Album, _shot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tui.texts import Language
    from tests.inspect_tui.tui.office import Office
    from tests.inspect_tui.tui.scenario import Furnished

PIN = "river-stone-7"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A central store that answers."""
    with open_office(tmp_path / "office") as found:
        yield found


@pytest.fixture
def line(furnished: Furnished, office: Office) -> Iterator[BadLine]:
    """A laptop in the team whose way to the office is bad."""
    office.bring_in(furnished.folder)
    with BadLine(int(office.server.url.rpartition(":")[2])) as found:
        with Workspace.open(furnished.folder) as workspace:
            central.set_address(workspace, Address(found.url))
        yield found


def photo_of(folder: Path) -> tuple[str, int]:
    """SHA-256 and size of the one photo."""
    with Workspace.open(folder) as workspace:
        sha256 = str(workspace.select("SELECT sha256 FROM photos")[0][0])
        return sha256, workspace.blobs.path_of(sha256).stat().st_size


async def test_join_by_a_pasted_code_then_sync(furnished: Furnished, office: Office) -> None:
    """Without a store the screen says what to do; a pasted code joins, and s brings every inspection to verified."""
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11")
        shown(app, "尚未加入团队的中心库", "邀请码", "▫ 仅存本机   0/1")
        await press(pilot, "s", "5")
        shown(app, "尚未加入中心库", "尚未登记中心库")
        await press(pilot, "4")
        await type_text(pilot, "ITUI1-ABC")
        await press(pilot, "f10")
        shown(app, "✗ 邀请码不完整或有误")
        code = office.code()
        await press(pilot, "ctrl+u")
        app.post_message(events.Paste(code[:40] + "\n" + code[40:]))
        await settle(pilot)
        shown(app, office.server.url, "团队")
        await press(pilot, "f10")
        assert place(app) == "SyncScreen"
        shown(app, office.server.url, "还没有同步过")
        await press(pilot, "1")
        job = await carried(app, pilot)
        assert job.error is None
        shown(app, "✓ 已核验 2", "✓ 已核验     1/1", "送出变更", "未获回执：变更 0、照片 0")
    sha256, _ = photo_of(furnished.folder)
    assert office.workspace.blobs.intact(sha256)
    assert office.workspace.select("SELECT count(*) FROM inspections")[0][0] == 2


async def test_a_code_that_was_used_is_refused_in_one_sentence(
    furnished: Furnished, office: Office, tmp_path: Path
) -> None:
    """The form stays open with the code in it, and the workspace is what it was."""
    code = office.code()
    with Workspace.init(tmp_path / "other", name="王芳", badge="14110200002", area="141102") as other:
        team.join(other, code)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11", "t")
        app.post_message(events.Paste(code))
        await settle(pilot)
        await press(pilot, "f10")
        assert place(app) == "JoinForm"
        shown(app, "✗ 邀请码")
        assert central.address_of(app.desk.workspace) is None


async def test_typing_while_a_sync_runs_is_on_disk_at_once(
    furnished: Furnished, line: BadLine, office: Office
) -> None:
    """In the middle of a photo the line holds still: the walk goes on, and what it records goes with the next sync."""
    _, size = photo_of(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11")
        line.hold_after(size // 2)
        await press(pilot, "s")
        await until(pilot, line.held.is_set)
        await until(pilot, lambda: "发送照片" in screen_text(app) or "发送变更" in screen_text(app))
        await press(pilot, "f2", "enter")
        assert place(app) == "WalkScreen"
        shown(app, "⇅ 同步中")
        walk = app.screen
        assert isinstance(walk, WalkScreen)
        assert walk._state is not None
        item = walk._state.item
        await press(pilot, "1")
        with Workspace.open(furnished.folder) as elsewhere:
            answer = walk_item(elsewhere, furnished.draft, item).answer
        assert answer is not None
        assert answer.verdict == "pass"
        assert app.courier.running is not None
        line.go_on()
        job = await carried(app, pilot)
        assert job.error is None
        shown(app, "✓ 已传送")
        assert totals(app.desk.workspace).changesets == 1
        assert app.start_sync()
        await carried(app, pilot)
        assert totals(app.desk.workspace).changesets == 0
    query = "SELECT verdict FROM answers WHERE inspection = ? AND item = ?"
    assert office.workspace.select(query, furnished.draft, item)[0][0] == "pass"


async def test_cancel_then_go_on_sends_nothing_twice(furnished: Furnished, line: BadLine, office: Office) -> None:
    """Cancelled in the middle of the photo; the next sync sends its rest."""
    sha256, size = photo_of(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11")
        line.hold_after(size - 1000)
        await press(pilot, "s")
        await until(pilot, line.held.is_set)
        await press(pilot, "x")
        shown(app, "正在停止")
        line.go_on()
        job = await carried(app, pilot)
        assert job.state == "cancelled"
        shown(app, "已取消同步；已确认的部分不会重传", "▸ 已送达")
        await press(pilot, "s")
        again = await carried(app, pilot)
        assert again.error is None
        assert "push" not in again.counts
        assert again.meter is not None
        assert again.meter.sent < size
        shown(app, "✓ 已核验 2")
    assert office.workspace.blobs.intact(sha256)


async def test_a_store_that_goes_away_is_one_sentence_that_stays(furnished: Furnished, line: BadLine) -> None:
    """Cut in the middle: the sentence stands on the screen until the next sync, on whatever screen one was meanwhile."""
    _, size = photo_of(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        app.courier.attempts = 1
        await press(pilot, "f11")
        line.hold_after(size // 2)
        await press(pilot, "s")
        await until(pilot, line.held.is_set)
        line.cut()
        job = await carried(app, pilot)
        assert job.state == "failed"
        shown(app, "连不上中心库", "✗ 传送失败")
        await press(pilot, "f2", "f11")
        text = screen_text(app)
        assert text.count("连不上中心库") == 1
        assert "Traceback" not in text
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11")
        shown(app, "连不上中心库")


async def test_by_itself_and_quiet_where_there_is_no_network(furnished: Furnished, office: Office) -> None:
    """The key goes through the choices and into the settings; a sync that is due starts; offline nobody is disturbed."""
    office.bring_in(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11", "5")
        shown(app, "每 5 分钟")
        assert read_config(furnished.folder).rest["central"]["sync_minutes"] == 5
        assert app.courier.next_at is not None
        app.courier.next_at = 0
        app.sync_if_due()
        job = await carried(app, pilot)
        assert (job.quiet, job.error) == (True, None)
        shown(app, "✓ 已核验 2")
        central.set_address(app.desk.workspace, Address("http://127.0.0.1:9"))
        await press(pilot, "f2")
        app.courier.attempts = 1
        app.courier.next_at = 0
        app.sync_if_due()
        job = await carried(app, pilot)
        assert (job.state, job.unreachable) == ("failed", True)
        text = screen_text(app)
        assert "连不上" not in text
        assert "✗ 传送失败" not in text
        await press(pilot, "f11", "5", "5", "5")
        shown(app, "关（按 5 开启）", "连不上中心库")
        assert app.courier.next_at is None


async def test_a_lock_stops_it_and_the_pin_goes_on(furnished: Furnished, office: Office) -> None:
    """Without the key nothing can be signed: the lock screen asks for the PIN, and the sync goes on by itself."""
    office.bring_in(furnished.folder)
    with Workspace.open(furnished.folder) as workspace:
        pin.set_pin(workspace, PIN)
    async with running(furnished.folder) as (app, pilot):
        await type_text(pilot, PIN)
        await press(pilot, "enter", "f11")
        app.desk.workspace.access.lock()
        app.desk.workspace.identity.__dict__.pop("key", None)
        await press(pilot, "s")
        job = await carried(app, pilot)
        assert job.state == "locked"
        assert place(app) == "LockScreen"
        await type_text(pilot, PIN)
        await press(pilot, "enter")
        job = await carried(app, pilot)
        assert job.error is None
        assert place(app) == "SyncScreen"
        shown(app, "✓ 已核验 2")


async def test_leaving_asks_once_then_stops_it(furnished: Furnished, line: BadLine) -> None:
    """Ctrl+Q says that an exchange is under way; again, it ends the exchange first, and the log is sound."""
    _, size = photo_of(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11")
        line.hold_after(size // 2)
        await press(pilot, "s")
        await until(pilot, line.held.is_set)
        await pilot.press("ctrl+q")
        await pilot.pause(0.1)
        shown(app, "传送还在进行")
        assert app.courier.running is not None
        await pilot.press("ctrl+q")
        line.go_on()
        await until(pilot, lambda: app.courier.running is None)
        assert app.courier.job is not None
        assert app.courier.job.state in {"cancelled", "done"}
        await until(pilot, lambda: app._exit)
    with Workspace.open(furnished.folder) as workspace:
        assert not verify(workspace.replica.connection, SCHEMA, workspace.blobs)


async def test_merge_after_a_preview_and_a_question_of_trust(furnished: Furnished, tmp_path: Path) -> None:
    """Nothing is written before one agrees; a stranger's root key is trusted by name; the outcome stays on the screen."""
    with made(tmp_path / "stick") as other:
        add_site(other, SiteInput(name="横泉水库", kind="outfall", area="141127"))
    async with running(furnished.folder) as (app, pilot):
        before = totals(app.desk.workspace).changesets
        await press(pilot, "f11", "2", "ctrl+u")
        await type_text(pilot, str(tmp_path / "nowhere"))
        await press(pilot, "f10")
        shown(app, "✗ 没有")
        await press(pilot, "ctrl+u")
        await type_text(pilot, str(tmp_path / "stick"))
        await press(pilot, "f10")
        await until(pilot, lambda: place(app) == "PreviewForm")
        await settle(pilot)
        shown(app, "新变更集 1", "检查对象 1", "另一根密钥", "赵敏")
        await press(pilot, "f10")
        shown(app, "✗ 尚未采信")
        assert totals(app.desk.workspace).changesets == before
        await press(pilot, "right", "f10")
        await carried(app, pilot)
        await until(pilot, lambda: place(app) == "SyncScreen")
        await settle(pilot)
        shown(app, "✓ stick：新变更集 1", "合并 stick")
        await press(pilot, "m", "f10")
        await until(pilot, lambda: place(app) == "PreviewForm" or "✗" in screen_text(app))
        await press(pilot, "escape", "escape")
        assert place(app) == "SyncScreen"
        assert totals(app.desk.workspace).changesets == before + 2


async def test_a_bundle_is_made_and_taken_in_elsewhere(furnished: Furnished, tmp_path: Path) -> None:
    """A plain one for a stick; the other side merges the folder and lays a receipt, which the next bundle reads."""
    stick = tmp_path / "usb"
    stick.mkdir()
    made(tmp_path / "other").close()
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f11", "b", "ctrl+u")
        await type_text(pilot, str(stick))
        await press(pilot, "down", "down", "down", "right", "f10")
        job = await carried(app, pilot)
        assert job.error is None
        shown(app, "已读回核对", "! 未加密", "制作 ")
    async with running(tmp_path / "other") as (app, pilot):
        await press(pilot, "f11", "m", "ctrl+u")
        await type_text(pilot, str(stick))
        await press(pilot, "f10")
        await until(pilot, lambda: place(app) == "PreviewForm")
        await settle(pilot)
        await press(pilot, "right", "f10")
        await carried(app, pilot)
        await until(pilot, lambda: place(app) == "SyncScreen")
        await settle(pilot)
        shown(app, "已签回执", "新变更集 16", "仍缺 0")
        assert len(app.desk.workspace.select("SELECT 1 FROM inspections")) == 2


class _Tidy(Album):
    """An album of screens that name a port, a team and a machine."""

    def read(self) -> str:
        """The screen, the same on every machine."""
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8765", super().read())
        text = re.sub(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", "0123 " * 7 + "4567", text)
        return re.sub(r"李强@\S+", "李强@laptop", text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_sync_looks_as_it_is_recorded(
    furnished: Furnished, office: Office, language: Language, size: tuple[int, int]
) -> None:
    """Without a store, the form for a code, joined, and after a sync equal their golden files."""
    async with running(furnished.folder, size=size, language=language, toasts=False) as (app, pilot):
        album = _Tidy(app, language, size, furnished.folder.parent)
        await _shot(album, pilot, "sync-empty", "尚未加入团队的中心库", "has not joined", "f11")
        await press(pilot, "t")
        app.post_message(events.Paste("ITUI1-" + "ABCDEFGH" * 4))
        await _shot(album, pilot, "sync-join", "粘贴管理员给的邀请码", "Paste the administrator's code")
        await press(pilot, "ctrl+u")
        app.post_message(events.Paste(office.code()))
        await settle(pilot)
        await press(pilot, "f10")
        await _shot(album, pilot, "sync-joined", "还没有同步过", "Never synced")
        await press(pilot, "s")
        job = await carried(app, pilot)
        job.seen = True
        app.show_sign()
        await _shot(album, pilot, "sync", "✓ 已核验 2", "✓ verified 2")

    assert not album.wrong, "\n".join(album.wrong)


async def test_today_and_the_summary_say_how_far_it_has_come(furnished: Furnished, office: Office) -> None:
    """Today counts what is nowhere but here once there is a store, and says when the last sync was; the summary, too."""
    async with running(furnished.folder) as (app, _):
        assert "仅存本机" not in screen_text(app)
    office.bring_in(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        shown(app, "▫ 2 次检查仅存本机 · 还没有同步过")
        await press(pilot, "enter", "f10")
        shown(app, "▫ 仅存本机　照片已核验 0/1")
        assert app.start_sync()
        await carried(app, pilot)
        shown(app, "✓ 已核验　照片已核验 1/1")
        await press(pilot, "f2")
        shown(app, "▫ 0 次检查仅存本机 · 上次同步 ✓ 2026-11-20 10:30", "未同步 0")


async def test_what_others_recorded_is_shown_when_it_has_come(
    furnished: Furnished, office: Office, tmp_path: Path
) -> None:
    """A site that a colleague added stands in the list as soon as the sync brings it, without a key."""
    with Workspace.init(tmp_path / "other", name="王芳", badge="14110200002", area="141102") as other:
        team.join(other, office.code())
        add_site(other, SiteInput(name="横泉水库排口", kind="outfall", area="141127"))
        there = central.connect(other)
        central.sync(other, there)
        there.connection.close()
    office.bring_in(furnished.folder)
    async with running(furnished.folder) as (app, pilot):
        await press(pilot, "f3")
        # joining has brought it already: the second one is news
        with Workspace.open(tmp_path / "other") as other:
            add_site(other, SiteInput(name="文峪河排口", kind="outfall", area="141127"))
            there = central.connect(other)
            central.sync(other, there)
            there.connection.close()
        assert "文峪河排口" not in screen_text(app)
        assert app.start_sync(quiet=True)
        await carried(app, pilot)
        shown(app, "文峪河排口", "横泉水库排口")
