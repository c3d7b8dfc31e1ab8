"""The team 团队: inviting devices, joining, who is in it, and revoking.

Joining gives the device a new key and the team's certificate; what it wrote before comes along and counts, because
whoever lets it in logs that. Until the very step in which the tables are folded under the new team, the workspace is
what it was: a join that is cut off anywhere can be repeated, or forgotten.
"""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from inspect_tui.records import central
from inspect_tui.records.files import write_atomically
from inspect_tui.records.rules import area_known, clean_badge, clean_text
from inspect_tui.records.serving import TABLE as SERVING
from inspect_tui.records.serving import store_of
from inspect_tui.records.setup import StoredIdentity, save_identity
from inspect_tui.records.workspace import JOINING_CERTIFICATE, JOINING_KEY, ROOT_KEY, Workspace
from inspect_tui.texts import Refused
from sync.changeset import Entry
from sync.errors import SyncError
from sync.identity import Identity
from sync.keys import EVERYWHERE, Key, certificate_id, read_certificate, team_id
from sync.teams import (
    DAY_MS,
    Earlier,
    Invitation,
    InviteCode,
    JoinRequest,
    ask,
    check_request,
    earlier_of,
    invitation_id,
    issue,
    new_device,
    new_secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from inspect_tui.records.pin_access import Access
    from sync.keys import Certificate, Role
    from sync.replica import Replica

MAX_FILE: Final = 16 << 20
ROLES: Final = ("inspector", "supervisor", "admin", "auditor")
_JOINED: Final = "joined"
"""In `meta`: id of the certificate with which the team was joined last."""
_JOINED_BY: Final = "joined_by"
"""And that of the invitation."""


class WelcomeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the administrator gives back on a stick: the certificate, and the team's own changes."""

    certificate: str
    entries: list[tuple[str, str]]
    """(body, signature) of each changeset of the team as a whole, in base64."""
    url: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """An invitation that was made.

    Attributes:
        code: To be typed, pasted or scanned on the new device.
        invitation: What it offers.
    """

    code: str
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join did.

    Attributes:
        certificate: The device's new one.
        changesets: That were here before and count on.
    """

    certificate: Certificate
    changesets: int
    not_counting: int = 0
    """That counted before and lie in areas that the new certificate does not cover: they stay in the log, without effect."""


@dataclass(frozen=True, slots=True)
class Member:
    """A device of the team.

    Attributes:
        certificate: Its newest.
        changesets: In the log here.
        revoked: Whether a revocation names it.
        own: Whether it is this one.
    """

    certificate: Certificate
    changesets: int
    revoked: bool
    own: bool


def invitation_for(
    workspace: Workspace,
    *,
    role: Role,
    areas: Sequence[str],
    officers: Sequence[str] = (),
    note: str = "",
    days: int = 7,
    valid_days: int | None = None,
) -> Invitation:
    """An invitation, checked.

    Raises:
        Refused: An area is unknown, or the invitation would go beyond this device's own areas.
    """
    unknown = [area for area in areas if area != EVERYWHERE and not area_known(area)]
    if unknown or not areas:
        raise Refused(
            f"行政区代码 {'、'.join(unknown) or '（空）'} 不是 GB/T 2260 六位代码；全部地区写 {EVERYWHERE}。",
            f"{', '.join(unknown) or 'nothing'} is no six-digit GB/T 2260 code; {EVERYWHERE} stands for everywhere.",
        )
    own = workspace.identity.certificate
    if not all(own.covers(area) for area in areas):
        raise Refused(
            "不能邀请到本设备证书以外的行政区。",
            "Nobody is invited for areas beyond this device's own certificate.",
        )
    return Invitation(
        role=role,
        areas=tuple(areas),
        officers=tuple(clean_badge(each) for each in officers),
        note=clean_text(note)[:200],
        expires=time.time_ns() // 1_000_000 + days * DAY_MS,
        valid_days=valid_days,
        by=workspace.officer.badge,
        device=workspace.device,
    )


def invite(workspace: Workspace, invitation: Invitation) -> Made:
    """Make an invitation, kept by the central store; in the folder that is served, without a network.

    Raises:
        Refused: This device is no administrator's, knows no central store, or it does not answer.
    """
    _need_admin(workspace)
    secret = new_secret()
    served = workspace.config.rest.get(SERVING)
    try:
        if isinstance(served, dict) and isinstance(served.get("url"), str):
            store = store_of(workspace, served.get("store"))
            store.invite(invitation_id(secret), msgspec.json.encode(invitation), invitation.expires)
            url, fingerprint = served["url"], str(served.get("fingerprint", ""))
        else:
            there = central.connect(workspace)
            try:
                said = {"id": invitation_id(secret), "invitation": msgspec.to_builtins(invitation)}
                there.connection.send(
                    "POST",
                    "/v1/invitations",
                    msgspec.json.encode(said),
                    {"Content-Type": "application/json"},
                    good=frozenset({201}),
                )
                url, fingerprint = there.connection.address.url, there.connection.address.fingerprint
            finally:
                there.connection.close()
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    code = InviteCode(url, fingerprint, workspace.replica.team, secret)
    return Made(code.text(), invitation)


def _need_admin(workspace: Workspace) -> None:
    if workspace.identity.certificate.role != "admin":
        raise Refused(
            "只有管理员设备可以邀请或吊销设备。", "Only an administrator's device may invite or revoke devices."
        )


def _pending(workspace: Workspace) -> Key:
    """The key that wants to join: kept, so that a repeated join is one by the same device."""
    access = _access(workspace)
    path = workspace.folder / JOINING_KEY
    # a copy never joins with the key of the original: two laptops would write with one key
    if path.is_file() and not workspace.replica.home_changed():
        return access.load_key(JOINING_KEY)
    from sync.keys import write_secret

    key = Key.generate()
    write_secret(path, access.key_text(JOINING_KEY, key))
    return key


def _access(workspace: Workspace) -> Access:
    from inspect_tui.records.pin_access import Access

    identity = workspace.replica.identity
    return identity.access if isinstance(identity, StoredIdentity) else Access(workspace.folder)


def _earlier(workspace: Workspace, team: str) -> list[Earlier]:
    """What counts in this device's log when it joins another team: of its own root, and of whom it has adopted."""
    from sync.peers import tips_of

    own = workspace.replica.team
    if own in {team, ""}:
        return []
    devices = {
        str(row[0]) for row in workspace.select("SELECT DISTINCT device FROM certificates WHERE team = ?", own)
    }
    heads = {key: places for key, places in tips_of(workspace.replica.connection).items() if key[1] in devices}
    name = workspace.config.device or workspace.config.name
    found = [earlier_of(own, name, heads)] if heads else []
    # who leaves a team leaves its adoptions, too, unless the new team is asked for them
    found += [
        Earlier(team=each, name=name, heads=adopted)
        for each, adopted in sorted(workspace.replica.adopted_heads().items())
        if each != team and any(adopted.values())
    ]
    return found


def join(workspace: Workspace, code_text: str, *, stop: Callable[[], bool] = lambda: False) -> Joined:
    """Join a team over the network.

    Args:
        workspace: Opened for joining.
        code_text: The invitation's code.
        stop: Asked while waiting.

    Raises:
        Refused: The code is wrong, used or expired, the server cannot be reached, or this disk fails; the workspace
            is what it was, and the same code may be tried again on it.
    """
    from sync.central.client import HttpPeer
    from sync.central.connection import Address, Connection
    from sync.central.protocol import PREFIX
    from sync.central.syncing import pull
    from sync.teams import Welcome

    try:
        code = InviteCode.read(code_text)
        by = invitation_id(code.secret)
        if workspace.replica.meta(_JOINED_BY) == by and not workspace.replica.home_changed():
            # the join was cut off after its last step, and finished when the workspace was opened
            return _joined(workspace, 0)
        key = _pending(workspace)
        request = ask(
            key,
            workspace.config.device or workspace.config.name,
            team=code.team,
            secret=code.secret,
            earlier=_earlier(workspace, code.team),
        )
        address = Address(code.url, code.fingerprint, code.team)
        connection = Connection(address, None, stop=stop)
        try:
            connection.hello  # noqa: B018  checks who the server is before anything is told to it
            answered = connection.send(
                "POST",
                f"{PREFIX}/join",
                msgspec.json.encode(request),
                {"Content-Type": "application/json"},
                signed=False,
            )
            welcome: Welcome = answered.json(Welcome)
        finally:
            connection.close()
        identity = _checked(key, welcome.certificate, code.team)
        peer = HttpPeer(Connection(address, identity, stop=stop))
        try:
            pull(workspace.replica, peer)
        finally:
            peer.connection.close()
        return _switch(workspace, identity, (code.url, code.fingerprint), by)
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _checked(key: Key, jws: str, team: str) -> Identity:
    certificate = read_certificate(jws)
    if certificate.team != team or certificate.key != key.public.hex():
        raise Refused(
            "收到的证书不是发给本设备的，未加入。", "The certificate is not for this device; nothing was joined."
        )
    return Identity(key, jws)


def _switch(workspace: Workspace, identity: Identity, address: tuple[str, str], by: str) -> Joined:
    """The step that counts: the tables are folded under the new team, then the files follow."""
    write_atomically(workspace.folder / JOINING_CERTIFICATE, identity.jws.encode("ascii") + b"\n")
    replica = workspace.replica
    config = workspace.config
    if address[0]:
        from sync.central.connection import Address

        central.set_address(workspace, Address(address[0], address[1], identity.team))
    try:
        with replica.writing():
            before = _refused(workspace, ("team", "role"))
            replica.set_team(identity.team)
            replica.settle_home()
            replica.set_meta(_JOINED, identity.cert)
            replica.set_meta(_JOINED_BY, by)
            lost = _refused(workspace, ("team", "role")).keys() - before.keys()
            _all_taken_over(workspace, identity, lost)
    except BaseException:
        replica.forget_team()
        workspace.change_config(rest=config.rest)
        raise
    finish(workspace.folder, _access(workspace), identity)
    replica.identity = StoredIdentity(workspace.folder, _access(workspace))
    workspace.__dict__.pop("device", None)
    return _joined(workspace, len(lost))


def _joined(workspace: Workspace, lost: int) -> Joined:
    counted = int(workspace.select("SELECT count(*) FROM log")[0][0])
    refused = int(workspace.select("SELECT count(DISTINCT log) FROM refusals")[0][0])
    return Joined(workspace.identity.certificate, counted - refused, lost)


def _refused(workspace: Workspace, codes: tuple[str, ...] = ("team",)) -> dict[int, str]:
    """Log number → area of changesets of which something does not count for such a reason; inside the transaction.

    What concerns only whom the old root trusted is left out: it binds no other team.
    """
    rows = workspace.replica.connection.execute(
        "SELECT DISTINCT log.id, chains.area FROM refusals JOIN log ON log.id = refusals.log"
        " JOIN chains ON chains.id = log.chain WHERE refusals.code IN (SELECT value FROM json_each(?))"
        " AND (refusals.code = 'team' OR log.id NOT IN (SELECT log FROM system_changes))",
        (json.dumps(codes),),
    )
    return {int(row[0]): str(row[1]) for row in rows.fetchall()}


def _all_taken_over(workspace: Workspace, identity: Identity, lost: Collection[int]) -> None:
    """Nothing that counts today may cease to count unseen: what was recorded since the request is in no adoption.

    Raises:
        Refused: Something would; the caller rolls back.
    """
    areas = _refused(workspace)
    count = sum(identity.certificate.covers(areas[each]) for each in lost)
    if count:
        raise Refused(
            f"加入后有 {count} 个本机变更将不计入（加入请求发出之后的记录，或对方未采信），未加入，记录完好；"
            "用邀请码的请再运行一次，用文件的请重新运行 team request。",
            f"{count} changesets that count here would count no more (recorded after the request, or not adopted by the team);"
            " nothing was joined and nothing is lost: with a code run it once more, with files make a new team request.",
        )


def finish(folder: Path, access: Access, identity: Identity) -> None:
    """Put the new key and certificate in place of the old ones; another team's root key stays, under another name."""
    old_root = folder / ROOT_KEY
    if old_root.is_file() and team_id(access.load_key(ROOT_KEY).public) != identity.team:
        stem = f"{ROOT_KEY}.before-{identity.team[:8]}"
        target, number = folder / stem, 1
        while target.exists():
            number += 1
            target = folder / f"{stem}-{number}"
        old_root.replace(target)
    save_identity(folder, identity, access)
    # the certificate last: while it is there, the join is gone through again
    for name in (JOINING_KEY, JOINING_CERTIFICATE):
        (folder / name).unlink(missing_ok=True)


def is_cut_off(folder: Path, replica: Replica) -> bool:
    """Whether a join was cut off after its last step in the database: the tables are the new team's, the keys are not."""
    path = folder / JOINING_CERTIFICATE
    return path.is_file() and certificate_id(path.read_text("ascii").strip()) == replica.meta(_JOINED)


def finish_cut_off(folder: Path, access: Access) -> None:
    """Finish a join that was cut off there.

    Raises:
        LockedError: The keys need a PIN that was not entered; it is finished when they are needed.
    """
    jws = (folder / JOINING_CERTIFICATE).read_text("ascii").strip()
    if (folder / JOINING_KEY).is_file():
        finish(folder, access, Identity(access.load_key(JOINING_KEY), jws))
    else:
        # all was in place but for this note
        (folder / JOINING_CERTIFICATE).unlink(missing_ok=True)


# without a network


def request_file(workspace: Workspace, path: Path) -> JoinRequest:
    """Write the request to join, for the administrator's stick.

    Raises:
        Refused: The file cannot be written.
    """
    try:
        key = _pending(workspace)
        name = workspace.config.device or workspace.config.name
        request = ask(key, name, team="", secret=None, earlier=_earlier(workspace, ""))
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    _write(path, msgspec.json.format(msgspec.json.encode(request)))
    return request


def read_request(path: Path) -> JoinRequest:
    """A request as somebody brought it, its signature checked but for the team.

    Raises:
        Refused: It is none, or was changed.
    """
    try:
        request = msgspec.json.decode(_read(path), type=JoinRequest)
        check_request(request, "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(
            f"{path} 不是加入请求：{error}；请用 team request 重新生成。",
            f"{path} is no request to join: {error}; make it anew with team request.",
        ) from error
    except SyncError as error:
        raise Refused(f"{path}：{error.zh}", f"{path}: {error.en}") from error
    return request


def accept(workspace: Workspace, request: JoinRequest, invitation: Invitation, path: Path) -> str:
    """Let a device in by file; returns its device id.

    Raises:
        Refused: This workspace does not hold the root key, or the file cannot be written.
    """
    _need_admin(workspace)
    identity = workspace.identity
    if identity.root is None:
        raise Refused(
            "团队根密钥不在本工作区，不能签发证书；请在建队的工作区运行。",
            "The team's root key is not in this workspace; run this in the workspace that founded the team.",
        )
    from sync.keys import covers_area

    replica = workspace.replica
    try:
        for earlier in request.earlier:
            heads = {
                area: versions
                for area, versions in earlier.heads.items()
                if any(covers_area(own, area) for own in invitation.areas)
            }
            if earlier.team != replica.team and heads:
                replica.adopt(
                    EVERYWHERE,
                    earlier.team,
                    heads,
                    name=earlier.name,
                    officer=workspace.officer.badge,
                    role=invitation.role,
                )
        jws = issue(identity.root, request, invitation, time.time_ns() // 1_000_000)
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    known = central.address_of(workspace)
    served = workspace.config.rest.get(SERVING)
    url, fingerprint = (known.url, known.fingerprint) if known is not None else ("", "")
    if not url and isinstance(served, dict):
        url, fingerprint = str(served.get("url", "")), str(served.get("fingerprint", ""))
    said = WelcomeFile(
        certificate=jws,
        entries=[
            (base64.b64encode(bytes(row[0])).decode(), base64.b64encode(bytes(row[1])).decode())
            for row in workspace.select(
                "SELECT CAST(log.body AS BLOB), log.signature FROM log JOIN chains ON chains.id = log.chain"
                " WHERE chains.area = ? ORDER BY log.id",
                EVERYWHERE,
            )
        ],
        url=url,
        fingerprint=fingerprint,
    )
    _write(path, msgspec.json.format(msgspec.json.encode(said)))
    return new_device(request)


def read_welcome(path: Path) -> tuple[WelcomeFile, Certificate]:
    """The administrator's answer, and the certificate in it; not yet trusted.

    Raises:
        Refused: It is none.
    """
    try:
        said = msgspec.json.decode(_read(path), type=WelcomeFile)
        return said, read_certificate(said.certificate)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{path} 不是准入文件：{error}。", f"{path} is no welcome: {error}.") from error
    except SyncError as error:
        raise Refused(f"{path}：{error.zh}", f"{path}: {error.en}") from error


def join_by_file(workspace: Workspace, welcome: WelcomeFile) -> Joined:
    """Join by the administrator's answer; the caller has shown the team's fingerprint to a person.

    Raises:
        Refused: The certificate is for another device, or what the file brings is damaged; nothing has changed.
    """
    from sync.peers import ReplicaPeer

    if not (workspace.folder / JOINING_KEY).is_file():
        raise Refused(
            "本工作区没有待加入的请求；请先运行 team request，把文件交给管理员。",
            "This workspace has no request under way; run team request first and give the file to the administrator.",
        )
    try:
        key = _pending(workspace)
        certificate = read_certificate(welcome.certificate)
        identity = _checked(key, welcome.certificate, certificate.team)
        entries = [
            Entry(base64.b64decode(body, validate=True), base64.b64decode(signature, validate=True))
            for body, signature in welcome.entries
        ]
        outcome = ReplicaPeer(workspace.replica).append(entries)
        if outcome.refused:
            raise outcome.refused[0].error
        return _switch(workspace, identity, (welcome.url, welcome.fingerprint), "")
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    except ValueError as error:
        raise Refused(f"准入文件已损坏：{error}。", f"The welcome is damaged: {error}.") from error


def members(workspace: Workspace) -> list[Member]:
    """The devices of the team that the log here knows, and this one; by name."""
    team = workspace.replica.team
    rows = workspace.select("SELECT value FROM meta WHERE key = 'revoked'")
    revoked = set(str(rows[0][0]).split()) if rows else set()
    counts = {
        str(device): int(count)
        for device, count in map(
            tuple,
            workspace.select(
                "SELECT chains.device, count(*) FROM log JOIN chains ON chains.id = log.chain GROUP BY chains.device"
            ),
        )
    }
    newest: dict[str, Certificate] = {}
    texts = [str(row[0]) for row in workspace.select("SELECT jws FROM certificates WHERE team = ?", team)]
    own = workspace.identity.jws
    for jws in (*texts, own):
        certificate = read_certificate(jws)
        known = newest.get(certificate.device)
        if known is None or (certificate.issued, certificate.expires or 0) >= (known.issued, known.expires or 0):
            newest[certificate.device] = certificate
    here = workspace.identity.device
    return sorted(
        (
            Member(certificate, counts.get(device, 0), device in revoked, own=device == here)
            for device, certificate in newest.items()
        ),
        key=lambda member: (member.certificate.name, member.certificate.device),
    )


def revoke(workspace: Workspace, device: str, reason: str) -> str:
    """Refuse what a device writes from now on; what is in the log here stays and counts. Returns the version.

    Raises:
        Refused: No such device, this one, no reason, or this device is no administrator's.
    """
    _need_admin(workspace)
    reason = clean_text(reason)
    if not reason:
        raise Refused("请说明吊销理由。", "Say why the device is revoked.")
    found = [each for each in members(workspace) if each.certificate.device.startswith(device)]
    # one that has joined and not written yet is in no log: its whole id is enough
    silent = not found and re.fullmatch(r"[0-9a-f]{20}", device) is not None
    if not silent and (len(found) != 1 or not device):
        raise Refused(
            f"没有或不止一台设备的编号以 {device!r} 开头；请看 team list。",
            f"Not exactly one device's id begins with {device!r}; see team list.",
        )
    if found and found[0].own:
        raise Refused("不能吊销本设备。", "This device cannot revoke itself.")
    try:
        return workspace.replica.revoke(
            EVERYWHERE,
            device if silent else found[0].certificate.device,
            reason=reason,
            officer=workspace.officer.badge,
        )
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise Refused(
            f"无法写入 {path}：{error.strerror}。", f"{path} cannot be written: {error.strerror}."
        ) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Refused(
            f"无法读取 {path}：{error.strerror}。", f"{path} cannot be read: {error.strerror}."
        ) from error
    if len(data) > MAX_FILE:
        raise Refused(f"{path} 过大。", f"{path} is too large.")
    return data
