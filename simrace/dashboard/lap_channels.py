"""Channels that are drawn under the usual ones: of the samples, of the log as it is, and math channels."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from simrace.dashboard import data
from simrace.dashboard.data import rows
from simrace.dashboard.laps import CHANNELS, Channel
from simrace.dashboard.units import METRIC_UNITS, unit_of

SHARE = 1.6  # of the height
KINDS = {"sample": "", "math": " (math)", "log": " (log)"}
_CORNERS = {"fl": "front left", "fr": "front right", "rl": "rear left", "rr": "rear right"}
# What counts, places or times the lap itself says nothing over the distance.
_NOT_DRAWN = {"lap_distance_m", "lap_distance_ratio", "lap_elapsed_s", "last_lap_time_s", "distance_m"}
_OTHER_UNITS = {"ratio": "0 to 1", "g": "g", "deg": "°", "dps": "°/s", "s": "s"}


def offered(laps: Iterable[tuple[str, int]]) -> dict[str, str]:
    """What can be drawn of these laps: value in the address to what is shown of it.

    Args:
        laps: Session and number of each.
    """
    found: dict[str, str] = {}
    usual = {channel.column for channel in CHANNELS} | _NOT_DRAWN
    for session_id, lap_number in laps:
        for row in rows(data.query("lap_comparison/channels", session_id=session_id, lap_number=lap_number)):
            if row.channel not in usual:
                found.setdefault(f"{row.kind}:{row.channel}:{row.unit}", f"{_name(row)}{KINDS[row.kind]}")
    return found


def channel_of(value: str, label: str) -> Channel:
    """How a chosen channel is drawn.

    Args:
        value: As in the address.
        label: What is shown of it.
    """
    kind, _, rest = value.partition(":")
    name, _, unit = rest.rpartition(":")
    shown = unit or (_unit(name) if kind == "sample" else "")
    title = label.removesuffix(KINDS[kind]) if KINDS[kind] else label
    return Channel(value, title, shown, 1.0, ":.4~g", SHARE, name if kind == "sample" else "")


def add_channel(trace: pd.DataFrame, value: str, session_id: str, lap_number: int) -> pd.DataFrame:
    """The trace of a lap with a column more, between whose samples it is interpolated.

    Args:
        trace: Of the lap.
        value: The channel, as in the address.
        session_id: Of the lap.
        lap_number: Of the lap.
    """
    kind, _, rest = value.partition(":")
    channel = rest.rpartition(":")[0]
    own = {"session_id": session_id, "lap_number": lap_number, "channel": channel}
    match kind:
        case "sample":
            found = data.query("lap_comparison/channel_of_sample", **own)
        case "math":
            found = data.query("lap_comparison/channel_of_math", **own)
        case _:
            found = data.query("lap_comparison/channel_of_log", **own)
    known = found.dropna()
    if known.empty:
        return trace.assign(**{value: np.nan})
    # the time of a trace is stretched to the lap's, by thousandths
    elapsed = trace.lap_elapsed_s * (known.lap_s.iloc[0] / trace.lap_elapsed_s.max())
    return trace.assign(**{value: np.interp(elapsed, known.since_s, known.value)})


def _name(row: object) -> str:
    channel, kind = str(row.channel), row.kind  # type: ignore[attr-defined]
    if kind == "log":
        return channel
    words = [_CORNERS.get(word, word) for word in channel.split("_")]
    if kind == "sample" and words[-1] in {*METRIC_UNITS, *_OTHER_UNITS}:
        words = words[:-1]
    return re.sub("^rpm$", "Engine speed", " ".join(words)).replace("tc ", "TC ").replace("abs ", "ABS ").capitalize()


def _unit(column: str) -> str:
    shown = unit_of(column)
    return shown.name if shown else _OTHER_UNITS.get(column.rpartition("_")[2], "")
