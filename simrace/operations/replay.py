"""Try refused files again after a fix: from the copy that was kept, else from where they were found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion import refused_copies
from ingestion.paths import expand
from ingestion.raw_tables import relation_exists
from ingestion.reading import LandingError, Reason
from ingestion.remote import is_remote
from ingestion.sources import Source, open_as, open_sources
from ingestion.warehouse import is_at

# Reasons that apply to a whole archive; each member has its own.
_OF_ARCHIVES = (Reason.TRUNCATED_ARCHIVE, Reason.EMPTY, Reason.TOO_LARGE)

_REFUSED_NOW = """
    select file_id, file_path, file_name, modified_at, reason, detail from ops.files_refused_now
    order by file_path, file_id
"""


@dataclass(frozen=True)
class Refusal:
    """A file that is refused and has not been landed since.

    Attributes:
        file_id: SHA-256 of its bytes; `unreadable` when they were never read.
        file_path: Where it was found.
        file_name: Last part of the path.
        modified_at: When it was last changed, as it was found.
        reason: Why it is refused; the latest reason.
        detail: What was seen.
    """

    file_id: str
    file_path: str
    file_name: str
    modified_at: datetime
    reason: str
    detail: str


def open_refusals(connection: Connection) -> list[Refusal]:
    """The files that are refused now; `raw.rejected_files` keeps the history.

    Raises:
        LandingError: nothing is built yet.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "ops.files_refused_now"):
            raise LandingError("Which files are refused is known after a build: `simrace run` first.")
        cursor.execute(_REFUSED_NOW)
        return [Refusal(*row) for row in cursor]


def refused_lines(connection: Connection) -> dict[str, tuple[str, int]]:
    """Landed files with refused lines: name and number of such lines, by file_id."""
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "marts.file_quality"):
            return {}
        cursor.execute(
            "select file_id, file_name, lines_refused from marts.file_quality where lines_refused > 0 order by 2, 1"
        )
        return {file_id: (name, lines) for file_id, name, lines in cursor}


def is_within_reach(refusal: Refusal) -> bool:
    """Whether there is something to try: a copy, or a file at its path."""
    return refused_copies.copy_of(refusal.file_id) is not None or _place(refusal) is not None


def open_again(refusals: Iterable[Refusal]) -> Iterator[Source]:
    """Open refused files under their own names and times, one at a time."""
    elsewhere: list[Refusal] = []
    for refusal in refusals:
        if copy := refused_copies.copy_of(refusal.file_id):
            yield from _from_copy(refusal, copy)
        else:
            elsewhere.append(refusal)
    places = dict.fromkeys(str(place) for refusal in elsewhere if (place := _place(refusal)))
    for source in open_sources(expand(list(places))):
        if any(is_at(source.file_path, refusal.file_path) for refusal in elsewhere):
            yield source


def _from_copy(refusal: Refusal, copy: Path) -> Iterator[Source]:
    if refusal.reason not in _OF_ARCHIVES:
        yield Source(refusal.file_path, refusal.file_name, refusal.modified_at, copy)
        return
    for source in open_as(copy, refusal.file_path, refusal.file_name):
        is_itself = source.file_path == refusal.file_path
        yield replace(source, modified_at=refusal.modified_at) if is_itself else source


def _place(refusal: Refusal) -> Path | str | None:
    """Where to look for a file: at its path, or in the archive that it was a member of."""
    if is_remote(refusal.file_path):  # of what was once read there is a copy, or it was too large for one
        return refusal.file_path if refusal.reason == Reason.UNREADABLE else None
    path = Path(refusal.file_path)
    if path.exists():
        return path
    return next((parent for parent in path.parents if parent.is_file()), None)
