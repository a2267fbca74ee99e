"""What simrace sees in a file: its format, its parts, its channels and what these mean. Needs no database."""

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from ingestion.formats.identify import declared_formats, identify, refuse_binary
from ingestion.formats.logs import as_named, find_log_format
from ingestion.formats.logs.log import Log
from ingestion.formats.not_read_yet import HEAD_BYTES
from ingestion.reading import Reason, RefusedError, read_content
from simrace.build.project import project_directory
from simrace.build.seed_files import read_seed
from simrace.operations.format_draft import Known, draft

_EXAMPLES = 3


@dataclass(frozen=True)
class SeenChannel:
    """One channel of a file: name, unit, number of samples, some values, and what is known of it."""

    name: str
    unit: str
    samples: int
    examples: str
    meaning: str


@dataclass(frozen=True)
class Seen:
    """What is seen in a file.

    Attributes:
        source_format: Its format; empty for a file that is refused.
        facts: What else is seen, by what it is.
        channels: Of a log.
        refusal: Why it would be refused; empty where it would not.
        draft: A declaration to begin with, of a text that nobody knows; empty where there is none.
    """

    source_format: str
    facts: dict[str, str]
    channels: tuple[SeenChannel, ...] = ()
    refusal: str = ""
    draft: str = ""


def check_file(file: Path) -> Seen:
    """Look at a file as landing does.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if log_format := find_log_format(head):
            log = log_format.open(file)
            return Seen(log_format.name, {}, _channels(log, log_format.name))
        refuse_binary(head)
        content = read_content(file)
    except OSError as error:
        return Seen("", {}, refusal=f"unreadable: {error.strerror}")
    except RefusedError as error:
        return Seen("", {}, refusal=str(as_named(error, file.name)))
    try:
        identity = identify(content)
    except RefusedError as error:
        name = re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "log"
        known = {(name.lower(), unit.lower()): each[0] for (_, name, unit), each in _known().items()}
        name = name if name[0].isalpha() else f"log_{name}"
        is_drafted = error.reason in (Reason.UNKNOWN_FORMAT, Reason.KNOWN_NOT_SUPPORTED)
        return Seen(
            "",
            {},
            refusal=str(as_named(error, file.name)),
            draft=(draft(content, name[:50], known) if is_drafted else "") or "",
        )
    facts = {"encoding": content.encoding, "lines": f"{content.line_count:,}"}
    if identity.delimiter:
        facts["delimiter"] = repr(identity.delimiter)
    if identity.layout:
        facts["header line"], facts["first data line"] = map(str, identity.layout[::2])
    if identity.entry_count is not None:
        facts["rows"] = f"{identity.entry_count:,}"
    if identity.log is None:
        return Seen(identity.source_format, facts)
    told: dict[str, Any] = identity.log.documents[0].content or {}
    facts["decimal mark"] = "comma" if told["decimal_comma"] else "point"
    facts |= {f"told: {kind}": str(said) for kind, said in told["told"].items()}
    clock = next(channel for channel in identity.log.channels if channel.details.get("role") == "clock")
    facts["rows a second"] = f"{clock.sample_rate_hz:g}" if clock.sample_rate_hz else "not known"
    return Seen(identity.source_format, facts, _channels(identity.log, identity.source_format))


def _channels(log: Log, source_format: str) -> tuple[SeenChannel, ...]:
    examples: dict[int, str] = {}
    for block in takewhile(lambda each: each.block_number == 1, log.blocks()):
        examples[block.channel_number] = ", ".join(f"{value:g}" for value in block.values[:_EXAMPLES])
    known = _known()
    return tuple(
        SeenChannel(
            channel.name,
            channel.unit,
            channel.sample_count,
            examples.get(channel.number, ""),
            "; ".join(
                f"{each.channel} = {each.factor} x" + (f" + {each.offset}" if float(each.offset) else "")
                for each in known.get((source_format, channel.name.strip(), channel.unit.strip()), [])
            ),
        )
        for channel in log.channels
        if "role" not in channel.details
    )


def _known() -> dict[tuple[str, str, str], list[Known]]:
    """What channels mean, by format, name and unit: of the seeds, and of users."""
    found: dict[tuple[str, str, str], list[Known]] = defaultdict(list)
    for row in read_seed(project_directory(), "telemetry_channels"):
        key = row["source_format"], row["source_channel"], row["source_unit"]
        found[key].append(Known(row["canonical_channel"], row["factor"], row["offset_value"], row["source_format"]))
    for declared in declared_formats():
        for channel in declared.channels:
            name = declared.known.name
            known = Known(channel.channel, f"{channel.factor:.12g}", f"{channel.offset:.12g}", name)
            found[name, channel.name, channel.unit].append(known)
    return found
