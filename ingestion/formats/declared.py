"""Formats of a user's own: text loggers that files in `SIMRACE_HOME/formats` declare.

An entry has the keys of `text_loggers.toml`, is always read as a log is, and says of itself what the seeds say of the
formats that come with simrace: what it is called, whose it is, and what its channels mean.

    [my_logger_csv]
    title = "My logger"
    sim = "my_logger"
    first_row = ["My logger"]
    header = "after_preamble"
    clock = { columns = ["Time"] }
    channels = [
        { name = "Speed", unit = "mph", channel = "speed_kph", factor = 1.609344 },
    ]

A format that comes with simrace is tried before these, and these before what is refused by name: in the order of the
files' names, and in a file from its top.
"""

import hashlib
import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ingestion.formats.declarations import Entry, read_entries
from ingestion.formats.kinds import TableFormat
from ingestion.formats.text_loggers import text_logger
from ingestion.settings import home_directory

DATE_ORDERS = ("dmy", "mdy")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
# As seeds/source_formats.csv and seeds/telemetry_channels.csv have them.
_OF_SEEDS = {
    "title": str,
    "sim": str,
    "source_rank": int,
    "date_order": str,
    "default_sample_rate_hz": float,
    "channels": list,
}
_OF_CHANNELS = {"name": str, "unit": str, "channel": str, "factor": float, "offset": float, "priority": int}


@dataclass(frozen=True)
class DeclaredChannel:
    """What a channel of a declared format means: value x factor + offset is that of a canonical channel.

    Attributes:
        name: As the file has it, without its unit.
        unit: As the file has it; empty where it has none.
        channel: Canonical channel; only who knows all of them can say whether there is one of this name.
        factor: Canonical units in one of the file's.
        offset: In the canonical unit.
        priority: Of several channels for one canonical channel the lowest that has values counts.
        entry: Where it stands.
    """

    name: str
    unit: str
    channel: str
    factor: float
    offset: float
    priority: int
    entry: Entry


@dataclass(frozen=True)
class DeclaredFormat:
    """A format of a user's own.

    Attributes:
        known: How its files are recognised and read.
        title: What people call it.
        sim: Whose files these are; the first part of ids of drivers, cars and layouts.
        source_rank: Of several files of one session the lowest counts.
        date_order: dmy or mdy, for a date that can be read two ways; None where it has none.
        default_sample_rate_hz: Rows a second where nothing says it.
        channels: What its channels mean.
        digest: SHA-256 of all that it declares, in hexadecimal.
        entry: Where it stands.
    """

    known: TableFormat
    title: str
    sim: str
    source_rank: int
    date_order: str | None
    default_sample_rate_hz: float | None
    channels: tuple[DeclaredChannel, ...]
    digest: str
    entry: Entry


def declared_folder() -> Path:
    """Where users declare formats."""
    return home_directory() / "formats"


def declaration_files() -> list[Path]:
    """The files that declare them, in the order in which they count."""
    return sorted(path for path in declared_folder().glob("*.toml") if not path.name.startswith("."))


def read_declared(file: Path) -> tuple[DeclaredFormat, ...]:
    """The formats of one file.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    return tuple(map(_format, read_entries(file)))


def check_names(declared: Collection[DeclaredFormat], taken: Collection[str]) -> None:
    """Check that each format has a name of its own.

    Args:
        declared: Formats of users.
        taken: Names of formats that come with simrace.

    Raises:
        DeclarationError: a name stands for two formats.
    """
    found: dict[str, Entry] = {}
    for each in declared:
        name = each.entry.name
        if name in taken:
            raise each.entry.wrong("is the name of a format that comes with simrace; give it another")
        if name in found:
            raise each.entry.wrong(f"stands in {found[name].file} too; give one of the two another name")
        found[name] = each.entry


def _format(entry: Entry) -> DeclaredFormat:
    values = entry.values
    own = {key: value for key, value in values.items() if key in _OF_SEEDS}
    channels = _channels(entry)
    # the list of channels is checked above, a table each
    Entry(entry.name, {**own, "channels": []}, entry.file, entry.line, entry.text).check(_OF_SEEDS, ["title", "sim"])
    if not _NAME.fullmatch(entry.name):
        raise entry.wrong("needs a name of a to z, 0 to 9 and _ that begins with a letter")
    if not _NAME.fullmatch(own["sim"]):
        raise entry.wrong(f"needs for sim a to z, 0 to 9 and _, not {own['sim']!r}", "sim")
    if own.get("date_order", DATE_ORDERS[0]) not in DATE_ORDERS:
        raise entry.wrong(
            f"has for date_order {own['date_order']!r}; there are: {', '.join(DATE_ORDERS)}", "date_order"
        )
    for key, most in (("source_rank", 1_000), ("default_sample_rate_hz", 1e6)):
        if not 0 < own.get(key, 1) <= most:
            raise entry.wrong(f"needs for {key} a number over 0 and up to {most:,.0f}, not {own[key]}", key)
    if "clock" not in values:
        raise entry.wrong("needs a clock, such as { columns = ['Time'] }: what has the time of a row")
    read = {key: value for key, value in values.items() if key not in _OF_SEEDS}
    rate = own.get("default_sample_rate_hz")
    return DeclaredFormat(
        known=text_logger(Entry(entry.name, read, entry.file, entry.line, entry.text)),
        title=own["title"],
        sim=own["sim"],
        source_rank=own.get("source_rank", 1),
        date_order=own.get("date_order"),
        default_sample_rate_hz=None if rate is None else float(rate),
        channels=channels,
        digest=hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest(),
        entry=entry,
    )


def _channels(entry: Entry) -> tuple[DeclaredChannel, ...]:
    found: dict[tuple[str, str], DeclaredChannel] = {}
    for part in entry.parts("channels"):
        part.check(_OF_CHANNELS, ["name", "channel"])
        values = part.values
        channel = DeclaredChannel(
            name=values["name"].strip(),
            unit=values.get("unit", "").strip(),
            channel=values["channel"],
            factor=float(values.get("factor", 1)),
            offset=float(values.get("offset", 0)),
            priority=values.get("priority", 1),
            entry=part,
        )
        if not math.isfinite(channel.factor) or not channel.factor or not math.isfinite(channel.offset):
            raise part.wrong("needs for factor a number other than 0, and for offset a number")
        if not 0 < channel.priority < 1_000:
            raise part.wrong("needs for priority a whole number from 1 to 999")
        if (channel.name, channel.unit) in found:
            unit = f" in {channel.unit}" if channel.unit else ""
            raise part.wrong(f"has {channel.name!r}{unit} a second time; a channel means one thing")
        found[channel.name, channel.unit] = channel
    return tuple(found.values())
