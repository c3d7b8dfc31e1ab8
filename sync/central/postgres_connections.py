"""Connections to PostgreSQL, kept for the next who needs one and made anew when the server was restarted.

A pool of our own, because the reason why no connection can be made has to reach the person who asks: pools that
connect in the background keep it to their log.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg

from sync.central.postgres_errors import TRANSIENT, postgres_errors
from sync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONNECTIONS: Final = 16
"""At most, for each process."""
WAIT_S: Final = 30.0
"""For a connection that others are using."""
REPEATS: Final = 6
"""How often a transaction is done again that another one got in the way of."""

# Every query looks something up by key; before the tables have statistics the planner would rather read them whole.
_SETTINGS: Final = (
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_bitmapscan = off;"
    " SET enable_material = off; SET enable_memoize = off; SET jit = off;"
    " SET lock_timeout = '60s'; SET idle_in_transaction_session_timeout = '300s'; SET client_min_messages = warning;"
    " SET application_name = 'inspect-tui'"
)

Connection = psycopg.Connection[tuple[object, ...]]
T = TypeVar("T")


class Connections:
    """Connections of one process to one database."""

    def __init__(self, url: str, size: int = CONNECTIONS) -> None:
        self._url = url
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(size)
        self._closed = False

    def close(self) -> None:
        """Close all that nobody is using; the others are closed when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Connection]:
        """A connection that answers, in autocommit mode.

        Raises:
            StoreError: None can be had.
        """
        if not self._free.acquire(timeout=WAIT_S):
            raise StoreError(
                "中心库的连接都在使用中；请稍后重试。",
                "Every connection to the central store is in use; try again later.",
            )
        try:
            connection = self._get()
            try:
                yield connection
            finally:
                self._put_back(connection)
        finally:
            self._free.release()

    def _get(self) -> Connection:
        while True:
            with self._lock:
                if self._closed:
                    raise StoreError("中心库已关闭。", "The central store is closed.")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            try:
                connection.execute("SELECT 1")
            except psycopg.Error:
                connection.close()
            else:
                return connection

    def _connect(self) -> Connection:
        with postgres_errors():
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                tcp_user_timeout=60_000,
            )
            try:
                connection.execute(_SETTINGS)
            except BaseException:
                connection.close()
                raise
            return connection

    def _put_back(self, connection: Connection) -> None:
        usable = not connection.closed and connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        with self._lock:
            if usable and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows that one query gives; a single query sees one state of the database.

        Raises:
            StoreError: The database cannot be reached or does not answer in time.
        """
        with self.borrow() as connection, postgres_errors():
            return list(connection.execute(query, parameters, binary=True).fetchall())

    def run(self, work: Callable[[Connection], T], *, reading: bool = False) -> T:
        """Do something in one transaction, again if another one got in its way; committed on return.

        Args:
            work: What to do; may be called several times.
            reading: One unchanging state of the database, nothing is written.

        Raises:
            StoreError: The database cannot be reached, is full, read-only or busy; nothing was written, or at least
                nobody was told that it was.
        """
        for attempt in range(REPEATS):
            with self.borrow() as connection:
                try:
                    with postgres_errors(final=attempt == REPEATS - 1), connection.transaction():
                        if reading:
                            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                        return work(connection)
                except TRANSIENT:
                    pass
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        raise AssertionError("the last attempt returns or raises")
