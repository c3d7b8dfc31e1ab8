"""A forgotten PIN: the keys under it are lost, the records are not. The workspace goes on as a new device.

The records were never sealed: they are evidence. The new device has a root key of its own and adopts what stands in the
log, exactly as far as it counted before; a bureau's administrator may then let it join the team anew. Nothing is
deleted: the old key files are renamed, for the day on which somebody remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tui.records import times
from inspect_tui.records.pin import _said, no_pin
from inspect_tui.records.pin_access import FAILURES
from inspect_tui.records.pin_file import PIN_FILE
from inspect_tui.records.pin_steps import archive
from inspect_tui.records.workspace import DEVICE_CERTIFICATE, DEVICE_KEY, JOINING_CERTIFICATE, JOINING_KEY, ROOT_KEY
from inspect_tui.texts import Refused
from sync.append import Appender
from sync.blobs import PRIVATE
from sync.identity import Identity
from sync.ids import derived_id
from sync.peers import tips_of
from sync.replica import Edit
from sync.verdict import RANK

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Replica


@dataclass(frozen=True, slots=True)
class Reset:
    """What was done.

    Attributes:
        device: Id of the new device.
        team: Id of its own root key.
        had_root: The root key of the team before lies among the archived files: it is lost with the PIN.
        private_lost: Private values that can no longer be opened here; a merge may bring them again.
        archived: The new names of the old files.
    """

    device: str
    team: str
    had_root: bool
    private_lost: int
    archived: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Before:
    """What the old team's administrators had decided."""

    team: str
    heads: dict[str, list[str]]
    adopted: dict[str, dict[str, list[str]]]
    roles: dict[str, set[str]]
    revoked: dict[str, list[dict[str, list[str]]]]
    purges: list[tuple[Any, ...]]


def reset_as_new_device(workspace: Workspace) -> Reset:
    """Put the sealed keys aside and go on as a new device under a root key of its own.

    Cut off at any instant, it can be done again.

    Raises:
        Refused: No PIN is set, the database is damaged, or the disk failed.
    """
    if not workspace.access.is_set():
        raise no_pin()
    folder, replica = workspace.folder, workspace.replica
    if replica.identity is None:
        raise Refused("此工作区只能读取。", "This workspace can only be read.")
    identity = Identity.found(workspace.config.device or workspace.config.name)
    had_root = (folder / ROOT_KEY).exists()
    lost = [sha256 for sha256 in workspace.blobs.all() if workspace.blobs.is_sealed(sha256)]
    old = replica.identity
    workspace.access.lock()
    stamp = times.stored(times.now()).replace(":", "").replace("-", "")
    with _said():
        try:
            with replica.writing():
                _stand_under(replica, identity, workspace)
                replica.settle_home()
                for sha256 in lost:
                    replica.connection.execute(
                        "UPDATE blobs SET state = 'missing' WHERE sha256 = ? AND state = 'here'", (sha256,)
                    )
        except BaseException:
            replica.identity = old
            replica.forget_team()
            raise
        archived = _replace_keys(workspace, identity, stamp)
    return Reset(identity.device, identity.team, had_root, len(lost), tuple(archived))


def _replace_keys(workspace: Workspace, identity: Identity, stamp: str) -> list[str]:
    from inspect_tui.records.files import write_atomically
    from inspect_tui.records.setup import StoredIdentity
    from sync.keys import write_secret

    folder = workspace.folder
    names = (ROOT_KEY, JOINING_KEY, JOINING_CERTIFICATE)
    archived = archive(folder, (*names, PIN_FILE, FAILURES, PRIVATE), stamp)
    copied = folder / f"{DEVICE_KEY}.locked-{stamp}"
    write_secret(copied, (folder / DEVICE_KEY).read_bytes())
    certificate = folder / f"{DEVICE_CERTIFICATE}.locked-{stamp}"
    write_secret(certificate, (folder / DEVICE_CERTIFICATE).read_bytes())
    assert identity.root is not None  # noqa: S101  a device that founds a team has its root
    write_secret(folder / ROOT_KEY, identity.root.pem())
    write_atomically(folder / DEVICE_CERTIFICATE, identity.jws.encode("ascii") + b"\n")
    # the last: while it is sealed, the reset can be done again
    write_secret(folder / DEVICE_KEY, identity.key.pem())
    workspace.replica.identity = StoredIdentity(folder, workspace.access)
    workspace.__dict__.pop("device", None)
    return [*archived, copied.name, certificate.name]


def _stand_under(replica: Replica, identity: Identity, workspace: Workspace) -> None:
    """Let the new root stand for the replica, and decide anew what the old one had decided."""
    before = _decided(replica)
    replica.identity = identity
    replica.set_meta("team", identity.team)
    replica.forget_team()
    replica.rebuild()
    area, officer = workspace.config.area, workspace.officer
    for team, heads in {**before.adopted, before.team: before.heads}.items():
        if heads:
            granted = before.roles.get(team)
            role = max(granted, key=RANK.__getitem__) if granted else None
            replica.adopt(area, team, heads, name=officer.name, officer=officer.badge, role=role)
    for device, revocations in before.revoked.items():
        for accepted in revocations:
            said = {"device": device, "accepted": accepted, "reason": "PIN reset"}
            row = derived_id("revocation", area, device, repr(sorted(accepted.items())))
            replica.write(area, [Edit("revocations", row, said)], officer=officer.badge)
    for sha256, reason, by, at, place in before.purges:
        said = {"sha256": sha256, "reason": reason, "officer": by, "at": at}
        replica.write(place, [Edit("purges", derived_id("purge", place, sha256), said)], officer=officer.badge)


def _decided(replica: Replica) -> _Before:
    context = Appender(replica.connection, replica.schema, replica.team).context
    own = {
        row[0]
        for row in replica.connection.execute("SELECT device FROM certificates WHERE team = ?", (replica.team,))
    }
    heads: dict[str, list[str]] = {}
    for (area, device), places in tips_of(replica.connection).items():
        if device in own:
            heads.setdefault(area, []).extend(f"{device}:{seq}:{hash_[:32]}" for seq, hash_ in places)
    purges = replica.connection.execute("SELECT sha256, reason, officer, at, area FROM purges").fetchall()
    return _Before(
        replica.team,
        heads,
        dict(context.adopted),
        dict(context.roles),
        dict(context.revoked),
        [tuple(row) for row in purges],
    )


__all__ = ["Reset", "reset_as_new_device"]
