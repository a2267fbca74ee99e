"""Forecasts of ratings on series of which it is known where they go."""

import numpy as np

from simrace.coverage import COVERAGE
from simrace.predictions.ratings import FURTHEST, Series, forecast_ratings


def series(pull: float, seed: int = 1, drivers: int = 30, races: int = 60) -> list[Series]:
    """Ratings that are drawn back to what a driver is worth by this share each race; 0 is a walk without aim."""
    rng = np.random.default_rng(seed)
    made = []
    for driver in range(drivers):
        worth = rng.normal(2_000, 300)
        ratings = [worth + rng.normal(0, 60)]
        for _ in range(races - 1):
            ratings.append(ratings[-1] + pull * (worth - ratings[-1]) + rng.normal(0, 60))
        made.append(Series(f"iracing:{7000 + driver}", "5", np.round(ratings), np.arange(races) * 86_400.0 + driver))
    return made


def test_a_rating_that_is_drawn_back_is_forecast_better_than_by_itself() -> None:
    made = list(forecast_ratings(series(0.3)))
    assert {each.races_ahead for each in made} == set(range(1, FURTHEST + 1)) and len(made) == 30 * FURTHEST
    for each in made:
        assert each.expected_irating is not None and each.error < each.naive_error and each.better_share > 0.5
        assert each.coverage is not None and abs(each.coverage - COVERAGE) < 0.1
        assert each.low_irating < each.expected_irating < each.high_irating


def test_a_walk_without_aim_has_the_naive_forecast_alone() -> None:
    """What is not better than the naive forecast is not shown; at most by luck on some horizon."""
    made = list(forecast_ratings(series(0.0, drivers=60)))
    shown = [each for each in made if each.expected_irating is not None]
    assert len(shown) < len(made) / 2
    assert all(each.error < each.naive_error for each in shown)
    for each in made:
        if each.expected_irating is None:
            assert each.error >= each.naive_error and each.low_irating < each.irating < each.high_irating


def test_too_few_races_have_no_forecast() -> None:
    assert list(forecast_ratings([])) == []
    assert list(forecast_ratings(series(0.3, drivers=2, races=4))) == []
