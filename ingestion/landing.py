"""Land every file exactly as it is, with dlt: one row for the file, one for each 1,000 lines of it.

What the database would refuse is refused here, before dlt sees it: a failed dlt job blocks every later load.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion import known, refused
from ingestion.identify import Identity, QuotingObserver, identify, refuse_unsupported
from ingestion.landed import Landed, Outcome, State, read_landed, storable
from ingestion.loading import Loader, Pending, Row
from ingestion.raw_tables import BLOCKS_TABLE, analyze_tables, are_complete, complete_tables, remember_again
from ingestion.reading import (
    ChangedWhileReadError,
    Content,
    Reason,
    RefusedError,
    file_digest,
    read_blocks,
    read_content,
)
from ingestion.sources import Recall, Source, open_sources

HEAD_BYTES_KEPT = 2_048
NO_HASH = "unreadable"  # stands where the hash of what could not be read would


def rows_of(
    sources: Iterable[Source],
    landed: Landed,
    outcomes: list[Outcome],
    changing: Set[str] = frozenset(),
    on_bytes: Callable[[int], object] = lambda _: None,
    on_end: Callable[[Source, Outcome], object] = lambda _source, _outcome: None,
) -> Iterator[Row]:
    """Rows of files not landed before, keyed by the SHA-256 of their bytes.

    Args:
        sources: Files, read one at a time.
        landed: What the warehouse has; what is found is added to it.
        outcomes: Filled with one outcome for each file found.
        changing: Paths of files to refuse, because they were written to while they were read.
        on_bytes: Called with the number of bytes read since the last call.
        on_end: Called with each file, as it was found, and its outcome.
    """
    for found in sources:
        # A name is any bytes; what is no text of them is written as escapes.
        source = replace(found, file_path=storable(found.file_path), file_name=storable(found.file_name))
        if source.file_path in changing:
            problem = RefusedError(Reason.UNREADABLE, "it was written to while it was read; land it again later")
            source = replace(source, problem=problem)
        yield from _land(source, landed, outcomes, on_bytes)
        on_end(found, outcomes[-1])


def _land(source: Source, landed: Landed, outcomes: list[Outcome], on_bytes: Callable[[int], object]) -> Iterator[Row]:
    if source.known:
        on_bytes(source.known.file_bytes)
        outcomes.append(replace(source.known, file_path=source.file_path, given=source.given))
        return
    now = datetime.now(UTC)
    content: Content | None = None
    try:
        if source.problem:
            raise source.problem
        with source.local.open("rb") as stream:
            refuse_unsupported(stream.read(4_096))
        content = read_content(source.local, on_bytes)
        if is_landed := content.file_id in landed.file_ids:
            outcome = Outcome(source.file_path, State.ALREADY_LANDED, content.file_id, content.file_bytes)
        elif content.file_id in landed.forgotten:
            raise _forgotten(content.file_id, landed)
        else:
            identity = identify(content)
            yield from _rows_of(content, identity, now)
            outcome = Outcome(
                source.file_path, State.LANDED, content.file_id, content.file_bytes, identity.source_format
            )
            landed.file_ids.add(content.file_id)
        outcomes.append(replace(outcome, given=source.given))
    except (UnicodeDecodeError, ChangedWhileReadError):  # all of it was text a moment ago
        raise ChangedWhileReadError(source.file_path) from None
    except (RefusedError, OSError) as error:
        refusal = RefusedError(Reason.UNREADABLE, error.strerror or str(error)) if isinstance(error, OSError) else error
        yield from _refusal_rows(source, content, refusal, landed, outcomes, now)
        return
    sighting = (content.file_id, source.file_path, source.modified_at)
    if not is_landed or landed.is_news(*sighting):
        yield _sighting(source, content.file_id, landed, now)


def _sighting(source: Source, file_id: str, landed: Landed, now: datetime) -> Row:
    landed.sightings[file_id, source.file_path, source.modified_at] = now
    return "file_sightings", {
        "file_id": file_id,
        "file_path": source.file_path,
        "file_name": source.file_name,
        "modified_at": source.modified_at,
        "seen_at": now,
    }


def _rows_of(content: Content, identity: Identity, now: datetime) -> Iterator[Row]:
    layout = identity.layout
    quoting = None
    if layout and layout.first_data_line and identity.delimiter:
        observer = QuotingObserver(identity.delimiter, layout.first_data_line)
        for block in read_blocks(content):
            observer.observe(block)
            yield BLOCKS_TABLE, {"file_id": content.file_id, **block}
        quoting = observer.quoting
    else:
        text = "".join(str(block["lines"]) for block in read_blocks(content))
        whole = {"block_number": 1, "first_line": 1, "line_count": content.line_count, "lines": text}
        yield BLOCKS_TABLE, {"file_id": content.file_id, **whole}
    yield (
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


def _refusal_rows(
    source: Source,
    content: Content | None,
    refusal: RefusedError,
    landed: Landed,
    outcomes: list[Outcome],
    now: datetime,
) -> Iterator[Row]:
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
    yield (
        "rejected_files",
        {
            "file_id": key[0],
            "file_name": source.file_name,
            "file_path": source.file_path,
            "file_bytes": size,
            "reason": key[2],
            "detail": storable(refusal.detail),
            "head": storable(head.decode("utf-8", "replace")),
            "rejected_at": now,
            "modified_at": source.modified_at if file_id else None,
        },
    )


def _forgotten(file_id: str, landed: Landed) -> RefusedError:
    return RefusedError(Reason.FORGOTTEN, f"on {landed.forgotten[file_id]:%Y-%m-%d}")


def land_files(
    loader: Loader,
    connection: Connection,
    paths: list[Path],
    on_bytes: Callable[[int], object] = lambda _: None,
    outcomes: list[Outcome] | None = None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among files and archives, from `ingestion.sources.expand`; see `land_sources`."""
    return land_sources(
        loader, connection, lambda recall: open_sources(paths, recall), on_bytes, outcomes, include_forgotten
    )


def land_sources(
    loader: Loader,
    connection: Connection,
    open_batch: Callable[[Recall], Iterable[Source]],
    on_bytes: Callable[[int], object] = lambda _: None,
    outcomes: list[Outcome] | None = None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among the files; the good beside the bad.

    Args:
        loader: To the warehouse.
        connection: To the same database, to ask what is there and to tune the tables.
        open_batch: Gives the files, each time from the first; what it is called with tells those that are known.
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
    pending = loader.finish_pending(connection)
    if pending is Pending.TAKEN_BACK:
        outcomes.clear()
    is_loaded = pending is Pending.LOADED
    if not outcomes:
        memory, is_new = _extract(loader, connection, open_batch, on_bytes, outcomes, include_forgotten)
        if is_new or not are_complete(connection):
            loader.load(connection)
            is_loaded = True
        memory.save()
    if include_forgotten:
        remember_again(connection, [outcome.file_id for outcome in outcomes if outcome.file_id])
    refused.discard(outcome.file_id for outcome in outcomes if outcome.file_id and outcome.state is State.LANDED)
    if is_loaded:
        analyze_tables(connection)
    return outcomes


def _extract(
    loader: Loader,
    connection: Connection,
    open_batch: Callable[[Recall], Iterable[Source]],
    on_bytes: Callable[[int], object],
    outcomes: list[Outcome],
    include_forgotten: bool,
) -> tuple[known.Memory, bool]:
    """Read the files; from the beginning and without it when one changes meanwhile, for its blocks are of no file."""
    changing: set[str] = set()
    while True:
        found: list[Outcome] = []
        landed = read_landed(connection)
        if include_forgotten:
            landed.forgotten.clear()
        memory = known.Memory(landed)
        try:
            is_new = loader.extract(rows_of(open_batch(memory.recall), landed, found, changing, on_bytes, memory.note))
        except ChangedWhileReadError as error:
            changing.add(error.file_path)
        else:
            outcomes += found
            return memory, is_new
