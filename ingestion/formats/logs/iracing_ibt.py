"""iRacing's telemetry log (.ibt): a header, headers of variables, the session text, one packed record a tick.

Traps:
    * The count of records in the header is 0 or stale while the sim writes: the size of the file says it.
    * A log that was cut off ends within a record. The whole records count, what is left is the document `rest`.
    * An array is either one value for each car or wheel, or values between the ticks ("count as time").
    * No list of variables is fixed, and version 1 differs from 2 only in them.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ingestion.formats.logs.iracing_session_text import read_session_text
from ingestion.formats.logs.log import (
    Block,
    Channel,
    Document,
    Log,
    LogFormat,
    ValueType,
    as_document,
    read_exactly,
    span_s,
)
from ingestion.reading import Reason, RefusedError

_HEADER = struct.Struct("<10i8x2i56xq2d2i")
_HEADER_FIELDS = (
    "version", "status", "tick_rate_hz", "session_text_update", "session_text_length", "session_text_offset",
    "variable_count", "variables_offset", "buffer_count", "record_length", "tick_count", "data_offset", "started_at",
    "start_s", "end_s", "lap_count", "record_count",
)  # fmt: skip
_VARIABLE = struct.Struct("<3i?3x32s64s32s")
_VERSIONS = (1, 2)
_TICK_RATE_HZ = 60
# Far more than any sim writes, and little enough to hold in memory.
MAX_HEAD_BYTES = 8 << 20
MAX_RECORD_BYTES = 1 << 16
MAX_CHANNELS = 10_000
_TYPES: dict[int, tuple[str, np.dtype[Any], ValueType]] = {
    0: ("char", np.dtype("u1"), ValueType.INT4),
    1: ("bool", np.dtype("u1"), ValueType.BOOL),
    2: ("int", np.dtype("<i4"), ValueType.INT4),
    3: ("bitfield", np.dtype("<i4"), ValueType.INT4),
    4: ("float", np.dtype("<f4"), ValueType.FLOAT4),
    5: ("double", np.dtype("<f8"), ValueType.FLOAT8),
}
_BYTES_OF = {name: dtype for name, dtype, _ in _TYPES.values()}
_RECORDS = "records"  # part of the file that is neither header nor text


@dataclass(frozen=True)
class _Variable:
    """A variable as its header has it; bytes of a record that are in none are one of their own, without a name."""

    code: int
    offset: int
    count: int
    is_time: bool
    name: str = ""
    description: str = ""
    unit: str = ""

    @property
    def end(self) -> int:
        return self.offset + self.count * _TYPES[self.code][1].itemsize


class IbtLog(Log):
    """An iRacing log that was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as stream:
            size = path.stat().st_size
            header, places = _read_header(stream, size)
            self._variables = _read_variables(stream, header)
            self.documents = [_document(stream, name, *place) for name, place in places if name != _RECORDS]
        self._data_offset, self._record_length = header["data_offset"], header["record_length"]
        self._record_count = (size - self._data_offset) // self._record_length
        self.documents[0] = Document("header", header, None, self.documents[0].data, 0)
        self.channels = list(_channels(self._variables, self._record_count))
        self.span_s = span_s(_TICK_RATE_HZ)

    def blocks(self) -> Iterator[Block]:
        """The values, a span at a time."""
        dtype = np.dtype(
            {
                "names": [str(number) for number in range(len(self._variables))],
                "formats": [(_TYPES[each.code][1], (each.count,)) for each in self._variables],
                "offsets": [each.offset for each in self._variables],
                "itemsize": self._record_length,
            }
        )
        ticks = self.span_s * _TICK_RATE_HZ
        with self._path.open("rb") as stream:
            stream.seek(self._data_offset)
            for number, first in enumerate(range(0, self._record_count, ticks), 1):
                count = min(ticks, self._record_count - first)
                records = np.frombuffer(read_exactly(stream, count * self._record_length), dtype)
                channel = 0
                for place, variable in enumerate(self._variables):
                    values = records[str(place)]
                    columns = [values.reshape(-1)] if variable.is_time else values.T
                    for column in columns:
                        channel += 1
                        start = first * (variable.count if variable.is_time else 1)
                        yield Block(channel, number, start, _storable(column, variable.code))


def _storable(column: "np.ndarray[Any, Any]", code: int) -> "np.ndarray[Any, Any]":
    _, dtype, value_type = _TYPES[code]
    if value_type is ValueType.BOOL and column.max() <= 1:
        return column.astype(np.bool_)
    return column.astype(np.int32) if dtype.itemsize == 1 else np.ascontiguousarray(column)


def _refused(detail: str) -> RefusedError:
    return RefusedError(Reason.MALFORMED, f"iRacing log: {detail}")


def _read_header(stream: BinaryIO, size: int) -> tuple[dict[str, Any], list[tuple[str, tuple[int, int]]]]:
    """The header, and where the parts of the file are: all of it, each byte once."""
    if size < _HEADER.size:
        raise _refused(f"{size} bytes are no header")
    header = dict(zip(_HEADER_FIELDS, _HEADER.unpack(read_exactly(stream, _HEADER.size)), strict=True))
    if not 1 <= header["variable_count"] <= MAX_CHANNELS:
        raise _refused(f"{header['variable_count']:,} variables")
    if not 1 <= header["record_length"] <= MAX_RECORD_BYTES:
        raise _refused(f"records of {header['record_length']:,} bytes")
    if not _HEADER.size <= header["data_offset"] <= min(size, MAX_HEAD_BYTES):
        raise _refused(f"records from byte {header['data_offset']:,} on, in {size:,} bytes")
    if size - header["data_offset"] < header["record_length"]:
        raise RefusedError(Reason.NO_DATA, "iRacing log without a whole record")
    records_end = size - (size - header["data_offset"]) % header["record_length"]
    parts = {
        "header": (0, _HEADER.size),
        "variables": (header["variables_offset"], header["variable_count"] * _VARIABLE.size),
        "session_info": (header["session_text_offset"], header["session_text_length"]),
        _RECORDS: (header["data_offset"], records_end - header["data_offset"]),
        "rest": (records_end, size - records_end),
    }
    places = sorted(((name, place) for name, place in parts.items() if place[1]), key=lambda part: part[1])
    whole: list[tuple[str, tuple[int, int]]] = []
    end = 0
    for name, (start, length) in places:
        if length < 0 or start < end:
            raise _refused(f"{name} at byte {start:,} in another part")
        if start > end:
            whole.append(("padding", (end, start - end)))
        whole.append((name, (start, length)))
        end = start + length
    if end != size:
        raise _refused(f"parts up to byte {end:,} in {size:,} bytes")
    return header, whole


def _read_variables(stream: BinaryIO, header: dict[str, Any]) -> list[_Variable]:
    stream.seek(header["variables_offset"])
    headers = read_exactly(stream, header["variable_count"] * _VARIABLE.size)
    found = []
    for code, offset, count, is_time, *texts in _VARIABLE.iter_unpack(headers):
        name, description, unit = (text.split(b"\0")[0].decode("cp1252", "replace") for text in texts)
        if code not in _TYPES or offset < 0 or not 1 <= count <= MAX_RECORD_BYTES:
            raise _refused(f"a variable of type {code} with {count:,} values at {offset:,}")
        found.append(_Variable(code, offset, count, is_time and count > 1, name, description, unit))
    length = header["record_length"]
    in_order = sorted(found, key=lambda each: each.offset)
    for before, after in pairwise([_Variable(0, 0, 0, False), *in_order, _Variable(0, length, 0, False)]):
        if after.offset < before.end:
            raise _refused(f"variables that overlap at byte {after.offset:,} of a record of {length:,}")
        if after.offset > before.end:
            found.append(_Variable(0, before.end, after.offset - before.end, False))
    if (channels := sum(1 if each.is_time else each.count for each in found)) > MAX_CHANNELS:
        raise _refused(f"{channels:,} channels")
    return found


def _document(stream: BinaryIO, name: str, start: int, length: int) -> Document:
    stream.seek(start)
    data = read_exactly(stream, length)
    if name != "session_info":
        return Document(name, None, None, data, start)
    document = as_document(name, data, start)
    text = data.decode("cp1252", "replace") if document.text is None else document.text
    return Document(name, read_session_text(text), document.text, document.data, start)


def _channels(variables: list[_Variable], record_count: int) -> Iterator[Channel]:
    number = 0
    for variable in variables:
        type_name, _, value_type = _TYPES[variable.code]
        in_tick = variable.count if variable.is_time else 1
        for element in range(1 if variable.is_time else variable.count):
            number += 1
            yield Channel(
                number=number,
                name=f"{variable.name}[{element}]" if variable.count > in_tick else variable.name,
                unit=variable.unit,
                description=variable.description,
                value_type=value_type,
                sample_rate_hz=float(_TICK_RATE_HZ * in_tick),
                sample_count=record_count * in_tick,
                times_channel=None,
                details={
                    "type": type_name,
                    "offset": variable.offset + element * _TYPES[variable.code][1].itemsize,
                    "values_in_tick": in_tick,
                },
            )


def _matches(head: bytes) -> bool:
    version, _, tick_rate = struct.unpack_from("<3i", head.ljust(12, b"\0"))
    return version in _VERSIONS and tick_rate == _TICK_RATE_HZ


def _rebuild(channels: Sequence[Channel], documents: Sequence[Document], blocks: Iterable[Block]) -> Iterator[bytes]:
    [record_length] = [dict(each.content or {})["record_length"] for each in documents if each.name == "header"]
    before = sorted((each for each in documents if each.name != "rest"), key=lambda each: each.position)
    yield from map(_bytes_of, before)
    layout = {each.number: (each.details["offset"], _BYTES_OF[each.details["type"]], each) for each in channels}
    for _, span in groupby(blocks, lambda block: block.block_number):
        records: np.ndarray[Any, Any] | None = None
        for block in span:
            offset, dtype, channel = layout[block.channel_number]
            in_tick = channel.details["values_in_tick"]
            if records is None:
                records = np.zeros((len(block.values) // in_tick, record_length), "u1")
            values = np.ascontiguousarray(block.values.astype(dtype, copy=False)).view("u1")
            records[:, offset : offset + in_tick * dtype.itemsize] = values.reshape(len(records), -1)
        if records is not None:
            yield records.tobytes()
    yield from (_bytes_of(document) for document in documents if document.name == "rest")


def _bytes_of(document: Document) -> bytes:
    return (document.data or b"") if document.text is None else document.text.encode()


FORMAT = LogFormat("iracing_ibt", _matches, IbtLog, _rebuild)
