"""Standings of a championship, with what was dropped."""

from typing import Any

import pandas as pd

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.shell import head, nothing
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
