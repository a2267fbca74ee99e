"""Land every file exactly as it is: one row for the file, and its lines or the values of its channels in blocks.

What the database would refuse is refused here, before dlt sees it: a failed dlt job blocks every later load.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Set
from dataclasses import replace
from datetime import UTC, datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion import refused_copies
from ingestion.declared_rows import land_declarations
from ingestion.formats.identify import Identity, check_declarations, identify, refuse_binary
from ingestion.formats.kinds import Family
from ingestion.formats.lines import QuotingObserver
from ingestion.formats.logs import as_named, find_log_format
from ingestion.formats.logs.log import LogFormat
from ingestion.formats.not_read_yet import HEAD_BYTES
from ingestion.loading import Loader, Pending, Row
from ingestion.log_rows import as_json, document_rows, log_rows
from ingestion.outcomes import Outcome, State
from ingestion.raw_tables import (
    BLOCKS_TABLE,
    add_columns,
    analyze_tables,
    delete_lost_blocks,
    make_own_tables,
    remember_again,
    storable,
)
from ingestion.read_again import read_again
from ingestion.reading import (
    ChangedWhileReadError,
    Content,
    Reason,
    RefusedError,
    file_digest,
    read_binary,
    read_blocks,
    read_content,
)
from ingestion.sources import Recall, Source
from ingestion.unchanged import Memory
from ingestion.warehouse import Landed, read_landed

HEAD_BYTES_KEPT = 2_048
NO_HASH = "unreadable"  # in place of a hash, for what could not be read


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
        landed: What the warehouse has; files are added as they are found.
        outcomes: Filled with one outcome for each file found.
        changing: Paths of files to refuse, because they were written to while they were read.
        on_bytes: Called with the number of bytes read since the last call.
        on_end: Called with each file, as it was found, and its outcome.
    """
    for found in sources:
        # File names are arbitrary bytes; undecodable ones are written as escapes.
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
            head = stream.read(HEAD_BYTES)
        if log_format := find_log_format(head):
            content = read_binary(source.local, on_bytes)
        else:
            refuse_binary(head)
            content = read_content(source.local, on_bytes)
        if is_landed := content.file_id in landed.file_ids:
            outcome = Outcome(source.file_path, State.ALREADY_LANDED, content.file_id, content.file_bytes)
        elif content.file_id in landed.forgotten:
            raise _forgotten(content.file_id, landed)
        else:
            source_format = yield from _rows_of(content, log_format, now)
            outcome = Outcome(source.file_path, State.LANDED, content.file_id, content.file_bytes, source_format)
            landed.file_ids.add(content.file_id)
        outcomes.append(replace(outcome, given=source.given))
    except (UnicodeDecodeError, ChangedWhileReadError):  # the file could be read a moment ago, so it changed
        raise ChangedWhileReadError(source.file_path) from None
    except (RefusedError, OSError) as error:
        refusal = RefusedError(Reason.UNREADABLE, error.strerror or str(error)) if isinstance(error, OSError) else error
        refusal = as_named(refusal, source.file_name)
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


def _rows_of(content: Content, log_format: LogFormat | None, now: datetime) -> Generator[Row, None, str]:
    """Rows of a content that is new; returns the name of its format."""
    if log_format:
        log = log_format.open(content.path)
        entry_count = sum(channel.sample_count for channel in log.channels)
        identity = Identity(log_format.name, Family.TELEMETRY, is_quoted=False, entry_count=entry_count)
        yield from log_rows(log, content)
        yield _file_row(content, identity, None, entry_count, now)
    else:
        identity = identify(content)
        yield from _text_rows(content, identity, now)
    return identity.source_format


def _text_rows(content: Content, identity: Identity, now: datetime) -> Iterator[Row]:
    layout = identity.layout
    quoting, entry_count = None, identity.entry_count
    if layout and layout.first_data_line and identity.delimiter:
        observer = QuotingObserver(identity.delimiter, layout.first_data_line)
        for block in read_blocks(content):
            observer.observe(block)
            yield BLOCKS_TABLE, {"file_id": content.file_id, **block}
        quoting = observer.quoting if identity.is_quoted else "none"
        entry_count = observer.entry_count
    elif identity.log:
        for block in read_blocks(content):
            yield BLOCKS_TABLE, {"file_id": content.file_id, **block}
        yield from log_rows(identity.log, content)
    else:
        text = "".join(str(block["lines"]) for block in read_blocks(content))
        whole = {"block_number": 1, "first_line": 1, "line_count": content.line_count, "lines": text}
        yield BLOCKS_TABLE, {"file_id": content.file_id, **whole}
        yield from document_rows(identity.documents, content.file_id)
    yield _file_row(content, identity, quoting, entry_count, now)


def _file_row(content: Content, identity: Identity, quoting: str | None, entry_count: int | None, now: datetime) -> Row:
    layout = identity.layout
    return "files", {
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
        "entry_count": entry_count,
        # what a document says has no order of keys
        "text_id": content.text_id if layout or identity.log else None,
        "repairs": None if identity.repairs is None else as_json(identity.repairs),
        "reading_hash": identity.reading_hash,
        "landed_at": now,
    }


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
    if refusal.reason is Reason.FORGOTTEN:  # write nothing about it, not even its name
        return
    if file_id and source.is_whole:
        refused_copies.keep(source.local, file_id)
    if landed.is_refused(file_id or NO_HASH, source.file_path, refusal):
        return
    reason, detail = str(refusal.reason), storable(refusal.detail)
    landed.refusals[file_id or NO_HASH, source.file_path, reason, detail] = now
    if not size:
        landed.closed[source.file_path] = now
    yield (
        "rejected_files",
        {
            "file_id": file_id or NO_HASH,
            "file_name": source.file_name,
            "file_path": source.file_path,
            "file_bytes": size,
            "reason": reason,
            "detail": detail,
            "head": storable(head.decode("utf-8", "replace")),
            "rejected_at": now,
            "modified_at": source.modified_at if file_id else None,
        },
    )


def _forgotten(file_id: str, landed: Landed) -> RefusedError:
    return RefusedError(Reason.FORGOTTEN, f"on {landed.forgotten[file_id]:%Y-%m-%d}")


class Landing:
    """A batch of files on its way into the warehouse; a bad file does not keep the others out.

    When a fault of the database broke it off, `land` goes on: files are read again only if their rows are lost.
    """

    def __init__(
        self,
        loader: Loader,
        open_batch: Callable[[Recall], Iterable[Source]],
        on_bytes: Callable[[int], object] = lambda _: None,
        include_forgotten: bool = False,
    ) -> None:
        """Remember what to land; nothing is read yet.

        Args:
            loader: To the warehouse.
            open_batch: Gives the files, from the first each time; its argument tells which are known already.
            on_bytes: Called with the number of bytes read since the last call.
            include_forgotten: Land also what was forgotten on purpose.
        """
        self._outcomes: list[Outcome] = []
        self._loader, self._open_batch, self._on_bytes = loader, open_batch, on_bytes
        self._include_forgotten = include_forgotten
        self._memory: Memory | None = None  # of the files, once they are read
        self._is_loaded = False

    def land(self, connection: Connection) -> list[Outcome]:
        """Land what is new, or go on with it.

        Args:
            connection: To the database of the loader, to ask what is there and to tune the tables.

        Returns:
            One outcome for each file, in the order they were found.

        Raises:
            LandingError: the files could not be unpacked here, or the database did not take the load.
            SettingError: an environment variable is no number.
            DeclarationError: the declaration of a format cannot be understood.
        """
        # complain about what is wrong here before anything is read
        check_declarations()
        refused_copies.limits()
        add_columns(connection)
        make_own_tables(connection)
        land_declarations(connection)
        pending = self._loader.finish_pending(connection)
        if pending is Pending.TAKEN_BACK:
            self._memory = None
        read_again(connection)
        self._is_loaded |= pending is Pending.LOADED
        if self._memory is None and self._extract(connection):
            self._loader.load(connection)
            self._is_loaded = True
        if self._memory:
            self._memory.save()
        if self._include_forgotten:
            remember_again(connection, [outcome.file_id for outcome in self._outcomes if outcome.file_id])
        refused_copies.discard(
            outcome.file_id for outcome in self._outcomes if outcome.file_id and outcome.state is State.LANDED
        )
        if self._is_loaded:
            analyze_tables(connection)
        return self._outcomes

    def _extract(self, connection: Connection) -> bool:
        """Read the files. If one changes meanwhile its blocks are useless: begin again without it."""
        delete_lost_blocks(connection)
        changing: set[str] = set()
        while True:
            self._outcomes.clear()
            landed = read_landed(connection)
            if self._include_forgotten:
                landed.forgotten.clear()
            memory = Memory(landed)
            sources = self._open_batch(memory.recall)
            try:
                is_news = self._loader.extract(
                    rows_of(sources, landed, self._outcomes, changing, self._on_bytes, memory.note), connection
                )
            except ChangedWhileReadError as error:
                changing.add(error.file_path)
            else:
                self._memory = memory
                return is_news
