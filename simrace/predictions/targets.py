"""What is predicted, of which rows, and what needs no model to say the same: the baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simrace.predictions.arithmetic import Numbers
from simrace.predictions.training_data import ENTRIES, FIELD, LAPS

if TYPE_CHECKING:
    import pandas as pd

FEWEST_OF_A_FIELD = 3  # drivers that make an order
PODIUM = 3

Column = Callable[["pd.DataFrame"], Numbers]
# Given the rows that may be learned from and those that are asked for.
Baseline = Callable[["pd.DataFrame", "pd.DataFrame", "Target"], Numbers]


@dataclass(frozen=True)
class Target:
    """Something to predict.

    Attributes:
        name: Its name in ops.models.
        unit: Of what is said of it.
        is_chance: Whether it is a chance from 0 to 1; else a number with an interval.
        rows: Which rows have it.
        actual: What came, in the unit.
        baselines: By name.
        column: What it is made of in the training data.
        of: Which training data it is in: `entries` of races, or `laps`.
        measure: Of the error: mean absolute error, or Brier score.
    """

    name: str
    unit: str
    is_chance: bool
    rows: Callable[["pd.DataFrame"], "pd.Series[bool]"]
    actual: Column
    baselines: Mapping[str, Baseline]
    column: str
    of: str = ENTRIES

    @property
    def measure(self) -> str:
        """How wrong is measured; the lower the better."""
        return "brier_score" if self.is_chance else "mean_absolute_error"

    def errors(self, actual: Numbers, said: Numbers) -> Numbers:
        """How wrong what was said of each row was; their mean is the measure."""
        return np.asarray((actual - said) ** 2 if self.is_chance else np.abs(actual - said))


def numbers(rows: "pd.DataFrame", name: str) -> Numbers:
    """A column as numbers; nan where a value is missing."""
    return np.asarray(rows[name].to_numpy(dtype=float, na_value=np.nan))


def places(rows: "pd.DataFrame", value: Numbers) -> Numbers:
    """Places in class by a value, the lowest first, equal ones shared; drivers without a value are in the middle."""
    import pandas as pd

    series = pd.Series(value, index=rows.index)
    fields = [rows[name] for name in FIELD]
    middle = (series.groupby(fields, dropna=False).transform("size") + 1) / 2
    return np.asarray(series.groupby(fields, dropna=False).rank().fillna(middle), dtype=float)


def _classified(rows: "pd.DataFrame") -> "pd.Series[bool]":
    """Drivers that were classified in a field of several; in team races several drivers share one place."""
    has_place = rows["target_finish_position_in_class"].notna() & (rows["is_team_race"] == 0)
    size = has_place.groupby([rows[name] for name in FIELD], dropna=False).transform("sum")
    return has_place & (size >= FEWEST_OF_A_FIELD)


def _in_a_field_with_a_podium(rows: "pd.DataFrame") -> "pd.Series[bool]":
    return _classified(rows) & (rows["class_field_size"] > PODIUM)


def _order(name: str, sign: int = 1) -> Baseline:
    return lambda _, asked, __: places(asked, sign * numbers(asked, name))


def _rate_by(name: str, most: int = 20) -> Baseline:
    """How often it came in the past for those with the same whole number, drawn to the rate of all."""

    def said(learned: "pd.DataFrame", asked: "pd.DataFrame", target: "Target") -> Numbers:
        happened, base = target.actual(learned), float(target.actual(learned).mean())
        of_learned, of_asked = (
            np.clip(np.nan_to_num(numbers(rows, name)), 0, most).round() for rows in (learned, asked)
        )
        rates = {
            n: (happened[of_learned == n].sum() + base) / ((of_learned == n).sum() + 1) for n in np.unique(of_learned)
        }
        return np.array([rates.get(n, base) for n in of_asked], dtype=float)

    return said


def _own_rate(rate: str, count: str) -> Baseline:
    """The driver's own rate in the last races, drawn to that of all as by as many races again."""

    def said(learned: "pd.DataFrame", asked: "pd.DataFrame", target: "Target") -> Numbers:
        base = float(target.actual(learned).mean())
        races = np.nan_to_num(numbers(asked, count))
        return np.asarray((np.nan_to_num(numbers(asked, rate)) * races + 5 * base) / (races + 5))

    return said


def _base_rate(learned: "pd.DataFrame", asked: "pd.DataFrame", target: "Target") -> Numbers:
    return np.full(len(asked), float(target.actual(learned).mean()))


def _no_change(_: "pd.DataFrame", asked: "pd.DataFrame", __: "Target") -> Numbers:
    return np.zeros(len(asked))


def _own_mean(name: str) -> Baseline:
    return lambda _, asked, __: np.nan_to_num(numbers(asked, name))


def _as_the_grid_finishes(learned: "pd.DataFrame", asked: "pd.DataFrame", target: "Target") -> Numbers:
    """A straight line of the change on how much better than their rating drivers start."""
    ahead, of_asked = (
        np.nan_to_num((numbers(rows, "expected_finish_in_class") - numbers(rows, "start_position_in_class"))
                      / numbers(rows, "class_field_size"))
        for rows in (learned, asked)
    )  # fmt: skip
    slope, start = np.polyfit(ahead, target.actual(learned), 1) if len(learned) > 1 and ahead.std() > 0 else (0, 0)
    return np.asarray(start + slope * of_asked)


FINISH = Target(
    "finish",
    "place in class",
    False,
    _classified,
    lambda rows: places(rows, numbers(rows, "target_finish_position_in_class")),
    {
        "grid": _order("start_position_in_class"),
        "irating": _order("irating_before", -1),
        "last five": _order("avg_finish_percent_recent"),
    },
    "target_finish_position_in_class",
)
PODIUM_CHANCE = Target(
    "podium",
    "chance",
    True,
    _in_a_field_with_a_podium,
    lambda rows: (numbers(rows, "target_finish_position_in_class") <= PODIUM).astype(float),
    {
        "grid": _rate_by("start_position_in_class"),
        "irating": _rate_by("rank_by_irating"),
        "last five": _own_rate("podium_rate_recent", "known_finishes_in_class_recent"),
    },
    "target_finish_position_in_class",
)
DID_NOT_FINISH = Target(
    "did_not_finish",
    "chance",
    True,
    lambda rows: rows["target_did_not_finish"].notna(),
    lambda rows: numbers(rows, "target_did_not_finish"),
    {
        "all drivers": _base_rate,
        "grid": _rate_by("start_position_in_class"),
        "irating": _rate_by("rank_by_irating"),
        "last five": _own_rate("did_not_finish_rate_recent", "known_outcomes_recent"),
    },
    "target_did_not_finish",
)
IRATING_CHANGE = Target(
    "irating_change",
    "rating points",
    False,
    lambda rows: rows["target_irating_change"].notna() & (rows["is_official"] == 1) & (rows["is_team_race"] == 0),
    lambda rows: numbers(rows, "target_irating_change"),
    {"no change": _no_change, "grid": _as_the_grid_finishes, "last five": _own_mean("avg_irating_change_recent")},
    "target_irating_change",
)
LAP_TIME = Target(
    "lap_time",
    "percent slower than the usual lap",
    False,
    lambda rows: rows["target_slower_percent"].notna(),
    lambda rows: numbers(rows, "target_slower_percent"),
    # what is usual is the driver's median so far, or else that of the car
    {"driver's median": _no_change, "car's median": _own_mean("car_slower_percent"),
     "last lap": _own_mean("last_lap_slower_percent")},
    "target_slower_percent",
    LAPS,
)  # fmt: skip
TARGETS = {target.name: target for target in (FINISH, PODIUM_CHANCE, DID_NOT_FINISH, IRATING_CHANGE, LAP_TIME)}


def is_newcomer(target: Target, rows: "pd.DataFrame") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Who has no rating, no race behind, or no lap on the layout: intervals of their own."""
    if target is LAP_TIME:
        return np.asarray(np.nan_to_num(numbers(rows, "usual_laps")) == 0)
    races = np.nan_to_num(numbers(rows, "driver_race_number"), nan=1.0)
    return np.asarray(np.isnan(numbers(rows, "irating_before")) | (races <= 1))


def can_be_asked(name: str, rows: "pd.DataFrame") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """For which rows of a race to come a target means something: no podium where all are on it."""
    if name == PODIUM_CHANCE.name:
        return np.asarray(numbers(rows, "class_field_size") > PODIUM)
    if name == IRATING_CHANGE.name:
        return np.asarray(numbers(rows, "is_official") == 1)
    return np.full(len(rows), True)


def bounds(target: Target, rows: "pd.DataFrame") -> tuple[Numbers, Numbers]:
    """Least and greatest value that is possible for each row."""
    if target is FINISH:
        return np.ones(len(rows)), np.maximum(numbers(rows, "class_field_size"), 1)
    most = MOST_SLOWER_PERCENT if target is LAP_TIME else MOST_IRATING_CHANGE
    return np.full(len(rows), -most), np.full(len(rows), most)


# What a newcomer's interval is without margins.
MOST_IRATING_CHANGE = 400.0  # rating points in one race
MOST_SLOWER_PERCENT = 20.0  # of a lap at pace; drivers and days differ by less


def learned(target: Target, rows: "pd.DataFrame") -> Numbers:
    """What a function is fitted on: a place means more in a small field, so that it is the share of the field."""
    if target is FINISH:
        return np.asarray((numbers(rows, "target_finish_position_in_class") - 0.5) / numbers(rows, "class_field_size"))
    return target.actual(rows)


def in_unit(target: Target, rows: "pd.DataFrame", said: Numbers) -> Numbers:
    """What a function says, in the target's unit."""
    return np.asarray(said * numbers(rows, "class_field_size") + 0.5) if target is FINISH else said
