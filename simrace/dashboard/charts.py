"""The style that all figures share: colours for all eyes, dashes and shapes beside them, units on every axis."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from simrace.dashboard.figure_table import as_table
from simrace.dashboard.figures_last import in_turn
from simrace.dashboard.units import converted
from simrace.dashboard.words import lap_time, literal

# Okabe and Ito's colours without black and yellow: they stand out on white and on black, and for colour-blind eyes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
GAIN, LOSS = "#0072B2", "#D55E00"
NEUTRAL = "#8C8C8C"
# From gain to loss. Blue and orange look different with every kind of colour blindness.
GAIN_TO_LOSS = ((0.0, GAIN), (0.5, "#C8C8C8"), (1.0, LOSS))
SPEEDS = "Cividis"
LAP_TIME_STEPS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
# For each column: title, and format of its numbers; None for text, `right` for text that stands as numbers do;
# `lap_time`; `date`, `month` and `moment` for times.
Columns = Mapping[str, tuple[str, str | None]]
NARROWEST_PX, CHARACTER_PX, WIDEST_PX = 30, 7, 280
MOST_ROWS = 40  # rows of a table that is shown whole; a longer one scrolls
# A drag zooms, a double click shows all again. The only button saves a picture; more would cover the legend.
CONFIG = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
}
# see-through, in a colour for both themes, because a name of the legend may lie under it
MODEBAR = {"orientation": "v", "bgcolor": "rgba(0, 0, 0, 0)", "color": NEUTRAL, "activecolor": COLOURS[0]}
LAP_TIME = "lap_time"  # form of a column of lap times: written as drivers read them
RIGHT = "right"  # form of a column of text that stands as numbers do
_DECIMALS = re.compile(r"\.(\d)f")
# Stripes lie over the colour: without it a narrow bar would be a few dots.
STRIPES = ("", "/", "\\", "x", "-", "+")


def style(index: int) -> dict[str, object]:
    """Line of the series of that number, counted from 0."""
    return {"color": COLOURS[index % len(COLOURS)], "dash": DASHES[index % len(DASHES)], "width": 2}


def marker(index: int) -> dict[str, object]:
    """Marker of the series of that number, counted from 0."""
    return {"color": COLOURS[index % len(COLOURS)], "symbol": SYMBOLS[index % len(SYMBOLS)], "size": 9}


def figure(height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure in the shared style.

    Args:
        height: In pixels.
        x_title: What the x axis shows, with its unit.
        y_title: What the y axis shows, with its unit.
    """
    made = go.Figure()
    made.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        # a blank title, so that the button in the corner above it covers no name
        legend={
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.02,
            "x": 0,
            "traceorder": "normal",
            "title": {"text": " ", "side": "top"},
        },
        hoverlabel={"namelength": -1},
    )
    made.update_xaxes(title_text=x_title, automargin=True)
    made.update_yaxes(title_text=y_title, automargin=True)
    return made


def bar(index: int) -> dict[str, object]:
    """Filling of the bars of that number, counted from 0."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "pattern": {"shape": STRIPES[index % len(STRIPES)], "fillmode": "overlay", "fgcolor": "white", "size": 6},
    }


def series(
    made: go.Figure, index: int, name: str, x: Iterable[object], y: Iterable[object], hover: str, mode: str = "lines"
) -> None:
    """Add a series with a dash and a shape of its own beside its colour; one without a value is left out.

    Args:
        made: Figure to add to.
        index: Number of the series, counted from 0.
        name: In the legend; shown letter by letter.
        x: Places on the x axis.
        y: Places on the y axis.
        hover: Template of Plotly for what is told of a point, such as `%{y:.0f} km/h`.
        mode: Of Plotly: lines, markers, or lines+markers.
    """
    values = pd.Series(list(y))
    if values.isna().all():
        return
    made.add_scatter(
        x=list(x),
        y=values.tolist(),
        name=literal(name),
        mode=mode,
        line=style(index),
        marker=marker(index),
        hovertemplate=hover,
    )


def lap_time_axis(made: go.Figure, seconds: Iterable[float]) -> None:
    """Write lap times on the y axis as drivers read them.

    Args:
        made: Figure whose y axis is in seconds.
        seconds: All that is shown on it.
    """
    values = pd.Series(list(seconds), dtype="float64").dropna()
    if values.empty:
        return
    low, high = values.min(), values.max()
    step = next(
        (step for step in LAP_TIME_STEPS_S if (high - low) / step <= 7),
        300,
    )
    ticks = [step * number for number in range(int(low // step), int(high // step) + 2)]
    made.update_yaxes(tickvals=ticks, ticktext=[lap_time(tick) for tick in ticks])


def table(frame: pd.DataFrame, columns: Columns, key: str, pinned: int = 0, select: bool = False) -> list[int]:
    """Show the columns that the frame has and that are not empty, in the units that people chose.

    Args:
        frame: The rows.
        columns: What is shown of them, in this order.
        key: Of its own on the page.
        pinned: How many columns stay in view when the others scroll.
        select: Whether rows can be selected.

    Returns:
        Numbers of the selected rows, counted from 0, in the order of the frame.
    """
    known = [name for name in columns if name in frame and frame[name].notna().any()]
    shown, settings = {}, {}
    for number, name in enumerate(known):
        title, form = columns[name]
        shown[name], title = converted(frame, title, name)
        if form == LAP_TIME:
            shown[name] = frame[name].map(lap_time)
        elif form and (decimals := _DECIMALS.search(form)):
            # what is rounded to nothing would be written as -0.000
            exact = pd.to_numeric(shown[name], errors="coerce").astype("float64")
            shown[name] = exact.mask(exact.abs() < 0.5 * 10.0 ** -int(decimals[1]), 0.0)
        settings[name] = _column(title, form, number < pinned)
        if form is None and number < pinned:
            settings[name]["width"] = _text_width([title, *map(str, frame[name])])
    answer: Any = st.dataframe(
        pd.DataFrame(shown, index=frame.index),
        hide_index=True,
        key=key,
        height="content" if len(frame) <= MOST_ROWS else "auto",
        placeholder="",
        column_config=settings,
        on_select="rerun" if select else "ignore",
        selection_mode="multi-row",
    )
    return sorted(answer["selection"]["rows"]) if select else []


def _text_width(texts: list[str]) -> int:
    """Pixels for the longest of some texts, as far as a phone has room for a column that stays in view."""
    return min(NARROWEST_PX + CHARACTER_PX * max(map(len, texts)), WIDEST_PX)


def _column(title: str, form: str | None, pinned: bool) -> Any:
    match form:
        case None:
            return st.column_config.TextColumn(title, pinned=pinned)
        case "lap_time" | "right":
            return st.column_config.TextColumn(title, pinned=pinned, alignment="right")
        case "date":
            return st.column_config.DateColumn(title, format="YYYY-MM-DD")
        case "month":
            return st.column_config.DateColumn(title, format="YYYY-MM")
        case "moment":
            return st.column_config.DatetimeColumn(f"{title} (UTC)", format="YYYY-MM-DD HH:mm")
    return st.column_config.NumberColumn(title, format=form, pinned=pinned)


def show(made: go.Figure, key: str, alt: str, revision: str = "", on_point: Callable[[], None] | None = None) -> None:
    """Show a figure on the page, in the theme of the page, and the same as a table for whoever opens it.

    Args:
        made: The figure.
        key: Of its own on the page, so that zoom and legend outlive a change of a filter.
        alt: What it shows, for those who cannot see it.
        revision: Zoom and legend are kept as long as this stays the same.
        on_point: Called when a point is clicked, which is then in the session under the key.
    """
    made.update_layout(uirevision=f"{key} {revision}", modebar=MODEBAR)
    made.update_traces(cliponaxis=False, selector=_has_marks)  # a mark on the edge is whole
    config = CONFIG | {"toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"simrace_{key}"}}
    in_turn(key, partial(_show, made, key, alt, config, on_point))


def _has_marks(trace: Any) -> bool:
    return trace.type == "scatter" and "markers" in (trace.mode or "")


def _show(made: go.Figure, key: str, alt: str, config: dict[str, Any], on_point: Callable[[], None] | None) -> None:
    if on_point:
        st.plotly_chart(made, key=key, config=config, alt=alt, on_select=on_point, selection_mode="points")
    else:
        st.plotly_chart(made, key=key, config=config, alt=alt)
    with st.expander("The same as a table", key=f"{key}_table", type="compact", on_change="rerun") as same:
        if same.open:
            st.dataframe(as_table(made), hide_index=True, key=f"{key}_rows", placeholder="")
