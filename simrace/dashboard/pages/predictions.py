"""What the models are worth: errors beside the baselines, calibration, coverage, and drift since they were trained."""

import pandas as pd

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
}
MEASURES = {
    "mean_absolute_error": "Mean absolute error",
    "brier_score": "Brier score",
    "coverage": "Share of intervals that held",
}
SCORES: dict[str, tuple[str, str | None]] = {
    "span": ("Races", None),
    "measure": ("Measure", None),
    "scorer": ("Of", None),
    "value": ("Value", "%.4g"),
    "results": ("Results", "%d"),
}
RATINGS: dict[str, tuple[str, str | None]] = {
    "driver": ("Driver", None),
    "license_category_id": ("Category", None),
    "irating": ("iRating", "%d"),
    "expected_irating": ("Expected", "%.0f"),
    "low_irating": ("From", "%.0f"),
    "high_irating": ("To", "%.0f"),
    "races_ahead": ("Races ahead", "%d"),
    "better_share": ("Nearer than naive", "%.2f"),
    "coverage": ("Intervals held", "%.2f"),
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
    targets = {target: TARGETS.get(target, target) for target in models["target"].unique()}
    target = choose("What is predicted", "target", targets)
    own = models[models["target"] == target]
    _show_verdict(own)
    _show_scores(own)
    calibration = data.query("predictions/calibration")
    _show_calibration(calibration[calibration["target"] == target])
    _show_races(data.query("predictions/races", target=target))
    ratings = data.query("predictions/ratings")
    if not ratings.empty:
        table(ratings, RATINGS, "ratings", pinned=1)


def _show_verdict(own: pd.DataFrame) -> None:
    import streamlit as st

    first = next(rows(own))
    if first.is_published:
        st.success("The model beat every baseline on the validation races, and is used by `simrace predict`.")
    else:
        st.warning("The model did not beat every baseline on the validation races: it is kept, and not used.")


def _show_scores(own: pd.DataFrame) -> None:
    shown = own.assign(measure=own["measure"].map(MEASURES))
    table(shown, SCORES, "scores")


def _show_calibration(bins: pd.DataFrame) -> None:
    if bins.empty:
        return
    made = figure(380, "Chance that was said", "Share that came")
    made.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="As said", line={"color": NEUTRAL, "dash": "dot"}, hoverinfo="skip"
    )
    hover = "said %{x:.1%}, came %{y:.1%}<extra></extra>"
    series(made, 0, "Test races", bins["mean_chance"], bins["share_that_came"], hover, "lines+markers")
    made.update_xaxes(range=[0, 1], tickformat=".0%")
    made.update_yaxes(range=[0, 1], tickformat=".0%")
    show_figure(made, "calibration", "Share that came for each fifth of the chances, beside the line of equality.")


def _show_races(scores: pd.DataFrame) -> None:
    if scores.empty:
        return
    made = figure(380, "Race", "Error")
    hover = "%{x|%Y-%m-%d}: %{y:.3g}<extra>%{fullData.name}</extra>"
    series(made, 0, "Model", scores["green_flag_at"], scores["error"], hover, "markers")
    if scores["grid_error"].notna().any():
        series(made, 1, "Grid", scores["green_flag_at"], scores["grid_error"], hover, "markers")
    series(made, 2, "When it was trained", scores["green_flag_at"], scores["trained_error"], hover)
    show_figure(made, "drift", "Error of the model race by race, beside the grid and its error when it was trained.")
