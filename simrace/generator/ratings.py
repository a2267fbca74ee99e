"""Skill and safety ratings as races move them; an estimate, the sim does not publish its own."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simrace.generator.track import Floats

B = 1600 / math.log(2)
CROSSING = 40  # a safety rating that crosses a whole number moves on by another 0.40


def strength_of_field(ratings: Floats) -> float:
    """Rating of a field: the mean in the exponential scale of the ratings."""
    return B * math.log(len(ratings) / float(np.exp(-ratings / B).sum()))


def expected_scores(ratings: Floats) -> Floats:
    """Opponents each driver should beat, (drivers,)."""
    e = np.exp(-ratings / B)
    wins = np.outer(1 - e, e)
    return np.asarray((wins / (wins + wins.T)).sum(axis=1) - 0.5)


def rating_changes(ratings: Floats, positions: Floats, started: NDArray[np.bool_]) -> Floats:
    """Rounded change of each rating after a race of one class.

    Args:
        ratings: Ratings before the race, (drivers,).
        positions: Finishing places from 1, (drivers,).
        started: Whether the driver took the start; who did not pays for what the others won.
    """
    registered, starters = len(ratings), int(started.sum())
    expected = expected_scores(ratings)
    fudge = ((registered - (registered - starters) / 2) / 2 - positions) / 100
    change = (registered - positions - expected - fudge) * 200 / starters
    absent = ~started
    if absent.any():
        change[absent] = -change[started].sum() * expected[absent] / expected[absent].sum()
    return np.round(change)


@dataclass(frozen=True)
class Licence:
    """A driver's standing in one licence category.

    Attributes:
        rating: Skill rating.
        licence_class: 1 rookie to 5 A, 6 pro.
        safety: Safety rating times 100.
        corners_per_incident: The sim's running figure.
    """

    rating: int
    licence_class: int
    safety: int
    corners_per_incident: float

    @property
    def level(self) -> int:
        """Licence level as the sim counts it: four to a class, by whole points of safety rating."""
        return 4 * (self.licence_class - 1) + min(max(self.safety // 100, 1), 4)

    def after(self, rating_change: int, incidents: int, corners: int, rng: np.random.Generator) -> "Licence":
        """Standing after a race with so many incident points over so many corners."""
        moved = int(np.clip(round(rng.normal(14 - 5 * incidents, 4)), -55, 40))
        safety = self.safety + moved
        safety += CROSSING * (safety // 100 - self.safety // 100)
        clean = corners / max(incidents, 1)
        return Licence(
            rating=self.rating + rating_change,
            licence_class=self.licence_class,
            safety=min(max(safety, 1), 499),
            corners_per_incident=round(0.8 * self.corners_per_incident + 0.2 * clean, 4),
        )
