"""Publishing checklists 检查表发布: an administrator's version reaches every laptop with the log, signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.publications import Publication, publications, published, published_id
from inspect_tui.records.rows import group
from inspect_tui.records.rules import area_known, clean_line, clean_text
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checklists.model import Catalogue, Checklist
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row

_ROOM: Final = 32 << 10
"""What a changeset needs beside the text: header, certificate, the other cells."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing would do.

    Attributes:
        text: The YAML as it goes into the log.
        before: The version now in force in the area, None where the id is new; `publication` where it was published.
    """

    area: str
    text: str
    checklist: Checklist
    before: Checklist | None
    publication: Publication | None


def refuse_others(workspace: Workspace, area: str) -> None:
    """Refuse a device that may not publish for an area, before anything is written.

    Raises:
        Refused: Its role is not that of an administrator, its certificate does not cover the area, or it can only read.
    """
    certificate = workspace.identity.certificate
    if certificate.role != "admin":
        raise Refused(
            f"只有管理员设备可以发布和撤回检查表，本机的角色是 {certificate.role}；请交给管理员办理。",
            f"Only an administrator's device publishes and withdraws checklists, and the role of this one is {certificate.role};"
            " ask the administrator.",
        )
    if not certificate.covers(area):
        own = "、".join(certificate.areas)
        raise Refused(
            f"本机证书的行政区（{own}）不含 {area}，不能为其发布或撤回。",
            f"The certificate of this device ({own.replace('、', ', ')}) does not cover {area}; nothing can be published or"
            " withdrawn there.",
        )


def plan(workspace: Workspace, data: bytes, area: str | None = None) -> Plan:
    """What publishing a checklist would do; nothing is written.

    Args:
        workspace: Where.
        data: The YAML.
        area: GB/T 2260 code; that of the workspace unless given. One ending in 00 covers those beneath it.

    Raises:
        Refused: The device may not, the text does not pass the check or is too large, or the version is not newer than
            the one in force there.
    """
    from checklists.errors import CatalogueError
    from checklists.published import read_text
    from sync.keys import EVERYWHERE

    area = area or workspace.config.area
    if not area_known(area) and area != EVERYWHERE:
        raise Refused(
            f"行政区代码 {clean_line(area[:40])} 不是 GB/T 2260 六位代码。",
            f"The area code {clean_line(area[:40])} is not a six-digit GB/T 2260 code.",
        )
    refuse_others(workspace, area)
    text = _text(data)
    try:
        checklist = read_text(text)
    except CatalogueError as error:
        raise Refused(
            f"检查表有错误，未发布：{error.zh.rstrip('。')}；用 checklist validate 查看全部。",
            f"The checklist has faults and was not published: {error.en.rstrip('.')}; checklist validate lists them all.",
        ) from error
    holding = published(workspace, area)
    before = holding.checklists.get(checklist.id) or _built_in().checklists.get(checklist.id)
    said = Plan(area, text, checklist, before, holding.by.get(checklist.id))
    _refuse_old(workspace, said)
    return said


def _built_in() -> Catalogue:
    from checklists.catalogue import load_catalogue

    return load_catalogue()


def _text(data: bytes) -> str:
    from sync.changeset import MAX_BYTES, nfc

    try:
        text = str(nfc(data.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise Refused(
            "检查表不是 UTF-8 编码，未发布。", "The checklist is not in UTF-8; it was not published."
        ) from None
    size = len(json.dumps(text, ensure_ascii=False).encode())
    if size > MAX_BYTES - _ROOM:
        most = (MAX_BYTES - _ROOM) >> 10
        raise Refused(
            f"检查表编码后有 {size >> 10} KiB，一次变更最多放 {most} KiB，未发布；请拆成几个检查表。",
            f"The checklist takes {size >> 10} KiB and one change holds at most {most} KiB, so it was not published; make"
            " several checklists of it.",
        )
    return text


def _refuse_old(workspace: Workspace, said: Plan) -> None:
    from checklists.catalogue import version_key

    checklist = said.checklist
    row = workspace.replica.row("published_checklists", published_id(said.area, checklist.id, checklist.version))
    if row is not None:
        zh, en = ("，且已撤回", " and withdrawn") if row.values["withdrawn_at"] else ("", "")
        raise Refused(
            f"{checklist.id} 的 {checklist.version} 版已为 {said.area} 发布过{zh}，未再发布；请升版本号。",
            f"Version {checklist.version} of {checklist.id} was published for {said.area} before{en}, so it was not published"
            " again; raise the version.",
        )
    if said.publication is not None and version_key(checklist.version) <= version_key(said.publication.version):
        raise Refused(
            f"{said.area} 现行的是 {said.publication.area} 发布的 {said.publication.version} 版，{checklist.version} 版不会"
            "生效，未发布；请升版本号。",
            f"Version {said.publication.version}, published for {said.publication.area}, is in force in {said.area}, so"
            f" {checklist.version} would not come into force and was not published; raise the version.",
        )
    shipped = _built_in().checklists.get(checklist.id)
    if shipped is not None and shipped.version == checklist.version and shipped != checklist:
        raise Refused(
            f"{checklist.version} 版是程序内置的 {checklist.id}，内容不同，未发布；请升版本号。",
            f"The programme has other content as version {checklist.version} of {checklist.id}, so it was not published;"
            " raise the version.",
        )


def publish(workspace: Workspace, said: Plan, note: str = "") -> str:
    """Publish what was planned, in one signed changeset; it goes out with the next merge, bundle or sync.

    Returns:
        Row id of the publication.

    Raises:
        Refused: As `plan` says; looked at again within the transaction.
    """
    from checklists.published import text_digest
    from sync.replica import PROGRAMME, Edit

    refuse_others(workspace, said.area)
    checklist = said.checklist
    row = published_id(said.area, checklist.id, checklist.version)
    content = {
        "checklist": checklist.id,
        "version": checklist.version,
        "source": said.text,
        "digest": text_digest(said.text),
        "title": checklist.title.zh,
        "title_en": checklist.title.en,
    }
    published_ = {
        "published_at": times.stored(times.now()),
        "published_by": workspace.officer.name,
        "published_badge": workspace.officer.badge,
        "published_note": clean_text(note) or None,
        "published_programme": PROGRAMME,
    }
    cells: dict[str, Any] = {
        "content": group("published_checklists", "content", content),
        "published": group("published_checklists", "published", published_),
    }
    with workspace.writing():
        _refuse_old(workspace, said)
        workspace.write(said.area, [Edit("published_checklists", row, cells)])
    return row


def withdraw(
    workspace: Workspace, checklist: str, version: str, reason: str, area: str | None = None
) -> Publication:
    """Withdraw a published version; what was in force before it is in force again. Inspections keep their text.

    Args:
        workspace: Where.
        checklist: Its id.
        version: Which.
        reason: Why; never empty.
        area: For which it was published; needed where it was published for several.

    Returns:
        What was withdrawn.

    Raises:
        Refused: No reason, nothing or several published under that, withdrawn before, or the device may not.
    """
    from sync.replica import Edit

    reason = clean_text(reason)
    if not reason:
        raise Refused("撤回须写明理由（--reason）。", "Withdrawing needs a reason (--reason).")
    one = _named(workspace, checklist, version, area)
    refuse_others(workspace, one.area)
    cell = {
        "withdrawn_at": times.stored(times.now()),
        "withdrawn_by": workspace.officer.name,
        "withdrawn_badge": workspace.officer.badge,
        "withdrawn_reason": reason,
    }
    with workspace.writing():
        row: Row = workspace.row("published_checklists", one.id)
        if row.values["withdrawn_at"] or row.values["void_at"]:
            raise Refused(
                f"{checklist} 的 {version} 版已撤回。", f"Version {version} of {checklist} is withdrawn already."
            )
        workspace.write(one.area, [Edit("published_checklists", one.id, {"withdrawn": cell})])
    return one


def _named(workspace: Workspace, checklist: str, version: str, area: str | None) -> Publication:
    found = [one for one in publications(workspace, checklist) if one.version == version]
    found = [one for one in found if area in {None, one.area}]
    standing = [one for one in found if one.stands] or found
    if not standing:
        known = _listed(one.version for one in publications(workspace, checklist))
        raise Refused(
            f"没有发布过 {clean_line(checklist[:60])} 的 {clean_line(version[:20])} 版"
            f"{f'（{area}）' if area else ''}；已发布：{known.zh}。",
            f"No version {clean_line(version[:20])} of {clean_line(checklist[:60])} was published"
            f"{f' for {area}' if area else ''}; published are: {known.en}.",
        )
    if len(standing) > 1:
        areas = [one.area for one in standing]
        raise Refused(
            f"{checklist} 的 {version} 版为 {'、'.join(areas)} 分别发布过；请用 --area 指明。",
            f"Version {version} of {checklist} was published for {', '.join(areas)}; say which with --area.",
        )
    return standing[0]


def _listed(versions: Iterable[str]) -> Text:
    names = list(dict.fromkeys(versions))
    return Text("、".join(names) or "无", ", ".join(names) or "none")
