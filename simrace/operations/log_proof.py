"""Prove that what is landed of a binary log is the log.

Where simrace can write the container, the file is rebuilt to the byte. Where it cannot, every value is read again from
the original and compared, if a file with the same hash still stands where it was seen.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import starmap, zip_longest
from pathlib import Path

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from ingestion.channel_blocks import read_landed_blocks
from ingestion.formats.logs import log_formats
from ingestion.formats.logs.log import Block, Channel, Document, LogFormat, ValueType
from ingestion.log_rows import as_json
from ingestion.raw_tables import IS_COMPLETE
from ingestion.reading import ChangedWhileReadError, RefusedError, file_digest

# What a format's `rebuild` raises where what is landed does not even fit together.
UNFIT = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)


class Proof(StrEnum):
    """What a proof came to."""

    REBUILT = "rebuilt to the byte"
    READ_AGAIN = "read again, every value is the landed one"
    DIFFERS = "differs"
    NO_ORIGINAL = "not proved, the original is not there"
    LET_GO = "not proved, their lines were let go (`simrace retain`)"


def prove_log(cursor: Cursor, file_id: str, source_format: str, on_bytes: Callable[[int], object]) -> Proof:
    """Prove one log, in bounded memory.

    Args:
        cursor: To the warehouse.
        file_id: SHA-256 of the log.
        source_format: Its format.
        on_bytes: Called with the number of bytes of each piece.
    """
    log_format = format_named(source_format)
    if log_format.rebuild is None:
        original = original_of(cursor, file_id)
        return _read_again(cursor, file_id, log_format, original) if original else Proof.NO_ORIGINAL
    digest = hashlib.sha256()
    try:
        for piece in rebuild_log(cursor, file_id, log_format):
            digest.update(piece)
            on_bytes(len(piece))
    except UNFIT:
        return Proof.DIFFERS
    return Proof.REBUILT if digest.hexdigest() == file_id else Proof.DIFFERS


def format_named(source_format: str) -> LogFormat:
    """The format of binary logs that has this name."""
    return next(known for known in log_formats() if known.name == source_format)


def rebuild_log(cursor: Cursor, file_id: str, log_format: LogFormat) -> Iterator[bytes]:
    """The bytes of a log from what is landed; what is landed may not fit together (UNFIT)."""
    if log_format.rebuild is None:
        raise ValueError(f"nobody but its makers writes {log_format.name}")
    channels, documents = _read_channels(cursor, file_id), _read_documents(cursor, file_id)
    yield from log_format.rebuild(channels, documents, read_landed_blocks(cursor, file_id))


def _read_again(cursor: Cursor, file_id: str, log_format: LogFormat, original: Path) -> Proof:
    try:
        log = log_format.open(original)
        is_same = (
            [_told(channel) for channel in log.channels] == [_told(each) for each in _read_channels(cursor, file_id)]
            and [*map(_said, log.documents)] == [*map(_said, _read_documents(cursor, file_id))]
            and all(starmap(_are_equal, zip_longest(log.blocks(), read_landed_blocks(cursor, file_id))))
        )
    except (ChangedWhileReadError, OSError, RefusedError):
        return Proof.NO_ORIGINAL
    return Proof.READ_AGAIN if is_same else Proof.DIFFERS


def _are_equal(read: Block | None, landed: Block | None) -> bool:
    return (
        read is not None
        and landed is not None
        and (read.channel_number, read.block_number, read.first_sample)
        == (landed.channel_number, landed.block_number, landed.first_sample)
        and read.values.dtype == landed.values.dtype
        and read.values.tobytes() == landed.values.tobytes()
    )


def _told(channel: Channel) -> tuple[object, ...]:
    return (channel.number, channel.name, channel.unit, channel.value_type, channel.sample_count, channel.details)


def _said(document: Document) -> tuple[object, ...]:
    content = None if document.content is None else as_json(document.content)
    return document.name, content, document.text, document.data


def original_of(cursor: Cursor, file_id: str) -> Path | None:
    """A file that holds these bytes now, of those that were seen."""
    cursor.execute(
        f"select distinct file_path from raw.file_sightings where file_id = %s and {IS_COMPLETE}", (file_id,)
    )
    for (path,) in cursor.fetchall():
        try:
            if Path(path).is_file() and file_digest(Path(path)) == file_id:
                return Path(path)
        except OSError:
            continue
    return None


def _read_channels(cursor: Cursor, file_id: str) -> list[Channel]:
    cursor.execute(
        "select distinct on (channel_number) channel_number, channel_name, unit, description, value_type, "
        f"sample_rate_hz, sample_count, times_channel, details from raw.file_channels "
        f"where file_id = %s and {IS_COMPLETE} order by channel_number",
        (file_id,),
    )
    return [
        Channel(number, name, unit, description, ValueType(value_type), rate, count, times, json.loads(details))
        for number, name, unit, description, value_type, rate, count, times, details in cursor
    ]


def _read_documents(cursor: Cursor, file_id: str) -> list[Document]:
    cursor.execute(
        "select distinct on (document_number) document_name, content, original, data, position "
        f"from raw.file_documents where file_id = %s and {IS_COMPLETE} order by document_number",
        (file_id,),
    )
    return [
        Document(name, content and json.loads(content), text, None if data is None else bytes(data), position)
        for name, content, text, data, position in cursor
    ]
