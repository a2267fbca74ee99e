"""How MoTeC i2 and iRacing write a line and a time of day: for the export of laps and for sample files."""

from collections.abc import Iterable
from datetime import datetime


def quoted_line(cells: Iterable[object]) -> str:
    """A CSV line with every cell quoted, without its ending."""
    return ",".join(f'"{cell}"' for cell in cells)


def clock_12h(at: datetime) -> str:
    """Time of day as Windows writes it in the United States, as 7:08:21 PM."""
    return f"{at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
