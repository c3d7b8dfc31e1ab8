"""A member of the team signs nonsense with its own key: every store takes or refuses the same of it, and folds it alike.

`INSPECT_TUI_EXAMPLES` sets how much is tried.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.central.sqlite_store import SqliteStore
from sync.replica import Replica
from tests.sync.central.test_store_convergence import emptied
from tests.sync.support import SCHEMA, Author, device
from tests.sync.test_door_fuzz import SAID, spoilt_bytes, spoilt_meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.central.store import CentralStore
    from sync.changeset import Entry

__all__ = ["emptied"]
EXAMPLES = int(os.environ.get("INSPECT_TUI_EXAMPLES", "30"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    said=st.lists(st.one_of(spoilt_meaning(), spoilt_meaning(), spoilt_bytes()), min_size=1, max_size=4),
    apart=st.booleans(),
)
def test_stores_agree_on_nonsense(
    said: list[bytes], apart: bool, emptied: tuple[CentralStore, Callable[[], None]]
) -> None:
    """Equal logs, equal tables, equal refusals, nothing that a store cannot take; and folding it anew changes nothing."""
    author = Author(device("one"))
    signed = [author.step(body) for body in said]
    batches: list[list[Entry]] = [[entry] for entry in [*SAID, *signed]] if apart else [[*SAID, *signed]]
    store, forget = emptied
    folder = Path(tempfile.mkdtemp(prefix="nonsense-"))
    lite = SqliteStore(Replica.create(folder / "store.db", SCHEMA, device("server"), folder / "photos"))
    lite.replica.connection.execute("PRAGMA synchronous = OFF")
    forget()
    try:
        for batch in batches:
            here, there = lite.append(batch), store.append(batch)
            assert here.ends == there.ends
            assert here.not_counting == there.not_counting
            assert sorted(each.version for each in here.outcome.refused) == sorted(
                each.version for each in there.outcome.refused
            )
        assert list(lite.dump()) == list(store.dump())
        assert lite.counts() == store.counts()
        for each in (lite, store):
            before = list(each.dump())
            each.rebuild()
            assert list(each.dump()) == before
    finally:
        lite.close()
        shutil.rmtree(folder)
