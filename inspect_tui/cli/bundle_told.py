"""What the `bundle` commands say: lines for people, objects for machines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.merge import outcome_of, tell
from inspect_tui.cli.output import fields, line
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tui.cli.progress import Progress
    from inspect_tui.records.bundles import Sealing
    from inspect_tui.records.workspace import Workspace
    from sync.bundles.create import Made
    from sync.bundles.peer import BundlePeer
    from sync.bundles.returns import Found
    from sync.keys import Certificate
    from sync.receipts import ChainEnd


def made_as_json(made: Made, sealed: Sealing) -> dict[str, Any]:
    """What was made, as JSON takes it."""
    header = made.header
    return {
        "path": str(made.path),
        "files": [path.name for path in made.files],
        "bundle": header.bundle,
        "bytes": made.size,
        "sealed": sealed.addresses is not None,
        "devices": [_device(each) for each in sealed.devices],
        "addresses_given": sealed.further,
        "devices_left_out": [_device(each) for each in sealed.left_out],
        "changesets": header.changesets,
        "photos": header.photos,
        "photo_bytes": header.photo_bytes,
        "photos_missing": made.photos_missing,
        "photos_locked": made.photos_locked,
        "photos_damaged": made.photos_damaged,
        "read_back": True,
    }


def _device(certificate: Certificate) -> dict[str, Any]:
    return {
        "device": certificate.device,
        "name": certificate.name,
        "role": certificate.role,
        "team": certificate.team,
        "areas": list(certificate.areas),
    }


def tell_made(made: Made, sealed: Sealing) -> None:
    """Say what was made, for whom, and that the stick may go."""
    header = made.header
    parts = len(made.files) - 1
    line(
        tr(
            f"✓ {made.path.name}：{header.changesets} 个变更集，{header.photos} 张照片，{_size(made.size)}，{parts} 个文件。",
            f"✓ {made.path.name}: {header.changesets} changesets, {header.photos} photos, {_size(made.size)} in {parts}"
            " files.",
        )
    )
    if sealed.addresses is None:
        line(
            tr(
                "! 未加密：捡到 U 盘的人都能读取其中的记录、照片和个人信息。",
                "! Not encrypted: whoever finds the stick can read its records, photos and personal data.",
            )
        )
    else:
        names = [f"{each.name}（{each.device[:8]}）" for each in sealed.devices]
        if sealed.further:
            names.append(tr(f"--to 给出的 {sealed.further} 个地址", f"{sealed.further} addresses given with --to"))
        line(
            tr(
                f"  加密给：{'、'.join(['本机', '团队根密钥', *names])}",
                f"  Sealed for: {', '.join(['this device', 'the team root key', *names])}",
            )
        )
    for each in sealed.left_out:
        line(
            tr(
                f"! 打不开的设备：{each.name}（{each.device[:8]}），其行政区 {'、'.join(each.areas)} 不含全部内容",
                f"! Not for {each.name} ({each.device[:8]}), whose areas {', '.join(each.areas)} do not cover all of it",
            )
        )
    if made.photos_missing:
        line(tr(f"! {made.photos_missing} 张照片不在本机，未带上", f"! {made.photos_missing} photos are not here"))
    if made.photos_locked:
        line(
            tr(
                f"! {made.photos_locked} 项个人信息用 PIN 加密、未解锁，未带上",
                f"! {made.photos_locked} private values lie sealed under a PIN that was not entered and stayed behind",
            )
        )
    for sha256 in made.photos_damaged:
        line(
            tr(
                f"✗ 照片 {sha256} 在本机已被改动，未带上；请运行 inspect-tui verify",
                f"✗ photo {sha256} was changed on this device and stayed behind; run inspect-tui verify",
            )
        )
    line(tr("已读回核对无误，可以拔出 U 盘。", "Read back and found whole: safe to remove the stick."))


def _size(count: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count = count / 1024  # type: ignore[assignment]  # shown only
    return f"{count:.1f} GiB"


def looked_as_json(workspace: Workspace, peer: BundlePeer, progress: Progress) -> dict[str, Any]:
    """What a bundle is and would bring, as JSON takes it."""
    from inspect_tui.records.bundles import lacking
    from inspect_tui.records.merging import preview
    from sync.exchange import strangers

    found = peer.found
    header = found.header
    unknown = strangers(workspace.replica, peer)
    return {
        "path": str(peer.parts.main),
        "files": [each.name for each in peer.parts.paths],
        "bytes": peer.parts.size,
        "manifest": peer.parts.manifest is not None,
        "bundle": header.bundle,
        "sealed": peer.sealed,
        "made_by": _device(found.maker),
        "made_at": _when(header.time),
        "programme": header.programme,
        "kind": header.kind,
        "for": header.peer,
        "since": None if header.since is None else _when(header.since),
        "area": header.area,
        "changesets": header.changesets,
        "earliest": None if found.earliest is None else _when(found.earliest),
        "latest": None if found.latest is None else _when(found.latest),
        "photos": header.photos,
        "photo_bytes": header.photo_bytes,
        "photos_left_out": header.photos_left_out,
        "devices": [_device(each) for each in _newest(found.certificates)],
        "lacking": [_end(each) for each in lacking(workspace, peer)],
        "strangers": [
            {
                "team": each.team,
                "fingerprint": each.fingerprint,
                "name": each.name,
                "devices": [_device(one) for one in each.devices],
            }
            for each in unknown
        ],
        "preview": outcome_of(preview(workspace, peer, progress.step)),
    }


def _newest(certificates: Iterable[Certificate]) -> list[Certificate]:
    return list({each.device: each for each in sorted(certificates, key=lambda said: said.issued)}.values())


def _end(end: ChainEnd) -> dict[str, Any]:
    return {"area": end.area, "device": end.device, "seq": end.seq, "hash": end.hash}


def _when(time_ms: int) -> str:
    from inspect_tui.records.times import SHANGHAI

    try:
        return dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(time_ms)


_KINDS: Final = {
    "all": Text("全部", "everything"),
    "for": Text("为指定设备", "for one device"),
    "since": Text("某日以来", "since a day"),
}


def tell_looked(told: dict[str, Any]) -> None:
    """Say what a bundle is and would bring."""
    maker = told["made_by"]
    fields(
        [
            (tr("数据包", "bundle"), told["path"]),
            (tr("文件", "files"), f"{len(told['files'])}, {_size(told['bytes'])}"),
            (tr("制作", "made by"), f"{maker['name']} ({maker['device']}, {maker['role']}) {told['made_at']}"),
            (tr("加密", "sealed"), tr("是", "yes") if told["sealed"] else tr("否", "no")),
            (
                tr("内容", "holds"),
                f"{_KINDS[told['kind']]} {told['for'] or told['since'] or ''} {told['area'] or ''}".strip(),
            ),
            (
                tr("变更集", "changesets"),
                f"{told['changesets']}  {told['earliest'] or ''} – {told['latest'] or ''}",
            ),
            (tr("照片", "photos"), f"{told['photos']}, {_size(told['photo_bytes'])}"),
            (tr("设备", "devices"), ", ".join(f"{each['name']} ({each['device']})" for each in told["devices"])),
        ]
    )
    if not told["manifest"]:
        line(tr("! 缺少清单文件，已直接核对内容", "! The manifest is missing; the content itself was checked"))
    for each in told["lacking"]:
        line(
            tr(
                f"! 本机缺少它所接续的变更集：{each['device']} 第 {each['seq']} 号（{each['area']}）；请对方用 --all 另做一个",
                f"! It goes on from changeset {each['seq']} of {each['device']} ({each['area']}), which is not here; have one made"
                " with --all",
            )
        )
    for each in told["strangers"]:
        line(
            tr(
                f"! 另一根密钥：{each['name']}，指纹 {each['fingerprint']}",
                f"! Another root key: {each['name']}, fingerprint {each['fingerprint']}",
            )
        )
    tell({"source": told["path"], "preview": True, **told["preview"]})


def any_lost(found: Iterable[Found]) -> bool:
    """Whether a receipt shows that the log here was cut."""
    return any(each.lost for each in found)


def receipt_as_json(found: Found) -> dict[str, Any]:
    """A receipt that was read, as JSON takes it."""
    return {
        "path": str(found.path),
        "giver": None if found.giver is None else _device(found.giver),
        "time": None if found.refused is not None else _when(found.time),
        "chains": found.chains,
        "photos": found.photos,
        "lost": [_end(each) for each in found.lost],
        "elsewhere": [_end(each) for each in found.elsewhere],
        "refused": None if found.refused is None else {"zh": found.refused.zh, "en": found.refused.en},
    }


def tell_receipts(found: Iterable[Found]) -> None:
    """Say what became of the receipts that lay there."""
    for each in found:
        if each.refused is not None:
            line(f"! {each.path.name}: {say(each.refused)}")
            continue
        name = "" if each.giver is None else f"{each.giver.name}（{each.giver.device[:8]}）"
        line(
            tr(
                f"✓ 回执：{name} 于 {_when(each.time)} 签收 {each.chains} 条链、{each.photos} 张照片。",
                f"✓ Receipt: {name} acknowledged {each.chains} chains and {each.photos} photos on {_when(each.time)}.",
            )
        )
        for end in each.lost:
            line(
                tr(
                    f"✗ 日志被截断或回退：{end.version}（{end.area}）已由 {name} 签收，本机却没有；请合并对方的数据找回。",
                    f"✗ The log was cut or rolled back: {end.version} ({end.area}) was acknowledged by {name} and is not here;"
                    " merge theirs to get it back.",
                )
            )
        if each.elsewhere:
            line(
                tr(
                    f"! 其中 {len(each.elsewhere)} 个变更集本机没有：若那个数据包不是本机制作的，属正常；若是，说明日志被回退过。",
                    f"! {len(each.elsewhere)} changesets of it are not here: as it should be if another device made that bundle; if"
                    " this one did, its log was rolled back.",
                )
            )
