"""The server's own changes: signed on the tip of its own chain, under the lock of the area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.central.postgres_careful import Careful
from sync.central.postgres_ground import AloneNeeded, begin
from sync.central.postgres_quick import state_of
from sync.changeset import (
    MAX_SEEN,
    Change,
    Changeset,
    Entry,
    digest,
    encode,
    nfc,
)
from sync.door import read
from sync.errors import MalformedError, StaleError
from sync.replica import header_after
from sync.schema import SYSTEM_NAMES
from sync.tables import ShapeError, flatten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.central.postgres_connections import Connection
    from sync.central.postgres_ground import Ground, Kept
    from sync.identity import Identity

Edit = tuple[str, str, "Mapping[str, Any]"]
"""(table, row, cell → value)."""


def write(
    connection: Connection, kept: Kept, identity: Identity, area: str, edit: Edit, officer: str, *, alone: bool
) -> str:
    """Append one changeset in the caller's transaction; returns its version.

    Raises:
        MalformedError: A value does not fit, or the row stands in another area.
        StaleError: The row builds on what is not here.
        AloneNeeded: To be done again while nobody else writes.
    """
    if edit[0] in SYSTEM_NAMES and not alone:
        raise AloneNeeded
    ground = begin(connection, kept, {area}, alone=alone)
    change = _change(ground, area, edit)
    header = header_after(identity, area, _tip(ground, area, identity.device), officer)
    body = encode(Changeset(changes=[change], header=header))
    arrival = read(Entry(body, identity.key.sign(digest(body))))
    careful = Careful(ground)
    careful.admit([arrival], proven=True)
    if careful.outcome.refused:
        raise careful.outcome.refused[0].error
    if not careful.new:
        raise StaleError("所依据的版本不在中心库。", "A version that the change builds on is not in the store.")
    return arrival.version


def _tip(ground: Ground, area: str, device: str) -> tuple[int, bytes | None, str | None]:
    """(seq, hash, certificate id) of what the server wrote last in the area."""
    ground.load_chains([(area, device)])
    chain = ground.chains.get((area, device))
    if chain is None:
        return 0, None, None
    seq, hash_, cert = max((seq, hash_, cert) for hash_, (seq, cert) in chain.tips.items())
    return seq, hash_, cert


def _change(ground: Ground, area: str, edit: Edit) -> Change:
    name, row, said = edit
    values = {cell: nfc(value) for cell, value in said.items()}
    try:
        flatten(ground.schema.by_name[name], values)
    except ShapeError as error:
        raise MalformedError(
            f"{name} 的取值与表结构不符：{error}。", f"A value does not fit table {name}: {error}."
        ) from error
    state = state_of(ground, name, row)
    if state is not None and state.area != area:
        raise MalformedError(
            f"记录属于行政区 {state.area}，不能在 {area} 中改动。",
            f"The row belongs to area {state.area}; it cannot be changed in {area}.",
        )
    seen: dict[str, list[str]] = {}
    if state is not None:
        seen = {cell: (state.heads.get(cell) or [state.created])[:MAX_SEEN] for cell in sorted(values)}
    return Change(row=row, seen=seen, set=values, table=name)
