"""Expected lap times: from laps that were over when a lap began, and in a plan where they beat what needs no model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simrace.predictions.errors import PredictionError
from simrace.predictions.lap_data import FEATURES, known_before, known_laps, usual_of
from simrace.predictions.model import Model, read_model
from simrace.predictions.pace import ModelPace
from simrace.predictions.train import train
from simrace.race_plan import Basis, MeanPace, plan
from tests.predictions.stints import PER_DEGREE, PER_LAP, PER_LITRE, stints
from tests.predictions.test_models import score

WHO = ("iracing:0", "layout 0", "iracing:8")
SEEN = [*FEATURES, "usual_lap_s", "car_slower_percent", "last_lap_slower_percent"]


@pytest.fixture(scope="module")
def laps() -> pd.DataFrame:
    return stints()


@pytest.fixture(scope="module")
def model(laps: pd.DataFrame) -> Model:
    (made,) = train(known_laps(laps), 0)
    return read_model(made.text())


def test_what_is_usual_is_the_median_of_laps_that_were_over() -> None:
    """Two drivers; the second begins while the first one's third lap is under way, which is therefore not known."""
    rows = [
        ("a", 1, "one", 0.0, 100.0, 50.0), ("a", 2, "one", 100.0, 102.0, 48.0), ("a", 3, "one", 202.0, 101.0, 46.0),
        ("b", 1, "two", 250.0, 110.0, 40.0), ("b", 2, "two", 360.0, 108.0, 38.0), ("b", 3, "two", 468.0, 109.0, 36.0),
    ]  # fmt: skip
    laps = pd.DataFrame(
        {
            "session_id": session, "lap_number": float(number), "driver_id": driver, "car_id": "car",
            "layout_id": "here", "layout_key": "here", "stint_lap": number + 1.0, "lap_time_s": time,
            "fuel_at_start_l": fuel, "air_temp_c": np.nan, "track_temp_c": 30.0, "feature_cutoff_at": session,
            "began_s": began, "ended_s": began + time,
        }
        for session, number, driver, began, time, fuel in rows
    )  # fmt: skip
    told = known_before(laps)
    assert told["usual_lap_s"].fillna(0).tolist() == [0, 100, 101, 101, 110, 109]
    assert told["usual_laps"].tolist() == [0, 1, 2, 0, 1, 2]
    assert told["fuel_gap_l"].fillna(0).tolist() == [0, -2, -3, -9, -2, -3]
    assert told["last_lap_slower_percent"].fillna(0).round(3).tolist() == [0, 0, 0.99, 0, 0, -0.917]
    # of the car five laps are over when the last begins: 100, 101, 102, 108, 110
    assert told["car_slower_percent"].iloc[-1] == pytest.approx(100 * (102 / 109 - 1))
    assert len(known_laps(laps).rows) == 5


def test_a_later_lap_changes_nothing_that_was_known_before(laps: pd.DataFrame) -> None:
    for at in (100, 333, 700):
        moment = laps.loc[at, "began_s"]
        changed = laps.copy()
        changed.loc[changed["ended_s"] > moment, "lap_time_s"] *= 1.5
        before, after = (known_before(each).loc[laps["began_s"] <= moment, SEEN] for each in (laps, changed))
        pd.testing.assert_frame_equal(before, after)
        assert not known_before(laps)[SEEN].equals(known_before(changed)[SEEN])


def test_fuel_tyres_and_heat_are_learned_and_published(model: Model) -> None:
    assert model.verdict is None
    own = score(model, "test", "model", "mean_absolute_error")
    for baseline in ("driver's median", "car's median", "last lap"):
        assert own < score(model, "test", baseline, "mean_absolute_error")
    assert abs(score(model, "test", "all drivers", "coverage") - 0.8) < 0.15


def test_laps_of_luck_alone_have_no_published_model() -> None:
    (model,) = train(known_laps(stints(known=0)), 0)
    assert model.verdict and "driver's median" in model.verdict


def test_too_few_laps_are_refused() -> None:
    with pytest.raises(PredictionError, match="too few laps"):
        list(train(known_laps(stints(sessions=3)), 0))


def test_a_stint_gets_slower_with_age_and_faster_as_fuel_burns(laps: pd.DataFrame, model: Model) -> None:
    """Twelve laps from the usual fuel on: each uses 1.8 l, and wears the tyres by a lap."""
    usual = usual_of(laps, *WHO)
    pace = ModelPace(model, usual, None, None)
    expected = pace.laps_s(12, float(usual["fuel_at_start_l"]) + 10, 1.8)
    by_hand = usual["usual_lap_s"] * (PER_LAP - 1.8 * PER_LITRE) / 100
    assert (expected[-1] - expected[0]) / 11 == pytest.approx(by_hand, abs=0.04)
    heat = float(usual["track_temp_c"])
    hot, cool = (ModelPace(model, usual, heat + by - 8, heat + by).stint_s(12, 50, 1.8) for by in (8, -8))
    assert (hot - cool) / 12 == pytest.approx(usual["usual_lap_s"] * 16 * PER_DEGREE / 100, rel=0.4)


def test_beyond_what_was_seen_a_plan_goes_on_level(laps: pd.DataFrame, model: Model) -> None:
    pace = ModelPace(model, usual_of(laps, *WHO), None, None)
    long = pace.laps_s(300, 50, 0)
    assert np.ptp(long[20:]) == 0 and model.about["seen"]["stint_lap"] == [2, 17]


def test_a_plan_says_where_its_lap_times_are_from(laps: pd.DataFrame, model: Model) -> None:
    usual = usual_of(laps, *WHO)
    basis = Basis(*WHO, 200, 90.0, 0.5, 200, 1.8, 0.05, 60.0, 4, 30.0)
    pace = ModelPace(model, usual, None, None)
    mean, told = plan(basis, laps=40), plan(basis, laps=40, pace=pace)
    assert mean.time_s.value == 40 * 90 + 30 and "mean of the driver's laps" in mean.pace_told_by
    assert told.time_s.value == pytest.approx(2 * pace.stint_s(20, 36 + 1.28155 * 0.05 * np.sqrt(20 + 2), 1.8) + 30)
    assert "model of lap_time" in told.pace_told_by and told.stint_laps == mean.stint_laps == [20, 20]
    assert plan(basis, minutes=60, pace=MeanPace(90.0)) == plan(basis, minutes=60)
    assert plan(basis, minutes=60, pace=pace).laps.value in (39, 40, 41)


def test_a_driver_without_laps_has_no_pace(laps: pd.DataFrame) -> None:
    with pytest.raises(PredictionError, match="no lap at pace of nobody"):
        usual_of(laps, "nobody", *WHO[1:])


def test_a_lap_of_no_known_driver_has_the_widest_interval(laps: pd.DataFrame, model: Model) -> None:
    rows = known_laps(laps).rows.iloc[:3].assign(usual_laps=0.0)
    said = replace(model, calibration={"margins": {"known": 0.1, "newcomer": None}}).say(rows)
    assert (said.low == -20).all() and (said.high == 20).all()
