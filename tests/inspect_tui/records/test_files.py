"""Writing files: never over what a workspace holds, whole or not at all, streams written through."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tui.records.files import is_standard_output, refuse_existing, replacing, workspace_around
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder that looks like somebody's workspace."""
    folder = tmp_path / "strange"
    (folder / "photos" / "ab").mkdir(parents=True)
    (folder / "device.key").write_text("key")
    (folder / "photos" / "ab" / "photo").write_text("photo")
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _write(path: Path, data: bytes = b"new") -> None:
    with replacing(path) as file:
        file.write(data)


@pytest.mark.parametrize(
    "place", ["device.key", "new.csv", "photos/ab/photo", "sub/new.csv", "photos/../device.key"]
)
def test_nothing_is_written_into_a_workspace(strange: Path, place: str) -> None:
    """A file that is there, or a new one, at any depth, is refused with both paths, and every byte stays."""
    with pytest.raises(Refused, match="strange"):
        _write(strange / place)
    assert (strange / "device.key").read_text() == "key"
    assert (strange / "photos" / "ab" / "photo").read_text() == "photo"
    assert _names(strange) == ["device.key", "photos"]


def test_links_do_not_lead_into_or_out_of_a_workspace(strange: Path, tmp_path: Path) -> None:
    """A link to a workspace's file or folder is refused, and so is a link in a workspace to elsewhere."""
    (tmp_path / "file.csv").symlink_to(strange / "device.key")
    (tmp_path / "folder").symlink_to(strange, target_is_directory=True)
    (strange / "out.csv").symlink_to(tmp_path / "x.csv")
    for path in (tmp_path / "file.csv", tmp_path / "folder" / "x.csv", strange / "out.csv"):
        with pytest.raises(Refused):
            _write(path)
    assert (strange / "device.key").read_text() == "key"
    assert not (tmp_path / "x.csv").exists()


def test_a_link_to_a_file_is_written_through(tmp_path: Path) -> None:
    """The file that the link names is replaced, keeps its mode, and the link stays a link; a dangling one is refused."""
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    _write(link)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    with pytest.raises(Refused):
        _write(tmp_path / "dangling")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_written_through_and_stays_a_pipe(tmp_path: Path) -> None:
    """The reader gets the bytes; nothing is renamed over the pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    _write(pipe)
    reader.join(10)
    assert got == [b"new"]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert _names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("place", ["", ".", "..", "folder"])
def test_folders_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """An empty name or a folder is refused in one sentence."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused):
        _write(Path(place))


def test_a_full_device_is_named_in_the_language_in_use(tmp_path: Path) -> None:
    """The refusal names the target and the reason in Chinese, not the system's English; the device stays."""
    device = tmp_path / "full"
    try:
        # Not /dev/full itself: a mistake in what is tested would rename over it.
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 7))
        device.open("wb", buffering=0).close()
    except (OSError, AttributeError):
        pytest.skip("no device can be made here")
    with pytest.raises(Refused) as refused:
        _write(device)
    assert str(device) in refused.value.zh
    assert "磁盘空间不足" in refused.value.zh
    assert "No space" not in refused.value.zh
    assert stat.S_ISCHR(device.lstat().st_mode)


def test_standard_output_has_several_names() -> None:
    """Each of them is this process's own descriptor, which is written on, not opened anew."""
    assert all(is_standard_output(Path(name)) for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"))
    assert not is_standard_output(Path("/dev/stderr"))


def test_what_fails_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    """An error while writing leaves what was there, and nothing beside it."""
    path = tmp_path / "x.csv"
    path.write_text("old")

    def half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(Refused):
        half()
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["x.csv"]


def test_a_new_place_must_be_free(strange: Path, tmp_path: Path) -> None:
    """What exists, a dangling link among it, and what lies in a workspace is refused; elsewhere there is room."""
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for path in (tmp_path / "strange", tmp_path / "dangling", strange / "new"):
        with pytest.raises(Refused):
            refuse_existing(path)
    refuse_existing(tmp_path / "new")
    assert workspace_around(tmp_path / "new") is None


def test_a_bare_database_leaves_its_folder_usable_and_is_not_replaced(workspace: Workspace, tmp_path: Path) -> None:
    """A stick that carries a copy of the database takes exports beside it; the database itself is never overwritten."""
    stick = tmp_path / "stick"
    stick.mkdir()
    workspace.replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(workspace.folder / "workspace.db", stick / "workspace.db")
    shutil.copyfile(workspace.folder / "device.key", stick / "renamed.pem")
    before = (stick / "workspace.db").read_bytes()

    with replacing(stick / "findings.csv") as file:
        file.write(b"x")
    for name in ("workspace.db", "renamed.pem"):
        with pytest.raises(Refused, match=name), replacing(stick / name) as file:
            file.write(b"x")

    assert (stick / "findings.csv").read_bytes() == b"x"
    assert (stick / "workspace.db").read_bytes() == before
