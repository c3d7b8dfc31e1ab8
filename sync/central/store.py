"""What a central store must do, whatever database it lies in.

A store takes changesets, says which it has and gives them, as every replica does; beside that it keeps what only a
server needs: which requests it has seen, invitations, and secrets that its processes share. Every method may be called
from several threads and, for PostgreSQL, from several processes at once. All errors are `sync.errors.SyncError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sync.keys import covers_area

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.append import Outcome
    from sync.changeset import Entry
    from sync.identity import Identity
    from sync.keys import Certificate
    from sync.peers import ChainKey, Place
    from sync.receipts import ChainEnd


def visible(areas: Sequence[str], area: str) -> bool:
    """Whether a device with these areas may see the chains of `area`.

    It sees what it covers, and the units above it: what holds for the whole team or city stands there.
    """
    return any(covers_area(own, area) or covers_area(area, own) for own in areas)


@dataclass
class Taken:
    """What became of a batch.

    Attributes:
        outcome: Counts, refusals, forks, rows touched.
        ends: For each chain of the batch the furthest changesets that are in the log now; durable.
        not_counting: Version → code, of what is in the log without effect.
    """

    outcome: Outcome
    ends: list[ChainEnd] = field(default_factory=list)
    not_counting: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Given:
    """A batch on its way to somebody.

    Attributes:
        entries: In the order in which the store took them.
        last: The store's own number of the last one looked at; asking after it goes on from there.
        more: Whether something may follow.
    """

    entries: list[Entry]
    last: int
    more: bool


@dataclass(frozen=True, kw_only=True)
class Counts:
    """For people and for metrics."""

    changesets: int
    held: int
    refused: int
    conflicts: int
    missing_photos: int
    devices: int
    forked: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RefusedChange:
    """A changeset that is in the log and does not count."""

    version: str
    area: str
    device: str
    officer: str
    time: int
    """UTC in milliseconds, by its author's clock."""
    tables: tuple[str, ...]
    code: str


class CentralStore(Protocol):
    """A store, open."""

    team: str
    """Id of the root key that it stands under."""

    def close(self) -> None:
        """Let go of the database."""
        ...

    # the log

    def heads(self, areas: Sequence[str]) -> dict[ChainKey, list[Place]]:
        """The tips of the chains that a device with these areas may see."""
        ...

    def read(
        self,
        known: Mapping[ChainKey, Sequence[Place]],
        areas: Sequence[str],
        *,
        after: int,
        limit: int,
        max_bytes: int,
    ) -> Given:
        """Changesets in visible chains that are none of the known places and come before none of them.

        Args:
            known: For each chain the places that the asker has.
            areas: Of the asker's certificate.
            after: Only what stands after this number of the store's own.
            limit: Changesets at most.
            max_bytes: Bytes of bodies at most, but always one changeset.
        """
        ...

    def append(self, entries: Sequence[Entry]) -> Taken:
        """Let changesets in; what `ends` names is durable on return. Repeating it changes nothing."""
        ...

    def holds(self, ends: Sequence[ChainEnd]) -> list[ChainEnd]:
        """Those of the places that are in the log, durably, with all that came before them."""
        ...

    def write(
        self, identity: Identity, area: str, table: str, row: str, values: Mapping[str, Any], *, officer: str
    ) -> str:
        """Record one change of the server's own, having seen the row as it stands; returns its version, durable.

        Processes that share one identity never write two successors of one changeset.
        """
        ...

    def certificates(self) -> list[Certificate]:
        """Of everybody who wrote here."""
        ...

    def revoked(self, device: str) -> bool:
        """Whether a revocation that counts names the device."""
        ...

    def refused_changes(self, areas: Sequence[str], limit: int) -> list[RefusedChange]:
        """What does not count in visible areas, newest first."""
        ...

    def counts(self) -> Counts:
        """Counts of the whole store."""
        ...

    def counts_for(self, areas: Sequence[str]) -> tuple[int, int, int]:
        """(missing photos, conflicts, refused changesets) as shown to a device with these areas; cheap."""
        ...

    def dump(self) -> Iterator[str]:
        """The canonical dump of the folded tables: equal logs give equal lines, in every store."""
        ...

    def rebuild(self) -> int:
        """Fold the whole log anew; returns the number of changesets."""
        ...

    # photos, of which the store only knows the names

    def missing_photos(self, areas: Sequence[str], after: str, limit: int) -> list[str]:
        """Hashes that visible rows name and whose bytes have not come, above `after`, in order."""
        ...

    def photo_wanted(self, sha256: str, areas: Sequence[str]) -> bool:
        """Whether a visible row names these bytes: nobody gets others, and nobody leaves others here."""
        ...

    def note_photo(self, sha256: str) -> None:
        """Note that the bytes have come and are durable."""
        ...

    def purged(self) -> list[str]:
        """Hashes whose bytes a purge that counts has named and that are not noted as purged yet."""
        ...

    def note_purged(self, sha256: str) -> None:
        """Note that the bytes are gone."""
        ...

    # what only servers need

    def ready(self) -> None:
        """Look whether the database answers.

        Raises:
            StoreError: It does not.
        """
        ...

    def secret(self, name: str) -> bytes:
        """32 random bytes that all processes of the store share, made when first asked for."""
        ...

    def first_use(self, token: str, until: int) -> bool:
        """Whether a request's token was never seen before; remembered until then (UTC in ms) or longer."""
        ...

    def invite(self, id_: str, invitation: bytes, expires: int) -> None:
        """Keep an invitation under the hash of its secret."""
        ...

    def invitation(self, id_: str) -> tuple[bytes, str | None] | None:
        """(invitation, public key in hex of the device that took it up), or None where there is none."""
        ...

    def take_up(self, id_: str, key: str) -> bool:
        """Note that the device with this key took the invitation up; False if another device has done so."""
        ...

    def invitations(self) -> list[tuple[str, bytes, int, str | None]]:
        """(id, invitation, expires, key that took it up) of all, newest first."""
        ...
