"""Keep the files of sessions that are let go: as Parquet by month, in a folder or a store, proven before they go."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC
from itertools import groupby
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.errors import ReadableError
from ingestion.kept_files import KeptFile, kept_whole, write_kept
from ingestion.reading import BINARY, RefusedError, file_digest
from ingestion.remote import fetch, is_remote, list_files, send
from simrace.database.connection import ConnectionParameters
from simrace.operations.log_proof import UNFIT, format_named, original_of, rebuild_log
from simrace.operations.retention import Expired
from simrace.operations.verify import rebuild_text

BATCH_BYTES = 1 << 30  # of files in one Parquet file, which stands on this disk for a while
_READ_BYTES = 1 << 20


class ArchiveError(ReadableError):
    """The copy cannot be made or is not whole, so that nothing of it was let go; the text says why."""


def batches(expired: Iterable[Expired]) -> Iterator[tuple[str, list[Expired]]]:
    """Sessions by month (UTC), the oldest first, as many at a time as one Parquet file holds."""
    for month, of_month in groupby(sorted(expired, key=lambda each: (each.started_at, each.session_id)), _month):
        batch: list[Expired] = []
        for each in of_month:
            if batch and sum(other.file_bytes for other in batch) + each.file_bytes > BATCH_BYTES:
                yield month, batch
                batch = []
            batch.append(each)
        yield month, batch


def keep_files(parameters: ConnectionParameters, place: str, month: str, batch: list[Expired]) -> list[Expired]:
    """Copy the files of sessions to a place, and read the copy again.

    Args:
        parameters: Of the warehouse.
        place: Folder, or address such as s3://league/raw.
        month: Month of the sessions.
        batch: Sessions of it.

    Returns:
        Those of which every file is kept, or has no lines any more. Others have a file that simrace cannot write, and
        that is not where it was seen.

    Raises:
        ArchiveError: the place does not take it, or what came to lie there is not what was sent.
    """
    with closing(parameters.connect()) as connection:
        files = _files_of(connection, batch)
        with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
            written = Path(folder) / "kept.parquet"
            write_kept(written, ((each[0], _pieces(connection, *each)) for each in files))
            whole = kept_whole(written)
            without = {file.file_id for file, *_ in files} - whole
            if without:  # again, without those that are not what was landed
                files = [each for each in files if each[0].file_id in whole]
                write_kept(written, ((each[0], _pieces(connection, *each)) for each in files))
            if files:
                name = hashlib.sha256("".join(sorted(whole)).encode()).hexdigest()[:16]
                _store(written, f"{place.rstrip('/')}/month={month}/{name}.parquet", whole)
    return [each for each in batch if not without.intersection(each.file_ids)]


def _month(expired: Expired) -> str:
    return f"{expired.started_at.astimezone(UTC):%Y-%m}"


def _files_of(connection: Connection, batch: list[Expired]) -> list[tuple[KeptFile, str, bool]]:
    """Files whose lines are still there, with their encoding and whether they begin with a mark of it."""
    sessions: dict[str, list[str]] = {}
    for each in batch:
        for file_id in each.file_ids:
            sessions.setdefault(file_id, []).append(str(each.session_id))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select distinct on (file_id) file_id, file_name, source_format, modified_at, encoding, has_bom from "
            " ops.landed_files as files inner join raw.file_sightings using (file_id) "
            "where file_id = any(%s) and file_id not in (select file_id from ops.retired) order by 1, seen_at",
            (list(sessions),),
        )
        return [
            (KeptFile(file_id, file_name, source_format, modified_at, sessions[file_id]), encoding, has_bom)
            for file_id, file_name, source_format, modified_at, encoding, has_bom in cursor
        ]


def _pieces(connection: Connection, file: KeptFile, encoding: str, has_bom: bool) -> Iterator[bytes]:
    """The bytes of a file as far as they can be had; whoever reads them compares their hash."""
    if encoding != BINARY:
        yield from rebuild_text(connection, file.file_id, encoding, has_bom)
        return
    log_format = format_named(file.source_format)
    with connection, connection.cursor() as cursor:
        if log_format.rebuild:
            try:
                yield from rebuild_log(cursor, file.file_id, log_format)
            except UNFIT:
                return
        elif original := original_of(cursor, file.file_id):
            with original.open("rb") as stream:
                while piece := stream.read(_READ_BYTES):
                    yield piece


def _store(written: Path, target: str, whole: set[str]) -> None:
    """Bring a file to its place, and prove that it is there."""
    if is_remote(target):
        digest = file_digest(written)
        if problem := send(written, target):
            raise ArchiveError(f"{target} cannot be written, so nothing of it is let go: {problem}")
        written.unlink()
        try:
            [stored] = list_files(target)
            if stored.problem:
                raise stored.problem
            fetch(stored, written)
            if file_digest(written) != digest:
                raise ArchiveError(f"{target} is not what was sent, so nothing of it is let go. Run the same again.")
        except (RefusedError, OSError) as error:
            raise ArchiveError(f"{target} cannot be read again, so nothing of it is let go: {error}") from error
        return
    path = Path(target)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, unfinished)
        unfinished.replace(path)
        if kept_whole(path) != whole:
            raise ArchiveError(f"{path} is not what was written, so nothing of it is let go. Run the same again.")
    except (RefusedError, OSError) as error:
        raise ArchiveError(f"{path} cannot be written, so nothing of it is let go: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
