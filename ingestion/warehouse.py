"""Which files the warehouse has already, by what `raw` says and never by dlt's state."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import DATASET, FORGOTTEN_TABLE, IS_COMPLETE, relation_exists, storable
from ingestion.reading import RefusedError


@dataclass
class Landed:
    """What the warehouse has, of all files.

    Attributes:
        file_ids: Contents landed.
        forgotten: Contents that were forgotten on purpose, and when.
        sightings: When a content was last seen at a path with a time of change.
        refusals: When a content was last refused at a path, for a reason and in these words.
        closed: When a path without bytes was last refused; a later sighting there ends that.
    """

    file_ids: set[str] = field(default_factory=set)
    forgotten: dict[str, datetime] = field(default_factory=dict)
    sightings: dict[tuple[str, str, datetime], datetime] = field(default_factory=dict)
    refusals: dict[tuple[str, str, str, str], datetime] = field(default_factory=dict)
    closed: dict[str, datetime] = field(default_factory=dict)

    def is_news(self, file_id: str, path: str, modified_at: datetime) -> bool:
        """Whether a sighting is new: the first of its kind, or the path was closed since."""
        seen_at = self.sightings.get((file_id, path, modified_at))
        return seen_at is None or any(
            closed_at > seen_at for closed, closed_at in self.closed.items() if is_at(path, closed)
        )

    def is_refused(self, file_id: str, path: str, refusal: RefusedError) -> bool:
        """Whether this refusal is known already; for a path without bytes, only if nothing was seen there since."""
        refused_at = self.refusals.get((file_id, path, str(refusal.reason), storable(refusal.detail)))
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
        if relation_exists(cursor, f"{DATASET}.{FORGOTTEN_TABLE}"):
            cursor.execute(f"select file_id, forgotten_at from {DATASET}.{FORGOTTEN_TABLE}")
            landed.forgotten = dict(cursor.fetchall())
        if not (relation_exists(cursor, "raw.files") and relation_exists(cursor, "raw._dlt_loads")):
            return landed
        cursor.execute(f"select distinct file_id from raw.files where {IS_COMPLETE}")
        landed.file_ids = {row[0] for row in cursor}
        cursor.execute(
            "select file_id, file_path, modified_at, max(seen_at) from raw.file_sightings "
            f"where {IS_COMPLETE} group by 1, 2, 3"
        )
        landed.sightings = {(row[0], row[1], row[2].astimezone(UTC)): row[3] for row in cursor}
        cursor.execute(
            "select file_id, file_path, reason, detail, max(rejected_at), min(file_bytes) "
            f"from raw.rejected_files where {IS_COMPLETE} group by 1, 2, 3, 4"
        )
        for file_id, path, reason, detail, rejected_at, size in cursor:
            landed.refusals[file_id, path, reason, detail] = rejected_at
            if not size:
                landed.closed[path] = max(rejected_at, landed.closed.get(path, rejected_at))
    return landed


def read_loads(connection: Connection, table: str, file_ids: list[str]) -> dict[str, str]:
    """The last complete load of each content.

    Args:
        connection: To the warehouse.
        table: files or rejected_files.
        file_ids: Contents.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, f"{DATASET}.{table}"):
            return {}
        cursor.execute(
            f"select file_id, max(_dlt_load_id) from {DATASET}.{table} "
            f"where file_id = any(%s) and {IS_COMPLETE} group by 1",
            (file_ids,),
        )
        return dict(cursor.fetchall())


def read_formats(connection: Connection, file_ids: list[str]) -> dict[str, str]:
    """Formats of contents that were landed just now or before."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f"select file_id, source_format from {DATASET}.files where file_id = any(%s) and {IS_COMPLETE}",
            (file_ids,),
        )
        return dict(cursor.fetchall())
