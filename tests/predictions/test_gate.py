"""Luck does not publish a model, and skill does."""

import numpy as np
import pandas as pd

from simrace.predictions.arithmetic import Numbers
from simrace.predictions.gate import FEWEST_DRAWN, Lead, lead
from simrace.predictions.project_vars import project_vars

RACES, FIELD, SEASONS = 24, 12, 200
CONFIDENCE = project_vars()["prediction_confidence"]
RACE = pd.Series(np.repeat(np.arange(RACES), FIELD).astype(str))


def leads(better: float, of_race: float, drawn: "pd.Series[str]" = RACE) -> list[Lead]:
    """What a model, so much better than a baseline, does in many seasons, whose races go well or badly for it."""
    rng = np.random.default_rng(7)

    def errors(less: float) -> Numbers:
        going = np.repeat(rng.normal(0, of_race, RACES), FIELD)
        return np.asarray(3 - less + going + rng.normal(size=RACES * FIELD))

    return [lead(errors(better), errors(0), drawn, season) for season in range(SEASONS)]


def published(told: list[Lead]) -> float:
    return sum(each.is_more_than_luck(CONFIDENCE) for each in told) / len(told)


def test_a_model_that_is_no_better_is_seldom_published() -> None:
    """Without the draws every second one would be. By luck few are, if more than the var says."""
    told = leads(0, 0.5)
    assert sum(each.value > 0 for each in told) > SEASONS * 0.4
    assert published(told) < 0.04
    # drivers of one race go well together: drawn one by one, they would be taken for more than they are
    one_by_one = pd.Series(np.arange(RACES * FIELD).astype(str))
    assert published(leads(0, 0.5, one_by_one)) > 0.06


def test_a_model_that_is_better_is_published() -> None:
    assert published(leads(0.6, 0.5)) > 0.9


def test_few_races_cannot_tell_luck() -> None:
    for races, told in ((FEWEST_DRAWN - 1, False), (FEWEST_DRAWN, True)):
        drawn = pd.Series(np.arange(races).astype(str))
        ahead = lead(np.zeros(races), np.ones(races), drawn, 0)
        assert (ahead.luck, ahead.is_more_than_luck(CONFIDENCE)) == (0, told)


def test_equals_are_not_ahead() -> None:
    assert lead(np.ones(FIELD * RACES), np.ones(FIELD * RACES), RACE, 0).luck == 1
