"""The warehouse as one thing: one writer at a time, and where its files are."""

import atexit
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from ingestion.database import ConnectionParameters
from ingestion.dbt_environment import Settings, home_directory

# Any number does, as long as every simrace uses the same.
_LOCK = 7_467_263
_POLL_S = 0.2

_held: list[ExitStack] = []
WAITING = "Another simrace run is at work; waiting for it to end."


@contextmanager
def exclusive(parameters: ConnectionParameters, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold the warehouse: landing and build of one run, while another run waits.

    An advisory lock of the database, so that it also holds between machines and ends with a killed process.

    Args:
        parameters: The database.
        on_wait: Called once when another run holds it.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    with closing(parameters.connect(application_name="simrace lock")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set idle_session_timeout = 0")  # a build is long, and all that time this connection rests
            is_told = False
            # Asked again and again: a wait inside the database would not hear Ctrl-C.
            while not _is_ours(cursor):
                if not is_told:
                    on_wait()
                    is_told = True
                time.sleep(_POLL_S)
            yield


def _is_ours(cursor: Cursor) -> bool:
    cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
    return bool((cursor.fetchone() or (False,))[0])


def hold_until_exit(settings: Settings, on_wait: Callable[[], object]) -> None:
    """Hold the warehouse as long as this process lives: for plain dbt, which has no other place to do so.

    Args:
        settings: Of the database.
        on_wait: Called once when a run holds it.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    if _held:  # Python reads the .pth files of a virtual environment twice
        return
    holding = ExitStack()
    holding.enter_context(exclusive(ConnectionParameters(settings), on_wait))
    atexit.register(holding.close)
    _held.append(holding)


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
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def remember_paths(paths: list[str]) -> None:
    """Keep paths for the next run without any."""
    file = _paths_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    known = remembered_paths()
    added = [path for path in dict.fromkeys(paths) if path not in known]
    if added:
        file.write_text("\n".join([*known, *added]) + "\n", encoding="utf-8")


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
