"""Laps of one layout beside each other: where one is faster, and how it was driven."""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.charts import table
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose, choose_place, choose_several, whether, write
from simrace.dashboard.first_picture import show_first
from simrace.dashboard.ideal_lap import ideal_lap
from simrace.dashboard.lap_channels import (
    add_channel,
    add_own_channel,
    channel_of,
    nameable,
    offered,
    own_channel,
)
from simrace.dashboard.lap_choice import ALL, MOST_LAPS, choose_laps
from simrace.dashboard.laps import (
    Channel,
    Lap,
    channels_figure,
    corner_at,
    corner_name,
    map_figure,
    minisector_figure,
    missing_channels,
    nearest,
)
from simrace.dashboard.linked_cursor import link_cursor
from simrace.dashboard.own_channel import EXAMPLE, HELP, MOST_CHARACTERS, Expression, ExpressionError, read
from simrace.dashboard.shell import head, nothing, nothing_of
from simrace.dashboard.units import unit

STEP_M = 5
MOST_CHANNELS = 6
CORNER = "corner"  # of the parameter in the address
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
    layout_key, labels = choose_laps(layouts)
    if not labels:
        nothing("Choose a lap to see it, two or more to compare them.")
        return
    laps = [_read(index, value, next(iter(labels)), label) for index, (value, label) in enumerate(labels.items())]
    if elsewhere := {lap.session_id for lap in laps if lap.trace.empty}:
        for session_id in sorted(elsewhere):
            nothing_of(session_id)
        return
    if len(laps) == 1:
        nothing("One lap has nothing to be compared with. Choose another one beside it for the delta.")
    options = offered((lap.session_id, lap.lap_number) for lap in laps)
    colouring, more, with_ideal = _choose_what_is_drawn(len(laps), options)
    names = nameable(laps, options)
    own = _write_own(names)
    laps = [_with_channels(lap, more) for lap in laps]
    if with_ideal and len(laps) < MOST_LAPS:
        of = laps[-1]
        laps += [lap for lap in [ideal_lap(len(laps), of.session_id, of.letter, laps[0])] if lap]
    if own:
        laps, more = [add_own_channel(lap, own, names) for lap in laps], [*more, own_channel(own)]
    corners = data.query("shared/corners", layout_key=layout_key)
    zoom = _choose_corner(corners)
    cursor_m = choose_place("Cursor on the lap", "at", float(laps[0].trace.distance_m.max()), STEP_M)
    _show_cursor(laps, cursor_m)
    wide, narrow = st.columns([3, 2])
    with wide:
        made = channels_figure(laps, cursor_m, more, corners, zoom)
        with st.container(key="channels_place"):
            show_first(made, "channels")
            show_figure(
                made,
                "channels",
                "Speed, delta, throttle, brake, steering and gear of each lap over the distance.",
                _revision(zoom, more),
            )
        for lap in laps:
            if missing := missing_channels(lap):
                st.caption(f"The files of lap {lap.letter} hold no {' and no '.join(missing)}.")
            if own and lap.trace[own_channel(own).column].isna().all():
                st.caption(f"Lap {lap.letter} has no value of the own channel.")
        steers = any(lap.trace.steering_deg.notna().any() for lap in laps)
        side = "Steering is positive to the left. " if steers else ""
        st.caption(f"{side}Drag over the figure to zoom, double-click to see all.")
    with narrow:
        _show_map(laps, corners, colouring, cursor_m, zoom)
        if len(laps) > 1:
            _show_minisectors(laps)
    _show_corners([lap for lap in laps if not lap.corners.empty], corners)
    link_cursor()


def _read(index: int, value: str, reference: str, label: str) -> Lap:
    session_id, _, lap_number = value.rpartition(":")
    reference_session_id, _, reference_lap_number = reference.rpartition(":")
    own: dict[str, Any] = {"session_id": session_id, "lap_number": int(lap_number)}
    pair = own | {"reference_session_id": reference_session_id, "reference_lap_number": int(reference_lap_number)}
    return Lap(
        index,
        label,
        data.query("lap_comparison/trace", **own),
        data.query("lap_comparison/deltas", **pair),
        data.query("lap_comparison/minisectors", **pair),
        data.query("lap_comparison/lap_corners", **own),
        session_id,
        int(lap_number),
    )


def _choose_what_is_drawn(count: int, options: dict[str, str]) -> tuple[str, list[Channel], bool]:
    """Colour of the map, channels more, whether the ideal lap is drawn."""
    left, middle, right = st.columns([2, 3, 1], vertical_alignment="bottom")
    with left:
        colouring = choose("Colour of the map", "colour", COLOURINGS if count > 1 else {"speed": "Speed"})
    with middle:
        chosen = choose_several("More channels", "channels_more", options, default=[], most=MOST_CHANNELS)
    with right:
        with_ideal = whether("Ideal lap", "ideal")
    return colouring, [channel_of(value, options[value]) for value in chosen], with_ideal


def _write_own(names: dict[str, str]) -> Expression | None:
    """The channel that the reader works out; None for none, or for one that is not understood."""
    text = write("A channel of your own", "own", MOST_CHARACTERS, f"such as {EXAMPLE}")
    with st.expander("What may be in it", key="own_help", type="compact"):
        st.code(HELP + ", ".join(sorted(names)), language=None, wrap_lines=True)
    if not text:
        return None
    try:
        return read(text, names)
    except ExpressionError as error:
        st.warning("The channel of your own cannot be drawn: the mark shows where.")
        st.code(error.marked(text), language=None)  # letter by letter, because a link may hold anything
        return None


def _with_channels(lap: Lap, more: list[Channel]) -> Lap:
    trace = lap.trace
    for channel in more:
        trace = add_channel(trace, channel.column, lap.session_id, lap.lap_number)
    return replace(lap, trace=trace)


def _choose_corner(corners: pd.DataFrame) -> Any:
    """The corner that is looked at; None for the whole lap."""
    if corners.empty:
        return None
    options = {ALL: "whole lap"} | {str(row.corner_number): corner_name(row) for row in rows(corners)}
    number = choose("Corner", CORNER, options, side_by_side=True)
    return None if number == ALL else next(row for row in rows(corners) if str(row.corner_number) == number)


def _revision(zoom: Any, more: list[Channel]) -> str:
    """The zoom of the figure is kept until another corner is chosen, or other channels are drawn."""
    return f"{ALL if zoom is None else zoom.corner_number} {' '.join(channel.column for channel in more)}"


def _zoom_to_click(corners: pd.DataFrame) -> None:
    points = st.session_state["map"]["selection"]["points"]
    if points and (place := points[0].get("customdata")) is not None:
        place = place[0] if isinstance(place, list) else place
        st.session_state[CORNER] = corner_at(corners, float(place) / unit("m").factor) or ALL


def _show_map(laps: list[Lap], corners: pd.DataFrame, colouring: str, cursor_m: float, zoom: Any) -> None:
    coloured = laps[-1] if len(laps) > 1 else laps[0]
    if coloured.trace.x_m.isna().all():
        nothing("There is no map: these files hold neither positions nor how the car turned.")
        return
    others = {lap.letter: f"{lap.letter} {lap.label}" for lap in laps[1:]}
    if colouring != "speed" and len(others) > 1:
        letter = choose("Lap on the map", "lap_on_map", others)
        coloured = next(lap for lap in laps if lap.letter == letter)
    if coloured.deltas.empty:
        colouring = "speed"
    show_figure(
        map_figure(coloured, corners, colouring, cursor_m, zoom),
        "map",
        f"The track as lap {coloured.letter} drove it, coloured by {COLOURINGS[colouring]}.",
        _revision(zoom, []),
        partial(_zoom_to_click, corners),
    )


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
    named = corners.corner_name.where(corners.corner_name != corners.corner_number.astype(str))
    sides = corners.assign(corner_name=named).set_index("corner_number")
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
