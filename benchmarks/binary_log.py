"""One iRacing log of an hour, landed, beside the least that could be done with it.

That is: read the records into numpy, and COPY all of them in binary into a table with a typed column a variable. It
checks nothing and keeps neither the header nor the session text.
"""

import io
import struct
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from bench import Size, bench, interleaved, table

from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.iracing_ibt import HEADER, VARIABLE_HEADER, Recording, write_ibt
from simrace.generator.session import Driver, Session

VARIABLES = 280
LAP_S = 67.0  # of this car on this layout, about
EMPTY_RAW = (
    "truncate raw.files, raw.file_sightings, raw.file_channels, raw.channel_blocks, raw.file_documents; checkpoint"
)
ROWS_AT_ONCE = 10_000
TYPES = {1: ("?", "boolean"), 2: ("i4", "integer"), 3: ("i4", "integer"), 4: ("f4", "real"), 5: ("f8", "float8")}
FIGURES = ("landing_to_copy", "landing_peak_mb", "raw_to_file_bytes")


def read_records(log: Path) -> tuple[list[str], "np.ndarray[Any, Any]"]:
    """Types of the columns in PostgreSQL, and the records with a field a column."""
    with log.open("rb") as file:
        head = file.read(1 << 20)
    header = HEADER.unpack_from(head)
    count, first, length, data = header[6], header[7], header[9], header[11]
    found = [VARIABLE_HEADER.unpack_from(head, first + VARIABLE_HEADER.size * at)[:3] for at in range(count)]
    columns = [
        (TYPES[code], offset + element * np.dtype(TYPES[code][0]).itemsize)
        for code, offset, elements in found
        for element in range(elements)
    ]
    dtype = np.dtype(
        {
            "names": [f"c{at}" for at in range(len(columns))],
            "formats": [f"<{kind}" for (kind, _), _ in columns],
            "offsets": [offset for _, offset in columns],
            "itemsize": length,
        }
    )
    return [sql for (_, sql), _ in columns], np.fromfile(log, dtype, offset=data)


def frames(records: "np.ndarray[Any, Any]") -> bytes:
    """Rows as binary COPY has them."""
    names = records.dtype.names or ()
    fields: list[Any] = [("fields", ">i2")]
    for name in names:
        fields += [(f"{name} length", ">i4"), (name, records.dtype[name].newbyteorder(">"))]
    rows = np.empty(len(records), np.dtype(fields))
    rows["fields"] = len(names)
    for name in names:
        rows[f"{name} length"], rows[name] = records.dtype[name].itemsize, records[name]
    return rows.tobytes()


def run(folder: Path, size: Size) -> dict[str, Any]:
    """One log, landed."""
    laps = max(3, round(3_600 / LAP_S * size.log_rows / 1_000_000))  # an hour at full size
    session = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), laps, (1, 7))
    [log] = write_ibt(
        folder, session, datetime(2025, 3, 18, 20, 0, tzinfo=UTC), recording=Recording(variables=VARIABLES)
    )
    with bench(folder, "binary") as here:
        here.run("simrace", "land", log)  # the first ever makes the tables
        with closing(here.connect()) as connection, connection.cursor() as cursor:

            def copy() -> float:
                cursor.execute("drop table if exists public.columns; checkpoint")
                began = time.perf_counter()
                types, records = read_records(log)
                columns = ", ".join(f"c{at} {sql}" for at, sql in enumerate(types))
                cursor.execute(f"create table public.columns ({columns})")
                pieces = (frames(records[at : at + ROWS_AT_ONCE]) for at in range(0, len(records), ROWS_AT_ONCE))
                stream = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(pieces) + struct.pack(">h", -1)
                cursor.copy_expert("copy public.columns from stdin (format binary)", io.BytesIO(stream), 1 << 20)
                return time.perf_counter() - began

            def land() -> float:
                cursor.execute(EMPTY_RAW)
                return here.timed("simrace", "land", log)

            seconds = interleaved(size.rounds, {"numpy and binary COPY": copy, "simrace land": land})
            cursor.execute(EMPTY_RAW)
            peak = here.peak_mb("simrace", "land", log)
            cursor.execute(
                "select sum(pg_total_relation_size(oid)) from pg_class where relname in "
                "('channel_blocks', 'file_channels', 'file_documents') and relnamespace = 'raw'::regnamespace"
            )
            raw_bytes = int(cursor.fetchone()[0])
            cursor.execute("select min(sample_count), count(*) from raw.file_channels")
            rows, channels = cursor.fetchone()
    return {
        "rows": rows,
        "channels": channels,
        "file_mb": log.stat().st_size / 1e6,
        "seconds": seconds,
        "landing_to_copy": seconds["simrace land"] / seconds["numpy and binary COPY"],
        "landing_peak_mb": peak,
        "raw_to_file_bytes": raw_bytes / log.stat().st_size,
    }


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    return [
        f"One iRacing log of {told['rows']:,} records and {told['channels']:,} channels ({told['file_mb']:,.0f} MB); "
        "medians of interleaved rounds.",
        "",
        *table(("figure", "value"), ((name.replace("_", " "), f"{told[name]:,.2f}") for name in FIGURES)),
        *table(("work", "seconds"), ((work, f"{taken:.2f}") for work, taken in told["seconds"].items())),
    ]
