"""Try refused files again after a fix: from the copy that was kept, else from where they were found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion import refused
from ingestion.landed import is_at
from ingestion.raw_tables import exists
from ingestion.reading import Reason
from ingestion.sources import Source, expand, open_as, open_sources

# Reasons that an archive is refused for as a whole; what is in it has its own.
_OF_ARCHIVES = (Reason.TRUNCATED_ARCHIVE, Reason.EMPTY, Reason.TOO_LARGE)

_OPEN_REFUSALS = """
    with complete as (
        select load_id from raw._dlt_loads where status = 0
    ),

    refusals as (
        select
            *,
            row_number() over (partition by file_id, file_path order by rejected_at desc, _dlt_id asc) as refusal_rank
        from raw.rejected_files
        where _dlt_load_id in (select load_id from complete)
    )

    select
        file_id,
        file_path,
        file_name,
        -- a table of an older version has no such column until the next landing
        coalesce(cast(to_jsonb(refusals) ->> 'modified_at' as timestamptz), rejected_at),
        reason,
        detail
    from refusals
    where
        refusal_rank = 1
        and not exists (
            select from raw.files
            where files.file_id = refusals.file_id and files._dlt_load_id in (select load_id from complete)
        )
        and not exists (
            select from raw.file_sightings as sightings
            where
                refusals.file_bytes = 0
                and sightings.seen_at >= refusals.rejected_at
                and sightings._dlt_load_id in (select load_id from complete)
                and (sightings.file_path = refusals.file_path
                     or starts_with(sightings.file_path, refusals.file_path || '/'))
        )
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
        reason: Why it is refused, of the reasons the latest.
        detail: What was seen.
    """

    file_id: str
    file_path: str
    file_name: str
    modified_at: datetime
    reason: str
    detail: str


def open_refusals(connection: Connection) -> list[Refusal]:
    """What is refused now; history stays in `raw.rejected_files`."""
    with connection, connection.cursor() as cursor:
        if not exists(cursor, "rejected_files"):
            return []
        cursor.execute(_OPEN_REFUSALS)
        return [Refusal(*row) for row in cursor]


def refused_lines(connection: Connection) -> dict[str, tuple[str, int]]:
    """Landed files with lines that were no sample and no result: by file_id the name, and how many lines."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('marts.file_quality') is not null")
        if cursor.fetchone() == (False,):
            return {}
        cursor.execute(
            "select file_id, file_name, lines_refused from marts.file_quality where lines_refused > 0 order by 2, 1"
        )
        return {file_id: (name, lines) for file_id, name, lines in cursor}


def is_within_reach(refusal: Refusal) -> bool:
    """Whether there is anything to try: a copy, or something at its path."""
    return refused.copy_of(refusal.file_id) is not None or _place(refusal) is not None


def open_again(refusals: Iterable[Refusal]) -> Iterator[Source]:
    """The bytes of refused files under their own names and times, one at a time."""
    elsewhere: list[Refusal] = []
    for refusal in refusals:
        if copy := refused.copy_of(refusal.file_id):
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


def _place(refusal: Refusal) -> Path | None:
    """Where to look for a file: at its path, or in the archive that it was a member of."""
    path = Path(refusal.file_path)
    if path.exists():
        return path
    return next((parent for parent in path.parents if parent.is_file()), None)
