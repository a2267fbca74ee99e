"""Which laps are compared: narrowed by driver, car and day, and a reference by one click."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose, choose_several
from simrace.dashboard.words import day, joined, lap_time
from simrace.sim_names import sim_name

MOST_LAPS = 6
LAPS = "laps"  # of the parameter in the address
ALL = "all"
UNNAMED = "unnamed"
# For each: what it is called, its column, and the column of its name.
NARROWED_BY = (("Driver", "driver", "driver_name"), ("Car", "car", "car_name"), ("Day", "day", "day"))
REFERENCES = {"personal_best": "Own best", "class_best": "Best of the class", "session_best": "Best of the session"}


def choose_laps(layouts: pd.DataFrame) -> tuple[str, dict[str, str]]:
    """Let a layout and laps of it be chosen.

    Args:
        layouts: Those with laps.

    Returns:
        The layout; session and number of each lap as in the address, and what it is called, in the order of choice.
    """
    first, *others = st.columns([3, 2, 2, 2])
    with first:
        layout_key = choose("Layout", "layout", {row.layout_key: _layout(row) for row in rows(layouts)})
    known = data.query("lap_comparison/laps", layout_key=layout_key)
    known = known.assign(
        value=[f"{row.session_id}:{row.lap_number}" for row in rows(known)],
        driver=known.driver_id.fillna(UNNAMED),
        car=known.car_id.fillna(UNNAMED),
        day=known.session_started_at.map(day),
    )
    labels = {row.value: _label(row) for row in rows(known)}
    narrowed = known
    for place, (label, column, name) in zip(others, NARROWED_BY, strict=True):
        options = {ALL: "all"} | {
            getattr(row, column): getattr(row, name) or "not named"
            for row in rows(known.drop_duplicates(column).sort_values([name, column], ascending=name != "day"))
        }
        with place:
            chosen = choose(label, column, options)
        narrowed = narrowed if chosen == ALL else narrowed[narrowed[column] == chosen]
    # those that are chosen stay, whatever the others are narrowed to
    kept = {*st.session_state.get(LAPS, st.query_params.get_all(LAPS)), *narrowed.value}
    options = {value: label for value, label in labels.items() if value in kept}
    default = list(narrowed.value)[:2] or list(labels)[:2]
    laps = choose_several("Laps", LAPS, options, default=default, most=MOST_LAPS)
    if laps:
        _offer_references(laps, labels)
    return layout_key, {value: labels[value] for value in laps}


def _offer_references(laps: list[str], labels: dict[str, str]) -> None:
    session_id, _, lap_number = laps[-1].rpartition(":")
    found = data.query("lap_comparison/references", session_id=session_id, lap_number=int(lap_number))
    offered: dict[str, Any] = {}
    for row in rows(found):
        value = f"{row.reference_session_id}:{row.reference_lap_number}"
        if value in labels and value not in laps and value not in offered:
            offered[value] = row
    if not offered:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Reference of the lap named last:")
        for value, row in offered.items():
            st.button(
                f"{REFERENCES[row.reference_kind]} {lap_time(row.reference_lap_time_s)}",
                key=f"reference_{row.reference_kind}",
                on_click=_refer,
                args=(value, laps),
            )


def _refer(value: str, laps: list[str]) -> None:
    """Make a lap the reference, in place of the one that was it."""
    st.session_state[LAPS] = [value, *(laps[1:] if len(laps) > 1 else laps)]


def _layout(row: Any) -> str:
    name = joined(row.track_name, row.config_name) or f"unnamed track, {day(row.first_started_at)}"
    return f"{name} ({sim_name(row.sim)})"


def _label(row: Any) -> str:
    return joined(
        lap_time(row.lap_time_s), row.driver_name, row.car_name, day(row.session_started_at), f"lap {row.lap_number}"
    )
