"""The workspace: made whole, opened again, and a new device when it was copied."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import queries
from inspect_tui.records.inspections import set_note
from inspect_tui.records.workspace import CONFIG, DATABASE, DEVICE_KEY, ROOT_KEY, Config, Workspace, read_config
from inspect_tui.records.workspace import write_config as write
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path


def test_opening_finds_what_was_recorded(workspace: Workspace, site: str) -> None:
    """A site recorded before closing is there after opening."""
    folder = workspace.folder
    workspace.close()
    with Workspace.open(folder) as again:
        assert again.row("sites", site).values["name"] == "示例工程"
        assert again.officer.badge == "14110200001"


def test_keys_are_for_their_owner_alone(workspace: Workspace) -> None:
    """Nobody else on the machine may read the device's key or the root's."""
    for name in (DEVICE_KEY, ROOT_KEY):
        assert stat.S_IMODE((workspace.folder / name).stat().st_mode) == 0o600


def test_init_leaves_a_workspace_alone(workspace: Workspace) -> None:
    """A second init in the folder is refused and changes nothing."""
    before = (workspace.folder / CONFIG).read_bytes()
    with pytest.raises(Refused):
        Workspace.init(workspace.folder, name="x", badge="2", area="141102")

    assert (workspace.folder / CONFIG).read_bytes() == before


def test_init_goes_on_after_being_killed(workspace: Workspace) -> None:
    """An init that was killed before the settings were written can be done again."""
    folder = workspace.folder
    workspace.close()
    (folder / CONFIG).unlink()
    with Workspace.init(folder, name="乙", badge="2", area="141102") as again:
        assert again.config.name == "乙"


def test_init_keeps_a_log_without_settings(workspace: Workspace, site: str) -> None:
    """Where only the settings were lost, init does not take the log for an unfinished one."""
    folder = workspace.folder
    workspace.close()
    (folder / CONFIG).unlink()
    with pytest.raises(Refused):
        Workspace.init(folder, name="乙", badge="2", area="141102")

    assert (folder / DATABASE).stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "badge", "area"), [("", "1", "141102"), ("甲", "", "141102"), ("甲", "1", "14110x")]
)
def test_init_wants_name_badge_and_area(tmp_path: Path, name: str, badge: str, area: str) -> None:
    """Empty names and wrong area codes are refused before anything is made."""
    with pytest.raises(Refused):
        Workspace.init(tmp_path / "w", name=name, badge=badge, area=area)

    assert not (tmp_path / "w").exists()


def test_a_missing_workspace_is_said_to_be_missing(tmp_path: Path) -> None:
    """Opening a folder without workspace says what to do, and makes nothing."""
    with pytest.raises(Refused, match="init"):
        Workspace.open(tmp_path / "nothing")

    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ((DATABASE,), DATABASE),
        ((CONFIG,), CONFIG),
        ((DEVICE_KEY,), "merge"),
        ((CONFIG, DEVICE_KEY, "device.jws", ROOT_KEY), "merge"),
    ],
)
def test_an_incomplete_workspace_names_what_is_missing_and_the_way_out(
    workspace: Workspace, site: str, gone: tuple[str, ...], says: str
) -> None:
    """Open and init say the same, send nobody round in a circle, and leave what is there."""
    folder = workspace.folder
    workspace.close()
    for name in gone:
        (folder / name).unlink()
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(Refused) as opening:
        Workspace.open(folder)
    with pytest.raises(Refused) as making:
        Workspace.init(folder, name="x", badge="2", area="141102")

    assert opening.value.zh == making.value.zh
    assert says in opening.value.zh
    assert all(name in opening.value.zh for name in gone if name != ROOT_KEY)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_bare_database_goes_on_as_a_new_device(workspace: Workspace, site: str, tmp_path: Path) -> None:
    """What the refusal advises works: init elsewhere and merge the database."""
    from inspect_tui.cli.merge import merge_one

    folder = workspace.folder
    workspace.close()
    (tmp_path / "bare").mkdir()
    shutil.copy(folder / DATABASE, tmp_path / "bare" / DATABASE)
    with Workspace.init(tmp_path / "new", name="甲", badge="1", area="141102") as new:
        merge_one(new, tmp_path / "bare" / DATABASE, trust=lambda _: True)
        assert new.row("sites", site).values["name"] == "示例工程"


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    """A file in the place of the folder is said to be one."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused, match="文件"):
        Workspace.open(tmp_path / "file")


def test_what_a_killed_load_left_is_swept_after_a_day(workspace: Workspace) -> None:
    """Opening takes away half copies older than a day, and nothing else."""
    folder = workspace.folder
    workspace.close()
    incoming = folder / "photos" / "incoming"
    incoming.mkdir(parents=True)
    for name in ("old", "young"):
        (incoming / name).write_bytes(b"half")
    (incoming / "link").symlink_to(folder / DATABASE)
    os.utime(incoming / "old", (1, 1))
    Workspace.open(folder).close()
    assert sorted(path.name for path in incoming.iterdir()) == ["link", "young"]
    assert (folder / DATABASE).is_file()


@pytest.mark.parametrize("name", [CONFIG, DATABASE, DEVICE_KEY])
def test_a_damaged_file_is_named(workspace: Workspace, name: str) -> None:
    """Garbage in any file of the workspace is a clear refusal, never a traceback."""
    folder = workspace.folder
    workspace.close()
    for beside in folder.glob("workspace.db-*"):
        beside.unlink()
    (folder / name).write_bytes(b"\xff garbage" * 1000)

    with pytest.raises(Refused), Workspace.open(folder) as again:
        again.write("141102", [])


def test_a_copied_workspace_becomes_a_new_device(workspace: Workspace, site: str, tmp_path: Path) -> None:
    """A copy signs with its own key, so original and copy never write two successors of one changeset."""
    folder, device = workspace.folder, workspace.device
    workspace.close()
    shutil.copytree(folder, tmp_path / "copy")
    with Workspace.open(tmp_path / "copy") as copy, Workspace.open(folder) as original:
        assert original.device == device
        assert copy.device != device
        assert copy.replica.team == original.replica.team
        copied = copy.device
    with Workspace.open(tmp_path / "copy") as again:
        assert again.device == copied


def test_a_copy_can_go_on_recording(workspace: Workspace, inspection: str, tmp_path: Path) -> None:
    """What the copy writes counts: its certificate comes from the same root."""
    folder = workspace.folder
    workspace.close()
    shutil.copytree(folder, tmp_path / "copy")
    with Workspace.open(tmp_path / "copy") as copy:
        set_note(copy, inspection, "副本上的备注")

        assert copy.row("inspections", inspection).values["note"] == "副本上的备注"
        assert copy.replica.status().refused == 0


def test_settings_survive_hostile_values_and_newer_programmes(tmp_path: Path) -> None:
    """Quotes, backslashes and control characters come back as they were; so do settings that we do not know."""
    config = Config('甲"\\\n\x07', "1'2", "141102", rest={"colour": "红", "n": [1, "b"], "table": {"a b": True}})
    write(tmp_path, config)

    assert read_config(tmp_path) == config


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 1",
        'name="a"\nbadge="1"\narea="141102"\nfar_m = -1',
        'name="a"\nbadge="1"\narea="1"\nlanguage="fr"',
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str) -> None:
    """A missing or malformed setting is named."""
    (tmp_path / CONFIG).write_text(text, "utf-8")
    with pytest.raises(Refused):
        read_config(tmp_path)


def test_every_thread_reads_for_itself(workspace: Workspace, site: str) -> None:
    """Reading on another thread works while the first one is writing."""
    found: list[int] = []

    def read() -> None:
        found.append(len(workspace.select("SELECT id FROM sites")))

    with workspace.writing():
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()

    assert found == [1]


def test_importing_the_workspace_imports_nothing_heavy() -> None:
    """Start-up pays for no screen, image library, cryptography or sqlite-utils."""
    heavy = {"textual", "rich", "PIL", "exifread", "sqlite_utils", "cryptography", "jwt", "yaml"}
    code = (
        "import sys, inspect_tui.records.workspace, inspect_tui.records.queries, inspect_tui.records.answers;"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_checklist_that_was_left_out_is_told_today(workspace: Workspace) -> None:
    """A broken file in the workspace's own checklists falls back to the built-in one, and Today says so."""
    folder = workspace.folder / "checklists"
    folder.mkdir(exist_ok=True)
    (folder / "river-outfall.yaml").write_text("id: [", "utf-8")

    with Workspace.open(workspace.folder) as again:
        warnings = queries.today(again).warnings

    assert [one.code for one in warnings if "river-outfall.yaml" in one.zh] == ["catalogue"]
