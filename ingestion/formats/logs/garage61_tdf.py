"""Garage 61 lap in its own format (.tdf).

Recognised by its first six bytes, a racing car and `df`.

Parts, in messages as protobuf has them: a version; a description with the rate, the number of samples and, for each
channel, its number, smallest and largest value, samples and bytes; then the values, one channel behind the other.

Traps:
    * Channels have numbers and no names; a channel's name is its number. What it means is in the seeds.
    * There is no clock, driver, car or track.
    * Nothing tells an integer of 4 bytes from a float: those with integers are known by their numbers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.formats.logs.columns import MAX_LOG_SECONDS, ColumnLog, read_at, rebuild, rest_of
from ingestion.formats.logs.log import Channel, Document, Log, LogFormat, ValueType
from ingestion.reading import Reason, RefusedError

_START = "\N{RACING CAR}df".encode()
_VERSION = b"\x04\x08\x01\x20\x01\0\0\0\0\0"
_MAX_DESCRIPTION = 1 << 16
_STORED = {8: "<f8", 4: "<f4", 1: "u1"}
_FLOATS = {*range(1, 8), 9, 11, 13, *range(27, 31)}
_INTEGERS = {8, 20}


def _open(path: Path) -> Log:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        head = read_at(stream, 0, min(size, _MAX_DESCRIPTION))
        begin = len(_START) + len(_VERSION)
        if head[len(_START) : begin] != _VERSION:
            raise RefusedError(Reason.MALFORMED, "a .tdf of a version that is not known")
        length, begin = _varint(head, begin)
        description = dict[int, Any]()
        described = []
        for number, value in _fields(head[begin : begin + length]):
            if number == 3 and isinstance(value, bytes):
                described.append(dict(_fields(value)))
            else:
                description[number] = value
        rate, samples = description.get(1), description.get(2)
        if not isinstance(rate, int) or not isinstance(samples, int) or not 0 < rate <= 1_000 or samples < 1:
            raise RefusedError(Reason.MALFORMED, f"a .tdf with a rate of {rate} and {samples} samples")
        channels = [*_channels(described, rate, samples, begin + length, size)]
        if not any(channel.sample_count for channel in channels):
            raise RefusedError(Reason.NO_DATA, "garage61_tdf without a channel that is known")
        documents = [Document("header", {"rate": rate, "samples": samples}, None, None, 0)]
        documents += rest_of(stream, channels, size)
    return ColumnLog(path, channels, documents)


def _channels(described: list[dict[int, Any]], rate: int, samples: int, place: int, size: int) -> Iterator[Channel]:
    if samples > MAX_LOG_SECONDS * rate:
        raise RefusedError(Reason.MALFORMED, f"{samples:,} samples at {rate} Hz are longer than two days")
    for number, one in enumerate(described, 1):
        id_, count, length = (one.get(key) for key in (1, 9, 10))
        if not isinstance(id_, int) or any(isinstance(value, bytes) for value in one.values()):
            raise RefusedError(Reason.MALFORMED, f"channel {number} has no number")
        width = length // samples if isinstance(length, int) else 0
        if count != samples or length != width * samples or width not in _STORED or place + length > size:
            raise RefusedError(Reason.MALFORMED, f"channel {number} has {count} samples in {length} bytes")
        is_known = width != 4 or id_ in _FLOATS | _INTEGERS
        details: dict[str, Any] = {"id": id_, "least": one.get(7), "most": one.get(8)}
        details |= {"stored": "<i4" if id_ in _INTEGERS and width == 4 else _STORED[width], "data_offset": place}
        if not is_known:
            details["problem"] = "it is not known whether its values are integers"
        value_types = {"<f8": ValueType.FLOAT8, "<f4": ValueType.FLOAT4}
        yield Channel(
            number=number,
            name=str(id_),
            unit="",
            description="",
            value_type=value_types.get(details["stored"], ValueType.INT4),
            sample_rate_hz=float(rate),
            sample_count=samples if is_known else 0,
            times_channel=None,
            details=details,
        )
        place += length


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a message: integers, floats of 4 bytes, and bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield number, value
        elif kind == 2:
            length, place = _varint(message, place)
            yield number, message[place : place + length]
            place += length
        elif kind == 5 and place + 4 <= len(message):
            yield number, struct.unpack_from("<f", message, place)[0]
            place += 4
        else:
            raise RefusedError(Reason.MALFORMED, "a description that ends early, or has fields that are not known")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it."""
    value = 0
    for shift, byte in enumerate(data[place : place + 10]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, place + shift + 1
    raise RefusedError(Reason.MALFORMED, "a number that does not end")


FORMAT = LogFormat("garage61_tdf", lambda head: head.startswith(_START), _open, rebuild)
