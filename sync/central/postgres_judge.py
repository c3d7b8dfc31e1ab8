"""What the log says of teams, devices and ancestry, read so that it can be kept between batches.

It changes only in transactions that are alone in the store, and each of them raises the number under `context` in
`store_meta`: what a process keeps is good as long as the number is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sync.changeset import Entry, is_version
from sync.door import read
from sync.keys import read_certificate
from sync.schema import SYSTEM_NAMES
from sync.verdict import Context, context_from

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sync.central.postgres_connections import Connection
    from sync.changeset import Seq
    from sync.door import Arrival
    from sync.peers import ChainKey
    from sync.schema import Schema

Numbered = tuple[str, str, int]
"""(area, device, seq)."""


class Judge(NamedTuple):
    """What verdicts rest on.

    Attributes:
        number: Under `context` in `store_meta` when it was read.
        context: Adopted teams and revoked devices.
        here: (area, version) of those named heads that are in the log.
    """

    number: int
    context: Context
    here: frozenset[tuple[str, str]]


class Ancestry:
    """Who came before whom, as `sync.verdict` asks for it."""

    def __init__(
        self, connection: Connection, forks: Collection[ChainKey], here: Collection[tuple[str, str]]
    ) -> None:
        self._connection = connection
        self._forks = forks
        self._here = here
        self._links: dict[ChainKey, dict[bytes, bytes | None]] = {}
        self._ancestors: dict[tuple[ChainKey, tuple[str, ...]], frozenset[bytes]] = {}

    def covered(self, said: Any, heads: Sequence[str]) -> bool:
        """Whether `said` is one of `heads` or comes before one in its chain."""
        key = (said.area, said.device)
        # a head that nobody has shown covers nothing: whoever names it could still make up what comes before
        own = [head for head in heads if head.startswith(f"{said.device}:") and (said.area, head) in self._here]
        if not own:
            return False
        if key in self._forks:
            return said.hash in self._ancestors_of(key, tuple(sorted(own)))
        for head in own:
            _, seq, short = head.split(":")
            if said.seq < int(seq) or (said.seq == int(seq) and said.hash.hex().startswith(short)):
                return True
        return False

    def _ancestors_of(self, key: ChainKey, heads: tuple[str, ...]) -> frozenset[bytes]:
        known = self._ancestors.get((key, heads))
        if known is None:
            links = self._links.get(key)
            if links is None:
                links = self._links[key] = {hash_: prev for _, hash_, _, prev in links_of(self._connection, key)}
            shorts = {head.split(":")[2] for head in heads}
            found: set[bytes] = set()
            for start in [hash_ for hash_ in links if hash_.hex()[:32] in shorts]:
                place: bytes | None = start
                while place is not None and place not in found:
                    found.add(place)
                    place = links.get(place)
            known = self._ancestors[key, heads] = frozenset(found)
        return known


def links_of(connection: Connection, key: ChainKey) -> list[tuple[Seq, bytes, int, bytes | None]]:
    """(seq, hash, arrival, hash of the predecessor) of a whole chain, in its order; for forked ones."""
    rows: Any = connection.execute(
        "SELECT seq, hash, arrival, decode(body::json -> 'header' ->> 'prev', 'hex') FROM store_log"
        " WHERE area = %s AND device = %s ORDER BY seq, hash",
        key,
        binary=True,
    ).fetchall()
    return list(rows)


def find_places(connection: Connection, wanted: Iterable[Numbered]) -> dict[Numbered, list[bytes]]:
    """The hashes of the changesets in the log with these numbers; none for a number that is not there."""
    found: dict[Numbered, list[bytes]] = {each: [] for each in wanted}
    if found:
        areas, devices, numbers = zip(*found, strict=True)
        rows: Any = connection.execute(
            "SELECT l.area, l.device, l.seq, l.hash FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS v(area, device, seq)"
            " JOIN store_log AS l ON l.area = v.area AND l.device = v.device AND l.seq = v.seq",
            (list(areas), list(devices), list(numbers)),
            binary=True,
        )
        for area, device, seq, hash_ in rows:
            found[area, device, seq].append(hash_)
    return found


def numbered(area: str, version: str) -> tuple[Numbered, str]:
    """Where a version would stand in an area, and the first half of its hash."""
    device, seq, short = version.split(":")
    return (area, device, int(seq)), short


def which_are_here(connection: Connection, wanted: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of the (area, version) that are in the log."""
    places = {each: numbered(*each) for each in wanted}
    found = find_places(connection, (place for place, _ in places.values()))
    return frozenset(
        each
        for each, (place, short) in places.items()
        if any(hash_.hex().startswith(short) for hash_ in found[place])
    )


def certificate_texts(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Id → text of those certificates that the log has brought."""
    if not ids:
        return {}
    rows: Any = connection.execute("SELECT id, jws FROM store_certificates WHERE id = ANY(%s)", (list(ids),))
    return dict(rows.fetchall())


def load_judge(
    connection: Connection, schema: Schema, team: str, forks: Collection[ChainKey], number: int
) -> Judge:
    """Read the system changes of the log and judge them."""
    rows: Any = connection.execute(
        "SELECT l.body, l.signature FROM store_system_changes AS s JOIN store_log AS l"
        " ON l.area = s.area AND l.device = s.device AND l.seq = s.seq AND l.hash = s.hash",
        binary=True,
    ).fetchall()
    arrivals = [read(Entry(body.encode(), signature)) for body, signature in rows]
    texts = certificate_texts(connection, {arrival.cert for arrival in arrivals})
    here = which_are_here(connection, {each for arrival in arrivals for each in _named(arrival)})
    pairs = [(each, read_certificate(texts[each.cert])) for each in arrivals if each.cert in texts]
    return Judge(number, context_from(pairs, schema, team, Ancestry(connection, forks, here)), here)


def _named(arrival: Arrival) -> Iterable[tuple[str, str]]:
    """Every (area, version) that a system change names."""
    for table, _, values, _ in arrival.changes:
        if table in SYSTEM_NAMES:
            try:
                heads = msgspec.convert(values.get("accepted"), dict[str, list[str]])
            except msgspec.ValidationError:
                continue
            for area, versions in heads.items():
                yield from ((area, version) for version in versions if is_version(version))


EMPTY = Judge(-1, Context(""), frozenset())
"""Nothing read yet."""
