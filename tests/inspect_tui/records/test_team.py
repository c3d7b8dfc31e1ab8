"""Inviting, joining by network and by files, cut-off joins, revoking: nothing that counted ceases to count unseen."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from inspect_tui.records import central, pin, team
from inspect_tui.records.answers import answer
from inspect_tui.records.findings import add_finding
from inspect_tui.records.model import AnswerInput, FindingInput, SiteInput
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import (
    DEVICE_CERTIFICATE,
    DEVICE_KEY,
    JOINING_CERTIFICATE,
    JOINING_KEY,
    ROOT_KEY,
    Workspace,
)
from inspect_tui.texts import Refused
from sync.verify import verify
from tests.inspect_tui.records.served import code_for, join, served

if TYPE_CHECKING:
    from pathlib import Path

PIN = "river-stone-7"
TABLES = ("sites", "inspections", "answers", "findings", "photos")


def laptop(folder: Path, badge: str = "14110200001", sites: int = 2) -> Path:
    """A workspace with records, made before anybody thought of a team."""
    with Workspace.init(folder, name="检查员甲", badge=badge, area="141102") as made:
        for number in range(sites):
            add_site(made, SiteInput(f"{folder.name}{number}", "outfall", "141102"))
    return folder


def counts(workspace: Workspace) -> dict[str, int]:
    """Rows of each table."""
    return {name: int(workspace.select(f"SELECT count(*) FROM {name}")[0][0]) for name in TABLES}


def rows(workspace: Workspace, table: str = "sites") -> list[tuple[object, ...]]:
    """All rows of a table."""
    return [tuple(row) for row in workspace.select(f"SELECT * FROM {table} ORDER BY id")]


def sound(workspace: Workspace) -> bool:
    """Whether verify finds nothing at fault."""
    replica = workspace.replica
    return not [each for each in verify(replica.connection, replica.schema, replica.blobs) if each.level == "fault"]


def sync(workspace: Workspace) -> None:
    """One sync."""
    there = central.connect(workspace, attempts=2)
    try:
        central.sync(workspace, there)
    finally:
        there.connection.close()


def test_joining_keeps_every_record_and_the_store_gets_them(
    workspace: Workspace, inspection: str, tmp_path: Path
) -> None:
    """Counts and findings before are counts and findings after, here and in the store, and the laptop works on."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="fail", note="没有方案", photo_waiver="门卫不让拍"))
    add_finding(workspace, inspection, "CD-001", FindingInput("没有方案"))
    before, findings = counts(workspace), rows(workspace, "findings")
    folder = workspace.folder
    workspace.close()
    with served(tmp_path / "server") as server:
        joined = join(folder, code_for(server))
        with Workspace.open(folder) as opened:
            assert counts(opened) == before
            assert rows(opened, "findings") == findings
            assert joined.not_counting == 0
            assert opened.identity.certificate.role == "inspector"
            add_site(opened, SiteInput("加入之后", "outfall", "141102"))
            sync(opened)
            assert counts(server)["sites"] == before["sites"] + 1
            assert rows(server, "findings") == findings
            assert list(opened.replica.dump()) == list(server.replica.dump())
            assert sound(opened)


def test_a_code_lets_one_device_in(tmp_path: Path) -> None:
    """The second one is told so, and is what it was."""
    one, two = laptop(tmp_path / "one"), laptop(tmp_path / "two", "14110200002")
    with served(tmp_path / "server") as server:
        code = code_for(server)
        join(one, code)
        with pytest.raises(Refused, match="另一台设备"):
            join(two, code)
        with Workspace.open(two) as opened:
            assert opened.identity.certificate.role == "admin"
            assert opened.identity.root is not None
            add_site(opened, SiteInput("还能用", "outfall", "141102"))


def test_whom_the_laptop_had_adopted_counts_on(tmp_path: Path) -> None:
    """A colleague's records that were merged and trusted come along."""
    from sync.exchange import exchange
    from sync.peers import open_peer

    one, two = laptop(tmp_path / "one"), laptop(tmp_path / "two", "14110200002")
    with Workspace.open(one) as opened:
        with open_peer(two) as peer:
            exchange(opened.replica, peer, trust=lambda _: True, officer="1")
        before = rows(opened)
    assert len(before) == 4
    with served(tmp_path / "server") as server:
        join(one, code_for(server))
    with Workspace.open(one) as opened:
        assert rows(opened) == before


def test_records_of_areas_outside_the_certificate_are_counted_aloud(tmp_path: Path) -> None:
    """They stay in the log; the person is told how many."""
    one = laptop(tmp_path / "one")
    with served(tmp_path / "server") as server:
        joined = join(one, code_for(server, areas=("141122",)))

    assert joined.not_counting == 2


class Killed(BaseException):
    """As if the process had died."""


STEPS = (
    "inspect_tui.records.team._pending",
    "inspect_tui.records.team._checked",
    "inspect_tui.records.team._switch",
    "sync.replica.Replica.set_team",
    "inspect_tui.records.team.finish",
    "inspect_tui.records.team.save_identity",
    "inspect_tui.records.setup.write_atomically",
    "inspect_tui.records.central.set_address",
)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_join_cut_off_at_any_step_is_repeated(
    tmp_path: Path, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after each step the process dies; the workspace opens, holds everything, and the same code works."""
    from importlib import import_module

    one = laptop(tmp_path / "one")
    with Workspace.open(one) as opened:
        before = rows(opened)
    holder, _, name = step.rpartition(".")
    owner = import_module("sync.replica").Replica if holder.endswith("Replica") else import_module(holder)
    true = getattr(owner, name)

    def dying(*values: object, **named: object) -> object:
        if after:
            true(*values, **named)
        raise Killed

    with served(tmp_path / "server") as server:
        code = code_for(server)
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, dying)
            with pytest.raises(Killed):
                join(one, code)
        with Workspace.open(one) as opened:
            assert rows(opened) == before
            # recorded in between, whichever side of the switch the laptop stands on
            add_site(opened, SiteInput("其间", "outfall", "141102"))
            assert len(rows(opened)) == 3
        join(one, code)
        with Workspace.open(one) as opened:
            assert len(rows(opened)) == 3
            assert opened.identity.certificate.role == "inspector"
            assert opened.identity.team == opened.replica.team == server.replica.team
            assert opened.identity.certificate.key == opened.identity.key.public.hex()
            assert not (one / JOINING_KEY).exists()
            assert not (one / JOINING_CERTIFICATE).exists()
            sync(opened)
            assert len(rows(server)) == 3
            assert sound(opened)


@pytest.mark.parametrize(
    "left", [(DEVICE_KEY,), (DEVICE_KEY, DEVICE_CERTIFICATE), (DEVICE_KEY, DEVICE_CERTIFICATE, JOINING_KEY)]
)
def test_files_that_were_half_exchanged_are_put_right(tmp_path: Path, left: tuple[str, ...]) -> None:
    """Killed between the files of the last step, also when the team is the same as before."""
    one = laptop(tmp_path / "one")
    with served(tmp_path / "server") as server:
        join(one, code_for(server))
        old = {name: (one / name).read_bytes() for name in (DEVICE_KEY, DEVICE_CERTIFICATE)}
        join(one, code_for(server, role="supervisor"))
        new = {name: (one / name).read_bytes() for name in (DEVICE_KEY, DEVICE_CERTIFICATE)}
        # as it was before those of `left` were done
        for name, text in old.items():
            (one / name).write_bytes(new[name] if name in left else text)
        if JOINING_KEY not in left:
            (one / JOINING_KEY).write_bytes(new[DEVICE_KEY])
        (one / JOINING_CERTIFICATE).write_bytes(new[DEVICE_CERTIFICATE])
        with Workspace.open(one) as opened:
            assert opened.identity.certificate.role == "supervisor"
            assert opened.identity.certificate.key == opened.identity.key.public.hex()
            assert not (one / JOINING_KEY).exists()
            assert not (one / JOINING_CERTIFICATE).exists()


def test_copies_of_a_prepared_laptop_get_keys_of_their_own(tmp_path: Path) -> None:
    """A folder with a request under way is copied to two laptops: they must not become one device."""
    one = laptop(tmp_path / "one")
    with Workspace.open(one, joining=True) as opened:
        team.request_file(opened, tmp_path / "request.json")
        opened.replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(one, tmp_path / "two")
    with served(tmp_path / "server") as server:
        first = join(one, code_for(server))
        second = join(tmp_path / "two", code_for(server))

    assert first.certificate.device != second.certificate.device


def test_joining_by_two_files(tmp_path: Path) -> None:
    """Request, acceptance, join; what was recorded before counts on both sides after a merge."""
    from sync.exchange import exchange
    from sync.peers import open_peer

    one = laptop(tmp_path / "one")
    with Workspace.init(tmp_path / "chief", name="主任", badge="14110200009", area="141102") as chief:
        with Workspace.open(one, joining=True) as opened:
            before = rows(opened)
            team.request_file(opened, tmp_path / "request.json")
        request = team.read_request(tmp_path / "request.json")
        team.accept(
            chief,
            request,
            team.invitation_for(chief, role="inspector", areas=["141102"]),
            tmp_path / "welcome.json",
        )
        with Workspace.open(one, joining=True) as opened:
            welcome, certificate = team.read_welcome(tmp_path / "welcome.json")
            assert certificate.team == chief.replica.team
            team.join_by_file(opened, welcome)
            assert rows(opened) == before
        with open_peer(one) as peer:
            exchange(chief.replica, peer, officer="1")
        assert rows(chief) == before


def test_what_was_recorded_since_the_request_does_not_cease_to_count_unseen(tmp_path: Path) -> None:
    """The welcome adopts what the request named: with newer records the join is refused, and a new request helps."""
    one = laptop(tmp_path / "one")
    with Workspace.init(tmp_path / "chief", name="主任", badge="14110200009", area="141102") as chief:
        offer = team.invitation_for(chief, role="inspector", areas=["141102"])
        for late in (True, False):
            with Workspace.open(one, joining=True) as opened:
                team.request_file(opened, tmp_path / "request.json")
                if late:
                    add_site(opened, SiteInput("后来的", "outfall", "141102"))
                before = rows(opened)
            team.accept(chief, team.read_request(tmp_path / "request.json"), offer, tmp_path / "welcome.json")
            welcome, _ = team.read_welcome(tmp_path / "welcome.json")
            with Workspace.open(one, joining=True) as opened:
                if late:
                    with pytest.raises(Refused, match="不计入"):
                        team.join_by_file(opened, welcome)
                    assert opened.replica.team != chief.replica.team
                    add_site(opened, SiteInput("照常记录", "outfall", "141102"))
                else:
                    team.join_by_file(opened, welcome)
                    assert rows(opened) == before
    with Workspace.open(one) as opened:
        assert len(rows(opened)) == 4


def test_a_window_left_open_during_a_join_writes_nothing_more(tmp_path: Path) -> None:
    """It would sign with the old key, under the old team: that would not count, and nobody would notice."""
    one = laptop(tmp_path / "one")
    with served(tmp_path / "server") as server, Workspace.open(one) as left:
        add_site(left, SiteInput("之前", "outfall", "141102"))
        join(one, code_for(server))
        with pytest.raises(Refused, match="重新打开"):
            add_site(left, SiteInput("之后", "outfall", "141102"))
        with Workspace.open(one) as opened:
            assert len(rows(opened)) == 3


def test_wrong_files_are_one_sentence(tmp_path: Path) -> None:
    """Other files, changed ones, somebody else's welcome: refused, nothing changes."""
    one, two = laptop(tmp_path / "one"), laptop(tmp_path / "two", "14110200002")
    path = tmp_path / "file"
    for data in (b"", b"\xff\xfe", b"[]", b"{}", b'{"key": 1}', b"[" * 100_000):
        path.write_bytes(data)
        for reading in (team.read_request, team.read_welcome):
            with pytest.raises(Refused):
                reading(path)
    with pytest.raises(Refused):
        team.read_request(tmp_path)
    with Workspace.open(one, joining=True) as opened:
        request = team.request_file(opened, path)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(request, name="别人")))
    with pytest.raises(Refused, match="签名"):
        team.read_request(path)
    with Workspace.init(tmp_path / "chief", name="主任", badge="14110200009", area="141102") as chief:
        offer = team.invitation_for(chief, role="inspector", areas=["141102"])
        team.accept(chief, request, offer, path)
    welcome, _ = team.read_welcome(path)
    with Workspace.open(two, joining=True) as opened:
        with pytest.raises(Refused, match="team request"):
            team.join_by_file(opened, welcome)
        team.request_file(opened, tmp_path / "other")
        with pytest.raises(Refused, match="不是发给本设备"):
            team.join_by_file(opened, welcome)
        damaged = msgspec.structs.replace(welcome, entries=[("x", "y")])
        with pytest.raises(Refused):
            team.join_by_file(opened, damaged)
    with Workspace.open(one, joining=True) as opened, pytest.raises(Refused):
        team.join_by_file(opened, msgspec.structs.replace(welcome, entries=[]))


def test_listing_and_revoking(tmp_path: Path) -> None:
    """Members are listed; a revoked one is refused by the store, an inspector revokes nobody, nobody revokes itself."""
    one = laptop(tmp_path / "one")
    with served(tmp_path / "server") as server:
        joined = join(one, code_for(server))
        with Workspace.open(one) as opened:
            add_site(opened, SiteInput("加入之后", "outfall", "141102"))
            sync(opened)
            with pytest.raises(Refused, match="管理员"):
                team.revoke(opened, server.device, "x")
            with pytest.raises(Refused, match="管理员"):
                team.invite(opened, team.invitation_for(opened, role="inspector", areas=["141102"]))
        found = {each.certificate.device: each for each in team.members(server)}
        assert found[server.device].own
        assert not found[joined.certificate.device].revoked
        for device, reason in ((server.device, "x"), ("", "x"), ("zz", "x"), (joined.certificate.device, " ")):
            with pytest.raises(Refused):
                team.revoke(server, device, reason)
        team.revoke(server, joined.certificate.device, "遗失")
        found = {each.certificate.device: each for each in team.members(server)}
        assert found[joined.certificate.device].revoked
        before = rows(server)
        with Workspace.open(one) as opened, pytest.raises(Refused, match="吊销"):
            sync(opened)
        assert rows(server) == before


def test_a_laptop_stolen_before_it_wrote_anything_can_be_revoked(tmp_path: Path) -> None:
    """No log names it yet; its whole id does."""
    one = laptop(tmp_path / "one", sites=0)
    with served(tmp_path / "server") as server:
        joined = join(one, code_for(server))
        team.revoke(server, joined.certificate.device, "被盗")
        with Workspace.open(one) as opened, pytest.raises(Refused, match="吊销"):
            sync(opened)


def test_nobody_invites_beyond_the_own_areas(workspace: Workspace, tmp_path: Path) -> None:
    """Nor to places that do not exist."""
    for areas in ([], ["999999x"], ["1411"]):
        with pytest.raises(Refused):
            team.invitation_for(workspace, role="inspector", areas=areas)
    with served(tmp_path / "server") as server:
        folder = laptop(tmp_path / "county")
        join(folder, code_for(server, role="admin"))
        with Workspace.open(folder) as county:
            with pytest.raises(Refused, match="以外"):
                team.invitation_for(county, role="inspector", areas=["141122"])
            code = team.invite(county, team.invitation_for(county, role="inspector", areas=["141102"])).code
        assert join(laptop(tmp_path / "two", "14110200002"), code).certificate.areas == ("141102",)


def test_a_locked_workspace_joins_once_the_pin_is_entered(tmp_path: Path) -> None:
    """Without it nothing changes; with it the new key lies sealed like the old one."""
    one = laptop(tmp_path / "one")
    with Workspace.open(one) as opened:
        pin.set_pin(opened, PIN)
        before = rows(opened)
    with served(tmp_path / "server") as server:
        code = code_for(server)
        with Workspace.open(one, joining=True) as opened, pytest.raises(Refused):
            team.join(opened, code)
        with Workspace.open(one, joining=True) as opened:
            opened.access.unlock(PIN)
            team.join(opened, code)
        for path in (one / DEVICE_KEY, *one.glob(f"{ROOT_KEY}*")):
            assert b"BEGIN PRIVATE KEY" not in path.read_bytes()
        with Workspace.open(one) as opened:
            assert rows(opened) == before
            opened.access.unlock(PIN)
            assert opened.identity.certificate.key == opened.identity.key.public.hex()
            sync(opened)
        assert rows(server) == before


def test_a_locked_workspace_whose_join_was_cut_off_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its records need no PIN; what is signed after it was entered is signed with the new key."""
    one = laptop(tmp_path / "one")
    with Workspace.open(one) as opened:
        pin.set_pin(opened, PIN)
        before = rows(opened)
    with served(tmp_path / "server") as server:
        code = code_for(server)

        def dying(*_: object) -> None:
            raise Killed

        with Workspace.open(one, joining=True) as opened, monkeypatch.context() as patched:
            opened.access.unlock(PIN)
            patched.setattr(team, "finish", dying)
            with pytest.raises(Killed):
                team.join(opened, code)
        with Workspace.open(one) as opened:
            assert rows(opened) == before
            with pytest.raises(Refused):
                add_site(opened, SiteInput("锁着", "outfall", "141102"))
            opened.access.unlock(PIN)
            add_site(opened, SiteInput("解锁后", "outfall", "141102"))
            assert len(rows(opened)) == len(before) + 1
            assert opened.identity.certificate.team == server.replica.team
