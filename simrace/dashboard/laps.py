"""Figures of laps over the distance: channels under each other, the map, mini-sectors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from simrace.dashboard.charts import COLOURS, GAIN_TO_LOSS, NEUTRAL, SPEEDS, bar, figure, style
from simrace.dashboard.data import rows
from simrace.dashboard.units import Unit, unit, unit_of
from simrace.dashboard.words import literal


class Channel(NamedTuple):
    """A row of the figure.

    Attributes:
        column: Of the trace.
        name: What it is called.
        unit: What its axis says, where units do not differ by choice.
        factor: To that unit.
        form: Format of a value.
        share: Of the height.
        measured: Column whose unit is chosen by the reader; blank for none.
    """

    column: str
    name: str
    unit: str
    factor: float
    form: str
    share: float
    measured: str = ""

    @property
    def shown(self) -> Unit:
        """Its unit on the page."""
        return unit_of(self.measured) or Unit(self.unit, self.factor)

    @property
    def title(self) -> str:
        """Of its axis."""
        return "<br>".join(literal(part) for part in (self.name, self.shown.name) if part)


CHANNELS = (
    Channel("speed_kph", "Speed", "", 1, ":.1f", 3.0, "speed_kph"),
    Channel("delta_s", "Delta", "s", 1, ":+.3f", 2.0),
    Channel("throttle_ratio", "Throttle", "%", 100, ":.0f", 1.3),
    Channel("brake_ratio", "Brake", "%", 100, ":.0f", 1.3),
    Channel("steering_deg", "Steering", "°", 1, ":.0f", 1.3),
    Channel("gear", "Gear", "", 1, ":.0f", 1.0),
)
HEIGHT, HEIGHT_A_ROW = 900, 110  # pixels; a row more makes the figure higher
AROUND_M = 30.0  # shown before and after the zone of a corner
GAP = 0.02
NUMBER_AWAY_PX = 14


@dataclass(frozen=True)
class Lap:
    """A lap that is shown.

    Attributes:
        index: Its place among the laps shown, 0 is the reference.
        label: What it is called.
        trace: Channels over the distance.
        deltas: Time and speed against the reference over the distance.
        minisectors: Time against the reference by mini-sector.
        corners: How each corner was driven.
        session_id: Its session.
        lap_number: Its number there.
    """

    index: int
    label: str
    trace: pd.DataFrame
    deltas: pd.DataFrame
    minisectors: pd.DataFrame
    corners: pd.DataFrame
    session_id: str = ""
    lap_number: int = 0

    @property
    def letter(self) -> str:
        """Its letter in tables and on the cursor."""
        return ascii_uppercase[self.index]


def channels_figure(
    laps: list[Lap],
    cursor_m: float,
    more: Sequence[Channel] = (),
    corners: pd.DataFrame | None = None,
    zoom: Any = None,
) -> go.Figure:
    """All channels of the laps under each other on one axis of distance: one zoom, one cursor.

    Args:
        laps: The reference first.
        cursor_m: Where the cursor stands, in metres from the line.
        more: Channels under the usual ones.
        corners: Of the layout; they are shaded.
        zoom: The corner that is shown alone; None for the whole lap.
    """
    metres = unit("m")
    compared = laps[1:]
    shown = [
        channel
        for channel in (*CHANNELS, *more)
        if any(_has(lap, channel.column) for lap in (compared if channel.column == "delta_s" else laps))
    ]
    made = figure(height=HEIGHT + HEIGHT_A_ROW * len(more))
    top, total = 1.0, sum(channel.share for channel in shown)
    for number, channel in enumerate(shown, start=1):
        bottom = top - channel.share / total * (1 - GAP * (len(shown) - 1))
        # Round, because the lowest axis could end slightly below 0, which Plotly refuses.
        domain = [max(0, round(bottom, 6)), round(top, 6)]
        made.update_layout({f"yaxis{number}": {"domain": domain, "title": channel.title}})
        made.update_layout({f"yaxis{number}": {"fixedrange": True, "title_standoff": 4, "anchor": "x"}})
        if channel.column == "gear":
            made.update_layout({f"yaxis{number}": {"dtick": 1}})
        top = bottom - GAP
        for lap in laps:
            distances, values = _values(lap, channel.column)
            told = f"{lap.letter} {channel.title.replace('<br>', ' ')}".replace("%{", "% {")
            made.add_scatter(
                x=metres.of(distances),
                y=channel.shown.of(values),
                yaxis=f"y{number}",
                name=literal(f"{lap.letter}  {lap.label}"),
                legendgroup=lap.letter,
                showlegend=number == 1,
                line=style(lap.index) | {"shape": "hv" if channel.column == "gear" else "linear"},
                hovertemplate=f"{told} %{{y{channel.form}}}<extra></extra>",
            )
    made.update_layout(
        hovermode="x unified",
        hoversubplots="axis",
        xaxis={
            "title": f"Distance from the line, {metres.name}",
            "anchor": f"y{len(shown)}",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikecolor": NEUTRAL,
            "spikedash": "solid",
            "hoverformat": ",.0f",
            "unifiedhovertitle": {"text": f"%{{x:,.0f}} {metres.name}"},
        },
    )
    place = metres.of(cursor_m)
    made.add_shape(x0=place, x1=place, y0=0, y1=1, yref="paper", line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    for corner in rows(corners if corners is not None else pd.DataFrame()):
        made.add_shape(
            type="rect", x0=metres.of(corner.start_m), x1=metres.of(corner.end_m), y0=0, y1=1, yref="paper",
            fillcolor=NEUTRAL, opacity=0.13, line={"width": 0}, layer="below",
        )  # fmt: skip
        made.add_annotation(
            x=metres.of(corner.apex_m), y=1, yref="paper", yanchor="top", showarrow=False, font={"size": 11},
            text=literal(corner_name(corner) if zoom is not None else corner.corner_number),
        )  # fmt: skip
    if zoom is not None:
        made.update_xaxes(range=[metres.of(place_m) for place_m in _around(zoom)])
    return made


def corner_name(corner: Any) -> str:
    """A corner for people: its number, and its name where it has one."""
    number = str(corner.corner_number)
    return number if corner.corner_name in (None, "", number) else f"{number} {corner.corner_name}"


def corner_at(corners: pd.DataFrame, place_m: float) -> str | None:
    """Number of the corner in whose zone a place is; None for none.

    Args:
        corners: Of the layout.
        place_m: Metres from the line.
    """
    inside = corners[(corners.zone_start_m <= place_m) & (place_m <= corners.zone_end_m)]
    return None if inside.empty else str(inside.corner_number.iloc[0])


def _around(corner: Any) -> tuple[float, float]:
    """Where a corner is looked at: from before its braking to behind its exit."""
    return corner.zone_start_m - AROUND_M, corner.zone_end_m + AROUND_M


def nearest(trace: pd.DataFrame, place_m: float) -> int:
    """Row of a trace that is nearest to a place.

    Args:
        trace: Points over the distance.
        place_m: Metres from the line.
    """
    return int((trace.distance_m - place_m).abs().argmin())


def missing_channels(lap: Lap) -> list[str]:
    """Names of the channels that the files of a lap do not have.

    Args:
        lap: The lap.
    """
    return [channel.name.lower() for channel in CHANNELS if not _has(lap, channel.column)]


def _has(lap: Lap, column: str) -> bool:
    return bool(_values(lap, column)[1].notna().any())


def _values(lap: Lap, column: str) -> tuple[pd.Series, pd.Series]:
    frame = lap.deltas if column == "delta_s" else lap.trace
    if column not in frame:  # an ideal lap has the usual channels alone
        return frame.distance_m, pd.Series(float("nan"), index=frame.index)
    return frame.distance_m, pd.to_numeric(frame[column])


def map_figure(
    lap: Lap,
    corners: pd.DataFrame,
    colouring: str,
    cursor_m: float | None,
    zoom: Any = None,
    clicked: str = ": click to zoom",
) -> go.Figure:
    """The track as a lap drove it, coloured by what it did.

    Args:
        lap: The lap.
        corners: Number, name and places of each corner of the layout.
        colouring: speed; or delta or speed_delta, against the reference.
        cursor_m: Where the cursor stands, in metres from the line; None for none.
        zoom: The corner that is shown alone; None for the whole lap.
        clicked: What a click on a corner does, as it is told.
    """
    trace = lap.trace
    if colouring != "speed":
        trace = trace.merge(lap.deltas, on="distance_m")
    speed = unit("kph")
    column, title, written = {
        "speed": ("speed_kph", speed.name, ".0f"),
        "delta": ("delta_s", "s", "+.3f"),
        "speed_delta": ("speed_delta_kph", speed.name, "+.1f"),
    }[colouring]
    values = pd.to_numeric(trace[column]) * (1 if colouring == "delta" else speed.factor)
    scale: dict[str, object] = {"colorscale": SPEEDS}
    if colouring != "speed":
        most = float(values.abs().max()) or 1.0
        # More time is a loss, and more speed is a gain.
        scale = {"colorscale": GAIN_TO_LOSS, "reversescale": colouring == "speed_delta", "cmin": -most, "cmax": most}
    metres = unit("m")
    made = figure(height=420)
    made.add_scatter(
        # As lists, because linked_cursor.py reads them in the page, where Plotly does not unpack arrays.
        x=trace.x_m.tolist(),
        y=trace.y_m.tolist(),
        mode="markers",
        customdata=metres.of(trace.distance_m).tolist(),
        marker={"color": values, "size": 6, "colorbar": {"title": title, "thickness": 12}, **scale},
        hovertemplate=f"%{{customdata:,.0f}} {metres.name}<br>%{{marker.color:{written}}} {title}<extra></extra>",
        showlegend=False,
        unselected={"marker": {"opacity": 1}},
    )
    places = [(corner, nearest(trace, corner.apex_m)) for corner in rows(corners)]
    for corner, row in places:
        before, apex, after = (trace.iloc[(row + step) % len(trace)] for step in (-2, 0, 2))
        ahead_x, ahead_y = after.x_m - before.x_m, after.y_m - before.y_m
        away = NUMBER_AWAY_PX / (math.hypot(ahead_x, ahead_y) or 1.0) * (1 if corner.direction == "left" else -1)
        # On the outside of the corner.
        made.add_annotation(
            x=apex.x_m, y=apex.y_m, text=literal(corner_name(corner)), showarrow=False,
            xshift=away * ahead_y, yshift=-away * ahead_x,
        )  # fmt: skip
    made.add_scatter(
        x=[trace.x_m.iloc[row] for _, row in places],
        y=[trace.y_m.iloc[row] for _, row in places],
        mode="markers",
        customdata=[metres.of(corner.apex_m) for corner, _ in places],
        text=[literal(corner_name(corner)) for corner, _ in places],
        marker={"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}},
        name=f"corner{clicked}",
        hovertemplate=f"Corner %{{text}}{clicked}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    for place_m, symbol, size, name in ((0.0, "line-ew-open", 18, "line"), (cursor_m, "circle-open", 18, "cursor")):
        if place_m is None:
            continue
        place = trace.iloc[nearest(trace, place_m)]
        made.add_scatter(
            x=[place.x_m],
            y=[place.y_m],
            mode="markers",
            marker={"symbol": symbol, "size": size, "color": COLOURS[3], "line": {"width": 3}},
            name=name,
            hoverinfo="skip",
            unselected={"marker": {"opacity": 1}},
        )
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False, scaleanchor="x")
    if zoom is not None:
        low, high = _around(zoom)
        seen = trace[trace.distance_m.between(low, high)]
        half = 0.55 * max(seen.x_m.max() - seen.x_m.min(), seen.y_m.max() - seen.y_m.min(), 1.0)
        middle = {"x": (seen.x_m.max() + seen.x_m.min()) / 2, "y": (seen.y_m.max() + seen.y_m.min()) / 2}
        made.update_xaxes(range=[middle["x"] - half, middle["x"] + half])
        made.update_yaxes(range=[middle["y"] - half, middle["y"] + half])
    return made


def minisector_figure(laps: list[Lap]) -> go.Figure:
    """Bars of the time that each mini-sector gains or loses against the reference.

    Args:
        laps: The reference first; it has no bars.
    """
    metres = unit("m")
    made = figure(height=300, x_title="Mini-sector", y_title="Against A, s")
    for lap in laps[1:]:
        made.add_bar(
            x=lap.minisectors.minisector,
            y=lap.minisectors.delta_s,
            name=lap.letter,
            customdata=metres.of(lap.minisectors[["start_m", "end_m"]].astype("float64")),
            marker=bar(lap.index),
            hovertemplate=f"{lap.letter} %{{y:+.3f}} s<br>%{{customdata[0]:,.0f}} to %{{customdata[1]:,.0f}} "
            f"{metres.name}<extra></extra>",
        )
    made.update_layout(showlegend=True, hovermode="x unified", bargap=0.15)
    made.update_xaxes(dtick=5, tick0=0)
    return made
