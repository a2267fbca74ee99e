"""The story of a race, lap by lap: places, gaps, lap times, who led, what happened and where others were quicker."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from simrace.dashboard.charts import NEUTRAL, figure, lap_time_axis, marker, style
from simrace.dashboard.data import rows
from simrace.dashboard.words import lap_time, literal
from simrace.report import race_rules

MOST_CARS = 6  # that are drawn in colours of their own; the others are grey
SLOWEST_SHOWN = 1.07  # of the middle lap time; a slower lap is cut off, so that pit stops do not flatten the rest
KINDS_SHOWN = 5
_QUIET = {"color": NEUTRAL, "width": 1}


@dataclass(frozen=True)
class Race:
    """Laps of one class of a race.

    Attributes:
        cars: One row per car, in the order of finish: entry_id, driver_name, car_number, start_position, laps_led.
        laps: One row per lap of a car: entry_id, lap_number, position_after_lap, gap_to_leader_s, lap_time_s, sectors,
            lap_events, is_pit_lap.
        penalties: One row per penalty: entry_id, lap_number, kind.
        is_part: Whether other classes drive too; places and gaps are then those in class.
    """

    cars: pd.DataFrame
    laps: pd.DataFrame
    penalties: pd.DataFrame
    is_part: bool = False

    def names(self) -> dict[str, str]:
        """What a car is called, by its entry."""
        return {row.entry_id: race_rules.car_name(row.driver_name, row.car_number) for row in _objects(self.cars)}


def positions(race: Race, chosen: list[str]) -> go.Figure:
    """Place of each car after each lap, from the grid on; stops in the pits and penalties are marked.

    Args:
        race: Its laps.
        chosen: Entries that are drawn in colours, in this order.
    """
    made = figure(480, "Lap (0: the grid)", "Place in class" if race.is_part else "Place")
    by_car = race_rules.places(_objects(race.laps), race.is_part)
    after = [by_car[row.entry_id][row.lap_number] for row in rows(race.laps)]
    known = pd.Series(after, index=race.laps.index, dtype="float64")
    placed = race.laps.assign(position_after_lap=known).dropna(subset="position_after_lap")
    grid = race.cars.set_index("entry_id").start_position.dropna()
    grid = grid.rank() if race.is_part else grid
    for entry_id, name, number in _in_order(race, chosen):
        own = placed[placed.entry_id == entry_id]
        start = [grid[entry_id]] if entry_id in grid else []
        x, y = [0] * len(start) + list(own.lap_number), [*start, *own.position_after_lap]
        _add_line(made, number, name, x, y, "Lap %{x}: place %{y}")
    stops = placed[placed.is_pit_lap & placed.entry_id.isin(chosen)]
    _add_marks(made, race, stops, "In the pits", "circle")
    fined = race.penalties[["entry_id", "lap_number", "kind"]].merge(placed, on=["entry_id", "lap_number"])
    _add_marks(made, race, fined[fined.entry_id.isin(chosen)], "Penalty", "x")
    made.update_xaxes(tickformat=",d", rangemode="tozero")
    # from the first place on, which Plotly would have on no line
    made.update_yaxes(tickvals=[1, *range(5, max(len(race.cars), 5) + 1, 5)], autorange="reversed", zeroline=False)
    return made


def gaps(race: Race, chosen: list[str]) -> go.Figure:
    """Seconds behind the leader, of a class behind its own, at the end of each lap, the leader on top.

    Args:
        race: Its laps.
        chosen: Entries that are drawn in colours, in this order.
    """
    made = figure(400, "Lap", "Behind the leader, s")
    behind = race_rules.gaps(_objects(race.laps), race.is_part)
    for entry_id, name, number in _in_order(race, chosen):
        own = behind.get(entry_id, {})
        _add_line(made, number, name, list(own), list(own.values()), "Lap %{x}: %{y:.1f} s behind")
    made.update_xaxes(tickformat=",d")
    made.update_yaxes(autorange="reversed")
    return made


def lap_times(race: Race, chosen: list[str]) -> go.Figure:
    """Lap times of the chosen cars; laps in the pits stand out by their marker.

    Args:
        race: Its laps.
        chosen: Entries, in the order of their colours.
    """
    made = figure(400, "Lap", "Lap time, min:s")
    timed = race.laps.dropna(subset="lap_time_s")
    shown = timed[timed.entry_id.isin(chosen)]
    names = race.names()
    for number, entry_id in enumerate(chosen):
        own = shown[shown.entry_id == entry_id]
        made.add_scatter(
            x=list(own.lap_number),
            y=list(own.lap_time_s),
            mode="lines+markers",
            name=literal(names[entry_id]),
            line=style(number),
            marker=marker(number) | {"symbol": ["circle-open" if pit else "circle" for pit in own.is_pit_lap]},
            customdata=[[lap_time(row.lap_time_s), ", in the pits" if row.is_pit_lap else ""] for row in rows(own)],
            hovertemplate="Lap %{x}: %{customdata[0]}%{customdata[1]}<extra>%{fullData.name}</extra>",
        )
    if not shown.empty:
        low, high = shown.lap_time_s.min(), min(shown.lap_time_s.max(), shown.lap_time_s.median() * SLOWEST_SHOWN)
        edge = max((high - low) * 0.05, 0.05)
        lap_time_axis(made, [low, high])
        made.update_yaxes(range=[low - edge, high + edge])
    made.update_layout(showlegend=True)
    made.update_xaxes(tickformat=",d")
    return made


def incidents(race: Race) -> go.Figure | None:
    """How many cars had something happen on each lap, by what it was; None where the files say nothing.

    Args:
        race: Its laps.
    """
    counted = race_rules.happened(_objects(race.laps))
    if not counted:
        return None
    kinds = Counter({kind: sum(n for (one, _), n in counted.items() if one == kind) for kind, _ in counted})
    made = figure(280, "Lap", "Cars")
    for number, (kind, _) in enumerate(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))[:KINDS_SHOWN]):
        found = sorted((lap, n) for (one, lap), n in counted.items() if one == kind)
        made.add_bar(
            x=[lap for lap, _ in found],
            y=[n for _, n in found],
            name=literal(kind),
            marker={"color": style(number)["color"]},
            hovertemplate="Lap %{x}: %{y}<extra>%{fullData.name}</extra>",
        )
    made.update_layout(barmode="stack", showlegend=True)
    made.update_xaxes(tickformat=",d")
    made.update_yaxes(tickformat=",d")
    return made


def bests(race: Race) -> pd.DataFrame:
    """Who led, and who had the fastest lap and sectors.

    Args:
        race: Its laps.

    Returns:
        One row per figure that there is: what, driver_name, value, lap_number.
    """
    found = race_rules.bests(_objects(race.cars), _objects(race.laps), race.names())
    return pd.DataFrame([asdict(one) for one in found], columns=["what", "driver_name", "value", "lap_number"])


def _objects(frame: pd.DataFrame) -> list[Any]:
    """Rows with their columns as attributes; what is missing is None."""
    return list(rows(frame.astype(object).where(frame.notna(), None)))


def _in_order(race: Race, chosen: list[str]) -> list[tuple[str, str, int | None]]:
    """Entry, name and number of its colour: the grey ones first, so that the chosen lie above them."""
    names = race.names()
    return [
        *((entry_id, name, None) for entry_id, name in names.items() if entry_id not in chosen),
        *((entry_id, names[entry_id], number) for number, entry_id in enumerate(chosen)),
    ]


def _add_line(made: go.Figure, number: int | None, name: str, x: list[object], y: list[object], hover: str) -> None:
    made.add_scatter(
        x=x,
        y=y,
        name=literal(name),
        mode="lines",
        line=_QUIET if number is None else style(number),
        opacity=0.5 if number is None else 1,
        showlegend=number is not None,
        hovertemplate=hover + "<extra>%{fullData.name}</extra>",
    )


def _add_marks(made: go.Figure, race: Race, laps: pd.DataFrame, name: str, symbol: str) -> None:
    if laps.empty:
        return
    names = race.names()
    made.add_scatter(
        x=list(laps.lap_number),
        y=list(laps.position_after_lap),
        mode="markers",
        name=name,
        marker={"symbol": symbol, "size": 9, "color": NEUTRAL, "line": {"width": 1, "color": "white"}},
        customdata=[literal(names[entry_id]) for entry_id in laps.entry_id],
        hovertemplate="Lap %{x}: %{customdata}<extra>" + name + "</extra>",
    )
