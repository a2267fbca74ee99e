"""A driver's racing: ratings over time, form, incidents, expectations, opponents."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import NEUTRAL, figure, marker, series, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import joined, literal
from simrace.sim_names import sim_name

FORM = {
    "avg_finish_percent_recent": ("Finish, % of the field (100 is a win)", "%{y:.0f} %"),
    "avg_finish_minus_expected_recent": ("Places behind expectation", "%{y:+.1f} places"),
    "avg_places_gained_recent": ("Places gained", "%{y:+.1f} places"),
    "incidents_per_100_corners_recent": ("Incidents per 100 corners", "%{y:.2f}"),
    "avg_irating_change_recent": ("Change of iRating", "%{y:+.1f}"),
}

ALL = "all"  # in the address
INCIDENTS = {
    "month_date": ("Month", "month"),
    "layout": ("Layout", None),
    "series_name": ("Series", None),
    "races": ("Races", "%d"),
    "incidents": ("Incidents", "%d"),
    "incidents_per_100_corners": ("Per 100 corners", "%.2f"),
}
OPPONENTS = {
    "opponent_name": ("Opponent", None),
    "category": ("Category", None),
    "races": ("Races", "%d"),
    "races_ahead": ("Ahead", "%d"),
    "races_behind": ("Behind", "%d"),
    "avg_gap_places": ("Places ahead, mean", "%+.1f"),
    "avg_irating_difference": ("iRating above, mean", "%+.0f"),
    "last_race_at": ("Last met", "date"),
}


def show() -> None:
    """Show the page."""
    head(
        "Driver",
        "How a driver's ratings and form went, how clean the races were, whether the finishes are what the ratings "
        "expected, and against whom they came about.",
    )
    drivers = data.query("driver/drivers")
    if drivers.empty:
        nothing("No race results are here yet. Land result files with `simrace run PATH`.")
        return
    options = {
        row.driver_id: joined(row.driver_name or row.driver_id, f"{row.races} races", sim_name(row.sim))
        for row in rows(drivers)
    }
    left, right = st.columns([3, 1])
    with left:
        driver_id = choose("Driver", "driver", options)
    categories = data.query("driver/categories", driver_id=driver_id)
    options = {row.license_category_id: _title(row.license_category_id) for row in rows(categories)}
    with right:
        chosen = choose("Licence category", "category", options | {ALL: "All"}) if len(options) > 1 else ALL
    ratings = _of(data.query("driver/ratings", driver_id=driver_id), chosen)
    races = next(int(row.races) for row in rows(drivers) if row.driver_id == driver_id)
    _show_tiles(races, ratings)
    _show_ratings(ratings)
    _show_form(_of(data.query("driver/form", driver_id=driver_id), chosen))
    left, right = st.columns(2)
    with left:
        _show_expected(_of(data.query("driver/expected", driver_id=driver_id), chosen))
    with right:
        _show_incidents(driver_id)
    _show_opponents(_of(data.query("driver/opponents", driver_id=driver_id), chosen))


def _of(frame: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """The rows of a licence category."""
    return frame if chosen == ALL else frame[frame.license_category_id == chosen]


def _show_tiles(races: int, ratings: pd.DataFrame) -> None:
    """What is there before the figures are."""
    all_races, irating, best, safety = st.columns(4)
    all_races.metric("Races", f"{races:,}", help="Of all licence categories.")
    known = ratings.dropna(subset=["irating_after", "results_known_at"]).sort_values("results_known_at")
    if known.empty:
        return
    last = next(rows(known.tail(1)))
    told: dict[str, Any] = {"delta": _title(last.license_category_id), "delta_color": "off", "delta_arrow": "off"}
    irating.metric("iRating", f"{last.irating_after:,.0f}", **told, help="After the latest race with one.")
    best.metric("Highest iRating", f"{last.irating_peak:,.0f}", **told)
    if pd.notna(last.safety_rating_corrected_after):
        safety.metric("Safety rating", f"{last.safety_rating_corrected_after:.2f}", **told)


def _show_ratings(ratings: pd.DataFrame) -> None:
    st.subheader("Ratings")
    if ratings.empty:
        nothing("No race of this driver carries a rating; only iRacing's results do.")
        return
    for title, column, written, place in zip(
        ("iRating", "Safety rating"),
        ("irating_after", "safety_rating_corrected_after"),
        (",.0f", ".2f"),
        st.columns(2),
        strict=True,
    ):
        made = figure(340, "Race held", title)
        for number, (name, some) in enumerate(_by_category(ratings)):
            known = some.dropna(subset=[column, "results_known_at"])
            hover = f"{title} %{{y:{written}}}<extra>%{{fullData.name}}</extra>"
            series(made, number, name, known.results_known_at, known[column], hover, mode="lines+markers")
        made.update_layout(showlegend=True)
        with place:
            show_figure(made, column, f"{title} after each race, a line for each licence category.")


def _show_form(form: pd.DataFrame) -> None:
    st.subheader("Form")
    known = form.dropna(subset="feature_cutoff_at")
    known = known[known.races_recent > 0]
    if known.empty:
        nothing("Form begins with a second dated race: it is the mean of up to five races before.")
        return
    column = choose("Figure", "form", {name: title for name, (title, _) in FORM.items()})
    title, written = FORM[column]
    st.markdown("Mean of up to five races before each race, as it was known at its green flag.")
    made = figure(340, "Green flag", title)
    for number, (name, some) in enumerate(_by_category(known)):
        hover = f"{written}<extra>%{{fullData.name}}</extra>"
        series(made, number, name, some.feature_cutoff_at, some[column], hover, mode="lines+markers")
    made.update_layout(showlegend=True)
    show_figure(made, "form_figure", f"{title} over the last five races, at each race.")


def _show_expected(races: pd.DataFrame) -> None:
    st.subheader("Expected and real finish")
    if races.empty:
        nothing("No finish can be expected: no race of this driver has rated opponents.")
        return
    st.markdown("Below the line is better than the ratings expected.")
    made = figure(420, "Expected finish in class", "Finish in class")
    last = float(max(races.expected_finish_in_class.max(), races.finish_position_in_class.max())) + 1
    made.add_scatter(
        x=[1, last], y=[1, last], mode="lines", line={"color": NEUTRAL, "dash": "dot"}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    for number, (name, some) in enumerate(_by_category(races)):
        made.add_scatter(
            x=some.expected_finish_in_class,
            y=some.finish_position_in_class,
            mode="markers",
            name=name,
            marker=marker(number),
            customdata=[[literal(joined(row.track_name, row.series_name)), row.class_entries] for row in rows(some)],
            hovertemplate="%{customdata[0]}<br>expected %{x:.1f}, finished %{y} of %{customdata[1]}<extra></extra>",
        )
    made.update_layout(showlegend=True)
    show_figure(
        made, "expected", "Finish in class against the finish that the ratings expected, a point for each race."
    )


def _show_incidents(driver_id: str) -> None:
    st.subheader("Incidents")
    incidents = data.query("driver/incidents", driver_id=driver_id)
    if incidents.empty:
        nothing("No race of this driver counts incidents.")
        return
    st.markdown("By month, layout and series. The rate is empty where the corners of a lap are not known.")
    layouts = [joined(row.track_name, row.config_name) for row in rows(incidents)]
    table(incidents.assign(layout=layouts), INCIDENTS, "incidents")


def _show_opponents(opponents: pd.DataFrame) -> None:
    st.subheader("Head to head")
    if opponents.empty:
        nothing("This driver met nobody in class yet.")
        return
    st.markdown("Opponents of the same class, those met most often first; up to 200.")
    table(opponents.assign(category=opponents.license_category_id.map(_title)), OPPONENTS, "opponents", pinned=1)


def _by_category(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    category_id: Any
    for category_id, some in frame.groupby("license_category_id"):
        yield _title(category_id), some


def _title(category_id: str) -> str:
    """Title of a licence category; its id where it has none."""
    categories = data.query("driver/license_categories").set_index("license_category_id")
    return str(categories.title.get(category_id, category_id))
