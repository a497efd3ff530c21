"""`bridge.db`: one connection, one thread, changes committed in groups."""

import asyncio
import contextlib
import fcntl
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:  # a twentieth of a second to import: done by the thread, or to migrate
    from sqlite_utils import Database as Tables

T = TypeVar("T")

SCHEMA = 14
"""Kept as SQLite's `user_version`; raised with every migration that is added."""

GATHER = 0.003
"""Seconds that a change waits for others: each commit costs as much as a few rooms."""

SETTLE = 5.0
"""Seconds after which what was overwritten is gone from the write-ahead log too."""


class DatabaseUnusable(Exception):
    """The database cannot be opened; the words say what to do."""


class _Order(NamedTuple):
    """A piece of work for the thread, and whoever waits for it."""

    work: "Callable[[Tables], Any]"
    waiting: asyncio.Future[Any]


class Database:
    """The one connection to `bridge.db`.

    Opened and read before the loop runs. Then it belongs to its thread: SQLite 3.40 can damage a
    WAL file that two connections write (sqlite.org/wal.html#walresetbug), so nobody else opens it.

    Raises:
        DatabaseUnusable: another process runs, the file is damaged or of a later version.
    """

    def __init__(self, path: Path) -> None:
        self._lock = _locked(path.with_suffix(".lock"))
        try:
            self._connection = _opened(path)
        except BaseException:
            self._lock.close()
            raise
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows, read at once: only before the thread runs."""
        return self._connection.execute(sql).fetchall()

    def close(self) -> None:
        """Close without ever having run; harmless afterwards."""
        self._connection.close()
        self._lock.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the thread; what was ordered before the end is still committed."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._run, args=[loop], name="database")
        thread.start()
        try:
            yield
        finally:
            self._orders.put(None)
            await loop.run_in_executor(None, thread.join)
            self.close()

    async def change(self, work: "Callable[[Tables], T]") -> T:
        """Do this on the database's thread and wait until it is on disk.

        Changes that wait together are committed together; one that fails is undone alone.

        Raises:
            sqlite3.Error: nothing of this change was kept.
        """
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._orders.put(_Order(work, waiting))
        return await waiting

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        from sqlite_utils import Database as Tables  # noqa: PLC0415 - see above

        tables = Tables(self._connection)
        open_ = True
        settling: float | None = None  # when the log is due to be emptied
        while open_:
            try:
                wait = None if settling is None else max(0.0, settling - time.monotonic())
                batch = [self._orders.get(timeout=wait)]
            except queue.Empty:
                _settle(self._connection)
                settling = None
                continue
            time.sleep(GATHER)
            with contextlib.suppress(queue.Empty):
                while True:
                    batch.append(self._orders.get_nowait())
            orders = [order for order in batch if order is not None]
            open_ = len(orders) == len(batch)
            if orders:
                outcomes = _committed(tables, orders)
                settling = settling or time.monotonic() + SETTLE
                loop.call_soon_threadsafe(_tell, outcomes)
            if settling and time.monotonic() >= settling:  # orders may come without a pause
                _settle(self._connection)
                settling = None


def _committed(tables: "Tables", orders: list[_Order]) -> list[tuple[_Order, Any]]:
    """Every order with its result, or with the error that undid it."""
    # Nearly always all of them succeed: only where one does not is each kept apart by a savepoint.
    with contextlib.suppress(Exception), tables.atomic():
        return [(order, order.work(tables)) for order in orders]
    outcomes: list[tuple[_Order, Any]] = []
    try:
        with tables.atomic():
            for order in orders:
                try:
                    with tables.atomic():
                        outcomes.append((order, order.work(tables)))
                except Exception as error:  # noqa: BLE001 - goes to whoever ordered it
                    outcomes.append((order, error))
    except sqlite3.Error as error:
        return [(order, error) for order in orders]
    return outcomes


def _settle(connection: sqlite3.Connection) -> None:
    """Empty the write-ahead log: it holds pages as they were before they were overwritten.

    A title that is masked by now, or a booking that was purged, would else lie there for days.
    """
    with contextlib.suppress(sqlite3.Error):  # a full disk; the next change tries again
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _tell(outcomes: list[tuple[_Order, Any]]) -> None:
    for order, outcome in outcomes:
        if order.waiting.done():
            continue
        if isinstance(outcome, BaseException):
            order.waiting.set_exception(outcome)
        else:
            order.waiting.set_result(outcome)


def _locked(path: Path) -> Any:  # an open file: the lock lives as long as it
    """Hold the data folder for this process."""
    try:
        file = path.open("w")
    except OSError as error:
        raise DatabaseUnusable(f"{path.parent} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise DatabaseUnusable(
            f"another roombridge process uses {path.parent}; stop it or choose another data_dir"
        ) from error
    return file


def _opened(path: Path) -> sqlite3.Connection:
    """A connection with our settings and today's tables."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _furnish(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise DatabaseUnusable(
            f"{path} cannot be used ({error}); move it away to start afresh: the calendars"
            " are read again, tokens and the audit log are lost"
        ) from error
    return connection


def _furnish(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    # What is purged is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete=ON")
    _migrate(connection, path)
    _settle(connection)  # after a crash


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA:
        return
    if version > SCHEMA:
        raise DatabaseUnusable(f"{path} was written by a later version of roombridge")
    from sqlite_utils import Database as Tables  # noqa: PLC0415 - only where it is needed

    from rooms.migrations import schema  # noqa: PLC0415

    schema.apply(Tables(connection))
    connection.execute(f"PRAGMA user_version={SCHEMA}")
