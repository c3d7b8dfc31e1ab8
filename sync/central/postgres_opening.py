"""Opening a store in PostgreSQL: whose it is, whether this programme may use it, and its tables brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.central import postgres_rebuild, postgres_schema
from sync.central.postgres_ground import Kept
from sync.central.postgres_judge import EMPTY
from sync.central.postgres_schema import ALONE, LAYOUT, meta
from sync.errors import StoreError

if TYPE_CHECKING:
    from sync.central.postgres_connections import Connection
    from sync.schema import Schema


def prepared(connection: Connection, schema: Schema, team: str | None) -> str:
    """Lay the store out, or bring it up to date; returns its team.

    Raises:
        StoreError: The database is none for a store, the store is another team's or of a newer layout, or there is none
            and no team was named.
    """
    postgres_schema.check(connection)
    notes = meta(connection)
    if notes is None:
        notes = _created(connection, schema, team)
    if int(notes["layout"]) > LAYOUT:
        raise StoreError(
            f"中心库由更新版本的程序建立（布局 {notes['layout']}）；请升级本机程序。",
            f"The central store was made by a newer programme (layout {notes['layout']}); upgrade this one.",
        )
    own = notes["team"]
    if team is not None and team != own:
        raise StoreError(
            f"数据库里是另一团队（{own}）的中心库，不能用于团队 {team}；请使用专用的数据库。",
            f"The database holds the central store of another team ({own}), not of {team}; use a database of its own.",
        )
    if notes["schema"] != schema.fingerprint():
        postgres_rebuild.fold_for(connection, Kept(schema, own, EMPTY))
    return own


def _created(connection: Connection, schema: Schema, team: str | None) -> dict[str, str]:
    if team is None:
        raise StoreError(
            "数据库里还没有中心库，须先指明团队再建立。",
            "There is no central store in the database yet; name the team for which to make one.",
        )
    connection.execute("SELECT pg_advisory_xact_lock(%s, 1)", (ALONE,))
    notes = meta(connection)
    if notes is None:
        postgres_schema.create(connection, schema, team)
        notes = meta(connection)
    return notes or {}
