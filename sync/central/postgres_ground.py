"""What one transaction knows of the store, and the writing that every way of appending shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sync.append import Chain
from sync.central.postgres_copy import copy_rows, copy_text, insert_missing
from sync.central.postgres_judge import Ancestry, Judge, certificate_texts, find_places, load_judge
from sync.central.postgres_schema import ALONE, AREA, one, set_meta
from sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sync.central.postgres_connections import Connection
    from sync.central.postgres_fold import Place
    from sync.central.postgres_judge import Numbered
    from sync.door import Arrival
    from sync.peers import ChainKey
    from sync.schema import Schema

CERTIFICATES_KEPT: Final = 4096


class AloneNeeded(Exception):
    """The batch changes what counts elsewhere: it has to be taken while nobody else writes."""


@dataclass
class Kept:
    """What a process keeps between transactions; each part is replaced whole, so that threads need no lock.

    Attributes:
        schema: The tables.
        team: Id of the root key that the store stands under.
        judge: As read last.
        texts: Id → text of certificates; an id never means another text.
    """

    schema: Schema
    team: str
    judge: Judge
    texts: dict[str, str] = field(default_factory=dict)


@dataclass
class Ground:
    """A transaction that has its locks.

    Attributes:
        kept: What the process keeps.
        alone: Whether nobody else can write.
        judge: What verdicts rest on now.
        forks: Every forked chain.
        chains: The chains of the batch, as they stand.
        ancestry: The log's ancestry.
        any_held: Whether anything waits in the areas of the batch.
    """

    connection: Connection
    kept: Kept
    areas: Sequence[str]
    alone: bool
    judge: Judge
    forks: set[ChainKey]
    ancestry: Ancestry
    any_held: bool
    chains: dict[ChainKey, Chain] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """The tables."""
        return self.kept.schema

    def load_chains(self, keys: Iterable[ChainKey]) -> None:
        """Read the tips of chains that were not read yet."""
        wanted = sorted({key for key in keys if key not in self.chains})
        if not wanted:
            return
        rows: Any = self.connection.execute(
            "SELECT t.area, t.device, t.hash, t.seq, t.cert FROM unnest(%s::text[], %s::text[]) AS v(area, device)"
            " JOIN store_tips AS t ON t.area = v.area AND t.device = v.device",
            ([area for area, _ in wanted], [device for _, device in wanted]),
            binary=True,
        )
        for area, device, hash_, seq, cert in rows:
            chain = self.chains.get((area, device))
            if chain is None:
                forked = (area, device) in self.forks
                chain = self.chains[area, device] = Chain(0, area, device, {}, forked=forked, top=0)
            chain.tips[hash_] = (seq, cert)
            chain.top = max(chain.top, seq)

    def known(self, arrivals: Sequence[Arrival]) -> set[bytes]:
        """The hashes of those that are in the log."""
        self.load_chains((each.area, each.device) for each in arrivals)
        likely: list[Numbered] = []
        for each in arrivals:
            chain = self.chains.get((each.area, each.device))
            if chain is not None and each.seq <= chain.top:
                likely.append((each.area, each.device, each.seq))
        return {hash_ for found in find_places(self.connection, likely).values() for hash_ in found}

    def load_texts(self, ids: Iterable[str]) -> None:
        """Read certificates that were not read yet."""
        wanted = set(ids)
        texts = self.kept.texts
        lacking = wanted - texts.keys()
        if lacking:
            if len(texts) > CERTIFICATES_KEPT:
                texts = {id_: text for id_, text in texts.items() if id_ in wanted}
            self.kept.texts = texts | certificate_texts(self.connection, lacking)

    def load_judge(self) -> None:
        """Read what verdicts rest on anew; alone."""
        self.judge = load_judge(
            self.connection, self.schema, self.kept.team, self.forks, number=self.judge.number + 1
        )
        self.ancestry = Ancestry(self.connection, self.forks, self.judge.here)
        set_meta(self.connection, "context", str(self.judge.number))

    # writing

    def append_log(self, arrivals: Sequence[Arrival]) -> None:
        """Write changesets to the log; from here on every other append waits, so that their numbers rise as they commit.

        Whoever reads up to a number can so be sure that nothing below it comes later.
        """
        last = int(
            one(
                self.connection.execute(
                    "UPDATE store_arrivals SET last = last + %s RETURNING last", (len(arrivals),)
                ).fetchone()
            )
        )
        first = last - len(arrivals) + 1
        lines = [
            b"%b\t%b\t%d\t\\\\x%b\t%d\t%b\t\\\\x%b\n"
            % (
                each.area.encode(),
                each.device.encode(),
                each.seq,
                each.hash.hex().encode(),
                number,
                each.body.replace(b"\\", b"\\\\"),
                each.signature.hex().encode(),
            )
            for number, each in enumerate(arrivals, first)
        ]
        columns = ("area", "device", "seq", "hash", "arrival", "body", "signature")
        copy_text(self.connection, "store_log", columns, b"".join(lines))

    def write_tips(self, moved: Collection[ChainKey]) -> None:
        """Write where these chains end now."""
        keys = sorted(moved)
        self.connection.execute(
            "DELETE FROM store_tips AS t USING unnest(%s::text[], %s::text[]) AS v(area, device)"
            " WHERE t.area = v.area AND t.device = v.device",
            ([area for area, _ in keys], [device for _, device in keys]),
        )
        rows = [
            (area, device, hash_, seq, cert)
            for area, device in keys
            for hash_, (seq, cert) in self.chains[area, device].tips.items()
        ]
        copy_rows(self.connection, "store_tips", ("area", "device", "hash", "seq", "cert"), rows)

    def write_certificates(self, arrivals: Iterable[Arrival]) -> None:
        """Write the certificates that these bring."""
        rows = [(each.cert, each.device, each.team, each.jws) for each in arrivals if each.jws is not None]
        insert_missing(self.connection, "store_certificates", ("id", "device", "team", "jws"), rows)


def place_of(arrival: Arrival) -> Place:
    """Where it stands in the log."""
    return arrival.area, arrival.device, arrival.seq, arrival.hash


def begin(connection: Connection, kept: Kept, areas: Collection[str], *, alone: bool) -> Ground:
    """Take the locks and read what every batch needs.

    Args:
        connection: In a transaction that has not done anything yet.
        kept: What the process keeps.
        areas: Of the batch.
        alone: Whether nobody else may write meanwhile.

    Raises:
        StoreError: Somebody has changed the store's tables since this process opened it.
    """
    ordered = sorted(areas)
    with connection.pipeline():
        if alone:
            connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (ALONE,))
        else:
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", (ALONE,))
            connection.execute(
                "SELECT pg_advisory_xact_lock(%s, v.area) FROM unnest(%s::int[]) AS v(area)",
                (AREA, [int(area) for area in ordered]),
            )
        # only now: what those wrote who had the locks before is to be seen
        notes: Any = connection.execute("SELECT key, value FROM store_meta WHERE key IN ('schema', 'context')")
        forks: Any = connection.execute("SELECT area, device FROM store_forks")
        held = connection.execute("SELECT EXISTS (SELECT 1 FROM store_held WHERE area = ANY(%s))", (ordered,))
    said = dict(notes.fetchall())
    if said.get("schema") != kept.schema.fingerprint():
        raise StoreError(
            "中心库的数据表已被另一版本的程序改建；请将本机程序升级到同一版本后重启。",
            "The tables of the central store were made anew by another version of the programme; bring this one to the same"
            " version and start it again.",
        )
    known_forks = {(area, device) for area, device in forks.fetchall()}
    number = int(said["context"])
    judge = kept.judge
    if judge.number != number:
        judge = kept.judge = load_judge(connection, kept.schema, kept.team, known_forks, number)
    ancestry = Ancestry(connection, known_forks, judge.here)
    return Ground(
        connection, kept, ordered, alone, judge, known_forks, ancestry, any_held=bool(one(held.fetchone()))
    )
