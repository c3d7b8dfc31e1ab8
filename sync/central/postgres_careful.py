"""The careful way into PostgreSQL: changeset by changeset in memory, but read and written by a few queries a batch.

It decides as `sync.append.Appender` does: what names something that is not here yet is held, what breaks the chain is
refused, forks are kept and flagged, and whatever changes what counts elsewhere is judged again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.append import Chain, Outcome, reason_of
from sync.central.postgres_copy import copy_places, copy_rows, insert_missing
from sync.central.postgres_fold import refold
from sync.central.postgres_ground import AloneNeeded, place_of
from sync.central.postgres_judge import find_places, numbered
from sync.central.postgres_settle import Settling
from sync.changeset import FORMAT, Entry
from sync.door import Arrival, Refusal, authentic, certificate_of, read, runs
from sync.errors import PeerError
from sync.keys import certificate_id, read_certificate
from sync.schema import SYSTEM_NAMES
from sync.verdict import entry_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.central.postgres_fold import Place
    from sync.central.postgres_ground import Ground
    from sync.central.postgres_judge import Numbered
    from sync.keys import Certificate
    from sync.peers import ChainKey

Signed = tuple[bytes, bytes]
"""(hash, signature)."""


@dataclass
class Careful:
    """One batch on its careful way.

    Attributes:
        ground: The transaction.
        outcome: What becomes of the batch.
        new: What was let in, in order.
        codes: (changeset, index of the change or -1, code) of what does not count among it.
    """

    ground: Ground
    outcome: Outcome = field(default_factory=Outcome)
    new: list[Arrival] = field(default_factory=list)
    codes: list[tuple[Place, int, str]] = field(default_factory=list)
    _proven: set[Signed] = field(default_factory=set)
    _here: dict[Numbered, list[bytes]] = field(default_factory=dict)
    _certs: dict[bytes, str] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _held: dict[Signed, tuple[Arrival, str]] = field(default_factory=dict)
    _rejudge: set[ChainKey] = field(default_factory=set)
    _system: list[Place] = field(default_factory=list)
    _moved: set[ChainKey] = field(default_factory=set)

    def offer(self, fresh: Sequence[Arrival]) -> None:
        """Let in what is not in the log yet, in the order of the peer; each run is checked by its last signature."""
        offered = {
            each.cert: each.jws for each in fresh if each.jws is not None and certificate_id(each.jws) == each.cert
        }
        self._load_texts(fresh)
        taken: set[Signed] = set()
        for run in runs(fresh):
            taken.update((each.hash, each.signature) for each in self._prove(run, offered))
        self.admit([each for each in fresh if (each.hash, each.signature) in taken])

    def _prove(self, run: list[Arrival], offered: dict[str, str]) -> list[Arrival]:
        first = run[0]
        jws = first.jws or self._texts.get(first.cert) or offered.get(first.cert)
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
        self._proven.update((each.hash, each.signature) for each in taken)
        return taken

    def admit(self, arrivals: Sequence[Arrival], *, proven: bool = False) -> None:
        """Append changesets and whatever was held for them, and write all that follows from it.

        Args:
            arrivals: In the order of the peer.
            proven: Whether they are our own, signed a moment ago.
        """
        if proven:
            self._proven.update((each.hash, each.signature) for each in arrivals)
        pending = list(arrivals)
        while pending:
            before = len(self.new)
            self._load(pending)
            for arrival in pending:
                self._let_in(arrival)
            pending = self._released(self.new[before:])
        self._write()

    # reading

    def _load_texts(self, arrivals: Sequence[Arrival]) -> None:
        self.ground.load_texts(each.cert for each in arrivals)
        self._texts = {**self.ground.kept.texts, **self._texts}

    def _load(self, arrivals: Sequence[Arrival]) -> None:
        """Look up everything that these name."""
        ground = self.ground
        ground.load_chains((each.area, each.device) for each in arrivals)
        self._load_texts(arrivals)
        wanted: set[Numbered] = set()
        for each in arrivals:
            wanted.add((each.area, each.device, each.seq))
            if each.seq > 1:
                wanted.add((each.area, each.device, each.seq - 1))
            for _, _, _, seen in each.changes:
                wanted.update(numbered(each.area, version)[0] for versions in seen.values() for version in versions)
        self._here |= find_places(ground.connection, wanted - self._here.keys())
        for chain in ground.chains.values():
            self._certs.update({hash_: cert for hash_, (_, cert) in chain.tips.items()})
        inner = [
            (each.area, each.device, each.seq - 1, each.prev)
            for each in arrivals
            if each.prev is not None
            and each.prev not in self._certs
            and self._is_here(each, each.seq - 1, each.prev)
        ]
        self._certs |= _certs_of(ground, inner)

    def _is_here(self, arrival: Arrival, seq: int, hash_: bytes) -> bool:
        return hash_ in self._here.get((arrival.area, arrival.device, seq), ())

    # letting in

    def _let_in(self, arrival: Arrival) -> None:
        ground = self.ground
        if self._is_here(arrival, arrival.seq, arrival.hash):
            self.outcome.known += 1
            return
        key = (arrival.area, arrival.device)
        waits = self._missing(arrival)
        if waits is not None:
            self._held[arrival.hash, arrival.signature] = (arrival, waits)
            self.outcome.held += 1
            return
        chain = ground.chains.get(key)
        before, fork = self._before(arrival, chain)
        try:
            certificate = certificate_of(arrival, before, self._texts.get)
        except PeerError as error:
            self.outcome.refused.append(Refusal(arrival.version, error))
            return
        if (arrival.hash, arrival.signature) not in self._proven:
            refusal = authentic([arrival], certificate)[1]
            if refusal is not None:
                self.outcome.refused.append(refusal)
                return
        if chain is None:
            chain = ground.chains[key] = Chain(0, arrival.area, arrival.device, {}, forked=False, top=0)
        if fork:
            self._fork(chain)
        self._advance(chain, arrival)
        self.new.append(arrival)
        self.outcome.appended += 1
        self._judge(arrival, certificate)

    def _missing(self, arrival: Arrival) -> str | None:
        """What the changeset waits for, or None."""
        if arrival.prev is not None and not self._is_here(arrival, arrival.seq - 1, arrival.prev):
            return f"{arrival.device}:{arrival.seq - 1}:{arrival.prev.hex()[:32]}"
        for _, _, _, seen in arrival.changes:
            for versions in seen.values():
                for version in versions:
                    place, short = numbered(arrival.area, version)
                    if not any(hash_.hex().startswith(short) for hash_ in self._here.get(place, ())):
                        return version
        return None

    def _before(self, arrival: Arrival, chain: Chain | None) -> tuple[str | None, bool]:
        """The predecessor's certificate, and whether the predecessor has another successor already."""
        if arrival.prev is None:
            return None, chain is not None and bool(chain.tips)
        return self._certs[arrival.prev], chain is None or arrival.prev not in chain.tips

    def _fork(self, chain: Chain) -> None:
        if not chain.forked:
            chain.forked = True
            self.ground.forks.add((chain.area, chain.device))
            self.outcome.forks.append(f"{chain.area}/{chain.device}")

    def _advance(self, chain: Chain, arrival: Arrival) -> None:
        key = (chain.area, chain.device)
        if arrival.prev is not None:
            chain.tips.pop(arrival.prev, None)
        chain.tips[arrival.hash] = (arrival.seq, arrival.cert)
        chain.top = max(chain.top, arrival.seq)
        self._moved.add(key)
        self._here.setdefault((*key, arrival.seq), []).append(arrival.hash)
        self._certs[arrival.hash] = arrival.cert
        if arrival.jws is not None:
            self._texts[arrival.cert] = arrival.jws
        if arrival.version in self.ground.judge.context.named or chain.forked:
            # what stands before a head that somebody adopted or accepted may count now; so may a branch
            self._rejudge.add(key)

    def _released(self, news: Sequence[Arrival]) -> list[Arrival]:
        """Held changesets whose wait is over, taken out of what is held; they are proven one by one."""
        if not news:
            return []
        came = {(each.area, each.version) for each in news}
        free = [each for each, waits in self._held.values() if (each.area, waits) in came]
        for each in free:
            del self._held[each.hash, each.signature]
        if self.ground.any_held:
            rows: Any = self.ground.connection.execute(
                "DELETE FROM store_held AS h USING unnest(%s::text[], %s::text[]) AS v(area, waits)"
                " WHERE h.area = v.area AND h.waits = v.waits RETURNING h.body, h.signature",
                ([area for area, _ in came], [version for _, version in came]),
                binary=True,
            )
            known = {(each.hash, each.signature) for each in free}
            from_store = [read(Entry(body.encode(), signature)) for body, signature in rows.fetchall()]
            free += [each for each in from_store if (each.hash, each.signature) not in known]
        self.outcome.held = max(0, self.outcome.held - len(free))
        return sorted(free, key=lambda each: each.seq)

    # judging

    def _judge(self, arrival: Arrival, certificate: Certificate) -> None:
        place = place_of(arrival)
        if arrival.format > FORMAT:
            self.codes.append((place, -1, "newer"))
            return
        code = self._code(arrival, certificate)
        for index, (name, _, values, _) in enumerate(arrival.changes):
            table = self.ground.schema.by_name.get(name)
            reason = reason_of(table, values, code, certificate, self.ground.judge.context)
            if reason is not None:
                self.codes.append((place, index, reason))
            if name in SYSTEM_NAMES and place not in self._system:
                self._system.append(place)

    def _code(self, arrival: Arrival, certificate: Certificate) -> str | None:
        context = self.ground.judge.context
        if arrival.hash in context.verdicts:
            return context.verdicts[arrival.hash]
        # where ancestry matters and is not written yet, the chain is judged again once it is
        return entry_verdict(arrival, certificate, context, self.ground.ancestry)

    # writing

    def _write(self) -> None:
        ground = self.ground
        self._write_held()
        if not self.new:
            return
        rejudge = self._to_judge_again()
        if (rejudge or self._system) and not ground.alone:
            raise AloneNeeded
        connection = ground.connection
        ground.write_certificates(self.new)
        insert_missing(
            connection, "store_forks", ("area", "device"), (key for key in self._moved if key in ground.forks)
        )
        self._write_index()
        copy_rows(connection, "store_system_changes", ("area", "device", "seq", "hash"), self._system)
        rows = [(*place, change, code) for place, change, code in self.codes]
        copy_rows(connection, "store_refusals", ("area", "device", "seq", "hash", "change", "code"), rows)
        ground.write_tips(self._moved)
        ground.append_log(self.new)
        touched = {
            (name, row) for each in self.new for name, row, _, _ in each.changes if name in ground.schema.by_name
        }
        self.outcome.touched |= touched
        if rejudge or self._system:
            settling = Settling(ground)
            settling.settle(rejudge, system_changed=bool(self._system))
            touched |= settling.marked
        refold(connection, ground.schema, touched)

    def _write_held(self) -> None:
        if not self._held:
            return
        keys = list(self._held)
        self.ground.connection.execute(
            "DELETE FROM store_held AS h USING unnest(%s::bytea[], %s::bytea[]) AS v(hash, signature)"
            " WHERE h.area = ANY(%s) AND h.hash = v.hash AND h.signature = v.signature",
            ([hash_ for hash_, _ in keys], [signature for _, signature in keys], list(self.ground.areas)),
        )
        columns = ("area", "device", "seq", "hash", "body", "signature", "waits")
        rows = [(*place_of(each), each.body.decode(), each.signature, waits) for each, waits in self._held.values()]
        copy_rows(self.ground.connection, "store_held", columns, rows)

    def _to_judge_again(self) -> set[ChainKey]:
        """Of the chains that have forked or brought a named head those whose verdicts depend on what comes before what."""
        ground = self.ground
        context = ground.judge.context
        foreign = self._foreign_devices()
        return {
            key
            for key in self._rejudge
            if key[1] in context.revoked or key[1] in foreign or self._holds_system_changes(key)
        }

    def _foreign_devices(self) -> set[str]:
        devices = sorted({device for _, device in self._rejudge})
        if not devices:
            return set()
        rows: Any = self.ground.connection.execute(
            "SELECT device FROM store_certificates WHERE device = ANY(%s) AND team <> %s",
            (devices, self.ground.kept.team),
        ).fetchall()
        return {row[0] for row in rows} | {each.device for each in self.new if each.team != self.ground.kept.team}

    def _holds_system_changes(self, key: ChainKey) -> bool:
        found = self.ground.connection.execute(
            "SELECT 1 FROM store_system_changes WHERE area = %s AND device = %s LIMIT 1", key
        ).fetchone()
        return found is not None

    def _write_index(self) -> None:
        """Note which changesets change which rows."""
        connection = self.ground.connection
        rows: dict[str, list[Place]] = {}
        for each in self.new:
            for row in {row for _, row, _, _ in each.changes}:
                rows.setdefault(row, []).append(place_of(each))
        if not rows:
            return
        if not self.ground.alone:
            self._stay_within_areas(list(rows))
        firsts = [(row, *places[0]) for row, places in sorted(rows.items())]
        added: Any = connection.execute(
            "INSERT INTO store_rows (id, area, device, seq, hash) SELECT * FROM"
            " unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::bytea[]) ON CONFLICT DO NOTHING RETURNING id::text",
            tuple(map(list, zip(*firsts, strict=True))),
        ).fetchall()
        born = {row[0] for row in added}
        if not self.ground.alone and len(born) != len(rows):
            # one of them may have come to be in another area while we waited for it
            self._stay_within_areas([row for row in rows if row not in born])
        later = [(row, place) for row, places in rows.items() for place in places[1 if row in born else 0 :]]
        copy_places(connection, "store_changes", "row_id", later)

    def _stay_within_areas(self, rows: list[str]) -> None:
        """A row that was changed in another area, too, is folded while nobody else writes."""
        found = self.ground.connection.execute(
            "SELECT 1 FROM store_rows WHERE id = ANY(%s::uuid[]) AND area <> ALL(%s)"
            " UNION ALL SELECT 1 FROM store_changes WHERE row_id = ANY(%s::uuid[]) AND area <> ALL(%s) LIMIT 1",
            (rows, list(self.ground.areas), rows, list(self.ground.areas)),
        ).fetchone()
        if found is not None:
            raise AloneNeeded


def _certs_of(ground: Ground, places: Iterable[Place]) -> dict[bytes, str]:
    """The certificates of changesets in the middle of a chain."""
    found = list(places)
    if not found:
        return {}
    areas, devices, numbers, hashes = map(list, zip(*found, strict=True))
    rows: Any = ground.connection.execute(
        "SELECT l.hash, l.body::json -> 'header' ->> 'cert' FROM"
        " unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[]) AS v(area, device, seq, hash) JOIN store_log AS l"
        " ON l.area = v.area AND l.device = v.device AND l.seq = v.seq AND l.hash = v.hash",
        (areas, devices, numbers, hashes),
        binary=True,
    )
    return dict(rows.fetchall())
