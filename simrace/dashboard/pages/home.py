"""The front door: what is new, the last session, form, the league's table, and a search that leads to other pages."""

from typing import Any

import pandas as pd
import streamlit as st
from psycopg2 import errors

from ingestion.sim_folders import find_sim_folders
from simrace.dashboard import data
from simrace.dashboard.charts import table
from simrace.dashboard.data import rows
from simrace.dashboard.shell import head, link, nothing
from simrace.dashboard.units import written
from simrace.dashboard.words import day, joined, lap_time, moment

# Where each kind of thing is shown: the page, and the name of its filter.
SHOWN_BY = {"Driver": ("driver", "driver"), "Track": ("laps", "layout"), "Car": ("session", "session"),
            "Race": ("race", "race")}  # fmt: skip
REFERENCES = {
    "personal_best": "the driver's best lap with this car here",
    "class_best": "the best lap of the class here",
    "session_best": "the best lap of the session",
}
NEW = {
    "kind": ("What", None),
    "driven_at": ("Driven", "moment"),
    "name": ("Name", None),
    "track_name": ("Track", None),
    "landed_at": ("Landed", "moment"),
}
LEAGUE = {
    "position": ("Place", "%d"),
    "driver_name": ("Driver", None),
    "points": ("Points", "%g"),
    "points_behind": ("Behind", "%g"),
    "wins": ("Wins", "%d"),
}


def show() -> None:
    """Show the page."""
    head("Home", "What was landed last, how the last session went, and the way to everything else.")
    try:
        new = data.query("home/new")
    except (errors.UndefinedTable, errors.InvalidSchemaName):  # nothing was built yet
        new = pd.DataFrame()
    if new.empty:
        _show_how_to_begin()
        return
    _show_search()
    last = data.query("home/last_session")
    left, right = st.columns(2)
    with left:
        if last.empty:
            nothing("No telemetry is here yet. Land telemetry files with `simrace run PATH`.")
        else:
            _show_session(last.iloc[0])
    with right:
        _show_form(None if last.empty else last.iloc[0])
        _show_league()
    st.subheader("New")
    new["name"] = [
        (row.driver_name or "unnamed driver") if row.kind == "session" else row.event_name for row in rows(new)
    ]
    new["track_name"] = [row.track_name or "unnamed track" for row in rows(new)]
    table(new, NEW, "new")
    _show_quality()


def _show_how_to_begin() -> None:
    nothing("Nothing is here yet. Land what your sim wrote with `simrace run PATH`, and this page fills itself.")
    found = find_sim_folders()
    if found:
        st.markdown("These folders of this machine hold files of sims:")
        for each in found:
            st.code(f"simrace run '{each.folder}'", language=None)
            st.caption(f"{each.sim}: {each.files:,} files")
    else:
        st.markdown(
            "None of the usual folders of the sims is on this machine. `simrace sample DIR` writes files to try."
        )


def _show_search() -> None:
    found = data.query("home/search")
    options = dict(enumerate(rows(found)))
    chosen = st.selectbox(
        "Search",
        list(options),
        index=None,
        format_func=lambda number: _found(options[number]),
        placeholder="a driver, track, car or race",
        key="search",
    )
    if chosen is not None:
        row = options[chosen]
        page, name = SHOWN_BY[row.kind]
        link(f"Open the page of this {row.kind.lower()}", page, **{name: row.id})


def _found(row: Any) -> str:
    known = None if pd.isna(row.driven_at) else day(row.driven_at)
    return f"{row.kind}: {joined(row.name or row.id, row.more, known)}"


def _show_session(row: Any) -> None:
    st.subheader("Last session")
    st.text(
        joined(
            moment(row.session_started_at),
            row.driver_name or "unnamed driver",
            row.car_name,
            row.track_name or "unnamed track",
            row.config_name,
        )
    )
    if pd.isna(row.best_lap_time_s):
        nothing("No lap of this session counts for pace: each is an out-lap, an in-lap, incomplete or invalid.")
    else:
        best, gain = st.columns(2)
        before = None if pd.isna(row.best_before_s) else row.best_lap_time_s - row.best_before_s
        best.metric(
            "Best lap",
            lap_time(row.best_lap_time_s),
            delta=None if before is None else f"{before:+.3f} s against the best before",
            delta_color="inverse",
            help="Of the laps that count for pace; compared with earlier sessions in this car on this layout.",
        )
        gain.metric(
            "Left in the laps driven",
            "few laps" if pd.isna(row.theoretical_gain_s) else f"{row.theoretical_gain_s:.3f} s",
            help="Best lap less the best of each mini-sector put together.",
        )
    _show_where_time_is(row)
    link("Open the session", "session", session=str(row.session_id))


def _show_where_time_is(row: Any) -> None:
    lost = data.query("home/where_time_is", session_id=row.session_id)
    if lost.empty:
        return
    kind = lost.reference_kind[0]
    of_kind = lost[lost.reference_kind == kind]
    st.markdown(f"Its best lap loses most to {REFERENCES[kind]}:")
    for place in rows(of_kind):
        corners = f" ({place.corners})" if place.corners else ""
        st.text(f"{place.delta_s:.3f} s from {written(place.start_m, 'm')} to {written(place.end_m, 'm')}{corners}")
    reference, own = of_kind.iloc[0], f"{row.session_id}:{of_kind.lap_number[0]}"
    link(
        "Compare the two laps",
        "laps",
        layout=row.layout_key,
        laps=[f"{reference.reference_session_id}:{reference.reference_lap_number}", own],
        at=f"{5 * (reference.start_m // 5):.0f}",
    )


def _show_form(row: Any) -> None:
    if row is None or pd.isna(row.driver_id):
        return
    form = data.query("home/form", driver_id=row.driver_id)
    if form.empty:
        return
    latest = form.iloc[0]
    st.subheader("Form")
    rating, finish, incidents = st.columns(3)
    rating.metric(
        "iRating",
        "none" if pd.isna(latest.irating_after) else f"{latest.irating_after:,.0f}",
        delta=None if pd.isna(latest.irating_change) else f"{latest.irating_change:+.0f} in the last race",
    )
    finish.metric(
        "Finish, last five",
        "none" if pd.isna(latest.avg_finish_percent_recent) else f"{latest.avg_finish_percent_recent:.0f} %",
        help="Of the field, mean of up to five races before the last: 100 is a win.",
    )
    incidents.metric(
        "Incidents per 100 corners",
        "none"
        if pd.isna(latest.incidents_per_100_corners_recent)
        else f"{latest.incidents_per_100_corners_recent:.2f}",
    )
    link("Open the driver", "driver", driver=row.driver_id)


def _show_league() -> None:
    standings = data.query("home/league")
    if standings.empty:
        return
    st.subheader("Championship")
    st.text(standings.championship_name[0])
    table(standings, LEAGUE, "league")
    link("Open the championship", "championship", championship=standings.championship_id[0])


def _show_quality() -> None:
    found = data.query("home/quality")
    figures, failing = int(found.figures[0]), int(found.failing[0])
    if figures:
        st.subheader("Quality of the data")
        st.markdown(
            f"All {figures} figures of quality are within their limits."
            if not failing
            else f"{failing} of {figures} figures of quality are outside of their limits."
        )
        link("Open data quality", "quality")
