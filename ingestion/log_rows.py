"""The rows of a binary log: its channels, their values and its documents."""

import io
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from ingestion.formats.logs.log import Channel, Document, Log
from ingestion.loading import BlockStream, Row
from ingestion.raw_tables import CHANNEL_BLOCKS_TABLE, CHANNELS_TABLE, storable
from ingestion.reading import ChangedWhileReadError, Content, file_digest

_LARGEST = 1 << 63


def log_rows(log: Log, content: Content) -> Iterator[Row]:
    """The rows of a log beside that of the file.

    Raises:
        RefusedError: its values cannot be read.
        ChangedWhileReadError: the values are not those of the hash.
    """
    stream = BlockStream(content.file_id, log.blocks())
    yield CHANNEL_BLOCKS_TABLE, {"stream": stream}
    if stream.error:
        raise stream.error
    if file_digest(content.path) != content.file_id:
        raise ChangedWhileReadError(str(content.path))
    for channel in log.channels:
        yield CHANNELS_TABLE, _channel_row(channel, log.span_s, content.file_id)
    yield from document_rows(log.documents, content.file_id)


def document_rows(documents: Iterable[Document], file_id: str) -> Iterator[Row]:
    """The rows of what is told of a file beside its values or lines."""
    for number, document in enumerate(documents, 1):
        yield (
            "file_documents",
            {
                "file_id": file_id,
                "document_number": number,
                "document_name": document.name,
                "position": document.position,
                "content": None if document.content is None else as_json(document.content),
                "original": document.text,
                "data": document.data,
            },
        )


def _channel_row(channel: Channel, span_s: int, file_id: str) -> dict[str, Any]:
    rate = channel.sample_rate_hz if channel.times_channel is None else None
    samples = rate * span_s if rate else math.nan
    return {
        "file_id": file_id,
        "channel_number": channel.number,
        "channel_name": storable(channel.name),
        "unit": storable(channel.unit),
        "description": storable(channel.description),
        "value_type": str(channel.value_type),
        "sample_rate_hz": channel.sample_rate_hz,
        "sample_count": channel.sample_count,
        "times_channel": channel.times_channel,
        "samples_per_block": int(samples) if samples.is_integer() else None,
        "details": as_json(channel.details),
    }


def as_json(value: Any) -> str:
    """A JSON text that the database takes: numbers that it does not know are written as text."""
    written = io.StringIO()  # `json.dumps` would hold every value of a large document as a text of its own
    written.writelines(json.JSONEncoder(ensure_ascii=False).iterencode(_storable(value)))
    return written.getvalue()


def _storable(value: Any) -> Any:
    match value:
        case dict():
            return {storable(str(key)): _storable(each) for key, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
        case str():
            return storable(value)
        case int() if abs(value) >= _LARGEST:
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
    return value
