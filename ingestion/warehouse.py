"""The warehouse as one thing: one writer at a time, and where its files are."""

import atexit
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.database import ConnectionParameters, DatabaseError
from ingestion.dbt_environment import Settings, home_directory
from ingestion.retry import Result, patiently

# Any number does, as long as every simrace uses the same.
_LOCK = 7_467_263
_POLL_S = 0.2

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
        """Do one step of the run, again after a passing fault of the database; held before each try.

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
        """Take the lock, if it is not held; it is lost with its connection, when the server starts anew.

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
            # A run is long, and all that time this connection rests.
            cursor.execute("set statement_timeout = 0; set idle_session_timeout = 0")
            is_told = False
            # Asked again and again: a wait inside the database would not hear Ctrl-C.
            while True:
                cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
                if (row := cursor.fetchone()) and row[0]:
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


_held_until_exit: list[Hold] = []


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


def hold_until_exit(settings: Settings, on_wait: Callable[[], object]) -> None:
    """Hold the warehouse as long as this process lives: for plain dbt, which has no other place to do so.

    Args:
        settings: Of the database.
        on_wait: Called once when a run holds it.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    if _held_until_exit:  # Python reads the .pth files of a virtual environment twice
        return
    hold = Hold(ConnectionParameters(settings), on_wait)
    hold.take()
    atexit.register(hold.release)
    _held_until_exit.append(hold)


def pipeline_name(parameters: ConnectionParameters) -> str:
    """Tells the database from others that are loaded from the same home; the embedded server's port may change."""
    if parameters.is_embedded:
        return "embedded"
    settings = parameters.settings
    place = f"{settings['host']}:{settings['port']}/{settings['dbname']}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def remembered_paths() -> list[str]:
    """Paths that an earlier run was given, in their order."""
    file = _paths_file()
    # A folder's name is any bytes, and may hold what Python takes for the end of a line.
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    return [path for path in text.split("\n") if path]


def remember_paths(paths: list[str]) -> None:
    """Keep paths for the next run without any."""
    file = _paths_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    known = remembered_paths()
    added = [path for path in dict.fromkeys(paths) if path not in known]
    if added:
        file.write_text("\n".join([*known, *added]) + "\n", encoding="utf-8", errors="surrogateescape")


def usual_folders() -> list[str]:
    """Folders in which the sims put their files, as far as this machine has them."""
    documents = Path.home() / "Documents"
    candidates = (
        "iRacing/telemetry",
        "iRacing/results",
        "MoTeC/Logged Data",
        "Assetto Corsa Competizione/MoTeC",
        "Assetto Corsa Competizione/Results",
        "Garage61",
    )
    return [str(documents / candidate) for candidate in candidates if (documents / candidate).is_dir()]


def _paths_file() -> Path:
    return home_directory() / "paths.txt"
