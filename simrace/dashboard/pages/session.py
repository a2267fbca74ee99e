"""One telemetry session: its laps, stints, forces and how it was driven."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, LAP_TIME, figure, lap_time_axis, marker, style, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.lap_choice import MOST_LAPS
from simrace.dashboard.session_panels import PANELS, fuel_panel, grip_figure, wheel_panels
from simrace.dashboard.shell import head, link, nothing, nothing_of
from simrace.dashboard.words import joined, lap_time, moment
from simrace.lap_times import PROBLEMS
from simrace.sim_names import sim_name

# The order gives each class of lap its colour and shape, the same in every session.
LAP_CLASSES = ("pace", "out", "in", "pit", "invalid", "caution", "incomplete")
FEW = "few laps"
FEWEST_LAPS = 3  # that count for pace, for a spread
ALONE = ""  # no setup beside
LAPS = {
    "lap_number": ("Lap", "%d"),
    "stint_number": ("Stint", "%d"),
    "lap_class": ("Class", None),
    "lap_time_s": ("Time", LAP_TIME),
    "sector_1_time_s": ("Sector 1, s", "%.3f"),
    "sector_2_time_s": ("Sector 2, s", "%.3f"),
    "sector_3_time_s": ("Sector 3, s", "%.3f"),
    "fuel_used_l": ("Fuel, l", "%.2f"),
    "incidents": ("Incidents", "%d"),
    "no_pace": ("Does not count, because", None),
    "no_trace": ("Cannot be compared, because", None),
}
SETUP = {
    "setting": ("Setting", None),
    "value": ("This session", None),
    "other_value": ("The other", None),
    "told_apart": ("Differs", None),
}
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
    "best_lap_time_s": ("Best", LAP_TIME),
    "median_lap_time_s": ("Median", LAP_TIME),
    "lap_time_slope_s": ("Slower each lap by, s", "%+.3f"),
    "fuel_per_lap_l": ("Fuel a lap, l", "%.2f"),
    "driven_km": ("Driven, km", "%.1f"),
}


# Of a session with one lap, which has no lines to draw.
DRIVING = NUMBERS | {name: (f"{title}, share", "percent") for name, title in SHARES.items()}


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
    wheels = data.query("session/wheels", session_id=session_id)
    _show_consistency(session_id)
    _show_laps(laps, session_id)
    _show_lap_times(laps)
    stints = data.query("session/stints", session_id=session_id)
    if len(stints) > 1:
        st.subheader("Stints")
        table(stints, STINTS, "stints")
    left, right = st.columns(2)
    with left:
        _show_forces(session_id, laps)
    with right:
        _show_driving(session_id)
    _show_wheels_and_fuel(laps, wheels)
    _show_setup(session_id)


def _label(row: Any) -> str:
    return joined(
        moment(row.session_started_at),
        row.driver_name or "unnamed driver",
        row.car_name,
        row.track_name or "unnamed track",
        row.config_name,
        row.session_type,
        sim_name(row.sim),
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


def _show_laps(laps: pd.DataFrame, session_id: str) -> None:
    st.subheader("Laps")
    traced = int(laps.is_trace_eligible.sum())
    if traced > 1:
        st.markdown("Select two laps or more at the left edge to compare them.")
    shown = laps.assign(
        no_pace=laps.pace_ineligible_reason.map(PROBLEMS), no_trace=laps.trace_ineligible_reason.map(PROBLEMS)
    )
    chosen = laps.iloc[table(shown, LAPS, "laps_of_session", pinned=1, select=traced > 1)]
    comparable = chosen[chosen.is_trace_eligible].sort_values("lap_time_s").head(MOST_LAPS)
    if len(comparable) > 1:
        numbers = [str(number) for number in comparable.lap_number]
        link(
            f"Compare laps {', '.join(numbers[:-1])} and {numbers[-1]}",
            "laps",
            layout=str(comparable.layout_key.iloc[0]),
            laps=[f"{session_id}:{number}" for number in numbers],
        )
    elif len(chosen) > 1:
        nothing("Of the selected laps no two can be compared: the last column says why.")


def _show_lap_times(laps: pd.DataFrame) -> None:
    timed = laps.dropna(subset="lap_time_s")
    if len(timed) < FEWEST_LAPS:
        known = " and ".join(lap_time(seconds) for seconds in timed.lap_time_s) or "none"
        nothing(
            f"Complete laps of this session: {known}. From {FEWEST_LAPS} on there are lap times to draw and, where "
            "they count for pace, a spread."
        )
        return
    st.subheader("Lap times")
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
        if len(pace) < FEWEST_LAPS:
            nothing(
                f"{len(pace)} of {len(laps)} laps count for pace; a stint has a spread from {FEWEST_LAPS} laps on. "
                "The list of laps says what keeps the others out."
            )
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
    if forces.empty:
        nothing_of(session_id)
        return
    if forces[["lat_g", "long_g"]].isna().any().all():
        nothing("These files hold no accelerations, so there is no G-G diagram.")
        return
    st.markdown(
        "Acceleration of the car every 5 m. The dashed line is the hardest of all laps of the session in each "
        "direction: where the lap stays inside of it, there was grip left."
    )
    envelope = data.query("session/envelope", session_id=session_id)
    show_figure(
        grip_figure(forces, envelope),
        "forces",
        "Lateral against longitudinal acceleration of a lap, inside of the envelope of all laps.",
    )


def _show_driving(session_id: str) -> None:
    st.subheader("Driving")
    driving = data.query("session/driving", session_id=session_id)
    if driving.empty:
        nothing("No lap of this session is complete enough to say how it was driven.")
        return
    if len(driving) < 2:
        table(driving, DRIVING, "driving")
        return
    made = figure(400, "Lap", "Share of the lap's time, %")
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


def _show_wheels_and_fuel(laps: pd.DataFrame, wheels: pd.DataFrame) -> None:
    st.subheader("Tyres, brakes and fuel")
    panels = wheel_panels(wheels)
    if fuel := fuel_panel(laps, wheels):
        panels["Fuel"] = fuel
    if wheels.lap_number.nunique() > 1:
        for number, (title, made) in enumerate(panels.items()):
            if number % 2 == 0:
                places = st.columns(2)
            with places[number % 2]:
                show_figure(made, f"panel_{title.lower().replace(' ', '_')}", f"{title} by lap.")
    elif panels:
        nothing("One lap has no course over laps: the tables of `lap_channel_statistics` have its figures.")
    missing = [title.lower() for title in (*(each[0] for each in PANELS), "Fuel") if title not in panels]
    if missing:
        nothing(f"The files of this session hold no {' and no '.join(missing)}.")


def _show_setup(session_id: str) -> None:
    st.subheader("Setup")
    beside = data.query("session/setups_beside", session_id=session_id)
    own = data.query("session/setup", session_id=session_id, other_session_id=ALONE)
    if own.empty:
        nothing("The files of this session tell no setup; logs of iRacing (.ibt) do.")
        return
    other = ALONE
    if not beside.empty:
        labels = {
            row.session_id: joined(moment(row.session_started_at), row.setup_name, row.track_name, row.config_name)
            for row in rows(beside)
        }
        other = choose("Beside it the setup of", "setup", {ALONE: "no other session"} | labels)
    settings = data.query("session/setup", session_id=session_id, other_session_id=other) if other else own
    told = settings.differs.map({True: "differs", False: ""}) if other else None
    table(settings.assign(told_apart=told), SETUP, "setup_table", pinned=1)
