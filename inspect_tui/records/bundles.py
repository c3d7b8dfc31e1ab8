"""Bundles 数据包 of a workspace: for whom one is sealed, making it, and what follows when one was taken in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace
    from sync.bundles.create import Made
    from sync.bundles.peer import BundlePeer
    from sync.bundles.returns import Found
    from sync.bundles.selection import Wish
    from sync.keys import Certificate
    from sync.peers import FilePeer
    from sync.receipts import ChainEnd

    Progress = Callable[[str, int, int | None], None]

FEWEST: Final = 4
"""Digits of a device's id that are enough to name it."""


@dataclass
class Sealing:
    """For whom a bundle is sealed.

    Attributes:
        addresses: As the library takes them; None leaves the bundle plain.
        devices: The devices among them, without this one.
        further: How many addresses were given by hand.
        left_out: Devices of the team whose certificates do not cover all of its areas.
    """

    addresses: list[str] | None
    devices: list[Certificate] = field(default_factory=list)
    further: int = 0
    left_out: list[Certificate] = field(default_factory=list)


@dataclass(frozen=True)
class Settled:
    """What followed an import.

    Attributes:
        receipt: Where the return receipt was written; None where there is none.
        why: Why there is none.
        photos: How many photos it is for.
    """

    receipt: Path | None
    why: Text | None = None
    chains: int = 0
    photos: int = 0


def own_address(workspace: Workspace) -> str:
    """The line by which others seal bundles for this device."""
    from sync.bundles.seal import address

    return address(bytes.fromhex(workspace.identity.certificate.key))


def _current(workspace: Workspace) -> dict[str, Certificate]:
    """Device → its newest certificate, of those that the log knows and that are neither revoked nor expired."""
    from sync.append import Appender
    from sync.identity import now_ms
    from sync.peers import ReplicaPeer

    replica = workspace.replica
    revoked = Appender(replica.connection, replica.schema, replica.team).context.revoked
    now = now_ms()
    newest: dict[str, Certificate] = {}
    for each in sorted(ReplicaPeer(replica).certificates(), key=lambda said: said.issued):
        newest[each.device] = each
    return {
        device: each
        for device, each in newest.items()
        if device not in revoked and (each.expires is None or each.expires >= now)
    }


def other_devices(workspace: Workspace) -> list[Certificate]:
    """The devices that the log knows and that are neither revoked nor expired, without this one; by name."""
    own = workspace.identity.device
    known = [each for device, each in _current(workspace).items() if device != own]
    return sorted(known, key=lambda each: (each.name, each.device))


def find_device(workspace: Workspace, named: str) -> Certificate:
    """The device that is called so, or whose id begins so.

    Raises:
        Refused: None or several are, or it is this device.
    """
    own = workspace.identity.device
    known = [each for device, each in _current(workspace).items() if device != own]
    # a device is called after its officer and its computer: 检查员甲@laptop
    found = [each for each in known if named in {each.name, each.name.split("@")[0]}]
    if not found and len(named) >= FEWEST:
        found = [each for each in known if each.device.startswith(named.lower())]
    if len(found) == 1:
        return found[0]
    listed = [f"{each.name}（{each.device}）" for each in found or known]
    shown = "、".join(listed[:20]) or "–"
    if found:
        raise Refused(
            f"有几台设备都叫 {named}：{shown}；请改用设备编号。",
            f"Several devices are called {named}: {shown}; give the id of one.",
        )
    raise Refused(
        f"不认识设备 {named}，或它已被吊销、证书已过期；已知：{shown}。没有合并过的设备请用 --to 加它的地址。",
        f"No device is called {named}, or it was revoked or its certificate has expired; known: {shown}. For one that was never"
        " merged, give its address with --to.",
    )


def sealing(workspace: Workspace, areas: Sequence[str], wish: Wish, to: Sequence[str]) -> Sealing:
    """For whom a bundle with these areas is sealed.

    This device, the team's root, the team's devices that may work in all of the areas, the device that it is for, and
    the addresses given by hand.

    Raises:
        Refused: That would be nobody but this device.
        BundleError: An address is none.
    """
    from sync.bundles.seal import MAX_RECIPIENTS, address, read_address

    identity = workspace.identity
    current = _current(workspace)
    current.pop(identity.device, None)
    own_team = [each for each in current.values() if each.team == identity.team]
    devices = [each for each in own_team if all(each.covers(area) for area in areas)]
    if wish.peer is not None and wish.peer not in devices:
        devices.append(wish.peer)
    further = sorted({read_address(each) for each in to})
    addresses = {
        address(bytes.fromhex(identity.certificate.key)): None,
        address(bytes.fromhex(identity.certificate.root)): None,
    }
    founder = identity.root is not None
    addresses |= dict.fromkeys(address(bytes.fromhex(each.key)) for each in devices)
    addresses |= dict.fromkeys(further)
    if not devices and not further and founder:
        raise Refused(
            "除本机外还没有人能打开这个数据包：请用 --for 指定合并过的设备，或请对方运行 inspect-tui bundle address，用 --to 加上"
            "那一行；确实不需要加密时用 --plain。",
            "Nobody but this device could open the bundle: name a device that was merged with --for, or ask the other side for its"
            " line of inspect-tui bundle address and give it with --to; if it need not be sealed at all, use --plain.",
        )
    if len(addresses) > MAX_RECIPIENTS:
        raise Refused(
            f"收件设备超过 {MAX_RECIPIENTS} 台；请用 --area 缩小范围。",
            f"There are more than {MAX_RECIPIENTS} devices to seal it for; narrow it down with --area.",
        )
    left_out = [each for each in own_team if each not in devices]
    return Sealing(list(addresses), devices, len(further), left_out)


def make(
    workspace: Workspace,
    folder: Path,
    wish: Wish,
    *,
    to: Sequence[str] = (),
    plain: bool = False,
    part_bytes: int | None = None,
    progress: Progress | None = None,
) -> tuple[Made, Sealing]:
    """Make a bundle in a folder and read it back.

    Args:
        workspace: Whose.
        folder: On the stick; must be there.
        wish: What goes.
        to: Further addresses to seal it for.
        plain: Do not encrypt it.
        part_bytes: At most so many bytes in one file.
        progress: Told `write` or `check`, bytes done and in all.

    Raises:
        Refused: The folder is not there, or nobody could open the bundle.
        SyncError: There is nothing to give, or the stick fails; older bundles are untouched.
    """
    from sync.bundles.create import create, silent
    from sync.bundles.parts import PART_BYTES

    if not folder.is_dir():
        raise Refused(
            f"{folder} 不是文件夹；请给出 U 盘上的文件夹。", f"{folder} is no folder; name a folder on the stick."
        )
    chosen: list[Sealing] = []

    def addresses(areas: Sequence[str]) -> list[str] | None:
        chosen.append(Sealing(None) if plain else sealing(workspace, areas, wish, to))
        return chosen[-1].addresses

    made = create(
        workspace.replica,
        folder,
        wish,
        addresses,
        part_bytes=part_bytes or PART_BYTES,
        progress=progress or silent,
    )
    return made, chosen[-1]


def lacking(workspace: Workspace, peer: BundlePeer) -> list[ChainEnd]:
    """What the bundle builds on and that is not here: what follows it waits until that comes."""
    from sync.bundles.returns import stands

    return [end for end in peer.found.header.base if not stands(workspace.replica.connection, end)]


def missing_photos(workspace: Workspace) -> set[str]:
    """The photos that rows name and that are not here."""
    from sync.peers import ReplicaPeer

    return set(ReplicaPeer(workspace.replica).missing_blobs())


def settle(workspace: Workspace, peer: BundlePeer, missing_before: set[str]) -> Settled:
    """After a bundle was taken in: note what its maker has, and lay a signed return receipt beside it.

    Args:
        workspace: Into which.
        peer: The bundle.
        missing_before: The photos that were missing before it was taken in.
    """
    from inspect_tui.reasons import reason_of
    from sync.bundles.known import note
    from sync.bundles.returns import may_give, taken, write_receipt
    from sync.identity import now_ms

    found, replica = peer.found, workspace.replica
    identity = workspace.identity
    if found.header.device == identity.device:
        return Settled(None, Text("这是本机自己制作的数据包", "this device made the bundle itself"))
    heads: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for end in found.header.heads:
        heads.setdefault((end.area, end.device), []).append((end.seq, end.hash))
    with replica.writing():
        note(replica.connection, found.header.device, found.header.time, heads, found.photos)
    if not may_give(identity):
        return Settled(
            None,
            Text(
                "本机不是主管或管理员的设备，不能签发回执",
                "this device is neither a supervisor's nor an administrator's and may give no receipts",
            ),
        )
    fresh = missing_before - missing_photos(workspace)
    chains, photos = taken(replica, found, fresh)
    if not chains and not photos:
        return Settled(None, Text("没有收下任何内容", "nothing of it was taken"))
    try:
        path = write_receipt(peer.parts.main, identity, now_ms(), found, chains, photos)
    except OSError as error:
        reason = reason_of(error)
        return Settled(
            None,
            Text(
                f"回执无法写到数据包旁：{reason.zh}",
                f"the receipt cannot be written beside the bundle: {reason.en}",
            ),
        )
    return Settled(path, None, len(chains), len(photos))


def note_merged(workspace: Workspace, peer: FilePeer) -> None:
    """After a workspace folder was merged: note what its device has, so that a bundle for it need not bring that again."""
    from inspect_tui.records.workspace import DEVICE_CERTIFICATE
    from sync.bundles.known import note
    from sync.bundles.parts import read_small
    from sync.errors import CertificateError
    from sync.identity import now_ms
    from sync.keys import MAX_CERTIFICATE, read_certificate

    if not peer.source.is_dir():
        return
    try:
        text = (read_small(peer.source / DEVICE_CERTIFICATE, MAX_CERTIFICATE) or b"").decode("ascii").strip()
        device = read_certificate(text).device
    except (OSError, UnicodeDecodeError, CertificateError):
        return  # a bare database, or one whose device is nobody's
    with workspace.replica.writing():
        note(workspace.replica.connection, device, now_ms(), peer.heads(), ())


def collect_receipts(workspace: Workspace, folder: Path) -> list[Found]:
    """Read, check and keep the receipts that others have laid in a folder; our own are passed over."""
    from sync.bundles.returns import collect

    return collect(workspace.replica, folder)
