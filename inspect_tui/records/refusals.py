"""Refused changes 未采纳: they stay in the log with the reason, are shown at both ends, and can be offered again.

Whether a change counts is judged from the log (`sync.verdict`); offering again never overrules that. It makes a new
changeset with the same values under a certificate that permits them, and the refused one stays where it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.conflicts import refuse_disputed, row_title
from inspect_tui.records.model import RefusedByRules
from inspect_tui.records.rows import current
from inspect_tui.records.rules import clean_text
from inspect_tui.records.sites import refuse_void
from inspect_tui.records.tables import REVIEWERS, SCHEMA
from inspect_tui.texts import Refused, Text
from sync.changeset import canonical_value
from sync.ids import new_id
from sync.replica import Edit, Row
from sync.schema import SYSTEM_NAMES
from sync.verdict import REASONS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.replica import HistoryEntry


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """One change that does not count.

    Attributes:
        title: What the row is about.
        set: Cell → the value that was to be written.
        seen: Cell → the versions that its author saw; empty where it was to create the row.
        code: Of `sync.verdict.REASONS`.
    """

    table: str
    row: str
    title: str
    set: Mapping[str, Any]
    seen: Mapping[str, Sequence[str]]
    code: str

    @property
    def reason(self) -> Text:
        """Why it does not count."""
        return Text(*REASONS.get(self.code, (self.code, self.code)))


@dataclass(frozen=True, slots=True)
class Offered:
    """That a refused changeset was offered again; `at` is UTC."""

    version: str
    reason: str
    at: str
    officer: str
    badge: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A changeset of which at least one change does not count.

    Attributes:
        version: `device:seq:h`.
        time_ms: UTC, by the clock of the device that made it.
        officer: Badge number of who acted.
        offered: Whether, by whom and why it was offered again.
    """

    version: str
    time_ms: int
    area: str
    device: str
    device_name: str
    officer: str
    changes: tuple[RefusedChange, ...]
    offered: Offered | None


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that has another value by now than the one that the author of a refused change saw."""

    table: str
    row: str
    cell: str
    title: str
    now: Any
    offered: Any


class OtherValuesError(Refused):
    """What is offered again would write over values that came since; whoever confirms it has seen both."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        from inspect_tui.records.cell_words import cell_name, short_value

        zh = "；".join(
            f"{one.title} {cell_name(one.table, one.cell).zh}：现为 {short_value(one.table, one.cell, one.now).zh}，"
            f"重新提交为 {short_value(one.table, one.cell, one.offered).zh}"
            for one in clashes
        )
        en = "; ".join(
            f"{one.title} {cell_name(one.table, one.cell).en}: now {short_value(one.table, one.cell, one.now).en},"
            f" offered {short_value(one.table, one.cell, one.offered).en}"
            for one in clashes
        )
        super().__init__(
            f"此后已有其他取值，未作改动：{zh}。确认改写请用 --replace。",
            f"Other values came since, nothing was changed: {en}. To write over them confirm with --replace.",
        )
        self.clashes = tuple(clashes)


def count_refused(workspace: Workspace) -> int:
    """How many changesets have changes that do not count and were not offered again."""
    return int(
        workspace.select(
            "SELECT count(DISTINCT refusals.log) FROM refusals JOIN log ON log.id = refusals.log"
            " JOIN chains ON chains.id = log.chain WHERE NOT EXISTS (SELECT 1 FROM offers WHERE version ="
            " chains.device || ':' || log.seq || ':' || lower(hex(substr(log.hash, 1, 16))))"
        )[0][0]
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cells are in conflict, changesets wait refused, conflicts were settled."""

    conflicts: int
    refused: int
    settled: int


def counts(workspace: Workspace) -> Counts:
    """What the lists of the Conflicts screen hold."""
    row = workspace.select("SELECT (SELECT count(*) FROM conflicts), (SELECT count(*) FROM resolutions)")[0]
    return Counts(row[0], count_refused(workspace), row[1])


def list_refused(workspace: Workspace, *, limit: int = 500, offset: int = 0) -> list[Refusal]:
    """Changesets with changes that do not count, the latest to come first; `limit` -1 is all of them."""
    query = f"{_QUERY} GROUP BY log.id ORDER BY log.id DESC LIMIT ? OFFSET ?"
    return [_refusal(workspace, row) for row in workspace.select(query, limit, offset)]


_QUERY: Final = (
    "SELECT log.id, log.seq, lower(hex(substr(log.hash, 1, 16))) AS short, log.body, chains.area, chains.device,"
    " json_group_array(json_array(refusals.change, refusals.code)) AS codes FROM refusals"
    " JOIN log ON log.id = refusals.log JOIN chains ON chains.id = log.chain"
)


def _refusal(workspace: Workspace, row: sqlite3.Row) -> Refusal:
    said = json.loads(row["body"])
    codes = {int(change): str(code) for change, code in json.loads(row["codes"])}
    version = f"{row['device']}:{row['seq']}:{row['short']}"
    changes = []
    for index, change in enumerate(said["changes"]):
        code = codes.get(index, codes.get(-1))
        if code is not None:
            title = _title(workspace, change)
            seen = change.get("seen", {})
            changes.append(RefusedChange(change["table"], change["row"], title, change["set"], seen, code))
    header = said["header"]
    return Refusal(
        version=version,
        time_ms=int(header["time"]),
        area=row["area"],
        device=row["device"],
        device_name=workspace.replica.device_name(row["device"]),
        officer=str(header["officer"]),
        changes=tuple(changes),
        offered=_offered(workspace, version),
    )


def _title(workspace: Workspace, change: Mapping[str, Any]) -> str:
    """What the row is about: as it stands, or where it does not, as the change says."""
    if (there := _there(workspace, change["table"], change["row"])) is not None:
        return row_title(workspace, there)
    said: dict[str, Any] = {}
    for cell, value in change["set"].items():
        said |= value if isinstance(value, dict) else {cell: value}
    table = SCHEMA.by_name.get(change["table"])
    columns = table.column_list if table is not None else ()
    values = dict.fromkeys(columns) | {name: value for name, value in said.items() if isinstance(value, str)}
    return row_title(workspace, Row(change["table"], change["row"], "", values, "", {}, []))


def _there(workspace: Workspace, table: str, row: str) -> Row | None:
    return workspace.replica.row(table, row) if table in SCHEMA.by_name else None


def _offered(workspace: Workspace, version: str) -> Offered | None:
    rows = workspace.select("SELECT * FROM offers WHERE version = ? ORDER BY id LIMIT 1", version)
    if not rows:
        return None
    row = rows[0]
    return Offered(row["created"], row["reason"] or "", row["at"] or "", row["officer"] or "", row["badge"] or "")


def refusal(workspace: Workspace, version: str) -> Refusal:
    """The refused changeset of that version.

    Raises:
        Refused: There is no such changeset, or all of it counts.
    """
    entry = workspace.replica.entry(version) if _is_version(version) else None
    rows = [] if entry is None else workspace.select(f"{_QUERY} WHERE log.id = ? GROUP BY log.id", entry[0])
    if not rows:
        raise Refused(
            f"没有未采纳的变更集 {version[:80]}；用 conflict refused 查看。",
            f"There is no refused changeset {version[:80]}; see conflict refused.",
        )
    return _refusal(workspace, rows[0])


def _is_version(text: str) -> bool:
    from sync.changeset import is_version

    return is_version(text)


def may_offer(workspace: Workspace, found: Refusal) -> Refused | None:
    """Why the changeset cannot be offered again from here, or None; what the certificate permits shows when it is tried."""
    if found.offered is not None:
        when = times.shown(found.offered.at)
        return Refused(
            f"该变更集已由 {found.offered.officer} {found.offered.badge} 于 {when} 重新提交。",
            f"The changeset was offered again already, by {found.offered.officer} {found.offered.badge} on {when}.",
        )
    if found.device != workspace.device and workspace.identity.certificate.role not in REVIEWERS:
        return Refused(
            "只有原设备，或证书角色为主管、管理员的设备可以重新提交。",
            "Only the device that made it, or one whose certificate says supervisor or administrator, can offer it again.",
        )
    for change in found.changes:
        if change.code in {"newer", "shape"} or change.table not in SCHEMA.by_name:
            return Refused(
                f"不能重新提交：{change.reason.zh}。", f"It cannot be offered again: {change.reason.en}."
            )
        if change.table in SYSTEM_NAMES:
            return Refused(
                "采信、吊销和清除不能重新提交；请由管理员重新办理。",
                "Adoptions, revocations and purges are not offered again; an administrator does them anew.",
            )
    return None


def clashes(workspace: Workspace, found: Refusal) -> list[Clash]:
    """Cells that have another value by now than its author saw, and than is offered again."""
    told: list[Clash] = []
    for change in found.changes:
        row = _there(workspace, change.table, change.row)
        if row is None:
            continue
        history = workspace.replica.history(change.row)
        for cell, value in change.set.items():
            if cell not in SCHEMA.by_name[change.table].by_name:
                continue
            now = value_of(row, cell)
            known = {_encoded(value), *(_encoded(one) for one in _seen_values(change, cell, history))}
            if _encoded(now) not in known:
                told.append(Clash(change.table, change.row, cell, change.title, now, value))
    return told


def value_of(row: Row, cell: str) -> Any:
    """The value of a cell as changes write it: a group as a map of its columns."""
    if SCHEMA.by_name[row.table].by_name[cell].columns:
        return current(row.table, cell, row.values)
    return row.values[cell]


def _seen_values(change: RefusedChange, cell: str, history: Sequence[HistoryEntry]) -> list[Any]:
    seen = set(change.seen.get(cell, ()))
    values = [entry.set[cell] for entry in history if entry.version in seen and cell in entry.set]
    return values or [None]


def _encoded(value: Any) -> bytes:
    """So that a group of nothing equals nothing."""
    if isinstance(value, dict) and not any(part is not None for part in value.values()):
        value = None
    return canonical_value(value)


def offer_again(
    workspace: Workspace,
    version: str,
    reason: str,
    *,
    replace: bool = False,
    shown: Sequence[Clash] | None = None,
) -> str:
    """Offer the refused changes of a changeset again: the same values, by this device, having seen what stands there now.

    Args:
        workspace: Where.
        version: Of the refused changeset.
        reason: Why; never empty.
        replace: Write over values that came since.
        shown: Those that were confirmed; others that came meanwhile are shown first. None confirms any.

    Returns:
        The version of the new changeset.

    Raises:
        OtherValuesError: Other values came since and were not confirmed.
        RefusedByRules: The values break a rule of what stands there now.
        Refused: No reason, no such refused changeset, not for this device to offer, its certificate does not permit it
            either, the row's creation was refused as well, it is void, or a cell is in conflict.
    """
    reason = clean_text(reason)
    if not reason:
        raise Refused("重新提交须写明理由（--reason）。", "Offering again needs a reason (--reason).")
    with workspace.writing():
        found = refusal(workspace, version)
        if (wrong := may_offer(workspace, found)) is not None:
            raise wrong
        edits = [_edit(workspace, found, change) for change in found.changes]
        others = clashes(workspace, found)
        if others and (not replace or (shown is not None and list(shown) != others)):
            raise OtherValuesError(others)
        people = {"officer": workspace.officer.name, "badge": workspace.officer.badge}
        said = {"version": version, "reason": reason, "at": times.stored(times.now()), "people": people}
        done = workspace.write(found.area, [*edits, Edit("offers", new_id(), said)])
        _refuse_refused(workspace, done)
    return done


def _refuse_refused(workspace: Workspace, version: str) -> None:
    """Take everything back where the log does not count the new changeset either."""
    entry = workspace.replica.entry(version)
    rows = [] if entry is None else workspace.select("SELECT code FROM refusals WHERE log = ? LIMIT 1", entry[0])
    if rows:
        zh, en = REASONS[rows[0]["code"]]
        raise Refused(
            f"本机的证书同样不允许（{zh}），未作改动；请由有权的设备重新提交。",
            f"The certificate of this device does not permit it either ({en}); nothing was changed. A device that may"
            " write it can offer it again.",
        )


def _edit(workspace: Workspace, found: Refusal, change: RefusedChange) -> Edit:
    """The change anew: it has seen what stands there now, and the refused one."""
    row = _there(workspace, change.table, change.row)
    if row is None:
        if change.seen:
            raise _unborn(workspace, found, change)
        _refuse_frozen(workspace, change, change.set)
        heads = {cell: [found.version] for cell in change.set}
        basis = Row(change.table, change.row, found.area, {}, "", heads, [])
        return Edit(change.table, change.row, change.set, basis=basis)
    _refuse_by_rules(workspace, row, change)
    refuse_disputed(workspace, change.table, change.row, change.set)
    heads = {cell: [*row.seen(cell), found.version] for cell in change.set}
    basis = Row(row.table, row.id, row.area, row.values, row.created, {**row.heads, **heads}, row.conflict)
    covers = change.set.get("void") is not None
    return Edit(change.table, change.row, change.set, basis=basis, covers_row=covers)


def _refuse_by_rules(workspace: Workspace, row: Row, change: RefusedChange) -> None:
    """The rules on what stands there now: evidence submitted since is not written over, closing obeys the last recheck."""
    from inspect_tui.records.finding_rules import RECHECK_FAILED
    from inspect_tui.records.findings import latest_recheck_failed
    from inspect_tui.records.inspections import check

    if "void" not in change.set and row.values.get("void_at"):
        refuse_void(row)
    _refuse_frozen(workspace, change, {**row.values, "id": row.id})
    if row.table == "inspections" and (change.set.get("state") or {}).get("state") == "submitted":
        problems = check(workspace, row.id).refusals
        if problems:
            raise RefusedByRules(problems)
    closed = (change.set.get("status") or {}).get("status") if row.table == "findings" else None
    if closed == "closed" and latest_recheck_failed(workspace, row):
        raise RefusedByRules([RECHECK_FAILED])


_EVENTS: Final = frozenset({"status", "due_date", "closed_at", "void"})
"""Cells of a finding that its follow-ups write, whatever became of its inspection."""


def _refuse_frozen(workspace: Workspace, change: RefusedChange, values: Mapping[str, Any]) -> None:
    """Raise Refused where the change is evidence of an inspection that was submitted since, or that others amend."""
    from inspect_tui.records.inspections import editable

    evidence = change.table in {"inspections", "answers"} or (
        (change.table == "photos" and not values.get("finding"))
        or (change.table == "findings" and not set(change.set) <= _EVENTS)
    )
    inspection = values.get("id") if change.table == "inspections" else values.get("inspection")
    if evidence and inspection and workspace.replica.row("inspections", inspection) is not None:
        editable(workspace, inspection)


def _unborn(workspace: Workspace, found: Refusal, change: RefusedChange) -> Refused:
    history = workspace.replica.history(change.row)
    birth = next((entry.version for entry in history if entry.refused and not entry.seen), "")
    if birth and birth != found.version:
        return Refused(
            f"“{change.title}”的登记本身也未采纳；请先重新提交 {birth}。",
            f"The record of “{change.title}” itself was refused as well; offer {birth} again first.",
        )
    return Refused(
        f"“{change.title}”的登记不在本机，不能重新提交。",
        f"The record of “{change.title}” is not here; nothing can be offered again for it.",
    )
