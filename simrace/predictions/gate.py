"""Whether a model beats a baseline by more than luck: a paired bootstrap of whole races.

Errors of drivers in one race hang together, so races are drawn, with replacement, and not drivers (Efron, Tibshirani,
"An Introduction to the Bootstrap", 1993).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simrace.coverage import COVERAGE
from simrace.predictions.arithmetic import Numbers
from simrace.predictions.intervals import TAIL

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 4_000
# With fewer, the draws are too much alike to tell luck: three races that went well are three in each draw.
FEWEST_DRAWN = 8


@dataclass(frozen=True)
class Lead:
    """How far a model is ahead of a baseline.

    Attributes:
        value: Mean error of the baseline less that of the model.
        low: What that is in the poorer draws, four times in five between this and `high`.
        high: What it is in the better ones.
        luck: Share of the draws in which the model is not ahead.
        drawn: Races that were drawn from.
    """

    value: float
    low: float
    high: float
    luck: float
    drawn: int

    def is_more_than_luck(self, confidence: float) -> bool:
        """Whether the model is ahead in at least this share of the draws, of enough races."""
        return self.drawn >= FEWEST_DRAWN and self.luck <= 1 - confidence


def lead(own: Numbers, other: Numbers, drawn: "pd.Series[str]", seed: int) -> Lead:
    """How far a model is ahead of a baseline, and how much of that is luck.

    Args:
        own: Errors of the model, row by row.
        other: Errors of the baseline on the same rows.
        drawn: What each row belongs to that is drawn as a whole, such as its race.
        seed: Of the draws.
    """
    _, of_row = np.unique(drawn.to_numpy(dtype=str), return_inverse=True)
    rows = np.bincount(of_row).astype(float)
    ahead = np.bincount(of_row, weights=other - own)
    rng = np.random.default_rng(seed)
    # in parts, because all draws of thousands of races at once take gigabytes
    drawn_races = (rng.integers(len(rows), size=(DRAWS // 20, len(rows))) for _ in range(20))
    draws = np.concatenate([ahead[each].sum(axis=1) / rows[each].sum(axis=1) for each in drawn_races])
    low, high = np.quantile(draws, (TAIL, TAIL + COVERAGE))
    return Lead(float((other - own).mean()), float(low), float(high), float((draws <= 0).mean()), len(rows))
