"""MoTeC log (.ld), as MoTeC's loggers write it, and ACC, Rennsport and the exporters of other sims.

Recognised by its first eight bytes: 64, then 0.

Parts, all little endian: a header with the places of the first channel and of the event, which names the place of the
venue, and that the vehicle's; a chain of channel headers, each with the place, number, type, rate and scale of its
values. Values land as they are. What they mean is (value / scale * 10^-decimals + shift) * multiplier, where a scale or
a multiplier of 0 counts as 1.

Traps:
    * The chain is what `next` says: headers are 116, 124 or 212 bytes apart, and some writers leave `previous` and the
      number of channels 0.
    * Each channel has its own rate and length; there is no channel of times.
    * The order of the parts varies, so every byte that is no value is kept as it is, in the documents `rest`.
    * Texts end at the first NUL. Old bytes may stand behind it.
    * A channel whose values share bytes with another's, or cannot be placed or timed, is there without a sample, and
      `problem` in its details says why.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from ingestion.formats.logs.columns import MAX_LOG_SECONDS, ColumnLog, read_at, rebuild, rest_of, values_place
from ingestion.formats.logs.log import Channel, Document, Log, LogFormat, ValueType
from ingestion.reading import Reason, RefusedError

MAX_CHANNELS = 4_096  # the largest known has 400

_START = b"\x40\0\0\0\0\0\0\0"
_HEADER_BYTES = 0x19E
_LONG_HEADER_BYTES = 0x6E2  # with the session and comment; small writers leave them out and begin with the channels
_CHANNEL = struct.Struct("<4I4H4h32s8s12s")
_STORED = {(7, 2): "<f2", (7, 4): "<f4", (7, 8): "<f8"} | {
    (kind, size): f"<i{size}" for kind in (0, 3, 5) for size in (2, 4)
}
_VALUE_TYPES = {"<f2": ValueType.FLOAT4, "<f4": ValueType.FLOAT4, "<f8": ValueType.FLOAT8}


def _open(path: Path) -> Log:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        header = read_at(stream, 0, min(size, _LONG_HEADER_BYTES))
        if size < _HEADER_BYTES:
            raise RefusedError(Reason.MALFORMED, f"a .ld of {size:,} bytes ends within its header")
        places = _chain(stream, struct.unpack_from("<I", header, 8)[0], size)
        channels = _channels([read_at(stream, place, _CHANNEL.size) for place in places], places, size)
        documents = [*_described(stream, header, places[0], size), *rest_of(stream, channels, size)]
    return ColumnLog(path, channels, documents)


def _text(field: bytes) -> str:
    """A text that ends at the first NUL."""
    data = field.partition(b"\0")[0]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _chain(stream: BinaryIO, first: int, size: int) -> list[int]:
    """Places of the channel headers, in the order of the chain."""
    places: list[int] = []
    place = first
    while place:
        if place < _HEADER_BYTES or place + _CHANNEL.size > size:
            raise RefusedError(Reason.MALFORMED, f"channel {len(places) + 1} stands outside of the file, at {place:,}")
        if len(places) == MAX_CHANNELS:
            raise RefusedError(Reason.MALFORMED, f"a chain of more than {MAX_CHANNELS:,} channels")
        places.append(place)
        place = struct.unpack("<I", read_at(stream, place + 4, 4))[0]
        if place in places:
            raise RefusedError(Reason.MALFORMED, f"channel {len(places)} leads back to an earlier one")
    if not places:
        raise RefusedError(Reason.NO_DATA, "motec_ld without a channel")
    in_order = sorted(places)
    if any(after - before < _CHANNEL.size for before, after in pairwise(in_order)):
        raise RefusedError(Reason.MALFORMED, "headers of channels that share bytes")
    return places


def _channels(headers: Sequence[bytes], places: Sequence[int], size: int) -> list[Channel]:
    channels = [_channel(number, header, places[number - 1], size) for number, header in enumerate(headers, start=1)]
    pieces = [(0, _HEADER_BYTES), *((place, place + _CHANNEL.size) for place in places)]
    pieces += [values_place(channel) for channel in channels if channel.sample_count]
    shared = _sharing(pieces)
    channels = [
        _without_values(channel, "its values share bytes with others")
        if channel.sample_count and values_place(channel) in shared
        else channel
        for channel in channels
    ]
    if not any(channel.sample_count for channel in channels):
        problems = [channel.details["problem"] for channel in channels if "problem" in channel.details]
        if problems:
            raise RefusedError(Reason.MALFORMED, f"no channel can be read; of the first, {problems[0]}")
        raise RefusedError(Reason.NO_DATA, f"motec_ld whose {len(channels)} channels have no sample")
    return channels


def _channel(number: int, header: bytes, place: int, size: int) -> Channel:
    _, _, data, count, id_, kind, width, rate, shift, multiplier, scale, decimals, *texts = _CHANNEL.unpack(header)
    name, short_name, unit = map(_text, texts)
    stored = _STORED.get((kind, width), "")
    details: dict[str, Any] = {
        "type": kind,
        "size": width,
        "id": id_,
        "shift": shift,
        "multiplier": multiplier,
        "scale": scale,
        "decimals": decimals,
        "short_name": short_name,
        "header_offset": place,
        "data_offset": data,
        "stored": stored,
        "stated_count": count,
    }
    held = min(count, max(0, size - data) // width) if stored else 0
    channel = Channel(
        number=number,
        name=name,
        unit=unit,
        description="",
        value_type=_VALUE_TYPES.get(stored, ValueType.INT4),
        sample_rate_hz=float(rate) if rate else None,
        sample_count=held,
        times_channel=None,
        details=details,
    )
    if not stored:
        return _without_values(channel, f"its type {kind} of {width} bytes is not known")
    if not rate:
        return _without_values(channel, "its rate is 0")
    if count and not held:
        return _without_values(channel, f"its values stand outside of the file, at {data:,}")
    if held > MAX_LOG_SECONDS * rate:
        return _without_values(channel, f"its {held:,} values at {rate} Hz are longer than two days")
    return channel


def _without_values(channel: Channel, problem: str) -> Channel:
    return replace(channel, sample_count=0, details=channel.details | {"problem": problem})


def _sharing(pieces: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pieces that share bytes with another."""
    shared: set[tuple[int, int]] = set()
    furthest = (0, 0)
    for piece in sorted(pieces):
        if piece[0] < furthest[1]:
            shared |= {piece, furthest}
        furthest = max(furthest, piece, key=lambda one: one[1])
    return shared


def _told(name: str, content: dict[str, Any], position: int) -> Document:
    """What a part says; its bytes are among the rest."""
    return Document(name, content, None, None, position)


def _described(stream: BinaryIO, header: bytes, first_channel: int, size: int) -> Iterator[Document]:
    """What header, event, venue and vehicle say, in their own texts."""

    def text(block: bytes, place: int, length: int) -> str:
        return _text(block[place : place + length])

    (event_at,) = struct.unpack_from("<I", header, 0x24)
    serial, device, version = struct.unpack_from("<I8sH", header, 0x46)
    (stated_channels,) = struct.unpack_from("<H", header, 0x56)
    told = {
        "serial": serial,
        "device": _text(device),
        "version": version,
        "channels": stated_channels,
        "date": text(header, 0x5E, 16),
        "time": text(header, 0x7E, 16),
        "driver": text(header, 0x9E, 64),
        "vehicle": text(header, 0xDE, 64),
        "venue": text(header, 0x15E, 64),
    }
    if first_channel >= _LONG_HEADER_BYTES:
        told |= {"session": text(header, 0x5E4, 64), "comment": text(header, 0x624, 64)}
    yield _told("header", told, 0)
    if not 0 < event_at <= size - 1_154:
        return
    event = read_at(stream, event_at, 1_154)
    told = {"name": text(event, 0, 64), "session": text(event, 64, 64), "comment": text(event, 128, 1_024)}
    yield _told("event", told, event_at)
    (venue_at,) = struct.unpack_from("<H", event, 1_152)
    if not 0 < venue_at <= size - 1_100:
        return
    venue = read_at(stream, venue_at, 1_100)
    yield _told("venue", {"name": text(venue, 0, 64)}, venue_at)
    (vehicle_at,) = struct.unpack_from("<H", venue, 1_098)
    if not 0 < vehicle_at <= size - 260:
        return
    vehicle = read_at(stream, vehicle_at, 260)
    (weight,) = struct.unpack_from("<H", vehicle, 192)
    told = {
        "id": text(vehicle, 0, 64),
        "description": text(vehicle, 64, 64),
        "weight": weight,
        "type": text(vehicle, 196, 32),
        "comment": text(vehicle, 228, 32),
    }
    yield _told("vehicle", told, vehicle_at)


FORMAT = LogFormat("motec_ld", lambda head: head.startswith(_START), _open, rebuild)
