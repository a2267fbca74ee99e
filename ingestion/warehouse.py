"""The warehouse as one thing: one writer at a time, and where its files are."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingestion.database import ConnectionParameters
from ingestion.dbt_environment import home_directory

# Any number does, as long as every simrace uses the same.
_LOCK = 7_467_263


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
            cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
            if not (row := cursor.fetchone()) or not row[0]:
                on_wait()
                cursor.execute("select pg_advisory_lock(%s)", (_LOCK,))
            yield


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
