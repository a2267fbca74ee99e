"""What became of files, and what the warehouse has of them already."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import DATASET, FORGOTTEN_TABLE, exists
from ingestion.reading import RefusedError


class State(StrEnum):
    """Where a file ends: in exactly one of these."""

    LANDED = "landed"
    ALREADY_LANDED = "already_landed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        file_path: As it was found.
        state: Landed, already landed, or refused.
        file_id: SHA-256 of the bytes; None when they could not be read.
        file_bytes: Size of the content, unpacked.
        source_format: Name of the format; None when refused or already landed.
        refusal: Reason and detail when refused.
        given: Path of the file, or of the archive that it is in, as it was given; file_path when left out.
    """

    file_path: str
    state: State
    file_id: str | None = None
    file_bytes: int = 0
    source_format: str | None = None
    refusal: RefusedError | None = None
    given: str = ""


@dataclass
class Landed:
    """What the warehouse has already: what `raw` says, never dlt's state.

    Attributes:
        file_ids: Contents landed.
        forgotten: Contents that were forgotten on purpose, and when.
        sightings: When a content was last seen at a path with a time of change.
        refusals: When a content was last refused at a path for a reason.
        closed: When a path without bytes was last refused; what is seen there later ends that.
    """

    file_ids: set[str] = field(default_factory=set)
    forgotten: dict[str, datetime] = field(default_factory=dict)
    sightings: dict[tuple[str, str, datetime], datetime] = field(default_factory=dict)
    refusals: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    closed: dict[str, datetime] = field(default_factory=dict)

    def is_news(self, file_id: str, path: str, modified_at: datetime) -> bool:
        """Whether a sighting says something new: the first of its kind, or the path was closed since."""
        seen_at = self.sightings.get((file_id, path, modified_at))
        return seen_at is None or any(
            closed_at > seen_at for closed, closed_at in self.closed.items() if is_at(path, closed)
        )

    def is_refused(self, file_id: str, path: str, reason: str) -> bool:
        """Whether this refusal is known, and for a path without bytes, nothing was seen there since."""
        refused_at = self.refusals.get((file_id, path, reason))
        return refused_at is not None and not (
            path in self.closed
            and any(seen_at > refused_at for (_, seen, _), seen_at in self.sightings.items() if is_at(seen, path))
        )


def is_at(path: str, place: str) -> bool:
    """Whether a path is a place or lies in it: a folder or an archive."""
    return path == place or path.startswith((f"{place}/", f"{place}{os.sep}"))


def read_landed(connection: Connection) -> Landed:
    """Ask the warehouse what it has. Rows of a load that did not complete do not count."""
    landed = Landed()
    with connection, connection.cursor() as cursor:
        if exists(cursor, FORGOTTEN_TABLE):
            cursor.execute(f"select file_id, forgotten_at from {DATASET}.{FORGOTTEN_TABLE}")
            landed.forgotten = dict(cursor.fetchall())
        if not (exists(cursor, "files") and exists(cursor, "_dlt_loads")):
            return landed
        complete = "where _dlt_load_id in (select load_id from raw._dlt_loads where status = 0)"
        cursor.execute(f"select distinct file_id from raw.files {complete}")
        landed.file_ids = {row[0] for row in cursor}
        cursor.execute(
            f"select file_id, file_path, modified_at, max(seen_at) from raw.file_sightings {complete} group by 1, 2, 3"
        )
        landed.sightings = {(row[0], row[1], row[2].astimezone(UTC)): row[3] for row in cursor}
        cursor.execute(
            "select file_id, file_path, reason, max(rejected_at), min(file_bytes) "
            f"from raw.rejected_files {complete} group by 1, 2, 3"
        )
        for file_id, path, reason, rejected_at, size in cursor:
            landed.refusals[file_id, path, reason] = rejected_at
            if not size:
                landed.closed[path] = max(rejected_at, landed.closed.get(path, rejected_at))
    return landed


def unaccounted(paths: Iterable[Path], outcomes: Iterable[Outcome]) -> list[str]:
    """Files and archives that were given and of which nothing became: none, or there is a fault in simrace."""
    told = {storable(outcome.given) for outcome in outcomes}
    return [path for path in map(storable, map(str, paths)) if path not in told]


def count_states(outcomes: Iterable[Outcome]) -> Counter[State]:
    """How many files ended in each state."""
    return Counter(outcome.state for outcome in outcomes)


def storable(text: str) -> str:
    """A text as the database takes it: what is no character of it is written as escapes."""
    return text.replace("\0", "\ufffd").encode("utf-8", "backslashreplace").decode()
