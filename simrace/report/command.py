"""The report of one session, from its name to a file."""

from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.database.roles import become_reader
from simrace.report import marts
from simrace.report.marts import SessionReportError
from simrace.report.page import make_page, nothing_to_compare


def write_report(connection: Connection, session: str, lap: int | None, file: Path) -> str | None:
    """Write the report of a session as one HTML file.

    Args:
        connection: To a warehouse that has been built; it reads only from now on.
        session: session_id, the beginning of one, or `last`.
        lap: The lap to compare; None: the best.
        file: To write, or to replace.

    Returns:
        Why no lap is compared; None when one is.

    Raises:
        SessionReportError: there is no such session or lap, or the file cannot be written.
    """
    become_reader(connection)
    found = marts.find_session(connection, session)
    laps = marts.read_laps(connection, found)
    chosen = marts.choose_lap(laps, lap)
    comparison = marts.compare(connection, found, chosen) if chosen and not chosen.trace_problem else None
    stints, driven = marts.read_stints(connection, found), marts.read_driven(connection, found, laps)
    try:
        file.write_text(make_page(found, laps, chosen, comparison, stints, driven), encoding="utf-8")
    except OSError as error:
        raise SessionReportError(f"{file} cannot be written: {error.strerror}. Name another file with -o.") from error
    return None if comparison else nothing_to_compare(laps, chosen)
