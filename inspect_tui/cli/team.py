"""`team`: invite and join, by network or by two small files; list and revoke devices."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import line, print_json
from inspect_tui.texts import Refused, Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.records.team import Joined, Member
    from sync.keys import Certificate

ROLES: Final[dict[str, Text]] = {
    "inspector": Text("执法人员", "inspector"),
    "supervisor": Text("主管", "supervisor"),
    "admin": Text("管理员", "administrator"),
    "auditor": Text("审计", "auditor"),
}


def _invitation(context: Context, said: argparse.Namespace) -> Any:
    from inspect_tui.records import team

    with context.open() as workspace:
        return team.invitation_for(
            workspace,
            role=said.role,
            areas=said.area or [workspace.config.area],
            officers=said.officer or [],
            note=said.note,
            days=getattr(said, "days", 7),
            valid_days=said.valid_days,
        )


def invite(context: Context, said: argparse.Namespace) -> int:
    """Make a code that lets one device in."""
    from inspect_tui.records import team

    invitation = _invitation(context, said)
    with context.open() as workspace:
        made = team.invite(workspace, invitation)
    if context.json:
        print_json(
            {
                "code": made.code,
                "role": invitation.role,
                "areas": list(invitation.areas),
                "officers": list(invitation.officers),
                "expires": _day(invitation.expires),
            }
        )
        return 0
    if sys.stdout.isatty():
        import segno

        segno.make(made.code, error="l").terminal(compact=True)
    line(made.code)
    areas = "、".join(invitation.areas)
    line(
        tr(
            f"{ROLES[invitation.role].zh}，行政区 {areas}；只能用一次，{_day(invitation.expires)} 前有效。"
            "在新设备上运行：inspect-tui team join 邀请码",
            f"{ROLES[invitation.role].en}, areas {areas.replace('、', ', ')}; works once, until"
            f" {_day(invitation.expires)}. On the new device: inspect-tui team join CODE",
        )
    )
    return 0


def _day(time_ms: int) -> str:
    from inspect_tui.records.times import SHANGHAI

    return dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI).isoformat(timespec="minutes")


def join(context: Context, said: argparse.Namespace) -> int:
    """Join a team by a code, or by the administrator's file."""
    from inspect_tui.records import team
    from inspect_tui.records.workspace import Workspace

    path = Path(said.code).expanduser()
    by_file = len(said.code) < 1000 and not said.code.upper().startswith("ITUI1") and path.is_file()
    with Workspace.open(context.folder, joining=True) as workspace:
        if by_file:
            welcome, certificate = team.read_welcome(path)
            if not said.trust and not _agree(certificate):
                raise Refused(
                    "未加入；请与管理员核对团队指纹后，加 --trust 重试。",
                    "Nothing was joined; compare the team's fingerprint with the administrator, then retry with --trust.",
                )
            joined = team.join_by_file(workspace, welcome)
        else:
            joined = team.join(workspace, said.code)
    _tell(context, joined)
    return 0


def _agree(certificate: Certificate) -> bool:
    """Ask a person, where there is one."""
    line(_fingerprint(certificate.team))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(
        tr("与管理员处显示的一致吗？[y/N] ", "Is it what the administrator sees? [y/N] "), end="", file=sys.stderr
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def _fingerprint(team: str) -> str:
    grouped = " ".join(team[start : start + 4] for start in range(0, len(team), 4))
    return tr(f"团队指纹：{grouped}", f"team fingerprint: {grouped}")


def _tell(context: Context, joined: Joined) -> None:
    certificate = joined.certificate
    if context.json:
        print_json(
            _certificate(certificate) | {"changesets": joined.changesets, "not_counting": joined.not_counting}
        )
        return
    areas = "、".join(certificate.areas)
    line(
        tr(
            f"已加入团队 {certificate.team[:8]}…，角色 {ROLES[certificate.role].zh}，行政区 {areas}；"
            f"本机原有及收到的 {joined.changesets} 个变更计入。下一步：inspect-tui sync",
            f"Joined team {certificate.team[:8]}… as {ROLES[certificate.role].en} for {areas.replace('、', ', ')};"
            f" {joined.changesets} changesets count here. Next: inspect-tui sync",
        )
    )
    if joined.not_counting:
        line(
            tr(
                f"另有 {joined.not_counting} 个原有变更所在行政区不在新证书内：仍在日志中，但不再计入。",
                f"{joined.not_counting} more from before lie in areas that the new certificate does not cover: they stay in the"
                " log and count no more.",
            )
        )


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "device": certificate.device,
        "name": certificate.name,
        "team": certificate.team,
        "role": certificate.role,
        "areas": list(certificate.areas),
        "officers": list(certificate.officers),
        "expires": None if certificate.expires is None else _day(certificate.expires),
    }


def request(context: Context, said: argparse.Namespace) -> int:
    """Write the request to join, to be taken to the administrator."""
    from inspect_tui.records import team
    from inspect_tui.records.workspace import Workspace

    path = Path(said.file).expanduser()
    with Workspace.open(context.folder, joining=True) as workspace:
        asked = team.request_file(workspace, path)
    if context.json:
        print_json({"file": str(path), "name": asked.name, "key": asked.key})
    else:
        line(
            tr(
                f"已写入 {path}；交给管理员，请其运行：inspect-tui team accept {path.name} --out 准入文件",
                f"{path} is written; have the administrator run: inspect-tui team accept {path.name} --out WELCOME",
            )
        )
        line(tr(f"请求指纹 {asked.key[:16]}", f"fingerprint of the request {asked.key[:16]}"))
    return 0


def accept(context: Context, said: argparse.Namespace) -> int:
    """Let a device in by file."""
    from inspect_tui.records import team

    asked = team.read_request(Path(said.file).expanduser())
    invitation = _invitation(context, said)
    out = Path(said.out).expanduser()
    with context.open() as workspace:
        device = team.accept(workspace, asked, invitation, out)
        fingerprint = workspace.replica.team
    if context.json:
        print_json({"file": str(out), "device": device, "name": asked.name, "team": fingerprint})
        return 0
    line(tr(f"请求：{asked.name}，指纹 {asked.key[:16]}", f"request: {asked.name}, fingerprint {asked.key[:16]}"))
    line(
        tr(
            f"已写入 {out}；带回那台设备运行：inspect-tui team join {out.name}",
            f"{out} is written; on that device run: inspect-tui team join {out.name}",
        )
    )
    line(_fingerprint(fingerprint))
    return 0


def members(context: Context, _: argparse.Namespace) -> int:
    """Who is in the team, as far as this log knows."""
    from inspect_tui.records import team

    with context.open() as workspace:
        found = team.members(workspace)
        fingerprint = workspace.replica.team
    if context.json:
        print_json([_member(each) for each in found])
        return 0
    line(_fingerprint(fingerprint))
    for each in found:
        certificate = each.certificate
        marks = [
            *([tr("本设备", "this device")] if each.own else []),
            *([tr("已吊销", "revoked")] if each.revoked else []),
            *(
                [tr(f"有效至 {_day(certificate.expires)}", f"until {_day(certificate.expires)}")]
                if certificate.expires
                else []
            ),
        ]
        line(
            f"{certificate.device}  {certificate.name}  {ROLES[certificate.role]}  {'、'.join(certificate.areas)}"
            f"  {each.changesets}{'  ' + '，'.join(marks) if marks else ''}"
        )
    return 0


def _member(each: Member) -> dict[str, Any]:
    return _certificate(each.certificate) | {
        "changesets": each.changesets,
        "revoked": each.revoked,
        "own": each.own,
    }


def revoke(context: Context, said: argparse.Namespace) -> int:
    """Revoke a device."""
    from inspect_tui.records import team

    with context.open() as workspace:
        version = team.revoke(workspace, said.device, said.reason)
    if context.json:
        print_json({"version": version})
    else:
        line(
            tr(
                "已吊销；此前的变更仍计入，此后的不再计入。同步后各处生效。",
                "Revoked; what it wrote before counts, what comes after does not. It holds everywhere after a sync.",
            )
        )
    return 0


def sign_request(context: Context, said: argparse.Namespace) -> int:
    """Print the headers that sign one request, for curl and for whoever looks at the protocol."""
    from inspect_tui.records import central
    from sync.errors import SyncError

    try:
        body = Path(said.body).expanduser().read_bytes() if said.body else b""
    except OSError as error:
        raise Refused(
            f"无法读取 {said.body}：{error.strerror}。", f"{said.body} cannot be read: {error.strerror}."
        ) from error
    with context.open() as workspace:
        there = central.connect(workspace)
        try:
            there.connection.hello  # noqa: B018  gives the nonce
            headers = there.connection.signature(said.method, said.path, body)
        except SyncError as error:
            raise Refused(error.zh, error.en) from error
        finally:
            there.connection.close()
    if context.json:
        print_json(headers)
    else:
        for name, value in headers.items():
            line(f"{name}: {value}")
    return 0


_GRANT: Final = (
    argument("--role", help=Text("角色", "role"), choices=tuple(ROLES), default="inspector"),
    argument(
        "--area",
        help=Text("行政区代码，可重复；默认为本机的", "area code, may be repeated; default this device's"),
        action="append",
        metavar="CODE",
    ),
    argument(
        "--officer",
        help=Text("可在该设备上工作的执法证号，可重复", "badge that may work on the device, may be repeated"),
        action="append",
        metavar="BADGE",
    ),
    argument("--note", help=Text("给谁", "for whom"), default=""),
    argument("--valid-days", help=Text("证书有效天数", "days that the certificate is good for"), type=int),
)

COMMANDS: Final = (
    Command(
        ("team", "invite"),
        Text("生成一次性邀请码", "make an invitation that works once"),
        invite,
        (*_GRANT, argument("--days", help=Text("邀请码有效天数", "days that the code works"), type=int, default=7)),
    ),
    Command(
        ("team", "join"),
        Text("用邀请码或准入文件加入团队", "join a team by a code or by the administrator's file"),
        join,
        (
            argument("code", help=Text("邀请码，或准入文件", "the code, or the file"), metavar="CODE"),
            argument(
                "--trust",
                help=Text("已核对团队指纹，不再询问", "the team's fingerprint was compared; do not ask"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("team", "request"),
        Text("生成加入请求文件（无网络时）", "write a request to join, without a network"),
        request,
        (argument("file", help=Text("写到哪里", "where to write it"), metavar="FILE"),),
    ),
    Command(
        ("team", "accept"),
        Text("批准加入请求，生成准入文件", "accept a request to join and write the answer"),
        accept,
        (
            argument("file", help=Text("加入请求文件", "the request"), metavar="FILE"),
            argument(
                "--out", help=Text("准入文件写到哪里", "where to write the answer"), required=True, metavar="FILE"
            ),
            *_GRANT,
        ),
    ),
    Command(("team", "list"), Text("列出团队的设备", "list the team's devices"), members),
    Command(
        ("team", "revoke"),
        Text("吊销一台设备", "revoke a device"),
        revoke,
        (
            argument("device", help=Text("设备编号或其开头", "the device's id or its beginning"), metavar="DEVICE"),
            argument("--reason", help=Text("理由，必填", "why; needed"), default=""),
        ),
    ),
    Command(
        ("team", "sign-request"),
        Text("输出一次请求的签名头（供 curl 使用）", "print the headers that sign one request, for curl"),
        sign_request,
        (
            argument("method", help=Text("HTTP 方法", "HTTP method"), metavar="METHOD"),
            argument("path", help=Text("路径，如 /v1/heads", "path such as /v1/heads"), metavar="URLPATH"),
            argument("--body", help=Text("请求内容所在文件", "file with the body"), metavar="FILE"),
        ),
    ),
)
