"""The quick way into PostgreSQL: an ordinary batch, worked out by `sync.plan` beforehand and written with a few COPYs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import errors

from sync.append import Chain
from sync.central.postgres_copy import copy_places, copy_rows, update_rows
from sync.central.postgres_fold import name_photos
from sync.central.postgres_ground import place_of
from sync.central.postgres_judge import which_are_here
from sync.central.postgres_schema import name_of
from sync.door import Arrival, certificate_of
from sync.errors import PeerError
from sync.tables import RowState, Unusual, decode_heads, encode_heads
from sync.verdict import change_verdict, entry_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.central.postgres_fold import Place
    from sync.central.postgres_ground import Ground
    from sync.keys import Certificate
    from sync.peers import ChainKey
    from sync.plan import Checked, Plan, RunSummary, Update


@dataclass
class _Changed:
    """A row on its way to a new state."""

    state: RowState
    flat: dict[str, Any]


def take_quickly(ground: Ground, arrivals: Sequence[Arrival], batch: Checked) -> set[tuple[str, str]] | None:
    """Let in a proven batch of which nothing is in the log yet.

    Returns:
        (table, row) of what it touched; None, with nothing done, where something in it is out of the ordinary.
    """
    chains = ground.chains
    ground.chains = {key: replace(chain, tips=dict(chain.tips)) for key, chain in chains.items()}
    try:
        with ground.connection.transaction():
            return _take(ground, arrivals, batch)
    except (Unusual, errors.UniqueViolation):
        ground.chains = chains
        return None


def _take(ground: Ground, arrivals: Sequence[Arrival], batch: Checked) -> set[tuple[str, str]]:
    runs, versions, plan = batch
    if not ground.judge.context.named.isdisjoint(versions) or (ground.any_held and _awaited(ground, versions)):
        raise Unusual
    moved = _admit_runs(ground, runs)
    changed = _changed(ground, plan, versions)
    by_version = dict(zip(versions, arrivals, strict=True))
    connection = ground.connection
    ground.write_certificates(arrivals)
    touched: set[tuple[str, str]] = set()
    born: list[tuple[str, Place]] = []
    for (name, columns), rows in plan.inserts.items():
        touched.update((name, row[0]) for row in rows)
        born += [(row[0], place_of(by_version[row[2]])) for row in rows]
        copy_rows(connection, name, columns, rows)
    copy_places(connection, "store_rows", "id", born)
    later = {(row, place_of(arrivals[place])) for row, place in plan.again}
    later |= {(update[1], place_of(arrivals[update[4]])) for update in plan.updates}
    copy_places(connection, "store_changes", "row_id", later)
    touched.update(changed)
    _write_changed(ground, changed)
    name_photos(connection, _photos(ground, plan, arrivals))
    ground.write_tips(moved)
    ground.append_log(arrivals)
    return touched


def _awaited(ground: Ground, versions: Sequence[str]) -> bool:
    found = ground.connection.execute(
        "SELECT 1 FROM store_held WHERE area = ANY(%s) AND waits = ANY(%s) LIMIT 1",
        (list(ground.areas), list(versions)),
    )
    return found.fetchone() is not None


def _photos(ground: Ground, plan: Plan, arrivals: Sequence[Arrival]) -> set[tuple[str, str]]:
    if not plan.blobs:
        return set()
    areas = {each.area for each in arrivals}
    if len(areas) == 1:
        return {(sha256, area) for sha256 in plan.blobs for area in areas}
    named = set(plan.blobs)
    found: set[tuple[str, str]] = set()
    for each in arrivals:
        for name, _, values, _ in each.changes:
            columns = ground.schema.by_name[name].blob_columns
            for value in values.values() if columns else ():
                parts = value.values() if isinstance(value, dict) else (value,)
                found.update((part, each.area) for part in parts if isinstance(part, str) and part in named)
    return found


def _admit_runs(ground: Ground, summaries: Sequence[RunSummary]) -> set[ChainKey]:
    """Check where each run begins and that everything in it counts; advance the chains."""
    moved: set[ChainKey] = set()
    ground.load_texts(summary[0][7] for summary in summaries)
    texts = dict(ground.kept.texts)
    for first_plain, last_plain, earliest, latest, officers, tables in summaries:
        first, last = Arrival(*first_plain), Arrival(*last_plain)
        key = (first.area, first.device)
        chain = ground.chains.get(key)
        before: str | None = None
        if first.prev is not None:
            if chain is None or chain.forked or first.prev not in chain.tips:
                raise Unusual
            before = chain.tips.pop(first.prev)[1]
        elif chain is not None:
            raise Unusual
        try:
            certificate = certificate_of(first, before, texts.get)
        except PeerError as error:
            raise Unusual from error
        _all_count(ground, last, certificate, (earliest, latest), officers, tables)
        if chain is None:
            chain = ground.chains[key] = Chain(0, first.area, first.device, {}, forked=False, top=0)
        if first.jws is not None:
            texts[first.cert] = first.jws
        chain.tips[last.hash] = (last.seq, last.cert)
        chain.top = last.seq
        moved.add(key)
    return moved


def _all_count(
    ground: Ground,
    last: Arrival,
    certificate: Certificate,
    times: Sequence[int],
    officers: Iterable[str],
    tables: Iterable[str],
) -> None:
    context = ground.judge.context
    if last.device in context.revoked:
        raise Unusual
    for time in times:
        for officer in officers:
            said = last._replace(time=time, officer=officer)
            if entry_verdict(said, certificate, context, ground.ancestry) is not None:
                raise Unusual
    if any(change_verdict(ground.schema.by_name[name], certificate, context) for name in tables):
        raise Unusual


def _changed(ground: Ground, plan: Plan, versions: Sequence[str]) -> dict[tuple[str, str], _Changed]:
    """The older rows that the batch changes, if each author had seen every head of what was changed."""
    if not plan.updates:
        return {}
    changed = {key: _Changed(state, {}) for key, state in _states(ground, plan.updates).items()}
    own = set(versions)
    seen_further: set[tuple[str, str]] = set()
    for update in plan.updates:
        seen_further |= _follow(changed, update, own)
    if len(which_are_here(ground.connection, seen_further)) != len(seen_further):
        raise Unusual
    return changed


def _follow(changed: dict[tuple[str, str], _Changed], update: Update, own: set[str]) -> set[tuple[str, str]]:
    """Take one change in; returns the (area, version) it has seen that are no heads, which have to be in the log."""
    name, row, area, version, _, seen, written, flat = update
    found = changed.get((name, row))
    if found is None or not found.state.plain or found.state.area != area:
        raise Unusual
    if any(cell not in seen for cell in written):
        raise Unusual
    state = found.state
    further: set[tuple[str, str]] = set()
    for cell, versions in seen.items():
        heads = state.heads.get(cell) or [state.created]
        if versions != heads:
            if not set(heads) <= set(versions):
                raise Unusual
            further |= {(area, each) for each in versions if each not in heads and each not in own}
    for cell in written:
        state.heads[cell] = [version]
    found.flat |= flat
    return further


def _states(ground: Ground, updates: Sequence[Update]) -> dict[tuple[str, str], RowState]:
    """(table, row) → what stands in the tables, of the rows that these change in their areas."""
    wanted: dict[str, set[tuple[str, str]]] = {}
    for update in updates:
        wanted.setdefault(update[0], set()).add((update[1], update[2]))
    states: dict[tuple[str, str], RowState] = {}
    for name, pairs in wanted.items():
        query = f"{_select(ground, name)} unnest(%s::uuid[], %s::text[]) AS v(id, area) JOIN {name_of(name)} AS t"
        lists = ([row for row, _ in pairs], [area for _, area in pairs])
        found = ground.connection.execute(f"{query} ON t.id = v.id AND t.area = v.area", lists, binary=True)
        states |= {(name, row): state for row, state in map(_state, found)}
    return states


def state_of(ground: Ground, table: str, row: str) -> RowState | None:
    """What stands in the tables of a row, in whatever area; None where it is not there."""
    query = f"{_select(ground, table)} unnest(%s::uuid[]) AS v(id) JOIN {name_of(table)} AS t ON t.id = v.id"
    found = ground.connection.execute(query, ([row],), binary=True).fetchone()
    return None if found is None else _state(found)[1]


def _select(ground: Ground, table: str) -> str:
    void = "t.void_reason" if "void" in ground.schema.by_name[table].by_name else "NULL"
    return f"SELECT t.id::text, t.area, t.created, t.heads, t.conflict, {void} FROM"


def _state(found: Any) -> tuple[str, RowState]:
    row, area, created, heads, conflict, voided = found
    plain = conflict is None and voided is None
    return row, RowState(area, created, decode_heads(heads), plain=plain)


def _write_changed(ground: Ground, changed: dict[tuple[str, str], _Changed]) -> None:
    groups: dict[tuple[str, str, tuple[str, ...]], list[tuple[Any, ...]]] = {}
    for (name, row), each in changed.items():
        columns = (*each.flat, "heads")
        values = (row, *each.flat.values(), encode_heads(each.state.heads))
        groups.setdefault((name, each.state.area, columns), []).append(values)
    for (name, area, columns), rows in groups.items():
        if update_rows(ground.connection, ground.schema.by_name[name], area, columns, rows) != len(rows):
            raise Unusual
