"""One race: results, the field, its story lap by lap, and what it did to ratings."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data, race_story
from simrace.dashboard.charts import COLOURS, LAP_TIME, Columns, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.downloads import report_buttons
from simrace.dashboard.filters import choose, choose_several
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import joined, literal, moment
from simrace.report.race import make_race
from simrace.sim_names import sim_name

RESULTS: Columns = {
    "finish_position": ("Finish", "%d"),
    "finish_position_in_class": ("In class", "%d"),
    "driver_name": ("Driver", None),
    "team_name": ("Team", None),
    "car_name": ("Car", None),
    "start_position_in_class": ("Grid in class", "%d"),
    "places_gained_in_class": ("Places gained", "%+d"),
    "laps": ("Laps", "%d"),
    "laps_down": ("Laps down", "%d"),
    "gap_to_class_winner_s": ("Gap, s", "%.3f"),
    "gap_to_car_ahead_s": ("To car ahead, s", "%.3f"),
    "interval_s": ("Interval, s", "%.3f"),
    "best_lap_s": ("Best lap", LAP_TIME),
    "incidents": ("Incidents", "%d"),
    "irating_before": ("iRating", "%d"),
    "irating_change": ("Change", "%+d"),
    "out_reason": ("Out", None),
}
BESTS = {
    "what": ("What", None),
    "driver_name": ("Driver", None),
    "value": ("Value", None),
    "lap_number": ("Lap", "%d"),
}
PENALTIES = {
    "lap_number": ("Lap", "%d"),
    "driver_name": ("Driver", None),
    "kind": ("Penalty", None),
    "reason": ("Reason", None),
    "penalty_s": ("Time, s", "%.1f"),
    "penalty_laps": ("Laps", "%d"),
    "penalty_places": ("Places", "%.0f"),
    "served_lap_number": ("Served on lap", "%d"),
}
TELEMETRY = {
    "finish_position_in_class": ("Finish", "%d"),
    "driver_name": ("Driver", None),
    "complete_laps": ("Laps in the log", "%d"),
    "best_lap_time_s": ("Best lap", LAP_TIME),
    "median_lap_time_s": ("Median lap", LAP_TIME),
    "lap_time_variation_percent": ("Spread of pace laps, %", "%.2f"),
    "fuel_per_lap_l": ("Fuel a lap, l", "%.2f"),
    "incidents_in_log": ("Incidents in the log", "%d"),
    "worst_corner_number": ("Corner with most", "%d"),
}
BEFORE = {
    "position_in_class": ("Place", "%d"),
    "driver_name": ("Driver", None),
    "best_lap_s": ("Best lap", LAP_TIME),
    "gap_s": ("Behind, s", "%.3f"),
    "laps": ("Laps", "%d"),
    "car_name": ("Car", None),
}
AUDIT = {
    "finish_position_in_class": ("Finish", "%d"),
    "driver_name": ("Driver", None),
    "expected_finish_in_class": ("Expected finish", "%.1f"),
    "finish_minus_expected": ("Behind expectation", "%+.1f"),
    "estimated_irating_change": ("Change by the formula", "%+.1f"),
    "irating_change": ("Change given", "%+d"),
    "irating_change_residual": ("Difference", "%+.1f"),
}


def show() -> None:
    """Show the page."""
    head(
        "Race",
        "One race: who finished where and how far apart, how it came to that lap by lap, how strong the field was, and "
        "whether the ratings moved as its results say.",
    )
    races = data.query("race/races")
    if races.empty:
        nothing("No race results are here yet. Land result files with `simrace run PATH`.")
        return
    race_id = choose("Race", "race", {row.race_id: _label(row) for row in rows(races)})
    fields = data.query("race/fields", race_id=race_id)
    classes = {row.car_class_id: row.car_class_name or "all cars" for row in rows(fields)}
    class_id = choose("Car class", "class", classes) if len(classes) > 1 else next(iter(classes))
    is_part = len(classes) > 1
    field = fields[fields.car_class_id == class_id].iloc[0]
    _show_field(field)
    results = data.query("race/results", race_id=race_id)
    results = results[results.car_class_id == class_id]
    if field.is_team_race:
        teams = data.query("race/team_results", race_id=race_id)
        st.subheader("Teams")
        _show_results(teams[teams.car_class_id == class_id], "teams", is_part)
    st.subheader("Drivers" if field.is_team_race else "Results")
    if results.empty:
        nothing("The files of this race name no drivers of this class.")
    else:
        _show_results(results, "results", is_part)
    report_buttons("race", lambda connection: make_race(connection, race_id))
    _show_story(race_id, class_id, is_part)
    _show_telemetry(race_id)
    _show_sessions_before(race_id, class_id)
    _show_audit(race_id, class_id)


def _label(row: Any) -> str:
    heat = f"heat {row.simsession_number}" if row.simsession_number else None
    return joined(
        moment(row.held_at), row.event_name, row.track_name or "unknown track", row.config_name, heat,
        f"{row.entries} entries", sim_name(row.sim),
    )  # fmt: skip


def _show_field(field: pd.Series) -> None:
    """What is known of the field; only iRacing tells of ratings and incidents."""
    told = [("Entries", f"{field.entries}", "Starters and those who did not start.")]
    if pd.notna(field.strength_of_field):
        told.append(("Strength of field", f"{field.strength_of_field:,.0f}", "From the iRatings of the class."))
    if pd.notna(field.irating_mean):
        told.append(("iRating", f"{field.irating_min:,.0f} to {field.irating_max:,.0f}", "Lowest and highest."))
    if pd.notna(field.incidents_per_100_corners):
        told.append(("Incidents per 100 corners", f"{field.incidents_per_100_corners:.2f}", ""))
    if pd.notna(field.did_not_finish_count):
        told.append(("Did not finish", f"{field.did_not_finish_count:.0f}", ""))
    for place, (label, value, said) in zip(st.columns(5), told, strict=False):
        place.metric(label, value, help=said or None)


def _show_results(results: pd.DataFrame, key: str, is_part: bool) -> None:
    """Show who finished where; of one class alone its places are those of the race, and stand once."""
    columns = dict(RESULTS)
    if not is_part:
        del columns["finish_position_in_class"]
        columns["start_position_in_class"] = ("Grid", "%d")
    # who came home is not out
    out = results.out_reason.where(results.out_reason != "running")
    table(results.assign(out_reason=out), columns, key, pinned=3 if is_part else 2)


def _show_story(race_id: str, class_id: str, is_part: bool) -> None:
    st.subheader("Lap by lap")
    cars = data.query("race/cars", race_id=race_id)
    cars = cars[cars.car_class_id == class_id]
    laps = data.query("race/laps", race_id=race_id)
    penalties = data.query("race/penalties", race_id=race_id)
    laps, penalties = (frame[frame.entry_id.isin(cars.entry_id)] for frame in (laps, penalties))
    if laps.empty:
        nothing("The files of this race list no laps. Lap data of iRacing, and results that list laps, bring them.")
    else:
        _draw_story(race_story.Race(cars, laps, penalties, is_part))
    if not penalties.empty:
        st.subheader("Penalties")
        table(penalties, PENALTIES, "penalties")


def _draw_story(race: race_story.Race) -> None:
    names = race.names()
    driven = [entry_id for entry_id in names if entry_id in set(race.laps.entry_id)]
    chosen = choose_several(
        "Cars in colour",
        "cars",
        {entry_id: names[entry_id] for entry_id in driven},
        default=driven[:3],
        most=race_story.MOST_CARS,
    )
    if race.laps.position_after_lap.notna().any():
        show_figure(race_story.positions(race, chosen), "positions", "Place of each car after each lap, a line a car.")
    wide, narrow = st.columns(2)
    with wide:
        if race.laps.gap_to_leader_s.notna().any():
            show_figure(
                race_story.gaps(race, chosen), "gaps", "Seconds behind the leader after each lap, a line a car."
            )
    with narrow:
        if race.laps.lap_time_s.notna().any() and chosen:
            show_figure(race_story.lap_times(race, chosen), "race_lap_times", "Lap times of the cars in colour.")
            st.caption("A ring is a lap in the pits. Laps far slower than the rest are cut off: zoom out to see them.")
    if happened := race_story.incidents(race):
        show_figure(happened, "incidents", "Cars to which something happened on each lap, by what it was.")
    table(race_story.bests(race), BESTS, "bests")


def _show_telemetry(race_id: str) -> None:
    logged = data.query("race/telemetry", race_id=race_id)
    if not logged.empty:
        st.subheader("From the cars' logs")
        table(logged, TELEMETRY, "telemetry")


def _show_sessions_before(race_id: str, class_id: str) -> None:
    before = data.query("race/sessions_before", race_id=race_id)
    before = before[before.car_class_id == class_id]
    for number, (_, session) in enumerate(before.groupby("event_session_id", sort=False)):
        if number % 2 == 0:
            places = st.columns(2)
        with places[number % 2]:
            st.subheader(str(session.session_type.iloc[0]).capitalize())
            table(session, BEFORE, f"before_{number}")


def _show_audit(race_id: str, class_id: str) -> None:
    st.subheader("Rating audit")
    audit = data.query("race/audit", race_id=race_id)
    audit = audit[audit.car_class_id == class_id]
    if audit.empty:
        nothing("No entry of this class has an iRating, so there is nothing to audit.")
        return
    st.markdown(
        "What the formula of the field makes of the result, beside the change of iRating that was given. "
        "The sim publishes no formula: this is an estimate, and it is for official races without teams."
    )
    rated = audit.dropna(subset=["estimated_irating_change", "irating_change"])
    if rated.empty:
        nothing("This race is not official or of teams, so its ratings are not estimated.")
    else:
        made = figure(360, "Finish in class", "Change of iRating")
        for number, (column, name, symbol, size) in enumerate(
            (
                ("estimated_irating_change", "By the formula", "circle-open", 14),
                ("irating_change", "Given", "circle", 7),
            )
        ):
            made.add_scatter(
                x=rated.finish_position_in_class,
                y=rated[column],
                mode="markers",
                name=name,
                marker={"color": COLOURS[number], "symbol": symbol, "size": size, "line": {"width": 2}},
                customdata=rated.driver_name.map(literal),
                hovertemplate="%{customdata}: %{y:+.1f}<extra>%{fullData.name}</extra>",
            )
        made.update_layout(showlegend=True)
        made.update_xaxes(tickformat=",d")
        show_figure(made, "audit_figure", "Change of iRating by the formula and as given, over the finish in class.")
    table(audit, AUDIT, "audit")
