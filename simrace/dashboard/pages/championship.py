"""Standings of a championship by class and team, with what was dropped, and what-if of the next round."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.championships.marts import BONUSES, read_rules
from simrace.dashboard import data
from simrace.dashboard.charts import RIGHT, bar, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.downloads import report_buttons
from simrace.dashboard.filters import choose
from simrace.dashboard.next_round import show_next_round
from simrace.dashboard.shell import head, link, nothing, to_copy
from simrace.dashboard.words import day, literal
from simrace.report.league import make_round
from simrace.report.words import counted

PARTS = {"race_points": "Races", "bonus_points": "Bonus"}
# Mostly nothing: a column of noughts is left out, and one with some numbers has nothing between them.
SELDOM = ("dropped_points", "points_deducted", "points_awarded")
MOST_BARS = 25
ALL = ""  # classes
STANDINGS: dict[str, tuple[str, str | None]] = {
    "position": ("Place", "%d"),
    "driver_name": ("Driver", None),
    "place_in_class": ("In class", "%d"),
    "class_name": ("Class", None),
    "team_name": ("Team", None),
    "points": ("Points", "%g"),
    "points_behind": ("Behind", "%g"),
    "dropped_points": ("Dropped", "%g"),
    "points_deducted": ("Deducted", "%g"),
    "points_awarded": ("Given", "%g"),
    "races": ("Races", "%d"),
    "races_counted": ("Counted", "%d"),
    "wins": ("Wins", "%d"),
    "podiums": ("Podiums", "%d"),
}
TEAMS: dict[str, tuple[str, str | None]] = {
    "position": ("Place", "%d"),
    "team_name": ("Team", None),
    "points": ("Points", "%g"),
    "points_behind": ("Behind", "%g"),
    "points_deducted": ("Deducted", "%g"),
    "points_awarded": ("Given", "%g"),
    "races": ("Races", "%d"),
    "results_counted": ("Results counted", "%d"),
    "wins": ("Wins", "%d"),
    "podiums": ("Podiums", "%d"),
}
DECISIONS: dict[str, tuple[str, str | None]] = {
    "green_flag_at": ("Race", "date"),
    "driver_name": ("Driver", None),
    "class_name": ("Class", None),
    "finish_position": ("Finished", "%d"),
    "scored_position": ("Scored as", "%d"),
    "points_deducted": ("Points taken", "%g"),
    "points_awarded": ("Points given", "%g"),
    "told": ("Decision", None),
}


def show() -> None:
    """Show the page."""
    head(
        "Championship",
        "Points of a championship or league season. Results in brackets are dropped by its rules and do not count.",
    )
    championships = data.query("championship/championships")
    if championships.empty:
        nothing(
            "No championship is here yet. League results that carry points make one; others are rows in "
            "`seeds/championships.csv` and `seeds/points_tables.csv`."
        )
        return
    options = {row.championship_id: row.championship_name or row.championship_id for row in rows(championships)}
    championship_id = choose("Championship", "championship", options)
    standings = data.query("championship/standings", championship_id=championship_id)
    rounds = data.query("championship/rounds", championship_id=championship_id)
    st.markdown(_rules(championship_id))
    names = {row.driver_id: str(row.driver_name or row.driver_id) for row in rows(rounds)}
    standings = _of_class(standings, rounds)
    _show_standings(standings, rounds)  # before the figure, whose script takes a browser seconds the first time
    _show_points(standings)
    teams = data.query("championship/teams", championship_id=championship_id)
    if not teams.empty:
        st.subheader("Teams")
        table(without_noughts(teams), TEAMS, "teams", pinned=2)
    decisions = data.query("championship/decisions", championship_id=championship_id)
    if not decisions.empty:
        st.subheader("Points taken and given")
        told = decisions.is_disqualified.map({True: "disqualified", False: None})
        table(without_noughts(decisions).assign(told=told), DECISIONS, "decisions")
    if not rounds.empty:
        latest = rounds.sort_values("green_flag_at").iloc[-1]
        link("Open the latest race", "race", race=str(latest.race_id))
    show_next_round(championship_id, names)
    st.subheader("The latest round")
    report_buttons("round", lambda connection: make_round(connection, championship_id, None))
    st.markdown("What another decision would change, before it is made:")
    to_copy(f"simrace championship what-if {championship_id} --round ROUND --disqualify DRIVER")


def _rules(championship_id: str) -> str:
    """What decides, in a sentence; no name is in it that a file could have written."""
    rules: Any = next(rows(data.query("championship/rules", championship_id=championship_id)))
    told = [f"{counted(rules.rounds, 'round')} so far"]
    if pd.notna(rules.rounds_counted):
        told.append(f"the best {int(rules.rounds_counted)} count")
    if pd.notna(rules.rounds_dropped):
        told.append(f"the worst {int(rules.rounds_dropped)} are dropped")
    if rules.is_scored_in_class:
        told.append("places are those in class")
    if pd.notna(rules.team_cars_counted):
        told.append(f"of a team the best {int(rules.team_cars_counted)} of each race count")
    bonuses = data.ask(read_rules, championship_id).bonuses
    if bonuses:
        told.append(f"bonuses: {', '.join(f'{BONUSES[name]} {float(points):g}' for name, points in bonuses.items())}")
    return f"{'; '.join(told)}."


def _of_class(standings: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Standings with the class of each driver's latest race; those of one class where one is chosen."""
    latest = rounds.sort_values("race_number").drop_duplicates("driver_id", keep="last")
    standings = standings.merge(latest[["driver_id", "class_name"]], on="driver_id", how="left")
    known = sorted(standings.class_name.dropna().unique())
    if len(known) < 2:
        return standings.drop(columns="class_name")
    standings["place_in_class"] = standings.groupby("class_name").position.rank(method="min")
    chosen = choose("Class", "class", {ALL: "all classes", **{name: name for name in known}})
    return standings if chosen == ALL else standings[standings.class_name == chosen]


def _show_points(standings: pd.DataFrame) -> None:
    first = standings.head(MOST_BARS)
    made = figure(120 + 22 * len(first), "Points that count", "")
    for number, (column, name) in enumerate(PARTS.items()):
        if number and not first[column].any():
            continue
        made.add_bar(
            y=[f"{row.position}  {literal(row.driver_name or row.driver_id)}" for row in rows(first)],
            x=first[column],
            orientation="h",
            name=name,
            marker=bar(number),
            hovertemplate="%{x:g}<extra>%{fullData.name}</extra>",
        )
    made.update_layout(barmode="stack", showlegend=True)
    made.update_yaxes(autorange="reversed", type="category")
    show_figure(made, "points", "Points of each driver that count, from races and as bonus.")


def _show_standings(standings: pd.DataFrame, rounds: pd.DataFrame) -> None:
    races = rounds.drop_duplicates("race_id")
    titles = {row.race_id: f"{number}: {day(row.green_flag_at)}" for number, row in enumerate(rows(races), 1)}
    cells = rounds.assign(cell=[_cell(row) for row in rows(rounds)])
    by_race = cells.pivot_table(index="driver_id", columns="race_id", values="cell", aggfunc=" + ".join)
    wide = without_noughts(standings).merge(by_race, on="driver_id", how="left")
    table(wide, STANDINGS | {race_id: (title, RIGHT) for race_id, title in titles.items()}, "standings", pinned=2)


def without_noughts(frame: pd.DataFrame) -> pd.DataFrame:
    """Points that few have, where they are any.

    Args:
        frame: Rows of standings or rounds.
    """
    return frame.assign(**{name: frame[name].where(frame[name] != 0) for name in SELDOM if name in frame})


def _cell(row: Any) -> str:
    if row.is_disqualified:
        return "DSQ"
    points = "" if pd.isna(row.race_points) else f"{row.race_points:g}"
    return points if row.is_counted else f"({points})"
