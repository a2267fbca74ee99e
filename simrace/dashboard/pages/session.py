"""One telemetry session: its laps, stints, forces and how it was driven."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, NEUTRAL, SPEEDS, figure, lap_time_axis, marker, style, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import joined, lap_time, moment

# The order gives each class of lap its colour and shape, the same in every session.
LAP_CLASSES = ("pace", "out", "in", "pit", "invalid", "caution", "incomplete")
FEW = "few laps"
SHARES = {
    "full_throttle_ratio": "Full throttle",
    "braking_ratio": "Braking",
    "coasting_ratio": "Coasting",
    "trail_braking_ratio": "Trail braking",
    "pedal_overlap_ratio": "Both pedals",
}
NUMBERS = {
    "lap_number": ("Lap", "%d"),
    "steering_rate_rms_dps": ("Steering rate, °/s", "%.1f"),
    "steering_reversals": ("Steering reversals", "%d"),
    "gear_changes": ("Gear changes", "%d"),
    "min_speed_kph": ("Lowest, km/h", "%.1f"),
    "max_speed_kph": ("Highest, km/h", "%.1f"),
    "peak_lat_g": ("Cornering, g", "%.2f"),
    "peak_braking_g": ("Braking, g", "%.2f"),
    "peak_combined_g": ("Combined, g", "%.2f"),
}
STINTS = {
    "stint_number": ("Stint", "%d"),
    "first_lap_number": ("First lap", "%d"),
    "last_lap_number": ("Last lap", "%d"),
    "pace_laps": ("Pace laps", "%d"),
    "best_lap_time_s": ("Best, s", "%.3f"),
    "median_lap_time_s": ("Median, s", "%.3f"),
    "lap_time_slope_s": ("Slower each lap by, s", "%+.3f"),
    "fuel_per_lap_l": ("Fuel a lap, l", "%.2f"),
    "driven_km": ("Driven, km", "%.1f"),
}


def show() -> None:
    """Show the page."""
    head(
        "Session",
        "One session in the car: how fast each lap was and how alike they were, what the driver could have done, and "
        "how close to the grip of the car the driving was.",
    )
    sessions = data.query("session/sessions")
    if sessions.empty:
        nothing("No telemetry is here yet. Land telemetry files with `simrace run PATH`.")
        return
    session_id = choose("Session", "session", {row.session_id: _label(row) for row in rows(sessions)})
    laps = data.query("session/laps", session_id=session_id)
    if laps.empty:
        nothing("No laps could be told apart in this session: its samples never cross the line.")
        return
    _show_consistency(session_id)
    _show_lap_times(laps)
    stints = data.query("session/stints", session_id=session_id)
    if not stints.empty:
        st.subheader("Stints")
        table(stints, STINTS, "stints")
    _show_forces(session_id, laps)
    _show_driving(session_id)


def _label(row: Any) -> str:
    return joined(
        moment(row.session_started_at),
        row.driver_name or "unnamed driver",
        row.car_name,
        row.track_name or "unnamed track",
        row.config_name,
        row.session_type,
        row.sim,
    )


def _show_consistency(session_id: str) -> None:
    found = data.query("session/consistency", session_id=session_id)
    if found.empty or not found.pace_laps[0]:
        nothing("No lap of this session counts for pace: each is an out-lap, an in-lap, incomplete or invalid.")
        return
    row = found.iloc[0]
    best, theoretical, rolling, median, spread = st.columns(5)
    best.metric("Best lap", lap_time(row.best_lap_time_s), help="Of the laps that count for pace.")
    theoretical.metric(
        "Theoretical best",
        lap_time(row.theoretical_best_s) or FEW,
        delta=None if pd.isna(row.theoretical_gain_s) else f"{row.theoretical_gain_s:.3f} s to gain",
        delta_color="off",
        delta_arrow="off",
        help="The best of each mini-sector put together.",
    )
    rolling.metric("Best rolling lap", lap_time(row.best_rolling_lap_s) or FEW, help="From any place to itself.")
    median.metric("Median lap", lap_time(row.median_lap_time_s) or FEW)
    spread.metric(
        "Spread",
        FEW if pd.isna(row.lap_time_deviation_s) else f"{row.lap_time_deviation_s:.3f} s",
        delta=None if pd.isna(row.lap_time_variation_ratio) else f"{row.lap_time_variation_ratio:.2%} of the lap",
        delta_color="off",
        delta_arrow="off",
        help="Standard deviation of the laps that count for pace.",
    )


def _show_lap_times(laps: pd.DataFrame) -> None:
    st.subheader("Lap times")
    timed = laps.dropna(subset="lap_time_s")
    if timed.empty:
        nothing("No lap of this session is complete, so none has a time.")
        return
    by_lap, by_stint = st.columns([3, 2])
    made = figure(360, "Lap", "Lap time, min:s")
    for number, lap_class in enumerate(LAP_CLASSES):
        some = timed[timed.lap_class == lap_class]
        if some.empty:
            continue
        made.add_scatter(
            x=some.lap_number,
            y=some.lap_time_s,
            mode="markers",
            name=lap_class,
            marker=marker(number),
            customdata=some.lap_time_s.map(lap_time),
            hovertemplate="Lap %{x}: %{customdata}<extra>%{fullData.name}</extra>",
        )
    made.update_layout(showlegend=True)
    made.update_xaxes(tickformat=",d", dtick=max(1, len(timed) // 12))
    lap_time_axis(made, timed.lap_time_s)
    with by_lap:
        show_figure(made, "lap_times", "Lap time of each lap, its class by colour and shape.")
    boxes = figure(360, "Stint", "Lap time, min:s")
    pace = timed[timed.lap_class == "pace"].dropna(subset="stint_number")
    for stint, some in pace.groupby("stint_number"):
        boxes.add_box(
            y=some.lap_time_s,
            name=f"{stint:.0f}",
            boxpoints="all",
            marker={"color": COLOURS[0]},
            line={"color": COLOURS[0]},
            showlegend=False,
        )
    lap_time_axis(boxes, pace.lap_time_s)
    boxes.update_xaxes(type="category")
    with by_stint:
        if pace.empty:
            nothing("No lap counts for pace, so no stint has a spread.")
        else:
            show_figure(boxes, "stint_boxes", "Lap times that count for pace, a box for each stint.")


def _show_forces(session_id: str, laps: pd.DataFrame) -> None:
    st.subheader("Grip")
    traced = laps[laps.is_trace_eligible].sort_values("lap_time_s")
    if traced.empty:
        nothing("No lap of this session has a trace: each is incomplete or has gaps.")
        return
    lap_number = choose(
        "Lap",
        "lap",
        {str(row.lap_number): f"lap {row.lap_number}, {lap_time(row.lap_time_s)}" for row in rows(traced)},
    )
    forces = data.query("session/forces", session_id=session_id, lap_number=int(lap_number))
    if forces[["lat_g", "long_g"]].isna().any().all():
        nothing("These files hold no accelerations, so there is no G-G diagram.")
        return
    st.markdown("Acceleration of the car every 5 m: a car at its limit everywhere draws the outline of a full circle.")
    made = figure(480, "Cornering, g (left +)", "Accelerating, g (braking below 0)")
    made.add_scatter(
        x=forces.lat_g,
        y=forces.long_g,
        mode="markers",
        customdata=forces[["distance_m", "speed_kph"]],
        marker={
            "color": forces.speed_kph,
            "colorscale": SPEEDS,
            "size": 5,
            "colorbar": {"title": "km/h", "thickness": 12},
        },
        hovertemplate="%{x:.2f} g, %{y:.2f} g<br>%{customdata[1]:.0f} km/h at %{customdata[0]:,.0f} m<extra></extra>",
    )
    made.update_xaxes(zeroline=True, zerolinecolor=NEUTRAL, constrain="domain")
    made.update_yaxes(zeroline=True, zerolinecolor=NEUTRAL, scaleanchor="x", constrain="domain")
    show_figure(made, "forces", "Lateral against longitudinal acceleration, coloured by speed.")


def _show_driving(session_id: str) -> None:
    st.subheader("Driving")
    driving = data.query("session/driving", session_id=session_id)
    if driving.empty:
        nothing("No lap of this session is complete enough to say how it was driven.")
        return
    made = figure(320, "Lap", "Share of the lap's time, %")
    for number, (column, name) in enumerate(SHARES.items()):
        if driving[column].notna().any():
            made.add_scatter(
                x=driving.lap_number,
                y=100 * driving[column],
                mode="lines+markers",
                name=name,
                marker=marker(number),
                line=style(number),
                hovertemplate="%{y:.1f} %<extra>%{fullData.name}</extra>",
            )
    made.update_layout(hovermode="x unified", showlegend=True)
    made.update_xaxes(tickformat=",d", dtick=max(1, len(driving) // 12))
    made.update_yaxes(rangemode="tozero")
    show_figure(
        made, "shares", "Shares of each lap at full throttle, braking, coasting, trail braking, on both pedals."
    )
    table(driving, NUMBERS, "driving")
