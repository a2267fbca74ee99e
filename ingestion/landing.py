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

from ingestion import refused
from ingestion.disk import clear_unfinished, tell_full_disk
from ingestion.identify import Identity, QuotingObserver, identify, refuse_unsupported
from ingestion.raw_tables import (
    DATASET,
    FORGOTTEN_TABLE,
    analyze_tables,
    complete_tables,
    exists,
    raw_schema,
    remember_again,
    tune_tables,
)
from ingestion.reading import Content, LandingError, Reason, RefusedError, file_digest, read_blocks, read_content
from ingestion.sources import Source, open_sources

HEAD_BYTES_KEPT = 2_048
NO_HASH = "unreadable"  # stands where the hash of what could not be read would

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


@dlt.source(schema=raw_schema(), max_table_nesting=0)
def landing(
    sources: Iterable[Source],
    landed: Landed,
    outcomes: list[Outcome],
    changing: Set[str] = frozenset(),
    on_bytes: Callable[[int], object] = lambda _: None,
) -> Any:
    """Files not landed before, keyed by the SHA-256 of their bytes.

    Args:
        sources: Files, read one at a time.
        landed: What the warehouse has; what is found is added to it.
        outcomes: Filled with one outcome for each file found.
        changing: Paths of files to refuse, because they were written to while they were read.
        on_bytes: Called with the number of bytes read since the last call.
    """

    @dlt.resource(name="files", selected=True)
    def files() -> Iterator[Any]:
        for found in sources:
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
            outcome = Outcome(source.file_path, State.ALREADY_LANDED, content.file_id, content.file_bytes)
        elif content.file_id in landed.forgotten:
            raise _forgotten(content.file_id, landed)
        else:
            identity = identify(content)
            yield from _rows_of(source, content, identity, now)
            outcome = Outcome(
                source.file_path, State.LANDED, content.file_id, content.file_bytes, identity.source_format
            )
            landed.file_ids.add(content.file_id)
        outcomes.append(replace(outcome, given=source.given))
    except UnicodeDecodeError:  # all of it was text a moment ago
        raise ChangedWhileReadError(source.file_path) from None
    except (RefusedError, OSError) as error:
        refusal = RefusedError(Reason.UNREADABLE, error.strerror or str(error)) if isinstance(error, OSError) else error
        yield from _refusal_rows(source, content, refusal, landed, outcomes, now)
        return
    sighting = (content.file_id, source.file_path, source.modified_at)
    if not known or landed.is_news(*sighting):
        landed.sightings[sighting] = now
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
    if file_id in landed.forgotten:
        refusal = _forgotten(file_id, landed)
    outcomes.append(Outcome(source.file_path, State.REFUSED, file_id, size, refusal=refusal, given=source.given))
    if refusal.reason is Reason.FORGOTTEN:  # nothing of it is written down, not even its name
        return
    if file_id and source.is_whole:
        refused.keep(source.local, file_id)
    key = (file_id or NO_HASH, source.file_path, str(refusal.reason))
    if landed.is_refused(*key):
        return
    landed.refusals[key] = now
    if not size:
        landed.closed[source.file_path] = now
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
            "modified_at": source.modified_at if file_id else None,
        },
    )


def _forgotten(file_id: str, landed: Landed) -> RefusedError:
    return RefusedError(Reason.FORGOTTEN, f"on {landed.forgotten[file_id]:%Y-%m-%d}")


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
        # What is loaded is in the database; a second copy would outlive what is forgotten there.
        "load.delete_completed_jobs": True,
        # Retried by `ingestion.retry`, which tells what passes from what does not.
        "load.raise_on_max_retries": 1,
        "normalize.data_writer.disable_compression": True,
        "data_writer.disable_compression": True,
    }
    for key, value in settings.items():
        dlt.config[key] = value
    folder = home / "dlt"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # while a load is under way, it holds what the files hold
    return dlt.pipeline(
        pipeline_name=f"simrace_{name}",
        pipelines_dir=str(folder),
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
    outcomes: list[Outcome] | None = None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among files and archives, from `ingestion.sources.expand`; see `land_sources`."""
    return land_sources(pipeline, connection, lambda: open_sources(paths), on_bytes, outcomes, include_forgotten)


def land_sources(
    pipeline: dlt.Pipeline,
    connection: Connection,
    open_batch: Callable[[], Iterable[Source]],
    on_bytes: Callable[[int], object] = lambda _: None,
    outcomes: list[Outcome] | None = None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among the files; the good beside the bad.

    Args:
        pipeline: From `make_pipeline`.
        connection: To the same database, to ask what is there and to tune the tables.
        open_batch: Gives the files, each time from the first.
        on_bytes: Called with the number of bytes read since the last call.
        outcomes: Filled with one outcome for each file. With those of a try that failed while loading, the files are
            not read again and only what is pending is loaded.
        include_forgotten: Land also what was forgotten on purpose.

    Returns:
        One outcome for each file, in the order they were found.

    Raises:
        LandingError: the files could not be unpacked here, or the database did not take the load.
        SettingError: an environment variable is no number.
    """
    outcomes = [] if outcomes is None else outcomes
    refused.limits()  # a setting that is no number is told before anything is read
    complete_tables(connection)
    finish_pending(pipeline, connection)
    if not outcomes:
        outcomes += _extract(pipeline, connection, open_batch, on_bytes, include_forgotten)
        _load(pipeline, connection)
    if include_forgotten:
        remember_again(connection, [outcome.file_id for outcome in outcomes if outcome.file_id])
    refused.discard(outcome.file_id for outcome in outcomes if outcome.file_id and outcome.state is State.LANDED)
    analyze_tables(connection)
    return outcomes


def _extract(
    pipeline: dlt.Pipeline,
    connection: Connection,
    open_batch: Callable[[], Iterable[Source]],
    on_bytes: Callable[[int], object],
    include_forgotten: bool,
) -> list[Outcome]:
    """Read the files; from the beginning and without it when one changes meanwhile, for its blocks are of no file."""
    changing: set[str] = set()
    while True:
        outcomes: list[Outcome] = []
        landed = read_landed(connection)
        if include_forgotten:
            landed.forgotten.clear()
        clear_unfinished(Path(pipeline.working_dir))
        try:
            pipeline.extract(landing(open_batch(), landed, outcomes, changing, on_bytes))
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


def unaccounted(paths: Iterable[Path], outcomes: Iterable[Outcome]) -> list[str]:
    """Files and archives that were given and of which nothing became: none, or there is a fault in simrace."""
    told = {_storable(outcome.given) for outcome in outcomes}
    return [path for path in map(_storable, map(str, paths)) if path not in told]


def count_states(outcomes: Iterable[Outcome]) -> Counter[State]:
    """How many files ended in each state."""
    return Counter(outcome.state for outcome in outcomes)
