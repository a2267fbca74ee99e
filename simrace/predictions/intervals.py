"""Intervals that hold as often as they say, by what was wrong on races that no function was fitted on.

Split conformal prediction of quantiles: Romano, Patterson, Candès, "Conformalized Quantile Regression" (2019).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simrace.coverage import COVERAGE, NORMAL
from simrace.predictions.arithmetic import Numbers

TAIL = (1 - COVERAGE) / 2
# Fewest rows of a group that have margins of their own; with fewer an interval is as wide as can be.
FEWEST_OF_A_GROUP = 30
BINS = 5

Groups = NDArray[np.bool_]


def margins(low: Numbers, high: Numbers, actual: Numbers, is_newcomer: Groups) -> dict[str, float | None]:
    """By how much to widen intervals so that they hold, apart for those of whom something is known and for newcomers.

    Args:
        low: Lower ends.
        high: Upper ends.
        actual: What came, of rows that nothing was fitted on.
        is_newcomer: Which of them have no races behind them or no rating.
    """
    return {
        name: _margin(np.maximum(low - actual, actual - high)[group])
        for name, group in (("known", ~is_newcomer), ("newcomer", is_newcomer))
    }


def _margin(beyond: Numbers) -> float | None:
    """The quantile of distances beyond the ends (negative inside), for one more row; None for too few."""
    if len(beyond) < FEWEST_OF_A_GROUP:
        return None
    place = int(np.ceil(COVERAGE * (len(beyond) + 1))) - 1
    return float(f"{np.sort(beyond)[min(place, len(beyond) - 1)]:.9g}")


def widened(
    low: Numbers, high: Numbers, by: Mapping[str, float | None], is_newcomer: Groups, lowest: Numbers, highest: Numbers
) -> tuple[Numbers, Numbers]:
    """Intervals with their margins, within bounds; of a group without a margin they are the bounds.

    Args:
        low: Lower ends.
        high: Upper ends.
        by: From `margins`.
        is_newcomer: Which rows are newcomers.
        lowest: Least value of each row.
        highest: Greatest value of each row.
    """
    margin = np.where(
        is_newcomer,
        np.nan if by["newcomer"] is None else by["newcomer"],
        np.nan if by["known"] is None else by["known"],
    ).astype(float)
    wide_low = np.where(np.isnan(margin), lowest, np.clip(low - margin, lowest, highest))
    wide_high = np.where(np.isnan(margin), highest, np.clip(high + margin, lowest, highest))
    # a negative margin can turn a narrow interval round
    middle = (wide_low + wide_high) / 2
    return np.minimum(wide_low, middle), np.maximum(wide_high, middle)


def logistic_scale(log_odds: Numbers, happened: Numbers) -> tuple[float, float]:
    """Slope and shift of log odds that fit what happened (Platt 1999), drawn to no change as by ten rows."""
    slope, shift = 1.0, 0.0
    strength = 10.0 / max(len(happened), 1)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(slope * log_odds + shift, -30, 30)))
        weight = p * (1 - p)
        gradient = np.array(
            [((p - happened) * log_odds).mean() + strength * (slope - 1), (p - happened).mean() + strength * shift]
        )
        hessian = np.array(
            [[(weight * log_odds**2).mean() + strength, (weight * log_odds).mean()],
             [(weight * log_odds).mean(), weight.mean() + strength]]
        )  # fmt: skip
        step = np.linalg.solve(hessian, gradient)
        slope, shift = slope - step[0], shift - step[1]
        if np.abs(step).max() < 1e-10:
            break
    return float(f"{max(slope, 0):.9g}"), float(f"{shift:.9g}")


def bins_of(chances: Numbers, happened: Numbers) -> list[dict[str, Any]]:
    """Bins of as many rows each, by the chance: how often it came, and between what ends that is known."""
    if not len(chances):
        return []
    made = []
    for part in fifths(chances):
        low, high = wilson(float(happened[part].sum()), len(part))
        made.append(
            {
                "upper": _kept(chances[part].max()),
                "chance": _kept(chances[part].mean()),
                "share": _kept(happened[part].mean()),
                "low": _kept(low),
                "high": _kept(high),
                "rows": len(part),
            }
        )
    return made


def fifths(values: Numbers) -> list[NDArray[np.intp]]:
    """Places of the values in bins of as many each, in their order; fewer bins where there are few."""
    order = np.argsort(values, kind="stable")
    return np.array_split(order, min(BINS, max(1, len(order) // FEWEST_OF_A_GROUP)))


def interval_of_chance(chances: Numbers, bins: list[dict[str, Any]]) -> tuple[Numbers, Numbers]:
    """Between what ends the share lies of those with such a chance that it came for, the chance itself included."""
    if not bins:
        return np.zeros_like(chances), np.ones_like(chances)
    uppers = np.array([each["upper"] for each in bins[:-1]])
    at = np.searchsorted(uppers, chances, side="left")
    low = np.array([each["low"] - each["chance"] for each in bins])[at]
    high = np.array([each["high"] - each["chance"] for each in bins])[at]
    return np.clip(chances + np.minimum(low, 0), 0, 1), np.clip(chances + np.maximum(high, 0), 0, 1)


def wilson(successes: float, rows: int) -> tuple[float, float]:
    """Ends of the share behind a count (Wilson 1927), at COVERAGE."""
    share, z2 = successes / rows, NORMAL**2
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = NORMAL * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2)) / (1 + z2 / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def _kept(number: float) -> float:
    return float(f"{float(number):.6g}")
