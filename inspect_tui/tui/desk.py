"""What every screen works on: the folder, and the workspace in it, opened by whoever needs it first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.courier import Courier

_SEALED: Final = b"-----BEGIN SEALED PRIVATE KEY-----"


class Desk:
    """The folder of this device and its open workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._workspace: Workspace | None = None
        self._access: Access | None = None
        self._lock = threading.Lock()
        self._courier: Courier | None = None

    @property
    def courier(self) -> Courier:
        """Who exchanges in the background."""
        if self._courier is None:
            from inspect_tui.tui.courier import Courier

            self._courier = Courier(self)
        return self._courier

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened on first use; workers come first, so the screen never waits for the file.

        Raises:
            Refused: It cannot be opened; the sentence says why.
        """
        with self._lock:
            if self._workspace is None:
                from inspect_tui.records.workspace import Workspace

                self._workspace = Workspace.open(self.folder, self.access)
            return self._workspace

    @property
    def access(self) -> Access:
        """The way to the keys, there before the workspace is open: a copied one opens with its keys only."""
        if self._access is None:
            from inspect_tui.records.pin_access import Access

            self._access = Access(self.folder)
        return self._access

    def has_pin(self) -> bool:
        """Whether a PIN is set, looked up without importing what nobody needs before the first paint."""
        try:
            with (self.folder / "device.key").open("rb") as file:
                return file.read(len(_SEALED)) == _SEALED
        except OSError:
            return False

    def take(self, workspace: Workspace) -> None:
        """Work on a workspace that was just made."""
        self._workspace = workspace
        self._access = workspace.access
        self.folder = workspace.folder

    @property
    def is_open(self) -> bool:
        """Whether a workspace is open."""
        return self._workspace is not None

    def remember(self, group: str, key: str, value: str, *, most: int = 50) -> None:
        """Keep a small setting of the screens in `config.toml`; the oldest of a group give way."""
        config = self.workspace.config
        kept = {name: text for name, text in config.rest.get(group, {}).items() if name != key}
        kept[key] = value
        if config.rest.get(group) != kept:
            kept = dict(list(kept.items())[-most:])
            self.workspace.change_config(rest={**config.rest, group: kept})

    def remembered(self, group: str, key: str) -> str | None:
        """A small setting kept before."""
        value = self.workspace.config.rest.get(group, {}).get(key)
        return value if isinstance(value, str) else None

    def close(self) -> None:
        """Let go of the database, after whoever writes to it in the background."""
        if self._courier is not None:
            self._courier.close()
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None
        self._access = None
