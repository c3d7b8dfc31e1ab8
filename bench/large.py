"""Workspaces with any number of findings, sites, inspections and photos.

The rows are put straight into the folded tables, multiplied in SQL from what the product's own actions wrote: a log of
so many changesets would take minutes and no goal that uses these reads it. Nothing but benchmarks may do so.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from typing import TYPE_CHECKING, Final

from bench import house
from inspect_tui.photos.synthetic import make_photo
from inspect_tui.records.attach import attach
from inspect_tui.records.workspace import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Bench

COUNTIES: Final = 13
SITE, INSPECTION, FINDING, PHOTO = 1, 2, 3, 4
_AREA: Final = "(SELECT code FROM temp.areas WHERE areas.id = (n.i / 50) % 13)"
_DESCRIPTION: Final = """
    CASE WHEN n.i % 50 = 7 THEN '现场负责人称 "已完成", 复查时' || char(10) || '仍未落实（' || n.i || '）'
         WHEN n.i % 500 = 13 THEN '=现场编号' || n.i
         ELSE k.description || '（' || n.i || '）' END
"""
"""One in fifty holds what CSV must quote, one in five hundred what a spreadsheet would run."""
_STATUS: Final = """
    CASE n.i % 10 WHEN 0 THEN 'corrected' WHEN 1 THEN 'replied' WHEN 2 THEN 'transferred' WHEN 3 THEN 'open'
                  WHEN 4 THEN 'open' ELSE 'closed' END
"""
_CLOSED: Final = "CASE WHEN n.i % 10 > 4 THEN '2026-11-22T08:00:00Z' END"
_DUE: Final = "date('2026-11-01', '+' || (n.i % 60) || ' days')"


def workspace(bench: Bench, count: int) -> Path:
    """The folder of a workspace with so many findings, ten an inspection, fifty a site, one photo each."""

    def build(folder: Path) -> None:
        with house.make_workspace(folder) as opened:
            made = house.furnish(opened)
            picture = folder.parent / "template.jpg"
            make_photo(picture, latitude=37.5189, longitude=111.1502, taken_at=house.VISIT, size=(640, 480))
            attach(opened, made[0], house.items(opened, made[0])[0], [picture])
            areas = [code for code in opened.catalogue.areas if code.startswith("1411") and not code.endswith("00")]
        _multiply(folder / DATABASE, count, sorted(areas)[:COUNTIES])

    return bench.once(f"workspace-{count}", build)


def _multiply(database: Path, count: int, areas: list[str]) -> None:
    """Fill the tables; what the actions wrote stays among the rest, less the findings that went before."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        connection.create_function("row_id", 2, house.row_id, deterministic=True)
        connection.create_function("hash_of", 1, lambda number: hashlib.sha256(b"%d" % number).hexdigest())
        connection.execute("BEGIN")
        connection.execute("CREATE TEMP TABLE areas (id INTEGER PRIMARY KEY, code TEXT)")
        connection.executemany("INSERT INTO areas VALUES (?, ?)", enumerate(areas))
        _fill(
            connection, "sites", count // 50 + 1, SITE, {"area": _AREA, "name": "k.name || '（' || n.i || '号）'"}
        )
        _fill(
            connection,
            "inspections",
            count // 10 + 1,
            INSPECTION,
            {"area": _AREA, "site": f"row_id({SITE}, n.i / 5)"},
        )
        belongs = {"area": _AREA, "inspection": f"row_id({INSPECTION}, n.i / 10)"}
        finding = {
            "site": f"row_id({SITE}, n.i / 50)",
            "description": _DESCRIPTION,
            "status": _STATUS,
            "closed_at": _CLOSED,
            "due_date": _DUE,
        }
        _fill(connection, "findings", count, FINDING, belongs | finding)
        item = f"(SELECT item FROM findings WHERE id = row_id({FINDING}, n.i))"
        file = {"sha256": "hash_of(n.i)", "item": item}
        _fill(connection, "photos", count, PHOTO, belongs | file)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _fill(connection: sqlite3.Connection, table: str, count: int, kind: int, said: dict[str, str]) -> None:
    """Multiply the rows of a table, each like one of those that are there but for what is said; those go.

    Args:
        connection: In a transaction.
        table: Name of the table.
        count: How many rows it is to have.
        kind: For the rows' ids.
        said: Column → expression over the number `n.i` and the row `k` that it is made like.
    """
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    chosen = ", ".join(f"row_id({kind}, n.i)" if name == "id" else said.get(name, f"k.{name}") for name in columns)
    connection.execute(
        f"CREATE TEMP TABLE kinds AS SELECT row_number() OVER (ORDER BY id) - 1 AS k, * FROM {table}"
    )
    connection.execute("CREATE UNIQUE INDEX temp.kinds_k ON kinds (k)")
    kinds = connection.execute("SELECT count(*) FROM kinds").fetchone()[0]
    connection.execute(f"DELETE FROM main.{table}")
    connection.execute(
        f"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
        f" INSERT INTO main.{table} ({', '.join(columns)}) SELECT {chosen} FROM n CROSS JOIN kinds AS k ON k.k = n.i % ?",
        (count, kinds),
    )
    connection.execute("DROP TABLE kinds")
