"""Figures of laps over the distance: channels under each other, the map, mini-sectors."""

import math
from dataclasses import dataclass
from string import ascii_uppercase

import pandas as pd
import plotly.graph_objects as go

from simrace.dashboard.charts import COLOURS, GAIN_TO_LOSS, NEUTRAL, SPEEDS, figure, style
from simrace.dashboard.data import rows
from simrace.dashboard.words import literal

# For each channel: column, title of the axis, factor to its unit, format of a value, share of the height.
CHANNELS = (
    ("speed_kph", "Speed<br>km/h", 1, ":.1f", 3.0),
    ("delta_s", "Delta<br>s", 1, ":+.3f", 2.0),
    ("throttle_ratio", "Throttle<br>%", 100, ":.0f", 1.3),
    ("brake_ratio", "Brake<br>%", 100, ":.0f", 1.3),
    ("steering_deg", "Steering<br>°", 1, ":.0f", 1.3),
    ("gear", "Gear", 1, ":.0f", 1.0),
)
GAP = 0.02
NUMBER_AWAY_PX = 14
PATTERNS = ("", "/", "\\", "x", "-", "+")


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
    """

    index: int
    label: str
    trace: pd.DataFrame
    deltas: pd.DataFrame
    minisectors: pd.DataFrame
    corners: pd.DataFrame

    @property
    def letter(self) -> str:
        """Its letter in tables and on the cursor."""
        return ascii_uppercase[self.index]


def channels_figure(laps: list[Lap], cursor_m: float) -> go.Figure:
    """All channels of the laps under each other on one axis of distance: one zoom, one cursor.

    Args:
        laps: The reference first.
        cursor_m: Where the cursor stands, in metres from the line.
    """
    compared = laps[1:]
    shown = [
        channel
        for channel in CHANNELS
        if any(_has(lap, channel[0]) for lap in (compared if channel[0] == "delta_s" else laps))
    ]
    made = figure(height=900)
    top, total = 1.0, sum(channel[4] for channel in shown)
    for number, (column, title, factor, written, share) in enumerate(shown, start=1):
        bottom = top - share / total * (1 - GAP * (len(shown) - 1))
        # Round, because the lowest axis could end slightly below 0, which Plotly refuses.
        made.update_layout({f"yaxis{number}": {"domain": [max(0, round(bottom, 6)), round(top, 6)], "title": title}})
        made.update_layout({f"yaxis{number}": {"fixedrange": True, "title_standoff": 4, "anchor": "x"}})
        top = bottom - GAP
        for lap in laps:
            distances, values = _values(lap, column)
            made.add_scatter(
                x=distances,
                y=values * factor,
                yaxis=f"y{number}",
                name=literal(f"{lap.letter}  {lap.label}"),
                legendgroup=lap.letter,
                showlegend=number == 1,
                line=style(lap.index) | {"shape": "hv" if column == "gear" else "linear"},
                hovertemplate=f"{lap.letter} {title.replace('<br>', ' ')} %{{y{written}}}<extra></extra>",
            )
    made.update_layout(
        hovermode="x unified",
        hoversubplots="axis",
        xaxis={
            "title": "Distance from the line, m",
            "anchor": f"y{len(shown)}",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikecolor": NEUTRAL,
            "spikedash": "solid",
            "hoverformat": ",.0f",
            "unifiedhovertitle": {"text": "%{x:,.0f} m"},
        },
    )
    made.add_shape(
        x0=cursor_m, x1=cursor_m, y0=0, y1=1, yref="paper", line={"color": NEUTRAL, "width": 1, "dash": "dot"}
    )
    return made


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
    return [title.partition("<")[0].lower() for column, title, *_ in CHANNELS if not _has(lap, column)]


def _has(lap: Lap, column: str) -> bool:
    return bool(_values(lap, column)[1].notna().any())


def _values(lap: Lap, column: str) -> tuple[pd.Series, pd.Series]:
    frame = lap.deltas if column == "delta_s" else lap.trace
    return frame.distance_m, pd.to_numeric(frame[column])


def map_figure(lap: Lap, corners: pd.DataFrame, colouring: str, cursor_m: float) -> go.Figure:
    """The track as a lap drove it, coloured by what it did.

    Args:
        lap: The lap.
        corners: Number and apex of each corner of the layout.
        colouring: speed; or delta or speed_delta, against the reference.
        cursor_m: Where the cursor stands, in metres from the line.
    """
    trace = lap.trace
    if colouring != "speed":
        trace = trace.merge(lap.deltas, on="distance_m")
    column, title, written = {
        "speed": ("speed_kph", "km/h", ".0f"),
        "delta": ("delta_s", "s", "+.3f"),
        "speed_delta": ("speed_delta_kph", "km/h", "+.1f"),
    }[colouring]
    values = pd.to_numeric(trace[column])
    scale: dict[str, object] = {"colorscale": SPEEDS}
    if colouring != "speed":
        most = float(values.abs().max()) or 1.0
        # More time is a loss, and more speed is a gain.
        scale = {"colorscale": GAIN_TO_LOSS, "reversescale": colouring == "speed_delta", "cmin": -most, "cmax": most}
    made = figure(height=420)
    made.add_scatter(
        # As lists, because linked_cursor.py reads them in the page, where Plotly does not unpack arrays.
        x=trace.x_m.tolist(),
        y=trace.y_m.tolist(),
        mode="markers",
        customdata=trace.distance_m.tolist(),
        marker={"color": values, "size": 6, "colorbar": {"title": title, "thickness": 12}, **scale},
        hovertemplate=f"%{{customdata:,.0f}} m<br>%{{marker.color:{written}}} {title}<extra></extra>",
        showlegend=False,
    )
    for corner in rows(corners):
        row = nearest(trace, corner.apex_m)
        before, apex, after = (trace.iloc[(row + step) % len(trace)] for step in (-2, 0, 2))
        ahead_x, ahead_y = after.x_m - before.x_m, after.y_m - before.y_m
        away = NUMBER_AWAY_PX / (math.hypot(ahead_x, ahead_y) or 1.0) * (1 if corner.direction == "left" else -1)
        # On the outside of the corner.
        made.add_annotation(
            x=apex.x_m, y=apex.y_m, text=str(corner.corner_number), showarrow=False,
            xshift=away * ahead_y, yshift=-away * ahead_x,
        )  # fmt: skip
    for place_m, symbol, size, name in ((0.0, "line-ew-open", 18, "line"), (cursor_m, "circle-open", 18, "cursor")):
        place = trace.iloc[nearest(trace, place_m)]
        made.add_scatter(
            x=[place.x_m],
            y=[place.y_m],
            mode="markers",
            marker={"symbol": symbol, "size": size, "color": COLOURS[3], "line": {"width": 3}},
            name=name,
            hoverinfo="skip",
        )
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False, scaleanchor="x")
    return made


def minisector_figure(laps: list[Lap]) -> go.Figure:
    """Bars of the time that each mini-sector gains or loses against the reference.

    Args:
        laps: The reference first; it has no bars.
    """
    made = figure(height=300, x_title="Mini-sector", y_title="Against A, s")
    for lap in laps[1:]:
        made.add_bar(
            x=lap.minisectors.minisector,
            y=lap.minisectors.delta_s,
            name=lap.letter,
            customdata=lap.minisectors[["start_m", "end_m"]],
            marker={"color": COLOURS[lap.index % len(COLOURS)], "pattern": {"shape": PATTERNS[lap.index]}},
            hovertemplate=f"{lap.letter} %{{y:+.3f}} s<br>%{{customdata[0]:,.0f}} to %{{customdata[1]:,.0f}} m"
            "<extra></extra>",
        )
    made.update_layout(showlegend=True, hovermode="x unified", bargap=0.15)
    made.update_xaxes(dtick=5, tick0=0)
    return made
