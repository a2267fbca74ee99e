"""A driver's iRating over the next races, beside the forecast that it stays what it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values

from ingestion.raw_tables import relation_exists
from simrace.coverage import COVERAGE
from simrace.predictions.arithmetic import Numbers
from simrace.predictions.errors import PredictionError

FURTHEST = 10  # races ahead
LONG, SHORT = 10, 5  # races that a driver's level and trend are seen over
FEWEST_CASES = 30  # to learn from, and to be judged by
SHARES = (0.70, 0.85)  # of the races, in the order of time: learned from, and judged by
STRENGTH = 10.0  # how strongly what is learned is drawn to no change, in cases


@dataclass(frozen=True)
class RatingForecast:
    """A row of ops.rating_forecasts.

    Attributes:
        driver_id: Whose.
        license_category_id: In which category.
        races_ahead: After how many more races.
        irating: What it is now: the naive forecast.
        expected_irating: What is expected; None where the naive forecast was as good on the past.
        low_irating: Lower end of the interval, about the expected or else the naive one.
        high_irating: Upper end.
        error: Mean error of the forecast on races later than it learned from, in rating points.
        naive_error: The same of the naive one.
        better_share: How often the forecast was nearer than the naive one.
        coverage: How often such intervals held on the latest races; None where there are too few.
        cases: Drivers and races that it was judged by.
        as_of: When its last race became known.
    """

    driver_id: str
    license_category_id: str
    races_ahead: int
    irating: int
    expected_irating: float | None
    low_irating: float
    high_irating: float
    error: float
    naive_error: float
    better_share: float
    coverage: float | None
    cases: int
    as_of: datetime


@dataclass(frozen=True)
class Series:
    """Ratings of a driver in a category, race by race."""

    driver_id: str
    license_category_id: str
    ratings: Numbers
    known_at: Numbers  # seconds since 1970


def read_series(connection: Connection) -> list[Series]:
    """Ratings after each dated race, by driver and category.

    Raises:
        PredictionError: the mart is not built.
    """
    with connection.cursor() as cursor:
        if not relation_exists(cursor, "marts.rating_history"):
            raise PredictionError("There is no marts.rating_history yet: land files of races with `simrace run`.")
        cursor.execute(
            "select driver_id, license_category_id, array_agg(irating_after order by driver_race_number), "
            "array_agg(cast(extract(epoch from results_known_at) as double precision) order by driver_race_number) "
            "from marts.rating_history where results_known_at is not null and license_category_id <> 'none' "
            "group by 1, 2 order by 1, 2"
        )
        return [Series(a, b, np.array(ratings, dtype=float), np.array(times)) for a, b, ratings, times in cursor]


def _seen(series: Series) -> Numbers:
    """At each race: how far the driver's level is from the rating, and the trend per race."""
    ratings = series.ratings
    level = np.array([ratings[max(0, at + 1 - LONG) : at + 1].mean() for at in range(len(ratings))])
    back = np.minimum(np.arange(len(ratings)), SHORT)
    trend = (ratings - ratings[np.arange(len(ratings)) - back]) / np.maximum(back, 1)
    return np.column_stack([level - ratings, trend])


def forecast_ratings(series: list[Series]) -> Iterator[RatingForecast]:
    """Forecasts of every driver, for as many races ahead as enough past ones can judge.

    What a rating does over the next races is learned from the first races; the next ones say how wrong that is, and
    whether it is less wrong than the naive forecast; the latest say how often the interval holds.

    Args:
        series: From `read_series`.
    """
    if not series:
        return
    first, second = np.quantile(np.concatenate([each.known_at for each in series]), SHARES)
    seen = [_seen(each) for each in series]
    for ahead in range(1, FURTHEST + 1):
        of, change, known_at = _cases(series, seen, ahead)
        learns, judges, tests = known_at <= first, (known_at > first) & (known_at <= second), known_at > second
        if learns.sum() < FEWEST_CASES or judges.sum() < FEWEST_CASES:
            continue
        weights = _fitted(of[learns], change[learns])
        wrong, naive = np.abs(change - of @ weights), np.abs(change)
        error, naive_error = float(wrong[judges].mean()), float(naive[judges].mean())
        is_better = error < naive_error
        used = wrong if is_better else naive
        width = _quantile(used[judges])
        held = float((used[tests] <= width).mean()) if tests.sum() >= FEWEST_CASES else None
        better = float((wrong[judges] < naive[judges]).mean())
        for each, its in zip(series, seen, strict=True):
            if len(each.ratings) < 2:
                continue
            now = float(each.ratings[-1])
            expected = now + float(its[-1] @ weights) if is_better else now
            yield RatingForecast(
                each.driver_id, each.license_category_id, ahead, int(now), round(expected, 1) if is_better else None,
                round(expected - width, 1), round(expected + width, 1), round(error, 2), round(naive_error, 2),
                round(better, 4), None if held is None else round(held, 4), int(judges.sum()),
                datetime.fromtimestamp(float(each.known_at[-1]), UTC),
            )  # fmt: skip


def _cases(series: list[Series], seen: list[Numbers], ahead: int) -> tuple[Numbers, Numbers, Numbers]:
    """What was seen, what the rating did until so many races later, and when that was known."""
    kept = [(each, its) for each, its in zip(series, seen, strict=True) if len(each.ratings) > ahead + 1]
    if not kept:
        return np.empty((0, 2)), np.empty(0), np.empty(0)
    return (
        np.concatenate([its[1:-ahead] for _, its in kept]),
        np.concatenate([each.ratings[1 + ahead :] - each.ratings[1:-ahead] for each, _ in kept]),
        np.concatenate([each.known_at[1 + ahead :] for each, _ in kept]),
    )


def _fitted(of: Numbers, change: Numbers) -> NDArray[np.float64]:
    """Least squares, drawn to no change (ridge)."""
    scale = STRENGTH * np.diag((of**2).mean(axis=0) + 1e-9)
    return np.asarray(np.linalg.solve(of.T @ of + scale, of.T @ change))


def _quantile(wrong: Numbers) -> float:
    """What COVERAGE of errors stay below, for one more than there are."""
    place = int(np.ceil(COVERAGE * (len(wrong) + 1))) - 1
    return float(np.sort(wrong)[min(place, len(wrong) - 1)])


def keep_forecasts(cursor: Cursor, forecasts: list[RatingForecast]) -> None:
    """Write forecasts in place of all that there were."""
    names = list(RatingForecast.__dataclass_fields__)
    cursor.execute("delete from ops.rating_forecasts")
    execute_values(
        cursor,
        f"insert into ops.rating_forecasts ({', '.join(names)}) values %s",
        [tuple(getattr(each, name) for name in names) for each in forecasts],
    )
