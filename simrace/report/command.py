"""The report of a session or a race, from its name to a file."""

from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.database.roles import become_reader
from simrace.export.tables import replacing
from simrace.report import marts
from simrace.report.answers import ReportError
from simrace.report.page import make_page, nothing_to_compare
from simrace.report.race import make_race
from simrace.report.race_marts import LAST
from simrace.report.writing import Format, format_of, written

LAST_RACE = "last-race"


def names_a_race(named: str) -> bool:
    """Whether a name is that of a race: its id begins with the sim and a colon, as that of no session does."""
    return named == LAST_RACE or ":" in named


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
        ReportError: there is no such session or lap, or its report is no such file.
        ExportError: the file cannot be written.
    """
    if format_of(file) not in (None, Format.HTML):
        raise ReportError(f"The report of a session is a page: name a file that ends in .html instead of {file.name}.")
    become_reader(connection)
    found = marts.find_session(connection, session)
    laps = marts.read_laps(connection, found)
    chosen = marts.choose_lap(laps, lap)
    comparison = marts.compare(connection, found, chosen) if chosen and not chosen.trace_problem else None
    stints, driven = marts.read_stints(connection, found), marts.read_driven(connection, found, laps)
    with replacing(file) as unfinished:
        unfinished.write_text(make_page(found, laps, chosen, comparison, stints, driven), encoding="utf-8")
    return None if comparison else nothing_to_compare(laps, chosen)


def write_race(
    connection: Connection, race: str, file: Path, font: Path | None = None, has_pseudonyms: bool = False
) -> None:
    """Write the report of a race as the kind of file that its name says; HTML where it says none.

    Args:
        connection: To a warehouse that has been built; it reads only from now on.
        race: race_id, or `last-race`.
        file: To write, or to replace.
        font: File of a font for a picture; None for one of the system.
        has_pseudonyms: Put a pseudonym in place of each name of a driver or team.

    Raises:
        ReportError: there is no such race.
        PseudonymError: pseudonyms are asked, and there is no key.
        PictureError: a picture is asked, and cannot be drawn.
        ExportError: the file cannot be written.
    """
    become_reader(connection)
    made = make_race(connection, LAST if race == LAST_RACE else race, has_pseudonyms)
    told = written(connection, made, format_of(file) or Format.HTML, font)
    with replacing(file) as unfinished:
        unfinished.write_bytes(told)
