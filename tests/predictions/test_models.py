"""Models on data of which it is known what moves them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from simrace.coverage import COVERAGE
from simrace.predictions import fitting, store, training_data
from simrace.predictions.errors import PredictionError
from simrace.predictions.intervals import margins, widened, wilson
from simrace.predictions.model import Model, read_model
from simrace.predictions.targets import TARGETS
from simrace.predictions.train import train
from simrace.predictions.training_data import Known, matrix
from tests.conftest import ROOT
from tests.predictions.seasons import made_up


@pytest.fixture(scope="module")
def known() -> Known:
    return made_up()


@pytest.fixture(scope="module")
def models(known: Known) -> dict[str, Model]:
    return {model.target: model for model in train(known, 0)}


def score(model: Model, span: str, scorer: str, measure: str) -> float:
    asked = (span, scorer, measure)
    (value,) = (each["value"] for each in model.scores if (each["span"], each["scorer"], each["measure"]) == asked)
    return float(value)


def test_who_knows_grid_rating_and_form_beats_who_knows_one(models: dict[str, Model]) -> None:
    """Three witnesses of what a driver is worth: the mean of them errs less than each."""
    for target in ("finish", "podium"):
        model = models[target]
        measure = "brier_score" if target == "podium" else "mean_absolute_error"
        own = score(model, "test", "model", measure)
        assert model.verdict is None
        assert all(own < score(model, "test", other, measure) for other in ("grid", "irating", "last five"))


def test_what_is_drawn_by_chance_is_not_published(models: dict[str, Model]) -> None:
    verdict = models["did_not_finish"].verdict
    assert verdict and "all drivers" in verdict and "luck may be 1%" in verdict


def test_who_sees_nothing_is_kept_and_not_published(known: Known) -> None:
    """A car that all drive says nothing of the place."""
    model = next(train(replace(known, features=("car_id",)), 0))
    assert model.verdict and re.match(
        r"not better on the validation span \(mean absolute error 3.* than grid .*, irating .*, last five ",
        model.verdict,
    )


def test_intervals_hold_as_often_as_they_say_on_races_never_seen(models: dict[str, Model]) -> None:
    later = made_up(seed=2, races=60).rows
    for target, actual in (("finish", "target_finish_position_in_class"), ("irating_change", "target_irating_change")):
        said = models[target].say(later)
        held = np.mean((said.low <= later[actual]) & (later[actual] <= said.high))
        assert abs(held - COVERAGE) < 0.06, (target, held)
        assert (said.low <= said.value).all() and (said.value <= said.high).all()
        assert np.median(said.high - said.low) < 0.8 * (later[actual].max() - later[actual].min())


def test_chances_come_as_often_as_they_say(models: dict[str, Model]) -> None:
    later = made_up(seed=3, races=100).rows
    said = models["podium"].say(later).value
    came = later["target_finish_position_in_class"].to_numpy() <= 3
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 1)):
        group = (said >= low) & (said < high)
        assert abs(said[group].mean() - came[group].mean()) < 0.09, (low, said[group].mean(), came[group].mean())


HASHES = """
import sys
from simrace.predictions.lap_data import known_laps
from simrace.predictions.train import train
from tests.predictions.seasons import made_up
from tests.predictions.stints import stints
for known in (made_up(races=60), known_laps(stints(sessions=40))):
    for model in train(known, 0):
        print(model.target, model.model_id)
"""


def test_another_process_makes_the_same_bytes() -> None:
    """All targets, with another order of hashes and another number of threads."""
    done = [
        subprocess.run(
            [sys.executable, "-c", HASHES], cwd=ROOT, check=True, text=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        ).stdout for seed, threads in (("1", "1"), ("2", "4"))
    ]  # fmt: skip
    assert [line.split()[0] for line in done[0].splitlines()] == list(TARGETS)
    assert done[0] == done[1]


def test_the_same_data_and_seed_give_the_same_bytes(known: Known, models: dict[str, Model]) -> None:
    assert next(train(known, 0)).text() == models["finish"].text()
    assert read_model(models["finish"].text()).model_id == models["finish"].model_id
    rows = known.rows.copy()
    rows.loc[0, "irating_before"] += 1
    other = next(train(replace(known, rows=rows), 0))
    assert (
        other.about["data_hash"] != models["finish"].about["data_hash"] and other.model_id != models["finish"].model_id
    )


def test_a_newcomer_has_the_widest_interval_there_is(known: Known, models: dict[str, Model]) -> None:
    rows = known.rows[known.rows["race_id"] == known.rows["race_id"].iloc[-1]].reset_index(drop=True)
    rows["irating_before"] = rows["irating_before"].astype(float)
    rows.loc[0, ["irating_before", "rank_by_irating", "driver_race_number"]] = [np.nan, np.nan, 1]
    said = models["finish"].say(rows)
    assert (said.low[0], said.high[0]) == (1, len(rows))
    assert (said.high[1:] - said.low[1:]).max() < len(rows) - 1


def test_what_is_known_afterwards_is_no_feature(known: Known) -> None:
    with pytest.raises(PredictionError, match="target_irating_change is known only after the race"):
        next(train(replace(known, features=(*known.features, "target_irating_change")), 0))


def test_a_model_of_other_features_is_refused_by_name(known: Known, models: dict[str, Model]) -> None:
    with pytest.raises(PredictionError, match="model of podium sees irating_before, which"):
        models["podium"].say(known.rows.drop(columns="irating_before"))


def test_a_model_of_another_version_is_refused_by_name(
    models: dict[str, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = models["podium"].about["scikit_learn"]
    store.refuse_other_library(models["podium"])
    monkeypatch.setattr(store, "version", lambda _: "0.1")
    with pytest.raises(PredictionError, match=f"podium was .* scikit-learn {re.escape(trained)}; here is 0.1"):
        store.refuse_other_library(models["podium"])
    later = json.loads(models["podium"].text()) | {"format": 99}
    with pytest.raises(PredictionError, match="model of podium is of format 99"):
        read_model(json.dumps(later))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "null", '{"format": 1, "features": 3}'])
def test_a_damaged_model_is_refused(text: str) -> None:
    with pytest.raises(PredictionError, match="damaged"):
        read_model(text)


def test_damaged_functions_are_refused(known: Known, models: dict[str, Model]) -> None:
    for broken in ({"kind": "pickle"}, {"kind": "trees", "start": 0, "trees": [{"feature": [9_999]}]}, {}):
        damaged = replace(models["finish"], functions={**models["finish"].functions, "point": broken})
        with pytest.raises(PredictionError, match="damaged"):
            damaged.say(known.rows)


@pytest.mark.parametrize("shape", fitting.SHAPES)
def test_numbers_say_what_the_library_says_also_of_what_is_missing(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(size=(500, 4))
    features[rng.random(features.shape) < 0.2] = np.nan
    features[:, 3] = np.nan  # a column without any value
    target = np.nan_to_num(features[:, 0]) + np.isnan(features[:, 1])
    fitting.fit_number(shape, features, target, 0)
    monkeypatch.setattr(fitting, "compute", lambda document, rows: np.zeros(len(rows)))
    with pytest.raises(PredictionError, match="do not say what scikit-learn"):
        fitting.fit_number(shape, features, target, 0)


def test_words_that_training_did_not_know_are_missing() -> None:
    known = made_up(races=3)
    known.rows.loc[0, "car_id"] = "iracing:never seen"
    assert np.isnan(matrix(known.rows, ("car_id",), {"car_id": ["iracing:8"]})[0, 0])
    assert training_data.vocabularies(known)["car_id"] == ["iracing:8"]


def test_a_margin_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    actual = rng.normal(size=4_000)
    ends, nobody = np.zeros(4_000), np.zeros(4_000, dtype=bool)
    by = margins(ends[:2_000], ends[:2_000], actual[:2_000], nobody[:2_000])
    assert by["newcomer"] is None
    low, high = widened(ends, ends, by, nobody, ends - 9, ends + 9)
    held = np.mean((low <= actual)[2_000:] & (actual <= high)[2_000:])
    assert abs(held - COVERAGE) < 0.03
    assert wilson(0, 10)[0] == 0 and 0 < wilson(0, 10)[1] < 0.25


def test_too_few_races_are_refused() -> None:
    with pytest.raises(PredictionError, match="too few races"):
        next(train(made_up(races=4), 0))
