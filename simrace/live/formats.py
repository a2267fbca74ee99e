"""What frames look like: `formats.toml` as objects."""

import re
import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

UNKNOWN = "live_unknown"
_CODES = {"little": "<", "big": ">"}
_BRACES = re.compile(r"(.*)\{(.*)\}(.*)")


@dataclass(frozen=True)
class JsonFormat:
    """A format of frames that are JSON; `formats.toml` says what each part is. Places are split at their points."""

    name: str
    keys: tuple[tuple[str, ...], ...]
    sequence: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    car: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic: tuple[str, ...] = ()
    car_level: str = ""

    def fits(self, values: Mapping[str, Any], topic: str) -> bool:
        """Whether a frame is of this format."""
        return all(at(values, place) is not None for place in self.keys) and (
            not self.topic or self.levels(topic) is not None
        )

    def levels(self, topic: str) -> dict[str, str] | None:
        """What the levels of a topic tell; None where it is not such a topic."""
        levels = topic.strip("/").split("/")
        if len(levels) != len(self.topic):
            return None
        told = {}
        for wanted, level in zip(self.topic, levels, strict=True):
            if wanted.startswith("+"):
                told[wanted[1:]] = level
            elif wanted != level:
                return None
        return told


@dataclass(frozen=True)
class Field:
    """A field of a packet: its name, what `struct` calls its type, and where it begins."""

    name: str
    code: str
    position: int


@dataclass(frozen=True)
class Packet:
    """A kind of packet, as it is told from others and read.

    Attributes:
        size: Its size in bytes.
        where: Values by which it is told from others of its size.
        fields: Of the packet.
        car: Of the first car in it.
        cars: How many cars there are in it.
        car_bytes: Size of each.
        endian: As `struct` has it.
    """

    size: int
    where: Mapping[str, tuple[Any, ...]]
    fields: tuple[Field, ...]
    car: tuple[Field, ...] = ()
    cars: int = 0
    car_bytes: int = 0
    endian: str = "<"

    @cached_property
    def layout(self) -> "Layout":
        """How its fields are read."""
        return Layout(self.fields, self.endian)

    @cached_property
    def car_layout(self) -> "Layout":
        """How those of its first car are read."""
        return Layout(self.car, self.endian)


class Layout:
    """Fields that lie one behind the other."""

    def __init__(self, fields: tuple[Field, ...], endian: str) -> None:
        self._names = [each.name for each in fields]
        self._struct = struct.Struct(endian + "".join(each.code for each in fields))
        self.position = fields[0].position if fields else 0

    def read(self, packet: bytes, behind: int = 0) -> dict[str, Any]:
        """Read a packet; of a later car so many bytes behind the first."""
        return dict(zip(self._names, self._struct.unpack_from(packet, self.position + behind), strict=True))


@dataclass(frozen=True)
class PacketFormat:
    """A format of frames that are packets of a game; `formats.toml` says what each part is."""

    name: str
    sim: str
    endian: str
    packets: tuple[Packet, ...]
    moment: str = ""
    session: str = ""
    one_of: str = ""
    drives_while: str = ""
    ends: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def at(values: Any, place: tuple[str, ...]) -> Any:
    """What is at a place of a frame; None where nothing is."""
    for step in place:
        if not isinstance(values, dict):
            return None
        values = values.get(step)
    return values


@cache
def json_formats() -> tuple[JsonFormat, ...]:
    """Formats of JSON in the order they are tried: those that a topic tells come first."""
    found = [_json_format(name, said) for name, said in _declared().items() if "keys" in said]
    return tuple(sorted(found, key=lambda each: not each.topic))


@cache
def packet_formats() -> tuple[PacketFormat, ...]:
    """Formats of packets."""
    return tuple(_packet_format(name, said) for name, said in _declared().items() if "packets" in said)


def _declared() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("formats.toml").read_text(encoding="utf-8"))


def _json_format(name: str, said: Mapping[str, Any]) -> JsonFormat:
    return JsonFormat(
        name=name,
        keys=tuple(map(split, said["keys"])),
        **{part: split(said[part]) for part in ("sequence", "session", "car", "ends") if part in said},
        told={what: split(place) for what, place in said.get("told", {}).items()},
        topic=tuple(said.get("topic", ())),
        car_level=said.get("car_level", ""),
    )


def split(place: str) -> tuple[str, ...]:
    """A place of a frame as its steps."""
    return tuple(place.split("."))


def _packet_format(name: str, said: Mapping[str, Any]) -> PacketFormat:
    parts = {part: _entries(text) for part, text in said["fields"].items()}
    endian = _CODES[said["endian"]]
    return PacketFormat(
        name=name,
        endian=endian,
        packets=tuple(_packet(each, parts, endian) for each in said["packets"]),
        left_out={key: tuple(values) for key, values in said.get("left_out", {}).items()},
        **{
            part: said[part]
            for part in ("sim", "moment", "session", "one_of", "drives_while", "ends", "told", "codes")
            if part in said
        },
    )  # fmt: skip


def _entries(text: str) -> list[tuple[str, str]]:
    """Type and name of each field of a part: a line has a type and names, in braces what they end with."""
    entries = []
    for line in text.strip().splitlines():
        code, *names = line.split()
        for name in names:
            if found := _BRACES.fullmatch(name):
                before, middle, after = found.groups()
                entries += [(code, f"{before}{each}{after}") for each in middle.split(",")]
            else:
                entries.append((code, name))
    return entries


def _packet(said: Mapping[str, Any], parts: Mapping[str, list[tuple[str, str]]], endian: str) -> Packet:
    fields, size = _placed([entry for part in said["fields"] for entry in parts[part]], 0, endian)
    car, end = _placed([entry for part in said.get("car", ()) for entry in parts[part]], size, endian)
    cars = said.get("cars", 0)
    described = size + cars * (end - size)
    if described != said["size"] and not (said.get("rest") and described < said["size"]):
        raise ValueError(f"A packet of {said['size']} bytes has fields for {described}.")
    where = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in said.get("where", {}).items()}
    return Packet(said["size"], where, fields, car, cars, end - size, endian)


def _placed(entries: list[tuple[str, str]], position: int, endian: str) -> tuple[tuple[Field, ...], int]:
    fields = []
    for code, name in entries:
        fields.append(Field(name, code, position))
        position += struct.calcsize(endian + code)
    return tuple(fields), position
