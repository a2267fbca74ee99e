"""Land every file exactly as it is, with dlt: one row for the file, one for each 1,000 lines of it.

What the database would refuse is refused here, before dlt sees it: a failed dlt job blocks every later load.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import dlt
from dlt.common.exceptions import DltException
from dlt.pipeline.exceptions import PipelineStepFailed
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.disk import clear_unfinished, tell_full_disk
from ingestion.identify import Identity, QuotingObserver, identify, refuse_unsupported
from ingestion.raw_tables import DATASET, analyze_tables, complete_tables, exists, raw_schema, tune_tables
from ingestion.reading import Content, LandingError, Reason, RefusedError, file_digest, read_blocks, read_content
from ingestion.sources import Source, open_sources

HEAD_BYTES_KEPT = 2_048

# By the environment: whatever else configures dlt starts it first, telling the world. What fails is told by us.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")


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
    """

    file_path: str
    state: State
    file_id: str | None = None
    file_bytes: int = 0
    source_format: str | None = None
    refusal: RefusedError | None = None


@dataclass
class Landed:
    """What the warehouse has already: what `raw` says, never dlt's state."""

    file_ids: set[str] = field(default_factory=set)
    sightings: set[tuple[str, str, datetime]] = field(default_factory=set)
    refusals: set[tuple[str, str, str]] = field(default_factory=set)


def read_landed(connection: Connection) -> Landed:
    """Ask the warehouse what it has. Rows of a load that did not complete do not count."""
    landed = Landed()
    with connection, connection.cursor() as cursor:
        if not (exists(cursor, "files") and exists(cursor, "_dlt_loads")):
            return landed
        complete = "where _dlt_load_id in (select load_id from raw._dlt_loads where status = 0)"
        cursor.execute(f"select distinct file_id from raw.files {complete}")
        landed.file_ids = {row[0] for row in cursor}
        cursor.execute(f"select distinct file_id, file_path, modified_at from raw.file_sightings {complete}")
        landed.sightings = {(row[0], row[1], row[2].astimezone(UTC)) for row in cursor}
        cursor.execute(f"select distinct file_id, file_path, reason from raw.rejected_files {complete}")
        landed.refusals = {(row[0], row[1], row[2]) for row in cursor}
    return landed


@dlt.source(schema=raw_schema(), max_table_nesting=0)
def landing(
    paths: list[Path],
    landed: Landed,
    outcomes: list[Outcome],
    changing: Set[str] = frozenset(),
    on_bytes: Callable[[int], object] = lambda _: None,
) -> Any:
    """Files not landed before, keyed by the SHA-256 of their bytes.

    Args:
        paths: Files and archives to look into.
        landed: What the warehouse has; what is found is added to it.
        outcomes: Filled with one outcome for each file found.
        changing: Paths of files to refuse, because they were written to while they were read.
        on_bytes: Called with the number of bytes read since the last call.
    """

    @dlt.resource(name="files", selected=True)
    def files() -> Iterator[Any]:
        for found in open_sources(paths):
            # A name is any bytes; what is no text of them is written as escapes.
            source = replace(found, file_path=_storable(found.file_path), file_name=_storable(found.file_name))
            if source.file_path in changing:
                problem = RefusedError(Reason.UNREADABLE, "it was written to while it was read; land it again later")
                source = replace(source, problem=problem)
            yield from _land(source, landed, outcomes, on_bytes)

    return files


def _land(source: Source, landed: Landed, outcomes: list[Outcome], on_bytes: Callable[[int], object]) -> Iterator[Any]:
    now = datetime.now(UTC)
    content: Content | None = None
    try:
        if source.problem:
            raise source.problem
        with source.local.open("rb") as stream:
            refuse_unsupported(stream.read(4_096))
        content = read_content(source.local, on_bytes)
        if known := content.file_id in landed.file_ids:
            outcomes.append(Outcome(source.file_path, State.ALREADY_LANDED, content.file_id, content.file_bytes))
        else:
            identity = identify(content)
            yield from _rows_of(source, content, identity, now)
            outcomes.append(
                Outcome(source.file_path, State.LANDED, content.file_id, content.file_bytes, identity.source_format)
            )
            landed.file_ids.add(content.file_id)
    except UnicodeDecodeError:  # all of it was text a moment ago
        raise ChangedWhileReadError(source.file_path) from None
    except (RefusedError, OSError) as error:
        refusal = RefusedError(Reason.UNREADABLE, error.strerror or str(error)) if isinstance(error, OSError) else error
        yield from _refusal_rows(source, content, refusal, landed, outcomes, now)
        return
    sighting = (content.file_id, source.file_path, source.modified_at)
    if not known or sighting not in landed.sightings:
        landed.sightings.add(sighting)
        row = dict(zip(("file_id", "file_path", "modified_at"), sighting, strict=True))
        yield _row("file_sightings", {**row, "file_name": source.file_name, "seen_at": now})


def _rows_of(source: Source, content: Content, identity: Identity, now: datetime) -> Iterator[Any]:
    layout = identity.layout
    quoting = None
    if layout and layout.first_data_line and identity.delimiter:
        observer = QuotingObserver(identity.delimiter, layout.first_data_line)
        for block in read_blocks(content):
            observer.observe(block)
            yield _row("file_blocks", {"file_id": content.file_id, **block})
        quoting = observer.quoting
    else:
        text = "".join(str(block["lines"]) for block in read_blocks(content))
        whole = {"block_number": 1, "first_line": 1, "line_count": content.line_count, "lines": text}
        yield _row("file_blocks", {"file_id": content.file_id, **whole})
    if file_digest(content.path) != content.file_id:
        raise ChangedWhileReadError(source.file_path)
    yield _row(
        "files",
        {
            "file_id": content.file_id,
            "file_bytes": content.file_bytes,
            "encoding": content.encoding,
            "has_bom": content.has_bom,
            "newline": content.newline,
            "source_format": identity.source_format,
            "format_family": str(identity.family),
            "delimiter": identity.delimiter,
            "quoting": quoting,
            "header_line": layout.header_line if layout else None,
            "units_line": layout.units_line if layout else None,
            "first_data_line": layout.first_data_line if layout else None,
            "line_count": content.line_count,
            "landed_at": now,
        },
    )


class ChangedWhileReadError(Exception):
    """A file's text was not that of its hash any more.

    Attributes:
        file_path: The file, as it was found.
    """

    def __init__(self, file_path: str) -> None:
        super().__init__(f"{file_path} was written to while it was read")
        self.file_path = file_path


def _refusal_rows(
    source: Source,
    content: Content | None,
    refusal: RefusedError,
    landed: Landed,
    outcomes: list[Outcome],
    now: datetime,
) -> Iterator[Any]:
    file_id, size, head = None, 0, b""
    if content:
        file_id, size = content.file_id, content.file_bytes
    if source.problem is None or refusal.reason is not Reason.UNREADABLE:
        try:
            with source.local.open("rb") as stream:
                head = stream.read(HEAD_BYTES_KEPT)
            file_id, size = file_id or file_digest(source.local), source.local.stat().st_size
        except OSError:
            pass
    outcomes.append(Outcome(source.file_path, State.REFUSED, file_id, size, refusal=refusal))
    key = (file_id or "unreadable", source.file_path, str(refusal.reason))
    if key in landed.refusals:
        return
    landed.refusals.add(key)
    yield _row(
        "rejected_files",
        {
            "file_id": key[0],
            "file_name": source.file_name,
            "file_path": source.file_path,
            "file_bytes": size,
            "reason": key[2],
            "detail": _storable(refusal.detail),
            "head": _storable(head.decode("utf-8", "replace")),
            "rejected_at": now,
        },
    )


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "backslashreplace").decode()


def _row(table: str, row: dict[str, Any]) -> Any:
    return dlt.mark.with_table_name(row, table)


def make_pipeline(home: Path, url: str, name: str) -> dlt.Pipeline:
    """The dlt pipeline into the schema `raw` of one warehouse.

    Args:
        home: Folder for dlt's working files.
        url: Address of the database, with password.
        name: Tells this warehouse from others in the same home.
    """
    settings = {
        # Blocks of 1,000 lines are large: a few in memory are enough, and gzip would cost more than the load.
        "data_writer.buffer_max_items": 20,
        "normalize.data_writer.disable_compression": True,
        "data_writer.disable_compression": True,
        # Else the text of every file stays in the working folder for good.
        "load.delete_completed_jobs": True,
    }
    for key, value in settings.items():
        dlt.config[key] = value
    return dlt.pipeline(
        pipeline_name=f"simrace_{name}",
        pipelines_dir=str(home / "dlt"),
        destination=dlt.destinations.postgres(url),
        dataset_name=DATASET,
    )


def finish_pending(pipeline: dlt.Pipeline, connection: Connection) -> bool:
    """Load what an earlier, interrupted run left; True when there was something.

    With a pending package `pipeline.run(data)` would load only the old and leave the new.
    """
    if not pipeline.has_pending_data:
        return False
    _load(pipeline, connection)
    return True


def land_files(
    pipeline: dlt.Pipeline,
    connection: Connection,
    paths: list[Path],
    on_bytes: Callable[[int], object] = lambda _: None,
) -> list[Outcome]:
    """Land what is new among the files; the good beside the bad.

    Args:
        pipeline: From `make_pipeline`.
        connection: To the same database, to ask what is there and to tune the tables.
        paths: Files and archives, from `ingestion.sources.expand`.
        on_bytes: Called with the number of bytes read since the last call.

    Returns:
        One outcome for each file, in the order they were found.

    Raises:
        LandingError: the files could not be unpacked here, or the database did not take the load.
    """
    complete_tables(connection)
    finish_pending(pipeline, connection)
    outcomes = _extract(pipeline, connection, paths, on_bytes)
    _load(pipeline, connection)
    analyze_tables(connection)
    return outcomes


def _extract(
    pipeline: dlt.Pipeline,
    connection: Connection,
    paths: list[Path],
    on_bytes: Callable[[int], object],
) -> list[Outcome]:
    """Read the files; from the beginning and without it when one changes meanwhile, for its blocks are of no file."""
    changing: set[str] = set()
    while True:
        outcomes: list[Outcome] = []
        clear_unfinished(Path(pipeline.working_dir))
        try:
            pipeline.extract(landing(paths, read_landed(connection), outcomes, changing, on_bytes))
        except PipelineStepFailed as error:
            pipeline.abort_packages()
            cause = _root(error)
            if not isinstance(cause, ChangedWhileReadError):
                told = tell_full_disk(cause, Path(pipeline.working_dir)) or f"{cause}. Run it again."
                raise LandingError(f"Nothing of this batch was landed: {told}") from error
            changing.add(cause.file_path)
        else:
            return outcomes


def _load(pipeline: dlt.Pipeline, connection: Connection) -> None:
    try:
        pipeline.normalize()
        pipeline.sync_schema()
        tune_tables(connection)
        info = pipeline.load()
        if info is not None:
            info.raise_on_failed_jobs()
    except DltException as error:
        cause = _root(error)
        told = tell_full_disk(cause, Path(pipeline.working_dir)) or f"{cause}. The next run goes on with it."
        raise LandingError(f"The batch was read but not loaded: {told}") from error


def _root(error: BaseException) -> BaseException:
    """What lies under dlt's own words for a failure."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return error


def count_states(outcomes: Iterable[Outcome]) -> Counter[State]:
    """How many files ended in each state."""
    return Counter(outcome.state for outcome in outcomes)
