"""Channels that are drawn under the usual ones: of the samples, of the log as it is, math channels, and one's own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from simrace.dashboard import data
from simrace.dashboard.data import rows
from simrace.dashboard.laps import CHANNELS, Channel, Lap
from simrace.dashboard.own_channel import Expression
from simrace.dashboard.units import METRIC_UNITS, unit_of

SHARE = 1.6  # of the height
KINDS = {"sample": "", "math": " (math)", "log": " (log)"}
_CORNERS = {"fl": "front left", "fr": "front right", "rl": "rear left", "rr": "rear right"}
# What counts, places or times the lap itself says nothing over the distance.
_NOT_DRAWN = {"lap_distance_m", "lap_distance_ratio", "lap_elapsed_s", "last_lap_time_s", "distance_m"}
_DELTAS = ("delta_s", "speed_delta_kph")
_LONGEST_TITLE = 14  # characters beside a row
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
    kind, channel = value.partition(":")[0], _channel(value)
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


def nameable(laps: Iterable[Lap], offer: Iterable[str]) -> dict[str, str]:
    """Channels that an expression may name: name to the channel as in the address, blank for what each trace has.

    Args:
        laps: That are shown.
        offer: Channels that can be drawn of them, as in the address.
    """
    of_trace = [str(column) for lap in laps for column in lap.trace]
    further = {_channel(value): value for value in reversed(list(offer))}  # of two with one name the first
    return {**further, **dict.fromkeys([*of_trace, *_DELTAS], "")}


def own_channel(own: Expression) -> Channel:
    """How a channel of one's own is drawn.

    Args:
        own: Its expression.
    """
    text = own.text if len(own.text) <= _LONGEST_TITLE else f"{own.text[: _LONGEST_TITLE - 1]}…"
    return Channel(f"own:{own.text}", "Own", text, 1.0, ":.4~g", SHARE)


def add_own_channel(lap: Lap, own: Expression, names: Mapping[str, str]) -> Lap:
    """A lap with its value of a channel of one's own.

    Args:
        lap: A lap that is shown.
        own: The expression.
        names: From `nameable`.
    """
    known = lap.trace
    for name in own.names:
        if names[name] and lap.session_id:  # an ideal lap is of no log
            known = add_channel(known, names[name], lap.session_id, lap.lap_number)
    if any(name in _DELTAS for name in own.names):
        known = known.merge(lap.deltas[["distance_m", *_DELTAS]], on="distance_m", how="left")
    nothing = pd.Series(np.nan, index=known.index)
    values = {name: known.get(names[name] or name, nothing) for name in own.names}
    return replace(lap, trace=lap.trace.assign(**{own_channel(own).column: own.over(known, values)}))


def _channel(value: str) -> str:
    """Name of a channel, of what stands in the address."""
    return value.partition(":")[2].rpartition(":")[0]


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
