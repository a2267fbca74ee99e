"""The lock of the warehouse: one writer at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.database.connection import ConnectionParameters, DatabaseError
from simrace.database.retry import Result, patiently

# Any number will do, but every simrace and macros/hooks/hold.sql must use the same.
_LOCK = 7_467_263
_POLL_S = 0.2
_SILENCE_S = 10  # between two nodes dbt has no session; after this long without one, a dbt that left its row is dead

# Plain dbt has a row while it writes. A user who may not read ops (the loader) writes only to raw and does not wait.
_MAY_LOOK = """
select exists (
    select from pg_class as relation
    inner join pg_namespace as schema on relation.relnamespace = schema.oid
    where schema.nspname = 'ops' and relation.relname = 'dbt_at_work'
        and has_schema_privilege(schema.oid, 'usage') and has_table_privilege(relation.oid, 'delete')
)
"""
_AT_WORK = """
select
    exists (select from ops.dbt_at_work),
    exists (
        select from pg_stat_activity where datname = current_database() and application_name = 'simrace dbt'
    )
"""

WAITING = "Another simrace run is at work; waiting for it to end."


class Hold:
    """The warehouse, held by one run while another waits.

    An advisory lock of the database, so that it also holds between machines and ends with a killed process.
    """

    def __init__(self, parameters: ConnectionParameters, on_wait: Callable[[], object]) -> None:
        self._parameters = parameters
        self._on_wait = on_wait
        self._connection: Connection | None = None

    def patiently(self, step: Callable[[], Result]) -> Result:
        """Do one step of the run, and again after a passing fault of the database; take the lock before each try.

        Args:
            step: Something that may be begun again after it failed.

        Raises:
            DatabaseError: the database cannot be reached; else whatever the step raises.
        """

        def attempt() -> Result:
            self.take()
            return step()

        return patiently(attempt)

    def release(self) -> None:
        """Let the next one in."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def take(self) -> None:
        """Take the lock unless it is held. It is lost with its connection, for example when the server restarts.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        if self._is_held():
            return
        self.release()
        connection = self._parameters.connect(application_name="simrace lock")
        try:
            self._lock(connection)
        except psycopg2.Error as error:
            connection.close()
            raise DatabaseError(f"Lost {self._parameters} while waiting for it: {str(error).strip()}") from error
        self._connection = connection

    def _lock(self, connection: Connection) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            # This connection is idle as long as the run lasts.
            cursor.execute("set statement_timeout = 0; set idle_session_timeout = 0")
            is_told = is_locked = False
            silent_since = time.monotonic()
            # Ask repeatedly, because a wait inside the database would ignore Ctrl-C.
            while True:
                if not is_locked:
                    is_locked = _ask(cursor, f"select pg_try_advisory_lock({_LOCK})")[0]
                    silent_since = time.monotonic()
                if is_locked:
                    is_at_work, is_alive = _ask(cursor, _AT_WORK) if _ask(cursor, _MAY_LOOK)[0] else (False, False)
                    if not is_at_work:
                        return
                    if is_alive:
                        silent_since = time.monotonic()
                    elif time.monotonic() > silent_since + _SILENCE_S:
                        cursor.execute("delete from ops.dbt_at_work")
                        return
                if not is_told:
                    self._on_wait()
                    is_told = True
                time.sleep(_POLL_S)

    def _is_held(self) -> bool:
        if not self._connection:
            return False
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("select 1")
        except psycopg2.Error:
            return False
        return True


def _ask(cursor: Cursor, question: str) -> tuple[bool, ...]:
    cursor.execute(question)
    return tuple(cursor.fetchone() or ())


@contextmanager
def exclusive(parameters: ConnectionParameters, on_wait: Callable[[], object] = lambda: None) -> Iterator[Hold]:
    """Hold the warehouse: landing and build of one run, while another run waits.

    Args:
        parameters: The database.
        on_wait: Called once when another run holds it.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    hold = Hold(parameters, on_wait)
    try:
        hold.patiently(lambda: None)
        yield hold
    finally:
        hold.release()
