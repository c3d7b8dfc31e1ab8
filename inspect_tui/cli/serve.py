"""`serve`: run the central store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import WrongUsage
from inspect_tui.cli.output import line, print_json
from inspect_tui.texts import Refused, Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.records.workspace import Workspace

PORT: Final = 8765
SERVER_BADGE: Final = "central"


def serve(context: Context, said: argparse.Namespace) -> int:
    """Serve until told to stop; what is under way then is answered first."""
    if (said.tls_cert is None) != (said.tls_key is None):
        raise WrongUsage("--tls-cert 与 --tls-key 须同时给出。", "Give --tls-cert and --tls-key together.")
    if said.no_tls and (said.tls_cert is not None or said.host not in {"127.0.0.1", "::1", "localhost"}):
        raise WrongUsage(
            "--no-tls 只用于本机反向代理之后：不能与 --tls-cert 同用，--host 须为 127.0.0.1。",
            "--no-tls is for a proxy on this machine: not together with --tls-cert, and with --host 127.0.0.1.",
        )
    postgres = (said.store or "").startswith(("postgresql://", "postgres://"))
    folder = Path(said.store).expanduser() if said.store and not postgres else context.folder
    with _workspace(folder, said) as workspace:
        return _serve(context, said, workspace, said.store if postgres else None)


def _workspace(folder: Path, said: argparse.Namespace) -> Workspace:
    """The server's own workspace, made where there is none: it holds the keys, and the log unless PostgreSQL does."""
    from inspect_tui.records.workspace import Workspace

    if Workspace.exists(folder):
        return Workspace.open(folder)
    return Workspace.init(folder, name=tr("中心库", "central store"), badge=SERVER_BADGE, area=said.area)


def _serve(context: Context, said: argparse.Namespace, workspace: Workspace, url: str | None) -> int:
    from inspect_tui.records import serving
    from sync.central.serving import bind, server

    central = serving.central_of(workspace, store=url, photos=said.photos, requests_a_minute=said.requests_a_minute)
    try:
        where = serving.where(
            workspace,
            host=said.host,
            port=said.port,
            certificate=said.tls_cert,
            key=said.tls_key,
            plain=said.no_tls,
            names=said.name or [],
        )
        socket = bind(where)
        port = socket.getsockname()[1]
        told: dict[str, Any] = serving.note(workspace, where, port, public=said.url, store=url, pin=said.pin_cert)
        if context.json:
            print_json(told)
        else:
            _announce(told, enrols=central.identity.root is not None)
        server(central, where).run(sockets=[socket])
    except SystemExit as leaving:
        if leaving.code:
            raise Refused("服务器未能启动。", "The server did not start.") from leaving
    finally:
        central.store.close()
    return 0


def _announce(told: dict[str, Any], *, enrols: bool) -> None:
    line(tr(f"中心库已启动：{told['url']}", f"The central store is up: {told['url']}"))
    line(tr(f"团队指纹 {told['team']}", f"team {told['team']}"))
    if told["fingerprint"]:
        line(tr(f"TLS 证书指纹 {told['fingerprint']}", f"TLS certificate {told['fingerprint']}"))
    if enrols:
        line(
            tr(
                "邀请设备：inspect-tui team invite --role inspector --area 行政区代码（在本文件夹运行）。",
                "To let devices in: inspect-tui team invite --role inspector --area CODE (in this folder).",
            )
        )
    line(tr("按 Ctrl+C 停止。", "Ctrl+C stops it."))


def _port(text: str) -> int:
    """A port number.

    Raises:
        ValueError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise ValueError(text)
    return int(text)


COMMANDS: Final = (
    Command(
        ("serve",),
        Text("运行中心库", "run the central store"),
        serve,
        (
            argument(
                "--store",
                help=Text(
                    "存放处：文件夹（默认为工作区）或 postgresql:// 地址",
                    "where it lies: a folder (default the workspace) or a postgresql:// address",
                ),
                metavar="TARGET",
            ),
            argument(
                "--photos",
                help=Text("照片存放处：文件夹或 s3:// 地址", "where photos lie: a folder or an s3:// address"),
                metavar="TARGET",
            ),
            argument("--host", help=Text("监听地址", "address to listen on"), default="0.0.0.0"),  # noqa: S104  a server is there for others; requests are signed and TLS is on
            argument("--port", help=Text("端口", "port"), type=_port, default=PORT),
            argument("--tls-cert", help=Text("TLS 证书文件", "TLS certificate file"), metavar="FILE"),
            argument("--tls-key", help=Text("TLS 私钥文件", "TLS key file"), metavar="FILE"),
            argument(
                "--no-tls",
                help=Text("不加密，只用于本机反向代理之后", "no encryption, only behind a proxy on this machine"),
                action="store_true",
            ),
            argument(
                "--url",
                help=Text("设备使用的地址，写入邀请码", "the address that devices use, for invitations"),
                metavar="URL",
            ),
            argument(
                "--pin-cert",
                help=Text(
                    "反向代理的证书文件，其指纹写入邀请码（公共机构签发的不需要）",
                    "certificate file of a proxy in front, for invitations (not needed for one of a public authority)",
                ),
                metavar="FILE",
            ),
            argument(
                "--name",
                help=Text("自制证书所含的主机名，可重复", "host names in a certificate made here; may be repeated"),
                action="append",
            ),
            argument(
                "--area", help=Text("新建中心库时的行政区", "area of a store that is made anew"), default="141100"
            ),
            argument(
                "--requests-a-minute",
                help=Text("每台设备每分钟的请求上限", "requests that a device may make a minute"),
                type=int,
                default=3000,
            ),
        ),
    ),
)
