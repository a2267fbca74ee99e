"""How values are written for people. What comes from files is data: no page may read it as Markdown or HTML."""

import html
from datetime import datetime
from typing import Any

import pandas as pd

from simrace.lap_times import lap_time_text

UNKNOWN = "unknown"


def lap_time(seconds: float | None) -> str:
    """A lap time as drivers read it: 107.654 s is 1:47.654; nothing for none."""
    if seconds is None or pd.isna(seconds):
        return ""
    return lap_time_text(seconds)


def race_time(seconds: float) -> str:
    """The time of a race as it is told: 5,067.8 s is 1:24:28."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def day(at: datetime | None) -> str:
    """A date, or that it is unknown."""
    return UNKNOWN if at is None or pd.isna(at) else f"{at:%Y-%m-%d}"


def moment(at: datetime | None) -> str:
    """A date and time in UTC, or that it is unknown."""
    return UNKNOWN if at is None or pd.isna(at) else f"{at:%Y-%m-%d %H:%M}"


def joined(*parts: Any) -> str:
    """The parts that are there, with commas between."""
    return ", ".join(str(part) for part in parts if part is not None and not pd.isna(part) and part != "")


def literal(text: object) -> str:
    """Text as Plotly shows it letter by letter; it would read <b> and <a> in a name as HTML."""
    return html.escape(str(text), quote=False)
