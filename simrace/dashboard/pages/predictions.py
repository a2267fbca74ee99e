"""What the models are worth: errors beside the baselines, calibration, coverage, and drift since they were trained."""

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import NEUTRAL, figure, series, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing

TARGETS = {
    "finish": "Place in class",
    "podium": "Podium",
    "did_not_finish": "Did not finish",
    "irating_change": "Change of iRating",
    "lap_time": "Lap time",
}
# For each target: unit of what is said, on axes.
UNITS = {"finish": "place", "irating_change": "rating points", "lap_time": "% slower than the usual lap"}
SCORERS = {"irating": "iRating", "car's median": "Median of the car", "driver's median": "Median of the driver"}
COVERAGE: dict[str, tuple[str, str | None]] = {
    "what": ("Predicted", None),
    "coverage": ("Intervals held", "percent"),
    "coverage_meant": ("Meant to", "percent"),
    "published": ("Published", None),
    "error": ("Error", "%.4g"),
    "baseline_error": ("Best baseline", "%.4g"),
    "results": ("Results", "%d"),
}
SCORES: dict[str, tuple[str, str | None]] = {
    "span": ("Span", None),
    "scorer": ("Of", None),
    "value": ("Error", "%.4g"),
    "lead": ("Model ahead by", "%.3g"),
    "luck": ("Luck", "percent"),
    "results": ("Results", "%d"),
}
RATINGS: dict[str, tuple[str, str | None]] = {
    "driver": ("Driver", None),
    "category": ("Category", None),
    "irating": ("iRating", "%d"),
    "expected_irating": ("Expected", "%.0f"),
    "low_irating": ("From", "%.0f"),
    "high_irating": ("To", "%.0f"),
    "races_ahead": ("Races ahead", "%d"),
    "better_share": ("Nearer than naive", "percent"),
    "coverage": ("Intervals held", "percent"),
}


def show() -> None:
    """Show the page."""
    head(
        "Predictions",
        "What the models are worth: how wrong they were beside what needs no model, how often their intervals held, "
        "and how often came what they gave a chance.",
    )
    models = data.query("predictions/models")
    if models.empty:
        nothing("No model is trained yet. `simrace train` learns from the races that are here.")
        return
    every = data.query("predictions/coverage")
    if not every.empty:
        table(every.assign(what=every["target"].map(TARGETS)).round({"coverage": 2}), COVERAGE, "coverage", pinned=1)
    targets = {target: TARGETS.get(target, target) for target in models["target"].unique()}
    target = choose("What is predicted", "target", targets)
    own = models[models["target"] == target]
    _show_verdict(own)
    named = own.assign(scorer=own["scorer"].map(lambda name: SCORERS.get(name, name.capitalize())))
    table(named.round({"luck": 2}), SCORES, "scores")
    calibration = data.query("predictions/calibration")
    _show_calibration(target, calibration[calibration["target"] == target])
    _show_races(data.query("predictions/races", target=target))
    ratings = data.query("predictions/ratings")
    if not ratings.empty:
        st.subheader("Ratings to come")
        table(ratings.round({"better_share": 2, "coverage": 2}), RATINGS, "ratings", pinned=1)


def _show_verdict(own: pd.DataFrame) -> None:
    first = next(rows(own))
    if first.is_published:
        st.success("The model beat every baseline on the validation span by more than luck, and is used.")
    else:
        st.warning(f"The model is kept, and not used: {first.verdict}.")


def _show_calibration(target: str, bins: pd.DataFrame) -> None:
    if bins.empty:
        return
    st.subheader("What was said, and what came")
    unit = UNITS.get(target)
    titles = (f"Said, {unit}", f"Came, {unit}") if unit else ("Chance that was said", "Share that came")
    made = figure(380, *titles)
    both = bins[["mean_said", "mean_that_came"]]
    ends = [both.min().min(), both.max().max()] if unit else [0, 1]
    made.add_scatter(
        x=ends, y=ends, mode="lines", name="As said", line={"color": NEUTRAL, "dash": "dot"}, hoverinfo="skip"
    )
    form = ".1%" if unit is None else ".2f"
    hover = f"said %{{x:{form}}}, came %{{y:{form}}}<extra></extra>"
    series(made, 0, "Equal parts of the test", bins["mean_said"], bins["mean_that_came"], hover, "lines+markers")
    if unit is None:
        made.update_xaxes(range=[0, 1], tickformat=".0%")
        made.update_yaxes(range=[0, 1], tickformat=".0%")
    show_figure(made, "calibration", "What came for each part of what was said, beside the line of equality.")
    if bins["coverage"].notna().any():
        _show_coverage(unit or "", bins)


def _show_coverage(unit: str, bins: pd.DataFrame) -> None:
    made = figure(300, f"Said, {unit}", "Intervals that held")
    x = bins["mean_said"]
    meant = 2 * [bins["coverage_meant"].iloc[0]]
    line = {"color": NEUTRAL, "dash": "dot"}
    made.add_scatter(x=[x.min(), x.max()], y=meant, mode="lines", name="Meant to", line=line, hoverinfo="skip")
    series(made, 0, "Equal parts of the test", x, bins["coverage"], "%{y:.0%} held<extra></extra>", "lines+markers")
    made.update_yaxes(range=[0, 1], tickformat=".0%")
    show_figure(made, "held", "How often intervals held for each part of what was said, beside how often they should.")


def _show_races(scores: pd.DataFrame) -> None:
    if scores.empty:
        return
    st.subheader("Race by race")
    made = figure(380, "Race", "Error")
    hover = "%{x|%Y-%m-%d}: %{y:.3g}<extra>%{fullData.name}</extra>"
    series(made, 0, "Model", scores["green_flag_at"], scores["error"], hover, "markers")
    if scores["grid_error"].notna().any():
        series(made, 1, "Grid", scores["green_flag_at"], scores["grid_error"], hover, "markers")
    series(made, 2, "When it was trained", scores["green_flag_at"], scores["trained_error"], hover)
    show_figure(made, "drift", "Error of the model race by race, beside the grid and its error when it was trained.")
