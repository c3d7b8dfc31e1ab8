"""Nobody gains a role by being adopted: what somebody wrote under a root of his own counts in the role that he was given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.ids import derived_id
from sync.keys import EVERYWHERE
from sync.replica import Edit
from tests.sync.support import AREA, FOREIGN_ROOT, NOON, ROOT, device, entries, note, row_id

if TYPE_CHECKING:
    from sync.central.store import CentralStore
    from sync.replica import Replica
    from tests.sync.support import Team


def foreign(team: Team) -> tuple[Replica, str]:
    """A workspace of its own root, with a note and a review, and the version of the latest."""
    made = team.replica("foreign", device("foreign", root=FOREIGN_ROOT))
    note(made, "a", title="mine")
    version = made.write(
        AREA, [Edit("reviews", row_id("r"), {"remark": "approved"})], officer="9", time_ms=NOON + 1
    )
    return made, version


def adopted(store: CentralStore, made: Replica, version: str, role: str | None, name: str) -> None:
    """Adopt it up to the version, in a role."""
    values = {"team": made.team, "accepted": {AREA: [version]}, "name": "foreign"}
    if role is not None:
        values["role"] = role
    server = replace(device("server"), root=ROOT)
    store.write(server, EVERYWHERE, "adoptions", derived_id("adoption", name), values, officer="1")


def tables(store: CentralStore) -> set[str]:
    """The tables with rows that the foreign device wrote."""
    return {json.loads(line)[0] for line in store.dump()} - {"adoptions"}


def test_an_inspectors_earlier_reviews_do_not_count_whenever_they_come(store: CentralStore, team: Team) -> None:
    """Before or after the adoption; the findings do."""
    made, version = foreign(team)
    first, *rest = entries(made)
    store.append([first])
    adopted(store, made, version, "inspector", "one")
    taken = store.append(rest)

    assert taken.not_counting == {version: "role"}
    assert tables(store) == {"notes"}
    store.rebuild()
    assert tables(store) == {"notes"}


def test_a_later_adoption_without_a_bound_lets_them_count(store: CentralStore, team: Team) -> None:
    """An administrator who trusts the other root as a whole says so in another adoption, and verdicts are made anew."""
    made, version = foreign(team)
    adopted(store, made, version, "inspector", "one")
    store.append(entries(made))
    assert tables(store) == {"notes"}

    adopted(store, made, version, None, "two")

    assert tables(store) == {"notes", "reviews"}
    store.rebuild()
    assert tables(store) == {"notes", "reviews"}


def test_a_supervisor_stays_one_and_nobody_becomes_more_than_his_certificate(
    store: CentralStore, team: Team
) -> None:
    """The bound only takes away."""
    made, version = foreign(team)
    inspector = team.replica("inspector", device("inspector", root=FOREIGN_ROOT, role="inspector"))
    other = inspector.write(AREA, [Edit("reviews", row_id("s"), {"remark": "x"})], officer="9", time_ms=NOON)
    values = {"team": made.team, "accepted": {AREA: [version, other]}, "name": "foreign", "role": "supervisor"}
    server = replace(device("server"), root=ROOT)
    store.write(server, EVERYWHERE, "adoptions", derived_id("adoption", "one"), values, officer="1")
    store.append(entries(made))
    taken = store.append(entries(inspector))

    assert taken.not_counting == {other: "role"}
    assert tables(store) == {"notes", "reviews"}
