"""What a binary log is made of, whatever its container: channels, blocks of their values, documents."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ingestion.reading import ChangedWhileReadError

if TYPE_CHECKING:
    import numpy as np

# About 1,000 of the base rate: so many single floats fill two pieces of 1,996 bytes, in which PostgreSQL stores a long
# value. With a few more there would be a small third piece, and the pages would be three quarters full.
BLOCK_SAMPLES = 993


class ValueType(StrEnum):
    """How the values of a channel are stored. Smaller integers are widened; the bits of a u32 are those of an int4."""

    FLOAT4 = "float4"
    FLOAT8 = "float8"
    INT4 = "int4"
    BOOL = "bool"


@dataclass(frozen=True)
class Channel:
    """One channel of a log.

    Attributes:
        number: From 1, in the order of the file; an array variable gives one channel an element.
        name: As in the file; element i of an array is `Name[i]`, from 0. Names may repeat.
        unit: As in the file; empty where it has none.
        description: As in the file.
        value_type: How its values are stored.
        sample_rate_hz: Samples a second. Of samples with times of their own (see times_channel) it is the usual rate,
            and None when they come as it happens: events.
        sample_count: Number of samples.
        times_channel: Number of the channel that holds the times of the samples, as float8 in seconds since the start
            of the log; None where the rate alone gives them.
        details: What else the file says of it, as JSON has it: type, scale, offsets.
    """

    number: int
    name: str
    unit: str
    description: str
    value_type: ValueType
    sample_rate_hz: float | None
    sample_count: int
    times_channel: int | None
    details: dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A part of a log that is no values of channels.

    Attributes:
        name: What it is: header, session_info, metadata, markers, rest.
        content: What stands in it, as JSON has it; None when it was not read.
        text: The text as it stands in the file; None when it is no text that the database takes.
        data: The bytes, where text is None and the proof of bytes needs them.
        position: Where it begins in the file, in bytes; 0 when it has no place.
    """

    name: str
    content: Any | None
    text: str | None
    data: bytes | None
    position: int


@dataclass(frozen=True)
class Block:
    """Values of one channel in one span of time.

    Attributes:
        channel_number: Number of the channel.
        block_number: Number of the span, from 1; it is the same span in all channels of the log.
        first_sample: Place of the first value among the samples of the channel, from 0.
        values: float32, float64, int32 or bool, shape (samples,). A block of a `bool` channel with other bytes than 0
            and 1 comes as int32, because a boolean has no room for them.
    """

    channel_number: int
    block_number: int
    first_sample: int
    values: "np.ndarray[Any, Any]"


class Log(ABC):
    """A log that was opened, and whose header can be believed.

    Attributes:
        channels: In the order of their numbers.
        documents: In the order of the file.
        span_s: Seconds in a block, a whole number; block n holds the samples of [(n - 1) * span_s, n * span_s).
    """

    channels: Sequence[Channel]
    documents: Sequence[Document]
    span_s: int

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """The values, ordered by block and then by channel, in bounded memory.

        Raises:
            RefusedError: what no header tells, such as a broken block of a database.
            ChangedWhileReadError: the file is not what it was when it was opened.
        """


@dataclass(frozen=True)
class LogFormat:
    """A format of binary logs.

    Attributes:
        name: Value of `source_format`.
        matches: Whether a file that begins with these bytes, 4,096 or all, is of this format.
        open: Reads what is no value. It raises RefusedError, and believes no offset, count or length before a check.
        rebuild: The file to the byte, piece by piece, from what is landed. None where the container is not ours to
            write: there the proof is to read every value again.
    """

    name: str
    matches: Callable[[bytes], bool]
    open: Callable[[Path], Log]
    rebuild: Callable[[Sequence[Channel], Sequence[Document], Iterable[Block]], Iterator[bytes]] | None


def span_s(base_rate_hz: float) -> int:
    """Seconds in a block of a log whose fastest common rate is this."""
    return max(1, int(BLOCK_SAMPLES / base_rate_hz))


def as_document(name: str, data: bytes, position: int, content: Any | None = None) -> Document:
    """A document of bytes: kept as text when they are UTF-8 that the database takes, else as they are."""
    try:
        text = None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        text = None
    return Document(name, content, text, data if text is None else None, position)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read so many bytes.

    Raises:
        ChangedWhileReadError: the file ends before, though its size was known.
    """
    data = stream.read(size)
    if len(data) < size:
        raise ChangedWhileReadError(stream.name)
    return data
