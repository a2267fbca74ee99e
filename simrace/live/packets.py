"""Packets of games as frames: their fields by declaration, written as JSON; the bytes stay beside."""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from simrace.live.formats import Packet, PacketFormat, packet_formats
from simrace.live.json_frames import FrameError

LONGEST = 65_535  # of a datagram; its length stands in 2 bytes


@dataclass
class Moment:
    """What came of one moment of a car."""

    format: PacketFormat
    values: dict[str, Any]
    text: str
    packets: bytes


@dataclass
class Assembler:
    """Puts together the packets that a game sends of one moment. One for each sender.

    A format whose packets each are a moment gives it at once; of others a moment is whole when the next one begins.
    """

    _key: Any = None
    _format: PacketFormat | None = None
    _values: dict[str, Any] = field(default_factory=dict)
    _packets: bytearray = field(default_factory=bytearray)

    def take(self, packet: bytes) -> Moment | None:
        """Take a packet in.

        Returns:
            A moment that is whole now; None where none is.

        Raises:
            FrameError: it is no packet that is known; `idle` one in which nobody drives.
        """
        known, values = read_packet(packet)
        if known.drives_while and not values.get(known.drives_while):
            raise FrameError("idle", "nobody drives")
        if not known.moment:
            return _moment(known, values, _framed(packet))
        key = (known.name, *(values.get(name) for name in (known.session, known.moment)))
        whole = self.finish() if key != self._key else None
        self._key, self._format = key, known
        self._values.update(values)
        self._packets += _framed(packet)
        return whole

    def finish(self) -> Moment | None:
        """The moment that is at hand, though no other has begun."""
        if self._format is None:
            return None
        whole = _moment(self._format, self._values, bytes(self._packets))
        self._key, self._format, self._values, self._packets = None, None, {}, bytearray()
        return whole


def _moment(known: PacketFormat, values: Mapping[str, Any], packets: bytes) -> Moment:
    text = write(values)
    return Moment(known, orjson.loads(text), text, packets)


def read_packet(packet: bytes) -> tuple[PacketFormat, dict[str, Any]]:
    """Read the fields of a packet; of many cars those of the player.

    Raises:
        FrameError: it is no packet that is known; `idle` one that is known and holds nothing of a drive.
    """
    for known in packet_formats():
        for kind in known.packets:
            if kind.size == len(packet):
                values = kind.layout.read(packet)
                if all(values[name] in allowed for name, allowed in kind.where.items()):
                    if kind.cars:
                        values |= kind.car_layout.read(packet, _place_of_car(known, kind, values))
                    return known, values
        header = known.packets[0]
        if known.left_out and len(packet) >= header.car_layout.position:
            values = header.layout.read(packet)
            if all(values[name] in allowed for name, allowed in known.left_out.items()):
                raise FrameError("idle", "a packet that is known and not read")
    raise FrameError("unknown_packet", f"{len(packet):,} bytes that begin with {packet[:8].hex(' ')}")


def _place_of_car(known: PacketFormat, kind: Packet, values: Mapping[str, Any]) -> int:
    number = values[known.one_of]
    if number >= kind.cars:
        raise FrameError("unknown_packet", f"{known.one_of} is {number}, and there are {kind.cars} cars")
    return int(number * kind.car_bytes)


def _framed(packet: bytes) -> bytes:
    return struct.pack("<H", len(packet)) + packet


_NO_NUMBER = re.compile(r"(?<=:)-?(?:nan|inf)(?=[,}])")


def write(values: Mapping[str, Any]) -> str:
    """Fields of packets as JSON on one line: of floats of 4 bytes the 9 digits that tell them from all others.

    What is no number is null, and bytes are text up to the first NUL.
    """
    names = tuple(values)
    kinds = tuple(map(type, values.values()))
    if bytes in kinds:
        texts = {name: json.dumps(value.split(b"\0")[0].decode("utf-8", "replace")) for name, value in values.items()
                 if type(value) is bytes}  # fmt: skip
        values = {**values, **texts}
    text = _template(names, kinds) % tuple(values.values())
    return _NO_NUMBER.sub("null", text) if "nan" in text or "inf" in text else text


@cache
def _template(names: tuple[str, ...], kinds: tuple[type, ...]) -> str:
    codes = {int: "%d", float: "%.9g", bytes: "%s"}
    return "{" + ",".join(f'"{name}":{codes[kind]}' for name, kind in zip(names, kinds, strict=True)) + "}"


def told(known: PacketFormat, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a moment tells of its session."""
    found: dict[str, Any] = {"sim": known.sim}
    for what, name in known.told.items():
        if (value := values.get(name)) is not None:
            found[what] = known.codes.get(what, {}).get(str(value), value)
    return found
