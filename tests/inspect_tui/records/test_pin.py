"""The PIN: keys and private values sealed at rest, one working form at every instant, and nobody locked out for good."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.exports.backup import back_up
from inspect_tui.records import officers, pin, pin_file, queries, times
from inspect_tui.records.health import health
from inspect_tui.records.model import SiteInput
from inspect_tui.records.pin_access import FAILURES, LONGEST_WAIT_S, TooSoon, WrongPin
from inspect_tui.records.pin_reset import reset_as_new_device
from inspect_tui.records.sites import add_site, edit_site
from inspect_tui.records.workspace import DEVICE_KEY, ROOT_KEY, Workspace
from inspect_tui.texts import Refused
from sync.errors import LockedError
from sync.exchange import exchange
from sync.keys import Key
from sync.peers import open_peer
from sync.sealing import Sealer
from sync.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIN, OTHER, PHONE = "river-stone-7", "847362", "13812345678"
posix = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def furnish(folder: Path) -> str:
    """A workspace with one site that has a telephone number; returns the site's id."""
    with Workspace.init(folder, name="检查员甲", badge="14110200001", area="141102") as made:
        return add_site(made, SiteInput("甲厂", "outfall", "141102", contact_phone=PHONE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Such a workspace."""
    furnish(tmp_path / "laptop")
    return tmp_path / "laptop"


def site_of(workspace: Workspace) -> str:
    """Its site."""
    return str(workspace.select("SELECT id FROM sites ORDER BY id LIMIT 1")[0][0])


def phone(workspace: Workspace) -> str | None:
    """The site's telephone number as it can be read now."""
    return queries.site_detail(workspace, site_of(workspace)).contact_phone


def faults(workspace: Workspace, level: str = "fault") -> list[str]:
    """What verify finds."""
    found = verify(workspace.replica.connection, workspace.replica.schema, workspace.blobs)
    return [one.code for one in found if one.level == level]


def readable(folder: Path) -> list[str]:
    """The files in which a thief would find a key or the telephone number."""
    found = []
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        if b"BEGIN PRIVATE KEY" in data or PHONE.encode() in data:
            found.append(path.name)
    return found


def works(workspace: Workspace) -> None:
    """Assert that it can be written and read, and is sound."""
    add_site(workspace, SiteInput("乙厂", "outfall", "141102"))
    assert phone(workspace) == PHONE
    assert faults(workspace) == []
    assert faults(workspace, "note") == []
    assert not [one for one in health(workspace) if one.code.startswith("photos")]


def test_with_a_pin_nothing_secret_lies_open(folder: Path) -> None:
    """Neither key nor telephone number; records are read without the PIN, and it opens everything again."""
    assert set(readable(folder)) > {DEVICE_KEY, ROOT_KEY}
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        works(workspace)
    assert readable(folder) == []
    with Workspace.open(folder) as workspace:
        assert len(workspace.select("SELECT id FROM sites")) == 2
        assert phone(workspace) is None
        assert (faults(workspace), faults(workspace, "note")) == ([], ["locked"])
        with pytest.raises((Refused, LockedError)):
            add_site(workspace, SiteInput("丙厂", "outfall", "141102"))
        with pytest.raises(LockedError):
            Key.load(folder / DEVICE_KEY)
        workspace.access.unlock(PIN)
        works(workspace)


def test_removing_the_pin_lays_everything_open_as_it_was(folder: Path) -> None:
    """The key is the same one, and no trace of the PIN is left."""
    before = Key.load(folder / DEVICE_KEY).public
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        with pytest.raises(WrongPin):
            pin.remove_pin(workspace, OTHER)
        pin.remove_pin(workspace, PIN)
        works(workspace)
    assert Key.load(folder / DEVICE_KEY).public == before
    assert not [path for path in folder.iterdir() if path.name.startswith("pin")]
    with Workspace.open(folder) as workspace:
        works(workspace)


def test_a_changed_pin_opens_and_the_old_one_does_not(folder: Path) -> None:
    """The keys stay as they are; only how they are reached changes."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        sealed = (folder / DEVICE_KEY).read_bytes()
        pin.change_pin(workspace, PIN, OTHER)
        assert (folder / DEVICE_KEY).read_bytes() == sealed
    with Workspace.open(folder) as workspace:
        with pytest.raises(WrongPin):
            workspace.access.unlock(PIN)
        assert workspace.access.unlock(OTHER) == 1
        works(workspace)


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "000000", "987654", "aaaaaa", "x" * 300, "12\u200b3456", "１２３４５６"]
)
def test_what_anybody_would_try_first_is_no_pin(folder: Path, text: str) -> None:
    """Too short, too long, one character, digits in a row, hidden characters: one sentence, nothing changed."""
    with Workspace.open(folder) as workspace:
        with pytest.raises(Refused):
            pin.set_pin(workspace, text)
        assert not workspace.access.is_set()
        assert not (folder / pin_file.PIN_FILE).exists()


def test_full_width_digits_are_the_digits(folder: Path) -> None:
    """An input method left on does not make another PIN."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, "８４７３６２")
        workspace.access.lock()
        workspace.access.unlock(OTHER)


def test_wrong_entries_wait_ever_longer_and_never_for_good(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted across restarts and told at the next right one; a clock set back or a damaged count shuts nobody out."""
    clock = [dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)]
    monkeypatch.setattr(times, "now", lambda: clock[0])
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
    tries = 0
    for _ in range(12):
        with Workspace.open(folder) as workspace:
            clock[0] += dt.timedelta(seconds=LONGEST_WAIT_S)
            with pytest.raises(WrongPin):
                workspace.access.unlock(OTHER)
            tries += 1
            if tries > 2:
                with pytest.raises(TooSoon):
                    workspace.access.unlock(PIN)
    with Workspace.open(folder) as workspace:
        assert pin.status(folder, workspace.access)["failures"] == tries
        clock[0] -= dt.timedelta(days=4000)
        with pytest.raises(TooSoon):
            workspace.access.unlock(PIN)
        clock[0] += dt.timedelta(seconds=LONGEST_WAIT_S)
        assert workspace.access.unlock(PIN) == tries
        (folder / FAILURES).write_bytes(b'{"x": [1e400, "y"]}')
        assert workspace.access.unlock(PIN) == 0


def test_a_lost_or_foreign_pin_file_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    """Without it no PIN opens anything, and it says so; the sealed keys are left as they are."""
    furnish(tmp_path / "other")
    for each in (folder, tmp_path / "other"):
        with Workspace.open(each) as workspace:
            pin.set_pin(workspace, PIN)
    mine = (folder / pin_file.PIN_FILE).read_bytes()
    for text in (
        b"{}",
        b"",
        (tmp_path / "other" / pin_file.PIN_FILE).read_bytes(),
        mine.replace(b'"version": 1', b'"version": 9'),
    ):
        (folder / pin_file.PIN_FILE).write_bytes(text)
        with Workspace.open(folder) as workspace, pytest.raises(Refused):
            workspace.access.unlock(PIN)
    (folder / pin_file.PIN_FILE).unlink()
    with Workspace.open(folder) as workspace, pytest.raises(Refused, match=pin_file.PIN_FILE):
        workspace.access.unlock(PIN)
    (folder / pin_file.PIN_FILE).write_bytes(mine)
    with Workspace.open(folder) as workspace:
        workspace.access.unlock(PIN)
        works(workspace)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_a_hostile_pin_file_is_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever stands in it, there is no traceback."""
    with pytest.raises(Refused):
        pin_file.parse(data, tmp_path_factory.getbasetemp() / pin_file.PIN_FILE)


@given(st.data())
def test_a_twisted_pin_file_never_gives_another_key(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Every byte of a slot is bound: changed anywhere it is refused, or the PIN is wrong, or nothing was changed."""
    sealer, text = _known()
    place = data.draw(st.integers(0, len(text) - 1))
    twisted = text[:place] + bytes([data.draw(st.integers(0, 255))]) + text[place + 1 :]
    try:
        found = pin_file.parse(twisted, tmp_path_factory.getbasetemp() / pin_file.PIN_FILE)
    except Refused:
        return
    for slot in found.slots:
        # the costs are bounded before anything is computed
        opened = pin_file.open_slot(slot, PIN)
        assert opened is None or opened.key == sealer.key


_KNOWN: list[tuple[Sealer, bytes]] = []


def _known() -> tuple[Sealer, bytes]:
    """A PIN file that costs little to open."""
    if not _KNOWN:
        sealer = Sealer.generate()
        kdf = pin_file.Scrypt(salt="00" * 16, log_n=10)
        person = pin_file.Person("甲", "14110200001")
        wrapped = pin_file._stretched(kdf, PIN).seal(pin_file._purpose(person.badge, kdf), sealer.key).hex()
        slot = pin_file.Slot(badge=person.badge, name=person.name, kdf=kdf, wrapped=wrapped)
        said = pin_file.PinFile(format="inspect-tui-pin", version=1, key=sealer.id, slots=(slot,))
        _KNOWN.append((sealer, msgspec.json.encode(said)))
        assert getattr(pin_file.open_slot(slot, PIN), "key", None) == sealer.key
    return _KNOWN[0]


# at every instant


def killed_at(act: Callable[[], None], folder: Path, step: int) -> bool:
    """Let a child act and die at its n-th change of a file in the folder; tells whether it got through before."""
    child = os.fork()
    if child == 0:  # pragma: no cover  it dies without telling
        status = 3
        try:
            left = [step]

            def hook(event: str, arguments: tuple[object, ...]) -> None:
                if event == "open" and not (
                    isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
                ):
                    return
                if event in {"open", "os.rename", "os.remove", "os.link"} and str(folder) in str(arguments[0]):
                    if left[0] == 0:
                        os._exit(9)
                    left[0] -= 1

            sys.addaudithook(hook)
            act()
            status = 0
        finally:
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 9}
    return code == 0


@posix
def test_setting_a_pin_can_be_killed_at_any_step(tmp_path: Path) -> None:
    """Afterwards it works with the PIN or without one, and going on leaves nothing open and nothing lost."""
    step, done, seen = 0, False, set()
    while not done:
        folder = tmp_path / str(step)
        furnish(folder)

        def act(folder: Path = folder) -> None:
            pin.set_pin(Workspace.open(folder), PIN)

        done = killed_at(act, folder, step)
        with Workspace.open(folder) as workspace:
            is_set = workspace.access.is_set()
            seen.add(is_set)
            if is_set:
                workspace.access.unlock(PIN)
            assert phone(workspace) == PHONE
            if not is_set:
                pin.set_pin(workspace, PIN)
            works(workspace)
        assert readable(folder) == [], step
        shutil.rmtree(folder)
        step += 1
    assert seen == {True, False}
    assert step > 15


@posix
def test_removing_a_pin_can_be_killed_at_any_step(tmp_path: Path) -> None:
    """The PIN still opens and seals what was opened already, or there is none any more; nothing is lost."""
    step, done, seen = 0, False, set()
    while not done:
        folder = tmp_path / str(step)
        furnish(folder)
        with Workspace.open(folder) as workspace:
            pin.set_pin(workspace, PIN)

        def act(folder: Path = folder) -> None:
            pin.remove_pin(Workspace.open(folder), PIN)

        done = killed_at(act, folder, step)
        with Workspace.open(folder) as workspace:
            is_set = workspace.access.is_set()
            seen.add(is_set)
            if is_set:
                workspace.access.unlock(PIN)
            works(workspace)
        assert (readable(folder) == []) == is_set, step
        shutil.rmtree(folder)
        step += 1
    assert seen == {True, False}


@posix
def test_a_reset_can_be_killed_at_any_step(tmp_path: Path) -> None:
    """The records are always there; while the key is sealed the reset is done again, afterwards it is a new device."""
    made = tmp_path / "made"
    furnish(made)
    with Workspace.open(made) as workspace:
        pin.set_pin(workspace, PIN)
    step, done = 0, False
    while not done:
        folder = tmp_path / str(step)
        shutil.copytree(made, folder)

        def act(folder: Path = folder) -> None:
            reset_as_new_device(Workspace.open(folder))

        done = killed_at(act, folder, step)
        with Workspace.open(folder) as workspace:
            if workspace.access.is_set():
                reset_as_new_device(workspace)
            add_site(workspace, SiteInput("乙厂", "outfall", "141102"))
            assert len(workspace.select("SELECT id FROM sites")) == 2
            assert faults(workspace) == []
            workspace.replica.rebuild()
            assert len(workspace.select("SELECT id FROM sites")) == 2
        # sealed files are renamed, none is removed
        assert [path for path in folder.iterdir() if path.name.startswith(f"{DEVICE_KEY}.locked")]
        shutil.rmtree(folder)
        step += 1
    assert step > 3


# private values on their way


def test_a_locked_value_is_missing_for_others_and_comes_from_an_unlocked_side(folder: Path, tmp_path: Path) -> None:
    """A locked folder gives its records but not its private values; the open side sends them, and their hash is checked."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
    with Workspace.init(tmp_path / "office", name="主管", badge="2", area="141102") as office:
        with open_peer(folder) as peer:
            done = exchange(office.replica, peer, trust=lambda _: True, area="141102", officer="2")
        assert (len(done.photos_missing), done.photos_damaged) == (1, [])
        assert phone(office) is None
        assert (faults(office), faults(office, "note")) == ([], ["photo"])
        with Workspace.open(folder) as workspace:
            workspace.access.unlock(PIN)
            from sync.peers import ReplicaPeer

            exchange(
                office.replica, ReplicaPeer(workspace.replica), trust=lambda _: True, area="141102", officer="2"
            )
        assert phone(office) == PHONE
        assert faults(office, "note") == []


def test_what_comes_to_a_laptop_with_a_pin_is_sealed_at_once(folder: Path, tmp_path: Path) -> None:
    """Unlocked it takes a private value and never lays it open; locked it leaves it for the next time."""
    with Workspace.init(tmp_path / "mine", name="乙", badge="2", area="141102") as mine:
        pin.set_pin(mine, PIN)
        mine.access.lock()
        for expected in (1, 0):
            with open_peer(folder) as peer:
                if expected:
                    # the adoption is signed
                    mine.access.unlock(PIN)
                    mine.identity.key.sign(b"")
                    mine.access.lock()
                else:
                    mine.access.unlock(PIN)
                done = exchange(mine.replica, peer, trust=lambda _: True, area="141102", officer="2")
            assert len(done.photos_missing) == expected
            assert done.photos_damaged == []
        assert phone(mine) == PHONE
    assert readable(tmp_path / "mine") == []


def test_a_changed_envelope_is_found_and_replaced(folder: Path) -> None:
    """Unlocked, verify calls a changed private value damaged; with the true bytes it is put right."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        (envelope,) = [path for path in (folder / "private").rglob("*") if path.is_file()]
        data = workspace.blobs.read(envelope.parent.name + envelope.name)
        sealed = bytearray(envelope.read_bytes())
        sealed[-1] ^= 1
        envelope.write_bytes(sealed)
        assert faults(workspace) == ["photo"]
        workspace.access.lock()
        assert faults(workspace) == []
        envelope.write_bytes(b"x" * 100)
        assert faults(workspace) == ["photo"]
        workspace.access.unlock(PIN)
        workspace.blobs.put_private(data)
        assert faults(workspace) == []
        assert phone(workspace) == PHONE


def test_a_purge_takes_a_sealed_value_too(folder: Path) -> None:
    """Gone for good, with the reason in the log."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        sha256 = next(iter(workspace.blobs.all()))
        workspace.replica.purge("141102", sha256, reason="依法删除", officer="1")
        assert phone(workspace) is None
        assert not [path for path in (folder / "private").rglob("*") if path.is_file()]
        assert (faults(workspace), faults(workspace, "note")) == ([], ["purged"])


def test_a_backup_opens_with_the_same_pin_and_can_be_read_without(folder: Path, tmp_path: Path) -> None:
    """The copy has all that the PIN needs; it becomes a new device once somebody writes."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        device = workspace.device
        assert back_up(workspace, tmp_path / "copy")["photos_damaged"] == []
    assert readable(tmp_path / "copy") == []
    with Workspace.open(tmp_path / "copy") as copy:
        assert len(copy.select("SELECT id FROM sites")) == 1
        copy.access.unlock(PIN)
        works(copy)
        assert copy.device != device
    assert readable(tmp_path / "copy") == []


def test_editing_with_the_same_number_changes_nothing(folder: Path) -> None:
    """A sealed value is compared, not written anew."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        said = SiteInput("甲厂", "outfall", "141102", contact_phone=PHONE)
        assert edit_site(workspace, site_of(workspace), said) == []


def test_another_window_that_removed_the_pin_is_noticed(folder: Path) -> None:
    """What is written here afterwards is not sealed under a key that nobody has any more."""
    with Workspace.open(folder) as one, Workspace.open(folder) as other:
        pin.set_pin(one, PIN)
        other.access.unlock(PIN)
        pin.remove_pin(other, PIN)
        add_site(one, SiteInput("丁厂", "outfall", "141102", contact_phone="13900000000"))
        pin.set_pin(other, OTHER)
        one.access.unlock(OTHER)
        assert faults(one) == []
    with Workspace.open(folder) as workspace:
        workspace.access.unlock(OTHER)
        works(workspace)


# those who share it


def test_officers_share_one_key_with_a_pin_each(folder: Path) -> None:
    """Each unlocks with their own; one who leaves cannot any more, and the others are not touched."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        officers.add(workspace, "检查员乙", "14110200002", OTHER)
        with pytest.raises(WrongPin):
            officers.switch(workspace, "14110200002", PIN)
        officers.switch(workspace, "１４１１０２００００２", OTHER)
        site = add_site(workspace, SiteInput("乙厂", "outfall", "141102"))
        assert workspace.replica.history(site)[0].officer == "14110200002"
        with pytest.raises(Refused):
            officers.remove(workspace, "14110200002")
        officers.remove(workspace, "14110200001")
        with pytest.raises(Refused):
            officers.switch(workspace, "14110200001", PIN)
    with Workspace.open(folder) as workspace:
        with pytest.raises(WrongPin):
            workspace.access.unlock(PIN)
        workspace.access.unlock(OTHER)
        assert [(one.badge, one.pin) for one in officers.listed(workspace)] == [("14110200002", True)]


def test_typing_another_badge_into_the_settings_opens_nothing(folder: Path) -> None:
    """Who stands in config.toml must know their own PIN."""
    with Workspace.open(folder) as workspace:
        pin.set_pin(workspace, PIN)
        officers.add(workspace, "检查员乙", "14110200002", OTHER)
    config = folder / "config.toml"
    config.write_text(
        config.read_text("utf-8").replace('badge = "14110200001"', 'badge = "14110200002"', 1), "utf-8"
    )
    with Workspace.open(folder) as workspace, pytest.raises(WrongPin):
        workspace.access.unlock(PIN)
