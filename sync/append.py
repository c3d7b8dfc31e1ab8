"""Appending to the log: predecessor and seen versions first, then the tables.

What names something that is not here yet is *held*, not refused, and let in as soon as that has come. Every append
happens in the caller's transaction, so a changeset, its rows and its chain tip appear together or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from sync.changeset import FORMAT, Entry, digest, is_version
from sync.door import Arrival, Refusal, authentic, certificate_of, read, runs
from sync.errors import PeerError
from sync.keys import certificate_id, read_certificate
from sync.schema import SYSTEM_NAMES
from sync.tables import Applied, Folder, ShapeError, Unusual, flatten
from sync.verdict import change_verdict, context_from, entry_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.keys import Certificate
    from sync.plan import Checked, RunSummary
    from sync.schema import Schema, Table
    from sync.verdict import Ancestry, Context


@dataclass
class Outcome:
    """What became of the changesets that were offered.

    Attributes:
        appended: How many are new in the log.
        known: How many were there already.
        held: How many wait for a predecessor or a version that they have seen.
        refused: Not let in, each with its reason.
        forks: `area/device` of chains that turned out to be forked.
        touched: (table, row) of every row that they change.
    """

    appended: int = 0
    known: int = 0
    held: int = 0
    refused: list[Refusal] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    touched: set[tuple[str, str]] = field(default_factory=set)

    def add(self, part: Outcome) -> None:
        """Add what became of some more."""
        self.appended += part.appended
        self.known += part.known
        self.held += part.held
        self.refused += part.refused
        self.forks += part.forks
        self.touched |= part.touched


@dataclass
class Chain:
    """The changesets of one device in one area.

    Attributes:
        id: Its number in this database.
        tips: Hash of each changeset without successor → (seq, certificate id). More than one is a fork.
        forked: Whether it ever had two successors of one predecessor.
        top: The largest sequence number.
    """

    id: int
    area: str
    device: str
    tips: dict[bytes, tuple[int, str]]
    forked: bool
    top: int


class Appender:
    """Lets changesets into the log of one database, within the caller's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, schema: Schema, team: str, arriving: frozenset[str] = frozenset()
    ) -> None:
        """Args: `arriving`: versions that a pull under way will bring; adopted ones count as here until it ends."""
        self.connection = connection
        self.schema = schema
        self.outcome = Outcome()
        self.folder = Folder(connection, schema, touched=self.outcome.touched)
        self.chains = load_chains(connection)
        self.arriving = arriving
        self._ancestors: dict[tuple[int, tuple[str, ...]], frozenset[bytes]] = {}
        self._here: dict[tuple[int, str], bool] = {}
        self.context = load_context(connection, schema, team, self)
        self._rejudge: set[int] = set()
        self._system_changed = False
        self._moved: set[int] = set()
        self._proven: set[tuple[bytes, bytes]] = set()
        self._offered: dict[str, str] = {}
        self._certificates: dict[str, str] = {}
        self._any_held = connection.execute("SELECT EXISTS (SELECT 1 FROM held)").fetchone()[0] == 1

    # what the log knows of ancestry (verdict.Ancestry)

    def covered(self, said: Any, heads: Sequence[str]) -> bool:
        """Whether `said` is one of `heads` or comes before one in its chain."""
        chain = self.chains.get((said.area, said.device))
        own = [
            head.split(":")
            for head in heads
            if head.startswith(f"{said.device}:") and (head in self.arriving or self._is_here(chain, head))
        ]
        if not own:
            return False
        if chain is None or not chain.forked:
            return any(
                said.seq < int(seq) or (said.seq == int(seq) and said.hash.hex().startswith(short))
                for _, seq, short in own
            )
        return said.hash in self._ancestors_of(chain, tuple(sorted(heads)))

    def _is_here(self, chain: Chain | None, head: str) -> bool:
        """A head that nobody has shown covers nothing: whoever names it could still make up what comes before."""
        if chain is None:
            return False
        known = self._here.get((chain.id, head))
        if known is None:
            _, seq, short = head.split(":")
            known = self._here[chain.id, head] = self.find(chain, int(seq), bytes.fromhex(short)) is not None
        return known

    def _ancestors_of(self, chain: Chain, heads: tuple[str, ...]) -> frozenset[bytes]:
        key = (chain.id, heads)
        known = self._ancestors.get(key)
        if known is None:
            found: set[bytes] = set()
            for head in heads:
                device, seq, short = head.split(":")
                if device != chain.device:
                    continue
                place = self.find(chain, int(seq), bytes.fromhex(short))
                while place is not None and place not in found:
                    found.add(place)
                    place = self._predecessor(chain, place)
            known = self._ancestors[key] = frozenset(found)
        return known

    def _predecessor(self, chain: Chain, hash_: bytes) -> bytes | None:
        body = self.connection.execute(
            "SELECT body FROM log WHERE chain = ? AND hash = ?", (chain.id, hash_)
        ).fetchone()
        prev = msgspec.json.decode(body[0])["header"]["prev"]
        return None if prev is None else bytes.fromhex(prev)

    def find(self, chain: Chain, seq: int, short: bytes) -> bytes | None:
        """The full hash of a changeset in the log, from its sequence number and the first bytes of its hash."""
        rows = self.connection.execute("SELECT hash FROM log WHERE chain = ? AND seq = ?", (chain.id, seq))
        return next((bytes(row[0]) for row in rows if bytes(row[0]).startswith(short)), None)

    def known(self, arrival: Arrival) -> bool:
        """Whether the changeset is in the log."""
        chain = self.chains.get((arrival.area, arrival.device))
        if chain is None or arrival.seq > chain.top:
            return False
        return self.find(chain, arrival.seq, arrival.hash) is not None

    # letting in

    def offer(self, entries: Iterable[Entry]) -> None:
        """Let changesets in, in the order in which a peer appended them; each run is checked by its last signature."""
        arrivals: list[Arrival] = []
        for entry in entries:
            try:
                arrivals.append(read(entry))
            except PeerError as error:
                self.outcome.refused.append(Refusal(digest(entry.body).hex()[:32], error))
        fresh: list[Arrival] = []
        for arrival in arrivals:
            if self.known(arrival):
                self.outcome.known += 1
            else:
                fresh.append(arrival)
        self._offered = {
            each.cert: each.jws for each in fresh if each.jws and certificate_id(each.jws) == each.cert
        }
        taken: set[tuple[bytes, bytes]] = set()
        for run in runs(fresh):
            taken.update((arrival.hash, arrival.signature) for arrival in self._prove(run))
        self.admit([arrival for arrival in fresh if (arrival.hash, arrival.signature) in taken])

    def _prove(self, run: list[Arrival]) -> list[Arrival]:
        first = run[0]
        jws = first.jws or self.certificate_text(first.cert) or self._offered.get(first.cert)
        try:
            if jws is None:
                # its predecessor, which brought the certificate, has not come yet: it proves itself when it is let in
                return run
            taken, refusal = authentic(run, read_certificate(jws))
        except PeerError as error:
            self.outcome.refused.append(Refusal(first.version, error))
            return []
        if refusal is not None:
            self.outcome.refused.append(refusal)
        self._proven.update((arrival.hash, arrival.signature) for arrival in taken)
        return taken

    def certificate_text(self, id_: str) -> str | None:
        """The text of a certificate that the log has brought."""
        known = self._certificates.get(id_)
        if known is None:
            row = self.connection.execute("SELECT jws FROM certificates WHERE id = ?", (id_,)).fetchone()
            if row is not None:
                known = self._certificates[id_] = str(row[0])
        return known

    def admit(self, arrivals: list[Arrival]) -> None:
        """Append changesets whose runs are proven, and whatever was held for them.

        Args:
            arrivals: In the order of the peer.
        """
        pending = arrivals
        while pending:
            self._admit_batch(pending, None)
            pending = self._released() if self._any_held else []
        self.settle()

    def refold(self, arrivals: list[Arrival], logs: list[int]) -> None:
        """Take in changesets that stand in the log already, as these numbers; `settle` comes at the end of all."""
        self._admit_batch(arrivals, logs)

    def copy_in(self, ids: Sequence[int], batch: Checked) -> None:
        """Let in a batch that another process has checked, copying its bytes from the attached file `source`.

        Args:
            ids: Log numbers there, rising.
            batch: What they say.

        Raises:
            Unusual: Something in it is known, held, refused or forked; the caller rolls back and goes the careful way.
        """
        first = self.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM log").fetchone()[0]
        runs_, versions, plan = batch
        awaited = self.context.named - self.arriving
        if self._any_held or (awaited and not awaited.isdisjoint(versions)):
            raise Unusual
        self._admit_runs(runs_)
        self._copy_log(ids, first)
        shift = first - ids[0]
        self.folder.take(plan, [number + shift for number in ids], self._seen_is_here)
        self.outcome.appended += len(ids)
        self.settle()

    def insert(self, arrivals: Sequence[Arrival], batch: Checked) -> None:
        """Let in a batch that was checked beforehand, from memory.

        Args:
            arrivals: The changesets.
            batch: What they say.

        Raises:
            Unusual: Something in it is known, held, refused or forked; the caller rolls back and goes the careful way.
        """
        first = self.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM log").fetchone()[0]
        runs_, versions, plan = batch
        if self._any_held or not self.context.named.isdisjoint(versions):
            raise Unusual
        self._admit_runs(runs_)
        chains = self.chains
        try:
            self.connection.executemany(
                "INSERT INTO log (id, chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        number,
                        chains[arrival.area, arrival.device].id,
                        arrival.seq,
                        arrival.hash,
                        arrival.body.decode(),
                        arrival.signature,
                    )
                    for number, arrival in enumerate(arrivals, first)
                ],
            )
        except sqlite3.IntegrityError as error:
            raise Unusual from error
        self.folder.take(plan, range(first, first + len(arrivals)), self._seen_is_here)
        self.outcome.appended += len(arrivals)
        self.settle()

    def _admit_runs(self, summaries: Sequence[RunSummary]) -> None:
        """Check where each run begins and that everything in it counts; advance the chains."""
        for first_plain, last_plain, earliest, latest, officers, tables in summaries:
            first, last = Arrival(*first_plain), Arrival(*last_plain)
            chain = self.chains.get((first.area, first.device))
            before: str | None = None
            if first.prev is not None:
                if chain is None or chain.forked or first.prev not in chain.tips:
                    raise Unusual
                before = chain.tips[first.prev][1]
            elif chain is not None:
                raise Unusual
            try:
                certificate = certificate_of(first, before, self.certificate_text)
            except PeerError as error:
                raise Unusual from error
            self._all_count(last, certificate, earliest, latest, officers, tables)
            if chain is None:
                chain = self._new_chain(first)
            if first.prev is not None:
                chain.tips.pop(first.prev)
            self._advance(chain, last._replace(prev=None))
            self._note_certificate(first)

    def _all_count(
        self,
        last: Arrival,
        certificate: Certificate,
        earliest: int,
        latest: int,
        officers: Sequence[str],
        tables: Sequence[str],
    ) -> None:
        if last.device in self.context.revoked:
            raise Unusual
        for time in (earliest, latest):
            for officer in officers:
                said = last._replace(time=time, officer=officer)
                if entry_verdict(said, certificate, self.context, self) is not None:
                    raise Unusual
        if any(change_verdict(self.schema.by_name[name], certificate, self.context) is not None for name in tables):
            raise Unusual

    def _copy_log(self, ids: Sequence[int], first: int) -> None:
        condition, parameters = id_filter(ids)
        cases, chosen = chain_cases(self.connection, {key: chain.id for key, chain in self.chains.items()})
        try:
            self.connection.execute(
                f"INSERT INTO log (id, chain, seq, hash, body, signature)"
                f" SELECT id + ?, {cases}, seq, hash, body, signature FROM source.log WHERE {condition} ORDER BY id",
                (first - ids[0], *chosen, *parameters),
            )
        except sqlite3.IntegrityError as error:
            raise Unusual from error

    def _seen_is_here(self, area: str, version: str) -> bool:
        device, seq, short = version.split(":")
        chain = self.chains.get((area, device))
        return chain is not None and self.find(chain, int(seq), bytes.fromhex(short)) is not None

    def _note_certificate(self, arrival: Arrival) -> None:
        if arrival.jws is not None:
            self.connection.execute(
                "INSERT OR IGNORE INTO certificates (id, device, team, jws) VALUES (?, ?, ?, ?)",
                (arrival.cert, arrival.device, arrival.team, arrival.jws),
            )

    def _admit_batch(self, arrivals: list[Arrival], logs: list[int] | None) -> None:
        ready: list[Applied] = []
        self._prepare(arrivals)
        batch: set[tuple[str, str]] = set()
        for number, arrival in enumerate(arrivals):
            copied = None if logs is None else logs[number]
            if self._let_in(arrival, batch, ready, copied):
                batch.add((arrival.area, arrival.version))
        for applied in ready:
            self.folder.apply(applied)
        self.folder.flush()

    def _prepare(self, arrivals: Sequence[Arrival]) -> None:
        self.folder.prepare(
            Applied(0, "", "", table, row, {}, {}, None, None)
            for arrival in arrivals
            for table, row, _, _ in arrival.changes
        )

    def _let_in(
        self, arrival: Arrival, batch: set[tuple[str, str]], ready: list[Applied], copied: int | None
    ) -> bool:
        if copied is None and self.known(arrival):
            self.outcome.known += 1
            return False
        key = (arrival.area, arrival.device)
        chain = self.chains.get(key)
        waits = self._missing(arrival, chain, batch)
        if waits is not None:
            self._hold(arrival, waits)
            return False
        before, fork = self._before(arrival, chain)
        try:
            certificate = certificate_of(arrival, before, self.certificate_text)
        except PeerError as error:
            self.outcome.refused.append(Refusal(arrival.version, error))
            return False
        if copied is None and (arrival.hash, arrival.signature) not in self._proven:
            refusal = authentic([arrival], certificate)[1]
            if refusal is not None:
                self.outcome.refused.append(refusal)
                return False
        if chain is None:
            chain = self._new_chain(arrival)
        if fork:
            self._forked(chain)
        log = copied if copied is not None else self._insert(chain, arrival)
        self._advance(chain, arrival)
        self._note_certificate(arrival)
        self.outcome.appended += 1
        self._judge(arrival, certificate, log, ready)
        return True

    def _missing(self, arrival: Arrival, chain: Chain | None, batch: set[tuple[str, str]]) -> str | None:
        """What the changeset waits for, or None."""
        if arrival.prev is not None and (
            chain is None
            or (arrival.prev not in chain.tips and self.find(chain, arrival.seq - 1, arrival.prev) is None)
        ):
            return f"{arrival.device}:{arrival.seq - 1}:{arrival.prev.hex()[:32]}"
        for table, row, _, seen in arrival.changes:
            for versions in seen.values():
                for version in versions:
                    if (arrival.area, version) in batch or self.folder.knows(table, row, arrival.area, version):
                        continue
                    if not self._seen_is_here(arrival.area, version):
                        return version
        return None

    def _before(self, arrival: Arrival, chain: Chain | None) -> tuple[str | None, bool]:
        """The predecessor's certificate, and whether the predecessor has another successor already."""
        if arrival.prev is None:
            return None, chain is not None and bool(chain.tips)
        tip = chain.tips.get(arrival.prev) if chain is not None else None
        if tip is not None:
            return tip[1], False
        place = (0 if chain is None else chain.id, arrival.seq - 1, arrival.prev)
        body = self.connection.execute(
            "SELECT body FROM log WHERE chain = ? AND seq = ? AND hash = ?", place
        ).fetchone()
        return str(msgspec.json.decode(body[0])["header"]["cert"]), True

    def _new_chain(self, arrival: Arrival) -> Chain:
        cursor = self.connection.execute(
            "INSERT INTO chains (area, device) VALUES (?, ?)", (arrival.area, arrival.device)
        )
        chain = Chain(int(cursor.lastrowid or 0), arrival.area, arrival.device, {}, forked=False, top=0)
        self.chains[arrival.area, arrival.device] = chain
        return chain

    def _forked(self, chain: Chain) -> None:
        self._ancestors.clear()
        self._rejudge.add(chain.id)
        if not chain.forked:
            chain.forked = True
            self.connection.execute("UPDATE chains SET forked = 1 WHERE id = ?", (chain.id,))
            self.outcome.forks.append(f"{chain.area}/{chain.device}")

    def _insert(self, chain: Chain, arrival: Arrival) -> int:
        cursor = self.connection.execute(
            "INSERT INTO log (chain, seq, hash, body, signature) VALUES (?, ?, ?, ?, ?)",
            (chain.id, arrival.seq, arrival.hash, arrival.body.decode(), arrival.signature),
        )
        return int(cursor.lastrowid or 0)

    def _advance(self, chain: Chain, arrival: Arrival) -> None:
        if arrival.prev is not None:
            chain.tips.pop(arrival.prev, None)
        chain.tips[arrival.hash] = (arrival.seq, arrival.cert)
        chain.top = max(chain.top, arrival.seq)
        self._moved.add(chain.id)
        if self.context.named and arrival.version in self.context.named:
            # a head that somebody adopted or accepted has come: what stands before it may count now
            self._here.pop((chain.id, arrival.version), None)
            self._rejudge.add(chain.id)
        if chain.forked:
            self._ancestors.clear()
            self._rejudge.add(chain.id)

    def _hold(self, arrival: Arrival, waits: str) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO held (hash, area, device, seq, body, signature, waits) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                arrival.hash,
                arrival.area,
                arrival.device,
                arrival.seq,
                arrival.body.decode(),
                arrival.signature,
                waits,
            ),
        )
        self._any_held = True
        self.outcome.held += 1

    def _released(self) -> list[Arrival]:
        """Held changesets whose wait may be over, taken out of `held`; they are proven one by one."""
        free: list[Arrival] = []
        for hash_, signed_as, area, waits in map(
            tuple, self.connection.execute("SELECT hash, signature, area, waits FROM held ORDER BY seq").fetchall()
        ):
            if not is_version(waits):
                continue
            device, seq, short = waits.split(":")
            chain = self.chains.get((area, device))
            if chain is None or self.find(chain, int(seq), bytes.fromhex(short)) is None:
                continue
            body, signature = self.connection.execute(
                "DELETE FROM held WHERE hash = ? AND signature = ? RETURNING body, signature", (hash_, signed_as)
            ).fetchall()[0]
            self.outcome.held = max(0, self.outcome.held - 1)
            arrival = read(Entry(body.encode(), signature))
            free.append(arrival)
        return free

    # judging

    def _judge(self, arrival: Arrival, certificate: Certificate, log: int, ready: list[Applied]) -> None:
        code = self._code(arrival, certificate)
        if arrival.format > FORMAT:
            self._refuse(log, -1, "newer")
            return
        version = arrival.version
        tables = self.schema.by_name
        for index, (name, row, values, seen) in enumerate(arrival.changes):
            table = tables.get(name)
            reason = code
            flat = None
            if table is not None:
                if reason is None:
                    reason = change_verdict(table, certificate, self.context)
                if reason is None:
                    try:
                        flat = flatten(table, values)
                    except ShapeError:
                        reason = "shape"
                if name in SYSTEM_NAMES:
                    self.connection.execute("INSERT OR IGNORE INTO system_changes (log) VALUES (?)", (log,))
                    self._system_changed = True
            if reason is not None:
                self._refuse(log, index, reason)
            ready.append(Applied(log, version, arrival.area, name, row, values, seen, reason, flat))

    def _refuse(self, log: int, change: int, code: str) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO refusals (log, change, code) VALUES (?, ?, ?)", (log, change, code)
        )

    def judge_devices_again(self, devices: set[str]) -> None:
        """Compute the verdicts of everything that these devices wrote anew."""
        self._rejudge |= {chain.id for chain in self.chains.values() if chain.device in devices}
        self.settle()

    def settle(self) -> None:
        """Write the chains' tips; judge again what a new adoption, revocation or fork concerns."""
        for number in self._moved:
            self.connection.execute("DELETE FROM tips WHERE chain = ?", (number,))
        self.connection.executemany(
            "INSERT INTO tips (chain, hash, seq, cert) VALUES (?, ?, ?, ?)",
            [
                (chain.id, hash_, seq, cert)
                for chain in self.chains.values()
                if chain.id in self._moved
                for hash_, (seq, cert) in chain.tips.items()
            ],
        )
        self._moved.clear()
        while self._system_changed or self._rejudge:
            chains = set(self._rejudge)
            self._rejudge.clear()
            self._system_changed = False
            before = self.context
            self.context = load_context(self.connection, self.schema, before.team, self)
            chains |= self._concerned(before)
            if self.context.verdicts != before.verdicts or self.context.revoked != before.revoked:
                self._note_revoked()
                self._judge_system_again()
            for number in sorted(chains):
                self._judge_again(number)

    def _note_revoked(self) -> None:
        """Say in `meta` which devices are revoked, so that a plain write needs no judge to know."""
        self.connection.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('revoked', ?)",
            (" ".join(sorted(self.context.revoked)),),
        )

    def _judge_system_again(self) -> None:
        query = "SELECT id, body, signature FROM log WHERE id IN (SELECT log FROM system_changes)"
        for log, body, signature in map(tuple, self.connection.execute(query).fetchall()):
            self._judge_entry_again(log, read(Entry(body.encode(), signature)))
        self.folder.flush()

    def _concerned(self, before: Context) -> set[int]:
        """The chains whose verdicts may differ between `before` and the context now."""
        now = self.context
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
        for team in teams:
            devices.update(
                row[0] for row in self.connection.execute("SELECT device FROM certificates WHERE team = ?", (team,))
            )
        return {chain.id for chain in self.chains.values() if chain.device in devices}

    def _judge_again(self, number: int) -> None:
        """Recompute the verdicts of one chain and fold the rows for which one changed."""
        entries = self.connection.execute(
            "SELECT id, body, signature FROM log WHERE chain = ? ORDER BY seq, hash", (number,)
        )
        for log, body, signature in map(tuple, entries.fetchall()):
            self._judge_entry_again(log, read(Entry(body.encode(), signature)))
        self.folder.flush()

    def _judge_entry_again(self, log: int, arrival: Arrival) -> None:
        jws = self.certificate_text(arrival.cert)
        if jws is None or arrival.format > FORMAT:
            return
        certificate = read_certificate(jws)
        code = self._code(arrival, certificate)
        for index, (name, row, values, _) in enumerate(arrival.changes):
            self._judge_change_again(log, index, code, certificate, (name, row, values))

    def _code(self, arrival: Arrival, certificate: Certificate) -> str | None:
        """Why the changeset does not count, or None; a system change is judged by those before it."""
        if arrival.hash in self.context.verdicts:
            return self.context.verdicts[arrival.hash]
        return entry_verdict(arrival, certificate, self.context, self)

    def _judge_change_again(
        self,
        log: int,
        index: int,
        code: str | None,
        certificate: Certificate,
        change: tuple[str, str, dict[str, Any]],
    ) -> None:
        name, row, values = change
        table = self.schema.by_name.get(name)
        reason = reason_of(table, values, code, certificate, self.context)
        found = self.connection.execute(
            "SELECT code FROM refusals WHERE log = ? AND change = ?", (log, index)
        ).fetchone()
        if (None if found is None else found[0]) == reason:
            return
        self.connection.execute("DELETE FROM refusals WHERE log = ? AND change = ?", (log, index))
        if reason is not None:
            self._refuse(log, index, reason)
        self.connection.execute("INSERT OR IGNORE INTO changes (row, log) VALUES (?, ?)", (row, log))
        if table is not None:
            self.folder.prepare([Applied(log, "", "", name, row, {}, {}, None, None)])
            self.folder.mark(name, row)


def reason_of(
    table: Table | None, values: Mapping[str, Any], code: str | None, certificate: Certificate, context: Context
) -> str | None:
    """Why one change does not count, or None.

    Args:
        table: Its table; None where it is not known here.
        values: What it sets.
        code: Why its changeset does not count, or None.
        certificate: The certificate in force.
        context: What the log says of teams and devices.
    """
    if table is None or code is not None:
        return code
    reason = change_verdict(table, certificate, context)
    if reason is None:
        try:
            flatten(table, values)
        except ShapeError:
            reason = "shape"
    return reason


def id_filter(ids: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """A condition on `id` for rising log numbers, and its parameters."""
    if ids[-1] - ids[0] + 1 == len(ids):
        return "id BETWEEN ? AND ?", (ids[0], ids[-1])
    return "id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)


def chain_cases(connection: sqlite3.Connection, numbers: dict[tuple[str, str], int]) -> tuple[str, tuple[int, ...]]:
    """An SQL expression from the chain numbers of `source` to those here, and its parameters."""
    pairs: list[int] = []
    for number, area, device in map(
        tuple, connection.execute("SELECT id, area, device FROM source.chains").fetchall()
    ):
        if (area, device) in numbers:
            pairs += (number, numbers[area, device])
    return "CASE chain" + " WHEN ? THEN ?" * (len(pairs) // 2) + " END", tuple(pairs)


def load_chains(connection: sqlite3.Connection) -> dict[tuple[str, str], Chain]:
    """(area, device) → chain, with its tips."""
    chains: dict[int, Chain] = {}
    for number, area, device, forked in map(
        tuple, connection.execute("SELECT id, area, device, forked FROM chains").fetchall()
    ):
        chains[number] = Chain(number, area, device, {}, forked=bool(forked), top=0)
    for number, hash_, seq, cert in map(
        tuple, connection.execute("SELECT chain, hash, seq, cert FROM tips").fetchall()
    ):
        chain = chains[number]
        chain.tips[bytes(hash_)] = (seq, cert)
        chain.top = max(chain.top, seq)
    return {(chain.area, chain.device): chain for chain in chains.values()}


def load_context(connection: sqlite3.Connection, schema: Schema, team: str, ancestry: Ancestry) -> Context:
    """Adopted teams and revoked devices: the system changes of the log, by (certificate issued, time, hash), each judged by those before."""
    entries = []
    rows = connection.execute("SELECT body, signature FROM log WHERE id IN (SELECT log FROM system_changes)")
    for body, signature in map(tuple, rows.fetchall()):
        arrival = read(Entry(body.encode(), signature))
        jws = connection.execute("SELECT jws FROM certificates WHERE id = ?", (arrival.cert,)).fetchone()
        if jws is not None:
            entries.append((arrival, read_certificate(jws[0])))
    return context_from(entries, schema, team, ancestry)
