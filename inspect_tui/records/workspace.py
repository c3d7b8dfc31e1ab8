"""The workspace 工作区: the folder of one device, with its database, photos, settings and keys."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import threading
import tomllib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast

from inspect_tui.reasons import reason_of
from inspect_tui.records.files import write_atomically
from inspect_tui.records.model import Officer
from inspect_tui.texts import Language, Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from checklists.freezing import Frozen
    from checklists.model import Catalogue, Checklist
    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.publications import Published
    from sync.blobs import Blobs
    from sync.identity import Identity
    from sync.replica import Edit, Replica, Row

DATABASE: Final = "workspace.db"
PHOTOS: Final = "photos"
CONFIG: Final = "config.toml"
CHECKLISTS: Final = "checklists"
DEVICE_KEY: Final = "device.key"
DEVICE_CERTIFICATE: Final = "device.jws"
ROOT_KEY: Final = "root.key"
JOINING_KEY: Final = "joining.key"
JOINING_CERTIFICATE: Final = "joining.jws"
ENVIRONMENT: Final = "INSPECT_TUI_WORKSPACE"
FAR_M: Final = 500


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one device, `config.toml`.

    Attributes:
        name: The officer's name.
        badge: The officer's badge number 执法证号.
        area: GB/T 2260 code offered for new sites.
        device: How this laptop is called in the log.
        language: Language of screens and messages.
        far_m: From how many metres a photo counts as far from its site.
        theme: Name of the screen's theme; empty for the default.
        rest: Settings of a newer programme, kept as they are.
    """

    name: str
    badge: str
    area: str
    device: str = ""
    language: Language = "zh"
    far_m: int = FAR_M
    theme: str = ""
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layers:
    """The catalogue of an area as it was put together.

    Attributes:
        stamp: What was published when it was.
        local: Ids of the checklists that come from the imported folder.
        published: What holds of the published ones; None where nothing was ever published.
    """

    stamp: tuple[tuple[Any, ...], ...]
    catalogue: Catalogue
    local: frozenset[str]
    published: Published | None


class Workspace:
    """One device's workspace, open."""

    def __init__(self, folder: Path, config: Config, replica: Replica) -> None:
        self.folder = folder
        self.config = config
        self.replica = replica
        self.thawed: dict[str, Frozen] = {}
        """Frozen checklists by row id; a row of `checklist_versions` never changes."""
        self.proven: dict[str, Checklist] = {}
        """Published checklists read from their signed text, by its SHA-256."""
        self._layers: dict[str, Layers] = {}
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []

    @staticmethod
    def default_folder() -> Path:
        """The folder named by INSPECT_TUI_WORKSPACE, else one in the platform's data folder."""
        if named := os.environ.get(ENVIRONMENT):
            return Path(named).expanduser()
        import platformdirs

        return platformdirs.user_data_path("inspect-tui", appauthor=False) / "workspace"

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Whether there is a workspace in `folder`."""
        return (folder / CONFIG).is_file()

    @classmethod
    def init(cls, folder: Path, *, name: str, badge: str, area: str) -> Self:
        """Make a workspace: its own root for all areas, so one person needs no ceremony.

        Args:
            folder: Made when it is not there.
            name: The officer's name.
            badge: The officer's badge number.
            area: GB/T 2260 code, the default for new sites.

        Raises:
            Refused: There is one already, the folder cannot be written, or the area code is unknown.
        """
        from inspect_tui.records import setup

        config = setup.first_config(name=name, badge=badge, area=area)
        if (wrong := incomplete(folder)) is not None and not _never_used(folder):
            raise wrong
        replica = setup.make(folder, config)
        return cls(folder, config, replica)

    @classmethod
    def open(cls, folder: Path, access: Access | None = None, *, joining: bool = False) -> Self:
        """Open the workspace in `folder`; a copied or restored one gets a new device identity first.

        Where nothing can be written, it is read from a private copy and every action is refused.

        Args:
            folder: Where it is.
            access: The way to its keys, unlocked already where a PIN is set; else a PIN is asked for when it is needed.
            joining: A team is about to be joined, which gives the device a new identity in any case.

        Raises:
            Refused: There is none, it is damaged, made by a newer programme, or locked.
        """
        from inspect_tui.records import setup

        if (wrong := incomplete(folder)) is not None:
            raise wrong
        config = read_config(folder)
        try:
            replica = setup.reopen(folder, config, access, joining=joining)
        except Refused:
            if writable(folder):
                raise
            from inspect_tui.records.read_only import open_snapshot

            replica = open_snapshot(folder, access)
        else:
            _sweep(folder / PHOTOS)
        workspace = cls(folder, config, replica)
        setup.when_settled(replica, lambda: workspace.__dict__.pop("device", None))
        return workspace

    def close(self) -> None:
        """Let go of the database."""
        while self._readers:
            self._readers.pop().close()
        self.replica.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def catalogue(self) -> Catalogue:
        """Checklists, legal register, kinds of sites and areas, read when first asked for.

        Over the shipped ones stand those published for this workspace's area, over these the imported ones.
        """
        known = self._layers.get(self.config.area)
        return self.catalogue_for(self.config.area) if known is None else known.catalogue

    def catalogue_for(self, area: str) -> Catalogue:
        """The catalogue that holds for sites of an area; what a merge has brought since is looked for."""
        return self.layers(area).catalogue

    def layers(self, area: str) -> Layers:
        """The catalogue of an area, and where its checklists come from."""
        query = "SELECT id, created, heads, conflict FROM published_checklists ORDER BY id"
        stamp = tuple(tuple(row) for row in self.select(query))
        found = self._layers.get(area)
        if found is None or found.stamp != stamp:
            found = self._layered(area, stamp)
            # what was put together before this came is put together anew when it is asked for
            self._layers = {each: one for each, one in self._layers.items() if one.stamp == stamp} | {area: found}
        return found

    def _layered(self, area: str, stamp: tuple[tuple[Any, ...], ...]) -> Layers:
        from checklists.catalogue import load_layered

        over = self.folder / CHECKLISTS
        if not stamp:
            return Layers(stamp, *load_layered({}, over=over), published=None)
        from inspect_tui.records.publications import published

        found = published(self, area)
        return Layers(stamp, *load_layered(found.checklists, found.faults, over=over), published=found)

    @property
    def officer(self) -> Officer:
        """Who works on this device."""
        return Officer(self.config.name, self.config.badge)

    @property
    def blobs(self) -> Blobs:
        """Photos and private values, by SHA-256."""
        return self.replica.blobs

    @property
    def identity(self) -> Identity:
        """The device's key and certificate."""
        identity = self.replica.identity
        if identity is None:
            raise Refused("此工作区只能读取。", "This workspace can only be read.")
        return identity

    @cached_property
    def access(self) -> Access:
        """The way to the keys, which a PIN may protect."""
        from inspect_tui.records.pin_access import Access

        vault = self.replica.blobs.vault
        if not isinstance(vault, Access):
            self.replica.blobs.vault = vault = Access(self.folder)
        return vault

    @cached_property
    def device(self) -> str:
        """The id of this device, read from its certificate without checking the signature: the file is our own."""
        payload = self.identity.jws.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(said["device"])

    def change_config(self, **changes: Any) -> Config:
        """Change settings and have them on disk on return; fields as in `Config`."""
        config = replace(self.config, **changes)
        write_config(self.folder, config)
        self.config = config
        return config

    def write(self, area: str, edits: Sequence[Edit], *, by: Officer | None = None) -> str:
        """Sign `edits` as one changeset and have it on disk on return.

        Args:
            area: Area of all rows in it.
            edits: What changes.
            by: Who acted, when it is not the officer of this device.

        Returns:
            Its version.

        Raises:
            Refused: The log would not take it, or the disk failed.
        """
        from sync.errors import SyncError

        try:
            return self.replica.write(area, edits, officer=(by or self.officer).badge)
        except SyncError as error:
            raise Refused(error.zh, error.en) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Look and write in one transaction: what is read inside does not change before it is written."""
        from sync.errors import SyncError

        try:
            # before the file is locked: a person may take a while
            self.access.ready()
            with self.replica.writing():
                outer = getattr(self._local, "inside", False)
                self._local.inside = True
                try:
                    yield
                finally:
                    self._local.inside = outer
        except SyncError as error:
            raise Refused(error.zh, error.en) from error

    def select(self, query: str, *values: object) -> list[sqlite3.Row]:
        """The rows that a SELECT gives: inside `writing` as they stand there, else as they are on disk.

        Each thread reads on a connection of its own, so a screen never waits for a merge.
        """
        from sync.errors import SyncError
        from sync.storage import store_errors

        try:
            with store_errors(self.replica.path):
                return self._reader().execute(query, values).fetchall()
        except SyncError as error:
            raise Refused(error.zh, error.en) from error

    def _reader(self) -> sqlite3.Connection:
        if getattr(self._local, "inside", False):
            return self.replica.connection
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self.replica.connect_reader()
            self._local.reader = reader
            self._readers.append(reader)
        return reader

    def row(self, table: str, row_id: str) -> Row:
        """The row with that id.

        Raises:
            Refused: There is none.
        """
        row = self.replica.row(table, row_id)
        if row is None:
            raise Refused(f"没有编号为 {row_id} 的记录（{table}）。", f"There is no row {row_id} in {table}.")
        return row


def incomplete(folder: Path) -> Refused | None:
    """What keeps `folder` from being opened as a workspace, with the way out; None where nothing does."""
    if folder.exists() and not folder.is_dir():
        return Refused(
            f"{folder} 是文件，不是工作区文件夹；请给出文件夹。",
            f"{folder} is a file, not the folder of a workspace; name a folder.",
        )
    config, database = folder / CONFIG, folder / DATABASE
    keys = [name for name in (DEVICE_KEY, DEVICE_CERTIFICATE) if not (folder / name).is_file()]
    if not config.is_file() and not database.is_file():
        return Refused(
            f"{folder} 中没有工作区；请先运行 inspect-tui init。",
            f"There is no workspace in {folder}; run inspect-tui init first.",
        )
    if not database.is_file():
        return Refused(
            f"工作区 {folder} 缺少存放记录的 {DATABASE}；请从备份恢复：把备份的 .db 文件复制为 {database}；没有备份时，"
            "在另一个新文件夹运行 inspect-tui init，再合并其他设备。",
            f"The workspace {folder} lacks {DATABASE}, which holds the records; restore it: copy the .db file of a backup to"
            f" {database}; without a backup, run inspect-tui init in another new folder and merge the other devices.",
        )
    if keys:
        listed = "、".join(([] if config.is_file() else [CONFIG]) + keys)
        return Refused(
            f"{folder} 中有记录 {DATABASE}，但缺少 {listed}；请从备份恢复这些文件；若只有数据库，则作为新设备使用："
            f"在另一个新文件夹运行 inspect-tui init，再运行 inspect-tui merge {database}。",
            f"{folder} holds the records {DATABASE} but lacks {listed.replace('、', ', ')}; restore these files; with"
            f" nothing but the database go on as a new device: run inspect-tui init in another new folder, then"
            f" inspect-tui merge {database}.",
        )
    if not config.is_file():
        return Refused(
            f"工作区 {folder} 缺少设置文件 {CONFIG}，记录和密钥都在；请从备份恢复该文件，或新建 {config}，内容为三行："
            'name = "姓名"，badge = "执法证号"，area = "行政区代码"。',
            f"The workspace {folder} lacks its settings {CONFIG}, its records and keys are there; restore that file, or"
            f' make {config} with three lines: name = "…", badge = "…", area = "141102".',
        )
    return None


def _sweep(photos: Path) -> None:
    """Take away what a killed process left half copied; as a rule there is nothing, which costs next to nothing."""
    with contextlib.suppress(OSError), os.scandir(photos / "incoming") as listing:
        if next(listing, None) is not None:
            from inspect_tui.photos.store import sweep_incoming

            sweep_incoming(photos)


def _never_used(folder: Path) -> bool:
    """Whether `init` may go on here: nothing is there, or what an `init` that was cut off has left, without a record."""
    if (folder.exists() and not folder.is_dir()) or (folder / CONFIG).is_file():
        return False
    database = folder / DATABASE
    if not database.is_file() or database.stat().st_size == 0:
        return True
    from sync.errors import SyncError
    from sync.peers import open_peer
    from sync.storage import is_empty, store_errors

    try:
        with open_peer(database) as peer, store_errors(database):
            return not peer.connection.execute("SELECT EXISTS (SELECT 1 FROM log)").fetchone()[0]
    except SyncError:
        return is_empty(database)


def writable(folder: Path) -> bool:
    """Whether a workspace can be written to; a card or a network folder may be read-only."""
    return os.access(folder, os.W_OK | os.X_OK) and os.access(folder / DATABASE, os.W_OK)


_FIELDS: Final = ("name", "badge", "area", "device", "language", "far_m", "theme")


def read_config(folder: Path) -> Config:
    """The settings in `folder`.

    Raises:
        Refused: The file is missing, is no TOML, or a setting has the wrong form.
    """
    path = folder / CONFIG
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = reason_of(error)
        raise Refused(
            f"设置文件 {path} 无法读取：{reason.zh}；请检查权限，或从备份恢复。",
            f"The settings file {path} cannot be read: {reason.en}; check its permissions or restore it from a backup.",
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        where = re.search(r"at line (\d+)", str(error))
        zh, en = (f"第 {where[1]} 行", f"line {where[1]}") if where else ("内容", "the content")
        raise Refused(
            f"设置文件 {path} 的{zh}不是 UTF-8 的 TOML；请改正，或从备份恢复。",
            f"The settings file {path} is not TOML in UTF-8 ({en}); correct it or restore it from a backup.",
        ) from error
    for name in ("name", "badge", "area"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise _wrong_setting(path, name)
    far_m = said.get("far_m", FAR_M)
    if not isinstance(far_m, int) or isinstance(far_m, bool) or far_m <= 0:
        raise _wrong_setting(path, "far_m")
    if said.get("language", "zh") not in ("zh", "en"):
        raise _wrong_setting(path, "language")
    return Config(
        name=said["name"],
        badge=said["badge"],
        area=said["area"],
        device=str(said.get("device", "")),
        language=cast("Language", said.get("language", "zh")),
        far_m=far_m,
        theme=str(said.get("theme", "")),
        rest={key: value for key, value in said.items() if key not in _FIELDS},
    )


def _wrong_setting(path: Path, name: str) -> Refused:
    return Refused(
        f"设置文件 {path} 中的 {name} 缺失或格式不对。", f"The setting {name} in {path} is missing or malformed."
    )


def write_config(folder: Path, config: Config) -> None:
    """Write the settings, whole or not at all.

    Raises:
        Refused: The disk does not take them.
    """
    pairs: list[tuple[str, Any]] = [(name, getattr(config, name)) for name in _FIELDS]
    pairs += config.rest.items()
    lines: list[str] = []
    tables: list[str] = []
    for key, value in pairs:
        if isinstance(value, dict):
            tables += ["", f"[{_toml(key)}]", *(f"{_toml(name)} = {_toml(part)}" for name, part in value.items())]
        else:
            lines.append(f"{_toml(key) if not key.isidentifier() else key} = {_toml(value)}")
    write_atomically(folder / CONFIG, ("\n".join([*lines, *tables]) + "\n").encode())


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(part)}" for name, part in value.items()) + "}"
    escaped = "".join(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
        or (character if character >= " " and character != "\x7f" else f"\\u{ord(character):04x}")
        for character in str(value)
    )
    return f'"{escaped}"'
