"""Each format is recognised by the loader and described in the seed, under one name."""

import csv
from pathlib import Path

from ingestion.formats.identify import formats
from ingestion.formats.kinds import TableFormat
from ingestion.formats.logs import log_formats

ROOT = Path(__file__).parents[2]


def test_every_format_that_is_read_has_one_row_in_the_seed() -> None:
    with (ROOT / "seeds" / "source_formats.csv").open(encoding="utf-8", newline="") as seed:
        described = [(row["source_format"], row["format_family"]) for row in csv.DictReader(seed)]
    texts = {(known.name, str(known.family)) for known in formats()}  # a format can have shapes
    texts |= {(known.kept_as, "layouts") for known in formats() if isinstance(known, TableFormat) and known.kept_as}
    assert sorted(described) == sorted([*texts, *((known.name, "telemetry") for known in log_formats())])
