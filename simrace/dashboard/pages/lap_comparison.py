"""Laps of one layout beside each other: where one is faster, and how it was driven."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.charts import table
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose, choose_number, choose_several
from simrace.dashboard.first_picture import show_first
from simrace.dashboard.laps import Lap, channels_figure, map_figure, minisector_figure, missing_channels, nearest
from simrace.dashboard.linked_cursor import link_cursor
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import day, joined, lap_time

MOST_LAPS = 6
STEP_M = 5.0
COLOURINGS = {"delta": "Time behind the reference", "speed_delta": "Speed against the reference", "speed": "Speed"}
CORNER_COLUMNS = {
    "time_s": ("Time, s", "%.3f"),
    "brake_point_m": ("Brakes at, m", "%.1f"),
    "entry_speed_kph": ("Entry, km/h", "%.1f"),
    "min_speed_kph": ("Lowest, km/h", "%.1f"),
    "exit_speed_kph": ("Exit, km/h", "%.1f"),
    "throttle_on_m": ("Throttle at, m", "%.1f"),
    "gear": ("Gear", "%d"),
}
CURSOR_COLUMNS = {
    "lap": ("Lap", None),
    "delta_s": ("Delta, s", "%+.3f"),
    "speed_kph": ("Speed, km/h", "%.1f"),
    "throttle_ratio": ("Throttle, %", "%.0f"),
    "brake_ratio": ("Brake, %", "%.0f"),
    "gear": ("Gear", "%d"),
}


def show() -> None:
    """Show the page."""
    head(
        "Lap comparison",
        "Laps of one track layout, metre by metre. The lap named first is the reference (A): where the delta of "
        "another lap climbs it loses time on it, where it falls it gains.",
    )
    layouts = data.query("lap_comparison/layouts")
    if layouts.empty:
        nothing(
            "No lap with a trace is here yet. Land telemetry with `simrace run PATH`; what keeps a lap out stands in "
            "`fct_laps.trace_ineligible_reason`."
        )
        return
    left, right = st.columns(2)
    with left:
        layout_key = choose("Layout", "layout", {row.layout_key: _layout(row) for row in rows(layouts)})
    known = data.query("lap_comparison/laps", layout_key=layout_key)
    options = {f"{row.session_id}:{row.lap_number}": _label(row) for row in rows(known)}
    chosen = choose_several("Laps", "laps", options, default=list(options)[:2], most=MOST_LAPS)
    if not chosen:
        nothing("Choose a lap to see it, two or more to compare them.")
        return
    with right:
        colouring = choose("Colour of the map", "colour", COLOURINGS if len(chosen) > 1 else {"speed": "Speed"})
    laps = [_read(index, value, chosen[0], options[value]) for index, value in enumerate(chosen)]
    if len(laps) == 1:
        nothing("One lap has nothing to be compared with. Choose another one beside it for the delta.")
    corners = data.query("lap_comparison/corners", layout_key=layout_key)
    length_m = float(laps[0].trace.distance_m.max())
    cursor_m = choose_number("Cursor on the lap, m", "at", length_m - length_m % STEP_M, STEP_M)
    _show_cursor(laps, cursor_m)
    wide, narrow = st.columns([3, 2])
    with wide:
        made = channels_figure(laps, cursor_m)
        with st.container(key="channels_place"):
            show_first(made, "channels")
            show_figure(
                made, "channels", "Speed, delta, throttle, brake, steering and gear of each lap over the distance."
            )
        for lap in laps:
            if missing := missing_channels(lap):
                st.caption(f"The files of lap {lap.letter} hold no {' and no '.join(missing)}.")
        st.caption("Steering is positive to the left. Drag over the figure to zoom, double-click to see all.")
    with narrow:
        _show_map(laps, corners, colouring, cursor_m)
        if len(laps) > 1:
            _show_minisectors(laps)
    _show_corners(laps, corners)
    link_cursor()


def _layout(row: Any) -> str:
    name = joined(row.track_name, row.config_name) or f"unnamed track, {day(row.first_started_at)}"
    return f"{name} ({row.sim})"


def _label(row: Any) -> str:
    return joined(
        lap_time(row.lap_time_s), row.driver_name, row.car_name, day(row.session_started_at), f"lap {row.lap_number}"
    )


def _read(index: int, value: str, reference: str, label: str) -> Lap:
    session_id, _, lap_number = value.rpartition(":")
    reference_session_id, _, reference_lap_number = reference.rpartition(":")
    own = {"session_id": session_id, "lap_number": int(lap_number)}
    pair = own | {"reference_session_id": reference_session_id, "reference_lap_number": int(reference_lap_number)}
    return Lap(
        index,
        label,
        data.query("lap_comparison/trace", **own),
        data.query("lap_comparison/deltas", **pair),
        data.query("lap_comparison/minisectors", **pair),
        data.query("lap_comparison/lap_corners", **own),
    )


def _show_map(laps: list[Lap], corners: pd.DataFrame, colouring: str, cursor_m: float) -> None:
    coloured = laps[-1] if len(laps) > 1 else laps[0]
    if coloured.trace.x_m.isna().all():
        nothing("There is no map: these files hold neither positions nor how the car turned.")
        return
    others = {lap.letter: f"{lap.letter} {lap.label}" for lap in laps[1:]}
    if colouring != "speed" and len(others) > 1:
        letter = choose("Lap on the map", "map", others)
        coloured = next(lap for lap in laps if lap.letter == letter)
    if coloured.deltas.empty:
        colouring = "speed"
    made = map_figure(coloured, corners, colouring, cursor_m)
    show_figure(made, "map", f"The track as lap {coloured.letter} drove it, coloured by {COLOURINGS[colouring]}.")


def _show_cursor(laps: list[Lap], cursor_m: float) -> None:
    points = []
    for lap in laps:
        point = lap.trace.merge(lap.deltas[["distance_m", "delta_s"]], on="distance_m", how="left")
        there = point.iloc[[nearest(point, cursor_m)]].assign(lap=lap.letter)
        pedals = ["throttle_ratio", "brake_ratio"]
        there[pedals] = 100 * there[pedals].astype("float64")
        points.append(there)
    table(pd.concat(points), CURSOR_COLUMNS, "at_cursor")


def _show_minisectors(laps: list[Lap]) -> None:
    st.subheader("Mini-sectors")
    st.markdown("Time that each part of the lap gains (below 0) or loses (above 0) against the reference.")
    show_figure(minisector_figure(laps), "minisectors", "Time against the reference in each mini-sector.")


def _show_corners(laps: list[Lap], corners: pd.DataFrame) -> None:
    st.subheader("Corners")
    if corners.empty:
        nothing("No corners are found on this layout: its laps hold neither turning rate nor lateral acceleration.")
        return
    sides = corners.set_index("corner_number")
    columns: dict[str, tuple[str, str | None]] = {
        "corner_number": ("Corner", "%d"),
        "corner_name": ("Name", None),
        "direction": ("Turns", None),
    }
    for lap in laps:
        sides = sides.join(lap.corners.set_index("corner_number").add_suffix(f" {lap.letter}"))
    for name, (title, form) in CORNER_COLUMNS.items():
        columns |= {f"{name} {lap.letter}": (f"{lap.letter}: {title}", form) for lap in laps}
    table(sides.reset_index(), columns, "corners", pinned=2)
