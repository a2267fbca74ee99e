"""A plan for a race from a driver's own laps: fuel, stops, stints, pit windows and time."""

from shlex import join
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import LAP_TIME, NEUTRAL, figure, series, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose, name_number
from simrace.dashboard.shell import head, nothing, to_copy
from simrace.dashboard.units import unit
from simrace.dashboard.words import UNKNOWN, joined, race_time
from simrace.race_plan import FEWEST_LAPS, LONGEST_MIN, MOST_LAPS, Basis, Plan, PlanError, Range, plan
from simrace.sim_names import sim_name

LENGTHS = {"minutes": "Minutes", "laps": "Laps"}
USUAL_MIN, USUAL_LAPS = 60.0, 30.0  # until a length is named
MOST_NAMED = 12  # stops, whose names have room
BIGGEST_TANK_L, LONGEST_STOP_S = 500.0, 1_000.0
STINTS = {
    "stint": ("Stint", "%d"),
    "laps": ("Laps", "%d"),
    "first_lap": ("First lap", "%d"),
    "last_lap": ("Last lap", "%d"),
    "fuel_l": ("Begin with, l", "%.1f"),
    "earliest_lap": ("Stop not before lap", "%d"),
    "latest_lap": ("Stop after lap, at the latest", "%d"),
}
MADE_FROM: dict[str, tuple[str, str | None]] = {
    "driver_name": ("Driver", None),
    "car_name": ("Car", None),
    "pace_laps": ("Laps at pace", "%d"),
    "mean_lap_time_s": ("Mean lap", LAP_TIME),
    "lap_time_deviation_s": ("Spread, s", "%.3f"),
    "fuel_laps": ("Laps that tell of fuel", "%d"),
    "fuel_per_lap_l": ("Fuel a lap, l", "%.2f"),
    "fuel_deviation_l": ("Spread, l", "%.3f"),
    "fuel_capacity_l": ("Tank, l", "%.1f"),
    "pit_stops": ("Stops", "%d"),
    "pit_loss_s": ("A stop costs, s", "%.1f"),
    "last_session_at": ("Driven last", "date"),
}


def show() -> None:
    """Show the page."""
    head(
        "Strategy",
        "A plan for a race from a driver's own laps on the layout in the car: fuel, stops, stints and pit windows. "
        "Each number has the ends between which it is meant to lie four times in five.",
    )
    known = data.query("strategy/basis", fewest_laps=FEWEST_LAPS)
    if known.empty:
        nothing(
            "No session has a driver, a car and a layout yet, so there is nothing to plan from. "
            "Land telemetry with `simrace run PATH`."
        )
        return
    here, row = _choose_laps(known)
    asked = _ask()
    if why_not := _why_not(row, asked):
        nothing(why_not)
    else:
        values = (getattr(row, name) for name in Basis.__dataclass_fields__)
        told: list[Any] = [None if pd.isna(value) else value for value in values]
        basis = Basis(*told)
        try:
            _show_plan(plan(basis, **asked))
        except PlanError as error:  # tells of numbers alone
            nothing(str(error))
        _show_command(row, asked)
    st.subheader("What it is made from")
    st.markdown("Laps on this layout that count for pace, those that tell of fuel, and stops: of each driver and car.")
    table(here, MADE_FROM, "made_from", pinned=1)


def _choose_laps(known: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
    """Who drives what where: all rows of the layout, and the one that is chosen."""
    first, second, third = st.columns(3)
    with first:
        labels = {row.layout_id: _layout(row) for row in rows(known)}
        here = known[known.layout_id == choose("Layout", "layout", labels)]
    with second:
        cars = {row.car_id: row.car_name or row.car_id for row in rows(here)}
        in_it = here[here.car_id == choose("Car", "car", cars)]
    with third:
        drivers = {row.driver_id: row.driver_name or row.driver_id for row in rows(in_it)}
        driver_id = choose("Driver", "driver", drivers)
    return here, next(row for row in rows(in_it) if row.driver_id == driver_id)


def _layout(row: Any) -> str:
    sim, _, _ = row.layout_id.partition(":")
    return f"{joined(row.track_name or UNKNOWN, row.config_name)} ({sim_name(sim)})"


def _ask() -> dict[str, Any]:
    """Length of the race, and what is named in place of what logs tell."""
    as_logged = "as in the logs"
    first, second, third, fourth, fifth = st.columns(5, vertical_alignment="bottom")
    asked: dict[str, Any] = {}
    with first:
        kind = choose("Length in", "length", LENGTHS, side_by_side=True)
    with second:
        if kind == "laps":
            asked["laps"] = int(name_number("Race, laps", "race_laps", 1, MOST_LAPS, USUAL_LAPS) or USUAL_LAPS)
        else:
            asked["minutes"] = name_number("Race, minutes", "race_minutes", 1, LONGEST_MIN, USUAL_MIN) or USUAL_MIN
    with third:
        asked["tank_l"] = name_number("Tank", "tank", 1, BIGGEST_TANK_L, suffix="l", blank=as_logged)
    with fourth:
        asked["fuel_per_lap_l"] = name_number("Fuel a lap", "fuel", 0.01, BIGGEST_TANK_L, suffix="l", blank=as_logged)
    with fifth:
        asked["pit_loss_s"] = name_number("A stop costs, s", "pit_loss", 0, LONGEST_STOP_S, blank=as_logged)
    return asked


def _why_not(row: Any, asked: dict[str, Any]) -> str:
    """What is missing for a plan, and the way out; blank for nothing."""
    if row.pace_laps < FEWEST_LAPS:
        return (
            f"A plan needs {FEWEST_LAPS} laps at pace of a driver on a layout in a car; of these there are "
            f"{row.pace_laps}. The table below says of whom there are more."
        )
    if row.fuel_laps < FEWEST_LAPS and asked["fuel_per_lap_l"] is None:
        return (
            f"A plan needs {FEWEST_LAPS} laps that tell of fuel; there are {row.fuel_laps}. Name what a lap uses above."
        )
    if pd.isna(row.fuel_capacity_l) and asked["tank_l"] is None:
        return "No log tells what the tank holds: name it above."
    return ""


def _show_plan(made: Plan) -> None:
    litres = unit("l")
    laps, fuel, stint, stops, time = st.columns(5)
    is_timed = made.laps.low != made.laps.high
    _metric(laps, "Laps", f"{made.laps.value:.0f}", _ends(made.laps, ".0f") if is_timed else "")
    in_litres = Range(*(litres.of(each) for each in (made.fuel_l.value, made.fuel_l.low, made.fuel_l.high)))
    has_margin = in_litres.low != in_litres.high
    _metric(fuel, f"Fuel, {litres.name}", f"{in_litres.value:.1f}", _ends(in_litres, ".1f") if has_margin else "")
    _metric(stint, "Longest stint", f"{made.most_stint_laps} laps")
    lengths = dict.fromkeys(map(str, made.stint_laps))
    _metric(stops, "Stops", str(len(made.stops)), f"stints of {' or '.join(lengths)} laps")
    _metric(
        time, "Time", race_time(made.time_s.value), f"{race_time(made.time_s.low)} to {race_time(made.time_s.high)}"
    )
    show_figure(
        tank_figure(made),
        "tank",
        "Fuel in the tank over the laps of the race, with the windows of its stops shaded.",
    )
    table(stints(made), STINTS, "stints", pinned=1)
    for note in (*made.notes, made.pace_told_by):
        st.caption(note)
    st.caption("Rain, traffic, cautions, damage and tyres that wear are not in it: a long race spreads more than this.")


def _metric(place: Any, label: str, value: str, ends: str = "") -> None:
    place.metric(label, value, delta=ends or None, delta_color="off", delta_arrow="off")


def _ends(told: Range, form: str) -> str:
    return f"{told.low:{form}} to {told.high:{form}}"


def stints(made: Plan) -> pd.DataFrame:
    """One row per stint, with the window of the stop that ends it.

    Args:
        made: The plan.
    """
    last = pd.Series(made.stint_laps).cumsum()
    return pd.DataFrame(
        {
            "stint": range(1, len(made.stint_laps) + 1),
            "laps": made.stint_laps,
            "first_lap": last - made.stint_laps + 1,
            "last_lap": last,
            "fuel_l": made.stint_fuel_l,
            "earliest_lap": pd.Series([stop.earliest_lap for stop in made.stops], dtype="Int64"),
            "latest_lap": pd.Series([stop.latest_lap for stop in made.stops], dtype="Int64"),
        }
    )


def tank_figure(made: Plan) -> go.Figure:
    """Fuel in the tank over the race, and the windows of its stops.

    Args:
        made: The plan.
    """
    litres = unit("l")
    drawn = figure(340, "Laps driven", f"Fuel in the tank, {litres.name}")
    driven, left = [], []
    for row in rows(stints(made)):
        driven += [row.first_lap - 1, row.last_lap]
        left += [row.fuel_l, row.fuel_l - row.laps * made.fuel_per_lap_l]
    hover = f"after lap %{{x}}: %{{y:.1f}} {litres.name}<extra></extra>"
    series(drawn, 0, "As planned", driven, litres.of(pd.Series(left)), hover, "lines+markers")
    for number, stop in enumerate(made.stops, start=1):
        drawn.add_shape(
            type="rect", x0=stop.earliest_lap, x1=stop.latest_lap, y0=0, y1=1, yref="paper", fillcolor=NEUTRAL,
            opacity=0.18, line={"width": 0}, layer="below",
        )  # fmt: skip
        if len(made.stops) > MOST_NAMED:
            continue
        drawn.add_annotation(
            x=(stop.earliest_lap + stop.latest_lap) / 2, y=1, yref="paper", yanchor="bottom", showarrow=False,
            text=f"stop {number}",
        )  # fmt: skip
    drawn.update_xaxes(tickformat=",d", range=[0, sum(made.stint_laps)])
    drawn.update_yaxes(rangemode="tozero")
    return drawn


def _show_command(row: Any, asked: dict[str, Any]) -> None:
    """The same on the command line."""
    words = ["simrace", "plan", row.layout_id, "--driver", row.driver_id, "--car", row.car_id]
    options = {"laps": "--laps", "minutes": "--minutes", "tank_l": "--tank", "fuel_per_lap_l": "--fuel-per-lap",
               "pit_loss_s": "--pit-loss"}  # fmt: skip
    for name, option in options.items():
        if asked.get(name) is not None:
            words += [option, f"{asked[name]:g}"]
    st.caption("The same on the command line, where a published model of lap times is used if there is one:")
    to_copy(join(words))
