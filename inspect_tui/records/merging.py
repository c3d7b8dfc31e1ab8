"""Taking in what lies on a stick or in a folder: other workspaces, database files, bundles; with a look beforehand."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from inspect_tui.records import times
from inspect_tui.texts import Refused
from sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from inspect_tui.records.bundles import Settled
    from inspect_tui.records.workspace import Workspace
    from sync.exchange import Exchanged, Progress, Stranger
    from sync.peers import Peer
    from sync.replica import Conflict

RECENT: Final = 12
"""How many exchanges over sticks and files are remembered."""
_EXCHANGES: Final = "exchanges"

Kind = Literal["merge", "import", "bundle"]


class _TakenBack(Exception):
    """Leaves the transaction of a preview, so that nothing of it stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeNote:
    """One exchange over a stick or a file. A note of this database, never replicated.

    Attributes:
        at: UTC, as stored.
        kind: `merge` of a workspace, `import` of a bundle, or a `bundle` that was made.
        source: The file or folder.
        changesets: That came, or went.
        photos: That came, or went.
    """

    at: str
    kind: Kind
    source: str
    changesets: int
    photos: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a source would bring.

    Attributes:
        done: As if it were trusted and taken in; photos stay where they are.
        strangers: Other root keys that a person has to trust first.
    """

    done: Exchanged
    strangers: list[Stranger]


def sources_in(path: Path) -> list[Path]:
    """What can be taken in at a place: the place itself, or the bundles in that folder.

    Raises:
        Refused: There is nothing.
    """
    from sync.bundles.parts import bundles_in
    from sync.peers import DATABASE

    if not path.exists():
        raise Refused(
            f"没有 {path}；请检查路径，或插好 U 盘。", f"{path} is not there; check the path or the stick."
        )
    if not path.is_dir() or (path / DATABASE).is_file():
        return [path]
    try:
        found = bundles_in(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(f"{path} 无法读取：{reason}。", f"{path} cannot be read: {reason}.") from error
    if not found:
        raise Refused(
            f"{path} 中既没有工作区（{DATABASE}），也没有数据包（*.itb）。",
            f"There is neither a workspace ({DATABASE}) nor a bundle (*.itb) in {path}.",
        )
    return found


def is_bundle(path: Path) -> bool:
    """Whether a source is a bundle."""
    from sync.bundles import parts

    return parts.is_bundle(path) and not path.is_dir()


@contextlib.contextmanager
def opened(workspace: Workspace, source: Path, progress: Callable[[int, int | None], None]) -> Iterator[Peer]:
    """A workspace folder, database file or bundle, checked and ready to be read; never written.

    Args:
        workspace: Into which it would go.
        source: What was named.
        progress: Told bytes read of a bundle.

    Raises:
        Refused: The source is this very workspace.
        SyncError: It cannot be read, is damaged, or not sealed for this device.
    """
    from sync.bundles.peer import open_bundle
    from sync.peers import open_peer, same_file

    if is_bundle(source):
        with open_bundle(source, workspace.replica.identity, progress) as bundle:
            yield bundle
        return
    with open_peer(source, workspace.folder) as peer:
        if same_file(peer.database, workspace.replica.path):
            raise Refused(
                f"{source} 就是当前工作区，无需合并。",
                f"{source} is this very workspace; there is nothing to merge.",
            )
        yield peer


def look(workspace: Workspace, peer: Peer, progress: Progress) -> Look:
    """What a source would bring; nothing is written."""
    from sync.exchange import strangers

    found = strangers(workspace.replica, peer)
    return Look(preview(workspace, peer, progress), found)


def take(
    workspace: Workspace, peer: Peer, progress: Progress, trust: Callable[[Stranger], bool] | None
) -> tuple[Exchanged, Settled | None]:
    """Take in what a source has; a bundle gets its return receipt.

    Args:
        workspace: Into which.
        peer: From `opened`.
        progress: Told how far it is.
        trust: Asked once for each root key that is not adopted yet; None refuses.

    Raises:
        SyncError: It cannot be read, is not trusted, or this side cannot write.
    """
    from inspect_tui.records.bundles import missing_photos, note_merged, settle
    from sync.bundles.peer import BundlePeer
    from sync.peers import FilePeer

    if not isinstance(peer, BundlePeer):
        done = merge(workspace, peer, progress, trust)
        if isinstance(peer, FilePeer):
            note_merged(workspace, peer)
        return done, None
    missing = missing_photos(workspace)
    done = merge(workspace, peer, progress, trust)
    return done, settle(workspace, peer, missing)


def merge(
    workspace: Workspace, peer: Peer, progress: Progress, trust: Callable[[Stranger], bool] | None
) -> Exchanged:
    """Take in what a peer has; conflicts that got a further value are counted among the new ones."""
    from inspect_tui.records.conflicts import heads_in_conflict
    from sync.exchange import exchange

    before = heads_in_conflict(workspace)
    done = exchange(
        workspace.replica,
        peer,
        trust=trust,
        area=workspace.config.area,
        officer=workspace.config.badge,
        progress=progress,
    )
    done.conflicts += _joined(workspace, before)
    return done


def _joined(workspace: Workspace, before: Mapping[tuple[str, str, str], frozenset[str]]) -> list[Conflict]:
    """Conflicts of before to which a further value has come: nobody who knew them has seen it."""
    return [
        each
        for each in workspace.replica.conflicts()
        if (known := before.get((each.table, each.row, each.cell))) is not None
        and not {head.version for head in each.heads} <= known
    ]


def preview(workspace: Workspace, peer: Peer, progress: Progress) -> Exchanged:
    """What `merge` would do to the log if the peer were trusted, done and taken back; photos stay where they are."""
    from inspect_tui.records.conflicts import heads_in_conflict
    from sync.exchange import Exchanged, adopt, pull, strangers

    replica = workspace.replica
    done = Exchanged()
    before = heads_in_conflict(workspace)
    with contextlib.suppress(_TakenBack), replica.writing():
        found = strangers(replica, peer)
        done.adopted = adopt(replica, found, area=workspace.config.area, officer=workspace.config.badge)
        pull(replica, peer, done.received, progress)
        done.conflicts = [each for each in replica.conflicts() if (each.table, each.row, each.cell) not in before]
        done.conflicts += _joined(workspace, before)
        raise _TakenBack
    return done


def note_exchange(workspace: Workspace, kind: Kind, source: Path, *, changesets: int, photos: int) -> None:
    """Remember an exchange, for whoever looks at how this device got its records."""
    one = ExchangeNote(
        at=times.stored(times.now()),
        kind=kind,
        source=str(source)[:400],
        changesets=changesets,
        photos=photos,
    )
    kept = [one, *recent_exchanges(workspace)][:RECENT]
    # what was exchanged is on disk already: the note is no reason to call it failed
    with contextlib.suppress(SyncError):
        workspace.replica.set_meta(_EXCHANGES, json.dumps([asdict(each) for each in kept], ensure_ascii=False))


def recent_exchanges(workspace: Workspace) -> list[ExchangeNote]:
    """The exchanges remembered, newest first."""
    rows = workspace.select("SELECT value FROM meta WHERE key = ?", _EXCHANGES)
    try:
        return [ExchangeNote(**each) for each in json.loads(rows[0][0])] if rows else []
    except (ValueError, TypeError):  # of a newer programme
        return []
