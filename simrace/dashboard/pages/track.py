"""One track layout: its corners, who is fast where, and how hard its races are."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import LAP_TIME, figure, marker, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.laps import Lap, corner_name, map_figure
from simrace.dashboard.shell import head, link, nothing, nothing_of
from simrace.dashboard.units import written
from simrace.dashboard.words import day, joined, lap_time, literal
from simrace.sim_names import sim_name

MOST_DRIVERS = 6  # that are drawn
WHO = ["driver_id", "car_id"]
UNCLASSED = {"none": "class not known"}
DIFFICULTY = {
    "category": ("Licence category", None),
    "races_on_layout": ("Races here", "%d"),
    "incidents_per_100_corners": ("Incidents per 100 corners", "%.2f"),
    "incidents_per_100_corners_in_category": ("Elsewhere", "%.2f"),
    "did_not_finish_rate": ("Did not finish", "percent"),
    "did_not_finish_rate_in_category": ("Elsewhere ", "percent"),
    "lap_spread_percent": ("Spread of lap times, %", "%.2f"),
    "lap_spread_percent_in_category": ("Elsewhere  ", "%.2f"),
}


def show() -> None:
    """Show the page."""
    head(
        "Track",
        "One layout: its corners, who is fast where, and whether its races are harder than others. The best of each "
        "driver and car through each corner need not be of one lap.",
    )
    layouts = data.query("track/layouts")
    if layouts.empty:
        nothing("No lap with a trace is here yet. Land telemetry with `simrace run PATH`.")
        return
    by_key = {row.layout_key: row for row in rows(layouts)}
    layout = by_key[choose("Layout", "layout", {key: _label(row) for key, row in by_key.items()})]
    corners = data.query("shared/corners", layout_key=layout.layout_key)
    best = data.query("track/best_laps", layout_key=layout.layout_key)
    _show_figures(layout, corners, best)
    passages = data.query("track/passages", layout_key=layout.layout_key)
    if passages.empty:
        nothing("No corner of this layout was driven by a lap that counts for pace.")
    else:
        _show_who_is_fast(layout.layout_key, passages, corners, best)
    _show_difficulty(layout.layout_id)


def _label(row: Any) -> str:
    name = joined(row.track_name, row.config_name) or f"unnamed track, {day(row.first_started_at)}"
    return f"{name} ({sim_name(row.sim)})"


def _show_figures(layout: Any, corners: pd.DataFrame, best: pd.DataFrame) -> None:
    length, turns, laps, drivers, fastest = st.columns(5)
    length.metric("Length", "unknown" if pd.isna(layout.length_m) else written(layout.length_m, "m"))
    turns.metric("Corners", f"{len(corners)}" if len(corners) else "not found")
    laps.metric("Laps with a trace", f"{layout.laps:,}")
    drivers.metric("Drivers", f"{layout.drivers:,}")
    fastest.metric("Fastest lap", "none" if best.empty else lap_time(best.lap_time_s.iloc[0]), help="Of all classes.")


def _show_who_is_fast(layout_key: str, passages: pd.DataFrame, corners: pd.DataFrame, best: pd.DataFrame) -> None:
    st.subheader("Who is fast where")
    classes = sorted(passages.car_class_name.unique())
    chosen = (
        choose("Car class", "class", {name: UNCLASSED.get(name, name) for name in classes})
        if len(classes) > 1
        else classes[0]
    )
    own = passages[passages.car_class_name == chosen]
    table_of = fast_where(own, best)
    names = {f"corner_{row.corner_number}": f"Corner {corner_name(row)}" for row in rows(corners)}
    wide, narrow = st.columns([3, 2])
    with wide:
        _draw(table_of, corners)
    with narrow:
        _show_map(best.merge(own[WHO].drop_duplicates(), on=WHO), corners)
    columns: dict[str, tuple[str, str | None]] = {
        "driver_name": ("Driver", None),
        "car_name": ("Car", None),
        "best_lap_s": ("Best lap", LAP_TIME),
        "corners_together_s": ("Best corners together", LAP_TIME),
    }
    st.markdown("Time in each corner behind the fastest of the class there.")
    table(table_of, columns | {name: (title, "%+.3f") for name, title in names.items()}, "fast_where", pinned=1)
    laps = best.merge(own[WHO].drop_duplicates(), on=WHO).query("is_trace_eligible").drop_duplicates(WHO).head(2)
    if len(laps) > 1:
        link(
            "Compare the two fastest drivers and cars",
            "laps",
            layout=layout_key,
            laps=[f"{row.session_id}:{row.lap_number}" for row in rows(laps)],
        )


def fast_where(passages: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Each driver and car of a class, the fastest first, with the time behind the fastest in each corner.

    Args:
        passages: The best of each driver and car through each corner.
        best: Laps that count for pace, the fastest first.
    """
    lost = passages.assign(
        lost_s=passages.time_s - passages.groupby("corner_number").time_s.transform("min"),
        column="corner_" + passages.corner_number.astype(str),
        who=passages.driver_id.fillna("") + "|" + passages.car_id.fillna(""),
    )
    by_corner = lost.pivot_table(index="who", columns="column", values="lost_s", aggfunc="min")
    named = lost.groupby("who").agg(
        driver_name=("driver_name", "first"), car_name=("car_name", "first"), corners_together_s=("time_s", "sum")
    )
    # a sum without some of the corners is none
    named["corners_together_s"] = named.corners_together_s.where(lost.groupby("who").size() == len(by_corner.columns))
    fastest = best.assign(who=best.driver_id.fillna("") + "|" + best.car_id.fillna("")).groupby("who").lap_time_s.min()
    made = named.join(fastest.rename("best_lap_s")).join(by_corner)
    return made.sort_values(["best_lap_s", "driver_name"]).reset_index(drop=True)


def _draw(table_of: pd.DataFrame, corners: pd.DataFrame) -> None:
    made = figure(420, "Corner", "Behind the fastest of the class, s")
    for number, row in enumerate(rows(table_of.head(MOST_DRIVERS))):
        made.add_scatter(
            x=[corner.corner_number for corner in rows(corners)],
            y=[getattr(row, f"corner_{corner.corner_number}", None) for corner in rows(corners)],
            mode="markers",
            name=literal(joined(row.driver_name, row.car_name) or "unnamed"),
            marker=marker(number),
            hovertemplate="corner %{x}: %{y:+.3f} s<extra>%{fullData.name}</extra>",
        )
    made.update_layout(showlegend=True)
    made.update_xaxes(tickformat=",d", dtick=1 if len(corners) <= 30 else 5)
    made.update_yaxes(rangemode="tozero")
    show_figure(made, "fast_where_figure", "Time behind the fastest of the class in each corner, a mark a driver.")


def _show_map(best: pd.DataFrame, corners: pd.DataFrame) -> None:
    traced = best[best.is_trace_eligible]
    if traced.empty:
        return
    lap = next(rows(traced))
    trace = data.query("track/trace", session_id=lap.session_id, lap_number=lap.lap_number)
    if trace.empty:
        nothing_of(lap.session_id)
        return
    if trace.x_m.isna().all():
        nothing("There is no map: these files hold neither positions nor how the car turned.")
        return
    fastest = Lap(0, lap_time(lap.lap_time_s), trace, pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    made = map_figure(fastest, corners, "speed", None, clicked="")
    made.update_layout(showlegend=False)
    show_figure(made, "track_map", "The track with its corners, coloured by the speed of the fastest lap of the class.")


def _show_difficulty(layout_id: str | None) -> None:
    st.subheader("How hard its races are")
    difficulty = data.query("track/difficulty", layout_id=layout_id)
    if difficulty.empty:
        nothing("No race of this layout is here that was over before another one started.")
        return
    st.markdown("Means of earlier races here, drawn to those of the licence category while they are few.")
    table(difficulty, DIFFICULTY, "difficulty")
