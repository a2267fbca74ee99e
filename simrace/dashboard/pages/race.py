"""One race: results, the field, and what it did to ratings."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import joined, lap_time, literal, moment

RESULTS = {
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
    "best_lap": ("Best lap", None),
    "incidents": ("Incidents", "%d"),
    "irating_before": ("iRating", "%d"),
    "irating_change": ("Change", "%+d"),
    "out_reason": ("Out", None),
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
        "One race: who finished where and how far apart, how strong the field was, and whether the ratings moved as "
        "its results say.",
    )
    races = data.query("race/races")
    if races.empty:
        nothing("No race results are here yet. Land result files with `simrace run PATH`.")
        return
    race_id = choose("Race", "race", {row.race_id: _label(row) for row in rows(races)})
    fields = data.query("race/fields", race_id=race_id)
    classes = {row.car_class_id: row.car_class_name or "all cars" for row in rows(fields)}
    class_id = choose("Car class", "class", classes) if len(classes) > 1 else next(iter(classes))
    field = fields[fields.car_class_id == class_id].iloc[0]
    _show_field(field)
    results = data.query("race/results", race_id=race_id)
    results = results[results.car_class_id == class_id]
    if field.is_team_race:
        teams = data.query("race/team_results", race_id=race_id)
        st.subheader("Teams")
        table(_with_best_lap(teams[teams.car_class_id == class_id]), RESULTS, "teams")
    st.subheader("Drivers" if field.is_team_race else "Results")
    if results.empty:
        nothing("The files of this race name no drivers of this class.")
    else:
        table(_with_best_lap(results), RESULTS, "results")
    _show_audit(race_id, class_id)


def _label(row: Any) -> str:
    heat = f"heat {row.simsession_number}" if row.simsession_number else None
    return joined(
        moment(row.held_at), row.event_name, row.track_name or "unknown track", row.config_name, heat,
        f"{row.entries} entries", row.sim,
    )  # fmt: skip


def _show_field(field: pd.Series) -> None:
    entries, strength, spread, incidents, retired = st.columns(5)
    entries.metric("Entries", f"{field.entries}", help="Starters and those who did not start.")
    strength.metric(
        "Strength of field", _number(field.strength_of_field, ",.0f"), help="From the iRatings of the class."
    )
    spread.metric(
        "iRating",
        "none" if pd.isna(field.irating_mean) else f"{field.irating_min:,.0f} to {field.irating_max:,.0f}",
        help="Lowest and highest of the class.",
    )
    incidents.metric("Incidents per 100 corners", _number(field.incidents_per_100_corners, ".2f"))
    retired.metric("Did not finish", _number(field.did_not_finish_count, ".0f"))


def _number(value: float | None, form: str) -> str:
    return "none" if value is None or pd.isna(value) else f"{value:{form}}"


def _with_best_lap(results: pd.DataFrame) -> pd.DataFrame:
    return results.assign(best_lap=results.best_lap_s.map(lap_time))


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
