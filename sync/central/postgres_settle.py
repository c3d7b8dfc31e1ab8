"""Judging again: what a new adoption, revocation, fork or awaited head concerns, while nobody else writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sync.append import reason_of
from sync.central.postgres_copy import copy_rows
from sync.central.postgres_fold import codes_of
from sync.central.postgres_ground import place_of
from sync.changeset import FORMAT, Entry
from sync.door import read
from sync.keys import read_certificate
from sync.verdict import entry_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.central.postgres_fold import Place
    from sync.central.postgres_ground import Ground
    from sync.door import Arrival
    from sync.peers import ChainKey
    from sync.verdict import Context

BATCH: Final = 2000


@dataclass
class Settling:
    """Brings every verdict in line with what the log says of teams and devices.

    Attributes:
        ground: A transaction that is alone.
        marked: (table, row) of what has to be folded anew.
    """

    ground: Ground
    marked: set[tuple[str, str]] = field(default_factory=set)

    def settle(self, chains: Iterable[ChainKey], *, system_changed: bool) -> None:
        """Judge these chains again, and all whose verdicts a change of teams or devices may turn.

        Args:
            chains: That forked or brought a head that something names.
            system_changed: Whether system tables were changed.
        """
        pending = set(chains)
        if not (pending or system_changed):
            return
        before = self.ground.judge.context
        self.ground.load_judge()
        now = self.ground.judge.context
        pending |= self._concerned(before, now)
        if now.verdicts != before.verdicts or now.revoked != before.revoked:
            self._judge(self._system_changes())
        for key in sorted(pending):
            self._judge(self._chain(key))

    def _concerned(self, before: Context, now: Context) -> set[ChainKey]:
        devices = {
            device
            for device in {*before.revoked, *now.revoked}
            if before.revoked.get(device) != now.revoked.get(device)
        }
        teams = {
            team
            for team in {*before.adopted, *now.adopted}
            if before.adopted.get(team) != now.adopted.get(team) or before.roles.get(team) != now.roles.get(team)
        }
        connection = self.ground.connection
        if teams:
            rows: Any = connection.execute(
                "SELECT DISTINCT device FROM store_certificates WHERE team = ANY(%s)", (sorted(teams),)
            ).fetchall()
            devices.update(row[0] for row in rows)
        if not devices:
            return set()
        found: Any = connection.execute(
            "SELECT DISTINCT area, device FROM store_tips WHERE device = ANY(%s)", (sorted(devices),)
        ).fetchall()
        return set(found)

    def _system_changes(self) -> Iterator[list[Arrival]]:
        rows: Any = self.ground.connection.execute(
            "SELECT l.body, l.signature FROM store_system_changes AS s JOIN store_log AS l"
            " ON l.area = s.area AND l.device = s.device AND l.seq = s.seq AND l.hash = s.hash",
            binary=True,
        ).fetchall()
        yield [read(Entry(body.encode(), signature)) for body, signature in rows]

    def _chain(self, key: ChainKey) -> Iterator[list[Arrival]]:
        after: tuple[int, bytes] = (0, b"")
        while True:
            rows: Any = self.ground.connection.execute(
                "SELECT body, signature FROM store_log WHERE area = %s AND device = %s AND (seq, hash) > (%s, %s)"
                " ORDER BY seq, hash LIMIT %s",
                (*key, *after, BATCH),
                binary=True,
            ).fetchall()
            batch = [read(Entry(body.encode(), signature)) for body, signature in rows]
            if not batch:
                return
            yield batch
            after = batch[-1].seq, batch[-1].hash

    def _judge(self, batches: Iterable[list[Arrival]]) -> None:
        for batch in batches:
            self._judge_batch([arrival for arrival in batch if arrival.format <= FORMAT])

    def _judge_batch(self, batch: list[Arrival]) -> None:
        ground = self.ground
        ground.load_texts(arrival.cert for arrival in batch)
        noted = {
            (place, index): code for place, index, code in codes_of(ground.connection, [*map(place_of, batch)])
        }
        gone: list[tuple[Place, int]] = []
        come: list[tuple[Any, ...]] = []
        for arrival in batch:
            place = place_of(arrival)
            for index, code in enumerate(self._codes(arrival)):
                before = noted.get((place, index))
                if code == before:
                    continue
                if before is not None:
                    gone.append((place, index))
                if code is not None:
                    come.append((*place, index, code))
                name, row, _, _ = arrival.changes[index]
                if name in ground.schema.by_name:
                    self.marked.add((name, row))
        self._forget(gone)
        copy_rows(ground.connection, "store_refusals", ("area", "device", "seq", "hash", "change", "code"), come)

    def _codes(self, arrival: Arrival) -> Iterator[str | None]:
        """Why each change of a changeset does not count, or None."""
        ground = self.ground
        certificate = read_certificate(ground.kept.texts[arrival.cert])
        context = ground.judge.context
        if arrival.hash in context.verdicts:
            code = context.verdicts[arrival.hash]
        else:
            code = entry_verdict(arrival, certificate, context, ground.ancestry)
        for name, _, values, _ in arrival.changes:
            yield reason_of(ground.schema.by_name.get(name), values, code, certificate, context)

    def _forget(self, gone: list[tuple[Place, int]]) -> None:
        if not gone:
            return
        areas, devices, numbers, hashes = map(list, zip(*(place for place, _ in gone), strict=True))
        self.ground.connection.execute(
            "DELETE FROM store_refusals AS r USING"
            " unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[], %s::int[]) AS v(area, device, seq, hash, change)"
            " WHERE r.area = v.area AND r.device = v.device AND r.seq = v.seq AND r.hash = v.hash AND r.change = v.change",
            (areas, devices, numbers, hashes, [index for _, index in gone]),
        )
