"""Each format is recognised by the loader and described in the seed, under one name."""

import csv
from collections import Counter
from pathlib import Path

from ingestion.formats.declarations import read_entries
from ingestion.formats.identify import formats
from ingestion.formats.kinds import TableFormat
from ingestion.formats.logs import log_formats
from ingestion.formats.text_loggers import DECLARED
from simrace.live.formats import json_formats, packet_formats

ROOT = Path(__file__).parents[2]


def test_every_format_that_is_read_has_one_row_in_the_seed() -> None:
    with (ROOT / "seeds" / "source_formats.csv").open(encoding="utf-8", newline="") as seed:
        described = [(row["source_format"], row["format_family"]) for row in csv.DictReader(seed)]
    texts = {(known.name, str(known.family)) for known in formats()}  # a format can have shapes
    texts |= {(known.name, "telemetry") for known in (*json_formats(), *packet_formats())}
    texts |= {(known.kept_as, "layouts") for known in formats() if isinstance(known, TableFormat) and known.kept_as}
    assert sorted(described) == sorted([*texts, *((known.name, "telemetry") for known in log_formats())])


def costs_of_text_loggers() -> list[str]:
    """What each text logger took, as rows of the table in docs/formats.md."""
    with (ROOT / "seeds" / "telemetry_channels.csv").open(encoding="utf-8", newline="") as seed:
        channels = Counter(row["source_format"] for row in csv.DictReader(seed))
    lines: dict[str, int] = {}
    code: dict[str, str] = {}
    for entry in read_entries(DECLARED):
        name = entry.values.get("shape_of", entry.name)
        declared = [line for line in entry.text.splitlines() if line.strip() and not line.startswith("#")]
        lines[name] = lines.get(name, 0) + len(declared)
        code.setdefault(name, "0")
        if document := entry.values.get("document"):
            text = (DECLARED.parent / "text_log" / f"{document}.py").read_text(encoding="utf-8")
            code[name] = f"{len([line for line in text.splitlines() if line.strip()])} (`{document}.py`)"
    return [f"| `{name}` | {lines[name]} | {code[name]} | {channels[name]} |" for name in lines]


def test_the_documents_say_what_each_text_logger_took() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    head = "| text logger | lines of declaration | lines of Python | channels |\n|---|---:|---:|---:|\n"
    _, _, below = text.partition(head)
    table, _, _ = below.partition("\n\n")
    costs = costs_of_text_loggers()
    assert table.splitlines() == costs, "the table in docs/formats.md is to be:\n" + "\n".join(costs)
