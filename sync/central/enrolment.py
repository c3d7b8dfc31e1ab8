"""The operations on the team: invitations by an administrator, and joining with one.

A server lets devices in only where it holds the root key; else the two files of `team request` and `team accept` do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from sync.central import protocol
from sync.central.app import as_json, in_thread
from sync.central.core import MEDIA_REFUSED, OPEN_REFUSED, REFUSED
from sync.central.operations import Answer, Operation
from sync.central.requests import NotAllowed
from sync.errors import CertificateError
from sync.ids import derived_id
from sync.keys import EVERYWHERE, covers_area
from sync.teams import Invitation, JoinRequest, Welcome, check_request, invitation_id, issue, new_device

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sync.central.app import Central
    from sync.central.operations import Asked
    from sync.central.store import CentralStore
    from sync.keys import Certificate

MAX_JOIN: Final = 256 << 10


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invitation to keep, under the hash of its secret."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    invitation: Invitation


class KeptInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation, and who took it up."""

    id: str
    invitation: Invitation
    device: str | None
    """Id of the device that joined by it."""


class Invitations(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, newest first."""

    invitations: list[KeptInvitation]


def enrolment_operations(central: Central) -> list[Operation]:
    """The operations on the team."""
    store = central.store

    async def invite(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        who = _admin(asked)
        said: NewInvitation = protocol.decode(asked.body, NewInvitation)
        _within(who, said.invitation)
        # whoever is revoked later takes the invitations of that device along
        said = NewInvitation(id=said.id, invitation=msgspec.structs.replace(said.invitation, device=who.device))
        await in_thread(store.invite, said.id, msgspec.json.encode(said.invitation), said.invitation.expires)
        return as_json(said, 201)

    async def listed(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        who = _admin(asked)
        every = await in_thread(kept_invitations, store)
        return as_json(Invitations(invitations=[each for each in every if _inside(who, each.invitation)]))

    async def join(request: Request, asked: Asked) -> Response:  # noqa: ARG001
        said: JoinRequest = protocol.decode(asked.body, JoinRequest)
        return as_json(await in_thread(let_in, central, said))

    prefix = protocol.PREFIX
    return [
        Operation(
            "POST",
            f"{prefix}/invitations",
            "invite",
            "Keep an invitation; for administrators.",
            invite,
            {201: Answer("It is kept.", NewInvitation), **REFUSED, **MEDIA_REFUSED},
            takes=NewInvitation,
        ),
        Operation(
            "GET",
            f"{prefix}/invitations",
            "invitations",
            "All invitations, and who took them up; for administrators.",
            listed,
            {200: Answer("The list.", Invitations), **REFUSED},
        ),
        Operation(
            "POST",
            f"{prefix}/join",
            "join",
            "Join with the secret of an invitation; the same device may repeat it, no other may.",
            join,
            {
                200: Answer("Welcome.", Welcome),
                403: REFUSED[403],
                409: Answer("This server does not let devices in.", protocol.Refusal),
                **OPEN_REFUSED,
                **MEDIA_REFUSED,
            },
            takes=JoinRequest,
            is_open=True,
            most=MAX_JOIN,
        ),
    ]


def kept_invitations(store: CentralStore) -> list[KeptInvitation]:
    """All invitations, newest first."""
    from sync.keys import device_id

    return [
        KeptInvitation(
            id=id_,
            invitation=msgspec.json.decode(data, type=Invitation),
            device=None if key is None else device_id(bytes.fromhex(key)),
        )
        for id_, data, _, key in store.invitations()
    ]


def _admin(asked: Asked) -> Certificate:
    if asked.who is None or asked.who.role != "admin":
        raise NotAllowed(
            403, "role", "只有管理员设备可以邀请。", "Only an administrator's device may see or make invitations."
        )
    return asked.who


def _within(who: Certificate, invitation: Invitation) -> None:
    """An administrator of a county invites nobody for the whole city."""
    if not _inside(who, invitation):
        raise NotAllowed(
            403, "area", "不能邀请到自己证书以外的行政区。", "Nobody is invited for areas beyond one's own."
        )


def _inside(who: Certificate, invitation: Invitation) -> bool:
    return all(any(covers_area(own, area) for own in who.areas) for area in invitation.areas)


def let_in(central: Central, request: JoinRequest) -> Welcome:
    """Give a device its certificate, and let what it wrote before count.

    Raises:
        NotAllowed: No such invitation, used, expired, or this server holds no root key.
    """
    root = central.identity.root
    if root is None:
        raise NotAllowed(
            409,
            "no_root",
            "此服务器不持有团队根密钥；请用 team request 和 team accept 两个文件加入。",
            "This server does not hold the team's root key; join by the two files of team request and team accept.",
        )
    try:
        check_request(request, central.store.team)
    except CertificateError as error:
        raise NotAllowed(403, "signature", error.zh, error.en) from error
    id_ = invitation_id(request.secret or "")
    found = central.store.invitation(id_) if request.secret is not None else None
    if found is None:
        raise NotAllowed(
            403,
            "invitation",
            "邀请码无效；请核对，或向管理员索取新的。",
            "The invitation is not known; check the code, or ask the administrator for a new one.",
        )
    invitation = msgspec.json.decode(found[0], type=Invitation)
    now = central.now()
    _still_good(central, request, invitation, again=found[1] == request.key)
    if now > invitation.expires:
        raise NotAllowed(
            403,
            "invitation",
            "邀请码已过期；请向管理员索取新的。",
            "The invitation has expired; ask the administrator for a new one.",
        )
    if not central.store.take_up(id_, request.key):
        raise NotAllowed(
            403,
            "invitation",
            "邀请码已被另一台设备使用；请向管理员索取新的。",
            "Another device has used this invitation; ask the administrator for a new one.",
        )
    adopt_earlier(central, request, invitation)
    return Welcome(certificate=issue(root, request, invitation, now), server=central.device, time=now)


def _still_good(central: Central, request: JoinRequest, invitation: Invitation, *, again: bool) -> None:
    """A join that was cut off is repeated; one that is done gives neither a younger certificate nor more that counts."""
    device = new_device(request)
    if central.store.revoked(device):
        raise NotAllowed(
            403,
            "revoked",
            "此设备密钥已被吊销，不能再加入；请联系管理员。",
            "This device's key was revoked and joins no more; ask the administrator.",
        )
    if invitation.device and central.store.revoked(invitation.device):
        raise NotAllowed(
            403,
            "invitation",
            "发出此邀请的设备已被吊销，邀请码作废；请向管理员索取新的。",
            "The device that made this invitation was revoked; ask the administrator for a new one.",
        )
    if again and any(each.device == device for each in central.store.certificates()):
        raise NotAllowed(
            403,
            "invitation",
            "此设备已用该邀请码加入并上传过记录；需要新证书时请向管理员索取新的邀请码。",
            "This device has joined with this code and sent records since; ask for a new code if it needs a certificate.",
        )


def adopt_earlier(central: Central, request: JoinRequest, invitation: Invitation) -> None:
    """Log that what the device wrote under other root keys counts, up to the heads that it names.

    Only where the invitation lets it work: nobody brings records of other areas along.
    """
    for earlier in request.earlier:
        heads = {
            area: versions
            for area, versions in earlier.heads.items()
            if any(covers_area(own, area) for own in invitation.areas)
        }
        if earlier.team == central.store.team or not heads:
            continue
        values = {
            "team": earlier.team,
            "accepted": heads,
            "name": earlier.name or request.name,
            "role": invitation.role,
        }
        row = derived_id("adoption", EVERYWHERE, earlier.team, request.key)
        central.store.write(central.identity, EVERYWHERE, "adoptions", row, values, officer="")
