"""Reading the log out of PostgreSQL: by chain, from where the asker stands, without looking at what is not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.central.postgres_fold import place_lists
from sync.central.postgres_judge import links_of
from sync.central.store import Given
from sync.changeset import Entry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sync.central.postgres_connections import Connection
    from sync.peers import ChainKey, Place

Source = tuple["ChainKey", int]
"""A chain and the number after which all of it is wanted."""
Found = tuple[int, "ChainKey", int]
"""(arrival, chain, bytes of the body)."""


def seen_areas(areas: Sequence[str]) -> tuple[list[str], list[str]]:
    """Parameters of `SEEN`: areas by name, and patterns; as `sync.central.store.visible`."""
    names = {above for own in areas for above in (own[:2] + "0000", own[:4] + "00", "000000", own)}
    patterns = []
    for own in areas:
        stem = own
        while stem.endswith("00"):
            stem = stem[:-2]
        patterns.append(f"{stem}%")
    return sorted(names) if areas else [], patterns


SEEN = "(x.area = ANY(%s) OR x.area LIKE ANY(%s))"
"""Whether a row `x` lies in a visible area."""


def tips(connection: Connection, areas: Sequence[str]) -> dict[ChainKey, list[Place]]:
    """The tips of visible chains."""
    rows: Any = connection.execute(
        f"SELECT x.area, x.device, x.seq, x.hash FROM store_tips AS x WHERE {SEEN}"
        " ORDER BY x.area, x.device, x.seq, x.hash",
        seen_areas(areas),
        binary=True,
    )
    found: dict[ChainKey, list[Place]] = {}
    for area, device, seq, hash_ in rows:
        found.setdefault((area, device), []).append((seq, hash_.hex()))
    return found


def read_after(
    connection: Connection,
    known: Mapping[ChainKey, Sequence[Place]],
    areas: Sequence[str],
    *,
    after: int,
    limit: int,
    max_bytes: int,
) -> Given:
    """As `CentralStore.read`; in one state of the database."""
    wanted = {
        key: known.get(key, ())
        for key, places in tips(connection, areas).items()
        if not set(places) <= set(known.get(key, ()))
    }
    lines, apart = _sources(connection, wanted, after)
    found = _merged(connection, lines, apart, limit + 1)
    chosen: list[Found] = []
    size = 0
    for each in found[:limit]:
        size += each[2]
        if chosen and size > max_bytes:
            break
        chosen.append(each)
    entries = _entries(connection, chosen)
    return Given(entries, chosen[-1][0] if chosen else after, more=len(chosen) < len(found))


def _sources(
    connection: Connection, wanted: Mapping[ChainKey, Sequence[Place]], after: int
) -> tuple[list[Source], list[Found]]:
    """For a chain in one line, the number after which it is wanted; of forked chains, each changeset that is wanted."""
    places = [(*key, seq, bytes.fromhex(hash_)) for key, said in wanted.items() for seq, hash_ in said]
    rows: Any = connection.execute(
        "SELECT l.area, l.device, l.hash, l.arrival FROM"
        " unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[]) AS v(area, device, seq, hash) JOIN store_log AS l"
        " ON l.area = v.area AND l.device = v.device AND l.seq = v.seq AND l.hash = v.hash",
        place_lists(places),
        binary=True,
    )
    common: dict[ChainKey, dict[bytes, int]] = {}
    for area, device, hash_, arrival in rows:
        common.setdefault((area, device), {})[hash_] = arrival
    forks: Any = connection.execute(
        "SELECT f.area, f.device FROM store_forks AS f JOIN unnest(%s::text[], %s::text[]) AS v(area, device)"
        " ON f.area = v.area AND f.device = v.device",
        ([area for area, _ in wanted], [device for _, device in wanted]),
    ).fetchall()
    forked = set(forks)
    apart = [each for key in forked for each in _beside(connection, key, common.get(key, {}), after)]
    lines = [(key, max([after, *common.get(key, {}).values()])) for key in wanted if key not in forked]
    return lines, apart


def _beside(connection: Connection, key: ChainKey, common: Collection[bytes], after: int) -> list[Found]:
    """What is wanted of a forked chain: all that is none of the common changesets and comes before none of them."""
    links = {hash_: (arrival, prev) for _, hash_, arrival, prev in links_of(connection, key)}
    covered: set[bytes] = set()
    for start in common:
        place: bytes | None = start
        while place is not None and place not in covered:
            covered.add(place)
            place = links[place][1]
    numbers = [arrival for hash_, (arrival, _) in links.items() if hash_ not in covered and arrival > after]
    sizes: Any = connection.execute(
        "SELECT arrival, octet_length(body) FROM store_log WHERE area = %s AND area || device = %s AND arrival = ANY(%s)",
        (key[0], "".join(key), numbers),
        binary=True,
    )
    return [(arrival, key, size) for arrival, size in sizes]


def _merged(connection: Connection, lines: list[Source], apart: list[Found], count: int) -> list[Found]:
    """The first `count` of all sources together, in the order of arrival.

    Every chain is asked for a share; those that end what is certain are asked for more, until there is enough.
    """
    found = list(apart)
    share = max(1, 2 * count // max(1, len(lines)))
    asked = lines
    while asked:
        share = min(share, count)
        ends: dict[ChainKey, tuple[int, int]] = {}
        for each in _next(connection, asked, share):
            found.append(each)
            number, got = ends.get(each[1], (0, 0))
            ends[each[1]] = (max(number, each[0]), got + 1)
        open_ = [(key, number) for key, (number, got) in ends.items() if got == share]
        found.sort()
        enough = found[count - 1][0] if len(found) >= count else None
        # a chain whose share reaches beyond what is wanted has nothing that could come before
        asked = [each for each in open_ if enough is None or each[1] < enough]
        share *= 4
    return found[:count]


def _next(connection: Connection, sources: Sequence[Source], share: int) -> list[Found]:
    rows: Any = connection.execute(
        "SELECT l.arrival, v.area, v.device, l.size FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS v(area, device, after)"
        " CROSS JOIN LATERAL (SELECT x.arrival, octet_length(x.body) AS size FROM store_log AS x WHERE x.area = v.area"
        " AND x.area || x.device = v.area || v.device AND x.arrival > v.after ORDER BY x.arrival LIMIT %s) AS l",
        (
            [area for (area, _), _ in sources],
            [device for (_, device), _ in sources],
            [after for _, after in sources],
            share,
        ),
        binary=True,
    )
    return [(arrival, (area, device), size) for arrival, area, device, size in rows]


def _entries(connection: Connection, chosen: Sequence[Found]) -> list[Entry]:
    rows: Any = connection.execute(
        "SELECT x.body, x.signature FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS v(area, device, arrival)"
        " JOIN store_log AS x ON x.area = v.area AND x.area || x.device = v.area || v.device AND x.arrival = v.arrival ORDER BY v.arrival",
        (
            [area for _, (area, _), _ in chosen],
            [device for _, (_, device), _ in chosen],
            [arrival for arrival, _, _ in chosen],
        ),
        binary=True,
    )
    return [Entry(body.encode(), signature) for body, signature in rows]
