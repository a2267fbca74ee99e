"""Writing columns of numbers as text, and giving files their time."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from simrace.lap_times import lap_time_text

ROWS_PER_CHUNK = 20_000


@dataclass(frozen=True)
class Column:
    """A column of a telemetry file.

    Attributes:
        name: Header text.
        unit: Text of the units row, empty where the format has none.
        values: One value a row, numbers or text.
        format: Percent format of one value, as "%.2f".
    """

    name: str
    unit: str
    values: NDArray[Any]
    format: str


def empty_column(name: str, unit: str, rows: int) -> Column:
    """A channel that the logger lists and never fills."""
    return Column(name, unit, np.full(rows, ""), "%s")


def write_rows(file: TextIO, columns: list[Column], newline: str, quoted: bool = False) -> None:
    """Append the columns' rows to an open file.

    Args:
        file: Text file opened with newline="".
        columns: Columns of equal length.
        newline: Line ending.
        quoted: Whether each value stands in double quotes.
    """
    template = ",".join(f'"{column.format}"' if quoted else column.format for column in columns) + newline
    for first in range(0, len(columns[0].values), ROWS_PER_CHUNK):
        chunk = [column.values[first : first + ROWS_PER_CHUNK].tolist() for column in columns]
        file.writelines(template % row for row in zip(*chunk, strict=True))


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write text as it is, whatever the platform's line ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def result_time_text(seconds: float) -> str:
    """A lap time as results write it: M:SS.mmm, or SS.mmm under a minute."""
    return lap_time_text(seconds).removeprefix("0:")


def set_modified(path: Path, happened_at: datetime) -> None:
    """Date the file an hour after what it tells of."""
    seconds = (happened_at + timedelta(hours=1)).timestamp()
    os.utime(path, (seconds, seconds))
