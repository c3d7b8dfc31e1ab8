"""A workspace where nothing can be written: a card with its lock on, a folder of somebody else's, a read-only share.

Its database is read from a private copy, so that SQLite needs to make no files beside it, and every action is refused.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tui.records.setup import StoredIdentity
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import DATABASE, PHOTOS
from inspect_tui.texts import Refused
from sync.errors import StoreError, SyncError
from sync.peers import open_peer
from sync.replica import Replica, Writing
from sync.storage import connect, store_errors

if TYPE_CHECKING:
    from inspect_tui.records.pin_access import Access


class Snapshot(Replica):
    """A private copy that reads as the database stood, and takes nothing in."""

    original: Path | None = None
    """Of which; set once the copy is ready, from when on nothing is written."""

    def writing(self) -> Writing:
        """Refuse, unless the copy is still being made ready.

        Raises:
            StoreError: Always, once it is.
        """
        if self.original is not None:
            raise StoreError(
                f"工作区 {self.original} 所在的位置只能读取，未写入；请把整个文件夹复制到可写的位置后再记录。",
                f"The workspace {self.original} lies where nothing can be written, so nothing was; copy the whole folder to"
                " a place that can be written to.",
            )
        return super().writing()

    def rebuild(self) -> int:
        """Fold the copy anew; once it is ready, refuse."""
        with self.writing():
            pass
        return super().rebuild()

    def close(self) -> None:
        """Close the copy and take it away."""
        super().close()
        shutil.rmtree(self.path.parent, ignore_errors=True)


def open_snapshot(folder: Path, access: Access | None = None) -> Snapshot:
    """Open the workspace in `folder` for reading.

    Raises:
        Refused: It cannot even be read.
    """
    private = Path(tempfile.mkdtemp(prefix="inspect-tui-"))
    try:
        with (
            store_errors(folder / DATABASE),
            open_peer(folder, private) as peer,
            contextlib.closing(connect(private / DATABASE)) as copy,
        ):
            peer.connection.backup(copy)
        identity = StoredIdentity(folder, access)
        opened = Snapshot.open(private / DATABASE, SCHEMA, identity, folder / PHOTOS)
        opened.blobs.vault = identity.access
        assert isinstance(opened, Snapshot)  # noqa: S101  open makes one of its own class
        opened.original = folder
    except SyncError as error:
        shutil.rmtree(private, ignore_errors=True)
        raise Refused(error.zh, error.en) from error
    except BaseException:
        shutil.rmtree(private, ignore_errors=True)
        raise
    return opened
