"""A driver's best laps by layout and car, and how they came about."""

from typing import Any

import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import LAP_TIME, NEUTRAL, figure, lap_time_axis, series, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import UNKNOWN, day, joined, lap_time

COLUMNS = {
    "track_name": ("Track", None),
    "config_name": ("Layout", None),
    "car_name": ("Car", None),
    "best_lap_time_s": ("Best lap", LAP_TIME),
    "theoretical_best_s": ("Theoretical", LAP_TIME),
    "best_rolling_lap_s": ("Rolling", LAP_TIME),
    "class_best_lap_time_s": ("Best of class", LAP_TIME),
    "gap_to_class_best_s": ("Behind it, s", "%+.3f"),
    "pace_laps": ("Pace laps", "%d"),
    "sessions": ("Sessions", "%d"),
    "best_driven_at": ("Driven on", "date"),
}
LINES = {
    "best_lap_time_s": "Best of the session",
    "median_lap_time_s": "Median of the session",
    "theoretical_best_s": "Theoretical best",
}


def show() -> None:
    """Show the page."""
    head(
        "Personal bests",
        "The best lap of a driver with each car on each layout, beside the best of the car's class, and how the "
        "sessions came closer to it.",
    )
    drivers = data.query("personal_bests/drivers")
    if drivers.empty:
        nothing("No lap that counts for pace has a driver, a car and a layout yet. Land telemetry: `simrace run PATH`.")
        return
    names = {row.driver_id: row.driver_name or row.driver_id for row in rows(drivers)}
    driver_id = choose("Driver", "driver", names)
    bests = data.query("personal_bests/bests", driver_id=driver_id)
    table(bests, COLUMNS, "bests")
    _show_progress(driver_id, {f"{row.layout_id}|{row.car_id}": row for row in rows(bests)})


def _show_progress(driver_id: str, bests: dict[str, Any]) -> None:
    st.subheader("Progress")
    labels = {value: joined(row.track_name or UNKNOWN, row.config_name, row.car_name) for value, row in bests.items()}
    chosen = bests[choose("Layout and car", "best", labels)]
    progress = data.query(
        "personal_bests/progress", driver_id=driver_id, layout_id=chosen.layout_id, car_id=chosen.car_id
    )
    if len(progress) == 1:
        nothing(f"One session so far ({day(progress.session_started_at[0])}): progress shows from the second.")
        return
    made = figure(420, "Session", "Lap time, min:s")
    for number, (column, name) in enumerate(LINES.items()):
        series(
            made,
            number,
            name,
            progress.session_started_at,
            progress[column],
            "%{customdata}<extra>%{fullData.name}</extra>",
            mode="lines+markers",
        )
    for line in made.data:
        line.customdata = [lap_time(seconds) for seconds in line.y]
    made.add_hline(
        y=chosen.class_best_lap_time_s,
        line={"color": NEUTRAL, "dash": "dot"},
        annotation_text=f"best of the class {lap_time(chosen.class_best_lap_time_s)}",
        annotation_position="bottom right",
    )
    made.update_layout(showlegend=True, hovermode="x unified")
    seconds = [*progress[list(LINES)].to_numpy().ravel(), chosen.class_best_lap_time_s]
    lap_time_axis(made, seconds)
    show_figure(made, "progress", "Best, median and theoretical lap time of each session over time.")
