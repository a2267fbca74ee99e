"""Logs that keep the values of each channel together, one behind the other.

Of a file whose layout is known, `stored` in a channel's details says how (a type of numpy), and `data_offset` where.
"""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ingestion.formats.logs.log import Block, Channel, Document, Log, ValueType, read_exactly, span_s
from ingestion.reading import CHUNK_BYTES, Reason, RefusedError

Values = npt.NDArray[Any]

MAX_LOG_SECONDS = 172_800  # two days: twice the longest race
MAX_REST_BYTES = 32 << 20
LANDED: dict[ValueType, np.dtype[Any]] = {
    ValueType.FLOAT4: np.dtype(np.float32),
    ValueType.FLOAT8: np.dtype(np.float64),
    ValueType.INT4: np.dtype(np.int32),
    ValueType.BOOL: np.dtype(np.bool_),
}


class ColumnLog(Log):
    """A log whose channels say where their values are, all of them checked."""

    def __init__(self, path: Path, channels: Sequence[Channel], documents: Sequence[Document]) -> None:
        self._path = path
        self.channels, self.documents = channels, documents
        rates = [channel.sample_rate_hz or 0 for channel in channels if channel.sample_count]
        self.span_s = span_s(max(rates, default=0) or 1)

    def blocks(self) -> Iterator[Block]:
        """Values as they stand in the file. Those that land in more bytes are not changed by it."""
        with self._path.open("rb") as stream:

            def read(channel: Channel, first: int, count: int) -> Values:
                stored = np.dtype(channel.details["stored"])
                place = channel.details["data_offset"] + first * stored.itemsize
                values = np.frombuffer(read_at(stream, place, count * stored.itemsize), stored)
                return values.astype(LANDED[channel.value_type])

            yield from column_blocks(self.channels, self.span_s, read)


def read_at(stream: BinaryIO, place: int, count: int) -> bytes:
    """Bytes from a place on.

    Raises:
        ChangedWhileReadError: the file ends before, though its size was known.
    """
    stream.seek(place)
    return read_exactly(stream, count)


def values_place(channel: Channel) -> tuple[int, int]:
    """Where the values of a channel begin and end."""
    begin = channel.details["data_offset"]
    return begin, begin + channel.sample_count * np.dtype(channel.details["stored"]).itemsize


def rest_of(stream: BinaryIO, channels: Iterable[Channel], size: int) -> Iterator[Document]:
    """All bytes of a file that are no value of a channel, in pieces.

    Args:
        stream: The file.
        channels: No two of them share bytes.
        size: Of the file in bytes.

    Raises:
        RefusedError: malformed, when it is too much for what is no value.
    """
    values = sorted(values_place(channel) for channel in channels if channel.sample_count)
    gaps = zip([0, *(end for _, end in values)], [*(begin for begin, _ in values), size], strict=True)
    pieces = [(place, min(CHUNK_BYTES, end - place)) for begin, end in gaps for place in range(begin, end, CHUNK_BYTES)]
    if (rest := sum(count for _, count in pieces)) > MAX_REST_BYTES:
        raise RefusedError(Reason.MALFORMED, f"{rest:,} of its {size:,} bytes belong to no channel")
    for place, count in pieces:
        yield Document("rest", None, None, read_at(stream, place, count), place)


def rebuild(channels: Sequence[Channel], documents: Iterable[Document], blocks: Iterable[Block]) -> Iterator[bytes]:
    """The file of a `ColumnLog`, to the byte.

    Blocks come by time and the file is by channel, so it is put together on disk.

    Args:
        channels: Of one log.
        documents: Of the same.
        blocks: Of the same, in any order.

    Yields:
        Pieces of the file, from its first byte to its last.
    """
    by_number = {channel.number: channel for channel in channels}
    with tempfile.TemporaryFile() as file:
        for document in documents:
            if document.data is not None:
                file.seek(document.position)
                file.write(document.data)
        for block in blocks:
            details = by_number[block.channel_number].details
            stored = np.dtype(details["stored"])
            file.seek(details["data_offset"] + block.first_sample * stored.itemsize)
            file.write(block.values.astype(stored).tobytes())
        file.seek(0)
        while piece := file.read(CHUNK_BYTES):
            yield piece


def column_blocks(
    channels: Sequence[Channel], span_s: int, read: Callable[[Channel, int, int], Values]
) -> Iterator[Block]:
    """Cut the channels into spans of time, the same for all of them.

    Args:
        channels: In the order of their numbers. A channel that has a rate begins with the log. Of one that has none, a
            sample before an earlier one stays with it, so that a span holds a stretch of the file.
        span_s: Seconds in a span.
        read: Values of a channel from a sample on (counted from 0), and how many.

    Yields:
        Blocks by span, then by channel; none that is empty.
    """
    filled = [channel for channel in channels if channel.sample_count]
    begins = {
        channel.number: _begins(read(channels[channel.times_channel - 1], 0, channel.sample_count), span_s)
        for channel in filled
        if channel.times_channel
    }

    def begin(channel: Channel, span: int) -> int:
        if found := begins.get(channel.number):
            return found[min(span, len(found) - 1)]
        return min(channel.sample_count, math.ceil(span * span_s * (channel.sample_rate_hz or 0)))

    span = 0
    while filled:
        for channel in filled:
            first, end = begin(channel, span), begin(channel, span + 1)
            if first < end:
                yield Block(channel.number, span + 1, first, read(channel, first, end - first))
        span += 1
        filled = [channel for channel in filled if begin(channel, span) < channel.sample_count]


def _begins(seconds: Values, span_s: int) -> list[int]:
    """With which sample each span begins, and how many samples there are."""
    bounded = np.clip(np.nan_to_num(seconds, nan=0), 0, MAX_LOG_SECONDS)
    spans = np.maximum.accumulate(np.floor_divide(bounded, span_s))
    return np.searchsorted(spans, np.arange(spans[-1] + 2)).tolist()  # type: ignore[no-any-return]
