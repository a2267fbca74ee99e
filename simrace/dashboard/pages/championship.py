"""Standings of a championship, with what was dropped."""

from typing import Any

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, link, nothing
from simrace.dashboard.words import day, literal

PARTS = {"race_points": ("Races", ""), "bonus_points": ("Bonus", "/")}
MOST_BARS = 25
STANDINGS: dict[str, tuple[str, str | None]] = {
    "position": ("Place", "%d"),
    "driver_name": ("Driver", None),
    "points": ("Points", "%g"),
    "points_behind": ("Behind", "%g"),
    "dropped_points": ("Dropped", "%g"),
    "points_deducted": ("Deducted", "%g"),
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
    _show_points(standings)
    _show_standings(standings, rounds)
    teams = data.query("championship/teams", championship_id=championship_id)
    if not teams.empty:
        st.subheader("Teams")
        table(teams, TEAMS, "teams", pinned=2)
    decisions = data.query("championship/decisions", championship_id=championship_id)
    if not decisions.empty:
        st.subheader("Points taken and given")
        told = decisions.is_disqualified.map({True: "disqualified", False: None})
        table(decisions.assign(told=told), DECISIONS, "decisions")
    if not rounds.empty:
        latest = rounds.sort_values("green_flag_at").iloc[-1]
        link("Open the latest race", "race", race=str(latest.race_id))
    st.markdown("What another decision would change, before it is made:")
    st.code(f"simrace championship what-if {championship_id} --round ROUND --disqualify DRIVER", language=None)


def _show_points(standings: pd.DataFrame) -> None:
    first = standings.head(MOST_BARS)
    made = figure(120 + 22 * len(first), "Points that count", "")
    for number, (column, (name, pattern)) in enumerate(PARTS.items()):
        made.add_bar(
            y=[f"{row.position}  {literal(row.driver_name or row.driver_id)}" for row in rows(first)],
            x=first[column],
            orientation="h",
            name=name,
            marker={"color": COLOURS[number], "pattern": {"shape": pattern}},
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
    wide = standings.merge(by_race, on="driver_id", how="left")
    table(wide, STANDINGS | {race_id: (title, None) for race_id, title in titles.items()}, "standings", pinned=2)


def _cell(row: Any) -> str:
    if row.is_disqualified:
        return "DSQ"
    points = "" if pd.isna(row.race_points) else f"{row.race_points:g}"
    return points if row.is_counted else f"({points})"
