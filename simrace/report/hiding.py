"""Pseudonyms in place of names, as a warehouse that publishes none has them: the same name is the same everywhere."""

import os
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from simrace.database.pseudonyms import pseudonym
from simrace.report.race_marts import WholeRace

DRIVER, TEAM = "Driver", "Team"
Row = TypeVar("Row")


def named(kind: str) -> Callable[[str], str]:
    """What gives each name its pseudonym.

    Args:
        kind: Word before it, such as Driver.
    """

    def shown(name: str) -> str:
        is_pseudonym = re.fullmatch(rf"{kind} [0-9a-f]{{16}}", name)  # of a warehouse that publishes no names
        return name if is_pseudonym else pseudonym(name, kind, os.environ)

    return shown


def hidden(whole: WholeRace) -> WholeRace:
    """A race whose drivers and teams have pseudonyms; cars keep their numbers.

    Args:
        whole: With their names.

    Raises:
        PseudonymError: there is no key.
    """
    teams = {one.team_name for one in (*whole.teams, *whole.results) if one.team_name}
    return replace(
        whole,
        results=[_hidden(row, teams) for row in whole.results],
        teams=[_hidden(row, teams) for row in whole.teams],
        cars=[_hidden(row, teams) for row in whole.cars],
        stints=[_hidden(row, teams) for row in whole.stints],
        penalties=[_hidden(row, teams) for row in whole.penalties],
        before=[_hidden(row, teams) for row in whole.before],
    )


def _hidden(row: Row, teams: Collection[str]) -> Row:
    # a car that several drive is called as its team
    driver, team = named(DRIVER), named(TEAM)
    changed = {}
    for name in ("driver_name", "team_name"):
        if value := getattr(row, name, None):
            is_team = name == "team_name" or value in teams
            changed[name] = team(value) if is_team else driver(value)
    return replace(row, **changed) if changed else row  # type: ignore[type-var]
