"""What others have acknowledged and no longer stands here: by that a log shows that it was cut or rolled back."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.errors import CertificateError
from sync.keys import read_certificate
from sync.receipts import broken_promises, kept, read_receipt

if TYPE_CHECKING:
    from sync.receipts import ChainEnd


@dataclass(frozen=True, slots=True)
class Broken:
    """A changeset that was acknowledged and is not here.

    Attributes:
        end: Which.
        giver: The name and id of the device that acknowledged it; empty where no receipt proves it.
        when: By the giver's clock, in this machine's zone; empty where no receipt proves it.
    """

    end: ChainEnd
    giver: str = ""
    when: str = ""


def broken(connection: sqlite3.Connection) -> list[Broken]:
    """Every changeset that somebody acknowledged and that is not here; nothing where the notes cannot be read."""
    try:
        ends = broken_promises(connection)
        if not ends:
            return []
        found = {end: Broken(end) for end in ends}
        for receipt in kept(connection):
            try:
                certificate = read_certificate(receipt.certificate)
                said = read_receipt(receipt.jws, certificate)
            except CertificateError:
                continue
            for end in found.keys() & set(said.chains):
                found[end] = Broken(end, f"{certificate.name} ({certificate.device})", _time(said.time))
        return list(found.values())
    except (sqlite3.OperationalError, TypeError, ValueError, OverflowError):
        return []


def _time(time_ms: int) -> str:
    try:
        return dt.datetime.fromtimestamp(time_ms / 1000).astimezone().isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(time_ms)
