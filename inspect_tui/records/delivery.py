"""How far each inspection has come: saved here, sent, or verified there.

*Saved* is on this disk alone. *Sent* means that a central store, or a supervisor who imported a stick, has signed for
every changeset of the inspection; *verified*, that it has signed for every photo, too. It is read from receipts, never
from what a transfer seemed to do.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from inspect_tui.records.workspace import Workspace
    from sync.peers import ChainKey, Place

Stage = Literal["saved", "sent", "verified"]
_BY_INSPECTION: Final = ("answers", "findings", "photos", "sample_results", "reviews", "carry_overs")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one inspection has come.

    Attributes:
        stage: `saved`, `sent` or `verified`.
        photos: How many it has.
        photos_there: Those of them that somebody has signed for.
    """

    stage: Stage
    photos: int
    photos_there: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of inspections and photos.

    Attributes:
        saved: Inspections of which somebody has yet to sign for a changeset.
        sent: Inspections of which only photos are outstanding.
        verified: Inspections of which everything is signed for.
        changesets: Changesets that nobody has signed for.
        photos: Photos that nobody has signed for.
    """

    saved: int
    sent: int
    verified: int
    changesets: int
    photos: int


class _Change(msgspec.Struct, frozen=True):
    row: str
    table: str


class _Changes(msgspec.Struct, frozen=True):
    changes: list[_Change] = []


_decoder: Final = msgspec.json.Decoder(_Changes)


def totals(workspace: Workspace) -> Totals:
    """Counts over the whole workspace."""
    every = {str(row[0]) for row in workspace.select("SELECT id FROM inspections")}
    if not _has_receipts(workspace):
        changesets = int(workspace.select("SELECT count(*) FROM log")[0][0])
        photos = int(workspace.select("SELECT count(*) FROM blobs WHERE state = 'here'")[0][0])
        return Totals(len(every), 0, 0, changesets, photos)
    tail = _unsigned(workspace)
    saved = _inspections_of(workspace, tail) & every
    missing = _unsigned_photos(workspace)
    sent = _inspections_of_photos(workspace, missing) & every - saved
    return Totals(len(saved), len(sent), len(every) - len(saved) - len(sent), len(tail), len(missing))


def deliveries(workspace: Workspace, inspections: Sequence[str]) -> dict[str, Delivery]:
    """How far each of these inspections has come."""
    wanted = set(inspections)
    rows = workspace.select(
        # a voided photo stays evidence; purged bytes nobody can sign for
        "SELECT inspection, sha256 FROM photos WHERE sha256 IS NOT NULL"
        " AND sha256 NOT IN (SELECT sha256 FROM blobs WHERE state = 'purged')"
        " AND inspection IN (SELECT value FROM json_each(?))",
        json.dumps(sorted(wanted)),
    )
    photos: dict[str, set[str]] = {}
    for inspection, sha256 in map(tuple, rows):
        photos.setdefault(inspection, set()).add(sha256)
    everything = sorted({sha256 for hashes in photos.values() for sha256 in hashes})
    if not _has_receipts(workspace):
        return {each: Delivery("saved", len(photos.get(each, ())), 0) for each in wanted}
    signed = {
        str(row[0])
        for row in workspace.select(
            "SELECT DISTINCT sha256 FROM photo_receipts WHERE sha256 IN (SELECT value FROM json_each(?))",
            json.dumps(everything),
        )
    }
    saved = _inspections_of(workspace, _unsigned(workspace))
    found: dict[str, Delivery] = {}
    for each in wanted:
        own = photos.get(each, set())
        there = len(own & signed)
        stage: Stage = "saved" if each in saved else ("verified" if there == len(own) else "sent")
        found[each] = Delivery(stage, len(own), there)
    return found


def _has_receipts(workspace: Workspace) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'photo_receipts'"
    return bool(workspace.select(query)) and bool(workspace.select("SELECT 1 FROM receipts LIMIT 1"))


def _unsigned(workspace: Workspace) -> list[bytes]:
    """The bodies of all changesets that are none that somebody has signed for and come before none; forks apart."""
    from sync.peers import after_known

    bodies: list[bytes] = []
    with contextlib.closing(workspace.replica.connect_reader()) as connection:
        signed = _signed(connection)
        for number, area, device in map(
            tuple, connection.execute("SELECT id, area, device FROM chains").fetchall()
        ):
            ids = list(after_known(connection, number, signed.get((area, device), ()), 0))
            rows = connection.execute(
                "SELECT CAST(body AS BLOB) FROM log WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(ids),),
            )
            bodies += [bytes(row[0]) for row in rows]
    return bodies


def _signed(connection: sqlite3.Connection) -> dict[ChainKey, list[Place]]:
    """The changesets that somebody has signed for and that stand here: of each giver the furthest, of a forked chain all."""
    query = (
        "SELECT r.area, r.device, max(log.seq), log.hash FROM chain_receipts AS r"
        " JOIN chains ON chains.area = r.area AND chains.device = r.device"
        " JOIN log ON log.chain = chains.id AND log.seq = r.seq AND log.hash = r.hash"
        " GROUP BY r.area, r.device, CASE chains.forked WHEN 0 THEN r.server ELSE hex(r.hash) END"
    )
    signed: dict[ChainKey, list[Place]] = {}
    for area, device, seq, hash_ in map(tuple, connection.execute(query)):
        signed.setdefault((area, device), []).append((int(seq), bytes(hash_).hex()))
    return signed


def _inspections_of(workspace: Workspace, bodies: Iterable[bytes]) -> set[str]:
    """The inspections that these changesets are about."""
    rows: dict[str, set[str]] = {}
    for body in bodies:
        try:
            changes = _decoder.decode(body).changes
        except msgspec.DecodeError:  # of a newer format
            continue
        for change in changes:
            rows.setdefault(change.table, set()).add(change.row)
    found = set(rows.get("inspections", ()))
    for table in _BY_INSPECTION:
        found |= _column(workspace, f"SELECT inspection FROM {table} WHERE id", rows.get(table, set()))
    findings = _column(workspace, "SELECT finding FROM follow_ups WHERE id", rows.get("follow_ups", set()))
    return found | _column(workspace, "SELECT inspection FROM findings WHERE id", findings)


def _column(workspace: Workspace, query: str, ids: set[str]) -> set[str]:
    if not ids:
        return set()
    rows = workspace.select(f"{query} IN (SELECT value FROM json_each(?))", json.dumps(sorted(ids)))
    return {str(row[0]) for row in rows if row[0] is not None}


def _unsigned_photos(workspace: Workspace) -> set[str]:
    rows = workspace.select(
        "SELECT sha256 FROM blobs WHERE state IN ('here', 'missing') AND sha256 NOT IN (SELECT sha256 FROM photo_receipts)"
    )
    return {str(row[0]) for row in rows}


def _inspections_of_photos(workspace: Workspace, hashes: set[str]) -> set[str]:
    return _column(workspace, "SELECT inspection FROM photos WHERE sha256", hashes)
