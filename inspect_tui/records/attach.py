"""Actions on photos 照片 and other evidence: take in, attach, caption, place, detach.

Taking in (copy, hash, EXIF, thumbnail) is slow and needs no database; recording is one changeset. So a screen takes in
on other threads, and nothing waits for a decode while it holds the database.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.files import workspace_around
from inspect_tui.records.frozen import frozen_of, item_of
from inspect_tui.records.inspections import editable
from inspect_tui.records.model import Attached, Problem
from inspect_tui.records.positions import point_of, position_cell, six
from inspect_tui.records.prior_uses import PriorUses
from inspect_tui.records.rows import current, group
from inspect_tui.records.rules import clean_line, clean_text
from inspect_tui.records.sites import refuse_void, void_row
from inspect_tui.texts import Refused
from sync.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from inspect_tui.photos.ingest import Ingested
    from inspect_tui.photos.model import LatLon, Look, PhotoWarning
    from inspect_tui.records.model import TypedPosition
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Edit, Row

THUMBNAILS: Final = "thumbnails"
_AT_ONCE: Final = 200
"""Photos in one changeset, which holds at most 1 MiB."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def take_in(workspace: Workspace, paths: Iterable[Path]) -> Iterator[tuple[Path, Ingested | Refused]]:
    """Copy files into the workspace and look at them, on several threads; nothing is recorded yet.

    Files of any workspace, private keys and workspace databases are refused: what is attached travels with a merge.

    Yields:
        Each path with what is known of it, or why it was refused, in the order given. Its bytes are then on disk.
    """
    from inspect_tui.photos.ingest import Ingested, ingest_many
    from inspect_tui.photos.store import PhotoStore

    # Those refused without a look keep their places among the others.
    waiting: deque[tuple[Path, Refused]] = deque()
    order: deque[bool] = deque()

    def let_in() -> Iterator[Path]:
        for path in paths:
            refused = _of_a_workspace(path)
            order.append(refused is None)
            if refused is None:
                yield path
            else:
                waiting.append((path, refused))

    def refused_first() -> Iterator[tuple[Path, Refused]]:
        while order and not order[0]:
            order.popleft()
            yield waiting.popleft()

    for path, outcome in ingest_many(let_in(), PhotoStore(workspace.blobs.root)):
        yield from refused_first()
        order.popleft()
        if isinstance(outcome, Ingested) and outcome.thumbnail is not None:
            _keep_thumbnail(workspace, outcome.sha256, outcome.thumbnail)
        yield path, outcome
    yield from refused_first()


def _of_a_workspace(path: Path) -> Refused | None:
    folder = workspace_around(path)
    if folder is None:
        return None
    return Refused(
        f"{path.name} 是工作区 {folder} 的内部文件，其中可能有密钥，不能作为证据附上；请选择工作区以外的原始文件。",
        f"{path.name} is a file of the workspace {folder}, which holds keys, and cannot be attached; choose the original"
        " outside of the workspace.",
    )


def _keep_thumbnail(workspace: Workspace, sha256: str, thumbnail: bytes) -> None:
    """A thumbnail can be made again, so a full disk is no reason to refuse the photo."""
    path = thumbnail_path(workspace, sha256)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(thumbnail)


def thumbnail_path(workspace: Workspace, sha256: str) -> Path:
    """Where the thumbnail of a photo lies, if it was made on this device."""
    return workspace.folder / THUMBNAILS / f"{sha256}.jpg"


def attach(
    workspace: Workspace,
    inspection_id: str,
    item_id: str,
    paths: Iterable[Path],
    *,
    finding: str | None = None,
    follow_up: str | None = None,
    caption: str = "",
) -> list[Attached]:
    """Take files in and attach them to an item of an inspection, to a finding, or to a follow-up.

    Args:
        workspace: Where.
        inspection_id: Row id; it must be open, unless the photos belong to a follow-up.
        item_id: Id of the item.
        paths: Files of any kind; only images are decoded.
        finding: Row id of the finding that they show.
        follow_up: Row id of the follow-up that they belong to.
        caption: The same for all.

    Returns:
        What became of each file, in order; one that cannot be read is named and the others are taken.

    Raises:
        Refused: The inspection is not open; it has no such item, finding or follow-up; or the disk failed.
    """
    _place(workspace, inspection_id, item_id, finding, follow_up)
    taken = list(take_in(workspace, paths))
    return record(workspace, inspection_id, item_id, taken, finding=finding, follow_up=follow_up, caption=caption)


def record(
    workspace: Workspace,
    inspection_id: str,
    item_id: str,
    taken: Iterable[tuple[Path, Ingested | Refused]],
    *,
    finding: str | None = None,
    follow_up: str | None = None,
    caption: str = "",
    photographer: str | None = None,
    row_of: Callable[[str], str] | None = None,
) -> list[Attached]:
    """Attach files that were taken in; arguments as for `attach`.

    `photographer` is the officer of this device unless given, and `row_of` gives the row id for a SHA-256.
    """
    results: list[Attached] = []
    with workspace.writing():
        inspection = _place(workspace, inspection_id, item_id, finding, follow_up)
        context = _Context(workspace, inspection, item_id, follow_up)
        before = dict(context.attached)
        edits: list[Edit] = []
        for path, outcome in taken:
            if isinstance(outcome, Refused):
                refusal = Problem("cannot_read", outcome.zh, outcome.en, item_id)
                results.append(Attached(path, None, None, refusal=refusal))
                continue
            sha256 = outcome.sha256
            if (there := context.attached.get(sha256)) is not None:
                said = _added_to(workspace, there, finding, caption) if sha256 in before else ()
                results.append(Attached(path, there, sha256, already=True, warnings=said))
                continue
            row = row_of(sha256) if row_of else new_id()
            warnings = context.warnings(outcome)
            described = {
                "caption": clean_text(caption) or None,
                "photographer": workspace.officer.name if photographer is None else photographer,
            }
            edits.append(_edit(row, inspection_id, item_id, finding, follow_up, described, outcome, warnings))
            workspace.replica.note_blob(sha256)
            context.attached[sha256] = row
            problems = tuple(Problem(one.code, one.text.zh, one.text.en, item_id) for one in warnings)
            results.append(Attached(path, row, sha256, warnings=problems))
        for start in range(0, len(edits), _AT_ONCE):
            workspace.write(inspection.area, edits[start : start + _AT_ONCE])
    return results


def _place(
    workspace: Workspace, inspection_id: str, item_id: str, finding: str | None, follow_up: str | None
) -> Row:
    """The inspection to attach to, once item, finding and follow-up are known to be of it: no photo hangs in the air."""
    inspection = workspace.row("inspections", inspection_id) if follow_up else editable(workspace, inspection_id)
    item_of(frozen_of(workspace, inspection), item_id)
    if finding is not None:
        row = workspace.row("findings", finding)
        refuse_void(row)
        if (row.values["inspection"], row.values["item"]) != (inspection_id, item_id):
            raise Refused(
                f"问题 {finding} 属于检查 {row.values['inspection']} 的 {row.values['item']}，不属于此处；"
                "请给出它所属的检查和检查项，用 finding show 查看。",
                f"The finding {finding} belongs to {row.values['item']} of the inspection {row.values['inspection']};"
                " name that inspection and item, see finding show.",
            )
    if follow_up is not None:
        event = workspace.row("follow_ups", follow_up)
        of = workspace.row("findings", str(event.values["finding"]))
        if of.values["inspection"] != inspection_id or finding not in {None, of.id}:
            raise Refused(
                f"整改跟踪 {follow_up} 属于问题 {of.id}，不属于此处。",
                f"The follow-up {follow_up} belongs to the finding {of.id}, not here.",
            )
    return inspection


def _added_to(workspace: Workspace, photo_id: str, finding: str | None, caption: str) -> tuple[Problem, ...]:
    """Record what was said now of a photo attached before: its caption, and its finding where it had none."""
    row = workspace.row("photos", photo_id)
    said: list[Problem] = []
    item = row.values["item"]
    caption = clean_text(caption)
    old = row.values["caption"] or ""
    if caption and caption != old:
        set_caption(workspace, photo_id, caption=caption)
        was_zh, was_en = (f"，原为“{old}”", f"; it was “{old}”") if old else ("", "")
        said.append(
            Problem(
                "caption_recorded",
                f"说明已记为“{caption}”{was_zh}。",
                f"The caption is now “{caption}”{was_en}.",
                item,
            )
        )
    if finding is not None and row.values["finding"] is None:
        _write_photo(workspace, workspace.row("photos", photo_id), {"finding": finding})
        said.append(
            Problem(
                "finding_recorded", f"已归入问题 {finding}。", f"It now belongs to the finding {finding}.", item
            )
        )
    elif finding not in {None, row.values["finding"]}:
        said.append(
            Problem(
                "finding_kept",
                f"此前已归入问题 {row.values['finding']}，未改归 {finding}；如有误，请先取下照片再重新附上。",
                f"It belongs to the finding {row.values['finding']} already and was not given to {finding}; if that is"
                " wrong, take the photo off and attach it again.",
                item,
            )
        )
    return tuple(said)


class _Context:
    """What a photo of one item is held against."""

    def __init__(self, workspace: Workspace, inspection: Row, item_id: str, follow_up: str | None) -> None:
        from inspect_tui.photos.model import LatLon

        self.workspace = workspace
        self.uses = PriorUses(workspace)
        site = workspace.row("sites", inspection.values["site"])
        self.site: LatLon | None = None
        point = point_of(site.values)
        if point is not None:
            self.site = LatLon(*point)
        self.visit = None if follow_up else visit_of(inspection)
        self.area = _box(workspace, inspection.area)
        rows = workspace.select(
            "SELECT id, sha256 FROM photos WHERE inspection = ? AND item = ? AND follow_up IS ? AND void_at IS NULL",
            inspection.id,
            item_id,
            follow_up,
        )
        self.attached: dict[str, str] = {row["sha256"]: row["id"] for row in rows}
        self.place = (inspection.id, item_id)

    def warnings(self, taken: Ingested) -> list[PhotoWarning]:
        """Everything to be said about the photo here; it counts as used from now on."""
        from inspect_tui.photos.assess import assess
        from inspect_tui.photos.warning_texts import warn

        found = assess(
            taken.look,
            site_position=self.site,
            visit=self.visit,
            area=self.area,
            far_m=self.workspace.config.far_m,
            elsewhere=self.uses.of(taken.sha256, taken.phash, self.place),
            phash=taken.phash,
        )
        self.uses.add(taken.sha256, taken.phash, self.place)
        name = readable_name(taken.look.name)
        if name != taken.look.name:
            found.append(warn("name_not_utf8", name=name[-200:]))
        known = {warning.code for warning in found}
        return found + [warning for warning in taken.picture.warnings if warning.code not in known]


def visit_of(inspection: Row) -> tuple[dt.datetime, dt.datetime]:
    """Begin and end of the visit, now where it has not ended, in the zone of the place."""
    values = inspection.values
    zone = dt.datetime.fromisoformat(f"2000-01-01T00:00:00{values['zone'] or '+08:00'}").tzinfo
    start = times.moment(values["started_at"]).astimezone(zone)
    end = times.moment(values["ended_at"]) if values["ended_at"] else max(times.now(), start)
    return start, end.astimezone(zone)


def _box(workspace: Workspace, area: str) -> Any:
    from inspect_tui.photos.positions import Box

    known = workspace.catalogue.areas.get(area)
    if known is None or known.box is None:
        return None
    box = known.box
    return Box(float(box.west), float(box.south), float(box.east), float(box.north))


def _edit(
    row: str,
    inspection_id: str,
    item_id: str,
    finding: str | None,
    follow_up: str | None,
    described: dict[str, Any],
    taken: Ingested,
    warnings: list[PhotoWarning],
) -> Edit:
    from sync.replica import Edit

    look = taken.look
    cells: dict[str, Any] = {
        "inspection": inspection_id,
        "item": item_id,
        "file": {
            "sha256": look.sha256,
            "size": look.size,
            "media_type": look.media_type,
            "file_name": clean_line(readable_name(look.name)[-200:]),
            "width": look.width,
            "height": look.height,
        },
        "position": _position(look),
        "phash": taken.phash,
        **warning_cells(warnings),
        "caption": group("photos", "caption", described),
    }
    if look.kind == "image":
        cells["exif"] = {
            "orientation": look.orientation,
            "camera": look.camera,
            "software": look.software,
            "taken_at": look.taken_at,
            "taken_at_offset_source": look.taken_at_offset_source,
            "gps_time": look.gps_time,
        }
    cells |= {name: value for name, value in (("finding", finding), ("follow_up", follow_up)) if value is not None}
    return Edit("photos", row, cells)


def readable_name(name: str) -> str:
    """A file's name with every byte that is no UTF-8 shown by its number, so that it can be recorded and read."""
    return os.fsencode(name).decode("utf-8", "backslashreplace") if _SURROGATE.search(name) else name


def _position(look: Look) -> dict[str, Any]:
    said: dict[str, Any] = {"position_state": look.position_state, "position_source": look.position_source}
    if look.position is not None:
        said |= {"longitude": six(look.position.longitude), "latitude": six(look.position.latitude)}
        said["datum"] = look.datum or "WGS-84"
    for name, value in (("altitude", look.altitude), ("direction", look.direction)):
        said[name] = None if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
    return group("photos", "position", said)


def warning_cells(warnings: Iterable[PhotoWarning]) -> dict[str, Any]:
    """The cells for a photo's warnings: the codes joined with `;`, and codes with their sentences."""
    listed = list(warnings)
    return {
        "warning_codes": ";".join(dict.fromkeys(warning.code for warning in listed)),
        "warnings": [{"code": one.code, "zh": one.text.zh, "en": one.text.en} for one in listed],
    }


def set_caption(
    workspace: Workspace,
    photo_id: str,
    *,
    caption: str | None = None,
    proves: str | None = None,
    place: str | None = None,
    photographer: str | None = None,
    basis: Row | None = None,
) -> None:
    """Say what a photo shows, what it is to prove, where, and who took it; None leaves what is recorded."""
    said = {"caption": caption, "proves": proves, "place": place, "photographer": photographer}
    cleaned = {name: clean_text(text) or None for name, text in said.items() if text is not None}
    with workspace.writing():
        row = _open_photo(workspace, photo_id, basis)
        before = current("photos", "caption", row.values)
        _write_photo(workspace, row, {"caption": {**before, **cleaned}} if cleaned else {})


def set_position(workspace: Workspace, photo_id: str, typed: TypedPosition, *, basis: Row | None = None) -> None:
    """Give a photo a typed position; what its EXIF says stays in the file, what was recorded in the log."""
    site = position_cell(typed)
    source = "gps" if typed.source == "gps" else "manual"
    with workspace.writing():
        row = _open_photo(workspace, photo_id, basis)
        kept = {name: row.values[name] for name in ("altitude", "direction")}
        said = {**site, **kept, "position_state": source, "position_source": typed.source}
        _write_photo(workspace, row, {"position": group("photos", "position", said)})


def _open_photo(workspace: Workspace, photo_id: str, basis: Row | None) -> Row:
    row = basis or workspace.row("photos", photo_id)
    refuse_void(row)
    if row.values["follow_up"] is None:
        editable(workspace, row.values["inspection"])
    return row


def _write_photo(workspace: Workspace, row: Row, cells: dict[str, Any]) -> None:
    from sync.replica import Edit

    if cells:
        refuse_disputed(workspace, "photos", row.id, cells)
        workspace.write(row.area, [Edit("photos", row.id, cells, basis=row)])


def detach(workspace: Workspace, photo_id: str, reason: str) -> None:
    """Take a photo off its item, with a reason: the row is voided, the bytes stay.

    Raises:
        Refused: No reason, void already, or the inspection is not open.
    """
    with workspace.writing():
        _open_photo(workspace, photo_id, None)
        void_row(workspace, "photos", photo_id, reason)


def propose(workspace: Workspace, inspection_id: str, looks: Iterable[Look]) -> list[Look]:
    """Of the photos looked at, those taken during the visit (half an hour about it) and not far from the site."""
    from inspect_tui.photos.assess import assess

    inspection = workspace.row("inspections", inspection_id)
    context = _Context(workspace, inspection, "", None)
    start, end = visit_of(inspection)
    slack = dt.timedelta(minutes=30)
    proposed: list[Look] = []
    for look in looks:
        codes = {
            warning.code
            for warning in assess(
                look,
                site_position=context.site,
                visit=(start - slack, end + slack),
                far_m=workspace.config.far_m,
            )
        }
        if look.kind == "image" and look.taken_at and not codes & {"far", "far_shift", "outside_visit"}:
            proposed.append(look)
    return proposed
