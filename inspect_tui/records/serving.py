"""What a workspace needs to be served as the central store."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.workspace import PHOTOS
from inspect_tui.texts import Refused
from sync.errors import SyncError
from sync.receipts import GIVERS
from sync.replica import PROGRAMME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.central.app import Central
    from sync.central.photos import PhotoStore
    from sync.central.serving import Where
    from sync.central.store import CentralStore

TABLE: Final = "serving"
"""The table of `config.toml` that says how the store is reached, for invitations."""


def store_of(workspace: Workspace, url: str | None) -> CentralStore:
    """The store: in the workspace's own database, or in PostgreSQL.

    Raises:
        Refused: It cannot be opened.
    """
    try:
        if url is None:
            from sync.central.sqlite_store import SqliteStore

            return SqliteStore(workspace.replica)
        try:
            from sync.central.postgres_store import PostgresStore
        except ImportError as error:
            raise Refused(
                "使用 PostgreSQL 需要附加组件：pip install 'inspect-tui[central]'。",
                "PostgreSQL needs an extra: pip install 'inspect-tui[central]'.",
            ) from error
        return PostgresStore.open(url, SCHEMA, team=workspace.replica.team)
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def _photos(workspace: Workspace, target: str | None) -> PhotoStore:
    from sync.central.photos import STAGING, FolderPhotos, ObjectPhotos

    if target is None:
        return FolderPhotos(workspace.folder / PHOTOS)
    if "://" in target:
        return ObjectPhotos(target, workspace.folder / PHOTOS / STAGING)
    return FolderPhotos(Path(target).expanduser())


def central_of(workspace: Workspace, *, store: str | None, photos: str | None, requests_a_minute: int) -> Central:
    """Everything that a server process works with.

    Args:
        workspace: Holds the keys.
        store: A `postgresql://` address, or None for the workspace's own database.
        photos: A folder or the address of object storage; None for the workspace's own folder.
        requests_a_minute: Of one device.

    Raises:
        Refused: The device may not serve, or the store cannot be opened.
    """
    from sync.central.app import Central

    identity = workspace.identity
    if identity.certificate.role not in GIVERS:
        raise Refused(
            f"此设备的角色是 {identity.certificate.role}，不能作中心库；请用管理员或主管设备的工作区。",
            f"This device's role is {identity.certificate.role}; only an administrator's or supervisor's workspace serves.",
        )
    try:
        return Central(
            store_of(workspace, store),
            _photos(workspace, photos),
            identity,
            PROGRAMME,
            requests_a_minute=requests_a_minute,
        )
    except SyncError as error:
        raise Refused(error.zh, error.en) from error


def where(
    workspace: Workspace,
    *,
    host: str,
    port: int,
    certificate: str | None,
    key: str | None,
    plain: bool,
    names: Sequence[str],
) -> Where:
    """Where to listen, with a TLS certificate of our own unless one is given.

    Raises:
        Refused: The certificate or key cannot be read.
    """
    from sync.central import tls
    from sync.central.serving import Where

    if plain:
        return Where(host, port)
    try:
        if certificate is not None and key is not None:
            paths = Path(certificate).expanduser(), Path(key).expanduser()
        else:
            paths = tls.make(workspace.folder, [platform.node() or "localhost", "localhost", "127.0.0.1", *names])
        tls.fingerprint(paths[0])
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    if not paths[1].is_file():
        raise Refused(f"找不到 TLS 私钥 {paths[1]}。", f"The TLS key {paths[1]} is not there.")
    return Where(host, port, *paths)


def note(
    workspace: Workspace,
    where: Where,
    port: int,
    *,
    public: str | None,
    store: str | None,
    pin: str | None = None,
) -> dict[str, Any]:
    """Have in the settings how the store is reached; returns it, with the team.

    Args:
        workspace: Of the server.
        where: It listens.
        port: That it got.
        public: The address that devices use, where it is another one.
        store: The `postgresql://` address; kept without its password.
        pin: Certificate file of a proxy in front, whose fingerprint devices are to know.

    Raises:
        Refused: The proxy's certificate cannot be read.
    """
    from sync.central import tls

    own_certificate = where.certificate is not None and where.certificate.parent == workspace.folder
    reached = "127.0.0.1" if where.scheme == "http" else (platform.node() or "localhost")
    if where.host not in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        reached = where.host
    said: dict[str, Any] = {"url": public or f"{where.scheme}://{reached}:{port}"}
    # a certificate that an authority signed is renewed: only our own is pinned
    pinned = Path(pin).expanduser() if pin is not None else where.certificate if own_certificate else None
    try:
        said["fingerprint"] = "" if pinned is None else tls.fingerprint(pinned)
    except SyncError as error:
        raise Refused(error.zh, error.en) from error
    if store is not None:
        said["store"] = _without_password(store)
    if workspace.config.rest.get(TABLE) != said:
        workspace.change_config(rest={**workspace.config.rest, TABLE: said})
    return {key: value for key, value in said.items() if key != "store"} | {
        "team": workspace.replica.team,
        "port": port,
    }


def _without_password(url: str) -> str:
    """A password never lies in the settings: libpq finds it in PGPASSWORD or ~/.pgpass."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
