"""What-if of a championship's next round: what each driver needs to lead, and standings after an order of finish."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from simrace.championships.bonuses import OF_ONE, most
from simrace.championships.marts import BONUSES, Scored, Standing, read_points, read_rules, read_scored
from simrace.championships.next_round import (
    DRIVER,
    LEADER,
    NO_POINTS,
    NOBODY,
    Need,
    Season,
    after,
    held,
    needs,
    points_of_next,
)
from simrace.championships.seeds import POINTS_OF_FILES
from simrace.championships.standings import driver_standings, team_standings
from simrace.dashboard import data
from simrace.dashboard.charts import Columns, table
from simrace.dashboard.filters import choose, choose_several
from simrace.dashboard.shell import nothing
from simrace.report.league_story import shift
from simrace.report.words import counted, ordinal

MOST_IN_ORDER = 60
IN_ORDER = 10  # of the standings, which is the order unless another is chosen
LEADER_IN = (1, 2, 3, 4, 5, NO_POINTS)  # places of the leader that the table goes through
FACTORS = {"1": "as usual", "0.5": "half", "1.5": "one and a half times", "2": "twice"}
BONUS_TO = {NOBODY: "neither", DRIVER: "the driver", LEADER: "the leader"}
OF_FILES = "as the latest race gave them"
NEEDS: dict[str, tuple[str, str | None]] = {
    "driver": ("Driver", None),
    "points": ("Points", "%g"),
    "at_best": ("At best", "%g"),
    "at_worst": ("At worst", "%g"),
    "can_lead": ("Can lead", None),
    "leads_from": ("Sure to lead with", None),
    **{f"leader_{place}": (f"Leader {ordinal(place) if place else 'without points'}", None) for place in LEADER_IN},
}
REFUSED: Columns = {"who": ("Who", None), "bonus": ("Bonus", None), "why": ("Why not", None)}
AFTER: Columns = {
    "position": ("Place", "%d"),
    "shift": ("Up or down", None),
    "who": ("Who", None),
    "team": ("Team", None),
    "points": ("Points", "%g"),
    "gained": ("Gained", "%+g"),
    "points_behind": ("Behind", "%g"),
    "dropped_points": ("Dropped", "%g"),
}


def show_next_round(championship_id: str, names: Mapping[str, str]) -> None:
    """Show the part of the page.

    Args:
        championship_id: Championship.
        names: Of its drivers, by driver_id.
    """
    st.subheader("What if: the next round")
    scored = data.ask(read_scored, championship_id)
    if not any(each.role == "driver" for each in scored):
        nothing("Nobody is in the table of drivers yet.")
        return
    rules, tables = data.ask(read_rules, championship_id), data.ask(read_points, championship_id)
    used = dict.fromkeys([scored[-1].points_table, *tables, *(each.points_table for each in scored)])
    left, right = st.columns(2)
    with left:
        written = {name: OF_FILES if name in POINTS_OF_FILES else name for name in used}
        points_table = choose("Points for places", "next_points", written)
    with right:
        factor = choose("The round counts", "next_factor", FACTORS)
    season = Season(scored, rules, points_of_next(scored, tables, points_table, Decimal(factor)))
    if not season.points:
        nothing("No race gave points by this table so far, so what a place is worth is unknown.")
        return
    _show_needs(season, names)
    _show_after(season, names)


def _show_needs(season: Season, names: Mapping[str, str]) -> None:
    bonus_to = NOBODY
    if season.rules.bonuses:
        bonus_to = choose("In the columns Leader every bonus goes to", "next_bonus_to", BONUS_TO, side_by_side=True)
    found = needs(season, bonus_to)
    table(pd.DataFrame([_need(one, names) for one in found]), NEEDS, "needs", pinned=1)
    others = len(season.drivers()) - len(found)
    out = f" {counted(others, 'driver')} cannot lead after it." if others else ""
    st.caption(f"What each driver needs to lead after a next round of one race; drops are reckoned with.{out}")
    if len(found) > 1:
        st.caption(
            "The columns Leader: the last place with which the driver is ahead of who leads now (the first line), by "
            "where that one ends. any: without points too; no: not even with a win."
        )
    if season.rules.bonuses:
        st.caption(
            f"Bonuses of a race can be worth {_points(most(season.rules, 1))} beside the points of a win. At best and "
            "can lead reckon that the driver has them all, sure to lead that each other has."
        )


def _points(points: Decimal) -> str:
    return f"{points.normalize():f}"


def _need(need: Need, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "driver": names.get(need.driver_id, need.driver_id),
        "points": float(need.points),
        "at_best": float(need.at_best),
        "at_worst": float(need.at_worst),
        "can_lead": "yes" if need.can_lead else "no",
        "leads_from": place_needed(need.leads_from, "depends on others"),
        **{
            f"leader_{place}": place_needed(need.beside_leader[place])
            for place in LEADER_IN
            if place in need.beside_leader
        },
    }


def place_needed(place: int | None, never: str = "no") -> str:
    """A place that is enough, in words."""
    return never if place is None else "any" if place == NO_POINTS else ordinal(place)


def _show_after(season: Season, names: Mapping[str, str]) -> None:
    before = driver_standings(season.scored, season.rules)
    others = season.others()
    options = {line.key: names.get(line.key, line.key) for line in before}
    options |= {who: f"{names.get(who, who)} ({one.role})" for who, one in others.items()}
    first = [line.key for line in before][:IN_ORDER]
    order = choose_several("They finish in this order", "next_order", options, default=first, most=MOST_IN_ORDER)
    st.caption(_about_order(season, others))
    its_round = held(season, order, _choose_bonuses(season, options))
    if its_round.refused:
        st.markdown("Bonuses that were chosen and give no points:")
        refused = [
            {"who": options[each.driver_id], "bonus": BONUSES[each.bonus], "why": each.why}
            for each in its_round.refused
        ]
        table(pd.DataFrame(refused), REFUSED, "refused_bonuses")
    drivers, teams = after(season, its_round)
    st.markdown("#### Drivers then")
    table(_after(before, drivers, options), AFTER, "drivers_after", pinned=3)
    if teams:
        st.markdown("#### Teams then")
        table(_after(team_standings(season.scored, season.rules), teams, {}), AFTER, "teams_after", pinned=3)


def _about_order(season: Season, others: Mapping[str, Scored]) -> str:
    told = ["The order of choice is the order of finish, in classes within each class. Who is not chosen has no place."]
    roles = {one.role for one in others.values()}
    if "guest" in roles:
        what = "pass their places up" if season.rules.are_places_of_guests_passed_up else "hold their places"
        told.append(f"Guests score nothing and {what}.")
    if "reserve" in roles:
        told.append("Reserves score for their team alone.")
    if roles:
        told.append("Who is what in it is as in the latest race of each.")
    return " ".join(told)


def _choose_bonuses(season: Season, options: Mapping[str, str]) -> dict[str, list[str]]:
    """Who has which of the bonuses that the championship gives; nobody at first."""
    worth = season.rules.bonuses
    if not worth:
        return {}
    classes = {one.class_name for one in (*season.drivers().values(), *season.others().values())}
    chosen = {}
    for place, (name, points) in zip(st.columns(len(worth)), worth.items(), strict=True):
        with place:
            chosen[name] = choose_several(
                f"{BONUSES[name].capitalize()}, +{_points(points)}",
                f"next_{name.removesuffix('_points')}",
                options,
                default=[],
                most=len(classes) if name in OF_ONE else MOST_IN_ORDER,
            )
    return chosen


def _after(before: Sequence[Standing], then: Sequence[Standing], names: Mapping[str, str]) -> pd.DataFrame:
    was = {line.key: line for line in before}
    return pd.DataFrame(
        [
            {
                "position": line.position,
                "shift": shift(was[line.key].position if line.key in was else None, line.position),
                "who": names.get(line.key, line.key),
                "team": line.team_name,
                "points": float(line.points),
                "gained": float(line.points - was[line.key].points) or None if line.key in was else None,
                "points_behind": float(line.points_behind),
                "dropped_points": float(line.dropped_points) or None,
            }
            for line in then
        ]
    )
