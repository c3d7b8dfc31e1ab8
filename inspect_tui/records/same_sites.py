"""The same site 同一对象: two rows that two laptops made of one site are joined, and parted again when that was wrong.

Both are signed changes with a reason. Neither site nor its inspections change; lists, searches and histories read the
joined ones under the kept one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inspect_tui.records import times
from inspect_tui.records.conflicts import refuse_disputed
from inspect_tui.records.rows import group
from inspect_tui.records.rules import clean_text
from inspect_tui.texts import Refused
from sync.ids import derived_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inspect_tui.records.workspace import Workspace
    from sync.replica import Row

JOINED: Final = "joined"
PARTED: Final = "parted"


@dataclass(frozen=True, slots=True)
class Joining:
    """One pair of sites of which somebody said that they are, or are not, one.

    Attributes:
        id: Of the row of `same_sites`.
        kept: Row id of the site shown.
        joined: Row id of the site shown under it.
        state: `joined` or `parted`.
        at: UTC time.
        by: Badge number.
        conflict: Whether two devices said different things.
    """

    id: str
    kept: str
    joined: str
    state: str
    at: str
    by: str
    reason: str
    conflict: bool


@dataclass(frozen=True, slots=True)
class SiteGroups:
    """Which sites are one.

    Attributes:
        root_of: Every site that is shown under another → that other; those shown are not in it.
        joinings: Those that hold, the earliest first.
    """

    root_of: Mapping[str, str] = field(default_factory=dict)
    joinings: tuple[Joining, ...] = ()

    def root(self, site: str) -> str:
        """The site under which `site` is shown; itself as a rule."""
        return self.root_of.get(site, site)

    def group(self, site: str) -> tuple[str, ...]:
        """All sites that are one with `site`, the one shown first."""
        root = self.root(site)
        return (root, *sorted(member for member, shown in self.root_of.items() if shown == root))

    def of(self, site: str) -> tuple[Joining, ...]:
        """What holds the group of `site` together."""
        members = set(self.group(site))
        return tuple(one for one in self.joinings if {one.kept, one.joined} <= members)


NO_GROUPS: Final = SiteGroups()


def site_groups(workspace: Workspace) -> SiteGroups:
    """Which sites are one, as far as this device knows.

    Chains and cycles are resolved alike on every device: of all sites that hang together the one shown is not void, is
    joined to no other, and is the oldest of those, in this order of importance.
    """
    found = _joinings(workspace, "state = 'joined'")
    if not found:
        return NO_GROUPS
    ids = {site for one in found for site in (one.kept, one.joined)}
    rows = workspace.select(
        "SELECT id, void_at IS NOT NULL AS void FROM sites WHERE id IN (SELECT value FROM json_each(?))",
        json.dumps(sorted(ids)),
    )
    known = {row["id"]: bool(row["void"]) for row in rows}
    # one of a pair may not have come yet
    holding = tuple(one for one in found if one.kept in known and one.joined in known)
    return SiteGroups(roots(((one.kept, one.joined) for one in holding), known), holding)


def roots(pairs: Iterable[tuple[str, str]], void: Mapping[str, bool]) -> dict[str, str]:
    """Every site that is shown under another → that other, from pairs of (kept, joined) in whatever order.

    Args:
        pairs: Which hold.
        void: Every site in them → whether it is void.
    """
    pairs = list(pairs)
    leader: dict[str, str] = {}

    def find(site: str) -> str:
        while leader.get(site, site) != site:
            leader[site] = leader.get(leader[site], leader[site])
            site = leader[site]
        return site

    for kept, joined in pairs:
        leader[find(joined)] = find(kept)
    under = {joined for _, joined in pairs}
    together: dict[str, list[str]] = {}
    for site in {site for pair in pairs for site in pair}:
        together.setdefault(find(site), []).append(site)
    shown: dict[str, str] = {}
    for members in together.values():
        root = min(members, key=lambda site: (void.get(site, False), site in under, site))
        shown.update((site, root) for site in members if site != root)
    return shown


def _joinings(workspace: Workspace, condition: str, *values: object) -> list[Joining]:
    rows = workspace.select(
        f"SELECT * FROM same_sites WHERE {condition} AND kept IS NOT NULL AND joined IS NOT NULL ORDER BY state_at, id",
        *values,
    )
    return [
        Joining(
            id=row["id"],
            kept=row["kept"],
            joined=row["joined"],
            state=row["state"] or "",
            at=row["state_at"] or "",
            by=row["state_by"] or "",
            reason=row["state_reason"] or "",
            conflict=row["conflict"] is not None,
        )
        for row in rows
    ]


def pair_id(area: str, one: str, other: str) -> str:
    """The row of a pair: the same on every device and whichever is kept."""
    return derived_id("same-site", area, *sorted((one, other)))


def parted_pairs(workspace: Workspace) -> set[frozenset[str]]:
    """Pairs of which somebody said that they are not the same."""
    return {frozenset((one.kept, one.joined)) for one in _joinings(workspace, "state = 'parted'")}


def join(workspace: Workspace, kept: str, joined: str, reason: str) -> str:
    """Say that two sites are one: from now on `joined` is shown under `kept`, with all its inspections.

    Args:
        workspace: Where.
        kept: Row id of the site that stays in lists.
        joined: Row id of the one shown under it.
        reason: Why; never empty.

    Returns:
        The id of the row that says so.

    Raises:
        Refused: No reason, no such site, a void one, sites of two areas, the same site twice, two that are one already,
            or what was said of them is in conflict.
    """
    reason = clean_text(reason)
    if not reason:
        raise Refused("归并对象须写明理由（--reason）。", "Joining sites needs a reason (--reason).")
    with workspace.writing():
        one, other = workspace.row("sites", kept), workspace.row("sites", joined)
        _refuse_pair(one, other)
        groups = site_groups(workspace)
        if groups.root(kept) == groups.root(joined):
            raise Refused(
                f"“{one.values['name']}”和“{other.values['name']}”已归并为同一对象。",
                f"“{one.values['name']}” and “{other.values['name']}” are one site already.",
            )
        return _write(workspace, one, other, JOINED, reason)


def _refuse_pair(one: Row, other: Row) -> None:
    if one.id == other.id:
        raise Refused("两个编号是同一条记录。", "Both ids are the same row.")
    for row in (one, other):
        if row.values["void_at"]:
            raise Refused(
                f"对象“{row.values['name']}”已作废（{row.values['void_reason']}），不能归并。",
                f"The site “{row.values['name']}” is void ({row.values['void_reason']}) and cannot be joined.",
            )
    if one.area != other.area:
        raise Refused(
            f"两个对象属于不同行政区（{one.area}、{other.area}），不能归并；请作废登记错行政区的一个。",
            f"The sites belong to different areas ({one.area}, {other.area}) and cannot be joined; void the one"
            " recorded in the wrong area.",
        )


def _write(workspace: Workspace, kept: Row, joined: Row, state: str, reason: str) -> str:
    from sync.replica import Edit

    row_id = pair_id(kept.area, kept.id, joined.id)
    pair = {"kept": kept.id, "joined": joined.id}
    said = {
        "state": state,
        "state_at": times.stored(times.now()),
        "state_by": workspace.officer.badge,
        "state_reason": reason,
    }
    cells = {"pair": group("same_sites", "pair", pair), "state": group("same_sites", "state", said)}
    there = workspace.replica.row("same_sites", row_id)
    if there is not None and {name: there.values[name] for name in pair} == pair:
        del cells["pair"]
    refuse_disputed(workspace, "same_sites", row_id, ("pair", "state"))
    workspace.write(kept.area, [Edit("same_sites", row_id, cells)])
    return row_id


def part(workspace: Workspace, one: str, other: str, reason: str) -> str:
    """Take back that two sites are one; who said so and why stays in the log.

    Args:
        workspace: Where.
        one: Row id of a site.
        other: Row id of the one that it was joined with, in whatever order.
        reason: Why; never empty.

    Returns:
        The id of the row that says so.

    Raises:
        Refused: No reason, the two were not joined with each other, or what was said of them is in conflict.
    """
    reason = clean_text(reason)
    if not reason:
        raise Refused("分开对象须写明理由（--reason）。", "Parting sites needs a reason (--reason).")
    with workspace.writing():
        rows = {site: workspace.row("sites", site) for site in (one, other)}
        holding = site_groups(workspace).of(one)
        found = next((each for each in holding if {each.kept, each.joined} == {one, other}), None)
        if found is None:
            raise _not_joined(rows[one], rows[other], holding)
        return _write(workspace, rows[found.kept], rows[found.joined], PARTED, reason)


def _not_joined(one: Row, other: Row, holding: Iterable[Joining]) -> Refused:
    """That two are not joined with each other, and where they hang together through others, how."""
    pairs = "；".join(f"{each.kept} {each.joined}" for each in holding if other.id in (each.kept, each.joined))
    zh, en = "", ""
    if pairs:
        zh = f"它是经由其他对象归并的：{pairs}；请分开这些。"
        en = f" It is joined through others: {pairs.replace('；', '; ')}; part these."
    return Refused(
        f"“{one.values['name']}”和“{other.values['name']}”没有直接归并。{zh}",
        f"“{one.values['name']}” and “{other.values['name']}” are not joined with each other.{en}",
    )
